//! Handsets of a DECT base: its children, kept as settings of the base (`handset_<n>_ipei`, `…_name`, `…_line`).

use std::collections::{BTreeMap, BTreeSet};

use ::brands::Model;
use domain::ipei::Ipei;
use domain::settings::Settings;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Error, line};
use crate::limits::HANDSETS_MAX;

/// The fields, as in the command line, the import file's columns and the settings' keys.
const FIELDS: [&str; 3] = ["ipei", "name", "line"];

/// A handset as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct HandsetView {
    /// Its number at the base, from 1.
    pub number: u16,
    /// Its IPEI, as it was given.
    pub ipei: Option<String>,
    /// The name that it shows.
    pub name: Option<String>,
    /// The line of the base that it speaks on.
    pub line: Option<u16>,
}

/// Reads handsets as they are written on the command line, `ipei=…,name=…,line=N` each, into settings of their base.
pub fn parse(texts: &[String]) -> Result<Settings, Error> {
    let mut settings = Settings::new();
    for (text, number) in texts.iter().zip(1_usize..) {
        for field in line::split(text)? {
            let (name, value) = field.split_once('=').ok_or_else(|| wrong("write FIELD=VALUE, separated by commas"))?;
            let name = name.trim();
            if !FIELDS.contains(&name) {
                return Err(wrong(&format!("no field {name:?}; there are {}", FIELDS.join(", "))));
            }
            if settings.insert(format!("handset_{number}_{name}"), tidy(name, value)?).is_some() {
                return Err(wrong(&format!("{name} stands twice")));
            }
        }
    }
    Ok(settings)
}

/// `handset3_name` of an import file as the key that it sets.
pub(crate) fn column(name: &str) -> Option<String> {
    let (number, field) = name.strip_prefix("handset")?.split_once('_')?;
    key(&format!("handset_{number}_{field}")).map(|(number, field)| format!("handset_{number}_{field}"))
}

/// A setting's key as a handset's number and field.
pub(crate) fn key(key: &str) -> Option<(u16, &'static str)> {
    let (number, field) = key.strip_prefix("handset_")?.split_once('_')?;
    let plain = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    let number = number.parse().ok().filter(|number| plain && (1..=HANDSETS_MAX).contains(number))?;
    Some((number, FIELDS.into_iter().find(|known| *known == field)?))
}

/// A field's value without what people write around it; refuses what it cannot be.
pub(crate) fn tidy(field: &str, value: &str) -> Result<String, Error> {
    let value = value.trim();
    match field {
        "ipei" => {
            value.parse::<Ipei>().map_err(|error| wrong(&error.to_string()))?;
            Ok(value.chars().filter(|c| !matches!(c, ' ' | '-')).collect::<String>().to_ascii_lowercase())
        }
        "line" => {
            let number = value.parse::<u16>().ok().filter(|number| *number > 0);
            Ok(number.ok_or_else(|| wrong("line is the number of one of the base's lines"))?.to_string())
        }
        _ if value.is_empty() => Err(wrong("name must not be empty")),
        _ => Ok(value.to_owned()),
    }
}

/// Refuses handsets that do not fit their base, or each other.
pub(crate) fn check(settings: &Settings, model: &Model) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for (name, value) in settings {
        let Some((number, field)) = key(name) else { continue };
        if model.kind != "dect" {
            return Err(wrong(&format!("the {} is no DECT base and has no handsets", model.name)));
        }
        let tidy = tidy(field, value)?;
        if field == "line" && tidy.parse::<u16>().is_ok_and(|line| line > model.accounts) {
            return Err(wrong(&format!("handset {number} on line {tidy}, but the {} has {} accounts", model.name, model.accounts)));
        }
        if field == "ipei" && tidy.parse::<Ipei>().is_ok_and(|ipei| !seen.insert(ipei)) {
            return Err(wrong(&format!("handset {number} has the IPEI of another handset")));
        }
    }
    Ok(())
}

/// The handsets that a base's settings name.
pub(crate) fn views(settings: &Settings) -> Vec<HandsetView> {
    let mut handsets: BTreeMap<u16, HandsetView> = BTreeMap::new();
    for (name, value) in settings {
        let Some((number, field)) = key(name) else { continue };
        let handset = handsets.entry(number).or_insert_with(|| HandsetView { number, ..HandsetView::default() });
        match field {
            "ipei" => handset.ipei = Some(value.clone()),
            "name" => handset.name = Some(value.clone()),
            _ => handset.line = value.parse().ok(),
        }
    }
    handsets.into_values().collect()
}

fn wrong(problem: &str) -> Error {
    Error::invalid("handset", format!("handset: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, String> {
        parse(&[text.to_owned()]).map_err(|error| error.to_string())
    }

    #[test]
    fn a_handset_reads_and_shows() {
        let settings = read(r"ipei=00077 0123456 5,name=Workshop\, left,line=2").unwrap();
        let shown = HandsetView { number: 1, ipei: Some("0007701234565".into()), name: Some("Workshop, left".into()), line: Some(2) };
        assert_eq!(views(&settings), [shown]);
    }

    #[test]
    fn a_wrong_handset_says_what_is_wrong() {
        for (text, part) in [
            ("", "FIELD=VALUE"),
            ("ipei=1", "12 digits"),
            ("ipei=0007701234566", "check digit"),
            ("line=0", "one of the base's lines"),
            ("name=", "must not be empty"),
            ("name=a,name=b", "twice"),
            ("colour=red", "no field"),
        ] {
            assert!(read(text).unwrap_err().contains(part), "{text}");
        }
    }

    #[test]
    fn columns_and_keys() {
        assert_eq!(column("handset12_line").as_deref(), Some("handset_12_line"));
        for none in
            ["handset_ipei", "handset0_ipei", "handset01_ipei", "handset257_ipei", "handset1_colour", "handset+1_ipei", "line1_user"]
        {
            assert_eq!(column(none), None, "{none}");
        }
    }
}
