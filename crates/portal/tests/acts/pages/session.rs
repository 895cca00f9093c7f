//! The API from a browser: the session counts in place of a token, for pages of the portal alone.

use std::fmt::Write as _;

use domain::Span;
use domain::role::Role;

use super::{Browser, FROM_HERE};
use crate::api::{Answer, Site, problem};

const CROSS: (&str, &str) = ("Sec-Fetch-Site", "cross-site");
const JSON: (&str, &str) = ("Content-Type", "application/json");

async fn ask(browser: &Browser<'_>, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    browser.ask(&line.replace(' ', " /api/v1"), headers, body.as_bytes()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_reads_with_its_cookie_and_changes_with_its_token() {
    let site = Site::open().await;
    let browser = site.signed_in(Role::Operator, "").await;
    let me = ask(&browser, "GET /whoami", &[FROM_HERE], "").await.ok(200);
    assert_eq!((me["name"].as_str(), me["csrf"].as_str()), (Some("operator."), Some(browser.csrf.as_str())));
    let token = ("X-CSRF-Token", browser.csrf.as_str());
    let made = r#"{"name":"New Ltd"}"#;
    for (headers, body) in
        [(vec![JSON, FROM_HERE], made), (vec![JSON, FROM_HERE, ("X-CSRF-Token", "0")], made), (vec![JSON, CROSS, token], made)]
    {
        assert_eq!(ask(&browser, "POST /customers", &headers, body).await.problem(), problem(403, "stale"), "{headers:?}");
    }
    ask(&browser, "POST /customers", &[JSON, FROM_HERE, token], made).await.ok(201);
    assert_eq!(ask(&browser, "GET /customers", &[CROSS], "").await.problem(), problem(403, "stale"), "another site reads nothing");
    let beside = [("Authorization", "Bearer rf_nonsense"), FROM_HERE];
    assert_eq!(ask(&browser, "GET /whoami", &beside, "").await.problem(), problem(401, "unauthenticated"), "a cookie makes no token good");
    let bearer = format!("Bearer {}", site.token(Role::Auditor, "Shop").await);
    let me = ask(&browser, "GET /whoami", &[("Authorization", &bearer)], "").await.ok(200);
    assert_eq!((me["role"].as_str(), me["csrf"].as_str()), (Some("auditor"), None), "a token needs no other");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_sees_its_branch_alone_and_ends_with_its_account() {
    let site = Site::open().await;
    let ids = site.ids().await;
    let shop = site.signed_in(Role::CustomerAdmin, "Shop").await;
    ask(&shop, &format!("GET /customers/{}", ids.shop), &[], "").await.ok(200);
    assert_eq!(ask(&shop, &format!("GET /customers/{}", ids.office), &[], "").await.problem(), problem(404, "not_found"));
    let named = [JSON, FROM_HERE, ("X-CSRF-Token", shop.csrf.as_str())];
    assert_eq!(ask(&shop, "POST /customers", &named, r#"{"name":"x"}"#).await.problem(), problem(403, "forbidden"));
    assert_eq!(shop.led("/logout", &[]).await, "/login");
    assert_eq!(ask(&shop, "GET /whoami", &[], "").await.problem(), problem(401, "unauthenticated"));
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_shown_after_the_password_was_given_again() {
    let site = Site::open().await;
    let stale = site.signed_in_since(Role::Operator, "", Span::minutes(15)).await;
    let headers = [JSON, FROM_HERE, ("X-CSRF-Token", stale.csrf.as_str())];
    for (line, body) in [
        ("GET /global-logins", ""),
        ("POST /tokens", r#"{"role":"operator","label":"x"}"#),
        ("POST /users", r#"{"name":"x","role":"operator"}"#),
    ] {
        assert_eq!(ask(&stale, line, &headers, body).await.problem(), problem(403, "prove"), "{line}");
    }
    ask(&stale, "GET /customers", &headers, "").await.ok(200);
    let fresh = site.signed_in_since(Role::Reseller, "Dealer", Span::minutes(14)).await;
    let headers = [JSON, FROM_HERE, ("X-CSRF-Token", fresh.csrf.as_str())];
    ask(&fresh, "POST /tokens", &headers, r#"{"role":"auditor","customer":"Shop","label":"x"}"#).await.ok(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_has_one_share_of_requests_however_many_sessions() {
    let site = Site::open().await;
    let browser = site.signed_in(Role::Auditor, "Shop").await;
    let cookie = &browser.cookies["rf_session"];
    let mut requests = String::new();
    for _ in 0..505 {
        write!(requests, "GET /api/v1/whoami HTTP/1.1\r\nHost: x\r\nCookie: rf_session={cookie}\r\n\r\n").unwrap();
    }
    write!(requests, "GET /api/v1/whoami HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    // The clock of this site stands still, so that nothing is refilled.
    let answers = site.exchange(requests.as_bytes()).await;
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 500);
    assert_eq!(answers.matches("HTTP/1.1 429").count(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_told_to_a_session_and_to_nobody_else() {
    let site = Site::open().await;
    let stranger = site.browser().get("/events").await;
    assert_eq!((stranger.status, stranger.header("location")), (303, "/login?next=%2Fevents"));
    let browser = site.signed_in(Role::Reseller, "Dealer").await;
    let refused = browser.get("/events?mac=nonsense").await;
    assert_eq!(refused.status, 422, "{refused:?}");
}
