//! Requests that make something, sent twice.

use crate::api::{Answer, Site, problem};

const SHOP: &str = r#"{"name":"Twice Ltd"}"#;

async fn send(site: &Site, token: &str, line: &str, key: &str, body: &str) -> Answer {
    site.ask(token, line, &[("Content-Type", "application/json"), ("Idempotency-Key", key)], body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_makes_one_thing() {
    let site = Site::open().await;
    let token = site.operator().await;
    let first = send(&site, &token, "POST /customers", "key-1", SHOP).await;
    let again = send(&site, &token, "POST /customers", "key-1", SHOP).await;
    assert_eq!(first.ok(201), again.ok(201));
    for header in ["location", "etag", "content-type"] {
        assert_eq!(first.header(header), again.header(header), "{header}");
    }
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    let other = send(&site, &token, "POST /customers", "key-1", r#"{"name":"Another Ltd"}"#).await;
    assert_eq!(other.problem(), problem(422, "key_reused"));
    let elsewhere = send(&site, &token, "POST /resellers", "key-1", SHOP).await;
    assert_eq!(elsewhere.problem(), problem(422, "key_reused"), "the same body, but another request");
    let somebody_else = site.operator().await;
    assert_eq!(
        send(&site, &somebody_else, "POST /customers", "key-1", SHOP).await.problem(),
        problem(409, "exists"),
        "a key is its token's"
    );
    let named = site.get(&token, "/customers?q=ltd").await.ok(200);
    assert_eq!(named["items"].as_array().unwrap().len(), 1, "{named}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_shown_once_is_shown_again_to_the_same_request_alone() {
    let site = Site::open().await;
    let token = site.operator().await;
    let body = r#"{"role":"auditor","label":"reports"}"#;
    let made = send(&site, &token, "POST /tokens", "key-1", body).await.ok(201);
    assert_eq!(send(&site, &token, "POST /tokens", "key-1", body).await.ok(201), made);
    assert_eq!(site.get(made["token"].as_str().unwrap(), "/whoami").await.ok(200)["role"], "auditor");
    let tokens = site.get(&token, "/tokens").await;
    assert_eq!(tokens.ok(200)["items"].as_array().unwrap().len(), 2, "the operator's own and one more");
    assert!(!tokens.text.contains(made["token"].as_str().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_repeated_too_and_a_strange_key_refused() {
    let site = Site::open().await;
    let token = site.operator().await;
    let bad = r#"{"name":""}"#;
    for _ in 0..2 {
        assert_eq!(send(&site, &token, "POST /customers", "key-2", bad).await.problem(), problem(422, "name"));
    }
    let long = "k".repeat(201);
    for key in ["", "two words", long.as_str()] {
        assert_eq!(send(&site, &token, "POST /customers", key, SHOP).await.problem(), problem(422, "idempotency_key"), "{key}");
    }
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")];
    assert_eq!(site.ask(&token, "POST /customers", &headers, SHOP).await.problem(), problem(422, "idempotency_key"));
    let large = "x".repeat(5 << 20);
    assert_eq!(send(&site, &token, "POST /customers", "key-3", &large).await.problem(), problem(413, "too_large"));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_make_one_thing() {
    let site = std::sync::Arc::new(Site::open().await);
    let token = site.operator().await;
    let asking: Vec<_> = (0..16)
        .map(|_| {
            let (site, token) = (std::sync::Arc::clone(&site), token.clone());
            tokio::spawn(async move { send(&site, &token, "POST /global-login-requests", "key-1", "{}").await })
        })
        .collect();
    let mut made = 0;
    for answer in asking {
        let answer = answer.await.unwrap();
        match answer.status {
            201 => made += 1,
            // One that came while the first one ran.
            _ => assert_eq!(answer.problem(), problem(409, "key_in_use")),
        }
    }
    assert!(made >= 1);
    let all = site.get(&token, "/global-login-requests").await.ok(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 1, "{all}");
}
