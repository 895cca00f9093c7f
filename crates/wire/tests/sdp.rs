//! Offers as phones make them, and our answers.

use std::net::IpAddr;

use proptest::prelude::*;
use wire::{
    g711::Codec,
    sdp::{Answer, Chosen, Direction, Ours, Refusal, Session, Srtp, SrtpKey, Suite, answer, choose, offer},
};

const PHONE_KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e";
const OUR_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH";

fn addresses() -> [IpAddr; 2] {
    [IpAddr::from([198, 51, 100, 1]), IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1])]
}

fn with_ours<T>(srtp: Srtp, use_it: impl FnOnce(&Ours<'_>) -> T) -> T {
    let key = SrtpKey::new([7; 30]);
    use_it(&Ours { addresses: &addresses(), port: 16384, session: 1, version: 1, srtp, key: &key })
}

fn answered(body: &str, srtp: Srtp) -> Result<Answer, Refusal> {
    let session = Session::parse(body.as_bytes()).expect("the offers here can be read");
    with_ours(srtp, |ours| answer(&session, ours))
}

/// The media part of an offer, behind the usual beginning.
fn from_phone(media: &str) -> String {
    format!("v=0\no=- 1 1 IN IP4 192.0.2.7\ns=-\nc=IN IP4 192.0.2.7\nt=0 0\n{media}")
}

/// What matters of an answer: codec and its type, events, length, direction, remote, suite.
fn summary(chosen: &Chosen) -> String {
    let event = chosen.event.map_or("-".to_owned(), |event| event.to_string());
    let remote = chosen.remote.map_or("-".to_owned(), |remote| remote.to_string());
    let suite = chosen.secured.as_ref().map_or("plain".to_owned(), |secured| format!("{}:{}", secured.tag, secured.suite.name()));
    let Chosen { place, payload_type, ptime_ms, .. } = chosen;
    format!("{place} {}={payload_type} {event} {ptime_ms}ms {} {remote} {suite}", chosen.codec.name(), chosen.direction.name())
}

fn check(media: &str, srtp: Srtp, expected: Result<&str, Refusal>) {
    let read = answered(&from_phone(&media.replace("KEY", PHONE_KEY)), srtp).map(|answer| summary(&answer.chosen));
    assert_eq!(read, expected.map(str::to_owned), "{media}");
}

#[test]
fn codec_and_events() {
    let check = |media: &str, expected| check(media, Srtp::Off, expected);
    let event = "a=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15";
    check(&format!("m=audio 4000 RTP/AVP 8 0 101\n{event}"), Ok("0 PCMA=8 101 20ms sendrecv 192.0.2.7:4000 plain"));
    check(&format!("m=audio 4000 RTP/AVP 9 0 8 101\n{event}"), Ok("0 PCMU=0 101 20ms sendrecv 192.0.2.7:4000 plain"));
    check("m=audio 4000 RTP/AVP 8", Ok("0 PCMA=8 - 20ms sendrecv 192.0.2.7:4000 plain"));
    check("m=audio 4000 RTP/AVP 8 101", Ok("0 PCMA=8 - 20ms sendrecv 192.0.2.7:4000 plain"));
    check(
        "m=audio 4000 RTP/AVP 96 100\na=rtpmap:96 TELEPHONE-EVENT/8000\na=rtpmap:100 pcmu/8000/1",
        Ok("0 PCMU=100 96 20ms sendrecv 192.0.2.7:4000 plain"),
    );
    check("m=audio 4000 RTP/AVP 0 8\na=rtpmap:0 G726-32/8000", Ok("0 PCMA=8 - 20ms sendrecv 192.0.2.7:4000 plain"));
    check(
        "m=audio 4000 RTP/AVP 8 100 101\na=rtpmap:100 telephone-event/16000\na=rtpmap:101 telephone-event/8000",
        Ok("0 PCMA=8 101 20ms sendrecv 192.0.2.7:4000 plain"),
    );
    check("m=audio 4000 RTP/AVP 8 t38 300", Ok("0 PCMA=8 - 20ms sendrecv 192.0.2.7:4000 plain"));
    check("m=audio 4000 RTP/AVP 9 18", Err(Refusal::NoCodec));
    check("m=audio 4000 RTP/AVP 100\na=rtpmap:100 PCMA/16000", Err(Refusal::NoCodec));
}

#[test]
fn packet_length_and_direction() {
    let check = |attributes: &str, expected: &str| {
        check(&format!("m=audio 4000 RTP/AVP 8\n{attributes}"), Srtp::Off, Ok(&format!("0 PCMA=8 - {expected} plain")));
    };
    check("a=ptime:30", "30ms sendrecv 192.0.2.7:4000");
    check("a=ptime:25", "20ms sendrecv 192.0.2.7:4000");
    check("a=ptime:0", "10ms sendrecv 192.0.2.7:4000");
    check("a=ptime:500", "60ms sendrecv 192.0.2.7:4000");
    check("a=ptime:40\na=maxptime:30", "30ms sendrecv 192.0.2.7:4000");
    check("a=maxptime:10", "10ms sendrecv 192.0.2.7:4000");
    check("a=maxptime:0", "10ms sendrecv 192.0.2.7:4000");
    check("a=sendonly", "20ms recvonly 192.0.2.7:4000");
    check("a=recvonly", "20ms sendonly 192.0.2.7:4000");
    check("a=inactive", "20ms inactive 192.0.2.7:4000");
    check("c=IN IP4 0.0.0.0", "20ms recvonly -");
    check("c=IN IP4 0.0.0.0\na=recvonly", "20ms inactive -");
    check("c=IN IP4 198.51.100.9", "20ms sendrecv 198.51.100.9:4000");
    check("c=IN IP4 phone.example.com", "20ms sendrecv -");
    check("c=IN IP6 2001:db8::9", "20ms sendrecv [2001:db8::9]:4000");
}

#[test]
fn one_of_several_media() {
    let check = |media: &str, srtp, expected| check(media, srtp, expected);
    check(
        "m=video 5000 RTP/AVP 97\nm=audio 4000 RTP/AVP 8\nm=image 0 udptl t38",
        Srtp::Off,
        Ok("1 PCMA=8 - 20ms sendrecv 192.0.2.7:4000 plain"),
    );
    check("m=audio 0 RTP/AVP 8\nm=audio 4002 RTP/AVP 0", Srtp::Off, Ok("1 PCMU=0 - 20ms sendrecv 192.0.2.7:4002 plain"));
    check("m=audio 4000 RTP/AVP 9\nm=audio 4002 RTP/AVP 0", Srtp::Off, Ok("1 PCMU=0 - 20ms sendrecv 192.0.2.7:4002 plain"));
    check("m=video 5000 RTP/AVP 97", Srtp::Off, Err(Refusal::NoSound));
    check("m=audio 0 RTP/AVP 8", Srtp::Off, Err(Refusal::NoSound));
    check("m=audio 4000 UDP/TLS/RTP/SAVPF 8", Srtp::Preferred, Err(Refusal::NoSound));
    check("m=audio 4000 TCP/MSRP *", Srtp::Off, Err(Refusal::NoSound));
    check("a=sendrecv", Srtp::Off, Err(Refusal::NoSound));
}

#[test]
fn srtp_by_policy() {
    let secure = "m=audio 4000 RTP/SAVP 8\na=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:KEYKEY\na=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:KEY\na=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:KEY";
    let plain = "m=audio 4002 RTP/AVP 8";
    let optional = "m=audio 4004 RTP/AVP 8\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:KEY";
    let keyless = "m=audio 4006 RTP/SAVP 8";
    let both = format!("{plain}\n{secure}");

    let taken = |place: u8, port: u16, suite: &str| format!("{place} PCMA=8 - 20ms sendrecv 192.0.2.7:{port} {suite}");
    let tag32 = "2:AES_CM_128_HMAC_SHA1_32";
    let tag80 = "1:AES_CM_128_HMAC_SHA1_80";
    check(secure, Srtp::Off, Err(Refusal::Srtp));
    check(secure, Srtp::Preferred, Ok(&taken(0, 4000, tag32)));
    check(secure, Srtp::Required, Ok(&taken(0, 4000, tag32)));
    check(plain, Srtp::Off, Ok(&taken(0, 4002, "plain")));
    check(plain, Srtp::Preferred, Ok(&taken(0, 4002, "plain")));
    check(plain, Srtp::Required, Err(Refusal::Srtp));
    check(optional, Srtp::Off, Ok(&taken(0, 4004, "plain")));
    check(optional, Srtp::Required, Ok(&taken(0, 4004, tag80)));
    check(keyless, Srtp::Preferred, Err(Refusal::Srtp));
    check(&both, Srtp::Off, Ok(&taken(0, 4002, "plain")));
    check(&both, Srtp::Preferred, Ok(&taken(1, 4000, tag32)));
    check(&both, Srtp::Required, Ok(&taken(1, 4000, tag32)));
}

#[test]
fn the_whole_answer_as_text() {
    let media = "m=video 5000 RTP/AVP 97 98\nm=audio 4000 RTP/SAVP 9 8 96\na=rtpmap:96 telephone-event/8000\na=crypto:5 AES_CM_128_HMAC_SHA1_80 inline:KEY";
    let body = from_phone(&media.replace("KEY", PHONE_KEY));
    let answer = answered(&body, Srtp::Preferred).unwrap();
    let expected = format!(
        "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\nm=video 0 RTP/AVP 97 98\r\n\
         m=audio 16384 RTP/SAVP 8 96\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\n\
         a=crypto:5 AES_CM_128_HMAC_SHA1_80 inline:{OUR_KEY}\r\na=ptime:20\r\na=sendrecv\r\n"
    );
    assert_eq!(answer.body, expected);
    assert!(!format!("{answer:?}").contains("inline"), "keys are not shown");
    let secured = answer.chosen.secured.unwrap();
    assert_eq!((secured.suite, secured.theirs.expose().0[0]), (Suite::Tag80, 1));
}

#[test]
fn the_family_is_the_phones() {
    let session = Session::parse(b"v=0\nc=IN IP6 2001:db8::7\nm=audio 4000 RTP/AVP 8").unwrap();
    let sixth = with_ours(Srtp::Off, |ours| answer(&session, ours)).unwrap();
    assert!(sixth.body.contains("c=IN IP6 2001:db8::1\r\n") && sixth.chosen.address.is_ipv6());
    let only_fourth = with_ours(Srtp::Off, |ours| answer(&session, &Ours { addresses: &addresses()[..1], ..*ours }));
    assert_eq!(only_fourth.unwrap_err(), Refusal::Family);
}

#[test]
fn our_own_offer_is_answered_by_ourselves() {
    for (srtp, suite) in [(Srtp::Off, None), (Srtp::Required, Some(Suite::Tag80))] {
        let body = with_ours(srtp, |ours| offer(ours.addresses[1], ours));
        let theirs = answered(&body, Srtp::Preferred).unwrap();
        assert_eq!((theirs.chosen.codec, theirs.chosen.event), (Codec::Pcma, Some(101)));
        assert_eq!(theirs.chosen.secured.as_ref().map(|secured| secured.suite), suite);
        let back = Session::parse(theirs.body.as_bytes()).unwrap();
        let agreed = with_ours(srtp, |ours| choose(&back, ours)).unwrap();
        assert_eq!((agreed.codec, agreed.event, agreed.direction), (Codec::Pcma, Some(101), Direction::SendRecv));
        assert_eq!(agreed.remote, Some("[2001:db8::1]:16384".parse().unwrap()));
    }
}

/// Lines that mean something, in any order, among them broken ones.
fn line() -> impl Strategy<Value = String> {
    let fixed = [
        "v=0",
        "c=IN IP4 192.0.2.7",
        "c=IN IP6 2001:db8::7",
        "c=IN IP4 0.0.0.0",
        "c=IN",
        "m=audio 4000 RTP/AVP 8 0 101",
        "m=audio 4000 RTP/SAVP 0",
        "m=audio 0 RTP/AVP 8",
        "m=video 5000 RTP/AVP 97",
        "m=image 6000 udptl t38",
        "a=rtpmap:101 telephone-event/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:0 X/0",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e",
        "a=crypto:x",
        "a=sendonly",
        "a=inactive",
        "a=ptime:65535",
        "a=maxptime:1",
    ];
    prop_oneof![9 => proptest::sample::select(fixed.to_vec()).prop_map(str::to_owned), 1 => "[a-z]=[ -~]{0,30}"]
}

proptest! {
    #[test]
    fn what_is_answered_can_be_read_and_fits_the_offer(lines in proptest::collection::vec(line(), 1..14), policy in 0..3usize) {
        let srtp = [Srtp::Off, Srtp::Preferred, Srtp::Required][policy];
        let Ok(session) = Session::parse(lines.join("\r\n").as_bytes()) else { return Ok(()) };
        let Ok(answer) = with_ours(srtp, |ours| answer(&session, ours)) else { return Ok(()) };
        let back = Session::parse(answer.body.as_bytes()).unwrap();
        let kinds = |session: &Session| session.media.iter().map(|media| (media.kind.clone(), media.profile.clone())).collect::<Vec<_>>();
        prop_assert_eq!(kinds(&back), kinds(&session));
        let on: Vec<_> = back.media.iter().enumerate().filter(|(_, media)| media.port != 0).map(|(place, _)| place).collect();
        prop_assert_eq!(on, [answer.chosen.place]);
        let taken = &back.media[answer.chosen.place];
        prop_assert!(taken.formats.iter().all(|format| session.media[answer.chosen.place].formats.contains(format)));
        prop_assert!((10..=60).contains(&answer.chosen.ptime_ms) && answer.chosen.ptime_ms % 10 == 0);
        prop_assert_eq!(taken.crypto.len(), usize::from(answer.chosen.secured.is_some()));
        prop_assert!(srtp != Srtp::Required || answer.chosen.secured.is_some());
        prop_assert!(srtp != Srtp::Off || answer.chosen.secured.is_none());
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "([vcoma]=[ -~]{0,20}\r?\n){0,8}") {
        let _ = Session::parse(&bytes);
        let _ = Session::parse(text.as_bytes());
    }
}
