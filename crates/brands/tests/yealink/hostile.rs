//! No value, whatever it holds, adds a line or a key; what is written reads back as it was.

use std::collections::BTreeSet;

use brands::{Body, Door, FileKind, Notice, RenderError, RestrictedAccount};
use domain::Secret;
use domain::settings::{Layer, Line, Resolved, Settings, Transport};
use proptest::prelude::*;

use crate::orders::{CATALOGUE, carrier, door, full, line, model, order, restricted, text};
use crate::texts::{any_line, breaks, kept, same_shape, value};

fn keys(bytes: &[u8]) -> Vec<String> {
    let parsed = CATALOGUE.parse(CATALOGUE.brand("yealink").unwrap(), bytes).unwrap();
    parsed.in_order.into_iter().map(|(key, _)| key).collect()
}

proptest! {
    #[test]
    fn lines_read_back_as_they_were_or_are_refused(lines in prop::collection::vec(any_line(), 1..4), v86 in any::<bool>()) {
        let settings = Resolved::default();
        let firmware = if v86 { "66.86.0.15" } else { "28.73.0.48" };
        let rendered = CATALOGUE.render(&carrier(model("T46S"), Some(firmware), full(&lines, &settings)));
        let texts = |line: &Line| {
            let optional = [&line.auth_user, &line.extension, &line.name].map(|text| text.clone().unwrap_or_default());
            [vec![line.user.clone(), line.password.expose().clone(), line.server.clone()], optional.to_vec()].concat()
        };
        // A break at a text's end is trimmed off with the blanks there; a secret is never trimmed.
        let broken = lines.iter().any(|line| texts(line).iter().any(|text| breaks(text.trim())) || breaks(line.password.expose()));
        match rendered {
            Err(error) => {
                let said = error.to_string();
                prop_assert!(matches!(error, RenderError::Value { .. }) && said.starts_with("line "), "{}", said);
            }
            Ok(rendered) => {
                prop_assert!(!broken, "a line break got through");
                let plain: Vec<Line> = lines.iter().map(same_shape).collect();
                let expected = CATALOGUE.render(&carrier(model("T46S"), Some(firmware), full(&plain, &settings))).unwrap();
                prop_assert_eq!(keys(&rendered.bytes), keys(&expected.bytes));
                let parsed = CATALOGUE.parse(CATALOGUE.brand("yealink").unwrap(), &rendered.bytes).unwrap();
                for (line, account) in lines.iter().zip(&parsed.accounts) {
                    let user = kept(Some(&line.user));
                    prop_assert_eq!(&account.user, &user);
                    prop_assert_eq!(&account.auth, &kept(line.auth_user.as_deref()).or(user));
                    prop_assert_eq!(account.password.as_ref().map(|p| p.expose().as_str()), Some(line.password.expose().as_str()));
                    prop_assert_eq!(&account.server, &kept(Some(&line.server)));
                    prop_assert_eq!(account.port, line.port);
                    prop_assert_eq!(account.transport, Some(line.transport));
                    let name = kept(line.name.as_deref()).or(kept(line.extension.as_deref())).or(kept(Some(&line.user)));
                    prop_assert_eq!(&account.name, &name);
                }
            }
        }
    }

    #[test]
    fn settings_read_back_as_they_were_or_are_refused(zone in value(), admin in value(), raw in value(), label in value()) {
        let layer: Settings = [
            ("time_zone", &zone), ("admin_password", &admin), ("raw.yealink.phone_setting.backlight_time", &raw),
            ("linekey_3_type", &"blf".to_owned()), ("linekey_3_label", &label),
        ].map(|(key, value)| (key.to_owned(), value.clone())).into();
        let settings = Resolved::from_layers([(Layer::Site, &layer)]);
        match CATALOGUE.render(&carrier(model("T23G"), Some("44.84.0.140"), full(&[], &settings))) {
            Err(error) => {
                let said = error.to_string();
                prop_assert!(said.starts_with("setting "), "{}", said);
                prop_assert!(zone.trim().len() < 4 || !said.contains(zone.trim()), "the value is told");
            }
            Ok(rendered) => {
                prop_assert!(![&zone, &raw, &label].iter().any(|value| breaks(value.trim())));
                let parsed = CATALOGUE.parse(CATALOGUE.brand("yealink").unwrap(), &rendered.bytes).unwrap();
                let of = |key: &str| parsed.parameters.get(key).filter(|value| *value != "%NULL%").cloned();
                prop_assert_eq!(of("local_time.time_zone"), kept(Some(&zone)));
                prop_assert_eq!(of("linekey.3.label"), kept(Some(&label)));
                prop_assert_eq!(parsed.parameters["phone_setting.backlight_time"].as_str(), raw.trim());
                let admins = parsed.in_order.iter().filter(|(key, _)| key == "static.security.user_password").count();
                prop_assert_eq!(admins, 1);
            }
        }
    }

    #[test]
    fn a_restricted_file_holds_its_claim_and_nothing_else(user in "[a-z0-9]{4,20}", password in "[A-Za-z0-9]{8,24}", v86 in any::<bool>()) {
        let firmware = Some(if v86 { "77.86.0.15" } else { "25.73.0.48" });
        // Rendered before with secrets: nothing of them may stay behind in what is kept between files.
        let (lines, settings) = ([Line { name: Some("A. Person".into()), ..line("secret-user") }], Resolved::default());
        let before = text(&carrier(model("W60B"), firmware, full(&lines, &settings)));
        prop_assert!(before.contains("secret-user"));
        let secret = Secret::new(password.clone());
        let account = RestrictedAccount { user: &user, password: &secret, server: "phones.example.com", port: 5060, transport: Transport::Udp };
        let door = Door { url: "https://phones.example.com/cfg/d/x/", user: &user, password: &secret, poll_seconds: 60, file_key: None };
        let numbers = ["112".to_owned()];
        let body = Body::Restricted { notice: Notice::Needed, account, service_number: "*89", emergency_numbers: &numbers, door, language: "en" };
        let file = text(&carrier(model("W60B"), firmware, body));
        let known: BTreeSet<&str> = [
            user.as_str(), &password, "phones.example.com", "5060", "https://phones.example.com/cfg/d/x/", "*89", "112", "English", "%NULL%",
            "Authentication needed", "Authentication needed 1A2B3C", "0", "1", "2", "3", "4", "5", "6", "7", "8",
        ].into();
        for line in file.lines().skip(1) {
            let (key, value) = line.split_once(" = ").unwrap();
            prop_assert!(known.contains(value), "{} = {}", key, value);
        }
    }

    #[test]
    fn no_file_is_too_odd_to_be_read(bytes in prop::collection::vec(any::<u8>(), 0..200), lines in "(\\PC{0,20}(=|\n|include:config)){0,20}") {
        let brand = CATALOGUE.brand("yealink").unwrap();
        for file in [bytes, format!("#!version:1.0.0.1\n{lines}").into_bytes()] {
            if let Ok(parsed) = CATALOGUE.parse(brand, &file) {
                let named = |key: &String| !key.is_empty() && parsed.in_order.iter().any(|(told, _)| told == key);
                prop_assert!(parsed.parameters.keys().all(named));
            }
        }
    }
}

#[test]
fn an_error_names_the_key_and_keeps_the_value() {
    let settings = Resolved::default();
    let mut broken = line("200");
    broken.password = Secret::from("top\nsecret");
    let refused = CATALOGUE.render(&carrier(model("T46S"), None, full(&[line("1"), broken], &settings))).unwrap_err();
    assert_eq!(refused.to_string(), "line 2 password: has a line break or control character");
    let url = "https://phones.example.com/\r\nadmin";
    let body = Body::Full { lines: &[], settings: &settings, door: Door { url, ..door() }, language: "en" };
    let refused = CATALOGUE.render(&carrier(model("T46S"), None, body)).unwrap_err();
    assert_eq!(refused.to_string(), "door url: has a line break or control character");
}

#[test]
fn orders_that_make_no_sense_are_refused() {
    let settings = Resolved::default();
    let lines = [line("1"), line("2")];
    let refuse = |order| CATALOGUE.render(&order).unwrap_err().to_string();
    assert_eq!(refuse(carrier(model("T19P_E2"), None, full(&lines, &settings))), "2 lines, but the T19P_E2 has 1 accounts");
    let no_mac = brands::Order { mac: None, ..carrier(model("T46S"), None, restricted(Notice::Needed)) };
    assert_eq!(refuse(no_mac), "this file needs a MAC address");
    for (file, body) in
        [(FileKind::Boot, full(&lines, &settings)), (FileKind::Common, restricted(Notice::Needed)), (FileKind::Upload, Body::Public)]
    {
        assert!(refuse(order(model("T46S"), None, file, body)).starts_with("brand yealink has no"), "{file:?}");
    }
}
