//! Proofs of throw-away accounts.

use std::net::{IpAddr, Ipv4Addr};

use domain::Mac;
use domain::chance::Seeded;
use domain::claim::Grounds;
use wire::challenge::{Challenge, DigestChallenge, parse};
use wire::digest::{answer, response};

use super::*;
use crate::limits::{WRONG_ANSWER_FORGIVEN, WRONG_ANSWERS};

const REALM: &str = "phones.example.com";
const NOW: Time = Time::from_millis(1_795_305_600_000);
const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

fn keys(byte: u8) -> Arc<PlatformKeys> {
    Arc::new(PlatformKeys::new(vec![Secret::new(vec![byte; 32])]).unwrap())
}

fn accounts() -> Accounts {
    Accounts::new(REALM, keys(7)).offering(Offer::ALGORITHMS)
}

fn claim(accounts: &Accounts, seed: u64) -> Claim {
    let mac: Mac = "001565000001".parse().unwrap();
    accounts.keys.issue(mac, 1, Grounds::default(), NOW, &mut Seeded::new(seed))
}

fn challenges(accounts: &Accounts, now: Time) -> Vec<DigestChallenge> {
    let values = accounts.challenges(false, SOURCE, now, &mut Seeded::new(now.millis().unsigned_abs()));
    let one = |value: &String| match &parse(value.as_bytes()).unwrap()[..] {
        [Challenge::Digest(challenge)] => challenge.clone(),
        other => panic!("one Digest challenge in each field, not {other:?}"),
    };
    values.iter().map(one).collect()
}

fn prove(accounts: &Accounts, authorization: &[&str], now: Time) -> Proof {
    accounts.judge(shown(authorization), now)
}

fn shown<'a>(authorization: &'a [&'a str]) -> Shown<'a, impl IntoIterator<Item = &'a str>> {
    Shown { method: "REGISTER", authorization: authorization.iter().copied(), secure: false, source: SOURCE }
}

fn answered(accounts: &Accounts, claim: &Claim, challenge: &DigestChallenge, nc: u32) -> String {
    let (user, password) = (accounts.user(claim), accounts.password(claim));
    answer(challenge, &user, password.expose(), "REGISTER", "sip:phones.example.com", nc, "c0ffee")
}

#[test]
fn both_hashes_are_offered_and_taken() {
    let accounts = accounts();
    let claim = claim(&accounts, 1);
    let offered = challenges(&accounts, NOW);
    assert_eq!(offered.iter().map(|one| one.algorithm).collect::<Vec<_>>(), [Algorithm::Sha256, Algorithm::Md5]);
    for challenge in &offered {
        assert_eq!(challenge.realm, REALM);
        let nc = if challenge.algorithm == Algorithm::Md5 { 1 } else { 2 };
        assert_eq!(prove(&accounts, &[&answered(&accounts, &claim, challenge, nc)], NOW), Proof::Claim(claim));
    }
}

#[test]
fn old_phones_are_shown_md5_alone_and_sha_256_is_taken_all_the_same() {
    let accounts = Accounts::new(REALM, keys(7));
    let claim = claim(&accounts, 1);
    let [md5] = &challenges(&accounts, NOW)[..] else { panic!("one challenge") };
    assert_eq!(md5.algorithm, Algorithm::Md5);
    let sha256 = DigestChallenge { algorithm: Algorithm::Sha256, ..md5.clone() };
    assert_eq!(prove(&accounts, &[&answered(&accounts, &claim, &sha256, 1)], NOW), Proof::Claim(claim));
}

#[test]
fn a_phone_that_answers_both_challenges_at_once_is_proved() {
    let accounts = accounts();
    let claim = claim(&accounts, 1);
    let offered = challenges(&accounts, NOW);
    let both: Vec<_> = offered.iter().map(|challenge| answered(&accounts, &claim, challenge, 1)).collect();
    assert_eq!(prove(&accounts, &[&both[0], &both[1]], NOW), Proof::Claim(claim));
}

#[test]
fn an_answer_counts_once_and_a_stale_nonce_is_no_wrong_password() {
    let accounts = accounts();
    let claim = claim(&accounts, 1);
    let [sha256, _] = &challenges(&accounts, NOW)[..] else { panic!("two challenges") };
    let first = answered(&accounts, &claim, sha256, 1);
    assert_eq!(prove(&accounts, &[&first], NOW), Proof::Claim(claim));
    assert_eq!(prove(&accounts, &[&first], NOW), Proof::Stale, "repeated");
    let late = NOW + domain::Span::hours(2);
    let second = answered(&accounts, &claim, sha256, 2);
    assert_eq!(prove(&accounts, &[&second], late), Proof::Stale);
    assert!(accounts.challenges(true, SOURCE, late, &mut Seeded::new(1)).iter().all(|value| value.ends_with("stale=true")));
}

#[test]
fn an_emergency_call_may_come_with_what_it_has() {
    let accounts = accounts();
    let claim = claim(&accounts, 1);
    let [_, md5] = &challenges(&accounts, NOW)[..] else { panic!("two challenges") };
    let used = answered(&accounts, &claim, md5, 1);
    assert_eq!(prove(&accounts, &[&used], NOW), Proof::Claim(claim));
    let later = NOW + domain::Span::minutes(50);
    assert_eq!(accounts.judge_emergency(shown(&[&used]), later), Proof::Claim(claim));
    let wrong = used.replace("c0ffee", "decaff");
    assert_eq!(accounts.judge_emergency(shown(&[&wrong]), later), Proof::Wrong);
}

#[test]
fn wrong_is_wrong() {
    let accounts = accounts();
    let (one, other) = (claim(&accounts, 1), claim(&accounts, 2));
    let [_, md5] = &challenges(&accounts, NOW)[..] else { panic!("two challenges") };
    let (user, password) = (accounts.user(&one), accounts.password(&one));
    let with = |user: &str, password: &str, method: &str| answer(md5, user, password, method, "sip:x", 1, "c");
    for (what, value) in [
        ("another claim's password", with(&user, accounts.password(&other).expose(), "REGISTER")),
        ("another method", with(&user, password.expose(), "INVITE")),
        ("the empty password of nobody", with("somebody", "", "REGISTER")),
        ("a token that was tampered with", with(&format!("{}x", &user[..31]), password.expose(), "REGISTER")),
        ("a digest that cannot be read", "Digest username=\"x\"".to_owned()),
    ] {
        assert_eq!(prove(&accounts, &[&value], NOW), Proof::Wrong, "{what}");
    }
    assert_eq!(prove(&accounts, &[&with(&user, password.expose(), "REGISTER")], NOW), Proof::Claim(one), "and nothing was used up");
}

#[test]
fn what_is_meant_for_another_realm_says_nothing() {
    let accounts = accounts();
    let claim = claim(&accounts, 1);
    let [_, md5] = &challenges(&accounts, NOW)[..] else { panic!("two challenges") };
    let foreign = DigestChallenge { realm: "proxy.example.com".into(), ..md5.clone() };
    let foreign = answered(&accounts, &claim, &foreign, 1);
    assert_eq!(prove(&accounts, &[], NOW), Proof::Nothing);
    assert_eq!(prove(&accounts, &[&foreign], NOW), Proof::Nothing);
    assert_eq!(prove(&accounts, &["Basic QTpC"], NOW), Proof::Nothing);
    assert_eq!(prove(&accounts, &[&foreign, &answered(&accounts, &claim, md5, 1)], NOW), Proof::Claim(claim));
}

#[test]
fn nonces_are_every_nodes_and_no_other_platforms() {
    let (here, there, elsewhere) = (accounts(), accounts(), Accounts::new(REALM, keys(8)).offering(Offer::ALGORITHMS));
    let claim = claim(&here, 1);
    let [_, md5] = &challenges(&there, NOW)[..] else { panic!("two challenges") };
    assert_eq!(prove(&here, &[&answered(&here, &claim, md5, 1)], NOW), Proof::Claim(claim));
    let [_, foreign] = &challenges(&elsewhere, NOW)[..] else { panic!("two challenges") };
    assert_eq!(prove(&here, &[&answered(&here, &claim, foreign, 1)], NOW), Proof::Stale);
}

#[test]
fn the_form_without_a_count_is_for_tls_only() {
    let accounts = accounts();
    let claim = claim(&accounts, 1);
    let [_, md5] = &challenges(&accounts, NOW)[..] else { panic!("two challenges") };
    let old = answered(&accounts, &claim, &DigestChallenge { qop_auth: false, ..md5.clone() }, 1);
    assert_eq!(prove(&accounts, &[&old], NOW), Proof::Wrong);
    let secure = Shown { method: "REGISTER", authorization: [old.as_str()], secure: true, source: SOURCE };
    assert_eq!(accounts.judge(secure, NOW), Proof::Claim(claim));
}

#[test]
fn wrong_answers_slow_their_source_and_nobody_else() {
    let accounts = accounts();
    let claim = claim(&accounts, 1);
    let user = accounts.user(&claim);
    let [_, md5] = &challenges(&accounts, NOW)[..] else { panic!("two challenges") };
    for nc in 1..=u32::try_from(WRONG_ANSWERS).unwrap() {
        let wrong = answer(md5, &user, "guess", "REGISTER", "sip:x", nc, "c");
        assert_eq!(prove(&accounts, &[&wrong], NOW), Proof::Wrong);
    }
    let right = answered(&accounts, &claim, md5, 1);
    assert_eq!(prove(&accounts, &[&right], NOW), Proof::Wrong, "not even looked at");
    assert_eq!(accounts.judge_emergency(shown(&[&right]), NOW), Proof::Claim(claim), "an emergency call is");
    for nc in 1..=u32::try_from(WRONG_ANSWERS).unwrap() {
        let wrong = answer(md5, &user, "guess", "REGISTER", "sip:x", nc, "c");
        assert_eq!(prove(&accounts, &[&wrong], NOW), Proof::Wrong);
    }
    let elsewhere = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 8));
    let other = Shown { method: "REGISTER", authorization: [right.as_str()], secure: false, source: elsewhere };
    assert_eq!(accounts.judge(other, NOW), Proof::Claim(claim));
    let again = answered(&accounts, &claim, md5, 2);
    assert_eq!(prove(&accounts, &[&again], NOW + WRONG_ANSWER_FORGIVEN), Proof::Claim(claim));
}

#[test]
fn a_nonce_is_good_only_where_it_was_asked_for() {
    let accounts = accounts();
    let claim = claim(&accounts, 1);
    let [_, md5] = &challenges(&accounts, NOW)[..] else { panic!("two challenges") };
    let from = |source: [u8; 4], answer: &str| {
        accounts.judge(Shown { method: "REGISTER", authorization: [answer], secure: false, source: source.into() }, NOW)
    };
    let lie = [198, 51, 100, 1];
    for nc in 1..=2 * u32::try_from(WRONG_ANSWERS).unwrap() {
        let wrong = answer(md5, &accounts.user(&claim), "guess", "REGISTER", "sip:x", nc, "c");
        assert_eq!(from(lie, &wrong), Proof::Stale, "counted against nobody");
    }
    let right = answered(&accounts, &claim, md5, 1);
    assert_eq!(from(lie, &right), Proof::Stale);
    let there = Shown { method: "REGISTER", authorization: [right.as_str()], secure: false, source: lie.into() };
    assert_eq!(accounts.judge_emergency(there, NOW), Proof::Stale);
    assert_eq!(from([192, 0, 2, 200], &right), Proof::Claim(claim), "the same carrier's or proxy's other address");
}

#[test]
fn an_account_can_be_checked_elsewhere() {
    let accounts = accounts();
    let claim = claim(&accounts, 1);
    let account = accounts.account(&accounts.user(&claim)).unwrap();
    assert_eq!((account.claim, account.realm.as_str()), (claim, REALM));
    assert_eq!(account.ha1_sha256.expose().len(), 64);
    let [_, md5] = &challenges(&accounts, NOW)[..] else { panic!("two challenges") };
    let exchange = wire::digest::Exchange {
        algorithm: Algorithm::Md5,
        method: "REGISTER",
        uri: "sip:phones.example.com",
        nonce: &md5.nonce,
        counted: Some(("00000001", "c0ffee")),
    };
    let theirs = response(&wire::digest::Ha1::parse(account.ha1_md5.expose()).unwrap(), &exchange);
    let ours = answered(&accounts, &claim, md5, 1);
    assert!(ours.contains(theirs.as_str()));
    assert!(accounts.account("somebody").is_none());
}
