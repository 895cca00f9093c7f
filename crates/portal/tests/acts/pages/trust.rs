//! *Administration › Profile › Technical Details*.

use domain::role::Role;

use crate::api::Site;
use crate::api::matrix::open_a_window;

const PATH: &str = "/administration/profile/technical-details";

#[tokio::test(flavor = "multi_thread")]
async fn a_network_is_shown_as_it_is_kept_before_and_after() {
    let site = Site::open().await;
    let browser = site.signed_in(Role::CustomerAdmin, "Shop").await;
    let before = browser.get(&format!("{PATH}?network=198.51.100.70%2F255.255.255.240")).await;
    assert!(before.text.contains("198.51.100.64/28") && before.text.contains("16 addresses"), "{}", before.text);
    let looked = browser.post(PATH, &[("network", "198.51.100.70/28"), ("check", "yes")]).await;
    assert!(looked.status == 200 && looked.text.contains("198.51.100.64/28"), "without script, too: {looked:?}");
    assert!(browser.get(PATH).await.text.contains("No network is trusted for good"), "nothing is kept by looking");
    let to = browser.led(PATH, &[("network", "198.51.100.70/28"), ("label", "HQ")]).await;
    assert_eq!(to, format!("{PATH}?added=198.51.100.64%2F28&done=trust-added"));
    let after = browser.get(&to).await;
    for part in ["198.51.100.64/28", "kept as this", "HQ", "The network is trusted."] {
        assert!(after.text.contains(part), "{part}: {}", after.text);
    }
    let question = browser.get(&format!("{PATH}/remove?network=198.51.100.64%2F28")).await;
    assert!(question.status == 200 && question.text.contains("class=\"question\""), "{question:?}");
    assert_eq!(browser.led(&format!("{PATH}/remove"), &[("network", "198.51.100.64/28"), ("answer", "no")]).await, PATH);
    assert!(browser.get(PATH).await.text.contains("HQ"), "no is no");
    browser.led(&format!("{PATH}/remove"), &[("network", "198.51.100.64/28"), ("answer", "yes")]).await;
    assert!(browser.get(PATH).await.text.contains("No network is trusted for good"));
}

#[tokio::test(flavor = "multi_thread")]
async fn wide_and_private_networks_need_a_tick_and_nonsense_stays_out() {
    let site = Site::open().await;
    let browser = site.signed_in(Role::CustomerAdmin, "Shop").await;
    for (network, reason) in [("198.51.0.0/16", "wider than the policy allows"), ("10.0.0.0/24", "private range")] {
        let refused = browser.post(PATH, &[("network", network), ("label", "kept <b>label</b>")]).await;
        assert_eq!(refused.status, 422, "{network}");
        assert!(refused.text.contains(reason) && refused.text.contains("name=\"force\""), "{network}: {}", refused.text);
        assert!(refused.text.contains("kept &lt;b&gt;label&lt;/b&gt;"), "what was typed is there again, as text: {}", refused.text);
        browser.led(PATH, &[("network", network), ("force", "yes")]).await;
    }
    for network in ["office", "", "300.1.1.1", "2001:db8::/129"] {
        let refused = browser.post(PATH, &[("network", network), ("force", "yes")]).await;
        assert!(refused.status == 422 && !refused.text.contains("name=\"force\""), "{network}: {refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_shows_its_time_and_closes_by_hand() {
    let site = Site::open().await;
    open_a_window(&site).await;
    let browser = site.signed_in(Role::CustomerAdmin, "Shop").await;
    let page = browser.get(PATH).await;
    assert!(page.text.contains("198.51.100.7/32") && page.text.contains("data-until=\"2026-11-22T01:00:00Z\""), "{}", page.text);
    assert_eq!(browser.get(&format!("{PATH}/close?network=192.0.2.1%2F32")).await.status, 404);
    browser.led(&format!("{PATH}/close"), &[("network", "198.51.100.7/32"), ("answer", "yes")]).await;
    assert!(browser.get(PATH).await.text.contains("No window is open now."));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sees_several_customers_chooses_one_first() {
    let site = Site::open().await;
    let ids = site.ids().await;
    let mut dealer = site.signed_in(Role::Reseller, "Dealer").await;
    let page = dealer.get(PATH).await;
    assert!(page.text.contains("/switch?back="), "{}", page.text);
    assert_eq!(dealer.post("/switch", &[("customer", &ids.office)]).await.status, 404, "another one's customer");
    let answer = dealer.post("/switch", &[("customer", &ids.shop), ("back", PATH)]).await;
    assert_eq!((answer.status, answer.header("location")), (303, PATH));
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with(&format!("rf_customer={}; ", ids.shop)) && cookie.contains("HttpOnly"), "{cookie}");
    dealer.about(&ids.shop);
    assert!(dealer.get(PATH).await.text.contains("No network is trusted for good"));
    let all = dealer.post("/switch", &[("customer", ""), ("back", "//evil.example.net")]).await;
    assert_eq!((all.header("location"), all.header("set-cookie").contains("Max-Age=0")), ("/", true));
    let found = dealer.get("/switch?q=sho&back=%2F").await;
    assert!(found.text.contains(&ids.shop) && !found.text.contains(&ids.office), "{}", found.text);
    dealer.about(&ids.office);
    assert!(dealer.get(PATH).await.text.contains("/switch?back="), "a cookie opens nothing");
    let shop = site.signed_in(Role::CustomerAdmin, "Shop").await;
    assert_eq!(shop.get("/switch?back=%2Faccount").await.header("location"), "/account", "there is nothing to choose");
}
