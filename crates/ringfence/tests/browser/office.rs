//! What happens at desks: lists of phones, trusted networks, the global login, a reseller's own look.

use std::fmt::Write as _;

use crate::browser::{Browser, Seat};
use crate::house::{CUSTOMER, House};

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_phones_are_imported_and_exported() {
    let house = House::open().await;
    let mut browser = Browser::open(&house, "import", Seat::default()).await;
    browser.sign_in("operator", &house.operator_password()).await;
    browser.goto("/administration/batch").await;
    let mut file = "vendor,type,mac,customer,label\n".to_owned();
    for number in 1..=1000 {
        writeln!(file, "yealink,T46S,00156510{number:04},{CUSTOMER},Desk {number}").unwrap();
    }
    browser.upload("CSV file", "phones.csv", &file).await;
    browser.click("button", "Import").await;
    browser.says("#outcome", "Every row is fine.").await;
    browser.look("dry-run").await;
    browser.tick("#dry_run", false).await;
    browser.upload("CSV file", "phones.csv", &file).await;
    browser.click("button", "Import").await;
    browser.says("#outcome h3", "Stored").await;
    browser.look("stored").await;
    let exported = browser.download("link", "Export all devices").await;
    assert_eq!(exported.lines().count(), 1001, "a header and a row each");
    browser.goto("/inventory/phone-hardware?q=1234").await;
    browser.goto("/inventory/phone-hardware").await;
    browser.says(".tabs a", "1000").await;
    browser.look("inventory").await;
    browser.close().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_is_trusted_in_its_normal_form() {
    let house = House::open().await;
    let mut browser = Browser::open(&house, "trust", Seat::default()).await;
    browser.sign_in("operator", &house.operator_password()).await;
    browser.goto("/administration/profile/technical-details").await;
    browser.look("choose").await;
    browser.goto("/switch?back=/administration/profile/technical-details").await;
    browser.look("switch").await;
    browser.click("button", CUSTOMER).await;
    browser.says("h1", "Technical Details").await;
    browser.fill("Network", "198.51.100.77/24").await;
    browser.says("#checked", "198.51.100.0/24").await;
    browser.click("button", "Trust this network").await;
    browser.says("td", "198.51.100.0/24").await;
    browser.look("trusted").await;
    let trusted = house.cli(&["trust", "list", CUSTOMER]).await;
    assert_eq!(trusted[0]["network"], "198.51.100.0/24", "{trusted}");
    browser.close().await;
    house.close().await;
}

/// A reseller asks, the operator grants, and who asked sees it once.
#[tokio::test(flavor = "multi_thread")]
async fn the_global_login_is_asked_for_granted_and_shown_once() {
    let house = House::open().await;
    house.cli(&["reseller", "add", "Dealer"]).await;
    let made = house.cli(&["user", "add", "dealer-1", "--role", "reseller", "--reseller", "Dealer"]).await;
    let password = made["password"].as_str().unwrap().to_owned();
    house.keep(&password);
    let mut browser = Browser::open(&house, "global-login", Seat::default()).await;
    browser.sign_in("dealer-1", &password).await;
    browser.goto("/operations/global-login-requests").await;
    browser.fill("Reason", "First phones on Monday").await;
    browser.click("button", "Request global username and password").await;
    browser.says("h1", "Request 1").await;
    browser.sit(&house, Seat::default()).await;
    browser.sign_in("operator", &house.operator_password()).await;
    browser.goto("/operations/global-login-requests/1").await;
    browser.look("ticket").await;
    browser.click("button", "Grant").await;
    browser.says("[data-state=granted]", "granted").await;
    browser.sit(&house, Seat::default()).await;
    browser.sign_in("dealer-1", &password).await;
    browser.goto("/operations/global-login-requests/1").await;
    browser.click("button", "Show login").await;
    browser.says("main", &house.global.user).await;
    browser.says("main", house.global.password.expose()).await;
    browser.look("shown").await;
    browser.goto("/operations/global-login-requests/1").await;
    browser.says("main", "The login was shown").await;
    browser.gone("button", "Show login").await;
    browser.close().await;
    house.close().await;
}

/// Under a host of its own a reseller's portal bears its name, and the operator's nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_white_label_reseller_has_a_portal_of_its_own() {
    let house = House::open().await;
    house.cli(&["reseller", "add", "Blue Phones", "--kind", "white-label"]).await;
    let made = house.cli(&["user", "add", "blue-1", "--role", "reseller", "--reseller", "Blue Phones"]).await;
    let password = made["password"].as_str().unwrap().to_owned();
    house.keep(&password);
    let mut browser = Browser::open(&house, "white-label", Seat::default()).await;
    browser.sign_in("operator", &house.operator_password()).await;
    browser.goto("/").await;
    browser.look("operators").await;
    browser.goto("/administration/resellers").await;
    browser.click("link", "Blue Phones").await;
    browser.fill("Portal name", "Blue Desk").await;
    browser.fill("Accent colour", "#0b5d3b").await;
    browser.fill("Portal host", "blue.example.net").await;
    browser.look("form").await;
    browser.click("button", "Save").await;
    browser.says(".note.good", "The reseller is saved.").await;

    browser.sit_at(&house, "blue.example.net", Seat::default()).await;
    browser.goto("/login").await;
    browser.says(".brand", "Blue Desk").await;
    assert!(!browser.text("body").await.contains("Ringfence"), "the operator's name is not shown");
    browser.look("sign-in").await;
    browser.sign_in("blue-1", &password).await;
    assert!(!browser.text("body").await.contains("Ringfence"), "nor behind the sign-in");
    browser.look("own").await;
    browser.close().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_operator_is_whole() {
    let house = House::open().await;
    house.add("001565000001").await;
    let mut browser = Browser::open(&house, "operator", Seat { dark: true, ..Seat::default() }).await;
    browser.sign_in("operator", &house.operator_password()).await;
    for (name, path) in [
        ("customers", "/administration/customers"),
        ("sites", "/administration/sites"),
        ("policy", "/administration/policy"),
        ("users", "/administration/users"),
        ("tokens", "/administration/tokens"),
        ("webhooks", "/administration/webhooks"),
        ("new-webhook", "/administration/webhooks/new"),
        ("global-logins", "/operations/global-logins"),
        ("trunks", "/operations/trunks"),
        ("prompts", "/operations/prompts"),
        ("audit", "/operations/audit"),
        ("help", "/help"),
        ("guide", "/help/brands/yealink"),
        ("new-phone", "/devices/new"),
        ("configurations", "/configurations/devices"),
    ] {
        assert_eq!(browser.goto(path).await, 200, "{path}");
        browser.look(name).await;
    }
    browser.close().await;
    house.close().await;
}
