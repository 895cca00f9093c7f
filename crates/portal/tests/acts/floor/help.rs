//! The help: everybody reads it, with their own addresses.

use domain::role::Role;

use super::{Browser, check};
use crate::api::Site;

#[tokio::test(flavor = "multi_thread")]
async fn everybody_reads_it() {
    check(&[
        ("GET", "/help", &[], [200; 6]),
        ("GET", "/help/3-pin", &[], [200; 6]),
        ("GET", "/help/brands/yealink", &[], [200; 6]),
        ("GET", "/help/no-such-article", &[], [404; 6]),
        ("GET", "/help/brands/nobody", &[], [404; 6]),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_searched_and_names_the_viewers_address() {
    let site = Site::open().await;
    let mut reseller = Browser::open(&site, Role::Reseller, "Dealer").await;
    let found = reseller.page("/help?q=readdresses+nothing").await;
    assert!(found.contains("No article and no guide holds all these words."), "{found}");
    let found = reseller.page("/help?q=yealink+idle").await;
    assert!(found.contains("/help/brands/yealink") && !found.contains("/help/brands/patton"), "{found}");
    let article = reseller.page("/help/1-global-password").await;
    assert!(article.contains("data-copy=\"https://phones.example.com:8443/cfg/\"") && article.contains("<code>setup</code>"), "{article}");
    assert!(!article.contains("{{") && !article.contains(" style="), "{article}");
    let guide = reseller.page("/help/brands/yealink").await;
    assert!(guide.contains("https://phones.example.com:8443/cfg/") && !guide.contains("phones' host"), "{guide}");

    reseller.cookie += "; rf_language=de";
    let german = reseller.page("/help/brands/yealink").await;
    assert!(german.contains("Die Anleitungen der Marken gibt es nur auf Englisch.") && german.contains("lang=\"en\""), "{german}");
    let admin = Browser::open(&site, Role::CustomerAdmin, "Shop").await;
    let article = admin.page("/help/1-global-password").await;
    assert!(article.contains("ask your provider") && !article.contains("<code>setup</code>"), "{article}");
}
