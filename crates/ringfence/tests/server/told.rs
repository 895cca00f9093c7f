//! What changes for a phone is told to it: its display shows it within five seconds, long before its next poll.

use std::time::Duration;

use phonesim::sip::{By, Side};
use phonesim::{Display, Telephone, View};
use tokio::time::Instant;

use crate::house::{AWAY, CUSTOMER, House, OFFICE, until};
use crate::pins::restricted;

const MAC: &str = "001565000001";
const OTHER: &str = "001565000002";
const THIRD: &str = "001565000003";

/// What a display may take to show a new state on a live flow (authentication.md section 6).
const SOON: Duration = Duration::from_secs(5);

/// The display comes to that soon, and because the phone was told.
pub(crate) async fn shows(phone: &Telephone, before: &View, begun: Instant, what: &str, holds: impl Fn(&Display) -> bool) {
    let told = |view: &View| view.notified > before.notified && view.fetches > before.fetches;
    phone.wait_for(|view| told(view) && holds(&view.display)).await.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(begun.elapsed() < SOON, "{what}: after {:?}", begun.elapsed());
}

pub(crate) fn is_ready(display: &Display) -> bool {
    matches!(display, Display::Ready { .. })
}

/// A house whose customer asks for the PIN and for no login, and has three phones.
pub(crate) async fn pin_house() -> House {
    let house = House::open().await;
    house.policy(&["login=none", "pin=required"]).await;
    house.add(MAC).await;
    house.add(OTHER).await;
    house.add(THIRD).await;
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
    caller.phone().await.behaviour.telephony.dialled = phonesim::Dialled::Called;
    caller.settle().await;
    let call = caller.dial(&callee).await.unwrap();
    call.answered().await.unwrap_or_else(|end| panic!("the service answers whatever is dialled: {end:?}"));
    call.hang_up().await;
    assert_eq!(phone.view().called, 0);
    assert!(!phone.transcript().to_string().contains("INVITE"), "{}", phone.transcript());
    house.close().await;
}

/// Lifts the handset and keys these PINs in, one after the other; comes back when the service has ended the call. When that was.
async fn keyed_in(house: &House, phone: &Telephone, mac: &str, pins: &[&str]) -> Instant {
    let call = phone.lift().await.unwrap();
    call.answered().await.unwrap();
    for (number, pin) in (1..).zip(pins) {
        call.press(&format!("{pin}#"), By::Rfc4733).await.unwrap();
        if number < pins.len() {
            let counted = async || house.show(mac).await["wrong_tries"] == number;
            until(&format!("PIN {number} was taken"), counted).await;
        }
    }
    let end = call.ended().await;
    assert_eq!(end.by, Side::Them, "{end:?}");
    Instant::now()
}

async fn pin(house: &House, mac: &str) -> String {
    house.show(mac).await["pin"].as_str().expect("a PIN").to_owned()
}

/// A PIN that is not this one.
fn wrong(pin: &str) -> &'static str {
    if pin == "135790" { "246801" } else { "135790" }
}

#[tokio::test(flavor = "multi_thread")]
async fn cleared_and_a_window_opened() {
    let house = pin_house().await;
    house.policy(&["trust_private=yes"]).await;
    let (phone, neighbour) = (restricted(&house, MAC, OFFICE).await, restricted(&house, OTHER, OFFICE).await);
    let elsewhere = restricted(&house, THIRD, AWAY).await;
    let (before, of_neighbour, of_other) = (phone.view(), neighbour.view(), elsewhere.view());
    let pin = pin(&house, MAC).await;
    let ended = keyed_in(&house, &phone, MAC, &[&pin]).await;
    shows(&phone, &before, ended, "cleared", is_ready).await;
    // The window opens when the phone comes for its full config.
    shows(&neighbour, &of_neighbour, ended, "window opened", is_ready).await;
    assert_eq!(elsewhere.view().notified, of_other.notified, "not in the window");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_begins_and_ends() {
    let house = pin_house().await;
    house.policy(&["pin_lock=30s"]).await;
    let phone = restricted(&house, MAC, OFFICE).await;
    let before = phone.view();
    let wrong = wrong(&pin(&house, MAC).await);
    let ended = keyed_in(&house, &phone, MAC, &[wrong; 3]).await;
    shows(&phone, &before, ended, "failed", |display| display.says("Authentication failed")).await;
    let failed = phone.view();
    let lock = async || house.show(MAC).await["state"] == "needed";
    until("the lock has ended", lock).await;
    shows(&phone, &failed, Instant::now(), "needed again", |display| display.says("Authentication needed")).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocked_and_reset() {
    let house = pin_house().await;
    house.policy(&["pin_rounds=1"]).await;
    let phone = restricted(&house, MAC, OFFICE).await;
    let before = phone.view();
    let wrong = wrong(&pin(&house, MAC).await);
    let ended = keyed_in(&house, &phone, MAC, &[wrong; 3]).await;
    shows(&phone, &before, ended, "blocked", |display| display.says("Authentication blocked")).await;
    let blocked = phone.view();
    house.cli(&["device", "reset", MAC]).await;
    shows(&phone, &blocked, Instant::now(), "reset", |display| display.says("Authentication needed")).await;
    house.close().await;
}

/// The owner's PIN clears the owner's claim and no other.
#[tokio::test(flavor = "multi_thread")]
async fn an_impostor_who_waits_for_the_owners_pin_gains_nothing() {
    let house = pin_house().await;
    let (owner, impostor) = (restricted(&house, MAC, OFFICE).await, restricted(&house, MAC, AWAY).await);
    let (before, waiting) = (owner.view(), impostor.view());
    let account = impostor.phone().await.accounts().remove(0).user;
    let pin = pin(&house, MAC).await;
    let ended = keyed_in(&house, &owner, MAC, &[&pin]).await;
    shows(&owner, &before, ended, "cleared", is_ready).await;
    // He is told, as all claims of the phone are, and gets what his claim earns.
    impostor.wait_for(|view| view.notified > waiting.notified && view.fetches > waiting.fetches).await.unwrap();
    owner.resync().await;
    assert_eq!(house.show(MAC).await["state"], "successful");
    impostor.resync().await;
    assert!(!is_ready(&impostor.display()), "{:?}", impostor.display());
    assert_eq!(impostor.phone().await.accounts().remove(0).user, account, "his claim is the one that he had");
    // What he dials is the service, which tells him that a reset is needed and takes no PIN.
    let call = impostor.lift().await.unwrap();
    call.answered().await.unwrap();
    call.press(&format!("{pin}#"), By::Rfc4733).await.unwrap();
    call.ended().await;
    impostor.resync().await;
    assert!(!is_ready(&impostor.display()), "{:?}", impostor.display());
    assert!(is_ready(&owner.display()));
    // And nobody can call him, or through him the owner.
    let caller = restricted(&house, OTHER, OFFICE).await;
    caller.phone().await.behaviour.telephony.dialled = phonesim::Dialled::Called;
    caller.settle().await;
    let call = caller.dial(&account).await.unwrap();
    call.answered().await.unwrap();
    call.hang_up().await;
    assert_eq!((impostor.view().called, owner.view().called), (0, 0));
    house.close().await;
}
