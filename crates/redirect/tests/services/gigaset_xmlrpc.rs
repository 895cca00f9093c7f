//! Gigaset's XML-RPC: the MAC-ID, and devices that have to go before they come again.

use phonesim::services::gigaset_xmlrpc::{Check, GigasetXmlrpc};
use phonesim::services::xmlrpc::Spelling;
use phonesim::services::{Emulator, Fault, Provider as _};
use redirect::{Entry, Failure, Kind, Outcome, Service, Standing};

use crate::support::{open, sent_to};

const LOGIN: [(&str, &str); 2] = [("user", "dealer"), ("password", "secret")];
const ADDRESS: &str = "https://phones.example.com:8443/cfg/g/t0ken/%MACD.xml";

async fn service() -> (Emulator<GigasetXmlrpc>, Box<dyn Service>) {
    let emulator = Emulator::start(GigasetXmlrpc::new("dealer", "secret")).await.unwrap();
    let client = open(Kind::GigasetXmlrpc, &emulator, GigasetXmlrpc::PATH, &LOGIN);
    (emulator, client)
}

fn labelled(mac: &str, id: &str) -> Entry {
    Entry { mac_id: Some(id.to_owned()), ..sent_to(mac, ADDRESS) }
}

#[tokio::test]
async fn every_spelling_is_read_alike() {
    let (emulator, client) = service().await;
    let (ours, foreign) = (labelled("7c2f80000001", "AB12"), labelled("7c2f80000002", "CD34"));
    let (mistyped, stray) = (labelled("7c2f80000001", "AB13"), labelled("020000000001", "AB12"));
    emulator.provider().label(ours.mac, "AB12");
    emulator.provider().add_foreign(foreign.mac, "CD34");
    let other = Outcome::OwnedByOther { owner: None };
    for spelling in Spelling::all() {
        for check in [Check::Verdict, Check::Boolean, Check::Mac] {
            emulator.provider().spell(spelling);
            emulator.provider().check(check);
            let all = [ours.clone(), foreign.clone(), mistyped.clone(), stray.clone(), ours.clone()];
            let expected = [Outcome::Done, other.clone(), Outcome::InvalidMac, Outcome::InvalidMac, Outcome::AlreadyOurs];
            assert_eq!(client.register(&all).await.unwrap(), expected, "{spelling:?} {check:?}");
            let standing = client.look_up(&ours).await.unwrap();
            assert!(matches!(standing, Standing::Ours(_)), "{spelling:?} {check:?} {standing:?}");
            assert_eq!(client.look_up(&foreign).await.unwrap(), Standing::Foreign { owner: None }, "{spelling:?} {check:?}");
            assert_eq!(client.look_up(&mistyped).await.unwrap(), Standing::Free, "{spelling:?} {check:?}");
            let moved = client.retarget(&[ours.clone(), foreign.clone()]).await.unwrap();
            assert_eq!(moved, [Outcome::Done, other.clone()], "{spelling:?} {check:?}");
            assert_eq!(client.unregister(&[ours.clone(), ours.clone()]).await.unwrap(), [Outcome::Done, Outcome::Done]);
            assert_eq!(client.look_up(&ours).await.unwrap(), Standing::Free, "{spelling:?} {check:?}");
        }
    }
}

#[tokio::test]
async fn without_a_mac_id_nothing_is_sent_unless_the_account_may() {
    let (emulator, client) = service().await;
    let bare = sent_to("7c2f80000001", ADDRESS);
    emulator.provider().label(bare.mac, "AB12");
    for device in [bare.clone(), labelled("7c2f80000001", "AB1"), labelled("7c2f80000001", "AB-2")] {
        let devices = std::slice::from_ref(&device);
        for outcomes in [client.register(devices).await, client.retarget(devices).await, client.unregister(devices).await] {
            assert_eq!(outcomes.unwrap(), [Outcome::MissingMacId]);
        }
        assert_eq!(client.look_up(&device).await.unwrap(), Standing::NotVisible);
    }
    assert_eq!(emulator.count(), 0);
    // The switch alone does not help: the service decides.
    let fields = [LOGIN[0], LOGIN[1], ("without_mac_id", "yes")];
    let client = open(Kind::GigasetXmlrpc, &emulator, GigasetXmlrpc::PATH, &fields);
    assert_eq!(client.register(std::slice::from_ref(&bare)).await.unwrap(), [Outcome::InvalidMac]);
    emulator.provider().allow_mac_alone();
    assert_eq!(client.register(std::slice::from_ref(&bare)).await.unwrap(), [Outcome::Done]);
    assert_eq!(emulator.provider().directions(bare.mac).unwrap().url, "https://phones.example.com:8443/cfg/g/t0ken/7C2F80000001.xml");
}

#[tokio::test]
async fn a_move_that_breaks_in_the_middle_is_uncertain() {
    let (emulator, client) = service().await;
    let ours = labelled("7c2f80000001", "AB12");
    emulator.provider().label(ours.mac, "AB12");
    let devices = std::slice::from_ref(&ours);
    for fault in [Fault::LostCall, Fault::TooMany(Some(5)), Fault::Broken(502), Fault::Malformed] {
        client.retarget(devices).await.unwrap();
        emulator.fail_next("autoprov.registerDevice", fault);
        assert_eq!(client.retarget(devices).await.unwrap(), [Outcome::Uncertain], "{fault:?}");
    }
    // Lost before anything was done: the device is where it was.
    client.retarget(devices).await.unwrap();
    emulator.fail_next("autoprov.deregisterDevice", Fault::LostCall);
    assert_eq!(client.retarget(devices).await, Err(Failure::Lost));
    assert!(matches!(client.look_up(&ours).await.unwrap(), Standing::Ours(_)));
}
