//! Layers of settings, and where each line of a file came from.

use serde_json::{Value, json};

use crate::world::{MAC, World};

/// Text and source of the lines of one parameter.
fn why(world: &World, parameter: &str) -> Vec<(String, String)> {
    let shown = world.json(&["brands", "render", MAC, "--why"]);
    let lines = shown["lines"].as_array().unwrap().iter();
    let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    lines.map(|line| (text(line, "text"), text(line, "source"))).filter(|(line, _)| line.starts_with(&format!("{parameter} = "))).collect()
}

/// With a reseller above the customer, so that every layer is there.
fn world() -> World {
    let world = World::new();
    world.ok(&["reseller", "add", "Dealer"]);
    world.ok(&["customer", "add", "Example Ltd", "--reseller", "Dealer"]);
    world.ok(&["site", "add", "Example Ltd", "Berlin"]);
    let phone = ["--customer", "Example Ltd", "--site", "Berlin", "--model", "yealink/T46S"];
    world.ok(&[&["device", "add", MAC], &phone[..], &["--line", crate::world::LINE]].concat());
    world
}

#[test]
fn a_raw_line_comes_from_the_nearest_layer_that_has_it() {
    let world = world();
    let layers: [(&str, &[&str]); 7] = [
        ("operator", &[]),
        ("reseller", &["--reseller", "Dealer"]),
        ("brand", &["--model", "yealink"]),
        ("model", &["--model", "yealink/T46S"]),
        ("customer", &["--customer", "Example Ltd"]),
        ("site", &["--customer", "Example Ltd", "--site", "Berlin"]),
        ("device", &["--device", MAC]),
    ];
    // The farthest is set first and the nearest last, and then the other way round: the order of setting does not count.
    for (at, (layer, of)) in layers.iter().enumerate() {
        world.ok(&[&["setting", "set"], *of, &[&format!("raw.yealink.phone_setting.test = {layer}"), "ntp_server=ntp.example.com"]].concat());
        let line = format!("phone_setting.test = {layer}");
        assert_eq!(why(&world, "phone_setting.test"), [(line, (*layer).to_owned())], "after layer {at}");
        assert_eq!(why(&world, "local_time.ntp_server1")[0].1, *layer);
    }
    for at in (1..layers.len()).rev() {
        let [(_, of), (left, _)] = [layers[at], layers[at - 1]];
        world.ok(&[&["setting", "set"], of, &["raw.yealink.phone_setting.test="]].concat());
        assert_eq!(why(&world, "phone_setting.test"), [(format!("phone_setting.test = {left}"), left.to_owned())]);
    }
    world.ok(&["setting", "set", "raw.yealink.phone_setting.test="]);
    assert_eq!(why(&world, "phone_setting.test"), []);
    let audited = world.json(&["audit", "list"]);
    let keys = audited.as_array().unwrap().iter().filter(|entry| entry["action"] == "settings.changed").count();
    assert_eq!(keys, 14, "each change is noted");
}

#[test]
fn a_raw_line_takes_the_templates_place_from_its_layer() {
    let world = world();
    assert_eq!(why(&world, "local_time.time_zone"), [("local_time.time_zone = %NULL%".to_owned(), "template".to_owned())]);
    world.ok(&["setting", "set", "--model", "yealink", "time_zone=+1"]);
    world.ok(&["setting", "set", "--customer", "Example Ltd", "raw.yealink.local_time.time_zone=-5"]);
    assert_eq!(why(&world, "local_time.time_zone"), [("local_time.time_zone = -5".to_owned(), "customer".to_owned())]);
    world.ok(&["setting", "set", "--customer", "Example Ltd", "--site", "Berlin", "time_zone=+2"]);
    assert_eq!(why(&world, "local_time.time_zone"), [("local_time.time_zone = +2".to_owned(), "site".to_owned())]);
    let file = world.ok(&["brands", "render", MAC]);
    assert_eq!(file.lines().filter(|line| line.starts_with("local_time.time_zone = ")).collect::<Vec<_>>(), ["local_time.time_zone = +2"]);
}

#[test]
fn settings_are_shown_without_their_secrets_and_checked() {
    let world = world();
    let set = world.json(&["setting", "set", "--customer", "Example Ltd", "admin_password=keep-out-77", "language=de"]);
    let masked = json!([{ "key": "admin_password", "value": "********" }, { "key": "language", "value": "de" }]);
    assert_eq!((&set, &world.json(&["setting", "show", "--customer", "Example Ltd"])), (&masked, &masked));
    assert_eq!(world.json(&["setting", "show"]), json!([]));
    assert!(!world.ok(&["audit", "list"]).contains("keep-out-77"));
    assert!(world.ok(&["brands", "render", MAC]).contains("keep-out-77"));
    for (args, complaint) in [
        (&["language"][..], "KEY=VALUE"),
        (&["language=xx"], "is one of"),
        (&["langage=de"], "no brand has it"),
        (&["Language=de"], "lower-case"),
        (&["--device", MAC, "srtp=maybe"], "is one of"),
        (&["raw.nobody.x=1"], "no such brand"),
        (&["raw.yealink.static.auto_provision.server.url=https://elsewhere.example.com/"], "keeps its phones at this server"),
        (&["--model", "yealink/T99Z", "language=de"], "unknown brand or model"),
        (&["--customer", "Nobody", "language=de"], "not found"),
    ] {
        let said = world.refused(&[&["setting", "set"], args].concat());
        assert!(said.contains(complaint), "{args:?}: {said}");
    }
    assert_eq!(world.run(&["setting", "set", "--model", "yealink", "--customer", "Example Ltd", "language=de"]).status, 2);
}
