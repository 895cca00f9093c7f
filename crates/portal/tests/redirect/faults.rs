//! What goes wrong on the way: in the end what is here is there, and nothing was written blindly.

use domain::Chance as _;
use domain::chance::Seeded;
use phonesim::services::Fault;
use portal::admin::redirect::{self, Standing};
use store::Scope;
use store::redirect::{Kept, State};

use crate::world::{World, clock, pauses_end, writes, yealink};

#[tokio::test]
async fn another_accounts_phone_is_told_once_and_stops_nobody() {
    let (world, service, account) = World::with_yealink().await;
    service.provider().add_foreign(yealink(2));
    world.add_yealinks(1..4).await;
    world.reconcile().await;
    let standing = world.standing("001565000002").await;
    assert_eq!((standing.standing, standing.code.as_deref()), (Standing::Refused, Some("owned_by_other")));
    assert!(standing.next_try.is_some(), "its owner may release it");
    let counts = world.account(account).await;
    assert_eq!((counts.listed, counts.refused), (2, 1));
    pauses_end();
    world.reconcile().await;
    let conflicts = async || {
        let all = world.admin.store.read(|db| store::event::after(db, &Scope::Operator, &store::event::Filter::default(), 0, 500)).await;
        all.unwrap().0.into_iter().filter(|event| event.kind == "redirect.conflict").count()
    };
    assert_eq!(conflicts().await, 1, "told when it is new");
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_and_never_written_again_blindly() {
    let (world, service, account) = World::with_yealink().await;
    world.add_yealinks(1..4).await;
    service.fail_next("/v2/rps/addDevicesByMac", Fault::LostAnswer);
    world.reconcile().await;
    assert_eq!(service.provider().devices().count(), 3, "it was done");
    assert_eq!(world.account(account).await.waiting, 3, "and nobody knows");
    pauses_end();
    world.reconcile().await;
    assert_eq!(world.account(account).await.listed, 3);
    assert_eq!(writes(&service, &["addDevices"]), 1);
}

#[tokio::test]
async fn a_call_that_never_arrived_is_made_again_after_a_look() {
    let (world, service, account) = World::with_yealink().await;
    world.add_yealinks(1..4).await;
    service.fail_next("/v2/rps/addDevicesByMac", Fault::LostCall);
    world.reconcile().await;
    assert_eq!(world.account(account).await.waiting, 3);
    pauses_end();
    world.reconcile().await;
    assert_eq!((world.account(account).await.listed, service.provider().devices().count()), (3, 3));
}

/// What a process that was killed in the middle of a write leaves: rows that say so.
#[tokio::test]
async fn whoever_comes_after_a_crash_looks_before_it_writes() {
    let (world, service, account) = World::with_yealink().await;
    world.add_yealinks(1..3).await;
    world.reconcile().await;
    let mark = {
        let all = world.admin.store.read(|db| store::redirect::of_device(db, yealink(1))).await.unwrap();
        all[0].1.mark
    };
    world.add_yealinks(3..5).await;
    world.delete("001565000002").await;
    let crashed = [(1, State::Writing), (3, State::Writing), (2, State::Removing)];
    world
        .admin
        .store
        .write(move |db| {
            crashed
                .iter()
                .try_for_each(|(number, state)| store::redirect::put(db, account, yealink(*number), &Kept::new(*state, mark, clock())))
        })
        .await
        .unwrap();
    service.forget_calls();
    world.reconcile().await;
    let mut there: Vec<_> = service.provider().devices().map(|device| device.mac).collect();
    there.sort();
    assert_eq!(there, [yealink(1), yealink(3), yealink(4)]);
    assert_eq!(world.account(account).await.listed, 3);
    let first_write = service.calls().iter().position(|call| call.path.contains("addDevices") || call.path.contains("delDevices"));
    let looks = service.calls().iter().take(first_write.unwrap()).filter(|call| call.path.contains("listDevices")).count();
    assert_eq!(looks, 3, "each that nobody saw the end of: {:?}", service.calls());
}

#[tokio::test]
async fn a_service_that_asks_for_a_pause_gets_it() {
    let (world, service, account) = World::with_yealink().await;
    world.add_yealinks(1..3).await;
    service.fail_next("/v2/rps/addDevicesByMac", Fault::TooMany(Some(600)));
    world.reconcile().await;
    let told = world.account(account).await;
    assert_eq!((told.failure.as_deref(), told.listed, told.waiting), (Some("rate_limited"), 0, 0), "nothing was sent, nothing is in doubt");
    let calls = service.count();
    world.reconcile().await;
    assert_eq!(service.count(), calls);
    pauses_end();
    world.reconcile().await;
    assert_eq!(world.account(account).await.listed, 2);
}

#[tokio::test]
async fn two_nodes_do_not_write_side_by_side() {
    let (world, service, account) = World::with_yealink().await;
    world.add_yealinks(1..3).await;
    let (mut one, mut other) = (world.reconciler(1), world.reconciler(2));
    assert_eq!(one.step().await.unwrap(), 1);
    assert_eq!(other.step().await.unwrap(), 0, "the first holds the work");
    one.rest().await.unwrap();
    other.rest().await.unwrap();
    assert_eq!((world.account(account).await.listed, writes(&service, &["addDevices"])), (2, 1));
    // It stops in order: the other goes on at once. It dies: the other goes on when its hold has ended.
    one.abandon().await;
    world.add_yealinks(4..5).await;
    assert_eq!(other.step().await.unwrap(), 1);
    other.rest().await.unwrap();
    other.abandon().await;
    let mut one = world.reconciler(3);
    world.add_yealinks(5..6).await;
    assert_eq!(one.step().await.unwrap(), 1);
    drop(one);
    world.add_yealinks(3..4).await;
    assert_eq!(other.step().await.unwrap(), 0);
    pauses_end();
    assert_eq!(other.step().await.unwrap(), 1);
    other.rest().await.unwrap();
    while other.step().await.unwrap() > 0 {
        other.rest().await.unwrap();
    }
    assert_eq!(world.account(account).await.listed, 5);
}

/// A long life with a service that fails in every way, and a process that begins anew at every turn.
#[tokio::test]
async fn in_the_end_the_service_has_what_is_here() {
    let (world, service, account) = World::with_yealink().await;
    let mut dice = Seeded::new(11);
    let faults = [Fault::LostAnswer, Fault::LostCall, Fault::Malformed, Fault::TooMany(None), Fault::TooMany(Some(5)), Fault::Broken(502)];
    let mut here = std::collections::BTreeSet::new();
    for turn in 0..40 {
        for _ in 0..3 {
            let number = dice.below(30) + 1;
            if here.insert(number) {
                world.add(&yealink(number).to_string(), "yealink/T46S", if dice.below(2) == 0 { "Office" } else { "Shop" }).await;
            } else if here.remove(&number) {
                world.delete(&yealink(number).to_string()).await;
            }
        }
        match dice.below(8) {
            0 => drop(world.rotate(None).await),
            1 => drop(redirect::sync(&world.admin, &World::by(), account).await.unwrap()),
            2 => service.provider().expire_tokens(),
            _ => {}
        }
        for path in ["/v2/rps/", "/v2/rps/addDevices", "/v2/rps/delDevices", "/v2/rps/listDevices"] {
            if dice.below(3) == 0 {
                service.fail_next(path, faults[usize::try_from(dice.below(6)).unwrap()]);
            }
        }
        world.reconcile().await;
        if turn % 3 == 0 {
            pauses_end();
        }
    }
    // Faults that nobody has met yet are met now; then nothing fails any more.
    for _ in 0..30 {
        pauses_end();
        redirect::sync(&world.admin, &World::by(), account).await.unwrap();
        world.reconcile().await;
    }
    let there: std::collections::BTreeSet<_> = service.provider().devices().map(|device| device.mac).collect();
    assert_eq!(there, here.iter().map(|number| yealink(*number)).collect());
    let told = world.account(account).await;
    assert_eq!((told.state, told.waiting, told.refused), ("working", 0, 0), "{told:?}");
    assert_eq!(u64::try_from(told.listed).unwrap(), here.len() as u64);
    let drift = told.drift.unwrap();
    assert_eq!((drift.gone, drift.elsewhere, drift.unknown), (0, 0, 0));
}
