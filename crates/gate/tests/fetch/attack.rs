//! What somebody tries who has no login, or not the right one.


use crate::world::{self, Auth, Sent, World};
use crate::CARRIER;

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
