//! What an act leaves for others: messages in the outbox, lines in the audit, and nothing if it was refused.

use domain::Secret;
use portal::admin::tree::NodeNames;
use portal::admin::trust::{self, NewTrust};
use portal::admin::{By, device, menu_password};
use store::outbox::{outbox_after, outbox_last};

use crate::world::{NOW, SHOP, World};

impl World {
    async fn topics_since(&self, cursor: i64) -> Vec<String> {
        let messages = self.admin.store.read(move |db| outbox_after(db, cursor)).await.unwrap();
        messages.into_iter().map(|message| message.topic).collect()
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
    device::add(admin, by, crate::world::phone(beside, "Shop", None)).await.unwrap();
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
async fn a_refused_act_leaves_nothing() {
    let world = World::new().await;
    let (admin, by) = (&world.admin, &By::command_line(NOW));
    let (before, shown) = (world.last().await, device::show(admin, by, SHOP).await.unwrap());
    let again = crate::world::phone(SHOP, "Office", None);
    assert_eq!(device::add(admin, by, again).await.unwrap_err().code(), "exists");
    assert_eq!(device::set_login(admin, by, SHOP, "a:b", &Secret::from("correct-horse-9")).await.unwrap_err().code(), "login");
    let nowhere = "198.51.100.7".parse().unwrap();
    assert_eq!(device::suspend(admin, by, SHOP, None, Some(nowhere)).await.unwrap_err().code(), "refused");
    assert_eq!(device::allow_second_claimant(admin, by, SHOP).await.unwrap_err().code(), "refused");
    assert_eq!(device::rotate_login(admin, by, SHOP).await.unwrap_err().code(), "refused");
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
