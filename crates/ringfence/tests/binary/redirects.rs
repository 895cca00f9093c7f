//! Redirect services by the command line and the running server, against the played service of one brand.

use std::time::{Duration, Instant};

use phonesim::services::Emulator;
use phonesim::services::ymcs::Ymcs;
use serde_json::{Value, json};

use crate::serve::Server;
use crate::world::{MAC, World};

const SECRET: &str = "key-secret-41";
const PATIENCE: Duration = Duration::from_secs(30);

/// A world whose Yealink service is the played one.
fn world_with(emulator: &Emulator<Ymcs>) -> World {
    let world = World::with_a_phone();
    let authority = world.file("service.pem", emulator.authority_pem());
    let configuration = world.data().join("ringfence.toml");
    let text = std::fs::read_to_string(&configuration).unwrap();
    let text = text
        .replace("\nca = \"\"\n", &format!("\nca = \"{authority}\"\n"))
        .replace("\nservices = {}\n", &format!("\nservices = {{ yealink-ymcs = \"{}\" }}\n", emulator.base()));
    assert!(text.contains(&authority) && text.contains(&emulator.base()), "{text}");
    std::fs::write(&configuration, text).unwrap();
    world
}

fn add(world: &World) -> String {
    let secret = json!({ "secret": SECRET }).to_string();
    let added = world.with_input(&["redirect", "add", "yealink-ymcs", "--set", "key_id=office", "--secret-stdin", "--json"], &secret);
    assert_eq!(added.status, 0, "{added:?}");
    assert!(!format!("{added:?}").contains(SECRET));
    serde_json::from_str::<Value>(&added.stdout).unwrap()["id"].as_str().unwrap().to_owned()
}

/// Asks until something is so; the last answer.
#[expect(clippy::disallowed_methods, reason = "the server is another process; time ends only a test that hangs")]
fn until(ask: impl Fn() -> Value, is_so: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = ask();
        if is_so(&found) {
            return found;
        }
        assert!(Instant::now() < deadline, "it never came: {found}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Waits until the device stands so.
fn stands(world: &World, mac: &str, standing: &str) -> Value {
    until(|| world.json(&["device", "redirect", mac]), |found| found["standing"] == standing)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_registered_from_the_command_line_on() {
    let emulator = Emulator::start(Ymcs::new("office", SECRET)).await.unwrap();
    emulator.provider().add_foreign("0015651a2b3d".parse().unwrap());
    emulator.provider().set_pin(MAC.parse().unwrap(), "48151623");
    tokio::task::block_in_place(|| {
        let world = world_with(&emulator);
        assert_eq!(world.json(&["device", "redirect", MAC])["standing"], "no_account");
        let id = add(&world);
        let tested = world.json(&["redirect", "test", &id]);
        assert_eq!((&tested["state"], &tested["failure"]), (&json!("working"), &Value::Null));
        world.ok(&["device", "label", MAC, "--serial", "3146019091637071"]);
        let foreign = ["0015651a2b3d", "--customer", "Example Ltd", "--model", "yealink/T46S", "--serial", "3146019091637072"];
        world.ok(&[&["device", "add"], &foreign[..]].concat());
        let server = Server::start(&world);
        let listed = stands(&world, MAC, "listed");
        assert_eq!((&listed["serial"], &listed["account"]), (&json!("3146019091637071"), &json!(id)));
        let refused = stands(&world, "0015651a2b3d", "refused");
        assert_eq!(refused["code"], "owned_by_other", "{refused}");
        let counts = world.json(&["redirect", "show", &id]);
        assert_eq!((&counts["listed"], &counts["refused"]), (&json!(1), &json!(1)), "{counts}");
        let table = world.ok(&["redirect", "list"]);
        assert!(table.contains("yealink-ymcs") && table.contains("working"), "{table}");
        assert!(world.refused(&["device", "by-hand", MAC, "yes"]).contains("has registered the phone"));
        world.ok(&["redirect", "remove", &id, "--unregister"]);
        until(|| world.json(&["redirect", "list"]), |found| found.as_array().unwrap().is_empty());
        let (status, log) = server.stop();
        assert!(status.success() && !log.contains(SECRET), "{log}");
    });
    assert_eq!(emulator.provider().devices().count(), 0, "what was written was removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_the_service_refuses_says_so() {
    let emulator = Emulator::start(Ymcs::new("office", "another")).await.unwrap();
    tokio::task::block_in_place(|| {
        let world = world_with(&emulator);
        let id = add(&world);
        let ran = world.run(&["redirect", "test", &id]);
        assert!(ran.status == 1 && ran.stderr.contains("does not accept"), "{ran:?}");
        let region = world.json(&["redirect", "update", &id, "--region", "us"]);
        assert_eq!((&region["region"], &region["state"], &region["fields"]["key_id"]), (&json!("us"), &json!("new"), &json!("office")));
        let right = world.with_input(&["redirect", "update", &id, "--secret-stdin"], "secret=another\n");
        assert_eq!(right.status, 0, "{right:?}");
        assert_eq!(world.json(&["redirect", "test", &id])["state"], "working");
        assert!(world.json(&["redirect", "sync", &id])["id"].is_string());
    });
}

#[test]
fn accounts_and_labels_are_refused_by_their_words() {
    let world = World::with_a_phone();
    let services = world.json(&["redirect", "services"]);
    assert_eq!(services.as_array().unwrap().len(), 9);
    let yealink = &services[0];
    assert_eq!((&yealink["service"], &yealink["carrier"]), (&json!("yealink-ymcs"), &json!("profile")));
    assert!(world.ok(&["redirect", "services"]).contains("key_id, secret (secret), [without_serial]"));
    for (wrong, input, status, complaint) in [
        (&["nobody"][..], "", 1, "one of yealink-ymcs"),
        (&["yealink-ymcs", "--set", "key_id=office"], "", 1, "secret"),
        (&["yealink-ymcs", "--set", "secret=x"], "", 2, "--secret-stdin"),
        (&["yealink-ymcs", "--set", "key_id"], "", 2, "FIELD=VALUE"),
        (&["yealink-ymcs", "--secret-stdin"], "{\"secret\": 41}", 2, "one JSON object"),
        (&["yealink-ymcs", "--secret-stdin"], "key-secret-41", 2, "FIELD=VALUE"),
        (&["yealink-ymcs", "--region", "moon", "--set", "key_id=office", "--secret-stdin"], "secret=x", 1, "one of eu, us, au"),
        (&["yealink-ymcs", "--reseller", "Nobody", "--set", "key_id=office", "--secret-stdin"], "secret=x", 1, "not found"),
    ] {
        let ran = world.with_input(&[&["redirect", "add"], wrong].concat(), input);
        assert!(ran.status == status && ran.stderr.contains(complaint), "{wrong:?}: {ran:?}");
        assert!(!ran.stderr.contains("key-secret-41"), "{ran:?}");
    }
    add(&world);
    let second = world.with_input(&["redirect", "add", "yealink-ymcs", "--set", "key_id=office", "--secret-stdin"], "secret=x");
    assert!(second.status == 1 && second.stderr.contains("remove it first"), "{second:?}");
    assert!(world.refused(&["device", "label", MAC, "--mac-id", "ABCDE"]).contains("mac_id"));
    assert_eq!(world.json(&["device", "label", MAC, "--mac-id", "ab1z"])["mac_id"], "AB1Z");
    assert_eq!(world.json(&["device", "label", MAC, "--mac-id", ""])["mac_id"], Value::Null);
    assert_eq!(world.json(&["device", "redirect-pin", MAC])["pin"], Value::Null);
    assert!(!world.ok(&["audit", "list"]).contains(SECRET));
}

#[test]
fn addresses_for_entering_by_hand() {
    let world = World::new();
    world.ok(&["customer", "add", "Example Ltd"]);
    let cisco = "0023ebaabbcc";
    let model = world.json(&["brands", "list"]);
    let brand = model.as_array().unwrap().iter().find(|brand| brand["brand"] == "cisco").unwrap();
    let model = format!("cisco/{}", brand["models"][0]["model"].as_str().unwrap());
    let add = ["device", "add", cisco, "--customer", "Example Ltd", "--model", &model, "--serial", "FCH0001", "--lives-by-trust"];
    world.ok(&add);
    assert_eq!(world.json(&["device", "redirect", cisco])["standing"], "no_service");
    let address = world.json(&["device", "redirect-address", cisco])["address"].as_str().unwrap().to_owned();
    assert!(address.contains("/cfg/g/"), "{address}");
    let listed = world.ok(&["redirect", "addresses", "--brand", "cisco"]);
    let rows: Vec<&str> = listed.lines().collect();
    assert_eq!((rows.len(), rows[0]), (2, "mac,serial,mac_id,model,address"), "{listed}");
    assert!(rows[1].starts_with(&format!("{cisco},FCH0001,,{model},https://")), "{listed}");
    assert_eq!(world.ok(&["redirect", "addresses", "--brand", "snom"]).lines().count(), 1);
    assert_eq!(world.json(&["device", "by-hand", cisco, "yes"])["standing"], "by_hand");
    assert_eq!(world.json(&["device", "by-hand", cisco, "no"])["standing"], "no_service");
    let audit = world.ok(&["audit", "list"]);
    assert!(audit.contains("redirect.address-shown") && !audit.contains("/cfg/g/"), "{audit}");
}
