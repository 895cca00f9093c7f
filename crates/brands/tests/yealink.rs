//! Yealink, end to end.

use brands::*;
use domain::settings::*;
use domain::*;

#[test]
fn a_phone_is_told_its_door_and_its_accounts() {
    let catalogue = Catalogue::embedded();
    let (brand, model) = catalogue.model("yealink/T21P_E2").unwrap();
    let mac = "0015651a2b3c".parse().unwrap();
    let password = Secret::from("door-pass");
    let door = Door { url: "https://phones.example.com:8443/cfg/d/h/", user: "u", password: &password, poll_seconds: 60 };
    let restricted = Body::Restricted {
        notice: Notice::Needed,
        account: RestrictedAccount { user: "c1", password: &password, server: "phones.example.com", port: 5060, transport: Transport::Udp },
        service_number: "*89",
        emergency_numbers: &["112".to_owned()],
        door,
        language: "en",
    };
    let line: Line = Line {
        user: "200".into(),
        auth_user: None,
        password: Secret::from("sip"),
        server: "pbx.example.com".into(),
        port: None,
        transport: Transport::Tls,
        outbound_proxy: None,
        extension: Some("200".into()),
        name: Some("Desk".into()),
        settings: Settings::default(),
    };
    let settings = Resolved::default();
    let full = Body::Full { lines: std::slice::from_ref(&line), settings: &settings, door, language: "de" };
    let parse = |file, body| {
        let order = Order { brand, model, firmware: None, mac: Some(mac), file, body };
        catalogue.parse(brand, &catalogue.render(&order).unwrap().bytes).unwrap()
    };
    let boot = parse(FileKind::Boot, Body::Public);
    assert_eq!((boot.includes, boot.overwrite_mode), (vec!["0015651a2b3c.cfg".to_owned()], Some(true)));
    assert!(parse(FileKind::Common, Body::Public).in_order.is_empty());
    let signpost = parse(FileKind::Carrier, Body::Signpost { door, language: "en" });
    assert_eq!(signpost.provisioning.url.as_deref(), Some(door.url));
    assert_eq!((signpost.accounts.len(), signpost.notice), (0, None));
    let restricted = parse(FileKind::Carrier, restricted);
    assert_eq!(restricted.notice.as_deref(), Some("Authentication needed"));
    assert_eq!(restricted.accounts.len(), 2);
    let full = parse(FileKind::Carrier, full);
    assert_eq!((full.accounts.len(), full.notice), (1, None));
}
