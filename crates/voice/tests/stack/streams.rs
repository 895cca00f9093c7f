//! TCP: framing, pings, what breaks a stream and what does not.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use voice::limits::Limits;
use voice::stack::Transport;

use super::house::House;
use super::peer::PATIENCE;
use super::wire::{GOOD, fresh, method, with};

/// A connection, and what has come over it.
struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Wire {
    async fn open(house: &House) -> Self {
        let stream = TcpStream::connect(house.address(Transport::Tcp)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, read: Vec::new() }
    }

    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // A server that has closed already resets what comes after: the test sees it when it reads.
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// The status of the next answer; 2 for a pong; none when the server has closed.
    async fn next(&mut self) -> Option<u16> {
        loop {
            if self.read.starts_with(b"\r\n") {
                self.read.drain(..2);
                return Some(2);
            }
            if let Some(end) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                let head: Vec<u8> = self.read.drain(..end + 4).collect();
                let head = String::from_utf8(head).unwrap();
                assert!(head.contains("Content-Length: 0"), "{head}");
                return Some(head.split(' ').nth(1).unwrap().parse().unwrap());
            }
            let mut buffer = [0; 4096];
            match timeout(PATIENCE, self.stream.read(&mut buffer)).await.expect("an answer or an end") {
                Ok(0) | Err(_) => return None,
                Ok(length) => self.read.extend_from_slice(&buffer[..length]),
            }
        }
    }
}

/// Sends bytes and expects answers; `closes` says whether the server ends the connection afterwards.
async fn check(house: &House, name: &str, bytes: &[u8], expected: &[u16], closes: bool) {
    let mut wire = Wire::open(house).await;
    wire.send(bytes).await;
    // Handlers run beside each other, and refusals and pongs need none: answers may overtake each other.
    let mut answers = Vec::new();
    for _ in expected {
        answers.push(wire.next().await.unwrap_or_else(|| panic!("{name}: closed after {answers:?}")));
    }
    answers.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(answers, expected, "{name}");
    if closes {
        assert_eq!(wire.next().await, None, "{name}");
    } else {
        wire.send(fresh(GOOD, 999)).await;
        assert_eq!(wire.next().await, Some(200), "{name}: the connection lives on");
    }
    let mut other = Wire::open(house).await;
    other.send(GOOD).await;
    assert_eq!(other.next().await, Some(200), "{name}: the server lives on");
}

#[tokio::test]
async fn nineteen_streams() {
    let house = House::open().await;
    let body = with("Content-Length", "Content-Length: 32\r\n") + "v=0\r\n\r\nOPTIONS sip:a SIP/2.0\r\n\r\n";
    let two = format!("{}{}", fresh(GOOD, 1), fresh(GOOD, 2));
    let length = |value: &str| with("Content-Length", &format!("Content-Length: {value}\r\n"));
    let cases: &[(&str, String, &[u16], bool)] = &[
        ("one message", GOOD.to_owned(), &[200], false),
        ("several at once", format!("{two}{}", fresh(GOOD, 3)), &[200, 200, 200], false),
        ("a body that looks like a message", format!("{body}{}", fresh(GOOD, 1)), &[200, 200], false),
        ("a ping", "\r\n\r\n".to_owned(), &[2], false),
        ("pings between messages", format!("\r\n\r\n{GOOD}\r\n\r\n\r\n\r\n{}", fresh(GOOD, 1)), &[2, 200, 2, 2, 200], false),
        ("lone line ends", format!("\r\n{GOOD}\r\n{}", fresh(GOOD, 1)), &[200, 200], false),
        ("a compact length", GOOD.replace("Content-Length: 0", "l:0"), &[200], false),
        ("line feeds only", GOOD.replace("\r\n", "\n"), &[200], false),
        ("a method that nobody knows", format!("{}{}", method("DANCE"), fresh(GOOD, 1)), &[501, 200], false),
        ("a method that exists elsewhere", format!("{}{}", method("SUBSCRIBE"), fresh(GOOD, 1)), &[405, 200], false),
        ("no way back", format!("{}{}", with("Via", ""), fresh(GOOD, 1)), &[200], false),
        ("no CSeq", format!("{}{}", with("CSeq", ""), fresh(GOOD, 1)), &[400, 200], false),
        ("another version", format!("{}{}", GOOD.replacen(" SIP/2.0", " SIP/7.0", 1), fresh(GOOD, 1)), &[505, 200], false),
        ("no length", with("Content-Length", ""), &[400], true),
        ("a length of all bits", length(&usize::MAX.to_string()), &[400], true),
        ("a length that is negative", length("-1"), &[400], true),
        ("two lengths", with("Content-Length", "Content-Length: 0\r\nContent-Length: 30\r\n"), &[400], true),
        ("too long a body", length("16385"), &[513], true),
        ("HTTP", "GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), &[], true),
        ("TLS on the wrong port", "\u{16}\u{3}\u{1}".to_owned(), &[], true),
        ("a head without an end", format!("OPTIONS {}", "x".repeat(17_000)), &[], true),
    ];
    for (name, bytes, expected, closes) in cases {
        check(&house, name, bytes.as_bytes(), expected, *closes).await;
    }
}

#[tokio::test]
async fn byte_by_byte() {
    let house = House::open().await;
    let mut wire = Wire::open(&house).await;
    for byte in GOOD.bytes() {
        wire.send([byte]).await;
        wire.stream.flush().await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(wire.next().await, Some(200));
}

#[tokio::test]
async fn five_hundred_pipelined() {
    let house = House::open().await;
    let wire = Wire::open(&house).await;
    let (mut reading, mut writing) = wire.stream.into_split();
    let all: String = (0..500).map(|number| fresh(GOOD, number)).collect();
    let sending = tokio::spawn(async move {
        writing.write_all(all.as_bytes()).await.unwrap();
        writing
    });
    let (mut read, mut buffer) = (Vec::new(), [0; 4096]);
    while read.windows(12).filter(|window| window == b"SIP/2.0 200 ").count() < 500 {
        let length = timeout(PATIENCE, reading.read(&mut buffer)).await.expect("answers").unwrap();
        assert!(length > 0, "the connection stays");
        read.extend_from_slice(&buffer[..length]);
    }
    sending.await.unwrap();
}

/// A phone that stops in the middle of its message, or never begins, does not hold its connection for ever; one that is registered and
/// silent does.
#[tokio::test]
async fn who_stops_amid_a_message_loses_his_connection() {
    let limits = Limits { patience: Duration::from_millis(300), idle: Duration::from_mins(5), ..Limits::default() };
    let house = House::with_limits(limits).await;
    let mut silent = Wire::open(&house).await;
    let mut idle = Wire::open(&house).await;
    idle.send(GOOD).await;
    assert_eq!(idle.next().await, Some(200));
    let mut slow = Wire::open(&house).await;
    slow.send(GOOD).await;
    assert_eq!(slow.next().await, Some(200));
    slow.send(&GOOD[..100]).await;
    assert_eq!(silent.next().await, None);
    assert_eq!(slow.next().await, None);
    idle.send(fresh(GOOD, 1)).await;
    assert_eq!(idle.next().await, Some(200));
}

#[tokio::test]
async fn one_address_has_so_many_connections_and_no_more() {
    let house = House::with_limits(Limits { connections_per_address: 3, ..Limits::default() }).await;
    let mut held = Vec::new();
    for number in 0..3 {
        let mut wire = Wire::open(&house).await;
        wire.send(fresh(GOOD, number)).await;
        assert_eq!(wire.next().await, Some(200));
        held.push(wire);
    }
    let mut more = Wire::open(&house).await;
    more.send(GOOD).await;
    assert_eq!(more.next().await, None);
    held.pop();
    // The place is free when the server has seen the end.
    loop {
        let mut wire = Wire::open(&house).await;
        wire.send(GOOD).await;
        if wire.next().await == Some(200) {
            break;
        }
    }
}

#[tokio::test]
async fn who_asks_too_much_over_a_connection_is_told() {
    let house = House::with_limits(Limits { address_burst: 2, address_rate: 1, ..Limits::default() }).await;
    let mut wire = Wire::open(&house).await;
    let all: String = (0..4).map(|number| fresh(GOOD, number)).collect();
    wire.send(all).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(wire.next().await.unwrap());
    }
    statuses.sort_unstable();
    assert!(statuses.starts_with(&[200, 200]) && statuses.ends_with(&[503]), "{statuses:?}");
}
