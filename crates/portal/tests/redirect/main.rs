//! Devices and brands' redirect services, played: what is here is there, whatever goes wrong on the way.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends there")]

mod accounts;
mod every_service;
mod faults;
mod owners;
mod world;
