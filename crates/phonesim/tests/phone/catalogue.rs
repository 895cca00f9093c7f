//! The catalogue's files on phones that read them by themselves: what the server renders must mean to the phone what it
//! should, for every model and both generations of firmware.

use brands::{Body, Brand, Catalogue, Door, FileKind, Firmware, Model, Notice, Order, RestrictedAccount};
use domain::settings::{Line, Resolved, Transport};
use domain::{Mac, Secret};
use phonesim::{Account, Behaviour, Display, Identity, Login, Outcome, Phone, Tls, Transcript};

use crate::server::Server;

/// A model with a firmware, and everything to render its files.
struct Bench<'c> {
    catalogue: &'c Catalogue,
    brand: &'c Brand,
    model: &'c Model,
    firmware: Firmware,
    mac: Mac,
    server: &'c Server,
}

impl Bench<'_> {
    /// Puts a phone's boot, common and carrier file into a folder.
    fn serve(&self, folder: &str, carrier: Body<'_>) {
        let files = [(FileKind::Boot, Body::Public), (FileKind::Common, Body::Public), (FileKind::Carrier, carrier)];
        for (kind, body) in files {
            let (brand, model, firmware, mac) = (self.brand, self.model, Some(self.firmware), Some(self.mac));
            let rendered = self.catalogue.render(&Order { brand, model, firmware, mac, file: kind, body }).unwrap();
            let names = self.brand.file_names(self.mac, self.model).filter(|(_, known)| *known == kind);
            for (name, _) in names {
                self.server.put(&format!("{folder}{name}"), std::str::from_utf8(&rendered.bytes).unwrap());
            }
        }
    }

    fn phone(&self) -> Phone {
        let model = format!("{}/{}", self.brand.name(), self.model.name);
        let identity = Identity::of(self.catalogue, &model, self.mac, self.firmware.as_str()).unwrap();
        let mut phone = Phone::new(identity, Behaviour::unhurried(Tls::any()));
        phone.menu().set_server(&self.server.url("/cfg"), "anyone", "global");
        phone
    }
}

/// What the phone makes of its flash against what the server's reader makes of the same parameters.
fn both_readers_agree(bench: &Bench<'_>, phone: &Phone) {
    let read = bench.brand.understand(phone.flash().settings());
    assert_eq!(read.provisioning.url.and_then(|url| url.parse().ok()), phone.server());
    let login = Login::new(&read.provisioning.user.unwrap(), read.provisioning.password.unwrap().expose());
    assert_eq!(Some(login), phone.own_login());
    assert_eq!(read.provisioning.resync_seconds.map(u64::from), phone.poll_due().map(|poll| poll.as_secs()));
    let accounts = read.accounts.iter().filter(|account| account.enabled).map(|account| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        (account.slot, text(&account.user), account.password.clone(), text(&account.server), account.port, account.transport)
    });
    let own = phone
        .accounts()
        .into_iter()
        .map(|Account { slot, user, password, server, port, transport, .. }| (slot, user, Some(password), server, port, Some(transport)));
    assert_eq!(accounts.collect::<Vec<_>>(), own.collect::<Vec<_>>());
}

async fn restricted_then_full(bench: &Bench<'_>) {
    let secret = Secret::from("pw");
    let (claim_url, own_url) = (bench.server.url("/cfg/d/claim/"), bench.server.url("/cfg/d/own/"));
    let door = |url, user| Door { url, user, password: &secret, poll_seconds: 300, file_key: None };
    let account = RestrictedAccount { user: "c1", password: &secret, server: "sip.example.com", port: 5060, transport: Transport::Udp };
    bench.serve(
        "/cfg/",
        Body::Restricted {
            notice: Notice::Needed,
            account,
            service_number: "*89",
            emergency_numbers: &["112".to_owned()],
            door: door(&claim_url, "claim"),
            language: "en",
        },
    );
    let line = Line {
        user: "100".into(),
        auth_user: Some("auth100".into()),
        password: Secret::from("line-secret"),
        server: "sip.example.com".into(),
        port: Some(5071),
        transport: Transport::Tls,
        outbound_proxy: None,
        extension: Some("12".into()),
        name: Some("Reception".into()),
        settings: std::collections::BTreeMap::default(),
    };
    let lines = if bench.model.accounts == 0 { Vec::new() } else { vec![line] };
    let settings = Resolved::default();
    let full = Body::Full { lines: &lines, settings: &settings, door: door(&own_url, "own"), language: "en" };
    bench.serve("/cfg/d/claim/", full);

    let mut phone = bench.phone();
    let mut transcript = Transcript::default();
    assert_eq!(phone.boot(&mut transcript).await, Outcome::Configured, "{transcript}");
    assert_eq!((phone.server(), phone.own_login()), (claim_url.parse().ok(), Some(Login::new("claim", "pw"))));
    let accounts = phone.accounts();
    assert_eq!(accounts.len(), usize::from(bench.model.accounts), "the claim's account is on every slot");
    assert!(accounts.iter().all(|account| account.user == "c1" && account.hotline.as_deref() == Some("*89")), "{accounts:?}");
    assert!(matches!(phone.display(), Display::Text(_)), "{:?}", phone.display());
    if bench.model.accounts > 0 {
        let tail = bench.mac.to_string().split_off(6);
        let mac_shown = phone.display().lines().iter().any(|line| line.to_lowercase().replace(':', "").contains(&tail));
        assert!(phone.display().says("Authentication needed") && mac_shown, "{:?}", phone.display());
    }
    both_readers_agree(bench, &phone);

    assert_eq!(phone.boot(&mut transcript).await, Outcome::Configured, "{transcript}");
    assert_eq!((phone.server(), phone.own_login()), (own_url.parse().ok(), Some(Login::new("own", "pw"))));
    assert!(!phone.display().says("Authentication needed"), "{:?}", phone.display());
    let shown =
        |account: &Account| (account.slot, account.user.clone(), account.auth_user.clone(), account.transport, account.hotline.clone());
    let expected = lines.iter().map(|_| (1, "100".to_owned(), "auth100".to_owned(), Transport::Tls, None));
    assert_eq!(phone.accounts().iter().map(shown).collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    both_readers_agree(bench, &phone);
}

#[tokio::test]
async fn every_model_is_restricted_and_then_freed() {
    let catalogue = Catalogue::embedded();
    let server = Server::start(false).await;
    let brand = catalogue.brand("yealink").unwrap();
    let mut tried = 0u16;
    for model in brand.models() {
        for firmware in ["66.72.0.1", "66.80.0.1", "66.81.0.1", "66.86.0.15"] {
            tried += 1;
            let [high, low] = tried.to_be_bytes();
            let mac = Mac::from_bytes([0x00, 0x15, 0x65, 0, high, low]).unwrap();
            let bench = Bench { catalogue: &catalogue, brand, model, firmware: firmware.parse().unwrap(), mac, server: &server };
            server.script().files.clear();
            restricted_then_full(&bench).await;
        }
    }
    assert!(tried >= 4 * 70, "the table has the T and W series");
}
