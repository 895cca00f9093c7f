//! Phones as the real ones behave: for tests, for load, and for the demo.
//!
//! A [`Phone`] has an [`Identity`], a [`Behaviour`] and a [`Flash`]. It boots, asks for its files in its brand's order, takes
//! what they say, and shows something on its display. What it did is told by a [`Transcript`].
//!
//! ```no_run
//! # async fn example() {
//! use phonesim::{Behaviour, Display, Identity, Outcome, Phone, Transcript};
//!
//! let mac = "001565aabbcc".parse().unwrap();
//! let mut phone = Phone::new(Identity::yealink_t46s(mac), Behaviour::default());
//! phone.menu().set_server("https://phones.example.com:8443/cfg", "phone", "password from the leaflet");
//! let mut transcript = Transcript::default();
//! assert_eq!(phone.boot(&mut transcript).await, Outcome::Configured);
//! assert!(matches!(phone.display(), Display::Ready { .. }));
//! println!("{transcript}");
//! # }
//! ```
//!
//! A [`Telephone`] is a phone that stays on: it registers what its config says, calls, is called, and fetches when it is told to.
//! [`sip`] is its telephony alone, without a phone around it.
//!
//! ```no_run
//! # async fn example(phone: phonesim::Phone) -> Result<(), Box<dyn std::error::Error>> {
//! use phonesim::Telephone;
//! use phonesim::sip::By;
//!
//! let telephone = Telephone::new(phone);
//! telephone.boot().await;
//! telephone.registered().await?;
//! let call = telephone.lift().await?;
//! if call.answered().await.is_ok() {
//!     call.press("123456#", By::Rfc4733).await?;
//!     call.ended().await;
//! }
//! telephone.shows("Reception").await?;
//! # Ok(())
//! # }
//! ```
//!
//! What always holds: the phone knows nothing of the server's rules. It reads files by itself, from the vendor's facts and
//! not with the server's parser, so that the two can be held against each other. Everything that comes from a server is
//! bounded ([`limits`]); secrets are in no transcript and no `Debug`.

mod address;
mod behaviour;
mod cisco;
mod client;
mod display;
mod fanvil;
pub mod firmware;
mod flash;
mod fleet;
mod gigaset;
mod grandstream;
mod identity;
mod in_turn;
pub mod limits;
mod login;
mod panasonic;
mod patton;
mod phone;
mod poly;
mod salted;
pub mod services;
pub mod sip;
mod snom;
mod snom_c;
mod spectralink;
mod telephone;
mod transcript;
mod yealink;

pub use crate::address::{Address, AddressError, Login, Slash};
pub use crate::behaviour::{Behaviour, LoginHabit, Waits};
pub use crate::client::{Answer, Client, ClientError, Connection, Request, Stream, Tls, TlsError};
pub use crate::display::{Account, Display};
pub use crate::firmware::Brand;
pub use crate::flash::{Flash, FlashError};
pub use crate::fleet::{Booted, boot_all};
pub use crate::identity::{AgentForm, Identity};
pub use crate::login::Scheme;
pub use crate::phone::{Menu, Network, Outcome, Phone, RedirectService};
pub use crate::telephone::{Called, DialError, Dialled, Notified, Telephone, Telephony, TooLong, View};
pub use crate::transcript::{Exchange, Journal, SentLogin, Signal, Step, Transcript};
