//! What is Panasonic's alone: its phones throw a whole file away for a slip that others pass over.

use std::collections::BTreeSet;

use brands::{Body, FileKind, Model, Notice};
use domain::settings::{Layer, Resolved, Settings};

use crate::cast::all_models;
use crate::support::{CATALOGUE, carrier_of, full, line, order_of, restricted, text};

fn models() -> impl Iterator<Item = &'static Model> {
    all_models().filter(|(brand, _)| brand.name() == "panasonic").map(|(_, model)| model)
}

#[test]
fn text_files_are_as_strict_as_the_phones() {
    let brand = CATALOGUE.brand("panasonic").unwrap();
    let (phone, _) = brand.sample_settings();
    let everything = Resolved::from_layers([(Layer::Device, &phone)]);
    for model in models().filter(|model| model.kind != "utg") {
        for body in [restricted(Notice::Needed), full(&[line("200")], &everything), full(&[], &Resolved::default())] {
            let file = text(&carrier_of(brand, model, None, body));
            let header = if model.name.starts_with("TGP5") {
                "# PCC Standard Format File #"
            } else {
                "# Panasonic SIP Phone Standard Format File #"
            };
            assert!(file.starts_with(header), "{}", model.name);
            assert!(file.ends_with("\"\r\n\r\n"), "{}: the last line is empty", model.name);
            assert_eq!(file.matches('\n').count(), file.matches("\r\n").count(), "{}", model.name);
            let names: Vec<_> = file.lines().skip(1).filter_map(|line| line.split_once("=\"")).map(|(name, _)| name).collect();
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{}: the first of two counts", model.name);
            assert!(file.lines().all(|line| line.len() < 535) && names.iter().all(|name| name.len() <= 32), "{}", model.name);
            assert!(file.len() < 120_000, "{}: UT takes no more", model.name);
        }
    }
}

#[test]
fn the_models_file_names_the_phones_own_behind_the_door_that_was_asked() {
    let brand = CATALOGUE.brand("panasonic").unwrap();
    for model in models() {
        let folder = "https://phones.example.com/cfg/g/token/";
        let at = |body| text(&order_of(brand, model, None, FileKind::Common, body));
        let parsed = CATALOGUE.parse(brand, at(Body::PublicIn { folder }).as_bytes()).unwrap();
        assert_eq!(parsed.provisioning.url.as_deref(), Some(folder), "{}", model.name);
        assert_eq!(parsed.parameters["CFG_STANDARD_FILE_PATH"], format!("{folder}Config{{MAC}}.cfg"), "the phone puts its own in");
        assert!(CATALOGUE.parse(brand, at(Body::Public).as_bytes()).unwrap().parameters.is_empty(), "{}", model.name);
    }
}

#[test]
fn it_is_told_by_the_word_that_every_file_sets() {
    let brand = CATALOGUE.brand("panasonic").unwrap();
    for model in models() {
        for body in [restricted(Notice::Needed), full(&[], &Resolved::default())] {
            let rendered = CATALOGUE.render(&carrier_of(brand, model, None, body)).unwrap();
            let parsed = CATALOGUE.parse(brand, &rendered.bytes).unwrap();
            assert_eq!(parsed.parameters["CFG_RESYNC_FROM_SIP"], brand.notify().event, "{}", model.name);
        }
    }
}

#[test]
fn a_raw_setting_takes_a_lines_place_in_both_syntaxes() {
    let brand = CATALOGUE.brand("panasonic").unwrap();
    let site: Settings = [("raw.panasonic.REG_EXPIRE_TIME_2", "120"), ("raw.panasonic.CFG_CYCLIC", "N"), ("time_zone", "+5:30")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    let settings = Resolved::from_layers([(Layer::Site, &site)]);
    let lines = [line("200"), line("201")];
    for (name, zone) in [("HDV130", "GMT +5:30"), ("TGP600", "330"), ("UTG200", "330")] {
        let model = brand.model(name).unwrap();
        let rendered = CATALOGUE.render(&carrier_of(brand, model, None, full(&lines, &settings))).unwrap();
        let parsed = CATALOGUE.parse(brand, &rendered.bytes).unwrap();
        let all: Vec<_> = parsed.in_order.iter().filter(|(key, _)| key == "REG_EXPIRE_TIME_2").map(|(_, value)| value.as_str()).collect();
        assert_eq!(all, ["120"], "{name}");
        assert_eq!(parsed.parameters["CFG_CYCLIC"], "Y", "{name}: the poll is the platform's");
        assert_eq!(parsed.parameters["TIME_ZONE"], zone, "{name}");
    }
}
