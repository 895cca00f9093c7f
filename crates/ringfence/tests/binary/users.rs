//! People who sign in, by the command line.

use crate::world::World;

#[test]
fn somebody_is_added_shut_out_let_in_and_removed() {
    let world = World::new();
    world.ok(&["customer", "add", "Example Ltd"]);
    let add =
        ["user", "add", "installer-1", "--role", "installer", "--customer", "Example Ltd", "--email", "installer@example.com", "--alerts"];
    let made = world.json(&add);
    assert_eq!((made["user"].as_str(), made["role"].as_str()), (Some("installer-1"), Some("installer")));
    let password = made["password"].as_str().unwrap().to_owned();
    assert!(password.len() >= 20, "{made}");
    assert!(world.refused(&add).contains("exists already"));
    assert!(world.refused(&["user", "add", "x", "--role", "king"]).contains("operator, reseller"));
    let again = world.json(&["user", "password", "installer-1"]);
    assert_ne!(again["password"].as_str(), Some(password.as_str()));
    assert_eq!(world.json(&["user", "disable", "installer-1"])["disabled"], true);
    assert_eq!(world.json(&["user", "enable", "installer-1"])["disabled"], false);
    let names = |world: &World| {
        let all = world.json(&["user", "list"]);
        all.as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&world), ["installer-1", "operator"]);
    world.ok(&["user", "remove", "installer-1"]);
    assert_eq!(names(&world), ["operator"]);
    assert!(world.refused(&["user", "remove", "installer-1"]).contains("not found"));
}
