//! Sound of many calls: packets both ways, and the gaps in what comes back.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use wire::dtmf::Key;
use wire::dtmf::event::Event;
use wire::rtp::Sender;

use crate::clock;

/// Sockets that all calls share. Each has its own queue in the kernel.
const SOCKETS: usize = 64;
const PACKET: Duration = Duration::from_millis(20);
const TICK: Duration = Duration::from_millis(1);
const TICKS_A_PACKET: usize = 20;
const SAMPLES: u32 = 160;
/// A packet this much behind the one before it was missed by an ear.
const GAP: Duration = Duration::from_millis(40);
/// Payload type of telephone events in our offers.
const EVENTS: u8 = 101;

/// Where the sound of many calls comes to.
pub struct Streams {
    sockets: Vec<UdpSocket>,
}

/// What was heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Packets that came while it counted.
    pub packets: u64,
    /// Of these, how many came more than 40 ms behind the one before in their call.
    pub gaps: u64,
    /// Calls of which nothing came.
    pub silent: usize,
    /// The longest that this side itself was held up: gaps may be its own.
    pub held_up: Duration,
}

impl Streams {
    /// At one address.
    pub fn open(ip: Ipv4Addr) -> Result<Self> {
        let sockets = (0..SOCKETS).map(|_| {
            let socket = UdpSocket::bind((ip, 0))?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        });
        Ok(Self { sockets: sockets.collect::<Result<_>>()? })
    }

    /// Where the sound of this call is wanted.
    pub fn address(&self, call: usize) -> Result<SocketAddr> {
        Ok(self.sockets[call % SOCKETS].local_addr()?)
    }

    /// Sends silence to each of these addresses every 20 ms, and listens. What comes in the first part is not counted.
    /// `measured` is called when counting begins. Blocks its thread.
    pub fn run(&self, calls: &[SocketAddr], warm_up: Duration, counted: Duration, measured: impl FnOnce()) -> Result<Heard> {
        ensure!(!calls.is_empty(), "no calls");
        let by_source: HashMap<SocketAddr, usize> = calls.iter().enumerate().map(|(call, at)| (*at, call)).collect();
        let mut senders: Vec<Sender> = (0..calls.len()).map(|call| Sender::new(call as u32 + 1, 0, 0)).collect();
        let mut last: Vec<Option<Instant>> = vec![None; calls.len()];
        let mut heard = Heard::default();
        let (silence, mut buffer) = ([0xFF; SAMPLES as usize], [0; 2048]);
        let started = clock::now();
        let (counts_from, until) = (started + warm_up, started + warm_up + counted);
        let mut measured = Some(measured);
        let (mut tick, mut before) = (0usize, started);
        loop {
            let now = clock::now();
            if now >= until {
                break;
            }
            let counting = now >= counts_from;
            if counting && let Some(begin) = measured.take() {
                begin();
            }
            if counting {
                heard.held_up = heard.held_up.max(now - before);
            }
            before = now;
            while started + TICK * u32::try_from(tick)? <= now {
                for call in (tick % TICKS_A_PACKET..calls.len()).step_by(TICKS_A_PACKET) {
                    let packet = senders[call].packet(0, SAMPLES, &silence);
                    // What a full queue drops is the other side's loss, as on any network.
                    drop(self.sockets[call % SOCKETS].send_to(&packet, calls[call]));
                }
                tick += 1;
            }
            for socket in &self.sockets {
                loop {
                    match socket.recv_from(&mut buffer) {
                        Ok((_, from)) => {
                            let Some(call) = by_source.get(&from) else { continue };
                            let at = clock::now();
                            if counting {
                                heard.packets += 1;
                                heard.gaps += u64::from(last[*call].is_some_and(|last| at - last > GAP));
                            }
                            last[*call] = Some(at);
                        }
                        Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                        // A port that is closed already.
                        Err(_) => {}
                    }
                }
            }
            #[expect(clippy::disallowed_methods, reason = "the beat of a load, on a thread of its own")]
            std::thread::sleep(TICK / 2);
        }
        heard.silent = last.iter().filter(|last| last.is_none()).count();
        Ok(heard)
    }
}

/// Keys pressed on a telephone, each for 60 ms with 60 ms between them, in packets of 20 ms.
pub async fn press(socket: &tokio::net::UdpSocket, to: SocketAddr, keys: &str) -> Result<()> {
    let mut sender = Sender::new(7, 1, 1);
    let silence = [0xFF; SAMPLES as usize];
    let mut beat = tokio::time::interval(PACKET);
    for _ in 0..3 {
        beat.tick().await;
        socket.send_to(&sender.packet(0, SAMPLES, &silence), to).await?;
    }
    for key in keys.chars().filter_map(Key::named) {
        for (number, end) in [false, false, false, true, true, true].into_iter().enumerate() {
            if !end {
                beat.tick().await;
            }
            let duration = (SAMPLES * (number as u32 + 1).min(3)) as u16;
            let payload = Event { key, end, attenuation: 10, duration }.payload();
            socket.send_to(&sender.still(EVENTS, number == 0, &payload), to).await?;
        }
        sender.pass(3 * SAMPLES);
        for _ in 0..3 {
            beat.tick().await;
            socket.send_to(&sender.packet(0, SAMPLES, &silence), to).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_counted_and_gaps_are_found() {
        let echo = UdpSocket::bind("127.0.0.1:0").unwrap();
        echo.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let at = echo.local_addr().unwrap();
        let streams = Streams::open(Ipv4Addr::LOCALHOST).unwrap();
        let echoing = std::thread::spawn(move || {
            let (mut buffer, mut number) = ([0; 2048], 0);
            while let Ok((length, from)) = echo.recv_from(&mut buffer) {
                number += 1;
                // Four packets out of eight are kept back: 100 ms.
                if number % 8 < 4 {
                    echo.send_to(&buffer[..length], from).unwrap();
                }
            }
        });
        let heard = streams.run(&[at], Duration::ZERO, Duration::from_millis(800), || {}).unwrap();
        echoing.join().unwrap();
        assert!(heard.gaps >= 1 && heard.packets > heard.gaps && heard.silent == 0, "{heard:?}");
    }
}
