//! Factory resets, resets by an admin, and devices that change hands.

use phonesim::{Display, Outcome, Transcript};

use crate::house::{AWAY, CUSTOMER, Given, House, OFFICE, is_full};

const MAC: &str = "001565000001";

#[tokio::test(flavor = "multi_thread")]
async fn a_factory_reset_phone_is_refused_until_an_admin_resets_it() {
    let house = House::open().await;
    house.add(MAC).await;
    let mut phone = house.phone(MAC, OFFICE, Some(&house.global));
    let first = house.live(&mut phone).await;

    phone.factory_reset();
    let mut transcript = Transcript::default();
    assert_eq!(phone.boot(&mut transcript).await, Outcome::LoginWanted, "{transcript}");
    assert_eq!(phone.display(), Display::LoginPrompt);
    house.newest_reason(MAC, "global_spent").await;
    assert!(is_full(&house.follow(&first, MAC, OFFICE).await, MAC), "the refusal took nothing from the login");

    house.cli(&["device", "reset", MAC]).await;
    let old = house.follow(&first, MAC, OFFICE).await;
    assert_eq!(old.status, 401, "after the reset the old login earns nothing");
    let shown = house.show(MAC).await;
    assert_eq!((&shown["state"], &shown["allow_global_password"]), (&"needed".into(), &true.into()), "{shown}");
    assert_eq!(shown["pin"].as_str().map(str::len), Some(6), "{shown}");

    phone.factory_reset();
    let second = house.live(&mut phone).await;
    assert_ne!(first, second);
    assert!(matches!(phone.display(), Display::Ready { .. }));
    assert_eq!(house.follow(&first, MAC, OFFICE).await.status, 401, "the login from before the reset stays dead");
    assert_eq!(house.show(MAC).await["pin"], serde_json::Value::Null);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_nobody_took_up_is_ended_by_a_reset() {
    let house = House::open().await;
    house.add(MAC).await;
    let delivered = Given::of(&house.front(MAC, OFFICE, Some(&house.global)).await).expect("a login");
    house.cli(&["device", "reset", MAC]).await;
    assert_eq!(house.follow(&delivered, MAC, OFFICE).await.status, 401);
    let again = house.front(MAC, AWAY, Some(&house.global)).await;
    assert!(is_full(&again, MAC), "the reset ended the first network's window: {}", again.status);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn moving_to_another_customer_resets_and_moving_between_sites_does_not() {
    let house = House::open().await;
    house.add(MAC).await;
    house.cli(&["customer", "add", "Another Ltd"]).await;
    house.cli(&["site", "add", CUSTOMER, "Harbour"]).await;
    let given = house.live(&mut house.phone(MAC, OFFICE, Some(&house.global))).await;

    house.cli(&["device", "move", MAC, "--customer", CUSTOMER, "--site", "Harbour"]).await;
    assert!(is_full(&house.follow(&given, MAC, OFFICE).await, MAC), "its site is no reason to lose a login");
    house.cli(&["device", "move", MAC, "--customer", "Another Ltd"]).await;
    assert_eq!(house.follow(&given, MAC, OFFICE).await.status, 401, "what one customer granted serves no other");
    let shown = house.show(MAC).await;
    let now = (&shown["customer"], &shown["state"], &shown["login_state"], &shown["allow_global_password"]);
    assert_eq!(now, (&"Another Ltd".into(), &"needed".into(), &"none".into(), &true.into()), "{shown}");
    let given = house.live(&mut house.phone(MAC, AWAY, Some(&house.global))).await;
    assert!(is_full(&house.follow(&given, MAC, AWAY).await, MAC));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_or_replaced_device_leaves_no_login_behind() {
    let house = House::open().await;
    let (replaced, successor, deleted) = (MAC, "001565000002", "001565000003");
    house.add(replaced).await;
    house.add(deleted).await;
    let of_replaced = house.live(&mut house.phone(replaced, OFFICE, Some(&house.global))).await;
    let of_deleted = house.live(&mut house.phone(deleted, OFFICE, Some(&house.global))).await;

    house.cli(&["device", "replace", replaced, successor]).await;
    house.cli(&["device", "delete", deleted]).await;
    for (mac, given) in [(replaced, &of_replaced), (successor, &of_replaced), (deleted, &of_deleted)] {
        assert_eq!(house.follow(given, mac, OFFICE).await.status, 401, "{mac}");
    }
    let complaint = house.refused(&["device", "show", deleted]).await;
    assert!(complaint.contains(deleted), "{complaint}");
    // The successor has the lines of the one before it.
    let answer = house.front(successor, OFFICE, Some(&house.global)).await;
    assert!(is_full(&answer, replaced), "{}", answer.status);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_changes_nothing_for_phones() {
    let mut house = House::open().await;
    house.add(MAC).await;
    let mut phone = house.phone(MAC, OFFICE, Some(&house.global));
    let given = house.live(&mut phone).await;
    let before = house.follow(&given, MAC, OFFICE).await;
    house.stop().await;
    house.serve().await;
    let mut transcript = Transcript::default();
    assert_eq!(phone.boot(&mut transcript).await, Outcome::Unchanged, "{transcript}");
    assert_eq!(house.follow(&given, MAC, OFFICE).await.body, before.body, "the same bytes");
    house.close().await;
}
