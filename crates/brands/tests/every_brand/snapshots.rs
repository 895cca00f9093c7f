//! One model of each kind of each brand, whole files as text: a change of a template is a diff that somebody reads.

use brands::Notice;
use domain::settings::{Layer, Resolved};

use crate::support::{CATALOGUE, carrier_of, full, line, restricted, text};

/// Model and firmware. Yealink's stand beside its own tests.
const ROWS: &[(&str, Option<&str>)] = &[
    ("cisco/SPA112", None),
    ("cisco/ATA191", None),
    ("cisco/SPA303", None),
    ("cisco/7821", None),
    ("linksys/PAP2T", None),
    ("linksys/SPA941", None),
    ("patton/SN4112", Some("6.9")),
    ("poly/VVX250", Some("6.4.0.1234")),
    ("poly/SSIP6000", None),
    ("panasonic/HDV130", Some("01.000")),
    ("panasonic/UT136", None),
    ("panasonic/TGP500", None),
    ("panasonic/UTG200", None),
    ("spectralink/Server200", None),
    ("grandstream/GXP1630", Some("1.0.4.138")),
    ("grandstream/GXP2100", None),
    ("grandstream/GXP2130", Some("1.0.7.97")),
    ("grandstream/GRP2612", Some("1.0.5.15")),
    ("grandstream/GXV3350", Some("1.0.1.8")),
    ("grandstream/WP820", None),
    ("grandstream/HT802", Some("1.0.17.5")),
    ("grandstream/HT704", None),
    ("grandstream/DP750", None),
    ("fanvil/C58", None),
    ("fanvil/X4", Some("2.10.2.6887")),
    ("fanvil/X4U", None),
    ("fanvil/V61G", None),
    ("fanvil/i53W", Some("2.12.9")),
    ("snom/D315", Some("10.1.54.13")),
    ("snom/PA1", Some("8.4.35")),
    ("snom/M300", Some("05.20.0001")),
    ("snom-c/C520-WiMi", None),
    ("snom-c/M200SC", None),
    ("gigaset/N610", None),
    ("gigaset/N510", None),
    ("gigaset/Maxwell3", None),
];

fn settings() -> Resolved {
    let site =
        [("time_zone", "+1"), ("ntp_server", "ntp.example.com"), ("language", "de"), ("linekey_2_type", "blf"), ("linekey_2_value", "201")];
    let site = site.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    Resolved::from_layers([(Layer::Site, &site)])
}

#[test]
fn restricted_and_full_files() {
    let settings = settings();
    for (path, firmware) in ROWS {
        let (brand, model) = CATALOGUE.model(path).unwrap();
        let name = format!("{}_{}_{}", brand.name(), model.name, firmware.unwrap_or("unknown"));
        let lines = [line("200"), line("201")];
        let lines = &lines[..lines.len().min(usize::from(model.accounts))];
        insta::assert_snapshot!(format!("{name}_restricted"), text(&carrier_of(brand, model, *firmware, restricted(Notice::Needed))));
        insta::assert_snapshot!(format!("{name}_full"), text(&carrier_of(brand, model, *firmware, full(lines, &settings))));
    }
}
