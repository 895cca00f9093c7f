//! Every limit of this crate.

use std::time::Duration;

/// How long one call may take, from the name's lookup to the last byte of the answer.
pub const CALL_PATIENCE: Duration = Duration::from_secs(30);

/// How long a connection may take to come about.
pub const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// The largest answer that is read, in bytes. A page of 500 devices is 250 KiB at most.
pub const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Characters of a service's own words that are kept of a refusal.
pub const SAID_CHARS_MAX: usize = 200;

/// Nodes of an XML answer: a list of 100 000 MACs, with blanks between.
pub const NODES_MAX: u32 = 1_000_000;

/// Pages of one list: with 500 devices a page, a million of them.
pub const PAGES_MAX: usize = 2000;

/// The longest pause that a service may ask for.
pub const PAUSE_MAX: Duration = Duration::from_hours(1);

/// Bytes of one field of an account.
pub const FIELD_BYTES_MAX: usize = 512;

/// Rows of one page of Yealink's lists; more are refused.
pub const YMCS_PAGE: u64 = 500;

/// Bytes of a server's name at Yealink (from one client's table of the guide's limits, as the three below).
pub const YMCS_NAME_BYTES_MAX: usize = 20;

/// Bytes of a server's address at Yealink.
pub const YMCS_ADDRESS_BYTES_MAX: usize = 512;

/// Bytes of a server's user, and of its password, at Yealink.
pub const YMCS_LOGIN_BYTES_MAX: usize = 32;

/// Bytes of a serial number at Yealink.
pub const YMCS_SERIAL_BYTES_MAX: usize = 128;

/// Devices of one page of Poly's list.
pub const POLY_PAGE: u32 = 50;

/// Bytes of a profile's name at Poly (from one client's form, as the two below).
pub const POLY_NAME_BYTES_MAX: usize = 100;

/// Bytes of a profile's address at Poly.
pub const POLY_ADDRESS_BYTES_MAX: usize = 255;

/// Bytes of a profile's user, and of its password, at Poly.
pub const POLY_LOGIN_BYTES_MAX: usize = 64;
/// Levels of lists and structs in an XML-RPC answer: the deepest known is a list of structs.
pub const DEPTH_MAX: usize = 8;
