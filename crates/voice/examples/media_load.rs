//! Loads the media alone: so many calls with us and so many relays, sound both ways, for some seconds; then tells what
//! the media threads needed. The generator has threads of its own, so give it another core.
//!
//! `cargo run --profile ci -p voice --example media_load -- [CALLS] [RELAYS] [SECONDS] [plain|inband|srtp]`

use std::{
    env, fs,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use voice::{
    media::{Media, MediaOptions, Place, PortRange, Relay, Srtp, Surroundings, Talk},
    prompts::Clip,
};
use webrtc_srtp::{context::Context, protection_profile::ProtectionProfile};
use wire::{rtp::Sender, sdp::Session};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Inband,
    Srtp,
}

/// One telephone.
struct Phone {
    socket: UdpSocket,
    to: SocketAddr,
    sender: Sender,
    seal: Option<Context>,
    received: u64,
}

impl Phone {
    fn new(kind: Kind) -> (Self, String) {
        let socket = UdpSocket::bind((LOCALHOST, 0)).expect("a port is free; is `ulimit -n` high enough?");
        socket.set_nonblocking(true).expect("a socket can be told not to block");
        let to = socket.local_addr().expect("a bound socket has an address");
        let (profile, rest) = match kind {
            Kind::Plain => ("RTP/AVP 8 101", "a=rtpmap:101 telephone-event/8000\r\n"),
            Kind::Inband => ("RTP/AVP 8", ""),
            Kind::Srtp => (
                "RTP/SAVP 8 101",
                "a=rtpmap:101 telephone-event/8000\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB\r\n",
            ),
        };
        let offer = format!("v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio {} {profile}\r\n{rest}", to.port());
        let seal = (kind == Kind::Srtp).then(|| {
            let profile = ProtectionProfile::Aes128CmHmacSha1_80;
            Context::new(&[1; 16], &[1; 14], profile, None, None).expect("the key fits")
        });
        (Self { socket, to, sender: Sender::new(u32::from(to.port()), 0, 0), seal, received: 0 }, offer)
    }

    fn learn(mut self, body: &str) -> Self {
        let session = Session::parse(body.as_bytes()).expect("our descriptions can be read");
        self.to.set_port(session.media[0].port);
        self
    }

    fn turn(&mut self, sound: &[u8; 160]) {
        let packet = self.sender.packet(8, 160, sound);
        let packet = self.seal.as_mut().map_or(packet.clone(), |seal| seal.encrypt_rtp(&packet).expect("a plain packet").to_vec());
        // A full buffer of the receiver is what this wants to find out.
        let _ = self.socket.send_to(&packet, self.to);
        let mut buffer = [0; 2000];
        while self.socket.recv(&mut buffer).is_ok() {
            self.received += 1;
        }
    }
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |at: usize, otherwise: u32| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let (calls, relays, seconds) = (number(0, 1000), number(1, 0), number(2, 10));
    let kind = match arguments.get(3).map(String::as_str) {
        Some("inband") => Kind::Inband,
        Some("srtp") => Kind::Srtp,
        _ => Kind::Plain,
    };
    let around = Surroundings { peer: LOCALHOST, secure: kind == Kind::Srtp, srtp: Srtp::Preferred };
    let places = vec![Place { bind: LOCALHOST, advertised: LOCALHOST }];
    let ports = PortRange { from: 0, to: 0 };
    let media = Media::open(&MediaOptions { places, ports, reserved: 0, threads: 1 }).expect("threads can be started");
    let clip = Arc::new(Clip::from_pcm8k(&vec![3000; 80_000]));

    let (mut phones, mut talks, mut passed): (Vec<Phone>, Vec<Talk>, Vec<Relay>) = Default::default();
    let rss = resident_kb();
    for _ in 0..calls {
        let (phone, offer) = Phone::new(kind);
        let talk = media.answer(offer.as_bytes(), &around).expect("a port is free; is `ulimit -n` high enough?");
        talk.play(vec![Arc::clone(&clip); 200]);
        phones.push(phone.learn(talk.answer()));
        talks.push(talk);
    }
    for _ in 0..relays {
        let ((phone, offer), (trunk, answer)) = (Phone::new(kind), Phone::new(Kind::Plain));
        let mut relay = media.relay(offer.as_bytes(), &around, &around).expect("a port is free; is `ulimit -n` high enough?");
        phones.push(trunk.learn(relay.offer()));
        let answer = relay.answered(answer.as_bytes()).expect("the answer fits");
        phones.push(phone.learn(&answer));
        passed.push(relay);
    }
    let kept = resident_kb().saturating_sub(rss);

    let stop = Arc::new(AtomicBool::new(false));
    let generator = thread::spawn({
        let stop = Arc::clone(&stop);
        move || generate(phones, &stop)
    });
    pause(2);
    let before = busy_ms();
    pause(seconds);
    let after = busy_ms();
    stop.store(true, Ordering::Relaxed);
    let received = generator.join().expect("the generator ends");

    let sum = |of: fn(&voice::media::Statistics) -> u64| {
        talks.iter().map(Talk::statistics).chain(passed.iter().map(Relay::statistics)).map(|counts| of(&counts)).sum::<u64>()
    };
    let (packets_in, packets_out, gaps) =
        (sum(|counts| counts.packets_in), sum(|counts| counts.packets_out), sum(|counts| counts.gaps_out));
    println!("{calls} calls, {relays} relays, {seconds} s; process memory +{kept} kB with the telephones (sockets' own memory not in it)");
    println!("packets in {packets_in}, out {packets_out} ({received} received), gaps over 40 ms: {gaps}");
    for ((name, before), (_, after)) in before.iter().zip(&after) {
        println!("{name}: {:.1} % of a core", (after - before) / (10.0 * f64::from(seconds)));
    }
}

/// Each telephone has its turn once in 20 ms, the telephones spread over that time.
fn generate(mut phones: Vec<Phone>, stop: &AtomicBool) -> u64 {
    let sound = std::array::from_fn(|at| (at * 7) as u8);
    let (_sender, never) = mpsc::channel::<()>();
    #[expect(clippy::disallowed_methods, reason = "a load generator keeps time")]
    let begin = std::time::Instant::now();
    let mut tick = 0u32;
    while !stop.load(Ordering::Relaxed) {
        #[expect(clippy::disallowed_methods, reason = "a load generator keeps time")]
        let now = begin.elapsed();
        let _ = never.recv_timeout((Duration::from_millis(2) * tick).saturating_sub(now));
        for phone in phones.iter_mut().skip(tick as usize % 10).step_by(10) {
            phone.turn(&sound);
        }
        tick += 1;
    }
    phones.iter().map(|phone| phone.received).sum()
}

fn pause(seconds: u32) {
    let (_sender, never) = mpsc::channel::<()>();
    let _ = never.recv_timeout(Duration::from_secs(seconds.into()));
}

/// Milliseconds that each media thread was on a core.
fn busy_ms() -> Vec<(String, f64)> {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux tells of threads");
    let mut busy: Vec<_> = tasks
        .filter_map(|task| {
            let folder = task.ok()?.path();
            let name = fs::read_to_string(folder.join("comm")).ok()?;
            let schedule = fs::read_to_string(folder.join("schedstat")).ok()?;
            let nanoseconds: f64 = schedule.split(' ').next()?.parse().ok()?;
            name.starts_with("rtp").then(|| (name.trim().to_owned(), nanoseconds / 1e6))
        })
        .collect();
    busy.sort_by(|(one, _), (other, _)| one.cmp(other));
    busy
}

fn resident_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells of processes");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS is always there");
    line.trim().trim_end_matches(" kB").parse().expect("VmRSS is a number")
}
