//! A stack with a simple handler, and what it saw.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use voice::edge;
use voice::limits::Limits;
use voice::stack::{Config, Flow, Handler, Inbound, InboundCall, Message, Reply, Stack, Timers, Transport};

/// Answers REGISTER and OPTIONS by 200, other requests by 489, and hands calls to the test.
pub struct House {
    pub stack: Stack,
    pub calls: mpsc::Receiver<InboundCall>,
    pub requests: mpsc::Receiver<(Message, Flow)>,
}

struct Desk {
    calls: mpsc::Sender<InboundCall>,
    requests: mpsc::Sender<(Message, Flow)>,
}

impl Handler for Desk {
    async fn request(&self, inbound: Inbound) {
        // A test that does not look loses nothing by it.
        let _ = self.requests.try_send((inbound.message().clone(), inbound.flow().clone()));
        let status = if matches!(inbound.message().method(), "REGISTER" | "OPTIONS") { 200 } else { 489 };
        inbound.reply(Reply::new(status)).await;
    }

    async fn call(&self, call: InboundCall) {
        let _ = self.calls.send(call).await;
    }
}

/// Quick enough for a test, slow enough for a busy machine.
pub const TIMERS: Timers = Timers { t1: Duration::from_millis(40), t2: Duration::from_millis(320), t4: Duration::from_millis(400) };

pub fn loopback() -> edge::Config {
    let any = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
    edge::Config { udp: any.clone(), tcp: any, host: "127.0.0.1".to_owned(), ..edge::Config::default() }
}

impl House {
    pub async fn open() -> Self {
        Self::with(loopback()).await
    }

    pub async fn with_limits(limits: Limits) -> Self {
        Self::with(edge::Config { limits, ..loopback() }).await
    }

    pub async fn with(edge: edge::Config) -> Self {
        let is_emergency = Arc::new(|uri: &str| uri.starts_with("urn:service:sos") || uri.starts_with("sip:112@"));
        let stack = Stack::open(Config { edge, timers: TIMERS, is_emergency }).await.unwrap();
        let (call_sender, calls) = mpsc::channel(64);
        let (request_sender, requests) = mpsc::channel(64);
        stack.serve(Arc::new(Desk { calls: call_sender, requests: request_sender }));
        Self { stack, calls, requests }
    }

    pub fn address(&self, transport: Transport) -> SocketAddr {
        self.stack.addresses().into_iter().find(|(ours, _)| *ours == transport).unwrap().1
    }

    pub fn udp(&self) -> SocketAddr {
        self.address(Transport::Udp)
    }

    pub async fn call(&mut self) -> InboundCall {
        self.calls.recv().await.unwrap()
    }
}
