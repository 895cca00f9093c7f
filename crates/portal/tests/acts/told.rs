//! What an act leaves for others: messages in the outbox, lines in the audit, and nothing if it was refused.

use domain::Secret;
use portal::admin::setting::{self, Of};
use portal::admin::tree::NodeNames;
use portal::admin::trust::{self, NewTrust};
use portal::admin::{By, device, menu_password, prompt};
use store::outbox::{outbox_after, outbox_last};

use crate::world::{NOW, OFFICE, SHOP, World, phone};

impl World {
    async fn topics_since(&self, cursor: i64) -> Vec<String> {
        let messages = self.admin.store.read(move |db| outbox_after(db, cursor)).await.unwrap();
        messages.into_iter().map(|message| message.topic).collect()
    }

    /// The phones that were told to fetch since, and nothing else was said.
    async fn told_since(&self, cursor: i64) -> Vec<String> {
        let messages = self.admin.store.read(move |db| outbox_after(db, cursor)).await.unwrap();
        assert!(messages.iter().all(|message| message.topic == "device.refetch"), "{messages:?}");
        let mac = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["mac"].as_str().unwrap().to_owned();
        let mut told: Vec<String> = messages.iter().map(|message| mac(&message.payload)).collect();
        told.sort();
        told
    }

    async fn last(&self) -> i64 {
        self.admin.store.read(outbox_last).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_told_to_fetch_when_what_it_would_get_changes() {
    let world = World::new().await;
    let (admin, by) = (&world.admin, &By::command_line(NOW));
    let before = world.last().await;
    device::reset(admin, by, SHOP).await.unwrap();
    device::suspend(admin, by, SHOP, None, None).await.unwrap();
    device::resync(admin, by, SHOP).await.unwrap();
    let expected = ["device.reset", "device.refetch", "device.suspended", "device.refetch", "device.refetch"];
    assert_eq!(world.topics_since(before).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_in_a_network_are_told_when_it_is_trusted() {
    let world = World::new().await;
    let (admin, by) = (&world.admin, &By::command_line(NOW));
    let before = world.last().await;
    let customer = device::show(admin, by, SHOP).await.unwrap().customer;
    let new = NewTrust { customer, network: "198.51.100.0/24".into(), ..NewTrust::default() };
    trust::add(admin, by, new.clone()).await.unwrap();
    let messages = admin.store.read(move |db| outbox_after(db, before)).await.unwrap();
    assert_eq!(messages.iter().map(|message| message.topic.as_str()).collect::<Vec<_>>(), ["trust.refetch"]);
    assert!(messages[0].payload.contains(r#""network":"198.51.100.0/24""#), "{messages:?}");
    trust::remove(admin, by, new.customer, "198.51.100.0/24").await.unwrap();
    assert_eq!(world.topics_since(before).await, ["trust.refetch"], "what serves less is told by nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_of_a_place_are_told_when_the_passwords_of_their_menus_change() {
    let world = World::new().await;
    let (admin, by) = (&world.admin, &By::command_line(NOW));
    let beside = "001565000003";
    device::add(admin, by, phone(beside, "Shop", None)).await.unwrap();
    for (site, told) in [(Some("Front"), SHOP), (None, beside)] {
        let before = world.last().await;
        let place = NodeNames { site: site.map(str::to_owned), ..NodeNames::customer("Shop") };
        menu_password::rotate(admin, by, place).await.unwrap();
        let messages = admin.store.read(move |db| outbox_after(db, before)).await.unwrap();
        assert_eq!(messages.iter().map(|message| message.topic.as_str()).collect::<Vec<_>>(), ["device.refetch"], "{site:?}");
        assert!(messages[0].payload.contains(told), "{messages:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_below_are_told_when_a_setting_changes_and_only_then() {
    let world = World::new().await;
    let (admin, by) = (&world.admin, &By::command_line(NOW));
    let (beside, other) = ("001565000003", "000413000004");
    device::add(admin, by, phone(beside, "Shop", None)).await.unwrap();
    device::add(admin, by, device::NewDevice { model: "snom/D785".into(), ..phone(other, "Office", None) }).await.unwrap();
    let node = |reseller: Option<&str>, customer: Option<&str>, site: Option<&str>| {
        Of::Node(NodeNames { reseller: reseller.map(Into::into), customer: customer.map(Into::into), site: site.map(Into::into) })
    };
    let everywhere = || node(None, None, None);
    let cases: [(Of, &str, &[&str]); 12] = [
        (everywhere(), "time_zone=+1", &[other, SHOP, OFFICE, beside]),
        (everywhere(), "time_zone=+1", &[]),
        (everywhere(), "time_zone=+2", &[other, SHOP, OFFICE, beside]),
        (everywhere(), "time_zone=", &[other, SHOP, OFFICE, beside]),
        (everywhere(), "time_zone=", &[]),
        (node(Some("Dealer"), None, None), "time_zone=+1", &[SHOP, beside]),
        (node(None, Some("Shop"), None), "time_zone=+2", &[SHOP, beside]),
        (node(None, Some("Shop"), Some("Front")), "time_zone=+3", &[SHOP]),
        (node(None, Some("Office"), None), "raw.yealink.phone_setting.backlight_time=30", &[OFFICE]),
        (Of::Kind("snom".into()), "time_zone=+1", &[other]),
        (Of::Kind("yealink/T46S".into()), "time_zone=+1", &[SHOP, OFFICE, beside]),
        (Of::Kind("yealink/T48S".into()), "time_zone=+1", &[]),
    ];
    for (of, entry, told) in cases {
        let before = world.last().await;
        setting::set(admin, by, of.clone(), vec![entry.into()]).await.unwrap();
        assert_eq!(world.told_since(before).await, told, "{of:?} {entry}");
    }
    let before = world.last().await;
    prompt::set_language(admin, by, "en").await.unwrap();
    assert_eq!(world.told_since(before).await, [""; 0], "it is what holds without one");
    prompt::set_language(admin, by, "de").await.unwrap();
    assert_eq!(world.told_since(before).await, [other, SHOP, OFFICE, beside]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_act_leaves_nothing() {
    let world = World::new().await;
    let (admin, by) = (&world.admin, &By::command_line(NOW));
    let (before, shown) = (world.last().await, device::show(admin, by, SHOP).await.unwrap());
    let again = phone(SHOP, "Office", None);
    assert_eq!(device::add(admin, by, again).await.unwrap_err().code(), "exists");
    assert_eq!(device::set_login(admin, by, SHOP, "a:b", &Secret::from("correct-horse-9")).await.unwrap_err().code(), "login");
    let nowhere = "198.51.100.7".parse().unwrap();
    assert_eq!(device::suspend(admin, by, SHOP, None, Some(nowhere)).await.unwrap_err().code(), "refused");
    assert_eq!(device::allow_second_claimant(admin, by, SHOP).await.unwrap_err().code(), "refused");
    assert_eq!(device::rotate_login(admin, by, SHOP).await.unwrap_err().code(), "refused");
    let far = Of::Node(NodeNames::default());
    assert_eq!(setting::set(admin, by, far, vec!["nonsense=1".into()]).await.unwrap_err().code(), "setting");
    assert_eq!(world.last().await, before);
    assert_eq!(device::show(admin, by, SHOP).await.unwrap(), shown);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_hold_no_secret() {
    let world = World::new().await;
    let (admin, by) = (&world.admin, &By::command_line(NOW));
    let pin = device::show(admin, by, SHOP).await.unwrap().pin.unwrap();
    device::set_login(admin, by, SHOP, "desk", &Secret::from("correct-horse-9")).await.unwrap();
    device::reset(admin, by, SHOP).await.unwrap();
    let messages = admin.store.read(|db| outbox_after(db, 0)).await.unwrap();
    assert!(!messages.is_empty());
    for message in messages {
        assert!(!message.payload.contains(&pin) && !message.payload.contains("correct-horse-9"), "{message:?}");
    }
}
