//! Every numeric limit of the people's door, with the reason for its size.

use std::time::Duration;

/// Connections at once. People and scripts, not phones: a thousand open pages with a few connections each.
pub const CONNECTIONS_MAX: usize = 4096;
/// Connections waiting in the kernel.
pub const BACKLOG: u32 = 512;
/// Bytes of a request's line and headers.
pub const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Bytes of a request's body: an import of 10 000 rows of 200 bytes and some room.
pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long a TLS handshake may take.
pub const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long headers may take, and how long a connection may idle between requests.
pub const HEADERS: Duration = Duration::from_secs(15);
/// How long one answer may take.
pub const ANSWER: Duration = Duration::from_secs(30);
/// Bytes of a bearer token that are looked at: ours have 34 characters.
pub const TOKEN_BYTES_MAX: usize = 128;
/// Bytes of a name: of resellers, customers, sites, tokens.
pub const NAME_BYTES_MAX: usize = 100;
/// Bytes of a device's label.
pub const LABEL_BYTES_MAX: usize = 100;
/// Entries that a list gives at once.
pub const PAGE_MAX: usize = 500;
/// Rows of one import file: one transaction, with an audit entry and a message for each, which the store takes ten thousand of.
pub const IMPORT_ROWS_MAX: usize = 10_000;
/// The lines of a phone that the import file has columns for.
pub const IMPORT_LINES_MAX: usize = 16;
/// Contacts of one import file: as many as a customer may have.
pub const CONTACT_ROWS_MAX: usize = 2_000;
/// Handsets of one DECT base: the largest multicell systems have 250.
pub const HANDSETS_MAX: u16 = 256;
/// Bytes of one import file.
pub const IMPORT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes of a trunk's user or password: what carriers hand out has a few dozen.
pub const LOGIN_BYTES_MAX: usize = 128;
/// Channels of one trunk: more than any carrier sells at once.
pub const TRUNK_CHANNELS_MAX: u32 = 100_000;
