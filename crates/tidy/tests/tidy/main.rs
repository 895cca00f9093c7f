//! The house's invariants, asked of the tree itself.

mod arrows;
mod code;
mod documents;
mod words;
