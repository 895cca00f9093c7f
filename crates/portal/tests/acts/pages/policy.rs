//! *Administration › Policy*.

use domain::role::Role;

use super::between;
use crate::api::Site;

const PATH: &str = "/administration/policy";

/// What a page says of a key.
fn key<'a>(page: &'a str, key: &str) -> &'a str {
    between(page, &format!("id=\"key-{key}\""), "</li>")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_set_inherited_below_and_taken_back() {
    let site = Site::open().await;
    let ids = site.ids().await;
    let dealer = site.signed_in(Role::Reseller, "Dealer").await;
    let (mine, shops, fronts) =
        (PATH.to_owned(), format!("{PATH}?level=customer&id={}", ids.shop), format!("{PATH}?level=site&id={}", ids.front));
    assert!(key(&dealer.get(&mine).await.text, "suspend").contains("Inherited from: Default"));
    let own = [("level", "reseller"), ("id", ids.dealer.as_str())];
    let to = dealer.led(PATH, &[own[0], own[1], ("suspend", "45m"), ("pin", "required"), ("resync", "")]).await;
    assert_eq!(to, format!("{PATH}?level=reseller&id={}&done=saved", ids.dealer));
    let page = dealer.get(&mine).await.text;
    assert!(key(&page, "suspend").contains("value=\"45m\"") && key(&page, "suspend").contains("set here"), "{}", key(&page, "suspend"));
    assert!(key(&page, "pin").contains("<option value=\"required\" selected>"), "{}", key(&page, "pin"));
    let below = dealer.get(&fronts).await.text;
    assert!(key(&below, "suspend").contains("placeholder=\"45m\"") && key(&below, "suspend").contains("Inherited from: Reseller"));
    dealer.led(PATH, &[("level", "customer"), ("id", &ids.shop), ("suspend", "1h")]).await;
    let below = dealer.get(&fronts).await.text;
    assert!(key(&below, "suspend").contains("placeholder=\"1h\"") && key(&below, "suspend").contains("Inherited from: Customer"));
    assert!(key(&dealer.get(&shops).await.text, "suspend").contains("instead of 45m (Reseller)"));
    dealer.led(PATH, &[("level", "customer"), ("id", &ids.shop), ("suspend", "")]).await;
    assert!(key(&dealer.get(&shops).await.text, "suspend").contains("Inherited from: Reseller"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_value_stands_at_its_key_with_the_rest_as_it_was_typed() {
    let site = Site::open().await;
    let ids = site.ids().await;
    let dealer = site.signed_in(Role::Reseller, "Dealer").await;
    let at = [("level", "customer"), ("id", ids.shop.as_str())];
    let refused = dealer.post(PATH, &[at[0], at[1], ("suspend", "soon"), ("trust_window", "2h")]).await;
    assert_eq!(refused.status, 422);
    assert!(key(&refused.text, "suspend").contains("id=\"wrong-suspend\"") && key(&refused.text, "suspend").contains("value=\"soon\""));
    assert!(key(&refused.text, "trust_window").contains("value=\"2h\""));
    assert_eq!(dealer.post(PATH, &[at[0], at[1], ("login", "none"), ("pin", "off")]).await.status, 422, "nothing would be asked");
    assert_eq!(dealer.post(PATH, &[at[0], at[1], ("no_such_key", "1")]).await.status, 422);
    assert_eq!(dealer.get(&format!("{PATH}?level=customer&id={}", ids.office)).await.status, 404);
    assert_eq!(dealer.get(&format!("{PATH}?level=operator")).await.status, 403, "what is above is not theirs to read");
    let shop = site.signed_in(Role::CustomerAdmin, "Shop").await;
    let read = shop.get(PATH).await;
    assert!(read.status == 200 && !read.text.contains("name=\"suspend\"") && !read.text.contains("Dealer"), "{}", read.text);
    assert_eq!(shop.post(PATH, &[at[0], at[1], ("suspend", "1h")]).await.status, 403);
}
