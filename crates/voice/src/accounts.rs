//! Who speaks: the digest of a claim's throw-away account, proved by arithmetic.
//!
//! The account's name is the claim's token and its password follows from it, so nothing is looked up: an account is proved with the
//! database down, on any node, before anybody stored anything about it.

mod slow;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use domain::claim::{Claim, PlatformKeys};
use domain::net::{pin_network, site_network};
use domain::{Chance, Secret, Time};
use wire::auth::{Check, Credentials, DigestResponse, Malformed, Rules, Verifier, check_sip_digest};
use wire::challenge::Offer;
use wire::digest::{Algorithm, ha1};
use wire::nonce::{Counts, NonceKey, Use, mint};

use self::slow::Slow;
use crate::limits::{AUTHORIZATIONS_MAX, EMERGENCY_NONCE_MILLIS, NONCE_LIFETIME_MILLIS, NONCES_MAX};

/// What a request proves about who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The account of this claim.
    Claim(Claim),
    /// Nothing, as its nonce is of no use: to be challenged with `stale=true`, never counted.
    Stale,
    /// Nothing was shown for our realm.
    Nothing,
    /// What was shown is wrong.
    Wrong,
}

/// What of a request bears on its proof.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a, V> {
    /// The request's method.
    pub method: &'a str,
    /// The values of its `Authorization` fields.
    pub authorization: V,
    /// Whether it came where nobody can listen.
    pub secure: bool,
    /// From where it came.
    pub source: IpAddr,
}

/// What another server needs to know of an account to check it by itself.
#[derive(Clone, Debug)]
pub struct Account {
    /// Whose it is.
    pub claim: Claim,
    /// The realm of both hashes.
    pub realm: String,
    /// The MD5 hash over user, realm and password, 32 digits.
    pub ha1_md5: Secret<String>,
    /// The same with SHA-256, 64 digits.
    pub ha1_sha256: Secret<String>,
}

/// The accounts of all claims: challenges, and what comes back for them.
#[derive(Debug)]
pub struct Accounts {
    realm: String,
    keys: Arc<PlatformKeys>,
    offered: &'static [Algorithm],
    counts: Mutex<Counts>,
    slow: Slow,
}

impl Accounts {
    /// Nonces are keyed by the platform, so that every node knows them. `realm` is `sip.public_host`.
    pub fn new(realm: &str, keys: Arc<PlatformKeys>) -> Self {
        let counts = Mutex::new(Counts::new(NONCES_MAX, NONCE_LIFETIME_MILLIS));
        Self { realm: realm.to_owned(), keys, offered: &[Algorithm::Md5], counts, slow: Slow::default() }
    }

    /// Offers these hashes, the most wanted first. Answers are taken by any.
    ///
    /// MD5 alone is offered otherwise: telephones older than RFC 8760 give up at the sight of another hash, wherever it stands
    /// (libre 1.1 with baresip 1.0), or where it comes first (SIPp 3.6). Against our passwords, 128 random bits and more, MD5 has no
    /// known weakness that would help.
    #[must_use]
    pub fn offering(self, offered: &'static [Algorithm]) -> Self {
        Self { offered, ..self }
    }

    /// The realm of all challenges.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// Judges what a request shows. A right answer counts once.
    pub fn judge<'v>(&self, shown: Shown<'_, impl IntoIterator<Item = &'v str>>, now: Time) -> Proof {
        let spend = |one| self.counts.lock().unwrap_or_else(PoisonError::into_inner).spend(one, millis(now));
        self.weigh(shown, now, Kind::Ordinary, spend)
    }

    /// Judges an emergency call: a nonce that is too old, or an answer that was used before, is no reason to doubt who calls, nor are
    /// wrong answers of somebody else behind the same address.
    pub fn judge_emergency<'v>(&self, shown: Shown<'_, impl IntoIterator<Item = &'v str>>, now: Time) -> Proof {
        self.weigh(shown, now, Kind::Emergency, |_| true)
    }

    /// The `WWW-Authenticate` values of a 401 for somebody at `source`, each for a field of its own.
    pub fn challenges(&self, stale: bool, source: IpAddr, now: Time, chance: &mut dyn Chance) -> Vec<String> {
        let mut random = [0; 8];
        chance.fill(&mut random);
        let nonce = mint(&self.nonce_key(source), millis(now), random);
        Offer { realm: &self.realm, nonce: &nonce, algorithms: self.offered, basic: false, stale }.header_values()
    }

    /// The claim that an account's name speaks of. That alone proves nothing.
    pub fn claim(&self, user: &str) -> Option<Claim> {
        self.keys.read(user)
    }

    /// The account's name of a claim.
    pub fn user(&self, claim: &Claim) -> String {
        self.keys.token(claim)
    }

    /// The account's password: for a phone that wants to know who tells it to fetch.
    pub fn password(&self, claim: &Claim) -> Secret<String> {
        self.keys.sip_password(claim)
    }

    /// What another server needs to check this account; none if the name is no claim's.
    pub fn account(&self, user: &str) -> Option<Account> {
        let claim = self.keys.read(user)?;
        let password = self.keys.sip_password(&claim);
        let hash = |algorithm| Secret::new(ha1(algorithm, user, &self.realm, password.expose()).expose().to_owned());
        Some(Account { claim, realm: self.realm.clone(), ha1_md5: hash(Algorithm::Md5), ha1_sha256: hash(Algorithm::Sha256) })
    }

    /// A nonce is good only where it was asked for (IPv4 /24, IPv6 /48): whoever lies about his address never sees the one that his lie
    /// needs. So nobody is registered at an address that is not his, nor slowed down by another's wrong answers. The network rather than
    /// the address, as a phone's two requests may leave through two of its carrier's addresses, or its proxies'.
    fn nonce_key(&self, source: IpAddr) -> NonceKey {
        let label = format!("sip nonce {}", pin_network(source));
        let derived = self.keys.derive(label.as_bytes());
        let key: [u8; 32] = derived.expose().as_slice().try_into().expect("derived keys have 32 bytes");
        NonceKey::new(&key)
    }

    /// Answers for other realms are meant for others and say nothing here. Some phones answer both challenges at once.
    fn weigh<'v>(
        &self,
        shown: Shown<'_, impl IntoIterator<Item = &'v str>>,
        now: Time,
        kind: Kind,
        mut spend: impl FnMut(Use) -> bool,
    ) -> Proof {
        let mut found = Proof::Nothing;
        let nonce_keys = [self.nonce_key(shown.source)];
        for value in shown.authorization.into_iter().take(AUTHORIZATIONS_MAX) {
            let response = match wire::auth::parse(value.as_bytes()) {
                Ok(Credentials::Digest(response)) if response.realm == self.realm => response,
                Ok(_) | Err(Malformed::OtherScheme) => continue,
                Err(_) => {
                    found = worse(found, Proof::Wrong);
                    continue;
                }
            };
            let request = wire::auth::Request {
                method: shown.method,
                target: "",
                realm: &self.realm,
                keys: &nonce_keys,
                now_millis: millis(now),
                lifetime_millis: kind.nonce_lifetime_millis(),
                rules: Rules { allow_rfc2069: shown.secure },
            };
            let key = (site_network(shown.source), self.keys.read(&response.username).map(|claim| claim.mac));
            if kind == Kind::Ordinary && self.slow.exhausted(&key, now) {
                found = worse(found, Proof::Wrong);
                continue;
            }
            match self.one(&response, &request, key, now, &mut spend) {
                proof @ Proof::Claim(_) => return proof,
                proof => found = worse(found, proof),
            }
        }
        found
    }

    fn one(
        &self,
        response: &DigestResponse,
        request: &wire::auth::Request<'_>,
        key: slow::Key,
        now: Time,
        spend: &mut impl FnMut(Use) -> bool,
    ) -> Proof {
        let claim = self.keys.read(&response.username);
        // A name that is nobody's costs the same work, against a password that nobody has.
        let password = claim.map_or_else(|| Secret::from(""), |claim| self.keys.sip_password(&claim));
        let verifier = Verifier::Password(password.expose());
        let check = check_sip_digest(response, request, verifier, |one| claim.is_none() || spend(one));
        match (check, claim) {
            (Check::Right, Some(claim)) => {
                self.slow.forgive(&key);
                Proof::Claim(claim)
            }
            (Check::Stale, _) => Proof::Stale,
            (Check::Right, None) | (Check::Wrong | Check::Malformed, _) => {
                self.slow.count(key, now);
                Proof::Wrong
            }
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ordinary,
    Emergency,
}

impl Kind {
    fn nonce_lifetime_millis(self) -> u64 {
        match self {
            Self::Ordinary => NONCE_LIFETIME_MILLIS,
            Self::Emergency => EMERGENCY_NONCE_MILLIS,
        }
    }
}

/// Of several answers, none of them right: a stale one is asked for again, a wrong one says more than none.
fn worse(one: Proof, other: Proof) -> Proof {
    match (one, other) {
        (Proof::Stale, _) | (_, Proof::Stale) => Proof::Stale,
        (Proof::Wrong, _) | (_, Proof::Wrong) => Proof::Wrong,
        _ => Proof::Nothing,
    }
}

fn millis(now: Time) -> u64 {
    now.millis().unsigned_abs()
}

#[cfg(test)]
mod tests;
