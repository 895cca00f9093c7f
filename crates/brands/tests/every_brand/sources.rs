//! Where each parameter's name comes from: a public source, or nobody has proved it.

use std::collections::BTreeSet;

use brands::{Body, FileKind, Model, Notice};
use domain::settings::{Layer, Resolved, Settings};

use crate::cast::{all_models, file, firmwares, rows};
use crate::support::{CATALOGUE, door, full, line, order_of, restricted};

/// Digits as `N`, so that one row stands for all accounts.
fn pattern(name: &str) -> String {
    let mut pattern = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            '0'..='9' if pattern.ends_with('N') => {}
            '0'..='9' => pattern.push('N'),
            other => pattern.push(other),
        }
    }
    pattern
}

/// Everything that can be set, set.
fn everything(brand: &brands::Brand, model: &Model) -> (Vec<domain::settings::Line>, Resolved) {
    let (phone, of_line): (Settings, Settings) = brand.sample_settings();
    let mut used = line("200");
    (used.port, used.outbound_proxy) = (Some(5061), Some("edge.example.com:5062".into()));
    (used.extension, used.name, used.auth_user) = (Some("200".into()), Some("Front desk".into()), Some("auth200".into()));
    used.settings = of_line;
    let lines = vec![used; usize::from(model.accounts.min(2))];
    (lines, Resolved::from_layers([(Layer::Device, &phone)]))
}

/// What a model's files name, digits as they are.
fn named(brand: &brands::Brand, model: &Model, take: &mut dyn FnMut(String)) {
    let (lines, settings) = everything(brand, model);
    let nothing = Resolved::default();
    let bodies = [
        (FileKind::Boot, Body::Public),
        (FileKind::Common, Body::Public),
        (FileKind::Carrier, Body::Signpost { door: door(), language: "en" }),
        (FileKind::Carrier, restricted(Notice::Needed)),
        (FileKind::Carrier, full(&lines, &settings)),
        (FileKind::Carrier, full(&[], &nothing)),
    ];
    for firmware in firmwares(brand) {
        for (kind, body) in bodies {
            let Ok(rendered) = CATALOGUE.render(&order_of(brand, model, firmware.as_deref(), kind, body)) else { continue };
            CATALOGUE.parse(brand, &rendered.bytes).unwrap().in_order.into_iter().for_each(|(name, _)| take(name));
        }
    }
}

#[test]
fn every_parameter_is_sourced_or_marked() {
    let mut missing = BTreeSet::new();
    // What is marked must be named by some file, or the count of unverified keys says too much.
    let marked = |brand: &brands::Brand| {
        let keys = brand.unverified().iter().filter_map(|one| one.strip_prefix("key."));
        keys.map(|key| (brand.name().to_owned(), key.to_owned())).collect::<Vec<_>>()
    };
    let mut idle: BTreeSet<(String, String)> = CATALOGUE.brands().iter().flat_map(marked).collect();
    for (brand, model) in all_models() {
        let list = file(brand, "parameters.txt");
        let sourced: BTreeSet<&str> = rows(&list).map(|row| row[0]).collect();
        named(brand, model, &mut |name| {
            let spellings = [pattern(&name), name];
            if spellings.iter().any(|name| sourced.contains(name.as_str())) {
                return;
            }
            let is_marked = |name: &&String| brand.unverified().iter().any(|one| one.strip_prefix("key.") == Some(name));
            match spellings.iter().find(is_marked) {
                Some(name) => idle.retain(|(of, key)| of != brand.name() || key != name),
                None => missing.extend([format!("{}: {}", brand.name(), spellings[0])]),
            }
        });
    }
    let missing: Vec<_> = missing.into_iter().collect();
    assert!(missing.is_empty(), "neither in parameters.txt nor `key.…` in `unverified`:\n{}", missing.join("\n"));
    assert!(idle.is_empty(), "`key.…` in `unverified` that no file names, or that is sourced: {idle:?}");
}
