//! Reading the project's own tree, for the tests beside this crate that keep the house's invariants.
//!
//! Stands on no floor: nothing uses it, and only its tests look into another room.

pub mod addresses;
pub mod manifest;
pub mod source;
pub mod tree;

/// Fails with all problems at once, one a line.
///
/// # Panics
/// If there is any.
pub fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "{} found:\n  {}", problems.len(), problems.join("\n  "));
}
