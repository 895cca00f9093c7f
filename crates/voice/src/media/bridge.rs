//! A relay's packets, on their thread: what one side sends goes to the other, whatever it is.

use std::{
    borrow::Cow,
    io::ErrorKind,
    net::{IpAddr, SocketAddr},
};

use wire::{
    limits::RTP_PACKET_BYTES_MAX,
    rtp::{Packet, Receiver},
    sdp::{Secured, SrtpKey},
};

use super::{
    counters::{Count, Counters},
    engine::{Buffer, Session},
    latch::{Budget, Latch},
    outside::Moment,
    player::Player,
    ports::Lease,
    relay::Side,
    srtp::{Protect, Unprotect},
};
use crate::limits::{RTCP_PACKETS_PER_SECOND, RTP_DRAIN_PACKETS, RTP_PACKETS_PER_SECOND, RTP_STRANGERS_PER_SECOND, RTP_TICK_MICROS};

/// What a side's description says.
pub(super) struct Terms {
    pub(super) signalling: IpAddr,
    pub(super) remote: Option<SocketAddr>,
    pub(super) secured: Option<Secured>,
    /// The key of what we send to it.
    pub(super) key: SrtpKey,
}

/// One side.
pub(super) struct Leg {
    lease: Lease,
    latch: Latch,
    protect: Option<Box<Protect>>,
    unprotect: Option<Box<Unprotect>>,
    /// Settles whose packets are protected for the other side, as the library keeps a state for each source.
    receiver: Receiver,
    /// Where its RTCP comes from, if not from the port above that of RTP.
    control: Option<SocketAddr>,
    budget: Budget,
    strangers: Budget,
    control_budget: Budget,
}

pub(super) struct Bridge {
    /// A side is missing while its telephone is still in a call with us.
    legs: [Option<Leg>; 2],
    counters: Counters,
}

impl Leg {
    pub(super) fn new(lease: Lease, signalling: IpAddr) -> Self {
        let latch = Latch::new(signalling, None, true);
        Self::with(lease, latch, None, None)
    }

    /// The telephone's side of a call that was with us.
    pub(super) fn of(player: Player) -> Self {
        let Player { mut lease, mut latch, protect, unprotect, .. } = player;
        latch.widen();
        lease.open_rtcp();
        Self::with(lease, latch, protect, unprotect)
    }

    fn with(lease: Lease, latch: Latch, protect: Option<Box<Protect>>, unprotect: Option<Box<Unprotect>>) -> Self {
        Self {
            lease,
            latch,
            protect,
            unprotect,
            receiver: Receiver::default(),
            control: None,
            budget: Budget::new(RTP_PACKETS_PER_SECOND),
            strangers: Budget::new(RTP_STRANGERS_PER_SECOND),
            control_budget: Budget::new(RTCP_PACKETS_PER_SECOND),
        }
    }

    fn agree(&mut self, terms: &Terms) {
        self.latch.state(terms.signalling, terms.remote);
        Unprotect::renew(&mut self.unprotect, terms.secured.as_ref());
        Protect::renew(&mut self.protect, &terms.key, terms.secured.as_ref().map(|secured| secured.suite));
    }

    fn is_plain(&self) -> bool {
        self.protect.is_none() && self.unprotect.is_none()
    }

    /// The packet in clear, if it is this side's.
    fn receive<'a>(&mut self, from: SocketAddr, datagram: &'a [u8], now: Moment) -> Result<Cow<'a, [u8]>, Count> {
        let budget = if self.latch.knows(from) { &mut self.budget } else { &mut self.strangers };
        if !budget.take(now) {
            return Err(Count::Limited);
        }
        let refused = if self.latch.is_present(from) { Count::Ignored } else { Count::WrongSource };
        let datagram = match &mut self.unprotect {
            None => Cow::Borrowed(datagram),
            Some(unprotect) => Cow::Owned(unprotect.packet(datagram).ok_or(refused)?.into()),
        };
        let header = Packet::parse(&datagram).map_err(|_| Count::Ignored)?.header;
        let is_theirs = self.latch.accept(from, &header, self.unprotect.is_some(), now);
        if is_theirs { Ok(datagram) } else { Err(Count::WrongSource) }
    }

    /// Sends what the other side said. `receiver` is the other side's.
    fn send(&mut self, datagram: &[u8], receiver: &mut Receiver, now: Moment) -> bool {
        let Some(target) = self.latch.target(now) else { return false };
        let Some(protect) = &mut self.protect else { return self.lease.rtp.send_to(datagram, target).is_ok() };
        let Ok(packet) = Packet::parse(datagram) else { return false };
        if receiver.accept(&packet.header).is_none() {
            return false;
        }
        // Contributors, extensions and padding are left out: the library mistakes some of them.
        let packet = protect.packet(&packet.header.packet(packet.payload));
        packet.is_some_and(|packet| self.lease.rtp.send_to(&packet, target).is_ok())
    }

    fn send_control(&mut self, datagram: &[u8], now: Moment) -> bool {
        let target = self.control_target(now).filter(|_| self.is_plain());
        let Some((rtcp, target)) = self.lease.rtcp.as_ref().zip(target) else { return false };
        rtcp.send_to(datagram, target).is_ok()
    }

    /// Where its RTCP goes.
    fn control_target(&mut self, now: Moment) -> Option<SocketAddr> {
        let target = self.latch.target(now)?;
        let heard = self.control.filter(|control| control.ip() == target.ip());
        heard.or_else(|| Some(SocketAddr::new(target.ip(), target.port().checked_add(1)?)))
    }
}

impl Bridge {
    pub(super) fn new(legs: [Option<Leg>; 2], counters: Counters) -> Self {
        Self { legs, counters }
    }

    pub(super) fn agree(&mut self, side: Side, terms: &Terms) {
        if let Some(leg) = &mut self.legs[side as usize] {
            leg.agree(terms);
        }
    }

    pub(super) fn replace(&mut self, side: Side, leg: Leg) {
        self.legs[side as usize] = Some(leg);
    }

    fn listen(&mut self, side: Side, now: Moment, buffer: &mut Buffer) {
        for _ in 0..RTP_DRAIN_PACKETS {
            let Some(leg) = &self.legs[side as usize] else { return };
            match leg.lease.rtp.recv_from(buffer) {
                Ok((length, from)) => self.pass(side, from, &buffer[..length], now),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                // What ICMP told about packets that we sent.
                Err(_) => {}
            }
        }
        for _ in 0..RTP_DRAIN_PACKETS {
            let Some(rtcp) = self.legs[side as usize].as_ref().and_then(|leg| leg.lease.rtcp.as_ref()) else { return };
            match rtcp.recv_from(buffer) {
                Ok((length, from)) => self.pass_control(side, from, &buffer[..length], now),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => {}
            }
        }
    }

    /// Takes one datagram from the RTP port of a side.
    pub(super) fn pass(&mut self, side: Side, from: SocketAddr, datagram: &[u8], now: Moment) {
        let Some((near, far)) = sides(&mut self.legs, side) else { return };
        let count = match near.receive(from, datagram, now) {
            Err(count) => count,
            Ok(packet) => {
                self.counters.add(Count::PacketsIn);
                let is_sent = far.is_some_and(|far| far.send(&packet, &mut near.receiver, now));
                if !is_sent {
                    return;
                }
                Count::PacketsOut
            }
        };
        self.counters.add(count);
    }

    /// Takes one datagram from the RTCP port of a side. Where a side uses SRTP, it ends here.
    pub(super) fn pass_control(&mut self, side: Side, from: SocketAddr, datagram: &[u8], now: Moment) {
        let Some((near, far)) = sides(&mut self.legs, side) else { return };
        let is_control = matches!(datagram, [flags, kind, ..] if flags >> 6 == 2 && (192..=223).contains(kind));
        let is_whole = is_control && (8..=RTP_PACKET_BYTES_MAX).contains(&datagram.len());
        // Only from where its RTP comes from, or where it should.
        let is_theirs = near.latch.target(now).is_some_and(|target| target.ip() == from.ip());
        if !near.control_budget.take(now) {
            return self.counters.add(Count::Limited);
        }
        if !is_theirs {
            return self.counters.add(Count::WrongSource);
        }
        if !is_whole || !near.is_plain() {
            return self.counters.add(Count::Ignored);
        }
        near.control = Some(from);
        if far.is_some_and(|far| far.send_control(datagram, now)) {
            self.counters.add(Count::Control);
        }
    }
}

/// A side, and the other one if it is here.
fn sides(legs: &mut [Option<Leg>; 2], side: Side) -> Option<(&mut Leg, Option<&mut Leg>)> {
    let [caller, callee] = legs;
    let (near, far) = if side == Side::Caller { (caller, callee) } else { (callee, caller) };
    Some((near.as_mut()?, far.as_mut()))
}

impl Session for Bridge {
    fn step(&mut self, now: Moment, buffer: &mut Buffer) -> Moment {
        for side in [Side::Caller, Side::Callee] {
            self.listen(side, now, buffer);
        }
        now + RTP_TICK_MICROS
    }
}

#[cfg(test)]
mod tests;
