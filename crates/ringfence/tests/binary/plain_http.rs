//! Plain HTTP for phones that open encrypted files: what curl fetches, `openssl` opens with the password that the command line shows.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::serve::Server;
use crate::world::World;

const PHONE: &str = "00005e005301";
const LINE: &str = "user=2001,password=line-secret-9,server=sip.example.com";

#[test]
fn a_file_leaves_encrypted_for_its_phone_and_openssl_opens_it() {
    let world = World::new().furnished();
    furnish(&world);
    let shown = world.json(&["device", "show", PHONE, "--profile-key"]);
    let key = shown["profile_key"].as_str().unwrap();
    assert_eq!((shown["mac"].as_str(), world.ok(&["device", "show", PHONE, "--profile-key"]).trim()), (Some(PHONE), key));
    let complaint = world.refused(&["device", "show", crate::world::MAC, "--profile-key"]);
    assert!(complaint.contains("no encrypted files"), "{complaint}");
    let audited = world.json(&["audit", "list"]);
    let told = audited.as_array().unwrap().iter().filter(|entry| entry.to_string().contains("reveal-profile-key")).count();
    assert_eq!(told, 2, "shown twice, refused once: {audited}");

    let mut command = world.command(&["serve"]);
    command.env("RINGFENCE_PHONES_HTTP", "127.0.0.1:0").env("RINGFENCE_PHONES_HTTP_PUBLIC_URL", "http://phones.example.com:8080");
    let server = Server::of(command);
    assert_eq!(fetch(&server, &world, &[]).0, "404", "plain HTTP is refused unless somebody allows it");
    world.ok(&["policy", "set", "--customer", "Example Ltd", "plain_http=encrypted"]);
    assert_eq!(fetch(&server, &world, &[]).0, "401");
    let login = format!("{}:{}", text(&world, "user"), text(&world, "password"));
    assert_eq!(fetch(&server, &world, &["--basic", "-u", &login]).0, "401");
    let (status, sealed) = fetch(&server, &world, &["--digest", "-u", &login]);
    assert_eq!((status.as_str(), &sealed[..8]), ("200", &b"Salted__"[..]));
    let opened = String::from_utf8(openssl(key, &sealed)).unwrap();
    assert!(opened.contains("line-secret-9") && opened.contains("door.url = http://phones.example.com:8080/cfg/d/"), "{opened}");
    let (status, log) = server.stop();
    assert!(status.success() && !log.contains(key), "{log}");
    let shown = world.json(&["device", "show", PHONE]);
    assert_eq!(shown["transport"], "http-encrypted");
    let listed = world.json(&["device", "list"]);
    let transports: Vec<_> = listed.as_array().unwrap().iter().map(|one| one["transport"].as_str()).collect();
    assert_eq!(transports.iter().flatten().collect::<Vec<_>>(), [&"http-encrypted"], "{listed}");
    assert!(world.ok(&["device", "list"]).contains("http-encrypted"));
    assert_eq!(world.json(&["device", "requests", PHONE])[0]["transport"], "http-encrypted");

    world.ok(&["device", "reset", PHONE]);
    assert_ne!(world.json(&["device", "show", PHONE, "--profile-key"])["profile_key"], key, "a reset makes another");
}

/// The brand of `gate`'s tests in the operator's folder, and a phone of it.
fn furnish(world: &World) {
    let copied = Command::new("cp").arg("-r").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../gate/tests/brands")).arg(world.data()).status();
    assert!(copied.unwrap().success());
    world.ok(&["device", "add", PHONE, "--customer", "Example Ltd", "--model", "sample/S1", "--line", LINE]);
}

fn text<'a>(world: &'a World, key: &str) -> &'a str {
    world.made["global_login"][key].as_str().unwrap()
}

/// Status and body.
fn fetch(server: &Server, world: &World, args: &[&str]) -> (String, Vec<u8>) {
    let body = world.folder.path().join("body");
    let _ = std::fs::remove_file(&body);
    let url = format!("http://{}/cfg/{PHONE}.conf", server.address("phones_http"));
    let mut curl = Command::new("curl");
    curl.args(["-s", "-w", "%{http_code}", "--max-time", "20", "-A", "Sample-S1 1.0", "-o"]).arg(&body).args(args).arg(url);
    let output = curl.output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), std::fs::read(&body).unwrap_or_default())
}

/// As the maker's guides write it.
fn openssl(key: &str, sealed: &[u8]) -> Vec<u8> {
    let mut command = Command::new("openssl");
    command.args(["enc", "-d", "-aes-256-cbc", "-md", "md5", "-k", key]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(sealed).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    output.stdout
}

#[test]
fn doctor_says_where_the_door_is_allowed_and_there_is_none() {
    let world = World::new();
    world.ok(&["customer", "add", "Old Ltd"]);
    let told = |environment: &[(&str, &str)]| {
        let ran = world.command(&["doctor", "--json"]).envs(environment.iter().copied()).output().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
        let checks = report["checks"].as_array().unwrap().clone();
        let found = checks.into_iter().find(|check| check["message"].as_str().unwrap().contains("plain HTTP"))?;
        assert_eq!(found["status"], "warning");
        Some(format!("{} → {}", found["message"].as_str().unwrap(), found["advice"].as_str().unwrap()))
    };
    let (door, url) = (("RINGFENCE_PHONES_HTTP", "127.0.0.1:0"), ("RINGFENCE_PHONES_HTTP_PUBLIC_URL", "http://phones.example.com:8080"));
    assert_eq!(told(&[]), None);
    for word in ["encrypted", "allow"] {
        world.ok(&["policy", "set", "--customer", "Old Ltd", &format!("plain_http={word}")]);
        let both = told(&[]).unwrap();
        assert!(both.contains("without phones.http and phones.http_public_url: customer Old Ltd → set phones.http and"), "{both}");
        let one = told(&[door]).unwrap();
        assert!(one.contains("HTTP, without phones.http_public_url:"), "{one}");
        assert!(told(&[url]).unwrap().contains("HTTP, without phones.http:"));
        assert_eq!(told(&[door, url]), None);
    }
}
