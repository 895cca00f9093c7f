//! SDP (RFC 8866) as far as a telephone call needs it: reading an offer, and answering it.
//!
//! Written for what phones send: line ends of either kind, Latin-1, attributes in any order, static payload types without
//! `rtpmap`, host names instead of addresses, several media. What is not understood is passed over. What cannot be
//! told apart (a broken `m=` line, since answers count these) is refused.

mod answer;
mod crypto;
mod pass;

use std::net::IpAddr;

use thiserror::Error;

pub use self::{
    answer::{Answer, Chosen, Ours, Refusal, Secured, Srtp, answer, choose, offer},
    crypto::{Crypto, SrtpKey, Suite},
    pass::{Passed, agreed, pass_answer, pass_offer, pick},
};
use crate::limits::{SDP_BYTES_MAX, SDP_CRYPTO_MAX, SDP_FORMATS_MAX, SDP_MEDIA_MAX};

/// Why a body is no description of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Malformed {
    /// Longer than [`SDP_BYTES_MAX`], or more media or formats than the limits allow.
    #[error("the session description exceeds a limit")]
    TooLong,
    /// No line that is SDP.
    #[error("the body is no session description")]
    Syntax,
    /// A media line that cannot be read.
    #[error("a media line cannot be read")]
    Media,
}

/// An offer or answer. Keys in it show nothing in `Debug`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The media, in their order: an answer has the same number of them.
    pub media: Vec<Media>,
}

/// One `m=` line and what belongs to it, with what the session says for all media filled in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Media {
    /// `audio`, `video`, …, as sent.
    pub kind: String,
    /// Where it is received; 0 if the medium is off.
    pub port: u16,
    /// `RTP/AVP` and its kin, as sent.
    pub profile: String,
    /// The formats, as sent, most wanted first.
    pub formats: Vec<String>,
    /// The meanings of formats that were given, first one of each.
    pub maps: Vec<Map>,
    /// Parameters of formats (`a=fmtp`), first one of each: the format and the rest of the line, in plain ASCII.
    pub parameters: Vec<(String, String)>,
    /// Where it is received; none if a host name was given, or nothing.
    pub address: Option<IpAddr>,
    /// What its sender does with it.
    pub direction: Direction,
    /// The length of packets that is wanted, in milliseconds.
    pub ptime_ms: Option<u16>,
    /// The longest that is taken.
    pub ptime_max_ms: Option<u16>,
    /// Keys for SRTP, of the suites that are known, without options that are not.
    pub crypto: Vec<Crypto>,
}

/// What a dynamic format means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map {
    /// The RTP payload type.
    pub payload_type: u8,
    /// The encoding's name, as sent.
    pub name: String,
    /// Ticks a second.
    pub clock: u32,
    /// Channels; 1 if nothing was said.
    pub channels: u8,
}

/// Which way sound goes, seen from the one who wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// Music on hold.
    SendOnly,
    /// Only listening.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// The attribute's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// What the other side may answer.
    #[must_use]
    pub fn mirrored(self) -> Self {
        match self {
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            both => both,
        }
    }

    /// Whether its writer sends.
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    fn named(name: &str) -> Option<Self> {
        let all = [Self::SendRecv, Self::SendOnly, Self::RecvOnly, Self::Inactive];
        all.into_iter().find(|direction| name.eq_ignore_ascii_case(direction.name()))
    }
}

impl Session {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        if body.len() > SDP_BYTES_MAX {
            return Err(Malformed::TooLong);
        }
        // Latin-1 never fails, and names in UTF-8 are not looked at.
        let body: String = body.iter().map(|byte| char::from(*byte)).collect();
        let mut session = Self { media: Vec::new() };
        // What stands before the first medium holds for all of them.
        let mut common = Media::default();
        let mut lines = 0;
        for line in body.lines().map(str::trim) {
            let Some((name, value)) = line.split_once('=').filter(|(name, _)| name.len() == 1) else { continue };
            lines += 1;
            let value = value.trim_start();
            if name.eq_ignore_ascii_case("m") {
                if session.media.len() == SDP_MEDIA_MAX {
                    return Err(Malformed::TooLong);
                }
                session.media.push(Media::begin(value, &common)?);
                continue;
            }
            let media = session.media.last_mut().unwrap_or(&mut common);
            match name {
                "c" | "C" => media.address = address(value),
                "a" | "A" => media.attribute(value)?,
                _ => {}
            }
        }
        if lines == 0 { Err(Malformed::Syntax) } else { Ok(session) }
    }
}

impl Media {
    fn begin(value: &str, common: &Self) -> Result<Self, Malformed> {
        let mut words = value.split_ascii_whitespace();
        // These go back in the answer, so they must be plain words.
        let plain = |word: &&str| word.bytes().all(|byte| byte.is_ascii_graphic());
        let mut word = || words.next().filter(plain).ok_or(Malformed::Media);
        let (kind, port, profile) = (word()?, word()?, word()?);
        // `49170/2` counts ports that a telephone call has no use for.
        let port = port.split('/').next().unwrap_or_default();
        let port = port.parse().map_err(|_| Malformed::Media)?;
        let mut formats = Vec::new();
        for format in words {
            if formats.len() == SDP_FORMATS_MAX {
                return Err(Malformed::TooLong);
            }
            formats.push(Some(format).filter(plain).ok_or(Malformed::Media)?.to_owned());
        }
        if formats.is_empty() {
            return Err(Malformed::Media);
        }
        Ok(Self { kind: kind.to_owned(), port, profile: profile.to_owned(), formats, ..common.clone() })
    }

    fn attribute(&mut self, attribute: &str) -> Result<(), Malformed> {
        let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
        let value = value.trim_start();
        if let Some(direction) = Direction::named(name) {
            self.direction = direction;
        }
        match name.to_ascii_lowercase().as_str() {
            "rtpmap" => {
                let known = map(value).filter(|map| self.map(map.payload_type).is_none());
                if known.is_some() && self.maps.len() == SDP_FORMATS_MAX {
                    return Err(Malformed::TooLong);
                }
                self.maps.extend(known);
            }
            "fmtp" => {
                let known = parameters(value).filter(|(format, _)| self.parameters.iter().all(|(other, _)| other != format));
                if known.is_some() && self.parameters.len() == SDP_FORMATS_MAX {
                    return Err(Malformed::TooLong);
                }
                self.parameters.extend(known);
            }
            "ptime" => self.ptime_ms = milliseconds(value),
            "maxptime" => self.ptime_max_ms = milliseconds(value),
            "crypto" => self.crypto.extend(Crypto::parse(value).filter(|_| self.crypto.len() < SDP_CRYPTO_MAX)),
            _ => {}
        }
        Ok(())
    }

    /// What was said about a payload type.
    pub fn map(&self, payload_type: u8) -> Option<&Map> {
        self.maps.iter().find(|map| map.payload_type == payload_type)
    }
}

/// `IN IP4 192.0.2.7`, also with the lifetime of a group behind it.
fn address(value: &str) -> Option<IpAddr> {
    let address = value.split_ascii_whitespace().nth(2)?;
    address.split('/').next()?.trim_matches(['[', ']']).parse().ok()
}

/// `101 telephone-event/8000`.
fn map(value: &str) -> Option<Map> {
    let (payload_type, encoding) = value.split_once(|c: char| c.is_ascii_whitespace())?;
    let mut parts = encoding.trim().split('/');
    let name = parts.next()?.trim().to_owned();
    let clock = parts.next()?.trim().parse().ok()?;
    let channels = parts.next().and_then(|channels| channels.trim().parse().ok()).unwrap_or(1);
    let payload_type = payload_type.parse().ok().filter(|payload_type| *payload_type < 128)?;
    Some(Map { payload_type, name, clock, channels })
}

/// `101 0-15`.
fn parameters(value: &str) -> Option<(String, String)> {
    let (format, rest) = value.split_once(|c: char| c.is_ascii_whitespace())?;
    let is_plain = |text: &str| text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    (is_plain(format) && is_plain(rest)).then(|| (format.to_owned(), rest.trim().to_owned()))
}

/// Some phones send a fraction.
fn milliseconds(value: &str) -> Option<u16> {
    value.split(['.', ' ']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_as_phones_send_it() {
        let body = "v=0\r\no=- 20000 20000 IN IP4 192.0.2.7\r\ns=SDP data\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n\
            m=audio 11780 RTP/AVP 9 8 0 101\r\na=rtpmap:9 G722/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
            a=fmtp:101 0-15\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=sendrecv\r\n";
        let session = Session::parse(body.as_bytes()).unwrap();
        let [audio] = &session.media[..] else { panic!("{session:?}") };
        assert_eq!((audio.kind.as_str(), audio.port, audio.profile.as_str()), ("audio", 11780, "RTP/AVP"));
        assert_eq!(audio.formats, ["9", "8", "0", "101"]);
        assert_eq!(audio.map(101), Some(&Map { payload_type: 101, name: "telephone-event".into(), clock: 8000, channels: 1 }));
        assert_eq!((audio.address, audio.ptime_ms, audio.direction), (Some([192, 0, 2, 7].into()), Some(20), Direction::SendRecv));
        assert_eq!(audio.parameters, [("101".to_owned(), "0-15".to_owned())]);
    }

    #[test]
    fn oddities_are_borne() {
        let body = b"\n V=0 \no=J\xF6rg 1 1 IN IP4 x\ngarbage\na=sendonly\nc=in ip6 2001:DB8::1/64\n\
            M= Audio  4000/2   RTP/AVP 8  \nA=RTPMAP:8 pcma/8000/1\na=rtpmap:8 PCMU/8000\na=rtpmap:200 X/1\na=rtpmap:9\na=ptime:20.5\n\
            m=video 0 RTP/AVP 97\nc=IN IP4 host.example.com\na=recvonly\na=maxptime:40";
        let session = Session::parse(body).unwrap();
        let [audio, video] = &session.media[..] else { panic!("{session:?}") };
        assert_eq!((audio.port, audio.direction, audio.ptime_ms), (4000, Direction::SendOnly, Some(20)));
        assert_eq!(audio.address, Some("2001:db8::1".parse().unwrap()));
        assert_eq!(audio.maps, [Map { payload_type: 8, name: "pcma".into(), clock: 8000, channels: 1 }]);
        assert_eq!((video.port, video.address, video.direction, video.ptime_max_ms), (0, None, Direction::RecvOnly, Some(40)));
        assert!(Session::parse(b"v=0").unwrap().media.is_empty());
    }

    #[test]
    fn what_cannot_be_answered_is_refused() {
        let check = |body: &str, expected| assert_eq!(Session::parse(body.as_bytes()), Err(expected), "{body}");
        check("", Malformed::Syntax);
        check("INVITE", Malformed::Syntax);
        check("m=audio", Malformed::Media);
        check("m=audio 1 RTP/AVP", Malformed::Media);
        check("m=audio 65536 RTP/AVP 0", Malformed::Media);
        check("m=audio -1 RTP/AVP 0", Malformed::Media);
        check("m=aud\u{1}io 1 RTP/AVP 0", Malformed::Media);
        check("m=audio 1 RTP/AVP 0 ä", Malformed::Media);
        check(&"m=audio 1 RTP/AVP 0\n".repeat(SDP_MEDIA_MAX + 1), Malformed::TooLong);
        check(&format!("m=audio 1 RTP/AVP{}", " 0".repeat(SDP_FORMATS_MAX + 1)), Malformed::TooLong);
        let maps = (0..=SDP_FORMATS_MAX).map(|kind| format!("a=rtpmap:{kind} X/8000\n"));
        check(&format!("m=audio 1 RTP/AVP 0\n{}", maps.collect::<String>()), Malformed::TooLong);
        check(&"v=0\n".repeat(SDP_BYTES_MAX / 4 + 1), Malformed::TooLong);
    }
}
