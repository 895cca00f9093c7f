//! Calls, without a phone around them.

use domain::settings::Transport;
use phonesim::sip::{Agent, By, Call, CallOptions, CallState, End, Incoming, KeyError, Keying, Side, SipAccount};

use crate::pbx::{Carrier, Pbx};
use crate::registrations::options;

fn account() -> SipAccount {
    SipAccount::new("claim1", "pw")
}

fn hasty() -> CallOptions {
    CallOptions { keying: Keying::hasty(), ..CallOptions::default() }
}

async fn agent(pbx: &Pbx) -> (Agent, Incoming) {
    Agent::open(options(pbx, Transport::Udp)).await.unwrap()
}

async fn call(agent: &Agent, options: &CallOptions) -> Call {
    let call = agent.call(&account(), "*89", options).await.unwrap();
    call.answered().await.unwrap();
    call
}

#[tokio::test]
async fn a_call_is_proved_answered_heard_and_hung_up() {
    for (carrier, transport) in [(Carrier::Udp, Transport::Udp), (Carrier::Tcp, Transport::Tcp), (Carrier::Tls, Transport::Tls)] {
        for host in ["127.0.0.1", "::1"] {
            let pbx = Pbx::on(host.parse().unwrap(), carrier).await;
            let (agent, _incoming) = Agent::open(options(&pbx, transport)).await.unwrap();
            let call = call(&agent, &hasty()).await;
            assert!(call.hears(|heard| heard.share_of(pbx.clip()) > 0.1).await, "the clip is known again");
            assert!(call.heard().loud_seconds() > 0.05);
            assert_eq!(call.hang_up().await, End { by: Side::Us, status: None, reason: None });
            let seen = pbx.until(|script| script.seen.iter().any(|line| line.starts_with("BYE"))).await.seen;
            let invites: Vec<_> = seen.iter().filter(|line| line.starts_with("INVITE")).collect();
            assert_eq!(invites, ["INVITE sip:*89 bare 401", "INVITE sip:*89 proved 200"]);
            assert_eq!(seen.iter().filter(|line| line.starts_with("ACK")).count(), 2, "{seen:?}");
        }
    }
}

#[tokio::test]
async fn keys_arrive_whichever_way_they_travel() {
    for by in [By::Rfc4733, By::InfoRelay, By::InfoDtmf, By::Tones] {
        let pbx = Pbx::start().await;
        let (agent, _incoming) = agent(&pbx).await;
        let call = call(&agent, &CallOptions { telephone_events: by != By::Tones, ..hasty() }).await;
        call.press("1123*0#", by).await.unwrap();
        let keys = pbx.until(|script| script.keys.len() >= 7).await.keys;
        assert_eq!(keys, "1123*0#", "{by:?}");
    }
}

#[tokio::test]
async fn keys_that_cannot_travel_are_told() {
    let pbx = Pbx::start().await;
    let (agent, _incoming) = agent(&pbx).await;
    let call = call(&agent, &CallOptions { telephone_events: false, ..hasty() }).await;
    assert_eq!(call.press("1", By::Rfc4733).await, Err(KeyError::NoEvents));
    assert_eq!(call.press("1x", By::Tones).await, Err(KeyError::NoSuchKey));
    call.hang_up().await;
    assert_eq!(call.press("1", By::InfoRelay).await, Err(KeyError::NoCall));
}

#[tokio::test]
async fn the_other_side_may_hang_up_and_say_why() {
    let pbx = Pbx::start().await;
    let (agent, _incoming) = agent(&pbx).await;
    let call = call(&agent, &hasty()).await;
    let answer = pbx.in_call("BYE", &[("Reason", "SIP;text=\"done\"")]).await.unwrap();
    assert_eq!(answer.status(), Some(200));
    assert_eq!(call.ended().await, End { by: Side::Them, status: None, reason: Some("SIP;text=\"done\"".into()) });
    let again = pbx.in_call("BYE", &[]).await.unwrap();
    assert_eq!(again.status(), Some(481), "there is no such call any more");
}

#[tokio::test]
async fn a_refused_call_says_so() {
    let pbx = Pbx::start().await;
    pbx.script().invite = 486;
    let (agent, _incoming) = agent(&pbx).await;
    let call = agent.call(&account(), "*89", &hasty()).await.unwrap();
    let end = call.answered().await.unwrap_err();
    assert_eq!(end, End { by: Side::Them, status: Some(486), reason: Some("Q.850;cause=17".into()) });
    pbx.until(|script| script.seen.iter().filter(|line| line.starts_with("ACK")).count() == 2).await;
}

#[tokio::test]
async fn hanging_up_while_it_rings_cancels() {
    let pbx = Pbx::start().await;
    pbx.script().rings = true;
    let (agent, _incoming) = agent(&pbx).await;
    let call = agent.call(&account(), "*89", &hasty()).await.unwrap();
    assert_eq!(call.proceeding().await, CallState::Proceeding(180));
    let end = call.hang_up().await;
    assert_eq!(end.status, Some(487));
    let seen = pbx.until(|script| script.seen.iter().filter(|line| line.starts_with("ACK")).count() == 2).await.seen;
    assert!(seen.iter().any(|line| line.starts_with("CANCEL sip:*89")), "{seen:?}");
}

#[tokio::test]
async fn a_call_that_nobody_holds_any_more_is_ended() {
    let pbx = Pbx::start().await;
    let (agent, _incoming) = agent(&pbx).await;
    drop(call(&agent, &hasty()).await);
    pbx.until(|script| script.seen.iter().any(|line| line.starts_with("BYE"))).await;
}

#[tokio::test]
async fn a_call_is_held_and_taken_back() {
    let pbx = Pbx::start().await;
    let (agent, _incoming) = agent(&pbx).await;
    let call = call(&agent, &hasty()).await;
    call.hold(true).await.unwrap();
    call.hold(false).await.unwrap();
    assert_eq!(call.state(), CallState::Answered);
    assert_eq!(pbx.count("INVITE"), 6, "each was challenged once");
}

#[tokio::test]
async fn lost_datagrams_delay_a_call_only() {
    let pbx = Pbx::start().await;
    let (agent, _incoming) = agent(&pbx).await;
    pbx.script().lost = 1;
    let call = call(&agent, &hasty()).await;
    pbx.until(|script| script.seen.iter().filter(|line| line.starts_with("ACK")).count() == 2).await;
    pbx.script().lost = 1;
    assert_eq!(call.hang_up().await.by, Side::Us);
    assert_eq!(pbx.count("BYE lost"), 1);
}

#[tokio::test]
async fn many_calls_share_one_agent() {
    let pbx = Pbx::start().await;
    let (agent, _incoming) = agent(&pbx).await;
    let mut calls = Vec::new();
    for _ in 0..50 {
        calls.push(agent.call(&account(), "*89", &hasty()).await.unwrap());
    }
    for call in &calls {
        call.answered().await.unwrap();
        assert!(call.hears(|heard| heard.packets > 2).await);
    }
    for call in &calls {
        assert_eq!(call.hang_up().await.by, Side::Us);
    }
}
