//! Emergency calls: put through to a trunk in every state, with or without a database.

mod cache;
mod places;
mod recent;
mod routes;
mod seats;

pub use self::cache::{Cache, CacheError, Content};
pub use self::places::{Places, Spot};
pub use self::routes::{Routes, Table};
