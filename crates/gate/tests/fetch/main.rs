//! The desk over a real store: requests as phones send them, one after the other, and what each gets.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

mod attack;
mod firmware;
mod in_force;
mod phonebook;
mod sealed;
mod twins;
mod world;

use brands::Parsed;
use domain::policy::Patch;
use domain::reason::Reason;

use crate::world::{Auth, Reply, World};

const CARRIER: &str = "/cfg/001565000001.cfg";

/// The config's door as a path, with the login that it carries.
fn own_door(reply: &Reply) -> (String, Auth) {
    let parsed: Parsed = reply.parsed();
    let url = parsed.provisioning.url.expect("a config names its door");
    let path = url.strip_prefix(world::PUBLIC_URL).expect("the door is ours").to_owned();
    let login = Auth::Digest(parsed.provisioning.user.expect("a user"), parsed.provisioning.password.expect("a password").expose().clone());
    (path, login)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_global_password_opens_once_and_the_own_login_ever_after() {
    let world = World::new(&[]).await;
    let global = World::global();
    assert_eq!(world.get("/cfg/001565000001.boot", Auth::None).await.status, 200, "the boot file is anybody's");
    let challenge = world.get(CARRIER, Auth::None).await;
    assert_eq!(challenge.status, 401);
    assert_eq!(challenge.challenges.len(), 3, "SHA-256, MD5, Basic");
    assert_eq!(world.get(CARRIER, Auth::Digest(world::GLOBAL_USER.into(), "not the password".into())).await.status, 401);

    let first = world.get(CARRIER, global.clone()).await;
    assert_eq!(first.status, 200);
    assert!(first.text().contains("line-secret-1"), "the full config has the line's password");
    let retry = world.get(CARRIER, global.clone()).await;
    assert_eq!(retry.body, first.body, "the same login again, byte for byte");

    let (door, own) = own_door(&first);
    assert_eq!(world.get(&format!("{door}001565000001.cfg"), Auth::None).await.status, 401);
    let taken_up = world.get(&format!("{door}001565000001.boot"), own.clone()).await;
    assert_eq!(taken_up.status, 200);
    assert!(!world.device().await.auth.allow_global);
    let full = world.get(&format!("{door}001565000001.cfg"), own.clone()).await;
    let resync = world.get(&format!("{door}001565000001.cfg"), own.clone()).await;
    assert_eq!((full.status, &full.body), (200, &resync.body), "an unchanged config is the same bytes");
    assert_eq!(own_door(&full), (door, own), "and the same door");

    assert_eq!(world.get(CARRIER, global).await.status, 401, "the global password is dead for this phone");
    let log = world.requests().await;
    assert_eq!(log[0].reason, Reason::GlobalSpent.code());
    assert!(log.iter().any(|request| request.reason == "global_first") && log.iter().any(|request| request.reason == "global_retry"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_network_is_refused_what_the_first_was_given() {
    let world = World::new(&[]).await;
    assert_eq!(world.get(CARRIER, World::global()).await.status, 200);
    let elsewhere = world.get_from("203.0.113.9", CARRIER, World::global()).await;
    assert_eq!(elsewhere.status, 401);
    assert!(world.device().await.auth.pending.unwrap().second_claimant.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_pin_a_phone_gets_the_restricted_config_and_nothing_of_the_device() {
    let world = World::new(&[("login", "none"), ("pin", "required")]).await;
    let restricted = world.get(CARRIER, Auth::None).await;
    assert_eq!(restricted.status, 200);
    assert_eq!(restricted.parsed().notice.as_deref(), Some("Authentication needed"));
    for secret in ["line-secret-1", "2001", "Front desk", "pbx.example.com", "Example customer"] {
        assert!(!restricted.text().contains(secret), "{secret} in {}", restricted.text());
    }
    let unknown = world.get("/cfg/0015650000ff.cfg", Auth::None).await;
    assert_eq!(unknown.parsed().notice, restricted.parsed().notice, "known and unknown look alike");
    assert_eq!(unknown.parsed().accounts.len(), restricted.parsed().accounts.len());

    let (door, claim) = own_door(&restricted);
    let again = world.get(&format!("{door}001565000001.cfg"), claim.clone()).await;
    assert_eq!(own_door(&again), (door.clone(), claim.clone()), "the claim stays the same at its own door");
    world.enter_pin(&door, true).await;
    let full = world.get(&format!("{door}001565000001.cfg"), claim).await;
    assert!(full.text().contains("line-secret-1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_network_needs_nothing() {
    let world = World::new(&[("login", "none"), ("pin", "required")]).await;
    world.trust("198.51.100.0/24").await;
    let full = world.get(CARRIER, Auth::None).await;
    assert!(full.text().contains("line-secret-1"));
    let stranger = world.get_from("203.0.113.9", CARRIER, Auth::None).await;
    assert!(stranger.parsed().notice.is_some() && !stranger.text().contains("line-secret-1"), "the same MAC from elsewhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_steps_keep_the_secret_behind_the_own_door() {
    let world = World::new(&[("handover", "two-step")]).await;
    let signpost = world.get(CARRIER, World::global()).await;
    assert_eq!(signpost.status, 200);
    assert!(!signpost.text().contains("line-secret-1"));
    let (door, claim) = own_door(&signpost);
    assert!(world.get(&format!("{door}001565000001.cfg"), claim).await.text().contains("line-secret-1"));
    assert_eq!(world.get(CARRIER, World::global()).await.status, 401);
}

/// For services that pass on only an address.
#[tokio::test(flavor = "multi_thread")]
async fn a_phones_token_in_the_path_is_the_global_login_for_that_phone_alone() {
    let world = World::new(&[]).await;
    world.add("001565000002").await;
    let (own, other) = (world.token("001565000001").await, world.token("001565000002").await);
    assert_ne!(own, other);
    let ask = async |token: &str, mac: &str| world.get(&format!("/cfg/g/{token}/{mac}.cfg"), Auth::None).await;
    assert_eq!(ask(&other, "001565000001").await.status, 401, "another phone's");
    assert_eq!(ask(&own, "001565000003").await.status, 401, "a phone that nobody added");
    let full = ask(&own, "001565000001").await;
    assert!(full.text().contains("line-secret-1"));
    let (door, login) = own_door(&full);
    assert_eq!(world.get(&format!("{door}001565000001.cfg"), login).await.status, 200);
    assert_eq!(ask(&own, "001565000001").await.status, 401, "spent, as the password is");
    assert_eq!(world.requests().await[0].reason, Reason::GlobalSpent.code());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bare_door_asks_for_a_login_and_then_the_user_agent_names_the_file() {
    let world = World::new(&[]).await;
    for path in ["/cfg", "/cfg/", "/cfg?x=1"] {
        assert_eq!(world.get(path, Auth::None).await.status, 401, "{path}");
    }
    let full = world.get("/cfg", World::global()).await;
    assert!(full.text().contains("line-secret-1"));
    assert_eq!(world.get("/cfg//001565000001.cfg?t=5", World::global()).await.body, full.body, "spelled otherwise, the same file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_between_the_look_and_the_write_is_not_outrun() {
    let world = World::new(&[]).await;
    let (door, own) = own_door(&world.get(CARRIER, World::global()).await);
    assert_eq!(world.get(&format!("{door}001565000001.cfg"), own.clone()).await.status, 200);
    world.reset().await;
    assert_eq!(world.get(&format!("{door}001565000001.cfg"), own).await.status, 401);
    assert_eq!(world.get(CARRIER, World::global()).await.status, 200, "the switch is yes again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_of_another_phone_and_a_handle_of_another_phone_open_nothing() {
    let world = World::new(&[]).await;
    world.add("001565000002").await;
    let (door, own) = own_door(&world.get(CARRIER, World::global()).await);
    let (other_door, other) = own_door(&world.get("/cfg/001565000002.cfg", World::global()).await);
    for path in [format!("{door}001565000002.cfg"), format!("{other_door}001565000001.cfg"), format!("{door}001565000001.cfg")] {
        assert_eq!(world.get(&path, other.clone()).await.status, 401, "{path}");
    }
    assert_eq!(world.get(&format!("{other_door}001565000002.cfg"), own).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_logins_slow_their_source_and_never_a_right_one() {
    let world = World::new(&[]).await;
    let mut slowed = false;
    for _ in 0..30 {
        let reply = world.get(CARRIER, Auth::Basic(world::GLOBAL_USER.into(), "wrong".into())).await;
        slowed |= reply.status == 503 && reply.retry_after.is_some();
    }
    assert!(slowed);
    assert_eq!(world.get(CARRIER, World::global()).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_change_holds_for_the_next_request() {
    let world = World::new(&[("pin", "required")]).await;
    let restricted = world.get(CARRIER, World::global()).await;
    assert!(restricted.parsed().notice.is_some());
    let (door, claim) = own_door(&restricted);
    world.policy(Patch([("pin".to_owned(), "off".to_owned())].into())).await;
    assert!(world.get(&format!("{door}001565000001.cfg"), claim).await.text().contains("line-secret-1"), "loosening frees it");
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_carries_nothing_of_a_device() {
    let world = World::new(&[]).await;
    assert_eq!(world.get_plain(CARRIER, World::global()).await.status, 404);
    world.policy(Patch([("plain_http".to_owned(), "allow".to_owned())].into())).await;
    let challenge = world.get_plain(CARRIER, Auth::None).await;
    assert_eq!(challenge.challenges.len(), 2, "no Basic where anybody listens");
    assert_eq!(world.get_plain(CARRIER, Auth::Basic(world::GLOBAL_USER.into(), world::GLOBAL_PASSWORD.into())).await.status, 401);
    assert_eq!(world.get_plain(CARRIER, World::global()).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_begins_nothing() {
    let world = World::new(&[]).await;
    let head = world.send(world::Sent { method: gate::phones::Method::Head, ..world::Sent::get(CARRIER, World::global()) }).await;
    assert_eq!(head.status, 200);
    assert_eq!(world.device().await.auth.pending, None);
}

/// A restricted config names the platform's host to everybody: with a reseller's it would tell which MACs are known, and whose.
#[tokio::test(flavor = "multi_thread")]
async fn a_resellers_own_host_is_told_to_phones_that_proved_themselves() {
    let world = World::new(&[]).await;
    world.give_to_a_reseller("phones.north.example.net").await;
    let full = world.get(CARRIER, World::global()).await;
    let url = full.parsed().provisioning.url.unwrap();
    assert!(url.starts_with("https://phones.north.example.net:8443/cfg/d/"), "{url}");

    let world = World::new(&[("login", "none"), ("pin", "required")]).await;
    world.give_to_a_reseller("phones.north.example.net").await;
    let restricted = world.get(CARRIER, Auth::None).await;
    let url = restricted.parsed().provisioning.url.unwrap();
    assert!(url.starts_with(world::PUBLIC_URL), "{url}");
    assert!(!restricted.text().contains("north.example.net"));
}
