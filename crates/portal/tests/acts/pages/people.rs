//! Users and roles, and tokens of the API.

use domain::Span;
use domain::role::Role;

use super::between;
use crate::api::Site;

const USERS: &str = "/administration/users";
const TOKENS: &str = "/administration/tokens";

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_added_with_a_password_that_is_shown_once() {
    let site = Site::open().await;
    let ids = site.ids().await;
    let shop = site.signed_in(Role::CustomerAdmin, "Shop").await;
    let (at, front) = (format!("customer:{}", ids.shop), format!("site:{}", ids.front));
    let form = shop.get(&format!("{USERS}/new")).await.text;
    assert!(
        form.contains(&at) && form.contains(&front) && !form.contains("value=\"operator\"") && !form.contains("value=\"reseller\""),
        "{form}"
    );
    let made = shop.post(USERS, &[("name", "fitter"), ("role", "installer"), ("at", &front)]).await;
    assert_eq!(made.status, 200, "{made:?}");
    let password = between(&made.text, "<code>", "</code>").to_owned();
    let signed = shop.site.browser().post("/login", &[("username", "fitter"), ("password", &password)]).await;
    assert_eq!(signed.status, 303, "{signed:?}");
    let list = shop.get(USERS).await.text;
    assert!(list.contains("fitter") && list.contains("Installer") && !list.contains(&password), "{list}");
    for (name, role, branch, field) in [
        ("fitter", "auditor", at.as_str(), "name"),
        ("two words", "auditor", &at, "name"),
        ("x", "customer-admin", &front, "role"),
        ("x", "king", &at, "role"),
        ("x", "auditor", "everywhere", "role"),
    ] {
        let refused = shop.post(USERS, &[("name", name), ("role", role), ("at", branch)]).await;
        assert!(refused.status == 422 && refused.text.contains(&format!("wrong-{field}")), "{name} {role} {branch}: {refused:?}");
    }
    let office = format!("customer:{}", ids.office);
    assert_eq!(shop.post(USERS, &[("name", "x"), ("role", "auditor"), ("at", &office)]).await.status, 404);
    assert_eq!(shop.post(USERS, &[("name", "x"), ("role", "reseller"), ("at", &at)]).await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_shut_out_gets_a_new_password_and_goes() {
    let site = Site::open().await;
    let told = site.user("clerk", Role::Auditor, "Shop").await;
    let path = format!("{USERS}/{}", told.user.id);
    let password = told.password.unwrap().expose().clone();
    let enter = async |password: &str| site.browser().post("/login", &[("username", "clerk"), ("password", password)]).await.status;
    let shop = site.signed_in(Role::CustomerAdmin, "Shop").await;
    assert_eq!(enter(&password).await, 303);
    shop.led(&format!("{path}/disable"), &[("disabled", "true")]).await;
    assert_eq!(enter(&password).await, 422);
    shop.led(&format!("{path}/disable"), &[("disabled", "false")]).await;
    let made = shop.post(&format!("{path}/password"), &[("answer", "yes")]).await;
    let new = between(&made.text, "<code>", "</code>").to_owned();
    assert_eq!((enter(&password).await, enter(&new).await), (422, 303));
    assert_eq!(shop.led(&format!("{path}/delete"), &[("answer", "yes")]).await, format!("{USERS}?done=user-deleted"));
    assert_eq!((enter(&new).await, shop.get(&path).await.status), (422, 404));
    let auditor = site.signed_in(Role::Auditor, "Shop").await;
    assert_eq!((auditor.get(USERS).await.status, auditor.get(TOKENS).await.status), (403, 403));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_shown_once_works_and_is_revoked() {
    let site = Site::open().await;
    let ids = site.ids().await;
    let shop = site.signed_in(Role::CustomerAdmin, "Shop").await;
    let at = format!("customer:{}", ids.shop);
    let fields = [("label", "Billing"), ("role", "auditor"), ("at", at.as_str()), ("days", "30")];
    let made = shop.post(TOKENS, &fields).await;
    assert_eq!(made.status, 200, "{made:?}");
    let token = between(&made.text, "<code>", "</code>").to_owned();
    assert_eq!(site.get(&token, "/whoami").await.ok(200)["role"], "auditor");
    let list = shop.get(TOKENS).await.text;
    assert!(list.contains("Billing") && !list.contains(&token), "{list}");
    assert_eq!(shop.post(TOKENS, &[fields[0], fields[1], fields[2], ("days", "31")]).await.status, 422);
    assert_eq!(shop.post(TOKENS, &[("label", &"x".repeat(101)), fields[1], fields[2], fields[3]]).await.status, 422);
    let revoke = format!("{TOKENS}/{}/revoke", between(&list, "/administration/tokens/", "/revoke").rsplit('/').next().unwrap());
    assert_eq!(site.signed_in(Role::CustomerAdmin, "Office").await.post(&revoke, &[("answer", "yes")]).await.status, 404);
    shop.led(&revoke, &[("answer", "no")]).await;
    assert_eq!(site.get(&token, "/whoami").await.status, 200);
    shop.led(&revoke, &[("answer", "yes")]).await;
    assert_eq!(site.get(&token, "/whoami").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_shows_a_password_asks_for_ones_own() {
    let site = Site::open().await;
    let told = site.user("clerk", Role::Auditor, "Shop").await;
    let stale = site.signed_in_since(Role::CustomerAdmin, "Shop", Span::minutes(15)).await;
    let password = format!("{USERS}/{}/password", told.user.id);
    for path in [format!("{USERS}/new"), format!("{TOKENS}/new"), password.clone()] {
        assert!(stale.get(&path).await.header("location").starts_with("/account/prove?next=%2Fadministration"), "{path}");
    }
    for path in [USERS, TOKENS, &password] {
        let answer = stale.post(path, &[("name", "x"), ("role", "auditor"), ("at", ""), ("days", "30"), ("answer", "yes")]).await;
        assert!(answer.header("location").starts_with("/account/prove"), "{path}: {answer:?}");
    }
    assert!(!stale.get(USERS).await.text.contains(">x<"), "nobody was added");
}
