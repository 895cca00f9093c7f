//! SRTP for one direction of a call. RTCP is never handed to the library: short packets make it panic.

use bytes::Bytes;
use webrtc_srtp::{context::Context, option::srtp_replay_protection, protection_profile::ProtectionProfile};
use wire::sdp::{Secured, SrtpKey, Suite};

use crate::limits::{SRTP_REPLAY_PACKETS, SRTP_SOURCES_MAX};

/// Fixed header and the shorter of the tags.
const BYTES_MIN: usize = 12 + 4;

fn context(key: &SrtpKey, suite: Suite, is_receiver: bool) -> Context {
    let profile = match suite {
        Suite::Tag80 => ProtectionProfile::Aes128CmHmacSha1_80,
        Suite::Tag32 => ProtectionProfile::Aes128CmHmacSha1_32,
    };
    let replay = is_receiver.then(|| srtp_replay_protection(SRTP_REPLAY_PACKETS));
    let (key, salt) = key.expose();
    Context::new(key, salt, profile, replay, None).expect("the key has the length of both suites")
}

/// Protects what we send.
pub(super) struct Protect {
    context: Context,
    key: SrtpKey,
    suite: Suite,
}

impl Protect {
    pub(super) fn new(key: &SrtpKey, suite: Suite) -> Self {
        Self { context: context(key, suite, false), key: key.clone(), suite }
    }

    /// Goes on with the same key, or begins with another; without one there is no protection any more.
    pub(super) fn renew(present: &mut Option<Box<Self>>, key: &SrtpKey, suite: Option<Suite>) {
        let is_same = |protect: &Self| Some(protect.suite) == suite && protect.key == *key;
        if !present.as_deref().is_some_and(is_same) {
            *present = suite.map(|suite| Box::new(Self::new(key, suite)));
        }
    }

    /// `packet` must have a plain header, without extensions, as ours have. The library keeps a state for each SSRC, so
    /// whose packets these are must be settled before.
    pub(super) fn packet(&mut self, packet: &[u8]) -> Option<Bytes> {
        self.context.encrypt_rtp(packet).ok()
    }
}

/// Checks and opens what a telephone sends.
///
/// The library makes a state for an SSRC before it knows whether the packet is authentic. So each SSRC that was not
/// authentic before is tried in a context of its own, which is kept only if the packet was good.
pub(super) struct Unprotect {
    secured: Secured,
    sources: Vec<(u32, Context)>,
}

impl Unprotect {
    pub(super) fn new(secured: Secured) -> Self {
        Self { secured, sources: Vec::new() }
    }

    /// Goes on with the same key, or begins with another; without one there is no protection any more.
    pub(super) fn renew(present: &mut Option<Box<Self>>, secured: Option<&Secured>) {
        let is_same = |unprotect: &Self| {
            secured.is_some_and(|secured| secured.suite == unprotect.secured.suite && secured.theirs == unprotect.secured.theirs)
        };
        if !present.as_deref().is_some_and(is_same) {
            *present = secured.map(|secured| Box::new(Self::new(secured.clone())));
        }
    }

    /// The packet in clear; none if it is not authentic, was there before, or is no RTP.
    pub(super) fn packet(&mut self, datagram: &[u8]) -> Option<Bytes> {
        let (fixed, _) = datagram.split_first_chunk::<12>().filter(|_| datagram.len() >= BYTES_MIN)?;
        if fixed[0] >> 6 != 2 || (192..=223).contains(&fixed[1]) {
            return None;
        }
        let ssrc = u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]);
        if let Some((_, context)) = self.sources.iter_mut().find(|(known, _)| *known == ssrc) {
            return context.decrypt_rtp(datagram).ok();
        }
        let mut trial = context(&self.secured.theirs, self.secured.suite, true);
        let packet = trial.decrypt_rtp(datagram).ok()?;
        if self.sources.len() == SRTP_SOURCES_MAX {
            self.sources.remove(0);
        }
        self.sources.push((ssrc, trial));
        Some(packet)
    }

    #[cfg(test)]
    pub(super) fn states(&self) -> usize {
        self.sources.len()
    }
}

#[cfg(test)]
mod tests {
    use wire::rtp::Header;

    use super::*;

    #[test]
    fn a_stream_goes_on_over_the_wrap_of_its_numbers_out_of_order_and_without_repeats() {
        for suite in [Suite::Tag80, Suite::Tag32] {
            let key = SrtpKey::new([3; 30]);
            let mut protect = Protect::new(&key, suite);
            let mut unprotect = Unprotect::new(Secured { tag: 1, suite, theirs: key });
            let packet = |at: u16| Header { marker: false, payload_type: 8, sequence: at, timestamp: 0, ssrc: 1 }.packet(&[at as u8; 160]);
            let plain: Vec<_> = (0..300).map(|at| packet(65_400u16.wrapping_add(at))).collect();
            let mut sealed: Vec<_> = plain.iter().map(|packet| protect.packet(packet).unwrap()).collect();
            assert_eq!(sealed[0].len(), 172 + if suite == Suite::Tag80 { 10 } else { 4 });
            for pair in sealed.chunks_exact_mut(2) {
                pair.swap(0, 1);
            }
            let mut opened: Vec<_> = sealed.iter().map(|packet| unprotect.packet(packet).expect("authentic").to_vec()).collect();
            for pair in opened.chunks_exact_mut(2) {
                pair.swap(0, 1);
            }
            assert_eq!(opened, plain);
            assert!(sealed.iter().rev().take(60).all(|packet| unprotect.packet(packet).is_none()), "repeats");
        }
    }

    #[test]
    fn what_was_changed_on_the_way_is_refused() {
        let key = SrtpKey::new([3; 30]);
        let header = Header { marker: false, payload_type: 8, sequence: 1, timestamp: 0, ssrc: 1 };
        let sealed = Protect::new(&key, Suite::Tag80).packet(&header.packet(&[9; 20])).unwrap();
        let mut unprotect = Unprotect::new(Secured { tag: 1, suite: Suite::Tag80, theirs: key });
        for at in 0..sealed.len() {
            let mut changed = sealed.to_vec();
            changed[at] ^= 1;
            assert!(unprotect.packet(&changed).is_none(), "byte {at}");
            assert!(unprotect.packet(&sealed[..at]).is_none(), "{at} bytes");
        }
        assert_eq!(unprotect.states(), 0);
        assert!(unprotect.packet(&sealed).is_some());
    }
}
