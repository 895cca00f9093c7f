//! Signing in, as a person does it.

use crate::browser::{Browser, Seat};
use crate::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_and_the_right_one_leads_where_one_wanted_to_go() {
    let house = House::open().await;
    let mut browser = Browser::open(&house, "sign-in", Seat::default()).await;
    assert_eq!(browser.goto("/inventory/phone-hardware?q=T54").await, 200);
    assert!(browser.url().await.contains("/login?next="), "{}", browser.url().await);
    browser.look("page").await;
    browser.fill("User name", "operator").await;
    browser.fill("Password", "not-the-password").await;
    browser.click("button", "Sign in").await;
    browser.says(".note.bad", "User name or password is wrong.").await;
    browser.look("wrong").await;
    browser.fill("Password", &house.operator_password()).await;
    browser.click("button", "Sign in").await;
    browser.waits("nav.menu").await;
    assert!(browser.url().await.ends_with("/inventory/phone-hardware?q=T54"), "{}", browser.url().await);
    browser.goto("/account").await;
    browser.look("account").await;
    browser.click("button", "Set up an authenticator app").await;
    browser.says("h1", "Second factor").await;
    browser.look("second-factor").await;
    browser.close().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_all_works_without_script_in_german_and_in_the_dark() {
    let house = House::open().await;
    house.add("001565000001").await;
    let seat = Seat { german: true, dark: true, no_script: true, ..Seat::default() };
    let mut browser = Browser::open(&house, "no-script", seat).await;
    browser.goto("/login").await;
    browser.fill("Benutzername", "operator").await;
    browser.fill("Passwort", &house.operator_password()).await;
    browser.click("button", "Anmelden").await;
    browser.goto("/inventory/phone-hardware").await;
    browser.says("h1", "Telefon-Hardware").await;
    browser.click("link", "Authentifizierung von 00:15:65:00:00:01 zurücksetzen").await;
    browser.says("h1", "Authentifizierung zurücksetzen?").await;
    browser.click("button", "Ja").await;
    browser.says(".note.good", "Die Authentifizierung ist zurückgesetzt.").await;
    browser.close().await;
    house.close().await;
}
