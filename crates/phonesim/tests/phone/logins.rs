//! Logins: when they are sent, in which form, and what a refusal looks like.

use phonesim::{Display, LoginHabit, Outcome, Phone, Scheme, SentLogin, Transcript};
use wire::digest::Algorithm;

use crate::server::{Demand, Server};
use crate::{ACCOUNT, config, phone};

/// A server with one file that wants `anna` and `right`, and a phone that has this login.
async fn guarded(secure: bool) -> (Server, Phone) {
    let server = Server::start(secure).await;
    server.put("/cfg/001565aabbcc.cfg", &config(ACCOUNT));
    server.script().demands.insert("/cfg/001565aabbcc.".into(), Demand::of("anna", "right"));
    let mut phone = phone(&server, "/cfg");
    phone.menu().set_server(&server.url("/cfg"), "anna", "right");
    (server, phone)
}

/// Boots and compares what the server saw, without numbers of connections.
async fn check(server: &Server, phone: &mut Phone, outcome: Outcome, expected: &[&str]) {
    let mut transcript = Transcript::default();
    assert_eq!(phone.boot(&mut transcript).await, outcome, "{transcript}");
    let seen: Vec<_> = server.take_seen().iter().map(|line| line.split_once(' ').unwrap().1.replace("/cfg/001565aabbcc.", "")).collect();
    let seen: Vec<_> = seen.iter().filter(|line| !line.contains("/cfg/y0")).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_login_goes_out_only_after_a_challenge_and_uses_of_a_nonce_are_counted() {
    let (server, mut phone) = guarded(false).await;
    let expected = ["GET boot -> 401", "GET boot MD5 n1/1 -> 404", "GET cfg -> 401", "GET cfg MD5 n1/2 -> 200"];
    check(&server, &mut phone, Outcome::Configured, &expected).await;
}

#[tokio::test]
async fn the_strongest_scheme_that_a_phone_knows_is_used() {
    let (server, mut phone) = guarded(true).await;
    let cases: [(Scheme, &'static [Algorithm], bool, &str); 6] = [
        (Scheme::Sha256, &[Algorithm::Sha256, Algorithm::Md5], true, "SHA-256 n1/"),
        (Scheme::Md5, &[Algorithm::Sha256, Algorithm::Md5], true, "MD5 n1/"),
        (Scheme::Basic, &[Algorithm::Sha256, Algorithm::Md5], true, "Basic ->"),
        (Scheme::Sha256, &[Algorithm::Md5Sess], true, "MD5-sess n1/"),
        (Scheme::Sha256, &[], true, "Basic ->"),
        (Scheme::Md5, &[Algorithm::Sha256Sess, Algorithm::Md5Sess], false, "MD5-sess n1/"),
    ];
    for (strongest, algorithms, basic, expected) in cases {
        let demand = Demand { algorithms, basic, ..Demand::of("anna", "right") };
        server.script().demands.insert("/cfg/001565aabbcc.".into(), demand);
        phone.behaviour.strongest = strongest;
        let outcome = phone.boot(&mut Transcript::default()).await;
        assert!(matches!(outcome, Outcome::Configured | Outcome::Unchanged), "{strongest:?} {outcome:?}");
        let seen = server.take_seen();
        assert!(seen.last().unwrap().contains(expected), "{strongest:?} {seen:?}");
    }
    phone.behaviour.strongest = Scheme::Basic;
    assert_eq!(phone.boot(&mut Transcript::default()).await, Outcome::LoginWanted, "no scheme offered is known");
}

#[tokio::test]
async fn a_kept_challenge_is_answered_again_unasked() {
    let (server, mut phone) = guarded(false).await;
    phone.behaviour.login_habit = LoginHabit::KeepsChallenge;
    // Uses 2 and 3 go to files that want no login.
    check(&server, &mut phone, Outcome::Configured, &["GET boot -> 401", "GET boot MD5 n1/1 -> 404", "GET cfg MD5 n1/4 -> 200"]).await;
    let mut transcript = Transcript::default();
    phone.resync(&mut transcript).await;
    assert_eq!(transcript.outline()[0], "001565aabbcc.boot 404", "kept as long as the phone is on");
    server.take_seen();
    check(&server, &mut phone, Outcome::Unchanged, &["GET boot -> 401", "GET boot MD5 n1/1 -> 404", "GET cfg MD5 n1/4 -> 200"]).await;
}

#[tokio::test]
async fn basic_may_go_out_at_once_and_still_gives_way_to_digest() {
    let (server, mut phone) = guarded(true).await;
    phone.behaviour.login_habit = LoginHabit::BasicAtOnce;
    check(&server, &mut phone, Outcome::Configured, &["GET boot Basic -> 404", "GET cfg Basic -> 200"]).await;
    phone.menu().set_login("anna", "wrong");
    check(&server, &mut phone, Outcome::LoginWanted, &["GET boot Basic -> 401", "GET boot MD5 n1/1 -> 401"]).await;
}

#[tokio::test]
async fn a_stale_nonce_costs_one_more_round_and_asks_nobody() {
    let (server, mut phone) = guarded(false).await;
    phone.behaviour.login_habit = LoginHabit::KeepsChallenge;
    server.script().nonce_uses = Some(1);
    let expected = ["GET boot -> 401", "GET boot MD5 n1/1 -> 404", "GET cfg MD5 n1/4 -> 401", "GET cfg MD5 n2/1 -> 200"];
    check(&server, &mut phone, Outcome::Configured, &expected).await;
    server.script().nonce_uses = Some(0);
    phone.behaviour.login_habit = LoginHabit::AfterChallenge;
    let endless = ["GET boot -> 401", "GET boot MD5 n3/1 -> 401", "GET boot MD5 n4/1 -> 401"];
    check(&server, &mut phone, Outcome::LoginWanted, &endless).await;
}

#[tokio::test]
async fn a_phone_without_login_asks_the_person_and_goes_on_with_what_is_typed() {
    let (server, _) = guarded(false).await;
    let mut phone = phone(&server, "/cfg");
    check(&server, &mut phone, Outcome::LoginWanted, &["GET boot -> 401"]).await;
    assert_eq!(phone.display(), Display::LoginPrompt);

    let mut transcript = Transcript::default();
    assert_eq!(phone.answer_prompt("anna", "wrong", &mut transcript).await, Outcome::LoginWanted);
    assert_eq!(phone.display(), Display::LoginPrompt);
    assert_eq!(phone.answer_prompt("anna", "right", &mut transcript).await, Outcome::Configured);
    assert!(matches!(phone.display(), Display::Ready { .. }));
    let sent: Vec<_> = transcript.exchanges().filter(|exchange| exchange.login != SentLogin::None).collect();
    assert_eq!((sent[0].summary.as_str(), sent[1].status), ("this login is refused", Some(404)));
}

#[tokio::test]
async fn nobody_answers_and_a_phone_without_display_cannot_ask() {
    let (server, _) = guarded(false).await;
    let mut phone = phone(&server, "/cfg");
    phone.boot(&mut Transcript::default()).await;
    phone.menu().cancel_prompt();
    assert_eq!(phone.display(), Display::Text(vec!["No Service".into()]));
    phone.behaviour.prompts_for_login = false;
    assert_eq!(phone.boot(&mut Transcript::default()).await, Outcome::LoginWanted);
    assert_ne!(phone.display(), Display::LoginPrompt);
}

#[tokio::test]
async fn a_login_in_the_address_is_used_and_another_server_gets_none() {
    let (server, mut phone) = guarded(false).await;
    let other = Server::start(false).await;
    other.script().demands.insert("/".into(), Demand::of("anna", "right"));
    phone.menu().set_server(&server.url("/cfg").replace("://", "://anna:right@"), "", "");
    assert_eq!(phone.boot(&mut Transcript::default()).await, Outcome::Configured);

    phone.menu().set_server(&server.url("/cfg"), "anna", "right");
    server.put("/cfg/001565aabbcc.boot", &config(&format!("include:config {}", other.url("/x.cfg"))));
    assert_eq!(phone.boot(&mut Transcript::default()).await, Outcome::LoginWanted);
    assert_eq!(other.take_seen(), ["1 GET /x.cfg -> 401"], "the login of one server is not offered to another");
}

#[tokio::test]
async fn no_secret_is_ever_printed() {
    let (server, mut phone) = guarded(false).await;
    let mut transcript = Transcript::default();
    phone.menu().set_server(&server.url("/cfg/k/path-secret"), "anna", "typed-secret");
    phone.boot(&mut transcript).await;
    phone.menu().set_server(&server.url("/cfg").replace("://", "://anna:right@"), "", "");
    phone.boot(&mut transcript).await;
    let printed = format!("{transcript}{transcript:?}{phone:?}{:?}", phone.display());
    for secret in ["path-secret", "typed-secret", "line-secret", "right@", ":right"] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
    assert!(printed.contains("GET /cfg/k/***/001565aabbcc.boot"), "{printed}");
}
