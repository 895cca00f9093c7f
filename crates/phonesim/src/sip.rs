//! A telephone's own SIP: register, call, be called, be told. Nothing of any server is in it.
//!
//! An [`Agent`] is one socket or connection to one server, and needs no [`crate::Phone`]: a load generator opens as many as it
//! likes, or makes many calls over one.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use domain::settings::Transport;
//! use phonesim::sip::{Agent, AgentOptions, By, CallOptions, Registration, SipAccount};
//! use phonesim::Client;
//!
//! let (agent, _incoming) = Agent::open(AgentOptions::new(Client::default(), "192.0.2.1", None, Transport::Udp)).await?;
//! let account = SipAccount::new("user", "password");
//! Registration::new(&agent, account.clone()).register(300).await?;
//! let call = agent.call(&account, "*89", &CallOptions::default()).await?;
//! if call.answered().await.is_ok() {
//!     call.press("123456#", By::Rfc4733).await?;
//!     println!("{:?}", call.ended().await);
//! }
//! # Ok(())
//! # }
//! ```

mod agent;
mod call;
mod keys;
mod link;
mod message;
mod registration;
mod sound;

pub use self::agent::{Agent, AgentOptions, InboundRequest, Incoming, SipAccount, SipError, Timers};
pub use self::call::{Call, CallOptions, CallState, End, Side};
pub use self::keys::{By, KeyError, Keying};
pub use self::message::Message;
pub(crate) use self::message::user_of;
pub use self::registration::{Granted, Registration};
pub use self::sound::{Heard, Silence};
