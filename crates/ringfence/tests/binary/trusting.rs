//! Phones on which no PIN can be keyed in, under a policy that asks for one.

use serde_json::Value;

use crate::world::World;

const MAC: &str = "001565000001";

/// A model of the catalogue that cannot reach the voice, as `BRAND/MODEL`.
fn silent_model(world: &World) -> String {
    let brands = world.json(&["brands", "list"]);
    let of = |brand: &Value| {
        let model = brand["models"].as_array()?.iter().find(|model| model["two_factor"] == "no")?;
        Some(format!("{}/{}", brand["brand"].as_str()?, model["model"].as_str()?))
    };
    brands.as_array().unwrap().iter().find_map(of).expect("bases that follow another base cannot")
}

/// The warning of `doctor`, if there is one.
fn told(world: &World) -> Option<String> {
    let report: Value = serde_json::from_str(&world.run(&["doctor", "--json"]).stdout).unwrap();
    let mut messages = report["checks"].as_array().unwrap().iter().map(|check| check["message"].as_str().unwrap().to_owned());
    messages.find(|message| message.contains("no PIN can be keyed in"))
}

fn world() -> (World, String) {
    let world = World::new();
    world.ok(&["customer", "add", "Strict Ltd", "--pin", "required"]);
    world.ok(&["customer", "add", "Easy Ltd"]);
    world.ok(&["site", "add", "Easy Ltd", "Bonn"]);
    let model = silent_model(&world);
    (world, model)
}

#[test]
fn a_phone_that_would_live_by_trust_is_added_on_purpose_only() {
    let (world, model) = world();
    let add = ["device", "add", MAC, "--model", &model, "--customer", "Strict Ltd"];
    let said = world.refused(&add);
    assert!(said.contains("--lives-by-trust") && said.contains(MAC), "{said}");
    assert_eq!(world.json(&["device", "list"]).as_array().unwrap().len(), 0);
    world.ok(&["device", "add", "001565000002", "--model", "yealink/T46S", "--customer", "Strict Ltd"]);
    assert_eq!(told(&world), None);
    world.ok(&[&add[..], &["--lives-by-trust"]].concat());
    let warning = told(&world).unwrap();
    assert!(warning.contains("on 1 phones") && warning.contains(&format!("{MAC} ({model})")), "{warning}");
}

#[test]
fn an_import_confirms_row_by_row() {
    let (world, model) = world();
    let (vendor, kind) = model.split_once('/').unwrap();
    let text = |confirm: &str| {
        format!(
            "mac,vendor,type,customer,confirm\n{MAC},{vendor},{kind},Strict Ltd,{confirm}\n001565000002,{vendor},{kind},Easy Ltd,\n\
             001565000003,yealink,T46S,Strict Ltd,\n"
        )
    };
    for (confirm, field, code) in [("", "type", "lives_by_trust"), ("yes", "confirm", "confirm")] {
        let ran = world.run(&["import", &world.file("phones.csv", &text(confirm)), "--json"]);
        let outcome: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!((ran.status, outcome["failed"].as_array().unwrap().len()), (1, 1), "{outcome}");
        assert_eq!((&outcome["failed"][0]["row"], &outcome["failed"][0]["field"]), (&2.into(), &field.into()));
        assert_eq!(outcome["failed"][0]["code"], code);
    }
    world.ok(&["import", &world.file("phones.csv", &text("lives-by-trust"))]);
    // The same model again asks nothing anew; another phone in its place does.
    world.ok(&["import", &world.file("phones.csv", &text(""))]);
    let other = format!("mac,vendor,type,customer\n001565000003,{vendor},{kind},Strict Ltd\n");
    assert_eq!(world.run(&["import", &world.file("other.csv", &other)]).status, 1);
    assert_eq!(world.json(&["device", "show", "001565000003"])["model"], "T46S");
}

#[test]
fn a_policy_and_a_move_ask_for_the_same_confirmation() {
    let (world, model) = world();
    for number in 1..=12 {
        let mac = format!("0015650000{number:02x}");
        world.ok(&["device", "add", &mac, "--model", &model, "--customer", "Easy Ltd", "--site", "Bonn"]);
    }
    let pin = |world: &World| world.json(&["policy", "show", "--customer", "Easy Ltd", "--site", "Bonn"])["pin"]["value"].clone();
    let said = world.refused(&["policy", "set", "--customer", "Easy Ltd", "pin=required"]);
    assert!(said.contains("12 phones") && said.contains(MAC) && said.contains("and 2 more"), "{said}");
    assert_eq!(pin(&world), "off", "nothing is changed without the confirmation");
    world.ok(&["policy", "set", "--customer", "Easy Ltd", "--site", "Bonn", "pin=off"]);
    world.ok(&["policy", "set", "--customer", "Easy Ltd", "pin=required"]);
    assert_eq!(pin(&world), "off", "the site's own word is nearer, so nothing has to be confirmed");
    assert_eq!(told(&world), None);

    let site = ["policy", "set", "--customer", "Easy Ltd", "--site", "Bonn"];
    world.refused(&[&site[..], &["pin="]].concat());
    let to = ["device", "move", MAC, "--customer", "Strict Ltd"];
    assert!(world.refused(&to).contains("--lives-by-trust"));
    assert_eq!(world.json(&["device", "show", MAC])["customer"], "Easy Ltd");
    world.ok(&[&to[..], &["--lives-by-trust"]].concat());
    world.ok(&["device", "move", MAC, "--customer", "Strict Ltd"]);
    world.ok(&[&site[..], &["pin=", "--lives-by-trust"]].concat());
    world.ok(&[&site[..], &["pin=required"]].concat());
    assert!(told(&world).unwrap().contains("on 12 phones"));
}
