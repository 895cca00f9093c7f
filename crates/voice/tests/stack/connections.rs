//! TLS, IPv6, and ways back over connections.

use std::fmt::Write as _;

use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use voice::edge;
use voice::limits::Limits;
use voice::stack::{Message, Request, SendError, Target, Transport};

use super::house::{House, loopback};
use super::peer::{PATIENCE, Peer, invite, request};
use super::wire::{GOOD, fresh};

/// A certificate for the loopback, and who trusts it.
fn certificates() -> (Arc<rustls::ServerConfig>, Arc<rustls::ClientConfig>) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1", "::1", "trunk.example.com"].map(str::to_owned)).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let server = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let client = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

async fn tls_house(limits: Limits) -> (House, Arc<rustls::ClientConfig>) {
    let (server, client) = certificates();
    let any = loopback().udp;
    let edge = edge::Config { tls: any, server_tls: Some(server), client_tls: Some(Arc::clone(&client)), limits, ..loopback() };
    (House::with(edge).await, client)
}

async fn connect(address: SocketAddr, client: &Arc<rustls::ClientConfig>) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(address).await.unwrap();
    let connecting = TlsConnector::from(Arc::clone(client)).connect(ServerName::from(address.ip()), stream);
    timeout(PATIENCE, connecting).await.expect("a handshake").unwrap()
}

/// One message: this reader is for tests in which nothing is pipelined.
async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> Message {
    let (mut read, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let length = timeout(PATIENCE, stream.read(&mut buffer)).await.expect("a message").unwrap();
        assert!(length > 0, "the connection stays");
        read.extend_from_slice(&buffer[..length]);
        if read.ends_with(b"\r\n\r\n") || read.windows(4).any(|window| window == b"\r\n\r\n") {
            return Message::read(&read).unwrap();
        }
    }
}

async fn expect_200(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), number: usize) {
    stream.write_all(fresh(GOOD, number).as_bytes()).await.unwrap();
    assert_eq!(receive(stream).await.status(), 200);
}

#[tokio::test]
async fn tls_works_and_a_slow_handshake_holds_up_nobody() {
    let (house, client) = tls_house(Limits { patience: Duration::from_millis(400), ..Limits::default() }).await;
    let address = house.address(Transport::Tls);
    // Connected, and nothing said: no handshake.
    let mut idle: Vec<_> = Vec::new();
    for _ in 0..20 {
        idle.push(TcpStream::connect(address).await.unwrap());
    }
    // Half of a handshake.
    let mut half = TcpStream::connect(address).await.unwrap();
    half.write_all(b"\x16\x03\x01\x02\x00\x01\x00").await.unwrap();
    let mut stream = connect(address, &client).await;
    expect_200(&mut stream, 1).await;
    // What does not get on is closed.
    let mut rest = Vec::new();
    for mut stream in idle.into_iter().chain([half]) {
        let _ = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("closed");
    }
    expect_200(&mut stream, 2).await;
}

#[tokio::test]
async fn ipv6_over_udp_tcp_and_tls() {
    let (server, client) = certificates();
    let any = vec![SocketAddr::from((Ipv6Addr::LOCALHOST, 0))];
    let edge = edge::Config { udp: any.clone(), tcp: any.clone(), tls: any, server_tls: Some(server), ..edge::Config::default() };
    let mut house = House::with(edge).await;
    let peer = Peer::of(house.udp()).await;
    peer.expect_liveness("nothing").await;
    expect_200(&mut TcpStream::connect(house.address(Transport::Tcp)).await.unwrap(), 1).await;
    expect_200(&mut connect(house.address(Transport::Tls), &client).await, 2).await;
    // A call, and the way back.
    peer.send(invite("six", "z9hG4bKsix")).await;
    let leg = house.call().await.accept("v=0\r\n").await.unwrap();
    let ok = peer.final_response().await;
    assert!(ok.header("Contact").unwrap().contains(&format!("@{};transport=udp", house.udp())), "{:?}", ok.header("Contact"));
    peer.send(request("ACK", "six", "z9hG4bKsix2", 1, ok.to_tag().unwrap(), "")).await;
    let bye = tokio::spawn(leg.bye());
    let bye_request = peer.request("BYE").await;
    assert!(bye_request.header("Via").unwrap().starts_with("SIP/2.0/UDP [::1]:"));
    peer.answer(&bye_request, 200).await;
    assert!(bye.await.unwrap());
}

#[tokio::test]
async fn both_families_can_have_one_port() {
    let house =
        House::with(edge::Config { udp: vec!["0.0.0.0:0".parse().unwrap()], host: "phones.example.com".to_owned(), ..Default::default() })
            .await;
    let port = house.udp().port();
    let both = edge::Config { udp: vec![format!("[::]:{port}").parse().unwrap()], ..Default::default() };
    let other = House::with(both).await;
    let peer = Peer::of(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await;
    peer.expect_liveness("nothing").await;
    drop((house, other));
}

/// Via and Contact say 10.9.8.7: BYE and NOTIFY arrive at the source all the same, over UDP, TCP and TLS.
#[tokio::test]
async fn bye_and_notify_reach_a_phone_behind_a_nat() {
    let (mut house, client) = tls_house(Limits::default()).await;
    let mut streams: Vec<Box<dyn Stream>> = vec![
        Box::new(TcpStream::connect(house.address(Transport::Tcp)).await.unwrap()),
        Box::new(connect(house.address(Transport::Tls), &client).await),
    ];
    for (at, stream) in streams.iter_mut().enumerate() {
        let name = format!("nat{at}");
        let invite = invite(&name, &format!("z9hG4bK{name}")).replace("SIP/2.0/UDP", "SIP/2.0/TCP");
        stream.write_all(invite.as_bytes()).await.unwrap();
        assert_eq!(receive(stream).await.status(), 100);
        let call = house.call().await;
        let flow = call.flow().clone();
        let leg = call.accept("").await.unwrap();
        let ok = receive(stream).await;
        let ack = request("ACK", &name, &format!("z9hG4bK{name}a"), 1, ok.to_tag().unwrap(), "");
        stream.write_all(ack.as_bytes()).await.unwrap();
        let bye = tokio::spawn(leg.bye());
        answer(stream, "BYE").await;
        assert!(bye.await.unwrap());
        let notify = tokio::spawn({
            let stack = house.stack.clone();
            async move { stack.request(Target::Flow(flow), Request::new("NOTIFY", "sip:abc@10.9.8.7:5099")).await }
        });
        answer(stream, "NOTIFY").await;
        assert_eq!(notify.await.unwrap().unwrap().status(), 200);
    }

    let peer = Peer::of(house.udp()).await;
    peer.send(request("REGISTER", "nat", "z9hG4bKnat", 1, "", "")).await;
    peer.final_response().await;
    let flow = loop {
        let (message, flow) = house.requests.recv().await.unwrap();
        if message.method() == "REGISTER" {
            break flow;
        }
    };
    assert_eq!(flow.peer(), peer.socket.local_addr().unwrap());
    let notify = tokio::spawn({
        let stack = house.stack.clone();
        async move { stack.request(Target::Flow(flow), Request::new("NOTIFY", "sip:abc@10.9.8.7:5099")).await }
    });
    let received = peer.request("NOTIFY").await;
    peer.answer(&received, 202).await;
    assert_eq!(notify.await.unwrap().unwrap().status(), 202);
}

/// After a stop the same ports can be had at once, whoever still keeps a flow or a handle.
#[tokio::test]
async fn ports_are_free_after_a_stop() {
    let mut house = House::open().await;
    let peer = Peer::of(house.udp()).await;
    peer.expect_liveness("nothing").await;
    let (_, flow) = house.requests.recv().await.unwrap();
    let mut stream = TcpStream::connect(house.address(Transport::Tcp)).await.unwrap();
    expect_200(&mut stream, 1).await;
    let (udp, tcp) = (house.udp(), house.address(Transport::Tcp));
    assert!(house.stack.stop(Duration::ZERO).await);
    assert!(!flow.is_open());
    let again = House::with(edge::Config { udp: vec![udp], tcp: vec![tcp], ..edge::Config::default() }).await;
    peer.send(request("OPTIONS", "again", "z9hG4bKagain", 1, "", "")).await;
    assert_eq!(peer.receive().await.status(), 200);
    expect_200(&mut TcpStream::connect(tcp).await.unwrap(), 2).await;
    drop((house, again));
}

/// Two thousand phones that are silent: each is answered, none is in another's way, and each gets its pong in the end.
#[tokio::test]
async fn two_thousand_idle_tls_connections() {
    const COUNT: usize = 2_000;
    // However long it takes to open them, none that has not spoken yet is given up meanwhile.
    let (house, client) = tls_house(Limits { patience: Duration::from_mins(30), ..Limits::default() }).await;
    let address = house.address(Transport::Tls);
    let before = resident_kilobytes();
    let mut idle = Vec::with_capacity(COUNT);
    for number in 0..COUNT {
        let mut stream = connect(address, &client).await;
        if number % 100 == 0 {
            expect_200(&mut stream, number).await;
        }
        idle.push(stream);
    }
    // Both ends are in this process: the server's is less.
    let each = (resident_kilobytes() - before) / COUNT;
    println!("{each} kB for both ends of an idle TLS connection");
    let peer = Peer::of(house.udp()).await;
    peer.expect_liveness("two thousand connections").await;
    for stream in &mut idle {
        stream.write_all(b"\r\n\r\n").await.unwrap();
        stream.flush().await.unwrap();
    }
    for stream in &mut idle {
        let mut pong = [0; 2];
        timeout(PATIENCE, stream.read_exact(&mut pong)).await.expect("a pong").unwrap();
        assert_eq!(&pong, b"\r\n");
    }
}

/// What this process holds in memory.
fn resident_kilobytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Answers the request of that method that comes next.
async fn answer(stream: &mut Box<dyn Stream>, method: &str) {
    let request = receive(stream).await;
    assert_eq!(request.method(), method);
    let mut text = "SIP/2.0 200 OK\r\n".to_owned();
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        write!(text, "{name}: {}\r\n", request.header(name).unwrap()).unwrap();
    }
    stream.write_all(format!("{text}Content-Length: 0\r\n\r\n").as_bytes()).await.unwrap();
}

#[tokio::test]
async fn a_flow_whose_connection_has_ended_is_gone() {
    let mut house = House::open().await;
    let mut stream = TcpStream::connect(house.address(Transport::Tcp)).await.unwrap();
    expect_200(&mut stream, 1).await;
    let (_, flow) = house.requests.recv().await.unwrap();
    assert!(flow.is_open());
    // Its end comes while a request is under way.
    let notify = tokio::spawn({
        let (stack, flow) = (house.stack.clone(), flow.clone());
        async move { stack.request(Target::Flow(flow), Request::new("NOTIFY", "sip:abc@10.9.8.7:5099")).await }
    });
    assert_eq!(receive(&mut stream).await.method(), "NOTIFY");
    drop(stream);
    assert_eq!(notify.await.unwrap().unwrap_err(), SendError::FlowGone);
    assert!(!flow.is_open());
    let again = house.stack.request(Target::Flow(flow), Request::new("NOTIFY", "sip:a@b")).await;
    assert_eq!(again.unwrap_err(), SendError::FlowGone);
}

/// Requests of ours to an address: over TCP and TLS a connection is opened once.
#[tokio::test]
async fn connections_of_our_own() {
    let (one, _) = tls_house(Limits::default()).await;
    let (server, client) = certificates();
    let edge = edge::Config { tls: loopback().udp, server_tls: Some(server), ..loopback() };
    let mut other = House::with(edge).await;
    let edge = edge::Config { client_tls: Some(client), ..loopback() };
    let ours = House::with(edge).await;
    for transport in [Transport::Udp, Transport::Tcp, Transport::Tls] {
        let target = Target::Address { transport, address: other.address(transport) };
        let mut flows = Vec::new();
        for _ in 0..2 {
            let options = Request::new("OPTIONS", "sip:trunk.example.com");
            assert_eq!(ours.stack.request(target.clone(), options).await.unwrap().status(), 200);
            flows.push(other.requests.recv().await.unwrap().1.id());
        }
        assert_eq!(flows[0], flows[1], "{transport:?}");
    }
    // By its name, if its certificate is for that.
    for (name, expected) in [("trunk.example.com", Some(200)), ("127.0.0.1", Some(200)), ("other.example.com", None)] {
        let target = Target::Host { transport: Transport::Tls, address: other.address(Transport::Tls), name: name.to_owned() };
        let answer = ours.stack.request(target, Request::new("OPTIONS", "sip:trunk.example.com")).await;
        assert_eq!(answer.ok().map(|answer| answer.status()), expected, "{name}");
    }
    // A certificate that nobody vouches for is no trunk.
    let stranger = Target::Address { transport: Transport::Tls, address: one.address(Transport::Tls) };
    let refused = ours.stack.request(stranger, Request::new("OPTIONS", "sip:trunk.example.com")).await;
    assert_eq!(refused.unwrap_err(), SendError::FlowGone);
    // Nobody listens there.
    let nobody = Target::Address { transport: Transport::Tcp, address: "127.0.0.1:1".parse().unwrap() };
    assert_eq!(ours.stack.request(nobody, Request::new("OPTIONS", "sip:a@b")).await.unwrap_err(), SendError::FlowGone);
}
