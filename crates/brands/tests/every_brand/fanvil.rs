//! What is special about Fanvil: three syntaxes, parameters in modules and sections, keys whose values are composed.

use brands::{Brand, Model, Notice, Parsed};
use domain::settings::{Layer, Resolved, Settings};

use crate::support::{CATALOGUE, carrier_of, full, line, restricted, text};

/// One model of each syntax, and how its files name line 1's parameters.
const SYNTAXES: [(&str, &str, &str); 3] = [
    ("X2", "<<VOIP CONFIG FILE>>Version:2.0002", "SIP/SIP1_"),
    ("X4", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<VOIP_CONFIG_FILE>\n<version>2.0002</version>\n", "SIP/SIP1_"),
    ("X4U", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<sysConf>\n<Version>2.0000000000</Version>\n", "sip/line!1/"),
];

fn model(name: &str) -> (&'static Brand, &'static Model) {
    CATALOGUE.model(&format!("fanvil/{name}")).unwrap()
}

fn restricted_text(name: &str) -> String {
    let (brand, model) = model(name);
    text(&carrier_of(brand, model, None, restricted(Notice::Needed)))
}

fn full_text(name: &str, pairs: &[(&str, &str)]) -> String {
    let (brand, model) = model(name);
    let own: Settings = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let resolved = Resolved::from_layers([(Layer::Site, &own)]);
    text(&carrier_of(brand, model, None, full(&[line("200"), line("201")], &resolved)))
}

fn parsed(text: &str) -> Parsed {
    CATALOGUE.parse(CATALOGUE.brand("fanvil").unwrap(), text.as_bytes()).unwrap()
}

#[test]
fn each_generation_gets_its_own_syntax() {
    for (name, begins, _) in SYNTAXES {
        for file in [restricted_text(name), full_text(name, &[])] {
            assert!(file.starts_with(begins), "{name}: {}", &file[..80]);
        }
    }
    assert!(restricted_text("C58").ends_with("\n<<END OF FILE>>\n"));
}

#[test]
fn every_line_is_a_hotline_until_the_full_file_comes() {
    for (name, _, _) in SYNTAXES {
        let (open, done) = (parsed(&restricted_text(name)).parameters, parsed(&full_text(name, &[])).parameters);
        let lines = usize::from(model(name).1.accounts);
        let of = |parameters: &std::collections::BTreeMap<String, String>, end: &str, value: &str| {
            parameters.iter().filter(|(key, held)| key.to_lowercase().replace('_', "").ends_with(end) && *held == value).count()
        };
        assert_eq!((of(&open, "enablehotline", "1"), of(&done, "enablehotline", "0")), (lines, lines), "{name}");
        assert_eq!(of(&done, "hotlinenum", "*89"), 0, "{name}");
        assert!(of(&open, "hotlinenum", "*89") >= lines, "{name}");
    }
}

#[test]
fn other_sources_of_a_server_are_closed_and_nothing_blocks_calls() {
    for (name, zeros) in [
        (
            "X2",
            &["AUTOUPDATE/DHCP_Option", "AUTOUPDATE/PNP_Enable", "AUTOUPDATE/FDPS_Enable", "TELE/P1_Ban_Dial_Out", "PHONE/Enable_KeyLock"]
                [..],
        ),
        (
            "X4",
            &["AUTOUPDATE/DHCP_Option", "AUTOUPDATE/PNP_Enable", "AUTOUPDATE/FDPS_Enable", "TELE/P1_Ban_Dial_Out", "PHONE/Enable_KeyLock"],
        ),
        ("X4U", &["ap/opt/DHCPOption", "ap/pnp/PNPEnable", "call/port!1/BanDialOut", "phone/EnableKeyLock", "sip/NotifyReboot"]),
    ] {
        for file in [restricted_text(name), full_text(name, &[])] {
            let parameters = parsed(&file).parameters;
            for zero in zeros {
                assert_eq!(parameters.get(*zero).map(String::as_str), Some("0"), "{name} {zero}");
            }
        }
    }
}

#[test]
fn a_raw_setting_takes_the_place_of_the_templates_line_in_every_syntax() {
    for (name, _, prefix) in SYNTAXES {
        let ttl = if prefix.starts_with("sip") { "RegisterTTL" } else { "Register_TTL" };
        let (own, new) = (format!("raw.fanvil.{prefix}{ttl}"), format!("raw.fanvil.{prefix}PRACK"));
        let plain = parsed(&full_text(name, &[]));
        let with = parsed(&full_text(name, &[(own.as_str(), "60"), (new.as_str(), "1"), ("raw.fanvil.ap/FlashServerIP", "x")]));
        assert_eq!(with.parameters[&format!("{prefix}{ttl}")], "60", "{name}");
        assert_eq!(with.parameters[&format!("{prefix}PRACK")], "1", "{name}");
        assert_eq!(with.in_order.len(), plain.in_order.len() + 1, "{name}: one more, and none twice");
        assert_eq!(with.provisioning, plain.provisioning, "{name}");
    }
}

#[test]
fn keys_say_what_they_do_in_their_values() {
    let keys = [
        ("linekey_1_type", "line"),
        ("linekey_1_line", "2"),
        ("linekey_2_type", "blf"),
        ("linekey_2_value", "201"),
        ("linekey_2_extension", "*8201"),
        ("linekey_3_type", "speed_dial"),
        ("linekey_3_value", "112"),
        ("linekey_3_label", "Help"),
        ("linekey_4_type", "park"),
        ("linekey_4_value", "700"),
    ];
    for (name, path) in [("X4", "PHONE/Fkey{}_"), ("X4U", "dsskey/internal!1/Fkey!{}/"), ("V61G", "dsskey/dssSide!1/Fkey!{}/")] {
        let parameters = parsed(&full_text(name, &keys)).parameters;
        let of = |n: &str, what: &str| parameters[&format!("{}{what}", path.replace("{}", n))].clone();
        let expected = [("1", "2", "SIP2"), ("2", "1", "201@1/ba*8201"), ("3", "1", "112@1/f"), ("4", "1", "700@1/c")];
        for (n, kind, value) in expected {
            assert_eq!((of(n, "Type").as_str(), of(n, "Value").as_str()), (kind, value), "{name} {n}");
        }
        assert_eq!(of("3", "Title"), "Help", "{name}");
    }
}

#[test]
fn the_first_button_of_a_door_phone_calls_the_service() {
    let parameters = parsed(&restricted_text("i10SV")).parameters;
    assert_eq!((parameters["dsskey/dssSoft!1/Type"].as_str(), parameters["dsskey/dssSoft!1/Value"].as_str()), ("1", "*89@1/f"));
}

#[test]
fn the_first_phones_count_time_zones_in_a_list_of_their_own() {
    for (name, key, zone) in [("C58", "GLOBAL/Time_Zone", "27"), ("X2", "GLOBAL/Time_Zone", "4"), ("X4U", "phone/date/TimeZone", "4")] {
        assert_eq!(parsed(&full_text(name, &[("time_zone", "+1")])).parameters[key], zone, "{name}");
    }
}
