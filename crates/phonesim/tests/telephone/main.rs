//! Simulated phones as telephones, against a scripted SIP server.

#![expect(clippy::unwrap_used, reason = "what fails to be set up fails the test")]

mod calls;
mod pbx;
mod phones;
mod registrations;
