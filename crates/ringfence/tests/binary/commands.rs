//! Each command with its JSON.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::world::{LINE, MAC, World};

#[test]
fn a_phone_is_shown_in_the_documented_shape() {
    let world = World::with_a_phone();
    let shown = world.json(&["device", "show", "00:15:65:1A:2B:3C"]);
    let keys: Vec<&str> = shown.as_object().unwrap().keys().map(String::as_str).collect();
    let mut documented = vec![
        "mac",
        "brand",
        "model",
        "customer",
        "site",
        "label",
        "state",
        "login_state",
        "allow_global_password",
        "pin",
        "suspended_until",
        "failed_until",
        "created",
        "last_fetch",
        "last_address",
        "transport",
        "firmware",
        "wrong_tries",
        "rounds",
        "claims",
        "attention",
        "disabled",
        "extensions",
        "handsets",
    ];
    documented.sort_unstable();
    assert_eq!(keys, documented);
    assert_eq!(shown["mac"], MAC);
    assert_eq!((&shown["brand"], &shown["model"]), (&json!("yealink"), &json!("T46S")));
    assert_eq!((&shown["customer"], &shown["site"]), (&json!("Example Ltd"), &json!("Berlin")));
    assert_eq!((&shown["state"], &shown["login_state"]), (&json!("needed"), &json!("none")));
    assert_eq!(shown["allow_global_password"], true);
    assert_eq!(shown["pin"].as_str().unwrap().len(), 6);
    assert_eq!(shown["attention"], json!([]));
    let listed = world.json(&["device", "list"]);
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["mac"], &listed[0]["pin"]), (1, &json!(MAC), &json!(null)));
    assert_eq!(world.json(&["device", "list", "--state", "failed,blocked"]), json!([]));
    for (filter, found) in [
        (&["--q", "1a2b3c"][..], 1),
        (&["--q", "no-such-phone"], 0),
        (&["--model", "yealink/T46S"], 1),
        (&["--model", "snom/D735"], 0),
        (&["--attention"], 0),
    ] {
        assert_eq!(world.json(&[&["device", "list"], filter].concat()).as_array().unwrap().len(), found, "{filter:?}");
    }
    assert_eq!(world.json(&["device", "requests", MAC]), json!([]));
    assert_eq!(world.json(&["device", "calls", MAC]), json!([]));
}

#[test]
fn showing_a_secret_is_audited() {
    let world = World::with_a_phone();
    let reveals = || {
        let entries = world.json(&["audit", "list"]);
        let count = |action: &str| entries.as_array().unwrap().iter().filter(|entry| entry["action"] == action).count();
        (count("reveal-pin"), count("reveal-password"))
    };
    assert_eq!(reveals(), (0, 0));
    world.ok(&["device", "list"]);
    world.ok(&["brands", "render", MAC, "--why"]);
    assert_eq!(reveals(), (0, 0), "neither of them shows a secret");
    world.ok(&["device", "show", MAC]);
    world.ok(&["global-login", "show"]);
    world.ok(&["brands", "render", MAC]);
    assert_eq!(reveals(), (1, 2));
    let pin = world.json(&["device", "show", MAC])["pin"].as_str().unwrap().to_owned();
    assert!(world.ok(&["export"]).contains(&pin));
    assert_eq!(reveals(), (3, 2));
    assert_eq!(world.json(&["audit", "verify"])["whole"], true);
}

#[test]
fn a_reset_gives_a_new_pin_and_arms_the_phone() {
    let world = World::with_a_phone();
    let before = world.json(&["device", "show", MAC])["pin"].clone();
    assert_eq!(world.json(&["device", "allow-global", MAC, "no"])["allow_global_password"], false);
    let after = world.json(&["device", "reset", MAC]);
    assert_eq!((&after["state"], &after["allow_global_password"], &after["pin"]), (&json!("needed"), &json!(true), &json!(null)));
    assert_ne!(world.json(&["device", "show", MAC])["pin"], before);
}

#[test]
fn a_suspension_begins_and_ends() {
    let world = World::with_a_phone();
    assert!(world.json(&["device", "suspend", MAC, "--for", "2h"])["suspended_until"].is_string());
    assert_eq!(world.json(&["device", "suspend", MAC, "--end"])["suspended_until"], json!(null));
}

#[test]
fn a_login_is_set_by_hand_and_cleared() {
    let world = World::with_a_phone();
    let set = world.with_input(&["device", "set-login", MAC, "--user", "desk-7", "--password-stdin", "--json"], "correct-horse-9\n");
    assert_eq!(set.status, 0, "{set:?}");
    assert!(!format!("{set:?}").contains("correct-horse-9"));
    assert_eq!(world.json(&["device", "show", MAC])["login_state"], "pending");
    assert!(world.ok(&["brands", "render", MAC]).contains("correct-horse-9"), "the phone's file carries it");
    assert_eq!(world.json(&["device", "set-login", MAC, "--clear"])["login_state"], "none");
    let short = world.with_input(&["device", "set-login", MAC, "--user", "desk-7", "--password-stdin"], "short\n");
    assert!(crate::world::refused(short, 1, &["set-login"]).contains("12 characters"));
}

#[test]
fn phones_move_are_replaced_and_deleted() {
    let world = World::with_a_phone();
    world.ok(&["customer", "add", "Other Ltd"]);
    world.ok(&["device", "allow-global", MAC, "no"]);
    let moved = world.json(&["device", "move", MAC, "--customer", "Other Ltd"]);
    assert_eq!((&moved["customer"], &moved["site"]), (&json!("Other Ltd"), &json!(null)));
    assert_eq!(moved["allow_global_password"], true, "another customer means a reset");
    let replaced = world.json(&["device", "replace", MAC, "00:15:65:00:00:02"]);
    assert_eq!(replaced["mac"], "001565000002");
    assert!(world.ok(&["brands", "render", "001565000002"]).contains("line-secret-7"), "its lines stay");
    assert!(world.refused(&["device", "show", MAC]).contains("not found"));
    world.ok(&["device", "delete", "001565000002"]);
    assert_eq!(world.json(&["device", "list"]), json!([]));
}

#[test]
fn policies_are_inherited_and_say_from_where() {
    let world = World::with_a_phone();
    let set = world.json(&["policy", "set", "--customer", "Example Ltd", "pin=required", "resync=1h-2h"]);
    assert_eq!(set["pin"], json!({ "value": "required", "inherited_from": null }));
    assert_eq!(set["login"], json!({ "value": "required", "inherited_from": "default" }));
    let site = world.json(&["policy", "show", "--customer", "Example Ltd", "--site", "Berlin"]);
    assert_eq!(site["pin"], json!({ "value": "required", "inherited_from": "customer" }));
    assert_eq!(site.as_object().unwrap().len(), 26);
    let back = world.json(&["policy", "set", "--customer", "Example Ltd", "resync="]);
    assert_eq!(back["resync"], json!({ "value": "4h-6h", "inherited_from": "default" }));
    assert_eq!(world.json(&["policy", "show"])["pin"]["value"], "off");
}

#[test]
fn the_tree_of_tenants() {
    let world = World::new();
    assert_eq!(world.json(&["reseller", "add", "Dealer", "--kind", "white-label"])["kind"], "white-label");
    let added = world.json(&["customer", "add", "Shop", "--reseller", "Dealer", "--login", "none", "--pin", "required"]);
    assert_eq!((&added["reseller"], &added["login"], &added["pin"]), (&json!("Dealer"), &json!("none"), &json!("required")));
    world.ok(&["customer", "add", "Shop"]);
    assert!(world.refused(&["site", "add", "Shop", "Front"]).contains("several have this name"));
    let site = ["--country", "DE", "--caller-number", "+4930123456", "--location", "2nd floor"];
    world.ok(&["customer", "add", "Example Ltd"]);
    assert_eq!(world.json(&[&["site", "add", "Example Ltd", "Berlin"], &site[..]].concat())["caller_number"], "+4930123456");
    assert_eq!(world.json(&["site", "list", "Example Ltd"])[0]["location"], "2nd floor");
    assert_eq!(world.json(&["reseller", "list"])[0]["name"], "Dealer");
    assert_eq!(world.json(&["customer", "list"]).as_array().unwrap().len(), 3);
}

#[test]
fn trusted_networks() {
    let world = World::with_a_phone();
    assert_eq!(world.json(&["trust", "add", "Example Ltd", "198.51.100.7/255.255.255.0", "--label", "HQ"])["network"], "198.51.100.0/24");
    let forced = world.json(&["trust", "add", "Example Ltd", "10.0.0.0/8", "--force"]);
    assert_eq!(forced["kind"], "permanent");
    let listed = world.json(&["trust", "list", "Example Ltd"]);
    let hq = json!({ "network": "198.51.100.0/24", "kind": "permanent", "ends": null, "opened_by": null, "label": "HQ" });
    assert!(listed.as_array().unwrap().contains(&hq), "{listed}");
    world.ok(&["trust", "remove", "Example Ltd", "10.0.0.0/8"]);
    assert_eq!(world.json(&["trust", "list", "Example Ltd"]).as_array().unwrap().len(), 1);
    assert!(world.refused(&["trust", "close", "Example Ltd", "198.51.100.7"]).contains("temporary window"));
}

#[test]
fn global_logins_rotate() {
    let world = World::new();
    let old = world.made["global_login"]["password"].clone();
    let both = world.json(&["global-login", "rotate", "--overlap", "7d"]);
    assert_eq!((both.as_array().unwrap().len(), &both[0]["password"]), (2, &old));
    assert!(both[0]["valid_until"].is_string());
    assert_eq!(both[1]["valid_until"], json!(null));
    let one = world.json(&["global-login", "rotate", "--overlap", "0"]);
    assert_eq!(one.as_array().unwrap().len(), 1);
    world.ok(&["reseller", "add", "Dealer"]);
    assert_eq!(world.json(&["global-login", "show", "--reseller", "Dealer"]), json!([]));
    assert_eq!(world.json(&["global-login", "rotate", "--reseller", "Dealer"]).as_array().unwrap().len(), 1);
    assert_eq!(world.json(&["global-login", "show"]).as_array().unwrap().len(), 1);
}

#[test]
fn the_global_login_is_asked_for_granted_and_shown_once() {
    let world = World::new();
    world.ok(&["reseller", "add", "Dealer"]);
    let asked = world.json(&["global-login", "request", "--reseller", "Dealer", "--reason", "new phones"]);
    assert_eq!((&asked["id"], &asked["state"], &asked["requester"]), (&json!(1), &json!("open"), &json!("reseller Dealer")));
    assert!(world.refused(&["global-login", "reveal", "1"]).contains("not decided yet"));
    assert_eq!(world.json(&["global-login", "grant", "1"])["state"], "granted");
    assert!(world.refused(&["global-login", "decline", "1"]).contains("decided already"));
    assert_eq!(world.json(&["global-login", "reveal", "1"])[0]["password"], world.made["global_login"]["password"]);
    assert!(world.refused(&["global-login", "reveal", "1"]).contains("already"));
    world.ok(&["global-login", "request"]);
    assert_eq!(world.json(&["global-login", "decline", "2"])["state"], "declined");
    assert!(world.refused(&["global-login", "reveal", "2"]).contains("declined"));
    assert!(world.refused(&["global-login", "grant", "3"]).contains("request 3: not found"));
    let all = world.json(&["global-login", "requests"]);
    assert_eq!((all.as_array().unwrap().len(), &all[0]["id"], &all[1]["reason"]), (2, &json!(2), &json!("new phones")));
}

#[test]
fn files_are_rendered_and_read_back() {
    let world = World::with_a_phone();
    let rendered = world.ok(&["brands", "render", MAC]);
    let file = world.file("phone.cfg", &rendered);
    let parsed = world.json(&["brands", "parse", &file, "--brand", "yealink"]);
    let account = &parsed["accounts"][0];
    assert_eq!((&account["user"], &account["password"]), (&json!("2001"), &json!("line-secret-7")));
    assert_eq!(account["server"], "sip.example.com");
    assert!(parsed["provisioning"]["url"].as_str().unwrap().contains("/cfg/d/"));
    let restricted = world.ok(&["brands", "render", MAC, "--restricted"]);
    for secret in ["line-secret-7", "2001", "Reception", "sip.example.com"] {
        assert!(!restricted.contains(secret), "{secret}: {restricted}");
    }
    let why = world.json(&["brands", "render", MAC, "--why"]);
    assert!(!why.to_string().contains("line-secret-7"));
    assert!(why["lines"].as_array().unwrap().iter().any(|line| line["source"] == "platform"), "{why}");
    let brands = world.json(&["brands", "list"]);
    let yealink = brands.as_array().unwrap().iter().find(|brand| brand["brand"] == "yealink").unwrap();
    let t46s = yealink["models"].as_array().unwrap().iter().find(|model| model["model"] == "T46S").unwrap();
    assert_eq!(t46s["accounts"], 16);
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let world = World::with_a_phone();
    let token = world.json(&["token", "create", "--role", "installer", "--customer", "Example Ltd", "--expires", "90d"]);
    assert!(token["token"].as_str().unwrap().starts_with("rf_"));
    let listed = world.json(&["token", "list"]);
    assert_eq!((&listed[0]["role"], &listed[0]["scope"]), (&json!("installer"), &json!("customer Example Ltd")));
    assert!(!listed.to_string().contains(token["token"].as_str().unwrap()));
    world.ok(&["token", "revoke", listed[0]["id"].as_str().unwrap()]);
    assert_eq!(world.json(&["token", "list"]), json!([]));
    assert!(world.refused(&["token", "create", "--role", "operator", "--customer", "Example Ltd"]).contains("whole platform"));
}

#[test]
fn the_same_phone_twice_is_refused_whoever_has_it() {
    let world = World::with_a_phone();
    world.ok(&["customer", "add", "Other Ltd"]);
    let again = ["device", "add", "00-15-65-1a-2b-3c", "--customer", "Other Ltd", "--model", "yealink/T46S", "--line", LINE];
    assert!(world.refused(&again).contains("exists already"));
}

#[test]
fn doctor_finds_nothing_wrong_and_then_something() {
    let world = World::with_a_phone();
    world.ok(&["customer", "add", "Brave", "--login", "none", "--pin", "required"]);
    let healthy = world.json(&["doctor"]);
    assert_eq!(healthy["ok"], true, "{healthy}");
    assert!(healthy.to_string().contains("ask for something else than the platform: Brave"), "{healthy}");
    world.ok(&["policy", "set", "--customer", "Brave", "certificate=accept"]);
    let looked = world.json(&["doctor"]);
    assert_eq!(looked["ok"], true, "{looked}");
    assert!(looked.to_string().contains("no maker is known to judge the certificates by that these ask for: customer Brave"), "{looked}");
    let named = |file: &str| {
        let ran = world.command(&["doctor", "--json"]).env("RINGFENCE_TLS_MANUFACTURERS", format!("{{ maker = \"{file}\" }}")).output();
        String::from_utf8(ran.unwrap().stdout).unwrap()
    };
    let known = named("tls/ca.pem");
    assert!(known.contains("holds 1 authorities of maker") && !known.contains("no maker is known"), "{known}");
    assert!(named("absent.pem").contains("put the authorities of maker there"));
    // Nobody listens there; the address and the password in it are not repeated.
    let mail = [("RINGFENCE_MAIL_SMTP", "smtp://desk:hunter2@127.0.0.1:9"), ("RINGFENCE_MAIL_FROM", "ringfence@example.com")];
    let ran = world.command(&["doctor", "--json"]).envs(mail).output().unwrap();
    let told = String::from_utf8(ran.stdout).unwrap();
    assert!(told.contains("it cannot be reached") && !told.contains("hunter2"), "{told}");
    std::fs::set_permissions(world.data().join("master.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let ran = world.run(&["doctor", "--json"]);
    assert_eq!(ran.status, 1);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let finding = report["checks"].as_array().unwrap().iter().find(|check| check["status"] == "error").unwrap();
    assert!(finding["advice"].as_str().unwrap().contains("chmod 600"), "{finding}");
}
