//! The contract suite, run on both engines, and what only one of them can show.

mod api_answers;
mod calls;
mod contacts;
mod contract;
mod devices;
mod fixture;
mod overview;
mod postgres;
mod prompts;
mod sessions;
mod sqlite;
mod statements;
mod tenants;
mod tree;
mod trunks;
