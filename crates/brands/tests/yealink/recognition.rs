//! Which phone, which file: every sample of the facts.

use brands::{Capability, FileKind};
use domain::Mac;
use proptest::prelude::*;

use crate::orders::CATALOGUE;

fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

fn mac(text: &str) -> Option<Mac> {
    text.parse().ok()
}

#[test]
fn every_user_agent_of_the_samples_is_understood() {
    let samples = include_str!("../../../../brands/yealink/samples/user-agents.txt");
    let mut seen = 0;
    for row in rows(samples) {
        let [agent, model, firmware, agent_mac] = row[..] else { panic!("{row:?}") };
        let sighting = CATALOGUE.identify("", Some(agent));
        assert_eq!(sighting.brand.map(brands::Brand::name), Some("yealink"), "{agent}");
        match sighting.model {
            Some(found) => assert_eq!(CATALOGUE.model(&format!("yealink/{model}")).unwrap().1.name, found.name, "{agent}"),
            None => assert_eq!(model, "-", "{agent}"),
        }
        assert_eq!(sighting.firmware.unwrap().as_str(), firmware, "{agent}");
        assert_eq!(sighting.agent_mac, mac(agent_mac), "{agent}");
        seen += 1;
    }
    assert!(seen > 40, "{seen} samples");
}

#[test]
fn every_request_of_the_samples_is_understood_with_and_without_user_agent() {
    for row in rows(include_str!("../../../../brands/yealink/samples/requests.txt")) {
        let [path, kind, file_mac] = row[..] else { panic!("{row:?}") };
        for agent in [None, Some("Yealink W52P 25.81.0.10 00:15:65:f4:f9:e1"), Some("curl/8.5.0"), Some("")] {
            let sighting = CATALOGUE.identify(path.trim_start_matches('/'), agent);
            assert_eq!((sighting.file.as_str(), sighting.mac), (kind, mac(file_mac)), "{path} {agent:?}");
            assert_eq!(sighting.brand.map(brands::Brand::name), Some("yealink"), "{path} {agent:?}");
        }
    }
}

#[test]
fn a_common_file_tells_the_model_where_nobody_else_does() {
    let model = |file, agent| CATALOGUE.identify(file, agent).model.map(|model| model.name.as_str());
    assert_eq!(model("y000000000066.cfg", None), Some("T46S"));
    assert_eq!(model("y000000000066.cfg", Some("Yealink SIP-T41S 66.86.0.15 00:15:65:1a:2b:3c")), Some("T41S"));
    assert_eq!(model("y000000000044.cfg", None), None, "T23P and T23G share it");
}

#[test]
fn a_user_agent_is_believed_no_further_than_its_words() {
    let sighting = CATALOGUE.identify("0015651a2b3c.cfg", Some("Yealink SIP-T99Z 66.86.0.15 00:15:65:1a:2b:3d"));
    assert_eq!((sighting.model.is_none(), sighting.mac == sighting.agent_mac), (true, false));
    let strange = CATALOGUE.identify("0015651a2b3c.cfg", Some("Toaster 1.2.3 00:15:65:1a:2b:3c"));
    assert_eq!((strange.agent_mac, strange.file), (None, FileKind::Carrier));
    let late = format!("{}Yealink SIP-T46S 66.86.0.15", " ".repeat(511));
    assert!(CATALOGUE.identify("", Some(&late)).model.is_some(), "blanks around the text are no part of it");
    let long = format!("Yealink SIP-T46S{}66.86.0.15 00:15:65:1a:2b:3c", " ".repeat(512));
    assert!(CATALOGUE.identify("", Some(&long)).firmware.is_none(), "what lies beyond 512 bytes is not looked at");
}

#[test]
fn the_model_table_is_complete_and_sound() {
    let brand = CATALOGUE.brand("YEALINK").unwrap();
    assert!(brand.models().len() > 65, "{} models", brand.models().len());
    for (name, accounts) in
        [("T19P_E2", 1), ("CP960", 1), ("T21P", 2), ("T23G", 3), ("T40P", 3), ("T27G", 6), ("T41S", 6), ("T42S", 12), ("T53W", 12)]
    {
        assert_eq!(brand.model(name).unwrap().accounts, accounts, "{name}");
    }
    for (name, accounts) in [("T29G", 16), ("T46S", 16), ("T48S", 16), ("T49G", 16), ("T54W", 16), ("T57W", 16), ("T58A", 16), ("W60B", 8)]
    {
        assert_eq!(brand.model(name).unwrap().accounts, accounts, "{name}");
    }
    for model in brand.models() {
        assert!(model.shortest_poll_seconds >= 60, "{}", model.name);
        assert!(model.common.as_ref().is_none_or(|id| id.len() == 3), "{}", model.name);
        let carries_claims = model.accounts > 0;
        assert_eq!(model.two_factor == Capability::No, !carries_claims, "{}", model.name);
    }
    let names: Vec<_> =
        brand.file_names("0015651a2b3c".parse().unwrap(), brand.model("T46S").unwrap()).map(|(name, _)| name).take(4).collect();
    assert_eq!(names, ["0015651a2b3c.boot", "y000000000000.boot", "y000000000066.cfg", "0015651a2b3c.cfg"]);
}

proptest! {
    #[test]
    fn nothing_is_too_odd_to_be_looked_at(file in "\\PC{0,140}", agent in "(Yealink )?(SIP)?[- ]?\\PC{0,600}") {
        let sighting = CATALOGUE.identify(&file, Some(&agent));
        prop_assert!(sighting.file == FileKind::Unknown || file.len() <= 128);
    }

    #[test]
    fn any_spelling_of_a_mac_in_a_file_name_is_the_same_phone(bytes in any::<[u8; 5]>(), upper in any::<[bool; 12]>()) {
        let [a, b, c, d, e] = bytes;
        let Ok(mac) = Mac::from_bytes([0, a, b, c, d, e]) else { return Ok(()) };
        let name = mac.to_string();
        let spelled: String = name.chars().zip(upper).map(|(c, up)| if up { c.to_ascii_uppercase() } else { c }).collect();
        let sighting = CATALOGUE.identify(&format!("{spelled}.cfg"), None);
        prop_assert_eq!(sighting.mac.map(|mac| mac.to_string()), Some(name));
        prop_assert_eq!(sighting.file, FileKind::Carrier);
    }
}
