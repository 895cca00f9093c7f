//! Resellers, customers, sites, people, tokens, trunks, policies, trust, global logins, audit, telephone.

use domain::role::Role;
use serde_json::{Value, json};

use crate::api::{Site, problem};
use crate::world::SHOP;

async fn id_of(site: &Site, token: &str, list: &str, name: &str) -> String {
    let found = site.get(token, &format!("{list}?q={name}")).await.ok(200);
    found["items"][0]["id"].as_str().unwrap_or_else(|| panic!("no {name}: {found}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tree_is_built_changed_and_taken_down() {
    let site = Site::open().await;
    let token = site.operator().await;
    let reseller = site.json(&token, "POST /resellers", r#"{"name":"North","kind":"white-label"}"#).await.ok(201);
    let at = reseller["id"].as_str().unwrap();
    let customer = json!({ "name": "Mill", "reseller": at, "login": "none", "pin": "required" }).to_string();
    let customer = site.json(&token, "POST /customers", &customer).await;
    let view = customer.ok(201);
    assert_eq!((&view["reseller"], &view["login"], &view["pin"]), (&json!("North"), &json!("none"), &json!("required")));
    let mill = view["id"].as_str().unwrap();
    let new = json!({ "customer": mill, "name": "Gate", "country": "DE", "caller_number": "+4930123456" }).to_string();
    let gate = site.json(&token, "POST /sites", &new).await.ok(201)["id"].as_str().unwrap().to_owned();

    let changed = site.json(&token, &format!("PATCH /sites/{gate}"), r#"{"country":"","location":"Main gate"}"#).await.ok(200);
    assert_eq!((&changed["country"], &changed["location"], &changed["name"]), (&Value::Null, &json!("Main gate"), &json!("Gate")));
    assert_eq!(changed["caller_number"], "+4930123456", "what is not named stays");
    let renamed = site.json(&token, &format!("PATCH /customers/{mill}"), r#"{"name":"Old Mill"}"#).await;
    assert_eq!(renamed.ok(200)["name"], "Old Mill");
    let headers = [("Content-Type", "application/json"), ("If-Match", customer.header("etag"))];
    let stale = site.ask(&token, &format!("PATCH /customers/{mill}"), &headers, r#"{"name":"Mill"}"#).await;
    assert_eq!(stale.problem(), problem(412, "changed"));
    assert_eq!(site.json(&token, &format!("PATCH /resellers/{at}"), r#"{"kind":"channel"}"#).await.ok(200)["kind"], "channel");
    assert_eq!(site.json(&token, &format!("PATCH /customers/{mill}"), r#"{"name":"  "}"#).await.problem(), problem(422, "name"));

    assert_eq!(site.ask(&token, &format!("DELETE /resellers/{at}"), &[], "").await.problem(), problem(409, "in_use"));
    for path in [format!("/sites/{gate}"), format!("/customers/{mill}"), format!("/resellers/{at}")] {
        assert_eq!(site.ask(&token, &format!("DELETE {path}"), &[], "").await.status, 204, "{path}");
        assert_eq!(site.get(&token, &path).await.problem(), problem(404, "not_found"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_says_where_each_key_comes_from() {
    let site = Site::open().await;
    let token = site.operator().await;
    let shop = id_of(&site, &token, "/customers", "Shop").await;
    let front = id_of(&site, &token, "/sites", "Front").await;
    let set = async |path: &str, body: &str| site.json(&token, &format!("PUT {path}"), body).await;
    set("/operator/policy", r#"{"retry_files":"5"}"#).await.ok(200);
    let view = set(&format!("/customers/{shop}/policy"), r#"{"pin":"required","login":"none","resync":"1h-2h"}"#).await.ok(200);
    assert_eq!(view["login"], json!({ "value": "none", "inherited_from": null }));
    let view = site.get(&token, &format!("/sites/{front}/policy")).await.ok(200);
    assert_eq!(view["login"], json!({ "value": "none", "inherited_from": "customer" }));
    assert_eq!(view["retry_files"], json!({ "value": "5", "inherited_from": "operator" }));
    assert_eq!(view["pin_tries"]["inherited_from"], "default");
    let view = set(&format!("/customers/{shop}/policy"), r#"{"login":null}"#).await.ok(200);
    assert_eq!((&view["login"]["inherited_from"], &view["resync"]["value"]), (&json!("default"), &json!("1h-2h")));
    assert_eq!(set(&format!("/customers/{shop}/policy"), r#"{"pin":"maybe"}"#).await.problem(), problem(422, "policy"));
    assert_eq!(set(&format!("/customers/{shop}/policy"), r#"{"pins":"off"}"#).await.problem(), problem(422, "policy"));
}

#[tokio::test(flavor = "multi_thread")]
async fn networks_are_trusted_and_no_longer() {
    let site = Site::open().await;
    let token = site.token(Role::CustomerAdmin, "Shop").await;
    let shop = id_of(&site, &token, "/customers", "Shop").await;
    let path = format!("/customers/{shop}/trusted-networks");
    let added = site.json(&token, &format!("POST {path}"), r#"{"network":"198.51.100.9/255.255.255.0","label":"HQ"}"#).await;
    assert_eq!(added.ok(201)["network"], "198.51.100.0/24");
    assert_eq!(added.header("location"), format!("/api/v1{path}/198.51.100.0%2F24"));
    let list = site.get(&token, &path).await.ok(200);
    assert_eq!((&list["items"][0]["kind"], &list["items"][0]["label"]), (&json!("permanent"), &json!("HQ")));
    assert_eq!(site.json(&token, &format!("POST {path}"), r#"{"network":"0.0.0.0/0"}"#).await.problem(), problem(409, "network"));
    assert_eq!(site.ask(&token, &format!("DELETE {path}/198.51.100.0%2F24"), &[], "").await.status, 204);
    assert_eq!(site.ask(&token, &format!("DELETE {path}/198.51.100.0%2F24"), &[], "").await.problem(), problem(404, "not_found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_and_tokens_get_no_more_than_their_maker_has() {
    let site = Site::open().await;
    let token = site.token(Role::CustomerAdmin, "Shop").await;
    let user = site.json(&token, "POST /users", r#"{"name":"fitter","role":"installer","customer":"Shop"}"#).await.ok(201);
    assert_eq!(user["password"].as_str().unwrap().len(), 24);
    let path = format!("/users/{}", user["id"].as_str().unwrap());
    let read = site.get(&token, &path).await;
    assert!(read.ok(200).get("password").is_none(), "shown once");
    assert_eq!(site.json(&token, &format!("PATCH {path}"), r#"{"disabled":true}"#).await.ok(200)["disabled"], true);
    let anew = site.json(&token, &format!("PATCH {path}"), r#"{"new_password":true}"#).await.ok(200);
    assert_ne!(anew["password"], user["password"]);
    assert_eq!(site.ask(&token, &format!("DELETE {path}"), &[], "").await.status, 204);
    for (kind, body, status, code) in [
        ("users", r#"{"name":"boss","role":"operator"}"#, 403, "forbidden"),
        ("tokens", r#"{"role":"operator"}"#, 403, "forbidden"),
        ("users", r#"{"name":"x","role":"auditor","customer":"Office"}"#, 404, "not_found"),
        ("tokens", r#"{"role":"auditor","customer":"Office"}"#, 404, "not_found"),
        ("users", r#"{"name":"x","role":"king","customer":"Shop"}"#, 422, "role"),
        ("users", r#"{"name":"two words","role":"auditor","customer":"Shop"}"#, 422, "name"),
    ] {
        assert_eq!(site.json(&token, &format!("POST /{kind}"), body).await.problem(), problem(status, code), "{kind} {body}");
    }
    let made = site.json(&token, "POST /tokens", r#"{"role":"installer","customer":"Shop","lasts_seconds":3600}"#).await.ok(201);
    let shown = made["token"].as_str().unwrap();
    assert_eq!(site.get(shown, "/whoami").await.ok(200)["role"], "installer");
    assert_eq!(site.ask(&token, &format!("DELETE /tokens/{}", made["id"].as_str().unwrap()), &[], "").await.status, 204);
    assert_eq!(site.get(shown, "/whoami").await.problem(), problem(401, "unauthenticated"), "at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_global_login_is_asked_for_granted_and_shown_once() {
    let site = Site::open().await;
    let (operator, dealer) = (site.operator().await, site.token(Role::Reseller, "Dealer").await);
    let rotated = site.json(&operator, "POST /global-logins", r#"{"overlap_seconds":60}"#).await.ok(201);
    assert_eq!(rotated["items"].as_array().unwrap().len(), 1);
    let asked = site.json(&dealer, "POST /global-login-requests", r#"{"reason":"new customer"}"#).await.ok(201);
    assert_eq!((&asked["state"], &asked["reason"]), (&json!("open"), &json!("new customer")));
    let path = format!("/global-login-requests/{}", asked["id"]);
    assert_eq!(site.json(&dealer, &format!("POST {path}/reveal"), "").await.problem(), problem(409, "refused"), "nobody granted it yet");
    assert_eq!(site.json(&dealer, &format!("POST {path}/grant"), "").await.problem(), problem(403, "forbidden"));
    assert_eq!(site.json(&operator, &format!("POST {path}/grant"), "").await.ok(200)["state"], "granted");
    let shown = site.json(&dealer, &format!("POST {path}/reveal"), "").await.ok(200);
    assert_eq!(shown["items"][0]["password"], rotated["items"][0]["password"]);
    assert_eq!(site.json(&dealer, &format!("POST {path}/reveal"), "").await.problem(), problem(409, "refused"), "once");
    assert!(!site.get(&dealer, &path).await.ok(200)["revealed"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_tells_what_was_done_and_comes_in_parts() {
    let site = Site::open().await;
    let token = site.operator().await;
    for _ in 0..3 {
        site.json(&token, &format!("POST /devices/{SHOP}/resync"), "").await.ok(200);
    }
    let first = site.get(&token, "/audit?limit=2").await.ok(200);
    assert_eq!((&first["items"][0]["action"], &first["items"][0]["subject"]), (&json!("resync"), &json!(SHOP)));
    let next = site.get(&token, &format!("/audit?limit=2&cursor={}", first["next"].as_str().unwrap())).await.ok(200);
    assert_eq!(next["items"][0]["seq"].as_i64().unwrap() + 1, first["items"][1]["seq"].as_i64().unwrap());
    assert_eq!(site.get(&token, "/audit?cursor=x").await.problem(), problem(422, "cursor"));
    assert_eq!(site.get(&token, "/audit/verify").await.ok(200)["whole"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_shows_no_password() {
    let site = Site::open().await;
    let token = site.operator().await;
    let new = r#"{"name":"Way out","uri":"sip:trunk.example.com","user":"acme","password":"trunk-secret-1"}"#;
    let added = site.json(&token, "POST /trunks", new).await;
    assert_eq!((added.ok(201)["priority"].clone(), added.header("location")), (json!(100), "/api/v1/trunks/Way%20out"));
    for path in ["/trunks", "/trunks/Way%20out"] {
        let shown = site.get(&token, path).await;
        assert!(shown.status == 200 && shown.text.contains("acme") && !shown.text.contains("trunk-secret-1"), "{shown:?}");
    }
    assert_eq!(site.ask(&token, "DELETE /trunks/Way%20out", &[], "").await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telephone_system_asks_about_accounts_and_pins() {
    let site = Site::open().await;
    let token = site.operator().await;
    let account = site.get(&token, "/sip-accounts/known").await.ok(200);
    assert_eq!((&account["realm"], account["ha1_md5"].as_str().unwrap().len()), (&json!("phones.example.com"), 32));
    assert_eq!(site.get(&token, "/sip-accounts/other").await.problem(), problem(404, "not_found"));
    let wrong = r#"{"account":"known","pin":"000000","session":"call","attempt":1}"#;
    assert_eq!(site.json(&token, "POST /pin-attempts", wrong).await.ok(200), json!({ "result": "wrong", "attempts_left": 2 }));
    for (body, code) in [
        (r#"{"pin":"000000","session":"call","attempt":1}"#, "body"),
        (r#"{"mac":"001565000001","pin":"000000","session":"call","attempt":1}"#, "body"),
        (r#"{"mac":"nonsense","source":"198.51.100.7","pin":"000000","session":"call","attempt":1}"#, "mac"),
    ] {
        assert_eq!(site.json(&token, "POST /pin-attempts", body).await.problem(), problem(422, code), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_set_layer_by_layer_and_secrets_stay_masked() {
    let site = Site::open().await;
    let token = site.operator().await;
    let shop = id_of(&site, &token, "/customers", "Shop").await;
    let front = id_of(&site, &token, "/sites", "Front").await;
    let path = format!("/customers/{shop}/settings");
    let set = site.json(&token, &format!("PUT {path}"), r#"{"time_zone":"+1","admin_password":"a-menu-secret-9"}"#).await.ok(200);
    assert_eq!(set["time_zone"], "+1");
    assert!(!set.to_string().contains("a-menu-secret-9"), "{set}");
    assert_eq!(site.get(&token, &format!("/sites/{front}/settings")).await.ok(200), json!({}), "a layer of its own");
    assert_eq!(site.json(&token, &format!("PUT {path}"), r#"{"time_zone":null}"#).await.ok(200).get("time_zone"), None);
    assert_eq!(site.json(&token, &format!("PUT {path}"), r#"{"no_such_key":"1"}"#).await.problem(), problem(422, "setting"));
    let stranger = site.token(Role::CustomerAdmin, "Office").await;
    assert_eq!(site.get(&stranger, &path).await.problem(), problem(404, "not_found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reseller_has_a_look_and_a_trunk_is_tested() {
    let site = Site::open().await;
    let token = site.operator().await;
    let dealer = id_of(&site, &token, "/resellers", "Dealer").await;
    let path = format!("/resellers/{dealer}");
    assert_eq!(site.get(&token, &path).await.ok(200)["look"], Value::Null);
    let look = r##"{"kind":"white-label","portal_name":"North","accent":"#7A1FA2","portal_host":"Portal.North.example.net"}"##;
    let changed = site.json(&token, &format!("PATCH {path}"), look).await.ok(200);
    let expected =
        json!({ "portal_name": "North", "accent": "#7a1fa2", "portal_host": "portal.north.example.net", "phone_host": null, "logo": null });
    assert_eq!(changed["look"], expected);
    let cleared = site.json(&token, &format!("PATCH {path}"), r#"{"accent":""}"#).await.ok(200);
    assert_eq!((&cleared["look"]["accent"], &cleared["look"]["portal_name"]), (&Value::Null, &json!("North")), "what is not named stays");
    for (body, code) in [(r##"{"accent":"#ffff00"}"##, "accent"), (r#"{"phone_host":"a b"}"#, "host")] {
        assert_eq!(site.json(&token, &format!("PATCH {path}"), body).await.problem(), problem(422, code));
    }
    assert_eq!(site.ask(&token, &format!("PUT {path}/logo"), &[], "no picture").await.problem(), problem(422, "logo"));

    site.json(&token, "POST /trunks", r#"{"name":"carrier","uri":"sip:trunk.example.com"}"#).await.ok(201);
    let tested = site.json(&token, "POST /trunks/carrier/test", "").await.ok(200);
    assert_eq!(tested["steps"][0], json!({ "step": "OPTIONS to trunk.example.com", "ok": true, "detail": "200 OK" }));
    assert_eq!(site.json(&token, "POST /trunks/none/test", "").await.problem(), problem(404, "not_found"));
}
