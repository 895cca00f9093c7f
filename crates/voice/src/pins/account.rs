//! What an operator's own telephone system needs to let a restricted phone register with it.

use domain::{Secret, Time};
use store::StoreError;

use super::PinDesk;
use crate::accounts::Accounts;

/// A throw-away account, as another server needs it.
#[derive(Clone, Debug)]
pub struct SipAccount {
    /// Its name: the claim's token.
    pub name: String,
    /// The realm of both hashes.
    pub realm: String,
    /// The MD5 hash over user, realm and password, 32 digits.
    pub ha1_md5: Secret<String>,
    /// The same with SHA-256, 64 digits.
    pub ha1_sha256: Secret<String>,
    /// When it ends, if that is known: some time after another claim of its device was taken up.
    pub ends: Option<Time>,
    /// What it may do: [`SipAccount::ACTIONS`].
    pub actions: &'static [&'static str],
}

impl SipAccount {
    /// Register, reach the service that asks for the PIN, and make emergency calls. Nobody can call it.
    pub const ACTIONS: &'static [&'static str] = &["register", "authenticate", "emergency"];
}

impl PinDesk {
    /// The account of that name; none if it is no account's, or the account has ended. Whoever has the hashes can register as that
    /// phone: for the operator alone.
    pub async fn account(&self, accounts: &Accounts, name: &str, now: Time) -> Result<Option<SipAccount>, StoreError> {
        let Some(account) = accounts.account(name) else { return Ok(None) };
        let (mac, network) = (account.claim.mac, domain::net::site_network(std::net::Ipv4Addr::UNSPECIFIED.into()));
        let found = self.0.store.read(move |db| store::device::fetch(db, mac, &network, now)).await?;
        let live = found.and_then(|found| found.stored.device.auth.live);
        let ends = live.and_then(|live| domain::claim::account_ends(&account.claim, &live.login.claim, live.since));
        if ends.is_some_and(|ends| ends <= now) {
            return Ok(None);
        }
        let (realm, ha1_md5, ha1_sha256) = (account.realm, account.ha1_md5, account.ha1_sha256);
        Ok(Some(SipAccount { name: name.to_owned(), realm, ha1_md5, ha1_sha256, ends, actions: SipAccount::ACTIONS }))
    }
}
