//! What becomes of a NOTIFY: taken, refused, never answered.

use crate::scene::{MAC, Scene};

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_phone_is_told_to_fetch_without_a_call() {
    let scene = Scene::open().await;
    let mut phone = scene.phone(&scene.scenario("registered").register().pause(12_000));
    phone.sees("SIP/2.0 200 OK").await;
    scene.house.cli(&["device", "suspend", MAC]).await;
    phone.sees("NOTIFY sip:").await;
    phone.sees("check-sync").await;
    scene.counted("ringfence_notifies_total", "done").await;
    scene.is_cleared().await;
    phone.done().await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_refuses_is_counted_as_such() {
    let scene = Scene::open().await;
    let scenario = scene.scenario("registered").register().pause(12_000);
    let mut phone = scene.run(&scenario).start_answering("489 Bad Event");
    phone.sees("SIP/2.0 200 OK").await;
    scene.house.cli(&["device", "suspend", MAC]).await;
    phone.sees("SIP/2.0 489").await;
    scene.counted("ringfence_notifies_total", "phone_refused").await;
    phone.done().await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_is_gone_is_counted_as_such() {
    let scene = Scene::open().await;
    scene.phone(&scene.scenario("registered").register()).done().await;
    scene.house.cli(&["device", "suspend", MAC]).await;
    scene.counted("ringfence_notifies_total", "flow_gone").await;
    scene.house.close().await;
}
