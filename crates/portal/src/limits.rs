//! Every numeric limit of the people's door, with the reason for its size.

use std::time::Duration;

use domain::Span;

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
/// How long a file may take to arrive: the largest at 75 kB a second, a slow line's way out.
pub const UPLOAD: Duration = Duration::from_mins(15);
/// Bytes of a file that must have come in the time of an answer: 2 kB a second, below any line that a file is sent over.
pub const UPLOAD_PIECE_BYTES: usize = 64 * 1024;
/// Bytes of a bearer token that are looked at: ours have 34 characters.
pub const TOKEN_BYTES_MAX: usize = 128;
/// Bytes of a name: of resellers, customers, sites, tokens.
pub const NAME_BYTES_MAX: usize = 100;
/// Bytes of a device's label.
pub const LABEL_BYTES_MAX: usize = 100;
/// Entries that a list of the API gives at once, unless it is asked for another number.
pub const PAGE_DEFAULT: usize = 100;
/// Entries that a list gives at once.
pub const PAGE_MAX: usize = 500;
/// How often a changed file of a brand is tried when others change some at the same moment.
pub const TEMPLATE_TRIES_MAX: usize = 4;
/// Phones looked at for one page, or one number, of those that want attention.
pub const ATTENTION_LOOKED_MAX: usize = 1_000;
/// Bytes of a text that is looked for in a list: longer than any name.
pub const QUERY_BYTES_MAX: usize = 100;
/// Rows of one import file: one transaction, with an audit entry and a message for each, which the store takes fifty thousand of.
pub const IMPORT_ROWS_MAX: usize = 50_000;
/// Rows of an import that one transaction tries, so that others who write wait for a quarter of a second at most.
pub const IMPORT_PART_ROWS: usize = 500;
/// Rows of an import that are done before it is answered: a few seconds on a slow database.
pub const IMPORT_AT_ONCE_MAX: usize = 2_000;
/// Rows that failed, as far as they are kept of an import that ran beside requests.
pub const IMPORT_FAILURES_KEPT: usize = 1_000;
/// Bytes of a cell of an import file: longer than any value.
pub const IMPORT_CELL_BYTES_MAX: usize = 4_096;
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
/// Requests that a token, or somebody signed in, may send a second, for long: as many phones as a script can add one by one without
/// pressing the others.
pub const RATE_PER_SECOND: u64 = 50;
/// Requests that one may send at once.
pub const RATE_BURST: u64 = 500;
/// Callers whose requests are counted at once.
pub const RATE_TOKENS_MAX: usize = 10_000;
/// The longest span that anybody may set, in seconds: a year, as on the command line.
pub const SPAN_SECONDS_MAX: u32 = 31_536_000;
/// The longest `Idempotency-Key`, in bytes: five times a UUID.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 200;
/// The largest answer that is kept for a repeated request: what makes one thing answers with that thing.
pub const ANSWER_BYTES_MAX: usize = 128 * 1024;
/// Bytes of a password that is compared: more is no password.
pub const PASSWORD_BYTES_MAX: usize = 1024;
/// The shortest password that somebody may choose: NIST SP 800-63B's floor for a password that is not the only factor is lower.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Passwords that are compared at once, 19 MiB each.
pub const HASHES_AT_ONCE: usize = 4;
/// How long a session lasts, whatever happens: a working week.
pub const SESSION: Span = Span::days(7);
/// How long it lasts unused: over night, not over a weekend.
pub const SESSION_IDLE: Span = Span::hours(16);
/// How long a sign-in waits for the code of the second factor.
pub const SESSION_HALF: Span = Span::minutes(10);
/// How long after the password was given secrets are shown without asking again.
pub const PROVED: Span = Span::minutes(15);
/// Phones of one sheet of labels, and of one page of an installer's day: more than a team hangs up in one.
pub const SHEET_MAX: usize = 1_000;
/// Phones that are ticked in a list and changed at once: a full page of the longest list.
pub const MARKED_MAX: usize = 500;
/// Entries of a phone's time line.
pub const HISTORY_MAX: usize = 60;
/// How long a page that stays open counts as one look at its PINs.
pub const LOOK: Span = Span::minutes(15);
/// Bytes of a form.
pub const FORM_BYTES_MAX: usize = 1024 * 1024;
/// Steps that a page's template may take: a list of 500 rows needs some 200 000.
pub const PAGE_FUEL: u64 = 20_000_000;
/// Bytes of a reseller's logo: it is on every page.
pub const LOGO_BYTES_MAX: usize = 64 * 1024;
/// The longest side of a logo, in pixels.
pub const LOGO_PIXELS_MAX: u32 = 2000;
/// Bytes of a form with a file: the largest recording that is read, and the form around it.
pub const UPLOAD_BYTES_MAX: usize = 5_100_000;
/// Phones among which the overview looks for deliveries that nobody took up.
pub const UNCONFIRMED_LOOKED_MAX: usize = 500;
/// A phone waits if it came by so lately and is not cleared.
pub const WAITING_WITHIN: Span = Span::minutes(15);
/// Rows of a list on the overview; the rest is a link away.
pub const OVERVIEW_ROWS: i64 = 8;
/// The highest number of flags that the overview counts.
pub const OVERVIEW_COUNT_MAX: i64 = 1000;
/// Minutes in the chart of fetches.
pub const CHART_MINUTES: usize = 60;
/// Unknown phones on their page.
pub const KNOCKS_SHOWN: i64 = 200;
/// Entries of the audit that one search looks back over.
pub const AUDIT_LOOKED_MAX: usize = 10_000;
/// Phones that one act tells to fetch: half of the messages that a transaction may leave.
pub const TOLD_AT_ONCE_MAX: usize = 5_000;
/// Streams of events at once: each reads a few times a second while much happens.
pub const STREAMS_MAX: usize = 512;
/// Streams of one token or person: a dozen open pages, and those of pages just closed that nobody has noticed yet.
pub const STREAMS_PER_CALLER_MAX: usize = 16;
/// Events read for a stream in one go.
pub const EVENT_PAGE: usize = 100;
/// Pieces of a stream that may wait for a slow reader before the stream waits itself.
pub const STREAM_LINES_WAITING: usize = 16;
/// How long a stream waits for a reader that takes nothing.
pub const STREAM_STALLED: Duration = Duration::from_mins(1);
/// A stream's sign of life: shorter than proxies wait for silent answers.
pub const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often a stream whose page shows who is registered looks: a thousand phones are a fraction of a millisecond.
pub const PRESENCE_LOOK: Duration = Duration::from_secs(2);
/// How long streams are left alone after they were woken.
pub const WAKE_PAUSE: Duration = Duration::from_millis(200);
/// How long a listener is asked to wait before it comes back.
pub const STREAM_RETRY_MS: u32 = 2_000;
/// The longest address of a webhook, as the store has it.
pub const WEBHOOK_URL_BYTES_MAX: usize = store::limits::WEBHOOK_URL_BYTES_MAX;
/// Deliveries of webhooks under way at once on one node.
pub const WEBHOOK_FLIGHTS_MAX: usize = 32;
/// How long a delivery may take, from the look-up of the name to the status: as Standard Webhooks recommends, 15 to 30 s.
pub const WEBHOOK_PATIENCE: Duration = Duration::from_secs(15);
/// How long a node holds a delivery: four times what a try takes.
pub const WEBHOOK_LEASE_SECONDS: i64 = 60;
/// Seconds before each further try of a delivery, three days in all: those of Standard Webhooks.
pub const WEBHOOK_RETRY_SECONDS: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// Bytes of an answer's head; the rest of an answer is not read.
pub const WEBHOOK_HEAD_BYTES_MAX: usize = 16 * 1024;
/// Addresses of one name that are looked at.
pub const WEBHOOK_ADDRESSES_MAX: usize = 16;
/// Deliveries that a list shows: those that somebody looks for are among the latest.
pub const DELIVERIES_SHOWN_MAX: usize = 500;
/// The longest mail address, as the store has it.
pub const EMAIL_BYTES_MAX: usize = store::limits::EMAIL_BYTES_MAX;
/// How long a mail server may take for one step.
pub const MAIL_PATIENCE: Duration = Duration::from_secs(20);
/// How long a node holds a mail: longer than all steps of sending one take together.
pub const MAIL_LEASE_SECONDS: i64 = 300;
/// Seconds before each further try of a mail that a server did not take for now: two days in all, as mail servers do themselves.
pub const MAIL_RETRY_SECONDS: [i64; 7] = [60, 300, 1_800, 7_200, 21_600, 43_200, 86_400];
/// Mails sent in one go, before the job looks whether it should stop.
pub const MAILS_PER_STEP_MAX: usize = 20;
/// Alerts that one letter lists; it counts the rest.
pub const ALERTS_LISTED_MAX: usize = 50;
/// Until when an event is news.
pub const ALERT_HOURS: i64 = 6;
/// How long the link of an invitation counts.
pub const INVITATION_LINK: Span = Span::days(3);
/// How long the link for a forgotten password counts.
pub const FORGOTTEN_LINK: Span = Span::hours(2);
/// Fields of a form with a file, the file and the token aside.
pub const UPLOAD_FIELDS_MAX: usize = 16;
/// Bytes of one of them: a tick, a name.
pub const UPLOAD_FIELD_BYTES_MAX: usize = 4 * 1024;
/// Bytes of a file over the limit that run by unread, so that a browser gets to see the answer; of a larger one it sees a broken
/// connection.
pub const UPLOAD_UNREAD_BYTES_MAX: usize = 4 * IMPORT_BYTES_MAX;
/// How long they may take.
pub const UPLOAD_UNREAD: Duration = Duration::from_secs(20);
/// Failed rows of an import that a page shows: whoever has more mends these first, or takes the API's answer.
pub const FAILED_ROWS_SHOWN_MAX: usize = 500;

/// How long a node holds the work on redirect services without a sign of life: twice as long as a call may take.
pub const REDIRECT_LEASE: Span = Span::minutes(1);
/// How long after a comparison with a service's whole list the next one is due.
pub const REDIRECT_COMPARE_EVERY: Span = Span::hours(24);
/// Calls to a service whose answers were lost in a row, after which it is left alone for a while.
pub const REDIRECT_DOUBTS_MAX: u32 = 3;
/// The first pause after a failure; each further one lasts as long as the failure does, up to the longest.
pub const REDIRECT_PAUSE: Span = Span::minutes(1);
/// The longest pause: what people mend is noticed within an hour, or at once by *Test*.
pub const REDIRECT_PAUSE_MAX: Span = Span::hours(1);
/// How long after a lost answer the device is looked up; twice as long after each further one.
pub const REDIRECT_DOUBT_PAUSE: Span = Span::seconds(30);
/// How long after a refusal that may pass by itself a device is tried again; twice as long after each further one, up to a day.
pub const REDIRECT_REFUSED_PAUSE: Span = Span::hours(1);
/// How long another account's device is left alone: its owner may release it.
pub const REDIRECT_FOREIGN_PAUSE: Span = Span::hours(24);
/// Accounts worked on at the same time by one node.
pub const REDIRECT_FLIGHTS_MAX: usize = 16;
/// Bytes of a serial number.
pub const SERIAL_BYTES_MAX: usize = 64;
