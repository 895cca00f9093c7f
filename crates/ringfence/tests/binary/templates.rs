//! The operator's own files of brands in the database: in force on every node without a new start.

use serde_json::{Value, json};
use store::testing::Cluster;
use tempfile::TempDir;

use crate::serve::Server;
use crate::world::{MAC, Ran, World, refused};

const COMMON: &str = "#!version:1.0.0.1\nphone_setting.test = ours\n";
/// What the common file of the T46S is called; anybody may fetch it.
const PUBLIC: &str = "/cfg/y000000000066.cfg";

/// A server, and the operator's token for it.
struct Node<'w> {
    world: &'w World,
    server: Server,
    bearer: String,
}

impl<'w> Node<'w> {
    fn start(world: &'w World) -> Self {
        let token = world.json(&["token", "create", "--role", "operator"]);
        let bearer = format!("Authorization: Bearer {}", token["token"].as_str().unwrap());
        Self { server: Server::start(world), world, bearer }
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> (u16, String) {
        let body = body.to_string();
        let args = ["-H", &self.bearer, "-X", method, "-H", "Content-Type: application/json", "-d", &body];
        self.server.get(self.world, "portal", &format!("/api/v1/{path}"), &args)
    }

    fn public(&self) -> String {
        let (status, file) = self.server.get(self.world, "phones_https", PUBLIC, &["-A", "Yealink SIP-T46S 66.86.0.15"]);
        assert_eq!(status, 200, "{file}");
        file
    }

    /// Waits until phones get a file; how long that takes is no matter of a test.
    fn serves(&self, wanted: &str) {
        while self.public() != wanted {}
    }
}

fn new(file: &str, text: &str) -> Value {
    json!({ "brand": "yealink", "file": file, "text": text })
}

#[test]
fn a_running_server_gives_phones_what_was_set_and_what_was_removed() {
    let world = World::with_a_phone();
    let node = Node::start(&world);
    let built_in = node.public();
    let (status, made) = node.send("POST", "templates", &new("common.cfg.j2", COMMON));
    assert_eq!(status, 201, "{made}");
    assert_eq!(node.public(), COMMON, "in force with the answer");
    let full = world.ok(&["template", "show", "yealink", "full.cfg.j2", "--base"]);
    let ours = full + "phone_setting.full = ours\n";
    let set = world.with_input(&["template", "set", "yealink", "full.cfg.j2"], &ours);
    assert!(set.status == 0 && set.stdout.contains("on every node"), "{set:?}");
    // Another process has set it: nobody waits for that but the phone.
    let preview = |node: &Node| node.send("GET", &format!("devices/{MAC}/configs/{MAC}.cfg"), &json!({})).1;
    while !preview(&node).contains("phone_setting.full = ours") {}
    let (status, config) = node.server.fetch(&world, &world.made["global_login"]);
    assert!(status == 200 && config.contains("phone_setting.full = ours") && config.contains("line-secret-7"), "{status} {config}");
    let (status, refused) = node.send("PATCH", "templates/yealink/common.cfg.j2", &json!({ "text": "a\n{{ nonsense" }));
    assert!(status == 422 && refused.contains("brands/yealink/templates/common.cfg.j2: line 2"), "{status} {refused}");
    assert_eq!(node.public(), COMMON);
    world.ok(&["template", "remove", "yealink", "common.cfg.j2"]);
    node.serves(&built_in);
    let (status, log) = node.server.stop();
    assert!(status.success() && !log.contains("ERROR"), "{log}");

    let again = Node::start(&world);
    assert!(preview(&again).contains("phone_setting.full = ours"), "what is set holds for the next start, too");
    again.server.stop();
}

/// The same database, keys and certificates in a data directory of its own.
fn second_node(first: &World) -> World {
    let folder = TempDir::new().unwrap();
    let copied = std::process::Command::new("cp").arg("-R").arg(first.data()).arg(folder.path().join("data")).status().unwrap();
    assert!(copied.success());
    World { folder, made: first.made.clone() }
}

#[test]
fn two_nodes_on_one_database_serve_the_same() {
    let cluster = Cluster::start();
    let first = World::on(&cluster.database()).furnished();
    let second = second_node(&first);
    let (one, two) = (Node::start(&first), Node::start(&second));
    let built_in = two.public();
    let (status, made) = one.send("POST", "templates", &new("common.cfg.j2", COMMON));
    assert_eq!(status, 201, "{made}");
    two.serves(COMMON);
    let (status, gone) = two.send("DELETE", "templates/yealink/common.cfg.j2", &json!({}));
    assert_eq!(status, 204, "{gone}");
    one.serves(&built_in);
    one.server.stop();
    two.server.stop();
}

/// What `doctor` says of brands beside "they read".
fn told(world: &World) -> Vec<Value> {
    let report: Value = serde_json::from_str(&world.run(&["doctor", "--json"]).stdout).unwrap();
    let of_brands = report["checks"].as_array().unwrap().iter().filter(|one| one["check"] == "brands" && one["status"] != "ok");
    of_brands.cloned().collect()
}

fn set(world: &World, text: &str, more: &[&str]) -> Ran {
    world.with_input(&[&["template", "set", "yealink", "common.cfg.j2"], more].concat(), text)
}

#[test]
fn the_command_line_lists_shows_sets_and_removes() {
    let world = World::with_a_phone();
    let common = |world: &World| {
        let listed = world.json(&["template", "list", "--brand", "Yealink"]);
        listed.as_array().unwrap().iter().find(|one| one["file"] == "templates/common.cfg.j2").unwrap().clone()
    };
    assert_eq!(common(&world)["standing"], "built_in");
    assert_eq!(world.json(&["template", "list", "--own"]), json!([]));
    assert_eq!(set(&world, COMMON, &[]).status, 0);
    assert_eq!((&common(&world)["standing"], &common(&world)["updated_by"]), (&json!("current"), &json!("command line")));
    assert_eq!(
        world.ok(&["template", "show", "yealink", "templates/common.cfg.j2"]),
        COMMON,
        "to the last byte, so that it can be set again"
    );
    assert_eq!(world.json(&["template", "show", "yealink", "common.cfg.j2"])["text"], COMMON);
    assert!(world.ok(&["brands", "render", MAC, "--file", "y000000000066.cfg"]).contains("phone_setting.test = ours"));
    assert_eq!(told(&world), Vec::<Value>::new());

    let broken = refused(set(&world, "{{ model.nam }}", &[]), 1, &["template", "set"]);
    assert!(broken.contains("brands/yealink/templates/common.cfg.j2: line 1: undefined value"), "{broken}");
    let large = refused(set(&world, &"x".repeat(300_000), &[]), 1, &["template", "set"]);
    assert!(large.contains("at most 262144 bytes"), "{large}");
    for args in [["acme", "brand.toml"], ["yealink", "acme.j2"], ["yealink", "../../master.key"]] {
        assert!(world.refused(&["template", "show", args[0], args[1]]).contains("not found"), "{args:?}");
    }
    assert_eq!(world.ok(&["template", "show", "yealink", "common.cfg.j2"]), COMMON);
    world.ok(&["template", "remove", "yealink", "common.cfg.j2"]);
    assert!(world.refused(&["template", "remove", "yealink", "common.cfg.j2"]).contains("not found"));
    assert_eq!(common(&world)["standing"], "built_in");
}

#[test]
fn doctor_says_what_is_old_needless_hidden_or_not_in_force() {
    let world = World::with_a_phone();
    let built_in = world.json(&["template", "show", "yealink", "common.cfg.j2"])["text"].as_str().unwrap().to_owned();
    let database = || rusqlite::Connection::open(world.data().join("ringfence.db")).unwrap();
    let message = |found: &[Value]| found[0]["message"].as_str().unwrap().to_owned();
    assert_eq!(set(&world, &built_in, &[]).status, 0);
    assert!(message(&told(&world)).contains("yealink/templates/common.cfg.j2 in the database is the same as the built-in file"));

    assert_eq!(set(&world, COMMON, &[]).status, 0);
    // As an older version of the program, whose text was another, would have kept it.
    database().execute("update template set base_hash = '00', base_version = '0.0.9'", []).unwrap();
    let found = told(&world);
    assert_eq!((found.len(), &found[0]["status"]), (1, &json!("warning")), "{found:?}");
    assert!(message(&found).contains("of version 0.0.9, and the built-in one has changed since"), "{found:?}");
    assert_eq!(set(&world, COMMON, &["--merged"]).status, 0);
    assert_eq!(told(&world), Vec::<Value>::new());

    world.ok(&["brands", "override", "yealink", "templates/common.cfg.j2"]);
    std::fs::write(world.data().join("brands/yealink/templates/common.cfg.j2"), "#!version:1.0.0.1\n").unwrap();
    let found = told(&world);
    assert!(message(&found).contains("in the data directory is not used"), "{found:?}");
    std::fs::remove_file(world.data().join("brands/yealink/templates/common.cfg.j2")).unwrap();

    // As one that this program cannot read any more.
    database().execute("update template set content = '{{ model.gone }}'", []).unwrap();
    let found = told(&world);
    assert_eq!((&found[0]["status"], world.run(&["doctor"]).status), (&json!("error"), 1), "{found:?}");
    assert!(message(&found).contains("brands/yealink/templates/common.cfg.j2: line 1: undefined value"), "{found:?}");
    let served = world.ok(&["brands", "render", MAC, "--file", "y000000000066.cfg"]);
    assert_eq!(served.trim_end(), "#!version:1.0.0.1", "phones get the program's");
    let node = Node::start(&world);
    assert_eq!(node.public().trim_end(), "#!version:1.0.0.1");
    assert!(node.send("GET", "templates/yealink/common.cfg.j2", &json!({})).1.contains("undefined value"));
    assert_eq!(set(&world, COMMON, &[]).status, 0);
    node.serves(COMMON);
    let (_, log) = node.server.stop();
    assert!(log.contains("your own files of yealink cannot be used"), "{log}");
}
