//! Names of P-values, as far as they mean something here. A phone keeps one value under both.

use std::borrow::Cow;

use crate::identity::Identity;

/// Names of an account's values: the number for account 1, and the last two digits for the others.
const OF_ACCOUNT: [(&str, u16, u16); 10] = [
    ("enable", 271, 1),
    ("name", 270, 17),
    ("sip.server.1.address", 47, 2),
    ("sip.userid", 35, 4),
    ("sip.subscriber.userid", 36, 5),
    ("sip.subscriber.password", 34, 6),
    ("sip.subscriber.name", 3, 7),
    ("sip.registration", 31, 10),
    ("sip.transport", 130, 48),
    ("call.dialplan", 290, 59),
];

/// The rows of a hundred numbers of accounts 2 to 6.
const ROWS: [u16; 5] = [400, 500, 600, 1700, 1800];

/// Names of the phone's values.
const OF_PHONE: [(&str, &str); 13] = [
    ("provisioning.config.protocol", "P212"),
    ("provisioning.config.serverPath", "P237"),
    ("provisioning.config.username", "P1360"),
    ("provisioning.config.password", "P1361"),
    ("provisioning.config.filePassword", "P1359"),
    ("provisioning.config.filePrefix", "P234"),
    ("provisioning.config.filePostfix", "P235"),
    ("provisioning.config.processAll.enable", "P8467"),
    ("provisioning.auto.mode", "P194"),
    ("provisioning.auto.minute", "P193"),
    ("provisioning.override.dhcp.allowCommonOptions", "P145"),
    ("sip.notify.challenge", "P4428"),
    ("call.dial.offhook.autoDial.number", "P71"),
];

/// Words that stand for numbers.
const WORDS: [(&str, &str); 9] = [
    ("No", "0"),
    ("Yes", "1"),
    ("UDP", "0"),
    ("TCP", "1"),
    ("TlsOrTcp", "2"),
    ("HTTP", "1"),
    ("HTTPS", "2"),
    ("YesUpgradeMin", "1"),
    ("YesUpgradeHourOfDay", "2"),
];

/// Under which key an account's value is kept.
pub(super) fn slot_key(slot: u16, name: &str) -> String {
    let known = OF_ACCOUNT.iter().find(|(known, ..)| *known == name);
    match (known, slot) {
        (Some((_, first, _)), 1) => format!("P{first}"),
        (Some((_, _, last)), 2..=6) => format!("P{}", ROWS[usize::from(slot) - 2] + last),
        // Phones with more accounts know names only.
        _ => format!("account.{slot}.{name}"),
    }
}

/// Key and value of a named item, by number where it has one.
pub(super) fn numbered(name: &str, value: &str) -> (String, String) {
    let of_account = || {
        let (slot, name) = name.strip_prefix("account.")?.split_once('.')?;
        Some(slot_key(slot.parse().ok()?, name))
    };
    let of_phone = OF_PHONE.iter().find(|(known, _)| *known == name).map(|(_, number)| (*number).to_owned());
    let key = of_phone.or_else(of_account).unwrap_or_else(|| name.to_owned());
    let word = WORDS.iter().find(|(word, _)| *word == value).map_or(value, |(_, number)| *number);
    // The name asks for a challenge, the number for none.
    let value = if key == "P4428" { if word == "0" { "1" } else { "0" } } else { word };
    (key, value.to_owned())
}

/// Whether the firmware reads files with names: GXP21xx from 1.0.11 on, GRP from 1.0.5 on, Android phones always.
pub(super) fn reads_names(identity: &Identity) -> bool {
    let third = identity.firmware.split('.').nth(2).and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
    match identity.model.as_str() {
        model if model.starts_with("GXV33") => true,
        model if model.starts_with("GRP") => third >= 5,
        model if ["GXP213", "GXP214", "GXP216", "GXP217"].iter().any(|series| model.starts_with(series)) => third >= 11,
        _ => false,
    }
}

/// Whether the firmware knows P-values at all: no template of Android phones has any.
pub(super) fn reads_numbers(identity: &Identity) -> bool {
    !identity.model.starts_with("GXV33")
}

/// The model in file names.
pub(super) fn model_in_names(identity: &Identity) -> Cow<'_, str> {
    Cow::Owned(identity.model.to_ascii_lowercase())
}
