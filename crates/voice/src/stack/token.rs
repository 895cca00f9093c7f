//! Unguessable names: tags, branches, Call-IDs.

/// 16 hexadecimal digits that nobody can guess.
pub(crate) fn token() -> String {
    let mut bytes = [0; 8];
    #[expect(clippy::disallowed_methods, reason = "the names of transactions and dialogs are made at the edge; nothing decides by them")]
    getrandom::fill(&mut bytes).expect("an operating system without randomness cannot run this program safely");
    format!("{:016x}", u64::from_le_bytes(bytes))
}

/// A number below a bound, for what only has to differ.
pub(crate) fn below(bound: u64) -> u64 {
    u64::from_str_radix(&token(), 16).unwrap_or_default() % bound.max(1)
}
