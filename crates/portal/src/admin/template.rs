//! Files of brands: the operator's own over the program's, for all nodes. What would not read, or not run, is not kept.

mod shared;

use std::collections::BTreeMap;

use ::brands::{Files, built_in_files};
use domain::role::Action;
use domain::tenancy::Node;
use serde::Serialize;
use sha2::{Digest, Sha256};
use store::Db;
use store::limits::TEMPLATE_BYTES_MAX;
use store::template::{self, Base, Template};
use utoipa::ToSchema;

use super::{Admin, By, Error, Named, still};
use crate::hex::hex;
use crate::limits::TEMPLATE_TRIES_MAX;

pub use self::shared::take_up;

/// Where templates are, below a brand's folder. Names may leave it away.
pub(crate) const FOLDER: &str = "templates/";
/// This program's version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How a file stands to the program's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is the program's.
    BuiltIn,
    /// The data directory of the node that answers has one in its place.
    Folder,
    /// One's own, made from what the program has today.
    Current,
    /// One's own, and word for word what the program has.
    Identical,
    /// One's own, made from another text than the program has today.
    Moved,
}

/// A file of the program's, as it was once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BaseView {
    /// SHA-256 of its text, in hexadecimal digits.
    pub sha256: String,
    /// The version of the program that had it.
    pub version: String,
}

/// A file of a brand, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TemplateView {
    /// A brand's short name, such as `yealink`.
    pub brand: String,
    /// The file, by its path below the brand's folder.
    pub file: String,
    /// Whether it is the operator's own.
    pub own: bool,
    /// How it stands to the program's.
    pub standing: Standing,
    /// What it was made from; of one's own only.
    pub based_on: Option<BaseView>,
    /// Its size.
    pub bytes: usize,
    /// When it was added, RFC 3339; of one's own only.
    pub created: Option<String>,
    /// When it was changed last, RFC 3339.
    pub updated: Option<String>,
    /// Who changed it last.
    pub updated_by: Option<String>,
    /// Why the brand's own files are not in force on the node that answers, though they should be.
    pub problem: Option<String>,
    /// Another one after every change.
    #[serde(skip)]
    pub version: i64,
}

/// A file with its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TemplateText {
    /// It.
    #[serde(flatten)]
    pub template: TemplateView,
    /// What stands in it.
    pub text: String,
    /// What stands in the program's.
    pub base_text: String,
}

/// Which files.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// Of this brand only.
    pub brand: Option<String>,
    /// One's own only, or the others only.
    pub own: Option<bool>,
    /// What brand and file hold, such as `snom` or `snom/full`; everything if empty.
    pub query: String,
}

/// What is changed of a file; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct TemplateChange {
    /// What stands in it.
    pub text: Option<String>,
    /// It now has what the program's file has today: that is what it was made from.
    pub merged: bool,
}

/// The files in force, the operator's own and the program's, by brand and name.
pub async fn list(admin: &Admin, by: &By, which: Which) -> Result<Vec<TemplateView>, Error> {
    let (by, admin_too) = (by.clone(), admin.clone());
    admin
        .read(move |db| {
            by.may_platform(Action::OperatePlatform)?;
            let own: BTreeMap<_, _> = template::all(db)?.into_iter().map(|own| ((own.brand.clone(), own.file.clone()), own)).collect();
            let (mut views, wanted) = (Vec::new(), which.query.to_lowercase());
            let catalogue = admin_too.catalogue.current();
            for brand in catalogue.brands().iter().filter(|brand| which.brand.as_deref().is_none_or(|wanted| wanted == brand.name())) {
                for (file, text) in program_files(brand.name()) {
                    let own = own.get(&(brand.name().to_owned(), file.clone()));
                    let found = which.own.is_none_or(|wanted| wanted == own.is_some());
                    if found && format!("{}/{file}", brand.name()).contains(&wanted) {
                        views.push(view(&admin_too, brand.name(), &file, &text, own));
                    }
                }
            }
            Ok(views)
        })
        .await
}

/// One of them, with its text.
pub async fn show(admin: &Admin, by: &By, brand: &str, file: &str) -> Result<TemplateText, Error> {
    by.may_platform(Action::OperatePlatform)?;
    let (admin_too, by, at) = (admin.clone(), by.clone(), At::find(brand, file)?);
    admin
        .read(move |db| {
            let own = match template::load(db, &by.scope(), &at.brand, &at.file) {
                Ok(own) => Some(own),
                Err(store::StoreError::NotFound) => None,
                Err(error) => return Err(error.into()),
            };
            let template = view(&admin_too, &at.brand, &at.file, &at.base, own.as_ref());
            let here = || admin_too.catalogue.base_file(&at.brand, &at.file).unwrap_or(&at.base).to_owned();
            Ok(TemplateText { template, text: own.map_or_else(here, |own| own.text), base_text: at.base.clone() })
        })
        .await
}

/// Puts a file in the place of the program's, on every node.
pub async fn add(admin: &Admin, by: &By, brand: &str, file: &str, text: &str) -> Result<TemplateView, Error> {
    let at = At::allowed(by, brand, file)?;
    changed(admin, by, &at, &Act::Add(readable(text)?)).await
}

/// Changes a file; `expected`: only this version.
pub async fn update(
    admin: &Admin,
    by: &By,
    brand: &str,
    file: &str,
    change: &TemplateChange,
    expected: Option<i64>,
) -> Result<TemplateView, Error> {
    let at = At::allowed(by, brand, file)?;
    let text = change.text.as_deref().map(readable).transpose()?;
    changed(admin, by, &at, &Act::Update { text, merged: change.merged, expected }).await
}

/// Removes a file of the operator's own; the program's is in force again.
pub async fn remove(admin: &Admin, by: &By, brand: &str, file: &str) -> Result<(), Error> {
    let at = At::allowed(by, brand, file)?;
    settle(admin, by, &at, &Act::Remove).await.map(drop)
}

/// What is done to a file.
enum Act {
    Add(String),
    Update { text: Option<String>, merged: bool, expected: Option<i64> },
    Remove,
}

impl Act {
    /// As the audit has it.
    fn word(&self) -> &'static str {
        match self {
            Self::Add(_) => "added",
            Self::Update { .. } => "changed",
            Self::Remove => "removed",
        }
    }

    /// What comes of a file; nothing if it is removed.
    fn of(&self, at: &At, by: &By, kept: Option<&Template>) -> Result<Option<Template>, Error> {
        let (updated, updated_by) = (by.now, by.name.clone());
        match (self, kept) {
            (Self::Add(_), Some(_)) => Err(Error::Exists(at.name())),
            (Self::Add(text), None) => {
                let (brand, file, text, base) = (at.brand.clone(), at.file.clone(), text.clone(), at.base_today());
                Ok(Some(Template { brand, file, text, base, created: by.now, updated, updated_by, revision: 0 }))
            }
            (Self::Update { .. } | Self::Remove, None) => Err(at.not_own()),
            (Self::Update { text, merged, expected }, Some(kept)) => {
                still(*expected, kept.revision)?;
                let text = text.clone().unwrap_or_else(|| kept.text.clone());
                let base = if *merged { at.base_today() } else { kept.base.clone() };
                Ok(Some(Template { text, base, updated, updated_by, ..kept.clone() }))
            }
            (Self::Remove, Some(_)) => Ok(None),
        }
    }
}

async fn changed(admin: &Admin, by: &By, at: &At, act: &Act) -> Result<TemplateView, Error> {
    let own = settle(admin, by, at, act).await?;
    Ok(view(admin, &at.brand, &at.file, &at.base, own.as_ref()))
}

/// Does it, once more where another change came between the trial and the store, and has this node take up what was done: the others are told
/// by the outbox, as this one is.
async fn settle(admin: &Admin, by: &By, at: &At, act: &Act) -> Result<Option<Template>, Error> {
    let mut done = Err(Error::Conflict);
    for _ in 0..TEMPLATE_TRIES_MAX {
        done = attempt(admin, by, at, act).await;
        if !matches!(done, Err(Error::Conflict)) {
            break;
        }
    }
    if done.is_ok()
        && let Err(error) = take_up(admin).await
    {
        tracing::warn!(%error, "a changed file of a brand is not in force here yet");
    }
    done
}

async fn attempt(admin: &Admin, by: &By, at: &At, act: &Act) -> Result<Option<Template>, Error> {
    let tried = Tried::read(admin, at).await?;
    let next = act.of(at, by, tried.own.as_ref())?;
    match &next {
        Some(own) => tried.with(admin, at, &own.text).await?,
        None => tried.without(admin, at).await?,
    }
    let (by, at, head, was_own, word) = (by.clone(), at.clone(), tried.head, tried.own.is_some(), act.word());
    let keep = move |db: &Db| {
        let scope = by.scope();
        let kept = match &next {
            None => template::remove(db, &scope, by.now, &at.brand, &at.file, head).map(|()| None),
            Some(own) if was_own => template::save(db, &scope, own, head).map(Some),
            Some(own) => template::add(db, &scope, own, head).map(Some),
        };
        let revision = kept.named(|| at.name())?;
        by.audit(db, Node::Operator, Action::OperatePlatform.code(), &format!("template {}", at.name()), word)?;
        Ok(next.clone().zip(revision).map(|(own, revision)| Template { revision, ..own }))
    };
    admin.write(keep).await
}

/// A file that the program has.
#[derive(Clone)]
struct At {
    brand: String,
    file: String,
    /// The program's text.
    base: String,
}

impl At {
    fn allowed(by: &By, brand: &str, file: &str) -> Result<Self, Error> {
        by.may_platform(Action::OperatePlatform)?;
        Self::find(brand, file)
    }

    fn find(brand: &str, file: &str) -> Result<Self, Error> {
        let brand = brand.to_ascii_lowercase();
        let mut files = program_files(&brand);
        let found = [file.to_owned(), format!("{FOLDER}{file}")].into_iter().find_map(|name| files.remove_entry(&name));
        match found {
            Some((file, base)) => Ok(Self { brand, file, base }),
            None if files.is_empty() => Err(Error::NotFound(format!(
                "brand {brand:?}; the program has none of that name, `ringfence brands list` shows those it has"
            ))),
            None => {
                let known: Vec<&str> = files.keys().map(String::as_str).collect();
                Err(Error::NotFound(format!("file {file:?} of {brand}; there are {}", known.join(", "))))
            }
        }
    }

    fn name(&self) -> String {
        format!("{}/{}", self.brand, self.file)
    }

    fn not_own(&self) -> Error {
        Error::NotFound(format!("a file of your own for {}", self.name()))
    }

    fn base_today(&self) -> Base {
        Base { hash: digest(&self.base), version: VERSION.to_owned() }
    }
}

/// What a change is tried on.
struct Tried {
    /// Moves with every change.
    head: i64,
    /// The operator's own files of the brand.
    files: Files,
    /// The one that it is about.
    own: Option<Template>,
}

impl Tried {
    async fn read(admin: &Admin, at: &At) -> Result<Self, Error> {
        let at = at.clone();
        let read = move |db: &Db| {
            // First: whatever is changed behind it is noticed by it.
            let head = template::head(db)?;
            let all: Vec<Template> = template::all(db)?.into_iter().filter(|own| own.brand == at.brand).collect();
            let files = all.iter().map(|own| (own.file.clone(), own.text.clone())).collect();
            Ok(Self { head, files, own: all.into_iter().find(|own| own.file == at.file) })
        };
        admin.read(read).await
    }

    /// Refuses a text with which the brand would not read or not run.
    async fn with(&self, admin: &Admin, at: &At, text: &str) -> Result<(), Error> {
        let mut files = self.files.clone();
        files.insert(at.file.clone(), text.to_owned());
        check(admin, at, files).await?.map_err(|problem| Error::invalid("template", problem))
    }

    /// Refuses to remove what the brand's other files need. What does not read anyway may go.
    async fn without(&self, admin: &Admin, at: &At) -> Result<(), Error> {
        let mut files = self.files.clone();
        files.remove(&at.file);
        let Err(problem) = check(admin, at, files).await? else { return Ok(()) };
        if check(admin, at, self.files.clone()).await?.is_err() {
            return Ok(());
        }
        Err(Error::refused(
            "template_needed",
            format!("your other files of {} need this one: {problem}; change or remove them first", at.brand),
        ))
    }
}

/// Whether a brand reads and runs with these files; on a thread that may take its time.
async fn check(admin: &Admin, at: &At, files: Files) -> Result<Result<(), String>, Error> {
    let (catalogue, brand) = (admin.catalogue.clone(), at.brand.clone());
    let checked = tokio::task::spawn_blocking(move || catalogue.check(&brand, &files).map_err(|error| error.to_string())).await;
    checked.map_err(|error| Error::Failed(error.to_string()))
}

/// The program's files of a brand that are read while it runs.
fn program_files(brand: &str) -> Files {
    let counts = |file: &str| file == "brand.toml" || file == "guide.md" || file.starts_with(FOLDER);
    built_in_files(brand).into_iter().filter(|(file, _)| counts(file)).collect()
}

/// A text with the line ends of the program's files.
fn readable(text: &str) -> Result<String, Error> {
    let text = text.replace("\r\n", "\n");
    match text {
        text if text.len() > TEMPLATE_BYTES_MAX => Err(Error::invalid("too_large", format!("text: at most {TEMPLATE_BYTES_MAX} bytes"))),
        text if text.contains('\0') => Err(Error::invalid("template", "text: holds a NUL")),
        text => Ok(text),
    }
}

fn view(admin: &Admin, brand: &str, file: &str, base: &str, own: Option<&Template>) -> TemplateView {
    let here = admin.catalogue.base_file(brand, file).unwrap_or(base);
    let standing = match own {
        None if here == base => Standing::BuiltIn,
        None => Standing::Folder,
        Some(own) if own.text == base => Standing::Identical,
        Some(own) if own.base.hash == digest(base) => Standing::Current,
        Some(_) => Standing::Moved,
    };
    TemplateView {
        brand: brand.to_owned(),
        file: file.to_owned(),
        own: own.is_some(),
        standing,
        based_on: own.map(|own| BaseView { sha256: own.base.hash.clone(), version: own.base.version.clone() }),
        bytes: own.map_or(here, |own| &own.text).len(),
        created: own.map(|own| own.created.rfc3339()),
        updated: own.map(|own| own.updated.rfc3339()),
        updated_by: own.map(|own| own.updated_by.clone()),
        problem: own.and_then(|own| Some(admin.catalogue.left_out().get(&own.brand)?.to_string())),
        version: own.map_or(0, |own| own.revision),
    }
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text))
}
