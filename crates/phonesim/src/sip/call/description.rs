//! The phone's descriptions of its sound (SDP).

use std::fmt::Write as _;
use std::net::IpAddr;

use wire::g711::Codec;
use wire::sdp::{Chosen, Direction, Ours, Session, Srtp, SrtpKey, answer, choose};

use crate::sip::sound::Agreed;

/// The payload type that the phone gives telephone events.
const EVENT: u8 = 101;

/// What the phone says about one call, each time with a higher version.
#[derive(Debug)]
pub(super) struct Description {
    pub address: IpAddr,
    pub port: u16,
    pub codecs: Vec<Codec>,
    pub telephone_events: bool,
    pub session: u64,
    pub version: u64,
}

impl Description {
    /// An offer.
    pub fn offer(&mut self, direction: Direction) -> String {
        self.version += 1;
        let family = if self.address.is_ipv4() { "IP4" } else { "IP6" };
        let (address, session, version) = (self.address, self.session, self.version);
        let mut types: Vec<String> = self.codecs.iter().map(|codec| codec.payload_type().to_string()).collect();
        types.extend(self.telephone_events.then(|| EVENT.to_string()));
        let mut body = format!("v=0\r\no=- {session} {version} IN {family} {address}\r\ns=call\r\nc=IN {family} {address}\r\nt=0 0\r\n");
        let mut line = |text: std::fmt::Arguments<'_>| write!(body, "{text}\r\n").expect("a string takes everything");
        line(format_args!("m=audio {} RTP/AVP {}", self.port, types.join(" ")));
        for codec in &self.codecs {
            line(format_args!("a=rtpmap:{} {}/8000", codec.payload_type(), codec.name()));
        }
        if self.telephone_events {
            line(format_args!("a=rtpmap:{EVENT} telephone-event/8000"));
            line(format_args!("a=fmtp:{EVENT} 0-15"));
        }
        line(format_args!("a=ptime:20"));
        line(format_args!("a={}", direction.name()));
        body
    }

    /// What the other side's answer to our offer means.
    pub fn accepted(&self, answer: &[u8]) -> Option<Agreed> {
        let chosen = choose(&Session::parse(answer).ok()?, &self.ours(&no_key())).ok()?;
        Some(self.agreed(&chosen))
    }

    /// Answers the other side's offer.
    pub fn answer(&mut self, offer: &[u8]) -> Option<(String, Agreed)> {
        self.version += 1;
        let answer = answer(&Session::parse(offer).ok()?, &self.ours(&no_key())).ok()?;
        let agreed = self.agreed(&answer.chosen);
        Some((answer.body, agreed))
    }

    fn agreed(&self, chosen: &Chosen) -> Agreed {
        let event = chosen.event.filter(|_| self.telephone_events);
        Agreed { to: chosen.remote, codec: chosen.codec, event, sends: chosen.direction.sends() }
    }

    fn ours<'o>(&'o self, key: &'o SrtpKey) -> Ours<'o> {
        let addresses = std::slice::from_ref(&self.address);
        Ours { addresses, port: self.port, session: self.session, version: self.version, srtp: Srtp::Off, key }
    }
}

/// This phone speaks no SRTP.
fn no_key() -> SrtpKey {
    SrtpKey::new([0; 30])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_say_what_the_phone_can() {
        let mut description = Description {
            address: "2001:db8::1".parse().unwrap(),
            port: 4000,
            codecs: vec![Codec::Pcmu],
            telephone_events: false,
            session: 1,
            version: 0,
        };
        let offer = description.offer(Direction::SendOnly);
        let read = Session::parse(offer.as_bytes()).unwrap();
        assert_eq!((read.media[0].formats.as_slice(), read.media[0].direction), (&["0".to_owned()][..], Direction::SendOnly));
        assert!(!offer.contains("telephone-event") && offer.contains("IN IP6 2001:db8::1"));
        description.telephone_events = true;
        assert!(description.offer(Direction::SendRecv).contains("m=audio 4000 RTP/AVP 0 101\r\n"));
        assert_eq!(description.version, 2);
    }
}
