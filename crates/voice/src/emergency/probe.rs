//! A test of one trunk, from a stack of its own: is it there, does it take a call? Never to an emergency number.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use domain::emergency::{Numbers, Trunk, shown};
use rustls::ClientConfig;
use tokio::time::timeout;

use super::dial::{invitation, transport};
use super::keep::ping;
use super::resolve::Resolver;
use crate::edge;
use crate::limits::TRUNK_TEST_WAIT;
use crate::media::{Media, MediaOptions, Place, PortRange, Srtp, Surroundings};
use crate::stack::{CallEvent, Config, Stack, Target, Timers};

/// One step of a test, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Step {
    /// What was tried.
    pub step: String,
    /// Whether it worked.
    pub ok: bool,
    /// What was said.
    pub detail: String,
}

impl Step {
    fn new(step: impl Into<String>, ok: bool, detail: impl Into<String>) -> Self {
        Self { step: step.into(), ok, detail: detail.into() }
    }
}

/// Asks each address of a trunk by OPTIONS, and calls its test number at the first that answers, if it has one. A test number that is an
/// emergency number anywhere is not dialled. `tls` says whose word is taken on a trunk over TLS.
pub async fn probe(trunk: &Trunk, numbers: &Numbers, own_number: Option<&str>, tls: &Arc<ClientConfig>) -> Vec<Step> {
    let addresses = Resolver::default().refresh_or_read(trunk).await;
    if addresses.is_empty() {
        return vec![Step::new("resolve", false, format!("{} cannot be resolved", trunk.address.host))];
    }
    let (mut steps, mut reached) = (Vec::new(), None);
    for address in addresses {
        let step = format!("OPTIONS to {address}");
        let (Some(here), Some(stack)) = (edge::facing(address.ip()), stack(address.ip(), tls).await) else {
            steps.push(Step::new(step, false, "there is no way to it from here"));
            continue;
        };
        let found = ping(&stack, trunk, address).await;
        steps.push(Step::new(step, found.up, found.detail));
        if found.up && reached.is_none() {
            reached = Some((stack, here, address));
        }
    }
    match (&trunk.test_number, reached) {
        (Some(number), Some(_)) if numbers.anywhere(&format!("tel:{}", number.trim_start_matches('+'))) => {
            steps.push(Step::new("call", false, format!("{number} is an emergency number: not dialled")));
        }
        (Some(number), Some((stack, here, address))) => steps.push(call(&stack, trunk, number, own_number, here, address).await),
        _ => {}
    }
    steps
}

async fn stack(peer: IpAddr, tls: &Arc<ClientConfig>) -> Option<Stack> {
    let here = SocketAddr::new(edge::facing(peer)?, 0);
    let host = here.ip().to_string();
    let edge = edge::Config { udp: vec![here], host, client_tls: Some(Arc::clone(tls)), ..edge::Config::default() };
    let stack = Stack::open(Config { edge, timers: Timers::default(), is_emergency: Arc::new(|_: &str| false) }).await.ok()?;
    stack.serve(Arc::new(Nobody));
    Some(stack)
}

async fn call(stack: &Stack, trunk: &Trunk, number: &str, own_number: Option<&str>, here: IpAddr, address: SocketAddr) -> Step {
    let step = format!("call to {number}");
    let options =
        MediaOptions { places: vec![Place { bind: here, advertised: here }], ports: PortRange { from: 0, to: 0 }, reserved: 0, threads: 1 };
    let around = |peer| Surroundings { peer, secure: false, srtp: Srtp::Off };
    let relay = Media::open(&options).map_err(Into::into).and_then(|media| media.relay(b"", &around(here), &around(address.ip())));
    let relay = match relay {
        Ok(relay) => relay,
        Err(refusal) => return Step::new(step, false, refusal.to_string()),
    };
    let (transport, name) = (transport(trunk.address.transport), trunk.address.host.clone());
    let target = Target::Host { transport, address, name };
    let request = invitation(trunk, number, &shown(true, None, own_number)).sdp(relay.offer().to_owned());
    let mut calling = stack.invite(target, request).await;
    let mut heard = Vec::new();
    let ended = timeout(TRUNK_TEST_WAIT, async {
        loop {
            match calling.next().await {
                CallEvent::Progress { status, .. } => heard.push(status.to_string()),
                CallEvent::Answered { leg, .. } => {
                    heard.push("200".to_owned());
                    leg.bye().await;
                    return true;
                }
                CallEvent::Failed { status } => {
                    heard.push(status.to_string());
                    return false;
                }
            }
        }
    });
    let Ok(answered) = ended.await else {
        calling.cancel();
        let _ = timeout(TRUNK_TEST_WAIT, calling.next()).await;
        heard.push("no answer in time".to_owned());
        return Step::new(step, false, heard.join(", "));
    };
    Step::new(step, answered, heard.join(", "))
}

/// Takes nothing: a test is asked for nothing.
struct Nobody;

impl crate::stack::Handler for Nobody {
    async fn request(&self, inbound: crate::stack::Inbound) {
        inbound.reply(crate::stack::Reply::new(481)).await;
    }

    async fn call(&self, call: crate::stack::InboundCall) {
        call.reject(crate::stack::Reply::new(486)).await;
    }
}
