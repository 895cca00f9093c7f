//! Where an account sends phones, and with which login.

use domain::channel::at_host;
use domain::evidence::device_path_token;
use domain::login::{GlobalLogin, Owner};
use domain::tenancy::ResellerId;
use domain::{Mac, Secret, Time};
use redirect::diff::Mark;
use redirect::{Carrier, Entry, Kind, Profile, Target};
use sha2::{Digest as _, Sha256};
use store::redirect::{Account, Claimed, Identity};
use store::{Db, Scope, StoreError};

use crate::admin::Admin;

/// Where phones of one owner are sent.
#[derive(Clone, Debug)]
pub struct Aim {
    /// Door and login, under the name of the profile that holds them where the service has profiles.
    pub profile: Profile,
    /// What the profile says, as a mark.
    pub content: Mark,
    login: GlobalLogin,
    carrier: Carrier,
    file: &'static str,
    /// The profile's id at the service, once it is known.
    pub remote: Option<String>,
}

/// What an account claims, for the store.
pub(crate) fn claimed(kind: Kind, account: &Account) -> Claimed<'_> {
    let brands = kind.brands();
    let alike = kind.alike().map(Kind::name);
    Claimed { account, brands: [brands[0], brands[brands.len() - 1]], kinds: alike }
}

/// Where an account sends the phones of a reseller (the operator's own without one); a code if there is nothing to send them with.
///
/// The operator's login stays out of resellers' accounts where the service shows it to the account's owner: only a reseller's own goes there.
pub(crate) fn aim(
    db: &Db,
    admin: &Admin,
    kind: Kind,
    account: &Account,
    reseller: Option<ResellerId>,
    now: Time,
) -> Result<Result<Aim, &'static str>, StoreError> {
    let carrier = kind.capabilities().carrier;
    let door = door(db, admin, reseller)?;
    let all = store::login::all(db, &Scope::Operator)?;
    let of = |owner: Owner| newest(&all, owner, now);
    let own = reseller.and_then(|reseller| of(Owner::Reseller(reseller)));
    let may_take_operators = account.reseller.is_none() || carrier == Carrier::Address;
    let login = match own {
        Some(own) => own,
        None if may_take_operators => match of(Owner::Operator) {
            Some(operators) => operators,
            None => return Ok(Err("no_global_login")),
        },
        None => return Ok(Err("needs_own_global_login")),
    };
    let profile = Profile { name: name(admin, reseller), door: door.clone(), user: login.user.clone(), password: login.password.clone() };
    let content = mark(&[kind.name(), &door, &login.user, &login.id.0.to_string()]);
    Ok(Ok(Aim { profile, content, login, carrier, file: kind.file(), remote: None }))
}

/// The address that is entered at a service by hand: it holds the global login for this one phone. Nothing if none is in force.
pub(crate) fn hand_address(
    db: &Db,
    admin: &Admin,
    reseller: Option<ResellerId>,
    mac: Mac,
    file: &str,
    now: Time,
) -> Result<Option<Secret<String>>, StoreError> {
    let all = store::login::all(db, &Scope::Operator)?;
    let own = reseller.and_then(|reseller| newest(&all, Owner::Reseller(reseller), now));
    let Some(login) = own.or_else(|| newest(&all, Owner::Operator, now)) else { return Ok(None) };
    Ok(Some(token_address(admin, &door(db, admin, reseller)?, &login, mac, file)))
}

/// The front door that phones of a reseller are sent to.
fn door(db: &Db, admin: &Admin, reseller: Option<ResellerId>) -> Result<String, StoreError> {
    let host = reseller.map(|reseller| store::look::phone_host(db, reseller)).transpose()?.flatten();
    Ok(format!("{}/cfg/", at_host(&admin.platform.phones_url, host.as_deref())))
}

fn token_address(admin: &Admin, door: &str, login: &GlobalLogin, mac: Mac, file: &str) -> Secret<String> {
    let token = device_path_token(&admin.keys, login, mac);
    Secret::new(format!("{door}g/{}/{file}", token.expose()))
}

/// The login in date that lasts longest, the newest of several.
fn newest(all: &[GlobalLogin], owner: Owner, now: Time) -> Option<GlobalLogin> {
    let held = all.iter().filter(|login| login.owner == owner && login.in_date(now));
    held.max_by_key(|login| (login.valid_until.is_none(), login.valid_until, login.id)).cloned()
}

/// The name of a profile: the same for an owner whatever it says, and another on another platform that shares the account.
fn name(admin: &Admin, reseller: Option<ResellerId>) -> String {
    let key = admin.keys.derive(b"redirect profile");
    let mut hash = Sha256::new();
    hash.update(key.expose());
    hash.update(reseller.map(|reseller| *reseller.0.as_bytes()).unwrap_or_default());
    format!("rf-{}", crate::hex::hex(&hash.finalize()[..8]))
}

fn mark(parts: &[&str]) -> Mark {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let bytes: [u8; 8] = *hash.finalize().first_chunk().expect("a SHA-256 has 32 bytes");
    // 0 is nobody's: rows that must be written anew carry it.
    Mark(i64::from_be_bytes(bytes) | 1)
}

impl Aim {
    /// What a device's record says, as a mark. A profile may change what it says without its devices being written.
    pub fn mark(&self) -> Mark {
        match self.carrier {
            Carrier::Profile => mark(&[&self.profile.name, self.remote.as_deref().unwrap_or_default()]),
            Carrier::Address | Carrier::Config => self.content,
        }
    }

    /// A device's record.
    pub fn entry(&self, admin: &Admin, mac: Mac, identity: &Identity) -> Entry {
        let target = match self.carrier {
            Carrier::Profile => Target::Profile(self.remote.clone().unwrap_or_default()),
            Carrier::Address => Target::Address(self.address(admin, mac)),
            Carrier::Config => Target::Config(Box::new(self.profile.clone())),
        };
        Entry { mac, serial: identity.serial.clone(), mac_id: identity.mac_id.clone(), target }
    }

    /// An address of a device's own, which holds the global login.
    pub fn address(&self, admin: &Admin, mac: Mac) -> Secret<String> {
        token_address(admin, &self.profile.door, &self.login, mac, self.file)
    }

    /// Whether a record that the service shows says what this does, as far as it shows; not if it shows nothing.
    pub fn is_said(&self, admin: &Admin, mac: Mac, shown: Option<&Secret<String>>) -> bool {
        match (self.carrier, shown) {
            (Carrier::Profile, Some(shown)) => self.remote.as_deref().is_some_and(|remote| shown.matches(remote)),
            (Carrier::Address, Some(shown)) => self.address(admin, mac).matches(shown.expose()),
            _ => false,
        }
    }
}

/// The record of a device that is to be removed: nothing but who it is.
pub(super) fn bare(mac: Mac, identity: &Identity) -> Entry {
    Entry { mac, serial: identity.serial.clone(), mac_id: identity.mac_id.clone(), target: Target::Profile(String::new()) }
}
