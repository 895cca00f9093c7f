//! Who may use whom: no arrow runs up, and each outside crate stays in its rooms.

use std::process::Command;

use tidy::manifest::{self, Manifest};
use tidy::{assert_none, tree};
use toml::Table;

/// Every room and the rooms that its code may use.
const ROOMS: [(&str, &[&str]); 13] = [
    ("bench", &["brands", "domain", "gate", "phonesim", "store", "voice", "wire"]),
    ("brands", &["domain"]),
    ("domain", &[]),
    ("gate", &["brands", "domain", "store", "wire"]),
    ("phonesim", &["brands", "domain", "wire"]),
    ("portal", &["brands", "domain", "prompts", "redirect", "store"]),
    ("prompts", &["domain", "wire"]),
    ("redirect", &["domain"]),
    ("ringfence", &["brands", "domain", "gate", "phonesim", "portal", "prompts", "redirect", "store", "voice", "wire"]),
    ("store", &["domain"]),
    ("tidy", &[]),
    ("voice", &["brands", "domain", "prompts", "store", "wire"]),
    ("wire", &[]),
];

/// Outside crates that only these rooms may use in their code; a crate that is not listed is free to all.
const KEPT_IN: [(&str, &[&str]); 17] = [
    ("axum", &["portal"]),
    ("clap", &["bench", "ringfence"]),
    ("deadpool-postgres", &["store"]),
    ("hound", &["prompts"]),
    ("http", &["bench", "gate", "phonesim", "portal"]),
    ("http-body-util", &["bench", "gate", "phonesim", "portal"]),
    ("hyper", &["bench", "gate", "phonesim", "portal"]),
    ("hyper-util", &["bench", "gate", "phonesim", "portal"]),
    ("lettre", &["portal"]),
    ("minijinja", &["brands", "portal"]),
    ("reqwest", &["redirect"]),
    ("rubato", &["prompts"]),
    ("rusqlite", &["store"]),
    ("rustls", &["bench", "gate", "phonesim", "portal", "voice"]),
    ("tokio", &["bench", "gate", "phonesim", "portal", "redirect", "ringfence", "store", "voice"]),
    ("tokio-postgres", &["store"]),
    ("webrtc-srtp", &["voice"]),
];

/// What the two pure rooms must build without, at any depth.
const IMPURE: [&str; 6] = ["hyper", "mio", "rusqlite", "rustls", "socket2", "tokio"];

#[test]
fn no_arrow_runs_up() {
    let manifests = manifest::all();
    let mut problems = Vec::new();
    for room in &manifests {
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room.name) else {
            problems.push(format!("{}: not in the table of rooms; give it a floor there and in ARCHITECTURE.md", room.name));
            continue;
        };
        let others = manifests.iter().map(|other| other.name.as_str());
        for used in others.filter(|other| room.uses.contains_key(*other) && !allowed.contains(other)) {
            problems.push(format!("{} uses {used}", room.name));
        }
    }
    assert_none(&problems);
}

#[test]
fn the_binary_knows_simulated_phones_only_for_its_demo() {
    let ringfence = room("ringfence");
    assert!(ringfence.uses.get("phonesim").is_none_or(|optional| *optional), "ringfence: phonesim must be optional (feature demo)");
}

#[test]
fn outside_crates_stay_in_their_rooms() {
    let mut problems = Vec::new();
    for room in manifest::all() {
        for (name, rooms) in KEPT_IN {
            if room.uses.contains_key(name) && !rooms.contains(&room.name.as_str()) {
                problems.push(format!("{} uses {name}, which stays in {}", room.name, rooms.join(", ")));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn the_pure_rooms_build_without_io() {
    for room in ["domain", "wire"] {
        let names = built(&["--package", room, "--edges", "normal,build"]);
        assert_eq!(names.first().map(String::as_str), Some(room));
        let impure: Vec<_> =
            names.iter().filter(|name| IMPURE.contains(&name.as_str())).map(|name| format!("{room} builds with {name}")).collect();
        assert_none(&impure);
    }
}

/// The bans of deny.toml, kept where `cargo deny` itself cannot run. A ban with wrappers has an exception and is left to it.
#[test]
fn barred_crates_stay_out() {
    let bans: Table = tree::read("deny.toml").parse().expect("deny.toml is TOML");
    let bans = bans["bans"]["deny"].as_array().expect("bans are a list");
    let absolute: Vec<&str> = bans.iter().filter(|ban| ban.get("wrappers").is_none()).filter_map(|ban| ban["crate"].as_str()).collect();
    assert!(absolute.contains(&"ring"), "deny.toml no longer bars ring");
    let names = built(&["--workspace", "--all-features"]);
    assert!(names.iter().any(|name| name == "rustls"), "{names:?}");
    let barred = names.iter().filter(|name| absolute.contains(&name.as_str()));
    let problems: Vec<_> = barred.map(|name| format!("{name} is barred by deny.toml")).collect();
    assert_none(&problems);
}

/// The crates that cargo builds for a selection, the selected one first.
fn built(selection: &[&str]) -> Vec<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["tree", "--prefix", "none", "--locked", "--offline"])
        .args(selection)
        .current_dir(tree::root())
        .output()
        .expect("cargo runs, since it runs this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8_lossy(&output.stdout);
    listed.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn room(name: &str) -> Manifest {
    manifest::all().into_iter().find(|room| room.name == name).unwrap_or_else(|| panic!("no crate {name}"))
}
