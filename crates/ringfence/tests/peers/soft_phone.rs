//! baresip as the phone: over UDP, TCP and TLS, and with SRTP.

use crate::baresip::{Baresip, Way};
use crate::scene::Scene;

/// Registers, calls, keys in the PIN, is told to fetch (which baresip does not know how to do, and says so).
async fn enters_its_pin(way: Way) {
    let scene = Scene::open().await;
    let voice = scene.house.voice();
    let server = match way.transport {
        "udp" => voice.udp,
        "tcp" => voice.tcp,
        _ => voice.tls,
    };
    let mut phone = Baresip::start(&scene.account, scene.house.neighbour(30), server, way, &scene.house.authority());
    phone.registered().await;
    phone.dial("*89").await;
    phone.press(&format!("{}#", scene.pin)).await;
    phone.call_ended().await;
    // baresip answers 481: counted, and nothing else is done.
    scene.counted("ringfence_notifies_total", "phone_refused").await;
    scene.is_cleared().await;
    assert!(!way.srtp || phone.printed().contains("SRTP"), "{}", phone.printed());
    phone.quit().await;
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_enters_its_pin_over_udp() {
    enters_its_pin(Way { transport: "udp", srtp: false }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_enters_its_pin_over_tcp() {
    enters_its_pin(Way { transport: "tcp", srtp: false }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_enters_its_pin_over_tls() {
    enters_its_pin(Way { transport: "tls", srtp: false }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_enters_its_pin_over_tls_with_srtp() {
    enters_its_pin(Way { transport: "tls", srtp: true }).await;
}
