//! Brands' redirect services: a phone out of the carton asks its maker where to go, and the maker asks us.
//!
//! [`kind::Kind`] names the services and says what each can do. [`service::Service`] is the one face that all of them have; a file of
//! its own speaks each protocol. [`diff`] decides what is to be written: pure, from what is wanted, what was written, and what
//! the service says.
//!
//! What the makers publish is little. Each client names its sources by confidence, and [`kind::Kind::unverified`] lists what no public
//! source confirms.

pub mod account;
pub mod diff;
mod fanvil;
mod gigaset;
mod grandstream;
mod hawk;
pub mod kind;
pub mod limits;
mod loose;
pub mod outcome;
mod panasonic;
mod poly;
pub mod road;
mod row;
pub mod service;
mod snom;
mod sraps;
mod xmlrpc;
mod yealink;

pub use account::{Account, AccountError, Credentials};
pub use kind::{Capabilities, Carrier, Kind};
pub use outcome::{Failure, Outcome};
pub use reqwest::Url;
pub use road::Road;
pub use service::{Entry, Listed, Page, Profile, Service, Standing, Target};
