//! Streams: what TCP and TLS do to messages.

use wire::{
    limits::{SIP_BODY_BYTES_MAX, SIP_HEAD_BYTES_MAX},
    sip::{
        framing::{Cause, Frame, Stream},
        message::Message,
    },
};

use super::{GOOD, method, with};

/// Feeds the bytes in pieces; gives what came out, a word for each frame.
fn frames(bytes: &[u8], piece: usize) -> Vec<String> {
    let mut stream = Stream::default();
    let mut out = Vec::new();
    for mut piece in bytes.chunks(piece) {
        while !piece.is_empty() {
            let taken = stream.push(piece);
            piece = &piece[taken..];
            let before = out.len();
            while let Some(frame) = stream.poll() {
                out.push(match frame {
                    Ok(Frame::Ping) => "ping".to_owned(),
                    Ok(Frame::Message(bytes)) => {
                        let message = Message::parse(&bytes).expect("a frame is a message");
                        assert_eq!(message.fault, None);
                        format!("{}+{}", message.method().unwrap_or("?"), message.body.len())
                    }
                    Err(broken) => format!("{:?}{}", broken.cause, if broken.head.is_some() { "!" } else { "" }),
                });
            }
            assert!(taken > 0 || out.len() > before, "stuck");
        }
    }
    out
}

/// The same whether it comes at once, byte by byte, or in odd pieces.
fn check(name: &str, bytes: &[u8], expected: &[&str]) {
    for piece in [bytes.len().max(1), 1, 2, 3, 7, 100, 1000] {
        assert_eq!(frames(bytes, piece), expected, "{name} in pieces of {piece}");
    }
}

fn with_body(body: &str) -> String {
    with("Content-Length", &format!("Content-Length: {}\r\n", body.len())) + body
}

#[test]
fn nineteen_streams() {
    let good = GOOD;
    let body = with_body("v=0\r\n\r\nOPTIONS sip:a SIP/2.0\r\n\r\n");
    let check = |name: &str, text: &str, expected: &[&str]| check(name, text.as_bytes(), expected);
    check("one message", good, &["OPTIONS+0"]);
    check("nothing", "", &[]);
    check("several at once", &good.repeat(3), &["OPTIONS+0"; 3]);
    let long = with("Max-Forwards", &format!("X: {}\r\n", "x".repeat(2000)));
    check("short messages behind a long one", &format!("{long}{good}{good}"), &["OPTIONS+0"; 3]);
    check("a body that looks like a message", &format!("{body}{good}"), &["OPTIONS+32", "OPTIONS+0"]);
    check("a keep-alive", "\r\n\r\n", &["ping"]);
    check(
        "keep-alives between messages",
        &format!("\r\n\r\n{good}\r\n\r\n\r\n\r\n{good}"),
        &["ping", "OPTIONS+0", "ping", "ping", "OPTIONS+0"],
    );
    check("a lone line end", &format!("\r\n{good}\r\n{good}"), &["OPTIONS+0", "OPTIONS+0"]);
    check("a compact length", &good.replace("Content-Length: 0", "l:0"), &["OPTIONS+0"]);
    check("a folded length", &(good.replace("Content-Length: 0", "Content-Length:\r\n 3") + "v=0"), &["OPTIONS+3"]);
    check("line feeds only", &good.replace("\r\n", "\n"), &["OPTIONS+0"]);
    check("a method that nobody knows", &format!("{}{good}", method("DANCE")), &["DANCE+0", "OPTIONS+0"]);
    check("no way back", &format!("{}{good}", with("Via", "")), &["OPTIONS+0", "OPTIONS+0"]);
    check("no length", &format!("{}{good}", with("Content-Length", "")), &["Length!"]);
    check("a length of all bits", &format!("{}{good}", with("Content-Length", "Content-Length: 18446744073709551615\r\n")), &["Length!"]);
    check("a length that is negative", &with("Content-Length", "Content-Length: -1\r\n"), &["Length!"]);
    check("two lengths", &with("Content-Length", "Content-Length: 0\r\nContent-Length: 30\r\n"), &["Length!"]);
    check("too long a body", &with("Content-Length", &format!("Content-Length: {}\r\n", SIP_BODY_BYTES_MAX + 1)), &["BodyTooLong!"]);
    check("HTTP", &format!("GET / HTTP/1.1\r\nHost: a\r\n\r\n{good}"), &["NotSip"]);
    check("a message cut short", &body[..body.len() - 1], &[]);
    check("a message without an end", &good[..good.len() - 1], &[]);
}

#[test]
fn tls_on_the_wrong_port_and_zeros_end_the_stream() {
    check("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", &["NotSip"]);
    check("zeros", &[0; 64], &["NotSip"]);
    check("blanks", &[b' '; 64], &["NotSip"]);
}

#[test]
fn heads_and_bodies_up_to_their_limits() {
    let room = SIP_HEAD_BYTES_MAX - GOOD.len();
    let longest = with("Max-Forwards", &format!("X: {}\r\n", "x".repeat(room + "Max-Forwards: 70".len() - 3)));
    assert_eq!(longest.len(), SIP_HEAD_BYTES_MAX);
    assert_eq!(frames(longest.repeat(2).as_bytes(), 1500), ["OPTIONS+0"; 2]);
    let longer = longest.replacen("X: x", "X: xx", 1);
    assert_eq!(frames(longer.as_bytes(), 1500), ["HeadTooLong"]);
    assert_eq!(frames(format!("OPTIONS {}", "x".repeat(SIP_HEAD_BYTES_MAX)).as_bytes(), 1500), ["HeadTooLong"]);
    let body = with_body(&"x".repeat(SIP_BODY_BYTES_MAX));
    let expected = format!("OPTIONS+{SIP_BODY_BYTES_MAX}");
    assert_eq!(frames(body.repeat(2).as_bytes(), 1500), [expected.clone(), expected]);
}

/// However much is pushed, no more is kept than one message may have; and after the end nothing is kept.
#[test]
fn a_stream_takes_no_more_than_its_room() {
    let mut stream = Stream::default();
    let flood = GOOD.repeat(1000);
    let taken = stream.push(flood.as_bytes());
    assert_eq!(taken, SIP_HEAD_BYTES_MAX + SIP_BODY_BYTES_MAX);
    assert_eq!(stream.push(b"x"), 0);
    let mut messages = 0;
    while let Some(frame) = stream.poll() {
        assert!(frame.is_ok_and(|frame| frame.is_request("OPTIONS") && !frame.is_request("BYE")));
        messages += 1;
    }
    assert_eq!(messages, taken / GOOD.len());

    let mut stream = Stream::default();
    stream.push(b"\x16\x03\x01");
    assert_eq!(stream.poll().unwrap().unwrap_err().cause, Cause::NotSip);
    assert_eq!(stream.push(flood.as_bytes()), flood.len());
    assert_eq!(stream.poll(), None);
}

#[test]
fn the_head_that_broke_a_stream_can_be_answered() {
    let mut stream = Stream::default();
    stream.push(with("Content-Length", "").as_bytes());
    let broken = stream.poll().unwrap().unwrap_err();
    assert_eq!(Message::parse(&broken.head.unwrap()).unwrap().only("Call-ID"), Some("1@192.0.2.7"));
}
