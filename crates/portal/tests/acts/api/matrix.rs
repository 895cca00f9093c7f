//! Every endpoint, asked by nobody, by a stranger of another tenant, and by each role: a committed table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use domain::Secret;
use domain::role::Role;
use portal::admin::By;
use portal::admin::customer::{self, NewCustomer};
use portal::admin::redirect::{self, NewAccount};
use portal::admin::site::{self, NewSite};
use portal::admin::template;
use portal::admin::tree::NodeNames;
use portal::admin::trunk::{self, NewTrunk};
use portal::admin::user::{self, NewUser, Writing};
use portal::admin::{device, reseller};
use serde_json::json;

use crate::api::Site;
use crate::world::{NOW, PEOPLE, SHOP, phone};

const STRANGER: usize = 5;
/// Phones that are there to be replaced and deleted.
const REPLACED: &str = "001565000011";
const DELETED: &str = "001565000012";

/// What stands in a path, by the resource and the name in braces.
type Ids = BTreeMap<&'static str, String>;

#[tokio::test(flavor = "multi_thread")]
async fn the_matrix_of_endpoints() {
    let endpoints = endpoints().await;
    let mut columns = vec![column(&endpoints, None).await];
    for somebody in PEOPLE {
        columns.push(column(&endpoints, Some(somebody)).await);
    }
    let names = PEOPLE.iter().map(|(role, at)| format!("{} {at}", role.code()));
    let mut table = format!("{:<58}", "");
    for name in ["nobody".to_owned()].into_iter().chain(names) {
        write!(table, "{name:<22}").unwrap();
    }
    for (row, endpoint) in endpoints.iter().enumerate() {
        write!(table, "\n{endpoint:<58}").unwrap();
        for column in &columns {
            write!(table, "{:<22}", column[row]).unwrap();
        }
        assert_eq!(columns[0][row], if endpoint.ends_with("/openapi.json") { 200 } else { 401 }, "{endpoint} by nobody");
        assert!(columns.iter().all(|column| column[row] < 500), "{endpoint} fails");
        // These two are for phones in a state that this one is not in.
        let refused = ["/allow-second-claimant", "/rotate-login"].iter().any(|end| endpoint.ends_with(end));
        assert_eq!(columns[1][row] < 300, !refused, "the operator may do everything, and {endpoint} is asked for in a way that works");
        if of_a_tenant(endpoint) {
            assert_eq!(columns[STRANGER + 1][row], 404, "{endpoint} by a stranger");
        }
    }
    let lines: Vec<&str> = table.lines().map(str::trim_end).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

/// Whether the path names something of `Shop`'s. The catalogue is everybody's; accounts and requests are asked by role before they are
/// looked for, since no customer has any.
fn of_a_tenant(endpoint: &str) -> bool {
    endpoint.contains('{')
        && !["/brands/", "/prompts/", "/templates/", "/sip-accounts/", "/global-login-requests/"].iter().any(|part| endpoint.contains(part))
}

/// What one person gets, each time anew: so nobody finds what another one has deleted.
async fn column(endpoints: &[String], somebody: Option<(Role, &str)>) -> Vec<u16> {
    let site = Site::open().await;
    let ids = furnish(&site).await;
    let token = match somebody {
        Some((role, at)) => site.token(role, at).await,
        None => String::new(),
    };
    let mut statuses = Vec::new();
    for endpoint in endpoints {
        let (line, body) = sample(endpoint, &ids);
        if endpoint == "GET /events" {
            // It goes on for ever.
            statuses.push(site.listen(&token, "/events", "").await.status());
            continue;
        }
        let answer = match endpoint.as_str() {
            "POST /imports" => site.ask(&token, &line, &[("Content-Type", "text/csv")], &body).await,
            _ => site.json(&token, &line, &body).await,
        };
        if answer.status >= 400 {
            answer.problem();
        }
        statuses.push(answer.status);
    }
    statuses
}

/// What the document lists: first what reads, last what deletes.
async fn endpoints() -> Vec<String> {
    let document = Site::open().await.get("", "/openapi.json").await.ok(200);
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path.strip_prefix("/api/v1").unwrap();
        found.extend(item.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())));
    }
    let order = |endpoint: &String| ["GET", "PATCH", "PUT", "POST", "DELETE"].iter().position(|method| endpoint.starts_with(method));
    found.sort_by_key(|endpoint| (order(endpoint), endpoint.clone()));
    assert!(found.len() > 70, "{found:?}");
    found
}

async fn furnish(site: &Site) -> Ids {
    let (admin, by) = (&site.world.admin, &By::command_line(NOW));
    let operator = site.operator().await;
    let shop = NodeNames::customer("Shop");
    for mac in [REPLACED, DELETED] {
        device::add(admin, by, phone(mac, "Shop", Some("Front"))).await.unwrap();
    }
    let dealer = reseller::list(admin, by).await.unwrap()[0].id.clone();
    let customers = customer::list(admin, by).await.unwrap();
    let shop_id = customers.iter().find(|customer| customer.name == "Shop").unwrap().id.clone();
    let front = site::list(admin, by, None).await.unwrap()[0].id.clone();
    let closing = NewSite { customer: "Shop".into(), name: "Closing".into(), ..NewSite::default() };
    let closing = site::add(admin, by, closing).await.unwrap().id;
    let leaving = NewCustomer { name: "Leaving".into(), reseller: Some("Dealer".into()), ..NewCustomer::default() };
    let leaving = customer::add(admin, by, leaving).await.unwrap().id;
    let gone = reseller::add(admin, by, "Gone", domain::tenancy::ResellerKind::Channel).await.unwrap().id;
    let writing = Writing { email: Some("clerk@example.com".into()), ..Writing::default() };
    let clerk = NewUser { name: "clerk".into(), role: "auditor".into(), at: shop.clone(), writing };
    let user = user::add(admin, by, clerk).await.unwrap().user.id;
    let way_out =
        NewTrunk { name: "way-out".into(), uri: "sip:trunk.example.com".into(), place: shop, priority: 100, ..NewTrunk::default() };
    trunk::add(admin, by, way_out).await.unwrap();
    let (account, leaving_account) = accounts(site).await;
    template::add(admin, by, "yealink", "guide.md", "# Ours").await.unwrap();
    site.token(Role::Auditor, "Shop").await;
    let tokens = site.get(&operator, "/tokens").await.ok(200);
    let token = tokens["items"].as_array().unwrap().iter().find(|token| token["scope"].as_str().unwrap().contains("Shop")).unwrap();
    let network = json!({ "network": "203.0.113.0/24" }).to_string();
    site.json(&operator, &format!("POST /customers/{shop_id}/trusted-networks"), &network).await.ok(201);
    open_a_window(site).await;
    for _ in 0..3 {
        site.json(&operator, "POST /global-login-requests", r#"{"reseller":"Dealer"}"#).await.ok(201);
    }
    site.json(&operator, "POST /global-login-requests/3/grant", "").await.ok(200);
    let mut hooks = Vec::new();
    for _ in 0..2 {
        // Nobody listens there: what is sent fails, which is no business of whoever may send it.
        let hook = json!({ "url": "http://127.0.0.1:1/", "customer": "Shop" }).to_string();
        hooks.push(site.json(&operator, "POST /webhooks", &hook).await.ok(201)["id"].as_str().unwrap().to_owned());
    }
    let delivery = site.json(&operator, &format!("POST /webhooks/{}/test", hooks[0]), "").await.ok(200);
    let shop_admin = site.token(Role::CustomerAdmin, "Shop").await;
    let elsewhere = [("Content-Type", "text/csv"), ("Prefer", "respond-async")];
    let import = site.ask(&shop_admin, "POST /imports", &elsewhere, "vendor,type,mac,customer\n").await.ok(202);
    [
        ("import", import["id"].as_str().unwrap().to_owned()),
        ("reseller", dealer),
        ("customer", shop_id),
        ("site", front),
        ("site deleted", closing),
        ("customer deleted", leaving),
        ("reseller deleted", gone),
        ("user", user),
        ("webhook", hooks[0].clone()),
        ("webhook deleted", hooks[1].clone()),
        ("delivery", delivery["id"].as_str().unwrap().to_owned()),
        ("redirect-service", account),
        ("redirect-service deleted", leaving_account),
        ("token", token["id"].as_str().unwrap().to_owned()),
    ]
    .into()
}

/// Two accounts of the dealer's at redirect services, and the global login that they hand out.
async fn accounts(site: &Site) -> (String, String) {
    let (admin, by) = (&site.world.admin, &By::command_line(NOW));
    let mut ids = Vec::new();
    for (service, fields) in [("yealink-ymcs", &["key_id", "secret"][..]), ("poly-zero-touch", &["api_key"])] {
        let fields = fields.iter().map(|name| ((*name).to_owned(), Secret::from("fictitious"))).collect();
        let new = NewAccount { service: service.into(), reseller: Some("Dealer".into()), region: None, fields };
        ids.push(redirect::add(admin, by, new).await.unwrap().id.to_string());
    }
    site.json(&site.operator().await, "POST /global-logins", "{}").await.ok(201);
    (ids[0].clone(), ids[1].clone())
}

/// A temporary window, as a PIN from there would open one.
pub async fn open_a_window(site: &Site) {
    use domain::trust::{Window, WindowChange};
    let shop = site.world.somebody(Role::CustomerAdmin, "Shop").await;
    let domain::tenancy::Node::Customer(customer) = shop.actor.node else { panic!("an admin works at a customer") };
    let window = Window {
        customer,
        network: domain::net::site_network("198.51.100.7".parse().unwrap()),
        opened: NOW,
        ends: NOW + domain::Span::hours(1),
        pin_success: NOW,
        opened_by: SHOP.parse().unwrap(),
    };
    let kept = site.world.admin.store.write(move |db| store::trust::keep_window(db, &WindowChange::Opened(window.clone()), NOW));
    kept.await.unwrap();
}

/// An endpoint as a request that succeeds for whoever may.
fn sample(endpoint: &str, ids: &Ids) -> (String, String) {
    let (method, path) = endpoint.split_once(' ').unwrap();
    let deleted = method == "DELETE";
    let mac = match endpoint {
        "POST /devices/{mac}/replace" => REPLACED,
        "DELETE /devices/{mac}" => DELETED,
        _ => SHOP,
    };
    let kind = path.split('/').nth(1).unwrap().trim_end_matches('s');
    let id = match kind {
        "global-login-request" => match path.rsplit('/').next().unwrap() {
            "grant" => "1",
            "decline" => "2",
            _ => "3",
        },
        _ if deleted && path.ends_with("{id}") => ids.get(format!("{kind} deleted").as_str()).or(ids.get(kind)).map_or("", String::as_str),
        _ => ids.get(kind).map_or("", String::as_str),
    };
    let network = if path.contains("trust-windows") { "198.51.100.7" } else { "203.0.113.0%2F24" };
    let name = match kind {
        "trunk" => "way-out",
        "prompt" => "enter-code",
        _ => "known",
    };
    let path = path.replace("{mac}", mac).replace("{id}", id).replace("{network}", network).replace("{name}", name);
    let path = path.replace("{delivery}", ids.get("delivery").map_or("", String::as_str));
    let file = if kind == "template" { "guide.md".to_owned() } else { format!("{SHOP}.cfg") };
    let path = path.replace("{file}", &file).replace("{brand}", "yealink").replace("{language}", "en");
    let query = match endpoint {
        "GET /simulate" => format!("?mac={SHOP}&address=198.51.100.7"),
        "GET /redirect-addresses.csv" => "?brand=yealink".to_owned(),
        _ => String::new(),
    };
    (format!("{method} {path}{query}"), body(endpoint).unwrap_or_default())
}

fn body(endpoint: &str) -> Option<String> {
    let value = match endpoint {
        "POST /imports" => return Some(format!("vendor,type,mac,customer,site\nyealink,T46S,{SHOP},Shop,Front\n")),
        "POST /devices" => json!({ "mac": "001565000077", "model": "yealink/T46S", "customer": "Shop", "site": "Front" }),
        "PATCH /devices/{mac}" => json!({ "label": "Reception" }),
        "POST /devices/{mac}/suspend-authentication" => json!({ "seconds": 60 }),
        "POST /devices/{mac}/allow-global-password" => json!({ "allow": true, "clear_login": true }),
        "POST /devices/{mac}/move" => json!({ "customer": "Shop", "site": "Front" }),
        "POST /devices/{mac}/replace" => json!({ "mac": "001565000078" }),
        "PUT /prompts/{language}/{name}" => return Some(String::from_utf8(crate::floor::tone()).unwrap()),
        "PUT /resellers/{id}/logo" => return Some("<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_owned()),
        _ if endpoint.starts_with("PUT") && endpoint.ends_with("/settings") => json!({ "time_zone": "+1" }),
        "PUT /devices/{mac}/label" => json!({ "serial": "3146019091637071" }),
        "PUT /devices/{mac}/by-hand" => return None,
        "POST /redirect-services" => json!({ "service": "panasonic-xmlrpc", "fields": { "user": "u", "password": "fictitious" } }),
        "PATCH /redirect-services/{id}" => json!({ "region": "us" }),
        "PUT /devices/{mac}/login" => json!({ "user": "desk", "password": "correct-horse-9" }),
        "POST /resellers" => json!({ "name": "Another" }),
        "PATCH /resellers/{id}" => json!({ "kind": "white-label" }),
        "POST /customers" => json!({ "name": "New Ltd" }),
        "PATCH /customers/{id}" => json!({ "name": "Shop" }),
        "POST /sites" => json!({ "customer": "Shop", "name": "Back" }),
        "PATCH /sites/{id}" => json!({ "country": "DE" }),
        "POST /tokens" => json!({ "role": "auditor", "customer": "Shop", "label": "x" }),
        "POST /users" => json!({ "name": "somebody", "role": "auditor", "customer": "Shop" }),
        "POST /webhooks" => json!({ "url": "https://hooks.example.com/", "types": ["device.failed"], "customer": "Shop" }),
        "POST /templates" => json!({ "brand": "snom", "file": "guide.md", "text": "# Ours" }),
        "PATCH /templates/{brand}/{file}" => json!({ "merged": true }),
        "PATCH /webhooks/{id}" => json!({ "label": "Desk" }),
        "PATCH /users/{id}" => json!({ "disabled": true }),
        "POST /trunks" => json!({ "name": "second", "uri": "sip:trunk.example.com", "customer": "Shop" }),
        "POST /customers/{id}/trusted-networks" => json!({ "network": "192.0.2.0/24" }),
        "POST /pin-attempts" => json!({ "account": "known", "pin": "123456", "session": "call", "attempt": 1 }),
        "POST /global-logins" | "POST /global-login-requests" => json!({}),
        _ if endpoint.starts_with("PUT") => json!({ "resync": "1h-2h" }),
        _ => return None,
    };
    Some(value.to_string())
}
