//! What the overview reads, and how resellers appear, on both engines.

use domain::device::State;
use domain::tenancy::{ResellerId, ResellerKind};
use domain::{Mac, Span, Time};

use crate::look::{self, Logo, LogoMark, Look};
use crate::seen::{self, News, Request, Seen, Served};
use crate::tests::fixture::{NOW, World, on_both};
use crate::tests::tree::{DIRECT, NORTH, OFFICE, RESELLER, RIVAL, mac};
use crate::{Scope, StoreError, context, sightings, tenancy, traffic};

on_both! {
    fetches_are_counted_for_everybody_above_a_phone
    those_who_wait_are_the_ones_not_cleared
    flags_are_counted_in_a_branch
    a_host_is_one_resellers_and_a_channel_has_none
}

fn fetch(at: Time, transport: &str) -> Request {
    Request {
        time: at,
        address: "198.51.100.7".parse().unwrap(),
        method: "GET".into(),
        file: "x.cfg".into(),
        status: 200,
        evidence: "own".into(),
        decision: "full".into(),
        reason: "own".into(),
        bytes: 1,
        transport: transport.into(),
    }
}

fn news(of: Mac, requests: Vec<Request>) -> News {
    let served = requests.last().map(|last| Served { at: last.time, address: last.address, transport: "https".into() });
    News { mac: of, seen: Seen { served, own_address: None, firmware: String::new(), model: String::new() }, requests }
}

async fn note(world: &World, news: Vec<News>) {
    let written = world.store.write(move |db| {
        let fetches = seen::note(db, &news)?;
        traffic::add(db, &fetches)
    });
    written.await.unwrap();
}

async fn fetches_are_counted_for_everybody_above_a_phone(world: World) {
    let world = world.with_tree().await;
    let before = NOW - Span::minutes(2);
    let requests = vec![fetch(before, "https"), fetch(NOW, "https"), fetch(NOW, "sip")];
    note(&world, vec![news(mac(1), requests), news(mac(99), vec![fetch(NOW, "https")])]).await;
    note(&world, vec![news(mac(1), vec![fetch(NOW, "http")])]).await;
    let counted = async |scope: Scope| world.store.read(move |db| traffic::by_minute(db, &scope, NOW, 4)).await.unwrap();
    for scope in [Scope::Operator, Scope::Reseller(RESELLER), Scope::Customer(OFFICE), Scope::Site(NORTH)] {
        assert_eq!(counted(scope).await, [0, 1, 0, 2], "{scope:?}: what we tell a phone is no fetch, nor is a stranger's");
    }
    assert_eq!(counted(Scope::Reseller(RIVAL)).await, [0; 4]);
    assert_eq!(world.store.write(|db| traffic::prune(db, NOW + Span::hours(3))).await.unwrap(), 8);
    assert_eq!(counted(Scope::Operator).await, [0; 4]);
}

async fn those_who_wait_are_the_ones_not_cleared(world: World) {
    let world = world.with_tree().await;
    note(&world, vec![news(mac(1), vec![fetch(NOW, "https")]), news(mac(2), vec![fetch(NOW - Span::hours(1), "https")])]).await;
    let since = NOW - Span::minutes(15);
    let waiting = async |scope: Scope, since| world.store.read(move |db| seen::waiting(db, &scope, since, NOW, 10)).await.unwrap();
    let found = waiting(Scope::Reseller(RESELLER), since).await;
    assert_eq!(found.iter().map(|one| (one.mac, one.state, one.label.as_str())).collect::<Vec<_>>(), [(mac(1), State::Needed, "Desk 1")]);
    assert_eq!(waiting(Scope::Operator, NOW - Span::hours(2)).await.len(), 2);
    assert!(waiting(Scope::Customer(DIRECT), since).await.is_empty());
}

async fn flags_are_counted_in_a_branch(world: World) {
    let world = world.with_tree().await;
    let raise = |of: Mac| sightings::Attention { mac: of, kind: "came_back_without_login".into(), at: NOW, address: None };
    world.store.write(move |db| [mac(1), mac(2)].into_iter().try_for_each(|of| sightings::raise(db, &raise(of)))).await.unwrap();
    let count = async |scope: Scope, limit: i64| {
        world.store.read(move |db| sightings::count_of_kind(db, &scope, "came_back_without_login", limit)).await.unwrap()
    };
    assert_eq!(count(Scope::Operator, 10).await, 2);
    assert_eq!(count(Scope::Operator, 1).await, 1, "no farther than it is asked to");
    assert_eq!(count(Scope::Customer(DIRECT), 10).await, 0);
    assert_eq!(count(Scope::Reseller(RIVAL), 10).await, 0);
}

fn look(of: ResellerId, host: &str) -> Look {
    Look {
        reseller: of,
        portal_name: "North".into(),
        accent: Some("#7a1fa2".into()),
        portal_host: Some(host.into()),
        phone_host: Some("phones.north.example.net".into()),
        logo: None,
    }
}

async fn a_host_is_one_resellers_and_a_channel_has_none(world: World) {
    let world = world.with_tree().await;
    let kept = look(RESELLER, "portal.north.example.net");
    let whiten = |kind| {
        move |db: &crate::Db| {
            let kept = tenancy::reseller(db, &Scope::Operator, RESELLER)?;
            tenancy::save_reseller(db, &Scope::Operator, &tenancy::Reseller { kind, ..kept })
        }
    };
    world.store.write(whiten(ResellerKind::WhiteLabel)).await.unwrap();
    let before = world.store.read(|db| context::load(db, Some(OFFICE))).await.unwrap();
    let put = kept.clone();
    world.store.write(move |db| look::put(db, &Scope::Operator, &put)).await.unwrap();
    let after = world.store.read(|db| context::load(db, Some(OFFICE))).await.unwrap();
    assert_eq!((before.phone_host.as_deref(), after.phone_host.as_deref()), (None, Some("phones.north.example.net")));
    assert_ne!(before.revision, after.revision, "what the gate keeps is stale");

    let mark = LogoMark { kind: "image/png".into(), hash: "00".into() };
    let logo = Logo { mark: mark.clone(), bytes: vec![1, 2, 3] };
    let set = logo.clone();
    world.store.write(move |db| look::set_logo(db, &Scope::Operator, RESELLER, Some(&set))).await.unwrap();
    assert_eq!(world.store.read(|db| look::logo(db, RESELLER)).await.unwrap(), Some(logo));
    let by_host = async || world.store.read(|db| look::of_host(db, "portal.north.example.net")).await.unwrap();
    assert_eq!(by_host().await, Some(Look { logo: Some(mark), ..kept.clone() }));

    let taken = look(RIVAL, "portal.north.example.net");
    let taken = world.store.write(move |db| look::put(db, &Scope::Operator, &taken)).await;
    assert!(matches!(taken, Err(StoreError::Exists)), "{taken:?}");
    let foreign = world.store.write(move |db| look::put(db, &Scope::Reseller(RIVAL), &kept)).await;
    assert!(matches!(foreign, Err(StoreError::NotFound)), "{foreign:?}");

    world.store.write(whiten(ResellerKind::Channel)).await.unwrap();
    assert_eq!(by_host().await, None, "under the operator's brand again");
    assert_eq!(world.store.read(|db| context::load(db, Some(OFFICE))).await.unwrap().phone_host, None);
}
