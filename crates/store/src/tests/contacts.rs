//! Contacts and phone books, on both engines.

use domain::phonebook::Person;
use domain::tenancy::CustomerId;
use uuid::Uuid;

use crate::contact::{Contact, add, directory, list, remove};
use crate::seal::KeyRing;
use crate::tenancy::remove_customer;
use crate::tests::fixture::{World, on_both};
use crate::tests::tree::{DIRECT, NORTH, OFFICE, RESELLER, RIVAL, SIBLING, mac};
use crate::{Scope, StoreError};

on_both! {
    contacts_are_kept_sealed_in_their_branch
    a_phone_book_has_contacts_and_lines_of_its_customer_alone
    contacts_are_bounded
    contacts_are_sealed_anew_and_go_with_their_customer
}

fn contact(number: u128, name: &str) -> Contact {
    Contact { id: Uuid::from_u128(number), person: Person::new(name, "+4930999").unwrap() }
}

async fn plant(world: &World, of: CustomerId, contact: Contact) {
    world.store.write(move |db| add(db, &Scope::Operator, of, &contact)).await.unwrap();
}

async fn contacts_are_kept_sealed_in_their_branch(world: World) {
    let world = world.with_tree().await;
    plant(&world, OFFICE, contact(2, "Second contact")).await;
    plant(&world, OFFICE, contact(1, "First contact")).await;
    let kept = world.store.read(|db| list(db, &Scope::Customer(OFFICE), OFFICE)).await.unwrap();
    assert_eq!(kept, [contact(1, "First contact"), contact(2, "Second contact")]);
    for outside in [Scope::Customer(SIBLING), Scope::Reseller(RIVAL), Scope::Site(NORTH)] {
        let listed = world.store.read(move |db| list(db, &outside, OFFICE)).await;
        assert!(matches!(listed, Err(StoreError::NotFound)), "{outside:?}");
        let added = move |db: &crate::Db| add(db, &outside, OFFICE, &contact(3, "x"));
        assert!(matches!(world.store.write(added).await, Err(StoreError::NotFound)), "{outside:?}");
        let removed = move |db: &crate::Db| remove(db, &outside, OFFICE, Uuid::from_u128(1));
        assert!(matches!(world.store.write(removed).await, Err(StoreError::NotFound)), "{outside:?}");
    }
    let another = world.store.write(|db| remove(db, &Scope::Operator, SIBLING, Uuid::from_u128(1))).await;
    assert!(matches!(another, Err(StoreError::NotFound)), "another customer's");
    let revision = async || world.store.read(|db| crate::context::load(db, Some(OFFICE))).await.unwrap();
    let before = revision().await;
    assert!(before.has_contacts);
    world.store.write(|db| remove(db, &Scope::Reseller(RESELLER), OFFICE, Uuid::from_u128(1))).await.unwrap();
    world.store.write(|db| remove(db, &Scope::Reseller(RESELLER), OFFICE, Uuid::from_u128(2))).await.unwrap();
    let after = revision().await;
    assert!(after.revision != before.revision && !after.has_contacts, "whoever keeps the context learns of it");
}

async fn a_phone_book_has_contacts_and_lines_of_its_customer_alone(world: World) {
    let world = world.with_tree().await;
    plant(&world, OFFICE, contact(1, "Contact")).await;
    plant(&world, SIBLING, contact(2, "Sibling's")).await;
    let people = async |of| world.store.report(move |db| directory(db, of)).await.unwrap();
    let office = people(OFFICE).await;
    assert!(office.contains(&contact(1, "Contact").person));
    assert!(office.iter().all(|person| person.name != "Sibling's"));
    let lines = office.iter().filter(|person| person.name != "Contact").count();
    assert!(lines > 0, "the fixture's phones have a name and an extension: {office:?}");
    assert!(people(SIBLING).await.iter().all(|person| person.name != "Contact"));
    assert!(people(DIRECT).await.iter().all(|person| person.name != "Contact" && person.name != "Sibling's"));
}

async fn contacts_are_bounded(world: World) {
    let world = world.with_tree().await;
    let most = u128::try_from(crate::limits::CONTACTS_MAX).unwrap();
    let filled = world.store.write(move |db| (0..most).try_for_each(|number| add(db, &Scope::Operator, OFFICE, &contact(number, "x"))));
    filled.await.unwrap();
    let one_more = world.store.write(move |db| add(db, &Scope::Operator, OFFICE, &contact(most, "x"))).await;
    assert!(matches!(one_more, Err(StoreError::TooLarge { .. })), "{one_more:?}");
    let unreadable = Contact { id: Uuid::from_u128(7), person: Person { name: "a\nb".into(), number: "1".into() } };
    let refused = world.store.write(move |db| add(db, &Scope::Operator, SIBLING, &unreadable)).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
}

async fn contacts_are_sealed_anew_and_go_with_their_customer(world: World) {
    let world = world.with_tree().await;
    plant(&world, DIRECT, contact(1, "Contact")).await;
    let mut ring: KeyRing = world.ring.clone();
    ring.add(&mut domain::chance::Seeded::new(4)).unwrap();
    let store = world.open(&ring, world.options()).await.unwrap();
    let resealed = store.reseal().await.unwrap();
    assert!(resealed > 0);
    assert_eq!(store.read(|db| list(db, &Scope::Operator, DIRECT)).await.unwrap(), [contact(1, "Contact")]);
    assert_eq!(store.reseal().await.unwrap(), 0, "nothing is left under the old key");
    let leaves = |db: &crate::Db| {
        crate::device::remove(db, &Scope::Operator, mac(4))?;
        remove_customer(db, &Scope::Operator, DIRECT)
    };
    store.write(leaves).await.unwrap();
    assert_eq!(store.read(|db| directory(db, DIRECT)).await.unwrap(), [], "no name outlives its customer");
}
