//! Calls and relays over real sockets on the loopback interface.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{net::UdpSocket, time::timeout};
use wire::{
    g711::Codec,
    rtp::{Header, Packet},
    sdp::Session,
};

use super::*;
use crate::prompts::Clip;

/// Longer than any wait of these tests on a busy machine.
const LONG: Duration = Duration::from_secs(20);

fn media() -> Media {
    media_with(PortRange { from: 0, to: 0 }, 0)
}

fn media_with(ports: PortRange, reserved: usize) -> Media {
    let place = |ip: IpAddr| Place { bind: ip, advertised: ip };
    let places = vec![place(Ipv4Addr::LOCALHOST.into()), place(Ipv6Addr::LOCALHOST.into())];
    Media::open(&MediaOptions { places, ports, reserved, threads: 1 }).unwrap()
}

fn near(ip: impl Into<IpAddr>) -> Surroundings {
    Surroundings { peer: ip.into(), secure: false, srtp: Srtp::Off }
}

/// A telephone's RTP socket.
struct Phone {
    rtp: UdpSocket,
    sequence: u16,
    to: SocketAddr,
}

impl Phone {
    async fn at(ip: impl Into<IpAddr>) -> Self {
        let rtp = UdpSocket::bind((ip.into(), 0)).await.unwrap();
        let to = rtp.local_addr().unwrap();
        Self { rtp, sequence: 0, to }
    }

    fn address(&self) -> SocketAddr {
        self.rtp.local_addr().unwrap()
    }

    fn offer(&self, media: &str) -> String {
        let address = self.address();
        let family = if address.is_ipv4() { "IP4" } else { "IP6" };
        let media = media.replace("PORT", &address.port().to_string());
        format!("v=0\r\no=- 1 1 IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n{media}", ip = address.ip())
    }

    /// Learns from a description where to send.
    fn learn(&mut self, body: &str) -> Session {
        let session = Session::parse(body.as_bytes()).unwrap();
        let sound = session.media.iter().find(|media| media.port != 0).unwrap();
        self.to = SocketAddr::new(sound.address.unwrap(), sound.port);
        session
    }

    async fn send(&mut self, payload_type: u8, timestamp: u32, payload: &[u8]) {
        let header = Header { marker: false, payload_type, sequence: self.sequence, timestamp, ssrc: 7 };
        self.sequence = self.sequence.wrapping_add(1);
        self.rtp.send_to(&header.packet(payload), self.to).await.unwrap();
    }

    async fn receive(&self) -> Vec<u8> {
        let mut buffer = [0; 2000];
        let (length, _) = timeout(LONG, self.rtp.recv_from(&mut buffer)).await.expect("a packet comes").unwrap();
        buffer[..length].to_vec()
    }

    /// Payloads of so many packets.
    async fn payloads(&self, packets: usize) -> Vec<Vec<u8>> {
        let mut payloads = Vec::new();
        while payloads.len() < packets {
            let bytes = self.receive().await;
            payloads.push(Packet::parse(&bytes).unwrap().payload.to_vec());
        }
        payloads
    }
}

const PCMA: &str = "m=audio PORT RTP/AVP 8 96\r\na=rtpmap:96 telephone-event/8000\r\n";

async fn talk(media: &Media, offer: &str) -> (Phone, Talk) {
    let mut phone = Phone::at(Ipv4Addr::LOCALHOST).await;
    let talk = media.answer(phone.offer(offer).as_bytes(), &near(Ipv4Addr::LOCALHOST)).unwrap();
    phone.learn(talk.answer());
    (phone, talk)
}

#[tokio::test]
async fn a_prompt_arrives_whole_between_silence() {
    let (phone, mut talk) = talk(&media(), PCMA).await;
    let silence = vec![Codec::Pcma.silence(); 160];
    assert_eq!(phone.payloads(2).await, vec![silence.clone(); 2]);
    let clip = |from: i16| Arc::new(Clip::from_pcm8k(&(0..800).map(|at| (from + at) * 20).collect::<Vec<_>>()));
    let clips = vec![clip(0), clip(500), clip(-700)];
    talk.play(clips.clone());
    assert_eq!(timeout(LONG, talk.next()).await.unwrap(), TalkEvent::Played);
    let heard: Vec<u8> = phone.payloads(30).await.concat();
    let said: Vec<u8> = clips.iter().flat_map(|clip| clip.coded(Codec::Pcma).to_vec()).collect();
    let heard: Vec<u8> = heard.chunks(160).skip_while(|frame| **frame == silence[..]).take(15).flatten().copied().collect();
    assert_eq!(heard, said);
}
