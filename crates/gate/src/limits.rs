//! Every number that bounds the gate, in one place.

use std::time::Duration;

/// The longest request target, in bytes; longer is 414.
pub const TARGET_BYTES_MAX: usize = 2048;
/// The longest request head (request line and headers), in bytes; longer is 431.
pub const HEAD_BYTES_MAX: usize = 32 * 1024;
/// The read buffer of a connection, in bytes. A head that does not end within it is 431 too.
pub const READ_BUFFER_MAX: usize = 48 * 1024;
/// The longest file name, in bytes after decoding. The longest in the fact sheets has about 60.
pub const FILE_NAME_BYTES_MAX: usize = 255;
/// The most directories in a file name (Polycom's `languages/…` and the like have one or two).
pub const FILE_NAME_SEGMENTS_MAX: usize = 6;
/// The longest handle or secret segment of a door, in bytes.
pub const DOOR_SEGMENT_BYTES_MAX: usize = 128;
/// The longest Host header, in bytes: a DNS name and a port.
pub const HOST_BYTES_MAX: usize = 261;
/// How many proxies `X-Forwarded-For` is followed back through.
pub const FORWARDED_HOPS_MAX: usize = 16;
/// The longest PROXY protocol version 1 line, in bytes (the protocol's own bound).
pub const PROXY_V1_BYTES_MAX: usize = 107;
/// The longest PROXY protocol version 2 payload that is read, in bytes: addresses and a proxy's own fields.
pub const PROXY_V2_BYTES_MAX: usize = 2048;
/// The most entity tags looked at in one `If-None-Match`.
pub const ENTITY_TAGS_MAX: usize = 16;
/// The kernel's queue of connections not yet accepted.
pub const BACKLOG: u32 = 4096;
/// How much of an unwanted request is read and dropped, so that the refusal reaches the phone before a reset does.
pub const LINGER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The most certificates in one PEM file.
pub const CHAIN_CERTIFICATES_MAX: usize = 16;
/// The largest PEM file, in bytes.
pub const PEM_BYTES_MAX: u64 = 256 * 1024;
/// Addresses whose request rate is remembered. When full, the least used are forgotten, which gives them a new burst.
pub const THROTTLED_ADDRESSES_MAX: usize = 65_536;
/// Pairs of device and address whose wrong logins are remembered.
pub const WRONG_LOGINS_MAX: usize = 65_536;
/// Resumable TLS 1.2 sessions of phones that know no tickets.
pub const TLS_SESSIONS_MAX: usize = 4096;

/// How long a nonce is good for, in milliseconds. A phone that keeps one from pass to pass is told `stale` and goes on.
pub const NONCE_LIFETIME_MILLIS: u64 = 300_000;
/// Nonces whose counts are remembered: five minutes of an office of thousands of phones.
pub const NONCES_MAX: usize = 65_536;
/// Addresses whose first contacts are counted.
pub const CONTACT_ADDRESSES_MAX: usize = 16_384;
/// Devices counted per address; above every sensible `first_contacts_per_hour`.
pub const CONTACTS_PER_ADDRESS_MAX: usize = 10_000;
/// Phones whose unanswered challenges are remembered.
pub const UNANSWERED_MAX: usize = 4_096;
/// Unknown MACs whose PIN tries are remembered.
pub const STRANGERS_MAX: usize = 4_096;
/// Devices whose requests wait to be written to the request log.
pub const RECORDED_DEVICES_MAX: usize = 16_384;
/// Devices more for which there is room if they proved themselves.
pub const RECORDED_FETCHES_MAX: usize = 16_384;
/// Unknown MACs that wait to be listed.
pub const KNOCKS_WAITING_MAX: usize = 1_024;
/// Requests of one device that wait to be written.
pub const RECORDED_REQUESTS_MAX: usize = 50;
/// Devices written to the request log in one transaction.
pub const RECORDED_PER_WRITE_MAX: usize = 500;
/// Places (customer and site) whose policy, settings and trust are kept in memory.
pub const BOOKS_MAX: usize = 8_192;

/// How much of a file is in memory while it is sent, in bytes; two in the connection's buffers besides.
pub const TRANSFER_CHUNK_BYTES: usize = 64 * 1024;
/// The largest firmware file, in bytes. The largest in the fact sheets, of phones with Android, have about 250 MB.
pub const FIRMWARE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Bounds that an installation may set differently, and tests do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time, all addresses together. When reached, the next ones wait in the kernel's queue.
    pub connections: usize,
    /// Connections at a time from one address (IPv6: one /64). The next are closed at once. Trusted proxies are exempt.
    pub connections_per_address: usize,
    /// Requests decided at a time; the next is 503 with `Retry-After`.
    pub concurrent_requests: usize,
    /// Requests that one address may send at once (an office that boots).
    pub address_burst: u32,
    /// Requests per second of one address once its burst is spent; above it is 503 with `Retry-After`.
    pub address_rate: u32,
    /// Wrong logins of one device from one address before it has to wait.
    pub wrong_logins: u32,
    /// How fast a wrong login is forgiven: one per this time.
    pub wrong_login_forgiven: Duration,
    /// The largest upload, in bytes; larger is 413.
    pub upload_bytes: u64,
    /// For the PROXY protocol's header and the TLS handshake, each.
    pub handshake: Duration,
    /// For a request's head, from its first byte; on a new connection from the start.
    pub head: Duration,
    /// Between two requests on one connection.
    pub idle: Duration,
    /// For a whole upload.
    pub upload: Duration,
    /// For deciding; afterwards 503.
    pub decide: Duration,
    /// For a whole answer to leave.
    pub send: Duration,
    /// Files of firmware sent at a time; the next is 503 with `Retry-After`.
    pub transfers: usize,
    /// For a whole file of firmware to leave; a phone that was cut asks for the rest.
    pub transfer: Duration,
    /// For reading the rest of a refused request.
    pub linger: Duration,
    /// What `Retry-After` says on a full house, in seconds.
    pub retry_after: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            connections_per_address: 4096,
            concurrent_requests: 1024,
            address_burst: 8000,
            address_rate: 200,
            wrong_logins: 10,
            wrong_login_forgiven: Duration::from_mins(1),
            upload_bytes: 4 * 1024 * 1024,
            handshake: Duration::from_secs(15),
            head: Duration::from_secs(15),
            idle: Duration::from_mins(1),
            upload: Duration::from_mins(1),
            decide: Duration::from_secs(20),
            send: Duration::from_mins(2),
            transfers: 128,
            transfer: Duration::from_mins(30),
            linger: Duration::from_secs(2),
            retry_after: 30,
        }
    }
}
