//! The catalogue in force: the program's files, a folder's over them, and over those the files that everybody shares who shares a database.
//!
//! Rooms hold an [`InForce`] and take its catalogue once for each thing that they do, so that nothing is half of one and half of another.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::catalogue::{Catalogue, Files, Folders, read_files};
use crate::error::CatalogueError;

/// The catalogue in force. Clones share it, and see at once what is put in its place.
#[derive(Clone, Debug)]
pub struct InForce(Arc<Inner>);

struct Inner {
    /// The program's files and the folder's.
    base: Folders,
    /// The catalogue of the base alone.
    bare: Arc<Catalogue>,
    shown: RwLock<Shown>,
    /// What is laid over the base. Held while it is exchanged, so that of two changes the later one stays.
    over: Mutex<Folders>,
}

#[derive(Clone)]
struct Shown {
    catalogue: Arc<Catalogue>,
    left_out: Arc<BTreeMap<String, CatalogueError>>,
}

impl InForce {
    /// The brands that come with the program.
    ///
    /// # Panics
    /// Never in a tested build: a test reads the embedded catalogue.
    pub fn embedded() -> Self {
        Self::open(None).expect("the embedded catalogue is read by a test")
    }

    /// Those and an operator's folder, as [`Catalogue::load`] takes it.
    pub fn open(dir: Option<&Path>) -> Result<Self, CatalogueError> {
        let (base, bare) = (read_files(dir)?, Arc::new(Catalogue::load(dir)?));
        let shown = Shown { catalogue: Arc::clone(&bare), left_out: Arc::default() };
        Ok(Self(Arc::new(Inner { base, bare, shown: RwLock::new(shown), over: Mutex::default() })))
    }

    /// The catalogue at this moment. Whoever does one thing with it takes it once.
    pub fn current(&self) -> Arc<Catalogue> {
        Arc::clone(&self.shown().catalogue)
    }

    /// The brands of which nothing is laid over the base though something should be, and why.
    pub fn left_out(&self) -> Arc<BTreeMap<String, CatalogueError>> {
        Arc::clone(&self.shown().left_out)
    }

    /// A file of the base.
    pub fn base_file(&self, brand: &str, file: &str) -> Option<&str> {
        self.0.base.get(brand)?.get(file).map(String::as_str)
    }

    /// Whether a brand of the base would read and run with these files over its own.
    pub fn check(&self, brand: &str, over: &Files) -> Result<(), CatalogueError> {
        self.0.with(brand, over).map(drop)
    }

    /// Lays what `read` gives over the base, in the place of what was laid over it before; says whether that was something else. A brand that
    /// does not read and run with it stays as it is in the base.
    pub fn renew<E>(&self, read: impl FnOnce() -> Result<Folders, E>) -> Result<bool, E> {
        let mut last = self.0.over.lock().unwrap_or_else(PoisonError::into_inner);
        let over = read()?;
        if *last == over {
            return Ok(false);
        }
        let shown = self.0.laid_over(&over);
        *self.0.shown.write().unwrap_or_else(PoisonError::into_inner) = shown;
        *last = over;
        Ok(true)
    }

    fn shown(&self) -> Shown {
        self.0.shown.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Inner {
    fn laid_over(&self, over: &Folders) -> Shown {
        let (mut folders, mut left_out) = (self.base.clone(), BTreeMap::new());
        for (brand, files) in over.iter().filter(|(_, files)| !files.is_empty()) {
            match self.with(brand, files) {
                Ok(files) => _ = folders.insert(brand.clone(), files),
                Err(error) => _ = left_out.insert(brand.clone(), error),
            }
        }
        if left_out.len() == over.len() {
            return Shown { catalogue: Arc::clone(&self.bare), left_out: Arc::new(left_out) };
        }
        let catalogue = match Catalogue::compile(&folders) {
            Ok(catalogue) => Arc::new(catalogue),
            Err(error) => {
                // Each brand reads by itself, and no brand asks another: this says so if that ever changes.
                left_out.extend(over.keys().map(|brand| (brand.clone(), error.clone())));
                Arc::clone(&self.bare)
            }
        };
        Shown { catalogue, left_out: Arc::new(left_out) }
    }

    /// A brand's files with others over them, once it has read and run with them.
    fn with(&self, brand: &str, over: &Files) -> Result<Files, CatalogueError> {
        let base = self.base.get(brand);
        let mut files = base.ok_or_else(|| CatalogueError::new(format!("brands/{brand}/"), "-", "there is no such brand"))?.clone();
        files.extend(over.clone());
        let alone = Folders::from([(brand.to_owned(), files)]);
        Catalogue::compile(&alone)?.rehearse()?;
        Ok(alone.into_values().next().unwrap_or_default())
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("catalogue", &self.bare).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Body, FileKind, Order};

    const COMMON: &str = "templates/common.cfg.j2";

    fn over(file: &str, text: &str) -> Folders {
        [("yealink".to_owned(), Files::from([(file.to_owned(), text.to_owned())]))].into()
    }

    fn renew(in_force: &InForce, folders: Folders) -> bool {
        in_force.renew(|| Ok::<_, std::convert::Infallible>(folders)).unwrap()
    }

    fn common(catalogue: &Catalogue) -> String {
        let (brand, model) = catalogue.model("yealink/T46S").unwrap();
        let order = Order { brand, model, firmware: None, mac: None, file: FileKind::Common, body: Body::Public };
        String::from_utf8(catalogue.render(&order).unwrap().bytes).unwrap()
    }

    #[test]
    fn what_is_laid_over_is_seen_by_clones_and_gone_when_it_is_taken_off() {
        let in_force = InForce::embedded();
        let (clone, before) = (in_force.clone(), in_force.current());
        let built_in = common(&before);
        assert!(renew(&in_force, over(COMMON, "#!version:1.0.0.1\nfeatures.x = 1\n")));
        assert_eq!(common(&clone.current()), "#!version:1.0.0.1\nfeatures.x = 1\n");
        assert_eq!(common(&before), built_in, "whoever is at it goes on with the catalogue that it took");
        assert!(!renew(&in_force, over(COMMON, "#!version:1.0.0.1\nfeatures.x = 1\n")), "the same again is no change");
        assert!(renew(&in_force, Folders::new()));
        assert_eq!(common(&clone.current()), built_in);
    }

    #[test]
    fn a_brand_that_does_not_read_stays_as_it_is_and_the_others_do_not_suffer() {
        let in_force = InForce::embedded();
        let built_in = common(&in_force.current());
        let mut folders = over(COMMON, "x\n{% if %}\n");
        folders.insert("acme".to_owned(), Files::from([("brand.toml".to_owned(), String::new())]));
        folders.insert("snom".to_owned(), Files::from([("guide.md".to_owned(), "# Ours\n".to_owned())]));
        renew(&in_force, folders);
        let (current, left_out) = (in_force.current(), in_force.left_out());
        assert_eq!(common(&current), built_in);
        assert_eq!(current.brand("snom").unwrap().guide(), "# Ours\n");
        assert_eq!(left_out.keys().collect::<Vec<_>>(), ["acme", "yealink"]);
        assert!(left_out["yealink"].to_string().starts_with("brands/yealink/templates/common.cfg.j2: line 2: "), "{left_out:?}");
        assert!(current.brand("acme").is_none());
        renew(&in_force, over("guide.md", "# Yealink\n"));
        assert!(in_force.left_out().is_empty());
    }

    #[test]
    fn a_check_runs_the_brand_and_changes_nothing() {
        let in_force = InForce::embedded();
        let built_in = common(&in_force.current());
        let check = |text: &str| in_force.check("yealink", &over(COMMON, text)["yealink"]).map_err(|error| error.to_string());
        check("#!version:1.0.0.1\n").unwrap();
        assert!(check("#!version:1.0.0.1\n{{ model.nam }}\n").unwrap_err().starts_with("brands/yealink/templates/common.cfg.j2: line 2: "));
        assert!(check("{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}").unwrap_err().contains("fuel"));
        assert!(in_force.check("acme", &Files::new()).is_err());
        assert_eq!(common(&in_force.current()), built_in);
    }

    #[test]
    fn a_folder_lies_between_the_program_and_what_is_laid_over() {
        let dir = tempfile::tempdir().unwrap();
        let templates = dir.path().join("yealink/templates");
        std::fs::create_dir_all(&templates).unwrap();
        std::fs::write(templates.join("common.cfg.j2"), "#!version:1.0.0.1\nfeatures.x = folder\n").unwrap();
        let in_force = InForce::open(Some(dir.path())).unwrap();
        renew(&in_force, over(COMMON, "#!version:1.0.0.1\nfeatures.x = shared\n"));
        assert!(common(&in_force.current()).contains("shared"));
        renew(&in_force, Folders::new());
        assert!(common(&in_force.current()).contains("folder"));
        assert!(in_force.base_file("yealink", COMMON).is_some_and(|text| text.contains("folder")));
    }
}
