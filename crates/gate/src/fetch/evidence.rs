//! What a request shows, and what that proves for a device.
//!
//! Reading is done once. Proving is a pure function of the device, so that a decision inside a transaction can prove again
//! against the device as it is there: a reset that came between must not be outrun.

use std::sync::{Mutex, PoisonError};

use brands::Brand;
use domain::channel::Channel;
use domain::claim::{Claim, PlatformKeys};
use domain::device::Device;
use domain::evidence::{Evidence, Proof, Scene, Wrong, candidates, path_global, path_login, refused};
use domain::login::GlobalLogin;
use domain::{Chance, Mac, Time};
use wire::auth::{Check, Credentials, Rules, Verifier, check_digest};
use wire::challenge::Offer;
use wire::nonce::{Counts, NonceKey, mint};

use crate::limits::{NONCE_LIFETIME_MILLIS, NONCES_MAX};
use crate::path::{Door, SecretKind};
use crate::phones::{Method, Request};

/// Challenges and what comes back for them: the realm, the keys of the nonces, the counts seen.
#[derive(Debug)]
pub struct Challenger {
    realm: String,
    keys: Vec<NonceKey>,
    counts: Mutex<Counts>,
}

impl Challenger {
    /// Nonces are keyed by the platform, so that any node knows them.
    pub fn new(realm: &str, keys: &PlatformKeys) -> Self {
        let derived = keys.derive(b"http nonce");
        let key: [u8; 32] = derived.expose().as_slice().try_into().expect("derived keys have 32 bytes");
        let counts = Mutex::new(Counts::new(NONCES_MAX, NONCE_LIFETIME_MILLIS));
        Self { realm: realm.to_owned(), keys: vec![NonceKey::new(&key)], counts }
    }

    /// The `WWW-Authenticate` lines of a 401. Basic only where the connection is encrypted.
    pub fn challenges(&self, encrypted: bool, stale: bool, now: Time, chance: &mut dyn Chance) -> Vec<String> {
        let mut random = [0; 8];
        chance.fill(&mut random);
        let nonce = mint(&self.keys[0], now.millis().unsigned_abs(), random);
        Offer { realm: &self.realm, nonce: &nonce, algorithms: Offer::ALGORITHMS, basic: encrypted, stale }.header_values()
    }
}

/// What a request shows, read and not yet believed.
#[expect(clippy::large_enum_variant, reason = "lives on the stack of one request; a box would cost an allocation each")]
#[derive(Debug)]
pub enum Shown {
    /// No login.
    Nothing,
    /// A header that makes no sense, or a login in clear where anybody could read it.
    Malformed,
    /// An `Authorization` header.
    Login(Credentials),
    /// A secret in the path.
    Path(SecretKind, domain::Secret<String>),
}

impl Shown {
    /// Reads a request. A secret in the path counts before a header.
    pub fn read(request: &Request) -> Self {
        if let Door::Secret(kind, secret) = &request.target.door {
            return Self::Path(*kind, secret.clone());
        }
        let Some(value) = request.headers.get(http::header::AUTHORIZATION) else { return Self::Nothing };
        match wire::auth::parse(value.as_bytes()) {
            Ok(Credentials::Basic { .. }) if !request.connection.tls => Self::Malformed,
            Ok(credentials) => Self::Login(credentials),
            Err(_) => Self::Malformed,
        }
    }

    /// The same, where it was shown over this channel.
    pub fn over(self, channel: Channel) -> Self {
        if matches!(self, Self::Path(..)) && !channel.takes_path_secrets() { Self::Malformed } else { self }
    }
}

/// What proving needs besides the device: the same for the first look and for the one inside the transaction.
pub struct Proving<'a> {
    /// What was shown.
    pub shown: &'a Shown,
    /// The phone that the file name gives.
    pub mac: Mac,
    /// The claim of the door's handle; `Err` for a handle that is none.
    pub handle: Result<Option<Claim>, ()>,
    /// All global logins.
    pub globals: &'a [GlobalLogin],
    /// The platform's keys.
    pub keys: &'a PlatformKeys,
    /// The challenges.
    pub challenger: &'a Challenger,
    /// The request's method.
    pub method: Method,
    /// The request's target as it was sent.
    pub target: &'a str,
    /// Whether nobody could listen.
    pub encrypted: bool,
    /// A manufacturer's certificate names this MAC.
    pub certificate: bool,
    /// The User-Agent names another phone.
    pub mismatch: bool,
    /// The brand that asks, which knows its factory logins.
    pub brand: Option<&'a Brand>,
    /// Now.
    pub now: Time,
}

impl Proving<'_> {
    /// What the request proves for this device. `spend`: take the digest's count, which is done on the first look only.
    pub fn prove(&self, device: Option<&Device>, spend: bool) -> Evidence {
        let proof = match (self.shown, self.handle) {
            (Shown::Nothing, _) => Proof::Nothing,
            (Shown::Malformed, _) => Proof::Wrong(Wrong::Malformed),
            (Shown::Login(credentials), Ok(handle)) => self.login(credentials, &self.scene(device, handle), spend),
            (Shown::Login(_), Err(())) => Proof::Wrong(Wrong::Device),
            (Shown::Path(SecretKind::Login, secret), _) => path_login(&self.scene(device, None), secret.expose()),
            (Shown::Path(SecretKind::GlobalLogin, token), _) => path_global(&self.scene(device, None), token.expose()),
        };
        Evidence { proof, certificate: self.certificate, mismatch: self.mismatch }
    }

    fn scene<'s>(&'s self, device: Option<&'s Device>, handle: Option<Claim>) -> Scene<'s> {
        Scene { mac: Some(self.mac), device, handle, globals: self.globals, keys: self.keys, now: self.now }
    }

    fn login(&self, credentials: &Credentials, scene: &Scene<'_>, spend: bool) -> Proof {
        let user = match credentials {
            Credentials::Basic { user, .. } => user,
            Credentials::Digest(response) => &response.username,
        };
        let mut stale = false;
        for candidate in candidates(scene, user) {
            match self.check(credentials, candidate.password.expose(), spend) {
                Check::Right => return candidate.proof,
                Check::Stale => stale = true,
                Check::Wrong | Check::Malformed => {}
            }
        }
        match () {
            () if stale => Proof::Stale,
            () if self.brand.is_some_and(|brand| brand.is_factory_user(user, self.mac)) => Proof::Wrong(Wrong::Factory),
            () => Proof::Wrong(refused(scene, user)),
        }
    }

    fn check(&self, credentials: &Credentials, password: &str, spend: bool) -> Check {
        match credentials {
            // An empty password is nobody's: it stands for "no such user".
            Credentials::Basic { password: shown, .. } => {
                let right = shown.matches(password) && !password.is_empty();
                if right { Check::Right } else { Check::Wrong }
            }
            Credentials::Digest(response) => {
                let now_millis = self.now.millis().unsigned_abs();
                let request = wire::auth::Request {
                    method: self.method.as_str(),
                    target: self.target,
                    realm: &self.challenger.realm,
                    keys: &self.challenger.keys,
                    now_millis,
                    lifetime_millis: NONCE_LIFETIME_MILLIS,
                    rules: Rules { allow_rfc2069: self.encrypted },
                };
                let nobody = password.is_empty();
                let check = check_digest(response, &request, Verifier::Password(password), |one| {
                    // Anybody can answer for nobody: that must neither fill the table nor be told from a wrong password by a repetition.
                    if nobody || !spend {
                        return true;
                    }
                    self.challenger.counts.lock().unwrap_or_else(PoisonError::into_inner).spend(one, now_millis)
                });
                if nobody && check == Check::Right { Check::Wrong } else { check }
            }
        }
    }
}
