//! What is true: how a phone proves who it is, and what it is then given.
//!
//! Pure rules. Nobody here opens a socket, reads a clock or makes randomness: time and chance are arguments.
//! The way of a request through this crate: [`evidence`] (what it proves) → [`admission`] (the table) → [`handover`] and
//! [`grounds`] (what a claim is worth) → [`effect`] (what follows). A PIN goes through [`pin`], an admin's click through [`admin`].

pub mod admin;
pub mod admission;
pub mod audit;
pub mod challenges;
pub mod chance;
pub mod channel;
pub mod claim;
pub mod device;
pub mod effect;
pub mod emergency;
pub mod evidence;
pub mod extra;
pub mod grounds;
pub mod handover;
pub mod ipei;
pub mod language;
pub mod limits;
pub mod login;
pub mod mac;
pub mod menu_password;
pub mod net;
pub mod phonebook;
pub mod pin;
pub mod policy;
pub mod reason;
pub mod role;
pub mod secret;
pub mod settings;
pub mod sign_in;
pub mod tenancy;
pub mod time;
pub mod trust;

pub use crate::chance::Chance;
pub use crate::mac::Mac;
pub use crate::secret::Secret;
pub use crate::time::{Span, Time};
