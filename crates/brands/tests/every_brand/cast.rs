//! The brands, their models and firmwares, and what is known not to fit all of them.

use std::path::PathBuf;

use brands::{Brand, Model};

use crate::support::CATALOGUE;

/// Brands whose files hold no poll that reads back as seconds, each with its reason.
pub const NO_POLL: &[(&str, &str)] = &[("gigaset", "no parameter of a base sets how often it asks (brand.toml, poll.bases)")];

/// Models that leave slots without the claim's account while they are restricted: brand, kind, reason.
pub const SOME_SLOTS: &[(&str, &str, &str)] =
    &[("spectralink", "dect", "a base has one restricted user: a user's name can stand there once")];

/// Whether a list names this brand.
pub fn names(list: &[(&str, &str)], brand: &Brand) -> bool {
    list.iter().any(|(named, _)| *named == brand.name())
}

/// A file of a brand's folder; nothing if it is not there.
pub fn file(brand: &Brand, name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../brands").join(brand.name());
    std::fs::read_to_string(folder.join(name)).unwrap_or_default()
}

/// The rows of a file with tabs between the columns.
pub fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(|line| line.split('\t').collect())
}

/// Firmwares of the samples: the lowest, the highest, and one that is not known.
pub fn firmwares(brand: &Brand) -> Vec<Option<String>> {
    let samples = file(brand, "samples/user-agents.txt");
    let number = |text: &str| text.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>();
    let mut seen: Vec<&str> = rows(&samples).filter_map(|row| row.get(2).copied()).filter(|text| *text != "-").collect();
    seen.sort_by_key(|text| number(text));
    let mut chosen = vec![None, seen.first().map(|text| (*text).to_owned()), seen.last().map(|text| (*text).to_owned())];
    chosen.dedup();
    chosen
}

/// Every model of every brand, the generic ones included.
pub fn all_models() -> impl Iterator<Item = (&'static Brand, &'static Model)> {
    CATALOGUE.brands().iter().flat_map(|brand| brand.models().iter().chain([brand.generic()]).map(move |model| (brand, model)))
}

/// One model of each kind of each brand: the one with the most accounts.
pub fn one_of_each_kind() -> Vec<(&'static Brand, &'static Model)> {
    let mut chosen: Vec<(&Brand, &Model)> = Vec::new();
    for (brand, model) in all_models().filter(|(_, model)| model.accounts > 0) {
        match chosen.iter_mut().find(|(other, held)| other.name() == brand.name() && held.kind == model.kind) {
            Some((_, held)) if held.accounts < model.accounts => *held = model,
            Some(_) => {}
            None => chosen.push((brand, model)),
        }
    }
    chosen
}
