//! Numeric limits of the telephone face.

use std::time::Duration;

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

// Registrations.

/// Contacts of one claim: the handsets of a DECT base. The longest unheard goes.
pub const CONTACTS_PER_CLAIM_MAX: usize = 10;
/// Contacts of one phone under all its claims, so that a stranger's do not pile up.
pub const CONTACTS_PER_MAC_MAX: usize = 40;
/// Contacts from one address (IPv6: one /64): the largest campus behind one router.
pub const CONTACTS_PER_ADDRESS_MAX: usize = 16_384;
/// Contacts altogether: 100 000 phones, some of them with several; about 1 kB each.
pub const CONTACTS_MAX: usize = 160_000;
/// Contacts in one REGISTER.
pub const CONTACTS_PER_REGISTER_MAX: usize = 16;
/// A leave under another Call-ID that comes this soon after a registration was meant for the one before: the lifetime of a transaction.
pub const LATE_LEAVE: Span = Span::seconds(32);
/// Proxies between a phone and us.
pub const PATHS_MAX: usize = 8;
/// The longest address of a contact or proxy, in bytes.
pub const ADDRESS_BYTES_MAX: usize = 512;
/// The longest `Call-ID` of a registration, in bytes.
pub const CALL_ID_BYTES_MAX: usize = 256;
/// How much of a phone's `User-Agent` is kept, in bytes.
pub const AGENT_BYTES_MAX: usize = 128;
/// The shortest registration, in seconds; shorter is 423.
pub const EXPIRES_MIN: u32 = 60;
/// The longest registration, in seconds, and what a phone gets that asks for nothing.
pub const EXPIRES_MAX: u32 = 3_600;
/// The longest registration on UDP, in seconds.
pub const EXPIRES_UDP_MAX: u32 = 600;
/// The longest registration on UDP through a NAT, in seconds: routers forget such ways after 30 s to 3 minutes of silence.
pub const EXPIRES_NAT_MAX: u32 = 120;
/// How long a phone may be silent on a stream, in seconds, if it asks (RFC 5626): less than routers wait.
pub const FLOW_TIMER_SECONDS: u32 = 120;
/// Phones of which is remembered where they stand and whose login was taken up.
pub const KNOWN_PHONES_MAX: usize = 131_072;
/// Phones that wait to be looked up. Beyond them, the next registration asks again.
pub const LOOKUPS_WAITING_MAX: usize = 16_384;
/// Phones looked up at the same time.
pub const LOOKUPS_AT_ONCE_MAX: usize = 4;
/// How long what was learned holds without news.
pub const KNOWN_FOR: Span = Span::minutes(10);
/// How often a way through a NAT is kept open.
pub const KEEP_ALIVE_EVERY: Span = Span::seconds(25);
/// OPTIONS for that purpose a second. With more phones than fit, each is asked less often.
pub const KEEP_ALIVES_PER_SECOND_MAX: u32 = 400;
/// How often ended registrations and closed connections are looked for.
pub const REGISTRATIONS_SWEPT_EVERY: Duration = Duration::from_secs(5);
/// OPTIONS that wait for their answers.
pub const KEEP_ALIVES_WAITING_MAX: usize = 4_096;

// NOTIFY.

/// Wishes for one phone that come within this time are one.
pub const NOTIFY_MOMENT: Span = Span::from_millis(50);
/// How long a phone is left alone after an emergency call.
pub const AFTER_EMERGENCY: Span = Span::minutes(60);
/// Phones of which calls and emergencies are remembered; beyond them, what is past is forgotten before its time is looked for.
pub const QUIET_PHONES_MAX: usize = 65_536;
/// How long a phone is looked for that is to be told and has no contact.
pub const ABSENT_FOR: Span = Span::seconds(30);
/// How often.
pub const LOOK_FOR_ABSENT: Duration = Duration::from_millis(250);
/// Such phones at the same time; most messages concern phones that are registered elsewhere.
pub const ABSENT_MAX: usize = 4_096;
/// Phones that are told at the same time. One that is silent takes 32 s.
pub const NOTIFIES_AT_ONCE_MAX: usize = 4_096;
/// Phones that are told in a second when all of them must be.
pub const NOTIFIES_PER_SECOND_OF_ALL: i64 = 100;
/// Flows of one claim that are told.
pub const NOTIFIES_PER_PHONE_MAX: usize = 10;
/// What became of NOTIFYs, waiting to be written to the devices' logs.
pub const NOTIFY_RECORDS_MAX: usize = 16_384;
/// Resyncs through the operator's proxy that wait; each may have several lines.
pub const PROXY_RESYNCS_WAITING_MAX: usize = 10_000;
/// NOTIFYs through the operator's proxy in a second.
pub const PROXY_NOTIFIES_PER_SECOND_MAX: u32 = 50;
/// Pages of the outbox that wait to be read.
pub const NEWS_WAITING_MAX: usize = 16;
/// How long a phone's flows are waited for before it can be told again: one that is silent must not hold up the others.
pub const NOTIFY_PATIENCE: Duration = Duration::from_secs(1);
/// Rows that one change leaves in a device's log.
pub const NOTIFY_ROWS_MAX: usize = 4;
/// How long one node has a resync through the proxy to itself: longer than any node lags behind.
pub const PROXY_RESYNC_LEASE: Span = Span::minutes(10);

// Media.

/// How often a media thread looks after its sessions, in microseconds.
pub const RTP_TICK_MICROS: u64 = 5_000;
/// How often a call with us looks for packets, in microseconds: once in the usual length of one.
pub const RTP_POLL_MICROS: u64 = 20_000;
/// Datagrams taken from a port at one look; the rest waits for the next.
pub const RTP_DRAIN_PACKETS: usize = 32;
/// Datagrams of a session that are looked into in one second. Sound in packets of 10 ms beside telephone events are 200.
pub const RTP_PACKETS_PER_SECOND: u32 = 400;
/// Of these, from addresses that are not known to be the telephone's.
pub const RTP_STRANGERS_PER_SECOND: u32 = 100;
/// Packets sent at once after a thread was held up; more are left out.
pub const RTP_CATCH_UP_PACKETS: u64 = 3;
/// By how much a packet may be late before that is counted, in microseconds: 40 ms between packets of 20 ms.
pub const RTP_GAP_MICROS: u64 = 20_000;
/// Clips that wait to be played in one call. The longest saying has about twenty.
pub const RTP_CLIPS_MAX: usize = 256;
/// Keys and ends of clips that wait to be heard by the dialogue of one call.
pub const RTP_EVENTS_MAX: usize = 64;
/// Commands that wait for a media thread.
pub const RTP_COMMANDS_MAX: usize = 4096;
/// Pairs of ports where the operating system chooses them.
pub const RTP_PAIRS_MAX: usize = 16_384;
/// Ports tried for one session, when others hold some of the range.
pub const RTP_BIND_TRIES_MAX: usize = 32;
/// How long a port of an ended call rests, in microseconds: telephones send on until they have seen the end.
pub const RTP_PORT_REST_MICROS: u64 = 5_000_000;
/// Bytes of datagrams that wait in the kernel for one port: about 80 of sound.
pub const RTP_RECEIVE_BUFFER_BYTES: usize = 65_536;
/// Silence after which another port of the telephone's address may take a call over, in microseconds.
pub const RTP_LATCH_SILENT_MICROS: u64 = 1_000_000;
/// Silence after which any address may take an emergency call over, in microseconds.
pub const RTP_LATCH_WIDE_SILENT_MICROS: u64 = 5_000_000;
/// Consecutive packets that this takes: one second of sound.
pub const RTP_LATCH_WIDE_PACKETS: u32 = 50;
/// How long packets go to an address that only the description names and that is never heard, in microseconds.
pub const RTP_UNHEARD_MICROS: u64 = 30_000_000;
/// Packets that may come late or twice under SRTP (RFC 3711 wants at least 64).
pub const SRTP_REPLAY_PACKETS: usize = 64;
/// Sources of one telephone whose SRTP state is kept.
pub const SRTP_SOURCES_MAX: usize = 4;
/// RTCP packets of one side of a relay in one second. Telephones send one in five seconds.
pub const RTCP_PACKETS_PER_SECOND: u32 = 20;

// PINs.

/// How long the answer to a PIN takes at least, so that the time a commit takes says nothing about who is known.
pub const PIN_ANSWER_AFTER: Duration = Duration::from_millis(300);
/// Books kept between PINs: one for each site with phones that are being set up.
pub const BOOKS_MAX: usize = 1_024;
/// How often a PIN that collided with another change of its device is tried again.
pub const PIN_CONFLICTS_MAX: u32 = 16;
/// What the limits above the device count over.
pub const WRONG_PINS_WINDOW: Span = Span::hours(1);
/// Sources whose wrong PINs are counted, and sources remembered for a right one. The oldest goes.
pub const PIN_SOURCES_MAX: usize = 8_192;
/// Customers whose wrong PINs are counted. The oldest goes.
pub const PIN_CUSTOMERS_MAX: usize = 8_192;
/// How long a source is remembered for a right PIN.
pub const PIN_SUCCESS_MEMORY: Span = Span::days(30);
/// Wrong PINs of one source that go unremarked; each further one waits [`PIN_DELAY_STEP`] longer, up to [`PIN_DELAY_MAX`].
pub const SOURCE_WRONG_PINS: u32 = 10;
/// Wrong PINs after which a source without an earlier success is refused.
pub const SOURCE_WRONG_PINS_MAX: u32 = 60;
/// Wrong PINs of one customer's phones that go unremarked.
pub const CUSTOMER_WRONG_PINS: u32 = 100;
/// Wrong PINs on the whole platform that go unremarked; all further ones wait as those of a source do.
pub const PLATFORM_WRONG_PINS: u32 = 1_000;
/// Wrong PINs on the whole platform after which sources without an earlier success are refused.
pub const PLATFORM_WRONG_PINS_MAX: u32 = 10_000;
/// By how much a PIN waits longer than the one before.
pub const PIN_DELAY_STEP: Span = Span::seconds(1);
/// The longest that a PIN waits.
pub const PIN_DELAY_MAX: Span = Span::seconds(5);
/// The longest name of an engine's session, in bytes; the store's limit, too.
pub const SESSION_BYTES_MAX: usize = store::limits::PIN_ATTEMPT_SESSION_BYTES_MAX;

// Edge and stack.

/// Server transactions remembered, most of them only to answer a repetition the same way: 4 000 registrations a second of
/// two requests each, for 32 seconds. When full, the one nearest to its end is forgotten.
pub const TRANSACTIONS_MAX: usize = 262_144;
/// Requests that are being decided at a time; more get 503, emergency calls excepted.
pub const HANDLERS_MAX: usize = 4_096;
/// Responses to one request of ours that wait to be looked at.
pub const RESPONSES_WAITING_MAX: usize = 16;
/// Things that happened to one call and wait to be looked at: keys, offers, its end.
pub const LEG_EVENTS_MAX: usize = 64;
/// Dialogs at a time. Emergency calls are set up all the same.
pub const DIALOGS_MAX: usize = 16_384;
/// Refusals of calls over UDP that are repeated until they are acknowledged, each about ten times in 32 s; more are sent once.
pub const REFUSALS_REPEATED_MAX: usize = 4_096;
/// How long a request of ours that begins a call may go unanswered once it rings.
pub const RINGING_MAX: Duration = Duration::from_mins(3);
/// How long our BYE waits for the ACK of our answer.
pub const ACK_PATIENCE: Duration = Duration::from_secs(4);
/// How often what has ended is swept out.
pub const SWEEP_EVERY: Duration = Duration::from_millis(500);
/// How long a stop waits for the last records of emergency calls to be written.
pub const STOP_WRITES_MAX: Duration = Duration::from_secs(3);
/// Seconds in `Retry-After` of a full house.
pub const RETRY_AFTER: u32 = 5;

/// The kernel's queue of connections not yet accepted.
pub const BACKLOG: i32 = 4096;
/// The receive buffer asked for on UDP, in bytes.
pub const DATAGRAM_QUEUE_BYTES: usize = 4 * 1024 * 1024;
/// Read from a connection at a time, in bytes; an idle one keeps no more.
pub const READ_BYTES: usize = 2048;
/// Messages to one connection that wait to be written. Above half of it nothing more is read; a peer that does not read either loses
/// its connection.
pub const WRITES_WAITING_MAX: usize = 256;
/// Addresses whose request rate is remembered. When full, the least used are forgotten, which gives them a new burst.
pub const THROTTLED_ADDRESSES_MAX: usize = 65_536;
/// Connections that we opened ourselves, kept for use again.
pub const DIALLED_MAX: usize = 256;
/// Addresses of one transport that one configuration key may hold.
pub const LISTENERS_MAX: usize = 16;

/// Bounds of the edge that an installation may set differently, and tests do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time, all addresses together. When reached, the next ones wait in the kernel's queue.
    pub connections: usize,
    /// Connections at a time from one address (IPv6: one /64). The next are closed at once.
    pub connections_per_address: usize,
    /// For the TLS handshake, for the first message of a connection, and for the rest of one that has begun.
    pub patience: Duration,
    /// Between two messages or pings of a connection: longer than a registration lasts.
    pub idle: Duration,
    /// For a message to leave.
    pub write: Duration,
    /// For a connection of our own to be established, TLS included.
    pub dial: Duration,
    /// Requests that one address may send at once: an office that boots.
    pub address_burst: u32,
    /// Requests per second of one address once its burst is spent.
    pub address_rate: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            connections_per_address: 4_096,
            patience: Duration::from_secs(20),
            idle: Duration::from_mins(65),
            write: Duration::from_secs(10),
            dial: Duration::from_secs(4),
            address_burst: 8_000,
            address_rate: 400,
        }
    }
}

// The call that asks for the PIN.

/// Calls that one claim may have at once: a second handset, or one that lost the first.
pub const CALLS_PER_CLAIM_MAX: usize = 2;
/// Calls from one address at once: a site whose phones are all being set up.
pub const CALLS_PER_SOURCE_MAX: usize = 64;
/// Calls that ask for a PIN at once, on one node.
pub const CALLS_MAX: usize = 2_000;
/// Characters of what was dialled that are noted.
pub const DIALLED_CHARS_MAX: usize = 40;
/// How long it may take to learn whether a PIN is taken; then the caller is told to try later.
pub const STANDING_WAIT_MS: u64 = 3_000;
/// How long the answer to a PIN is waited for: longer than the limits above the device delay it, and than the store waits for a lock.
pub const TRY_WAIT_MS: u64 = 20_000;
/// How often the prompt is said again after silence.
pub const SILENCES_MAX: u32 = 3;
/// How long a PIN may be keyed in at all.
pub const SESSION_MAX_MS: u64 = 180_000;
/// How long any such call lasts at most.
pub const CALL_MAX_MS: u64 = 300_000;
/// How long keys are listened to after a caller was told why no PIN is taken: for an emergency number.
pub const ENDING_LISTENS_MS: u64 = 1_000;
/// Longer than anything that is said; then it counts as said.
pub const PROMPT_MAX_MS: u64 = 45_000;
/// Longer than the announcement of an emergency call; then the call is put through, whatever became of the announcement.
pub const ANNOUNCEMENT_MAX_MS: u64 = 15_000;
// Emergency calls.

/// Phones whose places are remembered for emergency calls: twelve bytes each.
pub const EMERGENCY_PLACES_MAX: usize = 1_000_000;
/// Phones that nobody added and that registered all the same.
pub const EMERGENCY_STRANGERS_MAX: usize = 100_000;
/// Calls without proof on the whole platform: addresses can be invented, and each costs a trunk's channel.
pub const UNPROVED_CALLS_MAX: usize = 256;
/// Calls that can be called back: an hour of them.
pub const CALL_BACKS_MAX: usize = 10_000;
/// Records of emergency calls that wait for a store that is away.
pub const RECORDS_WAITING_MAX: usize = 10_000;
/// How long a trunk's name may take to resolve, when it was never resolved before.
pub const RESOLVE_WAIT: Duration = Duration::from_secs(2);
/// Addresses of one trunk that are tried.
pub const TRUNK_ADDRESSES_MAX: usize = 3;
/// How long a trunk may take to its first word. Then the next one is tried.
pub const TRUNK_SILENCE: Duration = Duration::from_secs(4);
/// How long a trunk that said "trying" may take to ring. Then the next one is tried.
pub const TRUNK_TRYING: Duration = Duration::from_secs(20);
/// How often a trunk is asked whether it is there; a fifth more or less, so that trunks are not asked all at once.
pub const TRUNK_PING: Duration = Duration::from_secs(30);
/// How long it may take to say so.
pub const TRUNK_PING_WAIT: Duration = Duration::from_secs(5);
/// How often the store is asked whether the routing table still holds.
pub const ROUTES_POLL: Duration = Duration::from_millis(500);
/// The same while the store does not answer.
pub const ROUTES_POLL_AWAY: Duration = Duration::from_secs(5);
/// How often newly learned places of phones are written to the file.
pub const PLACES_SAVE: Duration = Duration::from_mins(1);
/// How long an emergency call waits for the store to say whether anybody added its phone.
pub const UNCLAIMED_WAIT: Duration = Duration::from_millis(300);
/// How long a challenge of an emergency call is remembered: whoever calls again without an answer is put through.
pub const CHALLENGED_MEMORY: Span = Span::seconds(32);
/// Challenged callers that are remembered. Beyond that nobody is challenged.
pub const CHALLENGED_MAX: usize = 10_000;
/// How often the phone of a call that goes on is remembered anew.
pub const CALL_GOES_ON: Duration = Duration::from_mins(10);
/// Records written in one transaction.
pub const RECORDS_AT_ONCE_MAX: usize = 500;
/// Trunks that are asked at once whether they are there.
pub const PINGS_AT_ONCE_MAX: usize = 64;
/// How long a test of a trunk waits for its test number to answer.
pub const TRUNK_TEST_WAIT: Duration = Duration::from_secs(30);
/// How long a phone that is called back may ring.
pub const CALL_BACK_RINGING: Duration = Duration::from_mins(2);
/// The largest routing table on disk, in bytes: a million phones and a hundred thousand sites take a fifth of it.
pub const CACHE_BYTES_MAX: u64 = 256 << 20;
/// What is sealed in one piece, in bytes: below the store's limit for sealed values.
pub const CACHE_PIECE_BYTES: usize = 192 << 10;

// Prompts.

/// How long the prompts at hand stay before the store is asked again after it failed.
pub const PROMPTS_RETRY: Duration = Duration::from_secs(1);
