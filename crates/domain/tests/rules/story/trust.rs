//! Sections 6 and 7: suspension, permanent networks, temporary windows.

use domain::Span;
use domain::login::Login;
use domain::trust::permanent_network;

use crate::told::follows;
use crate::world::{AWAY, Ask, NEXT_DOOR, OFFICE, OPERATOR, PRIVATE, SIX, SIX_NEAR, World, ip, policy};

const TELEPHONE: &str = "login=none pin=required";
const OFFICE_NETWORK: &str = "192.0.2.0/24";

/// The device gets its PIN keyed in and fetches its full config, both from there.
fn authenticate(world: &mut World, device: usize, address: &'static str) -> Login {
    let login = world.gets(&Ask::front().to(device).from(address), "restricted (needed), needed");
    let pin = world.pin_of(device);
    world.call(device, login.claim, address, &pin);
    world.gets(&Ask::own(&login).to(device).from(address), "FULL, claim_cleared")
}

fn trust(world: &mut World, network: &str) {
    world.customers[0].trust.permanent.push(network.parse().expect("a network"));
}

#[test]
fn a_suspension_serves_one_body_and_ends_with_its_take_up() {
    let mut world = World::new(TELEPHONE);
    world.suspend(0, None).expect("nobody to pick from");
    let login = world.gets(&Ask::front(), "FULL, suspended");
    world.sees(&Ask::front().from(AWAY), "401, second_claimant");
    world.gets(&Ask::own(&login), "FULL, claim_cleared");
    assert!(world.auth().suspension.is_none());
    world.sees(&Ask::front().from(AWAY), "401, reset_needed");
}

#[test]
fn a_suspension_ends_by_itself_after_30_minutes() {
    let mut world = World::new(TELEPHONE);
    world.suspend(0, None).expect("nobody to pick from");
    world.wait(Span::minutes(30));
    world.gets(&Ask::front(), "restricted (needed), needed");
}

#[test]
fn a_suspension_serves_failed_and_blocked_phones() {
    let mut world = World::new(TELEPHONE);
    let login = world.gets(&Ask::front(), "restricted (needed), needed");
    world.block(0, login.claim, OFFICE);
    world.gets(&Ask::own(&login), "restricted (blocked), blocked");
    let effects = world.suspend(0, None).expect("one claim in use");
    assert!(follows(&effects).contains(&"refetch".to_owned()), "{effects:?}");
    world.gets(&Ask::own(&login), "FULL, suspended");
}

#[test]
fn of_several_claims_in_use_the_admin_picks_one() {
    let mut world = World::new(TELEPHONE);
    let ours = world.gets(&Ask::front(), "restricted (needed), needed");
    let theirs = world.gets(&Ask::front().from(AWAY), "restricted (needed), needed");
    world.gets(&Ask::own(&ours), "restricted (needed), needed");
    world.gets(&Ask::own(&theirs).from(AWAY), "restricted (needed), needed");
    assert!(world.suspend(0, None).is_err());
    world.suspend(0, Some(OFFICE)).expect("ours came from there");
    world.gets(&Ask::own(&theirs).from(AWAY), "restricted (needed), needed");
    world.gets(&Ask::front().from(AWAY), "restricted (needed), needed");
    world.gets(&Ask::own(&ours), "FULL, suspended");
    world.gets(&Ask::own(&theirs).from(AWAY), "restricted (resetneeded), reset_needed");
}

#[test]
fn of_one_claim_in_use_the_suspension_serves_that_one() {
    let mut world = World::new(TELEPHONE);
    let login = world.gets(&Ask::front(), "restricted (needed), needed");
    world.gets(&Ask::own(&login), "restricted (needed), needed");
    world.suspend(0, None).expect("one claim in use");
    world.gets(&Ask::front().from(AWAY), "restricted (needed), needed");
    world.gets(&Ask::own(&login), "FULL, suspended");
}

#[test]
fn of_several_claims_from_the_picked_address_the_last_one_seen_is_served() {
    let mut world = World::new(TELEPHONE);
    let logins = [(); 2].map(|()| {
        let login = world.gets(&Ask::front(), "restricted (needed), needed");
        world.gets(&Ask::own(&login), "restricted (needed), needed");
        world.wait(Span::minutes(10));
        login
    });
    world.suspend(0, Some(OFFICE)).expect("they came from there");
    world.gets(&Ask::own(&logins[0]), "restricted (needed), needed");
    world.gets(&Ask::own(&logins[1]), "FULL, suspended");
}

#[test]
fn a_live_device_that_lost_its_login_is_served_by_a_suspension() {
    let mut world = World::new(&format!("{TELEPHONE} temporary_trust=off"));
    let old = authenticate(&mut world, 0, AWAY);
    world.suspend(0, None).expect("nobody to pick from");
    let new = world.gets(&Ask::front(), "FULL, suspended");
    world.gets(&Ask::own(&old).from(AWAY), "FULL, own");
    world.gets(&Ask::own(&new), "FULL, claim_cleared");
    world.wait(Span::minutes(16));
    world.gets(&Ask::own(&old).from(AWAY), "restricted (resetneeded), reset_needed");
}

#[test]
fn a_permanent_network_serves_needed_failed_blocked_and_lost_phones() {
    let mut world = World::new(TELEPHONE);
    let login = world.gets(&Ask::front(), "restricted (needed), needed");
    world.block(0, login.claim, OFFICE);
    trust(&mut world, OFFICE_NETWORK);
    world.gets(&Ask::own(&login), "FULL, trusted_permanent");
    world.gets(&Ask::front().from(NEXT_DOOR), "FULL, trusted_permanent");
    world.sees(&Ask::front().from(AWAY), "401, reset_needed");
}

#[test]
fn trust_of_one_customer_never_serves_a_device_of_another() {
    let mut world = World::new(TELEPHONE);
    trust(&mut world, OFFICE_NETWORK);
    authenticate(&mut world, 0, AWAY);
    world.gets(&Ask::front().to(2), "restricted (needed), needed");
    world.gets(&Ask::front().to(2).from(AWAY), "restricted (needed), needed");
}

#[test]
fn trust_live_says_which_trust_serves_live_devices() {
    for (value, permanent, temporary) in [("all", true, true), ("permanent", true, false), ("none", false, false)] {
        let mut world = World::new(&format!("{TELEPHONE} trust_live={value}"));
        authenticate(&mut world, 0, OFFICE);
        let served = |world: &World| crate::told::kind(&world.ask(&Ask::front()).answer) == "FULL";
        assert_eq!(served(&world), temporary, "{value}: its own window");
        world.customers[0].trust.windows.clear();
        trust(&mut world, OFFICE_NETWORK);
        assert_eq!(served(&world), permanent, "{value}: a permanent network");
    }
}

#[test]
fn wide_and_private_permanent_networks_are_refused_unless_forced() {
    let rules = policy("");
    for text in ["192.0.2.0/23", "10.1.2.0/24", "192.168.1.1", "2001:db8::/32", "0.0.0.0/0", "127.0.0.1", "office"] {
        assert!(permanent_network(text, &rules, false).is_err(), "{text}");
    }
    for (text, normal) in [
        ("192.0.2.77/24", OFFICE_NETWORK),
        ("192.0.2.77", "192.0.2.77/32"),
        ("192.0.2.77/255.255.255.240", "192.0.2.64/28"),
        ("2001:db8:1:2::5/56", "2001:db8:1::/56"),
    ] {
        assert_eq!(permanent_network(text, &rules, false).expect(text).to_string(), normal);
    }
    assert_eq!(permanent_network("10.1.2.0/8", &rules, true).expect("forced").to_string(), "10.0.0.0/8");
}

#[test]
fn a_claim_cleared_by_pin_opens_a_window_for_its_address() {
    let mut world = World::new(TELEPHONE);
    authenticate(&mut world, 0, OFFICE);
    world.gets(&Ask::front().to(1), "FULL, trusted_temporary");
    world.gets(&Ask::front().to(1).from(NEXT_DOOR), "restricted (needed), needed");
    world.gets(&Ask::front().to(2), "restricted (needed), needed");
    world.wait(Span::hours(9));
    world.reset(1);
    world.gets(&Ask::front().to(1), "restricted (needed), needed");
}

#[test]
fn only_a_pin_opens_a_window() {
    let mut world = World::new(TELEPHONE);
    world.suspend(0, None).expect("nobody to pick from");
    let login = world.gets(&Ask::front(), "FULL, suspended");
    world.gets(&Ask::own(&login), "FULL, claim_cleared");
    trust(&mut world, "198.51.100.0/24");
    let trusted = world.gets(&Ask::front().to(1).from(AWAY), "FULL, trusted_permanent");
    world.gets(&Ask::own(&trusted).to(1).from(AWAY), "FULL, claim_cleared");
    assert!(world.customers[0].trust.windows.is_empty());
}

#[test]
fn a_window_covers_a_64_in_ipv6() {
    let mut world = World::new(TELEPHONE);
    authenticate(&mut world, 0, SIX);
    world.gets(&Ask::front().to(1).from(SIX_NEAR), "restricted (needed), needed");
    world.gets(&Ask::front().to(1).from("2001:db8:1:1:ffff::9"), "FULL, trusted_temporary");
}

#[test]
fn each_full_config_from_there_extends_the_window() {
    let mut world = World::new(TELEPHONE);
    let login = authenticate(&mut world, 0, OFFICE);
    for _ in 0..5 {
        world.wait(Span::hours(6));
        let decision = world.fetch(&Ask::own(&login));
        assert_eq!(follows(&decision.effects), ["window", "trust.extended"]);
    }
    world.gets(&Ask::front().to(1), "FULL, trusted_temporary");
    world.wait(Span::hours(9));
    world.gets(&Ask::own(&login), "FULL, own");
    assert!(world.customers[0].trust.windows.iter().all(|window| window.ends <= world.now), "an ended window is not revived");
}

#[test]
fn a_brand_that_does_not_renew_trust_does_not() {
    let mut world = World::new(TELEPHONE);
    world.brand.renews_trust = false;
    let login = authenticate(&mut world, 0, OFFICE);
    world.wait(Span::hours(6));
    world.gets(&Ask::own(&login), "FULL, own");
    world.wait(Span::hours(3));
    world.gets(&Ask::front().to(1), "restricted (needed), needed");
}

#[test]
fn a_cap_ends_the_window_however_often_it_is_extended() {
    let mut world = World::new(&format!("{TELEPHONE} trust_cap=12h"));
    let login = authenticate(&mut world, 0, OFFICE);
    world.wait(Span::hours(7));
    world.gets(&Ask::own(&login), "FULL, own");
    world.wait(Span::hours(4));
    world.gets(&Ask::own(&login), "FULL, own");
    let end = world.customers[0].trust.windows[0].ends;
    assert_eq!(end, world.customers[0].trust.windows[0].opened + Span::hours(12));
    world.wait(Span::hours(2));
    world.gets(&Ask::front().to(1), "restricted (needed), needed");
}

#[test]
fn no_window_opens_for_private_or_shared_addresses_unless_the_policy_says_so() {
    for (words, address, shared, opens) in [
        ("", PRIVATE, false, false),
        ("trust_private=yes", PRIVATE, false, true),
        ("", OFFICE, true, false),
        ("trust_shared=yes", OFFICE, true, true),
        ("temporary_trust=off", OFFICE, false, false),
        ("", "127.0.0.1", false, false),
        ("", "100.64.1.1", false, false),
    ] {
        let mut world = World::new(&format!("{TELEPHONE} {words}"));
        if shared {
            world.shared.push(ip(address));
        }
        authenticate(&mut world, 0, address);
        assert_eq!(world.customers[0].trust.windows.len(), usize::from(opens), "{words:?} {address} shared={shared}");
    }
}

#[test]
fn after_own_login_waits_until_the_phone_has_come_back() {
    let mut world = World::new(&format!("{TELEPHONE} temporary_trust=after-own-login"));
    let login = authenticate(&mut world, 0, OFFICE);
    assert!(world.customers[0].trust.windows.is_empty());
    world.gets(&Ask::own(&login), "FULL, own");
    assert_eq!(world.customers[0].trust.windows.len(), 1);
    world.gets(&Ask::front().to(1), "FULL, trusted_temporary");
}

#[test]
fn a_window_serves_no_device_that_was_reset_after_its_last_pin_success() {
    let mut world = World::new(TELEPHONE);
    let login = authenticate(&mut world, 0, OFFICE);
    world.wait(Span::minutes(10));
    world.reset(1);
    world.gets(&Ask::front().to(1), "restricted (needed), needed");
    world.wait(Span::minutes(10));
    world.gets(&Ask::own(&login), "FULL, own");
    world.gets(&Ask::front().to(1), "restricted (needed), needed");
    world.wait(Span::minutes(10));
    world.reset(0);
    let pin = world.pin();
    world.call(0, login.claim, OFFICE, &pin);
    world.gets(&Ask::own(&login), "FULL, claim_cleared");
    world.gets(&Ask::front().to(1), "FULL, trusted_temporary");
}

#[test]
fn a_window_serves_no_blocked_device() {
    let mut world = World::new(TELEPHONE);
    let login = world.gets(&Ask::front().to(1), "restricted (needed), needed");
    world.block(1, login.claim, OFFICE);
    authenticate(&mut world, 0, OFFICE);
    world.gets(&Ask::own(&login).to(1), "restricted (blocked), blocked");
    world.gets(&Ask::front().to(1), "restricted (blocked), blocked");
}

#[test]
fn a_stranger_blocked_elsewhere_does_not_shut_the_owner_out_of_a_window() {
    let mut world = World::new(TELEPHONE);
    let stranger = world.gets(&Ask::front().to(1).from(AWAY), "restricted (needed), needed");
    world.block(1, stranger.claim, AWAY);
    authenticate(&mut world, 0, OFFICE);
    world.gets(&Ask::front().to(1), "FULL, trusted_temporary");
}

#[test]
fn switching_temporary_trust_off_closes_open_windows() {
    let mut world = World::new(TELEPHONE);
    authenticate(&mut world, 0, OFFICE);
    world.policy(&format!("{TELEPHONE} temporary_trust=off"));
    world.gets(&Ask::front().to(1), "restricted (needed), needed");
}

#[test]
fn trust_replaces_the_pin_and_not_the_global_login() {
    let mut world = World::new("login=required pin=required");
    trust(&mut world, OFFICE_NETWORK);
    world.sees(&Ask::front(), "401, login_required");
    world.gets(&Ask::global(OPERATOR), "FULL, trusted_permanent");
}
