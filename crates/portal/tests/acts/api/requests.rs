//! What is true of all requests: tokens, methods, kinds and sizes of bodies, shares.

use std::fmt::Write as _;

use crate::api::{Site, problem};

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_gets_a_problem() {
    let site = Site::open().await;
    let token = site.operator().await;
    let json = ("Content-Type", "application/json");
    let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(5 << 20));
    let cases = [
        ("GET /nothing", vec![], "", 404, "not_found"),
        ("GET /customers/7", vec![], "", 404, "not_found"),
        ("GET /global-login-requests/x", vec![], "", 404, "not_found"),
        ("PUT /customers", vec![json], "{}", 405, "method_not_allowed"),
        ("TRACE /customers", vec![], "", 405, "method_not_allowed"),
        ("POST /customers", vec![("Content-Type", "text/xml")], "<a/>", 415, "media_type"),
        ("POST /customers", vec![], "{}", 415, "media_type"),
        ("PUT /operator/policy", vec![], "", 415, "media_type"),
        ("PUT /operator/policy", vec![json], "", 400, "malformed"),
        ("POST /global-logins", vec![], "{}", 415, "media_type"),
        ("POST /global-logins", vec![json], "", 400, "malformed"),
        ("POST /customers", vec![json], "{", 400, "malformed"),
        ("POST /customers", vec![json], "[1]", 422, "body"),
        ("POST /customers", vec![json], &large, 413, "too_large"),
        ("GET /trunks/%00", vec![], "", 400, "malformed"),
    ];
    for (line, headers, body, status, code) in cases {
        assert_eq!(site.ask(&token, line, &headers, body).await.problem(), problem(status, code), "{line} {headers:?}");
    }
    for path in ["/global-logins", "/global-login-requests"] {
        assert_eq!(site.ask(&token, &format!("POST {path}"), &[], "").await.status, 201, "{path} needs no body");
    }
    let refused = site.ask(&token, "PUT /customers", &[json], "{}").await;
    assert!(refused.header("allow").contains("POST"), "{refused:?}");
    assert_eq!(site.get("", "/nothing").await.problem(), problem(401, "unauthenticated"), "nobody learns what there is");
    assert_eq!(site.get("rf_nonsense", "/devices").await.problem(), problem(401, "unauthenticated"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_has_its_share_and_others_theirs() {
    let site = Site::open().await;
    let (greedy, modest) = (site.operator().await, site.operator().await);
    let mut requests = String::new();
    for _ in 0..600 {
        write!(requests, "GET /api/v1/whoami HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {greedy}\r\n\r\n").unwrap();
    }
    write!(requests, "GET /api/v1/whoami HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    // The clock of this site stands still, so that nothing is refilled.
    let answers = site.exchange(requests.as_bytes()).await;
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 500);
    assert_eq!(answers.matches("HTTP/1.1 429").count(), 100);
    let refused = site.get(&greedy, "/whoami").await;
    assert_eq!((refused.problem(), refused.header("retry-after")), (problem(429, "limited"), "1"));
    assert_eq!(site.get(&modest, "/whoami").await.status, 200);
}
