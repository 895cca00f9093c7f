//! The files themselves, as committed text: a change in what phones are told is a change of these.

use brands::{Body, FileKind, Notice};
use domain::settings::{Layer, Line, Resolved, Transport};

use crate::orders::{carrier, door, full, line, model, order, restricted, settings, text};

/// Model, firmware, generation: both generations, desk phones with and without line keys, DECT, and an unknown firmware.
const PHONES: [(&str, Option<&str>); 5] = [
    ("T46S", Some("66.86.0.15")),
    ("T28P", Some("2.72.0.1")),
    ("T19P_E2", None),
    ("W60B", Some("77.85.0.25")),
    ("T38G", Some("38.70.0.125")),
];

fn name(kind: &str, model: &str, firmware: Option<&str>) -> String {
    format!("{kind}_{model}_{}", firmware.unwrap_or("unknown"))
}

#[test]
fn public_files() {
    let model = model("T46S");
    insta::assert_snapshot!("boot", text(&order(model, None, FileKind::Boot, Body::Public)));
    insta::assert_snapshot!("common", text(&order(model, None, FileKind::Common, Body::Public)));
}

#[test]
fn signposts() {
    for (phone, firmware) in PHONES {
        let body = Body::Signpost { door: door(), language: "en" };
        insta::assert_snapshot!(name("signpost", phone, firmware), text(&carrier(model(phone), firmware, body)));
    }
}

#[test]
fn restricted_files() {
    for (phone, firmware) in PHONES {
        insta::assert_snapshot!(name("restricted", phone, firmware), text(&carrier(model(phone), firmware, restricted(Notice::Needed))));
    }
    let reset = text(&carrier(model("T23G"), Some("44.84.0.140"), restricted(Notice::ResetNeeded)));
    insta::assert_snapshot!("restricted_reset_needed", reset);
}

#[test]
fn full_files() {
    let site = settings(&[
        ("time_zone", "+1"),
        ("time_zone_name", "Germany(Berlin)"),
        ("summer_time", "auto"),
        ("ntp_server", "192.0.2.123"),
        ("language", "de"),
        ("tone_country", "Germany"),
        ("admin_password", "f0rt-knox"),
        ("web_access", "https"),
        ("emergency_numbers", "112,110"),
        ("keep_alive", "yes"),
        ("codecs", "g722,pcma,pcmu"),
        ("voicemail_number", "*97"),
        ("linekey_2_type", "blf"),
        ("linekey_2_value", "201"),
        ("linekey_2_label", "Reception"),
        ("linekey_2_extension", "*8"),
    ]);
    let resolved = Resolved::from_layers([(Layer::Site, &site)]);
    let desk = Line {
        auth_user: Some("auth200".into()),
        transport: Transport::Tls,
        port: Some(5061),
        outbound_proxy: Some("edge.example.com:5061".into()),
        extension: Some("200".into()),
        name: Some("Desk".into()),
        settings: settings(&[("srtp", "required")]),
        ..line("u200")
    };
    let lines = [desk, line("201")];
    for (phone, firmware) in PHONES {
        let model = model(phone);
        let used = &lines[..usize::from(model.accounts.min(2))];
        insta::assert_snapshot!(name("full", phone, firmware), text(&carrier(model, firmware, full(used, &resolved))));
    }
}

#[test]
fn the_same_order_gives_the_same_bytes() {
    let resolved = Resolved::default();
    let lines = [line("200")];
    let order = carrier(model("T46S"), None, full(&lines, &resolved));
    let first = text(&order);
    assert_eq!(first, text(&order), "filled from the same stencils");
    assert_eq!(
        first,
        String::from_utf8(brands::Catalogue::embedded().render(&order_of_a_fresh_catalogue(&lines, &resolved)).unwrap().bytes).unwrap()
    );
}

fn order_of_a_fresh_catalogue<'a>(lines: &'a [Line], resolved: &'a Resolved) -> brands::Order<'a> {
    carrier(model("T46S"), None, full(lines, resolved))
}
