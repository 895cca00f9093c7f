//! The edge and the stack on the loopback, by what a phone sees.

mod calls;
mod house;
mod peer;
