//! Voice prompts, on both engines.

use domain::Span;
use domain::tenancy::Node;

use crate::outbox::outbox_after;
use crate::prompt::{self, Prompt, TOPIC};
use crate::tests::fixture::{NOW, World, on_both};
use crate::tests::tree::RESELLER;
use crate::{Db, Result, Scope, StoreError};

on_both! {
    a_prompt_is_kept_replaced_and_removed
    prompts_are_the_operators_alone
    prompts_are_bounded
}

fn recording(name: &str, length: usize) -> Prompt {
    Prompt { language: "de".into(), name: name.into(), wav: vec![7; length], set_at: NOW }
}

fn put(recording: Prompt) -> impl Fn(&Db) -> Result<()> {
    move |db| prompt::put(db, &Scope::Operator, &recording)
}

async fn a_prompt_is_kept_replaced_and_removed(world: World) {
    let store = &world.store;
    store.write(put(recording("wrong", 3))).await.unwrap();
    store.write(put(recording("right", 4))).await.unwrap();
    store.write(put(Prompt { set_at: NOW + Span::seconds(9), ..recording("wrong", 5) })).await.unwrap();
    let (listed, one, all) = store
        .read(|db| {
            let all = prompt::all(db)?;
            Ok((prompt::list(db, &Scope::Operator)?, prompt::load(db, &Scope::Operator, "de", "wrong")?, all))
        })
        .await
        .unwrap();
    let told: Vec<_> = listed.iter().map(|one| (one.name.as_str(), one.bytes, one.set_at)).collect();
    assert_eq!(told, [("right", 4, NOW), ("wrong", 5, NOW + Span::seconds(9))]);
    assert_eq!((one.wav.len(), all.len(), &all[1]), (5, 2, &one));

    store.write(|db| prompt::remove(db, &Scope::Operator, NOW, "de", "wrong")).await.unwrap();
    let again = store.write(|db| prompt::remove(db, &Scope::Operator, NOW, "de", "wrong")).await;
    assert!(matches!(again, Err(StoreError::NotFound)), "{again:?}");
    let gone = store.read(|db| prompt::load(db, &Scope::Operator, "de", "wrong")).await;
    assert!(matches!(gone, Err(StoreError::NotFound)), "{gone:?}");
    let told = store.read(|db| outbox_after(db, 0)).await.unwrap();
    let told: Vec<_> = told.iter().filter(|message| message.topic == TOPIC).map(|message| message.payload.as_str()).collect();
    let (right, wrong) = (r#"{"language":"de","name":"right"}"#, r#"{"language":"de","name":"wrong"}"#);
    assert_eq!(told, [wrong, right, wrong, wrong]);
}

async fn prompts_are_the_operators_alone(world: World) {
    let scope = Node::Reseller(RESELLER);
    world.store.write(put(recording("wrong", 3))).await.unwrap();
    let refused = world.store.write(move |db| prompt::put(db, &scope, &recording("wrong", 9))).await;
    assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    let refused = world.store.write(move |db| prompt::remove(db, &scope, NOW, "de", "wrong")).await;
    assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    let looked = |look: fn(&Db, &Scope) -> Result<usize>| world.store.read(move |db| look(db, &scope));
    assert!(matches!(looked(|db, scope| Ok(prompt::list(db, scope)?.len())).await, Err(StoreError::NotFound)));
    assert!(matches!(looked(|db, scope| Ok(prompt::load(db, scope, "de", "wrong")?.wav.len())).await, Err(StoreError::NotFound)));
    assert_eq!(world.store.read(prompt::all).await.unwrap()[0].wav.len(), 3);
}

async fn prompts_are_bounded(world: World) {
    let store = &world.store;
    let refused = store.write(put(recording("wrong", crate::limits::PROMPT_BYTES_MAX + 1))).await;
    assert!(matches!(refused, Err(StoreError::TooLarge { .. })), "{refused:?}");
    let most = crate::limits::PROMPTS_BYTES_MAX / 480_000;
    store.write(move |db| (0..most).try_for_each(|at| put(recording(&format!("number-{at}"), 480_000))(db))).await.unwrap();
    let refused = store.write(put(recording("wrong", 480_000))).await;
    assert!(matches!(&refused, Err(StoreError::Refused(why)) if why.contains("64 MiB")), "{refused:?}");
    assert_eq!(store.read(prompt::all).await.unwrap().len(), usize::try_from(most).unwrap(), "the refused one left nothing");
    store.write(put(recording("number-1", 10))).await.unwrap();
}
