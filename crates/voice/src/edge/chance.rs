//! The operating system's randomness, for what is asked of the telephone face.

use domain::Chance;

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemChance;

impl Chance for SystemChance {
    fn fill(&mut self, buffer: &mut [u8]) {
        #[expect(clippy::disallowed_methods, reason = "this is the edge where chance comes in")]
        getrandom::fill(buffer).expect("an operating system without randomness cannot run this program safely");
    }
}
