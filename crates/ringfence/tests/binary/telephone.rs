//! The telephone side of the real binary: ready, out of descriptors, reloaded, stopped.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::serve::Server;
use crate::world::World;

/// Long enough for the slowest machine.
const PATIENCE: Duration = Duration::from_secs(20);

fn options(transport: &str, number: usize) -> String {
    format!(
        "OPTIONS sip:service@phones.example.com SIP/2.0\r\nVia: SIP/2.0/{transport} 10.9.8.7;branch=z9hG4bK{number};rport\r\n\
         From: <sip:a@phones.example.com>;tag=1\r\nTo: <sip:service@phones.example.com>\r\nCall-ID: {number}\r\nCSeq: 1 OPTIONS\r\n\
         Content-Length: 0\r\n\r\n"
    )
}

/// The first line that comes back; none if the connection ends first, or nothing comes for so long.
fn ask_over_tcp(stream: &mut TcpStream, number: usize, patience: Duration) -> Option<String> {
    stream.set_read_timeout(Some(patience)).unwrap();
    stream.write_all(options("TCP", number).as_bytes()).ok()?;
    let mut buffer = [0; 4096];
    match stream.read(&mut buffer) {
        Ok(length @ 1..) => Some(String::from_utf8_lossy(&buffer[..length]).lines().next()?.to_owned()),
        Ok(0) => None,
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::ConnectionReset) => None,
        other => panic!("{other:?}"),
    }
}

fn ask_over_udp(server: SocketAddr, number: usize) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.send_to(options("UDP", number).as_bytes(), server).unwrap();
    let mut buffer = [0; 4096];
    let length = socket.recv(&mut buffer).unwrap();
    String::from_utf8_lossy(&buffer[..length]).lines().next().unwrap().to_owned()
}

#[test]
fn sip_is_answered_where_the_ready_line_says() {
    let world = World::new();
    let server = Server::start(&world);
    assert_eq!(ask_over_udp(server.address("sip_udp"), 1), "SIP/2.0 200 OK");
    let mut stream = TcpStream::connect(server.address("sip_tcp")).unwrap();
    assert_eq!(ask_over_tcp(&mut stream, 2, PATIENCE).as_deref(), Some("SIP/2.0 200 OK"));
    let doctor = world.ok(&["doctor"]);
    for door in ["sip.udp", "sip.tcp", "sip.tls"] {
        assert!(doctor.contains(&format!("{door} is served on 127.0.0.1:")), "{doctor}");
    }
    let (status, log) = server.stop();
    assert!(status.success(), "{log}");
    assert!(!log.contains("panicked"), "{log}");
    let doctor = world.run(&["doctor"]).stdout;
    assert!(doctor.contains("sip.udp 127.0.0.1:0 is free"), "{doctor}");
}

#[test]
fn several_addresses_of_both_families() {
    let world = World::new();
    let mut command = world.command(&["serve"]);
    command.env("RINGFENCE_SIP_UDP", "127.0.0.1:0, [::1]:0");
    let server = Server::of(command);
    assert!(server.address("sip_udp").is_ipv4(), "the first one");
    assert_eq!(ask_over_udp(server.address("sip_udp"), 1), "SIP/2.0 200 OK");
    server.stop();
}

/// Many connections more than there are descriptors: the server neither dies nor spins, UDP is answered all the while, and when the
/// connections have gone new ones are taken.
#[test]
fn descriptors_run_out() {
    let world = World::new();
    let serve = world.command(&["serve"]);
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 120 && exec \"$@\"", "sh"]).arg(serve.get_program()).args(serve.get_args());
    let server = Server::of(command);
    let (udp, tcp) = (server.address("sip_udp"), server.address("sip_tcp"));
    let mut held: Vec<TcpStream> = (0..300).map(|_| TcpStream::connect(tcp).unwrap()).collect();
    for number in 0..20 {
        assert_eq!(ask_over_udp(udp, number), "SIP/2.0 200 OK");
    }
    // The last one waits in the kernel's queue: nobody answers it.
    let mut last = held.pop().unwrap();
    assert_eq!(ask_over_tcp(&mut last, 100, Duration::from_secs(2)), None);
    drop(last);
    drop(held);
    let mut fresh = TcpStream::connect(tcp).unwrap();
    assert_eq!(ask_over_tcp(&mut fresh, 101, PATIENCE).as_deref(), Some("SIP/2.0 200 OK"));
    drop(fresh);
    let (status, log) = server.stop();
    assert!(status.success(), "{log}");
    let complaints = log.matches("cannot accept a SIP connection").count();
    assert!((1..200).contains(&complaints), "it waits between its tries: {complaints}");
}

#[test]
fn a_hangup_renews_the_certificate_of_sip_too() {
    let world = World::new();
    let server = Server::start(&world);
    let shown = || {
        let mut client = Command::new("openssl");
        client.args(["s_client", "-connect", &server.address("sip_tls").to_string()]).stdin(Stdio::null());
        let text = String::from_utf8_lossy(&client.output().unwrap().stdout).into_owned();
        let begin = text.find("-----BEGIN CERTIFICATE-----").unwrap();
        text[begin..text.find("-----END CERTIFICATE-----").unwrap()].to_owned()
    };
    let before = shown();
    for entry in std::fs::read_dir(world.data().join("tls")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("phones") {
            std::fs::remove_file(path).unwrap();
        }
    }
    server.signal("HUP");
    // Made anew in the background: asked until it shows, and the test's own end if it never does.
    while shown() == before {
        std::thread::yield_now();
    }
    server.stop();
}
