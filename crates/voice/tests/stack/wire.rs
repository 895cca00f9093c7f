//! A request that nothing is wrong with, and what can be done to it.

/// OPTIONS as a phone sends it.
pub const GOOD: &str = "OPTIONS sip:service@phones.example.com SIP/2.0\r\n\
    Via: SIP/2.0/UDP 10.9.8.7:5060;branch=z9hG4bK-1;rport\r\n\
    Max-Forwards: 70\r\n\
    From: \"Phone\" <sip:c7@phones.example.com>;tag=f1\r\n\
    To: <sip:service@phones.example.com>\r\n\
    Call-ID: 1@10.9.8.7\r\n\
    CSeq: 1 OPTIONS\r\n\
    Content-Length: 0\r\n\r\n";

/// The good request with the line that begins like that replaced; several lines or none may stand in its place.
pub fn with(begin: &str, lines: &str) -> String {
    assert!(GOOD.contains(begin), "{begin}");
    GOOD.split_inclusive("\r\n").map(|line| if line.starts_with(begin) { lines } else { line }).collect()
}

/// The good request with another method.
pub fn method(method: &str) -> String {
    GOOD.replace("OPTIONS", method)
}

/// The good request with a branch of its own, so that it is a new one.
pub fn fresh(text: &str, number: usize) -> String {
    text.replace("z9hG4bK-1", &format!("z9hG4bK-fresh{number}"))
}

/// What SIP would make of Latin-1.
pub fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(character).unwrap()).collect()
}
