//! Phones out of the carton, which ask their makers' services, played.

use std::any::Any;

use base64::Engine as _;
use domain::Mac;
use md5::{Digest as _, Md5};
use phonesim::services::fdps::Fdps;
use phonesim::services::gdms::{self, Gdms};
use phonesim::services::gigaset_xmlrpc::GigasetXmlrpc;
use phonesim::services::panasonic::Panasonic;
use phonesim::services::poly_zero_touch::PolyZeroTouch;
use phonesim::services::snom_xmlrpc::SnomXmlrpc;
use phonesim::services::sraps::{Maker, Sraps};
use phonesim::services::ymcs::Ymcs;
use phonesim::services::{Emulator, Provider};
use phonesim::{Address, Answer, Behaviour, Client, Display, Identity, Login, Outcome, Phone, RedirectService, Request, Tls, Transcript};
use serde_json::{Value, json};

use crate::server::{Demand, Server};
use crate::{ACCOUNT, config, door};

/// A service that plays as long as this lives.
struct Played {
    service: RedirectService,
    _open: Box<dyn Any>,
}

async fn open<P: Provider>(provider: P) -> Emulator<P> {
    Emulator::start(provider).await.unwrap()
}

fn played<P: Provider>(emulator: Emulator<P>) -> Played {
    Played { service: emulator.for_phones(), _open: Box::new(emulator) }
}

/// A call as the service's clients make it.
async fn call<P: Provider>(emulator: &Emulator<P>, method: &str, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
    let client = Client::new(Tls::authorities(emulator.authority_pem().as_bytes(), true).unwrap());
    let request = headers.iter().fold(Request::new(method, path), |request, (name, value)| request.header(name, value));
    client.send(&emulator.base().parse().unwrap(), request.body(body)).await.unwrap()
}

/// The same of XML-RPC: `["a", "b"]` are strings, `[["a"]]` is an array of them. It must succeed.
async fn rpc<P: Provider>(emulator: &Emulator<P>, path: &str, password: &str, procedure: &str, params: &Value) {
    let text = |value: &Value| format!("<value><string>{}</string></value>", value.as_str().unwrap().replace('&', "&amp;"));
    let joined = |all: &[Value], one: &dyn Fn(&Value) -> String| all.iter().map(one).collect::<Vec<_>>().concat();
    let param = |param: &Value| match param.as_array() {
        Some(texts) => format!("<param><value><array><data>{}</data></array></value></param>", joined(texts, &text)),
        None => format!("<param>{}</param>", text(param)),
    };
    let params = joined(params.as_array().unwrap(), &param);
    let body = format!("<methodCall><methodName>{procedure}</methodName><params>{params}</params></methodCall>");
    let login = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("user:{password}")));
    let answer = call(emulator, "POST", path, &[("content-type", "text/xml"), ("authorization", &login)], body).await;
    assert!(answer.text().contains("<boolean>1</boolean>"), "{procedure}: {}", answer.text());
}

/// What a test knows of a device that is registered.
struct Registered<'r> {
    mac: Mac,
    url: &'r str,
}

impl Registered<'_> {
    fn upper(&self) -> String {
        self.mac.to_string().to_ascii_uppercase()
    }

    /// One server, with user and password, and the device on it.
    async fn at_yealink(self) -> Played {
        let emulator = open(Ymcs::new("key", "secret")).await;
        let now = clock_ms().to_string();
        let basic = base64::engine::general_purpose::STANDARD.encode("key:secret");
        let nonce = |n: usize| format!("{n:032x}");
        let head = |n: usize, login: String| vec![("timestamp", now.clone()), ("nonce", nonce(n)), ("authorization", login)];
        let post = async |n, login, path: &str, body: Value| {
            let head = head(n, login);
            let head: Vec<_> = head.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = call(&emulator, "POST", path, &head, body.to_string()).await;
            assert!((200..300).contains(&answer.status), "{}", answer.text());
            serde_json::from_slice::<Value>(&answer.body).unwrap()
        };
        let token = post(1, format!("Basic {basic}"), "/v2/token", json!({ "grant_type": "client_credentials" })).await;
        let token = format!("Bearer {}", token["access_token"].as_str().unwrap());
        let server = json!({ "serverName": "ours", "url": self.url, "authName": "phone", "password": "leaflet" });
        let server = post(2, token.clone(), "/v2/rps/servers", server).await;
        let device = json!({ "mac": self.mac.to_string(), "sn": "FICT0001", "serverId": server["id"] });
        post(3, token, "/v2/rps/devices", device).await;
        played(emulator)
    }

    async fn at_poly(self) -> Played {
        let emulator = open(PolyZeroTouch::new("key")).await;
        let server = json!({ "address": self.url, "username": "phone", "password": "leaflet" });
        let profile = json!({ "name": "ours", "enabled": true, "template": { "provisioning": { "server": server } } });
        let profile = call(&emulator, "POST", "/v1/profiles", &[("api-key", "key")], profile.to_string()).await;
        let profile: Value = serde_json::from_slice(&profile.body).unwrap();
        let device = json!({ "id": self.mac.to_string(), "profile": profile["id"] });
        assert_eq!(call(&emulator, "POST", "/v1/devices", &[("api-key", "key")], device.to_string()).await.status, 200);
        played(emulator)
    }

    /// A configuration that says where to go.
    async fn at_grandstream(self) -> Played {
        let text = |text: &str| text.to_owned();
        let credentials =
            gdms::Credentials { user: text("user"), password: text("word"), client_id: text("id"), client_secret: text("secret") };
        let emulator = open(Gdms::new(credentials)).await;
        let path = self.url.strip_prefix("https://").unwrap().trim_end_matches('/');
        let values = format!("<P212>2</P212><P237>{path}</P237><P1360>phone</P1360><P1361>leaflet</P1361>");
        let config = format!("<gs_provision version=\"1\"><config version=\"1\">{values}</config></gs_provision>");
        emulator.provider().add_by_hand(self.mac, "FICT0001");
        emulator.provider().configure_by_hand(self.mac, &config);
        played(emulator)
    }

    async fn at_snom(self) -> Played {
        let emulator = open(SnomXmlrpc::new("user", "word")).await;
        rpc(&emulator, SnomXmlrpc::PATH, "word", "redirect.registerPhone", &json!([self.upper(), self.url])).await;
        played(emulator)
    }

    async fn at_sraps(self, maker: Maker) -> Played {
        let emulator = open(Sraps::new(maker, "key", "secret")).await;
        emulator.provider().add_by_hand(self.mac, "desk", self.url);
        played(emulator)
    }

    async fn at_panasonic(self) -> Played {
        let emulator = open(Panasonic::new("user", "word")).await;
        rpc(&emulator, Panasonic::PATH, "word", "ipredirect.registerPhone", &json!([self.upper(), self.url])).await;
        played(emulator)
    }

    async fn at_gigaset(self) -> Played {
        let emulator = open(GigasetXmlrpc::new("user", "word")).await;
        emulator.provider().label(self.mac, "FICT");
        let params = json!([format!("{}-FICT", self.upper()), self.url, "ours"]);
        rpc(&emulator, GigasetXmlrpc::PATH, "word", "autoprov.registerDevice", &params).await;
        played(emulator)
    }

    /// A record of host and file, and the device with it.
    async fn at_fanvil(self) -> Played {
        let emulator = open(Fdps::new("user", "word")).await;
        let word = md5_hex(&md5_hex("word"));
        let (host, file) = self.url.strip_prefix("https://").unwrap().split_once('/').unwrap();
        let fields = ["cfgName=ours".to_owned(), format!("cfgPfSrv={host}"), format!("cfgPfName={file}"), "cfgPfProt=5".to_owned()];
        rpc(&emulator, Fdps::PATH, &word, "redirect.addMaterialServer", &json!([fields])).await;
        rpc(&emulator, Fdps::PATH, &word, "redirect.registerDevice", &json!([self.upper(), "ours"])).await;
        played(emulator)
    }
}

fn md5_hex(text: &str) -> String {
    format!("{:032x}", u128::from_be_bytes(Md5::digest(text).into()))
}

#[expect(clippy::disallowed_methods, reason = "the edge of a test: the played services have a real clock")]
fn clock_ms() -> u128 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()
}

/// An address on the provisioning server, by the name in its certificate.
fn url(server: &Server, path: &str) -> String {
    format!("https://phones.example.com:{}{path}", server.address.port())
}

/// A phone that trusts the provisioning server's authority, and no other for that.
fn behaviour(server: &Server) -> Behaviour {
    let mut behaviour = Behaviour::unhurried(server.trusted(true));
    behaviour.client.resolve = Some(server.address.ip());
    behaviour
}

/// The phone's questions to its maker, and what came of each.
fn questions(transcript: &Transcript) -> Vec<String> {
    let asked = transcript.exchanges().filter(|exchange| exchange.target.starts_with("/phones/"));
    asked.map(|exchange| format!("{} {}", exchange.target, exchange.status.unwrap_or_default())).collect()
}

/// What the server was asked for, each path once.
fn paths(server: &Server) -> Vec<String> {
    let mut paths: Vec<_> = server.take_seen().iter().map(|line| line.split(' ').nth(2).unwrap().to_owned()).collect();
    paths.dedup();
    paths
}

/// Out of the carton it asks its maker, then the server that it is told of, for these files and with that login; again after a reset,
/// and never else.
async fn check(server: &Server, identity: Identity, played: Played, login: Option<&str>, expected: &[&str]) {
    let mac = identity.mac;
    let told = vec![format!("/phones/{mac} 200")];
    let mut phone = Phone::from_carton(identity, behaviour(server), played.service);
    for what in ["out of the carton", "after a reset"] {
        assert!(phone.is_factory_fresh(), "{phone:?} {what}");
        let mut transcript = Transcript::default();
        phone.boot(&mut transcript).await;
        assert_eq!(questions(&transcript), told, "{what}\n{transcript}");
        assert_eq!(paths(server), expected, "{what}\n{transcript}");
        assert_eq!(phone.own_login(), login.map(|user| Login::new(user, "leaflet")), "{what}\n{transcript}");
        assert!(!transcript.to_string().contains("t0ken") && !transcript.to_string().contains("leaflet"), "{transcript}");

        let mut transcript = Transcript::default();
        phone.boot(&mut transcript).await;
        assert_eq!(questions(&transcript), Vec::<String>::new(), "{what}, once\n{transcript}");
        assert_eq!(paths(server), expected, "{what}, the server is kept\n{transcript}");
        phone.factory_reset();
    }
}

fn mac(text: &str) -> Mac {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_profile_gives_server_and_login() {
    let server = Server::start(true).await;
    let url = url(&server, "/cfg/");
    let asked = |mac: Mac| Registered { mac, url: &url };

    let yealink = Identity::yealink_t46s(mac("001565aabbcc"));
    let files = ["/cfg/001565aabbcc.boot", "/cfg/y000000000000.boot", "/cfg/y000000000066.cfg", "/cfg/001565aabbcc.cfg"];
    let played = asked(yealink.mac).at_yealink().await;
    check(&server, yealink, played, Some("phone"), &files).await;

    let poly = Identity::poly("VVX450", mac("64167f000001"), "6.4.0.1234", 12); // firmware
    let files = ["/cfg/64167f000001.cfg", "/cfg/000000000000.cfg"];
    let played = asked(poly.mac).at_poly().await;
    check(&server, poly, played, Some("phone"), &files).await;

    let grandstream = Identity::grandstream("GXP2135", mac("000b82000001"), "1.0.11.85", 4); // firmware
    let files = ["/cfg/cfg000b82000001", "/cfg/cfg000b82000001.xml", "/cfg/cfggxp2135.xml", "/cfg/cfg.xml"];
    let played = asked(grandstream.mac).at_grandstream().await;
    check(&server, grandstream, played, Some("phone"), &files).await;
}

#[tokio::test]
async fn an_address_gives_all_and_the_phone_fills_in_what_the_service_did_not() {
    let server = Server::start(true).await;
    let folder = url(&server, "/cfg/g/t0ken/");
    let asked = |mac: Mac| Registered { mac, url: &folder };

    let snom = || Identity::snom("D385", mac("000413000001"), "10.1.184.15", 12); // firmware
    let files = ["/cfg/g/t0ken/snomD385.htm", "/cfg/g/t0ken/snomD385-000413000001.htm"];
    let played = asked(snom().mac).at_snom().await;
    check(&server, snom(), played, None, &files).await;
    let played = asked(snom().mac).at_sraps(Maker::Snom).await;
    check(&server, snom(), played, None, &files).await;
    let file = url(&server, "/cfg/g/t0ken/{mac}.xml");
    let played = Registered { mac: snom().mac, url: &file }.at_sraps(Maker::Snom).await;
    check(&server, snom(), played, None, &["/cfg/g/t0ken/000413000001.xml"]).await;

    let snom_c = Identity::snom_c("M200SC", mac("000413000002"), "1.0", 6);
    let files = ["/cfg/g/t0ken/M200SC.cfg", "/cfg/g/t0ken/M200SC_000413000002.cfg"];
    let played = asked(snom_c.mac).at_sraps(Maker::Snom).await;
    check(&server, snom_c, played, None, &files).await;

    let panasonic = || Identity::panasonic("HDV130", mac("bcc342000001"), "01.000", 2);
    let played = asked(panasonic().mac).at_panasonic().await;
    check(&server, panasonic(), played, None, &["/cfg/g/t0ken/KX-HDV130.cfg"]).await;
    let file = url(&server, "/cfg/g/t0ken/{MODEL}/Config{MAC}.cfg");
    let played = Registered { mac: panasonic().mac, url: &file }.at_panasonic().await;
    check(&server, panasonic(), played, None, &["/cfg/g/t0ken/KX-HDV130/ConfigBCC342000001.cfg"]).await;

    let file = url(&server, "/cfg/g/t0ken/%MACD.xml");
    let gigaset = || Identity::gigaset("N610", mac("7c2f80000001"), "FICT", "2.65.0", 8);
    let played = Registered { mac: gigaset().mac, url: &file }.at_gigaset().await;
    check(&server, gigaset(), played, None, &["/cfg/g/t0ken/7C2F80000001.xml"]).await;
    let played = Registered { mac: gigaset().mac, url: &file }.at_sraps(Maker::Gigaset).await;
    check(&server, gigaset(), played, None, &["/cfg/g/t0ken/7C2F80000001.xml"]).await;

    let file = url(&server, "/cfg/g/t0ken/$mac.cfg");
    let fanvil = Identity::fanvil("X4U", mac("0c383e000001"), "2.12.16.17", None, 12); // firmware
    let played = Registered { mac: fanvil.mac, url: &file }.at_fanvil().await;
    check(&server, fanvil, played, None, &["/cfg/g/t0ken/0c383e000001.cfg"]).await;
}

#[tokio::test]
async fn a_configured_phone_stays_with_its_own_door() {
    let server = Server::start(true).await;
    let here = url(&server, "");
    let own = door(&server, "/cfg/d/h1", "own", "pw").replace(&server.url(""), &here);
    server.put("/cfg/001565aabbcc.cfg", &config(&(own + ACCOUNT)));
    server.put("/cfg/d/h1/001565aabbcc.cfg", &config(ACCOUNT));
    server.script().demands.insert("/cfg/".into(), Demand::of("phone", "leaflet"));
    server.script().demands.insert("/cfg/d/h1/".into(), Demand::of("own", "pw"));
    let identity = Identity::yealink_t46s(mac("001565aabbcc"));
    let played = Registered { mac: identity.mac, url: &url(&server, "/cfg/") }.at_yealink().await;
    let mut phone = Phone::from_carton(identity, behaviour(&server), played.service);
    let mut transcript = Transcript::default();
    assert_eq!(phone.boot(&mut transcript).await, Outcome::Configured, "{transcript}");
    assert_eq!(questions(&transcript).len(), 1, "{transcript}");
    server.take_seen();
    let mut transcript = Transcript::default();
    assert_eq!(phone.boot(&mut transcript).await, Outcome::Configured, "{transcript}");
    assert_eq!(questions(&transcript).len(), 0, "{transcript}");
    assert!(paths(&server).iter().all(|path| path.starts_with("/cfg/d/h1/")));
    assert_eq!(phone.own_login(), Some(Login::new("own", "pw")));
}

#[tokio::test]
async fn without_a_record_it_is_a_phone_without_a_server() {
    let server = Server::start(true).await;
    let emulator = open(Ymcs::new("key", "secret")).await;
    let identity = || Identity::yealink_t46s(mac("001565aabbcc"));
    let asks_and_shows = async |service: RedirectService, expected: &[&str]| {
        let mut phone = Phone::from_carton(identity(), behaviour(&server), service);
        for _ in 0..2 {
            let mut transcript = Transcript::default();
            assert_eq!(phone.boot(&mut transcript).await, Outcome::NoServer, "{transcript}");
            assert_eq!(questions(&transcript), expected, "asked anew each time\n{transcript}");
            assert_eq!(phone.display(), Display::Text(vec!["No Service".into()]));
            assert!(phone.is_factory_fresh());
        }
    };
    asks_and_shows(emulator.for_phones(), &["/phones/001565aabbcc 404"]).await;
    // Whoever has another certificate is not believed, though the phone trusts it elsewhere.
    let at: Address = emulator.base().parse().unwrap();
    let stranger = RedirectService::new(at, server.authority.as_bytes()).unwrap();
    asks_and_shows(stranger, &["/phones/001565aabbcc 0"; 3]).await;
}

#[tokio::test]
async fn who_knows_a_server_asks_nobody_else() {
    let server = Server::start(true).await;
    let dhcp: Address = url(&server, "/dhcp/").parse().unwrap();
    let asks = async |identity: Identity, typed: &str, dhcp: Option<&Address>| {
        let registered = Registered { mac: identity.mac, url: &url(&server, "/cfg/") };
        let maker = if identity.mac.to_string().starts_with("000413") { Maker::Snom } else { Maker::Gigaset };
        let mut phone = Phone::from_carton(identity, behaviour(&server), registered.at_sraps(maker).await.service);
        if !typed.is_empty() {
            phone.menu().set_server(typed, "", "");
        }
        phone.network.dhcp = dhcp.cloned();
        let mut transcript = Transcript::default();
        phone.boot(&mut transcript).await;
        !questions(&transcript).is_empty()
    };
    let base = || Identity::gigaset("N610", mac("7c2f80000001"), "FICT", "2.65.0", 8); // firmware
    let snom = || Identity::snom("D385", mac("000413000001"), "10.1.184.15", 12); // firmware
    let typed = url(&server, "/typed/");
    assert!(!asks(base(), &typed, None).await, "typed");
    assert!(!asks(snom(), &typed, None).await, "typed");
    assert!(!asks(base(), "", Some(&dhcp)).await, "DHCP comes first");
    assert!(asks(snom(), "", Some(&dhcp)).await, "Snom's ask before DHCP");
}
