//! The services, and what each can do.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A redirect service that we speak to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Yealink Management Cloud Service, its redirection part (REST, v2).
    YealinkYmcs,
    /// Poly Zero Touch Provisioning (REST).
    PolyZeroTouch,
    /// Grandstream Device Management System.
    GrandstreamGdms,
    /// Snom's secure redirection and provisioning service (REST with Hawk).
    SnomSraps,
    /// Snom's redirection over XML-RPC.
    SnomXmlrpc,
    /// Gigaset's redirection and provisioning engine: the same protocol as Snom's.
    GigasetGrape,
    /// Gigaset's redirection over XML-RPC.
    GigasetXmlrpc,
    /// Panasonic's redirection over XML-RPC.
    PanasonicXmlrpc,
    /// Fanvil's device provisioning service over XML-RPC.
    FanvilFdps,
}

/// How the global login travels to the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// User and password of a profile that many devices share.
    Profile,
    /// A secret path in an address of the device's own.
    Address,
    /// A configuration of the device's own, handed over by the service.
    Config,
}

/// What a device must be known by, besides its MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// Nothing.
    Mac,
    /// Its serial number.
    Serial,
    /// Its serial number, unless the maker allowed the account to go without.
    SerialUnlessAllowed,
    /// The four characters behind the MAC on the label, unless the account may go without.
    MacIdUnlessAllowed,
}

/// What a service can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Capabilities {
    /// How the global login travels.
    pub carrier: Carrier,
    /// What it must be told of a device.
    pub needs: Needs,
    /// A lookup tells that another account has a device; otherwise only a write does.
    pub shows_foreign: bool,
    /// Devices of one call that writes.
    pub bulk_max: usize,
    /// It lists the devices of an account; otherwise they can only be looked up one by one.
    pub lists: bool,
    /// It hands out a PIN that the phone may ask for.
    pub device_pin: bool,
    /// Calls a second that we allow ourselves (no service publishes a limit).
    pub calls_per_second: u32,
}

/// A field of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name in the API, the command line and the form.
    pub name: &'static str,
    /// Never shown again.
    pub secret: bool,
    /// It may be left empty.
    pub optional: bool,
}

const fn plain(name: &'static str) -> Field {
    Field { name, secret: false, optional: false }
}

const fn secret(name: &'static str) -> Field {
    Field { name, secret: true, optional: false }
}

const fn optional(name: &'static str) -> Field {
    Field { name, secret: false, optional: true }
}

impl Kind {
    /// All of them, the four of the widest use first.
    pub const ALL: [Self; 9] = [
        Self::YealinkYmcs,
        Self::PolyZeroTouch,
        Self::GrandstreamGdms,
        Self::SnomSraps,
        Self::SnomXmlrpc,
        Self::GigasetGrape,
        Self::GigasetXmlrpc,
        Self::PanasonicXmlrpc,
        Self::FanvilFdps,
    ];

    /// Its name in the API, the command line and the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::YealinkYmcs => "yealink-ymcs",
            Self::PolyZeroTouch => "poly-zero-touch",
            Self::GrandstreamGdms => "grandstream-gdms",
            Self::SnomSraps => "snom-sraps",
            Self::SnomXmlrpc => "snom-xmlrpc",
            Self::GigasetGrape => "gigaset-grape",
            Self::GigasetXmlrpc => "gigaset-xmlrpc",
            Self::PanasonicXmlrpc => "panasonic-xmlrpc",
            Self::FanvilFdps => "fanvil-fdps",
        }
    }

    /// The service of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The name that people know it by.
    pub fn title(self) -> &'static str {
        match self {
            Self::YealinkYmcs => "Yealink YMCS (RPS)",
            Self::PolyZeroTouch => "Poly Zero Touch",
            Self::GrandstreamGdms => "Grandstream GDMS",
            Self::SnomSraps => "Snom SRAPS",
            Self::SnomXmlrpc => "Snom XML-RPC",
            Self::GigasetGrape => "Gigaset GRAPE",
            Self::GigasetXmlrpc => "Gigaset XML-RPC",
            Self::PanasonicXmlrpc => "Panasonic XML-RPC",
            Self::FanvilFdps => "Fanvil FDPS",
        }
    }

    /// The brands of the catalogue whose phones ask it.
    pub fn brands(self) -> &'static [&'static str] {
        match self {
            Self::YealinkYmcs => &["yealink"],
            Self::PolyZeroTouch => &["poly"],
            Self::GrandstreamGdms => &["grandstream"],
            Self::SnomSraps | Self::SnomXmlrpc => &["snom", "snom-c"],
            Self::GigasetGrape | Self::GigasetXmlrpc => &["gigaset"],
            Self::PanasonicXmlrpc => &["panasonic"],
            Self::FanvilFdps => &["fanvil"],
        }
    }

    /// What stands behind the door in an address of a device's own: the macro that its phones fill in, or nothing where they append the
    /// name themselves.
    pub fn file(self) -> &'static str {
        match self {
            Self::GigasetGrape | Self::GigasetXmlrpc => "%MACD.xml",
            Self::FanvilFdps => "$mac.cfg",
            // A folder would lead UTG phones to a file that names the folder for good.
            Self::PanasonicXmlrpc => "Config{MAC}.cfg",
            _ => "",
        }
    }

    /// The kinds that serve phones of the same brands, itself among them: an owner has an account of one of them.
    pub fn alike(self) -> [Self; 2] {
        match self {
            Self::SnomSraps | Self::SnomXmlrpc => [Self::SnomSraps, Self::SnomXmlrpc],
            Self::GigasetGrape | Self::GigasetXmlrpc => [Self::GigasetGrape, Self::GigasetXmlrpc],
            other => [other, other],
        }
    }

    /// What it can do.
    pub fn capabilities(self) -> Capabilities {
        let capabilities = |carrier, needs| Capabilities {
            carrier,
            needs,
            shows_foreign: false,
            bulk_max: 1,
            lists: true,
            device_pin: false,
            calls_per_second: 2,
        };
        match self {
            Self::YealinkYmcs => {
                Capabilities { bulk_max: 100, device_pin: true, ..capabilities(Carrier::Profile, Needs::SerialUnlessAllowed) }
            }
            Self::PolyZeroTouch => capabilities(Carrier::Profile, Needs::Mac),
            Self::GrandstreamGdms => Capabilities { bulk_max: 20, ..capabilities(Carrier::Config, Needs::Serial) },
            Self::SnomSraps | Self::GigasetGrape | Self::FanvilFdps => capabilities(Carrier::Address, Needs::Mac),
            Self::SnomXmlrpc | Self::PanasonicXmlrpc => Capabilities { shows_foreign: true, ..capabilities(Carrier::Address, Needs::Mac) },
            Self::GigasetXmlrpc => {
                Capabilities { shows_foreign: true, lists: false, ..capabilities(Carrier::Address, Needs::MacIdUnlessAllowed) }
            }
        }
    }

    /// What its accounts consist of.
    pub fn fields(self) -> &'static [Field] {
        const KEY: &[Field] = &[plain("key_id"), secret("secret")];
        const YMCS: &[Field] = &[plain("key_id"), secret("secret"), optional("without_serial")];
        const POLY: &[Field] = &[secret("api_key")];
        const GDMS: &[Field] =
            &[plain("user"), secret("password"), plain("client_id"), secret("client_secret"), optional("organization"), optional("site")];
        const LOGIN: &[Field] = &[plain("user"), secret("password")];
        const GIGASET: &[Field] = &[plain("user"), secret("password"), optional("without_mac_id")];
        match self {
            Self::YealinkYmcs => YMCS,
            Self::PolyZeroTouch => POLY,
            Self::GrandstreamGdms => GDMS,
            Self::SnomSraps | Self::GigasetGrape => KEY,
            Self::GigasetXmlrpc => GIGASET,
            Self::SnomXmlrpc | Self::PanasonicXmlrpc | Self::FanvilFdps => LOGIN,
        }
    }

    /// What no public source confirms of it, and the client therefore takes as it comes, or leaves to a switch.
    pub fn unverified(self) -> &'static [&'static str] {
        match self {
            Self::YealinkYmcs => &[
                "the limit of calls",
                "the status that goes with a device of another account, outside calls for many",
                "the words for each failure within a call for many",
                "whether a failed call for many wrote any of them",
                "whether a user and address of the device's own can be cleared in place",
                "how far the clock may be off",
                "the shape of the list of device PINs",
            ],
            Self::PolyZeroTouch => &[
                "the limit of calls",
                "the answer to registering a device that the account, or another, has already",
                "whether an unknown MAC of another account is told by a lookup",
                "the status that goes with a wrong key",
                "whether a profile may leave out everything but its server",
                "whether profiles come in pages",
            ],
            Self::SnomXmlrpc => &[
                "the names of the types that the list may ask for, besides snomD785",
                "the answer to a ping",
                "limits of bulk and of calls",
            ],
            Self::GigasetXmlrpc => &[
                "whether a device of our own is told from another account's",
                "what a check says of another account's device",
                "how the MAC-ID is made: it is read from the label",
                "whether new accounts still get this service",
                "limits of calls",
            ],
            Self::PanasonicXmlrpc => &[
                "which of the faults 201, 202 and 203 an unknown phone and another account's get",
                "whether the phone heeds a login in the address",
                "the length of the list that comes at once",
                "limits of calls",
            ],
            Self::FanvilFdps => &[
                "the fields of user and password in a server record",
                "what a check of one device answers",
                "whether an address can be read back",
                "limits of calls",
            ],
            Self::GrandstreamGdms => &[
                "the code for a device of another account, and all codes but that of a wrong serial number",
                "the call that removes a device",
                "that phones take server and login from a configuration that waits for their first contact",
                "that Android models read numbered values",
                "the largest page of a list, the largest batch, and the rate limit",
                "how an ended token is told",
                "the form of an organization in the list, and lists of sites of more than one page",
            ],
            Self::SnomSraps => &[
                "how wide the service's window of time is, and its rate limit",
                "the statuses of its refusals",
                "that one device can be read alone (the list is read where it cannot)",
                "that a device's name and profile, read, can be written back",
                "how a device of another company looks when it is read",
                "whether user and password could travel as settings of their own",
            ],
            Self::GigasetGrape => &[
                "all that is unverified of Snom's service, whose protocol it shares",
                "the section of the setting ProvisioningServer",
                "that the MAC is enough, without the MAC-ID",
                "which models ask it, and whether new accounts must use it",
            ],
        }
    }

    /// Its regions by name, with the address of each; the first is the default.
    pub fn regions(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::YealinkYmcs => &[
                ("eu", "https://eu-api.ymcs.yealink.com"),
                ("us", "https://us-api.ymcs.yealink.com"),
                ("au", "https://au-api.ymcs.yealink.com"),
            ],
            Self::PolyZeroTouch => &[("world", "https://api.ztp.poly.com/v1")],
            Self::GrandstreamGdms => &[("world", "https://www.gdms.cloud/oapi"), ("eu", "https://eu.gdms.cloud/oapi")],
            Self::SnomSraps => &[("world", "https://api.sraps.snom.com/api/v1/")],
            Self::SnomXmlrpc => &[("world", "https://secure-provisioning.snom.com:8083/xmlrpc/")],
            Self::GigasetGrape => &[("world", "https://api.grape.gigaset.net/api/v1/")],
            Self::GigasetXmlrpc => &[("world", "https://prov.gigaset.net/apxml/rpc.do")],
            Self::PanasonicXmlrpc => &[("world", "https://provisioning.e-connecting.net/redirect/xmlrpc")],
            Self::FanvilFdps => &[("world", "https://fdps.fanvil.com/xmlrpc.php")],
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
