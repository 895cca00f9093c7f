//! The real binary, from the outside: its words, its JSON, its exit codes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends there")]

mod api;
mod backup;
mod bad_input;
mod batch;
mod brands;
mod commands;
mod contacts;
mod firmware;
mod handsets;
mod identity;
mod init;
mod menus;
mod overrides;
mod plain_http;
mod postgres;
mod prompts;
mod redirects;
mod serve;
mod settings;
mod telephone;
mod templates;
mod trunks;
mod trusting;
mod users;
mod webhooks;
mod world;
