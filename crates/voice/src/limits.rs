//! Numeric limits of the telephone face.

use domain::Span;

// Accounts.

/// `Authorization` fields looked at in one request: one for each hash, and as many for a proxy on the way.
pub const AUTHORIZATIONS_MAX: usize = 4;
/// How long a nonce is good for, in milliseconds. Phones answer a challenge at once; one that keeps the nonce is told `stale`.
pub const NONCE_LIFETIME_MILLIS: u64 = 60_000;
/// Nonces whose uses are remembered. When 100 000 phones register at 4 000 a second, half a minute of them.
pub const NONCES_MAX: usize = 131_072;
/// How old a nonce may be that proves who makes an emergency call: as long as a phone's registration can last.
pub const EMERGENCY_NONCE_MILLIS: u64 = 3_600_000;
/// Wrong answers for one phone that a source has free.
pub const WRONG_ANSWERS: i64 = 20;
/// How long until one more wrong answer is free.
pub const WRONG_ANSWER_FORGIVEN: Span = Span::seconds(10);
/// Pairs of source and phone whose wrong answers are remembered.
pub const WRONG_ANSWERS_MAX: usize = 65_536;
