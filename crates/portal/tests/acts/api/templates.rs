//! The files of brands: what the operator puts in the place of the program's.

use brands::built_in_files;
use domain::role::Role;
use portal::admin::template::take_up;
use serde_json::{Value, json};
use store::Scope;
use store::template::{self, Base, Template};

use crate::api::{Answer, Site, problem};
use crate::world::{NOW, SHOP};

const FULL: &str = "/templates/yealink/full.cfg.j2";
/// A setting that no brand has of itself, for the end of a `brand.toml`.
const SETTING: &str = "\n[[setting]]\nkey = \"lobby_lamp\"\nkind = \"text\"\n";

fn built_in(file: &str) -> String {
    built_in_files("yealink").remove(file).unwrap()
}

async fn post(site: &Site, token: &str, file: &str, text: &str) -> Answer {
    site.json(token, "POST /templates", &json!({ "brand": "yealink", "file": file, "text": text }).to_string()).await
}

async fn patch(site: &Site, token: &str, path: &str, body: Value, expected: &str) -> Answer {
    let headers = [("Content-Type", "application/json"), ("If-Match", expected)];
    site.ask(token, &format!("PATCH {path}"), &headers, &body.to_string()).await
}

async fn delete(site: &Site, token: &str, path: &str) -> Answer {
    site.json(token, &format!("DELETE {path}"), "").await
}

/// The config that the phone of `Shop` would get now.
async fn config(site: &Site, token: &str) -> String {
    site.get(token, &format!("/devices/{SHOP}/configs/{SHOP}.cfg")).await.ok(200)["text"].as_str().unwrap().to_owned()
}

/// Into the store without a trial, as a program of another version found it good.
async fn untried(site: &Site, file: &str, text: &str, hash: &str) {
    let own = Template {
        brand: "yealink".into(),
        file: file.into(),
        text: text.into(),
        base: Base { hash: hash.into(), version: "0.0.9".into() },
        created: NOW,
        updated: NOW,
        updated_by: "somebody".into(),
        revision: 0,
    };
    let keep = move |db: &store::Db| template::add(db, &Scope::Operator, &own, template::head(db)?);
    site.world.admin.store.write(keep).await.unwrap();
    take_up(&site.world.admin).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_put_in_the_place_of_the_programs_changed_and_taken_away() {
    let site = Site::open().await;
    let token = site.operator().await;
    let (before, text) = (config(&site, &token).await, built_in("templates/full.cfg.j2"));
    let found = site.get(&token, FULL).await;
    let view = found.ok(200);
    assert_eq!((&view["file"], &view["standing"], &view["own"]), (&json!("templates/full.cfg.j2"), &json!("built_in"), &json!(false)));
    assert_eq!((view["text"].as_str(), view["base_text"].as_str(), found.header("etag")), (Some(&*text), Some(&*text), ""));

    let own = format!("{text}features.ours = 1\n");
    let made = post(&site, &token, "full.cfg.j2", &own.replace('\n', "\r\n")).await;
    let view = made.ok(201);
    assert_eq!(made.header("location"), "/api/v1/templates/yealink/full.cfg.j2");
    assert_eq!((&view["standing"], &view["based_on"]["sha256"].as_str().unwrap().len()), (&json!("current"), &64));
    assert_eq!((&view["updated_by"], &view["problem"]), (&json!("token test"), &Value::Null));
    assert!(config(&site, &token).await.contains("\nfeatures.ours = 1\n"), "it is in force with the answer, its lines end as ours do");
    let found = site.get(&token, "/templates/yealink/templates%2Ffull.cfg.j2").await;
    assert_eq!((found.ok(200)["text"].as_str(), found.header("etag")), (Some(&*own), made.header("etag")));
    assert_eq!(post(&site, &token, "templates/full.cfg.j2", &own).await.problem(), problem(409, "exists"));

    let changed = patch(&site, &token, FULL, json!({ "text": own.replace("ours = 1", "ours = 2") }), made.header("etag")).await;
    assert_ne!(changed.header("etag"), made.header("etag"));
    assert_eq!(changed.ok(200)["standing"], "current");
    let stale = patch(&site, &token, FULL, json!({ "text": text }), made.header("etag")).await;
    assert_eq!(stale.problem(), problem(412, "changed"));
    assert!(config(&site, &token).await.contains("\nfeatures.ours = 2\n"));

    assert_eq!(delete(&site, &token, FULL).await.status, 204);
    assert_eq!(config(&site, &token).await, before);
    assert_eq!(delete(&site, &token, FULL).await.problem(), problem(404, "not_found"));
    assert_eq!(patch(&site, &token, FULL, json!({ "text": text }), "*").await.problem(), problem(404, "not_found"));
    let audit = site.get(&token, "/audit").await.text;
    for what in ["added", "changed", "removed"] {
        assert!(
            audit.contains(&format!("\"subject\":\"template yealink/templates/full.cfg.j2\",\"detail\":\"{what}\"")),
            "{what}: {audit}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_found_by_brand_name_and_owner() {
    let site = Site::open().await;
    let token = site.operator().await;
    post(&site, &token, "guide.md", "# Ours\n").await.ok(201);
    let names = async |query: &str| {
        let found = site.get(&token, &format!("/templates{query}")).await.ok(200);
        let name = |one: &Value| format!("{}/{}", one["brand"].as_str().unwrap(), one["file"].as_str().unwrap());
        found["items"].as_array().unwrap().iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(names("?own=1").await, ["yealink/guide.md"]);
    assert_eq!(names("?q=YeaLINK/guide").await, ["yealink/guide.md"]);
    assert!(names("?own=0&q=guide.md").await.contains(&"snom/guide.md".to_owned()));
    assert!(!names("?own=0").await.contains(&"yealink/guide.md".to_owned()));
    assert!(names("?brand=snom").await.iter().all(|name| name.starts_with("snom/") && !name.contains("/samples/")));
    let first = site.get(&token, "/templates?limit=2").await.ok(200);
    let next = first["next"].as_str().unwrap();
    assert!(names(&format!("?cursor={}", next.replace('/', "%2F"))).await.iter().all(|name| name.as_str() > next));
    assert_eq!(site.get(&token, "/templates?colour=red").await.problem(), problem(422, "query"));
    for (role, at) in [(Role::Reseller, "Dealer"), (Role::CustomerAdmin, "Shop"), (Role::Auditor, "")] {
        let other = site.token(role, at).await;
        assert_eq!(site.get(&other, "/templates").await.problem(), problem(403, "forbidden"));
        assert_eq!(site.get(&other, FULL).await.problem(), problem(403, "forbidden"));
        assert_eq!(post(&site, &other, "brand.toml", "").await.problem(), problem(403, "forbidden"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_not_read_or_not_run_is_refused_by_file_and_line() {
    let site = Site::open().await;
    let token = site.operator().await;
    let before = config(&site, &token).await;
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
    let manifest = built_in("brand.toml");
    for (file, text, said) in [
        ("full.cfg.j2", "x\n{% if %}\n", "brands/yealink/templates/full.cfg.j2: line 2: syntax error"),
        ("account.cfg.j2", "\n\n{{ set.admin_password }}", "brands/yealink/templates/account.cfg.j2: line 3: undefined value"),
        ("common.cfg.j2", endless, "brands/yealink/templates/common.cfg.j2: line 1: engine ran out of fuel"),
        ("brand.toml", &manifest.replace("two_step", "two_steps"), "brands/yealink/brand.toml: line "),
        ("brand.toml", &manifest.replace("boot.cfg.j2", "boat.cfg.j2"), "parts.boot: templates/boat.cfg.j2 is missing"),
    ] {
        let refused = post(&site, &token, file, text).await;
        assert_eq!(refused.problem(), problem(422, "template"), "{file}");
        assert!(refused.body()["detail"].as_str().unwrap().contains(said), "{said}: {}", refused.text);
    }
    assert_eq!(post(&site, &token, "guide.md", &"x".repeat(300_000)).await.problem(), problem(422, "too_large"));
    assert_eq!(post(&site, &token, "own.cfg.j2", "x").await.problem(), problem(404, "not_found"));
    assert_eq!(post(&site, &token, "samples/requests.txt", "x").await.problem(), problem(404, "not_found"));
    assert_eq!(post(&site, &token, "../snom/brand.toml", "x").await.problem(), problem(404, "not_found"));
    assert_eq!(site.get(&token, "/templates/acme/brand.toml").await.problem(), problem(404, "not_found"));
    assert_eq!(site.get(&token, "/templates?own=1").await.ok(200)["items"], json!([]));
    post(&site, &token, "full.cfg.j2", &built_in("templates/full.cfg.j2")).await.ok(201);
    let worse = patch(&site, &token, FULL, json!({ "text": "{{ nothing }}" }), "*").await;
    assert_eq!(worse.problem(), problem(422, "template"));
    assert_eq!(config(&site, &token).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_need_each_other_come_and_go_in_order() {
    let site = Site::open().await;
    let token = site.operator().await;
    let manifest = built_in("brand.toml") + SETTING;
    let full = built_in("templates/full.cfg.j2") + "{% if set.lobby_lamp %}\nlamp = {{ set.lobby_lamp }}\n{% endif %}\n";
    assert_eq!(post(&site, &token, "full.cfg.j2", &full).await.problem(), problem(422, "template"), "there is no such setting yet");
    post(&site, &token, "brand.toml", &manifest).await.ok(201);
    post(&site, &token, "full.cfg.j2", &full).await.ok(201);
    site.json(&token, "PUT /operator/settings", r#"{"lobby_lamp":"green"}"#).await.ok(200);
    assert!(config(&site, &token).await.contains("\nlamp = green\n"));
    let needed = delete(&site, &token, "/templates/yealink/brand.toml").await;
    assert_eq!(needed.problem(), problem(409, "template_needed"));
    assert!(needed.body()["detail"].as_str().unwrap().contains("brands/yealink/templates/full.cfg.j2: line "), "{}", needed.text);
    for path in [FULL, "/templates/yealink/brand.toml"] {
        assert_eq!(delete(&site, &token, path).await.status, 204, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_newer_program_cannot_read_is_left_out_and_can_be_mended_or_removed() {
    let site = Site::open().await;
    let token = site.operator().await;
    let before = config(&site, &token).await;
    site.json(&token, "POST /templates", r##"{"brand":"snom","file":"guide.md","text":"# Ours\n"}"##).await.ok(201);
    untried(&site, "templates/full.cfg.j2", "{{ set.gone }}", "00").await;
    untried(&site, "templates/account.cfg.j2", "{{ set.gone_too }}", "00").await;
    assert_eq!(config(&site, &token).await, before, "phones get the program's");
    let view = site.get(&token, FULL).await.ok(200);
    assert!(view["problem"].as_str().unwrap().contains("undefined value"), "{view}");
    assert_eq!((&view["standing"], &view["text"]), (&json!("moved"), &json!("{{ set.gone }}")));
    assert_eq!(site.get(&token, "/templates/snom/guide.md").await.ok(200)["problem"], Value::Null);
    // Neither reads without the other being mended: what is in the way can always be removed.
    let mended = built_in("templates/full.cfg.j2") + "features.ours = 1\n";
    let other = patch(&site, &token, FULL, json!({ "text": mended }), "*").await;
    assert!(other.body()["detail"].as_str().unwrap().contains("account.cfg.j2"), "{}", other.text);
    assert_eq!(delete(&site, &token, "/templates/yealink/account.cfg.j2").await.status, 204);
    let view = patch(&site, &token, FULL, json!({ "text": mended, "merged": true }), "*").await.ok(200);
    assert_eq!((&view["standing"], &view["problem"]), (&json!("current"), &Value::Null));
    assert!(config(&site, &token).await.contains("features.ours = 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sees_whether_the_programs_file_has_changed_since() {
    let site = Site::open().await;
    let token = site.operator().await;
    let text = built_in("templates/full.cfg.j2");
    untried(&site, "templates/full.cfg.j2", &format!("{text}features.ours = 1\n"), "00").await;
    let view = site.get(&token, FULL).await.ok(200);
    assert_eq!((&view["standing"], &view["based_on"]), (&json!("moved"), &json!({ "sha256": "00", "version": "0.0.9" })));
    let same = patch(&site, &token, FULL, json!({ "text": format!("{text}features.ours = 2\n") }), "*").await.ok(200);
    assert_eq!(same["standing"], "moved", "a change of the text alone does not say that the news was read");
    assert_eq!(patch(&site, &token, FULL, json!({ "merged": true }), "*").await.ok(200)["standing"], "current");
    assert_eq!(patch(&site, &token, FULL, json!({ "text": text }), "*").await.ok(200)["standing"], "identical");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_makes_one_file() {
    let site = Site::open().await;
    let token = site.operator().await;
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "key-1")];
    let body = json!({ "brand": "yealink", "file": "guide.md", "text": "x".repeat(250_000) }).to_string();
    let first = site.ask(&token, "POST /templates", &headers, &body).await;
    let again = site.ask(&token, "POST /templates", &headers, &body).await;
    assert_eq!(first.ok(201), again.ok(201));
    assert_eq!((first.header("etag"), again.header("idempotency-replayed")), (again.header("etag"), "true"));
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_at_the_same_moment_are_each_tried_with_the_other() {
    let site = Site::open().await;
    let token = site.operator().await;
    let boot = built_in("templates/boot.cfg.j2");
    let (one, two, three) = tokio::join!(
        post(&site, &token, "guide.md", "# Ours\n"),
        post(&site, &token, "common.cfg.j2", "#!version:1.0.0.1\nfeatures.x = 1\n"),
        post(&site, &token, "boot.cfg.j2", &boot),
    );
    for made in [one, two, three] {
        made.ok(201);
    }
    assert_eq!(site.get(&token, "/templates?own=1").await.ok(200)["items"].as_array().unwrap().len(), 3);
}
