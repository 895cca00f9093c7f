//! `contact`, and who finds whom in a phone book.

use serde_json::json;

use crate::world::{MAC, World};

const OFFICE: &str = "Example Ltd";

#[test]
fn contacts_are_added_listed_imported_and_removed() {
    let world = World::with_a_phone();
    let added = world.json(&["contact", "add", OFFICE, " Caretaker ", "+49 (30) 999-1"]);
    assert_eq!(added, json!({ "name": "Caretaker", "number": "+49309991" }));
    world.ok(&["contact", "add", OFFICE, "Caretaker", "+49309991"]);
    world.ok(&["contact", "add", OFFICE, "Caretaker", "200"]);
    let file = world.file("contacts.csv", "number,name\n110,\"Alarm, police\"\n+49309991,Caretaker\n");
    assert_eq!(world.json(&["contact", "import", OFFICE, &file]), json!({ "added": 1 }), "one is there already");
    let listed = world.json(&["contact", "list", OFFICE]);
    let told: Vec<_> = listed.as_array().unwrap().iter().map(|one| (one["name"].as_str(), one["number"].as_str())).collect();
    let (alarm, caretaker) = (Some("Alarm, police"), Some("Caretaker"));
    assert_eq!(told, [(alarm, Some("110")), (caretaker, Some("+49309991")), (caretaker, Some("200"))]);
    assert!(world.ok(&["contact", "list", OFFICE]).starts_with("NAME"));

    let bad = world.file("bad.csv", "name,number\nA,1\nB,not a number\n");
    let complaint = world.refused(&["contact", "import", OFFICE, &bad]);
    assert!(complaint.contains("row 3") && complaint.contains("nothing is stored"), "{complaint}");
    for wrong in [["contact", "add", OFFICE, "x", "office@example.com"], ["contact", "add", "Nobody Ltd", "x", "1"]] {
        world.refused(&wrong);
    }
    assert_eq!(world.json(&["contact", "remove", OFFICE, "Caretaker", "200"]), json!({ "removed": 1 }));
    assert_eq!(world.json(&["contact", "remove", OFFICE, "Caretaker"]), json!({ "removed": 1 }));
    world.refused(&["contact", "remove", OFFICE, "Caretaker"]);
    assert_eq!(world.json(&["contact", "list", OFFICE]).as_array().unwrap().len(), 1);
    let audit = world.ok(&["audit", "list", "--json"]);
    assert!(audit.contains("contact.added") && audit.contains("contact.removed"), "{audit}");
    assert!(!audit.contains("Caretaker") && !audit.contains("49309991"), "the audit forgets nothing, so it names nobody: {audit}");
    let kept = std::fs::read(world.data().join("ringfence.db")).unwrap();
    assert!(!kept.windows(6).any(|bytes| bytes == b"Alarm,"), "names are sealed");
}

#[test]
fn a_phone_book_is_shown_as_the_phones_get_it() {
    let world = World::with_a_phone();
    world.ok(&["contact", "add", "Example Ltd", "Caretaker", "+4930999"]);
    let file = ["brands", "render", MAC, "--file", "phonebook.xml"];
    let book = world.ok(&file);
    assert!(book.contains("<YealinkIPPhoneDirectory>") && book.contains("Caretaker") && book.contains("+4930999"), "{book}");
    let why = world.json(&[&file[..], &["--why"]].concat());
    assert!(why["lines"].as_array().unwrap().iter().any(|line| line["text"].as_str().unwrap().contains("Caretaker")), "{why}");
    assert!(world.refused(&[&file[..], &["--restricted"]].concat()).contains("no phone book"));
}
