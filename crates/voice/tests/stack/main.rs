//! The edge and the stack on the loopback, by what a phone sees.

mod calls;
mod connections;
mod datagrams;
mod house;
mod logs;
mod peer;
mod streams;
mod wire;
