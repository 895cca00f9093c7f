//! Unguessable names: tags, branches, Call-IDs.

use domain::Chance;

use crate::edge::SystemChance;

/// 16 hexadecimal digits that nobody can guess.
pub(crate) fn token() -> String {
    format!("{:016x}", number())
}

/// A number below a bound, for what only has to differ.
pub(crate) fn below(bound: u64) -> u64 {
    number() % bound.max(1)
}

fn number() -> u64 {
    let mut bytes = [0; 8];
    SystemChance.fill(&mut bytes);
    u64::from_le_bytes(bytes)
}
