//! The call that asks for the PIN.

pub mod dialogue;
