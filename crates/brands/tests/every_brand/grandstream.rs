//! What is special about Grandstream: two styles of file, numbers that differ by series, one server for several ports.

use brands::{Brand, Model, Notice, RenderError};
use domain::settings::{Layer, Line, Resolved, Settings};

use crate::support::{CATALOGUE, DOOR, carrier_of, full, line, restricted, text};

fn model(name: &str) -> (&'static Brand, &'static Model) {
    CATALOGUE.model(&format!("grandstream/{name}")).unwrap()
}

fn restricted_text(name: &str, firmware: Option<&str>) -> String {
    let (brand, model) = model(name);
    text(&carrier_of(brand, model, firmware, restricted(Notice::Needed)))
}

fn full_text(name: &str, firmware: Option<&str>, lines: &[Line], pairs: &[(&str, &str)]) -> Result<String, RenderError> {
    let (brand, model) = model(name);
    let own: Settings = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let resolved = Resolved::from_layers([(Layer::Site, &own)]);
    let rendered = CATALOGUE.render(&carrier_of(brand, model, firmware, full(lines, &resolved)))?;
    Ok(String::from_utf8(rendered.bytes).unwrap())
}

#[test]
fn a_file_has_one_style_and_old_or_unknown_firmware_gets_numbers() {
    for (name, firmware, named) in [
        ("GXP2135", Some("1.0.7.97"), false),
        ("GXP2135", Some("1.0.11.85"), true),
        ("GXP2135", None, false),
        ("GRP2614", Some("1.0.3.6"), false),
        ("GRP2614", Some("1.0.5.15"), true),
        ("GXP1630", Some("1.0.11.1"), false),
        ("GXV3370", None, true),
    ] {
        for file in [restricted_text(name, firmware), full_text(name, firmware, &[line("200")], &[]).unwrap()] {
            let (items, numbers) = (file.matches("<item name=").count(), file.matches("</P").count());
            assert_eq!((items > 0, numbers > 0), (named, !named), "{name} {firmware:?}");
            assert!(file.contains(if named { "<config version=\"2\">" } else { "<config version=\"1\">" }), "{name} {firmware:?}");
            assert!(file.contains("<mac>0015651a2b3c</mac>"), "a file of another phone is passed over");
        }
    }
}

#[test]
fn lifting_any_handset_calls_the_service_until_the_full_file_comes() {
    for (name, numbers) in [
        ("GXP1630", &["P71"][..]),
        ("HT801", &["P71"]),
        ("HT802", &["P71", "P771"]),
        ("HT704", &["P4210", "P4211", "P4212", "P4213"]),
        ("DP750", &["P4210", "P4211", "P4212", "P4213", "P4214"]),
    ] {
        let (open, done) = (restricted_text(name, None), full_text(name, None, &[line("200")], &[]).unwrap());
        for number in numbers {
            assert!(open.contains(&format!("<{number}>*89</{number}>")), "{name} {number}");
            assert!(done.contains(&format!("<{number}></{number}>")), "{name} {number}");
        }
        assert_eq!(open.matches(">*89<").count(), numbers.len(), "{name}");
    }
}

#[test]
fn the_dial_plan_lets_every_number_through_emergency_numbers_first() {
    for (name, parameters) in [("GXP1630", &["P290", "P459", "P559"][..]), ("HT802", &["P4200", "P4201"]), ("HT818", &["P4200"])] {
        let file = restricted_text(name, None);
        for parameter in parameters {
            assert!(file.contains(&format!("<{parameter}>{{ 112 | 110 | 911 | x+ | *x+ | *xx*x+ }}</{parameter}>")), "{name} {parameter}");
        }
    }
}

#[test]
fn every_other_source_of_a_server_is_closed_and_the_poll_is_the_shortest() {
    for (name, mode) in [("GXP1630", "1"), ("GXV3240", "3"), ("HT802", "3"), ("DP715", "3"), ("DP750", "1")] {
        let file = restricted_text(name, None);
        for line in ["<P145>0</P145>", "<P1411>0</P1411>", "<P1414>0</P1414>", "<P240>0</P240>", "<P4428>1</P4428>", "<P193>60</P193>"] {
            assert!(file.contains(line), "{name}: {line}");
        }
        assert!(file.contains(&format!("<P194>{mode}</P194>")), "{name}");
    }
}

#[test]
fn ports_that_share_a_server_cannot_have_two() {
    let other = Line { server: "other.example.com".into(), ..line("201") };
    let lines = [line("200"), other];
    let refused = full_text("HT818", None, &lines, &[]).unwrap_err();
    assert_eq!(refused.to_string(), "line 2 server: is another than line 1's; this model has one for all");
    let file = full_text("HT802", None, &lines, &[]).unwrap();
    assert!(file.contains("<P747>other.example.com</P747>"));
    assert!(full_text("HT818", None, &[line("200"), line("201")], &[]).is_ok());
}

#[test]
fn addresses_and_seconds_become_what_the_phone_takes() {
    let with = |pairs: &[(&str, &str)]| full_text("GXP1630", None, &[line("200")], pairs).unwrap();
    let file = with(&[("phonebook_url", "http://books.example.com/a/"), ("firmware_url", "https://files.example.com/fw/gxp1630fw.bin")]);
    assert!(file.contains("<P330>1</P330>") && file.contains("<P331>books.example.com/a</P331>"), "{file}");
    assert!(file.contains("<P6767>2</P6767>") && file.contains("<P192>files.example.com/fw</P192>"), "{file}");
    assert!(with(&[("phonebook_url", "https://books.example.com/")]).contains("<P330>3</P330>"));
    assert!(with(&[]).contains("<P330>0</P330>"));
    for (seconds, minutes) in [("60", "1"), ("61", "2"), ("3600", "60")] {
        assert!(with(&[("register_seconds", seconds)]).contains(&format!("<P32>{minutes}</P32>")), "{seconds}");
    }
    let (brand, _) = model("GXP1630");
    for bad in ["books.example.com", "ftp://books.example.com", "https://", "https://a b"] {
        let refused = brand.check_setting("phonebook_url", bad).unwrap_err().to_string();
        assert_eq!(refused, "setting phonebook_url: is an address that begins with http:// or https://", "{bad}");
    }
}

#[test]
fn raw_numbers_are_taken_and_the_door_is_not_theirs() {
    let raw = [("raw.grandstream.P2380", "1"), ("raw.grandstream.P2", "x"), ("raw.grandstream.P237", "elsewhere.example.com")];
    let file = full_text("GXP1630", None, &[], &raw).unwrap();
    assert!(file.contains("<P2380>1</P2380>") && !file.contains("<P2>") && !file.contains("elsewhere"));
}

#[test]
fn files_are_asked_for_in_lower_case() {
    let (brand, model) = model("GRP2614");
    let names: Vec<_> = brand.file_names("c074ad0b63ee".parse().unwrap(), model).map(|(name, _)| name).collect();
    assert_eq!(names, ["cfgc074ad0b63ee", "cfgc074ad0b63ee.bin", "cfgc074ad0b63ee.xml", "cfggrp2614.xml", "cfg.xml", "phonebook.xml"]);
}

#[test]
fn the_customers_phone_book_is_fetched_with_the_phones_own_login_and_another_without() {
    let own = full_text("GXP1630", None, &[], &[("phonebook_url", &format!("{DOOR}phonebook.xml"))]).unwrap();
    assert!(own.contains("<P331>phones.example.com:8443/cfg/d/4f1c9a</P331>"), "the phone adds the file's name");
    assert!(own.contains("<P6713>door-user</P6713>") && own.contains("<P6714>door-password</P6714>"));
    let other = full_text("GXP1630", None, &[], &[("phonebook_url", "https://books.example.com/phonebook.xml")]).unwrap();
    assert!(other.contains("<P331>books.example.com</P331>") && other.contains("<P6713></P6713>") && other.contains("<P6714></P6714>"));
}
