//! What is Poly's alone.

use std::collections::BTreeSet;

use brands::{Body, FileKind, Model, Notice, Parsed};
use domain::settings::{Layer, Resolved, Settings};

use crate::support::{CATALOGUE, carrier_of, full, line, order_of, restricted, text};

fn model(name: &str) -> &'static Model {
    CATALOGUE.model(&format!("poly/{name}")).unwrap().1
}

fn read(file: FileKind, body: Body<'_>) -> Parsed {
    let brand = CATALOGUE.brand("poly").unwrap();
    let rendered = CATALOGUE.render(&order_of(brand, model("VVX450"), None, file, body)).unwrap();
    CATALOGUE.parse(brand, &rendered.bytes).unwrap()
}

#[test]
fn masters_name_the_carrier_beside_them() {
    assert_eq!(read(FileKind::Boot, Body::Public).includes, ["0015651a2b3c-ringfence.cfg"]);
    assert_eq!(read(FileKind::Common, Body::Public).includes, ["[PHONE_MAC_ADDRESS]-ringfence.cfg"], "nothing of a phone");
    let brand = CATALOGUE.brand("poly").unwrap();
    let carrier = brand.carrier_name("0015651a2b3c".parse().unwrap(), model("VVX450"));
    assert_eq!(carrier.as_deref(), Some("0015651a2b3c-ringfence.cfg"));
}

#[test]
fn what_goes_to_flash_has_its_twin_in_the_same_file() {
    let (phone, _) = CATALOGUE.brand("poly").unwrap().sample_settings();
    let everything = Resolved::from_layers([(Layer::Device, &phone)]);
    for body in [restricted(Notice::Needed), full(&[line("200")], &everything)] {
        let parsed = read(FileKind::Carrier, body);
        assert_eq!(parsed.parameters["device.set"], "1");
        let flash = parsed.parameters.keys().filter(|key| key.starts_with("device.") && key.strip_suffix(".set").is_none());
        let mut seen = 0;
        for key in flash {
            assert_eq!(parsed.parameters.get(&format!("{key}.set")).map(String::as_str), Some("1"), "{key}");
            seen += 1;
        }
        assert!(seen >= 6, "{seen}");
    }
}

#[test]
fn a_raw_setting_takes_a_lines_place_and_no_name_stands_twice() {
    let site: Settings = [("raw.poly.feature.callList.enabled", "0"), ("raw.poly.up.backlight.onIntensity", "3"), ("codecs", "g722,pcma")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    let settings = Resolved::from_layers([(Layer::Site, &site)]);
    let parsed = read(FileKind::Carrier, full(&[line("200")], &settings));
    let names: BTreeSet<_> = parsed.in_order.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), parsed.in_order.len(), "the first of two would count");
    assert_eq!(parsed.parameters["feature.callList.enabled"], "0");
    assert_eq!(parsed.parameters["up.backlight.onIntensity"], "3");
    // Both spellings of the codecs, and what is not named is off.
    for (name, priority) in [("G722", "1"), ("G711_A", "2"), ("G711A", "2"), ("G711_Mu", "0"), ("G711Mu", "0"), ("Opus", "0")] {
        assert_eq!(parsed.parameters[&format!("voice.codecPref.{name}")], priority, "{name}");
    }
}

#[test]
fn a_time_zone_is_seconds_and_europes_summer_can_be_told() {
    let site: Settings = [("time_zone", "-3:30"), ("summer_time", "auto"), ("summer_time_rule", "eu")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    let settings = Resolved::from_layers([(Layer::Site, &site)]);
    let brand = CATALOGUE.brand("poly").unwrap();
    let file = text(&carrier_of(brand, model("VVX450"), None, full(&[], &settings)));
    for parameter in ["gmtOffset=\"-12600\"", "daylightSavings.stop.month=\"10\"", "daylightSavings.stop.dayOfWeek.lastInMonth=\"1\""] {
        assert!(file.contains(parameter), "{parameter}");
    }
}
