//! DECT bases and their handsets.

use serde_json::{Value, json};

use crate::world::World;

const MAC: &str = "001565000001";
const BASE: [&str; 7] = ["device", "add", MAC, "--customer", "Example Ltd", "--model", "yealink/W70B"];

fn world() -> World {
    let world = World::new();
    world.ok(&["customer", "add", "Example Ltd"]);
    world
}

#[test]
fn a_base_has_handsets_and_one_pin() {
    let world = world();
    let handsets = ["--handset", "ipei=00077 0123456 5,name=Workshop\\, left,line=1", "--handset", "ipei=0004D1E241"];
    world.ok(&[&BASE[..], &handsets, &["--line", crate::world::LINE]].concat());
    let shown = world.json(&["device", "show", MAC]);
    let expected = json!([
        { "number": 1, "ipei": "0007701234565", "name": "Workshop, left", "line": 1 },
        { "number": 2, "ipei": "0004d1e241", "name": null, "line": null },
    ]);
    assert_eq!(shown["handsets"], expected);
    assert_eq!(shown["pin"].as_str().unwrap().len(), 6);
    assert!(world.ok(&["device", "show", MAC]).contains("handset 1              0007701234565 Workshop, left on line 1"));
    assert!(world.json(&["device", "list"])[0].get("handsets").is_none(), "lists do without");

    world.ok(&["setting", "set", "--device", MAC, "handset_2_name=Yard", "handset_2_line=2", "handset_1_name="]);
    let shown = world.json(&["device", "show", MAC]);
    assert_eq!((&shown["handsets"][0]["name"], &shown["handsets"][1]["name"]), (&json!(null), &json!("Yard")));
    let restricted = world.ok(&["brands", "render", MAC, "--restricted"]);
    assert!(!restricted.contains("Yard") && !restricted.contains("0004d1e241"), "nothing of the device before it is cleared");
}

#[test]
fn what_cannot_be_a_handset_is_refused() {
    let world = world();
    for (handsets, complaint) in [
        (&["ipei=0007701234566"][..], "check digit does not fit"),
        (&["ipei=12"], "12 digits"),
        (&["line=11"], "has 10 accounts"),
        (&["colour=red"], "no field"),
        (&["ipei=0007701234565", "ipei=0004d1e240"], "IPEI of another handset"),
    ] {
        let args: Vec<&str> = BASE.into_iter().chain(handsets.iter().flat_map(|handset| ["--handset", handset])).collect();
        let said = world.refused(&args);
        assert!(said.contains(complaint), "{handsets:?}: {said}");
    }
    let desk = ["device", "add", MAC, "--customer", "Example Ltd", "--model", "yealink/T46S"];
    assert!(world.refused(&[&desk[..], &["--handset", "name=Yard"]].concat()).contains("no DECT base"));
    world.ok(&desk);
    assert!(world.refused(&["setting", "set", "--device", MAC, "handset_1_name=Yard"]).contains("no DECT base"));
    assert!(world.refused(&["setting", "set", "handset_1_name=Yard"]).contains("say --device"));
}

#[test]
fn an_import_brings_handsets() {
    let world = world();
    let header = "mac,vendor,type,customer,line1_user,line1_password,line1_server,handset1_ipei,handset1_name,handset1_line,handset3_ipei";
    let row = |ipei: &str| format!("{header}\n{MAC},yealink,W70B,Example Ltd,2001,x,sip.example.com,{ipei},Workshop,1,0004d1e241\n");
    let ran = world.run(&["import", &world.file("wrong.csv", &row("0007701234566")), "--json"]);
    let outcome: Value = serde_json::from_str(&ran.stdout).unwrap();
    let failed = &outcome["failed"][0];
    assert_eq!((ran.status, &failed["field"], &failed["code"]), (1, &json!("handset1_ipei"), &json!("handset")), "{outcome}");
    world.ok(&["import", &world.file("right.csv", &row("0007701234565"))]);
    let shown = world.json(&["device", "show", MAC])["handsets"].clone();
    assert_eq!((&shown[0]["name"], &shown[1]["number"], &shown[1]["ipei"]), (&json!("Workshop"), &json!(3), &json!("0004d1e241")));
    let unknown = world.file("column.csv", "mac,vendor,type,customer,handset0_ipei\n");
    assert!(world.refused(&["import", &unknown]).contains("unknown column"));
}
