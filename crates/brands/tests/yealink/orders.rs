//! Orders that the other modules share.

use brands::{Body, FileKind, Model, Order};
use domain::settings::Settings;

pub use crate::support::{CATALOGUE, door, full, line, restricted, text};
use crate::support::{carrier_of, order_of};

pub fn model(name: &str) -> &'static Model {
    CATALOGUE.model(&format!("yealink/{name}")).unwrap().1
}

pub fn settings(pairs: &[(&str, &str)]) -> Settings {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A carrier file.
pub fn carrier<'a>(model: &'a Model, firmware: Option<&str>, body: Body<'a>) -> Order<'a> {
    carrier_of(CATALOGUE.brand("yealink").unwrap(), model, firmware, body)
}

pub fn order<'a>(model: &'a Model, firmware: Option<&str>, file: FileKind, body: Body<'a>) -> Order<'a> {
    order_of(CATALOGUE.brand("yealink").unwrap(), model, firmware, file, body)
}
