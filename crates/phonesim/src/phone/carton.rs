//! Out of the carton: before anybody has told a phone of a server, it asks its maker's redirect service.
//!
//! **All of it is invented**, because no maker publishes what a phone asks and what it is answered: that it is `GET /phones/<mac>` without
//! a login, that the answer is [`Directions`] in JSON, that an unknown phone is told 404. Known of real phones is only when they ask: in
//! the state of the factory, and, but for Snom's, if DHCP names no server; that a service's record is asked for again after a
//! reset; and that the address may hold the brand's macros, which are left to the phone here where the service did not fill them in.
//!
//! What is said is taken as if somebody had typed it, and kept whether it leads anywhere or not.

use domain::Mac;

use super::Phone;
use super::fetch::Lane;
use crate::address::{Address, Slash};
use crate::client::{Tls, TlsError};
use crate::firmware::{Ask, Got};
use crate::flash::Flash;
use crate::services::Directions;
use crate::transcript::Transcript;

/// A maker's redirect service as its phones know it: built in are its address and the authority that they trust for it, and for it
/// alone.
#[derive(Clone, Debug)]
pub struct RedirectService {
    at: Address,
    tls: Tls,
}

impl RedirectService {
    /// At this address, with a certificate of this authority.
    pub fn new(at: Address, authority_pem: &[u8]) -> Result<Self, TlsError> {
        Ok(Self { at, tls: Tls::authorities(authority_pem, true)? })
    }

    /// Where a phone asks (invented).
    fn question(&self, mac: Mac) -> Address {
        self.at.file(&format!("phones/{mac}"), Slash::One)
    }
}

impl Phone {
    /// Whether it is as its maker built it: nothing was ever typed or taken.
    pub fn is_factory_fresh(&self) -> bool {
        *self.flash() == Flash::default()
    }

    /// Asks its maker's service if it knows nobody else to ask, and takes what it says.
    pub(super) async fn asks_maker(&mut self, transcript: &mut Transcript) {
        let asks = self.is_factory_fresh() && self.firmware().asks_maker(self.unit(), &self.network);
        let Some(service) = self.network.service.clone().filter(|_| asks) else { return };
        let ask = Ask::get(service.question(self.identity.mac));
        let caller = self.caller(&ask, &service.at).for_maker(service.tls);
        match caller.ask(&ask, &mut Lane::new(0), transcript).await {
            Got::File(fetched) => match serde_json::from_slice(&fetched.body) {
                Ok(directions) => self.takes(&directions, transcript),
                Err(_) => transcript.note("the redirect service says nothing that the phone understands"),
            },
            Got::Missing(404) => transcript.note("the redirect service does not know this phone"),
            _ => transcript.note("the redirect service says nothing"),
        }
    }

    fn takes(&mut self, directions: &Directions, transcript: &mut Transcript) {
        let Directions { url, user, password } = directions;
        let Ok(server) = url.parse::<Address>() else {
            return transcript.note("the redirect service names no address that the phone can use");
        };
        let firmware = self.firmware();
        firmware.store_directed(&self.identity, &mut self.flash, url);
        transcript.note(format!("the redirect service names the server {}", server.shown()));
        if !user.is_empty() || !password.is_empty() {
            transcript.note(format!("and a login of user {user}"));
            firmware.store_login(&self.identity, &mut self.flash, user, &password.as_str().into());
        }
    }
}
