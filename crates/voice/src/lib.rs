//! The phones' telephone face: registrar of throw-away accounts, the call that asks for the PIN, NOTIFY, emergency calls.
//!
//! A message goes `edge` → `stack` → `registrar`, `pin_call` or `emergency`; what is decided, `domain` decides.

pub mod accounts;
pub mod calls;
pub mod edge;
pub mod emergency;
pub mod limits;
pub mod media;
pub mod metrics;
pub mod notify;
pub mod pin_call;
pub mod pins;
pub mod presence;
pub mod prompts;
pub mod registrar;
pub mod service;
pub mod stack;
