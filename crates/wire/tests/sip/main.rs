//! SIP at the edge, in the spirit of the torture tests of RFC 4475: messages and streams of our own making, and what is to become of
//! each.

mod datagrams;
mod properties;
mod streams;

use wire::sip::{
    edge::{Verdict, judge},
    framing::Datagram,
};

/// The option tags that the service will know.
const EXTENSIONS: [&str; 3] = ["100rel", "path", "timer"];

/// A request that nothing is wrong with.
const GOOD: &str = "OPTIONS sip:service@phones.example.com SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK-1;rport\r\n\
    Max-Forwards: 70\r\n\
    From: \"Phone\" <sip:c7@phones.example.com>;tag=f1\r\n\
    To: <sip:service@phones.example.com>\r\n\
    Call-ID: 1@192.0.2.7\r\n\
    CSeq: 1 OPTIONS\r\n\
    Content-Length: 0\r\n\r\n";

/// The good request with the line that begins like that replaced; several lines or none may stand in its place.
fn with(begin: &str, lines: &str) -> String {
    assert!(GOOD.contains(begin), "{begin}");
    GOOD.split_inclusive("\r\n").map(|line| if line.starts_with(begin) { lines } else { line }).collect()
}

/// The good request with another method.
fn method(method: &str) -> String {
    GOOD.replace("OPTIONS", method)
}

/// What becomes of a datagram, in a word.
fn fate(bytes: &[u8]) -> String {
    match Datagram::parse(bytes) {
        Datagram::KeepAlive => "keep-alive".to_owned(),
        Datagram::Noise => "noise".to_owned(),
        Datagram::Message(message) => match judge(&message, &EXTENSIONS) {
            Verdict::Pass => "pass".to_owned(),
            Verdict::Drop => "drop".to_owned(),
            Verdict::Refuse(refusal) => refusal.status().to_string(),
        },
    }
}
