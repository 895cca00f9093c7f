//! What lasts when other things do not: calls without a store, call backs.

use std::path::Path;

use store::testing::Cluster;
use store::{Options, Store};
use voice::stack::Reply;

use crate::world::{
    Carrier, OWN_NUMBER, PATIENCE, Phone, Platform, SITE_NUMBER, answered, both_hear, eventually, mac, plant, refused, ring, sqlite,
};

async fn assert_calls(platform: &Platform, carrier: &mut Carrier) {
    let mut phone = Phone::of(platform, mac(1)).await;
    let mut call = phone.dial("112").await;
    let (invite, far) = carrier.answer().await;
    assert!(invite.header("P-Asserted-Identity").unwrap().contains(SITE_NUMBER), "the site is still known");
    let _near = phone.talk(&mut call).await;
    both_hear(&mut phone.sound, &mut carrier.sound).await;
    assert!(far.bye().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_out_with_the_database_replaced_by_noise_and_after_a_restart_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut carrier = Carrier::open().await;
    let platform = Platform::with_trunks(folder.path(), vec![carrier.trunk(1)]).await;
    platform.stands(mac(1));
    assert_calls(&platform, &mut carrier).await;
    for name in ["test.db", "test.db-wal", "test.db-shm"] {
        // In place: a file that is cut off while it is mapped ends the process that maps it.
        let mut file = std::fs::OpenOptions::new().write(true).open(folder.path().join(name)).unwrap();
        std::io::Write::write_all(&mut file, &vec![0x5a; 100_000]).unwrap();
    }
    assert!(platform.store.clone().unwrap().read(store::trunk::revision).await.is_err(), "the store is dead indeed");
    assert_calls(&platform, &mut carrier).await;
    platform.close().await;
    let lost = Platform::open(folder.path(), None).await;
    assert_calls(&lost, &mut carrier).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_out_with_postgresql_killed() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::start();
    let options = Options::new(folder.path());
    let store = Store::open(&cluster.database(), &ring(), Box::new(domain::chance::Seeded::new(2)), options).await.unwrap();
    let mut carrier = Carrier::open().await;
    plant(&store, vec![carrier.trunk(1)]).await;
    let platform = Platform::open(folder.path(), Some(store)).await;
    platform.stands(mac(1));
    drop(cluster);
    assert_calls(&platform, &mut carrier).await;
    platform.ended("answered", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_passed_over_and_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let carrier = Carrier::open().await;
    let store = sqlite(folder.path()).await;
    plant(&store, vec![carrier.trunk(1)]).await;
    let file = folder.path().join(voice::emergency::Cache::FILE_NAME);
    std::fs::write(&file, b"RFEMERG1 and then noise").unwrap();
    let alone = Platform::open(folder.path(), None).await;
    assert!(alone.emergency.routes().trunks.is_empty());
    drop(alone);
    let platform = Platform::open(folder.path(), Some(store)).await;
    assert_eq!(platform.emergency.routes().trunks.len(), 1);
    platform.close().await;
    assert!(!std::fs::read(&file).unwrap().starts_with(b"RFEMERG1 and"));
    let after = Platform::open(folder.path(), None).await;
    assert_eq!(after.emergency.routes().trunks.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_kept_for_the_phones_list() {
    let folder = tempfile::tempdir().unwrap();
    let mut carrier = Carrier::open().await;
    let platform = Platform::with_trunks(folder.path(), vec![carrier.trunk(1)]).await;
    platform.stands(mac(1));
    add_device(&platform, folder.path()).await;
    assert_calls(&platform, &mut carrier).await;
    platform.ended("answered", 1).await;
    let store = platform.store.clone().unwrap();
    platform.close().await;
    let calls = store.read(|db| store::call::of_device(db, &store::Scope::Operator, mac(1))).await.unwrap();
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].dialled.as_str(), calls[0].result.as_str()), ("112", "emergency_answered"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_hangs_at_the_end_keeps_no_file_from_being_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut carrier = Carrier::open().await;
    let platform = Platform::with_trunks(folder.path(), vec![carrier.trunk(1)]).await;
    platform.stands(mac(1));
    let store = platform.store.clone().unwrap();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let hanging = store.clone();
    let hanging = tokio::spawn(async move { hanging.write(move |_| Ok::<_, store::StoreError>(held.recv().is_ok())).await });
    let phone = Phone::of(&platform, mac(1)).await;
    let mut call = phone.dial("112").await;
    carrier.call().await.reject(Reply::new(500)).await;
    assert_eq!(refused(&mut call).await, 503);
    platform.ended("failed", 1).await;
    let file = folder.path().join(voice::emergency::Cache::FILE_NAME);
    std::fs::remove_file(&file).unwrap();
    let closing = tokio::spawn(platform.close());
    eventually(|| file.exists(), "the file is written while the store hangs").await;
    release.send(()).unwrap();
    hanging.await.unwrap().unwrap();
    closing.await.unwrap();
    let sent = store.read(|db| store::outbox::outbox_after(db, 0)).await.unwrap();
    assert_eq!(sent.iter().filter(|message| message.topic == "emergency.call").count(), 2, "begin and end, each told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_was_added_a_moment_ago_calls() {
    let folder = tempfile::tempdir().unwrap();
    let mut carrier = Carrier::open().await;
    let platform = Platform::with_trunks(folder.path(), vec![carrier.trunk(1)]).await;
    let phone = Phone::of(&platform, mac(1)).await;
    assert_eq!(refused(&mut phone.dial("112").await).await, 403, "nobody added it");
    // It is registered elsewhere, or not at all: nobody tells us.
    add_device(&platform, folder.path()).await;
    let mut call = phone.dial("112").await;
    carrier.call().await.reject(Reply::new(486)).await;
    assert_eq!(refused(&mut call).await, 486);
}

async fn add_device(platform: &Platform, _folder: &Path) {
    use domain::device::{Auth, Device};
    use domain::tenancy::{DeviceId, Place};
    let device = Device {
        id: DeviceId(uuid::Uuid::from_u128(50)),
        mac: mac(1),
        place: Place { reseller: None, customer: crate::world::CUSTOMER, site: Some(crate::world::SITE) },
        model: "yealink/T46S".into(),
        label: "Desk".into(),
        disabled: false,
        created: crate::world::NOW,
        auth: Auth::new(&mut domain::chance::Seeded::new(1)),
    };
    let store = platform.store.clone().unwrap();
    let setup = store::device::Setup::default();
    store.write(move |db| store::device::add(db, &store::Scope::Operator, &device, &setup, crate::world::NOW)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_calls_back_and_nobody_else_reaches_the_phone() {
    let folder = tempfile::tempdir().unwrap();
    let mut carrier = Carrier::open().await;
    let mut platform = Platform::with_trunks(folder.path(), vec![carrier.trunk(1)]).await;
    platform.stands(mac(1));
    let mut phone = Phone::of(&platform, mac(1)).await;
    let server = phone.target();
    let back = |number: &str| {
        voice::stack::Request::new("INVITE", &format!("sip:{number}@127.0.0.1")).header("From", "<sip:112@trunk.example.com>")
    };
    // Before there was an emergency call, a trunk's call is like any other: it does not ring there.
    let early = carrier.stack.invite(server.clone(), back(SITE_NUMBER).sdp(carrier.sound.description())).await;
    tokio::time::timeout(PATIENCE, platform.others.recv()).await.unwrap().unwrap().reject(Reply::new(404)).await;
    drop(early);
    let mut call = phone.dial("112").await;
    let (_, far) = carrier.answer().await;
    let near = phone.talk(&mut call).await;
    near.bye().await;
    drop(far);
    platform.ended("answered", 1).await;
    // The number in the spelling of the country.
    let mut calling = carrier.stack.invite(server.clone(), back("030123456").sdp(carrier.sound.description())).await;
    let ringing = tokio::time::timeout(PATIENCE, phone.calls.recv()).await.expect("the phone rings").unwrap();
    assert_eq!(ringing.message().header("Priority"), Some("psap-callback"));
    assert!(ringing.message().header("From").unwrap().contains("sip:112@"));
    phone.sound.learn(ringing.offer().unwrap());
    let leg = ringing.accept(phone.sound.description()).await.unwrap();
    let (service, sdp) = answered(&mut calling).await;
    carrier.sound.learn(&sdp);
    both_hear(&mut carrier.sound, &mut phone.sound).await;
    assert!(service.bye().await);
    drop(leg);
    // Another number, or from an account: not there.
    let other = carrier.stack.invite(server.clone(), back(OWN_NUMBER).sdp(carrier.sound.description())).await;
    tokio::time::timeout(PATIENCE, platform.others.recv()).await.unwrap().unwrap().reject(Reply::new(404)).await;
    drop(other);
    let neighbour = Phone::of(&platform, mac(2)).await;
    let mut dialled = neighbour.dial(SITE_NUMBER).await;
    tokio::time::timeout(PATIENCE, platform.others.recv()).await.unwrap().unwrap().reject(Reply::new(404)).await;
    assert_eq!(refused(&mut dialled).await, 404);
    assert!(phone.calls.try_recv().is_err());
}
