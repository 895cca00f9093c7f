//! Sections 2 to 4: what a request proves, and the table.

use domain::admission::{Answer, Door};
use domain::device::State;
use domain::pin::PinAnswer;

use crate::told::{carried, follows, kind};
use crate::world::{AWAY, Ask, OFFICE, OPERATOR, Shown, UNKNOWN, World, ip};
use domain::Span;

#[test]
fn a_stale_nonce_is_asked_again_and_never_counted() {
    let mut world = World::new("");
    for device in [0, UNKNOWN] {
        let decision = world.fetch(&Ask::front().to(device).shows(Shown::Stale));
        assert_eq!(decision.answer, Answer::Challenge { stale: true });
        assert!(decision.device.is_none());
    }
}

#[test]
fn a_login_from_the_factory_is_refused_like_none_and_is_no_wrong_password() {
    let mut world = World::new("");
    world.sees(&Ask::front().shows(Shown::Factory), "401, login_required");
    world.sees(&Ask::front().shows(Shown::Wrong), "401, global_wrong");
}

#[test]
fn a_login_opens_its_own_device_only() {
    let mut world = World::new("");
    let login = world.provision();
    for door in [Door::Front, Door::Own] {
        let decision = world.fetch(&Ask { door, ..Ask::own(&login) }.to(1));
        assert_eq!(kind(&decision.answer), "401");
        assert_eq!(decision.reason.code(), "wrong_device");
    }
}

#[test]
fn nothing_begins_with_a_head_request() {
    let mut world = World::new("");
    world.fetch(&Ask::global(OPERATOR).head());
    assert!(world.auth().pending.is_none());
    let login = world.hand_over();
    world.fetch(&Ask::own(&login).head());
    assert!(world.auth().live.is_none());
}

#[test]
fn a_live_phone_that_came_back_without_its_login_is_listed() {
    let mut world = World::new("login=none pin=required");
    let login = carried(&world.fetch(&Ask::front()).answer).expect("a claim");
    let pin = world.pin();
    world.call(0, login.claim, OFFICE, &pin);
    world.fetch(&Ask::own(&login));
    world.customers[0].trust.windows.clear();
    let decision = world.fetch(&Ask::front());
    assert_eq!(follows(&decision.effects), ["came back without its login"]);
    assert_eq!(kind(&decision.answer), "401");
}

#[test]
fn two_unanswered_challenges_show_reset_needed_where_no_login_is_asked() {
    let mut world = World::new("login=none pin=required temporary_trust=off");
    let login = carried(&world.fetch(&Ask::front()).answer).expect("a claim");
    let pin = world.pin();
    world.call(0, login.claim, OFFICE, &pin);
    world.fetch(&Ask::own(&login));
    let lost = Ask { ignores_challenges: true, ..Ask::front() };
    let new = world.gets(&lost, "restricted (resetneeded), reset_needed");
    assert_ne!(new.claim, login.claim);
    world.gets(&Ask::own(&login), "FULL, own");
    world.policy("login=required pin=required");
    world.sees(&lost, "401, login_required");
}

#[test]
fn a_spent_global_login_from_the_last_address_still_uses_the_global_login() {
    let mut world = World::new("");
    world.provision();
    world.last_address = Some(ip(OFFICE));
    let decision = world.fetch(&Ask::global(OPERATOR));
    assert_eq!(follows(&decision.effects), ["still uses the global login"]);
    let decision = world.fetch(&Ask::global(OPERATOR).from(AWAY));
    assert_eq!(follows(&decision.effects), ["came back without its login"]);
}

#[test]
fn where_phones_stick_to_the_front_door_they_are_challenged_while_their_claim_lives() {
    let mut world = World::new("login=none pin=required");
    world.brand.front_door_sticks = true;
    let login = world.gets(&Ask::front(), "restricted (needed), needed");
    world.gets(&Ask::front().shows(Shown::Login(login.clone())), "restricted (needed), needed");
    let decision = world.fetch(&Ask::front());
    assert_eq!(kind(&decision.answer), "401", "so that it shows the login that it has");
    let again = world.gets(&Ask::front().shows(Shown::Login(login.clone())), "restricted (needed), needed");
    assert_eq!(again.claim, login.claim);
    world.gets(&Ask::front().from(AWAY), "restricted (needed), needed");
}

#[test]
fn loosening_the_policy_frees_restricted_phones_at_their_next_fetch() {
    let mut world = World::new("login=required pin=required");
    let login = world.gets(&Ask::global(OPERATOR), "restricted (needed), needed");
    world.gets(&Ask::own(&login), "restricted (needed), needed");
    world.policy("login=required pin=off");
    world.gets(&Ask::own(&login), "FULL, claim_cleared");
}

#[test]
fn loosening_the_policy_does_not_take_away_what_the_pin_cleared() {
    let mut world = World::new("login=required pin=required");
    let login = world.gets(&Ask::global(OPERATOR), "restricted (needed), needed");
    world.reset(0);
    let pin = world.pin();
    world.call(0, login.claim, OFFICE, &pin);
    world.policy("login=required pin=off");
    world.gets(&Ask::own(&login), "FULL, claim_cleared");
}

#[test]
fn tightening_the_policy_does_not_unclear_live_devices() {
    let mut world = World::new("login=required pin=off");
    let login = world.provision();
    for words in ["login=required pin=required", "login=none pin=required", "certificate=require"] {
        world.policy(words);
        world.gets(&Ask::own(&login), "FULL, own");
        assert_eq!(world.auth().state(world.now), State::Successful);
    }
}

#[test]
fn a_claim_that_lacks_a_factor_of_todays_policy_is_not_cleared() {
    let mut world = World::new("login=required pin=off");
    let login = world.hand_over();
    world.policy("login=required pin=required");
    world.gets(&Ask::own(&login), "restricted (needed), needed");
    world.policy("certificate=require");
    world.sees(&Ask::own(&login), "401, reset_needed");
    world.policy("login=required pin=off");
    world.gets(&Ask::own(&login), "FULL, claim_cleared");
}

#[test]
fn a_policy_that_asks_nothing_asks_for_the_login() {
    let mut world = World::new("login=none pin=off");
    assert!(world.customers[0].policy.check("here").is_err());
    world.sees(&Ask::front(), "401, login_required");
    world.sees(&Ask::front().to(UNKNOWN), "401, unknown_device");
    world.gets(&Ask::global(OPERATOR), "FULL, global_first");
}

#[test]
fn a_certificate_replaces_the_global_login_and_obeys_the_same_switch() {
    let mut world = World::new("certificate=accept");
    let login = world.gets(&Ask::front().certified(), "FULL, pin_off");
    world.gets(&Ask::own(&login), "FULL, claim_cleared");
    world.sees(&Ask::front().certified(), "401, login_required");
    world.reset(0);
    world.gets(&Ask::front().certified(), "FULL, pin_off");
}

#[test]
fn a_certificate_counts_at_the_front_door_only() {
    let mut world = World::new("certificate=accept");
    world.sees(&Ask { door: Door::Own, ..Ask::front().certified() }, "401, login_required");
    world.policy("certificate=require");
    world.sees(&Ask { door: Door::Own, ..Ask::global(OPERATOR).certified() }, "401, login_required");
}

#[test]
fn a_needed_certificate_obeys_the_switch_where_a_network_stands_in_for_the_pin() {
    let mut world = World::new("login=none pin=required certificate=require");
    world.customers[0].trust.permanent.push("192.0.2.0/24".parse().expect("a network"));
    world.allow(0, false);
    world.sees(&Ask::front().certified(), "401, reset_needed");
    world.allow(0, true);
    let login = world.gets(&Ask::front().certified(), "FULL, trusted_permanent");
    world.gets(&Ask::own(&login), "FULL, claim_cleared");
}

#[test]
fn a_certificate_can_be_needed_besides() {
    let mut world = World::new("certificate=require");
    world.sees(&Ask::global(OPERATOR), "401, login_required");
    world.sees(&Ask::front().certified(), "401, login_required");
    let login = world.gets(&Ask::global(OPERATOR).certified(), "FULL, global_first");
    world.gets(&Ask::own(&login), "FULL, claim_cleared");
}

#[test]
fn a_disabled_device_is_served_like_an_unknown_one_and_keeps_its_login() {
    let mut world = World::new("");
    let login = world.provision();
    world.devices[0].disabled = true;
    world.sees(&Ask::own(&login), "401, disabled");
    world.sees(&Ask::global(OPERATOR), "401, disabled");
    world.devices[0].disabled = false;
    world.gets(&Ask::own(&login), "FULL, own");
}

/// Found by a generated history.
#[test]
fn what_a_disabled_device_was_shown_when_it_was_spent_counts_for_nothing_later() {
    let mut world = World::new("login=required pin=required");
    world.allow(0, false);
    world.devices[0].disabled = true;
    let login = world.gets(&Ask::global(OPERATOR), "restricted (needed), disabled");
    world.gets(&Ask::own(&login), "restricted (needed), disabled");
    world.devices[0].disabled = false;
    world.gets(&Ask::own(&login), "restricted (resetneeded), reset_needed");
    world.suspend(0, None).unwrap();
    world.gets(&Ask::own(&login), "restricted (resetneeded), reset_needed");
    let pin = world.pin();
    assert_eq!(world.call(0, login.claim, OFFICE, &pin), PinAnswer::ResetNeeded);
    world.gets(&Ask::own(&login), "restricted (resetneeded), reset_needed");
}

#[test]
fn restricted_polls_are_quick_for_an_hour_and_then_slow_down() {
    let mut world = World::new("login=none pin=required");
    let poll = |answer| if let Answer::Restricted { poll, .. } = answer { poll } else { panic!("{answer:?}") };
    let decision = world.fetch(&Ask::front());
    let login = carried(&decision.answer).expect("a claim");
    assert_eq!(poll(decision.answer), Span::seconds(60));
    world.wait(Span::minutes(59));
    assert_eq!(poll(world.fetch(&Ask::own(&login)).answer), Span::seconds(60));
    world.wait(Span::minutes(2));
    assert_eq!(poll(world.fetch(&Ask::own(&login)).answer), Span::minutes(10));
}

#[test]
fn nobody_knows_a_mac_by_the_answer_without_a_login() {
    for words in ["", "pin=required", "login=none pin=required", "certificate=accept", "login=none pin=required certificate=require"] {
        let world = World::new(words);
        for door in [Door::Front, Door::Bare, Door::Own] {
            for shown in [Shown::Nothing, Shown::Wrong, Shown::Stale] {
                let ask = Ask { door, shown, ..Ask::front() };
                assert_eq!(kind(&world.ask(&ask).answer), kind(&world.ask(&ask.clone().to(UNKNOWN)).answer), "{words} {ask:?}");
            }
        }
    }
}
