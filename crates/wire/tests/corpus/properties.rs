//! What holds for any bytes at all. Shared by the replay of the corpus and the fuzz targets.

use wire::{
    auth::{self, Credentials, Malformed, Rules, Verifier},
    challenge::{self, Challenge},
    digest::{answer, verify},
    dtmf::event::{Decoder, Event},
    limits::{CHALLENGES_MAX, PARAMETER_BYTES_MAX, RTP_PACKET_BYTES_MAX, SDP_FORMATS_MAX, SDP_MEDIA_MAX},
    rtp::{Packet, Receiver},
    sdp::{self, Ours, Session, Srtp, SrtpKey},
};

const ANY_FORM: Rules = Rules { allow_rfc2069: true };

/// An `Authorization` value: bounded when read; Basic says the same when written again; no Digest proves an empty
/// password by accident.
pub fn authorization(bytes: &[u8]) {
    // A character of Latin-1 takes two bytes in UTF-8.
    let bounded = |text: &str| assert!(text.len() <= 2 * PARAMETER_BYTES_MAX);
    match auth::parse(bytes) {
        Err(_) => {}
        Ok(Credentials::Basic { user, password }) => {
            bounded(&user);
            bounded(password.expose());
            assert!(!user.contains(':'));
            match auth::parse(auth::basic_answer(&user, password.expose()).as_bytes()) {
                Ok(Credentials::Basic { user: again, password: tried }) => assert!(again == user && tried.matches(password.expose())),
                other => assert!(matches!(other, Err(Malformed::TooLong)), "{other:?}"),
            }
        }
        Ok(Credentials::Digest(sent)) => {
            for text in [&sent.username, &sent.realm, &sent.nonce, &sent.uri] {
                bounded(text);
            }
            assert!(!verify(&sent, "GET", &sent.uri, Verifier::Password(""), ANY_FORM));
        }
    }
}

/// A `WWW-Authenticate` value: what can be read can be answered, and the answer proves the password.
pub fn challenge(bytes: &[u8]) {
    let Ok(challenges) = challenge::parse(bytes) else { return };
    assert!(challenges.len() <= CHALLENGES_MAX);
    for challenge in &challenges {
        let Challenge::Digest(challenge) = challenge else { continue };
        match auth::parse(answer(challenge, "user", "secret", "GET", "/a", 1, "cnonce").as_bytes()) {
            Ok(Credentials::Digest(sent)) => assert!(verify(&sent, "GET", "/a", Verifier::Password("secret"), ANY_FORM)),
            other => assert!(matches!(other, Err(Malformed::TooLong)), "{other:?}"),
        }
    }
}

/// A session description: bounded when read; what we answer or pass on is read again, has the same number of media and
/// no line more than we wrote.
pub fn sdp(bytes: &[u8]) {
    let Ok(session) = Session::parse(bytes) else { return };
    assert!(session.media.len() <= SDP_MEDIA_MAX && session.media.iter().all(|media| media.formats.len() <= SDP_FORMATS_MAX));
    let addresses = [[192, 0, 2, 1].into(), [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into()];
    let key = SrtpKey::new([7; 30]);
    for srtp in [Srtp::Off, Srtp::Preferred, Srtp::Required] {
        let ours = Ours { addresses: &addresses, port: 4000, session: 1, version: 1, srtp, key: &key };
        if let Ok(answer) = sdp::answer(&session, &ours) {
            assert_eq!(described(&answer.body).media.len(), session.media.len());
            let again = described(&sdp::pass_offer(&sdp::agreed(&answer.chosen), addresses[0], None, &ours));
            assert_eq!(sdp::choose(&again, &ours).map(|chosen| chosen.codec), plain(srtp, answer.chosen.codec));
        }
        if let Ok(passed) = sdp::pick(&session, srtp) {
            let sound = &session.media[passed.place];
            let offer = described(&sdp::pass_offer(sound, addresses[0], None, &ours));
            assert_eq!((&offer.media[0].formats, &offer.media[0].parameters), (&sound.formats, &sound.parameters));
            let answer = described(&sdp::pass_answer(&session, &passed, sound, addresses[0], &ours));
            assert_eq!(answer.media.len(), session.media.len());
        }
    }
}

/// What is passed on is plain, so that nobody who wants SRTP takes it.
fn plain<T>(srtp: Srtp, codec: T) -> Result<T, sdp::Refusal> {
    if srtp == Srtp::Required { Err(sdp::Refusal::Srtp) } else { Ok(codec) }
}

fn described(body: &str) -> Session {
    assert!(!body.replace("\r\n", "").contains(['\r', '\n']));
    Session::parse(body.as_bytes()).expect("what we write can be read")
}

/// A datagram on an RTP port: what is read is inside of it, and its plain form is read alike.
pub fn rtp(bytes: &[u8]) {
    let Ok(packet) = Packet::parse(bytes) else { return };
    assert!(bytes.len() <= RTP_PACKET_BYTES_MAX && packet.payload.len() + 12 <= bytes.len());
    let plain = packet.header.packet(packet.payload);
    let again = Packet::parse(&plain).expect("what we write can be read");
    assert_eq!((again.header, again.payload), (packet.header, packet.payload));
    assert!(Receiver::default().accept(&packet.header).is_some());
    let key = Decoder::default().push(&packet.header, packet.payload, 0);
    assert_eq!(key, Event::parse(packet.payload).map(|event| event.key));
}
