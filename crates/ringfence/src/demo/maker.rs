//! The redirect service of the phones' maker, played on loopback, and an account there that has no owner but this demo.

use std::path::Path;

use domain::login::new_password;
use domain::{Mac, Secret};
use phonesim::RedirectService;
use phonesim::services::ymcs::Ymcs;
use phonesim::services::{Directions, Emulator, Provider as _};
use portal::admin::redirect::NewAccount;
use portal::edge::SystemChance;
use redirect::Kind;

use crate::data::replace;
use crate::failure::Failure;

/// The service that is played.
const SERVICE: Kind = Kind::YealinkYmcs;
/// Its authority's file in the data directory.
const AUTHORITY: &str = "maker.pem";

/// The service with its one account. It ends when this is dropped.
pub struct Maker {
    service: Emulator<Ymcs>,
    key_id: Secret<String>,
    secret: Secret<String>,
}

impl Maker {
    /// Opens it, with an account whose phones need no serial number.
    pub async fn open() -> Result<Self, Failure> {
        let [key_id, secret] = [(); 2].map(|()| new_password(&mut SystemChance));
        let mut played = Ymcs::new(key_id.expose(), secret.expose());
        played.options.without_serial = true;
        let opened = Emulator::start(played).await;
        let service = opened.map_err(|error| Failure::refused(format!("no socket for the simulated redirect service: {error}")))?;
        Ok(Self { service, key_id, secret })
    }

    /// What the server's configuration says of it; its authority is put beside that.
    pub fn settings(&self, data: &Path) -> Result<[(&'static str, String); 2], Failure> {
        replace(&data.join(AUTHORITY), self.service.authority_pem().as_bytes())?;
        let services = format!("{{ {SERVICE} = \"{}\" }}", self.service.base());
        Ok([("REDIRECT_SERVICES", services), ("REDIRECT_CA", AUTHORITY.to_owned())])
    }

    /// The account, as the admin enters it.
    pub fn account(&self) -> NewAccount {
        let fields = [("key_id", self.key_id.clone()), ("secret", self.secret.clone()), ("without_serial", Secret::from("yes"))];
        let fields = fields.map(|(name, value)| (name.to_owned(), value)).into();
        NewAccount { service: SERVICE.name().to_owned(), fields, ..NewAccount::default() }
    }

    /// The service as its phones know it.
    pub fn for_phones(&self) -> RedirectService {
        self.service.for_phones()
    }

    /// Where it would send a phone now.
    pub fn directions(&self, mac: Mac) -> Option<Directions> {
        self.service.provider().directions(mac)
    }

    /// What nobody may read.
    pub fn secrets(&self) -> [&Secret<String>; 2] {
        [&self.key_id, &self.secret]
    }
}
