//! An emergency number keyed into the prompt, whatever the prompt was about to say.

use phonesim::sip::{Side, SipAccount};
use tokio::time::timeout;
use voice::prompts::{Prompt, Word};

use crate::house::{ADDED, House, PATIENCE, hasty, is_told, keys};

#[tokio::test]
async fn an_emergency_number_keyed_in_while_failed_reaches_the_trunk() {
    let house = House::open().await;
    let (agent, _incoming) = house.agent().await;
    let (trunk, mut trunk_calls) = house.agent().await;
    house.add_trunk(trunk.local()).await;
    let claim = house.claim(ADDED, 1);
    let wrong = house.wrong().await;
    let call = house.call(&agent, &claim).await;
    call.answered().await.unwrap();
    for left in [2, 1] {
        keys(&call, &format!("{wrong}#")).await;
        is_told(&call, Word::Tries(left)).await;
    }
    keys(&call, &format!("{wrong}#")).await;
    is_told(&call, Prompt::Failed).await;
    keys(&call, "112#").await;
    is_told(&call, Prompt::EmergencyCallTo).await;
    let invite = loop {
        let request = timeout(PATIENCE, trunk_calls.recv()).await.expect("the trunk was to be called").unwrap();
        match request.message().method() {
            "INVITE" => break request,
            _ => request.reply(200, "OK", &[]).await,
        }
    };
    assert!(invite.message().header("Priority").is_some_and(|priority| priority == "emergency"));
    let service = trunk.ring(invite, &SipAccount::new("trunk", ""), &hasty()).await.unwrap();
    service.pick_up().await.unwrap();
    // The phone's sound comes through.
    assert!(timeout(PATIENCE, service.hears(|heard| heard.packets > 5)).await.unwrap());
    call.hang_up().await;
    assert_eq!(timeout(PATIENCE, service.ended()).await.unwrap().by, Side::Them);
    let noted = house.noted_of_the_service(2).await;
    assert_eq!(noted.result, "emergency");
    assert!(noted.prompts.contains(&"emergency_call_to".to_owned()));
}

#[tokio::test]
async fn without_a_trunk_the_caller_is_told_that_nobody_comes() {
    let house = House::open().await;
    let (agent, _incoming) = house.agent().await;
    let call = house.call(&agent, &house.claim(ADDED, 1)).await;
    call.answered().await.unwrap();
    keys(&call, "110#").await;
    is_told(&call, Prompt::EmergencyUnreachable).await;
    assert_eq!(timeout(PATIENCE, call.ended()).await.unwrap().by, Side::Them);
    assert_eq!(house.noted_of_the_service(2).await.prompts.last().unwrap(), "use_another_telephone");
}
