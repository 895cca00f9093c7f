//! `backup` and `restore`.

use crate::world::{MAC, Ran, World, command, mode, refused};

#[test]
fn a_backup_becomes_a_server_again() {
    let world = World::with_a_phone();
    let before = world.json(&["device", "show", MAC]);
    let file = world.folder.path().join("backup").display().to_string();
    world.ok(&["brands", "override", "yealink", "guide.md"]);
    let told = world.json(&["backup", &file]);
    let holds = ["ringfence.toml", "database", "brands/yealink/.base.json", "brands/yealink/guide.md"];
    assert_eq!(told["holds"], serde_json::json!(holds));
    assert!(told["key_file_holds"].to_string().contains("master.key"), "{told}");
    assert_eq!(mode(file.as_ref()), 0o600);
    assert_eq!(mode(format!("{file}.key").as_ref()), 0o600);
    assert!(world.refused(&["backup", &file]).contains("exists already"));

    let restored = world.folder.path().join("restored");
    let restore = |args: &[&str]| Ran::from(command(args).arg("--data").arg(&restored).output().unwrap());
    std::fs::rename(format!("{file}.key"), format!("{file}.elsewhere")).unwrap();
    assert!(refused(restore(&["restore", &file]), 1, &["restore"]).contains("--key"));
    let ran = restore(&["restore", &file, "--key", &format!("{file}.elsewhere")]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let show = Ran::from(command(&["device", "show", MAC, "--json", "--data"]).arg(&restored).output().unwrap());
    assert_eq!(serde_json::from_str::<serde_json::Value>(&show.stdout).unwrap(), before);
    for file in &holds[2..] {
        assert_eq!(std::fs::read(restored.join(file)).unwrap(), std::fs::read(world.data().join(file)).unwrap(), "{file}");
    }
    let authority = |data: &std::path::Path| std::fs::read(data.join("tls/ca.pem")).unwrap();
    assert_eq!(authority(&restored), authority(&world.data()), "phones trust it, so it must be the same");
    assert!(refused(restore(&["restore", &file]), 1, &["restore"]).contains("something already"));
}

#[test]
fn a_damaged_backup_restores_nothing() {
    let world = World::with_a_phone();
    let file = world.folder.path().join("backup").display().to_string();
    world.ok(&["backup", &file]);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let restored = world.folder.path().join("restored");
    let ran = Ran::from(command(&["restore", &file, "--data"]).arg(&restored).output().unwrap());
    assert!(refused(ran, 1, &["restore"]).contains("damaged"));
    assert!(!restored.exists());
}
