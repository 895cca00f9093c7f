//! Gathers values from file, environment and defaults, and every complaint about them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::keys::{KEYS, sections, variable};
use super::kinds::{Kind, OptionalPath};
use super::{ConfigError, ConfigErrors, PairFiles};

/// Values as they stand, and what is wrong with them.
#[derive(Debug)]
pub(super) struct Reader {
    file: String,
    data: PathBuf,
    values: BTreeMap<&'static str, (Value, String)>,
    errors: Vec<ConfigError>,
}

impl Reader {
    /// Parses the file and lays the environment over it. Only a file that is no TOML at all fails here.
    pub fn new(
        file: &Path,
        data: &Path,
        text: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        let file = file.display().to_string();
        let table: Table = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
            let problem = format!("line {line} is not TOML: {}", error.message());
            ConfigErrors(vec![ConfigError { origin: file.clone(), key: String::new(), problem }])
        })?;
        let mut reader = Self { file, data: data.to_owned(), values: BTreeMap::new(), errors: Vec::new() };
        reader.take_defaults();
        reader.take_file(table);
        reader.take_environment(environment);
        Ok(reader)
    }

    /// A key's value. A wrong one is noted, and the default given instead.
    pub fn value<K: Kind>(&mut self, path: &'static str) -> K {
        let (value, origin) = &self.values[path];
        if let Some(read) = K::read(value) {
            return read;
        }
        let problem = format!("allowed is {}", K::ALLOWED);
        self.errors.push(ConfigError { origin: origin.clone(), key: path.to_owned(), problem });
        K::read(&default(path)).expect("defaults are of their kind; a test reads them all")
    }

    /// Files by name, each relative to the data directory.
    pub fn files(&mut self, path: &'static str) -> BTreeMap<String, PathBuf> {
        let files: BTreeMap<String, PathBuf> = self.value(path);
        files.into_iter().map(|(name, file)| (name, self.data.join(file))).collect()
    }

    /// A file, if one is named.
    pub fn file(&mut self, path: &'static str) -> Option<PathBuf> {
        let OptionalPath(file) = self.value(path);
        file.map(|file| self.data.join(file))
    }

    /// Certificate and key: both or none.
    pub fn pair(&mut self, cert: &'static str, key: &'static str) -> Option<PairFiles> {
        let OptionalPath(cert_path) = self.value(cert);
        let OptionalPath(key_path) = self.value(key);
        match (cert_path, key_path) {
            (Some(cert), Some(key)) => Some(PairFiles { cert: self.data.join(cert), key: self.data.join(key) }),
            (None, None) => None,
            (Some(_), None) => {
                self.complain(key, &format!("{cert} needs its key"));
                None
            }
            (None, Some(_)) => {
                self.complain(cert, &format!("{key} needs its certificate"));
                None
            }
        }
    }

    /// Notes something about a key that only shows beside others.
    pub fn complain(&mut self, path: &'static str, problem: &str) {
        let origin = self.values.get(path).map_or(&self.file, |(_, origin)| origin).clone();
        self.errors.push(ConfigError { origin, key: path.to_owned(), problem: problem.to_owned() });
    }

    /// The value, if nothing is wrong.
    pub fn finish<T>(self, value: T) -> Result<T, ConfigErrors> {
        if self.errors.is_empty() { Ok(value) } else { Err(ConfigErrors(self.errors)) }
    }

    /// All values as the text of a file, each with its meaning.
    pub fn text(&self) -> String {
        let mut text =
            String::from("# Ringfence. Each key can be given by the environment too: RINGFENCE_PHONES_HTTPS is https in [phones].\n");
        let mut current = "";
        for key in KEYS {
            let (section, name) = key.path.split_once('.').expect("every key of the table has a section");
            if section != current {
                // Writing to a String cannot fail.
                let _ = write!(text, "\n[{section}]\n");
                current = section;
            }
            let _ = writeln!(text, "# {}\n{name} = {}", key.about, self.values[key.path].0);
        }
        text
    }

    fn take_defaults(&mut self) {
        for key in KEYS {
            self.values.insert(key.path, (default(key.path), self.file.clone()));
        }
    }

    fn take_file(&mut self, table: Table) {
        for (section, content) in table {
            if !sections().contains(&section.as_str()) {
                self.unknown(section, &format!("no such section; there are {}", sections().join(", ")));
                continue;
            }
            let Value::Table(entries) = content else {
                self.unknown(section.clone(), &format!("write [{section}] and its keys below"));
                continue;
            };
            for (name, value) in entries {
                let path = format!("{section}.{name}");
                match KEYS.iter().find(|key| key.path == path) {
                    Some(key) => drop(self.values.insert(key.path, (value, self.file.clone()))),
                    None => self.unknown(path, &format!("no such key; [{section}] has {}", names_of(&section))),
                }
            }
        }
    }

    fn unknown(&mut self, key: String, problem: &str) {
        self.errors.push(ConfigError { origin: self.file.clone(), key, problem: problem.to_owned() });
    }

    /// A variable of one of our sections that names no key is a slip of the pen, and said so.
    fn take_environment(&mut self, environment: impl IntoIterator<Item = (String, String)>) {
        for (name, text) in environment {
            if let Some(key) = KEYS.iter().find(|key| variable(key.path) == name) {
                self.values.insert(key.path, (from_environment(key.path, &text), format!("environment {name}")));
                continue;
            }
            let of_section = |section: &&&str| name.starts_with(&format!("{}_", variable(section)));
            if let Some(section) = sections().iter().find(of_section) {
                let problem = format!("no such key; [{section}] has {}", names_of(section));
                self.errors.push(ConfigError { origin: format!("environment {name}"), key: String::new(), problem });
            }
        }
    }
}

/// A text where the key takes text; otherwise TOML, so that tables can be given too. A list may be written with commas alone.
fn from_environment(path: &str, text: &str) -> Value {
    let default = default(path);
    let plain = || Value::String(text.to_owned());
    if default.is_str() {
        return plain();
    }
    let read = toml::from_str::<Table>(&format!("value = {text}")).ok().and_then(|mut table| table.remove("value"));
    match read {
        Some(value) if value.same_type(&default) => value,
        _ if default.is_array() => {
            let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
            Value::Array(entries.map(|entry| Value::String(entry.to_owned())).collect())
        }
        _ => plain(),
    }
}

fn default(path: &str) -> Value {
    let key = KEYS.iter().find(|key| key.path == path).expect("every path asked for stands in the table");
    let mut table: Table = toml::from_str(&format!("value = {}", key.default)).expect("defaults are TOML; a test reads them all");
    table.remove("value").expect("it was just written")
}

fn names_of(section: &str) -> String {
    let names: Vec<&str> = KEYS.iter().filter_map(|key| key.path.strip_prefix(section)?.strip_prefix('.')).collect();
    names.join(", ")
}
