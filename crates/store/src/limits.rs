//! Every number that bounds this crate.

use std::time::Duration;

/// Write jobs that may wait for the SQLite writer. One more is refused: the caller answers "try again".
pub const WRITE_QUEUE_MAX: usize = 4_096;
/// Write jobs that share one commit.
pub const WRITE_BATCH_MAX: usize = 64;
/// How long a write waits for another process that holds the SQLite file.
pub const BUSY_WAIT: Duration = Duration::from_secs(5);
/// Idle SQLite connections kept for reads. More may be open for a moment, one per thread that reads.
pub const READERS_IDLE_MAX: usize = 32;
/// Statements kept prepared per connection; above the number of statements in this crate.
pub const PREPARED_MAX: usize = 448;
/// Page cache of one SQLite reader, in KiB.
pub const READER_CACHE_KIB: u32 = 4_096;
/// Page cache of the SQLite writer, in KiB.
pub const WRITER_CACHE_KIB: u32 = 8_192;
/// What the write-ahead log is cut down to after a checkpoint, in bytes.
pub const WAL_KEPT_BYTES: u64 = 64 << 20;

/// PostgreSQL connections per node.
pub const POOL_MAX: usize = 16;
/// How long an operation waits for a PostgreSQL connection.
pub const POOL_WAIT: Duration = Duration::from_secs(5);
/// PostgreSQL operations running or waiting for a connection.
pub const POOL_QUEUE_MAX: usize = 4_096;
/// How often a PostgreSQL transaction is run before a conflict is reported.
pub const CONFLICT_TRIES_MAX: u32 = 8;

/// Reports and exports that run at once.
pub const REPORTS_MAX: usize = 4;
/// Reports and exports running or waiting.
pub const REPORTS_QUEUE_MAX: usize = 64;

/// Keys in a key ring.
pub const KEYS_MAX: usize = 64;
/// The largest sealed value, in bytes before sealing.
pub const SEALED_BYTES_MAX: usize = 256 << 10;

/// The longest outbox message, in bytes.
pub const OUTBOX_PAYLOAD_BYTES_MAX: usize = 16 << 10;
/// Outbox messages read in one go.
pub const OUTBOX_PAGE_MAX: i64 = 500;
/// Outbox messages one transaction may send: one for each row of the largest import, with room.
pub const OUTBOX_PER_WRITE_MAX: usize = 50_000;
/// How often a process looks for messages of another.
pub const OUTBOX_POLL: Duration = Duration::from_millis(200);

/// The longest job payload, in bytes.
pub const JOB_PAYLOAD_BYTES_MAX: usize = 64 << 10;
/// The longest text of a job's last error, in bytes; the rest is cut.
pub const JOB_ERROR_BYTES_MAX: usize = 500;

/// Requests for the global login that one branch may have open at once.
pub const LOGIN_REQUESTS_OPEN_MAX: i64 = 16;
/// Rows in one page of a list.
pub const PAGE_MAX: usize = 500;
/// The longest name of a reseller, customer, site or person, in bytes.
pub const NAME_BYTES_MAX: usize = 200;
/// Rows of the search table that one page looks at: with filters that hardly any of them pass, the page comes short and says where to go on.
pub const SEARCH_EXAMINED_MAX: usize = 5_000;
/// Rows of the search table looked at in one go, behind the first.
pub const SEARCH_BATCH: usize = 1_000;
/// The longest word that a device is found by, in bytes; the rest is cut.
pub const SEARCH_WORD_BYTES_MAX: usize = 64;
/// Words of a label that a device is found by.
pub const SEARCH_LABEL_WORDS_MAX: usize = 16;
/// Devices counted for a list's heading; beyond that it says "and more".
pub const COUNT_MAX: i64 = 10_000;
/// The longest label of a device, network or token, in bytes.
pub const LABEL_BYTES_MAX: usize = 200;
/// Requests remembered per device; the newest stay.
pub const REQUESTS_KEPT: usize = 50;
/// The longest text field of a remembered request, in bytes; the rest is cut.
pub const REQUEST_FIELD_BYTES_MAX: usize = 160;
/// Telephone calls remembered per device; the newest stay.
pub const CALLS_KEPT: i64 = 50;
/// The longest text field of a remembered call, in bytes; the rest is cut.
pub const CALL_FIELD_BYTES_MAX: usize = 80;
/// Prompts remembered of one call; more than a call within its time can hear.
pub const CALL_PROMPTS_MAX: usize = 64;
/// How long the answer to a PIN attempt is kept, so that a repeated one is answered alike.
pub const PIN_ATTEMPT_HOURS: i64 = 24;
/// How long the answer to a request with an idempotency key is kept.
pub const API_ANSWER_HOURS: i64 = 24;
/// The longest name of an engine's session, in bytes.
pub const PIN_ATTEMPT_SESSION_BYTES_MAX: usize = 200;
/// Minutes whose fetches are counted: the chart shows the last sixty.
pub const FETCH_MINUTES_KEPT: i64 = 120;
/// Phones that came by last, among which the overview looks for those that wait.
pub const WAITING_LOOKED_MAX: i64 = 20_000;
/// Flags of one kind among which the overview counts those of a branch.
pub const ATTENTION_LOOKED_MAX: i64 = 20_000;
/// The largest logo of a reseller, in bytes: it is on every page.
pub const LOGO_BYTES_MAX: usize = 64 << 10;
/// Phones that nobody added, remembered; the longest unseen go.
pub const KNOCKS_MAX: i64 = 10_000;
/// How long an address remembers whose devices fetched from it: authentication.md section 7 asks for 30 days.
pub const SITE_ADDRESS_DAYS: i64 = 30;
/// How long an ended trust window stays in the list.
pub const ENDED_WINDOW_HOURS: i64 = 24;
/// The longest text of an audit entry, in bytes; the rest is cut.
pub const AUDIT_FIELD_BYTES_MAX: usize = 1_000;
/// Audit entries that one transaction may write: one for each row of the largest import.
pub const AUDIT_PER_WRITE_MAX: usize = 50_000;
/// How long it is remembered what came of an import.
pub const IMPORT_RUN_HOURS: i64 = 24;
/// After how long without a sign an import counts as broken off. Its last step, one transaction, gives none.
pub const IMPORT_RUN_SILENT_MINUTES: i64 = 15;
/// Imports that run at once, of one branch and of all.
pub const IMPORT_RUNS_OF_BRANCH_MAX: i64 = 2;
/// See above.
pub const IMPORT_RUNS_MAX: i64 = 8;
/// The longest outcome of an import that is kept, in bytes.
pub const IMPORT_OUTCOME_BYTES_MAX: usize = 4 << 20;
/// Entries of one node that are looked through for one subject: some ten milliseconds of a page's time.
pub const AUDIT_LOOKED_THROUGH: i64 = 20_000;
/// Global logins that may be valid for one owner at once: the one in use and those that a rotation is ending.
pub const GLOBAL_LOGINS_VALID_MAX: i64 = 8;
/// Rows that one step of sealing anew handles.
pub const RESEAL_STEP: i64 = 200;

/// Trunks on the platform: all of them stand in the routing table of every node.
pub const TRUNKS_MAX: i64 = 1_000;
/// Sites that the routing table reads in one go.
pub const ROUTE_SITES_PAGE: i64 = 1_000;
/// The longest word about a trunk's state, in bytes; the rest is cut.
pub const TRUNK_DETAIL_BYTES_MAX: usize = 200;

/// The largest voice prompt, in bytes of its WAV file: thirty seconds and a header.
pub const PROMPT_BYTES_MAX: usize = 481_000;
/// Voice prompts of the operator's own.
pub const PROMPTS_MAX: i64 = 4_096;
/// All of them together, in bytes.
pub const PROMPTS_BYTES_MAX: i64 = 64 << 20;

/// The largest file of a brand of the operator's own, in bytes: thirteen times the largest of the program's.
pub const TEMPLATE_BYTES_MAX: usize = 256 << 10;
/// Files of brands of the operator's own: more than the program has to replace.
pub const TEMPLATES_MAX: i64 = 256;
/// All of them together, in letters.
pub const TEMPLATES_BYTES_MAX: i64 = 4 << 20;

/// Contacts of one customer: more than its phones' displays are made for.
pub const CONTACTS_MAX: i64 = 2_000;
/// Phones whose lines a phone book is made from: five times what fits into one.
pub const DIRECTORY_DEVICES_MAX: i64 = 5_000;

/// Sessions that one person may have open; the oldest ends when one more begins.
pub const SESSIONS_PER_ACCOUNT_MAX: usize = 20;
/// Wrong sign-ins that are counted at once. Beyond it the oldest are forgotten.
pub const SIGN_IN_TRIES_MAX: i64 = 100_000;
/// The longest name of a browser that is kept, in bytes; the rest is cut.
pub const AGENT_BYTES_MAX: usize = 200;
/// How long events are kept: a listener that was away over a long weekend goes on where it was.
pub const EVENT_DAYS: i64 = 7;
/// Events kept at most: a fortnight's worth of a platform with 10 000 phones, about 60 MB.
pub const EVENTS_KEPT_MAX: i64 = 200_000;
/// The longest data of an event, in bytes; what we write has a few hundred.
pub const EVENT_DATA_BYTES_MAX: usize = 4 << 10;
/// Ended trust windows that one transaction tells of.
pub const WINDOWS_TOLD_MAX: i64 = 500;

/// Webhooks on the platform: each event is held against all of them.
pub const WEBHOOKS_MAX: i64 = 1_000;
/// The longest address of a webhook, in bytes: longer than any service gives out.
pub const WEBHOOK_URL_BYTES_MAX: usize = 2_000;
/// After how many days without a delivery that arrived a webhook is disabled: a delivery's own tries end after three.
pub const WEBHOOK_FAILING_DAYS: i64 = 5;
/// Events that one transaction makes deliveries of.
pub const EVENTS_FANNED_MAX: usize = 200;
/// Deliveries that wait for one webhook; further events are not sent to it.
pub const DELIVERIES_WAITING_MAX: i64 = 10_000;
/// Deliveries of one webhook that are tried at once, on all nodes, so that a slow one does not take all places.
pub const DELIVERY_FLIGHTS_MAX: i64 = 4;
/// How long a delivery that has ended can be looked at and replayed.
pub const DELIVERY_DAYS: i64 = 7;
/// The longest text of what went wrong with a delivery or mail, in bytes; the rest is cut.
pub const DELIVERY_ERROR_BYTES_MAX: usize = 200;

/// Mails that wait at once: an alert for every phone of a large customer, with room.
pub const MAILS_WAITING_MAX: i64 = 10_000;
/// The longest mail, in bytes.
pub const LETTER_BYTES_MAX: usize = 64 << 10;
/// How long a mail may wait; its news is old by then.
pub const MAIL_DAYS: i64 = 3;
/// The longest mail address, in bytes (RFC 5321).
pub const EMAIL_BYTES_MAX: usize = 254;

/// Accounts at brands' redirect services, of the operator and all resellers.
pub const REDIRECT_ACCOUNTS_MAX: i64 = 2_000;

/// Devices that are read at once to be held against a redirect service.
pub const REDIRECT_PAGE: i64 = 500;

/// Bytes kept of a redirect service's own words.
pub const REDIRECT_SAID_BYTES_MAX: usize = 500;
