//! What may leave over the connection that a request came on.
//!
//! Plain HTTP is for phones whose TLS no modern server speaks. Anybody on the way can read it, so by default nothing of a phone leaves
//! there. Encrypted files hide what leaves; they prove nothing, and no row of the admission table is another because of them.

use crate::admission::{Answer, BrandTraits};
use crate::claim::{PlatformKeys, base32};
use crate::device::Device;
use crate::evidence::Proof;
use crate::mac::Mac;
use crate::policy::PlainHttp;
use crate::secret::Secret;
use crate::time::Time;

/// What a connection may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Everything: TLS, or the policy lets configs leave in clear.
    Open,
    /// Files of a phone leave encrypted for that phone, or not at all.
    Sealed,
    /// Nothing of a phone.
    Shut,
}

impl Channel {
    /// The channel of a request. `brand_seals`: phones of the brand that it shows can open encrypted files. What a phone shows decides,
    /// and not what its MAC was added as: otherwise a stranger could tell by the answer which MACs were added.
    pub fn of(tls: bool, policy: PlainHttp, brand_seals: bool) -> Self {
        match policy {
            _ if tls => Self::Open,
            PlainHttp::Allow => Self::Open,
            PlainHttp::Encrypted if brand_seals => Self::Sealed,
            PlainHttp::Encrypted | PlainHttp::Refuse => Self::Shut,
        }
    }

    /// Whether a secret in the path counts as a proof. Where files are encrypted because somebody may listen, he reads the path as well.
    pub fn takes_path_secrets(self) -> bool {
        self == Self::Open
    }

    /// Whether this answer may leave. Encrypted files with anything of the device ask for a login besides, which over plain HTTP is
    /// Digest and nothing else; a trusted network alone is not enough there. Restricted configs leave encrypted too: they carry a
    /// claim's login, and whoever overhears that has the full config when the PIN clears the claim.
    pub(crate) fn lets_out(self, answer: &Answer, proof: &Proof, brand: &BrandTraits) -> bool {
        match (self, answer) {
            (Self::Open, _) | (_, Answer::Public | Answer::Challenge { .. }) | (Self::Sealed, Answer::Restricted { .. }) => true,
            (Self::Shut, _) => false,
            (Self::Sealed, Answer::Full { .. } | Answer::Signpost { .. }) => {
                brand.seals_files && matches!(proof, Proof::Global(_) | Proof::Claim(_) | Proof::Own(_))
            }
        }
    }
}

/// The password of encrypted files at the front door, where the phone has none yet that a config brought: the one that somebody types
/// into its rule.
///
/// It goes by MAC, device and last reset. A take-up leaves it alone, as retries must open what the first try did; a reset, another
/// customer, another phone in the device's place, or adding it anew changes it. A MAC that nobody added has one as well, which nobody
/// knows, so that a known phone's file looks like an unknown one's.
pub fn front_file_key(keys: &PlatformKeys, mac: Mac, device: Option<&Device>) -> Secret<String> {
    let known = device.filter(|device| !device.disabled);
    let id = known.map_or([0; 16], |device| *device.id.0.as_bytes());
    let reset = known.and_then(|device| device.auth.reset_at).map_or(0, Time::millis);
    let purpose = [&b"file key"[..], &mac.bytes(), &id, &reset.to_be_bytes()].concat();
    Secret::new(base32(&keys.derive(&purpose).expose()[..20]))
}

/// How a config travelled, as people see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Travelled {
    /// Over TLS.
    Https,
    /// In clear.
    Http,
    /// Over plain HTTP, in an encrypted file.
    HttpEncrypted,
}

impl Travelled {
    /// From the connection, and whether the file was encrypted.
    pub fn over(tls: bool, sealed: bool) -> Self {
        match (tls, sealed) {
            (true, _) => Self::Https,
            (false, true) => Self::HttpEncrypted,
            (false, false) => Self::Http,
        }
    }

    /// The word in lists and logs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::HttpEncrypted => "http-encrypted",
        }
    }
}

/// An address of ours under another host: scheme and port stay.
pub fn at_host(base: &str, host: Option<&str>) -> String {
    let split = host.zip(base.split_once("://"));
    let Some((host, (scheme, rest))) = split else { return base.to_owned() };
    // An IPv6 address in brackets has colons of its own.
    let port = rest.rfind(':').filter(|at| !rest[*at..].contains(']')).map_or("", |at| &rest[at..]);
    format!("{scheme}://{host}{port}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels() {
        for (tls, policy, seals, expected) in [
            (true, PlainHttp::Refuse, false, Channel::Open),
            (true, PlainHttp::Encrypted, true, Channel::Open),
            (false, PlainHttp::Refuse, true, Channel::Shut),
            (false, PlainHttp::Encrypted, true, Channel::Sealed),
            (false, PlainHttp::Encrypted, false, Channel::Shut),
            (false, PlainHttp::Allow, true, Channel::Open),
            (false, PlainHttp::Allow, false, Channel::Open),
        ] {
            assert_eq!(Channel::of(tls, policy, seals), expected, "{tls} {policy:?} {seals}");
        }
    }

    #[test]
    fn only_the_open_channel_takes_a_secret_in_the_path() {
        assert_eq!([Channel::Open, Channel::Sealed, Channel::Shut].map(Channel::takes_path_secrets), [true, false, false]);
    }

    #[test]
    fn another_host_keeps_scheme_and_port() {
        let to = |base: &str| at_host(base, Some("phones.dealer.example.net"));
        for (base, expected) in [
            ("https://phones.example.com:8443", "https://phones.dealer.example.net:8443"),
            ("https://phones.example.com", "https://phones.dealer.example.net"),
            ("http://[2001:db8::1]:8080", "http://phones.dealer.example.net:8080"),
            ("https://[2001:db8::1]", "https://phones.dealer.example.net"),
        ] {
            assert_eq!(to(base), expected);
        }
        assert_eq!(at_host("https://phones.example.com:8443", None), "https://phones.example.com:8443");
    }
}
