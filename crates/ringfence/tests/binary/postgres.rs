//! The same binary on PostgreSQL.

use store::testing::Cluster;

use crate::serve::Server;
use crate::world::{MAC, World};

#[test]
fn everything_works_on_postgresql_as_well() {
    let cluster = Cluster::start();
    let world = World::on(&cluster.database()).furnished();
    let server = Server::start(&world);
    assert_eq!(server.get(&world, "portal", "/readyz", &[]).0, 200);
    let (status, config) = server.fetch(&world, &world.made["global_login"].clone());
    assert!(status == 200 && config.contains("line-secret-7"), "{status} {config}");
    assert_eq!(world.json(&["doctor"])["ok"], true);
    let (status, log) = server.stop();
    assert!(status.success() && !log.contains("ERROR"), "{log}");
    assert_eq!(world.json(&["device", "requests", MAC])[0]["reason"], "global_first");
    assert_eq!(world.json(&["audit", "verify"])["whole"], true);
    let file = world.folder.path().join("backup").display().to_string();
    assert!(world.refused(&["backup", &file]).contains("pg_dump"));
    assert_eq!(std::fs::read_dir(world.folder.path()).unwrap().count(), 1, "and no half of it stays behind");
}

#[test]
fn a_database_that_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut command = crate::world::command(&["init", "--data"]);
    let url = "postgres://ringfence:hunter2-secret@127.0.0.1:1/ringfence";
    let ran = crate::world::Ran::from(command.arg(&data).env("RINGFENCE_STORE_URL", url).output().unwrap());
    let message = crate::world::refused(ran, 1, &["init"]);
    assert!(message.contains("PostgreSQL") && !message.contains("hunter2-secret"), "{message}");
    assert!(!data.exists());
}
