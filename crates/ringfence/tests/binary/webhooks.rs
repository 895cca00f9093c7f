//! Webhooks by the command line and the running server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::serve::Server;
use crate::world::{MAC, World};

/// Takes one delivery and answers it.
fn take(listener: &TcpListener) -> Value {
    let (stream, _) = listener.accept().unwrap();
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        match line.trim_end().to_ascii_lowercase().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().unwrap(),
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[test]
fn what_happens_is_sent_by_the_server_and_a_test_by_the_command_itself() {
    let world = World::with_a_phone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    assert!(world.refused(&["webhook", "add", &url]).contains("https://"));
    let configuration = world.data().join("ringfence.toml");
    let text = std::fs::read_to_string(&configuration).unwrap();
    std::fs::write(&configuration, text.replace("allow_private = false", "allow_private = true")).unwrap();

    let made = world.json(&["webhook", "add", &url, "--types", "device.reset", "--customer", "Example Ltd"]);
    let id = made["id"].as_str().unwrap();
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    let testing = std::thread::scope(|scope| {
        let test = scope.spawn(|| world.json(&["webhook", "test", id]));
        assert_eq!(take(&listener)["type"], "webhook.test");
        test.join().unwrap()
    });
    assert_eq!(testing["state"], "delivered");

    let server = Server::start(&world);
    world.ok(&["device", "reset", MAC]);
    let event = take(&listener);
    assert_eq!((&event["type"], &event["data"]["mac"]), (&json!("device.reset"), &json!(MAC)));
    server.stop();
    let listed = world.json(&["webhook", "list"]);
    assert_eq!((&listed[0]["url"], &listed[0]["enabled"]), (&json!(url), &json!(true)));
    assert!(!listed.to_string().contains("whsec_"));
    world.ok(&["webhook", "remove", id]);
    assert!(world.refused(&["webhook", "test", id]).contains("not"));
}
