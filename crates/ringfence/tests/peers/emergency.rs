//! Emergency calls through the service to trunks, which are SIPp.

use crate::baresip::{Baresip, Way};
use crate::house::{CUSTOMER, until};
use crate::scenario::{Scenario, WITH_EVENTS};
use crate::scene::{MAC, Scene};
use crate::sipp::{Run, Sipp, free};

/// Of the site, from a range for fiction.
const CALLER: &str = "+493023125000";
const SITE: &str = "Berlin";

/// A scene whose phone stands at a site with a number, and trunks, the first of which is asked first.
async fn with_trunks(trunks: &[std::net::SocketAddr]) -> Scene {
    let scene = Scene::open().await;
    scene.house.cli(&["site", "add", CUSTOMER, SITE, "--country", "DE", "--caller-number", CALLER]).await;
    scene.house.cli(&["device", "move", MAC, "--customer", CUSTOMER, "--site", SITE]).await;
    for (number, at) in trunks.iter().enumerate() {
        let (name, uri) = (format!("Trunk {number}"), format!("sip:{at};transport=udp"));
        scene.house.cli(&["trunk", "add", &name, &uri, "--priority", &(number + 1).to_string()]).await;
    }
    // The last one of each test answers.
    if let Some(last) = trunks.len().checked_sub(1) {
        is_up(&scene, &format!("Trunk {last}")).await;
    }
    scene
}

/// Waits until the server knows that a trunk answers.
async fn is_up(scene: &Scene, name: &str) {
    until(&format!("{name} is up"), async || {
        let trunks = scene.house.cli(&["trunk", "list"]).await;
        trunks.as_array().expect("trunks are a list").iter().any(|trunk| trunk["name"] == name && trunk["state"] == "up")
    })
    .await;
}

/// A trunk that runs this scenario for each call.
fn trunk(scenario: &Scenario, at: std::net::SocketAddr) -> Sipp {
    Run { at, ..Run::new(scenario, std::net::Ipv4Addr::LOCALHOST) }.start()
}

/// An address for a trunk, known before the house is.
fn at(number: u8) -> std::net::SocketAddr {
    free((std::net::Ipv4Addr::new(127, 30, number, 1), 0).into())
}

/// What every emergency call carries.
const MARKS: [(&str, &str); 2] = [("Priority", "emergency"), ("P-Asserted-Identity", CALLER_PATTERN)];
const CALLER_PATTERN: &str = "493023125000";

fn answered() -> Scenario {
    let up = Scenario::new("up").called(&MARKS).answer("180 Ringing", "", "").answer("200 OK", "", WITH_EVENTS);
    up.request_comes("ACK").request_comes("BYE").ok().pings()
}

fn registered(scene: &Scene) -> Scenario {
    // The service learns the phone's place at its registration.
    scene.scenario("emergency").register().pause(800)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_call_goes_to_the_trunk_with_the_number_of_the_site() {
    let at = at(1);
    let trunk = trunk(&answered(), at);
    let scene = with_trunks(&[at]).await;
    let call = registered(&scene).invite("112", WITH_EVENTS, "").taken().events("1").pause(600).hang_up();
    scene.phone(&call).done().await;
    let messages = trunk.close().await;
    assert!(messages.contains("INVITE sip:112@"), "{messages}");
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_call_without_a_registration_is_asked_once_who_it_is() {
    let at = at(2);
    let up =
        Scenario::new("up").called(&MARKS[..1]).answer("200 OK", "", WITH_EVENTS).request_comes("ACK").request_comes("BYE").ok().pings();
    let trunk = trunk(&up, at);
    let scene = with_trunks(&[at]).await;
    scene.phone(&scene.scenario("asked").dial("112", WITH_EVENTS).taken().pause(300).hang_up()).done().await;
    trunk.close().await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_trunk_takes_the_call_if_the_first_is_down_or_fails() {
    let (dead, failing, good) = (at(3), at(4), at(5));
    let fails = Scenario::new("fails").called(&[]).answer("503 Service Unavailable", "", "").request_comes("ACK").pings();
    let (failing_trunk, good_trunk) = (trunk(&fails, failing), trunk(&answered(), good));
    let scene = with_trunks(&[dead, failing, good]).await;
    scene.phone(&registered(&scene).invite("110", WITH_EVENTS, "").taken().pause(300).hang_up()).done().await;
    failing_trunk.close().await;
    assert!(good_trunk.close().await.contains("INVITE sip:110@"));
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn busy_is_told_to_the_caller() {
    let at = at(6);
    let busy = Scenario::new("busy").called(&MARKS).answer("486 Busy Here", "", "").request_comes("ACK").pings();
    let trunk = trunk(&busy, at);
    let scene = with_trunks(&[at]).await;
    let call = registered(&scene).invite("112", WITH_EVENTS, "").maybe(&[100, 180, 183]).status(486).refusal_seen().pause(200);
    scene.phone(&call).done().await;
    trunk.close().await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn early_media_reaches_the_caller_before_the_answer() {
    let at = at(7);
    let early = Scenario::new("early").called(&MARKS).answer("183 Session Progress", "", WITH_EVENTS).pause(700);
    let early = early.answer("200 OK", "", WITH_EVENTS).request_comes("ACK").request_comes("BYE").ok().pings();
    let trunk = trunk(&early, at);
    let scene = with_trunks(&[at]).await;
    let call = registered(&scene).invite("112", WITH_EVENTS, "").maybe(&[100, 180]);
    let phone = scene.phone(&call.status(183).taken().pause(300).hang_up());
    let messages = phone.done().await;
    let progress = messages.split("SIP/2.0 183").nth(1).expect("a 183");
    assert!(progress.split("message").next().unwrap_or_default().contains("m=audio"), "{messages}");
    trunk.close().await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_gives_up_is_out_and_so_is_the_trunk() {
    let at = at(8);
    let given_up = Scenario::new("given up").called(&MARKS).answer("180 Ringing", "", "").request_comes("CANCEL").ok();
    let given_up = given_up.answer("487 Request Terminated", "", "").request_comes("ACK").pings();
    let trunk = trunk(&given_up, at);
    let scene = with_trunks(&[at]).await;
    scene.phone(&gives_up(&scene)).done().await;
    trunk.close().await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_crosses_the_caller_s_giving_up_is_hung_up() {
    let at = at(9);
    let crossed = Scenario::new("crossed").called(&MARKS).answer("180 Ringing", "", "").request_comes("CANCEL");
    let crossed = crossed.ok().answer("200 OK", "", WITH_EVENTS).request_comes("ACK").request_comes("BYE").ok().pings();
    let trunk = trunk(&crossed, at);
    let scene = with_trunks(&[at]).await;
    scene.phone(&gives_up(&scene)).done().await;
    trunk.close().await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_that_wants_a_login_gets_it() {
    const CHALLENGE: &str = "Digest realm=\"trunk.example.com\", nonce=\"b1946ac92492d2347c6235b4d2611184\", algorithm=MD5, qop=\"auth\"\n";
    for proxy in [false, true] {
        let at = at(if proxy { 14 } else { 10 });
        let asks = Scenario::new("asks").called(&MARKS);
        let asked = if proxy {
            // SIPp checks the proof of the other header only.
            let asks = asks.answer("407 Proxy Authentication Required", &format!("Proxy-Authenticate: {CHALLENGE}"), "");
            asks.request_comes("ACK").called_again("Proxy-Authorization", "site-7")
        } else {
            let asks = asks.answer("401 Unauthorized", &format!("WWW-Authenticate: {CHALLENGE}"), "");
            asks.request_comes("ACK").login_comes("site-7", "trunk-secret-7")
        };
        let asks = asked.answer("200 OK", "", WITH_EVENTS).request_comes("ACK").request_comes("BYE").ok().pings();
        let trunk = trunk(&asks, at);
        let scene = with_trunks(&[]).await;
        scene.house.keep("trunk-secret-7");
        let (uri, secret) = (format!("sip:{at};transport=udp"), "trunk-secret-7\n");
        scene.house.cli_with_input(&["trunk", "add", "Trunk", &uri, "--user", "site-7", "--password-stdin"], secret).await;
        is_up(&scene, "Trunk").await;
        scene.phone(&registered(&scene).invite("112", WITH_EVENTS, "").taken().pause(300).hang_up()).done().await;
        trunk.close().await;
        scene.house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_goes_both_ways_through_the_relay_and_from_srtp_to_plain() {
    for (number, way) in [(11, Way { transport: "udp", srtp: false }), (12, Way { transport: "tls", srtp: true })] {
        let at = at(number);
        let trunk = trunk(&answered(), at);
        let scene = with_trunks(&[at]).await;
        let voice = scene.house.voice();
        let server = if way.transport == "tls" { voice.tls } else { voice.udp };
        let mut phone = Baresip::start(&scene.account, scene.house.neighbour(30), server, way, &scene.house.authority());
        phone.registered().await;
        tokio::time::sleep(std::time::Duration::from_millis(800)).await;
        phone.dial("112").await;
        phone.hears().await;
        phone.hang_up().await;
        phone.quit().await;
        trunk.close().await;
        scene.house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_emergency_calls_in_a_second_all_get_through() {
    let at = at(13);
    let up =
        Scenario::new("up").called(&MARKS[..1]).answer("200 OK", "", WITH_EVENTS).request_comes("ACK").request_comes("BYE").ok().pings();
    let trunk = trunk(&up, at);
    let scene = with_trunks(&[at]).await;
    // One phone that is registered makes them all, over its flow.
    let phone = free((scene.house.neighbour(20), 0).into());
    let register = scene.scenario("registered").register();
    Run { at: phone, ..scene.run(&register) }.start().done().await;
    let call = scene.scenario("many").invite("112", WITH_EVENTS, "").taken().pause(800).hang_up();
    let run = Run { at: phone, ..Run::new(&call, scene.house.neighbour(20)) };
    let run = run.with(&["-m", "50", "-r", "50", &scene.house.voice().udp.to_string()]);
    let messages = run.start().done().await;
    assert_eq!(messages.matches("BYE sip:").count(), 50, "each call was up, and ended");
    trunk.close().await;
    scene.house.close().await;
}

fn gives_up(scene: &Scene) -> Scenario {
    let ringing = registered(scene).invite("112", WITH_EVENTS, "").maybe(&[100]).status(180);
    ringing.cancel().status(200).status(487).refusal_seen().pause(200)
}
