//! What people get wrong, and what they are told: one line, and the right exit status.

use crate::world::{MAC, Ran, World, command, refused};

#[test]
fn each_mistake_is_told_in_one_line() {
    let world = World::with_a_phone();
    let seventeen: Vec<&str> = std::iter::repeat_n(["--line", "user=1,password=x,server=sip.example.com"], 17).flatten().collect();
    let add = |mac, customer, model| vec!["device", "add", mac, "--customer", customer, "--model", model];
    let cases: Vec<(Vec<&str>, &str)> = vec![
        (add("00:15:65:1a:2b", "Example Ltd", "yealink/T46S"), "12 hexadecimal digits"),
        (add("ffffffffffff", "Example Ltd", "yealink/T46S"), "no single phone"),
        (add("001565000009", "Example Ltd", "yealink/T99Z"), "brands list"),
        (add("001565000009", "Nobody", "yealink/T46S"), "customer \"Nobody\": not found"),
        ([add("001565000009", "Example Ltd", "yealink/T46S"), seventeen].concat(), "16 accounts"),
        ([add("001565000009", "Example Ltd", "yealink/T46S"), vec!["--site", "Mars"]].concat(), "site \"Mars\""),
        ([add("001565000009", "Example Ltd", "yealink/T46S"), vec!["--line", "user=1"]].concat(), "line field password"),
        ([add("001565000009", "Example Ltd", "yealink/T46S"), vec!["--line", "user=1,password=a\nb,server=x"]].concat(), "line break"),
        ([add("001565000009", "Example Ltd", "yealink/T46S"), vec!["--label", "a\nb"]].concat(), "label"),
        (vec!["device", "show", "nonsense"], "12 hexadecimal digits"),
        (vec!["device", "show", "001565000009"], "not found"),
        (vec!["device", "suspend", MAC, "--address", "198.51.100.7"], "no phone came from that address"),
        (vec!["device", "allow-second", MAC], "no second phone is waiting"),
        (vec!["device", "allow-second", "001565000009"], "not found"),
        (vec!["device", "rotate-login", MAC], "no login of its own yet"),
        (vec!["device", "rotate-login", "nonsense"], "12 hexadecimal digits"),
        (vec!["device", "replace", MAC, MAC], "the old one"),
        (vec!["policy", "set", "pin=maybe"], "off | required"),
        (vec!["policy", "set", "colour=red"], "no key"),
        (vec!["policy", "set", "login=none"], "login=none together with pin=off"),
        (vec!["policy", "set", "--customer", "Nobody", "pin=off"], "not found"),
        (vec!["customer", "add", "Example Ltd"], "exists already"),
        (vec!["customer", "add", "Open", "--login", "none"], "login=none together with pin=off"),
        (vec!["customer", "add", " "], "name"),
        (vec!["site", "add", "Example Ltd", "X", "--country", "Germany"], "two capital letters"),
        (vec!["site", "add", "Example Ltd", "X", "--caller-number", "030"], "caller-number"),
        (vec!["trust", "add", "Example Ltd", "office"], "write an address"),
        (vec!["trust", "add", "Example Ltd", "0.0.0.0/0"], "--force"),
        (vec!["trust", "add", "Example Ltd", "192.168.0.0/24"], "--force"),
        (vec!["trust", "remove", "Example Ltd", "198.51.100.0/24"], "not found"),
        (vec!["global-login", "rotate", "--reseller", "Nobody"], "not found"),
        (vec!["token", "create", "--role", "king"], "there are operator"),
        (vec!["token", "revoke", "x"], "token list"),
        (vec!["brands", "render", MAC, "--file", "passwd"], "it asks for"),
        (vec!["brands", "parse", "/nonexistent", "--brand", "yealink"], "No such file"),
        (vec!["import", "/nonexistent"], "No such file"),
        (vec!["restore", "/nonexistent"], "something already"),
    ];
    for (args, part) in cases {
        let message = world.refused(&args);
        assert!(message.contains(part), "{args:?}: {message}");
        assert!(!message.contains("password=x"), "{args:?}: {message}");
    }
    let devices = world.json(&["device", "list"]);
    assert_eq!(devices.as_array().unwrap().len(), 1, "nothing was stored on the way");
}

#[test]
fn a_wrong_command_line_is_told_as_such() {
    let world = World::new();
    for args in [
        &["device"][..],
        &["device", "fly"],
        &["device", "add", MAC],
        &["device", "allow-global", MAC, "perhaps"],
        &["device", "suspend", MAC, "--for", "soon"],
        &["device", "set-login", MAC],
        &["policy", "set"],
        &["policy", "show", "--site", "Berlin"],
        &["export", "--state", "asleep"],
        &["audit", "list", "--limit", "0"],
        &["--colour"],
    ] {
        let ran = world.run(args);
        assert_eq!(ran.status, 2, "{args:?}: {ran:?}");
    }
    let without = Ran::from(command(&["device", "list"]).output().unwrap());
    assert!(refused(without, 2, &["device", "list"]).contains("--data DIR"));
    assert_eq!(Ran::from(command(&["--help"]).output().unwrap()).status, 0);
    assert_eq!(Ran::from(command(&["--version"]).output().unwrap()).status, 0);
}

#[test]
fn a_data_directory_that_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let run = |data: &std::path::Path| Ran::from(command(&["device", "list", "--data"]).arg(data).output().unwrap());
    assert!(refused(run(&folder.path().join("absent")), 1, &["absent"]).contains("ringfence init"));
    assert!(refused(run(folder.path()), 1, &["empty"]).contains("ringfence.toml"));
}

#[test]
fn all_errors_of_a_configuration_are_told() {
    let world = World::new();
    let file = world.data().join("ringfence.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let broken = text.replace("rtp = \"16384-32767\"", "rtp = \"9\"").replace("tls = true", "tls = \"yes\"\ncolour = 1");
    std::fs::write(&file, broken).unwrap();
    let ran = world.run(&["device", "list"]);
    assert_eq!((ran.status, ran.stderr.lines().count()), (1, 3), "{ran:?}");
    assert_eq!(world.run(&["serve"]).status, 1);
}

#[test]
fn a_wrong_key_file_is_told() {
    let (world, other) = (World::new(), World::new());
    std::fs::copy(other.data().join("master.key"), world.data().join("master.key")).unwrap();
    for command in [&["device", "list"][..], &["serve"]] {
        let message = world.refused(command);
        assert!(message.contains("master key file does not belong"), "{message}");
    }
    std::fs::write(world.data().join("master.key"), "nonsense").unwrap();
    assert!(world.refused(&["device", "list"]).contains("master key file, line 1"));
    std::fs::remove_file(world.data().join("master.key")).unwrap();
    assert!(world.refused(&["device", "list"]).contains("master.key"));
}

#[test]
fn a_damaged_database_is_told() {
    let world = World::new();
    std::fs::write(world.data().join("ringfence.db"), "this is no database, however long one looks at it; not at all".repeat(100)).unwrap();
    assert!(world.refused(&["device", "list"]).contains("not a Ringfence database"));
}

#[test]
fn a_database_of_a_newer_version_is_told() {
    let world = World::new();
    let newer = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); \
        db.execute('insert into schema_migration select max(number) + 1, name, checksum from schema_migration'); db.commit()";
    let path = world.data().join("ringfence.db");
    let changed = std::process::Command::new("python3").args(["-c", newer]).arg(path).output().unwrap();
    assert!(changed.status.success(), "{changed:?}");
    for command in [&["device", "list"][..], &["serve"]] {
        assert!(world.refused(command).contains("run a newer ringfence"), "{command:?}");
    }
    assert!(world.run(&["doctor"]).stdout.contains("run a newer ringfence"));
}
