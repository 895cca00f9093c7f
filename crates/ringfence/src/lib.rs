//! The binary's rooms: configuration, start and stop, background jobs, command line.

pub mod backup;
pub mod bundle;
pub mod cli;
pub mod commands;
pub mod config;
pub mod context;
pub mod data;
#[cfg(feature = "demo")]
mod demo;
pub mod doctor;
pub mod failure;
pub mod init;
pub mod logs;
pub mod output;
pub mod overrides;
pub mod run;
pub mod serve;
