//! The files of the project as they lie on disk.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold what tools made or others wrote, which stays as it came.
const NOT_OURS: [&str; 5] = [".git", "target", "node_modules", "__pycache__", "vendor"];

/// A text file of the project.
pub struct File {
    /// From the project's root, with `/`.
    pub path: String,
    /// Its whole content.
    pub text: String,
}

impl File {
    /// The part after the last dot of its name, or nothing.
    pub fn extension(&self) -> &str {
        Path::new(&self.path).extension().and_then(|extension| extension.to_str()).unwrap_or_default()
    }

    /// Written by a tool that pins versions.
    pub fn is_lock(&self) -> bool {
        self.extension() == "lock" || self.path.ends_with("package-lock.json")
    }

    /// Lines with their numbers, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

/// The project's root folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The text of one file that must be there.
///
/// # Panics
/// If it cannot be read.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every text file, in the order of their paths.
pub fn files() -> Vec<File> {
    let mut found = Vec::new();
    collect(&root(), "", &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Every Rust file.
pub fn rust_files() -> Vec<File> {
    files().into_iter().filter(|file| file.extension() == "rs").collect()
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<File>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let entry = entry.expect("the entries of a folder that was just opened can be read");
        let name = entry.file_name().to_string_lossy().into_owned();
        if NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().expect("a folder's entry has a type");
        if kind.is_dir() {
            collect(&entry.path(), &format!("{path}/"), found);
        } else if kind.is_file()
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            found.push(File { path, text });
        }
    }
}
