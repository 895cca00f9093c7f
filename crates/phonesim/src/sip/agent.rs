//! The user agent: one socket or connection, the requests that go out over it, and those that come in.

mod table;

use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Secret;
use domain::settings::Transport;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use self::table::{Arrived, Table};
use crate::address::Login;
use crate::client::{Client, ClientError};
use crate::limits::{SIP_CHALLENGES_MAX, SIP_WAITING_MAX};
use crate::login::{Answers, Scheme};
use crate::sip::link::{Link, Receiving};
use crate::sip::message::{Message, server_of};
use crate::transcript::{Journal, Signal};

/// How long SIP waits (RFC 3261 section 17): real phones keep to these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// The first wait before something is sent again over UDP; each next one is twice as long.
    pub t1: Duration,
    /// The longest such wait.
    pub t2: Duration,
    /// After this nobody answers any more.
    pub give_up: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Self { t1: Duration::from_millis(500), t2: Duration::from_secs(4), give_up: Duration::from_secs(32) }
    }
}

/// What an agent is.
#[derive(Clone, Debug)]
pub struct AgentOptions {
    /// From which address it speaks, whom it trusts, where names lead.
    pub client: Client,
    /// The server's host, as the config says.
    pub host: String,
    /// The server's port; 5060, or 5061 with TLS, where none is named.
    pub port: Option<u16>,
    /// How messages travel.
    pub transport: Transport,
    /// The `User-Agent` field.
    pub user_agent: String,
    /// What it writes into `Via`, `Contact` and descriptions of sessions instead of its own address: a phone behind NAT
    /// knows no other one.
    pub behind_nat: Option<SocketAddr>,
    /// The strongest digest that it knows.
    pub strongest: Scheme,
    /// Whether it answers the last challenge again, unasked, counting up its uses.
    pub keeps_challenge: bool,
    /// How long it waits.
    pub timers: Timers,
    /// Where it writes down what it did.
    pub journal: Option<Journal>,
}

impl AgentOptions {
    /// An agent with everything as usual.
    pub fn new(client: Client, host: &str, port: Option<u16>, transport: Transport) -> Self {
        Self {
            client,
            host: host.to_owned(),
            port,
            transport,
            user_agent: "phonesim".to_owned(),
            behind_nat: None,
            strongest: Scheme::Md5,
            keeps_challenge: false,
            timers: Timers::default(),
            journal: None,
        }
    }
}

/// An account as an agent uses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipAccount {
    /// The user in its address.
    pub user: String,
    /// Who it says it is when challenged.
    pub login: Login,
    /// The name that others see; may be empty.
    pub name: String,
    /// Which of the phone's lines it is: told in `Contact`, so that several lines of one account are several contacts.
    pub line: Option<u16>,
}

impl SipAccount {
    /// An account whose user is also its login.
    pub fn new(user: &str, password: &str) -> Self {
        Self {
            user: user.to_owned(),
            login: Login { user: user.to_owned(), password: Secret::from(password) },
            name: String::new(),
            line: None,
        }
    }
}

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum SipError {
    /// Nobody answered.
    #[error("no answer in time")]
    Timeout,
    /// The connection is closed, or the network refused.
    #[error("nothing can be sent")]
    Closed,
    /// Refused with this code.
    #[error("refused with {0}")]
    Refused(u16),
}

/// A user agent. Cheap to clone; it ends with its last clone and its last call.
#[derive(Clone, Debug)]
pub struct Agent {
    pub(super) inner: Arc<Inner>,
}

/// What came from the network outside of all calls.
pub type Incoming = mpsc::Receiver<InboundRequest>;

#[derive(Debug)]
pub(super) struct Inner {
    pub shared: Arc<Shared>,
    receiving: AbortHandle,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.receiving.abort();
    }
}

#[derive(Debug)]
pub(super) struct Shared {
    pub options: AgentOptions,
    pub link: Link,
    table: Mutex<Table>,
    logins: Mutex<Logins>,
    hashes: RandomState,
}

#[derive(Debug)]
struct Logins {
    answers: Answers,
    /// The last challenge: its text, and whether a proxy made it.
    kept: Option<wire::challenge::Challenge>,
}

impl Agent {
    /// Opens its socket or connection. [`Incoming`] must be read; it ends when the connection does.
    pub async fn open(options: AgentOptions) -> Result<(Self, Incoming), ClientError> {
        let port = options.port.unwrap_or(if options.transport == Transport::Tls { 5061 } else { 5060 });
        let (link, receiving) = Link::open(&options.client, options.transport, &options.host, port).await?;
        let hashes = RandomState::new();
        let logins = Mutex::new(Logins { answers: Answers::new(hashes.hash_one("cnonce")), kept: None });
        let shared = Arc::new(Shared { options, link, table: Mutex::default(), logins, hashes });
        let (sender, incoming) = mpsc::channel(SIP_WAITING_MAX);
        let receiving = tokio::spawn(receive(Arc::clone(&shared), receiving, sender)).abort_handle();
        Ok((Self { inner: Arc::new(Inner { shared, receiving }) }, incoming))
    }

    /// Its own address, as it knows it.
    pub fn local(&self) -> SocketAddr {
        self.shared().link.local
    }

    /// Its server's address.
    pub fn server(&self) -> SocketAddr {
        self.shared().link.server
    }

    /// Whether its connection has not ended; a socket never does.
    pub fn is_open(&self) -> bool {
        !self.inner.receiving.is_finished()
    }

    /// Keeps the way through NATs open (RFC 5626).
    pub async fn keep_alive(&self) -> Result<(), SipError> {
        let link = &self.shared().link;
        link.send(b"\r\n\r\n".to_vec(), link.server).await.map_err(|_| SipError::Closed)
    }

    /// Sends a request outside of a call and gives its final answer. `Via`, `Max-Forwards` and `User-Agent` are added, and
    /// challenges answered by the login. Not for INVITE.
    pub async fn request(&self, mut request: Message, login: Option<&Login>) -> Result<Message, SipError> {
        let to = self.shared().link.server;
        let Some(login) = login else { return self.transact(&request, to).await };
        self.shared().answer_unasked(&mut request, login);
        self.converse(request, to, login).await
    }

    /// Sends a request to any place and gives its final answer, whatever it is: for somebody who plays a proxy.
    pub async fn request_at(&self, request: Message, to: SocketAddr) -> Result<Message, SipError> {
        self.transact(&request, to).await
    }

    /// The same with a login.
    pub(super) async fn converse(&self, mut request: Message, to: SocketAddr, login: &Login) -> Result<Message, SipError> {
        let mut answer = self.transact(&request, to).await?;
        for _ in 0..SIP_CHALLENGES_MAX {
            if !self.shared().answer_challenge(&mut request, &answer, login) {
                break;
            }
            answer = self.transact(&request, to).await?;
        }
        Ok(answer)
    }

    /// One transaction without an answer to challenges (RFC 3261 section 17.1.2).
    pub(super) async fn transact(&self, request: &Message, to: SocketAddr) -> Result<Message, SipError> {
        let shared = self.shared();
        let (request, mut responses) = shared.begin(request.clone());
        let timers = shared.options.timers;
        let bytes = request.to_bytes();
        shared.send(&bytes, to).await?;
        let (mut wait, deadline) = (timers.t1, Instant::now() + timers.give_up);
        let mut again = Instant::now() + wait;
        loop {
            tokio::select! {
                response = responses.next() => {
                    let response = response.ok_or(SipError::Closed)?;
                    if response.status().is_some_and(|status| status >= 200) {
                        shared.tell_sent(&request, response.status());
                        return Ok(response);
                    }
                    wait = timers.t2;
                }
                () = sleep_until(again), if !shared.link.is_reliable() => {
                    shared.send(&bytes, to).await?;
                    wait = (wait * 2).min(timers.t2);
                    again = Instant::now() + wait;
                }
                () = sleep_until(deadline) => {
                    shared.tell_sent(&request, None);
                    return Err(SipError::Timeout);
                }
            }
        }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }
}

/// The responses of one transaction; it is forgotten when this is dropped.
pub(super) struct Responses {
    shared: Arc<Shared>,
    key: String,
    receiver: mpsc::Receiver<Message>,
}

impl Responses {
    /// The next one; none when the connection has ended.
    pub async fn next(&mut self) -> Option<Message> {
        self.receiver.recv().await
    }
}

impl Drop for Responses {
    fn drop(&mut self) {
        self.shared.table().end_transaction(&self.key);
    }
}

impl Shared {
    /// Gives a request its `Via` and begins to listen for its responses.
    pub fn begin(self: &Arc<Self>, mut request: Message) -> (Message, Responses) {
        let branch = format!("z9hG4bK{}", self.token());
        request.remove("Via");
        request.put_first("Via", &self.via(&branch));
        for (name, value) in [("Max-Forwards", "70"), ("User-Agent", self.options.user_agent.as_str())] {
            request.set(name, value);
        }
        let key = table::key(&branch, request.method());
        let (sender, receiver) = mpsc::channel(SIP_WAITING_MAX);
        self.table().begin_transaction(&key, sender);
        (request, Responses { shared: Arc::clone(self), key, receiver })
    }

    pub async fn send(&self, bytes: &[u8], to: SocketAddr) -> Result<(), SipError> {
        self.link.send(bytes.to_vec(), to).await.map_err(|_| SipError::Closed)
    }

    /// Answers a challenge in a request that was refused with it. Whether there was one that can be answered.
    pub fn answer_challenge(&self, request: &mut Message, refusal: &Message, login: &Login) -> bool {
        let (asked, answer) = match refusal.status() {
            Some(401) => ("WWW-Authenticate", "Authorization"),
            Some(407) => ("Proxy-Authenticate", "Proxy-Authorization"),
            _ => return false,
        };
        let challenges: Vec<_> = refusal.all(asked).filter_map(|value| wire::challenge::parse(value.as_bytes()).ok()).flatten().collect();
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        let digests: Vec<_> = challenges.into_iter().filter(|challenge| Scheme::of(challenge) > Scheme::Basic).collect();
        let Some(challenge) = Answers::choose(&digests, Scheme::Basic..=self.options.strongest) else { return false };
        // A second refusal of the same login is meant: only a nonce that was too old is worth another answer.
        let is_stale = matches!(challenge, wire::challenge::Challenge::Digest(digest) if digest.stale);
        if request.header(answer).is_some() && !is_stale {
            return false;
        }
        let value = logins.answers.answer(challenge, login, request.method(), request.uri());
        request.set(answer, &value);
        logins.kept = Some(challenge.clone());
        drop(logins);
        next_in_line(request);
        true
    }

    /// Answers the last challenge again, if that is this agent's habit.
    pub fn answer_unasked(&self, request: &mut Message, login: &Login) {
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(challenge) = logins.kept.clone().filter(|_| self.options.keeps_challenge) {
            let value = logins.answers.answer(&challenge, login, request.method(), request.uri());
            request.set("Authorization", &value);
        }
    }

    /// Writes down a request of ours and how it was answered.
    pub fn tell_sent(&self, request: &Message, status: Option<u16>) {
        let Some(journal) = &self.options.journal else { return };
        journal.signal(Signal { is_ours: true, status, ..Signal::of(request) });
    }

    fn tell_answered(&self, request: &Message, status: Option<u16>) {
        let Some(journal) = &self.options.journal else { return };
        journal.signal(Signal { is_ours: false, status, ..Signal::of(request) });
    }

    /// Where requests to an address go over UDP: the address itself, if it is one, else the server.
    pub fn hop(&self, uri: &str) -> SocketAddr {
        if self.link.is_reliable() {
            return self.link.server;
        }
        let literal = server_of(uri).and_then(|(host, port)| Some(SocketAddr::new(host.parse::<IpAddr>().ok()?, port.unwrap_or(5060))));
        literal.unwrap_or(self.link.server)
    }

    /// What it says its address is.
    pub fn shown(&self) -> SocketAddr {
        self.options.behind_nat.unwrap_or(self.link.local)
    }

    /// Its `Contact` for an account.
    pub fn contact(&self, account: &SipAccount) -> String {
        let transport = match self.link.transport {
            Transport::Udp => "",
            Transport::Tcp => ";transport=tcp",
            Transport::Tls => ";transport=tls",
        };
        let line = account.line.map_or(String::new(), |line| format!(";line={line}"));
        format!("<sip:{}@{}{transport}{line}>", account.user, self.shown())
    }

    /// The host in addresses, with brackets where it needs them.
    pub fn domain(&self) -> String {
        let host = &self.options.host;
        if host.contains(':') { format!("[{host}]") } else { host.clone() }
    }

    /// 16 characters that no other agent has.
    pub fn token(&self) -> String {
        format!("{:016x}", self.number())
    }

    /// A number that is not said twice.
    pub fn number(&self) -> u64 {
        let turn = self.table().turn();
        self.hashes.hash_one(turn)
    }

    pub fn table(&self) -> std::sync::MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn via(&self, branch: &str) -> String {
        let transport = match self.link.transport {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
        };
        format!("SIP/2.0/{transport} {};branch={branch};rport", self.shown())
    }
}

/// Counts the `CSeq` of a request one up.
fn next_in_line(request: &mut Message) {
    let Some((number, method)) = request.cseq().map(|(number, method)| (number, method.to_owned())) else { return };
    request.set("CSeq", &format!("{} {method}", number + 1));
}

/// A request from the network that belongs to no call.
#[derive(Debug)]
pub struct InboundRequest {
    pub(super) message: Message,
    pub(super) from: SocketAddr,
    pub(super) shared: Arc<Shared>,
}

impl InboundRequest {
    /// The request.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// Where it came from.
    pub fn from(&self) -> SocketAddr {
        self.from
    }

    /// Answers it, with fields added. If it comes again, it gets the same answer.
    pub async fn reply(&self, status: u16, reason: &str, fields: &[(&str, &str)]) {
        let mut response = Message::response(&self.message, status, reason, &self.shared.token());
        for (name, value) in fields {
            response = response.with(name, value);
        }
        self.respond(&response).await;
    }

    pub(super) async fn respond(&self, response: &Message) {
        self.shared.tell_answered(&self.message, response.status());
        let bytes = response.to_bytes();
        self.shared.table().answered(&self.message, &bytes);
        // A lost way is noticed by the registration.
        drop(self.shared.send(&bytes, self.from).await);
    }
}

/// Reads until the connection ends, and gives each message to whom it is for.
async fn receive(shared: Arc<Shared>, mut receiving: Receiving, incoming: mpsc::Sender<InboundRequest>) {
    while let Some((message, from)) = receiving.next().await {
        let arrived = shared.table().arrived(&message);
        match arrived {
            Arrived::Taken => {}
            Arrived::Again(bytes) => drop(shared.send(&bytes, from).await),
            Arrived::Unknown => drop(
                shared.send(&Message::response(&message, 481, "Call/Transaction Does Not Exist", &shared.token()).to_bytes(), from).await,
            ),
            Arrived::Call(call) => drop(call.try_send(InboundRequest { message, from, shared: Arc::clone(&shared) })),
            Arrived::New => {
                let waiting = InboundRequest { message, from, shared: Arc::clone(&shared) };
                if let Err(mpsc::error::TrySendError::Full(left)) = incoming.try_send(waiting) {
                    // Not answered and not remembered: its sender repeats it.
                    shared.table().forget(&left.message);
                }
            }
        }
    }
    shared.table().close();
}
