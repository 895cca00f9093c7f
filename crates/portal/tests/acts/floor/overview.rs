//! The first page, and the phones that knock.

use domain::role::Role;
use portal::admin::By;
use portal::admin::trunk::{self, NewTrunk};
use store::sightings::{Attention, Knock};

use super::{Browser, check};
use crate::api::Site;
use crate::world::{NOW, SHOP};

/// A phone that nobody added, one of `Shop` that waits, and one that came back.
async fn busy(site: &Site) {
    let store = &site.world.admin.store;
    let knocking = Knock {
        mac: "001565000099".parse().unwrap(),
        first_seen: NOW,
        last_seen: NOW,
        address: "203.0.113.9".parse().unwrap(),
        model: "Yealink <T46S>".into(),
        times: 3,
    };
    let request = store::seen::Request {
        time: NOW,
        address: "198.51.100.7".parse().unwrap(),
        method: "GET".into(),
        file: "x.cfg".into(),
        status: 200,
        evidence: "claim".into(),
        decision: "restricted".into(),
        reason: "needed".into(),
        bytes: 1,
        transport: "https".into(),
    };
    let served = store::seen::Served { at: NOW, address: request.address, transport: "https".into() };
    let seen = store::seen::Seen { served: Some(served), own_address: None, firmware: String::new(), model: String::new() };
    let news = store::seen::News { mac: SHOP.parse().unwrap(), seen, requests: vec![request; 4] };
    let back = Attention { mac: SHOP.parse().unwrap(), kind: "came_back_without_login".into(), at: NOW, address: None };
    let written = store.write(move |db| {
        store::sightings::note_knocks(db, std::slice::from_ref(&knocking))?;
        store::sightings::raise(db, &back)?;
        let fetches = store::seen::note(db, std::slice::from_ref(&news))?;
        store::traffic::add(db, &fetches)
    });
    written.await.unwrap();
    let new = NewTrunk { name: "carrier".into(), uri: "sip:trunk.example.com".into(), priority: 1, ..NewTrunk::default() };
    trunk::add(&site.world.admin, &By::command_line(NOW), new).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_the_numbers_of_their_own_branch() {
    let site = Site::open().await;
    busy(&site).await;
    // Role, place, phones needed, whether Shop's phone waits, whether the stranger knocks, whether the trunk stands there.
    for (role, at, needed, waits, knocks, trunk) in [
        (Role::Operator, "", 2, true, true, true),
        (Role::Auditor, "", 2, true, true, true),
        (Role::Reseller, "Dealer", 1, true, false, false),
        (Role::CustomerAdmin, "Shop", 1, true, false, false),
        (Role::Installer, "Front", 1, true, false, false),
        (Role::CustomerAdmin, "Office", 1, false, false, false),
    ] {
        let page = Browser::open(&site, role, at).await.page("/").await;
        let who = format!("{} at {at:?}", role.code());
        assert!(page.contains(&format!("Authentication needed</span><strong>{needed}</strong>")), "{who}: {page}");
        assert_eq!(page.contains(&format!("href=\"/devices/{SHOP}\"")), waits, "{who} waiting");
        assert_eq!(page.contains("overview-flag") || page.contains("Came back without its login"), waits, "{who} flags");
        assert!(page.contains(&format!("{} fetches in the last hour", if waits { 4 } else { 0 })), "{who} chart: {page}");
        assert_eq!(page.contains("/devices/new?mac=001565000099"), knocks, "{who} knocks");
        assert_eq!(page.contains("<strong>carrier</strong>"), trunk, "{who} trunks");
        assert!(!page.contains(" style=") && !page.contains("<T46S>"), "{who}: neither inline style nor a phone's own HTML");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_customer_can_be_looked_at_alone() {
    let site = Site::open().await;
    busy(&site).await;
    let mut browser = Browser::open(&site, Role::Operator, "").await;
    let shops = portal::admin::customer::list(&site.world.admin, &By::command_line(NOW)).await.unwrap();
    let office = shops.iter().find(|customer| customer.name == "Office").unwrap();
    browser.cookie = format!("{}; rf_customer={}", browser.cookie, office.id);
    let page = browser.page("/").await;
    assert!(page.contains("Authentication needed</span><strong>1</strong>") && page.contains("0 fetches in the last hour"), "{page}");
    assert!(!page.contains("001565000099") && !page.contains("carrier"), "what is everybody's is not one customer's");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_phone_is_the_operators_alone() {
    check(&[("GET", "/operations/unknown-phones", &[], [200, 403, 403, 403, 403, 200])]).await;
    let site = Site::open().await;
    busy(&site).await;
    let page = Browser::open(&site, Role::Operator, "").await.page("/operations/unknown-phones").await;
    assert!(page.contains("00:15:65:00:00:99") && page.contains("203.0.113.9") && page.contains("Add to customer…"), "{page}");
}
