//! A full disk, a damaged row, wrong keys, a database from the future.

use std::path::{Path, PathBuf};
use std::process::Command;

use phonesim::{Outcome, Transcript};
use rusqlite::Connection;

use crate::fleet::mac;
use crate::house::{CUSTOMER, Given, House, OFFICE, is_full};

const MAC: &str = "001565000001";
const DISK_MEGABYTES: u32 = 16;
/// Phones whose first fetch must fill what room the database still has.
const PHONES: usize = 400;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_writes_and_serves_on() {
    let disk = SmallDisk::mount();
    let mut house = House::founded(tempfile::tempdir().unwrap(), disk.path.join("data"), "info").await;
    house.cli(&["customer", "add", CUSTOMER]).await;
    house.serve().await;
    house.add(MAC).await;
    let mut phone = house.phone(MAC, OFFICE, Some(&house.global));
    let given = house.live(&mut phone).await;
    crate::fleet::import(&house, 0x1000..0x1000 + PHONES).await;

    let filler = disk.fill();
    // The database's own files have some room left. First fetches use it up, each wholly or not at all.
    let mut served = Vec::new();
    let mut refused = None;
    for number in 0x1000..0x1000 + PHONES {
        let answer = house.front(&mac(number), OFFICE, Some(&house.global)).await;
        match answer.status {
            200 => served.push((number, Given::of(&answer).expect("a login"))),
            503 => {
                assert!(answer.header("retry-after").is_some(), "{:?}", answer.headers);
                refused = Some(number);
                break;
            }
            other => panic!("{}: {other}", mac(number)),
        }
    }
    let refused = refused.unwrap_or_else(|| panic!("{PHONES} first fetches were stored on a full disk"));
    let complaint = house.refused(&["import", &file_of_many(&disk)]).await;
    assert!(complaint.contains("full") && complaint.contains("space"), "{complaint}");

    // Reading goes on: by the command line and by a phone that is live.
    assert_eq!(house.cli(&["device", "list"]).await.as_array().map(Vec::len), Some(PHONES + 1));
    assert!(is_full(&house.follow(&given, MAC, OFFICE).await, MAC));
    let mut transcript = Transcript::default();
    assert_eq!(phone.boot(&mut transcript).await, Outcome::Unchanged, "{transcript}");
    assert!(house.log_text().contains("full"), "the log says why");

    std::fs::remove_file(filler).unwrap();
    house.cli(&["device", "add", "0015650000bb", "--customer", CUSTOMER, "--model", "yealink/T46S"]).await;
    let answer = house.front(&mac(refused), OFFICE, Some(&house.global)).await;
    assert!(is_full(&answer, &mac(refused)), "the refused phone was left untouched: {}", answer.status);
    for (number, given) in &served {
        assert!(is_full(&house.follow(given, &mac(*number), OFFICE).await, &mac(*number)), "{}: served and not stored", mac(*number));
    }
    check_integrity(&house);
    house.close().await;
}

/// More devices than a full disk takes.
fn file_of_many(disk: &SmallDisk) -> String {
    let rows = (0x80_0000..0x80_1200).map(|number| format!("yealink,T46S,{},{CUSTOMER}", mac(number)));
    let text = ["vendor,type,mac,customer".to_owned()].into_iter().chain(rows).collect::<Vec<_>>().join("\n");
    let path = disk.outside.path().join("many.csv");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A file system of 16 MB: in memory, or in a file where that may not be mounted. A test that can have neither fails.
struct SmallDisk {
    outside: tempfile::TempDir,
    path: PathBuf,
}

impl SmallDisk {
    fn mount() -> Self {
        let outside = tempfile::tempdir().unwrap();
        let path = outside.path().join("disk");
        std::fs::create_dir(&path).unwrap();
        let size = format!("size={DISK_MEGABYTES}m,mode=1777");
        let mount = ["mount", "-t", "tmpfs", "-o", &size, "tmpfs", text(&path)];
        let mut said = run("mount", &mount[1..]).or_else(|_| run("sudo", &[&["-n"], &mount[..]].concat()));
        if said.is_ok() {
            println!("the small disk is a tmpfs");
            return Self { outside, path };
        }
        let image = outside.path().join("image");
        std::fs::File::create(&image).unwrap().set_len(u64::from(DISK_MEGABYTES) << 20).unwrap();
        said = said.or_else(|first| {
            run("mkfs.ext4", &["-q", "-F", text(&image)])
                .and_then(|()| run("mount", &["-o", "loop", text(&image), text(&path)]))
                .map_err(|second| format!("{first}; {second}"))
        });
        said.unwrap_or_else(|why| panic!("no small disk can be mounted here (root may): {why}"));
        println!("the small disk is a file behind a loop device");
        Self { outside, path }
    }

    /// Leaves not a byte free.
    fn fill(&self) -> PathBuf {
        let path = self.path.join("filler");
        let mut file = std::fs::File::create(&path).unwrap();
        for size in [64 << 10, 512, 1] {
            let block = vec![1; size];
            while std::io::Write::write_all(&mut file, &block).is_ok() {}
        }
        let full = std::io::Write::write_all(&mut file, b"x").unwrap_err();
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a server of a failed test may still be on its way out.
        let umount = ["umount", "--lazy", text(&self.path)];
        if let Err(why) = run("umount", &umount[1..]).or_else(|_| run("sudo", &[&["-n"], &umount[..]].concat())) {
            eprintln!("{why}");
        }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim())) }
}

fn database(house: &House) -> Connection {
    Connection::open(house.data().join("ringfence.db")).unwrap()
}

fn check_integrity(house: &House) {
    let integrity: String = database(house).query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(integrity, "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_row_is_503_for_its_device_alone() {
    let house = House::open().await;
    let other = "001565000002";
    house.add(MAC).await;
    house.add(other).await;
    let given = house.live(&mut house.phone(MAC, OFFICE, Some(&house.global))).await;
    let of_other = house.live(&mut house.phone(other, OFFICE, Some(&house.global))).await;
    let damages = [
        // Bytes that nobody sealed, another device's sealed value, and one bit.
        "update device set auth = x'00', version = version + 1 where mac = ?1",
        "update device set auth = (select auth from device where mac = '001565000002'), version = version + 1 where mac = ?1",
        "update device set auth = cast(substr(auth, 1, 40) || x'ff' || substr(auth, 42) as blob), version = version + 1 where mac = ?1",
    ];
    let whole: Vec<u8> = database(&house).query_row("select auth from device where mac = ?1", [MAC], |row| row.get(0)).unwrap();
    for damage in damages {
        assert_eq!(database(&house).execute(damage, [MAC]).unwrap(), 1);
        let logged = house.log_text().len();
        let answer = house.follow(&given, MAC, OFFICE).await;
        assert_eq!(answer.status, 503, "{damage}");
        assert!(answer.header("retry-after").is_some());
        assert!(is_full(&house.follow(&of_other, other, OFFICE).await, other), "{damage}");
        let log = house.log_text();
        let line = log[logged..].lines().find(|line| line.contains("ERROR") && line.contains(MAC));
        assert!(line.is_some(), "{damage}: the log names no device:\n{}", &log[logged..]);
        let complaint = house.refused(&["device", "show", MAC]).await;
        assert!(complaint.contains(MAC) || complaint.contains("seal"), "{complaint}");
        let mend = "update device set auth = ?1, version = version + 1 where mac = ?2";
        assert_eq!(database(&house).execute(mend, (&whole, MAC)).unwrap(), 1);
        assert!(is_full(&house.follow(&given, MAC, OFFICE).await, MAC), "mended");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_master_key_or_a_newer_database_is_told_at_start() {
    let mut house = House::open().await;
    house.add(MAC).await;
    house.stop().await;
    let key = house.data().join("master.key");
    let right = std::fs::read(&key).unwrap();

    let stranger = House::founded(tempfile::tempdir().unwrap(), house.data().with_file_name("stranger"), "info").await;
    std::fs::copy(stranger.data().join("master.key"), &key).unwrap();
    let complaint = house.serve_refused().await;
    assert!(complaint.contains("master key"), "{complaint}");
    std::fs::write(&key, "nonsense\n").unwrap();
    let complaint = house.serve_refused().await;
    assert!(complaint.contains("master key"), "{complaint}");
    std::fs::remove_file(&key).unwrap();
    let complaint = house.serve_refused().await;
    assert!(complaint.contains("master key") || complaint.contains("master.key"), "{complaint}");
    assert!(!key.exists(), "a missing key is never replaced by a new one");
    std::fs::write(&key, &right).unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();

    let newer = "insert into schema_migration (number, name, checksum) values (9999, 'tomorrow', 'x')";
    database(&house).execute(newer, []).unwrap();
    let complaint = house.serve_refused().await;
    assert!(complaint.contains("9999") && complaint.contains("newer"), "{complaint}");
    database(&house).execute("delete from schema_migration where number = 9999", []).unwrap();

    house.serve().await;
    assert!(is_full(&house.front(MAC, OFFICE, Some(&house.global)).await, MAC), "nothing was lost");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_or_a_file_that_is_no_database_is_refused() {
    let mut house = House::open().await;
    let complaint = house.serve_refused().await;
    assert!(complaint.contains("already"), "{complaint}");
    house.add(MAC).await;
    assert!(is_full(&house.front(MAC, OFFICE, Some(&house.global)).await, MAC), "the first one is not disturbed");
    house.stop().await;
    let file = house.data().join("ringfence.db");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, "this is no database, and long enough to be looked at as one".repeat(100)).unwrap();
    let complaint = house.serve_refused().await;
    assert!(complaint.contains("database"), "{complaint}");
    std::fs::write(&file, whole).unwrap();
    house.serve().await;
    house.close().await;
}
