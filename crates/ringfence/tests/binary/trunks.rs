//! Trunks, and emergency calls of the real binary: with its database, and without.

use std::net::{SocketAddr, UdpSocket};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use crate::serve::Server;
use crate::world::World;

#[test]
fn trunks() {
    let world = World::with_a_phone();
    let told = || world.json(&["doctor"])["checks"].as_array().unwrap().iter().find(|one| one["check"] == "trunks").cloned().unwrap();
    assert_eq!(told()["status"], "warning", "there is none yet");
    let add = ["trunk", "add", "main", "sip:trunk.example.com:5080;transport=tcp", "--user", "office", "--password-stdin"];
    let added = world.with_input(&[&add[..], &["--json"]].concat(), "trunk-secret-9\n");
    assert_eq!(added.status, 0, "{added:?}");
    assert!(!format!("{added:?}").contains("trunk-secret-9"));
    let kept = ["--priority", "20", "--channels", "30", "--reserve", "10", "--test-number", "+4930999"];
    world.ok(&[&["trunk", "add", "berlin", "sip:192.0.2.5", "--customer", "Example Ltd", "--site", "Berlin"], &kept[..]].concat());
    assert_eq!(told()["message"], "0 of 2 answer", "no server has looked yet");
    let listed = world.json(&["trunk", "list"]);
    assert_eq!((&listed[0]["name"], &listed[1]["name"]), (&json!("berlin"), &json!("main")));
    assert_eq!((&listed[0]["customer"], &listed[0]["site"]), (&json!("Example Ltd"), &json!("Berlin")));
    assert_eq!((&listed[0]["priority"], &listed[0]["channels"], &listed[0]["reserved"]), (&json!(20), &json!(30), &json!(10)));
    assert_eq!((&listed[1]["user"], &listed[1]["customer"]), (&json!("office"), &json!(null)));
    assert_eq!((&listed[1]["uri"], &listed[1]["state"]), (&json!("sip:trunk.example.com:5080;transport=tcp"), &json!("unknown")));
    assert!(!world.ok(&["trunk", "list"]).contains("trunk-secret-9"));
    assert!(!world.ok(&["audit", "list"]).contains("trunk-secret-9"));
    for (wrong, complaint) in [
        (&["main", "sip:192.0.2.6"][..], "exists already"),
        (&["other", "trunk.example.com"], "write sip:HOST"),
        (&["other", "sip:192.0.2.6", "--channels", "2", "--reserve", "3"], "reserve"),
        (&["other", "sip:192.0.2.6", "--test-number", "112"], "is an emergency number"),
        (&["other", "sip:192.0.2.6", "--test-number", "+911"], "is an emergency number"),
        (&["other", "sip:192.0.2.6", "--customer", "Nobody"], "not found"),
    ] {
        let said = world.refused(&[&["trunk", "add"], wrong].concat());
        assert!(said.contains(complaint), "{wrong:?}: {said}");
    }
    assert!(world.with_input(&["trunk", "add", "x", "sip:192.0.2.6", "--user", "u"], "").status == 2, "a user without a password");
    world.ok(&["trunk", "remove", "berlin"]);
    assert!(world.refused(&["trunk", "remove", "berlin"]).contains("not found"));
    let actions: Vec<_> = world.json(&["audit", "list"]).as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(&actions[..3], &[json!("trunk.removed"), json!("trunk.created"), json!("trunk.created")]);
    world.ok(&["trunk", "add", "secure", "sips:trunk.example.com"]);
    assert!(world.ok(&["trunk", "list"]).contains("sip:trunk.example.com;transport=tls"));
}

/// A trunk's far end on a plain socket: answers what comes in its own words, and notes the first lines.
fn carrier(status: &'static str) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (address, heard) = (socket.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
    let noted = Arc::clone(&heard);
    // Ends with the test's process.
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let first = text.lines().next().unwrap_or_default().to_owned();
            noted.lock().unwrap().push(first.clone());
            if first.starts_with("ACK") {
                continue;
            }
            let is_copied = |line: &&str| ["Via:", "From:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name));
            let head = text.lines().filter(is_copied).collect::<Vec<_>>().join("\r\n");
            let to = text.lines().find(|line| line.starts_with("To:")).unwrap_or_default();
            let answer = format!(
                "SIP/2.0 {status}\r\n{head}\r\n{to};tag=x\r\nContact: <sip:{}>\r\nContent-Length: 0\r\n\r\n",
                socket.local_addr().unwrap()
            );
            let _ = socket.send_to(answer.as_bytes(), from);
        }
    });
    (address, heard)
}

#[test]
fn a_trunk_is_tested_and_no_emergency_number_dialled() {
    let world = World::new();
    let ((well, heard), (sick, _)) = (carrier("200 OK"), carrier("503 Service Unavailable"));
    world.ok(&["trunk", "add", "well", &format!("sip:{well}"), "--test-number", "+4930999"]);
    world.ok(&["trunk", "add", "sick", &format!("sip:{sick}")]);
    let tested = world.json(&["trunk", "test", "well"]);
    assert_eq!(
        (&tested["ok"], &tested["steps"][0]["detail"], &tested["steps"][1]["detail"]),
        (&json!(true), &json!("200 OK"), &json!("200"))
    );
    let heard = heard.lock().unwrap().clone();
    let methods: Vec<_> = heard.iter().map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect();
    assert_eq!(methods, ["OPTIONS", "INVITE", "ACK", "BYE"], "{heard:?}");
    assert!(heard[1].starts_with("INVITE sip:+4930999@"), "{heard:?}");
    let ran = world.run(&["trunk", "test", "sick"]);
    assert_eq!(ran.status, 1);
    assert!(ran.stdout.contains("503 Service Unavailable") && ran.stderr.contains("does not work"), "{ran:?}");
    assert!(world.refused(&["trunk", "test", "absent"]).contains("not found"));
}

/// An address that was free a moment ago.
fn free() -> SocketAddr {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Calls 112 as a phone that proves nothing, again and again, until the trunk hears of it. Refused ones are acknowledged.
fn call_until_heard(server: SocketAddr, heard: &Mutex<Vec<String>>, round: &str) {
    let phone = UdpSocket::bind("127.0.0.1:0").unwrap();
    phone.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let (here, sdp) = (
        phone.local_addr().unwrap(),
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n",
    );
    let count = || heard.lock().unwrap().iter().filter(|line| line.starts_with("INVITE sip:112@")).count();
    let before = count();
    for number in 0..200 {
        let call = format!("{round}{number}");
        let head = |method: &str, to: &str| {
            format!(
                "{method} sip:112@phones.example.com SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{call};rport\r\nMax-Forwards: 70\r\n\
                 From: <sip:nobody@phones.example.com>;tag=a\r\nTo: {to}\r\nCall-ID: {call}\r\nCSeq: 1 {method}\r\n\
                 Contact: <sip:nobody@{here}>\r\n"
            )
        };
        let to = "<sip:112@phones.example.com>";
        let invite = format!("{}Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}", head("INVITE", to), sdp.len());
        phone.send_to(invite.as_bytes(), server).unwrap();
        let mut buffer = [0; 4096];
        while let Ok(length) = phone.recv(&mut buffer) {
            let answer = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let to = answer.lines().find_map(|line| line.strip_prefix("To: ")).unwrap_or(to);
            if !answer.starts_with("SIP/2.0 1") {
                phone.send_to(format!("{}Content-Length: 0\r\n\r\n", head("ACK", to)).as_bytes(), server).unwrap();
            }
            if count() > before {
                return;
            }
        }
    }
    panic!("the trunk never heard of {round}: {:?}", heard.lock().unwrap());
}

#[test]
fn emergency_calls_go_out_without_the_database_even_after_a_restart() {
    let world = World::new();
    let (trunk, heard) = carrier("486 Busy Here");
    world.ok(&["trunk", "add", "main", &format!("sip:{trunk}")]);
    let sip = free();
    let serve = || {
        let mut command = world.command(&["serve"]);
        command.env("RINGFENCE_SIP_UDP", sip.to_string());
        command
    };
    let server = Server::of(serve());
    call_until_heard(sip, &heard, "with");
    let database = world.data().join("ringfence.db");
    std::fs::write(&database, vec![0x5a; 100_000]).unwrap();
    for log in ["ringfence.db-wal", "ringfence.db-shm"] {
        let _ = std::fs::write(world.data().join(log), vec![0x5a; 100_000]);
    }
    call_until_heard(sip, &heard, "noise");
    server.stop();
    // Started anew on noise it says nothing of being ready, yet carries emergency calls.
    let mut lost = serve().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    call_until_heard(sip, &heard, "anew");
    assert!(lost.try_wait().unwrap().is_none(), "it waits for its database");
    assert!(std::process::Command::new("kill").arg(lost.id().to_string()).status().unwrap().success());
    assert!(lost.wait().unwrap().success(), "and stops when it is told to");
    assert!(world.data().join("emergency.cache").exists());
}
