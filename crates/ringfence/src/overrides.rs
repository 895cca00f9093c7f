//! The operator's own files in the place of built-in ones, and what each was made from.
//!
//! `DIR/brands/<brand>/.base.json` remembers for each file which built-in text it was copied from. So a later version of the program can
//! tell that its own text has changed since, and that the operator's file lacks the change.

use std::collections::BTreeMap;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use brands::{built_in_files, own_files};
use serde::{Deserialize, Serialize};

use crate::bundle::{NamedFile, digest};
use crate::data::{DataDir, replace, write_new};
use crate::failure::Failure;

/// This program's version.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What records are kept in. Its name begins with a dot, so that the catalogue does not take it for its own.
const RECORD: &str = ".base.json";

/// What a file was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// The built-in text's hash, in hexadecimal digits.
    pub sha256: String,
    /// The program's version that had it.
    pub version: String,
}

/// How a file stands to the built-in one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// There is none of the operator's.
    BuiltIn,
    /// The operator's, made from what is built in today.
    Current,
    /// The operator's, and word for word the built-in one.
    Identical,
    /// The operator's, made from another text than is built in today.
    Moved,
    /// The operator's, and nobody noted what it was made from.
    NoRecord,
}

/// A file of a brand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BrandFile {
    /// The brand.
    pub brand: String,
    /// The file, by its path below the brand's folder.
    pub file: String,
    /// How it stands to the built-in one.
    pub standing: Standing,
    /// What it was made from, if it is the operator's and somebody noted it.
    pub base: Option<Base>,
}

/// The records of one brand.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Records {
    #[serde(default)]
    files: BTreeMap<String, Base>,
}

/// The built-in files of a brand and how the operator's stand to them; fails if there is no such brand built in.
pub fn of_brand(data: &DataDir, brand: &str) -> Result<Vec<BrandFile>, Failure> {
    let built_in = built_in_files(brand);
    if built_in.is_empty() {
        return Err(Failure::refused(format!("{brand:?}: no such brand is built in; `ringfence brands list` names them")));
    }
    let own = all_own(data)?.remove(brand).unwrap_or_default();
    let records = records(data, brand)?;
    let stand = |(file, text): (&String, &String)| {
        let base = records.files.get(file).filter(|_| own.contains_key(file)).cloned();
        BrandFile { brand: brand.to_owned(), file: file.clone(), standing: standing(text, own.get(file), base.as_ref()), base }
    };
    Ok(built_in.iter().map(stand).collect())
}

/// The operator's files that stand in a built-in one's place, all brands.
pub fn all(data: &DataDir) -> Result<Vec<BrandFile>, Failure> {
    let mut found = Vec::new();
    for brand in all_own(data)?.keys().filter(|brand| !built_in_files(brand).is_empty()) {
        found.extend(of_brand(data, brand)?.into_iter().filter(|file| file.standing != Standing::BuiltIn));
    }
    Ok(found)
}

/// Copies a built-in file into the data directory.
pub fn copy(data: &DataDir, brand: &str, file: &str) -> Result<Base, Failure> {
    let text = built_in(brand, file)?;
    let path = data.brands_folder().join(brand).join(file);
    if path.exists() {
        let what = format!("{} is there already; remove it first, or note with --merged that it is up to date", path.display());
        return Err(Failure::refused(what));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| Failure::io(folder, &error))?;
    // The record comes first: one without its file says nothing, a file without its record looks older than it is.
    let base = note(data, brand, file, &text)?;
    write_new(&path, text.as_bytes())?;
    Ok(base)
}

/// Notes that the operator's file was made from what is built in today.
pub fn merged(data: &DataDir, brand: &str, file: &str) -> Result<Base, Failure> {
    let text = built_in(brand, file)?;
    let path = data.brands_folder().join(brand).join(file);
    if !path.is_file() {
        return Err(Failure::refused(format!("{}: there is no such file; without --merged it is made", path.display())));
    }
    note(data, brand, file, &text)
}

/// All files of the operator's own, with their records: what a backup must hold.
pub fn for_backup(data: &DataDir) -> Result<Vec<NamedFile>, Failure> {
    let mut files = Vec::new();
    for (brand, own) in all_own(data)? {
        let record = data.brands_folder().join(&brand).join(RECORD);
        if record.is_file() {
            files.push((format!("brands/{brand}/{RECORD}"), std::fs::read(&record).map_err(|error| Failure::io(&record, &error))?));
        }
        files.extend(own.into_iter().map(|(file, text)| (format!("brands/{brand}/{file}"), text.into_bytes())));
    }
    Ok(files)
}

/// A built-in file's text.
pub fn built_in(brand: &str, file: &str) -> Result<String, Failure> {
    let mut files = built_in_files(brand);
    files.remove(file).ok_or_else(|| {
        let known = if files.is_empty() { "`ringfence brands list` names the brands".to_owned() } else { names(&files) };
        Failure::refused(format!("{brand}/{file}: no such file is built in; {known}"))
    })
}

fn names(files: &brands::Files) -> String {
    format!("there are {}", files.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
}

fn standing(built_in: &str, own: Option<&String>, base: Option<&Base>) -> Standing {
    match (own, base) {
        (None, _) => Standing::BuiltIn,
        (Some(own), _) if own == built_in => Standing::Identical,
        (Some(_), None) => Standing::NoRecord,
        (Some(_), Some(base)) if base.sha256 == digest(built_in.as_bytes()) => Standing::Current,
        (Some(_), Some(_)) => Standing::Moved,
    }
}

fn all_own(data: &DataDir) -> Result<BTreeMap<String, brands::Files>, Failure> {
    let read = data.brands().map(|dir| own_files(&dir)).transpose();
    Ok(read.map_err(|error| Failure::refused(error.to_string()))?.unwrap_or_default())
}

fn note(data: &DataDir, brand: &str, file: &str, text: &str) -> Result<Base, Failure> {
    let mut records = records(data, brand)?;
    let base = Base { sha256: digest(text.as_bytes()), version: VERSION.to_owned() };
    records.files.insert(file.to_owned(), base.clone());
    let path = data.brands_folder().join(brand).join(RECORD);
    let text = serde_json::to_string_pretty(&records).map_err(|error| Failure::refused(format!("{}: {error}", path.display())))?;
    replace(&path, format!("{text}\n").as_bytes())?;
    Ok(base)
}

fn records(data: &DataDir, brand: &str) -> Result<Records, Failure> {
    let path = data.brands_folder().join(brand).join(RECORD);
    match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Records::default()),
        Err(error) => Err(Failure::io(&path, &error)),
        Ok(text) => {
            let spoilt = |error| Failure::refused(format!("{}: {error}; remove it, and note each file anew with --merged", path.display()));
            serde_json::from_str(&text).map_err(spoilt)
        }
    }
}
