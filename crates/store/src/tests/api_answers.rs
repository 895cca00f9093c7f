//! Answers to requests with an idempotency key, on both engines.

use domain::Span;

use crate::api_answer::{self, Asked, Known};
use crate::tests::fixture::{NOW, World, on_both};

on_both! {
    a_request_is_answered_alike_for_a_day
    one_that_was_not_done_may_come_again
}

const ASKED: Asked = Asked { id: [1; 32], request: [2; 32] };
const OTHER: Asked = Asked { id: [1; 32], request: [3; 32] };

async fn begin(world: &World, asked: Asked, hours: i64) -> Known {
    world.store.write(move |db| api_answer::begin(db, &asked, NOW + Span::hours(hours))).await.unwrap()
}

async fn a_request_is_answered_alike_for_a_day(world: World) {
    assert_eq!(begin(&world, ASKED, 0).await, Known::New);
    assert_eq!(begin(&world, ASKED, 1).await, Known::Running);
    assert_eq!(begin(&world, OTHER, 1).await, Known::Other);
    world.store.write(|db| api_answer::keep(db, &OTHER, b"of another request")).await.unwrap();
    assert_eq!(begin(&world, ASKED, 1).await, Known::Running, "an answer goes to its own request alone");
    world.store.write(|db| api_answer::keep(db, &ASKED, b"shown once: example")).await.unwrap();
    assert_eq!(begin(&world, ASKED, 23).await, Known::Answered(b"shown once: example".to_vec()));
    assert_eq!(begin(&world, OTHER, 23).await, Known::Other);
    world.store.write(|db| api_answer::forget(db, &ASKED)).await.unwrap();
    assert!(matches!(begin(&world, ASKED, 23).await, Known::Answered(_)), "what was answered stays");
    assert_eq!(begin(&world, OTHER, 25).await, Known::New, "after a day the key is free");
}

async fn one_that_was_not_done_may_come_again(world: World) {
    assert_eq!(begin(&world, ASKED, 0).await, Known::New);
    world.store.write(|db| api_answer::forget(db, &ASKED)).await.unwrap();
    assert_eq!(begin(&world, OTHER, 0).await, Known::New);
}
