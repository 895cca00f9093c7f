//! One trunk, one phone: what each of them does is done to the other.

use voice::stack::{Ended, LegEvent, Reply};

use crate::world::{Carrier, PATIENCE, Phone, Platform, SITE_NUMBER, both_hear, eventually, mac, progress, refused};

struct Scene {
    _folder: tempfile::TempDir,
    platform: Platform,
    carrier: Carrier,
    phone: Phone,
}

async fn scene() -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let carrier = Carrier::open().await;
    let platform = Platform::with_trunks(folder.path(), vec![carrier.trunk(1)]).await;
    platform.stands(mac(1));
    let phone = Phone::of(&platform, mac(1)).await;
    Scene { _folder: folder, platform, carrier, phone }
}

async fn next(leg: &mut voice::stack::Leg) -> LegEvent {
    tokio::time::timeout(PATIENCE, leg.next()).await.expect("something happens")
}

async fn assert_ends(leg: &mut voice::stack::Leg) {
    assert!(matches!(next(leg).await, LegEvent::Ended(Ended::HungUp)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_answered_and_both_hear_each_other() {
    let Scene { platform, mut carrier, mut phone, .. } = scene().await;
    let mut call = phone.dial("112").await;
    let (invite, mut far) = carrier.answer().await;
    assert_eq!(invite.uri(), carrier.trunk(1).address.uri("112"));
    assert_eq!(invite.header("Priority"), Some("emergency"));
    let host = carrier.trunk(1).address.host_port();
    assert_eq!(invite.header("P-Asserted-Identity"), Some(format!("<sip:{SITE_NUMBER}@{host}>").as_str()));
    assert_eq!(invite.from().uri, format!("sip:{SITE_NUMBER}@{host}"));
    let near = phone.talk(&mut call).await;
    both_hear(&mut phone.sound, &mut carrier.sound).await;
    // The phone hangs up.
    assert!(near.bye().await);
    assert_ends(&mut far).await;
    platform.ended("answered", 1).await;
    assert_eq!(platform.metrics.up.get(), 0);
    eventually(|| platform.media.sessions() == (0, 0), "the relay closes").await;
    assert_eq!(*platform.disturbed.lock().unwrap(), [mac(1), mac(1)], "at the begin and at the end");
    platform.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trunk_hangs_up() {
    let Scene { platform, mut carrier, mut phone, .. } = scene().await;
    let mut call = phone.dial("110").await;
    let (_, far) = carrier.answer().await;
    let mut near = phone.talk(&mut call).await;
    assert!(far.bye().await);
    assert_ends(&mut near).await;
    platform.ended("answered", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn services_and_separators_are_numbers_too() {
    let Scene { platform, mut carrier, phone, .. } = scene().await;
    for uri in ["urn:service:sos", "URN:service:sos.fire", "tel:1-1-2", "sip:1.1.2;phone-context=x@phones.example.com;user=phone"] {
        let mut call = phone.dial_uri(uri).await;
        let invite = carrier.call().await;
        assert_eq!(invite.message().uri(), carrier.trunk(1).address.uri("112"), "{uri}");
        invite.reject(Reply::new(486)).await;
        assert_eq!(refused(&mut call).await, 486, "{uri}");
    }
    platform.ended("busy", 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn early_media_pass_both_ways() {
    let Scene { mut carrier, mut phone, .. } = scene().await;
    let mut call = phone.dial("112").await;
    let mut invite = carrier.call().await;
    carrier.sound.learn(invite.offer().unwrap());
    invite.ring(180, None).await;
    assert_eq!(progress(&mut call).await, (180, None));
    invite.ring(183, Some(carrier.sound.description().into())).await;
    let (status, sdp) = progress(&mut call).await;
    assert_eq!(status, 183);
    phone.sound.learn(&sdp.unwrap());
    both_hear(&mut phone.sound, &mut carrier.sound).await;
    let _far = invite.accept(carrier.sound.description()).await.unwrap();
    let _near = phone.talk(&mut call).await;
    both_hear(&mut phone.sound, &mut carrier.sound).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hold_and_resume_pass_in_both_directions() {
    use wire::sdp::Direction;
    let Scene { mut carrier, mut phone, .. } = scene().await;
    let mut call = phone.dial("112").await;
    let (_, mut far) = carrier.answer().await;
    let mut near = phone.talk(&mut call).await;
    // The phone holds, the trunk answers.
    for (asked, heard, answer, told) in [
        ("sendonly", Direction::SendOnly, "recvonly", Direction::RecvOnly),
        ("sendrecv", Direction::SendRecv, "sendrecv", Direction::SendRecv),
    ] {
        let (reinvited, offered) = tokio::join!(near.reinvite(phone.sound.with_direction(asked)), async {
            let LegEvent::Offer { sdp, answerer } = next(&mut far).await else { panic!("an offer") };
            answerer.accept(carrier.sound.with_direction(answer));
            carrier.sound.learn(&sdp)
        });
        assert_eq!(offered, heard, "{asked}");
        assert_eq!(phone.sound.learn(&reinvited.unwrap()), told, "{asked}");
    }
    // The service does.
    let (reinvited, offered) = tokio::join!(far.reinvite(carrier.sound.with_direction("sendonly")), async {
        let LegEvent::Offer { sdp, answerer } = next(&mut near).await else { panic!("an offer") };
        answerer.accept(phone.sound.with_direction("recvonly"));
        phone.sound.learn(&sdp)
    });
    assert_eq!((offered, carrier.sound.learn(&reinvited.unwrap())), (Direction::SendOnly, Direction::RecvOnly));
    // What the other side refuses changes nothing.
    let (reinvited, ()) = tokio::join!(near.reinvite(phone.sound.with_direction("sendrecv")), async {
        let LegEvent::Offer { answerer, .. } = next(&mut far).await else { panic!("an offer") };
        answerer.refuse(488);
    });
    assert_eq!(reinvited, Err(voice::stack::ReinviteError::Refused(488)));
    assert!(near.bye().await);
    assert_ends(&mut far).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_gives_up_is_gone_for_the_trunk() {
    let Scene { platform, mut carrier, phone, .. } = scene().await;
    let mut call = phone.dial("112").await;
    let mut invite = carrier.call().await;
    invite.ring(180, None).await;
    progress(&mut call).await;
    call.cancel();
    assert_eq!(refused(&mut call).await, 487);
    tokio::time::timeout(PATIENCE, invite.cancelled()).await.expect("the trunk is told");
    platform.ended("cancelled", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_answers_a_caller_who_has_just_gone_hears_the_end() {
    let Scene { platform, mut carrier, phone, .. } = scene().await;
    for round in 1..=5 {
        let mut call = phone.dial("112").await;
        let mut invite = carrier.call().await;
        carrier.sound.learn(invite.offer().unwrap());
        invite.ring(180, None).await;
        progress(&mut call).await;
        // Both at once: whichever the server sees first, nobody stays on the line alone.
        let description = carrier.sound.description();
        let (answered, ()) = tokio::join!(invite.accept(description), async { call.cancel() });
        if let Some(near) = refused_or_over(&mut call).await {
            assert!(near.bye().await);
        }
        if let Ok(mut far) = answered {
            assert!(matches!(next(&mut far).await, LegEvent::Ended(_)), "round {round}");
        }
    }
    eventually(|| platform.metrics.up.get() == 0, "all are over").await;
    assert_eq!(platform.counted("cancelled") + platform.counted("answered"), 5);
}

/// The leg, if the answer was quicker than the caller.
async fn refused_or_over(call: &mut voice::stack::OutboundCall) -> Option<voice::stack::Leg> {
    use voice::stack::CallEvent;
    loop {
        match tokio::time::timeout(PATIENCE, call.next()).await.expect("an end comes") {
            CallEvent::Progress { .. } => {}
            CallEvent::Answered { leg, .. } => return Some(leg),
            CallEvent::Failed { status } => {
                assert_eq!(status, 487);
                return None;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_emergency_is_given_back() {
    let Scene { mut platform, mut carrier, phone, .. } = scene().await;
    for number in ["*89", "911", "1120"] {
        let _call = phone.dial(number).await;
        let other = tokio::time::timeout(PATIENCE, platform.others.recv()).await.unwrap().unwrap();
        assert!(other.message().uri().contains(number), "a German site does not dial {number}");
        other.reject(Reply::new(404)).await;
    }
    carrier.assert_silent();
}
