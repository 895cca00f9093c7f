//! PINs, right and wrong, by every way that keys travel; and who is not let in.

use phonesim::sip::{By, CallOptions, CallState, Registration, Side, SipAccount};
use tokio::time::timeout;
use voice::presence::Presence;
use voice::prompts::{Prompt, Word};

use crate::house::{ADDED, House, PATIENCE, UNKNOWN, hasty, is_told, keys};

#[tokio::test]
async fn a_right_pin_by_telephone_events() {
    right_by(By::Rfc4733).await;
}

#[tokio::test]
async fn a_right_pin_by_info_of_the_first_kind() {
    right_by(By::InfoRelay).await;
}

#[tokio::test]
async fn a_right_pin_by_info_of_the_other_kind() {
    right_by(By::InfoDtmf).await;
}

#[tokio::test]
async fn a_right_pin_by_tones() {
    right_by(By::Tones).await;
}

async fn right_by(by: By) {
    let house = House::open().await;
    let (agent, _incoming) = house.agent().await;
    let claim = house.claim(ADDED, 1);
    let options = CallOptions { telephone_events: by == By::Rfc4733, ..hasty() };
    let call = agent.call(&house.account(&claim), "*89", &options).await.unwrap();
    is_told(&call, Prompt::EnterCode).await;
    call.press(&format!("{}#", house.pin().await), by).await.unwrap();
    is_told(&call, Prompt::Right).await;
    let end = timeout(PATIENCE, call.ended()).await.unwrap();
    assert_eq!((end.by, end.status), (Side::Them, None));
    assert!(house.auth().await.used_claim(&claim).unwrap().cleared.is_some());
    let noted = &house.noted(1).await[0];
    assert_eq!((noted.result.as_str(), noted.dialled.as_str(), noted.account.len()), ("right", "*89", 32));
    assert_eq!(noted.prompts, ["enter_code", "right"]);
}

#[tokio::test]
async fn three_wrong_pins_fail_and_the_next_call_is_told_at_once() {
    let house = House::open().await;
    let (agent, _incoming) = house.agent().await;
    let claim = house.claim(ADDED, 1);
    let (wrong, right) = (house.wrong().await, house.pin().await);
    let call = house.call(&agent, &claim).await;
    call.answered().await.unwrap();
    for left in [2, 1] {
        keys(&call, &format!("{wrong}#")).await;
        is_told(&call, Word::Tries(left)).await;
    }
    keys(&call, &format!("{wrong}#")).await;
    is_told(&call, Prompt::Failed).await;
    assert_eq!(timeout(PATIENCE, call.ended()).await.unwrap().by, Side::Them);
    assert_eq!(house.noted(1).await[0].result, "failed");
    let call = house.call(&agent, &claim).await;
    is_told(&call, Prompt::Failed).await;
    keys(&call, &format!("{right}#")).await;
    assert_eq!(timeout(PATIENCE, call.ended()).await.unwrap().by, Side::Them);
    let noted = house.noted(2).await;
    assert_eq!((noted[0].result.as_str(), &noted[0].prompts[..]), ("failed", &["failed".to_owned(), "goodbye".to_owned()][..]));
    assert!(house.auth().await.used.iter().all(|used| used.cleared.is_none()));
    let topics: Vec<_> = house.outbox().await.into_iter().map(|message| message.topic).collect();
    assert_eq!(topics.iter().filter(|topic| *topic == "device.pin_wrong").count(), 3);
    assert!(topics.contains(&"device.failed".to_owned()) && topics.contains(&"device.refetch".to_owned()));
}

#[tokio::test]
async fn an_unknown_mac_hears_the_same_and_leaves_nothing() {
    let house = House::open().await;
    let (agent, _incoming) = house.agent().await;
    let call = house.call(&agent, &house.claim(UNKNOWN, 1)).await;
    call.answered().await.unwrap();
    keys(&call, "000000#").await;
    is_told(&call, Prompt::Wrong).await;
    call.hang_up().await;
    // A known one's call after it is noted; this one's is not.
    let call = house.call(&agent, &house.claim(ADDED, 1)).await;
    call.answered().await.unwrap();
    call.hang_up().await;
    assert_eq!(house.noted(1).await.len(), 1);
    assert!(house.outbox().await.is_empty());
}

#[tokio::test]
async fn a_pin_counts_although_the_caller_hangs_up_behind_it() {
    let house = House::open().await;
    let (agent, _incoming) = house.agent().await;
    let claim = house.claim(ADDED, 1);
    let call = house.call(&agent, &claim).await;
    call.answered().await.unwrap();
    keys(&call, &format!("{}#", house.pin().await)).await;
    let cleared = async {
        while house.auth().await.used_claim(&claim).is_none_or(|used| used.cleared.is_none()) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, cleared).await.expect("the PIN was to clear the claim");
    call.hang_up().await;
    assert_eq!(house.noted(1).await[0].result, "right");
}

#[tokio::test]
async fn without_proof_nobody_gets_to_the_prompt() {
    let house = House::open().await;
    let (agent, _incoming) = house.agent().await;
    let owner = house.account(&house.claim(ADDED, 1));
    let impostor = SipAccount::new(&owner.user, "guessed");
    for account in [impostor, SipAccount::new("1001", "guessed")] {
        let call = agent.call(&account, "*89", &hasty()).await.unwrap();
        let end = timeout(PATIENCE, call.ended()).await.unwrap();
        assert_eq!((end.by, end.status), (Side::Them, Some(401)));
    }
    let call = house.call(&agent, &house.claim(ADDED, 1)).await;
    call.answered().await.expect("the owner is let in all the same");
    call.hang_up().await;
}

#[tokio::test]
async fn a_claim_has_two_calls_and_no_more() {
    let house = House::open().await;
    let (agent, _incoming) = house.agent().await;
    let claim = house.claim(ADDED, 1);
    let (one, two) = (house.call(&agent, &claim).await, house.call(&agent, &claim).await);
    one.answered().await.unwrap();
    two.answered().await.unwrap();
    let three = house.call(&agent, &claim).await;
    assert_eq!(timeout(PATIENCE, three.ended()).await.unwrap().status, Some(486));
    let other = house.call(&agent, &house.claim(UNKNOWN, 1)).await;
    other.answered().await.expect("another phone");
    one.hang_up().await;
    house.noted(1).await;
    let four = house.call(&agent, &claim).await;
    four.answered().await.expect("a seat was given back");
}

#[tokio::test]
async fn sound_that_cannot_be_spoken_is_refused() {
    let house = House::open().await;
    let (agent, _incoming) = house.agent().await;
    let options = CallOptions { codecs: Vec::new(), ..hasty() };
    let call = agent.call(&house.account(&house.claim(ADDED, 1)), "*89", &options).await.unwrap();
    assert_eq!(timeout(PATIENCE, call.ended()).await.unwrap().status, Some(488));
}

#[tokio::test]
async fn hold_and_back_keep_the_call() {
    let house = House::open().await;
    let (agent, _incoming) = house.agent().await;
    let claim = house.claim(ADDED, 1);
    let call = house.call(&agent, &claim).await;
    call.answered().await.unwrap();
    call.hold(true).await.unwrap();
    call.hold(false).await.unwrap();
    assert_eq!(call.state(), CallState::Answered);
    keys(&call, &format!("{}#", house.pin().await)).await;
    timeout(PATIENCE, call.ended()).await.unwrap();
    assert_eq!(house.noted(1).await[0].result, "right");
}

#[tokio::test]
async fn where_a_phone_stands_is_known_while_it_lasts() {
    let house = House::open().await;
    let (agent, _incoming) = house.agent().await;
    let claim = house.claim(ADDED, 1);
    assert_eq!(house.presence(ADDED), Presence::Away);
    let mut registration = Registration::new(&agent, house.account(&claim));
    registration.register(600).await.unwrap();
    assert_eq!((house.presence(ADDED), house.presence(UNKNOWN)), (Presence::Registered, Presence::Away));
    let call = house.call(&agent, &claim).await;
    call.answered().await.unwrap();
    assert_eq!(house.presence(ADDED), Presence::InCall);
    is_told(&call, Prompt::EnterCode).await;
    keys(&call, &format!("{}#", house.pin().await)).await;
    timeout(PATIENCE, call.ended()).await.unwrap();
    // Noted when all is over.
    house.noted(1).await;
    assert_eq!(house.presence(ADDED), Presence::Registered);
    registration.register(0).await.unwrap();
    assert_eq!(house.presence(ADDED), Presence::Away);
}

#[tokio::test]
async fn the_phone_is_told_to_fetch_after_the_call() {
    let house = House::open().await;
    let (agent, mut incoming) = house.agent().await;
    let claim = house.claim(ADDED, 1);
    let mut registration = Registration::new(&agent, house.account(&claim));
    registration.register(600).await.unwrap();
    let call = house.call(&agent, &claim).await;
    call.answered().await.unwrap();
    keys(&call, &format!("{}#", house.pin().await)).await;
    let notified = timeout(PATIENCE, incoming.recv()).await.unwrap().unwrap();
    assert_eq!(
        (notified.message().method(), notified.message().header("Event").unwrap_or_default().starts_with("check-sync")),
        ("NOTIFY", true)
    );
    assert!(matches!(call.state(), CallState::Ended(_)), "not while it speaks");
    notified.reply(200, "OK", &[]).await;
}
