//! What is asked of the renderer, and what comes back.

use domain::settings::{Layer, Line, Resolved, Transport};
use domain::{Mac, Secret};

use crate::catalogue::{Brand, Model};
use crate::firmware::Firmware;
use crate::format::Format;
use crate::identify::FileKind;

/// One file for one phone.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The brand.
    pub brand: &'a Brand,
    /// One of its models, or [`Brand::generic`].
    pub model: &'a Model,
    /// The firmware that the phone runs; its files differ by generation. Unknown: as `brand.toml` says.
    pub firmware: Option<Firmware>,
    /// The phone. Files with nothing of a phone in them need none.
    pub mac: Option<Mac>,
    /// Which file: boot, common or carrier.
    pub file: FileKind,
    /// What it tells.
    pub body: Body<'a>,
}

impl Order<'_> {
    /// The syntax of the file.
    pub(crate) fn format(&self) -> Format {
        let of_book = self.brand.manifest.phonebook_format.filter(|_| self.file == FileKind::Phonebook);
        of_book.unwrap_or(self.model.format)
    }
}

/// What a file tells.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// Nothing that anybody might not know: boot and common files.
    Public,
    /// The same where the folder is known that the phone asks in: some files name others by their whole address.
    PublicIn {
        /// Its address, ending in `/`.
        folder: &'a str,
    },
    /// What a phone gets that is not cleared: a claim's account, a notice, a way to the authentication service.
    Restricted {
        /// The state shown on the display.
        notice: Notice,
        /// The claim's throw-away account, put on every slot.
        account: RestrictedAccount<'a>,
        /// The number of the authentication service, such as `*89`.
        service_number: &'a str,
        /// Emergency numbers of the whole platform, never those of the site alone. Digits only.
        emergency_numbers: &'a [String],
        /// Where the phone comes back, with the claim's login.
        door: Door<'a>,
        /// Two letters, such as `en`.
        language: &'a str,
    },
    /// The way to the phone's own door and nothing else: the first of two steps of a hand-over.
    Signpost {
        /// Where the phone comes back, with the claim's login.
        door: Door<'a>,
        /// Two letters, such as `en`.
        language: &'a str,
    },
    /// The customer's phone book.
    Phonebook {
        /// What the phone calls it.
        title: &'a str,
        /// Who stands in it, in order; at most 1 000.
        entries: &'a [Entry],
    },
    /// Everything the phone needs.
    Full {
        /// The lines, in the order of the account slots.
        lines: &'a [Line],
        /// The settings in force.
        settings: &'a Resolved,
        /// Where the phone comes back, with its own login.
        door: Door<'a>,
        /// Two letters, for phones whose settings name no `language`.
        language: &'a str,
    },
}

/// Somebody in a phone book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Who it is.
    pub name: String,
    /// What to dial.
    pub number: String,
}

/// Where a phone fetches its files from then on.
#[derive(Clone, Copy, Debug)]
pub struct Door<'a> {
    /// The folder's address, ending in `/`.
    pub url: &'a str,
    /// The login there.
    pub user: &'a str,
    /// Its password.
    pub password: &'a Secret<String>,
    /// How often the phone asks by itself, in seconds; never below the model's shortest.
    pub poll_seconds: u32,
    /// The password of the files there, where they are encrypted.
    pub file_key: Option<&'a Secret<String>>,
}

/// The SIP account of a claim.
#[derive(Clone, Copy, Debug)]
pub struct RestrictedAccount<'a> {
    /// SIP user, also the authentication user.
    pub user: &'a str,
    /// Its password.
    pub password: &'a Secret<String>,
    /// Our SIP host.
    pub server: &'a str,
    /// Our SIP port.
    pub port: u16,
    /// How SIP travels.
    pub transport: Transport,
}

/// What the display of a phone says that is not cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    /// The PIN is awaited.
    Needed,
    /// Wrong PINs; a pause.
    Failed,
    /// Too many rounds of wrong PINs; an admin must reset.
    Blocked,
    /// The device is live with another login, or misses a factor: an admin must reset.
    ResetNeeded,
}

/// A file, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered<'a> {
    /// The file.
    pub bytes: Vec<u8>,
    /// For the `Content-Type` header.
    pub content_type: &'a str,
}

/// Where a line of a file came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The brand's template, or a default in its `brand.toml`.
    Template,
    /// The platform: door, login, claim, MAC.
    Platform,
    /// A layer of settings; for a line that several settings shaped, the nearest.
    Layer(Layer),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Template => f.write_str("template"),
            Self::Platform => f.write_str("platform"),
            Self::Layer(layer) => layer.fmt(f),
        }
    }
}

/// One line of a file with its provenance; secrets masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhyLine {
    /// The line without its end.
    pub text: String,
    /// Who set it.
    pub source: Source,
}
