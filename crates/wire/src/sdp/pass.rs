//! Passing a medium of sound on, for a relay that stands between two telephones: all its formats stay as they are, only
//! the addresses become ours. Keys, video and other ways to connect (ICE) are left out.

use std::net::{IpAddr, SocketAddr};

use super::{
    Chosen, Crypto, Direction, Map, Media, Ours, Refusal, Secured, Session, Srtp, Suite,
    answer::{head, is_secure_profile, is_sound, line},
};

/// What a relay takes of an offer, or of an answer to what it passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// The medium's place.
    pub place: usize,
    /// Where its writer says that it receives; none if it names a host, or is on hold the old way.
    pub remote: Option<SocketAddr>,
    /// The address family that its writer asks for; none if it names a host.
    pub is_ipv4: Option<bool>,
    /// SRTP, if it is offered and allowed.
    pub secured: Option<Secured>,
}

/// The medium of sound that a relay passes on, whatever its codecs. SRTP comes before plain RTP.
pub fn pick(session: &Session, policy: Srtp) -> Result<Passed, Refusal> {
    let sound = || session.media.iter().enumerate().filter(|(_, media)| is_sound(media));
    if sound().next().is_none() {
        return Err(Refusal::NoSound);
    }
    let secured = sound().find(|(_, media)| policy != Srtp::Off && !media.crypto.is_empty());
    let plain = sound().find(|(_, media)| policy != Srtp::Required && !is_secure_profile(media));
    let is_secured = secured.is_some();
    let (place, media) = secured.or(plain).ok_or(Refusal::Srtp)?;
    let crypto = media.crypto.first().filter(|_| is_secured);
    Ok(Passed {
        place,
        remote: media.address.filter(|address| !address.is_unspecified()).map(|address| SocketAddr::new(address, media.port)),
        is_ipv4: media.address.map(|address| address.is_ipv4()),
        secured: crypto.map(|crypto| Secured { tag: crypto.tag, suite: crypto.suite, theirs: crypto.key.clone() }),
    })
}

/// An offer of the medium on our own port: with SRTP of that suite, or plain.
pub fn pass_offer(media: &Media, address: IpAddr, suite: Option<Suite>, ours: &Ours<'_>) -> String {
    let mut body = head(address, ours);
    let secured = suite.map(|suite| Crypto { tag: 1, suite, key: ours.key.clone() });
    write(&mut body, if secured.is_some() { "RTP/SAVP" } else { "RTP/AVP" }, media, secured.as_ref(), ours.port);
    body
}

/// Answers `offer`, of which the medium `taken` was passed on, with what the other telephone answered, on our own port.
pub fn pass_answer(offer: &Session, taken: &Passed, theirs: &Media, address: IpAddr, ours: &Ours<'_>) -> String {
    let mut body = head(address, ours);
    for (place, media) in offer.media.iter().enumerate() {
        if place == taken.place {
            let secured = taken.secured.as_ref();
            let crypto = secured.map(|secured| Crypto { tag: secured.tag, suite: secured.suite, key: ours.key.clone() });
            write(&mut body, &media.profile, theirs, crypto.as_ref(), ours.port);
        } else {
            line(&mut body, format_args!("m={} 0 {} {}", media.kind, media.profile, media.formats.join(" ")));
        }
    }
    body
}

/// The medium that was agreed on in a call, so that it can be offered to somebody else.
pub fn agreed(chosen: &Chosen) -> Media {
    let map = |payload_type, name: &str| Map { payload_type, name: name.to_owned(), clock: 8000, channels: 1 };
    let codec = map(chosen.payload_type, chosen.codec.name());
    let event = chosen.event.map(|event| map(event, "telephone-event"));
    let maps: Vec<_> = std::iter::once(codec).chain(event).collect();
    Media {
        kind: "audio".to_owned(),
        port: chosen.remote.map_or(9, |remote| remote.port()),
        profile: "RTP/AVP".to_owned(),
        formats: maps.iter().map(|map| map.payload_type.to_string()).collect(),
        maps,
        parameters: chosen.event.iter().map(|event| (event.to_string(), "0-15".to_owned())).collect(),
        address: chosen.remote.map(|remote| remote.ip()),
        ptime_ms: Some(chosen.ptime_ms),
        ..Media::default()
    }
}

fn write(body: &mut String, profile: &str, media: &Media, crypto: Option<&Crypto>, port: u16) {
    let port = if media.port == 0 { 0 } else { port };
    line(body, format_args!("m=audio {port} {profile} {}", media.formats.join(" ")));
    let is_named = |map: &&Map| !map.name.is_empty() && map.name.bytes().all(|byte| byte.is_ascii_graphic());
    for Map { payload_type, name, clock, channels } in media.maps.iter().filter(is_named) {
        let channels = if *channels > 1 { format!("/{channels}") } else { String::new() };
        line(body, format_args!("a=rtpmap:{payload_type} {name}/{clock}{channels}"));
    }
    for (format, parameters) in &media.parameters {
        line(body, format_args!("a=fmtp:{format} {parameters}"));
    }
    if let Some(crypto) = crypto {
        line(body, format_args!("a=crypto:{}", crypto.expose()));
    }
    for (name, milliseconds) in [("ptime", media.ptime_ms), ("maxptime", media.ptime_max_ms)] {
        if let Some(milliseconds) = milliseconds {
            line(body, format_args!("a={name}:{milliseconds}"));
        }
    }
    line(body, format_args!("a={}", direction(media).name()));
}

/// The old way to hold a call, an address of nowhere, is said in the new way, as the address becomes ours.
fn direction(media: &Media) -> Direction {
    match media.direction {
        direction if media.address.is_none_or(|address| !address.is_unspecified()) => direction,
        Direction::SendRecv | Direction::SendOnly => Direction::SendOnly,
        Direction::RecvOnly | Direction::Inactive => Direction::Inactive,
    }
}
