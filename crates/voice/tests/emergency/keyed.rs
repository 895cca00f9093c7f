//! An emergency number keyed into the prompt: the call is with us already.

use voice::emergency::PutThrough;
use voice::media::{Srtp, Surroundings, Talk};
use voice::stack::{Leg, Reply};

use crate::world::{Carrier, PATIENCE, Phone, Platform, SITE_NUMBER, both_hear, mac};

/// A phone that is with us, and our side of it.
async fn with_us(platform: &mut Platform, phone: &mut Phone) -> (Leg, Leg, Talk) {
    let mut call = phone.dial("*89").await;
    let ours = tokio::time::timeout(PATIENCE, platform.others.recv()).await.unwrap().unwrap();
    let there = Surroundings { peer: ours.flow().peer().ip(), secure: false, srtp: Srtp::Off };
    let talk = platform.media.answer(ours.offer().unwrap(), &there).unwrap();
    let answer = talk.answer().to_owned();
    let (leg, near) = tokio::join!(ours.accept(answer), phone.talk(&mut call));
    (near, leg.unwrap(), talk)
}

async fn scene() -> (tempfile::TempDir, Platform, Carrier, Phone) {
    let folder = tempfile::tempdir().unwrap();
    let carrier = Carrier::open().await;
    let platform = Platform::with_trunks(folder.path(), vec![carrier.trunk(1)]).await;
    platform.stands(mac(1));
    let phone = Phone::of(&platform, mac(1)).await;
    (folder, platform, carrier, phone)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_put_through() {
    let (_folder, mut platform, mut carrier, mut phone) = scene().await;
    let (near, leg, talk) = with_us(&mut platform, &mut phone).await;
    assert_eq!(platform.emergency.numbers_for(Some(mac(1))), ["112", "110"]);
    let (claim, emergency) = (platform.claim(mac(1)), platform.emergency.clone());
    let through = tokio::spawn(async move { emergency.put_through(leg, talk, "112", Some(claim), "sip:desk@192.0.2.7").await });
    let (invite, far) = carrier.answer().await;
    assert!(invite.header("P-Asserted-Identity").unwrap().contains(SITE_NUMBER));
    both_hear(&mut phone.sound, &mut carrier.sound).await;
    assert!(near.bye().await);
    assert!(matches!(through.await.unwrap(), PutThrough::Ended));
    drop(far);
    platform.ended("answered", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_meanwhile_is_gone_for_the_trunk() {
    let (_folder, mut platform, mut carrier, mut phone) = scene().await;
    let (near, leg, talk) = with_us(&mut platform, &mut phone).await;
    let emergency = platform.emergency.clone();
    let through = tokio::spawn(async move { emergency.put_through(leg, talk, "112", None, "").await });
    let mut invite = carrier.call().await;
    invite.ring(180, None).await;
    assert!(near.bye().await);
    tokio::time::timeout(PATIENCE, invite.cancelled()).await.expect("the trunk is told");
    drop(invite);
    assert!(matches!(through.await.unwrap(), PutThrough::Ended));
    platform.ended("cancelled", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_no_trunk_takes_it_we_can_still_speak() {
    let (_folder, mut platform, mut carrier, mut phone) = scene().await;
    let (_near, leg, talk) = with_us(&mut platform, &mut phone).await;
    let emergency = platform.emergency.clone();
    let through = tokio::spawn(async move { emergency.put_through(leg, talk, "112", None, "").await });
    let invite = carrier.call().await;
    assert!(invite.message().header("From").unwrap().starts_with("\"unverified\""));
    invite.reject(Reply::new(503)).await;
    let PutThrough::Unreachable(left) = through.await.unwrap() else { panic!("nobody took it") };
    assert!(left.talk.is_some(), "the caller still hears us");
    assert_eq!(platform.media.sessions(), (1, 0));
    platform.ended("failed", 1).await;
    assert!(left.leg.bye().await);
}
