//! Accounts at redirect services and what we know of devices there, on both engines.

use domain::tenancy::ResellerId;
use domain::{Mac, Secret, Span};
use uuid::Uuid;

use crate::page::Cursor;
use crate::redirect::{self, Account, Claimed, Counts, Found, Identity, Kept, Situation, State};
use crate::tests::fixture::{NOW, World, on_both};
use crate::tests::tree::{self, AT_NORTH, DIRECT, RESELLER, RIVAL, SIBLING, mac, phone, place_of, setup};
use crate::{Scope, Store, StoreError, device, tenancy};

on_both! {
    each_scope_sees_its_accounts
    an_account_claims_its_owners_phones
    what_left_an_account_is_found
    a_change_of_a_phone_wakes
    a_row_goes_through_its_states
    a_comparison_finds_what_is_gone
    its_secrets_are_sealed_anew
}

fn account(number: u128, reseller: Option<ResellerId>, kind: &str) -> Account {
    Account::new(Uuid::from_u128(number), reseller, kind, "eu", NOW)
}

async fn add(store: &Store, account: &Account) -> crate::Result<()> {
    let account = account.clone();
    store.write(move |db| redirect::add(db, &Scope::Operator, &account, &Secret::new(b"{\"secret\":\"s3cret\"}".to_vec()))).await
}

fn claimed(account: &Account) -> Claimed<'_> {
    Claimed { account, brands: ["yealink", "yealink"], kinds: ["yealink-ymcs", "yealink-ymcs"] }
}

async fn wanted(store: &Store, account: &Account) -> Vec<u8> {
    let account = account.clone();
    let all: Vec<Situation> = store.read(move |db| redirect::wanted(db, claimed(&account), "")).await.unwrap();
    all.iter().map(|situation| situation.mac.bytes()[5]).collect()
}

async fn left(store: &Store, account: &Account) -> Vec<u8> {
    let account = account.clone();
    let all: Vec<Situation> = store.read(move |db| redirect::left(db, claimed(&account), "")).await.unwrap();
    assert!(all.iter().all(|situation| situation.wanted.is_none() && situation.kept.is_some()));
    all.iter().map(|situation| situation.mac.bytes()[5]).collect()
}

async fn keep(store: &Store, of: &Account, device: Mac, state: State) {
    let id = of.id;
    store.write(move |db| redirect::put(db, id, device, &Kept::new(state, 7, NOW))).await.unwrap();
}

async fn each_scope_sees_its_accounts(world: World) {
    let world = world.with_tree().await;
    let (ours, theirs) = (account(1, None, "yealink-ymcs"), account(2, Some(RESELLER), "yealink-ymcs"));
    add(&world.store, &ours).await.unwrap();
    add(&world.store, &theirs).await.unwrap();
    for (twin, what) in [(account(3, None, "yealink-ymcs"), "the operator's"), (account(4, Some(RESELLER), "yealink-ymcs"), "a reseller's")]
    {
        assert!(matches!(add(&world.store, &twin).await, Err(StoreError::Exists)), "{what} second of a kind");
    }
    add(&world.store, &account(5, Some(RIVAL), "yealink-ymcs")).await.unwrap();
    let seen = |scope: Scope| world.store.read(move |db| redirect::list(db, &scope));
    assert_eq!(seen(Scope::Operator).await.unwrap().len(), 3);
    assert_eq!(seen(Scope::Reseller(RESELLER)).await.unwrap(), std::slice::from_ref(&theirs));
    assert_eq!(seen(Scope::Customer(DIRECT)).await.unwrap(), []);
    let foreign = theirs.id;
    assert!(matches!(world.store.read(move |db| redirect::one(db, &Scope::Reseller(RIVAL), foreign)).await, Err(StoreError::NotFound)));
    let mine = account(6, None, "poly-zero-touch");
    let by_reseller = world.store.write(move |db| redirect::add(db, &Scope::Reseller(RESELLER), &mine, &Secret::new(vec![1]))).await;
    assert!(matches!(by_reseller, Err(StoreError::NotFound)), "the operator's account is not a reseller's to make");
    let credentials = world.store.read(move |db| redirect::credentials(db, foreign)).await.unwrap();
    assert_eq!(credentials.expose(), b"{\"secret\":\"s3cret\"}");
}

async fn an_account_claims_its_owners_phones(world: World) {
    let world = world.with_tree().await;
    let ours = account(1, None, "yealink-ymcs");
    add(&world.store, &ours).await.unwrap();
    assert_eq!(wanted(&world.store, &ours).await, [1, 2, 3, 4], "resellers without an account use the operator's");
    let theirs = account(2, Some(RESELLER), "yealink-ymcs");
    add(&world.store, &theirs).await.unwrap();
    assert_eq!(wanted(&world.store, &theirs).await, [1, 2]);
    assert_eq!(wanted(&world.store, &ours).await, [3, 4]);
    world.store.write(|db| redirect::mark_by_hand(db, mac(3), NOW, "somebody")).await.unwrap();
    assert_eq!(wanted(&world.store, &ours).await, [4]);
    // While it leaves, its phones are the operator's again.
    let leaving = theirs.id;
    world.store.write(move |db| redirect::leave(db, leaving, NOW)).await.unwrap();
    assert_eq!(wanted(&world.store, &ours).await, [1, 2, 4]);
}

async fn what_left_an_account_is_found(world: World) {
    let world = world.with_tree().await;
    let ours = account(1, None, "yealink-ymcs");
    add(&world.store, &ours).await.unwrap();
    for number in [1, 3, 4, 9] {
        keep(&world.store, &ours, mac(number), State::Listed).await;
    }
    assert_eq!(left(&world.store, &ours).await, [9], "a phone that is gone");
    let theirs = account(2, Some(RESELLER), "yealink-ymcs");
    add(&world.store, &theirs).await.unwrap();
    assert_eq!(left(&world.store, &ours).await, [1, 9], "a reseller's phone, since it has an account of its own");
    world.store.write(|db| device::remove(db, &Scope::Operator, mac(4))).await.unwrap();
    assert_eq!(left(&world.store, &ours).await, [1, 4, 9]);
    let one = ours.clone();
    let found = world.store.read(move |db| redirect::wanted_one(db, claimed(&one), mac(4))).await.unwrap().unwrap();
    assert_eq!((found.wanted, found.kept.map(|kept| kept.state)), (None, Some(State::Listed)));
    let one = ours.clone();
    let found = world.store.read(move |db| redirect::wanted_one(db, claimed(&one), mac(3))).await.unwrap().unwrap();
    assert_eq!(found.wanted, Some(Some(RIVAL)));
    let leaving = ours.id;
    world.store.write(move |db| redirect::leave(db, leaving, NOW)).await.unwrap();
    let account = world.store.read(move |db| redirect::one(db, &Scope::Operator, leaving)).await.unwrap();
    assert_eq!(left(&world.store, &account).await, [1, 3, 4, 9], "everything, once the account ends");
}

async fn a_change_of_a_phone_wakes(world: World) {
    let world = world.with_tree().await;
    let woken = || async {
        let all = world.store.read(|db| redirect::woken(db, "")).await.unwrap();
        all.into_iter().map(|(mac, _)| mac).collect::<Vec<_>>()
    };
    assert_eq!(woken().await, [], "nobody to be woken for");
    add(&world.store, &account(1, None, "yealink-ymcs")).await.unwrap();
    let sleep = |number| world.store.write(move |db| redirect::sleep(db, mac(number), 1));
    let (new, setup) = (phone(5, place_of(DIRECT)), setup());
    world.store.write(move |db| device::add(db, &Scope::Operator, &new, &setup, NOW)).await.unwrap();
    assert_eq!(woken().await, [mac(5)]);
    world.store.write(move |db| redirect::sleep(db, mac(5), 0)).await.unwrap();
    assert_eq!(woken().await, [mac(5)], "it changed once more than whoever looked knew");
    sleep(5).await.unwrap();
    let moved = world.store.read(|db| device::by_mac(db, &Scope::Operator, mac(5))).await.unwrap();
    let moved = device::Stored { device: domain::device::Device { place: place_of(SIBLING), ..moved.device }, ..moved };
    world.store.write(move |db| device::relocate(db, &Scope::Operator, &moved, NOW)).await.unwrap();
    assert_eq!(woken().await, [mac(5)]);
    let calls = world.store.read(|db| redirect::woken(db, "")).await.unwrap()[0].1;
    world.store.write(move |db| redirect::sleep(db, mac(5), calls)).await.unwrap();
    // What a phone's own visits change is nothing to a service; what people edit may be the model, and so the brand.
    let kept = world.store.read(|db| device::by_mac(db, &Scope::Operator, mac(5))).await.unwrap();
    let called = device::Stored { device: domain::device::Device { label: "Hall".into(), ..kept.device }, ..kept };
    let version = world.store.write(move |db| device::save(db, &called, NOW)).await.unwrap();
    assert_eq!(woken().await, []);
    let edited = tree::setup();
    world.store.write(move |db| device::save_setup(db, &Scope::Operator, mac(5), &edited, version)).await.unwrap();
    assert_eq!(woken().await, [mac(5)]);
    sleep(5).await.unwrap();
    let replaced = device::Stored { device: phone(6, AT_NORTH), version: 1 };
    world.store.write(move |db| device::replace(db, &Scope::Operator, mac(1), &replaced, NOW)).await.unwrap();
    assert_eq!(woken().await, [mac(1), mac(6)], "both the old MAC and the new");
    for (of, calls) in world.store.read(|db| redirect::woken(db, "")).await.unwrap() {
        world.store.write(move |db| redirect::sleep(db, of, calls)).await.unwrap();
    }
    world.store.write(|db| device::remove(db, &Scope::Operator, mac(2))).await.unwrap();
    assert_eq!(woken().await, [mac(2)]);
    // A customer that changes hands changes the platform's revision, and so everything is looked at.
    let before = world.store.read(crate::context::platform_revision).await.unwrap();
    world
        .store
        .write(|db| {
            let customer = tenancy::customer(db, &Scope::Operator, SIBLING)?;
            tenancy::save_customer(db, &Scope::Operator, &tenancy::Customer { reseller: Some(RIVAL), ..customer })
        })
        .await
        .unwrap();
    assert!(world.store.read(crate::context::platform_revision).await.unwrap() > before);
}

async fn a_row_goes_through_its_states(world: World) {
    let world = world.with_tree().await;
    let ours = account(1, None, "yealink-ymcs");
    add(&world.store, &ours).await.unwrap();
    let id = ours.id;
    let due = |now| world.store.read(move |db| redirect::due(db, id, now));
    keep(&world.store, &ours, mac(1), State::Writing).await;
    keep(&world.store, &ours, mac(2), State::Listed).await;
    let refused = Kept {
        again: Some(NOW + Span::hours(1)),
        code: Some("owned_by_other".into()),
        said: Some("ü".repeat(400)),
        ..Kept::new(State::Refused, 7, NOW)
    };
    world.store.write(move |db| redirect::put(db, id, mac(3), &refused)).await.unwrap();
    assert_eq!(due(NOW).await.unwrap(), [mac(1)], "what nobody saw the end of");
    assert_eq!(due(NOW + Span::hours(1)).await.unwrap(), [mac(3), mac(1)]);
    let counts = world.store.read(move |db| redirect::counts(db, id)).await.unwrap();
    assert_eq!(counts, Counts { listed: 1, waiting: 1, refused: 1 });
    let of = world.store.read(|db| redirect::of_device(db, mac(3))).await.unwrap();
    assert_eq!(of.len(), 1);
    assert_eq!(of[0].1.said.as_ref().map(String::len), Some(500), "cut between characters");
    let refused = |after: Option<Cursor>, limit| world.store.read(move |db| redirect::refused(db, id, after.as_ref(), limit));
    let page = refused(None, 1).await.unwrap();
    assert_eq!((page.items.len(), page.next.is_none()), (1, true));
    let here = world.store.read(|db| device::by_mac(db, &Scope::Operator, mac(3))).await.unwrap().device;
    assert_eq!((page.items[0].mac, page.items[0].device.clone()), (mac(3), Some((here.model, here.label))));
    let stranger = world.store.write(move |db| redirect::put(db, id, mac(0xee), &Kept::new(State::Refused, 7, NOW)));
    stranger.await.unwrap();
    let page = refused(None, 1).await.unwrap();
    assert_eq!((page.items[0].mac, page.next.is_some()), (mac(3), true));
    let page = refused(page.next, 1).await.unwrap();
    assert_eq!((page.items[0].mac, &page.items[0].device, page.next.is_none()), (mac(0xee), &None, true), "it is gone here");
    world.store.write(move |db| redirect::drop_row(db, id, mac(0xee))).await.unwrap();
    // A refusal that has the label's serial number to blame is tried again as soon as there is one.
    let label = Identity { serial: Some("SN-1".into()), mac_id: None };
    let kept = label.clone();
    world.store.write(move |db| redirect::set_identity(db, mac(3), &kept, NOW)).await.unwrap();
    assert_eq!(due(NOW).await.unwrap(), [mac(3), mac(1)]);
    assert_eq!(world.store.read(|db| redirect::identity(db, mac(3))).await.unwrap(), label);
    // So is everything that was refused when somebody asks for it.
    keep(&world.store, &ours, mac(3), State::Refused).await;
    assert_eq!(due(NOW).await.unwrap(), [mac(1)]);
    world.store.write(move |db| redirect::sync(db, id, NOW)).await.unwrap();
    assert_eq!(due(NOW).await.unwrap(), [mac(3), mac(1)]);
    world.store.write(move |db| redirect::drop_row(db, id, mac(3))).await.unwrap();
    assert_eq!(world.store.read(|db| redirect::of_device(db, mac(3))).await.unwrap(), []);
    // The label of a phone that is gone is kept as long as a service may have to be told of it.
    let label = Identity { serial: None, mac_id: Some("AB12".into()) };
    let kept = label.clone();
    world.store.write(move |db| redirect::set_identity(db, mac(2), &kept, NOW)).await.unwrap();
    world.store.write(|db| device::remove(db, &Scope::Operator, mac(2))).await.unwrap();
    assert_eq!(world.store.read(|db| redirect::identity(db, mac(2))).await.unwrap(), label);
    world.store.write(move |db| redirect::drop_row(db, id, mac(2))).await.unwrap();
    assert_eq!(world.store.read(|db| redirect::identity(db, mac(2))).await.unwrap(), Identity::default());
    // Gone with the account.
    world.store.write(move |db| redirect::remove(db, id)).await.unwrap();
    assert_eq!(world.store.read(|db| redirect::of_device(db, mac(1))).await.unwrap(), []);
}

async fn a_comparison_finds_what_is_gone(world: World) {
    let world = world.with_tree().await;
    let ours = account(1, None, "yealink-ymcs");
    add(&world.store, &ours).await.unwrap();
    let id = ours.id;
    keep(&world.store, &ours, mac(1), State::Listed).await;
    keep(&world.store, &ours, mac(2), State::Listed).await;
    let began = NOW + Span::hours(1);
    let found = |number, asked| {
        let one = Found { mac: mac(number), asked };
        world.store.write(move |db| redirect::found(db, id, &one, began))
    };
    assert_eq!(found(1, Some(NOW)).await.unwrap(), Some((State::Listed, 7)));
    assert_eq!(found(3, None).await.unwrap(), None, "nothing that we wrote");
    assert_eq!(world.store.read(move |db| redirect::gone(db, id, began)).await.unwrap(), [mac(2)]);
    let asked = world.store.read(|db| redirect::of_device(db, mac(1))).await.unwrap()[0].1.asked;
    assert_eq!(asked, Some(NOW));
}

async fn its_secrets_are_sealed_anew(world: World) {
    let world = world.with_tree().await;
    let ours = account(1, None, "yealink-ymcs");
    add(&world.store, &ours).await.unwrap();
    let id = ours.id;
    world.store.write(|db| redirect::set_pin(db, mac(1), &Secret::from("1357"))).await.unwrap();
    let mut ring = world.ring.clone();
    ring.add(&mut domain::chance::Seeded::new(9)).unwrap();
    let second = world.open(&ring, world.options()).await.unwrap();
    assert!(second.reseal().await.unwrap() >= 2);
    assert_eq!(second.read(|db| redirect::pin(db, mac(1))).await.unwrap(), Some(Secret::from("1357")));
    assert_eq!(second.read(move |db| redirect::credentials(db, id)).await.unwrap().expose(), b"{\"secret\":\"s3cret\"}");
    assert_eq!(second.reseal().await.unwrap(), 0);
    // A phone that goes takes its PIN with it.
    second.write(|db| device::remove(db, &Scope::Operator, mac(1))).await.unwrap();
    assert_eq!(second.read(|db| redirect::pin(db, mac(1))).await.unwrap(), None);
}
