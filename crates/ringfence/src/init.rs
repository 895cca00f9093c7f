//! `init`: a whole data directory, or none.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use gate::certificates::{Certificates, Source};
use portal::admin::account::{self, Beginning};
use portal::edge::SystemChance;
use serde_json::json;
use store::KeyRing;

use crate::config::Config;
use crate::context::Context;
use crate::data::{DataDir, environment, write_new};
use crate::failure::Failure;
use crate::output::Output;

/// Makes a data directory and prints what its operator must know, once.
pub async fn run(data: &DataDir, output: Output) -> Result<(), Failure> {
    let beginning = make(data).await?;
    let path = data.path().display().to_string();
    let value = json!({
        "operator": { "user": beginning.operator, "password": beginning.operator_password.expose() },
        "global_login": { "user": beginning.global_user, "password": beginning.global_password.expose() },
        "data": path,
    });
    output.print(&value, || {
        format!(
            "made {path}\n\nThese are shown once. Keep them safe.\n\n  operator      {} / {}\n  global login  {} / {}\n\n\
             Keep a copy of {path}/master.key apart from every backup: without it the database cannot be read.\n\
             Next: set public_url in {path}/ringfence.toml, then ringfence serve --data {path}",
            beginning.operator,
            beginning.operator_password.expose(),
            beginning.global_user,
            beginning.global_password.expose(),
        )
    })
}

/// Makes a data directory beside its place and puts it there when it is whole.
pub async fn make(data: &DataDir) -> Result<Beginning, Failure> {
    let workshop = Workshop::beside(data.path())?;
    let text = Config::new_text(data.config_file(), environment())?;
    let inside = DataDir::at(&workshop.path);
    // Read as the directory's own file will be, so that a wrong variable is found before anything is made.
    let config = Config::read(inside.config_file(), &text, environment())?;
    write_new(inside.config_file(), text.as_bytes())?;
    let ring = KeyRing::generate(&mut SystemChance);
    ring.save(&inside.key_file())?;
    let source = Source::SelfMade { directory: inside.tls(), names: config.certificate_names() };
    Certificates::load(source, Vec::new()).map_err(|error| Failure::refused(error.to_string()))?;
    let context = Context::with(inside, config, &ring).await?;
    let begun = account::begin(&context.admin, &context.by()).await;
    context.close().await;
    let beginning = begun.map_err(|error| Failure::refused(format!("{error}: this database belongs to a platform already")))?;
    workshop.finish(data.path())?;
    Ok(beginning)
}

/// A directory that is filled beside its place. What is not finished is removed.
#[derive(Debug)]
pub struct Workshop {
    /// Where it is being filled.
    pub path: PathBuf,
    finished: bool,
}

impl Workshop {
    /// Begins. Refused where something is already.
    pub fn beside(target: &Path) -> Result<Self, Failure> {
        let taken = |what: &str| Err(Failure::refused(format!("{}: {what}; choose a new directory", target.display())));
        match std::fs::read_dir(target).map(|mut entries| entries.next().is_some()) {
            Ok(true) => return taken("there is something already"),
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => return taken("this is a file"),
            // An empty directory is replaced.
            Ok(false) | Err(_) => {}
        }
        let name = target.file_name().ok_or_else(|| Failure::usage(format!("{}: this names no directory to make", target.display())))?;
        let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let path = parent.join(format!(".{}.making", name.to_string_lossy()));
        // A leftover of a run that was killed.
        let _ = std::fs::remove_dir_all(&path);
        std::fs::DirBuilder::new().mode(0o700).create(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Failure::refused(format!("{}: there is no such directory; make it first", parent.display())),
            _ => Failure::io(&path, &error),
        })?;
        Ok(Self { path, finished: false })
    }

    /// Puts it in its place.
    pub fn finish(mut self, target: &Path) -> Result<(), Failure> {
        std::fs::rename(&self.path, target).map_err(|error| Failure::io(target, &error))?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        if !self.finished {
            // Best effort: the next run removes what stays.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
