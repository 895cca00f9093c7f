//! Every numeric limit of the rules, with the reason for its size.

use crate::time::Span;

/// Used claims kept per device; the longest unseen goes first (authentication.md section 6).
pub const USED_CLAIMS_MAX: usize = 8;
/// Networks whose wrong PINs are remembered per device. Thirty wrong PINs a day block it everywhere, so no honest site comes near.
pub const TRY_NETWORKS_MAX: usize = 64;
/// Old logins that may still be in their grace at once; more than this many changes within a quarter of an hour is no normal day.
pub const OLD_LOGINS_MAX: usize = 4;
/// Wrong PINs from all networks within [`WRONG_PIN_MEMORY`] that block a device everywhere.
pub const WRONG_PINS_EVERYWHERE_MAX: usize = 30;
/// How long a wrong PIN counts towards [`WRONG_PINS_EVERYWHERE_MAX`].
pub const WRONG_PIN_MEMORY: Span = Span::hours(24);
/// How long an old login lives on after the new one's take-up.
pub const OLD_LOGIN_GRACE: Span = Span::minutes(15);
/// A hand-over window never lasts longer than this, however often the phone asks again.
pub const RETRY_WINDOW_MAX: Span = Span::hours(24);
/// What a brand's own retry delay is padded with when it exceeds the policy's window.
pub const RETRY_DELAY_MARGIN: Span = Span::minutes(5);
/// No config polls faster than this.
pub const POLL_MIN: Span = Span::seconds(60);
/// Restricted configs poll at the brand's shortest for this long, then at [`RESTRICTED_POLL_LATER`].
pub const RESTRICTED_POLL_EAGER: Span = Span::hours(1);
/// The restricted poll after the first hour.
pub const RESTRICTED_POLL_LATER: Span = Span::minutes(10);
/// A used claim's "last seen" and a window's end move in steps of this size, so that a poll a minute is not a write a minute.
pub const SEEN_STEP: Span = Span::minutes(5);
/// Claims seen within this time count as "in use" when an admin suspends authentication.
pub const CLAIM_IN_USE: Span = Span::hours(1);
/// A restricted phone's account ends this long after another claim was taken up.
pub const ACCOUNT_GRACE: Span = Span::minutes(10);
/// How far the clocks of two nodes may be apart when it is asked whether a claim is older than its device.
pub const CLOCKS_APART_MAX: Span = Span::minutes(1);
/// Two unanswered challenges this far apart show that a phone has no login to send.
pub const UNANSWERED_CHALLENGES_APART: Span = Span::seconds(30);
/// The longest login name or password set by hand, in bytes: old vendor tables name 32 characters, newer firmware takes more.
pub const LOGIN_BYTES_MAX: usize = 64;
/// Permanent trusted networks per customer: a list that people still read.
pub const PERMANENT_NETWORKS_MAX: usize = 256;
/// Temporary windows per customer: one per site address, for a customer of many sites.
pub const TRUST_WINDOWS_MAX: usize = 1024;

/// Wrong sign-ins of people that cost nothing: of one name from one network.
pub const WRONG_SIGN_INS_BY_NAME_AND_NETWORK: u32 = 5;
/// From one network: an office behind one address mistypes on Monday morning.
pub const WRONG_SIGN_INS_BY_NETWORK: u32 = 50;
/// Of one name from everywhere.
pub const WRONG_SIGN_INS_BY_NAME: u32 = 100;
/// The first wait after those; each further one doubles it.
pub const SIGN_IN_WAIT_FIRST: Span = Span::seconds(15);
/// The longest wait.
pub const SIGN_IN_WAIT_LONGEST: Span = Span::minutes(15);
