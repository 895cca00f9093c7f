//! Requests, calls and dialogs as the rest of the crate sees them: transactions and dialogs of RFC 3261 and RFC 6026.
//!
//! Everything goes by flows: an answer and every request inside a call leave by the way on which the other side was last
//! heard, whatever its Via and Contact say.

pub mod address;
mod call;
mod client;
mod core;
mod dialog;
mod leg;
mod message;
mod outbound;
mod outgoing;
mod server;
mod text;
mod token;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub use self::call::{Cancelled, Inbound, InboundCall};
pub use self::client::SendError;
use self::core::Core;
pub use self::core::{IsEmergency, Timers};
pub use self::dialog::ReinviteError;
pub use self::leg::{Answerer, Ended, InfoBody, Leg, LegEvent};
pub use self::message::Message;
pub use self::outbound::{CallEvent, OutboundCall};
pub use self::outgoing::{Reply, Request};
pub(crate) use self::text::ALLOW;
use self::text::Draft;
pub(crate) use self::token::token;
use crate::edge::{self, Destination, Edge};
pub use crate::edge::{Flow, FlowGone, FlowId, OpenError, Transport};

/// Who decides what comes in from outside a call. Each request runs as a task of its own.
pub trait Handler: Send + Sync + 'static {
    /// A request that is no INVITE.
    fn request(&self, inbound: Inbound) -> impl Future<Output = ()> + Send;

    /// A call.
    fn call(&self, call: InboundCall) -> impl Future<Output = ()> + Send;
}

/// Where a request of ours goes.
#[derive(Clone, Debug)]
pub enum Target {
    /// Over a way that is there already: a registered phone's.
    Flow(Flow),
    /// To an address: a trunk's, a proxy's.
    Address {
        /// How.
        transport: Transport,
        /// Where.
        address: SocketAddr,
    },
    /// The same for a host whose certificate must be for its name, if it is spoken to over TLS.
    Host {
        /// How.
        transport: Transport,
        /// Where.
        address: SocketAddr,
        /// Its name, or its address.
        name: String,
    },
}

/// What a stack is made of.
pub struct Config {
    /// The listeners.
    pub edge: edge::Config,
    /// The intervals of repetition.
    pub timers: Timers,
    /// Which request addresses are those of emergency calls: no limit holds them up.
    pub is_emergency: IsEmergency,
}

/// The transactions and dialogs over our listeners. A clone is the same stack.
#[derive(Clone)]
pub struct Stack {
    core: Arc<Core>,
    edge: Arc<Edge>,
}

impl Stack {
    /// Binds the listeners. Nothing is received before [`Stack::serve`].
    ///
    /// # Errors
    ///
    /// [`OpenError`] with the address that cannot be had.
    pub async fn open(config: Config) -> Result<Self, OpenError> {
        let core = Core::new(config.edge.host.clone(), config.timers, config.is_emergency);
        let edge = Arc::new(Edge::open(config.edge).await?);
        Ok(Self { core, edge })
    }

    /// Begins to receive; the handler decides from now on.
    pub fn serve<H: Handler>(&self, handler: Arc<H>) {
        self.core.hand_to(handler);
        tokio::spawn(Arc::clone(&self.core).sweep());
        self.edge.listen(&(Arc::clone(&self.core) as Arc<dyn edge::Sink>));
    }

    /// Where it listens: in the order of the configuration.
    pub fn addresses(&self) -> Vec<(Transport, SocketAddr)> {
        self.edge.addresses()
    }

    /// Sends a request that begins nothing (NOTIFY, OPTIONS) and waits for its final answer. If it carries credentials, a
    /// challenge is answered once.
    ///
    /// # Errors
    ///
    /// [`SendError`] if nobody answered.
    pub async fn request(&self, target: Target, request: Request) -> Result<Message, SendError> {
        let to = destination(&target);
        let flow = self.flow(target).await?;
        let (mut draft, _) = self.draft(&flow, &request);
        let answer = client::ask(&self.core, &flow, &mut draft, request.credentials.as_ref()).await;
        if let (Err(SendError::Timeout), Some(to)) = (&answer, &to) {
            self.edge.forget(to);
        }
        answer
    }

    /// Makes a call. The request carries our offer.
    pub async fn invite(&self, target: Target, request: Request) -> OutboundCall {
        let Ok(flow) = self.flow(target).await else { return OutboundCall::failed(503) };
        let (draft, contact) = self.draft(&flow, &request);
        OutboundCall::begin(Arc::clone(&self.core), flow, draft, contact, request.credentials)
    }

    /// Takes no new calls (emergency calls excepted), waits for those in progress for at most `within`, hangs up what is left,
    /// and closes the listeners. Whether all calls had ended by themselves.
    pub async fn stop(&self, within: Duration) -> bool {
        self.core.drain();
        let quiet = async {
            while !self.core.is_quiet() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let is_quiet = tokio::time::timeout(within, quiet).await.is_ok();
        let hang_up = async {
            let byes: Vec<_> = self.core.dialogs_now().into_iter().map(|dialog| tokio::spawn(dialog.bye())).collect();
            for bye in byes {
                let _ = bye.await;
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(1), hang_up).await;
        self.close();
        // Nothing holds the sockets but tasks that end at once.
        let _ = tokio::time::timeout(Duration::from_secs(1), self.edge.gone()).await;
        is_quiet
    }

    /// Closes the listeners and lets the handler go, at once.
    pub fn close(&self) {
        self.edge.close();
        self.core.let_go();
    }

    async fn flow(&self, target: Target) -> Result<Flow, SendError> {
        match (destination(&target), target) {
            (None, Target::Flow(flow)) if flow.is_open() => Ok(flow),
            (Some(to), _) => {
                let sink = Arc::clone(&self.core) as Arc<dyn edge::Sink>;
                self.edge.flow_to(&to, sink).await.map_err(|FlowGone| SendError::FlowGone)
            }
            (None, _) => Err(SendError::FlowGone),
        }
    }

    /// The request with all that it lacks, and our Contact.
    fn draft(&self, flow: &Flow, request: &Request) -> (Draft, String) {
        let mut headers = request.headers.clone();
        let mut take = |name: &str| {
            let at = headers.iter().position(|(key, _)| key.eq_ignore_ascii_case(name))?;
            Some(headers.remove(at).1)
        };
        let from = take("From").unwrap_or_else(|| format!("<sip:ringfence@{}>", self.core.host));
        let to = take("To").unwrap_or_else(|| format!("<{}>", request.uri));
        let call_id = take("Call-ID").unwrap_or_else(|| format!("{}@{}", token(), self.core.host));
        let contact = take("Contact").unwrap_or_else(|| contact(flow));
        headers.push(("Contact".to_owned(), contact.clone()));
        if request.method == "INVITE" && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Allow")) {
            headers.push(("Allow".to_owned(), ALLOW.to_owned()));
        }
        let draft = Draft {
            method: request.method.clone(),
            uri: request.uri.clone(),
            from: format!("{from};tag={}", token()),
            to,
            call_id,
            cseq: 1,
            headers,
            body: request.body.clone(),
        };
        (draft, contact)
    }
}

/// Where a target is, unless it is a way that is there already.
fn destination(target: &Target) -> Option<Destination> {
    match target {
        Target::Flow(_) => None,
        Target::Address { transport, address } => Some(Destination { transport: *transport, address: *address, name: None }),
        Target::Host { transport, address, name } => {
            Some(Destination { transport: *transport, address: *address, name: Some(name.clone()) })
        }
    }
}

/// How the other side reaches us on a flow.
fn contact(flow: &Flow) -> String {
    format!("<sip:ringfence@{};transport={}>", flow.advertised(), flow.transport().parameter())
}

impl std::fmt::Debug for Stack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stack").field("addresses", &self.addresses()).finish_non_exhaustive()
    }
}
