//! What holds for any bytes.

use proptest::prelude::*;
use wire::sip::{
    edge::{Refusal, judge, reply},
    framing::{Frame, Stream},
    message::Message,
};

use super::{EXTENSIONS, GOOD, fate};

/// The good request with bytes put in, taken out and changed.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "\r\n",
        "\r",
        "\n",
        "\0",
        " ",
        ":",
        ";",
        ",",
        "\"",
        "<",
        ">",
        "[",
        "Via: ",
        "Content-Length: 9",
        "SIP/2.0",
        "\u{fc}",
        "9999999999",
    ];
    let piece = prop_oneof![
        2 => proptest::sample::select(pieces.to_vec()).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec((any::<proptest::sample::Index>(), 0..12usize, piece), 1..6).prop_map(|changes| {
        let mut bytes = GOOD.as_bytes().to_vec();
        for (at, cut, piece) in changes {
            let at = at.index(bytes.len() + 1);
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, piece);
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nothing_panics_and_answers_can_be_read(bytes in mutated()) {
        fate(&bytes);
        if let Ok(message) = Message::parse(&bytes) {
            let verdict = judge(&message, &EXTENSIONS);
            let source = "[2001:db8::9]:5060".parse().expect("an address");
            if let Some(answer) = reply(&message, Refusal::BadRequest, &EXTENSIONS, source, "t") {
                let answer = Message::parse(&answer).expect("an answer is a message");
                prop_assert_eq!(answer.fault, None);
                prop_assert!(answer.body.is_empty() && answer.headers.len() <= message.headers.len() + 1);
            }
            if verdict == wire::sip::edge::Verdict::Pass {
                let canonical = message.canonical();
                let again = Message::parse(&canonical).expect("what passes is a message");
                prop_assert_eq!(judge(&again, &EXTENSIONS), verdict);
                prop_assert_eq!((again.start, again.body), (message.start, message.body));
            }
        }
    }

    /// However a stream is cut, the same comes out, and nothing of it is lost or doubled.
    #[test]
    fn pieces_do_not_matter(bytes in mutated(), cuts in proptest::collection::vec(1..60usize, 1..40)) {
        let bytes = [GOOD.as_bytes(), &bytes[..], GOOD.as_bytes()].concat();
        let polled = |stream: &mut Stream, out: &mut Vec<_>| while let Some(frame) = stream.poll() { out.push(frame); };
        let (mut whole, mut at_once) = (Stream::default(), Vec::new());
        prop_assert_eq!(whole.push(&bytes), bytes.len());
        polled(&mut whole, &mut at_once);
        let (mut stream, mut in_pieces, mut rest) = (Stream::default(), Vec::new(), &bytes[..]);
        for cut in cuts.iter().cycle() {
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            prop_assert_eq!(stream.push(piece), piece.len());
            polled(&mut stream, &mut in_pieces);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(&in_pieces, &at_once);
        let framed: usize = at_once.iter().map(|frame| if let Ok(Frame::Message(bytes)) = frame { bytes.len() } else { 0 }).sum();
        prop_assert!(framed <= bytes.len());
        prop_assert!(matches!(&at_once[0], Ok(Frame::Message(first)) if first == GOOD.as_bytes()));
    }

    #[test]
    fn noise_does_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        fate(&bytes);
        let mut stream = Stream::default();
        stream.push(&bytes);
        while let Some(Ok(_)) = stream.poll() {}
    }
}
