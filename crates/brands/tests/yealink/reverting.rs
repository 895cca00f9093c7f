//! A restricted file leaves nothing behind: checked over every model and generation.

use std::collections::BTreeSet;

use brands::{Body, FileKind, Model, Notice};
use domain::settings::Resolved;

use crate::orders::{CATALOGUE, carrier, door, full, line, order, restricted};

const FIRMWARES: [Option<&str>; 3] = [Some("66.86.0.15"), Some("28.73.0.48"), None];

fn parameters(model: &Model, firmware: Option<&str>, body: Body<'_>) -> BTreeSet<String> {
    let rendered = CATALOGUE.render(&carrier(model, firmware, body)).unwrap();
    let brand = CATALOGUE.brand("yealink").unwrap();
    CATALOGUE.parse(brand, &rendered.bytes).unwrap().in_order.into_iter().map(|(key, _)| key).collect()
}

#[test]
fn what_a_restricted_file_sets_a_full_file_states_again() {
    let brand = CATALOGUE.brand("yealink").unwrap();
    let (lines, settings) = ([line("200")], Resolved::default());
    for model in brand.models().iter().chain([brand.generic()]) {
        for firmware in FIRMWARES {
            let used = &lines[..usize::from(model.accounts.min(1))];
            let stated = parameters(model, firmware, full(used, &settings));
            let empty = parameters(model, firmware, full(&[], &settings));
            let signpost = parameters(model, firmware, Body::Signpost { door: door(), language: "en" });
            for key in parameters(model, firmware, restricted(Notice::Needed)).union(&signpost) {
                assert!(stated.contains(key) && empty.contains(key), "{} {firmware:?}: {key} stays", model.name);
            }
        }
    }
}

#[test]
fn the_boot_file_takes_back_what_is_not_stated() {
    let brand = CATALOGUE.brand("yealink").unwrap();
    let rendered = CATALOGUE.render(&order(brand.generic(), None, FileKind::Boot, Body::Public)).unwrap();
    let boot = CATALOGUE.parse(brand, &rendered.bytes).unwrap();
    assert_eq!(boot.overwrite_mode, Some(true));
    assert_eq!(boot.includes, ["0015651a2b3c.cfg"], "relative, so that it leads to the same door");
}

#[test]
fn every_slot_of_every_model_has_the_claims_account() {
    let brand = CATALOGUE.brand("yealink").unwrap();
    for model in brand.models() {
        for firmware in FIRMWARES {
            let rendered = CATALOGUE.render(&carrier(model, firmware, restricted(Notice::Blocked))).unwrap();
            let parsed = CATALOGUE.parse(brand, &rendered.bytes).unwrap();
            assert_eq!(parsed.accounts.len(), usize::from(model.accounts), "{}", model.name);
            for account in &parsed.accounts {
                assert_eq!(
                    (account.enabled, account.user.as_deref(), account.server.as_deref()),
                    (true, Some("claim-user"), Some("phones.example.com"))
                );
            }
            if model.accounts > 0 {
                assert_eq!(parsed.notice.as_deref(), Some("Authentication blocked"), "{}", model.name);
                assert_eq!(parsed.hotline.as_deref(), Some("*89"), "{}", model.name);
                let shown = parsed.mac_key.unwrap();
                assert!(shown.ends_with("1A2B3C") || shown == "00:15:65:1a:2b:3c", "{}: {shown}", model.name);
            }
            let text = String::from_utf8(rendered.bytes).unwrap();
            let dialled = text.lines().filter(|line| line.contains(".auto_dial_num = *89")).count();
            assert_eq!(dialled, usize::from(model.accounts), "{}", model.name);
        }
    }
}

#[test]
fn a_full_file_pins_the_phone_to_its_door_and_switches_unused_slots_off() {
    let brand = CATALOGUE.brand("yealink").unwrap();
    let (lines, settings) = ([line("200"), line("201")], Resolved::default());
    for model in brand.models().iter().filter(|model| model.accounts >= 2) {
        for (firmware, prefixes) in FIRMWARES.into_iter().zip([&["static."][..], &[""], &["", "static."]]) {
            let rendered = CATALOGUE.render(&carrier(model, firmware, full(&lines, &settings))).unwrap();
            let parsed = CATALOGUE.parse(brand, &rendered.bytes).unwrap();
            assert_eq!(parsed.accounts.iter().map(|account| account.slot).collect::<Vec<_>>(), [1, 2], "{}", model.name);
            assert_eq!((parsed.notice, parsed.hotline, parsed.mac_key), (None, None, None));
            for slot in 3..=model.accounts {
                assert_eq!(parsed.parameters[&format!("account.{slot}.enable")], "0", "{}", model.name);
                assert_eq!(parsed.parameters[&format!("account.{slot}.password")], "%NULL%", "{}", model.name);
            }
            for source in ["auto_provision.pnp_enable", "auto_provision.dhcp_option.enable", "zero_touch.enable"] {
                for prefix in ["", "static."] {
                    let stated = parsed.parameters.get(&format!("{prefix}{source}")).map(String::as_str);
                    assert_eq!(stated, prefixes.contains(&prefix).then_some("0"), "{} {firmware:?} {prefix}{source}", model.name);
                }
            }
            assert_eq!(parsed.parameters["sip.notify_reboot_enable"], "0");
            assert_eq!(parsed.provisioning.url.as_deref(), Some("https://phones.example.com:8443/cfg/d/4f1c9a/"));
            assert_eq!(parsed.provisioning.resync_seconds, Some(300));
        }
    }
}
