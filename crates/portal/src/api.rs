//! The REST API: one file per resource, [`crate::routes`] as its contents page.
//!
//! A handler unpacks a request ([`extract`]), calls an act of [`crate::admin`], and packs what came of it ([`answer`]). Who may do what is
//! asked in the acts, so that command line and API cannot differ.

#![expect(unused_qualifications, reason = "what the macros of utoipa write names its types in full")]

pub(crate) mod answer;
pub(crate) mod audit;
pub(crate) mod brands;
pub(crate) mod customers;
pub(crate) mod device_acts;
pub(crate) mod devices;
pub(crate) mod document;
pub(crate) mod events;
pub(crate) mod extract;
pub(crate) mod flow;
pub(crate) mod global_login_requests;
pub(crate) mod global_logins;
pub(crate) mod guard;
pub(crate) mod idempotency;
pub(crate) mod imports;
pub(crate) mod policies;
pub(crate) mod prompts;
pub(crate) mod redirects;
pub(crate) mod resellers;
pub(crate) mod settings;
pub(crate) mod simulate;
pub(crate) mod sites;
pub(crate) mod telephone;
pub(crate) mod templates;
pub(crate) mod tokens;
pub(crate) mod trunks;
pub(crate) mod trusted_networks;
pub(crate) mod users;
pub(crate) mod webhooks;
pub(crate) mod whoami;
