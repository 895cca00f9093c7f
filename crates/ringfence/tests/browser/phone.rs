//! A phone's own page, and the installer's, while the phone on the other side does something.

use phonesim::sip::By;

use crate::browser::{Browser, Seat};
use crate::house::{CUSTOMER, House, OFFICE};
use crate::pins::{key_in, loud, restricted};

const MAC: &str = "001565000001";

/// The PIN is shown on the page and keyed in at the phone; the page turns by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_pin_keyed_in_at_the_phone_turns_the_page_without_a_reload() {
    let house = House::open().await;
    house.policy(&["login=none", "pin=required"]).await;
    house.add(MAC).await;
    let telephone = restricted(&house, MAC, OFFICE).await;
    let mut browser = Browser::open(&house, "pin", Seat::default()).await;
    browser.sign_in("operator", &house.operator_password()).await;
    browser.goto(&format!("/devices/{MAC}")).await;
    browser.waits(".big-state[data-state=needed]").await;
    browser.click("button", "Show PIN").await;
    browser.waits("#pin .secret").await;
    browser.look("shown").await;
    let pin = browser.text("#pin .secret").await;
    house.keep_pin(&pin);
    // Whoever reloads the page has another document, without this mark.
    browser.mark().await;
    key_in(&telephone, &pin, By::Rfc4733).await;
    telephone.wait_for(|view| matches!(view.display, phonesim::Display::Ready { .. })).await.unwrap();
    telephone.resync().await;
    browser.waits(".big-state[data-state=successful]").await;
    assert!(browser.is_marked().await, "the page was not loaded again");
    browser.says("#pin", "its PIN is used up").await;
    assert!(!browser.text("body").await.contains(&pin), "it was good once");
    browser.look("working").await;
    browser.goto(&format!("/devices/{MAC}/calls")).await;
    browser.look("calls").await;
    browser.close().await;
    drop(telephone);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_counts_down_and_can_be_ended() {
    let house = House::open().await;
    house.policy(&["pin=required"]).await;
    house.add(MAC).await;
    let mut browser = Browser::open(&house, "suspend", Seat { dark: true, ..Seat::default() }).await;
    browser.sign_in("operator", &house.operator_password()).await;
    browser.goto(&format!("/devices/{MAC}")).await;
    browser.click("link", "Suspend authentication").await;
    browser.says("dialog h1", "Suspend authentication?").await;
    browser.click("button", "Yes").await;
    browser.waits("aside [data-until]").await;
    let left = browser.text("aside [data-until]").await;
    let minutes: u32 = left.split(':').next().unwrap().parse().unwrap_or_else(|_| panic!("no countdown: {left}"));
    assert!((28..=30).contains(&minutes), "{left}");
    browser.look("counting").await;
    browser.click("button", "End the suspension").await;
    browser.says("aside a", "Suspend authentication").await;
    assert_eq!(house.show(MAC).await["suspended_until"], serde_json::Value::Null);
    for tab in ["lines", "settings", "config", "requests", "advanced", "would-get"] {
        assert_eq!(browser.goto(&format!("/devices/{MAC}/{tab}")).await, 200, "{tab}");
        browser.look(tab).await;
    }
    browser.close().await;
    house.close().await;
}

/// Registered, in a call, working: the installer's page turns by itself, and the phone slides from group to group.
#[tokio::test(flavor = "multi_thread")]
async fn the_installer_sees_a_phone_register_call_and_work() {
    let house = House::open().await;
    house.policy(&["login=none", "pin=required"]).await;
    house.cli(&["site", "add", CUSTOMER, "HQ"]).await;
    house.add(MAC).await;
    house.cli(&["device", "move", MAC, "--customer", CUSTOMER, "--site", "HQ"]).await;
    let pin = house.show(MAC).await["pin"].as_str().unwrap().to_owned();
    house.keep_pin(&pin);
    let mut browser = Browser::open(&house, "day", Seat::default()).await;
    browser.sign_in("operator", &house.operator_password()).await;
    browser.goto("/installer").await;
    browser.click_at("main a[href^='/installer/']").await;
    browser.waits("[data-group=open] [data-live=waiting]").await;
    browser.mark().await;
    let telephone = restricted(&house, MAC, OFFICE).await;
    browser.waits("[data-group=open] [data-live=registered]").await;
    browser.look("registered").await;
    let call = telephone.dial("*89").await.unwrap();
    call.answered().await.unwrap();
    browser.waits("[data-group=calling] li.moved [data-live=in_call]").await;
    browser.look("in-call").await;
    assert!(call.hears(|heard| loud(heard) > 2000).await, "{}", telephone.transcript());
    call.press(&format!("{pin}#"), By::Rfc4733).await.unwrap();
    telephone.wait_for(|view| matches!(view.display, phonesim::Display::Ready { .. })).await.unwrap();
    telephone.resync().await;
    browser.waits("[data-group=done] li.moved [data-live=working]").await;
    assert!(browser.is_marked().await, "the page was not loaded again");
    browser.look("working").await;
    browser.close().await;
    drop(telephone);
    house.close().await;
}

/// On a ladder, with a telephone in one hand.
#[tokio::test(flavor = "multi_thread")]
async fn the_installer_finds_a_phone_by_its_last_digits() {
    let house = House::open().await;
    house.policy(&["login=none", "pin=required"]).await;
    house.cli(&["site", "add", CUSTOMER, "HQ"]).await;
    for mac in [MAC, "001565000002"] {
        house.add(mac).await;
        house.cli(&["device", "move", mac, "--customer", CUSTOMER, "--site", "HQ"]).await;
    }
    let made = house.cli(&["user", "add", "ladder", "--role", "installer", "--customer", CUSTOMER, "--site", "HQ"]).await;
    let password = made["password"].as_str().unwrap().to_owned();
    house.keep(&password);
    let mut browser = Browser::open(&house, "installer", Seat { telephone: true, ..Seat::default() }).await;
    browser.sign_in_small("ladder", &password).await;
    browser.goto("/installer").await;
    browser.click_at("main a[href^='/installer/']").await;
    browser.says("li.card", "00:15:65:00:00:01").await;
    browser.look("open").await;
    browser.type_in("Last 4 of the MAC, or a name", "0002").await;
    browser.gone("li.card", "00:15:65:00:00:01").await;
    browser.says("li.card", "00:15:65:00:00:02").await;
    browser.close().await;
    house.close().await;
}
