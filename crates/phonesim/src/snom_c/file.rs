//! Text files as the phones read them: line by line into modules, each of which counts whole or not at all.

use std::collections::BTreeSet;

use crate::firmware::{Fetched, Work};
use crate::in_turn::Taken;
use crate::limits::SETTINGS_MAX;

/// Why a phone throws a file away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAFile {
    #[error("it is not UTF-8")]
    Encoding,
}

/// The settings of the modules that a server has to do with, by their names with numbers as `N`. A setting that is not here costs its
/// module everything else. From integrators' templates for C520, C620, M100 and M500; the wiki has `dial_plan`.
const MODULES: [(&str, &[&str]); 5] = [
    (
        "provisioning",
        &[
            "bootup_check_enable",
            "crypto_enable",
            "crypto_passphrase",
            "dhcp_option_enable",
            "dhcp_option_priority_N",
            "firmware_url",
            "handset_firmware_url",
            "cordless_deskset_firmware_url",
            "fw_server_username",
            "fw_server_access_password",
            "resync_mode",
            "resync_time",
            "server_address",
            "server_username",
            "server_access_password",
            "check_trusted_certificate",
            "remote_check_sync_enable",
            "pnp_enable",
            "pnp_response_timeout",
            "pwd_export_enable",
            "schedule_mode",
            "weekdays",
            "weekdays_start_hr",
            "weekdays_end_hr",
        ],
    ),
    (
        "sip_account",
        &[
            "N.sip_account_enable",
            "N.label",
            "N.display_name",
            "N.user_id",
            "N.authentication_name",
            "N.authentication_access_password",
            "N.dial_plan",
            "N.inter_digit_timeout",
            "N.maximum_call_number",
            "N.feature_sync_enable",
            "N.music_on_hold_enable",
            "N.mwi_enable",
            "N.mwi_ignore_unsolicited",
            "N.mwi_uri",
            "N.mwi_subscription_expires",
            "N.voice_encryption_enable",
            "N.primary_sip_server_port",
            "N.primary_sip_server_address",
            "N.primary_outbound_proxy_server_port",
            "N.primary_outbound_proxy_server_address",
            "N.primary_registration_server_port",
            "N.primary_registration_server_address",
            "N.primary_registration_expires",
            "N.backup_outbound_proxy_server_port",
            "N.backup_outbound_proxy_server_address",
            "N.access_code_retrieve_voicemail",
            "N.codec_priority.N",
            "N.transport_mode",
            "N.registration_retry_time",
            "N.local_sip_port",
            "N.check_trusted_certificate",
            "N.keep_alive_enable",
            "N.keep_alive_interval",
            "N.call_restrict_dial_plan",
            "N.type",
            "sips_uri_enable",
            "shared_local_sip_port",
            "mac_info_in_every_sip_message",
        ],
    ),
    (
        "call_settings",
        &[
            "account.N.block_anonymous_enable",
            "account.N.outgoing_anonymous_enable",
            "account.N.dnd_enable",
            "account.N.call_fwd_always_enable",
            "account.N.call_fwd_always_target",
            "account.N.call_fwd_busy_enable",
            "account.N.call_fwd_busy_target",
            "account.N.cfna_enable",
            "account.N.cfna_target",
            "account.N.cfna_delay",
            "early_media_preferred",
        ],
    ),
    ("time_date", &["ntp_server", "ntp_server_addr", "ntp_server_update_interval", "selected_timezone"]),
    ("web", &["http_port", "https_port", "server_enable", "https_enable"]),
];

/// A name with its numbers as `N`, none if a number is that of an account which the phone has not.
fn pattern(name: &str, accounts: u16) -> Option<String> {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = Vec::new();
    for (at, part) in name.split('.').enumerate() {
        let names_account = is_number(part) && at <= 1;
        if names_account && part.parse::<u16>().map_or(true, |number| !(1..=accounts).contains(&number)) {
            return None;
        }
        // `dhcp_option_priority_1` has its number within.
        let within = part.rsplit_once('_').filter(|(_, number)| is_number(number)).map(|(word, _)| format!("{word}_N"));
        parts.push(if is_number(part) { "N".to_owned() } else { within.unwrap_or_else(|| part.to_owned()) });
    }
    Some(parts.join("."))
}

/// Whether the phone has this setting; modules that are not in the table are taken as they come.
fn is_known(module: &str, name: &str, accounts: u16) -> bool {
    let Some((_, known)) = MODULES.iter().find(|(known, _)| *known == module) else { return true };
    pattern(name, accounts).is_some_and(|pattern| known.contains(&pattern.as_str()))
}

/// Takes a file over. One whose bytes were taken before is not applied again.
pub(super) fn take(work: &mut Work<'_>, fetched: &Fetched) -> Result<Taken, NotAFile> {
    let text = std::str::from_utf8(&fetched.body).map_err(|_| NotAFile::Encoding)?;
    let (name, md5) = (fetched.at.file_name().to_owned(), fetched.md5());
    if work.flash.was_applied(&name, &md5) {
        work.note("is the file that it has");
        return Ok(Taken::default());
    }
    let mut spoiled = BTreeSet::new();
    let mut settings = Vec::new();
    for line in text.lines().take(SETTINGS_MAX) {
        let Some((name, value)) = line.split_once('=').map(|(name, value)| (name.trim(), value.trim())) else { continue };
        let Some((module, setting)) = name.split_once('.') else { continue };
        if !is_known(module, setting, work.identity.accounts) {
            work.note(format!("does not know {name}: passes over the module {module}"));
            spoiled.insert(module);
        }
        settings.push((module, name, value));
    }
    let before = work.flash.settings().clone();
    for (_, name, value) in settings.iter().filter(|(module, ..)| !spoiled.contains(module)) {
        if value.is_empty() { work.flash.unset(name) } else { work.flash.set(name, value) }
    }
    work.flash.remember_applied(name, md5);
    Ok(Taken { changed: *work.flash.settings() != before, ..Taken::default() })
}
