//! Sixty datagrams.

use std::net::SocketAddr;

use wire::{
    limits::{SIP_BODY_BYTES_MAX, SIP_DATAGRAM_BYTES_MAX, SIP_HEAD_BYTES_MAX, SIP_HEADERS_MAX},
    sip::{
        edge::{Refusal, Verdict, judge, reply},
        message::{Malformed, Message, Start},
    },
};

use super::{EXTENSIONS, GOOD, fate, method, with};

/// Each message with its fate: it goes on, is answered with a code, or is met with silence.
fn table() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let latin1 = |text: &str| text.chars().map(|character| u8::try_from(character).expect("Latin-1")).collect::<Vec<u8>>();
    let text = |name, text: &str, fate| (name, text.as_bytes().to_vec(), fate);
    let with_body = |length: &str, body: &str| with("Content-Length", length) + body;
    vec![
        // What is odd and right.
        text("nothing wrong", GOOD, "pass"),
        text("each method", &method("INVITE"), "pass"),
        text("a registration", &method("REGISTER"), "pass"),
        text("unknown dialog, which is not the edge's business", &with("To:", "To: <sip:x@phones.example.com>;tag=none\r\n"), "pass"),
        text("compact names", &GOOD.replace("Via:", "v:").replace("From:", "F :").replace("Call-ID", "i").replace("To:", "t:"), "pass"),
        text("names in any case", &GOOD.replace("Via", "vIA").replace("CSeq", "cseq").replace("Call-ID", "CALL-id"), "pass"),
        text("folded fields", &GOOD.replace("From: ", "From:\r\n \t ").replace(";branch", "\r\n ;branch"), "pass"),
        text("blanks around the colon", &GOOD.replace("CSeq: ", "CSeq \t:\t  "), "pass"),
        text("blanks inside CSeq", &with("CSeq", "CSeq:   0001 \t OPTIONS \r\n"), "pass"),
        text("lines that end with line feeds", &GOOD.replace("\r\n", "\n"), "pass"),
        text("empty lines in front", &format!("\r\n\r\n{GOOD}"), "pass"),
        text("no length", &with("Content-Length", ""), "pass"),
        text("no length, with a body", &(with("Content-Length", "") + "v=0"), "pass"),
        text("more than the length says", &with_body("Content-Length: 3\r\n", "v=0 and more"), "pass"),
        text("the same length twice", &with_body("Content-Length: 3\r\nl: 3\r\n", "v=0"), "pass"),
        text("no Max-Forwards", &with("Max-Forwards", ""), "pass"),
        text("unknown fields", &with("Max-Forwards", "X-Thing: ;;,\"\"<>\r\nNew!%*: \r\n"), "pass"),
        text("a display name in UTF-8", &GOOD.replace("Phone", "Empfang Süd"), "pass"),
        ("a display name in Latin-1", latin1(&GOOD.replace("Phone", "Empfang Süd")), "pass"),
        text("a quoted string with everything", &GOOD.replace("Phone", "a;tag=x, <sip:y> \\\" : \\\\"), "pass"),
        text("several hops in one field", &GOOD.replace(";rport", ";rport, SIP/2.0/TCP [2001:db8::1]:5060;branch=b"), "pass"),
        text("a hop with blanks around everything", &GOOD.replace("SIP/2.0/UDP 192", "SIP / 2.0 / UDP   192"), "pass"),
        text("escapes in the address", &GOOD.replacen("service@", "%73ervice;a=b:pw%40@", 1), "pass"),
        text("an address with IPv6", &GOOD.replacen("phones.example.com", "[2001:db8::1]:5060", 1), "pass"),
        text("a telephone number", &GOOD.replacen("sip:service@phones.example.com", "tel:112", 1), "pass"),
        text("a service number", &GOOD.replacen("sip:service@phones.example.com", "urn:service:sos", 1), "pass"),
        text("a required extension that is known", &with("Max-Forwards", "Require: timer, 100REL\r\n"), "pass"),
        text("what a CANCEL requires does not count", &method("CANCEL").replace("Max-Forwards: 70", "Require: nothing"), "pass"),
        text("a response", &GOOD.replacen("OPTIONS sip:service@phones.example.com SIP/2.0", "SIP/2.0 200 OK", 1), "pass"),
        text("a response without a phrase", &GOOD.replacen("OPTIONS sip:service@phones.example.com SIP/2.0", "SIP/2.0 200", 1), "pass"),
        // What is answered.
        text("no CSeq", &with("CSeq", ""), "400"),
        text("no From", &with("From", ""), "400"),
        text("an empty Call-ID", &with("Call-ID", "Call-ID:\r\n"), "400"),
        text("two To", &with("To:", "To: <sip:a@example.com>\r\nt: <sip:b@example.com>\r\n"), "400"),
        text("a CSeq of another method", &with("CSeq", "CSeq: 1 INVITE\r\n"), "400"),
        text("a CSeq past its end", &with("CSeq", "CSeq: 2147483648 OPTIONS\r\n"), "400"),
        text("a CSeq that is no number", &with("CSeq", "CSeq: -1 OPTIONS\r\n"), "400"),
        text("a line that is no field", &with("Max-Forwards", "this is no field\r\n"), "400"),
        text("a zero in a field", &with("Max-Forwards", "Subject: a\0b\r\n"), "400"),
        text("a bare carriage return", &with("Max-Forwards", "Subject: a\rVia: b\r\n"), "400"),
        text("too many hops to count", &with("Max-Forwards", "Max-Forwards: 300\r\n"), "400"),
        text("a length that is negative", &with("Content-Length", "Content-Length: -5\r\n"), "400"),
        text("a length of all bits", &with("Content-Length", "Content-Length: 18446744073709551615\r\n"), "400"),
        text("a length past the end", &with_body("Content-Length: 10\r\n", "v=0"), "400"),
        text("two lengths", &with_body("Content-Length: 3\r\nContent-Length: 2\r\n", "v=0"), "400"),
        text("an address in brackets", &GOOD.replacen("sip:service@phones.example.com", "<sip:service@phones.example.com>", 1), "400"),
        text("blanks in the address", &GOOD.replacen("OPTIONS sip:", "OPTIONS  sip: ", 1), "400"),
        text("no address", &GOOD.replacen("sip:service@phones.example.com ", "", 1), "400"),
        ("an address that is not UTF-8", latin1(&GOOD.replacen("service", "süd", 1)), "400"),
        text("a method that exists elsewhere", &method("SUBSCRIBE"), "405"),
        text("an unknown scheme", &GOOD.replacen("sip:service", "gopher:service", 1), "416"),
        text("unknown extensions", &with("Max-Forwards", "Require: timer, nothing\r\nRequire: sos!\r\n"), "420"),
        text("an unknown method", &method("DANCE"), "501"),
        text("a method in small letters", &method("options"), "501"),
        text("another version", &GOOD.replacen(" SIP/2.0", " SIP/7.0", 1), "505"),
        ("a body that is too long", [with("Content-Length", "").into_bytes(), vec![b'x'; SIP_BODY_BYTES_MAX + 1]].concat(), "513"),
        // Silence.
        text("no way back", &with("Via", ""), "drop"),
        text("a way back to nowhere", &with("Via", "Via: SIP/2.0/UDP ;branch=1\r\n"), "drop"),
        text("an acknowledgement of nonsense", &method("ACK").replace("CSeq: 1", "CSeq: x"), "drop"),
        text(
            "a response with an impossible code",
            &GOOD.replacen("OPTIONS sip:service@phones.example.com SIP/2.0", "SIP/2.0 4294967496 OK", 1),
            "drop",
        ),
        text(
            "a response of a broken transaction",
            &with("CSeq", "").replacen("OPTIONS sip:service@phones.example.com SIP/2.0", "SIP/2.0 200 OK", 1),
            "drop",
        ),
        text("HTTP", "GET / HTTP/1.1\r\nHost: phones.example.com\r\n\r\n", "noise"),
        text("one word", "OPTIONS", "noise"),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), "noise"),
        ("more than the buffer", vec![b'A'; SIP_DATAGRAM_BYTES_MAX], "noise"),
        text("a head without an end", &format!("{}X: {}", GOOD.trim_end(), "x".repeat(SIP_HEAD_BYTES_MAX)), "noise"),
        text("more fields than can be counted", &with("Max-Forwards", &"X: y\r\n".repeat(SIP_HEADERS_MAX)), "noise"),
        text("blanks", "\r\n\r\n", "keep-alive"),
        ("zeros", vec![0; 4], "keep-alive"),
        ("nothing", Vec::new(), "keep-alive"),
        ("STUN", [&[0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42][..], &[7; 12]].concat(), "keep-alive"),
    ]
}

#[test]
fn each_datagram_meets_its_fate() {
    let table = table();
    assert!(table.len() >= 60);
    for (name, bytes, expected) in table {
        assert_eq!(fate(&bytes), expected, "{name}: {}", bytes.escape_ascii());
        assert_eq!(fate(GOOD.as_bytes()), "pass", "after {name}");
    }
}

#[test]
fn each_refusal_is_answered_and_finds_its_way_back() {
    let source: SocketAddr = "198.51.100.9:32768".parse().unwrap();
    let mut answered = 0;
    for (name, bytes, expected) in table() {
        let Ok(request) = Message::parse(&bytes) else { continue };
        let Verdict::Refuse(refusal) = judge(&request, &EXTENSIONS) else { continue };
        let bytes = reply(&request, refusal, &EXTENSIONS, source, "ours").unwrap();
        let answer = Message::parse(&bytes).unwrap();
        assert!(matches!(answer.start, Start::Response { status, .. } if status.to_string() == expected), "{name}");
        assert_eq!(answer.fault, None, "{name}");
        assert_eq!(answer.content_length(), Ok(Some(0)));
        let via = answer.all("Via").next().unwrap();
        assert!(via.starts_with("SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK-1;rport=32768;received=198.51.100.9"), "{name}: {via}");
        let to = answer.all("To").next().unwrap();
        assert!(to.contains(";tag="), "{name}: {to}");
        answered += 1;
    }
    assert!(answered > 20, "{answered}");
}

#[test]
fn answers_say_what_would_do() {
    let answer = |text: &str, refusal| {
        let request = Message::parse(text.as_bytes()).unwrap();
        String::from_utf8(reply(&request, refusal, &EXTENSIONS, "192.0.2.7:5060".parse().unwrap(), "ours").unwrap()).unwrap()
    };
    assert_eq!(
        answer(&GOOD.replace(";rport", ";received=203.0.113.1, SIP/2.0/TCP 192.0.2.8;branch=b"), Refusal::NotImplemented),
        "SIP/2.0 501 Not Implemented\r\n\
        Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK-1;received=192.0.2.7, SIP/2.0/TCP 192.0.2.8;branch=b\r\n\
        From: \"Phone\" <sip:c7@phones.example.com>;tag=f1\r\n\
        To: <sip:service@phones.example.com>;tag=ours\r\n\
        Call-ID: 1@192.0.2.7\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    );
    assert!(answer(&method("REFER"), Refusal::MethodNotAllowed).contains("\r\nAllow: INVITE, ACK, BYE"));
    let required = with("Max-Forwards", "Require: timer, nothing\r\nRequire: sos!\r\n");
    assert!(answer(&required, Refusal::BadExtension).contains("\r\nUnsupported: nothing, sos!\r\n"));
    let tagged = with("To:", "To: sip:a@example.com;TAG=theirs\r\n");
    assert!(answer(&tagged, Refusal::BadRequest).contains("\r\nTo: sip:a@example.com;TAG=theirs\r\n"));
    let in_the_address = with("To:", "To: <sip:a@example.com;tag=no>\r\n");
    assert!(answer(&in_the_address, Refusal::BadRequest).contains("\r\nTo: <sip:a@example.com;tag=no>;tag=ours\r\n"));
}

/// What goes on is what a strict parser wants to see.
#[test]
fn what_passes_is_made_canonical() {
    for (name, bytes, expected) in table() {
        if expected != "pass" {
            continue;
        }
        let message = Message::parse(&bytes).unwrap();
        let canonical = message.canonical();
        let head = canonical.split_at(canonical.len() - message.body.len()).0;
        let head = std::str::from_utf8(head).unwrap_or_else(|_| panic!("{name} is not UTF-8"));
        assert!(head.lines().all(|line| !line.starts_with([' ', '\t'])) && !head.replace("\r\n", "").contains(['\r', '\n']), "{name}");
        let again = Message::parse(&canonical).unwrap();
        assert_eq!((again.start, again.body, again.fault), (message.start, message.body, None), "{name}");
        assert_eq!(again.content_length(), Ok(Some(message.body.len())), "{name}");
        let fields = |message: &Message<'_>| {
            message
                .headers
                .iter()
                .filter(|header| header.name != "Content-Length")
                .map(|header| header.value.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(fields(&again), fields(&message), "{name}");
        assert_eq!(fate(&canonical), "pass", "{name}");
    }
    let latin1 =
        GOOD.replace("Phone", "S?d").into_bytes().into_iter().map(|byte| if byte == b'?' { 0xFC } else { byte }).collect::<Vec<_>>();
    assert_eq!(Message::parse(&latin1).unwrap().only("From"), Some("\"Süd\" <sip:c7@phones.example.com>;tag=f1"));
}

#[test]
fn what_the_edge_looks_at() {
    let message = Message::parse(GOOD.as_bytes()).unwrap();
    assert_eq!((message.method(), message.cseq(), message.only("call-id")), (Some("OPTIONS"), Some((1, "OPTIONS")), Some("1@192.0.2.7")));
    let response = GOOD.replacen("OPTIONS sip:service@phones.example.com SIP/2.0", "SIP/2.0 180 Ringing here", 1);
    let response = Message::parse(response.as_bytes()).unwrap();
    assert_eq!(response.start, Start::Response { version: "SIP/2.0", status: 180, reason: "Ringing here" });
    assert_eq!(response.method(), Some("OPTIONS"));
    assert_eq!(Message::parse(b"hello"), Err(Malformed::NotSip));
}
