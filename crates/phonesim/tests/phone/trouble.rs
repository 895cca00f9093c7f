//! Servers that are busy, broken, absent, or not who they say; and many phones at once.

use std::time::Duration;

use phonesim::{Behaviour, Identity, Outcome, Phone, Tls, Transcript, boot_all};

use crate::server::{Demand, Server};
use crate::{ACCOUNT, config, phone};

#[tokio::test]
async fn a_busy_server_is_asked_again_after_the_wait_it_wishes() {
    let server = Server::start(false).await;
    server.put("/cfg/001565aabbcc.boot", &config("include:config a.cfg"));
    server.put("/cfg/a.cfg", &config(ACCOUNT));
    server.script().busy = Some((2, "17"));
    let mut phone = phone(&server, "/cfg");
    let mut transcript = Transcript::default();
    assert_eq!(phone.boot(&mut transcript).await, Outcome::Configured);
    let boot = "001565aabbcc.boot";
    assert_eq!(transcript.outline(), [format!("{boot} 503"), format!("{boot} 503"), format!("{boot} 200"), "a.cfg 200".into()]);
    assert_eq!(transcript.to_string().matches("waits 17 s").count(), 2, "{transcript}");

    server.script().busy = Some((u32::MAX, "1"));
    server.take_seen();
    assert_eq!(phone.boot(&mut Transcript::default()).await, Outcome::ServerFailed);
    assert_eq!(server.take_seen().len(), 3, "three tries, then the phone leaves it");
    assert!(matches!(phone.display(), phonesim::Display::Ready { .. }), "and keeps what it has");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left_after_three_tries() {
    let server = Server::start(false).await;
    server.script().mute = true;
    let mut phone = phone(&server, "/cfg");
    let mut transcript = Transcript::default();
    assert_eq!(phone.boot(&mut transcript).await, Outcome::NoAnswer);
    assert_eq!(transcript.outline(), ["001565aabbcc.boot 0"; 3]);
    assert!(phone.display().says("Update failed"));
    assert_eq!(transcript.to_string().matches("waits 5 s").count(), 2, "{transcript}");
}

#[tokio::test]
async fn a_server_that_is_too_slow_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut phone = Phone::new(Identity::yealink_t46s("001565aabbcc".parse().unwrap()), Behaviour::unhurried(Tls::any()));
    // The listener never accepts: the system completes the connection, and no byte ever comes.
    phone.behaviour.client.answer_timeout = Duration::from_millis(20);
    phone.behaviour.attempts = 1;
    phone.menu().set_server(&format!("http://{}/cfg", listener.local_addr().unwrap()), "", "");
    let mut transcript = Transcript::default();
    assert_eq!(phone.boot(&mut transcript).await, Outcome::NoAnswer);
    assert!(transcript.to_string().contains("no answer in time"), "{transcript}");
}

#[tokio::test]
async fn a_file_without_its_first_line_is_refused() {
    let server = Server::start(false).await;
    server.put("/cfg/001565aabbcc.cfg", ACCOUNT);
    let mut phone = phone(&server, "/cfg");
    assert_eq!(phone.boot(&mut Transcript::default()).await, Outcome::BadFile);
    assert_eq!(phone.accounts(), []);
    server.put("/cfg/001565aabbcc.boot", "<html>not found</html>");
    assert_eq!(phone.boot(&mut Transcript::default()).await, Outcome::BadFile);
}

#[tokio::test]
async fn a_pass_that_stops_in_the_middle_takes_nothing_of_it() {
    let server = Server::start(false).await;
    server.put("/cfg/001565aabbcc.boot", &config("include:config a.cfg\ninclude:config b.cfg\noverwrite_mode = 1"));
    server.put("/cfg/a.cfg", &config("features.x = 1"));
    server.script().demands.insert("/cfg/b.cfg".into(), Demand::of("anna", "right"));
    let mut phone = phone(&server, "/cfg");
    assert_eq!(phone.boot(&mut Transcript::default()).await, Outcome::LoginWanted);
    assert_eq!(phone.flash().setting("features.x"), None);
}

#[tokio::test]
async fn certificates_are_checked_as_the_phone_is_set() {
    let server = Server::start(true).await;
    let stranger = Server::start(true).await;
    server.put("/cfg/001565aabbcc.cfg", &config(ACCOUNT));
    let named = server.url("/cfg").replace("127.0.0.1", "phones.example.com");
    let check = async |tls: Tls, url: &str, expected| {
        let mut phone = phone(&server, "/cfg");
        phone.behaviour = Behaviour::unhurried(tls);
        phone.behaviour.client.resolve = Some("127.0.0.1".parse().unwrap());
        phone.menu().set_server(url, "", "");
        assert_eq!(phone.boot(&mut Transcript::default()).await, expected, "{url}");
    };
    check(Tls::any(), &named, Outcome::Configured).await;
    check(server.trusted(false), &named, Outcome::Configured).await;
    check(server.trusted(false), &server.url("/cfg"), Outcome::Configured).await;
    check(server.trusted(true), &named, Outcome::Configured).await;
    check(server.trusted(true), &server.url("/cfg"), Outcome::NoAnswer).await;
    check(stranger.trusted(false), &named, Outcome::NoAnswer).await;
    check(Tls::authorities_tls12(server.authority.as_bytes(), true).unwrap(), &named, Outcome::Configured).await;
    assert!(Tls::authorities(b"no certificate", true).is_err());
}

#[tokio::test]
async fn a_device_certificate_is_shown_to_a_server_that_asks() {
    let server = Server::start(true).await;
    let (certificate, key) = server.maker.device();
    let mut phone = phone(&server, "/cfg");
    phone.boot(&mut Transcript::default()).await;
    assert_eq!(server.script().certificates, 0);
    for tls in [Tls::any(), Tls::authorities_tls12(server.authority.as_bytes(), false).unwrap()] {
        server.script().certificates = 0;
        phone.behaviour.client.tls = tls.presenting(certificate.as_bytes(), key.as_bytes()).unwrap();
        assert_eq!(phone.boot(&mut Transcript::default()).await, Outcome::NothingThere);
        assert_eq!(server.script().certificates, 4, "one for each of four connections");
    }
    assert!(Tls::any().presenting(certificate.as_bytes(), b"no key").is_err());
}

#[tokio::test]
async fn a_phone_may_refuse_plain_http() {
    let server = Server::start(false).await;
    let mut phone = phone(&server, "/cfg");
    phone.behaviour.plain_http = false;
    assert_eq!(phone.boot(&mut Transcript::default()).await, Outcome::NoAnswer);
    assert_eq!(server.take_seen(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_boots_at_once_and_comes_back_in_its_order() {
    let server = Server::start(true).await;
    let tls = Tls::any();
    let mut phones = Vec::new();
    for n in 0..200u16 {
        let mac = format!("001565aa{n:04x}");
        server.put(&format!("/cfg/{mac}.cfg"), &config(&format!("{ACCOUNT}\naccount.1.user_name = {n}")));
        let mut phone = Phone::new(Identity::yealink_t46s(mac.parse().unwrap()), Behaviour::unhurried(tls.clone()));
        phone.menu().set_server(&server.url("/cfg"), "", "");
        phones.push(phone);
    }
    let booted = boot_all(phones, 64).await;
    assert_eq!(booted.len(), 200);
    for (n, booted) in booted.iter().enumerate() {
        assert_eq!(booted.outcome, Outcome::Configured, "{}", booted.transcript);
        assert_eq!(booted.phone.accounts()[0].user, n.to_string());
    }
}
