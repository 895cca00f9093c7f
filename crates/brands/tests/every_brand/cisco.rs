//! What is special about Cisco and Linksys: rules, dial plans, star codes, and file names by family.

use std::collections::BTreeMap;

use brands::{Body, Brand, Door, FileKind, Notice};
use domain::Secret;
use domain::settings::{Layer, Line, Resolved, Settings};

use crate::support::{CATALOGUE, carrier_of, door, full, line, mac, order_of, restricted};

fn brands() -> [&'static Brand; 2] {
    ["cisco", "linksys"].map(|name| CATALOGUE.brand(name).unwrap())
}

fn values(path: &str, kind: FileKind, body: Body<'_>) -> BTreeMap<String, String> {
    let (brand, model) = CATALOGUE.model(path).unwrap();
    let rendered = CATALOGUE.render(&order_of(brand, model, None, kind, body)).unwrap();
    CATALOGUE.parse(brand, &rendered.bytes).unwrap().parameters
}

fn with(settings: &[(&str, &str)]) -> Resolved {
    let layer: Settings = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Resolved::from_layers([(Layer::Site, &layer)])
}

#[test]
fn each_family_asks_for_a_first_file_of_its_own() {
    let check = |path: &str, expected: Option<&str>| {
        let (brand, model) = CATALOGUE.model(path).unwrap();
        let common: Vec<_> = brand.file_names(mac(), model).filter(|(_, kind)| *kind == FileKind::Common).map(|(name, _)| name).collect();
        assert_eq!(common, expected.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{path}");
        assert_eq!(brand.carrier_name(mac(), model).as_deref(), Some("0015651a2b3c.xml"), "{path}");
        if let Some(name) = common.first().filter(|name| *name != "init.cfg") {
            let sighting = CATALOGUE.identify(name, None);
            assert_eq!(
                sighting.model.map(|model| model.name.as_str()),
                Some(model.name.as_str()),
                "{path}: no other brand has such a name"
            );
        }
    };
    check("cisco/SPA112", Some("spa112.cfg"));
    check("cisco/SPA525G2", Some("spa525G2.cfg"));
    check("cisco/ATA191", Some("ata191.cfg"));
    check("cisco/8841", Some("8841-3PCC.xml"));
    check("linksys/SPA2102", Some("spa2102.cfg"));
    check("linksys/PAP2T", Some("init.cfg"));
    assert_eq!(CATALOGUE.identify("spa999.cfg", None).file, FileKind::Unknown, "no model of that name");
}

#[test]
fn the_first_file_leads_to_the_phones_own_at_the_front_door_at_once() {
    for path in ["cisco/SPA504G", "cisco/ATA192", "cisco/8841", "linksys/PAP2T"] {
        let told = values(path, FileKind::Common, Body::PublicIn { folder: "https://phones.example.com:8443/cfg/" });
        for rule in ["Profile_Rule", "Profile_Rule_B"] {
            assert_eq!(told[rule], "https://phones.example.com:8443/cfg/$MA.xml", "{path}");
        }
        let signpost = values(path, FileKind::Carrier, Body::Signpost { door: door(), language: "en" });
        assert_eq!(signpost["Profile_Rule"], "[--uid door-user --pwd door-password]https://phones.example.com:8443/cfg/d/4f1c9a/$MA.xml");
        assert_eq!(signpost["Profile_Rule_B"], "", "the second rule is taken back");
        let public = values(path, FileKind::Common, Body::Public);
        assert!(!public.contains_key("Profile_Rule"), "{path}: no rule that leads nowhere");
    }
}

#[test]
fn a_login_that_a_rule_would_take_for_something_else_is_refused() {
    let settings = Resolved::default();
    for brand in brands() {
        for wrong in ["a]b", "a b", "$MA", "a\"b", "a|b", "a#b", "[x"] {
            let secret = Secret::from(wrong);
            let refuse = |door| {
                CATALOGUE.render(&carrier_of(
                    brand,
                    brand.generic(),
                    None,
                    Body::Full { lines: &[], settings: &settings, door, language: "en" },
                ))
            };
            let said = refuse(Door { password: &secret, ..door() }).unwrap_err().to_string();
            assert_eq!(said, "door password: has a character that means something else in this brand's files");
            assert!(refuse(Door { user: wrong, ..door() }).unwrap_err().to_string().starts_with("door user: "));
            assert!(!said.contains(wrong));
        }
    }
}

#[test]
fn a_port_stands_behind_its_server_and_nowhere_else() {
    let settings = Resolved::default();
    let proxy = |server: &str, port| {
        let lines = [Line { server: server.into(), port, ..line("200") }];
        let (brand, model) = CATALOGUE.model("cisco/7821").unwrap();
        CATALOGUE
            .render(&carrier_of(brand, model, None, full(&lines, &settings)))
            .map(|rendered| CATALOGUE.parse(brand, &rendered.bytes).unwrap().parameters["Proxy_1_"].clone())
    };
    assert_eq!(proxy("pbx.example.com", None).unwrap(), "pbx.example.com");
    assert_eq!(proxy("[2001:db8::1]", Some(5061)).unwrap(), "[2001:db8::1]:5061");
    for server in ["pbx.example.com:5060", "2001:db8::1"] {
        let said = proxy(server, None).unwrap_err().to_string();
        assert_eq!(said, "line 1 server: has a colon: a port is told apart, an IPv6 address stands in brackets");
    }
}

#[test]
fn a_restricted_phone_has_no_star_code_and_calls_the_service_from_every_line() {
    let settings = Resolved::default();
    for brand in brands() {
        for model in brand.models().iter().chain([brand.generic()]) {
            let path = format!("{}/{}", brand.name(), model.name);
            let parse = |body| {
                let rendered = CATALOGUE.render(&carrier_of(brand, model, None, body)).unwrap();
                CATALOGUE.parse(brand, &rendered.bytes).unwrap().parameters
            };
            let (closed, open) = (parse(restricted(Notice::Needed)), parse(full(&[], &settings)));
            let codes: Vec<_> = closed.iter().filter(|(name, _)| name.ends_with("_Code") || name.ends_with("_Codes")).collect();
            assert!(codes.len() > 30, "{path}");
            assert!(codes.iter().all(|(_, value)| value.is_empty()), "{path}");
            for (name, code) in [("Cfwd_All_Act_Code", "*72"), ("DND_Act_Code", "*78")] {
                assert_eq!(open[name], code, "{path}");
            }
            let sent_on = with(&[("star_codes", "server")]);
            assert_eq!(parse(full(&[], &sent_on))["Cfwd_All_Act_Code"], "", "{path}");
            for slot in 1..=model.accounts {
                assert_eq!(closed[&format!("Dial_Plan_{slot}_")], "(S0<:*89>|112S0|110S0|911S0|[x*#].)", "{path}");
                assert_eq!(closed[&format!("Emergency_Number_{slot}_")], "112,110,911", "{path}");
                assert_eq!(closed[&format!("Auth_Resync-Reboot_{slot}_")], "No", "{path}");
                assert_eq!(open[&format!("Dial_Plan_{slot}_")], "([x*#].)", "{path}");
            }
            for kept in ["Profile_Rule_B", "Profile_Rule_D", "GPP_A", "GPP_P", "Report_Rule", "Resync_Trigger_1"] {
                assert_eq!((closed[kept].as_str(), open[kept].as_str()), ("", ""), "{path}: {kept} is a former provider's");
            }
        }
    }
}

#[test]
fn without_emergency_numbers_a_dial_plan_is_still_one() {
    let secret = Secret::from("claim-password");
    let Body::Restricted { account, notice, service_number, language, .. } = restricted(Notice::Needed) else { unreachable!() };
    let account = brands::RestrictedAccount { password: &secret, ..account };
    let body = Body::Restricted { notice, account, service_number, emergency_numbers: &[], door: door(), language };
    assert_eq!(values("cisco/SPA112", FileKind::Carrier, body)["Dial_Plan_2_"], "(S0<:*89>|[x*#].)");
}

#[test]
fn a_full_file_has_emergency_numbers_keys_and_a_plan_of_the_customers_own() {
    let lines = [line("200"), line("201")];
    let settings = with(&[
        ("emergency_numbers", "112,110"),
        ("linekey_2_type", "blf"),
        ("linekey_2_value", "201"),
        ("linekey_3_type", "speed_dial"),
        ("linekey_3_value", "*97"),
        ("linekey_3_label", "Mail & more"),
    ]);
    let told = values("cisco/SPA504G", FileKind::Carrier, full(&lines, &settings));
    assert_eq!(told["Dial_Plan_1_"], "(112S0|110S0|[x*#].)");
    assert_eq!((told["Extension_1_"].as_str(), told["Short_Name_1_"].as_str()), ("1", "200"));
    assert_eq!(
        (told["Extension_2_"].as_str(), told["Extended_Function_2_"].as_str()),
        ("Disabled", "fnc=sd+blf+cp;sub=201@$PROXY;nme=201")
    );
    assert_eq!(told["Extended_Function_3_"], "fnc=sd;ext=*97@$PROXY;nme=Mail & more");
    assert_eq!((told["Extension_4_"].as_str(), told["Short_Name_4_"].as_str()), ("Disabled", ""));
    let own = with(&[("dial_plan", "(<9:00>[x*].)")]);
    assert_eq!(values("linksys/SPA2102", FileKind::Carrier, full(&lines, &own))["Dial_Plan_2_"], "(<9:00>[x*].)");
}

#[test]
fn lines_that_a_phone_has_no_keys_for_are_shut_too() {
    for body in [restricted(Notice::Needed), full(&[], &Resolved::default())] {
        let told = values("cisco/7821", FileKind::Carrier, body);
        assert_eq!((told["Line_Enable_16_"].as_str(), told["Password_16_"].as_str(), told["User_ID_3_"].as_str()), ("No", "", ""));
    }
}

#[test]
fn the_door_is_no_raw_setting() {
    let (brand, model) = CATALOGUE.model("cisco/8841").unwrap();
    let settings = with(&[
        ("raw.cisco.Back_Light_Timer", "5m"),
        ("raw.cisco.Profile_Rule", "http://elsewhere.example.com/"),
        ("raw.cisco.GPP_A", "http://elsewhere.example.com/"),
        ("raw.cisco.Admin_Password", "x"),
    ]);
    let rendered = CATALOGUE.render(&carrier_of(brand, model, None, full(&[], &settings))).unwrap();
    let told = CATALOGUE.parse(brand, &rendered.bytes).unwrap();
    assert_eq!(told.parameters["Back_Light_Timer"], "5m");
    assert!(!String::from_utf8(rendered.bytes).unwrap().contains("elsewhere"));
    assert!(!told.parameters.contains_key("Admin_Password"));
}
