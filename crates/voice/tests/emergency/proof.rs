//! Who calls: proved or not, counted or not, and from where.

use domain::emergency::Trunk;
use domain::policy::Patch;
use domain::tenancy::Node;
use store::Scope;
use voice::registrar::Notice;
use voice::stack::Reply;

use crate::world::{Carrier, OWN_NUMBER, Phone, Platform, SITE_NUMBER, both_hear, eventually, mac, plant, progress, refused, sqlite};

async fn scene(trunk: impl Fn(Trunk) -> Trunk) -> (tempfile::TempDir, Platform, Carrier) {
    let folder = tempfile::tempdir().unwrap();
    let carrier = Carrier::open().await;
    let platform = Platform::with_trunks(folder.path(), vec![trunk(carrier.trunk(1))]).await;
    platform.stands(mac(1));
    (folder, platform, carrier)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_phone_is_proved_by_its_flow() {
    let (_folder, platform, mut carrier) = scene(|trunk| trunk).await;
    let phone = Phone::of(&platform, mac(1)).await;
    assert_eq!(phone.register().await, 200);
    // It has lost its password since, or answers no challenge: the flow is enough.
    let phone = phone.forgetful();
    let mut call = phone.dial("112").await;
    let invite = carrier.call().await;
    assert!(invite.message().header("P-Asserted-Identity").unwrap().contains(SITE_NUMBER));
    invite.reject(Reply::new(486)).await;
    assert_eq!(refused(&mut call).await, 486);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_names_an_account_is_asked_once_and_then_put_through() {
    let (_folder, platform, mut carrier) = scene(|trunk| trunk).await;
    let phone = Phone::of(&platform, mac(1)).await.forgetful();
    assert_eq!(refused(&mut phone.dial("112").await).await, 401, "asked once");
    let mut call = phone.dial("112").await;
    let invite = carrier.call().await;
    let from = invite.message().header("From").unwrap();
    assert!(from.starts_with("\"unverified\"") && from.contains(OWN_NUMBER), "{from}");
    assert_eq!(invite.message().header("P-Asserted-Identity"), None);
    invite.reject(Reply::new(486)).await;
    assert_eq!(refused(&mut call).await, 486);
    assert!(platform.disturbed.lock().unwrap().is_empty(), "what an account merely names keeps no phone from being told");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_answer_does_not_keep_a_call_from_going_out() {
    let (_folder, platform, mut carrier) = scene(|trunk| trunk).await;
    let phone = Phone::stranger(&platform).await;
    let wrong = r#"Digest username="nobody", realm="phones.example.com", nonce="x", uri="sip:112@x", response="00", algorithm=MD5"#;
    let request = phone.request("INVITE", "sip:112@phones.example.com").header("Authorization", wrong);
    let mut call = phone.stack.invite(phone.target(), request.sdp(phone.sound.description())).await;
    carrier.call().await.reject(Reply::new(486)).await;
    assert_eq!(refused(&mut call).await, 486);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_calls_without_proof_from_one_address_and_any_number_with() {
    let (_folder, platform, mut carrier) = scene(|trunk| trunk).await;
    let strangers = [Phone::stranger(&platform).await, Phone::stranger(&platform).await, Phone::stranger(&platform).await];
    let (mut one, mut two) = (strangers[0].dial("112").await, strangers[1].dial("911").await);
    let (mut first, mut second) = (carrier.call().await, carrier.call().await);
    if first.message().uri().contains("911") {
        // They came over different sockets.
        std::mem::swap(&mut first, &mut second);
    }
    first.ring(180, None).await;
    second.ring(180, None).await;
    let mut third = strangers[2].dial("112").await;
    assert_eq!(refused(&mut third).await, 503);
    assert_eq!(platform.counted("refused"), 1);
    // The same address, with proof.
    let mut phone = Phone::of(&platform, mac(1)).await;
    let mut proved = phone.dial("112").await;
    let (_, _far) = carrier.answer().await;
    let _near = phone.talk(&mut proved).await;
    both_hear(&mut phone.sound, &mut carrier.sound).await;
    // One of the two ends; the third may call.
    first.reject(Reply::new(486)).await;
    assert_eq!(refused(&mut one).await, 486);
    platform.ended("busy", 1).await;
    let mut third = strangers[2].dial("112").await;
    carrier.call().await.reject(Reply::new(486)).await;
    assert_eq!(refused(&mut third).await, 486);
    progress(&mut two).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_kept_for_proved_callers_are_not_for_others() {
    let (_folder, platform, mut carrier) = scene(|trunk| Trunk { channels: Some(1), reserved: 1, ..trunk }).await;
    let stranger = Phone::stranger(&platform).await;
    assert_eq!(refused(&mut stranger.dial("112").await).await, 503);
    let phone = Phone::of(&platform, mac(1)).await;
    let mut call = phone.dial("112").await;
    carrier.call().await.reject(Reply::new(486)).await;
    assert_eq!(refused(&mut call).await, 486);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_nobody_added_calls_where_the_policy_lets_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut carrier = Carrier::open().await;
    let store = sqlite(folder.path()).await;
    plant(&store, vec![carrier.trunk(1)]).await;
    let platform = Platform::open(folder.path(), Some(store.clone())).await;
    // The store knows of no phone at all, so it can be told within a moment.
    let phone = Phone::of(&platform, mac(9)).await;
    assert_eq!(refused(&mut phone.dial("112").await).await, 403);
    assert_eq!(platform.counted("unclaimed"), 1);
    let patch = Patch([("emergency_unclaimed".to_owned(), "yes".to_owned())].into());
    store.write(move |db| store::policy::save_patch(db, &Scope::Operator, Node::Operator, &patch)).await.unwrap();
    eventually(|| platform.emergency.routes().unclaimed, "the policy is read").await;
    let mut call = phone.dial("112").await;
    carrier.call().await.reject(Reply::new(486)).await;
    assert_eq!(refused(&mut call).await, 486);
    // Where the store cannot say, the call goes out.
    platform.close().await;
    let lost = Platform::open(folder.path(), None).await;
    let phone = Phone::of(&lost, mac(10)).await;
    lost.emergency.stands(mac(11), None);
    let mut call = phone.dial("112").await;
    carrier.call().await.reject(Reply::new(486)).await;
    assert_eq!(refused(&mut call).await, 486);
}
