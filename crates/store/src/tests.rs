//! The contract suite, run on both engines, and what only one of them can show.

mod api_answers;
mod calls;
mod contacts;
mod contract;
mod devices;
mod events;
mod fixture;
mod mails;
mod overview;
pub(crate) mod plans;
mod postgres;
mod prompts;
mod redirects;
mod search;
mod sessions;
mod sqlite;
mod statements;
mod templates;
mod tenants;
mod tree;
mod trunks;
mod webhooks;
