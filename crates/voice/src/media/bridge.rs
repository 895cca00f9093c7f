//! A relay's packets, on their thread: what one side sends goes to the other, whatever it is.

use std::{
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
    legs: [Leg; 2],
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

    /// Where its RTCP goes.
    fn control_target(&mut self, now: Moment) -> Option<SocketAddr> {
        let target = self.latch.target(now)?;
        let heard = self.control.filter(|control| control.ip() == target.ip());
        heard.or_else(|| Some(SocketAddr::new(target.ip(), target.port().checked_add(1)?)))
    }
}

impl Bridge {
    pub(super) fn new(legs: [Leg; 2], counters: Counters) -> Self {
        Self { legs, counters }
    }

    pub(super) fn agree(&mut self, side: Side, terms: &Terms) {
        self.legs[side as usize].agree(terms);
    }

    pub(super) fn replace(&mut self, side: Side, leg: Leg) {
        self.legs[side as usize] = leg;
    }

    fn listen(&mut self, side: Side, now: Moment, buffer: &mut Buffer) {
        for _ in 0..RTP_DRAIN_PACKETS {
            match self.legs[side as usize].lease.rtp.recv_from(buffer) {
                Ok((length, from)) => self.pass(side, from, &buffer[..length], now),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                // What ICMP told about packets that we sent.
                Err(_) => {}
            }
        }
        for _ in 0..RTP_DRAIN_PACKETS {
            let Some(received) = self.legs[side as usize].lease.rtcp.as_ref().map(|rtcp| rtcp.recv_from(buffer)) else { return };
            match received {
                Ok((length, from)) => self.pass_control(side, from, &buffer[..length], now),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => {}
            }
        }
    }

    /// Takes one datagram from the RTP port of a side.
    pub(super) fn pass(&mut self, side: Side, from: SocketAddr, datagram: &[u8], now: Moment) {
        let [caller, callee] = &mut self.legs;
        let (near, far) = if side == Side::Caller { (caller, callee) } else { (callee, caller) };
        let budget = if near.latch.knows(from) { &mut near.budget } else { &mut near.strangers };
        if !budget.take(now) {
            return self.counters.add(Count::Limited);
        }
        let opened;
        let datagram = match &mut near.unprotect {
            None => datagram,
            Some(unprotect) => {
                let Some(packet) = unprotect.packet(datagram) else {
                    let is_theirs = near.latch.is_present(from);
                    return self.counters.add(if is_theirs { Count::Ignored } else { Count::WrongSource });
                };
                opened = packet;
                &opened
            }
        };
        let Ok(packet) = Packet::parse(datagram) else { return self.counters.add(Count::Ignored) };
        if !near.latch.accept(from, &packet.header, near.unprotect.is_some(), now) {
            return self.counters.add(Count::WrongSource);
        }
        self.counters.add(Count::PacketsIn);
        let Some(target) = far.latch.target(now) else { return };
        let is_sent = match &mut far.protect {
            None => far.lease.rtp.send_to(datagram, target).is_ok(),
            Some(protect) => {
                if near.receiver.accept(&packet.header).is_none() {
                    return self.counters.add(Count::Ignored);
                }
                // Contributors, extensions and padding are left out: the library mistakes some of them.
                let packet = protect.packet(&packet.header.packet(packet.payload));
                packet.is_some_and(|packet| far.lease.rtp.send_to(&packet, target).is_ok())
            }
        };
        if is_sent {
            self.counters.add(Count::PacketsOut);
        }
    }

    /// Takes one datagram from the RTCP port of a side. Where a side uses SRTP, it ends here.
    pub(super) fn pass_control(&mut self, side: Side, from: SocketAddr, datagram: &[u8], now: Moment) {
        let [caller, callee] = &mut self.legs;
        let (near, far) = if side == Side::Caller { (caller, callee) } else { (callee, caller) };
        if !near.control_budget.take(now) {
            return self.counters.add(Count::Limited);
        }
        // Only from where its RTP comes from, or where it should.
        let is_theirs = near.latch.target(now).is_some_and(|target| target.ip() == from.ip());
        if !is_theirs {
            return self.counters.add(Count::WrongSource);
        }
        let is_control = matches!(datagram, [flags, kind, ..] if flags >> 6 == 2 && (192..=223).contains(kind));
        if !is_control || !(8..=RTP_PACKET_BYTES_MAX).contains(&datagram.len()) || !near.is_plain() || !far.is_plain() {
            return self.counters.add(Count::Ignored);
        }
        near.control = Some(from);
        let Some(target) = far.control_target(now) else { return };
        let sent = far.lease.rtcp.as_ref().is_some_and(|rtcp| rtcp.send_to(datagram, target).is_ok());
        if sent {
            self.counters.add(Count::Control);
        }
    }
}

impl Session for Bridge {
    fn step(&mut self, now: Moment, buffer: &mut Buffer) -> Moment {
        for side in [Side::Caller, Side::Callee] {
            self.listen(side, now, buffer);
        }
        now + RTP_TICK_MICROS
    }
}
