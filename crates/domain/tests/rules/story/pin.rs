//! Section 6: the PIN.

use domain::Span;
use domain::device::State;
use domain::net::pin_network;
use domain::pin::PinAnswer;

use crate::told::follows;
use crate::world::{ADDRESSES, AWAY, Ask, NEXT_DOOR, OFFICE, OPERATOR, SIX, SIX_FAR, UNKNOWN, World, ip};

const TELEPHONE: &str = "login=none pin=required";
const HALF_AN_HOUR: Span = Span::minutes(30);

#[test]
fn one_the_right_pin_clears_and_take_up_is_successful() {
    let mut world = World::new(TELEPHONE);
    let login = world.gets(&Ask::front(), "restricted (needed), needed");
    let pin = world.pin();
    let heard = world.call_decided(0, login.claim, OFFICE, &pin);
    assert_eq!(heard.answer, PinAnswer::Right);
    assert_eq!(follows(&heard.effects), ["device.authenticated", "refetch"]);
    assert_eq!(world.auth().state(world.now), State::Needed, "cleared is not taken up");
    world.gets(&Ask::own(&login), "FULL, claim_cleared");
    assert_eq!(world.auth().state(world.now), State::Successful);
}

#[test]
fn two_and_three_the_third_wrong_pin_fails_for_30_minutes() {
    let mut world = World::new(TELEPHONE);
    let login = world.gets(&Ask::front(), "restricted (needed), needed");
    let wrong = world.wrong_pin();
    assert_eq!(world.call(0, login.claim, OFFICE, &wrong), PinAnswer::Wrong { left: 2 });
    world.wait(Span::hours(3));
    assert_eq!(world.call(0, login.claim, OFFICE, &wrong), PinAnswer::Wrong { left: 1 }, "in a row across calls");
    let until = world.now + HALF_AN_HOUR;
    assert_eq!(world.call(0, login.claim, OFFICE, &wrong), PinAnswer::Failed { until });
    world.gets(&Ask::own(&login), "restricted (failed), failed");
    let pin = world.pin();
    assert_eq!(world.call(0, login.claim, OFFICE, &pin), PinAnswer::Failed { until }, "the right one included");
    world.wait(HALF_AN_HOUR);
    world.gets(&Ask::own(&login), "restricted (needed), needed");
    assert_eq!(world.call(0, login.claim, OFFICE, &pin), PinAnswer::Right);
}

#[test]
fn four_and_five_the_third_round_blocks_until_a_reset() {
    let mut world = World::new(TELEPHONE);
    let login = world.gets(&Ask::front(), "restricted (needed), needed");
    let wrong = world.wrong_pin();
    for round in 0..3 {
        for _ in 0..3 {
            world.call(0, login.claim, OFFICE, &wrong);
        }
        if round < 2 {
            assert_eq!(world.auth().state(world.now), State::Failed);
            world.wait(HALF_AN_HOUR);
        }
    }
    assert_eq!(world.auth().state(world.now).label(), "Authentication blocked");
    world.wait(Span::days(20));
    let pin = world.pin();
    assert_eq!(world.call(0, login.claim, OFFICE, &pin), PinAnswer::Blocked);
    world.gets(&Ask::own(&login), "restricted (blocked), blocked");
    world.reset(0);
    world.gets(&Ask::own(&login), "restricted (needed), needed");
}

#[test]
fn success_clears_the_row_of_wrong_ones() {
    let mut world = World::new(TELEPHONE);
    let login = world.gets(&Ask::front(), "restricted (needed), needed");
    let (pin, wrong) = (world.pin(), world.wrong_pin());
    world.call(0, login.claim, OFFICE, &wrong);
    world.call(0, login.claim, OFFICE, &wrong);
    world.call(0, login.claim, OFFICE, &pin);
    assert_eq!(world.call(0, login.claim, OFFICE, &wrong), PinAnswer::Wrong { left: 2 });
}

#[test]
fn success_in_one_network_gives_a_stranger_in_another_no_fresh_tries() {
    let mut world = World::new(TELEPHONE);
    let owner = world.gets(&Ask::front(), "restricted (needed), needed");
    let stranger = world.gets(&Ask::front().from(AWAY), "restricted (needed), needed");
    world.block(0, stranger.claim, AWAY);
    let pin = world.pin();
    world.call(0, owner.claim, OFFICE, &pin);
    assert_eq!(world.call(0, stranger.claim, AWAY, &pin), PinAnswer::Blocked);
    world.gets(&Ask::own(&owner), "FULL, claim_cleared");
}

#[test]
fn fewer_or_more_than_six_digits_are_no_try() {
    let mut world = World::new(TELEPHONE);
    let login = world.gets(&Ask::front(), "restricted (needed), needed");
    let before = world.auth().tries.clone();
    for digits in ["", "1", "12345", "1234567", "12345a", "１２３４５６"] {
        assert_eq!(world.call(0, login.claim, OFFICE, digits), PinAnswer::NoTry, "{digits:?}");
    }
    assert_eq!(world.auth().tries, before);
}

#[test]
fn the_pin_clears_the_calling_claim_and_no_other_and_moves_with_the_next_call() {
    let mut world = World::new(TELEPHONE);
    let first = world.gets(&Ask::front(), "restricted (needed), needed");
    let second = world.gets(&Ask::front().from(AWAY), "restricted (needed), needed");
    let pin = world.pin();
    world.call(0, first.claim, OFFICE, &pin);
    world.gets(&Ask::own(&second).from(AWAY), "restricted (needed), needed");
    world.call(0, second.claim, AWAY, &pin);
    world.gets(&Ask::own(&first), "restricted (needed), needed");
    world.gets(&Ask::own(&second).from(AWAY), "FULL, claim_cleared");
}

#[test]
fn a_pin_that_led_to_a_take_up_clears_nothing_more() {
    let mut world = World::new(TELEPHONE);
    let first = world.gets(&Ask::front(), "restricted (needed), needed");
    let second = world.gets(&Ask::front().from(AWAY), "restricted (needed), needed");
    let pin = world.pin();
    world.call(0, first.claim, OFFICE, &pin);
    world.gets(&Ask::own(&first), "FULL, claim_cleared");
    assert_eq!(world.call(0, second.claim, AWAY, &pin), PinAnswer::ResetNeeded);
    world.gets(&Ask::own(&second).from(AWAY), "restricted (resetneeded), reset_needed");
}

#[test]
fn who_lacks_the_first_factor_hears_reset_needed_and_spends_no_try() {
    let mut world = World::new(TELEPHONE);
    let login = world.gets(&Ask::front(), "restricted (needed), needed");
    world.policy("login=required pin=required");
    let pin = world.pin();
    assert_eq!(world.call(0, login.claim, OFFICE, &pin), PinAnswer::ResetNeeded);
    assert!(world.auth().tries.is_empty() && world.auth().wrong_pins.is_empty());
    world.gets(&Ask::own(&login), "restricted (resetneeded), reset_needed");
}

#[test]
fn a_stranger_elsewhere_cannot_lock_the_owner_out() {
    let mut world = World::new(TELEPHONE);
    let owner = world.gets(&Ask::front(), "restricted (needed), needed");
    let stranger = world.gets(&Ask::front().from(AWAY), "restricted (needed), needed");
    world.block(0, stranger.claim, AWAY);
    assert_eq!(world.auth().state(world.now), State::Blocked, "the device shows the worst");
    assert_eq!(world.auth().state_address(world.now), Some(ip(AWAY)), "with its address");
    world.gets(&Ask::own(&owner), "restricted (needed), needed");
    let pin = world.pin();
    assert_eq!(world.call(0, owner.claim, OFFICE, &pin), PinAnswer::Right);
    world.gets(&Ask::own(&owner), "FULL, claim_cleared");
}

#[test]
fn a_claim_used_elsewhere_spends_the_tries_of_the_network_it_first_came_from() {
    let mut world = World::new(TELEPHONE);
    let login = world.gets(&Ask::front().from(AWAY), "restricted (needed), needed");
    world.gets(&Ask::own(&login).from(AWAY), "restricted (needed), needed");
    let wrong = world.wrong_pin();
    for _ in 0..3 {
        world.call(0, login.claim, OFFICE, &wrong);
    }
    assert_eq!(world.auth().state_for(pin_network(ip(OFFICE)), world.now), State::Needed);
    assert_eq!(world.auth().state_for(pin_network(ip(AWAY)), world.now), State::Failed);
}

#[test]
fn networks_are_24_and_48() {
    let mut world = World::new(TELEPHONE);
    for (first, second) in [(OFFICE, NEXT_DOOR), (SIX, SIX_FAR)] {
        let one = world.gets(&Ask::front().from(first), "restricted (needed), needed");
        let two = world.gets(&Ask::front().from(second), "restricted (needed), needed");
        let wrong = world.wrong_pin();
        world.call(0, one.claim, first, &wrong);
        assert_eq!(world.call(0, two.claim, second, &wrong), PinAnswer::Wrong { left: 1 });
    }
}

#[test]
fn thirty_wrong_pins_in_24_hours_block_everywhere() {
    let mut world = World::new(TELEPHONE);
    let wrong = world.wrong_pin();
    let owner = world.gets(&Ask::front(), "restricted (needed), needed");
    for tried in 0..30 {
        assert_ne!(world.auth().state_for(pin_network(ip(OFFICE)), world.now), State::Blocked, "after {tried}");
        // A new network for every three, so that no single one is blocked.
        let address: &'static str = Box::leak(format!("203.0.{}.9", tried / 3).into_boxed_str());
        let claim = world.gets(&Ask::front().from(address), "restricted (needed), needed").claim;
        if tried % 3 < 2 {
            world.call(0, claim, address, &wrong);
        } else {
            world.call(0, claim, address, &wrong);
            world.wait(HALF_AN_HOUR);
        }
    }
    let pin = world.pin();
    assert_eq!(world.call(0, owner.claim, OFFICE, &pin), PinAnswer::Blocked);
    world.wait(Span::days(3));
    world.gets(&Ask::own(&owner), "restricted (blocked), blocked");
    world.reset(0);
    world.gets(&Ask::own(&owner), "restricted (needed), needed");
}

#[test]
fn wrong_pins_older_than_24_hours_count_no_more() {
    let mut world = World::new("login=none pin=required pin_tries=100");
    let login = world.gets(&Ask::front(), "restricted (needed), needed");
    let wrong = world.wrong_pin();
    for _ in 0..29 {
        world.call(0, login.claim, OFFICE, &wrong);
    }
    world.wait(Span::hours(25));
    for _ in 0..29 {
        world.call(0, login.claim, OFFICE, &wrong);
    }
    assert_eq!(world.auth().state(world.now), State::Needed);
    world.call(0, login.claim, OFFICE, &wrong);
    assert_eq!(world.auth().state(world.now), State::Blocked);
}

#[test]
fn an_unknown_phone_hears_the_same_dialogue_and_no_pin_is_right() {
    let mut world = World::new(TELEPHONE);
    let known = world.gets(&Ask::front(), "restricted (needed), needed").claim;
    let unknown = world.gets(&Ask::front().to(UNKNOWN), "restricted (needed), unknown_device").claim;
    let (wrong, pin) = (world.wrong_pin(), world.pin());
    for _ in 0..4 {
        for _ in 0..4 {
            let heard = world.call(0, known, OFFICE, &wrong);
            assert_eq!(world.call(UNKNOWN, unknown, OFFICE, &pin), heard);
            assert_eq!(world.call(UNKNOWN, unknown, OFFICE, "12"), world.call(0, known, OFFICE, "12"));
            let shown = |device| crate::told::kind(&world.ask(&Ask::front().to(device)).answer);
            assert_eq!(shown(UNKNOWN), shown(0));
        }
        world.wait(HALF_AN_HOUR);
    }
    assert_eq!(world.call(0, known, OFFICE, &pin), PinAnswer::Blocked);
}

#[test]
fn an_unknown_phone_spends_the_tries_of_the_same_network_as_a_known_one() {
    let mut world = World::new(TELEPHONE);
    let wrong = world.wrong_pin();
    for device in [0, UNKNOWN] {
        let login = crate::told::carried(&world.fetch(&Ask::front().to(device).from(AWAY)).answer).expect("a claim");
        world.fetch(&Ask::own(&login).to(device).from(AWAY));
        for _ in 0..3 {
            world.call(device, login.claim, OFFICE, &wrong);
        }
        assert_eq!(crate::told::kind(&world.ask(&Ask::front().to(device)).answer), "restricted (needed)");
        assert_eq!(crate::told::kind(&world.ask(&Ask::front().to(device).from(AWAY)).answer), "restricted (failed)");
    }
}

#[test]
fn an_unknown_phone_without_the_first_factor_hears_the_same_too() {
    let mut world = World::new(TELEPHONE);
    let claims = [0, UNKNOWN].map(|device| crate::told::carried(&world.fetch(&Ask::front().to(device)).answer).expect("a claim").claim);
    world.policy("login=required pin=required");
    for (device, claim) in [0, UNKNOWN].into_iter().zip(claims) {
        assert_eq!(world.call(device, claim, OFFICE, "000000"), PinAnswer::ResetNeeded);
    }
}

#[test]
fn a_phone_switched_off_is_heard_like_an_unknown_one() {
    let mut world = World::new(TELEPHONE);
    let login = world.gets(&Ask::front(), "restricted (needed), needed");
    let pin = world.pin();
    world.devices[0].disabled = true;
    assert_eq!(world.call(0, login.claim, OFFICE, &pin), PinAnswer::Wrong { left: 2 });
    world.gets(&Ask::own(&login), "restricted (needed), disabled");
    world.call(0, login.claim, OFFICE, &pin);
    world.call(0, login.claim, OFFICE, &pin);
    world.gets(&Ask::own(&login), "restricted (failed), disabled");
}

#[test]
fn a_live_phone_switched_off_is_heard_like_an_unknown_one_too() {
    let mut world = World::new("login=none pin=required temporary_trust=off");
    let login = world.gets(&Ask::front(), "restricted (needed), needed");
    let pin = world.pin();
    world.call(0, login.claim, OFFICE, &pin);
    world.gets(&Ask::own(&login), "FULL, claim_cleared");
    assert_eq!(world.call(0, login.claim, OFFICE, &pin), PinAnswer::ResetNeeded);
    world.devices[0].disabled = true;
    assert_eq!(world.call(0, login.claim, OFFICE, &pin), PinAnswer::Wrong { left: 2 });
}

#[test]
fn used_claims_are_capped_at_eight_and_a_cleared_one_is_not_pushed_out() {
    let mut world = World::new(TELEPHONE);
    let owner = world.gets(&Ask::front(), "restricted (needed), needed");
    let pin = world.pin();
    world.call(0, owner.claim, OFFICE, &pin);
    for turn in 0..30 {
        world.wait(Span::minutes(6));
        let address = ADDRESSES[turn % ADDRESSES.len()];
        let stranger = world.gets(&Ask::front().from(address), "restricted (needed), needed");
        world.gets(&Ask::own(&stranger).from(address), "restricted (needed), needed");
        assert!(world.auth().used.len() <= 8);
    }
    world.gets(&Ask::own(&owner), "FULL, claim_cleared");
}

#[test]
fn fetches_with_ever_new_claims_change_the_device_a_few_times_only() {
    let mut world = World::new(TELEPHONE);
    let mut changes = 0;
    for _ in 0..50 {
        let stranger = world.gets(&Ask::front().from(AWAY), "restricted (needed), needed");
        changes += usize::from(world.fetch(&Ask::own(&stranger).from(AWAY)).device.is_some());
    }
    assert_eq!(changes, 8, "the list is full, and nobody in it is long unseen");
    // Nor does he keep the owner out, who comes from elsewhere; or does so with a call, from wherever.
    let owner = world.gets(&Ask::front(), "restricted (needed), needed");
    world.gets(&Ask::own(&owner), "restricted (needed), needed");
    assert!(world.auth().used_claim(&owner.claim).is_some());
    let neighbour = world.gets(&Ask::front().from(AWAY), "restricted (needed), needed");
    let pin = world.pin();
    assert_eq!(world.call(0, neighbour.claim, AWAY, &pin), PinAnswer::Right);
    world.gets(&Ask::own(&neighbour).from(AWAY), "FULL, claim_cleared");
}

#[test]
fn one_claim_at_many_addresses_changes_the_device_once_in_five_minutes() {
    let mut world = World::new(TELEPHONE);
    let login = world.gets(&Ask::front(), "restricted (needed), needed");
    let changed = |world: &mut World, address| world.fetch(&Ask::own(&login).from(address)).device.is_some();
    let changes: Vec<bool> = ADDRESSES.iter().cycle().take(12).map(|address| changed(&mut world, address)).collect();
    assert_eq!(changes.iter().filter(|changed| **changed).count(), 1, "{changes:?}");
    world.wait(Span::minutes(5));
    assert!(changed(&mut world, AWAY) && !changed(&mut world, OFFICE));
}

#[test]
fn under_two_factors_neither_is_enough_alone() {
    let mut world = World::new("login=required pin=required");
    world.sees(&Ask::front(), "401, login_required");
    let login = world.gets(&Ask::global(OPERATOR), "restricted (needed), needed");
    world.gets(&Ask::own(&login), "restricted (needed), needed");
    let pin = world.pin();
    assert_eq!(world.call(0, login.claim, OFFICE, &pin), PinAnswer::Right);
    world.gets(&Ask::own(&login), "FULL, claim_cleared");
}
