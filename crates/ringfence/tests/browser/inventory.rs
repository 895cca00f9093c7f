//! *Inventory › Phone Hardware* with phones on the other side.

use crate::browser::{Browser, Seat};
use crate::house::{House, OFFICE};

const MAC: &str = "001565000001";

/// The lock icon, then a factory reset at the phone: it comes back with the global password, once.
#[tokio::test(flavor = "multi_thread")]
async fn the_lock_icon_lets_a_phone_back_in() {
    let house = House::open().await;
    house.add(MAC).await;
    let mut phone = house.phone(MAC, OFFICE, Some(&house.global));
    house.live(&mut phone).await;
    assert_eq!(house.show(MAC).await["state"], "successful");

    let mut browser = Browser::open(&house, "lock", Seat::default()).await;
    browser.sign_in("operator", &house.operator_password()).await;
    browser.goto("/inventory/phone-hardware").await;
    browser.says("[data-state=successful]", "Authentication successful").await;
    browser.click("link", "Reset authentication of 00:15:65:00:00:01").await;
    browser.says("dialog h1", "Reset authentication?").await;
    browser.look("question").await;
    browser.click("button", "No").await;
    browser.gone("dialog h1", "Reset authentication?").await;
    assert_eq!(house.show(MAC).await["state"], "successful", "No changes nothing");

    browser.click("link", "Reset authentication of 00:15:65:00:00:01").await;
    browser.click("button", "Yes").await;
    browser.says(".note.good", "Authentication is reset.").await;
    browser.says("[data-state=needed]", "Authentication needed").await;
    browser.look("reset").await;
    let shown = house.show(MAC).await;
    assert_eq!((&shown["allow_global_password"], &shown["state"]), (&true.into(), &"needed".into()), "{shown}");

    phone.factory_reset();
    house.live(&mut phone).await;
    assert_eq!(house.show(MAC).await["state"], "successful", "it is back");
    browser.goto("/inventory/phone-hardware?state=successful").await;
    browser.waits("#phone-001565000001").await;
    browser.close().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn search_follows_the_keys_and_the_keyboard_walks() {
    let house = House::open().await;
    for number in 1..=3 {
        house.add(&format!("00156500000{number}")).await;
    }
    let mut browser = Browser::open(&house, "search", Seat::default()).await;
    browser.sign_in("operator", &house.operator_password()).await;
    browser.goto("/inventory/phone-hardware").await;
    assert_eq!(browser.count("[data-rows] tr").await, 3);
    browser.press("/").await;
    browser.type_in("Search phones", "00:15:65:00:00:02").await;
    browser.gone("[data-rows] tr", "00:15:65:00:00:01").await;
    assert_eq!(browser.text("[data-rows] a.main").await, "00:15:65:00:00:02");
    assert!(browser.url().await.contains("q=00%3A15%3A65%3A00%3A00%3A02"), "the address can be shared: {}", browser.url().await);
    browser.press("ArrowDown").await;
    assert_eq!(browser.focused().await, "00:15:65:00:00:02");
    browser.look("one").await;
    browser.goto("/inventory/phone-hardware?q=nothing-like-this").await;
    browser.says("h2", "Nothing found").await;
    browser.look("nothing").await;
    browser.close().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_pleasant_on_a_telephone_and_in_the_dark() {
    let house = House::open().await;
    let mut browser = Browser::open(&house, "telephone", Seat { telephone: true, dark: true, german: true, ..Seat::default() }).await;
    browser.goto("/login").await;
    browser.fill("Benutzername", "operator").await;
    browser.fill("Passwort", &house.operator_password()).await;
    browser.click("button", "Anmelden").await;
    browser.goto("/inventory/phone-hardware").await;
    browser.says("h2", "Noch keine Telefone").await;
    browser.look("empty").await;
    house.add(MAC).await;
    browser.goto("/inventory/phone-hardware").await;
    browser.look("list").await;
    browser.close().await;
    house.close().await;
}
