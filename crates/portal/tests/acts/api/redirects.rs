//! `redirect-services`, and how devices stand there.

use domain::role::Role;
use serde_json::{Value, json};

use crate::api::{Answer, Site, problem};
use crate::world::{NOW, OFFICE, SHOP};

const SECRET: &str = "fictitious-secret-5";

fn yealink() -> String {
    json!({ "service": "yealink-ymcs", "fields": { "key_id": "office", "secret": SECRET } }).to_string()
}

async fn patch(site: &Site, token: &str, path: &str, body: Value, expected: &str) -> Answer {
    let headers = [("Content-Type", "application/json"), ("If-Match", expected)];
    site.ask(token, &format!("PATCH {path}"), &headers, &body.to_string()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_made_changed_tested_and_ended() {
    let site = Site::open().await;
    let token = site.operator().await;
    let kinds = site.get(&token, "/redirect-kinds").await.ok(200);
    assert_eq!((kinds["items"].as_array().unwrap().len(), &kinds["items"][0]["service"]), (9, &json!("yealink-ymcs")));
    assert_eq!(kinds["items"][0]["fields"][1], json!({ "name": "secret", "secret": true, "optional": false }));
    let answer = site.json(&token, "POST /redirect-services", &yealink()).await;
    assert_eq!(answer.header("etag"), "\"v1\"");
    let made = answer.ok(201);
    let path = format!("/redirect-services/{}", made["id"].as_str().unwrap());
    assert_eq!((&made["state"], &made["region"], &made["fields"]), (&json!("new"), &json!("eu"), &json!({ "key_id": "office" })));
    for (body, status, code) in [
        (yealink(), 409, "redirect_taken"),
        (json!({ "service": "nobody", "fields": {} }).to_string(), 422, "service"),
        (json!({ "service": "poly-zero-touch", "fields": {} }).to_string(), 422, "credentials"),
        (json!({ "service": "poly-zero-touch", "region": "moon", "fields": { "api_key": "x" } }).to_string(), 422, "region"),
    ] {
        let answer = site.json(&token, "POST /redirect-services", &body).await;
        assert_eq!(answer.problem(), problem(status, code), "{body}");
    }
    assert_eq!(patch(&site, &token, &path, json!({ "region": "us" }), "\"v7\"").await.status, 412);
    let changed = patch(&site, &token, &path, json!({ "region": "us", "fields": { "without_serial": "yes" } }), "\"v1\"").await.ok(200);
    assert_eq!((&changed["region"], &changed["fields"]["without_serial"]), (&json!("us"), &json!("yes")));
    // Nobody answers there in these tests.
    let tested = site.json(&token, &format!("POST {path}/test"), "").await.ok(200);
    assert_eq!((&tested["state"], &tested["failure"]), (&json!("failing"), &json!("unreachable")));
    site.json(&token, &format!("POST {path}/sync"), "").await.ok(200);
    assert_eq!(site.get(&token, &format!("{path}/refused")).await.ok(200)["items"], json!([]));
    let listed = site.get(&token, "/redirect-services").await;
    assert!(!listed.text.contains(SECRET), "{listed:?}");
    assert_eq!(site.json(&token, &format!("DELETE {path}?unregister=1"), "").await.status, 204);
    assert_eq!(site.get(&token, &path).await.ok(200)["state"], "leaving");
    assert_eq!(site.json(&token, &format!("DELETE {path}"), "").await.status, 204);
    assert_eq!(site.get(&token, &path).await.status, 404);
    assert!(!site.get(&token, "/audit").await.text.contains(SECRET));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reseller_has_its_own_accounts_and_a_customer_none() {
    let site = Site::open().await;
    let (operator, reseller) = (site.operator().await, site.token(Role::Reseller, "Dealer").await);
    let operators = site.json(&operator, "POST /redirect-services", &yealink()).await.ok(201);
    let standing = |token: String| {
        let site = &site;
        async move { site.get(&token, &format!("/devices/{SHOP}/redirect")).await.ok(200) }
    };
    let of_reseller = standing(reseller.clone()).await;
    assert_eq!((&of_reseller["standing"], &of_reseller["account"]), (&json!("waiting"), &json!(null)), "the account is the operator's");
    let own = site.json(&reseller, "POST /redirect-services", &yealink()).await.ok(201);
    assert_eq!(own["reseller"], "Dealer");
    let listed = site.get(&reseller, "/redirect-services").await.ok(200);
    assert_eq!((listed["items"].as_array().unwrap().len(), &listed["items"][0]["id"]), (1, &own["id"]));
    assert_eq!(site.get(&reseller, &format!("/redirect-services/{}", operators["id"].as_str().unwrap())).await.status, 404);
    assert_eq!(site.get(&operator, "/redirect-services").await.ok(200)["items"].as_array().unwrap().len(), 2);
    assert_eq!(standing(reseller).await["account"], own["id"], "a reseller's own goes before the operator's");
    let admin = site.token(Role::CustomerAdmin, "Shop").await;
    let seen = standing(admin.clone()).await;
    assert_eq!((&seen["standing"], &seen["account"], &seen["title"]), (&json!("waiting"), &json!(null), &json!("Yealink YMCS (RPS)")));
    assert_eq!(site.get(&admin, "/redirect-services").await.status, 403);
    assert_eq!(site.get(&admin, &format!("/devices/{OFFICE}/redirect")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_come_with_devices_and_files_and_are_changed() {
    let site = Site::open().await;
    let token = site.operator().await;
    let new =
        json!({ "mac": "001565000077", "model": "yealink/T46S", "customer": "Shop", "serial": "3146019091637071", "mac_id": "-ab1z" });
    site.json(&token, "POST /devices", &new.to_string()).await.ok(201);
    let standing = site.get(&token, "/devices/001565000077/redirect").await.ok(200);
    assert_eq!((&standing["serial"], &standing["mac_id"]), (&json!("3146019091637071"), &json!("AB1Z")));
    let wrong = json!({ "mac": "001565000078", "model": "yealink/T46S", "customer": "Shop", "serial": "a b" });
    assert_eq!(site.json(&token, "POST /devices", &wrong.to_string()).await.problem(), problem(422, "serial"));

    let file =
        "vendor,type,mac,customer,serial,mac_id\nyealink,T46S,001565000077,Shop,3146019091637072,\nyealink,T46S,001565000079,Shop,,AB1Z\n";
    site.ask(&token, "POST /imports", &[("Content-Type", "text/csv")], file).await.ok(200);
    let standing = site.get(&token, "/devices/001565000077/redirect").await.ok(200);
    assert_eq!((&standing["serial"], &standing["mac_id"]), (&json!("3146019091637072"), &json!("AB1Z")), "an empty cell changes nothing");
    assert_eq!(site.get(&token, "/devices/001565000079/redirect").await.ok(200)["mac_id"], "AB1Z");
    let text = site.get(&token, "/devices.csv").await.text;
    assert!(text.starts_with("vendor,type,mac,created,customer,site,label,state,pin\n"), "{text}");

    let label = site.json(&token, "PUT /devices/001565000077/label", r#"{"serial":""}"#).await.ok(200);
    assert_eq!((&label["serial"], &label["mac_id"]), (&json!(null), &json!("AB1Z")));
    let refused = site.json(&token, "PUT /devices/001565000077/label", r#"{"mac_id":"ABC"}"#).await;
    assert_eq!(refused.problem(), problem(422, "mac_id"));
    let marked = site.json(&token, "PUT /devices/001565000077/by-hand", "").await.ok(200);
    assert_eq!((&marked["standing"], &marked["since"]), (&json!("by_hand"), &json!(NOW.rfc3339())));
    assert_eq!(site.json(&token, "DELETE /devices/001565000077/by-hand", "").await.ok(200)["standing"], "no_account");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_holds_the_global_login_and_needs_one() {
    let site = Site::open().await;
    let token = site.operator().await;
    let line = format!("POST /devices/{SHOP}/redirect-address");
    assert_eq!(site.json(&token, &line, "").await.problem(), problem(409, "no_global_login"));
    site.json(&token, "POST /global-logins", "{}").await.ok(201);
    let address = site.json(&token, &line, "").await.ok(200)["address"].as_str().unwrap().to_owned();
    assert!(address.starts_with("https://phones.example.com:8443/cfg/g/"), "{address}");
    let file = site.get(&token, "/redirect-addresses.csv?brand=yealink").await;
    assert!(file.header("content-type").starts_with("text/csv"), "{file:?}");
    let rows: Vec<&str> = file.text.lines().collect();
    assert_eq!((rows.len(), rows[0]), (3, "mac,serial,mac_id,model,address"));
    assert!(rows.iter().any(|row| row.contains(SHOP) && row.ends_with(&address)), "{rows:?}");
    assert_eq!(site.json(&token, &format!("POST /devices/{SHOP}/redirect-pin"), "").await.ok(200), json!({ "pin": null }));
    let audit = site.get(&token, "/audit").await.text;
    assert!(audit.contains("redirect.address-shown") && audit.contains("redirect.pin-shown") && !audit.contains("/cfg/g/"), "{audit}");
}
