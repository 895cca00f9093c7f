//! `init`: a whole data directory, or none.

use crate::world::{Ran, World, command, mode, refused};

#[test]
fn it_makes_everything_for_its_owner_alone() {
    let world = World::new();
    assert_eq!(world.made["operator"]["user"], "operator");
    assert_eq!(world.made["operator"]["password"].as_str().unwrap().len(), 24);
    assert_eq!(world.made["global_login"]["password"].as_str().unwrap().len(), 16);
    assert!(world.made["global_login"]["user"].is_string());
    assert_eq!(world.made["data"], world.data().display().to_string());
    for name in ["ringfence.toml", "master.key", "ringfence.db", "tls/ca.key"] {
        assert_eq!(mode(&world.data().join(name)), 0o600, "{name}");
    }
    assert_eq!(mode(&world.data()), 0o700);
    assert!(world.data().join("tls/ca.pem").exists());
    let config = std::fs::read_to_string(world.data().join("ringfence.toml")).unwrap();
    assert!(config.contains("https = \"127.0.0.1:0\""), "the environment's values are kept: {config}");
    assert_eq!(world.json(&["global-login", "show"])[0]["password"], world.made["global_login"]["password"]);
}

#[test]
fn passwords_stand_nowhere_in_the_clear() {
    let world = World::with_a_phone();
    let secrets = [
        world.made["operator"]["password"].as_str().unwrap().to_owned(),
        world.made["global_login"]["password"].as_str().unwrap().to_owned(),
        "line-secret-7".to_owned(),
        world.json(&["device", "show", crate::world::MAC])["pin"].as_str().unwrap().to_owned(),
    ];
    for entry in std::fs::read_dir(world.data()).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        for secret in &secrets {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret} in {}", path.display());
        }
    }
}

#[test]
fn what_is_there_stays_untouched() {
    let world = World::new();
    let key = std::fs::read(world.data().join("master.key")).unwrap();
    assert!(world.refused(&["init"]).contains("something already"));
    assert_eq!(std::fs::read(world.data().join("master.key")).unwrap(), key);
}

#[test]
fn nothing_half_made_stays_behind() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let run = |variables: &[(&str, &str)], data: &std::path::Path| {
        let mut command = command(&["init", "--data"]);
        Ran::from(command.arg(data).envs(variables.iter().copied()).output().unwrap())
    };
    let wrong = run(&[("RINGFENCE_PHONES_HTTPS", "here"), ("RINGFENCE_SIP_RTP", "9")], &data);
    assert_eq!(wrong.status, 1);
    assert_eq!(wrong.stderr.lines().count(), 2, "both errors at once: {wrong:?}");
    refused(run(&[("RINGFENCE_STORE_URL", "sqlite:no/such/folder.db")], &data), 1, &["init"]);
    refused(run(&[], &folder.path().join("absent/data")), 1, &["init"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    refused(run(&[], &file), 1, &["init"]);
}
