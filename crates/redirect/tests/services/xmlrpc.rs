//! What the four services that speak XML-RPC have in common.

use std::fmt::Debug;
use std::time::Duration;

use phonesim::services::fdps::Fdps;
use phonesim::services::gigaset_xmlrpc::GigasetXmlrpc;
use phonesim::services::panasonic::Panasonic;
use phonesim::services::snom_xmlrpc::SnomXmlrpc;
use phonesim::services::{Emulator, Fault, Provider};
use redirect::{Entry, Failure, Kind, Outcome, Service, Standing};

use crate::support::{open, sent_to};

const USER: &str = "dealer";
const PASSWORD: &str = "pa55w0rd&more";
const FIRST: &str = "https://phones.example.com:8443/cfg/g/t0ken-of-the-first/";
const SECOND: &str = "https://phones.example.com:8443/cfg/g/t0ken-of-the-second/";

/// A service, and the names of its calls.
struct Case<P: Provider> {
    emulator: Emulator<P>,
    kind: Kind,
    path: &'static str,
    device: Entry,
    /// The call that proves the account.
    proves: &'static str,
    /// The call that writes a device.
    writes: &'static str,
    /// The call that a lookup begins with.
    reads: &'static str,
}

async fn panasonic() -> Case<Panasonic> {
    Case {
        emulator: Emulator::start(Panasonic::new(USER, PASSWORD)).await.unwrap(),
        kind: Kind::PanasonicXmlrpc,
        path: Panasonic::PATH,
        device: sent_to("bcc342000001", FIRST),
        proves: "ipredirect.listPhones",
        writes: "ipredirect.registerPhone",
        reads: "ipredirect.getPhone",
    }
}

async fn snom() -> Case<SnomXmlrpc> {
    Case {
        emulator: Emulator::start(SnomXmlrpc::new(USER, PASSWORD)).await.unwrap(),
        kind: Kind::SnomXmlrpc,
        path: SnomXmlrpc::PATH,
        device: sent_to("000413000001", FIRST),
        proves: "network.echo",
        writes: "redirect.registerPhone",
        reads: "redirect.checkPhone",
    }
}

async fn gigaset() -> Case<GigasetXmlrpc> {
    let mut provider = GigasetXmlrpc::new(USER, PASSWORD);
    let device = Entry { mac_id: Some("ab12".to_owned()), ..sent_to("7c2f80000001", FIRST) };
    provider.label(device.mac, "AB12");
    Case {
        emulator: Emulator::start(provider).await.unwrap(),
        kind: Kind::GigasetXmlrpc,
        path: GigasetXmlrpc::PATH,
        device,
        proves: "autoprov.checkDevice",
        writes: "autoprov.registerDevice",
        reads: "autoprov.checkDevice",
    }
}

async fn fanvil() -> Case<Fdps> {
    Case {
        emulator: Emulator::start(Fdps::new(USER, PASSWORD)).await.unwrap(),
        kind: Kind::FanvilFdps,
        path: Fdps::PATH,
        device: sent_to("0c383e000001", FIRST),
        proves: "redirect.listDevices",
        writes: "redirect.registerDevice",
        reads: "redirect.listDevices",
    }
}

impl<P: Provider> Case<P> {
    fn client(&self) -> Box<dyn Service> {
        open(self.kind, &self.emulator, self.path, &[("user", USER), ("password", PASSWORD)])
    }

    fn target(&self) -> Option<String> {
        self.emulator.provider().directions(self.device.mac).map(|directions| directions.url)
    }

    fn elsewhere(&self) -> Entry {
        Entry { mac_id: self.device.mac_id.clone(), ..sent_to(&self.device.mac.to_string(), SECOND) }
    }

    /// How often a call arrived.
    fn arrived(&self, procedure: &str) -> usize {
        self.emulator.calls().iter().filter(|call| call.procedure == procedure).count()
    }
}

/// Neither password nor address is in what is shown.
fn keeps_quiet(shown: &impl Debug) {
    let shown = format!("{shown:?}");
    for secret in [PASSWORD, "t0ken-of", "phones.example.com"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

async fn lives<P: Provider>(case: Case<P>) {
    let client = case.client();
    client.verify().await.unwrap();
    let devices = std::slice::from_ref(&case.device);
    assert!(matches!(client.look_up(&case.device).await.unwrap(), Standing::Free | Standing::NotVisible));
    assert_eq!(client.register(devices).await.unwrap(), [Outcome::Done]);
    assert_eq!(case.target().as_deref(), Some(FIRST));
    let standing = client.look_up(&case.device).await.unwrap();
    assert!(matches!(&standing, Standing::Ours(listed) if listed.mac == case.device.mac));
    keeps_quiet(&standing);
    assert_eq!(client.retarget(&[case.elsewhere()]).await.unwrap(), [Outcome::Done]);
    assert_eq!(case.target().as_deref(), Some(SECOND));
    if case.kind.capabilities().lists {
        let page = client.list(None).await.unwrap();
        assert_eq!(page.items.iter().map(|listed| listed.mac).collect::<Vec<_>>(), [case.device.mac]);
        assert_eq!(page.next, None);
    } else {
        assert!(matches!(client.list(None).await.unwrap_err(), Failure::Refused { .. }));
    }
    assert_eq!(client.unregister(devices).await.unwrap(), [Outcome::Done]);
    assert_eq!(case.target(), None);
    // Absent is done.
    assert_eq!(client.unregister(devices).await.unwrap(), [Outcome::Done]);
}

#[tokio::test]
async fn a_device_comes_moves_and_goes() {
    lives(panasonic().await).await;
    lives(snom().await).await;
    lives(gigaset().await).await;
    lives(fanvil().await).await;
}

async fn knows_who_calls<P: Provider>(case: Case<P>) {
    for fields in [[("user", USER), ("password", "wrong")], [("user", "nobody"), ("password", PASSWORD)]] {
        let stranger = open(case.kind, &case.emulator, case.path, &fields);
        assert_eq!(stranger.verify().await, Err(Failure::Auth));
        assert_eq!(stranger.register(std::slice::from_ref(&case.device)).await, Err(Failure::Auth));
        assert_eq!(stranger.look_up(&case.device).await, Err(Failure::Auth));
    }
    assert_eq!(case.target(), None);
    let astray = open(case.kind, &case.emulator, "/nowhere", &[("user", USER), ("password", PASSWORD)]);
    assert_eq!(astray.verify().await, Err(Failure::Refused { said: "status 404".to_owned() }));
}

#[tokio::test]
async fn wrong_credentials_are_told_apart_from_all_else() {
    knows_who_calls(panasonic().await).await;
    knows_who_calls(snom().await).await;
    knows_who_calls(gigaset().await).await;
    knows_who_calls(fanvil().await).await;
}

async fn survives<P: Provider>(case: Case<P>) {
    let client = case.client();
    for (fault, expected) in [
        (Fault::TooMany(Some(7)), Failure::RateLimited { pause: Some(Duration::from_secs(7)) }),
        (Fault::TooMany(None), Failure::RateLimited { pause: None }),
        (Fault::Broken(502), Failure::Broken { status: 502 }),
        (Fault::Broken(403), Failure::NotPermitted { said: "status 403".to_owned() }),
        // Nobody is followed anywhere.
        (Fault::Broken(302), Failure::Refused { said: "status 302".to_owned() }),
        (Fault::LostCall, Failure::Lost),
        (Fault::LostAnswer, Failure::Lost),
    ] {
        case.emulator.fail_next(case.proves, fault);
        assert_eq!(client.verify().await, Err(expected), "{fault:?}");
        case.emulator.fail_next(case.reads, fault);
        assert!(client.look_up(&case.device).await.is_err(), "{fault:?}");
    }
    for call in [case.proves, case.reads] {
        case.emulator.fail_next(call, Fault::Malformed);
    }
    assert!(matches!(client.verify().await.unwrap_err(), Failure::Protocol { .. }));
    // Where proof and lookup are one call, both faults are for the same.
    assert!(matches!(client.look_up(&case.device).await.unwrap_err(), Failure::Protocol { .. }));
}

#[tokio::test]
async fn every_fault_has_its_word() {
    survives(panasonic().await).await;
    survives(snom().await).await;
    survives(gigaset().await).await;
    survives(fanvil().await).await;
}

async fn writes_once<P: Provider>(case: Case<P>) {
    let client = case.client();
    for (fault, arrives) in [(Fault::LostAnswer, true), (Fault::Malformed, true), (Fault::LostCall, false), (Fault::Broken(500), false)] {
        client.unregister(std::slice::from_ref(&case.device)).await.unwrap();
        case.emulator.forget_calls();
        case.emulator.fail_next(case.writes, fault);
        match client.register(std::slice::from_ref(&case.device)).await {
            Ok(outcomes) => {
                assert_eq!(outcomes, [Outcome::Uncertain]);
                keeps_quiet(&outcomes);
            }
            Err(failure) => {
                assert!(failure.leaves_doubt(), "{failure}");
                keeps_quiet(&failure);
            }
        }
        assert_eq!(case.arrived(case.writes), 1, "{fault:?}");
        let standing = client.look_up(&case.device).await.unwrap();
        assert_eq!(matches!(standing, Standing::Ours(_)), arrives, "{fault:?}");
        assert_eq!(case.target().is_some(), arrives, "{fault:?}");
    }
}

#[tokio::test]
async fn a_write_without_an_answer_is_not_sent_again() {
    writes_once(panasonic().await).await;
    writes_once(snom().await).await;
    writes_once(gigaset().await).await;
    writes_once(fanvil().await).await;
}

async fn says_no_more_than_needed<P: Provider>(case: Case<P>) {
    let client = case.client();
    for bad in
        ["", "phones.example.com/t0ken-of-nobody", "ftp://phones.example.com/t0ken-of-nobody", "https://phones.example.com/ t0ken-of"]
    {
        let device = Entry { mac_id: case.device.mac_id.clone(), ..sent_to(&case.device.mac.to_string(), bad) };
        let outcomes = client.register(&[device]).await.unwrap();
        assert_eq!(outcomes, [Outcome::InvalidAddress], "{bad}");
    }
    // Nothing of it was sent.
    assert_eq!(case.emulator.count(), 0);
}

#[tokio::test]
async fn what_no_phone_can_ask_is_not_sent() {
    says_no_more_than_needed(panasonic().await).await;
    says_no_more_than_needed(snom().await).await;
    says_no_more_than_needed(gigaset().await).await;
    says_no_more_than_needed(fanvil().await).await;
}

async fn goes_on<P: Provider>(case: Case<P>, good: &[Entry], bad: &Entry, said: Outcome) {
    let client = case.client();
    let three = [good[0].clone(), bad.clone(), good[1].clone()];
    assert_eq!(client.register(&three).await.unwrap(), [Outcome::Done, said, Outcome::Done]);
}

#[tokio::test]
async fn one_device_that_fails_stops_nobody() {
    let two = |a: &str, b: &str| [sent_to(a, FIRST), sent_to(b, FIRST)];
    // No range of the maker's: that the services know their ranges is assumed.
    let stray = sent_to("020000000001", FIRST);
    goes_on(panasonic().await, &two("bcc342000001", "0080f0000002"), &stray, Outcome::InvalidMac).await;
    goes_on(snom().await, &two("000413000001", "00087b000002"), &stray, Outcome::InvalidMac).await;
    goes_on(fanvil().await, &two("0c383e000001", "00a859000002"), &stray, Outcome::InvalidMac).await;
    let case = gigaset().await;
    let second = Entry { mac_id: Some("CD34".to_owned()), ..sent_to("7c2f80000002", FIRST) };
    case.emulator.provider().label(second.mac, "CD34");
    let devices = [case.device.clone(), second];
    goes_on(case, &devices, &stray, Outcome::MissingMacId).await;
}
