//! What a request proves: at most one login proof, and a certificate or none (authentication.md section 3).
//!
//! The protocol layer verifies digests; this module says which passwords a user name could have here, and what each would prove.

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::claim::{Claim, PlatformKeys, TOKEN_CHARS, base32};
use crate::device::Device;
use crate::login::{GlobalId, GlobalLogin, Login};
use crate::mac::Mac;
use crate::secret::Secret;
use crate::time::Time;

/// What the login of a request proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// No login was shown.
    Nothing,
    /// A digest over a nonce that is too old: asked again, never counted.
    Stale,
    /// A login that is not right here.
    Wrong(Wrong),
    /// A global login in date.
    Global(GlobalId),
    /// The login of a claim of this MAC that is not its own login.
    Claim(Claim),
    /// The device's own login, or a former one in its grace.
    Own(Login),
}

/// What was wrong with a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wrong {
    /// User or password.
    Credentials,
    /// The global user, but not its password.
    Global,
    /// Handle, MAC and login speak of different devices.
    Device,
    /// The header made no sense.
    Malformed,
    /// A login that the brand's phones send from the factory: not counted.
    Factory,
}

impl Wrong {
    /// Whether it slows its source.
    pub fn counts(self) -> bool {
        self != Self::Factory
    }
}

/// All that a request proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// By login.
    pub proof: Proof,
    /// By a manufacturer's certificate that names this MAC.
    pub certificate: bool,
    /// The User-Agent names another phone than the file does.
    pub mismatch: bool,
}

impl Evidence {
    /// Nothing at all.
    pub const NOTHING: Self = Self { proof: Proof::Nothing, certificate: false, mismatch: false };
}

/// Where a login is shown.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The MAC that the file name gives (or the handle, for files without one).
    pub mac: Option<Mac>,
    /// The device of that MAC.
    pub device: Option<&'a Device>,
    /// The claim of the door's handle, at an own door.
    pub handle: Option<Claim>,
    /// All global logins.
    pub globals: &'a [GlobalLogin],
    /// The platform's keys.
    pub keys: &'a PlatformKeys,
    /// Now.
    pub now: Time,
}

/// A password that the user name could have, and what it would prove.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The password to compare with.
    pub password: Secret<String>,
    /// What the right password proves.
    pub proof: Proof,
}

/// The passwords that this user name could have here; never empty, so that an unknown user costs the same work as a known one.
pub fn candidates(scene: &Scene<'_>, user: &str) -> Vec<Candidate> {
    let mut found = Vec::with_capacity(2);
    if let Some(claim) = scene.keys.read(user) {
        found.push(Candidate { password: scene.keys.http_password(&claim), proof: proof_of_claim(scene, claim) });
        return found;
    }
    found.extend(by_hand(scene, user));
    let elsewhere = handle_elsewhere(scene);
    for login in scene.globals.iter().filter(|login| login.user == user && login.in_date(scene.now)) {
        let proof = if elsewhere { Proof::Wrong(Wrong::Device) } else { Proof::Global(login.id) };
        found.push(Candidate { password: login.password.clone(), proof });
    }
    if found.is_empty() {
        found.push(Candidate { password: Secret::from(""), proof: Proof::Wrong(Wrong::Credentials) });
    }
    found
}

/// What a login that matched no candidate is called.
pub fn refused(scene: &Scene<'_>, user: &str) -> Wrong {
    if scene.globals.iter().any(|login| login.user == user) { Wrong::Global } else { Wrong::Credentials }
}

/// What the secret segment of `/cfg/k/<secret>/` proves: a claim or own login as token and password in one.
pub fn path_login(scene: &Scene<'_>, secret: &str) -> Proof {
    let wrong = Proof::Wrong(Wrong::Credentials);
    let Some((token, password)) = secret.is_ascii().then(|| secret.split_at_checked(TOKEN_CHARS)).flatten() else { return wrong };
    let Some(claim) = scene.keys.read(token) else { return wrong };
    if scene.keys.http_password(&claim).matches(password) { proof_of_claim(scene, claim) } else { wrong }
}

/// The secret segment that carries a claim's login in a path.
pub fn path_secret(keys: &PlatformKeys, claim: &Claim) -> Secret<String> {
    Secret::new(keys.token(claim) + keys.http_password(claim).expose())
}

/// What the token of `/cfg/g/<token>/` proves: a global login, for services that pass on only a URL. It is that of the login, or that of
/// this one device.
pub fn path_global(scene: &Scene<'_>, token: &str) -> Proof {
    let is = |right: Secret<String>| right.expose().as_bytes().ct_eq(token.as_bytes());
    let held = scene.globals.iter().filter(|login| login.in_date(scene.now));
    let mut matches = held.filter(|login| {
        let own = scene.mac.map_or(Choice::from(0), |mac| is(device_path_token(scene.keys, login, mac)));
        (is(global_path_token(scene.keys, login)) | own).into()
    });
    matches.next().map_or(Proof::Wrong(Wrong::Credentials), |login| Proof::Global(login.id))
}

/// The path token of a global login: it changes with its password.
pub fn global_path_token(keys: &PlatformKeys, login: &GlobalLogin) -> Secret<String> {
    path_token(keys, b"global path", &[], login)
}

/// The path token of a global login for one device: whoever reads it at a redirect service has nothing for any other.
pub fn device_path_token(keys: &PlatformKeys, login: &GlobalLogin, mac: Mac) -> Secret<String> {
    path_token(keys, b"device path", &mac.bytes(), login)
}

fn path_token(keys: &PlatformKeys, purpose: &[u8], device: &[u8], login: &GlobalLogin) -> Secret<String> {
    let key = keys.derive(purpose);
    let mut hash = Sha256::new();
    hash.update(key.expose());
    hash.update(device);
    hash.update(login.id.0.to_be_bytes());
    hash.update(login.password.expose().as_bytes());
    // The key stands first and has a fixed length, and nobody chooses what follows it but the platform; a MAC has one length, too.
    Secret::new(base32(&hash.finalize()[..20]))
}

/// A claim's password was right: whose login is it?
fn proof_of_claim(scene: &Scene<'_>, claim: Claim) -> Proof {
    let other_mac = scene.mac.is_some_and(|mac| mac != claim.mac);
    let other_handle = scene.handle.is_some_and(|handle| handle != claim);
    if other_mac || other_handle {
        return Proof::Wrong(Wrong::Device);
    }
    let own = own_logins(scene).find(|login| login.claim == claim);
    match own {
        Some(login) if login.by_hand.is_none() => Proof::Own(login.clone()),
        Some(_) => Proof::Wrong(Wrong::Credentials),
        None => Proof::Claim(claim),
    }
}

fn by_hand(scene: &Scene<'_>, user: &str) -> Option<Candidate> {
    let pending = scene.device.and_then(|device| device.auth.pending.as_ref()?.login.as_ref());
    let named = |login: &&Login| login.by_hand.as_ref().is_some_and(|by_hand| by_hand.user == user);
    let own = own_logins(scene).find(named);
    let login = own.or(pending.filter(named))?;
    let password = login.by_hand.as_ref()?.password.clone();
    // It is typed at a phone, whose door is that of the login before it: any door of the device will do.
    let proof = match scene.handle {
        Some(handle) if handle.mac != login.claim.mac => Proof::Wrong(Wrong::Device),
        _ if own.is_some() => Proof::Own(login.clone()),
        _ => Proof::Claim(login.claim),
    };
    Some(Candidate { password, proof })
}

/// The live login and those in their grace.
fn own_logins<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a Login> + use<'a> {
    let now = scene.now;
    scene.device.into_iter().flat_map(move |device| {
        let old = device.auth.old.iter().filter(move |old| now < old.until).map(|old| &old.login);
        device.auth.live.iter().map(|live| &live.login).chain(old)
    })
}

fn handle_elsewhere(scene: &Scene<'_>) -> bool {
    matches!((scene.handle, scene.mac), (Some(handle), Some(mac)) if handle.mac != mac)
}
