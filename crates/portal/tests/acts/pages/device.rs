//! A phone's page: who sees what, what can be done and what becomes of it.

use domain::Span;
use domain::role::Role;
use portal::admin::device::{self, Why};
use portal::admin::setting::{self, Of};
use portal::admin::{By, audit, policy};
use store::seen::{News, Seen, Served};

use super::Browser;
use crate::api::Site;
use crate::world::{NOW, OFFICE, SHOP};

const TABS: [&str; 8] = ["", "/lines", "/settings", "/config", "/requests", "/calls", "/advanced", "/would-get?address=198.51.100.7"];

fn operator() -> By {
    By::command_line(NOW)
}

async fn pin(site: &Site) -> String {
    device::show(&site.world.admin, &operator(), SHOP).await.unwrap().pin.unwrap()
}

/// The phone comes and gets its full configuration.
async fn fetched(site: &Site, mac: &'static str) {
    let (admin, by) = (&site.world.admin, &operator());
    device::set_login(admin, by, mac, "desk", &domain::Secret::from("correct-horse-9")).await.unwrap();
    let keys = std::sync::Arc::clone(&admin.keys);
    let taken = move |db: &store::Db| {
        let mut stored = store::device::by_mac(db, &store::Scope::Operator, mac.parse().unwrap())?;
        let login = stored.device.auth.pending.as_ref().unwrap().login.clone().unwrap();
        assert!(!login.user(&keys).is_empty());
        stored.device.auth.pending = None;
        stored.device.auth.live = Some(domain::device::Live { login, since: NOW, window_due: None });
        store::device::save(db, &stored, NOW)?;
        let served = Served { at: NOW - Span::minutes(5), address: "198.51.100.7".parse().unwrap(), transport: "https".into() };
        let seen = Seen { served: Some(served), own_address: None, firmware: String::new(), model: String::new() };
        store::seen::note(db, &[News { mac: mac.parse().unwrap(), seen, requests: Vec::new() }])
    };
    admin.store.write(taken).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tab_is_seen_by_its_branch_and_by_nobody_else() {
    let site = Site::open().await;
    for (role, at) in [
        (Role::Operator, ""),
        (Role::Reseller, "Dealer"),
        (Role::CustomerAdmin, "Shop"),
        (Role::Installer, "Front"),
        (Role::Auditor, "Shop"),
    ] {
        let browser = site.signed_in(role, at).await;
        for tab in TABS {
            let page = browser.get(&format!("/devices/00-15-65-00-00-01{tab}")).await;
            assert_eq!(page.status, 200, "{role:?} {tab}: {page:?}");
            assert!(page.text.contains("00:15:65:00:00:01") && !page.text.contains("line-secret-7"), "{role:?} {tab}");
            assert!(!page.text.contains("class=\"secret\""), "no PIN without asking: {role:?} {tab}");
        }
    }
    let stranger = site.signed_in(Role::CustomerAdmin, "Office").await;
    for tab in TABS {
        assert_eq!(stranger.get(&format!("/devices/{SHOP}{tab}")).await.status, 404, "{tab}");
    }
    for act in ["resync", "suspend", "delete", "lines", "settings", "pin", "advanced/switch", "advanced/allow", "replace", "move", "unlock"]
    {
        let fields = [("answer", "yes"), ("version", "1"), ("disabled", "yes"), ("allow", "yes"), ("customer", "Office")];
        assert_eq!(stranger.post(&format!("/devices/{SHOP}/{act}"), &fields).await.status, 404, "{act}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_role_may_not_do_is_neither_shown_nor_done() {
    let site = Site::open().await;
    let (auditor, installer) = (site.signed_in(Role::Auditor, "Shop").await, site.signed_in(Role::Installer, "Front").await);
    let page = auditor.get(&format!("/devices/{SHOP}")).await.text;
    for control in ["Reset authentication</a>", "Suspend authentication", "Resync", "Show PIN", "Replace this phone", "Delete"] {
        assert!(!page.contains(control), "{control}");
    }
    let page = installer.get(&format!("/devices/{SHOP}")).await.text;
    for (control, shown) in [("Suspend authentication", true), ("Resync", true), ("Show PIN", true), ("Move", false), ("Delete", false)] {
        assert_eq!(page.contains(control), shown, "{control}");
    }
    let fields = [
        ("answer", "yes"),
        ("version", "1"),
        ("disabled", "yes"),
        ("allow", "yes"),
        ("user", "x"),
        ("password", "correct-horse-9"),
        ("parameter", "a"),
    ];
    for act in ["resync", "suspend", "suspend/end", "pin"] {
        assert_eq!(auditor.post(&format!("/devices/{SHOP}/{act}"), &fields).await.status, 403, "{act}");
    }
    for act in [
        "unlock",
        "delete",
        "replace",
        "move",
        "lines",
        "settings",
        "second-claimant",
        "advanced/allow",
        "advanced/login",
        "advanced/login/clear",
        "advanced/login/rotate",
        "advanced/raw",
        "advanced/switch",
    ] {
        let fields = if act == "settings" { &[("key", "language"), ("value", "de")][..] } else { &fields[..] };
        assert_eq!(installer.post(&format!("/devices/{SHOP}/{act}"), fields).await.status, 403, "{act}");
    }
    for page in ["unlock", "delete", "replace", "move", "advanced/login/clear", "second-claimant"] {
        assert_eq!(installer.get(&format!("/devices/{SHOP}/{page}")).await.status, 403, "{page}");
    }
    let admin = site.signed_in(Role::CustomerAdmin, "Shop").await;
    assert_eq!(admin.get(&format!("/devices/{SHOP}/unlock")).await.status, 403);
    policy::set(&site.world.admin, &operator(), portal::admin::tree::NodeNames::customer("Shop"), vec!["customer_reset=yes".into()], false)
        .await
        .unwrap();
    assert_eq!(admin.get(&format!("/devices/{SHOP}/unlock")).await.status, 200, "the reseller permits it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_is_shown_on_demand_and_audited() {
    let site = Site::open().await;
    let (browser, pin) = (site.signed_in(Role::Installer, "Front").await, pin(&site).await);
    assert!(!browser.get(&format!("/devices/{SHOP}")).await.text.contains(&pin));
    let shown = browser.post(&format!("/devices/{SHOP}/pin"), &[]).await;
    assert!(shown.status == 200 && shown.text.contains(&format!("<output class=\"secret\">{pin}</output>")), "{shown:?}");
    let entries = audit::list(&site.world.admin, &operator(), 5).await.unwrap();
    assert_eq!((entries[0].actor.as_str(), entries[0].action.as_str()), ("installer.Front", "reveal-pin"));
    assert!(!browser.get(&format!("/devices/{SHOP}/would-get?address=198.51.100.7")).await.text.contains(&pin));
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_lead_back_and_show_on_the_page() {
    let site = Site::open().await;
    let browser = site.signed_in(Role::Reseller, "Dealer").await;
    let page = format!("/devices/{SHOP}");
    assert_eq!(browser.led(&format!("{page}/suspend"), &[("answer", "no")]).await, page);
    assert_eq!(browser.led(&format!("{page}/suspend"), &[("answer", "yes"), ("minutes", "7")]).await, format!("{page}?done=suspended"));
    let shown = browser.get(&page).await.text;
    assert!(
        shown.contains(&format!("data-until=\"{}\"", (NOW + Span::minutes(7)).rfc3339())) && shown.contains("End the suspension"),
        "{shown}"
    );
    browser.led(&format!("{page}/suspend/end"), &[]).await;
    browser.led(&format!("{page}/resync"), &[]).await;
    browser.led(&format!("{page}/unlock"), &[("answer", "yes")]).await;
    let shown = browser.get(&page).await.text;
    for told in ["Authentication was suspended", "The suspension was ended", "Authentication was reset", "by reseller.Dealer"] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    for (path, fields) in [
        ("suspend", &[("answer", "yes"), ("minutes", "0")][..]),
        ("suspend", &[("answer", "yes"), ("address", "nonsense")]),
        ("replace", &[("mac", "nonsense")]),
        ("replace", &[("mac", SHOP)]),
        ("replace", &[("mac", OFFICE)]),
        ("move", &[("customer", "Nobody")]),
        ("move", &[("customer", "Shop"), ("site", "Nowhere")]),
        ("settings", &[("key", "no_such_setting"), ("value", "1")]),
        ("settings", &[("key", "admin_password"), ("value", "admin")]),
        ("advanced/login", &[("user", "a:b"), ("password", "correct-horse-9")]),
        ("advanced/raw", &[("parameter", "auto_provision.server.url"), ("value", "https://evil.example.net/")]),
    ] {
        let refused = browser.post(&format!("{page}/{path}"), fields).await;
        assert!(refused.status == 422 && refused.text.contains("role=\"alert\""), "{path} {fields:?}: {refused:?}");
        assert!(!refused.text.contains("correct-horse-9"), "{path}");
    }
    assert_eq!(browser.led(&format!("{page}/replace"), &[("mac", "00:15:65:00:00:77")]).await, "/devices/001565000077?done=replaced");
    assert_eq!(browser.get(&page).await.status, 404);
    let page = "/devices/001565000077";
    assert_eq!(browser.led(&format!("{page}/move"), &[("customer", "Shop"), ("site", "")]).await, format!("{page}?done=moved"));
    assert_eq!(browser.led(&format!("{page}/delete"), &[("answer", "yes")]).await, "/inventory/phone-hardware?done=deleted");
    assert_eq!(browser.get(page).await.status, 404);
}

fn line<'a>(was: &'a str, user: &'a str, password: &'a str, server: &'a str) -> Vec<(&'a str, &'a str)> {
    let blank = ["auth_user", "port", "outbound_proxy", "extension", "name"].map(|field| (field, ""));
    [&[("was", was), ("user", user), ("password", password), ("server", server), ("transport", "udp")][..], &blank].concat()
}

async fn version(browser: &Browser<'_>) -> String {
    let page = browser.get(&format!("/devices/{SHOP}/lines")).await.text;
    super::between(&page, "name=\"version\" value=\"", "\"").to_owned()
}

async fn passwords(site: &Site) -> Vec<(String, String)> {
    let setup = site.world.admin.store.read(|db| store::device::setup(db, &store::Scope::Operator, SHOP.parse().unwrap())).await.unwrap();
    setup.lines.into_iter().map(|line| (line.user, line.password.expose().clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_keep_their_passwords_unless_they_are_set() {
    let site = Site::open().await;
    let (browser, path) = (site.signed_in(Role::CustomerAdmin, "Shop").await, format!("/devices/{SHOP}/lines"));
    let save = |version: String, lines: Vec<(&'static str, &'static str)>| {
        let browser = &browser;
        let path = &path;
        async move { browser.post(path, &[&[("version", version.as_str())][..], &lines].concat()).await }
    };
    let two = [line("1", "2001", "", "sip.example.com"), line("", "2002", "second-secret-8", "sip.example.com")].concat();
    assert_eq!(save(version(&browser).await, two.clone()).await.status, 303);
    let kept = vec![("2001".to_owned(), "line-secret-7".to_owned()), ("2002".to_owned(), "second-secret-8".to_owned())];
    assert_eq!(passwords(&site).await, kept);
    assert_eq!(save("1".into(), two).await.status, 422, "somebody changed it meanwhile");
    let elsewhere = line("1", "2001", "", "sip.example.net");
    let refused = save(version(&browser).await, elsewhere).await;
    assert!(refused.status == 422 && refused.text.contains("sip.example.net"), "a kept password goes to no other server: {refused:?}");
    let bad = [line("1", "2001", "", "sip.example.com"), line("", "2003", "", "sip.example.com")].concat();
    assert_eq!(save(version(&browser).await, bad).await.status, 422, "a new line needs a password");
    assert_eq!(passwords(&site).await, kept);
    let gone = [line("1", "2001", "", "sip.example.com"), vec![("remove", "1")], line("2", "2002", "", "sip.example.com")].concat();
    assert_eq!(save(version(&browser).await, gone).await.status, 303);
    assert_eq!(passwords(&site).await, kept[1..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_show_their_layer_and_the_config_what_changed_since_the_last_fetch() {
    let site = Site::open().await;
    let (admin, by) = (&site.world.admin, &operator());
    let browser = site.signed_in(Role::CustomerAdmin, "Shop").await;
    let config = format!("/devices/{SHOP}/config");
    assert!(browser.get(&config).await.text.contains("has not fetched its full configuration yet"));
    fetched(&site, SHOP).await;
    assert!(browser.get(&config).await.text.contains("Nothing of this phone’s own lines and settings has changed"));
    browser.led(&format!("/devices/{SHOP}/settings"), &[("key", "language"), ("value", "de")]).await;
    browser.led(&format!("/devices/{SHOP}/settings"), &[("key", "admin_password"), ("value", "menu-secret-8")]).await;
    let node = portal::admin::tree::NodeNames::customer("Shop");
    setting::set(admin, by, Of::Node(node), vec!["time_zone=+2".into()]).await.unwrap();
    let shown = browser.get(&config).await.text;
    for told in ["class=\"new\"", "class=\"gone\"", "German", "<code>admin_password</code>", "settings of", "customer Shop"] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert!(!shown.contains("menu-secret-8") && !shown.contains("line-secret-7"), "{shown}");
    let shown = browser.get(&format!("/devices/{SHOP}/settings")).await.text;
    assert!(shown.contains("This phone</span>") && shown.contains("Customer</span>") && !shown.contains("menu-secret-8"), "{shown}");
    // It fetches again: that is what it has now.
    let later = |db: &store::Db| {
        let served = Served { at: NOW + Span::minutes(1), address: "198.51.100.7".parse().unwrap(), transport: "https".into() };
        let seen = Seen { served: Some(served), own_address: None, firmware: String::new(), model: String::new() };
        store::seen::note(db, &[News { mac: SHOP.parse().unwrap(), seen, requests: Vec::new() }])
    };
    admin.store.write(later).await.unwrap();
    let shown = browser.get(&config).await.text;
    assert!(shown.contains("Nothing of this phone’s own lines and settings has changed") && !shown.contains("class=\"new\""), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_by_hand_wants_the_password_of_whoever_sets_it() {
    let site = Site::open().await;
    let stale = site.signed_in_since(Role::Operator, "", Span::minutes(20)).await;
    let fields = [("user", "desk"), ("password", "correct-horse-9")];
    let path = format!("/devices/{SHOP}/advanced/login");
    assert!(stale.led(&path, &fields).await.starts_with("/account/prove?"), "a form is not sent again: the way leads to its page");
    let fresh = site.signed_in(Role::Reseller, "Dealer").await;
    assert_eq!(fresh.led(&path, &fields).await, format!("/devices/{SHOP}/advanced?done=login-set"));
    let shown = fresh.get(&format!("/devices/{SHOP}/advanced")).await.text;
    assert!(!shown.contains("correct-horse-9") && !shown.contains("desk"), "{shown}");
    assert_eq!(
        fresh.led(&format!("/devices/{SHOP}/advanced/switch"), &[("disabled", "yes")]).await,
        format!("/devices/{SHOP}/advanced?done=disabled")
    );
    assert!(fresh.get(&format!("/devices/{SHOP}")).await.text.contains("This phone is switched off."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_pins_is_audited_once() {
    let site = Site::open().await;
    let (admin, by) = (&site.world.admin, &operator());
    let shown = async || audit::list(admin, by, 50).await.unwrap().iter().filter(|entry| entry.action == "reveal-pin").count();
    for (why, count) in [(Why::Page, 1), (Why::Again, 1), (Why::Sheet, 2), (Why::Page, 3)] {
        device::day(admin, by, device::Which::default(), &[], why).await.unwrap();
        assert_eq!(shown().await, count, "{why:?}");
    }
    let later = By { now: NOW + Span::minutes(16), ..by.clone() };
    device::day(admin, &later, device::Which::default(), &[], Why::Again).await.unwrap();
    assert_eq!(shown().await, 4, "a page that stays open is a look now and then");
}
