//! The decision matrix as text: every state of a device × every proof × every policy → answer, reason, effect.
//!
//! A change of the rules shows as a change of the snapshot, to be read line by line.

use std::fmt::Write as _;

use domain::Span;
use domain::admission::{Answer, Decision, Door};
use domain::channel::Channel;
use domain::claim::{Claim, Grounds};
use domain::device::{Auth, Device};
use domain::evidence::Proof;
use domain::extra::Extra;
use domain::login::{GlobalId, Login};
use domain::reason::Reason;

use crate::told::{carried, follows, kind};
use crate::world::{AWAY, Ask, FOREIGN, OFFICE, OPERATOR, SUCCESSOR, Shown, UNKNOWN, World, by_hand, ip};

const FACTORS: [&str; 3] = ["login=required pin=off", "login=none pin=required", "login=required pin=required"];
const CERTIFICATES: [&str; 3] = ["off", "accept", "require"];

/// A device in some state, and the logins that belong to the story of how it came there.
struct Scene {
    name: &'static str,
    world: World,
    device: usize,
    logins: Vec<(&'static str, Login)>,
    /// Worth printing for every policy about certificates.
    certificates: bool,
}

#[test]
fn decisions_are_as_printed() {
    insta::assert_snapshot!("decision_matrix", matrix());
}

#[test]
fn a_file_at_the_front_door_that_is_no_carrier_is_public_whatever_is_shown() {
    for scene in scenes() {
        for (_, ask) in asks(&scene) {
            let ask = Ask { door: Door::Front, carrier: false, ..ask };
            let decision = scene.world.ask(&ask);
            assert_eq!(decision.answer, Answer::Public, "{}", scene.name);
            assert!(decision.device.is_none() && decision.effects.is_empty(), "{}: nothing begins, counts or burns", scene.name);
        }
    }
}

#[test]
fn a_head_request_is_answered_like_a_get_and_changes_nothing() {
    for scene in scenes() {
        for factors in FACTORS {
            let mut world = scene.world.clone();
            world.policy(factors);
            for (label, ask) in asks(&scene) {
                let decision = world.ask(&ask.clone().head());
                assert_eq!(kind(&decision.answer), kind(&world.ask(&ask).answer), "{} · {factors} · {label}", scene.name);
                assert!(decision.device.is_none(), "{} · {factors} · {label}", scene.name);
            }
        }
    }
}

#[test]
fn where_files_leave_encrypted_only_the_device_is_for_logins_and_nothing_else_is_another() {
    for mut scene in scenes() {
        for factors in FACTORS {
            scene.world.policy(factors);
            for (label, ask) in asks(&scene).into_iter().filter(|(_, ask)| !ask.certificate) {
                let (open, sealed) = (scene.world.ask(&ask), Ask { channel: Channel::Sealed, ..ask.clone() });
                let of_the_device = matches!(open.answer, Answer::Full { .. } | Answer::Signpost { .. });
                let proved = matches!(scene.world.proof(&ask), Proof::Global(_) | Proof::Claim(_) | Proof::Own(_));
                let expected = if of_the_device && !proved { asked_for_a_login() } else { open };
                assert_eq!(scene.world.ask(&sealed), expected, "{} · {factors} · {label}", scene.name);
                let mut other_brand = scene.world.clone();
                other_brand.brand.seals_files = false;
                let expected = if of_the_device { asked_for_a_login() } else { expected };
                assert_eq!(other_brand.ask(&sealed), expected, "{} · {factors} · {label}: a phone that opens none", scene.name);
            }
        }
    }
}

#[test]
fn firmware_and_phone_book_are_for_who_gets_the_full_config_there_and_begin_no_delivery() {
    for mut scene in scenes() {
        for factors in FACTORS {
            scene.world.policy(factors);
            for (label, ask) in asks(&scene) {
                let (extra, own_door) = (scene.world.ask_extra(&ask), ask.door == Door::Own);
                let by_its_login = matches!(scene.world.proof(&ask), Proof::Claim(_) | Proof::Own(_));
                let full = matches!(scene.world.ask(&ask).answer, Answer::Full { .. });
                let leaves = |extra: Extra, channel| extra.leaves_with(&scene.world.ask_extra(&ask).answer, channel);
                let label = format!("{} · {factors} · {label}", scene.name);
                assert_eq!(leaves(Extra::Firmware, Channel::Open), full && by_its_login && own_door, "{label}");
                assert_eq!(leaves(Extra::Phonebook, Channel::Open), leaves(Extra::Firmware, Channel::Sealed), "{label}");
                assert!(!leaves(Extra::Phonebook, Channel::Sealed) && !leaves(Extra::Firmware, Channel::Shut), "{label}");
                let delivered = |device: &Device| device.auth.pending.as_ref().map(|pending| (pending.began, pending.deliveries));
                let before = scene.world.devices.get(scene.device).and_then(delivered);
                let after = extra.device.as_ref().and_then(delivered);
                assert!(after.is_none() || after == before, "{label}: a delivery began");
            }
        }
    }
}

/// Nothing begins, counts or burns.
fn asked_for_a_login() -> Decision {
    Decision { answer: Answer::Challenge { stale: false }, reason: Reason::LoginRequired, device: None, effects: Vec::new() }
}

fn matrix() -> String {
    let mut text = String::new();
    for certificate in CERTIFICATES {
        // Scenes that are answered alike under every policy stand together.
        let mut sections: Vec<(Vec<&str>, Vec<Row>)> = Vec::new();
        for scene in scenes().iter().filter(|scene| certificate == "off" || scene.certificates) {
            let rows = rows(scene, certificate);
            match sections.iter_mut().find(|(_, known)| *known == rows) {
                Some((names, _)) => names.push(scene.name),
                None => sections.push((vec![scene.name], rows)),
            }
        }
        for (names, rows) in sections {
            writeln!(text, "# {} (certificate={certificate})", names.join(" · ")).expect("a string takes all");
            for row in rows {
                row.write(&mut text);
            }
            text.push('\n');
        }
    }
    text
}

/// Requests that are answered alike, and how, under each of [`FACTORS`].
#[derive(PartialEq)]
struct Row {
    asks: Vec<String>,
    outcomes: Vec<String>,
}

impl Row {
    fn write(&self, text: &mut String) {
        writeln!(text, "  {}", self.asks.join(" | ")).expect("a string takes all");
        let mut told: Vec<(Vec<&str>, &String)> = Vec::new();
        for (factors, outcome) in FACTORS.iter().zip(&self.outcomes) {
            match told.iter_mut().find(|(_, known)| *known == outcome) {
                Some((names, _)) => names.push(factors),
                None => told.push((vec![factors], outcome)),
            }
        }
        let cells = told.into_iter().map(|(factors, outcome)| {
            let factors = if factors.len() < FACTORS.len() { format!("{}: ", factors.join(", ")) } else { String::new() };
            format!("{}{outcome}", factors.replace("login=", "").replace(" pin=", "/"))
        });
        writeln!(text, "    → {}", cells.collect::<Vec<_>>().join("  ‖  ")).expect("a string takes all");
    }
}

fn rows(scene: &Scene, certificate: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (label, ask) in asks(scene).into_iter().filter(|(label, _)| certificate == "off" || telling(label)) {
        let outcomes: Vec<String> = FACTORS
            .iter()
            .map(|factors| {
                let mut world = scene.world.clone();
                world.policy(&format!("{factors} certificate={certificate}"));
                outcome(scene, &world, &world.ask(&ask))
            })
            .collect();
        match rows.iter_mut().find(|row| row.outcomes == outcomes) {
            Some(row) => row.asks.push(label),
            None => rows.push(Row { asks: vec![label], outcomes }),
        }
    }
    rows
}

/// Requests that policies about certificates could tell apart.
fn telling(label: &str) -> bool {
    label == "nothing"
        || label == "global"
        || ["certificate", "factor", "both", "of the global", "handed"].iter().any(|word| label.contains(word))
}

fn outcome(scene: &Scene, world: &World, decision: &Decision) -> String {
    let mut words = vec![kind(&decision.answer), decision.reason.code().to_owned()];
    if let (Some(before), Some(after)) = (world.devices.get(scene.device), &decision.device) {
        words.extend(changes(before, after));
    }
    let usual = ["device.confirmed", "device.provisioned", "device.first_contact"];
    words.extend(follows(&decision.effects).into_iter().filter(|word| !usual.contains(&word.as_str())));
    words.join(", ")
}

/// What a decision does to the device, in the words of the specification.
fn changes(before: &Device, after: &Device) -> Vec<String> {
    let (was, is) = (&before.auth, &after.auth);
    if is.live.is_some() && is.live != was.live {
        let nothing_left = is.pending.is_none() && is.pin.is_none() && is.suspension.is_none() && !is.allow_global;
        assert!(nothing_left, "a take-up ends delivery, PIN, suspension and switch: {is:?}");
        return vec!["taken up".to_owned()];
    }
    let delivered = |auth: &Auth| auth.pending.as_ref().map(|pending| (pending.began, pending.deliveries));
    let second = |auth: &Auth| auth.pending.as_ref().and_then(|pending| pending.second_claimant);
    let told = [
        ("handed over", delivered(is).is_some() && delivered(is) != delivered(was)),
        ("delivery ended", is.pending.is_none() && was.pending.is_some()),
        ("kept for the admin", second(is) != second(was)),
        ("switch off", was.allow_global && !is.allow_global),
        ("switch on", !was.allow_global && is.allow_global),
        ("suspension ended", was.suspension.is_some() && is.suspension.is_none()),
        ("suspension bound", is.suspension.is_some() && was.suspension != is.suspension),
        ("noted", is.used.len() > was.used.len()),
        ("window due no more", was.live.is_some() && is.live != was.live),
    ];
    let words: Vec<String> = told.iter().filter(|(_, so)| *so).map(|(word, _)| (*word).to_owned()).collect();
    if words.is_empty() { vec!["refreshed".to_owned()] } else { words }
}

/// Every request that is tried in a scene.
fn asks(scene: &Scene) -> Vec<(String, Ask)> {
    let front = |shown| Ask::front().to(scene.device).shows(shown);
    let mut asks = vec![
        ("nothing".to_owned(), front(Shown::Nothing)),
        ("nothing with a certificate".to_owned(), front(Shown::Nothing).certified()),
        ("nothing, challenges ignored".to_owned(), Ask { ignores_challenges: true, ..front(Shown::Nothing) }),
        ("nothing, bare".to_owned(), Ask { door: Door::Bare, ..front(Shown::Nothing) }),
        ("nothing, own door".to_owned(), Ask { door: Door::Own, ..front(Shown::Nothing) }),
        ("stale".to_owned(), front(Shown::Stale)),
        ("wrong".to_owned(), front(Shown::Wrong)),
        ("wrong, own door".to_owned(), Ask { door: Door::Own, ..front(Shown::Wrong) }),
        ("global".to_owned(), front(Shown::Global(OPERATOR))),
        ("global, bare".to_owned(), Ask { door: Door::Bare, ..front(Shown::Global(OPERATOR)) }),
        ("global, own door".to_owned(), Ask { door: Door::Own, ..front(Shown::Global(OPERATOR)) }),
        ("global, elsewhere".to_owned(), front(Shown::Global(OPERATOR)).from(AWAY)),
        ("global with a certificate".to_owned(), front(Shown::Global(OPERATOR)).certified()),
        ("global of another reseller".to_owned(), front(Shown::Global(FOREIGN))),
        ("global revoked".to_owned(), front(Shown::Global(SUCCESSOR))),
    ];
    for (label, login) in &scene.logins {
        asks.push(((*label).to_owned(), Ask::own(login).to(scene.device)));
    }
    asks
}

fn scenes() -> Vec<Scene> {
    let mut scenes = vec![
        scene("fresh", |_| vec![]),
        scene("fresh, permanent trust", |world| {
            trust_permanently(world);
            vec![]
        }),
        scene("fresh, temporary window", |world| {
            open_window(world);
            vec![]
        }),
        scene("fresh, suspended", |world| {
            world.suspend(0, None).expect("no claim to pick from");
            vec![]
        }),
        scene("handed over, window open", |world| vec![("claim handed over", world.hand_over())]),
        scene("handed over, window ended", |world| {
            let login = world.hand_over();
            world.wait(Span::minutes(20));
            vec![("claim handed over", login)]
        }),
        scene("handed over in two steps", |world| {
            world.policy("handover=two-step");
            vec![("claim handed over", world.hand_over())]
        }),
        scene("handed over to a trusted network under pin=required", |world| {
            trust_permanently(world);
            world.policy("login=required pin=required");
            let login = world.hand_over();
            world.customers[0].trust.permanent.clear();
            vec![("claim handed over", login)]
        }),
        scene("cleared", |world| vec![("claim cleared", cleared(world)), ("claim with global", claim(world, Some(OPERATOR)))]),
        scene("failed here", |world| wrong_pins(world, 1)),
        scene("blocked here", |world| wrong_pins(world, 3)),
        scene("blocked here, temporary window", |world| {
            let logins = wrong_pins(world, 3);
            open_window(world);
            logins
        }),
        scene("login set by hand", |world| vec![("login set by hand", world.set_by_hand(0, by_hand()))]),
        scene("disabled", |world| {
            world.devices[0].disabled = true;
            vec![]
        }),
    ];
    scenes.extend(live_scenes());
    let mut unknown = scene("unknown", |_| vec![]);
    unknown.device = UNKNOWN;
    unknown.logins = foreign_claims(&unknown.world, UNKNOWN);
    scenes.push(unknown);
    scenes
}

fn live_scenes() -> Vec<Scene> {
    vec![
        scene("live", |world| vec![("own", world.provision())]),
        scene("live, armed again", |world| {
            let own = world.provision();
            world.allow(0, true);
            vec![("own", own)]
        }),
        scene("live, permanent trust", |world| {
            trust_permanently(world);
            vec![("own", world.provision())]
        }),
        scene("live, temporary window", |world| {
            open_window(world);
            vec![("own", world.provision())]
        }),
        scene("live, suspended", |world| {
            let own = world.provision();
            world.suspend(0, None).expect("no claim to pick from");
            vec![("own", own)]
        }),
        scene("live, new login on its way", |world| {
            let own = world.provision();
            world.rotate(0).expect("a live device rotates");
            vec![("own", own)]
        }),
        scene("live, rotated, old login in its grace", |world| {
            let old = world.provision();
            world.rotate(0).expect("a live device rotates");
            let own = carried(&world.fetch(&Ask::own(&old)).answer).expect("the new login");
            world.fetch(&Ask::own(&own));
            vec![("own", own), ("old", old)]
        }),
        scene("live, then disabled", |world| {
            let own = world.provision();
            world.devices[0].disabled = true;
            vec![("own", own)]
        }),
        scene("live, then reset", |world| {
            let own = world.provision();
            world.reset(0);
            vec![("own from before the reset", own)]
        }),
        scene("handed over, then reset", |world| {
            let login = world.hand_over();
            world.reset(0);
            vec![("claim handed over before the reset", login)]
        }),
    ]
}

/// A scene; to its own logins come claims that any phone could hold.
fn scene(name: &'static str, act: impl FnOnce(&mut World) -> Vec<(&'static str, Login)>) -> Scene {
    let mut world = World::new("login=required pin=off");
    let mut logins = act(&mut world);
    logins.extend(foreign_claims(&world, 0));
    world.globals[1].revoked = true;
    world.policy("login=required pin=off");
    let certificates = ["fresh", "live", "live, armed again", "handed over, window ended"].contains(&name);
    Scene { name, world, device: 0, logins, certificates }
}

fn foreign_claims(world: &World, device: usize) -> Vec<(&'static str, Login)> {
    let claim = |grounds| Login::of(claim_of(world, device, grounds));
    vec![
        ("claim without factor", claim(Grounds::default())),
        ("claim of the global login", claim(Grounds { global: Some(OPERATOR), ..Grounds::default() })),
        ("claim of a revoked global login", claim(Grounds { global: Some(SUCCESSOR), ..Grounds::default() })),
        ("claim of a certificate", claim(Grounds { certificate: true, ..Grounds::default() })),
        ("claim of both", claim(Grounds { global: Some(OPERATOR), certificate: true, ..Grounds::default() })),
    ]
}

fn claim_of(world: &World, device: usize, grounds: Grounds) -> Claim {
    let epoch = world.devices.get(device).map_or(0, |device| device.auth.epoch);
    world.keys.issue(world.mac(device), epoch, grounds, world.now, &mut domain::chance::Seeded::new(99))
}

fn claim(world: &World, global: Option<GlobalId>) -> Login {
    Login::of(claim_of(world, 0, Grounds { global, ..Grounds::default() }))
}

fn trust_permanently(world: &mut World) {
    world.customers[0].trust.permanent.push("192.0.2.0/24".parse().expect("a network"));
}

/// Another phone of the customer, cleared by its PIN, opens a window at the office.
fn open_window(world: &mut World) {
    world.policy("login=none pin=required");
    let login = carried(&world.fetch(&Ask::front().to(1)).answer).expect("a claim");
    let pin = world.pin_of(1);
    world.call(1, login.claim, OFFICE, &pin);
    world.fetch(&Ask::own(&login).to(1));
    assert_eq!(world.customers[0].trust.windows.len(), 1, "the PIN opened a window");
    world.policy("login=required pin=off");
}

/// A phone with every factor but the certificate, cleared by its PIN.
fn cleared(world: &mut World) -> Login {
    world.policy("login=required pin=required");
    let login = carried(&world.fetch(&Ask::global(OPERATOR)).answer).expect("a claim");
    let pin = world.pin();
    world.call(0, login.claim, OFFICE, &pin);
    login
}

fn wrong_pins(world: &mut World, rounds: u8) -> Vec<(&'static str, Login)> {
    world.policy("login=none pin=required");
    let login = carried(&world.fetch(&Ask::front()).answer).expect("a claim");
    if rounds == 3 {
        world.block(0, login.claim, OFFICE);
    } else {
        for _ in 0..3 {
            world.call(0, login.claim, OFFICE, &world.wrong_pin());
        }
    }
    assert!(world.auth().tries.iter().all(|tries| tries.address == ip(OFFICE)));
    vec![("claim that tried", login)]
}
