//! What a customer asks of its phones: one value per key, inherited down the tenancy tree, the nearest node wins.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::{POLL_MIN, RETRY_DELAY_MARGIN, RETRY_WINDOW_MAX};
use crate::settings::Layer;
use crate::time::Span;

/// A kind of policy value: how it is read and how it is written.
trait Value: Sized {
    fn read(text: &str) -> Option<Self>;
    fn write(&self) -> String;
    fn allowed() -> String;
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// All values, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
        }

        impl Value for $name {
            fn read(text: &str) -> Option<Self> {
                match text { $($word => Some(Self::$variant),)* _ => None }
            }

            fn write(&self) -> String {
                match self { $(Self::$variant => $word,)* }.to_owned()
            }

            fn allowed() -> String {
                [$($word),*].join(" | ")
            }
        }
    };
}

words!(
    /// Must the first contact show the global login?
    LoginPolicy {
        /// Yes.
        Required = "required",
        /// No: the PIN alone proves the phone.
        None = "none",
    }
);
words!(
    /// Does the first full config need the PIN or a stand-in?
    PinPolicy {
        /// No: the global one-time password is enough.
        Off = "off",
        /// Yes.
        Required = "required",
    }
);
words!(
    /// What a manufacturer's certificate that names this MAC is worth.
    CertificatePolicy {
        /// Nothing.
        Off = "off",
        /// It replaces the global login.
        Accept = "accept",
        /// It is needed besides.
        Require = "require",
    }
);
words!(
    /// What happens to the switch when a hand-over window ends without take-up.
    OnUnconfirmed {
        /// It turns to no.
        Burn = "burn",
        /// It turns back to yes: named as the one exception to "time only takes away".
        Rearm = "rearm",
    }
);
words!(
    /// When a temporary trust window opens.
    TemporaryTrust {
        /// Never.
        Off = "off",
        /// When a claim cleared by PIN fetches its full config.
        AfterPin = "after-pin",
        /// When that phone has come back with its own login.
        AfterOwnLogin = "after-own-login",
    }
);
words!(
    /// Which trust serves a device that is live already.
    TrustLive {
        /// Permanent networks and temporary windows.
        All = "all",
        /// Permanent networks only.
        Permanent = "permanent",
        /// None.
        None = "none",
    }
);
words!(
    /// How the one-time password is turned into an own login.
    HandoverSteps {
        /// The carrier file is the full config.
        One = "one-step",
        /// The carrier file holds only door and login.
        Two = "two-step",
    }
);
words!(
    /// What plain HTTP may carry.
    PlainHttp {
        /// Nothing of a phone.
        Refuse = "refuse",
        /// Files encrypted for one phone, for brands whose phones can open them, with Digest only.
        Encrypted = "encrypted",
        /// Everything, with Digest only.
        Allow = "allow",
    }
);
words!(
    /// What happens when the User-Agent names another MAC than the file.
    UaMismatch {
        /// It is listed.
        Log = "log",
        /// The request is refused.
        Refuse = "refuse",
    }
);
words!(
    /// A plain yes or no.
    YesNo {
        /// Yes.
        Yes = "yes",
        /// No.
        No = "no",
    }
);

impl YesNo {
    /// As a truth value.
    pub fn is_yes(self) -> bool {
        self == Self::Yes
    }
}

/// A range of spans, `4h-6h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SpanRange {
    /// The shortest.
    pub from: Span,
    /// The longest.
    pub to: Span,
}

/// A span, or the word for none of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cap(pub Option<Span>);

/// A span, or `auto` for the brand's shortest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Poll(pub Option<Span>);

/// The shortest prefixes a permanent trusted network may have, `24/48` for IPv4 and IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MinPrefix {
    /// IPv4 bits.
    pub v4: u8,
    /// IPv6 bits.
    pub v6: u8,
}

impl Value for Span {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn write(&self) -> String {
        self.to_string()
    }

    fn allowed() -> String {
        "a duration 1s … 365d, or 0".to_owned()
    }
}

impl Value for u32 {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number| (1..=1_000_000).contains(number))
    }

    fn write(&self) -> String {
        self.to_string()
    }

    fn allowed() -> String {
        "a whole number 1 … 1000000".to_owned()
    }
}

impl Value for SpanRange {
    fn read(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        let (from, to): (Span, Span) = (from.parse().ok()?, to.parse().ok()?);
        (POLL_MIN <= from && from <= to).then_some(Self { from, to })
    }

    fn write(&self) -> String {
        format!("{}-{}", self.from, self.to)
    }

    fn allowed() -> String {
        "a range of durations such as 4h-6h, at least 60s".to_owned()
    }
}

impl Value for Cap {
    fn read(text: &str) -> Option<Self> {
        if text == "none" { Some(Self(None)) } else { Span::read(text).map(|span| Self(Some(span))) }
    }

    fn write(&self) -> String {
        self.0.map_or_else(|| "none".to_owned(), |span| span.to_string())
    }

    fn allowed() -> String {
        "none, or a duration".to_owned()
    }
}

impl Value for Poll {
    fn read(text: &str) -> Option<Self> {
        if text == "auto" { Some(Self(None)) } else { Span::read(text).filter(|span| *span >= POLL_MIN).map(|span| Self(Some(span))) }
    }

    fn write(&self) -> String {
        self.0.map_or_else(|| "auto".to_owned(), |span| span.to_string())
    }

    fn allowed() -> String {
        "auto, or a duration of at least 60s".to_owned()
    }
}

impl Value for MinPrefix {
    fn read(text: &str) -> Option<Self> {
        let (v4, v6) = text.split_once('/')?;
        let (v4, v6) = (v4.parse().ok()?, v6.parse().ok()?);
        ((1..=32).contains(&v4) && (1..=128).contains(&v6)).then_some(Self { v4, v6 })
    }

    fn write(&self) -> String {
        format!("{}/{}", self.v4, self.v6)
    }

    fn allowed() -> String {
        "two prefix lengths such as 24/48 (IPv4/IPv6)".to_owned()
    }
}

macro_rules! policy {
    ($($(#[$doc:meta])* $field:ident: $kind:ty = $default:literal;)*) => {
        /// The policy in force at one place, every key with its value.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Policy { $($(#[$doc])* pub $field: $kind,)* }

        /// All keys in the order of the documentation, with their defaults.
        pub const DEFAULTS: &[(&str, &str)] = &[$((stringify!($field), $default)),*];

        impl Default for Policy {
            fn default() -> Self {
                Self { $($field: <$kind as Value>::read($default).expect("defaults are of their kind; the test below reads them all"),)* }
            }
        }

        impl Policy {
            /// Sets one key. The error says what is allowed.
            pub fn set(&mut self, key: &str, value: &str) -> Result<(), PolicyError> {
                match key {
                    $(stringify!($field) => {
                        self.$field = <$kind as Value>::read(value.trim()).ok_or_else(|| PolicyError::Value {
                            key: key.to_owned(), allowed: <$kind as Value>::allowed(),
                        })?;
                    })*
                    _ => return Err(PolicyError::Key(key.to_owned())),
                }
                Ok(())
            }

            /// What a key takes: `required | none`, or a description.
            pub fn allowed(key: &str) -> Option<String> {
                match key { $(stringify!($field) => Some(<$kind as Value>::allowed()),)* _ => None }
            }

            /// One key's value as it is written.
            pub fn value(&self, key: &str) -> Option<String> {
                match key { $(stringify!($field) => Some(Value::write(&self.$field)),)* _ => None }
            }
        }
    };
}

policy! {
    /// Must the first contact show the global login?
    login: LoginPolicy = "required";
    /// Does the first full config need the PIN?
    pin: PinPolicy = "off";
    /// What a manufacturer's certificate is worth.
    certificate: CertificatePolicy = "off";
    /// How long the same claim is given again after a delivery.
    retry_window: Span = "15m";
    /// How often, at most, within one window.
    retry_files: u32 = "10";
    /// After this a delivery without take-up is listed.
    confirm_within: Span = "8h";
    /// What then happens to the switch.
    on_unconfirmed: OnUnconfirmed = "burn";
    /// Wrong PINs in a row that make a round.
    pin_tries: u32 = "3";
    /// Rounds that block.
    pin_rounds: u32 = "3";
    /// How long a round locks.
    pin_lock: Span = "30m";
    /// How long a suspension lasts.
    suspend: Span = "30m";
    /// When temporary trust opens.
    temporary_trust: TemporaryTrust = "after-pin";
    /// How long a window lasts from its last renewal.
    trust_window: Span = "8h";
    /// How long a window lasts from its opening, at most.
    trust_cap: Cap = "none";
    /// May a private address open a window?
    trust_private: YesNo = "no";
    /// May an address that another customer's devices used open a window?
    trust_shared: YesNo = "no";
    /// Which trust serves live devices.
    trust_live: TrustLive = "all";
    /// One step or two.
    handover: HandoverSteps = "one-step";
    /// First contacts from one address within an hour before the alarm.
    first_contacts_per_hour: u32 = "250";
    /// The shortest permanent prefixes.
    min_prefix: MinPrefix = "24/48";
    /// The ordinary resync.
    resync: SpanRange = "4h-6h";
    /// The restricted poll.
    restricted_poll: Poll = "auto";
    /// What plain HTTP may carry.
    plain_http: PlainHttp = "refuse";
    /// What a mismatching User-Agent does.
    ua_mismatch: UaMismatch = "log";
    /// May unknown MACs call emergency numbers?
    emergency_unclaimed: YesNo = "no";
    /// May the customer's admin reset authentication?
    customer_reset: YesNo = "no";
}

/// Why a policy cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// No such key.
    #[error("policy has no key {0:?}; `ringfence policy show` lists them")]
    Key(String),
    /// Not a value of that key.
    #[error("policy {key}: allowed is {allowed}")]
    Value {
        /// The key.
        key: String,
        /// What it takes.
        allowed: String,
    },
    /// Nothing would be asked of a phone.
    #[error("login=none together with pin=off would give every stranger the configuration (at {0}); set one of them to required")]
    NothingAsked(String),
}

/// The keys that one node sets, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Patch(pub BTreeMap<String, String>);

impl Patch {
    /// Checks each entry alone.
    pub fn check(&self) -> Result<(), PolicyError> {
        self.apply(&mut Policy::default())
    }

    fn apply(&self, policy: &mut Policy) -> Result<(), PolicyError> {
        self.0.iter().try_for_each(|(key, value)| policy.set(key, value))
    }
}

/// A policy in force, with the layer that set each key (`None`: the default).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inherited {
    /// The values.
    pub policy: Policy,
    sources: BTreeMap<String, Layer>,
}

impl Inherited {
    /// Lays patches over the defaults, from the operator down. An unreadable entry is an error: nothing is guessed.
    pub fn from_chain<'a>(chain: impl IntoIterator<Item = (Layer, &'a Patch)>) -> Result<Self, PolicyError> {
        let mut inherited = Self { policy: Policy::default(), sources: BTreeMap::new() };
        for (layer, patch) in chain {
            patch.apply(&mut inherited.policy)?;
            inherited.sources.extend(patch.0.keys().map(|key| (key.clone(), layer)));
        }
        Ok(inherited)
    }

    /// The layer that set a key.
    pub fn source(&self, key: &str) -> Option<Layer> {
        self.sources.get(key).copied()
    }
}

impl Policy {
    /// Whether a phone would have nothing to prove. Such a policy is refused when saved.
    pub fn asks_nothing(&self) -> bool {
        self.login == LoginPolicy::None && self.pin == PinPolicy::Off
    }

    /// Refuses a policy that asks for nothing; `place` names the node in the message.
    pub fn check(&self, place: &str) -> Result<(), PolicyError> {
        if self.asks_nothing() { Err(PolicyError::NothingAsked(place.to_owned())) } else { Ok(()) }
    }

    /// Is the global login asked for? Should `none/off` arise in spite of the check, it is.
    pub fn login_required(&self) -> bool {
        self.login == LoginPolicy::Required || self.pin == PinPolicy::Off
    }

    /// Is the PIN (or a stand-in) asked for?
    pub fn pin_required(&self) -> bool {
        self.pin == PinPolicy::Required
    }

    /// Whether a phone is left with stand-ins alone: a PIN is asked for that nobody can key in on it.
    pub fn lives_by_trust(&self, reaches_the_voice: bool) -> bool {
        self.pin_required() && !reaches_the_voice
    }

    /// How long the same claim is given again: the policy's window, or the brand's own retry delay and a margin if that is longer.
    /// Zero stays zero: dead with the first answer.
    pub fn retry_window_for(&self, brand_retry_delay: Span) -> Span {
        if self.retry_window == Span::ZERO {
            return Span::ZERO;
        }
        let brand = Span::seconds(brand_retry_delay.as_seconds() + RETRY_DELAY_MARGIN.as_seconds());
        self.retry_window.max(brand).min(RETRY_WINDOW_MAX)
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let login = Value::write(&self.login);
        write!(f, "{login}/{}", Value::write(&self.pin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(entries: &[(&str, &str)]) -> Patch {
        Patch(entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn every_default_reads_and_prints_alike() {
        let policy = Policy::default();
        for (key, default) in DEFAULTS {
            assert_eq!(policy.value(key).as_deref(), Some(*default), "{key}");
            assert!(matches!(Policy::default().set(key, "nonsense"), Err(PolicyError::Value { .. })), "{key}");
        }
        assert_eq!(DEFAULTS.len(), 26);
    }

    #[test]
    fn the_nearest_node_wins_and_says_so() {
        let (operator, customer, site) = (patch(&[("pin", "required")]), patch(&[("login", "none")]), patch(&[("pin_lock", "1h")]));
        let chain = [(Layer::Operator, &operator), (Layer::Customer, &customer), (Layer::Site, &site)];
        let inherited = Inherited::from_chain(chain).unwrap();
        assert_eq!(inherited.policy.to_string(), "none/required");
        assert_eq!(inherited.source("login"), Some(Layer::Customer));
        assert_eq!(inherited.source("pin"), Some(Layer::Operator));
        assert_eq!(inherited.source("suspend"), None);
    }

    #[test]
    fn a_policy_that_asks_nothing_is_refused_and_never_obeyed() {
        let open = patch(&[("login", "none")]);
        let inherited = Inherited::from_chain([(Layer::Customer, &open)]).unwrap();
        assert_eq!(inherited.policy.check("customer Example"), Err(PolicyError::NothingAsked("customer Example".into())));
        assert!(inherited.policy.login_required());
    }

    #[test]
    fn a_pin_that_nobody_can_key_in_leaves_trust() {
        let mut policy = Policy::default();
        assert!(!policy.lives_by_trust(false), "the one-time password is enough");
        policy.set("pin", "required").unwrap();
        assert!(policy.lives_by_trust(false) && !policy.lives_by_trust(true));
    }

    #[test]
    fn errors_name_the_key_and_what_is_allowed() {
        let error = patch(&[("pin", "maybe")]).check().unwrap_err();
        assert_eq!(error.to_string(), "policy pin: allowed is off | required");
        assert!(patch(&[("pins", "off")]).check().is_err());
        assert!(patch(&[("resync", "10s")]).check().is_err());
        assert!(patch(&[("min_prefix", "33/48")]).check().is_err());
    }

    #[test]
    fn the_retry_window_knows_slow_brands() {
        let policy = Policy::default();
        assert_eq!(policy.retry_window_for(Span::seconds(5)), Span::minutes(15));
        assert_eq!(policy.retry_window_for(Span::minutes(60)), Span::minutes(65));
        assert_eq!(policy.retry_window_for(Span::hours(48)), Span::hours(24));
        let mut dead_at_once = policy;
        dead_at_once.set("retry_window", "0").unwrap();
        assert_eq!(dead_at_once.retry_window_for(Span::minutes(60)), Span::ZERO);
    }
}
