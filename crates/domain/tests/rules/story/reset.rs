//! Section 5: reset, and what comes near it.

use domain::Span;
use domain::admission::Door;
use domain::chance::Seeded;
use domain::channel::front_file_key;
use domain::device::{Auth, Device, State};

use crate::told::{follows, kind};
use crate::world::{AWAY, Ask, OFFICE, OPERATOR, World, by_hand};

#[test]
fn the_password_of_encrypted_files_outlives_a_take_up_and_not_a_reset() {
    let mut world = World::new("login=required pin=off");
    let key = |world: &World| front_file_key(&world.keys, world.mac(0), world.devices.first()).expose().clone();
    let typed = key(&world);
    let own = world.provision();
    assert_eq!(key(&world), typed, "a retry opens what the first try did");
    world.reset(0);
    let after_reset = key(&world);
    assert_ne!(after_reset, typed);
    assert!(typed.len() == 32 && typed.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "it can be typed: {typed}");
    assert_ne!(key(&world), front_file_key(&world.keys, world.mac(1), world.devices.get(1)).expose().clone(), "each phone has its own");
    world.devices[0].disabled = true;
    let nobodys = front_file_key(&world.keys, world.mac(0), None);
    assert_eq!(key(&world), *nobodys.expose(), "a disabled phone is one that nobody knows");
    assert_ne!(*world.keys.file_key(&own.claim).expose(), typed, "each door has its own");
    assert_ne!(world.keys.file_key(&own.claim), world.keys.http_password(&own.claim));
}

#[test]
fn at_once_no_login_of_the_device_earns_full() {
    let mut world = World::new("");
    let old = world.provision();
    world.rotate(0).expect("live");
    let new = world.gets(&Ask::own(&old), "FULL, own");
    let effects = world.reset(0);
    assert!(follows(&effects).contains(&"refetch".to_owned()), "the phone is told: {effects:?}");
    world.sees(&Ask::own(&old), "401, reset_needed");
    world.sees(&Ask::own(&new), "401, reset_needed");
    assert_eq!(world.auth().state(world.now), State::Needed);
    assert!(world.auth().allow_global && world.auth().pin.is_some());
}

#[test]
fn a_delivery_not_taken_up_ends_too() {
    let mut world = World::new("");
    let login = world.hand_over();
    world.reset(0);
    world.sees(&Ask::own(&login), "401, reset_needed");
    assert_ne!(world.gets(&Ask::global(OPERATOR).from(AWAY), "FULL, global_first"), login);
}

#[test]
fn a_certificate_earns_anew_whatever_former_login_is_shown_with_it() {
    let mut world = World::new("certificate=accept");
    let former = world.provision();
    world.reset(0);
    let at_front = Ask { door: Door::Front, ..Ask::own(&former) };
    world.sees(&at_front, "401, reset_needed");
    world.sees(&Ask::own(&former).certified(), "401, reset_needed");
    let new = world.gets(&at_front.certified(), "FULL, pin_off");
    assert_ne!(new.claim, former.claim);
    world.sees(&Ask::own(&former), "401, reset_needed");
}

#[test]
fn a_login_set_by_hand_ends_too() {
    let mut world = World::new("");
    let login = world.set_by_hand(0, by_hand());
    world.reset(0);
    let refused = world.fetch(&Ask::own(&login));
    assert!(refused.device.is_none() && kind(&refused.answer) == "401", "{refused:?}");
}

#[test]
fn under_pin_required_the_phone_keeps_its_flow_and_needs_no_factory_reset() {
    for words in ["login=none pin=required", "login=required pin=required"] {
        let mut world = World::new(words);
        let login = world.gets(&Ask::global(OPERATOR), "restricted (needed), needed");
        let pin = world.pin();
        world.call(0, login.claim, OFFICE, &pin);
        world.gets(&Ask::own(&login), "FULL, claim_cleared");
        world.reset(0);
        let again = world.gets(&Ask::own(&login), "restricted (needed), needed");
        assert_eq!(again.claim, login.claim, "it needs no new login");
        assert_ne!(world.pin(), pin);
        let pin = world.pin();
        world.call(0, login.claim, OFFICE, &pin);
        world.gets(&Ask::own(&login), "FULL, claim_cleared");
    }
}

#[test]
fn under_pin_required_what_is_kept_is_the_first_factor_only() {
    let mut world = World::new("pin=required");
    world.customers[0].trust.permanent.push("192.0.2.0/24".parse().expect("a network"));
    let login = world.gets(&Ask::global(OPERATOR), "FULL, trusted_permanent");
    world.reset(0);
    world.customers[0].trust.permanent.clear();
    world.gets(&Ask::own(&login), "restricted (needed), needed");
    world.policy("pin=off");
    world.sees(&Ask::own(&login), "401, reset_needed");
}

#[test]
fn every_claim_is_uncleared_and_counters_go_to_zero() {
    let mut world = World::new("login=none pin=required");
    let cleared = world.gets(&Ask::front(), "restricted (needed), needed");
    let other = world.gets(&Ask::front().from(AWAY), "restricted (needed), needed");
    for _ in 0..3 {
        world.call(0, other.claim, AWAY, "12345x");
        world.call(0, other.claim, AWAY, &world.wrong_pin());
    }
    assert_eq!(world.auth().state(world.now), State::Failed);
    let pin = world.pin();
    world.call(0, cleared.claim, OFFICE, &pin);
    world.reset(0);
    assert_eq!(world.auth().state(world.now), State::Needed);
    world.gets(&Ask::own(&cleared), "restricted (needed), needed");
    world.gets(&Ask::own(&other).from(AWAY), "restricted (needed), needed");
}

#[test]
fn the_old_pin_is_wrong_after_a_reset() {
    let mut world = World::new("login=none pin=required");
    let login = world.gets(&Ask::front(), "restricted (needed), needed");
    let old = world.pin();
    world.reset(0);
    world.call(0, login.claim, OFFICE, &old);
    world.gets(&Ask::own(&login), "restricted (needed), needed");
}

#[test]
fn a_suspension_ends() {
    let mut world = World::new("login=none pin=required");
    world.suspend(0, None).expect("nobody to pick from");
    world.reset(0);
    world.gets(&Ask::front(), "restricted (needed), needed");
}

#[test]
fn moving_to_another_customer_is_a_reset_and_within_it_is_not() {
    let mut world = World::new("");
    let login = world.provision();
    world.relocate(0, 0);
    world.gets(&Ask::own(&login), "FULL, own");
    world.relocate(0, 1);
    world.sees(&Ask::own(&login), "401, reset_needed");
    world.relocate(0, 0);
    world.sees(&Ask::own(&login), "401, reset_needed");
}

#[test]
fn a_claim_that_a_resellers_login_earned_proves_nothing_at_anothers_customer() {
    let mut world = World::new("pin=required");
    let login = world.gets(&Ask::global(crate::world::RESELLER), "restricted (needed), needed");
    world.relocate(0, 1);
    world.gets(&Ask::own(&login), "restricted (resetneeded), reset_needed");
}

#[test]
fn a_reset_device_may_be_provisioned_once_more_and_only_once() {
    let mut world = World::new("");
    world.provision();
    world.sees(&Ask::global(OPERATOR), "401, global_spent");
    world.reset(0);
    world.provision();
    world.wait(Span::hours(1));
    world.sees(&Ask::global(OPERATOR), "401, global_spent");
}

#[test]
fn a_former_life_of_the_mac_counts_for_nothing_even_if_the_lot_draws_its_epoch() {
    let mut world = World::new("");
    let login = world.hand_over();
    let (was, began) = (world.devices[0].clone(), world.now);
    world.wait(Span::hours(1));
    // Deleted, and added anew by somebody who bought the phone; or put in another's place, whose row is older than the claim. At last
    // a reset as old as the claim, to see that nothing but time speaks against it.
    let lives = [(world.now, None, "401"), (was.created, Some(world.now), "401"), (was.created, Some(began), "FULL")];
    for (created, reset_at, expected) in lives {
        let auth = Auth { reset_at, epoch: was.auth.epoch, ..Auth::new(&mut Seeded::new(5)) };
        world.devices[0] = Device { created, auth, ..was.clone() };
        assert_eq!(kind(&world.ask(&Ask::own(&login)).answer), expected, "created {created:?}, reset {reset_at:?}");
    }
}
