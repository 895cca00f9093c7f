//! Descriptions passed on by a relay.

use std::net::IpAddr;

use proptest::prelude::*;
use wire::sdp::{Media, Ours, Passed, Refusal, Session, Srtp, SrtpKey, Suite, agreed, choose, pass_answer, pass_offer, pick};

const PHONE_KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e";
const OUR_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH";
const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 1));

fn with_ours<T>(use_it: impl FnOnce(&Ours<'_>) -> T) -> T {
    let key = SrtpKey::new([7; 30]);
    use_it(&Ours { addresses: &[ADDRESS], port: 16384, session: 1, version: 2, srtp: Srtp::Preferred, key: &key })
}

fn read(media: &str) -> Session {
    let media = media.replace("KEY", PHONE_KEY);
    Session::parse(format!("v=0\no=- 1 1 IN IP4 192.0.2.7\ns=-\nc=IN IP4 192.0.2.7\nt=0 0\n{media}").as_bytes())
        .expect("the offers here can be read")
}

fn offered(media: &Media, suite: Option<Suite>) -> String {
    let body = with_ours(|ours| pass_offer(media, ADDRESS, suite, ours));
    let begin = "v=0\r\no=- 1 2 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n";
    body.strip_prefix(begin).expect("every description begins alike").replace("\r\n", "\n")
}

#[test]
fn codecs_pass_and_all_else_stays() {
    let session = read(
        "m=video 5000 RTP/AVP 97\na=rtpmap:97 H264/90000\nm=audio 4000 RTP/SAVP 96 9 8 18 13 101\na=rtpmap:96 opus/48000/2\n\
        a=fmtp:96 useinbandfec=1; maxplaybackrate=16000\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-16\na=fmtp:18 annexb=no\n\
        a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:KEY\na=ptime:20\na=maxptime:60\na=ice-ufrag:abcd\na=rtcp-mux\na=rtcp:4001\n\
        a=candidate:1 1 UDP 1 192.0.2.7 4000 typ host\na=sendonly\n",
    );
    let passed = pick(&session, Srtp::Preferred).unwrap();
    assert_eq!((passed.place, passed.remote), (1, Some("192.0.2.7:4000".parse().unwrap())));
    assert_eq!(passed.secured.as_ref().map(|secured| (secured.tag, secured.suite)), Some((2, Suite::Tag32)));
    let sound = "m=audio 16384 PROFILE 96 9 8 18 13 101\na=rtpmap:96 opus/48000/2\na=rtpmap:101 telephone-event/8000\n\
        a=fmtp:96 useinbandfec=1; maxplaybackrate=16000\na=fmtp:101 0-16\na=fmtp:18 annexb=no\nCRYPTOa=ptime:20\na=maxptime:60\na=sendonly\n";
    let plain = sound.replace("PROFILE", "RTP/AVP").replace("CRYPTO", "");
    assert_eq!(offered(&session.media[1], None), plain);
    let crypto = format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{OUR_KEY}\n");
    let secured = sound.replace("PROFILE", "RTP/SAVP").replace("CRYPTO", &crypto);
    assert_eq!(offered(&session.media[1], Some(Suite::Tag80)), secured);
}

#[test]
fn an_answer_has_the_media_of_its_offer() {
    let offer = read(
        "m=audio 3000 RTP/AVP 0\nm=audio 4000 RTP/SAVP 8 0 101\na=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:KEY\nm=video 5000 RTP/AVP 97 98\n",
    );
    let taken = pick(&offer, Srtp::Preferred).unwrap();
    assert_eq!(taken.place, 1, "SRTP comes first");
    let answer = read("m=audio 7000 RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000\na=ptime:30\n");
    let body = with_ours(|ours| pass_answer(&offer, &taken, &answer.media[0], ADDRESS, ours)).replace("\r\n", "\n");
    let expected = format!(
        "m=audio 0 RTP/AVP 0\nm=audio 16384 RTP/SAVP 0 101\na=rtpmap:101 telephone-event/8000\n\
        a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:{OUR_KEY}\na=ptime:30\na=sendrecv\nm=video 0 RTP/AVP 97 98\n"
    );
    assert!(body.ends_with(&expected), "{body}");
}

#[test]
fn policy_and_what_cannot_be_passed() {
    let check = |media: &str, policy: Srtp, expected: Result<bool, Refusal>| {
        let picked = pick(&read(media), policy).map(|passed| passed.secured.is_some());
        assert_eq!(picked, expected, "{media} {policy:?}");
    };
    let (plain, crypto) = ("m=audio 4000 RTP/AVP 9\n", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:KEY\n");
    let (secured, either) = (format!("m=audio 4000 RTP/SAVP 9\n{crypto}"), format!("{plain}{crypto}"));
    for (policy, of_plain, of_secured, of_either) in [
        (Srtp::Off, Ok(false), Err(Refusal::Srtp), Ok(false)),
        (Srtp::Preferred, Ok(false), Ok(true), Ok(true)),
        (Srtp::Required, Err(Refusal::Srtp), Ok(true), Ok(true)),
    ] {
        check(plain, policy, of_plain);
        check(&secured, policy, of_secured);
        check(&either, policy, of_either);
    }
    check("m=audio 4000 RTP/SAVP 9\n", Srtp::Preferred, Err(Refusal::Srtp));
    check("m=audio 0 RTP/AVP 9\n", Srtp::Off, Err(Refusal::NoSound));
    check("m=video 4000 RTP/AVP 9\n", Srtp::Off, Err(Refusal::NoSound));
    check("m=audio 4000 UDP/TLS/RTP/SAVPF 9\n", Srtp::Preferred, Err(Refusal::NoSound));
}

#[test]
fn hold_the_old_way_is_said_the_new_way() {
    for (direction, expected) in [("sendrecv", "sendonly"), ("sendonly", "sendonly"), ("recvonly", "inactive"), ("inactive", "inactive")] {
        let session = read(&format!("m=audio 4000 RTP/AVP 8\nc=IN IP4 0.0.0.0\na={direction}\n"));
        assert_eq!(pick(&session, Srtp::Off).unwrap().remote, None);
        assert!(offered(&session.media[0], None).ends_with(&format!("a={expected}\n")));
    }
}

#[test]
fn a_call_of_ours_can_be_offered_on() {
    let session = read("m=audio 4000 RTP/AVP 9 100 8 96\na=rtpmap:100 PCMU/8000\na=rtpmap:96 telephone-event/8000\na=ptime:30\n");
    let chosen = with_ours(|ours| choose(&session, ours)).unwrap();
    let expected =
        "m=audio 16384 RTP/AVP 100 96\na=rtpmap:100 PCMU/8000\na=rtpmap:96 telephone-event/8000\na=fmtp:96 0-15\na=ptime:30\na=sendrecv\n";
    assert_eq!(offered(&agreed(&chosen), None), expected);
}

proptest! {
    /// Whatever was read is passed on as lines that are read alike, and nothing in it ends a line early.
    #[test]
    fn what_is_passed_on_is_read_the_same(
        formats in proptest::collection::vec("[ -~]{1,12}|[0-9]{1,3}", 1..6),
        lines in proptest::collection::vec("[abc]=[ -~\r\u{80}-\u{FF}]{0,40}|a=(rtpmap|fmtp):[0-9]{1,3} [ -~\r]{1,20}(/8000)?", 0..8),
    ) {
        let text = format!("m=audio 4000 RTP/AVP {}\n{}\n", formats.join(" "), lines.join("\n"));
        let bytes: Vec<u8> = text.chars().map(|c| c as u8).collect();
        let Ok(session) = Session::parse(&bytes) else { return Ok(()) };
        let [sound] = &session.media[..] else { return Ok(()) };
        let body = with_ours(|ours| pass_offer(sound, ADDRESS, None, ours));
        prop_assert!(!body.replace("\r\n", "").contains(['\r', '\n']));
        let again = Session::parse(body.as_bytes()).unwrap();
        let [again] = &again.media[..] else { panic!("{body}") };
        prop_assert_eq!(&again.formats, &sound.formats);
        prop_assert_eq!(&again.parameters, &sound.parameters);
        let taken = Passed { place: 0, remote: None, is_ipv4: None, secured: None };
        let answer = with_ours(|ours| pass_answer(&session, &taken, again, ADDRESS, ours));
        prop_assert!(!answer.replace("\r\n", "").contains(['\r', '\n']));
    }
}
