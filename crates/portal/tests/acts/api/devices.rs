//! Phones: added, found, changed, moved on.

use domain::role::Role;
use serde_json::json;

use crate::api::{Site, problem};
use crate::world::{NOW, OFFICE, SHOP};

const NEW: &str = "001565000042";

fn new_phone() -> String {
    json!({
        "mac": "00:15:65:00:00:42", "model": "yealink/T46S", "customer": "Shop", "site": "Front", "label": "Reception",
        "lines": [{ "user": "2042", "password": "line-secret-42", "server": "sip.example.com", "extension": "2042", "name": "Reception" }],
    })
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_added_read_changed_and_deleted() {
    let site = Site::open().await;
    let token = site.operator().await;
    let added = site.json(&token, "POST /devices", &new_phone()).await;
    let view = added.ok(201);
    assert_eq!(added.header("location"), format!("/api/v1/devices/{NEW}"));
    for (key, value) in
        [("mac", NEW), ("brand", "yealink"), ("model", "T46S"), ("customer", "Shop"), ("site", "Front"), ("state", "needed")]
    {
        assert_eq!(view[key], value, "{view}");
    }
    assert_eq!(view["pin"].as_str().unwrap().len(), 6);
    assert_eq!(site.json(&token, "POST /devices", &new_phone()).await.problem(), problem(409, "exists"));

    let path = format!("/devices/{NEW}");
    let read = site.get(&token, "/devices/00-15-65-00-00-42").await;
    assert_eq!((read.ok(200), read.header("etag")), (view.clone(), added.header("etag")));
    assert!(site.get(&token, &format!("{path}?pin=0")).await.ok(200)["pin"].is_null());

    let change = r#"{"label":"Front desk"}"#;
    let kind = ("Content-Type", "application/json");
    let stale = site.ask(&token, &format!("PATCH {path}"), &[kind, ("If-Match", "\"v99\"")], change).await;
    assert_eq!(stale.problem(), problem(412, "changed"));
    let weak = site.ask(&token, &format!("PATCH {path}"), &[kind, ("If-Match", "W/\"v1\"")], change).await;
    assert_eq!(weak.problem(), problem(412, "changed"));
    let changed = site.ask(&token, &format!("PATCH {path}"), &[kind, ("If-Match", read.header("etag"))], change).await;
    assert_eq!(changed.ok(200)["label"], "Front desk");
    assert_ne!(changed.header("etag"), read.header("etag"));
    let config = site.get(&token, &format!("{path}/configs/{NEW}.cfg?why=1")).await;
    let shown = config.ok(200)["lines"].to_string();
    assert!(shown.contains("2042") && !shown.contains("line-secret-42"), "the lines stayed, and their secrets are masked: {shown}");
    assert!(site.get(&token, &format!("{path}/configs/{NEW}.cfg")).await.text.contains("line-secret-42"));
    assert_eq!(site.get(&token, &format!("{path}/configs/nothing.cfg?why=1")).await.problem(), problem(409, "no_such_file"));

    assert_eq!(site.ask(&token, &format!("DELETE {path}"), &[], "").await.status, 204);
    assert_eq!(site.get(&token, &path).await.problem(), problem(404, "not_found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_by_its_code_and_nothing_is_kept() {
    let site = Site::open().await;
    let token = site.operator().await;
    let line = |field: &str| format!(r#"{{"user":"1","password":"line-secret-9","server":"sip.example.com",{field}}}"#);
    let with = |field: &str| {
        let rest = r#""mac":"001565000042","model":"yealink/T46S","customer":"Shop""#;
        format!("{{{rest},{field}}}")
    };
    let cases = [
        (r#"{"mac":"nonsense","model":"yealink/T46S","customer":"Shop"}"#.to_owned(), 422, "mac"),
        (r#"{"mac":"001565000042","model":"yealink/T99Z","customer":"Shop"}"#.to_owned(), 422, "model"),
        (r#"{"mac":"001565000042","model":"yealink/T46S","customer":"Nobody"}"#.to_owned(), 404, "not_found"),
        (with(r#""site":"Nowhere""#), 404, "not_found"),
        (with(&format!(r#""label":"{}""#, "x".repeat(10_000))), 422, "label"),
        (with(r#""label":"a\u0000b""#), 422, "body"),
        (with(r#""colour":"red""#), 422, "body"),
        (with(&format!(r#""lines":[{}]"#, line(r#""port":0"#))), 422, "line"),
        (with(&format!(r#""lines":[{}]"#, line(r#""transport":"smoke""#))), 422, "line"),
        (with(&format!(r#""lines":[{}]"#, line(r#""name":"a\nb""#))), 422, "line"),
        (with(&format!(r#""lines":[{}]"#, line(r#""port":70000"#))), 422, "body"),
        (with(r#""settings":{"Bad Key":"x"}"#), 422, "setting"),
    ];
    for (body, status, code) in cases {
        let answer = site.json(&token, "POST /devices", &body).await;
        assert_eq!(answer.problem(), problem(status, code), "{body}");
        assert!(!answer.text.contains("line-secret-9"), "{answer:?}");
    }
    assert_eq!(site.get(&token, "/devices").await.ok(200)["items"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_parts_and_can_be_searched() {
    let site = Site::open().await;
    let token = site.operator().await;
    for number in 10..20 {
        let body = new_phone().replace("00:15:65:00:00:42", &format!("0015650000{number}")).replace("Reception", &format!("Desk {number}"));
        site.json(&token, "POST /devices", &body).await.ok(201);
    }
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let part = site.get(&token, &format!("/devices?limit=5{cursor}")).await.ok(200);
        let items = part["items"].as_array().unwrap();
        assert!(items.len() <= 5);
        found.extend(items.iter().map(|item| item["mac"].as_str().unwrap().to_owned()));
        let Some(next) = part["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let mut once = found.clone();
    once.sort();
    once.dedup();
    assert_eq!((found.len(), once.len()), (12, 12), "each one once");
    let count = |part: serde_json::Value| part["items"].as_array().unwrap().len();
    for (query, expected) in [
        ("q=desk%2013", 1),
        ("q=00:15:65:00:00:1", 10),
        ("customer=Shop", 11),
        ("customer=Shop&site=Front&q=reception", 0),
        ("state=blocked,failed", 0),
        ("state=needed", 12),
        ("model=yealink/T46S", 12),
        ("model=yealink/T54W", 0),
        ("q=2001&limit=500", 2),
        ("q=t46s&customer=Office", 1),
        ("attention=1", 0),
    ] {
        assert_eq!(count(site.get(&token, &format!("/devices?{query}")).await.ok(200)), expected, "{query}");
    }
    for (query, status, code) in [
        ("limit=0", 422, "limit"),
        ("limit=501", 422, "limit"),
        ("limit=x", 422, "query"),
        ("cursor=nonsense", 422, "cursor"),
        ("state=sleepy", 422, "query"),
        ("colour=red", 422, "query"),
        ("site=Front", 422, "site"),
        ("customer=Nobody", 404, "not_found"),
        ("q=%00", 400, "malformed"),
    ] {
        assert_eq!(site.get(&token, &format!("/devices?{query}")).await.problem(), problem(status, code), "{query}");
    }
}

/// Notes that somebody looks for this flag, and a wrong PIN where the phone has never been.
async fn attend(site: &Site, flagged: &'static str, tried: &'static str) {
    let note = move |db: &store::Db| {
        let mac: domain::Mac = flagged.parse().unwrap();
        let address = "192.0.2.1".parse().unwrap();
        let kind = "identity_mismatch".to_owned();
        store::sightings::raise(db, &store::sightings::Attention { mac, kind, at: NOW, address: Some(address) })?;
        let mut stored = store::device::by_mac(db, &store::Scope::Operator, tried.parse().unwrap())?;
        let network = domain::net::pin_network(address);
        let tries = domain::pin::Tries { network, address, wrong: 1, rounds: 0, failed_until: None, blocked: false, last: NOW };
        stored.device.auth.tries = vec![tries];
        store::device::save(db, &stored, NOW).map(drop)
    };
    site.world.admin.store.write(note).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_are_counted_by_state_within_what_one_may_see() {
    let site = Site::open().await;
    attend(&site, SHOP, OFFICE).await;
    let (operator, shop) = (site.operator().await, site.token(Role::CustomerAdmin, "Shop").await);
    let number = |number: u64| json!({ "number": number, "more": false });
    let counts = |needed: u64, attention: u64| {
        json!({ "needed": number(needed), "failed": number(0), "blocked": number(0), "successful": number(0),
            "attention": number(attention), "all": number(needed) })
    };
    // One wrong PIN of a phone that was never served may well be its owner's.
    assert_eq!(site.get(&operator, "/device-counts").await.ok(200), counts(2, 1));
    assert_eq!(site.get(&operator, "/device-counts?customer=Office").await.ok(200), counts(1, 0));
    assert_eq!(site.get(&operator, "/device-counts?customer=Shop&site=Front").await.ok(200), counts(1, 1));
    assert_eq!(site.get(&shop, "/device-counts").await.ok(200), counts(1, 1));
    assert_eq!(site.get(&shop, "/device-counts?customer=Office").await.problem(), problem(404, "not_found"));
    let wanting = site.get(&operator, "/devices?attention=1&limit=1").await.ok(200);
    assert_eq!((&wanting["items"][0]["mac"], &wanting["items"][0]["attention"]), (&json!(SHOP), &json!(["identity_mismatch"])));
    assert_eq!(wanting["items"][0]["extensions"], json!(["2001"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_give_the_phone_as_it_is_afterwards() {
    let site = Site::open().await;
    let token = site.token(Role::Reseller, "Dealer").await;
    let act = async |act: &str, body: &str| site.json(&token, &format!("POST /devices/{SHOP}/{act}"), body).await;
    let pin = site.get(&token, &format!("/devices/{SHOP}")).await.ok(200)["pin"].clone();
    assert_eq!(act("reset-authentication", "").await.ok(200)["state"], "needed");
    assert_ne!(site.get(&token, &format!("/devices/{SHOP}")).await.ok(200)["pin"], pin, "a reset makes a new one");
    assert_eq!(act("suspend-authentication", r#"{"seconds":600}"#).await.ok(200)["suspended_until"], "2026-11-22T00:10:00Z");
    assert!(!act("suspend-authentication", "").await.ok(200)["suspended_until"].is_null(), "the policy's time without a body");
    let ended = site.ask(&token, &format!("DELETE /devices/{SHOP}/suspend-authentication"), &[], "").await.ok(200);
    assert!(ended["suspended_until"].is_null());
    assert_eq!(act("allow-global-password", r#"{"allow":false}"#).await.ok(200)["allow_global_password"], false);
    let allowed = act("allow-global-password", r#"{"allow":true,"clear_login":true}"#).await.ok(200);
    assert_eq!(allowed["allow_global_password"], true);
    assert_eq!(act("replace", r#"{"mac":"001565000099"}"#).await.ok(200)["mac"], "001565000099");
    for (wrong, body, status, code) in [
        ("suspend-authentication", r#"{"seconds":0}"#, 422, "duration"),
        ("suspend-authentication", r#"{"seconds":99999999}"#, 422, "duration"),
        ("allow-global-password", r#"{"allow":false,"clear_login":true}"#, 422, "body"),
        ("allow-global-password", "{}", 422, "body"),
        ("dance", "", 404, "not_found"),
    ] {
        assert_eq!(act(wrong, body).await.problem(), problem(status, code), "{wrong} {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_goes_out_and_comes_in() {
    let site = Site::open().await;
    let token = site.token(Role::CustomerAdmin, "Shop").await;
    let exported = site.get(&token, "/devices.csv?state=needed").await;
    assert_eq!((exported.status, exported.header("content-type")), (200, "text/csv; charset=utf-8"));
    let rows: Vec<&str> = exported.text.lines().collect();
    assert_eq!(rows[0], "vendor,type,mac,created,customer,site,label,state,pin");
    assert!(rows.len() == 2 && rows[1].contains(SHOP) && !exported.text.contains(OFFICE), "{rows:?}");
    assert_eq!(site.get(&token, "/devices.csv?state=blocked").await.text.lines().count(), 1);

    let file = format!("vendor,type,mac,customer,label\nyealink,T46S,{NEW},Shop,New\nyealink,T46S,nonsense,Shop,Bad\n");
    let send = async |query: &str| site.ask(&token, &format!("POST /imports{query}"), &[("Content-Type", "text/csv")], &file).await.ok(200);
    let tried = send("?dry_run=1&partial=1").await;
    assert_eq!((&tried["created"], &tried["stored"]), (&json!(1), &json!(false)));
    let refused = send("").await;
    assert_eq!(
        (&refused["stored"], &refused["failed"][0]["row"], &refused["failed"][0]["field"]),
        (&json!(false), &json!(3), &json!("mac"))
    );
    assert_eq!(site.get(&token, &format!("/devices/{NEW}")).await.status, 404, "all or nothing");
    assert_eq!(send("?partial=1").await["stored"], true);
    assert_eq!(site.get(&token, &format!("/devices/{NEW}")).await.ok(200)["label"], "New");
    let wrong = site.ask(&token, "POST /imports", &[("Content-Type", "text/csv")], "colour\nred\n").await;
    assert_eq!(wrong.problem(), problem(422, "header"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulation_tells_what_a_phone_would_get_and_changes_nothing() {
    let site = Site::open().await;
    let token = site.token(Role::Auditor, "Shop").await;
    let before = site.get(&token, &format!("/devices/{SHOP}")).await;
    let told = site.get(&token, &format!("/simulate?mac={SHOP}&address=198.51.100.7")).await.ok(200);
    let shown: Vec<_> =
        told["answers"].as_array().unwrap().iter().map(|one| (&one["evidence"], &one["decision"], &one["reason"])).collect();
    // The policy asks for the global login, and there is none: whatever it shows, it is asked again.
    assert_eq!(
        shown,
        [
            (&json!("nothing"), &json!("challenge"), &json!("login_required")),
            (&json!("wrong"), &json!("challenge"), &json!("global_wrong")),
        ]
    );
    let operator = site.operator().await;
    site.json(&operator, "POST /global-logins", "{}").await.ok(201);
    let told = site.get(&token, &format!("/simulate?mac={SHOP}&address=198.51.100.7")).await.ok(200);
    assert_eq!((&told["answers"][2]["evidence"], &told["answers"][2]["reason"]), (&json!("global"), &json!("global_first")));
    let after = site.get(&token, &format!("/devices/{SHOP}")).await;
    assert_eq!((after.ok(200), after.header("etag")), (before.ok(200), before.header("etag")));
    assert_eq!(site.get(&token, &format!("/simulate?mac={SHOP}&address=here")).await.problem(), problem(422, "address"));
    assert_eq!(site.get(&token, &format!("/simulate?mac={OFFICE}&address=198.51.100.7")).await.problem(), problem(404, "not_found"));
}
