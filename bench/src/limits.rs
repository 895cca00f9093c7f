//! Every bound of the bench: a load is bounded in count and in time, and goes to loopback only.

use std::time::Duration;

/// The longest a single load may run.
pub const LOAD_TIME_MAX: Duration = Duration::from_secs(30);
/// The most requests of a single load.
pub const LOAD_REQUESTS_MAX: usize = 400_000;
/// The most connections that are open at once.
pub const CONNECTIONS_MAX: usize = 256;
/// The largest response head that a client reads; a phone would give up earlier.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;
/// The largest response body that a client reads.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// How long a server process may take until it says that it listens (1 000 000 devices included).
pub const READY_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a server process may take to end after it was told to.
pub const STOP_TIME_MAX: Duration = Duration::from_secs(15);
/// Simultaneous connections of a reference server.
pub const REFERENCE_CONNECTIONS_MAX: usize = 1024;
/// The most phones in a population: the MACs below one prefix.
pub const PHONES_MAX: u32 = 1 << 24;
/// Phones that one transaction adds to a population.
pub const PHONES_PER_WRITE: u32 = 5_000;
/// The longest SIP message that a telephone of the bench reads.
pub const SIP_DATAGRAM_BYTES_MAX: usize = 8 * 1024;
/// How long a telephone waits for what the server was to ask of it.
pub const ASKED_TIME_MAX: Duration = Duration::from_secs(20);
