//! The names of all cells of a brand, and the rules of its settings.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use domain::settings::{Settings, Transport};

use super::{Cell, Found};
use crate::catalogue::Model;
use crate::error::RenderError;
use crate::format::Format;
use crate::limits::LIST_WORDS_MAX;
use crate::manifest::{Charset, Manifest, Scope, SettingKind, SettingRule};
use crate::order::{Door, Entry, Notice, Source};

/// A cell's name: `door.url` is group `door`, name `url`; with no group, a name of the root.
pub(crate) type Names = Vec<(&'static str, String)>;

/// The cells of a brand's sheets, and its settings.
pub(crate) struct Fields {
    formats: Vec<Format>,
    charset: Charset,
    notice_chars_max: u16,
    reserved: Vec<String>,
    excluded_chars: BTreeMap<String, String>,
    untold: Vec<String>,
    /// How SIP travels to and from the brand's phones; empty where its files do not say.
    transports: Vec<Transport>,
    /// Whether a line's port stands behind its server, with a colon between them.
    port_behind_server: bool,
    secret_parameters: Vec<String>,
    pub public: Names,
    pub signpost: Names,
    pub restricted: Names,
    pub full: Names,
    pub account: Names,
    pub keys: Names,
    pub handsets: Names,
    pub entry: Names,
    pub phonebook: Names,
    pub raw: Names,
    pub phone: Vec<Setting>,
    pub line: Vec<Setting>,
    pub key: Vec<Setting>,
    pub handset: Vec<Setting>,
    by_key: HashMap<String, (Scope, usize)>,
    /// What a slot without a line, and a key or a handset without settings have.
    pub no_account: Vec<Cell<'static>>,
    pub no_key: Vec<Cell<'static>>,
    pub no_handset: Vec<Cell<'static>>,
}

const DEVICE: [&str; 4] = ["mac", "mac_upper", "mac_colons", "mac_tail"];
/// `scheme` is a word, `rest` the address behind `scheme://`, `server` its host and port, `path` what follows without slashes around it.
const DOOR: [&str; 11] =
    ["url", "user", "password", "poll_seconds", "poll_minutes", "poll_hours", "scheme", "rest", "server", "path", "file_key"];
/// What stands in a phone book.
const ENTRY: [&str; 2] = ["name", "number"];
/// `open` and `close` stand around a value as the file's syntax has it.
const RAW: [&str; 4] = ["parameter", "value", "open", "close"];
/// `server_of` is the number of the first line that is on the same server.
const LINE: [&str; 11] =
    ["user", "auth_user", "password", "server", "port", "transport", "outbound_host", "outbound_port", "extension", "name", "server_of"];

impl Fields {
    /// From `brand.toml`; the error is key and problem.
    pub(crate) fn read(manifest: &Manifest) -> Result<Self, (String, &'static str)> {
        let group = |name: &'static str, names: &[&str]| names.iter().map(move |cell| (name, (*cell).to_owned())).collect::<Names>();
        let formats = crate::catalogue::formats(manifest);
        let mut settings: [Vec<Setting>; 4] = Default::default();
        let mut by_key = HashMap::new();
        for (at, rule) in manifest.setting.iter().enumerate() {
            let of_scope = &mut settings[rule.scope as usize];
            let setting = Setting::read(rule, &formats).map_err(|problem| (format!("setting[{at}] {}", rule.key), problem))?;
            let name = match rule.scope {
                Scope::Phone | Scope::Line => rule.key.clone(),
                Scope::Key => format!("linekey_{}", rule.key),
                Scope::Handset => format!("handset_{}", rule.key),
            };
            if by_key.insert(name, (rule.scope, of_scope.len())).is_some() {
                return Err((format!("setting[{at}] {}", rule.key), "stands there twice"));
            }
            of_scope.push(setting);
        }
        let known = |cell: &str| matches!(cell, "door.user" | "door.password") || LINE.contains(&cell);
        if let Some(cell) = manifest.excluded_chars.keys().chain(&manifest.untold).find(|cell| !known(cell)) {
            return Err((cell.clone(), "is nothing of a line, and not door.user or door.password"));
        }
        let [phone, line, key, handset] = settings;
        let names = |group: &'static str, settings: &[Setting]| settings.iter().map(|s| (group, s.key.clone())).collect::<Names>();
        let (device, door) = (group("device", &DEVICE), group("door", &DOOR));
        let restricted = group("", &["notice", "service_number", "emergency_numbers", "language"]);
        Ok(Self {
            no_account: vec![Cell::Absent; LINE.len() + line.len()],
            no_key: vec![Cell::Absent; key.len()],
            no_handset: vec![Cell::Absent; handset.len()],
            formats,
            charset: manifest.charset,
            notice_chars_max: manifest.notice_chars_max,
            reserved: manifest.reserved_values.clone(),
            excluded_chars: manifest.excluded_chars.clone(),
            untold: manifest.untold.clone(),
            transports: manifest.read.transports.values().copied().collect(),
            port_behind_server: manifest.read.account.port.is_empty(),
            signpost: [device.clone(), door.clone(), group("", &["language"])].concat(),
            restricted: [device.clone(), door.clone(), restricted].concat(),
            full: [device.clone(), door, group("", &["phonebook_is_here"]), phone.iter().flat_map(Setting::names).collect()].concat(),
            phonebook: [device.clone(), group("", &["title"])].concat(),
            public: [device, group("", &["folder"])].concat(),
            account: [group("account", &LINE), names("account", &line)].concat(),
            keys: names("key", &key),
            handsets: names("handset", &handset),
            entry: group("entry", &ENTRY),
            raw: group("raw", &RAW),
            secret_parameters: manifest.secret_parameters.clone(),
            phone,
            line,
            key,
            handset,
            by_key,
        })
    }

    /// A setting of the phone or of all its lines.
    pub(super) fn find(&self, key: &str) -> Option<(Scope, usize)> {
        self.by_key.get(key).copied()
    }

    /// `linekey_<n>_<key>` or `handset_<n>_<key>`: whose it is, the number from 1, and the setting's place.
    pub(super) fn find_numbered(&self, key: &str) -> Option<(Scope, u16, usize)> {
        let (scope, settings, rest) = match key.strip_prefix("linekey_") {
            Some(rest) => (Scope::Key, &self.key, rest),
            None => (Scope::Handset, &self.handset, key.strip_prefix("handset_")?),
        };
        let (n, name) = rest.split_once('_')?;
        let n = n.parse().ok().filter(|n| *n > 0)?;
        Some((scope, n, settings.iter().position(|setting| setting.key == name)?))
    }

    /// What a file can carry, whichever of the brand's syntaxes it is in.
    fn check(&self, value: &str) -> Result<(), &'static str> {
        self.formats.iter().try_for_each(|format| format.check(value))
    }

    /// A checked text; blanks around it are no part of it, except in a secret.
    pub(super) fn text<'a>(&self, value: &'a str, secret: bool, source: Source) -> Result<Cell<'a>, &'static str> {
        let value = if secret { value } else { value.trim() };
        if value.is_empty() {
            return Ok(Cell::Absent);
        }
        self.check(value)?;
        if self.reserved.iter().any(|reserved| reserved == value) {
            return Err("is a word that the phone takes for an order");
        }
        Ok(Cell::Text { value: Cow::Borrowed(value), secret, source })
    }

    /// A text of the platform's own.
    pub(super) fn platform<'a>(&self, name: &'static str, value: &'a str, secret: bool) -> Result<Cell<'a>, RenderError> {
        self.text(value, secret, Source::Platform).map_err(|problem| RenderError::value(name, problem))
    }

    /// Refuses a transport that the brand's phones do not speak.
    pub(crate) fn check_transport(&self, transport: Transport) -> Result<(), &'static str> {
        let speaks = self.transports.is_empty() || self.transports.contains(&transport);
        if speaks { Ok(()) } else { Err("is none that this brand's phones speak") }
    }

    /// Whether the brand's files tell this of a line.
    pub(super) fn tells(&self, cell: &str) -> bool {
        !self.untold.iter().any(|untold| untold == cell)
    }

    /// Refuses characters that would have a meaning of their own in this cell.
    pub(super) fn check_chars(&self, cell: &str, value: &str) -> Result<(), &'static str> {
        let excluded = self.excluded_chars.get(cell).is_some_and(|chars| value.contains(|c| chars.contains(c)));
        if excluded { Err("has a character that means something else in this brand's files") } else { Ok(()) }
    }

    /// Refuses a server that would read back as a server and a port.
    pub(super) fn check_server(&self, server: &str) -> Result<(), &'static str> {
        let server = server.trim();
        let plain = !server.contains(':') || server.starts_with('[') && server.ends_with(']');
        if plain || !self.port_behind_server {
            Ok(())
        } else {
            Err("has a colon: a port is told apart, an IPv6 address stands in brackets")
        }
    }

    /// A raw parameter's cells. Its value may be one of the phone's reserved words, or empty.
    pub(super) fn raw<'a>(
        &self,
        format: Format,
        parameter: &'a str,
        value: &'a str,
        source: Source,
    ) -> Result<Vec<Cell<'a>>, &'static str> {
        self.check(value)?;
        let secret = self.is_secret_parameter(parameter);
        let text = |value: &'a str, secret| Cell::Text { value: Cow::Borrowed(value), secret, source };
        let (open, close) = format.syntax().around(parameter);
        Ok(vec![text(parameter, false), text(value, secret), Cell::Markup(open.into()), Cell::Markup(close.into())])
    }

    /// What the display says.
    pub(super) fn notice<'a>(&self, notice: Notice, language: &str) -> Cell<'a> {
        Cell::Word { value: Cow::Owned(notice.shown(language, self.charset, self.notice_chars_max)), source: Source::Platform }
    }

    /// Somebody in a phone book; nobody if the file cannot carry the number, or nothing of the name.
    pub(super) fn entry<'a>(&self, entry: &'a Entry, format: Format) -> Option<Vec<Cell<'a>>> {
        let number = entry.number.trim();
        let dialled = !number.is_empty() && format.check(number).is_ok();
        let number = Cell::Text { value: Cow::Borrowed(number), secret: false, source: Source::Platform };
        self.carried(&entry.name, format).filter(|_| dialled).map(|name| vec![name, number])
    }

    /// A name without the characters that the file cannot carry: one name must not cost everybody the phone book.
    pub(super) fn carried<'a>(&self, name: &'a str, format: Format) -> Option<Cell<'a>> {
        let carries = |text: &str| !text.is_empty() && format.check(text).is_ok() && !self.reserved.iter().any(|reserved| reserved == text);
        let name = name.trim();
        let value = if carries(name) {
            Cow::Borrowed(name)
        } else {
            let is_carried = |c: &char| format.check(&format!("a{c}a")).is_ok();
            let rest: String = name.chars().filter(is_carried).collect();
            // What is left may begin with a mark, such as that of a comment, or hold two that mean something together.
            let words = rest.trim_start_matches(|c: char| !c.is_alphanumeric()).trim();
            let kept = [rest.trim(), words].into_iter().find(|text| carries(text))?;
            Cow::Owned(kept.to_owned())
        };
        Some(Cell::Text { value, secret: false, source: Source::Platform })
    }

    /// Whether a parameter of the brand's own holds a secret.
    pub(crate) fn is_secret_parameter(&self, parameter: &str) -> bool {
        self.secret_parameters.iter().any(|part| match part.strip_suffix('$') {
            Some(whole) => parameter == whole,
            None => parameter.contains(part.as_str()),
        })
    }

    pub(super) fn add_door<'a>(&self, cells: &mut Vec<Cell<'a>>, door: &Door<'a>, model: &Model) -> Result<(), RenderError> {
        let seconds = door.poll_seconds.max(model.shortest_poll_seconds).max(60);
        let number = |number: u32| Cell::Text { value: Cow::Owned(number.to_string()), secret: false, source: Source::Platform };
        let (scheme, rest) = door.url.split_once("://").unwrap_or(("https", door.url));
        self.check_chars("door.user", door.user).map_err(|problem| RenderError::value("door user", problem))?;
        self.check_chars("door.password", door.password.expose()).map_err(|problem| RenderError::value("door password", problem))?;
        let (server, path) = rest.split_once('/').unwrap_or((rest, ""));
        cells.extend([
            self.platform("door url", door.url, false)?,
            self.platform("door user", door.user, false)?,
            self.platform("door password", door.password.expose(), true)?,
            number(seconds),
            number(seconds.div_ceil(60)),
            number(seconds.div_ceil(3_600)),
            Cell::Word { value: Cow::Borrowed(if scheme == "http" { "http" } else { "https" }), source: Source::Platform },
            self.platform("door url", rest, false)?,
            self.platform("door url", server, false)?,
            self.platform("door url", path.trim_end_matches('/'), false)?,
            door.file_key.map_or(Ok(Cell::Absent), |key| self.platform("file key", key.expose(), true))?,
        ]);
        Ok(())
    }

    /// The brand's word for a language; absent if it has none.
    pub(super) fn language<'a>(&'a self, found: Found<'a>, language: &'a str) -> Cell<'a> {
        let Some(setting) = self.phone.iter().find(|setting| setting.is_language()) else { return Cell::Absent };
        let asked = found.map_or(language, |(value, _)| value);
        setting.values.get(asked).map_or(Cell::Absent, |value| Cell::Word { value: Cow::Borrowed(value), source: Source::Platform })
    }

    /// A value for every setting there is; line key 1 and handset 1 have all of theirs.
    pub(crate) fn samples(&self) -> Samples {
        let of = |settings: &[Setting]| settings.iter().map(|s| (s.key.clone(), s.sample())).collect::<Settings>();
        let mut phone = of(&self.phone);
        phone.extend(self.key.iter().map(|setting| (format!("linekey_1_{}", setting.key), setting.sample())));
        phone.extend(self.handset.iter().map(|setting| (format!("handset_1_{}", setting.key), setting.sample())));
        Samples { phone, line: of(&self.line) }
    }

    /// Checks a neutral setting as rendering will.
    pub(crate) fn check_setting(&self, key: &str, value: &str) -> Result<(), RenderError> {
        let Some((setting, n)) = self.setting(key) else { return Ok(()) };
        setting.cell(self, Some((value, domain::settings::Layer::Device)), n).map(drop)
    }

    /// Whether there is a neutral setting of this name.
    pub(crate) fn knows(&self, key: &str) -> bool {
        self.setting(key).is_some()
    }

    /// Whether a neutral setting is masked wherever people see it.
    pub(crate) fn is_secret(&self, key: &str) -> bool {
        self.setting(key).is_some_and(|(setting, _)| setting.secret)
    }

    /// The rule of a key as it stands in a layer, and the line key or handset that it is for.
    fn setting(&self, key: &str) -> Option<(&Setting, Option<(Scope, u16)>)> {
        match (self.find(key), self.find_numbered(key)) {
            (Some((Scope::Phone, at)), _) => Some((&self.phone[at], None)),
            (Some((Scope::Line, at)), _) => Some((&self.line[at], None)),
            (_, Some((Scope::Handset, n, at))) => Some((&self.handset[at], Some((Scope::Handset, n)))),
            (_, Some((scope, n, at))) => Some((&self.key[at], Some((scope, n)))),
            _ => None,
        }
    }
}

/// A value for every setting.
pub(crate) struct Samples {
    pub phone: Settings,
    pub line: Settings,
}

const NO_URL: &str = "is an address that begins with http:// or https://";
const BAD_DEFAULT: &str = "the default is no value of its own kind";

/// A neutral setting's rule.
pub(crate) struct Setting {
    pub key: String,
    kind: SettingKind,
    default: Option<String>,
    min: u32,
    max: u32,
    values: BTreeMap<String, String>,
    divide_by: u32,
    secret: bool,
}

impl Setting {
    fn read(rule: &SettingRule, formats: &[Format]) -> Result<Self, &'static str> {
        let check = |value: &str| formats.iter().try_for_each(|format| format.check(value));
        let setting = Self {
            key: rule.key.clone(),
            kind: rule.kind,
            default: rule.default.clone(),
            min: rule.min,
            max: rule.max,
            values: rule.values.clone(),
            divide_by: rule.divide_by,
            secret: rule.secret,
        };
        if setting.divide_by == 0 || setting.divide_by > 1 && setting.kind != SettingKind::Number {
            return Err("divide_by is for numbers, and at least 1");
        }
        if setting.kind == SettingKind::Url && rule.scope != Scope::Phone {
            return Err("an address is the phone's");
        }
        if setting.values.values().any(|value| check(value).is_err()) {
            return Err("a value that no file of this format can carry");
        }
        if setting.kind == SettingKind::Choice && setting.values.is_empty() {
            return Err("a choice needs values");
        }
        match (&setting.default, setting.kind) {
            (Some(word), SettingKind::Choice) => setting.word(word).map(drop).map_err(|_| BAD_DEFAULT)?,
            (Some(words), SettingKind::List) => setting.words(words, false).map(drop).map_err(|_| BAD_DEFAULT)?,
            (Some(number), SettingKind::Number) => setting.number(number).map(drop).map_err(|_| BAD_DEFAULT)?,
            (Some(url), SettingKind::Url) => parted(url).map(drop).ok_or(BAD_DEFAULT)?,
            (Some(text), SettingKind::Text) => check(text)?,
            (None, _) => {}
        }
        Ok(setting)
    }

    /// The names of its cells among the phone's settings.
    fn names(&self) -> impl Iterator<Item = (&'static str, String)> {
        let parts: &[&str] = if self.kind == SettingKind::Url { &["", "_scheme", "_folder"] } else { &[""] };
        parts.iter().map(|part| ("set", format!("{}{part}", self.key)))
    }

    /// Adds the cell of a phone's setting, and what templates see besides.
    pub(super) fn add<'a>(&self, cell: Cell<'a>, cells: &mut Vec<Cell<'a>>) {
        if self.kind != SettingKind::Url {
            return cells.push(cell);
        }
        let parts = match &cell {
            Cell::Text { value, source, .. } => parted(value).map(|(scheme, rest)| {
                let folder = Cell::Text { value: Cow::Owned(folder(rest).to_owned()), secret: false, source: *source };
                [Cell::Word { value: Cow::Borrowed(scheme), source: *source }, folder]
            }),
            _ => None,
        };
        cells.push(cell);
        cells.extend(parts.unwrap_or_default());
    }

    pub(super) fn is_language(&self) -> bool {
        self.key == "language"
    }

    /// The cell of a found value, or of the default. `n` is the line key or handset it stands at.
    pub(super) fn cell<'a>(&'a self, fields: &Fields, found: Found<'a>, n: Option<(Scope, u16)>) -> Result<Cell<'a>, RenderError> {
        let trim = |value: &'a str| if self.secret { value } else { value.trim() };
        let found = found.map(|(value, layer)| (trim(value), Source::Layer(layer))).filter(|(value, _)| !value.is_empty());
        let default = || self.default.as_deref().map(|value| (value, Source::Template));
        let found = found.filter(|(value, source)| !is_shared(*source) || self.has_words_of(value));
        let Some((value, source)) = found.or_else(default) else { return Ok(Cell::Absent) };
        let cell = match self.kind {
            SettingKind::Text => fields.text(value, self.secret, source).map_err(Cow::Borrowed),
            SettingKind::Number => self.number(value).map(|value| Cell::Text { value, secret: false, source }),
            SettingKind::Url if parted(value).is_none() => Err(NO_URL.into()),
            SettingKind::Url => fields.text(value, false, source).map_err(Cow::Borrowed),
            SettingKind::Choice => self.word(value).map(|value| Cell::Word { value: Cow::Borrowed(value), source }),
            SettingKind::List => self.words(value, is_shared(source)).map(|values| Cell::Words { values, source }),
        };
        cell.map_err(|problem| {
            let key = match n {
                None => self.key.clone(),
                Some((Scope::Handset, n)) => format!("handset_{n}_{}", self.key),
                Some((_, n)) => format!("linekey_{n}_{}", self.key),
            };
            RenderError::Value { key: format!("setting {key}"), problem }
        })
    }

    fn sample(&self) -> String {
        match self.kind {
            SettingKind::Text => "x".into(),
            SettingKind::Number => self.min.to_string(),
            SettingKind::Url => "https://files.example.com/x".into(),
            SettingKind::Choice | SettingKind::List => self.values.keys().next().map_or_else(|| "112".into(), Clone::clone),
        }
    }

    /// A number in the brand's unit.
    fn number<'a>(&self, value: &'a str) -> Result<Cow<'a, str>, Problem> {
        let number = value.parse::<u32>().ok().filter(|_| value.bytes().all(|byte| byte.is_ascii_digit()));
        match number.filter(|number| (self.min..=self.max).contains(number)) {
            Some(number) if self.divide_by > 1 => Ok(Cow::Owned(number.div_ceil(self.divide_by).to_string())),
            Some(_) => Ok(Cow::Borrowed(value)),
            None => Err(format!("is a whole number from {} to {}", self.min, self.max).into()),
        }
    }

    fn word(&self, value: &str) -> Result<&str, Problem> {
        let allowed = || self.values.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        self.values.get(value).map(String::as_str).ok_or_else(|| format!("is one of {}", allowed()).into())
    }

    /// Whether a choice has this word, or a list one of these: another brand's may stand in a layer that several brands share.
    fn has_words_of(&self, value: &str) -> bool {
        match self.kind {
            SettingKind::Choice => self.values.contains_key(value),
            SettingKind::List if !self.values.is_empty() => value.split(',').any(|word| self.values.contains_key(word.trim())),
            _ => true,
        }
    }

    /// The words of a list, as the brand writes them; with `known_only` without those that are another brand's.
    fn words<'a>(&'a self, value: &'a str, known_only: bool) -> Result<Vec<&'a str>, Problem> {
        let words = value.split(',').map(str::trim).filter(|word| !word.is_empty());
        let words: Vec<_> = if self.values.is_empty() {
            words.map(dialled).collect::<Result<_, _>>()?
        } else {
            words.filter(|word| !known_only || self.values.contains_key(*word)).map(|word| self.word(word)).collect::<Result<_, _>>()?
        };
        if words.len() > LIST_WORDS_MAX {
            return Err("has more than 16 words".into());
        }
        Ok(words)
    }
}

/// Whether phones of several brands are under what set it.
fn is_shared(source: Source) -> bool {
    use domain::settings::Layer::{Customer, Operator, Reseller, Site};
    matches!(source, Source::Layer(Operator | Reseller | Customer | Site))
}

/// What is wrong with a value, without the value.
type Problem = Cow<'static, str>;

/// Scheme and rest of an address.
fn parted(url: &str) -> Option<(&'static str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = ["http", "https"].into_iter().find(|known| known.eq_ignore_ascii_case(scheme))?;
    (!rest.is_empty() && !rest.contains(char::is_whitespace)).then_some((scheme, rest))
}

/// Host and folder: without a file's name, which has a dot, and without a slash at the end.
fn folder(rest: &str) -> &str {
    let folder = rest.rsplit_once('/').filter(|(_, last)| last.is_empty() || last.contains('.')).map_or(rest, |(folder, _)| folder);
    folder.trim_end_matches('/')
}

/// A number that a phone dials.
fn dialled(word: &str) -> Result<&str, &'static str> {
    let plain = word.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'*' | b'#' | b'+'));
    if plain && word.len() <= 16 { Ok(word) } else { Err("is a list of numbers to dial, with commas between them") }
}
