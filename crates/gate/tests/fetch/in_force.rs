//! Files of brands that are exchanged while the desk is open.

use std::convert::Infallible;

use brands::{Files, Folders, InForce, built_in_files};

use crate::own_door;
use crate::world::{Auth, MAC, World};

const CARRIER: &str = "/cfg/001565000001.cfg";

fn exchange(catalogue: &InForce, files: Files) {
    let changed = catalogue.renew(|| Ok::<_, Infallible>(Folders::from([("yealink".to_owned(), files)]))).unwrap();
    assert!(changed && catalogue.left_out().is_empty(), "{:?}", catalogue.left_out());
}

/// The password of the administrator's menu.
fn menu(config: &str) -> &str {
    config.lines().find_map(|line| line.split_once("security.user_password = admin:")).map(|(_, password)| password).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_request_is_answered_with_the_files_that_are_in_force_then() {
    let catalogue = InForce::embedded();
    let world = World::empty(&[], catalogue.clone()).await;
    world.add(MAC).await;
    let (door, login) = own_door(&world.get(CARRIER, World::global()).await);
    let path = format!("{door}{MAC}.cfg");
    let before = world.get(&path, login.clone()).await;
    assert_eq!(before.status, 200);
    assert_eq!(world.get("/cfg/y000000000066.cfg", Auth::None).await.text(), "#!version:1.0.0.1\n");

    let mut built_in = built_in_files("yealink");
    let mut take = |file: &str| built_in.remove(file).unwrap();
    // Passwords of another length: what is remembered of the customer was made for the former.
    let manifest = take("brand.toml").replace("\ntwo_step = false", "\ntwo_step = false\npassword_length = 12");
    let (full, common) = (take("templates/full.cfg.j2") + "features.ours = 1\n", take("templates/common.cfg.j2") + "features.ours = 2\n");
    let files = [("brand.toml", manifest), ("templates/full.cfg.j2", full), ("templates/common.cfg.j2", common)]
        .map(|(name, text)| (name.into(), text));
    exchange(&catalogue, files.into());
    let after = world.get(&path, login.clone()).await;
    assert!(after.text().contains("\nfeatures.ours = 1\n"), "{}", after.text());
    assert_eq!(menu(after.text()).len(), 12);
    assert_ne!(menu(before.text()).len(), 12);
    assert_ne!(before.etag, after.etag, "a phone that holds the older one is not told that it holds this");
    assert_eq!(world.get("/cfg/y000000000066.cfg", Auth::None).await.text(), "#!version:1.0.0.1\nfeatures.ours = 2\n");

    exchange(&catalogue, Files::new());
    assert_eq!(world.get(&path, login).await.text(), before.text());
}
