//! `brand.toml`: the facts about a brand, as data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::format::Format;
use crate::identify::FileKind;

/// The whole file. Unknown keys are refused, so that a slip of the pen is seen.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// The brand's name as people write it.
    pub display: String,
    /// The syntax of its files; some models have another.
    pub format: Format,
    /// The syntax of its phone books, where it is another: any XML does for XML.
    #[serde(default)]
    pub phonebook_format: Option<Format>,
    /// What becomes of a parameter that a file does not name.
    #[serde(default)]
    pub absent: Absent,
    /// Beginnings of parameters that stay nevertheless where `absent = "default"`.
    #[serde(default)]
    pub sticky_parameters: Vec<String>,
    /// The most characters of a notice that its displays show; longer ones give way to shorter words.
    #[serde(default = "widest_notice")]
    pub notice_chars_max: u16,
    /// What its displays can show.
    #[serde(default)]
    pub charset: Charset,
    /// For the `Content-Type` header.
    pub content_type: String,
    /// The first three bytes of its MAC addresses.
    pub ouis: Vec<String>,
    /// Forms of the User-Agent, tried in order.
    pub user_agents: Vec<String>,
    /// How a login travels.
    pub credentials: Vec<CredentialCarrier>,
    /// Whether phones return to the front door at every boot.
    pub front_door_sticks: bool,
    /// Whether phones fetch again by themselves within about a minute after their first file.
    pub two_step: bool,
    /// How long a phone waits after a failed fetch, in seconds.
    pub retry_delay_seconds: u32,
    /// HTTP users that phones send from the factory; `{mac}`: the phone's own MAC, in any spelling.
    pub factory_users: Vec<String>,
    /// Facts that no document proves: keys of this file, or names of switches.
    pub unverified: Vec<String>,
    /// Choices that unverified facts leave open, for the templates.
    #[serde(default)]
    pub switch: BTreeMap<String, Switch>,
    /// Which encrypted files its phones open.
    #[serde(default)]
    pub encrypted_file: Option<EncryptedFile>,
    /// How a phone is told to fetch.
    pub notify: NotifyForm,
    /// Generations of firmware.
    pub firmware: FirmwareRule,
    /// File names in the order in which a phone asks for them.
    pub file: Vec<FileRule>,
    /// What the files are made of.
    pub parts: Parts,
    /// Neutral settings that this brand knows.
    #[serde(default)]
    pub setting: Vec<SettingRule>,
    /// Values that the phone takes for orders; refused everywhere but in raw settings.
    #[serde(default)]
    pub reserved_values: Vec<String>,
    /// Characters that a value cannot have where the file gives them a meaning of their own: of `door.user`, `door.password`, or of a
    /// line's `user`, `auth_user`, `password`, `server`, `extension`, `name`.
    #[serde(default)]
    pub excluded_chars: BTreeMap<String, String>,
    /// What no file of the brand tells of a line, such as `name`: such a value need not be one that its syntax can carry.
    #[serde(default)]
    pub untold: Vec<String>,
    /// Beginnings of parameters that raw settings may not touch; whole names end in `$`.
    #[serde(default)]
    pub reserved_parameters: Vec<String>,
    /// What the names of parameters have in them that hold secrets; whole names end in `$`.
    #[serde(default)]
    pub secret_parameters: Vec<String>,
    /// Parameters that a file may hold several times.
    #[serde(default)]
    pub list_parameters: Vec<String>,
    /// What its phones' menus take for a password.
    #[serde(default)]
    pub password_form: PasswordKind,
    /// How long the passwords are that are made for its phones.
    #[serde(default)]
    pub password_length: Option<u8>,
    /// Passwords that its phones come with; refused as values of secret settings.
    #[serde(default)]
    pub default_passwords: Vec<String>,
    /// How files read back.
    pub read: ReadRules,
    /// What models have in common.
    pub model_defaults: ModelDefaults,
    /// For phones whose model is not in the table.
    pub generic: ModelRule,
    /// The models.
    pub model: Vec<ModelRule>,
}

/// What becomes of a parameter that a file does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Absent {
    /// It keeps its value: a full file has to take back whatever a restricted one set.
    #[default]
    Kept,
    /// It goes back to the factory's.
    Default,
}

/// What displays can show. Everything else in a notice is written with other letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Charset {
    /// Everything.
    #[default]
    Utf8,
    /// Letters without accents.
    Ascii,
}

/// What a phone's menu takes for a password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PasswordKind {
    /// Letters and digits.
    #[default]
    Alphanumeric,
    /// Digits, as they are keyed in on the phone.
    Digits,
}

/// How a phone's login travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialCarrier {
    /// HTTP authentication, Basic or Digest.
    Http,
    /// `user:password@` in the address.
    UrlUserinfo,
    /// A secret path segment: the phone can send no login.
    PathSecret,
}

/// Encrypted files: for phones whose TLS no modern server speaks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EncryptedFile {
    /// How a file is encrypted.
    pub form: FileForm,
}

/// How a file is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileForm {
    /// As `openssl enc -aes-256-cbc -md md5` with a password.
    #[serde(rename = "openssl-aes-256-cbc-md5")]
    OpensslAes256CbcMd5,
}

/// A choice for the templates.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Switch {
    /// On or off.
    Flag(bool),
    /// One of several.
    Word(String),
    /// How many.
    Number(i64),
}

/// How a phone is told by SIP to fetch its file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotifyForm {
    /// The `Event` header.
    pub event: String,
    /// The `Content-Type` header, if there is a body.
    #[serde(default)]
    pub content_type: Option<String>,
    /// The body.
    #[serde(default)]
    pub body: String,
    /// Whether the phone may answer 401 and expect the account's digest.
    pub challenged: bool,
    /// How long after a call a phone can be told, in milliseconds: some pass over what comes while they hang up.
    #[serde(default = "after_call")]
    pub pause_millis: u32,
}

impl Default for NotifyForm {
    /// For a phone whose brand nobody knows: what most brands understand, and few restart for.
    fn default() -> Self {
        Self {
            event: "check-sync;reboot=false".to_owned(),
            content_type: None,
            body: String::new(),
            challenged: true,
            pause_millis: after_call(),
        }
    }
}

/// Which number of the firmware version tells the generation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FirmwareRule {
    /// Counted from 1.
    pub part: usize,
    /// The generations, ascending.
    pub generation: Vec<GenerationRule>,
    /// Which of them an unknown firmware is served.
    pub unknown: Vec<String>,
}

/// One generation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GenerationRule {
    /// Its name in the templates.
    pub name: String,
    /// The first number that belongs to it.
    pub from: u32,
    /// What stands before some of its parameters.
    #[serde(default)]
    pub prefix: String,
}

/// One file name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileRule {
    /// `{mac}`, `{model}`, `{model_lower}`, `{id}` (digits), `{common}` (some model's `common`), `*`, and literal text; case does not count
    /// in a request.
    pub name: String,
    /// What it is. `unknown`: asked for, never there.
    pub kind: FileKind,
    /// The kinds or series of model that ask for it; where none is named, all.
    #[serde(default)]
    pub models: Vec<String>,
}

/// The templates of each file and body, in order.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parts {
    #[serde(default)]
    pub boot: Vec<PartRule>,
    #[serde(default)]
    pub common: Vec<PartRule>,
    #[serde(default)]
    pub signpost: Vec<PartRule>,
    pub restricted: Vec<PartRule>,
    pub full: Vec<PartRule>,
    #[serde(default)]
    pub phonebook: Vec<PartRule>,
}

/// One template of a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartRule {
    /// File in `templates/`.
    pub template: String,
    /// Rendered once, or for each account, line key or handset of the model, or each entry of the phone book.
    #[serde(default)]
    pub each: Each,
    /// The kinds or series of model whose files have it; where none is named, all.
    #[serde(default)]
    pub models: Vec<String>,
}

/// How often a part is rendered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Each {
    /// Once.
    #[default]
    Once,
    /// For each account of the model.
    Account,
    /// For each line key of the model.
    Key,
    /// For each handset slot of a DECT base.
    Handset,
    /// For each entry of a phone book.
    Entry,
    /// For each raw setting that is in force; stands behind all lines that it may replace.
    Raw,
}

/// A neutral setting.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingRule {
    /// Its key.
    pub key: String,
    /// Whose it is. A line's setting may also stand in the phone's settings, for all lines.
    #[serde(default)]
    pub scope: Scope,
    /// What values it takes.
    pub kind: SettingKind,
    /// Its value where nobody set it.
    #[serde(default)]
    pub default: Option<String>,
    /// Smallest number.
    #[serde(default)]
    pub min: u32,
    /// Largest number.
    #[serde(default = "largest")]
    pub max: u32,
    /// The words of a choice or list, each with the brand's own value.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// How many of the neutral unit are one of the brand's, which a number is rounded up to: 60 where seconds become minutes.
    #[serde(default = "one_each")]
    pub divide_by: u32,
    /// Masked wherever people see it.
    #[serde(default)]
    pub secret: bool,
}

/// Whose a setting is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scope {
    /// The phone's.
    #[default]
    Phone,
    /// A line's.
    Line,
    /// A line key's: in the phone's settings as `linekey_<n>_<key>`.
    Key,
    /// A handset's: in the phone's settings as `handset_<n>_<key>`.
    Handset,
}

/// What values a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SettingKind {
    /// Free text; templates see only whether it is there.
    Text,
    /// A whole number; templates see only whether it is there.
    Number,
    /// An address with `http://` or `https://`. Templates also see `<key>_scheme`, which of the two it is, and `<key>_folder`, host
    /// and folder without the file's name, for phones that take them apart and add a name of their own.
    Url,
    /// One of some words; templates see the brand's value for it.
    Choice,
    /// Some of some words, separated by commas; templates see the brand's values. Without words: numbers to dial.
    List,
}

/// How the address of the provisioning server stands in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum UrlForm {
    /// The folder's address.
    #[default]
    Folder,
    /// The address of a file in it.
    File,
    /// Host, port and path without a scheme, which stands in a parameter of its own.
    HostPath,
    /// A rule `[--uid USER --pwd PASSWORD] ADDRESS` that names a file, as Cisco's phones read it.
    Rule,
}

/// How parameters read back. A parameter is looked up under several names; the first that is there counts. In a slot's names `{n}` is
/// the slot from 1, `{n0}` from 0, `{n05}` from 1 with five digits, `{n|a,b,c}` the first, second, third of these words, and `{=name}`
/// the value of the parameter of that name: where accounts share the servers of a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadRules {
    pub url: Vec<String>,
    pub user: Vec<String>,
    pub password: Vec<String>,
    /// How the address is written.
    #[serde(default)]
    pub url_form: UrlForm,
    /// The parameter that holds the scheme, where the address has none.
    #[serde(default)]
    pub scheme: Vec<String>,
    /// The brand's words for `http` and `https`.
    #[serde(default)]
    pub schemes: BTreeMap<String, String>,
    pub poll: PollRule,
    /// What a call goes to by itself. Without it a file is restricted if its notice is one of ours.
    #[serde(default)]
    pub hotline: Vec<String>,
    /// Only some models have such a parameter: the notice tells in any case.
    #[serde(default)]
    pub notice_tells: bool,
    /// What stands before and after the number in such a parameter.
    #[serde(default)]
    pub hotline_between: Option<(String, String)>,
    /// The hotline counts only where one of these is on; where none is named, always.
    #[serde(default)]
    pub hotline_enabled: Vec<String>,
    /// The notice and the MAC count only in a restricted file.
    #[serde(default)]
    pub notice: Vec<String>,
    #[serde(default)]
    pub mac_key: Vec<String>,
    pub account: AccountRule,
    /// The brand's number or word for a transport. Lines with one that is not named here are refused.
    pub transports: BTreeMap<String, domain::settings::Transport>,
    /// Values that mean "on".
    #[serde(default = "one_is_on")]
    pub on_values: Vec<String>,
    /// Values that mean "as from the factory".
    #[serde(default)]
    pub reset_values: Vec<String>,
    /// What a boot file sets so that parameters it does not name go back to the factory's.
    #[serde(default)]
    pub overwrite_mode: Option<String>,
    /// What names further files in a boot file: what a line begins with, or an attribute with commas between the names.
    #[serde(default)]
    pub include: Option<String>,
}

impl ReadRules {
    /// The number in a parameter that makes a hotline.
    pub(crate) fn number_in(&self, value: &str) -> Option<String> {
        let Some((before, after)) = &self.hotline_between else { return Some(value.to_owned()) };
        let (_, rest) = value.split_once(before.as_str())?;
        rest.split_once(after.as_str()).map(|(number, _)| number.to_owned())
    }

    /// Whether a value means "on".
    pub(crate) fn is_on(&self, value: &str) -> bool {
        self.on_values.iter().any(|on| on.eq_ignore_ascii_case(value))
    }
}

/// The poll.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PollRule {
    pub interval: Vec<String>,
    /// What switches it; where none is named, it is on wherever an interval stands.
    #[serde(default)]
    pub enabled: Vec<String>,
    pub unit_seconds: u32,
}

/// The parameters of an account slot. Where no port is named, it stands behind the server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountRule {
    /// Where none is named, a slot is on that has a user.
    #[serde(default)]
    pub enabled: Vec<String>,
    /// So it is in a file that has none of those named: some models switch their slots, others do not.
    #[serde(default)]
    pub on_with_user: bool,
    pub user: Vec<String>,
    #[serde(default)]
    pub auth: Vec<String>,
    pub password: Vec<String>,
    pub server: Vec<String>,
    #[serde(default)]
    pub port: Vec<String>,
    #[serde(default)]
    pub transport: Vec<String>,
    /// What stands before the word in such a parameter, if it holds more: `;transport=`. The word ends with the letters.
    #[serde(default)]
    pub transport_after: Option<String>,
    #[serde(default)]
    pub label: Vec<String>,
    #[serde(default)]
    pub name: Vec<String>,
}

impl AccountRule {
    /// The word for a transport in a parameter's value.
    pub(crate) fn transport_in<'v>(&self, value: &'v str) -> Option<&'v str> {
        let Some(before) = &self.transport_after else { return Some(value) };
        let (_, word) = value.split_once(before.as_str())?;
        word.split(|c: char| !c.is_ascii_alphanumeric()).next()
    }
}

/// Whether a model can do a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// A document or a capture says so.
    Yes,
    /// It cannot.
    No,
    /// Nobody has proved it.
    Unverified,
}

/// Which TLS a model speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsGeneration {
    /// TLS 1.2 with ECDHE.
    Modern,
    /// Older versions or suites without ECDHE.
    Legacy,
    /// Nobody has proved it.
    Unverified,
}

/// What a model has if its own row does not say otherwise.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelDefaults {
    pub kind: String,
    pub screen: Capability,
    pub two_factor: Capability,
    pub hotline: Capability,
    pub http_auth: Capability,
    pub prompts_for_login: Capability,
    pub renews_trust: Capability,
    pub tls: TlsGeneration,
    pub shortest_poll_seconds: u32,
}

/// One row of the model table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelRule {
    /// The model as its User-Agent names it.
    pub name: String,
    /// Other spellings.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The number or short name in its common file's name.
    #[serde(default)]
    pub common: Option<String>,
    pub accounts: u16,
    pub line_keys: u16,
    /// Handset slots of a DECT base.
    #[serde(default)]
    pub handsets: u16,
    /// How many different servers its lines can be on, where it keeps them in a list of their own.
    pub servers: Option<u16>,
    /// The syntax of its files, where it is not the brand's.
    pub format: Option<Format>,
    /// The number by which line keys call the first line.
    #[serde(default = "one")]
    pub first_line: u16,
    pub kind: Option<String>,
    /// What files and templates tell models of one kind apart by, such as a generation with parameters of its own.
    #[serde(default)]
    pub series: String,
    /// Whether all its lines have one server, proxy and transport: a file that needs a second one is refused.
    #[serde(default)]
    pub one_server: bool,
    pub screen: Option<Capability>,
    pub two_factor: Option<Capability>,
    pub hotline: Option<Capability>,
    pub http_auth: Option<Capability>,
    pub prompts_for_login: Option<Capability>,
    pub renews_trust: Option<Capability>,
    pub tls: Option<TlsGeneration>,
    pub shortest_poll_seconds: Option<u32>,
}

fn after_call() -> u32 {
    300
}

fn one_is_on() -> Vec<String> {
    vec!["1".to_owned()]
}

fn one_each() -> u32 {
    1
}

fn one() -> u16 {
    1
}

fn widest_notice() -> u16 {
    64
}

fn largest() -> u32 {
    u32::MAX
}
