//! Which phone, which file: every sample of every brand.

use brands::Brand;
use domain::Mac;

use crate::cast::{file, rows};
use crate::support::CATALOGUE;

fn mac(text: &str) -> Option<Mac> {
    text.parse().ok()
}

#[test]
fn every_user_agent_of_the_samples_is_understood() {
    for brand in CATALOGUE.brands() {
        let samples = file(brand, "samples/user-agents.txt");
        for row in rows(&samples) {
            let [agent, model, firmware, agent_mac] = row[..] else { panic!("{}: {row:?}", brand.name()) };
            let sighting = CATALOGUE.identify("", Some(agent));
            assert_eq!(sighting.brand.map(Brand::name), Some(brand.name()), "{agent}");
            let found = sighting.model.map_or("-", |model| model.name.as_str());
            let expected = brand.model(model).map_or("-", |model| model.name.as_str());
            assert_eq!(found, expected, "{agent}");
            assert_eq!(sighting.firmware.map_or("-".to_owned(), |firmware| firmware.to_string()), firmware, "{agent}");
            assert_eq!(sighting.agent_mac, mac(agent_mac), "{agent}");
        }
    }
}

#[test]
fn every_request_of_the_samples_is_understood() {
    for brand in CATALOGUE.brands() {
        let (requests, agents) = (file(brand, "samples/requests.txt"), file(brand, "samples/user-agents.txt"));
        let agent = rows(&agents).next().map(|row| row[0]);
        let mut seen = 0;
        for row in rows(&requests) {
            let [path, kind, file_mac] = row[..] else { panic!("{}: {row:?}", brand.name()) };
            let sighting = CATALOGUE.identify(path.trim_start_matches('/'), agent);
            let told = (sighting.file.as_str(), sighting.mac);
            assert_eq!(told, (kind, mac(file_mac)), "{} {path}", brand.name());
            // Without a User-Agent the MAC's first half tells the brand, if the sample's is one of its own.
            let bare = CATALOGUE.identify(path.trim_start_matches('/'), None);
            if let Some(mac) = mac(file_mac)
                && CATALOGUE.brands().iter().filter(|other| other.has_oui(mac)).count() == 1
                && brand.has_oui(mac)
            {
                assert_eq!(bare.brand.map(Brand::name), Some(brand.name()), "{path}");
                assert_eq!(bare.file.as_str(), kind, "{path}");
            }
            seen += 1;
        }
        assert!(seen > 0, "{}: samples/requests.txt has no request", brand.name());
    }
}

#[test]
fn every_brand_says_which_file_is_the_carrier_and_has_a_guide() {
    let index = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/brands.md")).unwrap();
    for (brand, model) in crate::cast::all_models() {
        let name = brand.carrier_name("0015651a2b3c".parse().unwrap(), model);
        let name = name.unwrap_or_else(|| panic!("{}/{} has no carrier file", brand.name(), model.name));
        assert!(name.to_ascii_lowercase().contains("0015651a2b3c"), "{}: {name}", brand.name());
        assert!(brand.guide().len() > 400, "{}: guide.md", brand.name());
        assert!(index.contains(&format!("(../brands/{}/guide.md)", brand.name())), "docs/brands.md has no row for {}", brand.name());
    }
}
