//! Plain HTTP where files leave encrypted for one phone each: a brand of an operator's folder, whose phones open such files.

use std::path::Path;

use brands::InForce;
use domain::channel::front_file_key;
use domain::device::Device;
use domain::policy::Patch;
use domain::{Mac, Secret};
use store::Scope;

use crate::world::{Auth, GLOBAL_PASSWORD, GLOBAL_USER, PLAIN_URL, Reply, Sent, World};

pub const MAC: &str = "00005e005301";
const UNKNOWN: &str = "00005e0053ff";
pub const CARRIER: &str = "/cfg/00005e005301.conf";
pub const AGENT: &str = "Sample-S1 1.0";

/// The brand beside the built-in ones.
fn catalogue() -> InForce {
    InForce::open(Some(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/brands")))).unwrap()
}

pub async fn world(policy: &[(&str, &str)]) -> World {
    let world = World::empty(policy, catalogue()).await;
    world.add_model(MAC, "sample/S1").await;
    world
}

async fn plain(world: &World, path: &str, auth: Auth) -> Reply {
    world.send(Sent { tls: false, agent: Some(AGENT), ..Sent::get(path, auth) }).await
}

async fn device(world: &World) -> Device {
    world.stored_of(MAC).await.device
}

/// The password that somebody types into the phone's rule.
async fn typed(world: &World) -> Secret<String> {
    front_file_key(&world.keys, MAC.parse().unwrap(), Some(&device(world).await))
}

/// An encrypted file, opened: its door's path, login and key, and its text.
struct Opened {
    text: String,
    door: String,
    login: Auth,
    key: Secret<String>,
}

fn open(reply: &Reply, key: &Secret<String>) -> Opened {
    assert_eq!((reply.status, reply.content_type.as_ref().unwrap().as_bytes()), (200, &b"application/octet-stream"[..]));
    assert!(reply.body.starts_with(b"Salted__"), "nothing of the file in clear");
    let text = String::from_utf8(wire::openssl::open(key.expose(), &reply.body).expect("the phone's own key opens it")).unwrap();
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("door.{name} = "))).map(str::to_owned);
        line.unwrap_or_else(|| panic!("door.{name} in {text}"))
    };
    let door = value("url").strip_prefix(PLAIN_URL).expect("it comes back the way it came").to_owned();
    Opened { door, login: Auth::Digest(value("user"), value("password")), key: Secret::new(value("file_key")), text }
}

fn full(opened: &Opened) -> bool {
    opened.text.contains("line-secret-1")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_lives_over_plain_http_on_files_that_only_it_can_read() {
    let world = world(&[("plain_http", "encrypted")]).await;
    assert_eq!(plain(&world, "/cfg/common.conf", Auth::None).await.text(), "common = 1\n", "what holds no secret leaves in clear");
    let challenge = plain(&world, CARRIER, Auth::None).await;
    assert_eq!((challenge.status, challenge.challenges.len()), (401, 2), "no Basic where anybody listens");
    let basic = plain(&world, CARRIER, Auth::Basic(GLOBAL_USER.into(), GLOBAL_PASSWORD.into())).await;
    assert_eq!(basic.status, 401, "encryption is no excuse for a password in clear");

    let key = typed(&world).await;
    let first = plain(&world, CARRIER, World::global()).await;
    let retry = plain(&world, CARRIER, World::global()).await;
    assert_eq!(first.body, retry.body, "the same content is the same bytes");
    let given = open(&first, &key);
    assert!(full(&given));
    assert_ne!(given.key, key, "the door that it was given has a key of its own");

    let own = format!("{}00005e005301.conf", given.door);
    assert_eq!(plain(&world, &own, Auth::None).await.status, 401, "to be able to read a file is no login");
    let live = plain(&world, &own, given.login.clone()).await;
    let again = open(&live, &given.key);
    assert!(full(&again));
    assert_eq!((&again.door, &again.key), (&given.door, &given.key));
    let resync = plain(&world, &own, given.login.clone()).await;
    assert_eq!((live.body, live.etag), (resync.body, resync.etag), "a config unchanged in content is unchanged in bytes");
    assert_eq!(plain(&world, CARRIER, World::global()).await.status, 401, "the global password is spent as everywhere");

    let log = world.requests_of(MAC).await;
    assert!(
        log.iter()
            .filter(|request| request.status == 200 && request.decision == "full")
            .all(|request| request.transport == "http-encrypted")
    );
    let seen = world.store.read(|db| store::seen::seen(db, &Scope::Operator, MAC.parse().unwrap())).await.unwrap().unwrap();
    assert_eq!(seen.served.unwrap().transport, "http-encrypted");

    let secure = world.send(Sent { agent: Some(AGENT), ..Sent::get(&own, given.login) }).await;
    assert!(secure.text().contains("line-secret-1") && !secure.text().contains("file_key"), "over TLS nothing is encrypted twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_to_phones_not_cleared_leaves_encrypted_too_and_a_reset_is_seen() {
    let world = world(&[("plain_http", "encrypted"), ("login", "none"), ("pin", "required")]).await;
    let key = typed(&world).await;
    let restricted = open(&plain(&world, CARRIER, Auth::None).await, &key);
    assert!(!full(&restricted));
    let unknown = plain(&world, &format!("/cfg/{UNKNOWN}.conf"), Auth::None).await;
    let nobodys = front_file_key(&world.keys, UNKNOWN.parse::<Mac>().unwrap(), None);
    assert_eq!(open(&unknown, &nobodys).text.lines().count(), restricted.text.lines().count(), "known and unknown look alike");
    assert!(wire::openssl::open(key.expose(), &unknown.body).is_err(), "each phone has a key of its own");

    let own = format!("{}00005e005301.conf", restricted.door);
    world.enter_pin_of(MAC, &restricted.door, true).await;
    let cleared = open(&plain(&world, &own, restricted.login.clone()).await, &restricted.key);
    assert!(full(&cleared));
    let reset = domain::admin::reset(&device(&world).await, world.now, &mut domain::chance::Seeded::new(9)).device;
    world.change(reset).await;
    let after = open(&plain(&world, &own, restricted.login).await, &cleared.key);
    assert!(!full(&after), "the phone can read that it has to be authenticated again");
    let front = plain(&world, CARRIER, Auth::None).await;
    assert!(wire::openssl::open(key.expose(), &front.body).is_err(), "and the password that was typed in is another now");
    open(&front, &typed(&world).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_network_is_not_enough_where_anybody_listens() {
    let world = world(&[("plain_http", "encrypted"), ("login", "none"), ("pin", "required")]).await;
    world.trust("198.51.100.0/24").await;
    assert_eq!(plain(&world, CARRIER, Auth::None).await.status, 401);
    assert!(device(&world).await.auth.pending.is_none(), "nothing began");
    let key = typed(&world).await;
    assert!(full(&open(&plain(&world, CARRIER, World::global()).await, &key)), "a login by Digest and the network together");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_other_brands_leaves_and_no_secret_in_a_path_counts() {
    let world = world(&[("plain_http", "encrypted")]).await;
    world.add(crate::world::MAC).await;
    let yealink = |path: &'static str, auth| world.get_plain(path, auth);
    assert_eq!(yealink("/cfg/001565000001.cfg", World::global()).await.status, 404, "as under `refuse`");
    let disguised = plain(&world, "/cfg/001565000001.conf", World::global()).await;
    assert_eq!(disguised.status, 401, "who was added as a phone that opens no such files gets none, whatever is shown");

    let given = open(&plain(&world, CARRIER, World::global()).await, &typed(&world).await);
    let Auth::Digest(user, password) = given.login else { unreachable!("a digest login") };
    let by_path = format!("/cfg/k/{user}{password}/00005e005301.conf");
    assert_eq!(plain(&world, &by_path, Auth::None).await.status, 401);
    world.policy(Patch([("plain_http".to_owned(), "allow".to_owned())].into())).await;
    let allowed = plain(&world, &by_path, Auth::None).await;
    assert!(allowed.text().contains("line-secret-1"), "the policy that lets all leave in clear");
    assert_eq!(world.requests_of(MAC).await[0].transport, "http");
}
