//! The brands that are played, one row each.

use std::sync::OnceLock;

use domain::Mac;
use phonesim::{AgentForm, Identity};

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cell {
    FrontDoor,
    OneTimePassword,
    TypedLogin,
    Restricted,
    Pin,
    Full,
    Resync,
    Reset,
    TrustedNetwork,
}

impl Cell {
    pub(crate) const ALL: [Self; 9] = [
        Self::FrontDoor,
        Self::OneTimePassword,
        Self::TypedLogin,
        Self::Restricted,
        Self::Pin,
        Self::Full,
        Self::Resync,
        Self::Reset,
        Self::TrustedNetwork,
    ];

    pub(crate) fn heading(self) -> &'static str {
        match self {
            Self::FrontDoor => "front door",
            Self::OneTimePassword => "one-time password",
            Self::TypedLogin => "typed login",
            Self::Restricted => "restricted",
            Self::Pin => "PIN",
            Self::Full => "full",
            Self::Resync => "resync",
            Self::Reset => "reset",
            Self::TrustedNetwork => "trusted network",
        }
    }
}

/// A phone of a brand, and what is told of it.
pub(crate) struct Play {
    /// The row's name.
    pub(crate) title: &'static str,
    /// The catalogue's name of the model, such as `yealink/T46S`.
    pub(crate) model: &'static str,
    /// The first six digits of its MACs.
    pub(crate) maker: &'static str,
    pub(crate) identity: fn(Mac) -> Identity,
    /// What redirect service and person give it behind the server's name, such as `/cfg` or `/cfg/$MA.xml`.
    pub(crate) door: &'static str,
    /// What it cannot do, and why: the source's word.
    pub(crate) cannot: Vec<(Cell, &'static str)>,
    /// What its "yes" is worth, where no source proves what its phone does.
    pub(crate) rests_on: Option<&'static str>,
}

impl Play {
    fn new(title: &'static str, model: &'static str, maker: &'static str, door: &'static str, identity: fn(Mac) -> Identity) -> Self {
        Self { title, model, maker, identity, door, cannot: Vec::new(), rests_on: None }
    }

    /// Why a story is not told.
    pub(crate) fn reason(&self, cell: Cell) -> Option<&'static str> {
        self.cannot.iter().find(|(known, _)| *known == cell).map(|(_, why)| *why)
    }

    pub(crate) fn mac(&self, number: u8) -> String {
        format!("{}0000{number:02x}", self.maker)
    }
}

const PATTON_LOGIN: &str = "No document says that a SmartNode sends an HTTP login; one in the path is played by the tests of the server.";

const GIGASET_LOGIN: &str = "No public document names the parameters of its HTTP login: the shared one that it was given stays in front of its own, \
     which stands in the address only.";

const GIGASET_POLL: &str = "No parameter is known that sets how often a base asks by itself; it is told by NOTIFY all the same.";

const SPECTRALINK_GUESS: &str = "Unverified. No public source names its files and parameters: simulated base and templates follow one and the same \
     recollection, so these stories show that they hold together, and nothing about a real base.";

fn cisco(model: &str, mac: Mac, firmware: &str, lines: u16) -> Identity {
    Identity::cisco(model, mac, "FICT0001", firmware, lines)
}

fn linksys(model: &str, mac: Mac, firmware: &str, lines: u16) -> Identity {
    Identity::linksys(model, mac, "FICT0001", firmware, lines)
}

fn gigaset(model: &str, mac: Mac, firmware: &str, accounts: u16) -> Identity {
    Identity::gigaset(model, mac, "FICT", firmware, accounts)
}

/// All of them, in the order of the table.
pub(crate) fn all() -> &'static [Play] {
    static ALL: OnceLock<Vec<Play>> = OnceLock::new();
    let yealink_old = |mac| Identity::yealink("T46G", mac, "28.72.0.1", Some("028"), 16); // firmware
    let yealink_base = |mac| {
        let base = Identity::yealink("W60B", mac, "77.81.0.35", Some("077"), 8); // firmware
        Identity { agent: AgentForm::YEALINK_NO_SIP, ..base }
    };
    let vvx = |mac| Identity::poly("VVX450", mac, "6.4.0.1234", 12); // firmware
    let sound_point = |mac| Identity::poly("SPIP335", mac, "4.0.4.2906", 2); // firmware
    let hdv = |mac| Identity::panasonic("HDV130", mac, "01.000", 2);
    let utg = |mac| Identity::panasonic("UTG200", mac, "03.210", 2);
    let tgp = |mac| Identity::panasonic("TGP500", mac, "12.81", 8);
    // The address names the phone's own file: its login stands in it, which a model's file cannot give on.
    let own_file = "/cfg/Config{MAC}.cfg";
    ALL.get_or_init(|| {
        vec![
            Play::new("Yealink T", "yealink/T46S", "001565", "/cfg", Identity::yealink_t46s),
            Play::new("Yealink T before V81", "yealink/T46G", "001565", "/cfg", yealink_old),
            Play::new("Yealink W", "yealink/W60B", "805ec0", "/cfg", yealink_base),
            Play::new("Cisco SPA adapter", "cisco/SPA112", "002699", "/cfg/$MA.xml", |mac| cisco("SPA112", mac, "1.4.1", 2)),
            Play::new("Cisco SPA phone", "cisco/SPA504G", "002699", "/cfg/$MA.xml", |mac| cisco("SPA504G", mac, "7.6.2", 4)),
            Play::new("Cisco ATA", "cisco/ATA191", "002699", "/cfg/$MA.xml", |mac| cisco("ATA191", mac, "11-1-0-MSR4", 2)),
            Play::new("Cisco MPP", "cisco/8841", "d0ec35", "/cfg/$PSN.xml", |mac| cisco("8841", mac, "11.3.1", 10)),
            Play::new("Linksys", "linksys/PAP2T", "000e08", "/cfg/$MA.xml", |mac| linksys("PAP2T", mac, "5.1.6", 2)),
            Play::new("Sipura SPA9xx", "linksys/SPA942", "000e08", "/cfg/$MA.xml", |mac| linksys("SPA-942", mac, "6.1.5", 4)),
            Play {
                cannot: vec![(Cell::OneTimePassword, PATTON_LOGIN), (Cell::TypedLogin, PATTON_LOGIN)],
                ..Play::new("Patton", "patton/SN4112", "00a0ba", "/cfg/$(system.mac).cfg", |mac| Identity::patton("SN4112", mac, "6.9", 2))
            },
            Play::new("Grandstream GXP", "grandstream/GXP1630", "000b82", "/cfg", |mac| {
                Identity::grandstream("GXP1630", mac, "1.0.4.138", 3)
            }),
            Play::new("Grandstream GXP21xx", "grandstream/GXP2135", "000b82", "/cfg", |mac| {
                Identity::grandstream("GXP2135", mac, "1.0.11.85", 4)
            }),
            Play::new("Grandstream GRP", "grandstream/GRP2614", "c074ad", "/cfg", |mac| {
                Identity::grandstream("GRP2614", mac, "1.0.5.15", 4)
            }),
            Play::new("Grandstream HT", "grandstream/HT802", "ec74d7", "/cfg", |mac| Identity::grandstream("HT802", mac, "1.0.17.5", 2)),
            Play::new("Grandstream DP", "grandstream/DP750", "c074ad", "/cfg", |mac| Identity::grandstream("DP750", mac, "1.0.5.1", 10)),
            Play::new("Fanvil, text", "fanvil/X2", "0c383e", "/cfg", |mac| {
                Identity::fanvil("X2", mac, "2.14.0.7386", Some("f0X2hw1.100"), 2)
            }),
            Play::new("Fanvil, old XML", "fanvil/X4", "0c383e", "/cfg", |mac| {
                Identity::fanvil("X4", mac, "2.10.2.6887", Some("f0X4hw1.100"), 4)
            }),
            Play::new("Fanvil, new XML", "fanvil/X4U", "0c383e", "/cfg", |mac| Identity::fanvil("X4U", mac, "2.12.16.17", None, 12)),
            Play::new("Poly VVX", "poly/VVX450", "64167f", "/cfg", vvx),
            Play::new("Poly SoundPoint", "poly/SPIP335", "0004f2", "/cfg", sound_point),
            Play::new("Panasonic HDV", "panasonic/HDV130", "bcc342", own_file, hdv),
            Play::new("Panasonic UTG", "panasonic/UTG200", "0080f0", own_file, utg),
            Play::new("Panasonic TGP", "panasonic/TGP500", "080023", own_file, tgp),
            Play::new("Snom D", "snom/D385", "000413", "/cfg/", |mac| Identity::snom("D385", mac, "10.1.184.15", 12)),
            Play::new("Snom before V10", "snom/710", "000413", "/cfg/", |mac| Identity::snom("710", mac, "8.7.5.35", 12)),
            Play::new("Snom DECT", "snom/M300", "000413", "/cfg/", |mac| Identity::snom("M300", mac, "05.20.0001", 20)),
            Play::new("Snom C", "snom-c/C520-WiMi", "000413", "/cfg/", |mac| Identity::snom_c("C520-WiMi", mac, "1.0", 3)),
            Play::new("Snom M100 to M500", "snom-c/M200SC", "000413", "/cfg/", |mac| Identity::snom_c("M200SC", mac, "1.0", 6)),
            Play {
                cannot: vec![(Cell::TypedLogin, GIGASET_LOGIN), (Cell::Resync, GIGASET_POLL)],
                ..Play::new("Gigaset N610 to N870", "gigaset/N610", "7c2f80", "/cfg/%MACD.xml", |mac| gigaset("N610", mac, "2.65.0", 8))
            },
            Play {
                cannot: vec![(Cell::Resync, GIGASET_POLL)],
                ..Play::new("Gigaset N510", "gigaset/N510", "7c2f80", "/cfg/%MACD.xml", |mac| gigaset("N510", mac, "42.262.00.000.000", 6))
            },
            Play {
                cannot: vec![(Cell::TypedLogin, GIGASET_LOGIN)],
                ..Play::new("Gigaset Maxwell", "gigaset/Maxwell3", "7c2f80", "/cfg/%MACD.xml", |mac| gigaset("Maxwell3", mac, "2.41.0", 4))
            },
            Play {
                rests_on: Some(SPECTRALINK_GUESS),
                ..Play::new("Spectralink Server 200", "spectralink/Server200", "0013d1", "/cfg/", |mac| {
                    Identity::spectralink("Server200", mac, "1.0", 12)
                })
            },
            Play {
                rests_on: Some(SPECTRALINK_GUESS),
                ..Play::new("Spectralink Server 6500", "spectralink/Server6500", "0013d1", "/cfg/", |mac| {
                    Identity::spectralink("Server6500", mac, "1.0", 250)
                })
            },
        ]
    })
}
