//! Sixty-odd datagrams in the spirit of RFC 4475, each followed by a sign of life.

use ::wire::limits::{SIP_BODY_BYTES_MAX, SIP_DATAGRAM_BYTES_MAX, SIP_HEAD_BYTES_MAX, SIP_HEADERS_MAX};

use super::house::House;
use super::peer::{Peer, request};
use super::wire::{GOOD, latin1, method, with};

/// Each message with the status of its answer; 0 is silence.
#[rustfmt::skip]
fn table() -> Vec<(&'static str, Vec<u8>, u16)> {
    let text = |name, text: &str, status| (name, text.as_bytes().to_vec(), status);
    let with_body = |length: &str, body: &str| with("Content-Length", length) + body;
    let response = |line: &str| GOOD.replacen("OPTIONS sip:service@phones.example.com SIP/2.0", line, 1);
    vec![
        text("nothing wrong", GOOD, 200),
        text("a registration", &method("REGISTER"), 200),
        text("a dialog that nobody knows", &with("To:", "To: <sip:x@phones.example.com>;tag=none\r\n"), 481),
        text("compact names", &GOOD.replace("Via:", "v:").replace("From:", "F :").replace("Call-ID", "i").replace("To:", "t:"), 200),
        text("names in any case", &GOOD.replace("Via", "vIA").replace("CSeq", "cseq").replace("Call-ID", "CALL-id"), 200),
        text("folded fields", &GOOD.replace("From: ", "From:\r\n \t ").replace(";branch", "\r\n ;branch"), 200),
        text("blanks around the colon", &GOOD.replace("CSeq: ", "CSeq \t:\t  "), 200),
        text("blanks inside CSeq", &with("CSeq", "CSeq:   0001 \t OPTIONS \r\n"), 200),
        text("lines that end with line feeds", &GOOD.replace("\r\n", "\n"), 200),
        text("empty lines in front", &format!("\r\n\r\n{GOOD}"), 200),
        text("no length", &with("Content-Length", ""), 200),
        text("no length, with a body", &(with("Content-Length", "") + "v=0"), 200),
        text("more than the length says", &with_body("Content-Length: 3\r\n", "v=0 and more"), 200),
        text("the same length twice", &with_body("Content-Length: 3\r\nl: 3\r\n", "v=0"), 200),
        text("no Max-Forwards", &with("Max-Forwards", ""), 200),
        text("unknown fields", &with("Max-Forwards", "X-Thing: ;;,\"\"<>\r\nNew!%*: \r\n"), 200),
        text("a display name in UTF-8", &GOOD.replace("Phone", "Empfang Süd"), 200),
        ("a display name in Latin-1", latin1(&GOOD.replace("Phone", "Empfang Süd")), 200),
        text("a quoted string with everything", &GOOD.replace("Phone", "a;tag=x, <sip:y> \\\" : \\\\"), 200),
        text("several hops in one field", &GOOD.replace(";rport", ";rport, SIP/2.0/TCP [2001:db8::1]:5060;branch=b"), 200),
        text("a hop with blanks around everything", &GOOD.replace("SIP/2.0/UDP 10", "SIP / 2.0 / UDP   10"), 200),
        text("a hop without a branch", &GOOD.replace(";branch=z9hG4bK-1", ""), 200),
        text("a branch of RFC 2543", &GOOD.replace("z9hG4bK-1", "1"), 200),
        text("escapes in the address", &GOOD.replacen("service@", "%73ervice;a=b:pw%40@", 1), 200),
        text("an address with IPv6", &GOOD.replacen("phones.example.com", "[2001:db8::1]:5060", 1), 200),
        text("a telephone number", &GOOD.replacen("sip:service@phones.example.com", "tel:112", 1), 200),
        text("a service number", &GOOD.replacen("sip:service@phones.example.com", "urn:service:sos", 1), 200),
        text("a required extension that is known", &with("Max-Forwards", "Require: timer, 100REL\r\n"), 200),
        text("a CANCEL of nothing that requires something", &method("CANCEL").replace("Max-Forwards: 70", "Require: nothing"), 481),
        text("a PRACK of nothing", &method("PRACK").replace("To: <sip:service@phones.example.com>", "To: <sip:x@y>;tag=z"), 481),
        text("a NOTIFY that nobody asked for", &method("NOTIFY"), 489),
        text("a response to nothing", &response("SIP/2.0 200 OK"), 0),
        text("a response without a phrase", &response("SIP/2.0 200"), 0),
        text("no CSeq", &with("CSeq", ""), 400),
        text("no From", &with("From", ""), 400),
        text("an empty Call-ID", &with("Call-ID", "Call-ID:\r\n"), 400),
        text("two To", &with("To:", "To: <sip:a@example.com>\r\nt: <sip:b@example.com>\r\n"), 400),
        text("a CSeq of another method", &with("CSeq", "CSeq: 1 INVITE\r\n"), 400),
        text("a CSeq past its end", &with("CSeq", "CSeq: 2147483648 OPTIONS\r\n"), 400),
        text("a CSeq that is no number", &with("CSeq", "CSeq: -1 OPTIONS\r\n"), 400),
        text("a line that is no field", &with("Max-Forwards", "this is no field\r\n"), 400),
        text("a zero in a field", &with("Max-Forwards", "Subject: a\0b\r\n"), 400),
        text("a bare carriage return", &with("Max-Forwards", "Subject: a\rVia: b\r\n"), 400),
        text("too many hops to count", &with("Max-Forwards", "Max-Forwards: 300\r\n"), 400),
        text("a length that is negative", &with("Content-Length", "Content-Length: -5\r\n"), 400),
        text("a length of all bits", &with("Content-Length", &format!("Content-Length: {}\r\n", usize::MAX)), 400),
        text("a length past the end", &with_body("Content-Length: 10\r\n", "v=0"), 400),
        text("two lengths", &with_body("Content-Length: 3\r\nContent-Length: 2\r\n", "v=0"), 400),
        text("an address in brackets", &GOOD.replacen("sip:service@phones.example.com", "<sip:service@phones.example.com>", 1), 400),
        text("blanks in the address", &GOOD.replacen("OPTIONS sip:", "OPTIONS  sip: ", 1), 400),
        text("no address", &GOOD.replacen("sip:service@phones.example.com ", "", 1), 400),
        ("an address that is not UTF-8", latin1(&GOOD.replacen("service", "süd", 1)), 400),
        text("a method that exists elsewhere", &method("SUBSCRIBE"), 405),
        text("an unknown scheme", &GOOD.replacen("sip:service", "gopher:service", 1), 416),
        text("unknown extensions", &with("Max-Forwards", "Require: timer, nothing\r\nRequire: sos!\r\n"), 420),
        text("an unknown method", &method("DANCE"), 501),
        text("a method in small letters", &method("options"), 501),
        text("another version", &GOOD.replacen(" SIP/2.0", " SIP/7.0", 1), 505),
        ("a body that is too long", [with("Content-Length", "").into_bytes(), vec![b'x'; SIP_BODY_BYTES_MAX + 1]].concat(), 513),
        text("no way back", &with("Via", ""), 0),
        text("a way back to nowhere", &with("Via", "Via: SIP/2.0/UDP ;branch=1\r\n"), 0),
        text("an acknowledgement of nonsense", &method("ACK").replace("CSeq: 1", "CSeq: x"), 0),
        text("an acknowledgement of nothing", &method("ACK"), 0),
        text("a response with an impossible code", &response("SIP/2.0 4294967496 OK"), 0),
        text("HTTP", "GET / HTTP/1.1\r\nHost: phones.example.com\r\n\r\n", 0),
        text("one word", "OPTIONS", 0),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), 0),
        ("more than the buffer", vec![b'A'; SIP_DATAGRAM_BYTES_MAX + 1], 0),
        text("a head without an end", &format!("{}X: {}", GOOD.trim_end(), "x".repeat(SIP_HEAD_BYTES_MAX)), 0),
        text("more fields than can be counted", &with("Max-Forwards", &"X: y\r\n".repeat(SIP_HEADERS_MAX)), 0),
        text("blanks", "\r\n\r\n", 0),
        ("zeros", vec![0; 4], 0),
        ("nothing", Vec::new(), 0),
        ("STUN", [&[0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42][..], &[7; 12]].concat(), 0),
    ]
}

#[tokio::test]
async fn each_datagram_gets_its_answer_and_the_server_lives_on() {
    let house = House::open().await;
    let table = table();
    assert!(table.len() >= 60);
    for (name, bytes, status) in table {
        // A socket for each: none can be taken for the repetition of another.
        let peer = Peer::of(house.udp()).await;
        peer.send(&bytes).await;
        if status != 0 {
            let answer = peer.receive().await;
            assert_eq!(answer.status(), status, "{name}");
            assert!(
                answer.header("Via").unwrap().contains(&format!("rport={}", peer.port())) || name.contains("branch"),
                "{name}: {:?}",
                answer.header("Via")
            );
            assert!(answer.to_tag().is_some(), "{name}: {:?}", answer.header("To"));
        }
        peer.expect_liveness(name).await;
    }
}

#[tokio::test]
async fn refusals_say_what_would_do() {
    let house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    peer.send(method("REFER")).await;
    assert!(peer.receive().await.header("Allow").unwrap().contains("INVITE"));
    peer.send(with("Max-Forwards", "Require: timer, nothing\r\n")).await;
    assert_eq!(peer.receive().await.header("Unsupported"), Some("nothing"));
}

#[tokio::test]
async fn an_emergency_call_is_not_refused_for_an_extension() {
    let mut house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    let call =
        request("INVITE", "sos", "z9hG4bKsos", 1, "", "Require: nothing").replace("sip:*89@phones.example.com SIP", "urn:service:sos SIP");
    peer.send(call).await;
    assert_eq!(peer.receive().await.status(), 100);
    assert_eq!(house.call().await.message().uri(), "urn:service:sos");
}

/// One source that asks too much is not answered any more, and nobody else notices; its emergency calls go through.
#[tokio::test]
async fn a_flood_holds_up_nobody_else_and_no_emergency_call() {
    let limits = voice::limits::Limits { address_burst: 5, address_rate: 1, ..Default::default() };
    let mut house = House::with_limits(limits).await;
    let peer = Peer::of(house.udp()).await;
    for number in 0..5 {
        peer.send(request("OPTIONS", "flood", &format!("z9hG4bKflood{number}"), 1, "", "")).await;
        assert_eq!(peer.receive().await.status(), 200);
    }
    for number in 5..50 {
        peer.send(request("OPTIONS", "flood", &format!("z9hG4bKflood{number}"), 1, "", "")).await;
    }
    let call =
        request("INVITE", "sos", "z9hG4bKsos", 1, "", "").replace("sip:*89@phones.example.com SIP", "sip:112@phones.example.com SIP");
    peer.send(call).await;
    let call = house.call().await;
    assert_eq!(call.message().uri(), "sip:112@phones.example.com");
    // What belongs to a call that is known is not weighed either.
    let leg = call.accept("").await.unwrap();
    let ok = loop {
        let answer = peer.final_response().await;
        if answer.method() == "INVITE" {
            break answer;
        }
    };
    let tag = ok.to_tag().unwrap().to_owned();
    peer.send(request("BYE", "sos", "z9hG4bKsos2", 2, &tag, "").replace("sip:*89@", "sip:112@")).await;
    loop {
        let answer = peer.final_response().await;
        if answer.method() == "BYE" {
            assert_eq!(answer.status(), 200);
            break;
        }
    }
    drop(leg);
}
