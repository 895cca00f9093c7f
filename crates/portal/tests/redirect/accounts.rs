//! One account over the life of its devices.

use domain::Mac;
use phonesim::services::Provider as _;
use portal::admin::redirect::{self, Standing};
use portal::admin::{Error, device};

use crate::world::{World, YMCS, pauses_end, writes, yealink};

const WRITES: [&str; 5] = ["addDevices", "delDevices", "rps/servers", "delServers", "v2/rps/devices/"];

#[tokio::test]
async fn a_device_that_comes_moves_and_goes_does_so_at_the_service() {
    let (world, service, _) = World::with_yealink().await;
    world.add_yealinks(1..3).await;
    assert_eq!(world.stands("001565000001").await, Standing::Waiting);
    world.reconcile().await;
    let standing = world.standing("001565000001").await;
    assert_eq!((standing.standing, standing.seen), (Standing::Listed, None), "listed, and nobody came yet");
    let directions = service.provider().directions(yealink(1)).unwrap();
    let logins = portal::admin::global_login::show(&world.admin, &World::by(), None).await.unwrap();
    assert_eq!(directions.url, "https://phones.example.com:8443/cfg/");
    assert_eq!((&directions.user, &directions.password), (&logins[0].user, &logins[0].password));

    device::replace(&world.admin, &World::by(), "001565000001", "001565000009").await.unwrap();
    world.delete("001565000002").await;
    world.reconcile().await;
    let there: Vec<Mac> = service.provider().devices().map(|device| device.mac).collect();
    assert_eq!(there, [yealink(9)]);
    assert_eq!(world.stands("001565000009").await, Standing::Listed);
}

#[tokio::test]
async fn a_second_look_writes_nothing() {
    let (world, service, account) = World::with_yealink().await;
    world.add_yealinks(1..251).await;
    world.reconcile().await;
    assert_eq!(writes(&service, &["addDevicesByMac"]), 3, "a hundred in a call");
    assert_eq!(world.account(account).await.listed, 250);
    service.forget_calls();
    redirect::sync(&world.admin, &World::by(), account).await.unwrap();
    world.reconcile().await;
    assert_eq!(writes(&service, &WRITES), 0, "{:?}", service.calls());
    let drift = world.account(account).await.drift.unwrap();
    assert_eq!((drift.same, drift.gone, drift.elsewhere, drift.unknown), (250, 0, 0, 0));
}

#[tokio::test]
async fn a_rotation_is_one_write_for_all_devices_of_a_profile() {
    let (world, service, _) = World::with_yealink().await;
    world.add_yealinks(1..4).await;
    world.reconcile().await;
    service.forget_calls();
    let password = world.rotate(None).await;
    world.reconcile().await;
    assert_eq!(service.provider().directions(yealink(3)).unwrap().password, password);
    assert_eq!(writes(&service, &WRITES), 1, "{:?}", service.calls());
}

#[tokio::test]
async fn what_others_did_at_the_service_is_found_mended_or_left_alone() {
    let (world, service, account) = World::with_yealink().await;
    world.add_yealinks(1..4).await;
    world.reconcile().await;
    // One is removed, one sent elsewhere, one added by somebody else: through the service's own door.
    let road = redirect_road(&service);
    let fields = [&YMCS[..], &[("without_serial", "yes")]].concat();
    let hand = client(&service, &road, &fields);
    let other = hand.ensure_profile(&profile("somebody-else"), true).await.unwrap();
    hand.unregister(&[entry(1, "")]).await.unwrap();
    hand.retarget(&[entry(2, &other)]).await.unwrap();
    hand.register(&[entry(77, &other)]).await.unwrap();
    redirect::sync(&world.admin, &World::by(), account).await.unwrap();
    world.reconcile().await;
    let drift = world.account(account).await.drift.unwrap();
    assert_eq!((drift.same, drift.gone, drift.elsewhere, drift.unknown), (1, 1, 1, 1));
    for number in 1..4 {
        let directions = service.provider().directions(yealink(number)).unwrap();
        assert_eq!(directions.url, "https://phones.example.com:8443/cfg/", "{number}");
    }
    assert_eq!(service.provider().directions(yealink(77)).unwrap().url, "https://elsewhere.example.com/", "never ours, never touched");
}

#[tokio::test]
async fn an_account_that_ends_leaves_nothing_or_everything() {
    let (world, service, account) = World::with_yealink().await;
    world.add_yealinks(1..4).await;
    world.reconcile().await;
    redirect::remove(&world.admin, &World::by(), account, true).await.unwrap();
    assert_eq!(world.account(account).await.state, "leaving");
    world.reconcile().await;
    let devices = service.provider().devices().count();
    assert_eq!((devices, service.provider().servers().count()), (0, 0));
    assert!(matches!(redirect::show(&world.admin, &World::by(), account).await, Err(Error::NotFound(_))));

    let again = world.add_account("yealink-ymcs", None, &[&YMCS[..], &[("without_serial", "yes")]].concat()).await;
    world.reconcile().await;
    redirect::remove(&world.admin, &World::by(), again.id, false).await.unwrap();
    world.reconcile().await;
    assert_eq!(service.provider().devices().count(), 3);
    assert_eq!(world.stands("001565000001").await, Standing::NoAccount);
}

#[tokio::test]
async fn a_wrong_key_is_told_and_waits_until_it_is_right() {
    let (world, service, account) = World::with_yealink().await;
    world.add_yealinks(1..2).await;
    service.provider().reacquire("another-secret");
    let told = redirect::test(&world.admin, &World::by(), account).await.unwrap();
    assert_eq!((told.state, told.failure.as_deref()), ("failing", Some("auth_failed")));
    world.reconcile().await;
    assert_eq!(world.stands("001565000001").await, Standing::Waiting);
    let calls = service.count();
    world.reconcile().await;
    assert_eq!(service.count(), calls, "it is left alone for a while");
    let fields = [("secret".to_owned(), domain::Secret::from("another-secret"))].into();
    redirect::update(&world.admin, &World::by(), account, None, fields, None).await.unwrap();
    assert_eq!(redirect::test(&world.admin, &World::by(), account).await.unwrap().state, "working");
    world.reconcile().await;
    assert_eq!(world.stands("001565000001").await, Standing::Listed);
}

#[tokio::test]
async fn what_a_label_lacks_is_told_and_tried_again_when_it_is_there() {
    let (world, service, account) = World::with_yealink().await;
    let fields = [("without_serial".to_owned(), domain::Secret::from("no"))].into();
    redirect::update(&world.admin, &World::by(), account, None, fields, None).await.unwrap();
    world.add_yealinks(1..3).await;
    world.label("001565000002", "SERIAL-2", "").await;
    world.reconcile().await;
    let without = world.standing("001565000001").await;
    assert_eq!((without.standing, without.code.as_deref(), without.needs), (Standing::Refused, Some("missing_serial"), Some("serial")));
    assert_eq!(without.next_try, None, "time alone does not help");
    assert_eq!(world.stands("001565000002").await, Standing::Listed, "one that fails stops no other");
    pauses_end();
    service.forget_calls();
    world.reconcile().await;
    assert_eq!(writes(&service, &["addDevices"]), 0);
    world.label("001565000001", "SERIAL-1", "").await;
    world.reconcile().await;
    assert_eq!(world.stands("001565000001").await, Standing::Listed);
}

#[tokio::test]
async fn a_phone_registered_by_hand_is_left_to_hands() {
    let (world, service, account) = World::with_yealink().await;
    world.add_yealinks(1..2).await;
    redirect::mark_by_hand(&world.admin, &World::by(), "001565000001", true).await.unwrap();
    world.reconcile().await;
    assert_eq!(service.provider().devices().count(), 0);
    let standing = world.standing("001565000001").await;
    assert_eq!((standing.standing, standing.by_hand.as_deref()), (Standing::ByHand, Some("command line")));
    redirect::mark_by_hand(&world.admin, &World::by(), "001565000001", false).await.unwrap();
    world.reconcile().await;
    assert_eq!(world.stands("001565000001").await, Standing::Listed);
    let refused = redirect::mark_by_hand(&world.admin, &World::by(), "001565000001", true).await;
    assert_eq!(refused.unwrap_err().code(), "redirect_ours");
    assert_eq!(world.account(account).await.listed, 1);
}

#[tokio::test]
async fn the_pin_that_a_service_hands_out_is_kept_for_whoever_may_see_it() {
    let (world, service, _) = World::with_yealink().await;
    service.provider().set_pin(yealink(1), "13579");
    world.add_yealinks(1..3).await;
    world.reconcile().await;
    assert!(world.standing("001565000001").await.has_pin);
    assert!(!world.standing("001565000002").await.has_pin);
    let pin = redirect::pin(&world.admin, &World::by(), "001565000001").await.unwrap().unwrap();
    assert_eq!(pin.expose(), "13579");
}

fn redirect_road<P: phonesim::services::Provider>(service: &phonesim::services::Emulator<P>) -> ::redirect::Road {
    let chance = |bytes: &mut [u8]| domain::Chance::fill(&mut portal::edge::SystemChance, bytes);
    ::redirect::Road::new(&[service.authority()], portal::edge::now, chance).unwrap().in_a_hurry()
}

fn client<P: phonesim::services::Provider>(
    service: &phonesim::services::Emulator<P>,
    road: &::redirect::Road,
    fields: &[(&str, &str)],
) -> Box<dyn ::redirect::Service> {
    let kind = ::redirect::Kind::YealinkYmcs;
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), domain::Secret::from(*value))).collect();
    let credentials = ::redirect::Credentials::new(kind, &fields).unwrap();
    ::redirect::Account { kind, base: service.base().parse().unwrap(), credentials }.open(road)
}

fn profile(name: &str) -> ::redirect::Profile {
    ::redirect::Profile { name: name.into(), door: "https://elsewhere.example.com/".into(), user: "u".into(), password: "p".into() }
}

fn entry(number: u32, profile: &str) -> ::redirect::Entry {
    ::redirect::Entry { mac: yealink(number), serial: None, mac_id: None, target: ::redirect::Target::Profile(profile.into()) }
}
