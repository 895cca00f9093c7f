//! The operator's own files in the place of built-in ones.

use serde_json::{Value, json};

use crate::world::{MAC, World, mode};

const FILE: &str = "templates/common.cfg.j2";

/// What `doctor` says of brands beside "they read".
fn told(world: &World) -> Vec<Value> {
    let ran = world.run(&["doctor", "--json"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let of_brands = report["checks"].as_array().unwrap().iter().filter(|one| one["check"] == "brands" && one["status"] != "ok");
    of_brands.cloned().collect()
}

#[test]
fn a_built_in_file_is_copied_and_remembers_its_base() {
    let world = World::with_a_phone();
    assert_eq!(told(&world), Vec::<Value>::new());
    let made = world.json(&["brands", "override", "yealink", FILE]);
    let path = world.data().join("brands/yealink").join(FILE);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
    assert_eq!(made["base"]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(world.ok(&["brands", "override", "yealink", FILE, "--print"]).trim_end(), text.trim_end());
    let found = told(&world);
    assert_eq!((found.len(), &found[0]["status"]), (1, &json!("warning")), "{found:?}");
    assert!(found[0]["message"].as_str().unwrap().contains("same as the built-in file"), "{found:?}");

    std::fs::write(&path, format!("{text}phone_setting.test = ours\n")).unwrap();
    assert_eq!(told(&world), Vec::<Value>::new(), "a changed file with a current base is as it should be");
    let rendered = world.ok(&["brands", "render", MAC, "--file", "y000000000066.cfg"]);
    assert!(rendered.contains("phone_setting.test = ours"), "{rendered}");
    assert!(world.refused(&["brands", "override", "yealink", FILE]).contains("there already"));
    let listed = world.json(&["brands", "override", "yealink"]);
    let standing = |file: &str| listed.as_array().unwrap().iter().find(|one| one["file"] == file).unwrap()["standing"].clone();
    assert_eq!((standing(FILE), standing("brand.toml")), (json!("current"), json!("built_in")));
}

#[test]
fn doctor_says_when_the_base_moved_on_or_is_unknown() {
    let world = World::with_a_phone();
    world.ok(&["brands", "override", "yealink", FILE]);
    let (folder, record) = (world.data().join("brands/yealink"), world.data().join("brands/yealink/.base.json"));
    let text = std::fs::read_to_string(folder.join(FILE)).unwrap();
    std::fs::write(folder.join(FILE), format!("{text}phone_setting.test = ours\n")).unwrap();
    // As an older version of the program, whose text was another, would have left it.
    let older = json!({ "files": { FILE: { "sha256": "00".repeat(32), "version": "0.0.9" } } });
    std::fs::write(&record, older.to_string()).unwrap();
    let moved = told(&world);
    assert_eq!(moved.len(), 1, "{moved:?}");
    assert!(moved[0]["message"].as_str().unwrap().contains("of version 0.0.9, and the built-in one has changed since"), "{moved:?}");
    assert!(moved[0]["advice"].as_str().unwrap().contains("--merged"));
    world.ok(&["brands", "override", "yealink", FILE, "--merged"]);
    assert_eq!(told(&world), Vec::<Value>::new());

    std::fs::remove_file(&record).unwrap();
    assert!(told(&world)[0]["message"].as_str().unwrap().contains("does not say which"));
    std::fs::write(&record, "{").unwrap();
    assert!(told(&world)[0]["message"].as_str().unwrap().contains(".base.json"));
    std::fs::remove_file(&record).unwrap();
    world.ok(&["brands", "override", "yealink", FILE, "--merged"]);

    // A brand of the operator's own has no base to move on.
    let own = world.data().join("brands/own/templates");
    std::fs::create_dir_all(&own).unwrap();
    for entry in std::fs::read_dir(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../brands/yealink/templates")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, own.join(path.file_name().unwrap())).unwrap();
    }
    std::fs::write(world.data().join("brands/own/brand.toml"), world.ok(&["brands", "override", "yealink", "brand.toml", "--print"]))
        .unwrap();
    assert_eq!(told(&world), Vec::<Value>::new());
}

#[test]
fn a_broken_file_is_told_and_there_is_a_way_out() {
    let world = World::with_a_phone();
    for (args, complaint) in [
        (&["nobody", FILE][..], "no such file is built in"),
        (&["nobody"], "no such brand is built in"),
        (&["yealink", "../../master.key"], "there are brand.toml"),
        (&["yealink", FILE, "--merged"], "no such file"),
    ] {
        let said = world.refused(&[&["brands", "override"], args].concat());
        assert!(said.contains(complaint), "{args:?}: {said}");
    }
    world.ok(&["brands", "override", "yealink", FILE]);
    let path = world.data().join("brands/yealink").join(FILE);
    std::fs::write(&path, "{{ nonsense").unwrap();
    assert!(world.refused(&["device", "list"]).contains(FILE));
    let found = told(&world);
    assert_eq!((&found[0]["status"], world.run(&["doctor"]).status), (&json!("error"), 1), "{found:?}");
    assert!(found[0]["message"].as_str().unwrap().contains(FILE), "{found:?}");
    std::fs::remove_file(&path).unwrap();
    world.ok(&["brands", "override", "yealink", FILE]);
    world.ok(&["device", "list"]);
}
