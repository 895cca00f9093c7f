//! The sound of one call: real RTP both ways, on a socket of its own.

use std::collections::{HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};
use wire::dtmf::Key;
use wire::g711::Codec;
use wire::rtp::{Header, Packet, Sender};

use crate::limits::HEARD_BYTES_MAX;
use crate::sip::keys::{By, Keying, event_payloads, tone};

/// The length of a packet.
const PACKET: Duration = Duration::from_millis(20);
/// Samples of a packet.
const SAMPLES: u32 = 160;

/// What a phone sends while nobody speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Silence {
    /// A packet every 20 ms, as phones do.
    #[default]
    Steady,
    /// One a second: enough to be found behind NAT, and cheap.
    Sparse,
    /// Nothing.
    Mute,
}

/// What came from the other side.
#[derive(Clone, Debug)]
pub struct Heard {
    /// RTP packets.
    pub packets: u64,
    /// Telephone events among them.
    pub events: u64,
    /// Packets that are missing by their numbers; late ones count as missing.
    pub missing: u64,
    /// The longest time between two packets.
    pub longest_gap: Duration,
    codec: Option<Codec>,
    sound: Vec<u8>,
    /// Whether every packet had the usual length.
    is_even: bool,
    last: Option<(u32, u16, Instant)>,
}

impl Default for Heard {
    fn default() -> Self {
        let longest_gap = Duration::ZERO;
        Self { packets: 0, events: 0, missing: 0, longest_gap, codec: None, sound: Vec::new(), is_even: true, last: None }
    }
}

impl Heard {
    /// The sound as it came: codec and codes, at most [`HEARD_BYTES_MAX`].
    pub fn sound(&self) -> Option<(Codec, &[u8])> {
        Some((self.codec?, &self.sound))
    }

    /// Seconds of sound that is not silence.
    pub fn loud_seconds(&self) -> f64 {
        let Some(codec) = self.codec else { return 0.0 };
        let loud = self.sound.chunks(SAMPLES as usize).filter(|frame| is_loud(codec, frame)).count();
        f64::from(loud as u32) * PACKET.as_secs_f64()
    }

    /// How much of a known clip was heard, 0 to 1, by its frames of 20 ms that are not silence. `clip` is in the call's codec.
    pub fn share_of(&self, clip: &[u8]) -> f64 {
        let Some(codec) = self.codec else { return 0.0 };
        let frames: Vec<&[u8]> = clip.chunks_exact(SAMPLES as usize).filter(|frame| is_loud(codec, frame)).collect();
        // Packets are mostly as long as frames; where not, a frame stands anywhere.
        let packets: HashSet<&[u8]> = if self.is_even { self.sound.chunks_exact(SAMPLES as usize).collect() } else { HashSet::new() };
        let anywhere = |frame: &[u8]| !self.is_even && self.sound.windows(frame.len()).any(|own| own == frame);
        let heard = frames.iter().filter(|frame| packets.contains(**frame) || anywhere(frame)).count();
        if frames.is_empty() { 0.0 } else { f64::from(heard as u32) / f64::from(frames.len() as u32) }
    }

    fn packet(&mut self, header: &Header, payload: &[u8], event: Option<u8>, keep: bool, now: Instant) {
        self.packets += 1;
        if let Some((ssrc, sequence, at)) = self.last {
            self.longest_gap = self.longest_gap.max(now - at);
            let ahead = header.sequence.wrapping_sub(sequence);
            if ssrc == header.ssrc && (2..1000).contains(&ahead) {
                self.missing += u64::from(ahead - 1);
            }
        }
        self.last = Some((header.ssrc, header.sequence, now));
        if Some(header.payload_type) == event {
            self.events += 1;
            return;
        }
        let codec = Codec::ALL.into_iter().find(|codec| codec.payload_type() == header.payload_type);
        self.codec = codec.or(self.codec);
        if keep && codec.is_some() {
            self.is_even &= payload.len() == SAMPLES as usize;
            let room = HEARD_BYTES_MAX - self.sound.len();
            self.sound.extend_from_slice(&payload[..payload.len().min(room)]);
        }
    }
}

fn is_loud(codec: Codec, frame: &[u8]) -> bool {
    frame.iter().any(|code| codec.decode(*code).unsigned_abs() > 400)
}

/// Where to send, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Agreed {
    pub to: Option<SocketAddr>,
    pub codec: Codec,
    pub event: Option<u8>,
    pub sends: bool,
}

/// The sound of a call; silent and closed when dropped.
#[derive(Debug)]
pub(super) struct Sound {
    pub port: u16,
    pub heard: Arc<Mutex<Heard>>,
    /// Counts packets, for those who wait.
    pub counted: watch::Receiver<u64>,
    orders: mpsc::Sender<Order>,
    agreed: watch::Sender<Option<Agreed>>,
    task: tokio::task::AbortHandle,
}

/// Some keys to press.
#[derive(Debug)]
pub(super) struct Order {
    pub keys: Vec<Key>,
    pub by: By,
    pub keying: Keying,
    pub done: oneshot::Sender<()>,
}

impl Sound {
    pub fn start(socket: UdpSocket, silence: Silence, keep: bool, chance: u64) -> std::io::Result<Self> {
        let port = socket.local_addr()?.port();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let (orders, ordered) = mpsc::channel(4);
        let (agreed, agreement) = watch::channel(None);
        let (count, counted) = watch::channel(0);
        let sender = Sender::new(chance as u32, (chance >> 32) as u16, (chance >> 16) as u32);
        let line =
            Line { socket, heard: Arc::clone(&heard), agreed: agreement, count, sender, silence, keep, queue: VecDeque::new(), turn: 0 };
        let task = tokio::spawn(line.run(ordered)).abort_handle();
        Ok(Self { port, heard, counted, orders, agreed, task })
    }

    pub fn agree(&self, agreed: Agreed) {
        self.agreed.send_replace(Some(agreed));
    }

    pub fn agreed(&self) -> Option<Agreed> {
        *self.agreed.borrow()
    }

    pub fn agreement(&self) -> watch::Receiver<Option<Agreed>> {
        self.agreed.subscribe()
    }

    pub fn orders(&self) -> mpsc::Sender<Order> {
        self.orders.clone()
    }
}

impl Drop for Sound {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One turn of 20 ms.
enum Turn {
    Event {
        payload: [u8; 4],
        marker: bool,
    },
    /// The end of an event, three times, and how long it was.
    End {
        payload: [u8; 4],
        samples: u32,
    },
    Frame(Vec<u8>),
    Quiet,
    Done(oneshot::Sender<()>),
}

struct Line {
    socket: UdpSocket,
    heard: Arc<Mutex<Heard>>,
    agreed: watch::Receiver<Option<Agreed>>,
    count: watch::Sender<u64>,
    sender: Sender,
    silence: Silence,
    keep: bool,
    queue: VecDeque<Turn>,
    turn: u64,
}

impl Line {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut buffer = [0; 2048];
        let mut next = Instant::now();
        let mut pace = PACKET;
        loop {
            let is_keying = !self.queue.is_empty();
            let waits = if is_keying || self.silence == Silence::Steady { pace } else { 50 * PACKET };
            tokio::select! {
                received = self.socket.recv_from(&mut buffer) => {
                    if let Ok((length, _)) = received {
                        self.take(&buffer[..length]);
                    }
                }
                () = sleep_until(next), if is_keying || self.silence != Silence::Mute => {
                    self.send().await;
                    // A late turn is not made up for in a burst.
                    next = (next + waits).max(Instant::now());
                }
                order = orders.recv(), if !is_keying => {
                    let Some(order) = order else { return };
                    pace = order.keying.packet_every;
                    self.queue_keys(order);
                    next = Instant::now();
                }
            }
            if self.queue.is_empty() {
                pace = PACKET;
            }
        }
    }

    fn take(&mut self, datagram: &[u8]) {
        let Ok(packet) = Packet::parse(datagram) else { return };
        let event = self.agreed.borrow().and_then(|agreed| agreed.event);
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.packet(&packet.header, packet.payload, event, self.keep, Instant::now());
        self.count.send_replace(heard.packets);
    }

    async fn send(&mut self) {
        let Some(Agreed { to: Some(to), codec, event, sends: true }) = *self.agreed.borrow() else {
            // Keys into the void are pressed all the same.
            while let Some(turn) = self.queue.pop_front() {
                if let Turn::Done(done) = turn {
                    let _ = done.send(());
                }
            }
            return;
        };
        let event = event.unwrap_or(101);
        let packets = match self.queue.pop_front() {
            Some(Turn::Event { payload, marker }) => vec![self.sender.still(event, marker, &payload)],
            Some(Turn::End { payload, samples }) => {
                let ends = (0..3).map(|_| self.sender.still(event, false, &payload)).collect();
                self.sender.pass(samples);
                ends
            }
            Some(Turn::Frame(frame)) => vec![self.sender.packet(codec.payload_type(), SAMPLES, &frame)],
            Some(Turn::Done(done)) => {
                let _ = done.send(());
                Vec::new()
            }
            Some(Turn::Quiet) | None => vec![self.sender.packet(codec.payload_type(), SAMPLES, &[codec.silence(); SAMPLES as usize])],
        };
        self.turn += 1;
        for packet in packets {
            // Nobody there is what the other side's silence says, too.
            drop(self.socket.send_to(&packet, to).await);
        }
    }

    fn queue_keys(&mut self, order: Order) {
        let codec = self.agreed.borrow().map_or(Codec::Pcmu, |agreed| agreed.codec);
        let (down, up) = (order.keying.packets_down(), order.keying.packets_up());
        for key in order.keys {
            if order.by == By::Tones {
                self.queue.extend(tone(key, down, codec).into_iter().map(Turn::Frame));
            } else {
                let (updates, end) = event_payloads(key, down);
                let updates = updates.into_iter().enumerate();
                self.queue.extend(updates.map(|(at, payload)| Turn::Event { payload, marker: at == 0 }));
                self.queue.push_back(Turn::End { payload: end, samples: u32::from(down) * SAMPLES });
            }
            self.queue.extend((0..up).map(|_| Turn::Quiet));
        }
        self.queue.push_back(Turn::Done(order.done));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(frames: &[&[u8]]) -> Heard {
        let mut heard = Heard::default();
        for (at, frame) in frames.iter().enumerate() {
            let header = Header { marker: false, payload_type: 8, sequence: at as u16, timestamp: 0, ssrc: 1 };
            heard.packet(&header, frame, Some(101), true, Instant::now());
        }
        heard
    }

    #[test]
    fn a_clip_is_known_again_and_silence_is_none() {
        let loud: Vec<Vec<u8>> =
            (0..4).map(|n| (0..160).map(|at| Codec::Pcma.encode(if at % 7 == n { 9000 } else { -9000 })).collect()).collect();
        let silence = vec![Codec::Pcma.silence(); 160];
        let clip: Vec<u8> = [&loud[0], &silence, &loud[1]].into_iter().flatten().copied().collect();
        let half = heard(&[&silence, &loud[0], &loud[2]]);
        assert!((half.share_of(&clip) - 0.5).abs() < f64::EPSILON, "{}", half.share_of(&clip));
        assert!((half.loud_seconds() - 0.04).abs() < 1e-9);
        let shifted: Vec<u8> = silence[..40].iter().chain(&clip).copied().collect();
        assert!((heard(&[&shifted[..240], &shifted[240..]]).share_of(&clip) - 1.0).abs() < f64::EPSILON, "packets of another length");
        assert!(heard(&[&silence]).loud_seconds() < f64::EPSILON);
    }

    #[test]
    fn missing_packets_and_events_are_counted() {
        let mut heard = Heard::default();
        for (sequence, payload_type) in [(1, 0), (2, 101), (5, 0), (65_000, 0)] {
            let header = Header { marker: false, payload_type, sequence, timestamp: 0, ssrc: 1 };
            heard.packet(&header, &[0; 4], Some(101), true, Instant::now());
        }
        assert_eq!((heard.packets, heard.events, heard.missing), (4, 1, 2));
        assert_eq!(heard.sound().map(|(codec, sound)| (codec, sound.len())), Some((Codec::Pcmu, 12)));
    }
}
