//! Snom's XML-RPC: owners by name, lists by type.

use domain::Secret;
use phonesim::services::snom_xmlrpc::SnomXmlrpc;
use phonesim::services::xmlrpc::Spelling;
use phonesim::services::{Emulator, Provider as _};
use redirect::{Failure, Kind, Listed, Outcome, Service, Standing};

use crate::support::{open, sent_to};

const LOGIN: [(&str, &str); 2] = [("user", "dealer"), ("password", "secret")];
const ADDRESS: &str = "https://phones.example.com:8443/cfg/g/t0ken/{mac}";

async fn service() -> (Emulator<SnomXmlrpc>, Box<dyn Service>) {
    let emulator = Emulator::start(SnomXmlrpc::new("dealer", "secret")).await.unwrap();
    let client = open(Kind::SnomXmlrpc, &emulator, SnomXmlrpc::PATH, &LOGIN);
    (emulator, client)
}

#[tokio::test]
async fn every_spelling_is_read_alike() {
    let (emulator, client) = service().await;
    let (ours, foreign, stray) = (sent_to("000413000001", ADDRESS), sent_to("000413000002", ADDRESS), sent_to("020000000001", ADDRESS));
    emulator.provider().add_foreign(foreign.mac, "Another Ltd");
    let other = Outcome::OwnedByOther { owner: None };
    for spelling in Spelling::all() {
        emulator.provider().spell(spelling);
        let outcomes = client.register(&[ours.clone(), foreign.clone(), stray.clone()]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Done, other.clone(), Outcome::InvalidMac], "{spelling:?}");
        let listed = Listed { mac: ours.mac, target: Some(Secret::from(ADDRESS)), asked: None };
        assert_eq!(client.look_up(&ours).await.unwrap(), Standing::Ours(listed), "{spelling:?}");
        assert_eq!(client.look_up(&foreign).await.unwrap(), Standing::Foreign { owner: Some("Another Ltd".to_owned()) }, "{spelling:?}");
        assert_eq!(client.look_up(&stray).await.unwrap(), Standing::Free, "{spelling:?}");
        let removed = client.unregister(&[ours.clone(), ours.clone(), foreign.clone()]).await.unwrap();
        assert_eq!(removed, [Outcome::Done, Outcome::Done, other.clone()], "{spelling:?}");
        assert_eq!(client.look_up(&ours).await.unwrap(), Standing::Free, "{spelling:?}");
    }
}

#[tokio::test]
async fn an_answer_without_a_company_still_has_its_address() {
    let (emulator, client) = service().await;
    let ours = sent_to("000413000001", ADDRESS);
    client.register(std::slice::from_ref(&ours)).await.unwrap();
    emulator.provider().omit_company();
    let listed = Listed { mac: ours.mac, target: Some(Secret::from(ADDRESS)), asked: None };
    assert_eq!(client.look_up(&ours).await.unwrap(), Standing::Ours(listed));
    assert_eq!(emulator.provider().directions(ours.mac).unwrap().url, "https://phones.example.com:8443/cfg/g/t0ken/000413000001");
}

#[tokio::test]
async fn where_nil_lists_nothing_every_type_is_asked() {
    let (emulator, client) = service().await;
    let devices = [sent_to("000413000001", ADDRESS), sent_to("000413000002", ADDRESS), sent_to("00087b000003", ADDRESS)];
    client.register(&devices).await.unwrap();
    emulator.provider().make(devices[2].mac, "snomM900");
    let macs = |page: redirect::Page| page.items.into_iter().map(|listed| listed.mac).collect::<Vec<_>>();
    let all: Vec<_> = devices.iter().map(|device| device.mac).collect();
    emulator.forget_calls();
    assert_eq!(macs(client.list(None).await.unwrap()), all);
    assert_eq!(emulator.count(), 1);
    emulator.provider().list_by_type();
    assert_eq!(macs(client.list(None).await.unwrap()), all);
    // No type at all: that is no empty account.
    client.unregister(&devices).await.unwrap();
    assert!(matches!(client.list(None).await.unwrap_err(), Failure::Refused { .. }));
}

#[tokio::test]
async fn the_slash_behind_the_address_counts() {
    let (emulator, _) = service().await;
    let client = open(Kind::SnomXmlrpc, &emulator, "/xmlrpc", &LOGIN);
    assert_eq!(client.verify().await, Err(Failure::Refused { said: "status 404".to_owned() }));
}
