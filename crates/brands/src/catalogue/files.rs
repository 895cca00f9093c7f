//! The catalogue's files: those in the program, and an operator's over them.

use std::collections::BTreeMap;
use std::path::Path;

use rust_embed::RustEmbed;

use crate::error::CatalogueError;
use crate::limits::{CATALOGUE_FILE_BYTES_MAX, CATALOGUE_FILES_MAX};

/// The files of one brand by their path below its folder.
pub type Files = BTreeMap<String, String>;
/// Files by brand.
pub type Folders = BTreeMap<String, Files>;

#[derive(RustEmbed)]
#[folder = "../../brands/"]
struct Embedded;

/// All brands' files, by brand.
pub(crate) fn read(dir: Option<&Path>) -> Result<Folders, CatalogueError> {
    let mut brands = Folders::new();
    for path in Embedded::iter() {
        if let (Some((brand, file)), Some(text)) = (path.split_once('/'), embedded(&path)) {
            brands.entry(brand.to_owned()).or_default().insert(file.to_owned(), text);
        }
    }
    for (brand, files) in dir.map(own_files).transpose()?.unwrap_or_default() {
        brands.entry(brand).or_default().extend(files);
    }
    Ok(brands)
}

/// The files of a brand in the program, by their path below its folder; empty if it has no such brand.
pub fn built_in_files(brand: &str) -> Files {
    let of_brand = |path: &str| path.strip_prefix(brand)?.strip_prefix('/').map(str::to_owned);
    Embedded::iter().filter_map(|path| Some((of_brand(&path)?, embedded(&path)?))).collect()
}

/// The files in an operator's folder, by brand.
pub fn own_files(dir: &Path) -> Result<Folders, CatalogueError> {
    let mut brands = Folders::new();
    for brand in entries(dir, "brands")? {
        if brand.is_dir() {
            let name = name_of(&brand);
            read_folder(&brand, &name, "", brands.entry(name.clone()).or_default())?;
        }
    }
    Ok(brands)
}

fn embedded(path: &str) -> Option<String> {
    String::from_utf8(Embedded::get(path)?.data.into_owned()).ok()
}

/// One level of sub-folders: `templates/` and `samples/`.
fn read_folder(folder: &Path, brand: &str, prefix: &str, files: &mut Files) -> Result<(), CatalogueError> {
    for path in entries(folder, &format!("brands/{brand}/{prefix}"))? {
        let name = format!("{prefix}{}", name_of(&path));
        let wrong = |problem: String| CatalogueError::new(format!("brands/{brand}/{name}"), "-", problem);
        if path.is_dir() {
            if prefix.is_empty() {
                read_folder(&path, brand, &format!("{name}/"), files)?;
            }
            continue;
        }
        let bytes = path.metadata().map_err(|error| wrong(error.to_string()))?.len();
        if bytes > CATALOGUE_FILE_BYTES_MAX {
            return Err(wrong("is larger than 1 MiB".into()));
        }
        let text = std::fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
        files.insert(name, text);
    }
    Ok(())
}

fn entries(folder: &Path, shown: &str) -> Result<Vec<std::path::PathBuf>, CatalogueError> {
    let wrong = |error: std::io::Error| CatalogueError::new(shown, "-", error.to_string());
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        // Editors' backups and version control are no part of the catalogue.
        if !name_of(&path).starts_with('.') {
            paths.push(path);
        }
    }
    if paths.len() > CATALOGUE_FILES_MAX {
        return Err(CatalogueError::new(shown, "-", "more than 256 files"));
    }
    paths.sort();
    Ok(paths)
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
