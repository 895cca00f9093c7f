//! Firmware from the operator's folder, fetched by curl as a phone does: at the address and with the login that its configuration names.

use std::path::Path;
use std::process::Command;

use crate::serve::Server;
use crate::world::{MAC, World};

const NAME: &str = "T46S-66.86.0.15.rom";
/// Many chunks, and the last one short.
const BYTES: usize = 5_000_001;

#[test]
fn a_phone_fetches_its_firmware_and_takes_up_where_it_was_cut() {
    let world = World::with_a_phone();
    let table = format!("vendor,type,mac,customer,setting:firmware_file\nyealink,T46S,{MAC},Example Ltd,{NAME}\n");
    world.ok(&["import", &world.file("phones.csv", &table)]);
    let folder = world.data().join("firmware/yealink");
    std::fs::create_dir_all(&folder).unwrap();
    let content: Vec<u8> = (0..BYTES).map(|at| (at * 31 % 251) as u8).collect();
    std::fs::write(folder.join(NAME), &content).unwrap();

    let server = Server::start(&world);
    let (status, config) = server.fetch(&world, &world.made["global_login"]);
    assert_eq!(status, 200);
    let value = |key: &str| config.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = ")).unwrap().to_owned();
    let login = format!("{}:{}", value("static.auto_provision.server.username"), value("static.auto_provision.server.password"));
    let url = value("static.firmware.url");
    assert_eq!(url, format!("{}firmware/{NAME}", value("static.auto_provision.server.url")));
    let path = &url[url.find("/cfg/").unwrap()..];

    let target = world.folder.path().join("fetched");
    let with = |args: &[&str]| fetch(&server, &world, path, &target, &[&["--digest", "-u", &login], args].concat());
    assert_eq!(with(&[]), "200");
    assert!(std::fs::read(&target).unwrap() == content, "byte for byte");
    std::fs::write(&target, &content[..3_000_000]).unwrap();
    assert_eq!(with(&["-C", "-"]), "206");
    assert!(std::fs::read(&target).unwrap() == content, "the rest fits the beginning");
    assert_eq!(with(&["-r", "9000000-"]), "416");
    assert_eq!(fetch(&server, &world, path, &target, &[]), "401");
    let headers = head(&server, &world, path, &login);
    assert!(headers.contains(&format!("content-length: {BYTES}")) && headers.contains("accept-ranges: bytes"), "{headers}");

    let (stopped, log) = server.stop();
    assert!(stopped.success(), "{log}");
    let rows = world.json(&["device", "requests", MAC]);
    let sent: Vec<u64> = rows
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["decision"] == "firmware" && row["method"] == "GET" && row["status"] != 416)
        .map(|row| row["bytes"].as_u64().unwrap())
        .collect();
    assert_eq!(sent, [2_000_001, BYTES as u64], "the log says how much went out, newest first");
    assert_ne!(world.json(&["device", "show", MAC])["last_fetch"], serde_json::Value::Null);
}

fn curl(world: &World) -> Command {
    let mut curl = Command::new("curl");
    curl.args(["-s", "--max-time", "60", "--cacert"]).arg(world.data().join("tls/ca.pem"));
    curl
}

/// The status; the body goes to a file.
fn fetch(server: &Server, world: &World, path: &str, target: &Path, args: &[&str]) -> String {
    let url = format!("https://{}{path}", server.address("phones_https"));
    let output = curl(world).args(["-w", "%{http_code}", "-o"]).arg(target).args(args).arg(url).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The header lines of a HEAD, in lower case.
fn head(server: &Server, world: &World, path: &str, login: &str) -> String {
    let url = format!("https://{}{path}", server.address("phones_https"));
    let output = curl(world).args(["-I", "--digest", "-u", login]).arg(url).output().unwrap();
    String::from_utf8(output.stdout).unwrap().to_lowercase()
}
