//! What is special about Snom's two platforms.

use brands::{Body, Brand, FileKind, Notice, RenderError};
use domain::settings::{Layer, Line, Resolved, Settings, Transport};

use crate::support::{CATALOGUE, carrier_of, door, full, line, order_of, restricted, text};

fn snom() -> &'static Brand {
    CATALOGUE.brand("snom").unwrap()
}

fn file(path: &str, firmware: Option<&str>, body: Body<'_>) -> String {
    let (brand, model) = CATALOGUE.model(path).unwrap();
    text(&carrier_of(brand, model, firmware, body))
}

#[test]
fn no_later_login_is_shut_out() {
    let (lines, settings) = ([line("200")], Resolved::default());
    for model in snom().models() {
        let signpost = Body::Signpost { door: door(), language: "en" };
        for body in [restricted(Notice::Needed), signpost, full(&lines, &settings)] {
            let file = text(&carrier_of(snom(), model, None, body));
            let held = file.lines().filter(|line| line.contains("perm=\"!\""));
            for line in held {
                let may = ["<dnd_mode ", "<fwd_all_enabled ", "<fwd_busy_enabled ", "<fwd_time_enabled "];
                assert!(may.iter().any(|name| line.starts_with(name)), "{}: {line}", model.name);
            }
            for name in ["setting_server", "http_client_user", "http_client_pass"] {
                assert!(file.contains(&format!("<{name} perm=\"R\">")), "{}: {name}", model.name);
            }
        }
    }
}

#[test]
fn every_identity_dials_the_service_and_emergency_numbers_alone() {
    let file = file("snom/D385", Some("10.1.33.33"), restricted(Notice::Needed));
    let plan = r"|^112$|sip:112@\d|d |^110$|sip:110@\d|d |^911$|sip:911@\d|d |^(.+)$|sip:*89@\d|";
    for n in 1..=12 {
        assert!(file.contains(&format!("<user_dp_str idx=\"{n}\" perm=\"R\">{plan}</user_dp_str>")), "{n}");
    }
    assert!(file.contains(">112 110 911</keyboard_lock_emergency>"), "{file}");
    assert!(file.contains("<fkey idx=\"1\" context=\"1\" label=\"00:15:65:1a:2b:3c\" perm=\"R\">speed *89</fkey>"), "{file}");
    let settings = Resolved::default();
    let whole = self::file("snom/D385", Some("10.1.33.33"), full(&[line("200")], &settings));
    assert_eq!(whole.matches("perm=\"\"></user_dp_str>").count(), 12);
}

#[test]
fn a_users_forwarding_stays_unless_it_is_forbidden() {
    let perm = |word: &str| {
        let layer: Settings = [("call_forward".to_owned(), word.to_owned())].into();
        let settings = Resolved::from_layers([(Layer::Site, &layer)]);
        let file = file("snom/D315", None, full(&[line("200")], &settings));
        let line = file.lines().find(|line| line.starts_with("<fwd_all_enabled idx=\"1\"")).unwrap();
        line.to_owned()
    };
    assert!(perm("yes").contains("perm=\"!\">off") && perm("no").contains("perm=\"R\">off"));
}

#[test]
fn the_poll_has_the_generations_own_name() {
    let names = |firmware| {
        let file = file("snom/D345", firmware, restricted(Notice::Needed));
        ["<settings_refresh_timer ", "<prov_polling_period ", "<checksync_action "].map(|name| file.contains(name))
    };
    assert_eq!(names(Some("8.9.3.60")), [true, false, false]);
    assert_eq!(names(Some("10.1.54.13")), [false, true, true]);
    assert_eq!(names(None), [true, true, true]);
}

#[test]
fn the_common_file_says_nothing() {
    let (brand, model) = CATALOGUE.model("snom/D345").unwrap();
    let common = text(&order_of(brand, model, None, FileKind::Common, Body::Public));
    assert!(CATALOGUE.parse(brand, common.as_bytes()).unwrap().in_order.is_empty(), "{common}");
}

#[test]
fn a_file_name_tells_the_model_where_nobody_else_does() {
    let seen = |name: &str| {
        let sighting = CATALOGUE.identify(name, None);
        (sighting.brand.map(Brand::name), sighting.model.map(|model| model.name.as_str()), sighting.file)
    };
    assert_eq!(seen("snomD345-000413A11FA7.htm"), (Some("snom"), Some("D345"), FileKind::Carrier));
    assert_eq!(seen("snomD715.htm"), (Some("snom"), Some("715"), FileKind::Common));
    assert_eq!(seen("snomD999-000413A11FA7.htm"), (Some("snom"), None, FileKind::Carrier));
    assert_eq!(seen("M200SC_000413A11FA7.cfg"), (Some("snom-c"), Some("M200SC"), FileKind::Carrier));
    assert_ne!(seen("M999_000413A11FA7.cfg").0, Some("snom-c"), "any file might be called so");
    assert_eq!(seen("001565f4f9e1.cfg"), (Some("yealink"), None, FileKind::Carrier), "no model of this name");
}

#[test]
fn the_lines_of_a_base_share_its_servers() {
    let at = |user: &str, server: &str, transport| Line { server: server.into(), transport, ..line(user) };
    let (pbx, other) = ("pbx.example.com", "other.example.com");
    let lines = [at("1", pbx, Transport::Udp), at("2", other, Transport::Tls), at("3", pbx, Transport::Udp), at("4", pbx, Transport::Tls)];
    let settings = Resolved::default();
    let bytes = file("snom/M900", Some("07.40.0104"), full(&lines, &settings));
    let parsed = CATALOGUE.parse(snom(), bytes.as_bytes()).unwrap();
    let on: Vec<_> = parsed.accounts.iter().map(|one| (one.user.as_deref(), one.server.as_deref(), one.transport)).collect();
    let expected: Vec<_> = lines.iter().map(|one| (Some(one.user.as_str()), Some(one.server.as_str()), Some(one.transport))).collect();
    assert_eq!(on, expected);
    let servers: Vec<_> = (1..=5).map(|n| parsed.parameters.get(&format!("user_host!{n}")).map(String::as_str)).collect();
    assert_eq!(servers, [Some(pbx), Some(other), Some(pbx), None, None]);
}

#[test]
fn a_base_without_a_dial_plan_is_known_by_its_notice() {
    let read = |body| CATALOGUE.parse(snom(), file("snom/M300", Some("05.20.0001"), body).as_bytes()).unwrap();
    let settings = Resolved::default();
    let restricted = read(restricted(Notice::Failed));
    assert_eq!((restricted.notice.as_deref(), restricted.hotline), (Some("Authentication failed"), None));
    assert_eq!(read(full(&[line("200")], &settings)).notice, None);
}

#[test]
fn a_phone_book_is_a_page_for_the_phones_own_browser() {
    let (brand, desk) = CATALOGUE.model("snom/D385").unwrap();
    let (_, base) = CATALOGUE.model("snom/M300").unwrap();
    let mac = "000413a11fa7".parse().unwrap();
    assert_eq!(brand.phonebook_name(mac, desk).as_deref(), Some("snom-phonebook.xml"));
    assert_eq!(brand.phonebook_name(mac, base), None, "a base reads books of another form");
    let entries = [brands::Entry { name: "A & B".into(), number: "100".into() }];
    let book = text(&order_of(brand, desk, None, FileKind::Phonebook, Body::Phonebook { title: "Company", entries: &entries }));
    let entry = "<DirectoryEntry>\n<Name>A &amp; B</Name>\n<Telephone>100</Telephone>\n</DirectoryEntry>\n</SnomIPPhoneDirectory>\n";
    assert!(book.contains("<Title>Company</Title>\n") && book.ends_with(entry), "{book}");
}

#[test]
fn one_server_more_than_a_base_holds_is_refused() {
    let lines: Vec<_> = (1..=11).map(|n| Line { server: format!("pbx{n}.example.com"), ..line("200") }).collect();
    let settings = Resolved::default();
    let (brand, model) = CATALOGUE.model("snom/M700").unwrap();
    let refused = CATALOGUE.render(&carrier_of(brand, model, None, full(&lines, &settings))).unwrap_err();
    assert_eq!(refused.to_string(), "line 11 server: is one server more than the phone can hold");
    let (_, desk) = CATALOGUE.model("snom/D385").unwrap();
    assert!(CATALOGUE.render(&carrier_of(brand, desk, None, full(&lines, &settings))).is_ok(), "a desk phone has one for each line");
}

#[test]
fn a_port_has_a_place_of_its_own() {
    let settings = Resolved::default();
    let lines = [Line { server: "pbx.example.com:5070".into(), ..line("200") }];
    let (brand, model) = CATALOGUE.model("snom/D385").unwrap();
    let refused = CATALOGUE.render(&carrier_of(brand, model, None, full(&lines, &settings)));
    assert!(matches!(&refused, Err(RenderError::Value { key, .. }) if key == "line 1 server"), "{refused:?}");
    let lines = [Line { port: Some(5070), ..line("200") }];
    let parsed = CATALOGUE.parse(brand, file("snom/D385", None, full(&lines, &settings)).as_bytes()).unwrap();
    assert_eq!((parsed.accounts[0].server.as_deref(), parsed.accounts[0].port), (Some("pbx.example.com"), Some(5070)));
}

#[test]
fn raw_settings_of_the_other_platform_spoil_no_module() {
    let brand = CATALOGUE.brand("snom-c").unwrap();
    for name in ["sip_account.1.labell", "provisioning.server_address", "profile.admin.access_password", "user_name!1"] {
        assert!(!brand.takes_raw(name), "{name}");
    }
    assert!(brand.takes_raw("log.syslog_enable") && domain::settings::check_setting("raw.snom-c.log.syslog_enable", "1").is_ok());
    let layer: Settings = [("time_zone_text".to_owned(), "Europe/Berlin".to_owned())].into();
    let settings = Resolved::from_layers([(Layer::Site, &layer)]);
    let zone = |path| file(path, None, full(&[], &settings)).contains("time_date.selected_timezone = Europe/Berlin");
    assert_eq!((zone("snom-c/C520"), zone("snom-c/C620")), (true, false));
}
