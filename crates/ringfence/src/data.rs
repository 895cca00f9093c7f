//! The data directory: what lies where, and the lock that lets one server run on it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::cli::Common;
use crate::config::{Config, FILE_NAME};
use crate::failure::Failure;

/// A data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDir {
    path: PathBuf,
    config: PathBuf,
}

/// Held by the one server of a data directory; given back when dropped, or by the system when the process ends.
#[derive(Debug)]
pub struct ServeLock {
    _file: File,
}

impl DataDir {
    /// A directory with everything at its ordinary place.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { config: path.join(FILE_NAME), path }
    }

    /// The directory that a command line names.
    pub fn of(common: &Common) -> Result<Self, Failure> {
        match (&common.data, &common.config) {
            (_, Some(config)) => {
                let path = config.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
                Ok(Self { path: path.to_owned(), config: config.clone() })
            }
            (Some(path), None) => Ok(Self::at(path)),
            (None, None) => Err(Failure::usage("say where the data is: --data DIR (or RINGFENCE_DATA)")),
        }
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `ringfence.toml`.
    pub fn config_file(&self) -> &Path {
        &self.config
    }

    /// The master keys.
    pub fn key_file(&self) -> PathBuf {
        self.path.join("master.key")
    }

    /// Certificates of our own making.
    pub fn tls(&self) -> PathBuf {
        self.path.join("tls")
    }

    /// What a running server listens on.
    pub fn run_file(&self) -> PathBuf {
        self.path.join("run.json")
    }

    /// The operator's own brands and templates, laid over the built-in ones if the directory exists.
    pub fn brands(&self) -> Option<PathBuf> {
        Some(self.brands_folder()).filter(|path| path.is_dir())
    }

    /// Where they are, or would be.
    pub fn brands_folder(&self) -> PathBuf {
        self.path.join("brands")
    }

    /// Firmware files for phones, `<brand>/<name>`; the operator makes the directory.
    pub fn firmware(&self) -> PathBuf {
        self.path.join("firmware")
    }

    /// The configuration, with this process's environment laid over it.
    pub fn config(&self) -> Result<Config, Failure> {
        if !self.path.is_dir() {
            return Err(Failure::refused(format!(
                "{}: there is no such directory; `ringfence init --data DIR` makes one",
                self.path.display()
            )));
        }
        Ok(Config::load(&self.config, environment())?)
    }

    /// Takes the lock, or says that a server runs already.
    pub fn lock(&self) -> Result<ServeLock, Failure> {
        let path = self.path.join("serve.lock");
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(|error| Failure::io(&path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(ServeLock { _file: file }),
            Err(TryLockError::WouldBlock) => {
                let what = format!("{}: a server runs on this directory already; stop it first", self.path.display());
                Err(Failure::refused(what))
            }
            Err(TryLockError::Error(error)) => Err(Failure::io(&path, &error)),
        }
    }

    /// Whether a server holds the lock.
    pub fn is_served(&self) -> bool {
        let file = File::open(self.path.join("serve.lock"));
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

/// The environment's variables that are text.
pub fn environment() -> Vec<(String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
}

/// Writes a file for its owner alone; refuses one that exists.
pub fn write_new(path: &Path, text: &[u8]) -> Result<(), Failure> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text)?;
        file.sync_all()
    };
    write().map_err(|error| Failure::io(path, &error))
}

/// Puts a file in the place of another, so that a reader sees the old one or the new one.
pub fn replace(path: &Path, text: &[u8]) -> Result<(), Failure> {
    let beside = path.with_extension("new");
    // A leftover of a run that was killed.
    let _ = std::fs::remove_file(&beside);
    write_new(&beside, text)?;
    std::fs::rename(&beside, path).map_err(|error| Failure::io(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lock_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::at(directory.path());
        assert!(!data.is_served());
        let lock = data.lock().unwrap();
        assert!(data.is_served());
        assert_eq!(data.lock().unwrap_err().status, 1);
        drop(lock);
        assert!(!data.is_served());
        assert!(data.lock().is_ok());
    }

    #[test]
    fn a_configuration_file_names_its_directory() {
        let common = |data: Option<&str>, config: Option<&str>| Common {
            data: data.map(PathBuf::from),
            config: config.map(PathBuf::from),
            json: false,
        };
        assert_eq!(DataDir::of(&common(None, Some("/srv/r/other.toml"))).unwrap().path(), Path::new("/srv/r"));
        assert_eq!(DataDir::of(&common(None, Some("other.toml"))).unwrap().path(), Path::new("."));
        assert_eq!(DataDir::of(&common(Some("/srv/r"), None)).unwrap().config_file(), Path::new("/srv/r/ringfence.toml"));
        assert_eq!(DataDir::of(&common(None, None)).unwrap_err().status, 2);
    }

    #[test]
    fn replacing_leaves_one_whole_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run.json");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
