//! Trunks and the routing table's sources, on both engines.

use domain::Secret;
use domain::chance::Seeded;
use domain::emergency::{Owner, Trunk, TrunkId, TrunkLogin};
use domain::policy::Patch;
use domain::tenancy::{Node, SiteId};
use uuid::Uuid;

use crate::seal::KeyRing;
use crate::tenancy::{remove_customer, remove_site, save_site, site};
use crate::tests::fixture::{NOW, World, on_both};
use crate::tests::tree::{DIRECT, NORTH, OFFICE, RESELLER, RIVAL, SIBLING, SOUTH, mac};
use crate::trunk::{TrunkState, add, by_name, list, note_state, place_of, remove, revision, sites_after};
use crate::{Scope, StoreError};

on_both! {
    a_trunk_is_kept_with_its_password_sealed
    trunks_are_seen_in_their_branch_only
    the_revision_moves_with_all_that_routes_are_made_of
    what_was_found_of_a_trunk_is_kept
    what_a_trunk_hangs_on_stays
    sites_and_places_are_read_for_the_routes
}

fn trunk(number: u128, name: &str, owner: Owner) -> Trunk {
    Trunk {
        id: TrunkId(Uuid::from_u128(number)),
        name: name.into(),
        address: "sip:trunk.example.com:5080;transport=tcp".parse().unwrap(),
        login: Some(TrunkLogin { user: "office".into(), password: Secret::from("trunk-secret-9") }),
        owner,
        priority: 10,
        channels: Some(30),
        reserved: 10,
        test_number: Some("+4930999".into()),
    }
}

async fn plant(world: &World) {
    let planted = world.store.write(|db| {
        for (number, name, owner) in [
            (1, "main", Owner::Operator),
            (2, "office", Owner::Customer(OFFICE)),
            (3, "north", Owner::Site(NORTH)),
            (4, "direct", Owner::Customer(DIRECT)),
        ] {
            add(db, &Scope::Operator, &trunk(number, name, owner), NOW)?;
        }
        Ok(())
    });
    planted.await.unwrap();
}

async fn a_trunk_is_kept_with_its_password_sealed(world: World) {
    let world = world.with_tree().await;
    plant(&world).await;
    let plain = Trunk { login: None, channels: None, reserved: 0, test_number: None, ..trunk(5, "plain", Owner::Operator) };
    let expected = plain.clone();
    world.store.write(move |db| add(db, &Scope::Operator, &plain, NOW)).await.unwrap();
    let read = |name: &'static str| world.store.read(move |db| by_name(db, &Scope::Operator, name));
    assert_eq!(read("north").await.unwrap().trunk, trunk(3, "north", Owner::Site(NORTH)));
    assert_eq!(read("plain").await.unwrap().trunk, expected);
    let again = world.store.write(|db| add(db, &Scope::Operator, &trunk(9, "main", Owner::Operator), NOW)).await;
    assert!(matches!(again, Err(StoreError::Exists)));
    // Sealed anew under a new key, and read with it alone.
    let mut ring = world.ring.clone();
    ring.add(&mut Seeded::new(5)).unwrap();
    let second = world.open(&ring, world.options()).await.unwrap();
    assert!(second.reseal().await.unwrap() >= 4);
    ring.forget(1);
    let third = world.open(&ring, world.options()).await.unwrap();
    let found = third.read(|db| by_name(db, &Scope::Operator, "main")).await.unwrap();
    assert_eq!(found.trunk.login.unwrap().password.expose(), "trunk-secret-9");
    let stranger = KeyRing::generate(&mut Seeded::new(77));
    assert!(world.open(&stranger, world.options()).await.is_err());
}

async fn trunks_are_seen_in_their_branch_only(world: World) {
    let world = world.with_tree().await;
    plant(&world).await;
    for (scope, seen) in [
        (Scope::Operator, &["direct", "main", "north", "office"][..]),
        (Scope::Reseller(RESELLER), &["north", "office"]),
        (Scope::Reseller(RIVAL), &[]),
        (Scope::Customer(OFFICE), &["north", "office"]),
        (Scope::Customer(SIBLING), &[]),
        (Scope::Site(NORTH), &["north"]),
        (Scope::Site(SOUTH), &[]),
    ] {
        let names = world.store.read(move |db| Ok(list(db, &scope)?.into_iter().map(|kept| kept.trunk.name).collect::<Vec<_>>()));
        assert_eq!(names.await.unwrap(), seen, "{scope:?}");
        for name in ["direct", "main", "north", "office"] {
            let found = world.store.read(move |db| by_name(db, &scope, name)).await;
            assert_eq!(found.is_ok(), seen.contains(&name), "{scope:?} {name}");
            if found.is_err() {
                let removed = world.store.write(move |db| remove(db, &scope, name)).await;
                assert!(matches!(removed, Err(StoreError::NotFound)), "{scope:?} {name}");
            }
        }
    }
    for (scope, owner) in [
        (Scope::Reseller(RESELLER), Owner::Operator),
        (Scope::Reseller(RIVAL), Owner::Customer(OFFICE)),
        (Scope::Customer(SIBLING), Owner::Site(NORTH)),
        (Scope::Site(NORTH), Owner::Customer(OFFICE)),
    ] {
        let added = world.store.write(move |db| add(db, &scope, &trunk(8, "intruder", owner), NOW)).await;
        assert!(matches!(added, Err(StoreError::NotFound)), "{scope:?} {owner:?}");
    }
}

async fn the_revision_moves_with_all_that_routes_are_made_of(world: World) {
    let world = world.with_tree().await;
    let look = || world.store.read(revision);
    let mut last = look().await.unwrap();
    assert_eq!(look().await.unwrap(), last);
    plant(&world).await;
    let mut moved = async || {
        let found = look().await.unwrap();
        std::mem::replace(&mut last, found) != found
    };
    assert!(moved().await, "trunks added");
    let saved = world.store.write(|db| {
        let kept = site(db, &Scope::Operator, SOUTH)?;
        save_site(db, &Scope::Operator, &crate::tenancy::Site { caller_number: Some("+4930123456".into()), ..kept })
    });
    saved.await.unwrap();
    assert!(moved().await, "a site's number changed");
    world.store.write(|db| remove_site(db, &Scope::Operator, SOUTH)).await.unwrap();
    assert!(moved().await, "a site was removed");
    world.store.write(|db| remove(db, &Scope::Operator, "main")).await.unwrap();
    assert!(moved().await, "a trunk was removed");
    let patch = Patch([("emergency_unclaimed".to_owned(), "yes".to_owned())].into());
    world.store.write(move |db| crate::policy::save_patch(db, &Scope::Operator, Node::Operator, &patch)).await.unwrap();
    assert!(moved().await, "the platform's policy changed");
    assert!(!moved().await);
}

async fn what_was_found_of_a_trunk_is_kept(world: World) {
    let world = world.with_tree().await;
    plant(&world).await;
    let main = TrunkId(Uuid::from_u128(1));
    let read = || world.store.read(|db| Ok(by_name(db, &Scope::Operator, "main")?.state));
    assert_eq!(read().await.unwrap(), None);
    let before = world.store.read(revision).await.unwrap();
    let state = |up, detail: &str| TrunkState { up, since: NOW, checked: NOW, detail: detail.into() };
    for expected in [state(true, "200 OK"), state(false, "no answer")] {
        let noted = expected.clone();
        world.store.write(move |db| note_state(db, main, &noted)).await.unwrap();
        assert_eq!(read().await.unwrap(), Some(expected));
    }
    let long = state(false, &"ä".repeat(200));
    world.store.write(move |db| note_state(db, main, &long)).await.unwrap();
    assert_eq!(read().await.unwrap().unwrap().detail, "ä".repeat(100));
    assert_eq!(world.store.read(revision).await.unwrap(), before, "health is no change of routes");
    world.store.write(|db| remove(db, &Scope::Operator, "main")).await.unwrap();
    let late = state(true, "");
    world.store.write(move |db| note_state(db, main, &late)).await.unwrap();
}

async fn what_a_trunk_hangs_on_stays(world: World) {
    let world = world.with_tree().await;
    let added = world.store.write(|db| add(db, &Scope::Operator, &trunk(6, "south", Owner::Site(SOUTH)), NOW));
    added.await.unwrap();
    let removed = world.store.write(|db| remove_site(db, &Scope::Operator, SOUTH)).await;
    assert!(matches!(removed, Err(StoreError::InUse)), "{removed:?}");
    let removed = world.store.write(|db| remove_customer(db, &Scope::Operator, OFFICE)).await;
    assert!(matches!(removed, Err(StoreError::InUse)), "{removed:?}");
    world.store.write(|db| remove(db, &Scope::Operator, "south")).await.unwrap();
    world.store.write(|db| remove_site(db, &Scope::Operator, SOUTH)).await.unwrap();
}

async fn sites_and_places_are_read_for_the_routes(world: World) {
    let world = world.with_tree().await;
    let sites = world.store.read(|db| sites_after(db, SiteId(Uuid::nil()))).await.unwrap();
    assert_eq!(sites.iter().map(|site| site.id).collect::<Vec<_>>(), [NORTH, SOUTH]);
    assert_eq!((sites[0].country.as_deref(), sites[0].location.as_deref()), (Some("DE"), Some("2nd floor")));
    assert_eq!(world.store.read(|db| sites_after(db, NORTH)).await.unwrap().len(), 1);
    let place = |number| world.store.read(move |db| place_of(db, mac(number)));
    assert_eq!(place(1).await.unwrap(), Some((OFFICE, Some(NORTH))));
    assert_eq!(place(4).await.unwrap(), Some((DIRECT, None)));
    assert_eq!(place(99).await.unwrap(), None);
}
