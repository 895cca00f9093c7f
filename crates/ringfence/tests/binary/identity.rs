//! Whose file is asked for, and who says that he asks: the file's MAC counts, the User-Agent's is compared with it.

use serde_json::Value;

use crate::serve::Server;
use crate::world::{MAC, World};

const OTHER: &str = "0015651a2b3d";

/// Status and body of the carrier file of [`MAC`] with the global login, by a phone that calls itself so.
fn fetch(server: &Server, world: &World, agent_mac: &str) -> (u16, String) {
    let login = &world.made["global_login"];
    let user = format!("{}:{}", login["user"].as_str().unwrap(), login["password"].as_str().unwrap());
    let agent = format!("Yealink SIP-T46S 66.86.0.15 {agent_mac}");
    server.get(world, "phones_https", &format!("/cfg/{MAC}.cfg"), &["--digest", "-u", &user, "-A", &agent])
}

/// The flags of the phone and its newest request, once the log has been written.
fn told(world: &World, count: usize) -> (Value, Value) {
    loop {
        let rows = world.json(&["device", "requests", MAC]);
        if rows.as_array().unwrap().len() >= count {
            return (world.json(&["device", "show", MAC])["attention"].clone(), rows[0].clone());
        }
    }
}

#[test]
fn a_phone_that_calls_itself_otherwise_is_listed_and_refused_only_if_the_policy_says_so() {
    let world = World::with_a_phone();
    world.ok(&["device", "add", OTHER, "--customer", "Example Ltd", "--model", "yealink/T46S"]);
    let server = Server::start(&world);
    world.ok(&["policy", "set", "ua_mismatch=refuse"]);
    assert_eq!(fetch(&server, &world, OTHER).0, 401);
    let (attention, newest) = told(&world, 2);
    assert_eq!((&newest["reason"], &newest["status"]), (&"mac_mismatch".into(), &401.into()), "{newest}");
    assert_eq!(attention, serde_json::json!(["identity_mismatch"]));
    assert_eq!(world.json(&["device", "show", MAC])["login_state"], "none", "nothing began");

    world.ok(&["policy", "set", "ua_mismatch="]);
    let (status, body) = fetch(&server, &world, OTHER);
    assert!(status == 200 && body.contains("line-secret-7"), "the file's MAC says whose config it is: {body}");
    let (attention, newest) = told(&world, 4);
    assert_eq!((&newest["evidence"], &newest["decision"]), (&"global+mismatch".into(), &"full".into()), "{newest}");
    assert_eq!(attention, serde_json::json!(["identity_mismatch"]), "the full config does not settle that");
    assert_eq!(world.json(&["device", "requests", OTHER]), serde_json::json!([]), "and the other phone has nothing to do with it");

    world.ok(&["policy", "set", "ua_mismatch=refuse"]);
    assert_eq!(fetch(&server, &world, MAC).0, 200, "who calls itself by its name is served");
    let (status, log) = server.stop();
    assert!(status.success(), "{log}");
}
