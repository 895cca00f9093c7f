//! Every limit of this crate: a simulated phone must not be hurt by a server under test, nor run for ever.

/// The largest body a phone takes, in bytes. Config files stay far below; firmware is never fetched here.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// The most bytes read back from a raw exchange.
pub const RAW_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Files that one boot file may include, and one pass may fetch.
pub const INCLUDES_MAX: usize = 32;

/// Steps of one pass. The longest, a device file with all its includes, stays far below.
pub const REQUESTS_MAX: usize = 128;

/// Requests under way at the same time.
pub const TOGETHER_MAX: usize = 32;

/// Passes in a row when every one of them names a new server.
pub const CHAINED_PASSES_MAX: usize = 4;

/// Lines read of one config file.
pub const LINES_MAX: usize = 16_384;

/// Nodes of one XML file: twice the settings, with the blanks between them.
pub const NODES_MAX: u32 = 4 * 16_384;

/// Steps in which a number is held against one alternative of a dial plan; more are no match.
pub const DIAL_PLAN_STEPS_MAX: usize = 4096;

/// Settings kept in flash.
pub const SETTINGS_MAX: usize = 16_384;

/// Nonces whose uses a phone counts; the oldest is forgotten first.
pub const NONCES_MAX: usize = 16;

/// The longest a phone waits because a server asked it to, in seconds.
pub const WAIT_SECONDS_MAX: u64 = 300;

/// Tries for one file, whatever a config says (`attempt_before_failed` is 3 by default).
pub const ATTEMPTS_MAX: u32 = 10;

/// Phones of a fleet that are on at the same time.
pub const FLEET_CONCURRENCY_MAX: usize = 4096;

/// Steps that a transcript keeps; later ones are counted only.
pub const TRANSCRIPT_STEPS_MAX: usize = 10_000;

/// The longest address typed or read, in bytes. Vendor tables say 511 (unverified).
pub const ADDRESS_BYTES_MAX: usize = 1024;

/// The shortest and the longest poll, in minutes (Yealink `repeat.minutes`).
pub const POLL_MINUTES: std::ops::RangeInclusive<u64> = 1..=43_200;

/// Bytes of a SIP datagram that a phone takes; longer ones are cut, and lost.
pub const SIP_DATAGRAM_BYTES_MAX: usize = 8 * 1024;

/// Messages that wait to be written to a connection.
pub const SIP_SENDING_MAX: usize = 64;

/// Requests from the network that wait to be looked at, of one agent or one call; more are dropped, and repeated by the sender.
pub const SIP_WAITING_MAX: usize = 64;

/// Answers that an agent keeps for requests that come again.
pub const SIP_ANSWERS_KEPT: usize = 32;

/// Answers to challenges in a row for one request: the first, and one more for a nonce that was too old.
pub const SIP_CHALLENGES_MAX: u32 = 2;

/// Bytes of received sound that a call keeps: two minutes.
pub const HEARD_BYTES_MAX: usize = 8000 * 120;

/// Keys of one press.
pub const KEYS_MAX: usize = 64;

/// The longest press of one key, and the longest pause behind it, in milliseconds.
pub const KEY_MS_MAX: u128 = 5000;

/// Calls that a telephone remembers for its owner.
pub const CALLS_KEPT: usize = 64;

/// The largest body that a played redirect service takes, in bytes.
pub const SERVICE_BODY_BYTES_MAX: usize = 1024 * 1024;

/// Calls that a played redirect service remembers; later ones are counted only.
pub const SERVICE_CALLS_KEPT: usize = 10_000;
