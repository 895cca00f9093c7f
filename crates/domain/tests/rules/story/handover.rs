//! Section 5: the one-time password and its kin.

use domain::Span;
use domain::admission::Answer;
use domain::device::LoginState;
use domain::evidence::{Proof, Scene, Wrong, candidates};

use crate::told::follows;
use crate::world::{AWAY, Ask, FOREIGN, NEXT_DOOR, OPERATOR, RESELLER, SIX, SIX_FAR, SIX_NEAR, SUCCESSOR, Shown, World, by_hand};

const MINUTE: Span = Span::minutes(1);

#[test]
fn the_first_request_with_the_claims_login_takes_the_device_up() {
    let mut world = World::new("");
    let login = world.gets(&Ask::global(OPERATOR), "FULL, global_first");
    assert!(world.auth().live.is_none() && world.auth().pin.is_some() && world.auth().allow_global);
    let decision = world.fetch(&Ask::own(&login));
    assert_eq!(follows(&decision.effects), ["device.confirmed"]);
    let auth = world.auth();
    assert_eq!(auth.live.as_ref().map(|live| &live.login), Some(&login));
    assert_eq!(auth.state(world.now).label(), "Authentication successful");
    assert!(auth.pin.is_none(), "the PIN is gone");
    assert!(!auth.allow_global, "the switch is at no");
    world.gets(&Ask::own(&login), "FULL, own");
    world.sees(&Ask::global(OPERATOR), "401, global_spent");
}

#[test]
fn a_delivered_login_never_ends_by_time_alone() {
    let mut world = World::new("");
    let login = world.hand_over();
    world.wait(Span::days(300));
    world.gets(&Ask::own(&login), "FULL, claim_cleared");
}

#[test]
fn until_take_up_the_same_claim_is_given_again_to_the_same_network_only() {
    let mut world = World::new("");
    let login = world.hand_over();
    assert_eq!(world.gets(&Ask::global(OPERATOR).from(NEXT_DOOR), "FULL, global_retry"), login);
    let decision = world.fetch(&Ask::global(OPERATOR).from(AWAY));
    assert_eq!(follows(&decision.effects), ["device.second_claimant"]);
    world.sees(&Ask::global(OPERATOR).from(AWAY), "401, second_claimant");
    assert_eq!(world.gets(&Ask::global(OPERATOR), "FULL, global_retry"), login);
}

#[test]
fn the_same_network_is_a_56_in_ipv6() {
    let mut world = World::new("");
    let login = world.gets(&Ask::global(OPERATOR).from(SIX), "FULL, global_first");
    assert_eq!(world.gets(&Ask::global(OPERATOR).from(SIX_NEAR), "FULL, global_retry"), login);
    world.sees(&Ask::global(OPERATOR).from(SIX_FAR), "401, second_claimant");
}

#[test]
fn one_click_gives_the_second_claimant_a_login_of_its_own_and_ends_the_first() {
    let mut world = World::new("");
    let first = world.hand_over();
    world.sees(&Ask::global(OPERATOR).from(AWAY), "401, second_claimant");
    world.allow_second_claimant(0).expect("somebody waits");
    let second = world.gets(&Ask::global(OPERATOR).from(AWAY), "FULL, global_retry");
    assert_ne!(first, second);
    assert_eq!(world.gets(&Ask::global(OPERATOR).from(AWAY), "FULL, global_retry"), second);
    world.sees(&Ask::global(OPERATOR), "401, second_claimant");
    world.sees(&Ask::own(&first), "401, reset_needed");
    world.gets(&Ask::own(&second).from(AWAY), "FULL, claim_cleared");
}

#[test]
fn a_suspension_follows_the_claimant_that_the_admin_let_in() {
    let mut world = World::new("login=none pin=required");
    world.suspend(0, None).expect("nobody to pick from");
    let first = world.gets(&Ask::front(), "FULL, suspended");
    world.sees(&Ask::front().from(AWAY), "401, second_claimant");
    world.allow_second_claimant(0).expect("somebody waits");
    let second = world.gets(&Ask::front().from(AWAY), "FULL, suspended");
    world.gets(&Ask::own(&first), "restricted (needed), needed");
    world.gets(&Ask::own(&second).from(AWAY), "FULL, claim_cleared");
}

#[test]
fn what_todays_policy_would_not_take_is_not_given_again() {
    let mut world = World::new("login=none pin=required");
    world.customers[0].trust.permanent.push("192.0.2.0/24".parse().expect("a network"));
    let trusted = world.gets(&Ask::front(), "FULL, trusted_permanent");
    world.policy("login=required pin=off");
    let login = world.gets(&Ask::global(OPERATOR), "FULL, global_first");
    assert_ne!(trusted, login, "the first proves no global login");
    world.wait(Span::minutes(16));
    world.sees(&Ask::global(OPERATOR), "401, global_spent");
    world.gets(&Ask::own(&login), "FULL, claim_cleared");
}

#[test]
fn nobody_waiting_is_nobody_to_allow() {
    let mut world = World::new("");
    world.hand_over();
    assert!(world.allow_second_claimant(0).is_err());
}

#[test]
fn the_window_counts_from_the_last_delivery_and_then_the_switch_burns() {
    let mut world = World::new("");
    let login = world.hand_over();
    for _ in 0..3 {
        world.wait(Span::minutes(14));
        world.gets(&Ask::global(OPERATOR), "FULL, global_retry");
    }
    world.wait(Span::minutes(16));
    world.sees(&Ask::global(OPERATOR), "401, global_spent");
    world.gets(&Ask::own(&login), "FULL, claim_cleared");
    assert!(!world.auth().allow_global);
}

#[test]
fn the_window_lasts_24_hours_at_most() {
    let mut world = World::new("retry_files=1000");
    world.hand_over();
    for _ in 0..(24 * 6 - 1) {
        world.wait(Span::minutes(10));
        world.gets(&Ask::global(OPERATOR), "FULL, global_retry");
    }
    world.wait(Span::minutes(11));
    world.sees(&Ask::global(OPERATOR), "401, global_spent");
}

#[test]
fn a_brands_own_retry_delay_lengthens_the_window() {
    let mut world = World::new("");
    world.brand.retry_delay = Span::minutes(20);
    world.hand_over();
    world.wait(Span::minutes(24));
    world.gets(&Ask::global(OPERATOR), "FULL, global_retry");
    world.wait(Span::minutes(26));
    world.sees(&Ask::global(OPERATOR), "401, global_spent");
}

#[test]
fn the_window_delivers_retry_files_times_at_most() {
    let mut world = World::new("retry_files=2");
    world.hand_over();
    world.gets(&Ask::global(OPERATOR), "FULL, global_retry");
    world.sees(&Ask::global(OPERATOR), "401, global_spent");
}

#[test]
fn rearm_turns_the_switch_back_to_yes() {
    let mut world = World::new("on_unconfirmed=rearm");
    let first = world.hand_over();
    world.wait(Span::minutes(16));
    let second = world.gets(&Ask::global(OPERATOR).from(AWAY), "FULL, global_first");
    assert_ne!(first, second);
    world.sees(&Ask::own(&first), "401, reset_needed");
    world.gets(&Ask::own(&second), "FULL, claim_cleared");
}

#[test]
fn a_retry_window_of_zero_is_dead_with_the_first_answer() {
    let mut world = World::new("retry_window=0s");
    let login = world.hand_over();
    world.sees(&Ask::global(OPERATOR), "401, global_spent");
    world.gets(&Ask::own(&login), "FULL, claim_cleared");
}

#[test]
fn a_retry_window_set_to_zero_meanwhile_is_dead_with_the_next_answer() {
    let mut world = World::new("on_unconfirmed=rearm");
    let login = world.hand_over();
    world.policy("on_unconfirmed=rearm retry_window=0s");
    assert_eq!(world.gets(&Ask::global(OPERATOR), "FULL, global_retry"), login);
    world.sees(&Ask::global(OPERATOR), "401, global_spent");
}

#[test]
fn in_two_steps_no_secret_leaves_on_the_shared_password_and_the_first_used_claim_wins() {
    let mut world = World::new("handover=two-step");
    let first = world.gets(&Ask::global(OPERATOR), "signpost, global_first");
    let second = world.gets(&Ask::global(OPERATOR), "signpost, global_retry");
    assert_ne!(first, second);
    world.gets(&Ask::own(&second), "FULL, claim_cleared");
    world.sees(&Ask::own(&first), "401, reset_needed");
    assert_eq!(world.auth().live.as_ref().map(|live| live.login.claim), Some(second.claim));
}

#[test]
fn simultaneous_first_fetches_earn_one_claim() {
    let mut world = World::new("");
    let logins: Vec<_> = (0..8).map(|_| world.hand_over()).collect();
    assert!(logins.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn killed_before_the_decision_is_stored_the_device_is_untouched() {
    let mut world = World::new("");
    let before = world.auth().clone();
    world.ask(&Ask::global(OPERATOR));
    assert_eq!(*world.auth(), before);
    world.gets(&Ask::global(OPERATOR), "FULL, global_first");
}

#[test]
fn killed_after_it_is_stored_a_retry_gets_the_same_claim() {
    let mut world = World::new("");
    let stored = world.hand_over();
    world.wait(MINUTE);
    assert_eq!(world.gets(&Ask::global(OPERATOR), "FULL, global_retry"), stored);
}

#[test]
fn after_confirm_within_the_delivery_is_listed_and_nothing_locks() {
    let mut world = World::new("confirm_within=2h");
    let login = world.hand_over();
    let policy = world.customers[0].policy.clone();
    assert_eq!(world.auth().login_state(&policy, world.now), LoginState::Pending);
    world.wait(Span::hours(3));
    assert_eq!(world.auth().login_state(&policy, world.now), LoginState::Unconfirmed);
    world.gets(&Ask::own(&login), "FULL, claim_cleared");
    assert_eq!(world.auth().login_state(&policy, world.now), LoginState::Confirmed);
}

#[test]
fn polls_are_quick_until_take_up_and_a_fixed_point_of_the_range_after() {
    let mut world = World::new("");
    let poll = |answer| if let Answer::Full { poll, .. } = answer { poll } else { panic!("{answer:?}") };
    assert_eq!(poll(world.fetch(&Ask::global(OPERATOR)).answer), Span::seconds(60));
    let login = world.hand_over();
    let ordinary = poll(world.fetch(&Ask::own(&login)).answer);
    assert!((Span::hours(4)..=Span::hours(6)).contains(&ordinary), "{ordinary}");
    world.wait(Span::hours(5));
    assert_eq!(poll(world.fetch(&Ask::own(&login)).answer), ordinary);
    world.brand.shortest_poll = Span::seconds(5);
    world.reset(0);
    assert_eq!(poll(world.fetch(&Ask::global(OPERATOR)).answer), Span::seconds(60), "never under 60 s");
}

#[test]
fn a_rotated_login_leaves_the_old_one_valid_until_take_up_and_15_minutes() {
    let mut world = World::new("");
    let old = world.provision();
    world.rotate(0).expect("live");
    let new = world.gets(&Ask::own(&old), "FULL, own");
    assert_ne!(old, new);
    world.wait(Span::days(30));
    assert_eq!(world.gets(&Ask::own(&old), "FULL, own"), new, "not taken up yet");
    world.gets(&Ask::own(&new), "FULL, claim_cleared");
    world.wait(Span::minutes(14));
    world.gets(&Ask::own(&old), "FULL, own");
    world.wait(Span::minutes(2));
    world.sees(&Ask::own(&old), "401, reset_needed");
    world.gets(&Ask::own(&new), "FULL, own");
}

#[test]
fn a_phone_without_a_login_of_its_own_has_none_to_rotate() {
    assert!(World::new("").rotate(0).is_err());
}

#[test]
fn a_login_set_by_hand_counts_as_granted_and_turns_the_switch_off() {
    for words in ["", "pin=required", "login=none pin=required", "certificate=require"] {
        let mut world = World::new(words);
        let login = world.set_by_hand(0, by_hand());
        assert!(!world.auth().allow_global);
        world.gets(&Ask::front().shows(Shown::Login(login.clone())), "FULL, claim_cleared");
        world.gets(&Ask::own(&login), "FULL, own");
    }
}

#[test]
fn a_login_set_by_hand_counts_at_the_door_that_the_phone_still_has() {
    let mut world = World::new("");
    let old = world.provision();
    let of_another = world.gets(&Ask::global(OPERATOR).to(1), "FULL, global_first");
    let typed = world.set_by_hand(0, by_hand());
    let proof = |world: &World, handle| {
        let (mac, device) = (Some(world.mac(0)), world.devices.first());
        let scene = Scene { mac, device, handle: Some(handle), globals: &world.globals, keys: &world.keys, now: world.now };
        candidates(&scene, &typed.user(&world.keys)).remove(0).proof
    };
    assert_eq!(proof(&world, old.claim), Proof::Claim(typed.claim));
    assert_eq!(proof(&world, of_another.claim), Proof::Wrong(Wrong::Device));
    world.gets(&Ask::own(&typed), "FULL, claim_cleared");
    assert_eq!(proof(&world, old.claim), Proof::Own(typed.clone()));
}

#[test]
fn a_login_set_by_hand_leaves_the_old_one_valid_until_take_up_and_15_minutes() {
    let mut world = World::new("");
    let old = world.provision();
    let new = world.set_by_hand(0, by_hand());
    world.wait(Span::days(3));
    world.gets(&Ask::own(&old), "FULL, own");
    world.gets(&Ask::own(&new), "FULL, claim_cleared");
    world.wait(Span::minutes(16));
    world.sees(&Ask::own(&old), "401, reset_needed");
}

#[test]
fn allowing_again_without_clearing_keeps_the_old_phone_until_the_new_one_is_taken_up() {
    let mut world = World::new("");
    let old = world.provision();
    world.allow(0, true);
    world.gets(&Ask::own(&old), "FULL, own");
    let new = world.gets(&Ask::global(OPERATOR).from(AWAY), "FULL, global_first");
    world.gets(&Ask::own(&old), "FULL, own");
    world.gets(&Ask::own(&new), "FULL, claim_cleared");
    world.wait(Span::minutes(14));
    world.gets(&Ask::own(&old), "FULL, own");
    world.wait(Span::minutes(2));
    world.sees(&Ask::own(&old), "401, reset_needed");
    world.sees(&Ask::global(OPERATOR), "401, global_spent");
}

#[test]
fn a_login_given_by_an_admin_inside_the_window_ends_it_and_the_switch() {
    for rotation in [true, false] {
        let mut world = World::new("");
        let own = world.provision();
        world.allow(0, true);
        world.gets(&Ask::global(OPERATOR).from(AWAY), "FULL, global_first");
        if rotation {
            world.rotate(0).expect("live");
        } else {
            world.set_by_hand(0, by_hand());
        }
        world.sees(&Ask::global(OPERATOR).from(AWAY), "401, global_spent");
        world.gets(&Ask::own(&own), "FULL, own");
    }
}

#[test]
fn turning_the_switch_to_no_ends_retries_at_once_but_not_the_delivered_login() {
    let mut world = World::new("");
    let login = world.hand_over();
    world.allow(0, false);
    world.sees(&Ask::global(OPERATOR), "401, global_spent");
    world.gets(&Ask::own(&login), "FULL, claim_cleared");
}

#[test]
fn a_new_hand_over_ends_the_earlier_login_that_was_not_taken_up() {
    let mut world = World::new("");
    let first = world.hand_over();
    world.wait(Span::hours(1));
    world.allow(0, true);
    let second = world.gets(&Ask::global(OPERATOR), "FULL, global_first");
    world.sees(&Ask::own(&first), "401, reset_needed");
    world.gets(&Ask::own(&second), "FULL, claim_cleared");
}

#[test]
fn a_spent_global_login_is_no_ground_that_a_later_policy_could_honour() {
    let mut world = World::new("login=none pin=required");
    world.allow(0, false);
    let login = world.gets(&Ask::global(OPERATOR), "restricted (needed), needed");
    world.policy("login=required pin=off");
    world.sees(&Ask::own(&login), "401, reset_needed");
    world.policy("login=required pin=required");
    world.gets(&Ask::own(&login), "restricted (resetneeded), reset_needed");
}

#[test]
fn revoking_a_global_login_ends_the_claims_it_earned_that_are_not_taken_up() {
    let mut world = World::new("");
    let pending = world.hand_over();
    world.globals[0].revoked = true;
    world.sees(&Ask::own(&pending), "401, reset_needed");
    world.globals[0].revoked = false;
    let live = world.gets(&Ask::own(&pending), "FULL, claim_cleared");
    world.globals[0].revoked = true;
    world.gets(&Ask::own(&live), "FULL, own");
}

#[test]
fn a_global_login_past_its_date_is_wrong_but_what_it_earned_stays() {
    let mut world = World::new("");
    let login = world.hand_over();
    world.globals[0].valid_until = Some(world.now + MINUTE);
    world.wait(Span::minutes(2));
    world.sees(&Ask::global(OPERATOR), "401, global_wrong");
    world.gets(&Ask::own(&login), "FULL, claim_cleared");
}

#[test]
fn two_global_logins_count_during_a_rotation_and_a_resellers_only_below_it() {
    let mut world = World::new("");
    world.gets(&Ask::global(SUCCESSOR), "FULL, global_first");
    world.gets(&Ask::global(RESELLER).to(1), "FULL, global_first");
    world.sees(&Ask::global(RESELLER).to(2), "401, global_wrong");
    world.sees(&Ask::global(FOREIGN).to(2), "401, global_wrong");
    world.gets(&Ask::global(OPERATOR).to(2), "FULL, global_first");
}

#[test]
fn too_many_first_contacts_from_one_address_raise_the_alarm_but_not_in_permanent_networks() {
    let mut world = World::new("first_contacts_per_hour=250");
    world.first_contacts = 249;
    world.gets(&Ask::global(OPERATOR), "FULL, global_first");
    world.first_contacts = 250;
    let decision = world.fetch(&Ask::global(OPERATOR).to(1));
    assert_eq!((decision.answer, follows(&decision.effects)), (Answer::Challenge { stale: false }, vec!["mass first contact".to_owned()]));
    world.customers[0].trust.permanent.push("192.0.2.0/24".parse().expect("a network"));
    world.gets(&Ask::global(OPERATOR).to(1), "FULL, global_first");
}

#[test]
fn four_former_logins_are_in_their_grace_at_most() {
    let mut world = World::new("");
    let mut logins = vec![world.provision()];
    for _ in 0..5 {
        world.rotate(0).expect("live");
        let next = world.gets(&Ask::own(&logins[logins.len() - 1]), "FULL, own");
        world.gets(&Ask::own(&next), "FULL, claim_cleared");
        logins.push(next);
    }
    world.sees(&Ask::own(&logins[0]), "401, reset_needed");
    for login in &logins[1..] {
        world.gets(&Ask::own(login), "FULL, own");
    }
}
