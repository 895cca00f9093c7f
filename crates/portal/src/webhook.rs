//! Webhooks: events sent to addresses that people name. Signed as Standard Webhooks has it, tried again for three days, and never sent to
//! where only we could reach.

mod courier;
mod post;
mod reach;
pub mod sign;

pub use self::courier::Courier;
pub(crate) use self::courier::attempt;
pub use self::post::Road;
pub(crate) use self::post::check_url;
