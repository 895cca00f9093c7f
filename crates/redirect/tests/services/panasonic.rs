//! Panasonic: the numbers of its faults, and what it tells of a phone.

use domain::{Secret, Time};
use phonesim::services::panasonic::{Numbers, Panasonic};
use phonesim::services::xmlrpc::Spelling;
use phonesim::services::{Emulator, Provider as _};
use redirect::{Kind, Listed, Outcome, Service, Standing};

use crate::support::{open, sent_to};

const ADDRESS: &str = "https://phones.example.com:8443/cfg/g/t0ken/{MAC}?a=1&b=2";

async fn service() -> (Emulator<Panasonic>, Box<dyn Service>) {
    let emulator = Emulator::start(Panasonic::new("dealer", "secret")).await.unwrap();
    let client = open(Kind::PanasonicXmlrpc, &emulator, Panasonic::PATH, &[("user", "dealer"), ("password", "secret")]);
    (emulator, client)
}

#[tokio::test]
async fn every_spelling_and_numbering_is_read_alike() {
    let (emulator, client) = service().await;
    let (ours, foreign, stray) = (sent_to("bcc342000001", ADDRESS), sent_to("bcc342000002", ADDRESS), sent_to("020000000001", ADDRESS));
    emulator.provider().add_foreign(foreign.mac);
    let other = Outcome::OwnedByOther { owner: None };
    for spelling in Spelling::all() {
        for numbers in [Numbers::Specification, Numbers::Implementation] {
            emulator.provider().spell(spelling);
            emulator.provider().number(numbers);
            let all = [ours.clone(), foreign.clone(), stray.clone()];
            let outcomes = client.register(&all).await.unwrap();
            assert_eq!(outcomes, [Outcome::Done, other.clone(), Outcome::InvalidMac], "{spelling:?} {numbers:?}");
            emulator.provider().accessed(ours.mac, "20260131T08:09:10");
            let listed = Listed { mac: ours.mac, target: Some(Secret::from(ADDRESS)), asked: Some(Time::from_millis(1_769_846_950_000)) };
            assert_eq!(client.look_up(&ours).await.unwrap(), Standing::Ours(listed), "{spelling:?} {numbers:?}");
            assert_eq!(client.look_up(&foreign).await.unwrap(), Standing::Foreign { owner: None }, "{spelling:?} {numbers:?}");
            assert_eq!(client.look_up(&stray).await.unwrap(), Standing::Free, "{spelling:?} {numbers:?}");
            assert_eq!(client.list(None).await.unwrap().items.len(), 1, "{spelling:?} {numbers:?}");
            let removed = client.unregister(&[ours.clone(), ours.clone(), foreign.clone()]).await.unwrap();
            assert_eq!(removed, [Outcome::Done, Outcome::Done, other.clone()], "{spelling:?} {numbers:?}");
            assert_eq!(client.look_up(&ours).await.unwrap(), Standing::Free, "{spelling:?} {numbers:?}");
        }
    }
}

#[tokio::test]
async fn the_macro_of_the_address_reaches_the_service_as_it_is() {
    let (emulator, client) = service().await;
    let ours = sent_to("bcc342000001", ADDRESS);
    client.register(std::slice::from_ref(&ours)).await.unwrap();
    let directions = emulator.provider().directions(ours.mac).unwrap();
    assert_eq!(directions.url, "https://phones.example.com:8443/cfg/g/t0ken/BCC342000001?a=1&b=2");
}

#[tokio::test]
async fn a_phone_that_never_asked_has_no_time() {
    let (_emulator, client) = service().await;
    let ours = sent_to("bcc342000001", ADDRESS);
    client.register(std::slice::from_ref(&ours)).await.unwrap();
    let standing = client.look_up(&ours).await.unwrap();
    assert!(matches!(standing, Standing::Ours(Listed { asked: None, .. })));
}
