//! Accounts at redirect services, and how a phone stands there, in a browser.

use domain::role::Role;
use domain::{Mac, Secret, Span};
use portal::admin::redirect::{self, NewAccount};
use portal::admin::{By, global_login};
use store::redirect::{Kept, State};
use uuid::Uuid;

use super::between;
use crate::api::Site;
use crate::world::{NOW, OFFICE, SHOP};

const PAGE: &str = "/operations/redirects";
const SECRET: &str = "fictitious-secret-5";

/// An account of the operator's at Yealink's service, and a global login to hand out there.
async fn account(site: &Site, reseller: Option<&str>) -> Uuid {
    let (admin, by) = (&site.world.admin, &By::command_line(NOW));
    global_login::rotate(admin, by, Span::days(7), None).await.unwrap();
    let fields = [("key_id", "office"), ("secret", SECRET)].map(|(name, value)| (name.to_owned(), Secret::from(value)));
    let reseller = reseller.map(str::to_owned);
    let new = NewAccount { service: "yealink-ymcs".into(), reseller, region: None, fields: fields.into() };
    redirect::add(admin, by, new).await.unwrap().id
}

/// What a pass would have noted of a phone.
async fn noted(site: &Site, account: Uuid, mac: &str, state: State, code: Option<&str>, said: Option<&str>) {
    let (mac, code, said): (Mac, _, _) = (mac.parse().unwrap(), code.map(str::to_owned), said.map(str::to_owned));
    let kept = Kept { code, said, ..Kept::new(state, 7, NOW - Span::minutes(5)) };
    site.world.admin.store.write(move |db| store::redirect::put(db, account, mac, &kept)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_added_tested_changed_and_removed() {
    let site = Site::open().await;
    let operator = site.signed_in(Role::Operator, "").await;
    assert!(operator.get(PAGE).await.text.contains("No accounts yet"));
    assert!(operator.get(&format!("{PAGE}/new")).await.text.contains("value=\"gigaset-grape\""));
    let form = operator.get(&format!("{PAGE}/new?service=yealink-ymcs")).await.text;
    assert!(form.contains("name=\"field-key_id\"") && form.contains("<option value=\"au\">"), "{form}");
    assert!(form.contains("one profile that all phones of an owner share") && form.contains("the shape of the list of device PINs"));
    assert_eq!(operator.get(&format!("{PAGE}/new?service=nobody")).await.status, 404);

    let typed =
        [("service", "yealink-ymcs"), ("region", "us"), ("field-key_id", "a"), ("field-secret", "b"), ("field-without_serial", "maybe")];
    let again = operator.post(&format!("{PAGE}/new"), &typed).await;
    assert_eq!(again.status, 422);
    assert!(again.text.contains("yes or no") && again.text.contains("value=\"a\"") && !again.text.contains("value=\"b\""), "{again:?}");
    let typed = [("service", "yealink-ymcs"), ("region", "us"), ("field-key_id", "office"), ("field-secret", SECRET)];
    let way = operator.led(&format!("{PAGE}/new"), &typed).await;
    let page = way.strip_suffix("?done=redirect-added").unwrap();
    let shown = operator.get(page).await.text;
    assert!(shown.contains("data-state=\"new\"") && shown.contains("<option value=\"us\" selected>"), "{shown}");
    assert!(!shown.contains(SECRET));
    assert_eq!(operator.post(&format!("{PAGE}/new"), &typed).await.status, 422, "there is one already");

    // Nobody answers there in these tests.
    assert_eq!(operator.led(&format!("{page}/test"), &[]).await, page);
    let shown = operator.get(page).await.text;
    assert!(shown.contains("data-state=\"failing\"") && shown.contains("The service cannot be reached."), "{shown}");
    assert!(operator.get(PAGE).await.text.contains("The service cannot be reached."));
    assert_eq!(operator.led(page, &[("region", "eu"), ("field-key_id", "other")]).await, format!("{page}?done=redirect-changed"));
    let shown = operator.get(page).await.text;
    assert!(shown.contains("<option value=\"eu\" selected>") && shown.contains("value=\"other\""), "{shown}");
    assert_eq!(operator.post(page, &[("region", "moon")]).await.status, 422);
    assert_eq!(operator.led(&format!("{page}/sync"), &[]).await, format!("{page}?done=redirect-synced"));

    assert!(operator.get(&format!("{page}/remove")).await.text.contains("0 phones listed"));
    assert_eq!(operator.led(&format!("{page}/remove"), &[("answer", "no")]).await, page);
    let leaving = operator.led(&format!("{page}/remove"), &[("answer", "yes"), ("devices", "unregister")]).await;
    assert_eq!(leaving, format!("{PAGE}?done=redirect-leaving"));
    assert!(operator.get(page).await.text.contains("data-state=\"leaving\""));
    let removed = operator.led(&format!("{page}/remove"), &[("answer", "yes"), ("devices", "leave")]).await;
    assert_eq!(removed, format!("{PAGE}?done=redirect-removed"));
    assert_eq!(operator.get(page).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_phones_say_why_and_what_to_do_page_by_page() {
    let site = Site::open().await;
    let (operator, id) = (site.signed_in(Role::Operator, "").await, account(&site, None).await);
    noted(&site, id, SHOP, State::Refused, Some("owned_by_other"), Some("Another Ltd")).await;
    for number in 0..50 {
        noted(&site, id, &format!("0015650001{number:02x}"), State::Refused, Some("missing_serial"), None).await;
    }
    let page = operator.get(&format!("{PAGE}/{id}")).await.text;
    assert!(page.contains("belongs to another account") && page.contains("must release it") && page.contains("Another Ltd"), "{page}");
    assert!(page.contains(&format!("/devices/{SHOP}#redirect")) && page.contains("not here any more"));
    assert!(page.contains("Enter it as it stands on the label") && !page.contains("00:15:65:00:01:31"));
    let next = between(&page, &format!("href=\"{PAGE}/{id}?after="), "#refused\"");
    let second = operator.get(&format!("{PAGE}/{id}?after={next}")).await.text;
    assert!(second.contains("00:15:65:00:01:31") && !second.contains("Another Ltd"), "{second}");
    assert_eq!(operator.get(&format!("{PAGE}/{id}?after=x")).await.status, 422);
    assert!(operator.get(PAGE).await.text.contains(">51</a>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_says_what_the_service_says_apart_from_whether_it_came() {
    let site = Site::open().await;
    let (operator, id) = (site.signed_in(Role::Operator, "").await, account(&site, None).await);
    let device = format!("/devices/{SHOP}");
    assert!(operator.get(&device).await.text.contains("It is about to be registered."));
    noted(&site, id, SHOP, State::Listed, None, None).await;
    let page = operator.get(&device).await.text;
    assert!(page.contains("data-state=\"listed\"") && page.contains("the phone has not come yet"), "{page}");
    assert!(page.contains(&format!("{PAGE}/{id}")));
    let marked = operator.post(&format!("{device}/redirect/by-hand"), &[("by_hand", "yes")]).await;
    assert!(marked.status == 422 && marked.text.contains("This server has registered the phone itself"), "{marked:?}");

    noted(&site, id, SHOP, State::Refused, Some("owned_by_other"), Some("Another Ltd")).await;
    let page = operator.get(&device).await.text;
    assert!(page.contains("The phone belongs to another account of the service.") && page.contains("Another Ltd"), "{page}");
    // Whose it is, and where the account is, is between the account's owner and the service.
    let admin = site.signed_in(Role::CustomerAdmin, "Shop").await;
    let page = admin.get(&device).await.text;
    assert!(page.contains("The phone belongs to another account of the service.") && page.contains("must release it"), "{page}");
    assert!(!page.contains("Another Ltd") && !page.contains(PAGE) && !page.contains("redirect/address"), "{page}");

    let label = format!("{device}/redirect/label");
    assert_eq!(operator.led(&label, &[("serial", " 3146019091637071 ")]).await, format!("{device}?done=label-kept#redirect"));
    assert!(operator.get(&device).await.text.contains("value=\"3146019091637071\""));
    let wrong = operator.post(&label, &[("serial", "a b")]).await;
    assert!(wrong.status == 422 && wrong.text.contains("A serial number is"), "{wrong:?}");
    assert_eq!(operator.led(&format!("{device}/redirect/by-hand"), &[("by_hand", "yes")]).await, format!("{device}?done=by-hand#redirect"));
    let page = operator.get(&device).await.text;
    assert!(page.contains("data-state=\"by_hand\"") && page.contains("operator."), "{page}");
    assert_eq!(
        operator.led(&format!("{device}/redirect/by-hand"), &[("by_hand", "no")]).await,
        format!("{device}?done=not-by-hand#redirect")
    );
    assert_eq!(operator.post(&format!("{device}/redirect/by-hand"), &[("by_hand", "perhaps")]).await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_services_pin_and_the_address_are_shown_after_ones_password_and_audited() {
    let site = Site::open().await;
    let id = account(&site, None).await;
    noted(&site, id, SHOP, State::Refused, Some("refused"), None).await;
    let mac: Mac = SHOP.parse().unwrap();
    site.world.admin.store.write(move |db| store::redirect::set_pin(db, mac, &Secret::from("48151623"))).await.unwrap();
    let (pin, address) = (format!("/devices/{SHOP}/redirect/pin"), format!("/devices/{SHOP}/redirect/address"));
    let installer = site.signed_in_since(Role::Installer, "Front", Span::hours(2)).await;
    assert!(!installer.get(&format!("/devices/{SHOP}")).await.text.contains("48151623"));
    assert!(installer.led(&pin, &[]).await.starts_with("/account/prove"));
    assert_eq!(installer.post(&address, &[]).await.status, 403);
    let admin = site.signed_in(Role::CustomerAdmin, "Shop").await;
    assert!(admin.post(&pin, &[]).await.text.contains("48151623"));
    let operator = site.signed_in(Role::Operator, "").await;
    let shown = operator.post(&address, &[]).await;
    assert!(shown.text.contains("https://phones.example.com:8443/cfg/g/"), "{shown:?}");
    assert!(!operator.get(&format!("/devices/{SHOP}")).await.text.contains("/cfg/g/"));
    let audit = operator.get("/operations/audit").await.text;
    assert!(audit.contains("redirect.pin-shown") && audit.contains("redirect.address-shown"), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_of_a_brand_are_taken_out_of_ones_own_branch() {
    let site = Site::open().await;
    let reseller = site.signed_in(Role::Reseller, "Dealer").await;
    let wanted = [("brand", "yealink"), ("how", "show")];
    let none = reseller.post(&format!("{PAGE}/addresses"), &wanted).await;
    assert!(none.status == 422 && none.text.contains("No global login is in force"), "{none:?}");
    account(&site, Some("Dealer")).await;
    let shown = reseller.post(&format!("{PAGE}/addresses"), &wanted).await.text;
    assert!(shown.contains("mac,serial,mac_id,model,address") && shown.contains("/cfg/g/"), "{shown}");
    assert!(shown.contains(SHOP) && !shown.contains(OFFICE), "{shown}");
    let file = reseller.post(&format!("{PAGE}/addresses"), &[("brand", "yealink"), ("how", "file")]).await;
    assert!(file.header("content-disposition").contains("redirect-addresses-yealink.csv"), "{file:?}");
    assert_eq!(file.text.lines().count(), 2, "{file:?}");
    assert_eq!(reseller.post(&format!("{PAGE}/addresses"), &[("brand", "nobody")]).await.status, 422);
    // It sees its own account and no way to another's.
    let operators = site.signed_in(Role::Operator, "").await.get(PAGE).await.text;
    assert!(operators.contains("Dealer · eu"), "{operators}");
    let own = reseller.get(PAGE).await.text;
    assert!(
        own.contains("Yealink YMCS")
            && !reseller.get(&format!("{PAGE}/new?service=poly-zero-touch")).await.text.contains("name=\"reseller\"")
    );
    let id = account_of_operator(&site).await;
    assert_eq!(reseller.get(&format!("{PAGE}/{id}")).await.status, 404);
}

async fn account_of_operator(site: &Site) -> Uuid {
    let fields = [("api_key".to_owned(), Secret::from(SECRET))].into();
    let new = NewAccount { service: "poly-zero-touch".into(), fields, ..NewAccount::default() };
    redirect::add(&site.world.admin, &By::command_line(NOW), new).await.unwrap().id
}
