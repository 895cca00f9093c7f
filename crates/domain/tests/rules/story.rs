//! Stories: one sentence of the specification each, told with phones, PINs and clicks.

mod admission;
mod handover;
mod pin;
mod reset;
mod trust;
