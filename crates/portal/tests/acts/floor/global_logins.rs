//! Global logins, and the tickets by which a reseller asks for one.

use domain::Span;
use domain::role::Role;
use portal::admin::By;
use portal::admin::global_login;

use super::{Browser, check, proved_long_ago, way};
use crate::api::Site;
use crate::world::NOW;

const LOGINS: &str = "/operations/global-logins";
const REQUESTS: &str = "/operations/global-login-requests";
/// A login that counts now, and its password.
async fn made(site: &Site) -> String {
    let made = global_login::rotate(&site.world.admin, &By::command_line(NOW), Span::ZERO, None).await.unwrap();
    made[0].password.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_operator_handles_them_and_others_ask() {
    let (show, rotate) = (format!("{LOGINS}/show"), format!("{LOGINS}/rotate"));
    check(&[
        ("GET", LOGINS, &[], [200, 403, 403, 403, 403, 403]),
        ("POST", &show, &[("reseller", "")], [200, 403, 403, 403, 403, 403]),
        ("POST", &rotate, &[("reseller", ""), ("overlap", "7d")], [200, 403, 403, 403, 403, 403]),
        ("GET", REQUESTS, &[], [200, 200, 403, 403, 403, 403]),
        ("POST", REQUESTS, &[("reason", "Moves")], [303, 303, 403, 403, 403, 403]),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_shown_on_demand_rotated_and_revoked() {
    let site = Site::open().await;
    let password = made(&site).await;
    let browser = Browser::open(&site, Role::Operator, "").await;
    assert!(!browser.page(LOGINS).await.contains(&password), "not before somebody asks");
    let shown = browser.post(&format!("{LOGINS}/show"), &[("reseller", "")]).await.text;
    assert!(shown.contains(&password) && shown.contains("https://phones.example.com:8443/cfg/"), "{shown}");

    assert_eq!(browser.post(&format!("{LOGINS}/rotate"), &[("reseller", ""), ("overlap", "10000d")]).await.status, 422);
    let rotated = browser.post(&format!("{LOGINS}/rotate"), &[("reseller", ""), ("overlap", "7d")]).await.text;
    assert!(rotated.contains(&password), "both count for a week: {rotated}");
    assert_eq!(global_login::held(&site.world.admin, &By::command_line(NOW)).await.unwrap().len(), 2);

    assert_eq!(way(&browser.post(&format!("{LOGINS}/1/revoke"), &[("answer", "no")]).await), LOGINS);
    assert!(browser.page(&format!("{LOGINS}/1/revoke")).await.contains("Revoke this global login?"));
    assert_eq!(
        way(&browser.post(&format!("{LOGINS}/1/revoke"), &[("answer", "yes")]).await),
        format!("{LOGINS}?done=global-login-revoked")
    );
    assert_eq!(browser.post(&format!("{LOGINS}/1/revoke"), &[("answer", "yes")]).await.status, 404, "it is gone");
    let held = global_login::held(&site.world.admin, &By::command_line(NOW)).await.unwrap();
    assert_eq!(held.iter().map(|login| login.number).collect::<Vec<_>>(), [2]);
    let audit = portal::admin::audit::list(&site.world.admin, &By::command_line(NOW), 100).await.unwrap();
    for action in ["reveal-password", "global-login.rotated", "global-login.revoked"] {
        assert!(audit.iter().any(|entry| entry.action == action && entry.actor == "operator@platform"), "{action}");
    }
    assert!(audit.iter().all(|entry| !entry.detail.contains(&password)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_asked_granted_and_shows_its_login_once() {
    let site = Site::open().await;
    let password = made(&site).await;
    let (dealer, operator) = (Browser::open(&site, Role::Reseller, "Dealer").await, Browser::open(&site, Role::Operator, "").await);
    assert!(dealer.page(REQUESTS).await.contains("Request global username and password</button>"));
    let asked = dealer.post(REQUESTS, &[("reason", "Shop moves on <Monday>")]).await;
    assert_eq!(way(&asked), format!("{REQUESTS}/1?done=global-login-requested"));
    let ticket = format!("{REQUESTS}/1");
    let page = dealer.page(&ticket).await;
    assert!(page.contains("data-state=\"open\"") && page.contains("Shop moves on &lt;Monday&gt;") && !page.contains("/decide"), "{page}");
    assert_eq!(dealer.post(&format!("{ticket}/decide"), &[("answer", "grant")]).await.status, 403);
    assert_eq!(dealer.post(&format!("{ticket}/reveal"), &[]).await.status, 409, "not decided yet");

    assert!(operator.page(REQUESTS).await.contains("reseller Dealer"));
    assert_eq!(
        way(&operator.post(&format!("{ticket}/decide"), &[("answer", "grant")]).await),
        format!("{ticket}?done=global-login-granted")
    );
    assert!(!dealer.page(&ticket).await.contains(&password));
    assert!(dealer.post(&format!("{ticket}/reveal"), &[]).await.text.contains(&password));
    let again = dealer.post(&format!("{ticket}/reveal"), &[]).await;
    assert!(again.status == 409 && !again.text.contains(&password), "{again:?}");
    let history = dealer.page(&ticket).await;
    assert!(history.contains("Granted by operator@platform") && history.contains("The login was shown"), "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_of_another_is_not_there_and_a_reason_is_needed() {
    let site = Site::open().await;
    let operator = Browser::open(&site, Role::Operator, "").await;
    operator.post(REQUESTS, &[("reason", "our own")]).await;
    let dealer = Browser::open(&site, Role::Reseller, "Dealer").await;
    assert_eq!(dealer.get(&format!("{REQUESTS}/1")).await.status, 404);
    assert_eq!(dealer.post(&format!("{REQUESTS}/1/reveal"), &[]).await.status, 404);
    for reason in [" ", "a\u{7}b", &"x".repeat(101)] {
        let refused = dealer.post(REQUESTS, &[("reason", reason)]).await;
        assert_eq!(refused.status, 422, "{reason:?}");
        assert!(refused.text.contains("Give a reason.") && refused.text.contains("role=\"alert\""), "{refused:?}");
    }
}

/// Sessions are asked for the password anew a quarter of an hour after it was given.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_asks_for_the_password_when_it_was_given_long_ago() {
    let site = Site::open().await;
    made(&site).await;
    let browser = Browser::open(&site, Role::Operator, "").await;
    proved_long_ago(&site, "operator@platform").await;
    for (path, fields) in [
        (format!("{LOGINS}/show"), &[("reseller", "")][..]),
        (format!("{LOGINS}/rotate"), &[("reseller", ""), ("overlap", "7d")]),
        (format!("{LOGINS}/1/revoke"), &[("answer", "yes")]),
    ] {
        assert!(way(&browser.post(&path, fields).await).starts_with("/account/prove?next=%2Foperations%2Fglobal-logins"), "{path}");
    }
    browser.post(REQUESTS, &[("reason", "x")]).await;
    browser.post(&format!("{REQUESTS}/1/decide"), &[("answer", "grant")]).await;
    let to = way(&browser.post(&format!("{REQUESTS}/1/reveal"), &[]).await);
    assert!(to.starts_with("/account/prove?next=%2Foperations%2Fglobal-login-requests%2F1"), "{to}");
}
