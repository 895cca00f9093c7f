//! What rendering costs: each brand's largest config, and reading the whole catalogue.

use std::hint::black_box;

use anyhow::{Context as _, Result};
use brands::{Body, Brand, Catalogue, Door, FileKind, Model, Order};
use domain::settings::{Layer, Line, Resolved, Settings, Transport};
use domain::{Mac, Secret};

use crate::clock::now;
use crate::table::{Row, median};

/// What rendering may cost, in microseconds for each kB of output.
const RENDER_US_PER_KB: f64 = 8.0;
/// What reading the catalogue may take, in milliseconds.
const CATALOGUE_MS: f64 = 200.0;
/// Rounds of each row, and how often a file is rendered in one.
const ROUNDS: usize = 7;
const RENDERINGS: u32 = 200;

const CATALOGUE: &str = "the whole catalogue read, ms (limit / use)";

/// Measures the rows whose name contains `wanted`.
pub fn measure(wanted: &str) -> Result<Vec<Row>> {
    let catalogue = Catalogue::embedded();
    let mut rows = Vec::new();
    for brand in catalogue.brands() {
        let (model, settings, lines) = largest(brand)?;
        let name = format!("rendering {}, {} with {} lines, µs a kB (limit / use)", brand.display(), model.name, lines.len());
        if name.contains(wanted) {
            rows.push(Row::under(&name, rendering(&catalogue, brand, model, &lines, &settings)?, RENDER_US_PER_KB));
        }
    }
    if CATALOGUE.contains(wanted) {
        let rounds = (0..ROUNDS).map(|_| {
            let started = now();
            drop(black_box(Catalogue::embedded()));
            (now() - started).as_secs_f64() * 1_000.0
        });
        rows.push(Row::under(CATALOGUE, median(rounds.collect()), CATALOGUE_MS));
    }
    Ok(rows)
}

/// The model with the most accounts, all of them used, and everything set that can be set.
fn largest(brand: &Brand) -> Result<(&Model, Resolved, Vec<Line>)> {
    let model = brand.models().iter().max_by_key(|model| model.accounts).context("a brand has models")?;
    let (mut phone, of_line) = brand.sample_settings();
    let of_first_key: Vec<_> =
        phone.iter().filter_map(|(key, value)| Some((key.strip_prefix("linekey_1_")?.to_owned(), value.clone()))).collect();
    for n in 2..=model.line_keys {
        phone.extend(of_first_key.iter().map(|(key, value)| (format!("linekey_{n}_{key}"), value.clone())));
    }
    let count = usize::from(model.accounts).min(domain::settings::LINES_MAX);
    let lines = (0..count).map(|n| line(n, of_line.clone())).collect();
    Ok((model, Resolved::from_layers([(Layer::Site, &phone)]), lines))
}

fn line(n: usize, settings: Settings) -> Line {
    Line {
        user: format!("{}", 200 + n),
        auth_user: None,
        password: Secret::from("k3Zx0vQ9pLr2"),
        server: "pbx.example.com".into(),
        port: Some(5061),
        transport: Transport::Udp,
        outbound_proxy: None,
        extension: Some(format!("{}", 200 + n)),
        name: Some(format!("Desk {n}")),
        settings,
    }
}

/// Microseconds for each kB, the median of the rounds. The first run, which fills the caches, is not counted: a server makes it once.
fn rendering(catalogue: &Catalogue, brand: &Brand, model: &Model, lines: &[Line], settings: &Resolved) -> Result<f64> {
    let password = Secret::from("VyTH5q0SkA8TeRzE7mZ9");
    let url = "https://phones.example.com:8443/cfg/d/4f1c9a/";
    let door = Door { url, user: "4f1c9a", password: &password, poll_seconds: 17_000, file_key: None };
    let body = Body::Full { lines, settings, door, language: "en" };
    let mac = Mac::from_bytes([0, 0, 0, 0, 0, 1]).ok();
    let order = Order { brand, model, firmware: None, mac, file: FileKind::Carrier, body };
    let bytes = catalogue.render(&order).with_context(|| format!("rendering {}/{}", brand.name(), model.name))?.bytes.len();
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let started = now();
        for _ in 0..RENDERINGS {
            drop(black_box(catalogue.render(black_box(&order))?));
        }
        rounds.push((now() - started).as_secs_f64() * 1_000_000.0 / f64::from(RENDERINGS));
    }
    // A file is at most 512 KiB.
    Ok(median(rounds) * 1_000.0 / f64::from(u32::try_from(bytes)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_brands_largest_config_can_be_rendered() {
        let catalogue = Catalogue::embedded();
        for brand in catalogue.brands() {
            let (model, settings, lines) = largest(brand).unwrap();
            assert!(rendering(&catalogue, brand, model, &lines, &settings).unwrap() > 0.0, "{}", model.name);
        }
    }
}
