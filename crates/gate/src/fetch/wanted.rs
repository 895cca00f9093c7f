//! What a request asks for: which phone, which file, which door. Claimed by the request, not proved.

use std::sync::Arc;

use brands::{Brand, Capability, Catalogue, FileKind, Model, Sighting};
use domain::admission::{self, BrandTraits};
use domain::channel::Channel;
use domain::claim::{Claim, PlatformKeys, TOKEN_CHARS};
use domain::device::Device;
use domain::extra::{Extra, FIRMWARE_FOLDER};
use domain::policy::Policy;
use domain::{Mac, Span};

use super::reply::Asked;
use crate::path::{Door, SecretKind};
use crate::phones::Request;

/// Which phone wants which file through which door.
pub struct Wanted<'a> {
    /// The catalogue that it was read by; what it is answered with, too.
    pub catalogue: &'a Arc<Catalogue>,
    /// What file name and User-Agent show.
    pub sighting: Sighting<'a>,
    /// Which door.
    pub door: admission::Door,
    /// The claim of an own door's handle; `Err` for a handle that is none.
    pub handle: Result<Option<Claim>, ()>,
    /// The phone, if anything names one.
    pub mac: Option<Mac>,
    /// The kind of file.
    pub file: FileKind,
    /// Which firmware file, where one is asked for.
    pub firmware: Option<&'a str>,
    /// The door as the path writes it.
    path_door: &'a Door,
}

impl<'a> Wanted<'a> {
    /// Reads a request.
    pub fn read(catalogue: &'a Arc<Catalogue>, keys: &PlatformKeys, request: &'a Request) -> Self {
        let mut sighting = catalogue.identify(&request.target.file, request.user_agent());
        let (door, handle) = match &request.target.door {
            Door::Front if request.target.file.is_empty() => (admission::Door::Bare, Ok(None)),
            Door::Front | Door::Secret(SecretKind::GlobalLogin, _) => (admission::Door::Front, Ok(None)),
            Door::Own(handle) => (admission::Door::Own, keys.read(handle).map(Some).ok_or(())),
            Door::Secret(SecretKind::Login, secret) => {
                let token = secret.expose().get(..TOKEN_CHARS).unwrap_or_default();
                (admission::Door::Own, keys.read(token).map(Some).ok_or(()))
            }
        };
        let firmware = request.target.file.strip_prefix(FIRMWARE_FOLDER).filter(|_| door == admission::Door::Own);
        if firmware.is_some() {
            // A maker may call its firmware as it likes: only the door says whose phone it is for.
            (sighting.file, sighting.mac) = (FileKind::Firmware, None);
        }
        let by_handle = handle.ok().flatten().map(|claim| claim.mac);
        // The bare door has no file name: the User-Agent chooses the file, and proves nothing by that.
        let bare = door == admission::Door::Bare;
        let mac = sighting.mac.or(by_handle).or(sighting.agent_mac.filter(|_| bare));
        let file = if bare { FileKind::Carrier } else { sighting.file };
        Self { catalogue, sighting, door, handle, mac, file, firmware, path_door: &request.target.door }
    }

    /// What it is, if it is nothing of the configuration.
    pub fn extra(&self) -> Option<Extra> {
        match self.file {
            FileKind::Firmware => Some(Extra::Firmware),
            FileKind::Phonebook => Some(Extra::Phonebook),
            _ => None,
        }
    }

    /// The file as the renderer is asked for it. `device`: one that proved itself, and so is served as what it was added as.
    pub fn asked(&self, device: Option<&Device>) -> Option<Asked<'a>> {
        let (brand, model) = self.served_as(device);
        let brand = brand?;
        let model = model.unwrap_or_else(|| brand.generic());
        let (firmware, mac, file) = (self.sighting.firmware, self.mac, self.file);
        Some(Asked { brand, model, firmware, mac, file, language: None, door: self.path_door })
    }

    /// How the brand behaves. What a phone meets before it has proved itself follows from what it shows, so that a MAC that
    /// somebody added and one that nobody added cannot be told apart by the poll in their restricted configs.
    pub fn traits(&self, device: Option<&Device>) -> BrandTraits {
        let shown = &self.sighting;
        let shown_model = shown.model.or(shown.brand.map(Brand::generic));
        let (brand, model) = self.served_as(device);
        BrandTraits {
            front_door_sticks: shown.brand.is_some_and(Brand::front_door_sticks),
            shortest_poll: Span::seconds(shown_model.map_or(60, |model| model.shortest_poll_seconds).into()),
            renews_trust: model.or(brand.map(Brand::generic)).is_some_and(|model| model.renews_trust == Capability::Yes),
            retry_delay: Span::seconds(brand.map_or(0, Brand::retry_delay_seconds).into()),
            seals_files: brand.is_some_and(seals_files),
        }
    }

    /// What the connection may carry for the brand that the phone shows.
    pub fn channel(&self, request: &Request, policy: &Policy) -> Channel {
        Channel::of(request.connection.tls, policy.plain_http, self.sighting.brand.is_some_and(seals_files))
    }

    /// Brand and model as the phone shows them, `yealink/T46S`.
    pub fn shown_model(&self) -> Option<String> {
        self.sighting.brand.zip(self.sighting.model).map(|(brand, model)| format!("{}/{}", brand.name(), model.name))
    }

    fn served_as(&self, device: Option<&Device>) -> (Option<&'a Brand>, Option<&'a Model>) {
        match device.and_then(|device| self.catalogue.model(&device.model)) {
            Some((brand, model)) => (Some(brand), Some(model)),
            None => (self.sighting.brand, self.sighting.model),
        }
    }
}

/// Whether encrypted files help a brand: a login in the path would be read by whoever they are encrypted against.
fn seals_files(brand: &Brand) -> bool {
    brand.encrypted_file().is_some() && !brand.logs_in_by_path()
}
