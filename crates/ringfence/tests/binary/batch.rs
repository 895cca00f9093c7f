//! CSV in and out.

use serde_json::json;

use crate::world::{MAC, World};

const HEADER: &str = "mac,vendor,type,customer,site,label,line1_user,line1_password,line1_server,setting:time_zone";

fn row(mac: &str, model: &str, label: &str) -> String {
    format!("{mac},yealink,{model},Example Ltd,Berlin,{label},2001,\"pass,word\",sip.example.com,+1\n")
}

#[test]
fn a_file_is_taken_whole_or_not_at_all() {
    let world = World::with_a_phone();
    let text = format!("{HEADER}\n{}{}{}", row("001565000001", "T46S", "A"), row("001565000002", "T99Z", "B"), row(MAC, "T54W", "C"));
    let file = world.file("phones.csv", &text);
    for args in [&["import", &file, "--dry-run"][..], &["import", &file]] {
        let ran = world.run(&[args, &["--json"]].concat());
        assert_eq!(ran.status, 1, "{ran:?}");
        let outcome: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!((&outcome["rows"], &outcome["created"], &outcome["updated"]), (&json!(3), &json!(1), &json!(1)));
        assert_eq!(outcome["stored"], false);
        let failed = &outcome["failed"][0];
        assert_eq!((&failed["row"], &failed["field"], &failed["code"]), (&json!(3), &json!("type"), &json!("model")));
    }
    assert_eq!(world.json(&["device", "list"]).as_array().unwrap().len(), 1);
    assert_eq!(world.json(&["device", "show", MAC])["model"], "T46S");

    let partial = world.run(&["import", &file, "--partial"]);
    assert_eq!(partial.status, 1, "one row failed: {partial:?}");
    assert_eq!(world.json(&["device", "list"]).as_array().unwrap().len(), 2);
    assert_eq!(world.json(&["device", "show", MAC])["model"], "T54W");
    assert!(world.ok(&["brands", "render", "001565000001"]).contains("pass,word"));
}

#[test]
fn a_good_file_is_shown_first_and_then_stored() {
    let world = World::with_a_phone();
    let file = world.file("phones.csv", &format!("{HEADER}\n{}", row("001565000001", "T46S", "A")));
    assert_eq!(world.json(&["import", &file, "--dry-run"])["created"], 1);
    assert_eq!(world.json(&["device", "list"]).as_array().unwrap().len(), 1, "a dry run stores nothing");
    let expected = json!({ "rows": 1, "created": 1, "updated": 0, "failed": [], "stored": true });
    assert_eq!(world.json(&["import", &file]), expected);
    assert_eq!(world.json(&["import", &file])["updated"], 1, "the same again changes, and adds nothing");
}

#[test]
fn what_the_store_knows_fails_a_row_as_well() {
    let world = World::with_a_phone();
    world.ok(&["customer", "add", "Other Ltd"]);
    world.ok(&["device", "add", "001565000005", "--customer", "Other Ltd", "--model", "yealink/T46S"]);
    let text = format!(
        "{HEADER}\n{}001565000006,yealink,T46S,Nobody,,,,,,\n001565000007,yealink,T46S,Example Ltd,Mars,,,,,\n",
        row("001565000005", "T46S", "")
    );
    let file = world.file("phones.csv", &text);
    let ran = world.run(&["import", &file, "--json"]);
    let outcome: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let codes: Vec<(u64, &str, &str)> = outcome["failed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failed| (failed["row"].as_u64().unwrap(), failed["field"].as_str().unwrap(), failed["code"].as_str().unwrap()))
        .collect();
    assert_eq!(codes, [(2, "mac", "exists"), (3, "customer", "not_found"), (4, "site", "not_found")]);
}

#[test]
fn an_export_can_be_imported_elsewhere_and_starts_no_formula() {
    let world = World::with_a_phone();
    world.ok(&["device", "add", "001565000001", "--customer", "Example Ltd", "--model", "yealink/T54W", "--label", "=1+1"]);
    let exported = world.ok(&["export"]);
    let mut lines = exported.lines();
    assert_eq!(lines.next(), Some("vendor,type,mac,created,customer,site,label,state,pin"));
    assert!(exported.contains(",'=1+1,"), "{exported}");
    assert_eq!(lines.count(), 2);
    assert_eq!(world.ok(&["export", "--state", "successful"]).lines().count(), 1);

    let other = World::new();
    other.ok(&["customer", "add", "Example Ltd"]);
    other.ok(&["site", "add", "Example Ltd", "Berlin"]);
    let file = other.file("phones.csv", &exported);
    assert_eq!(other.json(&["import", &file])["created"], 2);
    assert_eq!(other.json(&["device", "show", "001565000001"])["label"], "=1+1");
}

#[test]
fn a_file_without_the_columns_is_refused() {
    let world = World::with_a_phone();
    let file = world.file("phones.csv", "mac\n001565000001\n");
    assert!(world.refused(&["import", &file]).contains("lacks vendor, type, customer"));
}
