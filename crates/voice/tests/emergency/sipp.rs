//! A trunk that is no code of ours: SIPp's own answering scenario.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use tokio::net::UdpSocket;
use voice::stack::OutboundCall;

use crate::world::{Phone, Platform, answered, mac, trunk};

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8\r\n";

/// SIPp on a free port. Ended with the test: the number of calls would count the OPTIONS that trunks are asked by.
struct Sipp {
    child: Child,
    address: SocketAddr,
}

impl Sipp {
    async fn answering() -> Self {
        let address = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let port = address.port().to_string();
        let mut command = Command::new("sipp");
        command.args(["-sn", "uas", "-i", "127.0.0.1", "-p", &port, "-aa", "-nostdin", "-timeout", "60"]);
        let child = command.current_dir(std::env::temp_dir()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.expect("SIPp is missing: install the Debian package sip-tester");
        let sipp = Self { child, address };
        // It listens as soon as nobody else can.
        crate::world::eventually(|| std::net::UdpSocket::bind(address).is_err(), "SIPp listens").await;
        sipp
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sipp_is_a_trunk() {
    let folder = tempfile::tempdir().unwrap();
    let sipp = Sipp::answering().await;
    let platform = Platform::with_trunks(folder.path(), vec![trunk(sipp.address, 1)]).await;
    platform.stands(mac(1));
    let phone = Phone::of(&platform, mac(1)).await;
    let request = phone.request("INVITE", "sip:112@phones.example.com").sdp(SDP);
    let mut call: OutboundCall = phone.stack.invite(phone.target(), request).await;
    let (near, sdp) = answered(&mut call).await;
    assert!(String::from_utf8(sdp).unwrap().contains("RTP/AVP 0"));
    assert!(near.bye().await);
    platform.ended("answered", 1).await;
}
