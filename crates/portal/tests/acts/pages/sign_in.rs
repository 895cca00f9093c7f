//! Signing in: what is told and what is not, when it is shut, the second factor, and what browsers are told to keep to themselves.

use domain::role::Role;
use totp_rs::{Algorithm, Builder};

use super::{Browser, FROM_HERE, between};
use crate::api::{Answer, Site};
use crate::world::NOW;

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

async fn enter(browser: &Browser<'_>, username: &str, password: &str, next: &str) -> Answer {
    browser.post("/login", &[("username", username), ("password", password), ("next", next)]).await
}

/// The cookie of a session, from an answer that sets it.
fn session(answer: &Answer) -> String {
    between(answer.header("set-cookie"), "rf_session=", ";").to_owned()
}

async fn signed_in<'a>(site: &'a Site, name: &str, password: &str) -> Browser<'a> {
    let mut browser = site.browser();
    let answer = enter(&browser, name, password, "").await;
    assert_eq!(answer.status, 303, "{answer:?}");
    browser.cookies.insert("rf_session".into(), session(&answer));
    browser.learn().await;
    browser
}

async fn somebody(site: &Site) -> String {
    site.user("clerk", Role::CustomerAdmin, "Shop").await.password.unwrap().expose().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_name_and_a_wrong_password_are_told_alike_and_shut_the_door_after_five() {
    let site = Site::open().await;
    let password = somebody(&site).await;
    let browser = site.browser();
    let told = |answer: &Answer| between(&answer.text, "id=\"wrong\">", "</p>").to_owned();
    let (wrong, unknown) = (enter(&browser, "clerk", "wrong", "").await, enter(&browser, "nobody", "wrong", "").await);
    assert_eq!((wrong.status, unknown.status), (422, 422));
    assert_eq!(told(&wrong), told(&unknown), "nobody learns which names there are");
    assert!(!wrong.text.contains("value=\"wrong\""), "a password never comes back");
    for _ in 0..4 {
        assert_eq!(enter(&browser, "clerk", "wrong", "").await.status, 422);
    }
    let shut = enter(&browser, "clerk", &password, "").await;
    assert_eq!(shut.status, 429, "the right one is not looked at, either: {shut:?}");
    assert_eq!(shut.header("set-cookie"), "");
    assert_eq!(enter(&browser, "nobody", "wrong", "").await.status, 422, "another name is still looked at");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_has_a_cookie_that_scripts_and_other_sites_do_not_get() {
    let site = Site::open().await;
    let password = somebody(&site).await;
    let browser = site.browser();
    let answer = enter(&browser, "clerk", &password, "/account").await;
    assert_eq!((answer.status, answer.header("location")), (303, "/account"));
    let cookie = answer.header("set-cookie");
    for part in ["rf_session=", "; Path=/", "; SameSite=Lax", "; HttpOnly", "; Max-Age="] {
        assert!(cookie.contains(part), "{part}: {cookie}");
    }
    assert!(!cookie.contains("Secure"), "in the clear, on loopback, no browser would send it back: {cookie}");
    let body = serde_html_form::to_string([("username", "clerk"), ("password", &password)]).unwrap();
    let proxied = browser.ask("POST /login", &[FORM, FROM_HERE, ("X-Forwarded-Proto", "https")], body.as_bytes()).await;
    let cookie = proxied.header("set-cookie");
    assert!(cookie.starts_with("__Host-rf_session=") && cookie.ends_with("; Secure"), "{cookie}");
    assert_eq!(proxied.header("strict-transport-security"), "max-age=31536000");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_forbids_what_it_does_not_need() {
    let site = Site::open().await;
    for path in ["/login", "/nothing", "/account"] {
        let answer = site.browser().get(path).await;
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert!(!answer.text.contains("<script>") && !answer.text.contains(" style=") && !answer.text.contains(" onclick="), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sign_in_leads_nowhere_else() {
    let site = Site::open().await;
    let password = somebody(&site).await;
    for next in ["https://evil.example.net/", "//evil.example.net", "/\\evil.example.net", "javascript:alert(1)"] {
        let answer = enter(&site.browser(), "clerk", &password, next).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{next}");
        let page = site.browser().get(&format!("/login?{}", serde_html_form::to_string([("next", next)]).unwrap())).await;
        assert!(!page.text.contains("evil.example.net"), "{next}");
    }
    let asked = site.browser().get("/administration/customers?q=a").await;
    assert_eq!((asked.status, asked.header("location")), (303, "/login?next=%2Fadministration%2Fcustomers%3Fq%3Da"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_counts_with_the_token_of_its_session_alone() {
    let site = Site::open().await;
    let mut mine = site.signed_in(Role::Operator, "").await;
    let other = site.signed_in(Role::Reseller, "Dealer").await;
    let own = mine.csrf.clone();
    for token in ["", "0123456789abcdef0123456789abcdef", other.csrf.as_str()] {
        token.clone_into(&mut mine.csrf);
        assert_eq!(mine.post("/account/manner", &[("theme", "dark")]).await.status, 403, "{token:?}");
    }
    mine.csrf = own;
    let body = serde_html_form::to_string([("csrf", mine.csrf.as_str()), ("theme", "dark")]).unwrap();
    let line = "POST /account/manner";
    for (headers, status) in [
        (vec![FORM], 303),
        (vec![FORM, FROM_HERE], 303),
        (vec![FORM, ("Sec-Fetch-Site", "cross-site")], 403),
        (vec![FORM, ("Sec-Fetch-Site", "same-site")], 403),
        (vec![FORM, ("Origin", "https://portal.example.com")], 303),
        (vec![FORM, ("Origin", "https://evil.example.net")], 403),
        (vec![("Content-Type", "text/plain")], 422),
    ] {
        assert_eq!(mine.ask(line, &headers, body.as_bytes()).await.status, status, "{headers:?}");
    }
    let without = serde_html_form::to_string([("theme", "dark")]).unwrap();
    assert_eq!(mine.ask(line, &[FORM], without.as_bytes()).await.status, 403, "no token at all");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_the_other_sessions() {
    let site = Site::open().await;
    let password = somebody(&site).await;
    let (here, there) = (signed_in(&site, "clerk", &password).await, signed_in(&site, "clerk", &password).await);
    let wrong = here.post("/account/password", &[("old", "not it"), ("new", "correct-horse-9")]).await;
    assert_eq!(wrong.status, 422);
    let short = here.post("/account/password", &[("old", &password), ("new", "short")]).await;
    assert_eq!(short.status, 422);
    assert_eq!(there.get("/account").await.status, 200, "nothing has changed yet");
    assert_eq!(here.led("/account/password", &[("old", &password), ("new", "correct-horse-9")]).await, "/account?done=password-changed");
    assert_eq!(here.get("/account").await.status, 200);
    assert_eq!(there.get("/account").await.header("location"), "/login?next=%2Faccount");
    assert_eq!(enter(&site.browser(), "clerk", &password, "").await.status, 422, "the old one opens nothing");
    assert_eq!(enter(&site.browser(), "clerk", "correct-horse-9", "").await.status, 303);
    assert_eq!(here.led("/logout", &[]).await, "/login");
    assert_eq!(here.get("/account").await.header("location"), "/login?next=%2Faccount");
}

/// The code of a secret, so many steps from now.
fn code(secret: &str, steps: u64) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let totp = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .with_secret(secret)
        .build()
        .unwrap();
    totp.generate(u64::try_from(NOW.millis()).unwrap() / 1000 + 30 * steps).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_asks_for_a_code_and_a_recovery_code_opens_once() {
    let site = Site::open().await;
    let password = somebody(&site).await;
    let browser = signed_in(&site, "clerk", &password).await;
    let page = browser.post("/account/second-factor", &[]).await;
    assert_eq!(page.status, 200, "{page:?}");
    let secret = between(&page.text, "<code>", "</code>").to_owned();
    assert_eq!(browser.post("/account/second-factor/confirm", &[("code", "000000")]).await.status, 422);
    let page = browser.post("/account/second-factor/confirm", &[("code", &code(&secret, 0))]).await;
    assert_eq!(page.status, 200, "{page:?}");
    let recovery = between(&page.text, "<ol class=\"codes\"><li>", "</li>").to_owned();

    // The password alone gives half a session, which opens nothing.
    let mut half = site.browser();
    let asked = enter(&half, "clerk", &password, "/account").await;
    assert_eq!(asked.status, 200, "{asked:?}");
    half.cookies.insert("rf_session".into(), session(&asked));
    assert_eq!(half.get("/account").await.header("location"), "/login?next=%2Faccount");
    let used = half.post("/login/code", &[("code", &code(&secret, 0))]).await;
    assert_eq!(used.status, 422, "the code that switched it on is used up");
    let open = half.post("/login/code", &[("code", &code(&secret, 1)), ("next", "/account")]).await;
    assert_eq!((open.status, open.header("location")), (303, "/account"));
    assert_ne!(session(&open), half.cookies["rf_session"], "whoever saw the half cookie has nothing");

    for (attempt, status) in [("the first time", 303), ("again", 422)] {
        let mut half = site.browser();
        half.cookies.insert("rf_session".into(), session(&enter(&half, "clerk", &password, "").await));
        assert_eq!(half.post("/login/code", &[("code", &recovery)]).await.status, status, "{attempt}");
    }
    assert_eq!(browser.led("/account/second-factor/off", &[]).await, "/account?done=second-factor-off");
    assert_eq!(enter(&site.browser(), "clerk", &password, "").await.status, 303, "the password is enough again");
}
