//! The telephone world around the server: the PBX that lines belong to, and the trunk that emergency calls go out over. Nobody in it
//! can really be called. The PBX passes on what the server has to tell to phones that are in service (`sip.resync_proxy`).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use domain::settings::Transport;
use phonesim::Client;
use phonesim::sip::{Agent, AgentOptions, By, Call, CallOptions, InboundRequest, Incoming, Message, SipAccount};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::failure::Failure;

/// A call that the trunk took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Whom it is for.
    pub number: String,
    /// Its `Priority`.
    pub priority: String,
}

/// PBX and trunk on one socket of loopback. It ends when this is dropped.
pub struct Switchboard {
    agent: Agent,
    registered: watch::Receiver<BTreeMap<String, SocketAddr>>,
    taken: watch::Receiver<Vec<Taken>>,
    task: JoinHandle<()>,
}

impl Switchboard {
    /// Opens it.
    pub async fn open() -> Result<Self, Failure> {
        // It only answers, so the server that it would speak to itself is nobody.
        let options = AgentOptions::new(Client::default().from([127, 0, 0, 1].into()), "127.0.0.1", None, Transport::Udp);
        let opened = Agent::open(options).await;
        let (agent, incoming) = opened.map_err(|error| Failure::refused(format!("no socket for the simulated trunk: {error}")))?;
        let (register, registered) = watch::channel(BTreeMap::new());
        let (take, taken) = watch::channel(Vec::new());
        let desk = Desk { agent: agent.clone(), register, take, calls: Arc::default() };
        Ok(Self { agent, registered, taken, task: tokio::spawn(desk.answer(incoming)) })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.agent.local()
    }

    /// Waits until this user is registered at the PBX.
    pub async fn registers(&self, user: &str) {
        let mut registered = self.registered.clone();
        drop(registered.wait_for(|users| users.contains_key(user)).await.map(drop));
    }

    /// Waits for the trunk's call with this place in the order of all to this number, counted from 1.
    pub async fn takes(&self, number: &str, nth: usize) -> Option<Taken> {
        let mut taken = self.taken.clone();
        let of = |calls: &[Taken]| calls.iter().filter(|call| call.number == number).nth(nth - 1).cloned();
        let calls = taken.wait_for(|calls| of(calls).is_some()).await.ok()?;
        of(&calls)
    }
}

impl Drop for Switchboard {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Desk {
    agent: Agent,
    register: watch::Sender<BTreeMap<String, SocketAddr>>,
    take: watch::Sender<Vec<Taken>>,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Desk {
    async fn answer(self, mut incoming: Incoming) {
        while let Some(request) = incoming.recv().await {
            match request.message().method() {
                "REGISTER" => self.register(request).await,
                "INVITE" => self.take(request).await,
                "NOTIFY" => self.pass_on(request),
                _ => request.reply(200, "OK", &[]).await,
            }
        }
    }

    /// Every line is known here; whether its password is right is not this story's.
    async fn register(&self, request: InboundRequest) {
        let user = user(request.message().header("To").unwrap_or_default()).to_owned();
        let contact = request.message().header("Contact").unwrap_or_default().to_owned();
        let expires = request.message().header("Expires").unwrap_or("300").to_owned();
        request.reply(200, "OK", &[("Contact", &contact), ("Expires", &expires)]).await;
        self.register.send_modify(|users| {
            if expires == "0" {
                users.remove(&user);
            } else {
                users.insert(user, request.from());
            }
        });
    }

    /// A phone in service is told what the server says.
    fn pass_on(&self, request: InboundRequest) {
        let phone = self.register.borrow().get(user(request.message().uri())).copied();
        let agent = self.agent.clone();
        tokio::spawn(async move {
            let Some(phone) = phone else { return request.reply(404, "Not Found", &[]).await };
            let told = request.message();
            let mut passed_on = Message::request("NOTIFY", told.uri());
            for name in ["From", "To", "Call-ID", "CSeq", "Event", "Subscription-State"] {
                passed_on = passed_on.with(name, told.header(name).unwrap_or_default());
            }
            let status = agent.request_at(passed_on, phone).await.ok().and_then(|answer| answer.status());
            request.reply(status.unwrap_or(408), "The phone's own answer", &[]).await;
        });
    }

    /// Somebody picks up and can be heard.
    async fn take(&self, request: InboundRequest) {
        let number = user(request.message().uri()).to_owned();
        let priority = request.message().header("Priority").unwrap_or_default().to_owned();
        let Ok(call) = self.agent.ring(request, &SipAccount::new("trunk", ""), &CallOptions::default()).await else { return };
        let (take, calls) = (self.take.clone(), Arc::clone(&self.calls));
        tokio::spawn(async move {
            if call.pick_up().await.is_ok() {
                take.send_modify(|taken| taken.push(Taken { number, priority }));
                // Any sound will do to be heard; who has hung up by then needs none.
                let _ = call.press("0123456789", By::Tones).await;
                calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
            }
        });
    }
}

/// The user of an address, wherever in a field it stands.
fn user(field: &str) -> &str {
    let address = field.split_once("sip:").map_or("", |(_, rest)| rest);
    address.split(['@', '>', ';']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_in_fields() {
        assert_eq!(user("\"A\" <sip:example-205@pbx.example.com>;tag=1"), "example-205");
        assert_eq!(user("sip:112@127.0.0.1:5060"), "112");
        assert_eq!(user("tel:112"), "");
    }
}
