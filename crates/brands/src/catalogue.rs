//! The catalogue: all brands, read once and checked.

mod files;

use std::collections::HashMap;
use std::path::Path;

use domain::Mac;
use domain::menu_password::PasswordForm;
use domain::settings::Settings;
use quick_cache::sync::Cache;

use crate::error::{CatalogueError, RenderError};
use crate::firmware::Firmware;
use crate::format::Format;
use crate::identify::FileKind;
use crate::limits::{
    ACCOUNTS_MAX, BRANDS_MAX, HANDSETS_MAX, LINE_KEYS_MAX, PLAN_CACHE_BYTES, PLAN_CACHE_ITEMS, STENCIL_CACHE_BYTES, STENCIL_CACHE_ITEMS,
};
use crate::manifest::{Absent, Capability, CredentialCarrier, FileForm, Manifest, ModelRule, NotifyForm, PasswordKind, TlsGeneration};
use crate::pattern::{Pattern, Taken};
use crate::plan::{PlanCache, PlanWeight};
use crate::sheet::Fields;
use crate::stencil::{Engine, StencilCache, StencilWeight};

pub(crate) use self::files::read as read_files;
pub use self::files::{Files, Folders, built_in_files, own_files};

/// All brands with their templates. Shared by all threads.
pub struct Catalogue {
    brands: Vec<Brand>,
    pub(crate) engine: Engine,
    pub(crate) stencils: StencilCache,
    pub(crate) plans: PlanCache,
}

impl Catalogue {
    /// The brands that come with the program.
    ///
    /// # Panics
    /// Never in a tested build: a test reads the embedded catalogue.
    pub fn embedded() -> Self {
        Self::load(None).expect("the embedded catalogue is read by a test")
    }

    /// The embedded brands, with the files of an operator's folder `<dir>/<brand>/…` laid over them: the same name
    /// replaces a file, a new brand's folder adds a brand. Every template is then run on sample orders. Errors name file
    /// and key.
    pub fn load(dir: Option<&Path>) -> Result<Self, CatalogueError> {
        let catalogue = Self::compile(&files::read(dir)?)?;
        if dir.is_some() {
            catalogue.rehearse()?;
        }
        Ok(catalogue)
    }

    /// Reads brands and compiles their templates; runs none.
    pub(crate) fn compile(folders: &Folders) -> Result<Self, CatalogueError> {
        if folders.len() > BRANDS_MAX {
            return Err(CatalogueError::new("brands/", "-", "more than 128 brands"));
        }
        let mut brands = Vec::new();
        let mut engine = Engine::new();
        for (index, (name, files)) in folders.iter().enumerate() {
            let brand = Brand::read(index as u8, name.clone(), files)?;
            for (file, text) in files {
                if let Some(template) = file.strip_prefix("templates/") {
                    engine.add(brand.name(), template, text)?;
                }
            }
            engine.check_parts(&brand)?;
            brands.push(brand);
        }
        let stencils = Cache::with_weighter(STENCIL_CACHE_ITEMS, STENCIL_CACHE_BYTES, StencilWeight);
        let plans = Cache::with_weighter(PLAN_CACHE_ITEMS, PLAN_CACHE_BYTES, PlanWeight);
        Ok(Self { brands, engine, stencils, plans })
    }

    /// All brands, by name.
    pub fn brands(&self) -> &[Brand] {
        &self.brands
    }

    /// One brand by its short name, such as `yealink`.
    pub fn brand(&self, name: &str) -> Option<&Brand> {
        self.brands.iter().find(|brand| brand.name.eq_ignore_ascii_case(name))
    }

    /// A model by `BRAND/MODEL`, such as `yealink/T46S`; case does not count.
    pub fn model(&self, path: &str) -> Option<(&Brand, &Model)> {
        let (brand, model) = path.split_once('/')?;
        let brand = self.brand(brand)?;
        Some((brand, brand.model(model)?))
    }

    /// The brand that owns the first half of a MAC address.
    pub fn brand_of_mac(&self, mac: Mac) -> Option<&Brand> {
        self.brands.iter().find(|brand| brand.has_oui(mac))
    }
}

impl std::fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.brands.iter().map(Brand::name)).finish()
    }
}

/// A brand: the facts of its `brand.toml`.
pub struct Brand {
    pub(crate) index: u8,
    name: String,
    pub(crate) manifest: Manifest,
    ouis: Vec<[u8; 3]>,
    agents: Vec<(Pattern, bool)>,
    files: Vec<(Pattern, FileKind, bool)>,
    /// The syntaxes of its files, each once.
    pub(crate) formats: Vec<Format>,
    models: Vec<Model>,
    generic: Model,
    by_name: HashMap<String, usize>,
    guide: String,
    pub(crate) fields: Fields,
}

impl Brand {
    fn read(index: u8, name: String, files: &Files) -> Result<Self, CatalogueError> {
        let file = format!("brands/{name}/brand.toml");
        let wrong = |key: String, problem: &str| CatalogueError::new(&file, key, problem);
        let text = files.get("brand.toml").ok_or_else(|| wrong("-".into(), "is missing"))?;
        let manifest: Manifest = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(0, |span| text[..span.start.min(text.len())].lines().count().max(1));
            wrong(format!("line {line}"), error.message())
        })?;
        let pattern = |key: String, text: &str| Pattern::read(text).map_err(|problem| wrong(key, problem));
        let ouis = manifest
            .ouis
            .iter()
            .enumerate()
            .map(|(at, oui)| read_oui(oui).ok_or_else(|| wrong(format!("ouis[{at}]"), "three bytes such as 00:15:65")));
        let ouis = ouis.collect::<Result<_, _>>()?;
        // A form that begins with the model would take any three words, or any file, for a phone's: there the model must be known.
        let agents = manifest
            .user_agents
            .iter()
            .enumerate()
            .map(|(at, text)| Ok((pattern(format!("user_agents[{at}]"), text)?, text.starts_with("{model}"))));
        let agents = agents.collect::<Result<_, CatalogueError>>()?;
        let files_asked = manifest
            .file
            .iter()
            .enumerate()
            .map(|(at, rule)| Ok((pattern(format!("file[{at}].name"), &rule.name)?, rule.kind, rule.name.starts_with("{model}"))));
        let files_asked = files_asked.collect::<Result<_, CatalogueError>>()?;
        check_firmware(&manifest).map_err(|(key, problem)| wrong(key.into(), problem))?;
        check_password_form(password_form(&manifest)).map_err(|problem| wrong("password_length".into(), problem))?;
        let fields = Fields::read(&manifest).map_err(|(key, problem)| wrong(key, problem))?;
        let read_model = |index, rule| Model::read(index, rule, &manifest);
        let generic = read_model(0, &manifest.generic).map_err(|problem| wrong("generic".into(), problem))?;
        let mut models = Vec::new();
        let mut by_name = HashMap::new();
        for (at, rule) in manifest.model.iter().enumerate() {
            let model = read_model(at as u16 + 1, rule).map_err(|problem| wrong(format!("model[{at}]"), problem))?;
            for spelling in std::iter::once(&rule.name).chain(&rule.aliases) {
                if by_name.insert(spelling.to_ascii_lowercase(), at).is_some() {
                    return Err(wrong(format!("model[{at}].name"), "stands in the table twice"));
                }
            }
            models.push(model);
        }
        let guide = files.get("guide.md").cloned().unwrap_or_default();
        let formats = formats(&manifest);
        Ok(Self { index, name, manifest, ouis, agents, files: files_asked, formats, models, generic, by_name, guide, fields })
    }

    /// Short name, as in `brands/<name>/` and `--model <name>/T46S`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Name as people write it.
    pub fn display(&self) -> &str {
        &self.manifest.display
    }

    /// Its models, in the order of the table.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// A model by any of its spellings; case does not count.
    pub fn model(&self, name: &str) -> Option<&Model> {
        let mut lower = [0; 32];
        let lower = lower.get_mut(..name.len())?;
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        self.by_name.get(std::str::from_utf8(lower).ok()?).map(|at| &self.models[*at])
    }

    /// What an unknown model is taken for: as many accounts and keys as any ordinary phone of the brand.
    pub fn generic(&self) -> &Model {
        &self.generic
    }

    /// The model whose common file has this number, if it is one model's alone.
    pub fn model_of_common_file(&self, id: &str) -> Option<&Model> {
        let mut models = self.models_of_common_file(id);
        models.next().filter(|_| models.next().is_none())
    }

    fn models_of_common_file(&self, id: &str) -> impl Iterator<Item = &Model> {
        self.models.iter().filter(move |model| model.common.as_deref().is_some_and(|common| common.eq_ignore_ascii_case(id)))
    }

    /// Whether the MAC's first half is the brand's.
    pub fn has_oui(&self, mac: Mac) -> bool {
        let bytes = mac.bytes();
        self.ouis.iter().any(|oui| oui[..] == bytes[..3])
    }

    /// The first halves of its MACs.
    pub fn ouis(&self) -> &[[u8; 3]] {
        &self.ouis
    }

    /// Names of the files that a phone asks for, in that order, with what they are.
    pub fn file_names(&self, mac: Mac, model: &Model) -> impl Iterator<Item = (String, FileKind)> {
        let asked = self.manifest.file.iter().filter(move |rule| model.is_among(&rule.models) && !rule.name.contains('*'));
        asked.filter_map(move |rule| Some((file_name(&rule.name, mac, &model.name, model.common.as_deref())?, rule.kind)))
    }

    /// The name of a phone's carrier file.
    pub fn carrier_name(&self, mac: Mac, model: &Model) -> Option<String> {
        self.file_names(mac, model).find(|(_, kind)| *kind == FileKind::Carrier).map(|(name, _)| name)
    }

    /// The name of the customer's phone book, if the brand has one.
    pub fn phonebook_name(&self, mac: Mac, model: &Model) -> Option<String> {
        self.file_names(mac, model).find(|(_, kind)| *kind == FileKind::Phonebook).map(|(name, _)| name)
    }

    /// How a phone's login travels.
    pub fn credentials(&self) -> &[CredentialCarrier] {
        &self.manifest.credentials
    }

    /// Whether a login can only travel in the path: the brand's phones do no HTTP authentication.
    pub fn logs_in_by_path(&self) -> bool {
        let http = |carrier: &CredentialCarrier| matches!(carrier, CredentialCarrier::Http | CredentialCarrier::UrlUserinfo);
        !self.manifest.credentials.iter().any(http)
    }

    /// Which encrypted files its phones open; none if they open none.
    pub fn encrypted_file(&self) -> Option<FileForm> {
        self.manifest.encrypted_file.as_ref().map(|rule| rule.form)
    }

    /// Whether phones return to the front door at every boot.
    pub fn front_door_sticks(&self) -> bool {
        self.manifest.front_door_sticks
    }

    /// Whether phones fetch again by themselves within about a minute.
    pub fn two_step(&self) -> bool {
        self.manifest.two_step
    }

    /// How long a phone waits after a failed fetch, in seconds.
    pub fn retry_delay_seconds(&self) -> u32 {
        self.manifest.retry_delay_seconds
    }

    /// How a phone is told by SIP to fetch its file.
    pub fn notify(&self) -> &NotifyForm {
        &self.manifest.notify
    }

    /// Whether this phone sends this HTTP user from the factory: a wrong login that says nothing.
    pub fn is_factory_user(&self, user: &str, mac: Mac) -> bool {
        let is = |factory: &str| if factory == "{mac}" { user.parse() == Ok(mac) } else { factory.eq_ignore_ascii_case(user) };
        self.manifest.factory_users.iter().any(|factory| is(factory))
    }

    /// What no document proves: parameters as `key.<name>`, and facts.
    pub fn unverified(&self) -> &[String] {
        &self.manifest.unverified
    }

    /// How many parameters the brand's files name that no public source does.
    pub fn unverified_keys(&self) -> usize {
        self.manifest.unverified.iter().filter(|one| one.starts_with("key.")).count()
    }

    /// How many other facts no document proves.
    pub fn unverified_facts(&self) -> usize {
        self.manifest.unverified.len() - self.unverified_keys()
    }

    /// The guide for people who install the brand's phones, in Markdown.
    pub fn guide(&self) -> &str {
        &self.guide
    }

    /// For the `Content-Type` header.
    pub fn content_type(&self) -> &str {
        &self.manifest.content_type
    }

    /// Whether raw settings may set this parameter: it is one in a file of some model, and not what keeps the phone at its door.
    pub fn takes_raw(&self, parameter: &str) -> bool {
        let reserved = self.manifest.reserved_parameters.iter().any(|reserved| match reserved.strip_suffix('$') {
            Some(whole) => parameter == whole,
            None => parameter.starts_with(reserved.as_str()),
        });
        !reserved && self.formats.iter().any(|format| format.syntax().is_parameter(parameter))
    }

    /// Whether a parameter that a file does not name keeps its value; otherwise it goes back to the factory's.
    pub fn keeps_absent(&self, parameter: &str) -> bool {
        let sticky = || self.manifest.sticky_parameters.iter().any(|sticky| parameter.starts_with(sticky.as_str()));
        self.manifest.absent == Absent::Kept || sticky()
    }

    /// A value for every neutral setting: the phone's, line key 1 and handset 1 included, and a line's. For rehearsals and tests.
    pub fn sample_settings(&self) -> (Settings, Settings) {
        let samples = self.fields.samples();
        (samples.phone, samples.line)
    }

    /// Checks a neutral setting as rendering will, and refuses passwords that phones come with. Keys that the brand does not know pass: they
    /// are other brands'.
    pub fn check_setting(&self, key: &str, value: &str) -> Result<(), RenderError> {
        if self.is_default_password(key, value) {
            return Err(RenderError::value(
                format!("setting {key}"),
                "is a password that phones of this brand come with: everybody knows it",
            ));
        }
        self.fields.check_setting(key, value)
    }

    /// Whether a setting is a secret, and its value a password that the brand's phones come with.
    pub fn is_default_password(&self, key: &str, value: &str) -> bool {
        let known = |default: &String| default == value.trim();
        self.manifest.default_passwords.iter().any(known) && self.is_secret_setting(key)
    }

    /// What its phones' menus take for a password.
    pub fn password_form(&self) -> PasswordForm {
        password_form(&self.manifest)
    }

    /// Whether it has a neutral setting of this name.
    pub fn knows_setting(&self, key: &str) -> bool {
        self.fields.knows(key)
    }

    /// Whether a setting, neutral or `raw.<brand>.…`, holds a secret.
    pub fn is_secret_setting(&self, key: &str) -> bool {
        let raw = key.strip_prefix("raw.").and_then(|rest| rest.strip_prefix(self.name.as_str())?.strip_prefix('.'));
        raw.map_or_else(|| self.fields.is_secret(key), |parameter| self.fields.is_secret_parameter(parameter))
    }

    /// The generations to serve: one bit for each of the table's.
    pub(crate) fn generations(&self, firmware: Option<Firmware>) -> u8 {
        let rule = &self.manifest.firmware;
        let number = firmware.and_then(|firmware| firmware.part(rule.part));
        let known = number.and_then(|number| rule.generation.iter().rposition(|generation| generation.from <= number));
        if let Some(at) = known {
            return 1 << at;
        }
        let unknown = rule.generation.iter().enumerate().filter(|(_, generation)| rule.unknown.contains(&generation.name));
        unknown.fold(0, |bits, (at, _)| bits | 1 << at)
    }

    pub(crate) fn read_agent<'t>(&self, agent: &'t str) -> Option<Taken<'t>> {
        self.agents.iter().find_map(|(pattern, needs_known_model)| {
            let taken = pattern.begins(agent)?;
            let known = || taken.model.is_some_and(|model| self.model(model).is_some());
            (!needs_known_model || known()).then_some(taken)
        })
    }

    /// What says most counts: `snomD345-000413A11FA7.htm` is no common file of a model with a long name.
    pub(crate) fn read_file_name<'t>(&self, name: &'t str) -> Option<(FileKind, Taken<'t>)> {
        let read = self.files.iter().filter_map(|(pattern, kind, needs_known_model)| {
            let taken = pattern.matches(name)?;
            let by_number = || taken.id.is_some_and(|id| self.models_of_common_file(id).next().is_some());
            let by_name = || taken.model.is_some_and(|model| self.model(model).is_some());
            let fits = (!pattern.names_a_model() || by_number()) && (!needs_known_model || by_name());
            fits.then_some((*kind, taken))
        });
        read.min_by_key(|(_, taken)| (taken.mac.is_none(), taken.model.map_or(0, str::len)))
    }
}

impl std::fmt::Debug for Brand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// As `ringfence brands list` prints it.
impl serde::Serialize for Brand {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut brand = serializer.serialize_struct("Brand", 6)?;
        brand.serialize_field("brand", &self.name)?;
        brand.serialize_field("display", self.display())?;
        brand.serialize_field("models", &self.models)?;
        brand.serialize_field("unverified_keys", &self.unverified_keys())?;
        brand.serialize_field("unverified_facts", &self.unverified_facts())?;
        brand.serialize_field("unverified", self.unverified())?;
        brand.end()
    }
}

/// The syntaxes of a brand's files, the usual one first.
pub(crate) fn formats(manifest: &Manifest) -> Vec<Format> {
    let mut formats = vec![manifest.format];
    for format in manifest.model.iter().chain([&manifest.generic]).filter_map(|rule| rule.format) {
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    formats
}

/// A file's name in the phone's own spelling; none if the model has no number for it.
fn file_name(rule: &str, mac: Mac, model: &str, id: Option<&str>) -> Option<String> {
    if (rule.contains("{id}") || rule.contains("{common}")) && id.is_none() {
        return None;
    }
    let lower = mac.to_string();
    let named = rule.replace("{mac}", &lower).replace("{MAC}", &lower.to_ascii_uppercase());
    let named = named.replace("{model}", model).replace("{model_lower}", &model.to_ascii_lowercase());
    Some(named.replace("{id}", id.unwrap_or_default()).replace("{common}", id.unwrap_or_default()))
}

fn password_form(manifest: &Manifest) -> PasswordForm {
    let form = PasswordForm { digits: manifest.password_form == PasswordKind::Digits, ..PasswordForm::default() };
    PasswordForm { length: manifest.password_length.unwrap_or(form.length), ..form }
}

/// Letters and digits are for people who paste; digits are keyed in, and some menus take four.
fn check_password_form(form: PasswordForm) -> Result<(), &'static str> {
    let lengths = if form.digits { 4..=32 } else { 12..=32 };
    if lengths.contains(&form.length) { Ok(()) } else { Err("12 to 32 characters, or 4 to 32 digits") }
}

fn read_oui(text: &str) -> Option<[u8; 3]> {
    let mac: Mac = format!("{text}:00:00:00").parse().ok()?;
    let [a, b, c, ..] = mac.bytes();
    Some([a, b, c])
}

fn check_firmware(manifest: &Manifest) -> Result<(), (&'static str, &'static str)> {
    let rule = &manifest.firmware;
    if rule.generation.is_empty() || rule.generation.len() > 8 {
        return Err(("firmware.generation", "one to eight generations"));
    }
    if !rule.generation.is_sorted_by(|a, b| a.from < b.from) {
        return Err(("firmware.generation", "ascending by `from`"));
    }
    let known = |name: &String| rule.generation.iter().any(|generation| generation.name == *name);
    if rule.unknown.is_empty() || !rule.unknown.iter().all(known) {
        return Err(("firmware.unknown", "names of generations, at least one"));
    }
    Ok(())
}

/// A model: one row of the table, with the brand's common values filled in.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Model {
    #[serde(skip)]
    pub(crate) index: u16,
    /// As its User-Agent names it.
    #[serde(rename = "model")]
    pub name: String,
    /// The number in its common file's name.
    pub common: Option<String>,
    /// `desk`, `conference`, `dect`…: what the templates distinguish.
    pub kind: String,
    /// Account slots.
    pub accounts: u16,
    /// Line keys.
    pub line_keys: u16,
    /// Handset slots of a DECT base.
    pub handsets: u16,
    #[serde(skip)]
    pub(crate) servers: u16,
    #[serde(skip)]
    pub(crate) format: Format,
    #[serde(skip)]
    pub(crate) first_line: u16,
    #[serde(skip)]
    pub(crate) series: String,
    #[serde(skip)]
    pub(crate) one_server: bool,
    /// Whether it can show the notice itself.
    pub screen: Capability,
    /// Whether its restricted file can reach the authentication service.
    pub two_factor: Capability,
    /// Whether lifting the handset can call the service.
    pub hotline: Capability,
    /// Whether it can send an HTTP login.
    pub http_auth: Capability,
    /// Whether it asks the person for the login after a 401.
    pub prompts_for_login: Capability,
    /// Whether its regular fetches extend a temporary trusted network.
    pub renews_trust: Capability,
    /// Which TLS it speaks.
    pub tls: TlsGeneration,
    /// Its shortest poll, in seconds.
    pub shortest_poll_seconds: u32,
}

impl Model {
    fn read(index: u16, rule: &ModelRule, manifest: &Manifest) -> Result<Self, &'static str> {
        let defaults = &manifest.model_defaults;
        if rule.accounts > ACCOUNTS_MAX || rule.line_keys > LINE_KEYS_MAX || rule.handsets > HANDSETS_MAX {
            return Err("at most 256 accounts, 128 line keys and 256 handsets");
        }
        if rule.name.len() > 32 || rule.aliases.iter().any(|alias| alias.len() > 32) {
            return Err("a model's name has at most 32 characters");
        }
        let shortest_poll_seconds = rule.shortest_poll_seconds.unwrap_or(defaults.shortest_poll_seconds);
        if shortest_poll_seconds < 60 {
            return Err("shortest_poll_seconds is at least 60");
        }
        Ok(Self {
            index,
            name: rule.name.clone(),
            common: rule.common.clone(),
            kind: rule.kind.clone().unwrap_or_else(|| defaults.kind.clone()),
            accounts: rule.accounts,
            line_keys: rule.line_keys,
            handsets: rule.handsets,
            servers: rule.servers.unwrap_or(u16::MAX),
            format: rule.format.unwrap_or(manifest.format),
            first_line: rule.first_line,
            series: rule.series.clone(),
            one_server: rule.one_server,
            screen: rule.screen.unwrap_or(defaults.screen),
            two_factor: rule.two_factor.unwrap_or(defaults.two_factor),
            hotline: rule.hotline.unwrap_or(defaults.hotline),
            http_auth: rule.http_auth.unwrap_or(defaults.http_auth),
            prompts_for_login: rule.prompts_for_login.unwrap_or(defaults.prompts_for_login),
            renews_trust: rule.renews_trust.unwrap_or(defaults.renews_trust),
            tls: rule.tls.unwrap_or(defaults.tls),
            shortest_poll_seconds,
        })
    }

    /// Whether a list of kinds and series names it; an empty one names all.
    pub(crate) fn is_among(&self, models: &[String]) -> bool {
        models.is_empty() || models.iter().any(|named| *named == self.kind || *named == self.series)
    }
}
