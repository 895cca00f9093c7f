//! `events` as a listener hears them.

use std::time::Duration;

use domain::role::Role;
use portal::admin::{By, device, token};

use crate::api::{Site, Stream, problem};
use crate::world::{NOW, OFFICE, SHOP};

impl Site {
    async fn reset(&self, mac: &str) {
        device::reset(&self.world.admin, &By::command_line(NOW), mac).await.unwrap();
    }
}

async fn hears(stream: &mut Stream, text: &str) {
    assert!(stream.until(text).await.is_some(), "{text} in {:?}", stream.heard());
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_hears_what_happens_in_their_branch() {
    let site = Site::open().await;
    let (shop, office) = (site.token(Role::Installer, "Front").await, site.token(Role::CustomerAdmin, "Office").await);
    let mut shop = site.listen(&shop, "/events", "").await;
    let mut office = site.listen(&office, "/events", "").await;
    assert!(shop.until("retry: ").await.unwrap().to_ascii_lowercase().contains("content-type: text/event-stream"));
    site.reset(OFFICE).await;
    site.reset(SHOP).await;
    hears(&mut shop, "device.reset").await;
    hears(&mut office, "device.reset").await;
    for (stream, own, other) in [(&shop, SHOP, OFFICE), (&office, OFFICE, SHOP)] {
        assert_eq!(stream.heard().0, ["device.reset"]);
        assert!(stream.read.contains(own) && !stream.read.contains(other), "{}", stream.read);
        assert!(stream.read.contains(r#""timestamp":"2026-11-"#), "{}", stream.read);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_goes_on_where_it_was_and_hears_what_it_asked_for() {
    let site = Site::open().await;
    let operator = site.operator().await;
    // From the beginning: both phones were created then.
    let mut all = site.listen(&operator, "/events?last_event_id=0", "").await;
    site.reset(SHOP).await;
    hears(&mut all, "device.reset").await;
    assert_eq!(all.heard().0, ["device.created", "device.created", "device.reset"]);
    let last = all.heard().1.to_owned();
    drop(all);
    site.reset(OFFICE).await;
    let mut again = site.listen(&operator, "/events", &format!("Last-Event-ID: {last}\r\n")).await;
    hears(&mut again, "device.reset").await;
    assert!(again.heard().0 == ["device.reset"] && again.read.contains(OFFICE), "{}", again.read);

    let mut chosen = site.listen(&operator, &format!("/events?mac={OFFICE}&type=device.reset,device.failed&last_event_id=0"), "").await;
    hears(&mut chosen, "device.reset").await;
    assert!(chosen.heard().0 == ["device.reset"] && !chosen.read.contains(SHOP), "{}", chosen.read);
    let mut lost = site.listen(&operator, "/events", "Last-Event-ID: 999999\r\n").await;
    hears(&mut lost, "event: missed").await;
    for (path, code) in [("/events?type=device.exploded", "event_type"), ("/events?mac=x", "mac"), ("/events?since=1", "query")] {
        assert_eq!(site.get(&operator, path).await.problem(), problem(422, code), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_hears_nothing_more() {
    let site = Site::open().await;
    let auditor = site.token(Role::Auditor, "Shop").await;
    let mut stream = site.listen(&auditor, "/events", "").await;
    hears(&mut stream, "retry: ").await;
    let (admin, by) = (&site.world.admin, &By::command_line(NOW));
    let id = token::list(admin, by).await.unwrap()[0].id.clone();
    token::revoke(admin, by, &id).await.unwrap();
    site.reset(SHOP).await;
    assert!(stream.until("device.reset").await.is_none(), "{}", stream.read);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_has_so_many_streams_and_a_drain_ends_them() {
    let site = Site::open().await;
    let (operator, other) = (site.operator().await, site.operator().await);
    let mut streams = Vec::new();
    for _ in 0..portal::limits::STREAMS_PER_CALLER_MAX {
        let mut stream = site.listen(&operator, "/events", "").await;
        hears(&mut stream, "retry: ").await;
        streams.push(stream);
    }
    let refused = site.get(&operator, "/events").await;
    assert_eq!((refused.problem(), refused.header("retry-after")), (problem(429, "limited"), "30"));
    assert_eq!(site.listen(&other, "/events", "").await.status(), 200, "another caller has its own");
    // Somebody who went away makes room as soon as something is sent to him in vain.
    streams.pop();
    let mut again = site.listen(&operator, "/events", "").await;
    while again.status() != 200 {
        site.reset(SHOP).await;
        again = site.listen(&operator, "/events", "").await;
    }
    streams.push(again);
    assert!(site.portal.drain(Duration::from_mins(1)).await, "nothing had to be cut");
    for mut stream in streams {
        assert!(stream.until("no such text").await.is_none());
    }
}
