//! Customers and sites.

use domain::Span;
use domain::role::Role;

use super::between;
use crate::api::Site;

const CUSTOMERS: &str = "/administration/customers";
const SITES: &str = "/administration/sites";

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_added_renamed_and_deleted_once_it_is_empty() {
    let site = Site::open().await;
    let ids = site.ids().await;
    let dealer = site.signed_in(Role::Reseller, "Dealer").await;
    let to = dealer.led(CUSTOMERS, &[("name", "New <Ltd>"), ("asks", "none/required")]).await;
    let path = to.strip_suffix("?done=customer-added").unwrap();
    let page = dealer.get(&to).await;
    assert!(page.text.contains("New &lt;Ltd&gt;") && page.text.contains("no login") && page.text.contains(">PIN<"), "{}", page.text);
    let version = between(&page.text, "name=\"version\" value=\"", "\"").to_owned();
    assert_eq!(dealer.led(path, &[("name", "Newer"), ("version", &version)]).await, format!("{path}?done=saved"));
    assert_eq!(dealer.post(path, &[("name", "Newest"), ("version", &version)]).await.status, 422, "somebody else was quicker");
    for name in ["", "Shop", &"x".repeat(101)] {
        let refused = dealer.post(CUSTOMERS, &[("name", name)]).await;
        assert!(refused.status == 422 && refused.text.contains("aria-describedby=\"wrong-name\""), "{name:?}: {refused:?}");
    }
    assert_eq!(dealer.post(CUSTOMERS, &[("name", "Open"), ("asks", "none/off")]).await.status, 422, "a policy that asks for nothing");
    let full = dealer.post(&format!("{CUSTOMERS}/{}/delete", ids.shop), &[("answer", "yes")]).await;
    assert_eq!(full.status, 422, "it has phones: {full:?}");
    assert_eq!(dealer.get(&format!("{CUSTOMERS}/{}", ids.office)).await.status, 404);
    assert_eq!(dealer.led(&format!("{path}/delete"), &[("answer", "no")]).await, path);
    assert_eq!(dealer.led(&format!("{path}/delete"), &[("answer", "yes")]).await, format!("{CUSTOMERS}?done=customer-deleted"));
    assert_eq!(dealer.get(path).await.status, 404);
    let shop = site.signed_in(Role::CustomerAdmin, "Shop").await;
    assert_eq!(shop.get(&format!("{CUSTOMERS}/{}", ids.shop)).await.status, 403);
    assert_eq!(shop.post(CUSTOMERS, &[("name", "Mine")]).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_says_which_field_is_wrong() {
    let site = Site::open().await;
    let ids = site.ids().await;
    let shop = site.signed_in(Role::CustomerAdmin, "Shop").await;
    for (field, value) in [("country", "GERMANY"), ("caller_number", "030 1"), ("location", &"x".repeat(101)), ("name", "")] {
        let mut fields = vec![("name", "Back")];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let refused = shop.post(SITES, &fields).await;
        assert!(refused.status == 422 && refused.text.contains(&format!("aria-describedby=\"wrong-{field}\"")), "{field}: {refused:?}");
    }
    let to = shop.led(SITES, &[("name", "Back"), ("country", "de"), ("caller_number", "+49 30 1234"), ("location", "Yard 2")]).await;
    let page = shop.get(&to).await.text;
    assert!(page.contains("value=\"DE\"") && page.contains("value=\"+49301234\"") && page.contains("Yard 2"), "{page}");
    assert!(shop.get(SITES).await.text.contains("Back"));
    let office = site.signed_in(Role::CustomerAdmin, "Office").await;
    assert!(!office.get(SITES).await.text.contains("Front"));
    assert_eq!(office.post(&format!("{SITES}/{}", ids.front), &[("name", "Mine")]).await.status, 404);
    let auditor = site.signed_in(Role::Auditor, "Shop").await;
    assert_eq!(auditor.get(&format!("{SITES}/{}", ids.front)).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn menu_passwords_are_shown_after_ones_own_and_made_anew_by_question() {
    let site = Site::open().await;
    let ids = site.ids().await;
    let path = format!("{SITES}/{}/menu-passwords", ids.front);
    let stale = site.signed_in_since(Role::Reseller, "Dealer", Span::minutes(15)).await;
    assert!(stale.get(&path).await.header("location").starts_with("/account/prove?next=%2Fadministration%2Fsites"));
    assert!(stale.post(&format!("{path}/rotate"), &[("answer", "yes")]).await.header("location").starts_with("/account/prove"));
    let shop = site.signed_in(Role::CustomerAdmin, "Shop").await;
    let first = shop.get(&path).await.text;
    assert!(first.contains("Administrator") && !first.contains("Before (admin"), "{first}");
    let password = between(&first, "<code>", "</code>").to_owned();
    shop.led(&format!("{path}/rotate"), &[("answer", "yes")]).await;
    let second = shop.get(&path).await.text;
    assert_ne!(between(&second, "<code>", "</code>"), password);
    assert!(second.contains("Before (admin") && second.contains(&password), "{second}");
    assert_eq!(site.signed_in(Role::CustomerAdmin, "Office").await.get(&path).await.status, 404);
    assert_eq!(site.signed_in(Role::Auditor, "Shop").await.get(&path).await.status, 403);
}
