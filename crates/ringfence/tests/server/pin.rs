//! The PIN by telephone, from the restricted config to the full one, with real sound.

use phonesim::sip::By;
use phonesim::{Display, Telephone};
use tokio::time::Instant;

use crate::house::{House, OFFICE, until};
use crate::pins::{key_in, loud, restricted};
use crate::told::{is_ready, pin_house, shows};

const MAC: &str = "001565000001";

async fn pin_of(house: &House, mac: &str) -> String {
    house.show(mac).await["pin"].as_str().expect("a PIN").to_owned()
}

/// The whole story over one transport, with the keys pressed one way.
async fn story(transport: &'static str, by: By) {
    let house = pin_house_over(transport).await;
    let phone = restricted(&house, MAC, OFFICE).await;
    let before = phone.view();
    assert!(before.display.says("Authentication needed"), "{before:?}");
    key_in(&phone, &pin_of(&house, MAC).await, by).await;
    shows(&phone, &before, Instant::now(), "the right PIN", is_ready).await;
    until("the call is noted", async || {
        let calls = house.cli(&["device", "calls", MAC]).await;
        calls.as_array().unwrap().iter().any(|call| call["result"] == "right" && call["dialled"] == "*89")
    })
    .await;
    // What its config names is used at the next fetch: then it is live, and its PIN gone.
    phone.resync().await;
    let shown = house.show(MAC).await;
    assert_eq!((shown["state"].as_str(), shown["pin"].as_str()), (Some("successful"), None), "{shown}");
    let log = house.log_text();
    assert!(!log.contains("Signal=") && !log.contains("inline:"), "keys and SDES keys are not logged");
    drop(phone);
    house.close().await;
}

async fn pin_house_over(transport: &'static str) -> House {
    let mut house = pin_house().await;
    if transport != "udp" {
        house.stop().await;
        house.set("SIP_RESTRICTED_TRANSPORT", transport);
        house.serve().await;
    }
    house
}

#[tokio::test(flavor = "multi_thread")]
async fn by_telephone_events_over_udp() {
    story("udp", By::Rfc4733).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_info_over_tcp() {
    story("tcp", By::InfoRelay).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_other_info_over_tls() {
    story("tls", By::InfoDtmf).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_wrong_ones_are_told_on_the_display() {
    let house = pin_house().await;
    let phone = restricted(&house, MAC, OFFICE).await;
    let before = phone.view();
    let right: u32 = pin_of(&house, MAC).await.parse().unwrap();
    for wrong in 1..=3 {
        key_in_wrong(&phone, &format!("{:06}", (right + wrong) % 1_000_000)).await;
    }
    shows(&phone, &before, Instant::now(), "failed", |display: &Display| display.says("Authentication failed")).await;
    assert_eq!(house.show(MAC).await["state"], "failed");
    house.close().await;
}

/// One wrong PIN for each call.
async fn key_in_wrong(phone: &Telephone, pin: &str) {
    let call = phone.dial("*89").await.unwrap();
    call.answered().await.unwrap();
    call.press(&format!("{pin}#"), By::Rfc4733).await.unwrap();
    // The answer is heard, or the call ended by the service, before the handset is put down.
    let before = loud(&call.heard());
    call.hears(|heard| loud(heard) > before + 4000).await;
    call.hang_up().await;
}
