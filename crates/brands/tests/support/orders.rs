//! Orders that the tests of all brands share.

use std::sync::LazyLock;

use brands::{Body, Brand, Catalogue, Door, FileKind, Model, Notice, Order, RestrictedAccount};
use domain::settings::{Line, Resolved, Settings, Transport};
use domain::{Mac, Secret};

/// One catalogue for all tests, as in a server.
pub static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::embedded);

static DOOR_PASSWORD: LazyLock<Secret<String>> = LazyLock::new(|| Secret::from("door-password"));
static CLAIM_PASSWORD: LazyLock<Secret<String>> = LazyLock::new(|| Secret::from("claim-password"));
static NUMBERS: LazyLock<Vec<String>> = LazyLock::new(|| vec!["112".into(), "110".into(), "911".into()]);

/// Where the files send their phone.
pub const DOOR: &str = "https://phones.example.com:8443/cfg/d/4f1c9a/";

pub fn mac() -> Mac {
    "0015651a2b3c".parse().unwrap()
}

pub fn door() -> Door<'static> {
    Door { url: DOOR, user: "door-user", password: &DOOR_PASSWORD, poll_seconds: 300, file_key: None }
}

pub fn restricted(notice: Notice) -> Body<'static> {
    let account = RestrictedAccount {
        user: "claim-user",
        password: &CLAIM_PASSWORD,
        server: "phones.example.com",
        port: 5060,
        transport: Transport::Udp,
    };
    Body::Restricted { notice, account, service_number: "*89", emergency_numbers: &NUMBERS, door: door(), language: "en" }
}

pub fn full<'a>(lines: &'a [Line], settings: &'a Resolved) -> Body<'a> {
    Body::Full { lines, settings, door: door(), language: "en" }
}

pub fn line(user: &str) -> Line {
    Line {
        user: user.into(),
        auth_user: None,
        password: Secret::from("line-password"),
        server: "pbx.example.com".into(),
        port: None,
        transport: Transport::Udp,
        outbound_proxy: None,
        extension: None,
        name: None,
        settings: Settings::default(),
    }
}

/// A carrier file of a brand.
pub fn carrier_of<'a>(brand: &'a Brand, model: &'a Model, firmware: Option<&str>, body: Body<'a>) -> Order<'a> {
    order_of(brand, model, firmware, FileKind::Carrier, body)
}

pub fn order_of<'a>(brand: &'a Brand, model: &'a Model, firmware: Option<&str>, file: FileKind, body: Body<'a>) -> Order<'a> {
    Order { brand, model, firmware: firmware.map(|text| text.parse().unwrap()), mac: Some(mac()), file, body }
}

pub fn text(order: &Order<'_>) -> String {
    String::from_utf8(CATALOGUE.render(order).unwrap().bytes).unwrap()
}
