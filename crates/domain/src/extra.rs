//! What a phone's own door has besides its configuration: firmware, and the customer's phone book.
//!
//! It goes to whoever would get the full config there, and to nobody else. Nobody is told which of these files exist before that.

use std::borrow::Cow;

use crate::admission::{Answer, Decision, Door, Request, Surroundings, admit};
use crate::chance::Chance;
use crate::channel::Channel;
use crate::device::Device;
use crate::evidence::Proof;
use crate::reason::Reason;
use crate::settings::{Layer, Resolved, Sourced};
use crate::time::Time;

/// A file besides the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extra {
    /// Firmware: large, and the maker's.
    Firmware,
    /// Names and numbers of the customer's people.
    Phonebook,
}

impl Extra {
    /// Whether it leaves with this answer. No phone opens an encrypted phone book, so that stays inside where files leave encrypted only.
    pub fn leaves_with(self, answer: &Answer, channel: Channel) -> bool {
        let full = matches!(answer, Answer::Full { .. });
        match self {
            Self::Firmware => full && channel != Channel::Shut,
            Self::Phonebook => full && channel == Channel::Open,
        }
    }
}

/// The longest name of a firmware file, in bytes.
pub const FIRMWARE_NAME_BYTES_MAX: usize = 128;

/// Whether a firmware file may be called that: one plain name as makers give them, and nothing that could mean another place.
pub fn is_firmware_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+');
    !name.is_empty() && name.len() <= FIRMWARE_NAME_BYTES_MAX && !name.starts_with('.') && name.bytes().all(plain)
}

/// The settings of a full config with the addresses of what its door (which ends in a slash) has besides: `firmware_url` follows from
/// `firmware_file`, unless as near a layer names an address itself; `phonebook_url` is where `phonebook` is, if there is one and nobody named another.
pub fn with_addresses<'a>(settings: &'a Resolved, door: &str, phonebook: Option<&str>) -> Cow<'a, Resolved> {
    let mut settings = Cow::Borrowed(settings);
    if let Some(file) = settings.sourced("firmware_file").filter(|file| is_firmware_name(&file.value)).cloned()
        && settings.sourced("firmware_url").is_none_or(|named| named.layer < file.layer)
    {
        let address = Sourced { value: format!("{door}{FIRMWARE_FOLDER}{}", file.value), layer: file.layer };
        settings.to_mut().set("firmware_url", address);
    }
    if let Some(name) = phonebook.filter(|_| settings.value("phonebook_url").is_none()) {
        let address = Sourced { value: format!("{door}{name}"), layer: Layer::Operator };
        settings.to_mut().set("phonebook_url", address);
    }
    settings
}

/// The folder of firmware behind an own door.
pub const FIRMWARE_FOLDER: &str = "firmware/";

/// Decides a request for such a file. The login of the door opens it, and no other: a delivery begins with the file that carries the
/// login, so a global login begins nothing here.
pub fn admit_extra(
    device: Option<&Device>,
    request: &Request<'_>,
    around: &Surroundings<'_>,
    now: Time,
    chance: &mut dyn Chance,
) -> Decision {
    match request.evidence.proof {
        // Row 1: there is no such file, for anybody.
        _ if request.door != Door::Own => Decision::of(Answer::Public, Reason::Public),
        Proof::Global(_) => Decision::challenge(Reason::LoginRequired),
        _ => admit(device, &Request { carrier: false, ..request.clone() }, around, now, chance),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    const DOOR: &str = "https://phones.example.com/cfg/d/h/";

    fn resolved(layers: &[(Layer, &str, &str)]) -> Resolved {
        let layers: Vec<_> =
            layers.iter().map(|(layer, key, value)| (*layer, Settings::from([((*key).to_owned(), (*value).to_owned())]))).collect();
        Resolved::from_layers(layers.iter().map(|(layer, settings)| (*layer, settings)))
    }

    #[test]
    fn firmware_names_are_plain() {
        for name in ["T46S-66.86.0.15.rom", "spa112_1.4.1.bin", "a+b"] {
            assert!(is_firmware_name(name), "{name}");
        }
        let long = "a".repeat(FIRMWARE_NAME_BYTES_MAX + 1);
        for name in ["", ".", "..", ".hidden", "a/b", "a b", "a\\b", "%2e", "ä", &long] {
            assert!(!is_firmware_name(name), "{name}");
        }
    }

    #[test]
    fn a_firmware_file_becomes_its_address_unless_one_is_named_as_near() {
        let file = (Layer::Model, "firmware_file", "a.rom");
        let computed = Sourced { value: format!("{DOOR}firmware/a.rom"), layer: Layer::Model };
        let named = |layer| (layer, "firmware_url", "https://www.example.com/b.rom");
        let url = |layers: &[_]| with_addresses(&resolved(layers), DOOR, None).sourced("firmware_url").cloned();
        assert_eq!(url(&[file]), Some(computed.clone()));
        assert_eq!(url(&[file, named(Layer::Operator)]), Some(computed));
        for layer in [Layer::Model, Layer::Device] {
            assert_eq!(url(&[file, named(layer)]).unwrap().value, "https://www.example.com/b.rom", "{layer}");
        }
        assert_eq!(url(&[(Layer::Model, "firmware_file", "../a.rom")]), None);
        assert_eq!(url(&[]), None);
    }

    #[test]
    fn the_phone_book_is_at_the_door_unless_another_is_named() {
        let url = |layers: &[_], book| with_addresses(&resolved(layers), DOOR, book).value("phonebook_url").map(str::to_owned);
        assert_eq!(url(&[], Some("book.xml")), Some(format!("{DOOR}book.xml")));
        assert_eq!(url(&[], None), None);
        let named = (Layer::Operator, "phonebook_url", "https://www.example.com/book");
        assert_eq!(url(&[named], Some("book.xml")), Some("https://www.example.com/book".to_owned()));
    }
}
