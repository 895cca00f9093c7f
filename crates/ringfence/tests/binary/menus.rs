//! Passwords of phones' own menus, shown, made anew, and refused.

use serde_json::{Value, json};

use crate::world::{MAC, World};

fn pair(shown: &Value) -> (String, String) {
    let of_yealink = |pair: &&Value| pair["brands"].as_array().unwrap().contains(&json!("yealink"));
    let pair = shown["passwords"].as_array().unwrap().iter().find(of_yealink).unwrap();
    (pair["admin"].as_str().unwrap().to_owned(), pair["user"].as_str().unwrap().to_owned())
}

#[test]
fn each_site_has_its_own_and_a_file_says_whose_they_are() {
    let world = World::with_a_phone();
    world.ok(&["site", "add", "Example Ltd", "Bonn"]);
    let of = |site: &[&str]| pair(&world.json(&[&["site", "passwords", "Example Ltd"], site].concat()));
    let (berlin, bonn, none) = (of(&["Berlin"]), of(&["Bonn"]), of(&[]));
    let all = [&berlin.0, &berlin.1, &bonn.0, &bonn.1, &none.0, &none.1];
    assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 6, "{all:?}");
    assert!(all.iter().all(|password| password.len() >= 12 && password.bytes().all(|byte| byte.is_ascii_alphanumeric())));
    assert!(world.ok(&["brands", "render", MAC]).contains(&format!("static.security.user_password = admin:{}", berlin.0)));

    let why = world.json(&["brands", "render", MAC, "--why"]);
    let masked = json!({ "text": "static.security.user_password = admin:********", "source": "platform" });
    assert!(why["lines"].as_array().unwrap().contains(&masked), "{why}");
    assert!(!why.to_string().contains(&berlin.0));
    let restricted = world.ok(&["brands", "render", MAC, "--restricted"]);
    assert!(!restricted.contains(&berlin.0) && !restricted.contains(&berlin.1));

    world.ok(&["device", "move", MAC, "--customer", "Example Ltd", "--site", "Bonn"]);
    assert!(world.ok(&["brands", "render", MAC]).contains(&bonn.0), "a moved phone has those of where it stands");
    world.ok(&["setting", "set", "--customer", "Example Ltd", "user_password=chosen-by-hand-8"]);
    let shown = world.json(&["site", "passwords", "Example Ltd", "Bonn"]);
    assert_eq!((&shown["user_set_by"], &shown["admin_set_by"]), (&json!("customer"), &json!(null)));
    assert!(world.ok(&["site", "passwords", "Example Ltd", "Bonn"]).contains("user_password of the layer customer counts"));
    assert!(world.refused(&["site", "passwords", "Example Ltd", "Mars"]).contains("not found"));
}

#[test]
fn made_anew_they_are_others_and_the_former_ones_are_still_told() {
    let world = World::with_a_phone();
    let before = world.json(&["site", "passwords", "Example Ltd", "Berlin"]);
    assert_eq!((&before["round"], &before["passwords"][0]["former"]), (&json!(0), &json!(null)));
    let customers = pair(&world.json(&["site", "passwords", "Example Ltd"]));
    assert_eq!(world.json(&["site", "rotate-passwords", "Example Ltd", "Berlin"])["round"], 1);
    let after = world.json(&["site", "passwords", "Example Ltd", "Berlin"]);
    assert_ne!(pair(&before), pair(&after));
    let former = &after["passwords"][0]["former"];
    assert_eq!(
        (&former["admin"], &former["user"]),
        (&before["passwords"][0]["admin"], &before["passwords"][0]["user"]),
        "phones have them that did not fetch since"
    );
    assert_eq!(pair(&world.json(&["site", "passwords", "Example Ltd"])), customers, "of this site alone");
    assert!(world.ok(&["brands", "render", MAC]).contains(&pair(&after).0));
    let audited = world.json(&["audit", "list"]);
    let count = |action: &str, detail: &str| {
        audited.as_array().unwrap().iter().filter(|entry| entry["action"] == action && entry["detail"] == detail).count()
    };
    assert_eq!((count("menu-passwords.rotated", "round 1"), count("reveal-password", "menu passwords of phones")), (1, 4));
    assert!(!audited.to_string().contains(&pair(&after).0));
}

#[test]
fn a_password_that_everybody_knows_is_refused_wherever_it_is_set() {
    let world = World::with_a_phone();
    for of in [&[][..], &["--customer", "Example Ltd"], &["--model", "yealink"], &["--device", MAC]] {
        for key in ["admin_password", "user_password"] {
            let said = world.refused(&[&["setting", "set"], of, &[&format!("{key}=admin")]].concat());
            assert!(said.contains("everybody knows it"), "{of:?}: {said}");
        }
    }
    world.ok(&["setting", "set", "phonebook_name=admin"]);
    let text = "mac,vendor,type,customer,setting:admin_password\n001565000001,yealink,T46S,Example Ltd,admin\n";
    let ran = world.run(&["import", &world.file("phones.csv", text), "--json"]);
    let outcome: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.status, &outcome["failed"][0]["code"]), (1, &json!("default_password")), "{outcome}");
}
