//! What changes for a phone is told to it: its display shows it within five seconds, long before its next poll.

use std::time::Duration;

use phonesim::{Display, Outcome, Phone, Telephone, View};
use tokio::time::Instant;

use crate::house::{AWAY, CUSTOMER, House, OFFICE, until};

const MAC: &str = "001565000001";
const OTHER: &str = "001565000002";

/// What a display may take to show a new state on a live flow (authentication.md section 6).
const SOON: Duration = Duration::from_secs(5);

/// A phone without any login, which is given its restricted config and registers.
pub(crate) async fn restricted(house: &House, mac: &str, source: &str) -> Telephone {
    let mut phone: Phone = house.phone(mac, source, None);
    phone.behaviour.telephony.polls = false;
    phone.behaviour.telephony.retry = Duration::from_millis(200);
    let phone = Telephone::new(phone);
    assert_eq!(phone.boot().await, Outcome::Configured, "{}", phone.transcript());
    phone.registered().await.unwrap();
    for account in phone.phone().await.accounts() {
        house.keep(account.password.expose());
    }
    phone
}

/// The display comes to that soon, and because the phone was told.
pub(crate) async fn shows(phone: &Telephone, before: &View, begun: Instant, what: &str, holds: impl Fn(&Display) -> bool) {
    let told = |view: &View| view.notified > before.notified && view.fetches > before.fetches;
    phone.wait_for(|view| told(view) && holds(&view.display)).await.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(begun.elapsed() < SOON, "{what}: after {:?}", begun.elapsed());
}

pub(crate) fn is_ready(display: &Display) -> bool {
    matches!(display, Display::Ready { .. })
}

/// A house whose customer asks for the PIN and for no login, and has two phones.
pub(crate) async fn pin_house() -> House {
    let house = House::open().await;
    house.policy(&["login=none", "pin=required"]).await;
    house.add(MAC).await;
    house.add(OTHER).await;
    house
}

#[tokio::test(flavor = "multi_thread")]
async fn suspended() {
    let house = pin_house().await;
    let phone = restricted(&house, MAC, OFFICE).await;
    let before = phone.view();
    assert!(before.display.says("Authentication needed"), "{before:?}");
    house.cli(&["device", "suspend", MAC]).await;
    shows(&phone, &before, Instant::now(), "suspended", is_ready).await;
    until("the log of the phone says that it was told", async || {
        let rows = house.cli(&["device", "requests", MAC]).await;
        rows.as_array().unwrap().iter().any(|row| row["method"] == "NOTIFY" && row["status"] == 200 && row["reason"] == "done")
    })
    .await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn permanent_network_added() {
    let house = pin_house().await;
    let (phone, elsewhere) = (restricted(&house, MAC, OFFICE).await, restricted(&house, OTHER, AWAY).await);
    let (before, of_other) = (phone.view(), elsewhere.view());
    house.cli(&["trust", "add", CUSTOMER, "127.0.5.0/24", "--force"]).await;
    shows(&phone, &before, Instant::now(), "network trusted", is_ready).await;
    assert_eq!(elsewhere.view().notified, of_other.notified, "another phone of the customer, elsewhere");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reset() {
    let house = pin_house().await;
    let (owner, second) = (restricted(&house, MAC, OFFICE).await, restricted(&house, MAC, AWAY).await);
    house.cli(&["trust", "add", CUSTOMER, "127.0.5.0/24", "--force"]).await;
    owner.wait_for(|view| is_ready(&view.display)).await.unwrap();
    // Its config names its login: the next fetch takes it up.
    owner.resync().await;
    second.resync().await;
    let before = second.view();
    assert!(!before.display.says("Authentication needed"), "{before:?}");
    house.cli(&["device", "reset", MAC]).await;
    shows(&second, &before, Instant::now(), "reset", |display| display.says("Authentication needed")).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_reaches_a_restricted_phone() {
    let house = pin_house().await;
    let (phone, caller) = (restricted(&house, MAC, OFFICE).await, restricted(&house, OTHER, OFFICE).await);
    let callee = phone.phone().await.accounts().remove(0).user;
    let mut swallowed = caller.phone().await;
    swallowed.behaviour.telephony.dialled = phonesim::Dialled::Called;
    drop(swallowed);
    caller.settle().await;
    let call = caller.dial(&callee).await.unwrap();
    // Answered by the service or refused, as it comes: over either way it ends without the other phone.
    tokio::select! {
        _ = call.answered() => {}
        _ = call.ended() => {}
    }
    call.hang_up().await;
    assert_eq!(phone.view().called, 0);
    assert!(!phone.transcript().to_string().contains("INVITE"), "{}", phone.transcript());
    house.close().await;
}
