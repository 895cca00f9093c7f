//! The table of contacts, by a clock of its own.

use std::net::SocketAddr;

use domain::chance::Seeded;
use domain::claim::{Grounds, PlatformKeys};
use domain::login::GlobalId;
use domain::{Secret, Span};
use proptest::prelude::*;

use super::*;
use crate::stack::Transport;

const NOW: Time = Time::from_millis(1_795_305_600_000);

fn claim(mac: u32, seed: u64, grounds: Grounds) -> Claim {
    let keys = PlatformKeys::new(vec![Secret::new(vec![7; 32])]).unwrap();
    let [_, a, b, c] = mac.to_be_bytes();
    keys.issue(Mac::from_bytes([0, 0x15, 0x65, a, b, c]).unwrap(), 1, grounds, NOW, &mut Seeded::new(seed))
}

fn flow(peer: &str) -> Flow {
    let peer: SocketAddr = peer.parse().unwrap();
    Flow::nowhere(Transport::Udp, peer, "192.0.2.1:5060".parse().unwrap())
}

fn wanted(uri: &str, until: Option<Time>) -> Wanted {
    Wanted { uri: uri.to_owned(), identity: Identity::Address(uri.to_owned()), until }
}

/// A registration of one contact for ten minutes.
fn one(claim: Claim, peer: &str, uri: &str, cseq: u32) -> Registration {
    let flow = flow(peer);
    Registration {
        claim,
        address: flow.peer().ip(),
        flow,
        call_id: "call".into(),
        cseq,
        path: Vec::new(),
        agent: String::new(),
        asked: Asked::Contacts(vec![wanted(uri, Some(NOW + Span::minutes(10)))]),
    }
}

fn uris(table: &Table, claim: &Claim, now: Time) -> Vec<String> {
    let mut uris: Vec<_> = table.of_claim(claim, now).into_iter().map(|contact| contact.uri).collect();
    uris.sort();
    uris
}

#[test]
fn a_contact_comes_stays_and_goes() {
    let (mut table, claim) = (Table::default(), claim(1, 1, Grounds::default()));
    let peer = "198.51.100.7:5060";
    table.register(&one(claim, peer, "sip:a", 1), NOW).unwrap();
    assert_eq!(uris(&table, &claim, NOW), ["sip:a"]);
    let later = NOW + Span::minutes(5);
    let again = Asked::Contacts(vec![wanted("sip:a", Some(later + Span::minutes(10)))]);
    table.register(&Registration { asked: again, ..one(claim, peer, "", 2) }, later).unwrap();
    assert_eq!(table.len(), 1, "registered again, not twice");
    assert_eq!(uris(&table, &claim, NOW + Span::minutes(14)), ["sip:a"]);
    assert!(uris(&table, &claim, NOW + Span::minutes(15)).is_empty(), "it has ended");
    let end = Asked::Contacts(vec![wanted("sip:a", None)]);
    table.register(&Registration { asked: end, ..one(claim, peer, "", 3) }, later).unwrap();
    assert!(table.is_empty());
    assert!(table.by_flow.is_empty() && table.by_mac.is_empty() && table.by_address.is_empty() && table.by_end.is_empty());
}

#[test]
fn a_contact_named_twice_is_one() {
    let (mut table, claim) = (Table::default(), claim(1, 1, Grounds::default()));
    let twice = vec![wanted("sip:a", None), wanted("sip:a", Some(NOW + Span::minutes(1)))];
    table.register(&Registration { asked: Asked::Contacts(twice), ..one(claim, "198.51.100.7:5060", "", 1) }, NOW).unwrap();
    assert_eq!(uris(&table, &claim, NOW), ["sip:a"]);
    assert_eq!(table.len(), 1);
}

#[test]
fn what_comes_late_changes_nothing() {
    let (mut table, claim) = (Table::default(), claim(1, 1, Grounds::default()));
    let peer = "198.51.100.7:5060";
    table.register(&one(claim, peer, "sip:a", 5), NOW).unwrap();
    for asked in [Asked::Nothing, Asked::Contacts(vec![wanted("sip:b", Some(NOW + Span::hours(1))), wanted("sip:a", None)])] {
        let late = Registration { asked, ..one(claim, peer, "", 5) };
        assert_eq!(table.register(&late, NOW), Err(Refused::OutOfOrder));
    }
    assert_eq!(uris(&table, &claim, NOW), ["sip:a"], "all of it or nothing");
    let booted = Registration { call_id: "after a restart".into(), ..one(claim, peer, "sip:a", 1) };
    table.register(&booted, NOW).unwrap();
    assert_eq!(table.len(), 1, "a restart begins a new count");
}

#[test]
fn a_leave_under_the_old_call_id_ends_nothing_that_is_newer() {
    let (mut table, claim) = (Table::default(), claim(1, 1, Grounds::default()));
    let peer = "198.51.100.7:5060";
    table.register(&one(claim, peer, "sip:a", 1), NOW).unwrap();
    let anew = Registration { call_id: "anew".into(), ..one(claim, peer, "sip:a", 1) };
    table.register(&anew, NOW).unwrap();
    let leave = |cseq, call_id: &str| Registration {
        asked: Asked::Contacts(vec![wanted("sip:a", None)]),
        call_id: call_id.into(),
        ..one(claim, peer, "", cseq)
    };
    table.register(&leave(2, "call"), NOW + Span::seconds(1)).unwrap();
    assert_eq!(uris(&table, &claim, NOW), ["sip:a"]);
    table.register(&leave(2, "anew"), NOW + Span::seconds(1)).unwrap();
    assert!(table.is_empty(), "its own leave counts at once");
    table.register(&anew, NOW).unwrap();
    table.register(&leave(1, "after a restart"), NOW + Span::seconds(32)).unwrap();
    assert!(table.is_empty(), "and everybody's in the end");
}

#[test]
fn the_eleventh_contact_of_a_claim_takes_the_place_of_the_oldest() {
    let (mut table, claim) = (Table::default(), claim(1, 1, Grounds::default()));
    for handset in 0..11 {
        let at = NOW + Span::seconds(handset);
        table.register(&one(claim, "198.51.100.7:5060", &format!("sip:h{handset:02}"), 1), at).unwrap();
    }
    let left = uris(&table, &claim, NOW + Span::seconds(11));
    assert_eq!((left.len(), left[0].as_str()), (CONTACTS_PER_CLAIM_MAX, "sip:h01"));
}

#[test]
fn a_stranger_with_many_claims_pushes_out_his_own_contacts() {
    let mut table = Table::default();
    let owner = claim(1, 0, Grounds::default());
    table.register(&one(owner, "198.51.100.7:5060", "sip:owner", 1), NOW).unwrap();
    for seed in 1..200 {
        let at = NOW + Span::seconds(i64::try_from(seed).unwrap());
        table.register(&one(claim(1, seed, Grounds::default()), "203.0.113.9:5060", "sip:stranger", 1), at).unwrap();
    }
    assert_eq!(uris(&table, &owner, NOW), ["sip:owner"]);
    assert_eq!(table.of_mac(owner.mac, NOW).len(), CONTACTS_PER_MAC_MAX);
}

#[test]
fn when_an_address_is_full_the_unproved_go_first() {
    let mut table = Table::default();
    let proved = Grounds { global: Some(GlobalId(1)), ..Grounds::default() };
    let peer = "198.51.100.7:5060";
    table.register(&one(claim(1, 1, Grounds::default()), peer, "sip:first", 1), NOW).unwrap();
    let learned = claim(2, 2, Grounds::default());
    table.register(&one(learned, peer, "sip:added", 1), NOW).unwrap();
    table.learn(learned.mac, true);
    let now = NOW + Span::seconds(1);
    for mac in 3..=u32::try_from(CONTACTS_PER_ADDRESS_MAX).unwrap() + 1 {
        table.register(&one(claim(mac, 1, proved), peer, "sip:p", 1), now).unwrap();
    }
    assert!(table.of_mac(claim(1, 1, proved).mac, NOW).is_empty(), "nothing was proved of it, and it was the oldest");
    assert_eq!(uris(&table, &learned, NOW), ["sip:added"]);
    let newcomer = claim(1, 9, Grounds::default());
    assert_eq!(table.register(&one(newcomer, peer, "sip:late", 1), now), Err(Refused::Full));
    table.register(&one(newcomer, "198.51.100.8:5060", "sip:elsewhere", 1), now).unwrap();
}

#[test]
fn contacts_go_with_their_flow_and_are_found_by_network() {
    let mut table = Table::default();
    let (one_phone, other) = (claim(1, 1, Grounds::default()), claim(2, 2, Grounds::default()));
    table.register(&one(one_phone, "198.51.100.7:5060", "sip:a", 1), NOW).unwrap();
    table.register(&one(other, "[2001:db8:1:2::7]:5060", "sip:b", 1), NOW).unwrap();
    let found = |network: &str| table.macs_in(&network.parse().unwrap()).into_iter().collect::<Vec<_>>();
    assert_eq!(found("198.51.100.0/24"), [one_phone.mac]);
    assert_eq!(found("198.51.100.7/32"), [one_phone.mac]);
    assert_eq!(found("2001:db8:1:2::/64"), [other.mac]);
    assert_eq!(found("2001:db8:1:2::7/128"), [other.mac]);
    assert!(found("2001:db8:1:2::8/128").is_empty());
    assert!(found("198.51.100.8/32").is_empty());
    assert_eq!(table.close(flow("198.51.100.7:5060").id()), 1);
    assert_eq!(table.macs(), [other.mac]);
}

#[test]
fn a_dead_contact_goes_unless_it_came_back() {
    let (mut table, claim) = (Table::default(), claim(1, 1, Grounds::default()));
    table.register(&one(claim, "198.51.100.7:5060", "sip:a", 1), NOW).unwrap();
    let old = table.of_claim(&claim, NOW).remove(0);
    table.register(&one(claim, "198.51.100.7:5060", "sip:a", 2), NOW + Span::seconds(1)).unwrap();
    table.drop_contact(&old);
    assert_eq!(table.len(), 1);
    let new = table.of_claim(&claim, NOW).remove(0);
    table.drop_contact(&new);
    assert!(table.is_empty());
}

#[test]
fn an_account_that_ends_takes_its_contacts_along() {
    let (mut table, claim) = (Table::default(), claim(1, 1, Grounds::default()));
    table.register(&one(claim, "198.51.100.7:5060", "sip:a", 1), NOW).unwrap();
    table.cap(&claim, NOW + Span::minutes(1));
    assert_eq!(table.of_claim(&claim, NOW).len(), 1);
    table.sweep(NOW + Span::minutes(1));
    assert!(table.is_empty());
}

proptest! {
    #[test]
    fn the_indices_agree_whatever_happens(steps in prop::collection::vec((0u32..4, 0u64..3, 0u8..4, 0u8..5, 0i64..200), 1..150)) {
        let mut table = Table::default();
        let mut now = NOW;
        for (cseq, (mac, seed, host, act, step)) in (1..).zip(steps) {
            now = now + Span::seconds(step);
            let claim = claim(mac + 1, seed, Grounds::default());
            let peer = format!("198.51.100.{host}:5060");
            let until = now + Span::seconds(60);
            let asked = match act {
                0 => Asked::Nothing,
                1 => Asked::Contacts(vec![wanted("sip:a", None)]),
                _ => Asked::Contacts(vec![wanted("sip:a", Some(until)), wanted(&format!("sip:{act}"), Some(until))]),
            };
            let _ = table.register(&Registration { asked, ..one(claim, &peer, "", cseq) }, now);
            if act == 3 { table.close(flow(&peer).id()); }
            if act == 4 { table.learn(claim.mac, seed == 1); }
            let count = table.contacts.len();
            prop_assert_eq!(table.by_end.len(), count);
            prop_assert_eq!(table.by_standing.len(), count);
            prop_assert_eq!(table.by_claim.values().map(Vec::len).sum::<usize>(), count);
            prop_assert_eq!(table.by_mac.values().map(Vec::len).sum::<usize>(), count);
            prop_assert_eq!(table.by_flow.values().map(BTreeSet::len).sum::<usize>(), count);
            prop_assert_eq!(table.by_address.values().map(BTreeSet::len).sum::<usize>(), count);
            prop_assert!(table.contacts.values().all(|contact| contact.expires > now));
        }
    }
}
