//! Answering: one medium of sound, in G.711, with telephone events if the phone has them.

use std::{
    fmt::Write as _,
    net::{IpAddr, SocketAddr},
};

use thiserror::Error;

use super::{Crypto, Direction, Media, Session, SrtpKey, Suite};
use crate::g711::Codec;

/// The length of our packets if none is asked for; every phone takes it.
const PTIME_MS: u16 = 20;
const PTIME_MAX_MS: u16 = 60;

/// The payload type of telephone events in our own offers.
const EVENT_PAYLOAD_TYPE: u8 = 101;

/// What a listener thinks of SRTP. Keys stand in the description in clear, so only TLS may ask for more than `Off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Srtp {
    /// Only plain RTP.
    Off,
    /// SRTP if it is offered.
    Preferred,
    /// Only SRTP.
    Required,
}

/// Our side of a call.
#[derive(Debug, Clone, Copy)]
pub struct Ours<'a> {
    /// Our addresses: the first of the phone's family is used.
    pub addresses: &'a [IpAddr],
    /// Our RTP port.
    pub port: u16,
    /// The number of this session; random.
    pub session: u64,
    /// Rises by one with each description of the session that we send.
    pub version: u64,
    /// What this listener allows.
    pub srtp: Srtp,
    /// The key of what we send, random for each call.
    pub key: &'a SrtpKey,
}

/// Why there is no answer; 488 in SIP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// No medium of sound over RTP that is not switched off.
    #[error("no sound is offered")]
    NoSound,
    /// Neither PCMA nor PCMU.
    #[error("no codec of ours is offered")]
    NoCodec,
    /// SRTP is required and not offered, or offered and not allowed, or its keys cannot be used.
    #[error("the offer and the policy for SRTP do not meet")]
    Srtp,
    /// The phone's family of addresses is not one of ours.
    #[error("the address family offered is none of ours")]
    Family,
}

/// What was agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The medium's place in the offer.
    pub place: usize,
    /// Our address, of the phone's family.
    pub address: IpAddr,
    /// The codec of both directions.
    pub codec: Codec,
    /// Its payload type.
    pub payload_type: u8,
    /// The payload type of telephone events. Packets of any other type are not for us.
    pub event: Option<u8>,
    /// The length of our packets in milliseconds.
    pub ptime_ms: u16,
    /// What we do.
    pub direction: Direction,
    /// Where the phone says that it receives; none if it names a host. Behind NAT it is mistaken.
    pub remote: Option<SocketAddr>,
    /// SRTP, if agreed.
    pub secured: Option<Secured>,
}

/// The SRTP of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secured {
    /// The line's number, repeated in the answer.
    pub tag: u32,
    /// The cipher.
    pub suite: Suite,
    /// The key of what the phone sends.
    pub theirs: SrtpKey,
}

/// An answer and what it means. `Debug` does not show the body, as it may hold our key.
#[derive(Clone)]
pub struct Answer {
    /// The body.
    pub body: String,
    /// What was agreed.
    pub chosen: Chosen,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("chosen", &self.chosen).finish_non_exhaustive()
    }
}

/// Answers an offer: the best of its media is taken, all others are switched off.
pub fn answer(offer: &Session, ours: &Ours<'_>) -> Result<Answer, Refusal> {
    let chosen = choose(offer, ours)?;
    let mut body = head(chosen.address, ours);
    for (place, media) in offer.media.iter().enumerate() {
        if place == chosen.place {
            write_sound(&mut body, &media.profile, &chosen, ours);
        } else {
            line(&mut body, format_args!("m={} 0 {} {}", media.kind, media.profile, media.formats.join(" ")));
        }
    }
    Ok(Answer { body, chosen })
}

/// What to take of an offer, or of the answer to ours. SRTP comes before plain RTP, otherwise the offer's order decides.
pub fn choose(offer: &Session, ours: &Ours<'_>) -> Result<Chosen, Refusal> {
    let sound = || offer.media.iter().enumerate().filter(|(_, media)| is_sound(media));
    if sound().next().is_none() {
        return Err(Refusal::NoSound);
    }
    let with_codec = || sound().filter_map(|(place, media)| Some((place, media, codec(media)?)));
    if with_codec().next().is_none() {
        return Err(Refusal::NoCodec);
    }
    let secured = with_codec().find(|(_, media, _)| ours.srtp != Srtp::Off && !media.crypto.is_empty());
    let plain = with_codec().find(|(_, media, _)| ours.srtp != Srtp::Required && !is_secure_profile(media));
    let is_secured = secured.is_some();
    let (place, media, (codec, payload_type)) = secured.or(plain).ok_or(Refusal::Srtp)?;

    let is_same_family = |address: &&IpAddr| media.address.is_none_or(|theirs| theirs.is_ipv4() == address.is_ipv4());
    let address = *ours.addresses.iter().find(is_same_family).ok_or(Refusal::Family)?;
    // The old way to hold a call is to receive nowhere.
    let nowhere = media.address.is_some_and(|address| address.is_unspecified());
    let direction = match media.direction.mirrored() {
        Direction::SendRecv if nowhere => Direction::RecvOnly,
        Direction::SendOnly if nowhere => Direction::Inactive,
        direction => direction,
    };
    let secured = media.crypto.first().filter(|_| is_secured);
    Ok(Chosen {
        place,
        address,
        codec,
        payload_type,
        event: event(media),
        ptime_ms: ptime_ms(media),
        direction,
        remote: media.address.filter(|_| !nowhere).map(|address| SocketAddr::new(address, media.port)),
        secured: secured.map(|crypto| Secured { tag: crypto.tag, suite: crypto.suite, theirs: crypto.key.clone() }),
    })
}

/// An offer of our own, for a phone that calls without one and for calls of ours. With [`Srtp::Preferred`] it offers plain
/// RTP, as one description cannot ask for either in a way that all phones understand.
pub fn offer(address: IpAddr, ours: &Ours<'_>) -> String {
    let mut body = head(address, ours);
    let is_secured = ours.srtp == Srtp::Required;
    let profile = if is_secured { "RTP/SAVP" } else { "RTP/AVP" };
    let types = Codec::ALL.map(|codec| codec.payload_type().to_string()).join(" ");
    line(&mut body, format_args!("m=audio {} {profile} {types} {EVENT_PAYLOAD_TYPE}", ours.port));
    for codec in Codec::ALL {
        line(&mut body, format_args!("a=rtpmap:{} {}/8000", codec.payload_type(), codec.name()));
    }
    write_event(&mut body, EVENT_PAYLOAD_TYPE);
    if is_secured {
        let crypto = Crypto { tag: 1, suite: Suite::Tag80, key: ours.key.clone() };
        line(&mut body, format_args!("a=crypto:{}", crypto.expose()));
    }
    line(&mut body, format_args!("a=ptime:{PTIME_MS}"));
    line(&mut body, format_args!("a=sendrecv"));
    body
}

pub(super) fn head(address: IpAddr, ours: &Ours<'_>) -> String {
    let family = if address.is_ipv4() { "IP4" } else { "IP6" };
    let mut body = String::with_capacity(400);
    line(&mut body, format_args!("v=0"));
    line(&mut body, format_args!("o=- {} {} IN {family} {address}", ours.session, ours.version));
    line(&mut body, format_args!("s=-"));
    line(&mut body, format_args!("c=IN {family} {address}"));
    line(&mut body, format_args!("t=0 0"));
    body
}

fn write_sound(body: &mut String, profile: &str, chosen: &Chosen, ours: &Ours<'_>) {
    let Chosen { codec, payload_type, .. } = chosen;
    let event = chosen.event.map_or(String::new(), |event| format!(" {event}"));
    line(body, format_args!("m=audio {} {profile} {payload_type}{event}", ours.port));
    line(body, format_args!("a=rtpmap:{payload_type} {}/8000", codec.name()));
    if let Some(event) = chosen.event {
        write_event(body, event);
    }
    if let Some(secured) = &chosen.secured {
        let crypto = Crypto { tag: secured.tag, suite: secured.suite, key: ours.key.clone() };
        line(body, format_args!("a=crypto:{}", crypto.expose()));
    }
    line(body, format_args!("a=ptime:{}", chosen.ptime_ms));
    line(body, format_args!("a={}", chosen.direction.name()));
}

fn write_event(body: &mut String, payload_type: u8) {
    line(body, format_args!("a=rtpmap:{payload_type} telephone-event/8000"));
    line(body, format_args!("a=fmtp:{payload_type} 0-15"));
}

pub(super) fn line(body: &mut String, line: std::fmt::Arguments<'_>) {
    write!(body, "{line}\r\n").expect("a string takes everything");
}

/// Sound over RTP with or without SDES. Of feedback (`…F`) nothing is needed; keys by DTLS are beyond us.
pub(super) fn is_sound(media: &Media) -> bool {
    let is_rtp = ["RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF"].iter().any(|profile| media.profile.eq_ignore_ascii_case(profile));
    media.kind.eq_ignore_ascii_case("audio") && media.port != 0 && is_rtp
}

/// Some phones offer SRTP under the plain profile ("optional"): with keys it can be either, without it is plain.
pub(super) fn is_secure_profile(media: &Media) -> bool {
    media.profile.get(4..5).is_some_and(|letter| letter.eq_ignore_ascii_case("S"))
}

fn codec(media: &Media) -> Option<(Codec, u8)> {
    payload_types(media).find_map(|payload_type| {
        let is_this = |codec: &Codec| match media.map(payload_type) {
            Some(map) => map.name.eq_ignore_ascii_case(codec.name()) && map.clock == 8000,
            None => payload_type == codec.payload_type(),
        };
        Codec::ALL.into_iter().find(is_this).map(|codec| (codec, payload_type))
    })
}

fn event(media: &Media) -> Option<u8> {
    let is_event = |payload_type: &u8| {
        media.map(*payload_type).is_some_and(|map| map.name.eq_ignore_ascii_case("telephone-event") && map.clock == 8000)
    };
    payload_types(media).find(is_event)
}

fn payload_types(media: &Media) -> impl Iterator<Item = u8> {
    media.formats.iter().filter_map(|format| format.parse().ok()).filter(|payload_type| *payload_type < 128)
}

/// Whole frames of 10 ms, as we cut sound in these.
fn ptime_ms(media: &Media) -> u16 {
    let most = media.ptime_max_ms.unwrap_or(PTIME_MAX_MS).clamp(10, PTIME_MAX_MS);
    let wanted = media.ptime_ms.unwrap_or(PTIME_MS).clamp(10, most);
    wanted / 10 * 10
}
