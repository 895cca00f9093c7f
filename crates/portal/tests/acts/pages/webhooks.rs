//! The pages of webhooks, with a receiver on loopback.

use domain::Span;
use domain::role::Role;
use portal::webhook::Courier;
use uuid::Uuid;

use super::between;
use crate::api::Site;
use crate::webhooks::{Receiver, carry};

const PATH: &str = "/administration/webhooks";

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_added_tested_replayed_and_removed() {
    let site = Site::open().await;
    let (ids, receiver) = (site.ids().await, Receiver::open(&[500]).await);
    let shop = site.signed_in(Role::CustomerAdmin, "Shop").await;
    assert!(shop.get(PATH).await.text.contains("No webhooks yet"));
    let at = format!("customer:{}", ids.shop);
    let form = [("url", receiver.url.as_str()), ("label", "Desk <1>"), ("types", "device.failed"), ("types", "device.reset"), ("at", &at)];
    let made = shop.post(PATH, &form).await;
    assert_eq!(made.status, 200, "{made:?}");
    let secret = between(&made.text, "<code>", "</code>").to_owned();
    let page = format!("{PATH}/{}", between(&made.text, "primary\" href=\"/administration/webhooks/", "\""));
    let shown = shop.get(&page).await.text;
    assert!(!shown.contains(&secret) && shown.contains("Nothing sent yet") && shown.contains("Desk &lt;1&gt;"), "{shown}");
    assert!(shown.contains("value=\"device.reset\" checked") && !shown.contains("value=\"device.blocked\" checked"), "{shown}");

    let to = shop.led(&format!("{page}/test"), &[]).await;
    assert_eq!(receiver.got()[0].check(&secret)["type"], "webhook.test");
    let (before, row) = to.split_once('#').unwrap();
    assert_eq!(before, format!("{page}?done=webhook-tested"));
    let shown = shop.get(before).await.text;
    assert!(
        shown.contains(&format!("id=\"{row}\"")) && shown.contains("data-state=\"waiting\"") && shown.contains("status 500"),
        "{shown}"
    );
    let delivery = row.strip_prefix("delivery-").unwrap();
    shop.led(&format!("{page}/deliveries/{delivery}/replay"), &[]).await;
    let mut courier = Courier::new(site.world.admin.clone(), Uuid::from_u128(1));
    assert_eq!(carry(&mut courier, Span::ZERO).await, 1);
    assert!(shop.get(&page).await.text.contains("data-state=\"delivered\""));

    assert_eq!(shop.led(&format!("{page}/remove"), &[("answer", "no")]).await, page);
    assert_eq!(shop.led(&format!("{page}/remove"), &[("answer", "yes")]).await, format!("{PATH}?done=webhook-removed"));
    assert_eq!(shop.get(&page).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_changed_disabled_and_given_another_secret() {
    let site = Site::open().await;
    let (ids, receiver) = (site.ids().await, Receiver::open(&[]).await);
    let shop = site.signed_in(Role::CustomerAdmin, "Shop").await;
    let at = format!("customer:{}", ids.shop);
    let made = shop.post(PATH, &[("url", &receiver.url), ("at", &at)]).await.text;
    let first = between(&made, "<code>", "</code>").to_owned();
    let page = format!("{PATH}/{}", between(&made, "primary\" href=\"/administration/webhooks/", "\""));
    let version = between(&shop.get(&page).await.text, "name=\"version\" value=\"", "\"").to_owned();
    let change = [("url", receiver.url.as_str()), ("label", "Other"), ("types", "device.failed"), ("version", &version)];
    assert_eq!(shop.led(&page, &change).await, format!("{page}?done=saved"));
    assert_eq!(shop.post(&page, &change).await.status, 422, "somebody else was quicker");
    for (fields, field) in [(vec![("url", "ftp://x")], "url"), (vec![("url", receiver.url.as_str()), ("types", "nonsense")], "types")] {
        let refused = shop.post(&page, &fields).await;
        assert!(refused.status == 422 && refused.text.contains(&format!("id=\"wrong-{field}\"")), "{field}: {refused:?}");
    }

    let made = shop.post(&format!("{page}/secret"), &[("answer", "yes")]).await.text;
    let second = between(&made, "<code>", "</code>").to_owned();
    assert_ne!(first, second);
    let to = shop.led(&format!("{page}/test"), &[]).await;
    assert_eq!(receiver.got()[0].check(&second)["type"], "webhook.test");
    let delivery = to.split_once("#delivery-").unwrap().1.to_owned();

    assert_eq!(shop.led(&format!("{page}/switch"), &[("enabled", "false")]).await, format!("{page}?done=webhook-disabled"));
    let shown = shop.get(&page).await.text;
    assert!(shown.contains(">disabled<") && !shown.contains("/replay\"") && !shown.contains("/test\""), "{shown}");
    let refused = shop.post(&format!("{page}/deliveries/{delivery}/replay"), &[]).await;
    assert!(refused.status == 422 && refused.text.contains("A rule forbids this"), "{refused:?}");
    shop.led(&format!("{page}/switch"), &[("enabled", "true")]).await;
    assert!(shop.get(PATH).await.text.contains(">in use<"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_shown_to_whoever_gave_their_password_lately() {
    let site = Site::open().await;
    let shop = site.signed_in(Role::CustomerAdmin, "Shop").await;
    let at = format!("customer:{}", site.ids().await.shop);
    let made = shop.post(PATH, &[("url", "https://hooks.example.com/"), ("at", &at)]).await.text;
    let page = format!("{PATH}/{}", between(&made, "primary\" href=\"/administration/webhooks/", "\""));
    let stale = site.signed_in_since(Role::Reseller, "Dealer", Span::minutes(15)).await;
    for path in [format!("{PATH}/new"), format!("{page}/secret")] {
        assert!(stale.get(&path).await.header("location").starts_with("/account/prove"), "{path}");
    }
    let asked = stale.post(&format!("{page}/secret"), &[("answer", "yes")]).await;
    assert!(asked.header("location").starts_with("/account/prove"), "{asked:?}");
    assert_eq!(stale.get(&page).await.status, 200, "all else is theirs");
    assert!(shop.get("/").await.text.contains("href=\"/administration/webhooks\""));
    let auditor = site.signed_in(Role::Auditor, "Shop").await;
    assert_eq!(auditor.get(PATH).await.status, 403);
    assert!(!auditor.get("/").await.text.contains("href=\"/administration/webhooks\""));
    assert_eq!(site.signed_in(Role::CustomerAdmin, "Office").await.get(&page).await.status, 404);
}
