//! What the two bodies of every brand tell, read back.

use brands::{Body, Brand, Model, Notice, Parsed};
use domain::settings::Resolved;

use crate::cast::{NO_POLL, SOME_SLOTS, all_models, firmwares, names};
use crate::support::{CATALOGUE, DOOR, carrier_of, full, line, restricted};

fn parsed(brand: &Brand, model: &Model, firmware: Option<&str>, body: Body<'_>) -> Parsed {
    let rendered = CATALOGUE.render(&carrier_of(brand, model, firmware, body)).unwrap();
    CATALOGUE.parse(brand, &rendered.bytes).unwrap()
}

/// The phone comes back to its own door, with its login, in time.
fn comes_back(brand: &Brand, model: &Model, parsed: &Parsed) {
    let (name, way) = (format!("{}/{}", brand.name(), model.name), &parsed.provisioning);
    assert_eq!(way.url.as_deref(), Some(DOOR), "{name}");
    let login = (way.user.as_deref(), way.password.as_ref().map(|password| password.expose().as_str()));
    let expected = if brand.logs_in_by_path() { (None, None) } else { (Some("door-user"), Some("door-password")) };
    assert_eq!(login, expected, "{name}");
    match way.resync_seconds {
        Some(seconds) => assert!(seconds >= 300 && seconds <= model.shortest_poll_seconds.max(3_600), "{name}: every {seconds} s"),
        None => assert!(names(NO_POLL, brand), "{name} has no poll"),
    }
}

#[test]
fn every_slot_of_a_restricted_phone_has_the_claims_account_and_calls_the_service() {
    for (brand, model) in all_models().filter(|(_, model)| model.accounts > 0) {
        let some = SOME_SLOTS.iter().any(|(named, kind, _)| *named == brand.name() && *kind == model.kind);
        for firmware in firmwares(brand) {
            let parsed = parsed(brand, model, firmware.as_deref(), restricted(Notice::Blocked));
            let name = format!("{}/{}", brand.name(), model.name);
            comes_back(brand, model, &parsed);
            let on: Vec<_> = parsed.accounts.iter().filter(|account| account.enabled).collect();
            assert!(on.len() == usize::from(model.accounts) || some && !on.is_empty(), "{name}: {} accounts are on", on.len());
            for account in &parsed.accounts {
                assert_eq!(account.user.as_deref(), Some("claim-user"), "{name} slot {}", account.slot);
                assert_eq!(account.password.as_ref().map(|p| p.expose().as_str()), Some("claim-password"), "{name}");
                assert_eq!(account.server.as_deref(), Some("phones.example.com"), "{name} slot {}", account.slot);
            }
            if model.hotline == brands::Capability::Yes {
                assert_eq!(parsed.hotline.as_deref(), Some("*89"), "{name}");
            }
            if model.screen == brands::Capability::Yes {
                assert!(parsed.notice.as_deref().is_some_and(|notice| notice.contains("blocked")), "{name}: {:?}", parsed.notice);
                let shown = parsed.mac_key.unwrap_or_else(|| panic!("{name} shows no MAC")).to_ascii_lowercase();
                assert!(shown.contains("1a2b3c") || shown.contains("1a:2b:3c"), "{name}: {shown}");
            }
        }
    }
}

#[test]
fn a_full_file_reads_back_pins_the_phone_and_leaves_no_other_slot_on() {
    let (lines, settings) = ([line("200"), line("201")], Resolved::default());
    for (brand, model) in all_models().filter(|(_, model)| model.accounts > 0) {
        let used = &lines[..lines.len().min(usize::from(model.accounts))];
        for firmware in firmwares(brand) {
            let parsed = parsed(brand, model, firmware.as_deref(), full(used, &settings));
            let name = format!("{}/{}", brand.name(), model.name);
            comes_back(brand, model, &parsed);
            let slots: Vec<_> = parsed.accounts.iter().map(|account| (account.user.as_deref(), account.server.as_deref())).collect();
            let expected: Vec<_> = used.iter().map(|line| (Some(line.user.as_str()), Some(line.server.as_str()))).collect();
            assert_eq!(slots, expected, "{name}");
            assert_eq!((parsed.notice, parsed.hotline, parsed.mac_key), (None, None, None), "{name}");
        }
    }
}

#[test]
fn every_brand_passes_the_rehearsal_that_an_operators_folder_leads_to() {
    let folder = tempfile::tempdir().unwrap();
    assert!(brands::Catalogue::load(Some(folder.path())).is_ok_and(|catalogue| catalogue.brands().len() == CATALOGUE.brands().len()));
}
