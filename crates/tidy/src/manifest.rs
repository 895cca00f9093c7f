//! The crates' manifests.

use std::collections::BTreeMap;

use toml::Table;

use crate::tree;

/// One crate of the workspace.
pub struct Manifest {
    /// Its name.
    pub name: String,
    /// Its folder from the root.
    pub folder: String,
    /// What its code uses, by name; the value tells whether it is optional.
    pub uses: BTreeMap<String, bool>,
    /// What its tests use besides.
    pub tests_use: Vec<String>,
}

/// The root manifest.
///
/// # Panics
/// If it cannot be read.
pub fn workspace() -> Table {
    parse("Cargo.toml")
}

/// The version that all crates share.
///
/// # Panics
/// If the root manifest states none.
pub fn version() -> String {
    let workspace = workspace();
    workspace["workspace"]["package"]["version"].as_str().expect("the version is a text").to_owned()
}

/// The names under `[workspace.dependencies]`.
///
/// # Panics
/// If the root manifest has no such table.
pub fn declared_dependencies() -> Vec<String> {
    let workspace = workspace();
    workspace["workspace"]["dependencies"].as_table().expect("dependencies are a table").keys().cloned().collect()
}

/// Every crate: the folders below `crates/`, and `bench`.
///
/// # Panics
/// If a manifest cannot be read.
pub fn all() -> Vec<Manifest> {
    let mut found: Vec<_> = tree::files()
        .iter()
        .filter(|file| file.path.starts_with("crates/") && file.path.matches('/').count() == 2 || file.path == "bench/Cargo.toml")
        .filter_map(|file| file.path.strip_suffix("/Cargo.toml"))
        .map(one)
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn one(folder: &str) -> Manifest {
    let table = parse(&format!("{folder}/Cargo.toml"));
    let optional = |entry: &toml::Value| entry.get("optional").and_then(toml::Value::as_bool).unwrap_or(false);
    let names = |key: &str| table.get(key).and_then(toml::Value::as_table).cloned().unwrap_or_default();
    let uses =
        names("dependencies").iter().chain(&names("build-dependencies")).map(|(name, entry)| (name.clone(), optional(entry))).collect();
    Manifest {
        name: table["package"]["name"].as_str().expect("a crate has a name").to_owned(),
        folder: folder.to_owned(),
        uses,
        tests_use: names("dev-dependencies").keys().cloned().collect(),
    }
}

fn parse(path: &str) -> Table {
    tree::read(path).parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}
