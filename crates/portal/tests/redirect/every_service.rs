//! Every service: a device is registered, follows the global login, and is removed.

use ::redirect::Kind;
use domain::Mac;
use phonesim::services::fdps::Fdps;
use phonesim::services::gdms::{self, Gdms};
use phonesim::services::gigaset_xmlrpc::GigasetXmlrpc;
use phonesim::services::panasonic::Panasonic;
use phonesim::services::poly_zero_touch::PolyZeroTouch;
use phonesim::services::snom_xmlrpc::SnomXmlrpc;
use phonesim::services::sraps::{Maker, Sraps};
use phonesim::services::ymcs::Ymcs;
use phonesim::services::{Emulator, Provider};
use portal::admin::redirect::{self, Standing};

use crate::world::World;

const LOGIN: [(&str, &str); 2] = [("user", "dealer"), ("password", "secret")];
const KEY: [(&str, &str); 2] = [("key_id", "key-1"), ("secret", "secret-1")];

struct Case {
    kind: Kind,
    path: &'static str,
    mac: &'static str,
    model: &'static str,
    fields: Vec<(&'static str, &'static str)>,
    /// What an address of the device's own ends in; none where the login travels beside the address.
    file: Option<&'static str>,
}

async fn live<P: Provider>(case: Case, provider: P) {
    let service = Emulator::start(provider).await.unwrap();
    let base = format!("{}{}", service.base(), case.path);
    let world = World::new(&[(case.kind, base, service.authority_pem().to_owned())]).await;
    let account = world.add_account(case.kind.name(), None, &case.fields).await;
    assert_eq!(redirect::test(&world.admin, &World::by(), account.id).await.unwrap().state, "working");
    world.add(case.mac, case.model, "Office").await;
    world.label(case.mac, "SERIAL-1", "AB12").await;
    world.reconcile().await;
    let standing = world.standing(case.mac).await;
    assert_eq!(standing.standing, Standing::Listed, "{standing:?}");
    let mac: Mac = case.mac.parse().unwrap();
    let directions = || service.provider().directions(mac);
    let first = directions().unwrap();
    let says = |directions: &phonesim::services::Directions, password: &str| match case.file {
        None => directions.url == "https://phones.example.com:8443/cfg/" && directions.password == password,
        Some(file) => {
            let (url, file) = (filled(&directions.url, case.mac), filled(file, case.mac));
            let token = url.strip_prefix("https://phones.example.com:8443/cfg/g/").and_then(|rest| rest.strip_suffix(file.as_str()));
            token.is_some_and(|token| token.trim_end_matches('/').len() == 32)
        }
    };
    let password = portal::admin::global_login::show(&world.admin, &World::by(), None).await.unwrap()[0].password.clone();
    assert!(says(&first, &password), "{}", first.url);

    let password = world.rotate(None).await;
    world.reconcile().await;
    let standing = world.standing(case.mac).await;
    assert_eq!(standing.standing, Standing::Listed, "{standing:?}");
    let second = directions().unwrap();
    assert!(says(&second, &password) && second != first, "{}", second.url);
    if case.file.is_some() {
        let shown = redirect::address(&world.admin, &World::by(), case.mac).await.unwrap();
        let (shown, told) = (filled(shown.expose(), case.mac), filled(&second.url, case.mac));
        assert_eq!(shown, told, "what is entered by hand is what is registered");
    }
    world.delete(case.mac).await;
    world.reconcile().await;
    assert_eq!(directions(), None);
    assert_eq!(world.account(account.id).await.listed, 0);
}

/// An address as the phone has it: some services fill in the MAC, others leave that to their phones.
fn filled(address: &str, mac: &str) -> String {
    address.replace("$mac", mac).replace("{MAC}", &mac.to_uppercase()).replace("%MACD", &mac.to_uppercase())
}

#[tokio::test]
async fn yealink() {
    let case = Case { kind: Kind::YealinkYmcs, path: "", mac: "001565000001", model: "yealink/T46S", fields: KEY.to_vec(), file: None };
    live(case, Ymcs::new(KEY[0].1, KEY[1].1)).await;
}

#[tokio::test]
async fn poly() {
    let fields = vec![("api_key", "poly-key")];
    let case = Case { kind: Kind::PolyZeroTouch, path: "/v1", mac: "0004f2000001", model: "poly/VVX411", fields, file: None };
    live(case, PolyZeroTouch::new("poly-key")).await;
}

#[tokio::test]
async fn grandstream() {
    let fields = vec![("user", "dealer"), ("password", "secret"), ("client_id", "100001"), ("client_secret", "gdmssecret")];
    let case = Case { kind: Kind::GrandstreamGdms, path: "/oapi", mac: "000b82000001", model: "grandstream/GXP2170", fields, file: None };
    let mut provider = Gdms::new(gdms::Credentials {
        user: "dealer".into(),
        password: "secret".into(),
        client_id: "100001".into(),
        client_secret: "gdmssecret".into(),
    });
    provider.make(case.mac.parse().unwrap(), "SERIAL-1");
    live(case, provider).await;
}

#[tokio::test]
async fn snom_sraps() {
    let case =
        Case { kind: Kind::SnomSraps, path: "/api/v1/", mac: "000413000001", model: "snom/D785", fields: KEY.to_vec(), file: Some("/") };
    live(case, Sraps::new(Maker::Snom, KEY[0].1, KEY[1].1)).await;
}

#[tokio::test]
async fn gigaset_grape() {
    let (fields, file) = (KEY.to_vec(), Some("%MACD.xml"));
    let case = Case { kind: Kind::GigasetGrape, path: "/api/v1/", mac: "7c2f80000001", model: "gigaset/N670", fields, file };
    live(case, Sraps::new(Maker::Gigaset, KEY[0].1, KEY[1].1)).await;
}

#[tokio::test]
async fn snom_xmlrpc() {
    let (fields, path) = (LOGIN.to_vec(), SnomXmlrpc::PATH);
    let case = Case { kind: Kind::SnomXmlrpc, path, mac: "000413000001", model: "snom/D785", fields, file: Some("/") };
    live(case, SnomXmlrpc::new(LOGIN[0].1, LOGIN[1].1)).await;
}

#[tokio::test]
async fn gigaset_xmlrpc() {
    let (fields, path, file) = (LOGIN.to_vec(), GigasetXmlrpc::PATH, Some("%MACD.xml"));
    let case = Case { kind: Kind::GigasetXmlrpc, path, mac: "7c2f80000001", model: "gigaset/N670", fields, file };
    let mut provider = GigasetXmlrpc::new(LOGIN[0].1, LOGIN[1].1);
    provider.label(case.mac.parse().unwrap(), "AB12");
    live(case, provider).await;
}

#[tokio::test]
async fn panasonic() {
    let (fields, path) = (LOGIN.to_vec(), Panasonic::PATH);
    let case = Case {
        kind: Kind::PanasonicXmlrpc,
        path,
        mac: "bcc342000001",
        model: "panasonic/KX-HDV130",
        fields,
        file: Some("Config{MAC}.cfg"),
    };
    live(case, Panasonic::new(LOGIN[0].1, LOGIN[1].1)).await;
}

#[tokio::test]
async fn fanvil() {
    let (fields, path) = (LOGIN.to_vec(), Fdps::PATH);
    let case = Case { kind: Kind::FanvilFdps, path, mac: "0c383e000001", model: "fanvil/X5U", fields, file: Some("$mac.cfg") };
    live(case, Fdps::new(LOGIN[0].1, LOGIN[1].1)).await;
}
