//! Every page, asked for by nobody, by each role, and from another tenant: a committed table. A new route is in it by itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use domain::role::Role;
use domain::tenancy::ResellerKind;
use portal::PAGES;
use portal::admin::By;
use portal::admin::customer::{self, NewCustomer};
use portal::admin::redirect::{self, NewAccount};
use portal::admin::site::{self, NewSite};
use portal::admin::template;
use portal::admin::tree::NodeNames;
use portal::admin::trunk::{self, NewTrunk};
use portal::admin::webhook::{self, NewWebhook};
use portal::admin::{contact, global_login, login_request, reseller, trust};

use super::Browser;
use crate::api::matrix::open_a_window;
use crate::api::{Answer, Site};
use crate::world::{NOW, PEOPLE, SHOP};

const STRANGER: usize = 6;
const NOBODY: usize = 0;

/// What stands in a path or a form, by its name.
type Ids = BTreeMap<&'static str, String>;

#[tokio::test(flavor = "multi_thread")]
async fn the_matrix_of_pages() {
    let pages = in_order();
    let mut columns = vec![column(&pages, None).await];
    for somebody in PEOPLE {
        columns.push(column(&pages, Some(somebody)).await);
    }
    let names = PEOPLE.iter().map(|(role, at)| format!("{} {at}", role.code()));
    let mut table = format!("{:<66}", "");
    for name in ["nobody".to_owned()].into_iter().chain(names) {
        write!(table, "{name:<22}").unwrap();
    }
    let mut wrong = Vec::new();
    for (row, (verb, path)) in pages.iter().enumerate() {
        let page = format!("{} {path}", verb.to_uppercase());
        write!(table, "\n{page:<66}").unwrap();
        for column in &columns {
            write!(table, "{:<22}", column[row]).unwrap();
        }
        let is_open =
            ["/login", "/login/code", "/forgotten", "/password", "/assets/{hash}/{*name}", "/theme.css", "/logo/{reseller}/{hash}"]
                .contains(path);
        if !is_open && columns[NOBODY][row] != "login" {
            wrong.push(format!("{page} by nobody: {}", columns[NOBODY][row]));
        }
        if columns.iter().any(|column| column[row].starts_with('5')) {
            wrong.push(format!("{page} fails"));
        }
        if path.contains("{id}") || path.contains("{mac}") {
            // Resellers are the operator's: nobody else has such a page at all.
            let refused = if path.starts_with("/administration/resellers") { &["404", "403"][..] } else { &["404"] };
            if !refused.contains(&columns[STRANGER][row].as_str()) {
                wrong.push(format!("{page} by a stranger: {}", columns[STRANGER][row]));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    let lines: Vec<&str> = table.lines().map(str::trim_end).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

/// First what reads, then what changes, then what removes, and last what ends the session that asks.
fn in_order() -> Vec<(&'static str, &'static str)> {
    // What is listened to has no end; `session` has a test of it.
    let mut pages: Vec<_> = PAGES.iter().copied().filter(|(_, path)| *path != "/events").collect();
    let ends = |path: &str| ["/logout", "/account/password", "/account/sessions/end", "/account/sessions/end-others"].contains(&path);
    let removes = |path: &str| ["/delete", "/remove", "/close", "/revoke"].iter().any(|end| path.ends_with(end));
    pages.sort_by_key(|(verb, path)| (*verb != "get", ends(path), removes(path), *path));
    pages
}

/// What one person gets, each time anew: so nobody finds what another one has deleted.
async fn column(pages: &[(&str, &str)], somebody: Option<(Role, &str)>) -> Vec<String> {
    let site = Site::open().await;
    let ids = furnish(&site).await;
    let mut browser = match somebody {
        Some((role, at)) => site.signed_in(role, at).await,
        None => site.browser(),
    };
    browser.about(&ids["customer"]);
    let mut told = Vec::new();
    for (verb, path) in pages {
        let answer = ask(&browser, verb, path, &ids).await;
        if answer.status >= 400 {
            assert!(answer.header("content-type").starts_with("text/html"), "{verb} {path}: {answer:?}");
        }
        told.push(word(&answer));
    }
    told
}

/// The status; where the way leads if that is the sign-in, or the password again.
fn word(answer: &Answer) -> String {
    match answer.header("location") {
        to if to.starts_with("/login?") => "login".to_owned(),
        to if to.starts_with("/account/prove") => "prove".to_owned(),
        _ => answer.status.to_string(),
    }
}

async fn furnish(site: &Site) -> Ids {
    let (admin, by) = (&site.world.admin, &By::command_line(NOW));
    let known = site.ids().await;
    let leaving = NewCustomer { name: "Leaving".into(), reseller: Some("Dealer".into()), ..NewCustomer::default() };
    let leaving = customer::add(admin, by, leaving).await.unwrap().id;
    let closing = NewSite { customer: "Shop".into(), name: "Closing".into(), ..NewSite::default() };
    let closing = site::add(admin, by, closing).await.unwrap().id;
    let gone = reseller::add(admin, by, "Gone", ResellerKind::Channel).await.unwrap().id;
    trunk::add(admin, by, NewTrunk { name: "way-out".into(), uri: "sip:trunk.example.com".into(), ..NewTrunk::default() }).await.unwrap();
    // Its first version is 1.
    template::add(admin, by, "yealink", "guide.md", "# Ours").await.unwrap();
    login_request::add(admin, by, Some("Dealer".into()), "").await.unwrap();
    let user = site.user("clerk", Role::Auditor, "Shop").await.user.id;
    site.token(Role::Auditor, "Shop").await;
    let tokens = portal::admin::token::list(admin, by).await.unwrap();
    let network = trust::NewTrust { customer: "Shop".into(), network: "203.0.113.0/24".into(), ..trust::NewTrust::default() };
    trust::add(admin, by, network).await.unwrap();
    open_a_window(site).await;
    let fields = [("api_key".to_owned(), domain::Secret::from("fictitious"))].into();
    let account = NewAccount { service: "poly-zero-touch".into(), reseller: Some("Dealer".into()), region: None, fields };
    let account = redirect::add(admin, by, account).await.unwrap().id.to_string();
    global_login::rotate(admin, by, domain::Span::days(7), None).await.unwrap();
    contact::add(admin, by, "Shop".into(), "Desk", "+4930123456").await.unwrap();
    // Nobody listens there.
    let hook = NewWebhook { url: "http://127.0.0.1:9/".into(), at: NodeNames::customer("Shop"), ..NewWebhook::default() };
    let hook = webhook::add(admin, by, hook).await.unwrap().webhook.id;
    let delivery = webhook::test(admin, by, hook.parse().unwrap()).await.unwrap().id;
    [
        ("webhook", hook),
        ("delivery", delivery),
        ("customer", known.shop),
        ("customer deleted", leaving),
        ("site", known.front),
        ("site deleted", closing),
        ("reseller", known.dealer),
        ("reseller deleted", gone),
        ("user", user),
        ("redirect", account),
        ("token", tokens[0].id.clone()),
    ]
    .into()
}

/// A request that succeeds for whoever may.
async fn ask(browser: &Browser<'_>, verb: &str, path: &str, ids: &Ids) -> Answer {
    let kind = path.split('/').find_map(|part| part.strip_suffix('s').filter(|kind| ids.contains_key(kind))).unwrap_or_default();
    let deleted = path.ends_with("/delete");
    let id = ids.get(format!("{kind} deleted").as_str()).filter(|_| deleted).or(ids.get(kind)).map_or("1", String::as_str);
    let filled = path.replace("{mac}", SHOP).replace("{id}", id).replace("{hash}", "00000000").replace("{*name}", "app.css");
    let filled =
        filled.replace("{article}", "pin").replace("{brand}", "yealink").replace("{name}", "way-out").replace("{file}", "guide.md");
    let filled = filled.replace("{delivery}", &ids["delivery"]);
    // What else stands in braces is the first of its kind, or names nothing.
    let filled: String = filled.split('/').map(|part| if part.starts_with('{') { "1" } else { part }).collect::<Vec<_>>().join("/");
    let fields = sample(path, ids);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    match (verb, path) {
        ("get", _) => {
            let query = serde_html_form::to_string(&fields).unwrap();
            browser.get(&if query.is_empty() { filled } else { format!("{filled}?{query}") }).await
        }
        (_, "/administration/batch/import") => {
            let file = format!("vendor,type,mac,customer,site\nyealink,T46S,{SHOP},Shop,Front\n");
            browser.upload(&filled, &[("dry_run", "yes")], file.as_bytes()).await
        }
        (_, "/administration/resellers/{id}/logo") => browser.upload(&filled, &[], b"no picture").await,
        (_, "/operations/prompts") => browser.upload(&filled, &[("language", "en"), ("name", "welcome")], b"no sound").await,
        (_, "/administration/contacts/import") => browser.upload(&filled, &[], b"name,number\nHelp,110\n").await,
        _ => browser.post(&filled, &fields).await,
    }
}

/// The fields of a form, or of a query.
fn sample(path: &str, ids: &Ids) -> Vec<(&'static str, String)> {
    let of = |pairs: &[(&'static str, &str)]| pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect::<Vec<_>>();
    match path {
        "/login" => of(&[("username", "nobody"), ("password", "wrong")]),
        "/login/code" | "/account/second-factor/confirm" => of(&[("code", "000000")]),
        "/account/prove" => of(&[("password", "wrong")]),
        "/account/password" => of(&[("old", "wrong"), ("new", "correct-horse-9")]),
        "/account/manner" => of(&[("theme", "dark")]),
        "/account/sessions/end" => of(&[("session", "00")]),
        "/switch" => of(&[("customer", &ids["customer"]), ("back", "/")]),
        "/administration/profile/technical-details" => of(&[("network", "192.0.2.0/24")]),
        "/administration/profile/technical-details/remove" => of(&[("network", "203.0.113.0/24"), ("answer", "yes")]),
        "/administration/profile/technical-details/close" => of(&[("network", "198.51.100.7/32"), ("answer", "yes")]),
        "/administration/policy" => of(&[("level", "customer"), ("id", &ids["customer"]), ("resync", "1h-2h")]),
        "/administration/customers" | "/administration/sites" => of(&[("name", "New")]),
        "/configurations/devices/{mac}" | "/devices/{mac}/advanced/allow" => of(&[("allow", "yes")]),
        "/devices/{mac}/advanced/login" => of(&[("user", "desk-1"), ("password", "a-password-by-hand-9")]),
        "/devices/{mac}/advanced/raw" => of(&[("parameter", "features.example"), ("value", "1")]),
        "/devices/{mac}/advanced/switch" => of(&[("disabled", "no")]),
        "/devices/{mac}/lines" => of(&[("version", "1")]),
        "/inventory/phone-hardware/marked" => of(&[("mac", SHOP), ("act", "resync")]),
        "/inventory/phone-hardware/marked/do" => of(&[("mac", SHOP), ("act", "resync"), ("answer", "yes")]),
        "/administration/resellers/new" => of(&[("name", "New"), ("kind", "channel")]),
        "/administration/resellers/{id}" => of(&[("name", "Dealer"), ("kind", "channel")]),
        "/operations/templates/{brand}/{file}" => of(&[("text", "# Mine"), ("version", "1")]),
        "/operations/redirects/new" => of(&[("service", "panasonic-xmlrpc"), ("field-user", "u"), ("field-password", "fictitious")]),
        "/operations/redirects/addresses" => of(&[("brand", "yealink")]),
        "/devices/{mac}/redirect/label" => of(&[("serial", "3146019091637071")]),
        "/devices/{mac}/redirect/by-hand" => of(&[("by_hand", "yes")]),
        "/operations/trunks/new" => of(&[("name", "other"), ("uri", "sip:other.example.com")]),
        "/operations/global-login-requests" => of(&[("reason", "first phones")]),
        "/operations/global-login-requests/{number}/decide" => of(&[("answer", "grant")]),
        "/administration/customers/{id}" => of(&[("name", "Shop")]),
        "/administration/sites/{id}" => of(&[("name", "Front"), ("country", "DE")]),
        "/administration/users" => of(&[("name", "new"), ("role", "auditor"), ("at", &format!("customer:{}", ids["customer"]))]),
        "/administration/users/{id}" => of(&[("name", "clerk")]),
        "/administration/users/{id}/disable" => of(&[("disabled", "true")]),
        "/administration/tokens" => of(&[("role", "auditor"), ("at", &format!("customer:{}", ids["customer"])), ("days", "30")]),
        "/administration/webhooks" => {
            of(&[("url", "https://hooks.example.com/"), ("at", &format!("customer:{}", ids["customer"])), ("types", "device.failed")])
        }
        "/administration/webhooks/{id}" => of(&[("url", "https://hooks.example.com/other"), ("label", "Desk")]),
        "/administration/webhooks/{id}/switch" => of(&[("enabled", "true")]),
        "/administration/contacts" => of(&[("name", "Help"), ("number", "112")]),
        "/administration/contacts/remove" => of(&[("name", "Desk"), ("number", "+4930123456"), ("answer", "yes")]),
        _ => of(&[("answer", "yes")]),
    }
}
