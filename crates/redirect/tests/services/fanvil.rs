//! Fanvil: a record for each phone, in the right order.

use phonesim::services::fdps::Fdps;
use phonesim::services::xmlrpc::Spelling;
use phonesim::services::{Emulator, Fault, Provider as _};
use redirect::{Failure, Kind, Outcome, Service, Standing};

use crate::support::{open, sent_to};

const ADDRESS: &str = "https://phones.example.com:8443/cfg/g/t0ken/$mac.cfg";

async fn service() -> (Emulator<Fdps>, Box<dyn Service>) {
    let emulator = Emulator::start(Fdps::new("dealer", "secret")).await.unwrap();
    let client = open(Kind::FanvilFdps, &emulator, Fdps::PATH, &[("user", "dealer"), ("password", "secret")]);
    (emulator, client)
}

#[tokio::test]
async fn every_spelling_is_read_alike() {
    let (emulator, client) = service().await;
    let (ours, foreign, stray) = (sent_to("0c383e000001", ADDRESS), sent_to("0c383e000002", ADDRESS), sent_to("020000000001", ADDRESS));
    emulator.provider().add_foreign(foreign.mac);
    let other = Outcome::OwnedByOther { owner: None };
    for spelling in Spelling::all() {
        emulator.provider().spell(spelling);
        let outcomes = client.register(&[ours.clone(), foreign.clone(), stray.clone()]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Done, other.clone(), Outcome::InvalidMac], "{spelling:?}");
        let standing = client.look_up(&ours).await.unwrap();
        assert!(matches!(standing, Standing::Ours(_)), "{spelling:?} {standing:?}");
        assert_eq!(client.look_up(&foreign).await.unwrap(), Standing::NotVisible, "{spelling:?}");
        assert_eq!(client.unregister(&[ours.clone(), ours.clone()]).await.unwrap(), [Outcome::Done, Outcome::Done], "{spelling:?}");
        assert_eq!(client.list(None).await.unwrap().items, [], "{spelling:?}");
    }
}

#[tokio::test]
async fn a_phone_has_one_record_and_a_refusal_leaves_none() {
    let (emulator, client) = service().await;
    let (ours, foreign) = (sent_to("0c383e000001", ADDRESS), sent_to("0c383e000002", ADDRESS));
    emulator.provider().add_foreign(foreign.mac);
    client.register(&[ours.clone(), foreign]).await.unwrap();
    assert_eq!(emulator.provider().servers(), ["0C383E000001"]);
    assert_eq!(emulator.provider().directions(ours.mac).unwrap().url, "https://phones.example.com:8443/cfg/g/t0ken/0c383e000001.cfg");
    emulator.forget_calls();
    client.retarget(&[sent_to("0c383e000001", "http://phones.example.com/cfg/")]).await.unwrap();
    assert_eq!(emulator.provider().directions(ours.mac).unwrap().url, "http://phones.example.com/cfg/");
    let order: Vec<_> = emulator.calls().into_iter().map(|call| call.procedure).collect();
    let expected = ["redirect.deRegisterDevice", "redirect.deleteServer", "redirect.addMaterialServer", "redirect.registerDevice"];
    assert_eq!(order, expected);
    client.unregister(&[ours]).await.unwrap();
    assert!(emulator.provider().servers().is_empty());
}

#[tokio::test]
async fn a_record_cannot_carry_everything() {
    let (emulator, client) = service().await;
    for lost in ["https://user:word@phones.example.com/cfg/", "https://phones.example.com/cfg/?a=b", "https://phones.example.com/cfg/#a"] {
        assert_eq!(client.register(&[sent_to("0c383e000001", lost)]).await.unwrap(), [Outcome::InvalidAddress], "{lost}");
    }
    assert_eq!(emulator.count(), 0);
}

#[tokio::test]
async fn a_sequence_that_breaks_in_the_middle_is_uncertain_and_can_be_done_again() {
    let (emulator, client) = service().await;
    let ours = sent_to("0c383e000001", ADDRESS);
    let devices = std::slice::from_ref(&ours);
    for call in ["redirect.deleteServer", "redirect.addMaterialServer", "redirect.registerDevice"] {
        for fault in [Fault::LostCall, Fault::LostAnswer, Fault::TooMany(None), Fault::Broken(500), Fault::Malformed] {
            emulator.fail_next(call, fault);
            assert_eq!(client.retarget(devices).await.unwrap(), [Outcome::Uncertain], "{call} {fault:?}");
            assert_eq!(client.retarget(devices).await.unwrap(), [Outcome::Done], "{call} {fault:?}");
        }
    }
    emulator.fail_next("redirect.deRegisterDevice", Fault::LostAnswer);
    assert_eq!(client.retarget(devices).await, Err(Failure::Lost));
    assert_eq!(client.look_up(&ours).await.unwrap(), Standing::NotVisible);
    // Of a removal too.
    client.register(devices).await.unwrap();
    emulator.fail_next("redirect.deleteServer", Fault::LostAnswer);
    assert_eq!(client.unregister(devices).await.unwrap(), [Outcome::Uncertain]);
    assert_eq!(client.unregister(devices).await.unwrap(), [Outcome::Done]);
}
