//! Kamailio in front of the service: registration (Path), call (Record-Route) and NOTIFY go through it.

use crate::kamailio::Kamailio;
use crate::scenario::WITH_EVENTS;
use crate::scene::{Scene, in_order};
use crate::sipp::Run;

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_behind_a_proxy_registers_keys_in_its_pin_and_is_told_to_fetch() {
    let scene = Scene::open().await;
    let proxy = Kamailio::start(scene.house.neighbour(50), scene.house.voice().udp).await;
    let call = scene.scenario("behind a proxy").register().dial("*89", WITH_EVENTS).taken();
    let scenario = call.events(&format!("{}#", scene.pin)).ended().pause(8_000);
    let mut phone = Run::new(&scenario, scene.house.neighbour(20)).calling(proxy.at).start();
    phone.sees("NOTIFY sip:").await;
    scene.is_cleared().await;
    let messages = phone.done().await;
    // All that came, came from the proxy, which put itself on the way.
    in_order(&messages, &["BYE sip:", &format!("Via: SIP/2.0/UDP {}", proxy.at), "NOTIFY sip:", &format!("Via: SIP/2.0/UDP {}", proxy.at)]);
    proxy.stop().await;
    scene.house.close().await;
}
