//! Every limit of this crate.

/// Bytes of one `Authorization` or `WWW-Authenticate` value. The longest seen from phones stay under 1 kB.
pub const HEADER_BYTES_MAX: usize = 4096;

/// Bytes of one parameter's value (escapes resolved), and of a Basic user name or password.
pub const PARAMETER_BYTES_MAX: usize = 512;

/// Parameters in one challenge or answer. RFC 7616 names twelve.
pub const PARAMETERS_MAX: usize = 24;

/// Challenges read from one `WWW-Authenticate` value.
pub const CHALLENGES_MAX: usize = 8;

/// How far a count may lie behind the highest one seen for its nonce, and still be taken once.
pub const COUNT_WINDOW: u32 = 64;

/// Answers without a count (RFC 2069 form) that one nonce serves. A booting phone asks for about five files.
pub const UNCOUNTED_USES_MAX: usize = 16;

/// How far in the future a nonce may be dated: the clocks of two nodes differ by less.
pub const CLOCK_SKEW_MILLIS: u64 = 60_000;

/// Bytes of one RTP packet. Sound of 20 ms has 172; nothing that a call needs exceeds an Ethernet frame.
pub const RTP_PACKET_BYTES_MAX: usize = 1500;

/// How many places a source may jump ahead or back and still be the same stream (RFC 3550 appendix A.1: 3000).
pub const RTP_DROPOUT_MAX: u16 = 3000;

/// Consecutive packets with which another source takes a call over: a tenth of a second of sound.
pub const RTP_TAKEOVER_PACKETS: u32 = 5;

/// Packets that wait for a missing one: 160 ms of sound, more than any jitter buffer of a phone.
pub const RTP_REORDER_PACKETS: u64 = 8;

/// Silence after which a telephone event is over though its end was not heard. Updates come every 20 to 50 ms.
pub const DTMF_EVENT_CLOSED_MS: u64 = 100;

/// How long a packet of an earlier telephone event may be under way before it counts as a new stream.
pub const DTMF_EVENT_LATE_MS: u64 = 5000;

/// Bytes of a SIP INFO body with a key. Phones send about 30.
pub const DTMF_INFO_BYTES_MAX: usize = 256;

/// Emergency numbers that can be keyed into a prompt.
pub const EMERGENCY_NUMBERS_MAX: usize = 32;

/// Digits of an emergency number. The longest in use have six.
pub const EMERGENCY_DIGITS_MAX: usize = 12;

/// Bytes of a session description. Phones with many codecs and keys send up to 3 kB.
pub const SDP_BYTES_MAX: usize = 8192;

/// Media lines of a session description. Sound, video, presentation, fax and the like.
pub const SDP_MEDIA_MAX: usize = 8;

/// Formats of one medium, and mappings of formats.
pub const SDP_FORMATS_MAX: usize = 32;

/// Keys of one medium that are kept; further ones are passed over.
pub const SDP_CRYPTO_MAX: usize = 8;

/// Bytes of a SIP message's head. Invitations through several proxies stay under 4 kB.
pub const SIP_HEAD_BYTES_MAX: usize = 16 * 1024;

/// Bytes of a SIP message's body. Descriptions of sessions with many codecs stay under 4 kB.
pub const SIP_BODY_BYTES_MAX: usize = 16 * 1024;

/// Fields of a SIP message's head.
pub const SIP_HEADERS_MAX: usize = 128;

/// Bytes of the buffer that a datagram is received into; one that fills it was cut.
pub const SIP_DATAGRAM_BYTES_MAX: usize = SIP_HEAD_BYTES_MAX + SIP_BODY_BYTES_MAX;

/// Bytes of buffer that an idle stream keeps.
pub const SIP_STREAM_BYTES_KEPT: usize = 2048;
