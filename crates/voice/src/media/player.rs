//! The telephone's side of a call with us, on its thread: what is said to it, and which keys it presses.

use std::{
    collections::VecDeque,
    io::ErrorKind,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use tokio::sync::mpsc::Sender as Events;
use wire::{
    dtmf::{Method, event::Decoder, inband::Detector},
    g711::{Codec, SAMPLES_PER_SECOND},
    limits::RTP_REORDER_PACKETS,
    rtp::{Item, Packet, Receiver, Reorder, Sender},
    sdp::{Chosen, Direction, SrtpKey},
};

use super::{
    counters::{Count, Counters},
    engine::{Buffer, Session},
    latch::{Budget, Latch},
    outside::{Moment, random},
    ports::Lease,
    srtp::{Protect, Unprotect},
    talk::TalkEvent,
};
use crate::{
    limits::{
        RTP_CATCH_UP_PACKETS, RTP_CLIPS_MAX, RTP_DRAIN_PACKETS, RTP_GAP_MICROS, RTP_PACKETS_PER_SECOND, RTP_POLL_MICROS,
        RTP_STRANGERS_PER_SECOND,
    },
    prompts::Clip,
};

/// Comfort noise (RFC 3389), which telephones send whether they said so or not.
const COMFORT_NOISE: u8 = 13;

/// Samples of the longest packets, of 60 ms.
const SAMPLES_MAX: usize = 480;

/// What a description says about the sound, and the key of what we send.
pub(super) struct Terms {
    pub(super) chosen: Chosen,
    /// Whether the telephone still chooses between our codecs: the offer was ours, and its answer was not seen.
    pub(super) is_open: bool,
    pub(super) signalling: IpAddr,
    pub(super) key: SrtpKey,
}

pub(super) struct Player {
    pub(super) lease: Lease,
    pub(super) latch: Latch,
    pub(super) protect: Option<Box<Protect>>,
    pub(super) unprotect: Option<Box<Unprotect>>,
    counters: Counters,
    events: Events<TalkEvent>,
    sound: Sound,
    sender: Sender,
    receiver: Receiver,
    decoder: Decoder,
    inband: Option<Box<Inband>>,
    queue: VecDeque<Arc<Clip>>,
    /// Bytes of the first clip that were sent.
    played: usize,
    next_packet: Moment,
    next_poll: Moment,
    last_packet: Option<Moment>,
    budget: Budget,
    strangers: Budget,
}

/// What was agreed about the sound.
#[derive(Debug, Clone, Copy)]
struct Sound {
    is_open: bool,
    codec: Codec,
    payload_type: u8,
    event: Option<u8>,
    samples: usize,
    period: Moment,
    direction: Direction,
}

impl Sound {
    fn of(terms: &Terms) -> Self {
        let Chosen { codec, payload_type, event, ptime_ms, direction, .. } = terms.chosen;
        let samples = (usize::from(ptime_ms) * 8).min(SAMPLES_MAX);
        Self { is_open: terms.is_open, codec, payload_type, event, samples, period: Moment::from(ptime_ms) * 1000, direction }
    }
}

impl Player {
    pub(super) fn new(lease: Lease, terms: &Terms, counters: Counters, events: Events<TalkEvent>) -> Self {
        let [ssrc, timestamp] = [random(), random()].map(u32::from_be_bytes);
        // In the lower half, so that an SRTP receiver that misses the first packets cannot mistake the first wrap.
        let sequence = u16::from_be_bytes(random()) & 0x7FFF;
        let mut player = Self {
            lease,
            latch: Latch::new(terms.signalling, terms.chosen.remote, false),
            protect: None,
            unprotect: None,
            counters,
            events,
            sound: Sound::of(terms),
            sender: Sender::new(ssrc, sequence, timestamp),
            receiver: Receiver::default(),
            decoder: Decoder::default(),
            inband: None,
            queue: VecDeque::new(),
            played: 0,
            next_packet: 0,
            next_poll: 0,
            last_packet: None,
            budget: Budget::new(RTP_PACKETS_PER_SECOND),
            strangers: Budget::new(RTP_STRANGERS_PER_SECOND),
        };
        player.agree(terms);
        player
    }

    /// Goes on under new terms.
    pub(super) fn agree(&mut self, terms: &Terms) {
        let secured = terms.chosen.secured.as_ref();
        self.latch.state(terms.signalling, terms.chosen.remote);
        Unprotect::renew(&mut self.unprotect, secured);
        Protect::renew(&mut self.protect, &terms.key, secured.map(|secured| secured.suite));
        self.sound = Sound::of(terms);
        if self.sound.event.is_some() {
            self.inband = None;
        } else {
            self.inband.get_or_insert_default();
        }
    }

    /// Says these after what is being said.
    pub(super) fn play(&mut self, clips: Vec<Arc<Clip>>) {
        let is_idle = self.queue.is_empty();
        let room = RTP_CLIPS_MAX - self.queue.len();
        self.queue.extend(clips.into_iter().filter(|clip| clip.frames() > 0).take(room));
        if is_idle && self.queue.is_empty() {
            self.tell(TalkEvent::Played);
        }
    }

    /// Stops speaking at once.
    pub(super) fn silence(&mut self) {
        self.queue.clear();
        self.played = 0;
    }

    fn tell(&self, event: TalkEvent) {
        // Who does not listen for so long has gone.
        let _ = self.events.try_send(event);
    }

    fn listen(&mut self, now: Moment, buffer: &mut Buffer) {
        for _ in 0..RTP_DRAIN_PACKETS {
            match self.lease.rtp.recv_from(buffer) {
                Ok((length, from)) => self.hear(from, &buffer[..length], now),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // What ICMP told about packets that we sent.
                Err(_) => {}
            }
        }
    }

    /// Takes one datagram.
    pub(super) fn hear(&mut self, from: SocketAddr, datagram: &[u8], now: Moment) {
        if self.sound.direction == Direction::Inactive {
            return self.counters.add(Count::Ignored);
        }
        let budget = if self.latch.knows(from) { &mut self.budget } else { &mut self.strangers };
        if !budget.take(now) {
            return self.counters.add(Count::Limited);
        }
        let opened;
        let datagram = match &mut self.unprotect {
            None => datagram,
            Some(unprotect) => {
                let Some(packet) = unprotect.packet(datagram) else {
                    let is_ours = self.latch.is_present(from);
                    return self.counters.add(if is_ours { Count::Ignored } else { Count::WrongSource });
                };
                opened = packet;
                &opened
            }
        };
        let Some(packet) = Packet::parse(datagram).ok().filter(|packet| self.is_agreed(packet)) else {
            return self.counters.add(Count::Ignored);
        };
        if !self.latch.accept(from, &packet.header, self.unprotect.is_some(), now) {
            return self.counters.add(Count::WrongSource);
        }
        let Some(place) = self.receiver.accept(&packet.header) else { return self.counters.add(Count::Ignored) };
        self.counters.add(Count::PacketsIn);
        self.follow(packet.header.payload_type);
        if Some(packet.header.payload_type) == self.sound.event {
            if let Some(key) = self.decoder.push(&packet.header, packet.payload, now / 1000) {
                self.tell(TalkEvent::Key(key, Method::Event));
            }
        } else if packet.header.payload_type == self.sound.payload_type {
            self.overhear(place, packet.payload);
        }
    }

    fn is_agreed(&self, packet: &Packet<'_>) -> bool {
        let kind = packet.header.payload_type;
        let is_codec = kind == self.sound.payload_type || self.sound.is_open && static_codec(kind).is_some();
        is_codec || Some(kind) == self.sound.event || kind == COMFORT_NOISE
    }

    /// Takes the codec that the telephone speaks, if it could choose.
    fn follow(&mut self, kind: u8) {
        if let Some(codec) = static_codec(kind).filter(|_| self.sound.is_open) {
            (self.sound.codec, self.sound.payload_type) = (codec, kind);
        }
    }

    fn overhear(&mut self, place: u64, payload: &[u8]) {
        let Some(inband) = &mut self.inband else { return };
        let payload = &payload[..payload.len().min(SAMPLES_MAX)];
        for key in inband.push(place, payload, self.sound.codec) {
            let _ = self.events.try_send(TalkEvent::Key(key, Method::Inband));
        }
    }

    fn speak(&mut self, now: Moment) {
        let period = self.sound.period;
        if self.next_packet == 0 {
            self.next_packet = now;
        }
        let late = now.saturating_sub(self.next_packet) / period;
        if late > RTP_CATCH_UP_PACKETS {
            // A burst would only be thrown away: these turns are left out, and the time of the packets tells so.
            self.sender.pass(late as u32 * self.sound.samples as u32);
            self.next_packet += late * period;
        }
        while self.next_packet <= now {
            self.next_packet += period;
            self.send(now);
        }
    }

    fn send(&mut self, now: Moment) {
        let samples = self.sound.samples;
        let target = self.latch.target(now).filter(|_| self.sound.direction.sends());
        let Some(target) = target else {
            // Nobody hears: speaking waits, time goes on.
            self.last_packet = None;
            return self.sender.pass(samples as u32);
        };
        let mut payload = [self.sound.codec.silence(); SAMPLES_MAX];
        let is_end = self.fill(&mut payload[..samples]);
        let packet = self.sender.packet(self.sound.payload_type, samples as u32, &payload[..samples]);
        let sent = match &mut self.protect {
            None => self.lease.rtp.send_to(&packet, target).is_ok(),
            Some(protect) => protect.packet(&packet).is_some_and(|packet| self.lease.rtp.send_to(&packet, target).is_ok()),
        };
        if sent {
            self.counters.add(Count::PacketsOut);
        }
        let longest = self.sound.period + RTP_GAP_MICROS;
        if self.last_packet.replace(now).is_some_and(|last| now - last > longest) {
            self.counters.add(Count::GapsOut);
        }
        if is_end {
            self.tell(TalkEvent::Played);
        }
    }

    /// Takes the next samples of what is said; true if these were the last.
    fn fill(&mut self, mut payload: &mut [u8]) -> bool {
        let is_speaking = !self.queue.is_empty();
        while let Some(clip) = self.queue.front().filter(|_| !payload.is_empty()) {
            let rest = &clip.coded(self.sound.codec)[self.played..];
            let length = rest.len().min(payload.len());
            payload[..length].copy_from_slice(&rest[..length]);
            payload = &mut payload[length..];
            self.played += length;
            if length == rest.len() {
                self.queue.pop_front();
                self.played = 0;
            }
        }
        is_speaking && self.queue.is_empty()
    }
}

fn static_codec(kind: u8) -> Option<Codec> {
    Codec::ALL.into_iter().find(|codec| codec.payload_type() == kind)
}

impl Session for Player {
    fn step(&mut self, now: Moment, buffer: &mut Buffer) -> Moment {
        if self.next_poll <= now {
            self.next_poll = if now - self.next_poll < RTP_POLL_MICROS { self.next_poll } else { now } + RTP_POLL_MICROS;
            self.listen(now, buffer);
        }
        self.speak(now);
        self.next_poll.min(self.next_packet)
    }
}

/// Keys from tones.
#[derive(Debug, Default)]
struct Inband {
    order: Reorder<Vec<u8>>,
    detector: Detector,
}

impl Inband {
    fn push(&mut self, place: u64, payload: &[u8], codec: Codec) -> Vec<wire::dtmf::Key> {
        let Self { order, detector } = self;
        let mut keys = Vec::new();
        order.push(place, payload.to_vec(), |item| match item {
            Item::Packet(payload) => keys.extend(payload.iter().filter_map(|code| detector.push(codec.decode(*code)))),
            Item::Lost(packets) => {
                let samples = packets.min(RTP_REORDER_PACKETS) * u64::from(SAMPLES_PER_SECOND / 50);
                keys.extend((0..samples).filter_map(|_| detector.push(0)));
            }
        });
        keys
    }
}

#[cfg(test)]
mod tests;
