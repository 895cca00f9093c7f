//! What somebody tries who has no login, or not the right one.

use domain::Mac;
use domain::effect::Attention;
use domain::tenancy::{CustomerId, Place};
use store::Scope;

use crate::world::{self, Auth, Sent, World};
use crate::{CARRIER, own_door, sealed};

const PIN_ONLY: [(&str, &str); 2] = [("login", "none"), ("pin", "required")];
const OWN_FILE: &str = "001565000001.cfg";

#[tokio::test(flavor = "multi_thread")]
async fn a_get_whose_body_will_not_be_sent_begins_nothing() {
    let world = World::new(&[]).await;
    // Whatever the tag is, the phone says that it has it: the answer will be 304.
    world.send(Sent { held: Some("*"), ..Sent::get(CARRIER, World::global()) }).await;
    assert_eq!(world.device().await.auth.pending, None);
    let first = world.get(CARRIER, World::global()).await;
    let tag = first.etag.as_ref().unwrap().to_str().unwrap().to_owned();
    let before = world.stored().await.version;
    world.send(Sent { held: Some(&tag), ..Sent::get(CARRIER, World::global()) }).await;
    assert_eq!(world.stored().await.version, before, "the phone has this delivery already");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_that_cannot_be_made_spends_nothing() {
    let world = World::new(&[("retry_window", "0")]).await;
    world.overload().await;
    let before = world.device().await;
    let refused = world.get(CARRIER, World::global()).await;
    assert_eq!((refused.status, refused.retry_after.is_some()), (503, true));
    assert_eq!(world.device().await, before, "the one-time password is as good as before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_that_cannot_be_made_takes_nobody_up() {
    let world = World::new(&PIN_ONLY).await;
    let (door, claim) = own_door(&world.get(CARRIER, Auth::None).await);
    world.get(&format!("{door}{OWN_FILE}"), claim.clone()).await;
    world.enter_pin(&door, true).await;
    world.overload().await;
    let before = world.device().await;
    assert_eq!(world.get(&format!("{door}{OWN_FILE}"), claim).await.status, 503);
    assert_eq!(world.device().await, before, "neither PIN nor state is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_anybody_gets_forgives_no_wrong_login() {
    let world = World::new(&PIN_ONLY).await;
    let (door, claim) = own_door(&world.get(CARRIER, Auth::None).await);
    let mut slowed = false;
    for number in 0..40 {
        if number % 5 == 0 {
            assert_eq!(world.get(&format!("{door}{OWN_FILE}"), claim.clone()).await.status, 200, "a right login is never slowed");
        }
        slowed |= world.get(CARRIER, Auth::Basic("desk-7".into(), format!("guess {number}"))).await.status == 503;
    }
    assert!(slowed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_from_the_factory_slows_nobody() {
    let world = sealed::world(&[]).await;
    // In this brand phones answer every challenge with their MAC first.
    let answers = async |user: &str| {
        let auth = Auth::Basic(user.to_owned(), "from the label".to_owned());
        world.send(Sent { agent: Some(sealed::AGENT), ..Sent::get(sealed::CARRIER, auth) }).await.status
    };
    for _ in 0..40 {
        assert_eq!(answers(&sealed::MAC.to_ascii_uppercase()).await, 401);
    }
    let mut slowed = false;
    for _ in 0..40 {
        slowed |= answers("00005E0053FF").await == 503;
    }
    assert!(slowed, "another phone's MAC is a guess like any other");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_for_a_user_that_nobody_is_spends_no_count() {
    let world = World::new(&[]).await;
    let sent = Sent::get(CARRIER, Auth::None);
    let nonce = world.send(sent.clone()).await.challenges.remove(0);
    // "No such user" is checked against the empty password: it must be as wrong the second time as the first.
    let header = Auth::Raw(world::answer(&nonce, "nobody", "", &sent));
    for _ in 0..2 {
        let refused = world.get(CARRIER, header.clone()).await;
        let stale = refused.challenges.iter().any(|challenge| challenge.to_str().unwrap().contains("stale"));
        assert_eq!((refused.status, stale), (401, false));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_from_the_front_door_are_no_lever_for_writes() {
    let world = World::new(&PIN_ONLY).await;
    let before = world.stored().await.version;
    for number in 0..60 {
        let address = format!("203.0.113.{number}");
        let (door, claim) = own_door(&world.get_from(&address, CARRIER, Auth::None).await);
        assert_eq!(world.get_from(&address, &format!("{door}{OWN_FILE}"), claim).await.status, 200);
    }
    let claims = world.stored().await.version - before;
    assert!(claims <= 8, "{claims} writes for 60 claims of one moment");
    let (door, claim) = own_door(&world.get(CARRIER, Auth::None).await);
    for number in 0..60 {
        let address = format!("2001:db8::{number:x}");
        assert_eq!(world.get_from(&address, &format!("{door}{OWN_FILE}"), claim.clone()).await.status, 200);
    }
    let moves = world.stored().await.version - before - claims;
    assert!(moves <= 1, "{moves} writes for 60 addresses of one claim");
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_that_nobody_added_leave_no_flags() {
    let world = World::new(&[("ua_mismatch", "refuse")]).await;
    let other = "Yealink SIP-T46S 66.86.0.15 00:15:65:00:00:aa";
    let path = "/cfg/001565000002.cfg";
    assert_eq!(world.send(Sent { agent: Some(other), ..Sent::get(path, Auth::None) }).await.status, 401);
    world.desk.flusher().flush().await.unwrap();
    let mac: Mac = "001565000002".parse().unwrap();
    world.add("001565000002").await;
    let flags = world.store.read(move |db| store::sightings::attention(db, &Scope::Operator, mac)).await.unwrap();
    assert_eq!(flags, [], "rows that nobody bounds");
    // Those of a phone that somebody added stay.
    assert_eq!(world.send(Sent { agent: Some(other), ..Sent::get(path, Auth::None) }).await.status, 401);
    world.desk.flusher().flush().await.unwrap();
    let flags = world.store.read(move |db| store::sightings::attention(db, &Scope::Operator, mac)).await.unwrap();
    assert_eq!(flags.iter().map(|flag| flag.kind.as_str()).collect::<Vec<_>>(), [Attention::IdentityMismatch.code()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_leaves_does_not_stop_the_request_log() {
    let world = World::new(&[]).await;
    assert_eq!(world.get(CARRIER, World::global()).await.status, 200);
    let (former, next) = (world.customer, CustomerId(uuid::Uuid::from_u128(2)));
    let now = world.now;
    let mut stored = world.stored().await;
    stored.device.place = Place { customer: next, ..stored.device.place };
    let leaves = move |db: &store::Db| {
        let row = store::tenancy::Customer { id: next, reseller: None, name: "Other customer".into(), created: now, version: 1 };
        store::tenancy::add_customer(db, &Scope::Operator, &row)?;
        store::device::relocate(db, &Scope::Operator, &stored, now)?;
        store::tenancy::remove_customer(db, &Scope::Operator, former)
    };
    world.store.write(leaves).await.unwrap();
    assert_eq!(world.requests().await.len(), 2, "the challenge and its answer");
}
