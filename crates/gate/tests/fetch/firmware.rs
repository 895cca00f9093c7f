//! Firmware behind the own door: for the phone itself, in parts, and for nobody else.

use gate::phones::Method;

use crate::world::{Auth, MAC, Reply, Sent, World};
use crate::{CARRIER, own_door};

const NAME: &str = "T46S-66.86.0.15.rom";

/// A phone that is live, and a firmware file of its brand. The file's path, and the login.
async fn live() -> (World, String, Auth) {
    let world = World::new(&[]).await;
    let folder = world.directory.path().join("firmware/yealink");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(NAME), vec![7; 1000]).unwrap();
    std::fs::write(world.directory.path().join("firmware/secret"), "not of a brand").unwrap();
    let (door, own) = own_door(&world.get(CARRIER, World::global()).await);
    assert_eq!(world.get(&format!("{door}{MAC}.cfg"), own.clone()).await.status, 200);
    (world, format!("{door}firmware/{NAME}"), own)
}

fn bytes(reply: &Reply) -> Option<u64> {
    reply.transfer.as_ref().map(gate::transfer::Transfer::bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_phone_itself_gets_its_firmware_whole_or_in_parts() {
    let (world, path, own) = live().await;
    let whole = world.get(&path, own.clone()).await;
    assert_eq!((whole.status, bytes(&whole)), (200, Some(1000)));
    let etag = whole.etag.as_ref().unwrap().to_str().unwrap().to_owned();
    drop(whole);
    let part = async |range, held| {
        let reply = world.send(Sent { range: Some((range, held)), ..Sent::get(&path, own.clone()) }).await;
        let range = reply.content_range.as_ref().map(|range| range.to_str().unwrap().to_owned());
        (reply.status, bytes(&reply), range)
    };
    assert_eq!(part("bytes=900-", None).await, (206, Some(100), Some("bytes 900-999/1000".into())));
    assert_eq!(part("bytes=0-0", Some(&etag)).await, (206, Some(1), Some("bytes 0-0/1000".into())));
    assert_eq!(part("bytes=900-", Some("\"of another file\"")).await, (200, Some(1000), None));
    assert_eq!(part("bytes=1000-", None).await, (416, None, Some("bytes */1000".into())));
    assert_eq!(part("bytes=0-1,5-9", None).await, (200, Some(1000), None));
    let head = world.send(Sent { method: Method::Head, range: Some(("bytes=0-9", None)), ..Sent::get(&path, own.clone()) }).await;
    assert_eq!((head.status, bytes(&head)), (200, Some(1000)));
    drop(head);
    let log = world.requests().await;
    let firmware: Vec<_> = log.iter().filter(|row| row.decision == "firmware").collect();
    assert!(
        firmware.len() >= 6 && firmware.iter().all(|row| row.reason == "own" && (row.bytes == 0 || row.status == 416)),
        "nothing of these was sent: {log:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_learns_which_files_there_are() {
    let (world, path, own) = live().await;
    let missing = path.replace("66.86", "66.87");
    for (login, expected) in [(Auth::None, 401), (World::global(), 401), (Auth::Basic("x".into(), "y".into()), 401)] {
        for path in [&path, &missing] {
            assert_eq!(world.get(path, login.clone()).await.status, expected, "{path} {login:?}");
        }
    }
    assert_eq!(world.device().await.auth.pending, None, "and nothing began");
    assert_eq!(world.get(&missing, own.clone()).await.status, 404);
    for front in ["/cfg/firmware", "/cfg/firmware/"].map(|folder| format!("{folder}/{NAME}")) {
        assert_eq!(world.get(&front, World::global()).await.status, 404, "{front}");
    }
    world.add("001565000002").await;
    let (other_door, other) = own_door(&world.get("/cfg/001565000002.cfg", World::global()).await);
    assert_eq!(world.get(&path, other.clone()).await.status, 401, "another phone's login");
    let theirs = world.get(&format!("{other_door}firmware/{NAME}"), other).await;
    assert_eq!(theirs.status, 200, "a first login that counts takes its phone up, here as with any file");
    drop(theirs);
    world.reset().await;
    assert_eq!(world.get(&path, own).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_is_not_cleared_gets_none() {
    let world = World::new(&[("login", "none"), ("pin", "required")]).await;
    let folder = world.directory.path().join("firmware/yealink");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(NAME), "firmware").unwrap();
    let (door, claim) = own_door(&world.get(CARRIER, Auth::None).await);
    for name in [NAME, "missing.rom"] {
        assert_eq!(world.get(&format!("{door}firmware/{name}"), claim.clone()).await.status, 404, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_plain_file_of_the_brand_is_not_found() {
    let (world, path, own) = live().await;
    let folder = world.directory.path().join("firmware/yealink");
    std::os::unix::fs::symlink("../secret", folder.join("link.rom")).unwrap();
    std::fs::create_dir(folder.join("folder")).unwrap();
    std::fs::write(folder.join(".hidden"), "x").unwrap();
    for name in ["link.rom", "folder", ".hidden", "a/b.rom", "", "~", "secret"] {
        let tried = path.replace(NAME, name);
        assert_eq!(world.get(&tried, own.clone()).await.status, 404, "{tried}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_at_a_time_and_the_next_waits() {
    let (world, path, own) = live().await;
    let (first, second) = (world.get(&path, own.clone()).await, world.get(&path, own.clone()).await);
    assert_eq!((first.status, second.status), (200, 200));
    let third = world.get(&path, own.clone()).await;
    assert_eq!((third.status, third.retry_after), (503, Some(30)));
    drop(first);
    assert_eq!(world.get(&path, own).await.status, 200);
}
