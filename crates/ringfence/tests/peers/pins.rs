//! PINs keyed in on SIPp, by every way there is; right ones, wrong ones, and what the phone is told then.

use std::f64::consts::TAU;

use wire::g711::Codec;

use crate::scenario::{Scenario, TONES_ONLY, WITH_EVENTS};
use crate::scene::{MAC, Scene, in_order};

/// How long a phone stays after the call to be told to fetch.
const LINGER: u32 = 8_000;

/// Runs a call that keys in the right PIN, then looks at all that must follow.
async fn clears(scene: &Scene, scenario: &Scenario, arguments: &[&str], server: std::net::SocketAddr) {
    let run = crate::sipp::Run::new(scenario, scene.house.neighbour(20)).calling(server);
    let mut phone = run.with(arguments).start();
    phone.sees("NOTIFY sip:").await;
    scene.is_cleared().await;
    let messages = phone.done().await;
    // The service ends the call; only then, and once that is answered, the phone is told to fetch.
    in_order(&messages, &["BYE sip:", "SIP/2.0 200 OK", "NOTIFY sip:", "check-sync", "SIP/2.0 200 OK"]);
    let calls = scene.house.cli(&["device", "calls", MAC]).await;
    let calls = calls.as_array().expect("calls are a list");
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert!(calls[0]["ended"].is_string() && calls[0]["dialled"].is_string(), "{calls:?}");
    assert!(!calls[0].to_string().contains(&scene.pin), "{calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_by_telephone_events_clears_the_phone() {
    let scene = Scene::open().await;
    let call = scene.scenario("events").register().dial("*89", WITH_EVENTS).taken();
    let scenario = call.events(&format!("{}#", scene.pin)).ended().pause(LINGER);
    clears(&scene, &scenario, &[], scene.house.voice().udp).await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_over_tcp_and_any_number_dialled_clears_the_phone() {
    let scene = Scene::open().await;
    let call = scene.scenario("tcp").register().dial("0302345", WITH_EVENTS).taken();
    let scenario = call.events(&format!("{}#", scene.pin)).ended().pause(LINGER);
    clears(&scene, &scenario, &["-t", "t1"], scene.house.voice().tcp).await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_by_info_clears_the_phone_in_both_spellings() {
    for relay in [true, false] {
        let scene = Scene::open().await;
        let call = scene.scenario("info").register().dial("*89", WITH_EVENTS).taken();
        let scenario = call.pause(300).infos(relay, &format!("{}#", scene.pin)).ended().pause(LINGER);
        clears(&scene, &scenario, &[], scene.house.voice().udp).await;
        scene.house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_by_tones_clears_the_phone() {
    let scene = Scene::open().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tones.alaw");
    std::fs::write(&file, tones(&format!("{}#", scene.pin))).unwrap();
    let call = scene.scenario("tones").register().dial("*89", TONES_ONLY).taken();
    let scenario = call.sound(file.to_str().unwrap()).ended().pause(LINGER);
    clears(&scene, &scenario, &[], scene.house.voice().udp).await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_whose_via_and_contact_lie_is_reached_where_it_is() {
    let scene = Scene::open().await;
    let lying = scene.scenario("nat").lying("127.99.0.2:5999").register().dial("*89", WITH_EVENTS).taken();
    let scenario = lying.events(&format!("{}#", scene.pin)).ended().pause(LINGER);
    clears(&scene, &scenario, &[], scene.house.voice().udp).await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn six_digits_without_the_hash_key_count() {
    let scene = Scene::open().await;
    let scenario = scene.scenario("no hash").register().dial("*89", WITH_EVENTS).taken().events(&scene.pin).ended().pause(LINGER);
    clears(&scene, &scenario, &[], scene.house.voice().udp).await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_wrong_pins_fail_the_phone_and_the_right_one_helps_no_more() {
    let scene = Scene::open().await;
    let mut phone = scene.phone(&wrong_three_times(&scene));
    scene.state_becomes("failed").await;
    // Told to fetch, the phone shows it.
    phone.sees("NOTIFY sip:").await;
    let told = scene.fetch().await;
    assert!(told.text().contains("Authentication failed"), "{}", told.text());
    let messages = phone.done().await;
    in_order(&messages, &["BYE sip:", "NOTIFY sip:"]);
    let shown = scene.house.show(MAC).await;
    assert!(shown["failed_until"].is_string() && shown["rounds"] == 1, "{shown}");

    // It hears why, and is left; keys change nothing.
    let call = scene.scenario("failed").register().dial("*89", WITH_EVENTS).taken();
    scene.phone(&call.ended()).done().await;
    let shown = scene.house.show(MAC).await;
    assert_eq!(shown["state"], "failed", "{shown}");
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lock_ends_by_itself_and_the_last_round_blocks() {
    let scene = Scene::open().await;
    scene.house.policy(&["pin_lock=1s", "pin_rounds=2"]).await;
    let first = scene.phone(&wrong_three_times(&scene));
    crate::house::until("the first round is over", async || {
        let shown = scene.house.show(MAC).await;
        shown["rounds"] == 1 && shown["state"] == "needed"
    })
    .await;
    first.done().await;
    let needed = scene.fetch().await;
    assert!(needed.text().contains("Authentication needed"), "{}", needed.text());

    let mut second = scene.phone(&wrong_three_times(&scene));
    scene.state_becomes("blocked").await;
    second.sees("NOTIFY sip:").await;
    let told = scene.fetch().await;
    assert!(told.text().contains("Authentication blocked"), "{}", told.text());
    second.done().await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_registers_nothing_and_calls_nobody() {
    let scene = Scene::open().await;
    let forged = crate::account::Account { password: "not-the-password".to_owned(), ..scene.account.clone() };
    let scenario = Scenario::of("forged", &forged).register_refused().dial("*89", WITH_EVENTS).maybe(&[100]).status(401).refusal_seen();
    scene.phone(&scenario).done().await;
    assert_eq!(scene.house.show(MAC).await["state"], "needed");
    scene.house.close().await;
}

/// A call with three wrong PINs, each keyed in while the voice speaks.
fn wrong_three_times(scene: &Scene) -> Scenario {
    let call = scene.scenario("wrong").register().dial("*89", WITH_EVENTS).taken().pause(500);
    let keys = |number| format!("{}#", scene.wrong_pin(number));
    // No pause behind the last one: the service may end the call while it lasts.
    let two = call.infos(true, &keys(1)).pause(1_500).infos(true, &keys(2)).pause(1_500);
    two.infos(true, &keys(3)).ended().pause(LINGER)
}

/// The keys as tones of 100 ms with 100 ms between them, in raw PCMA.
fn tones(keys: &str) -> Vec<u8> {
    const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
    const COLUMNS: [f64; 3] = [1209.0, 1336.0, 1477.0];
    let mut sound = vec![Codec::Pcma.silence(); 2_400];
    for key in keys.chars() {
        let at = "123456789*0#".find(key).expect("a key");
        let (row, column) = (ROWS[at / 3], COLUMNS[at % 3]);
        let sample = |at: i32| {
            let wave = |frequency: f64| (TAU * frequency * f64::from(at) / 8000.0).sin();
            (6_000.0 * (wave(row) + wave(column))) as i16
        };
        sound.extend((0..800).map(|at| Codec::Pcma.encode(sample(at))));
        sound.extend(std::iter::repeat_n(Codec::Pcma.silence(), 800));
    }
    sound.extend(std::iter::repeat_n(Codec::Pcma.silence(), 16_000));
    sound
}
