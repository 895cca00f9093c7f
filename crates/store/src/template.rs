//! The operator's own files of brands, in the place of the program's on every node. Whether the catalogue reads with them, the caller has tried.

use domain::Time;
use serde_json::json;

use crate::db::{Db, Row, statements};
use crate::limits::{TEMPLATE_BYTES_MAX, TEMPLATES_BYTES_MAX, TEMPLATES_MAX};
use crate::outbox::enqueue;
use crate::scope::Scope;
use crate::{Result, StoreError};

/// The topic of the outbox message that every change leaves: `{"brand","file"}`.
pub const TOPIC: &str = "catalogue.changed";

/// A file of one's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// A brand's short name, such as `yealink`.
    pub brand: String,
    /// The file, by its path below the brand's folder.
    pub file: String,
    /// What stands in it.
    pub text: String,
    /// Which of the program's files it was made from.
    pub base: Base,
    /// When it was added.
    pub created: Time,
    /// When it was changed last.
    pub updated: Time,
    /// Who changed it last.
    pub updated_by: String,
    /// Another one after every change, never one that this file had before.
    pub revision: i64,
}

/// A file of the program's, as it was once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// SHA-256 of its text, in hexadecimal digits.
    pub hash: String,
    /// The version of the program that had it.
    pub version: String,
}

statements! {
    HEAD = "select revision from template_head where id = 1";
    // Takes the row's lock: on PostgreSQL, changes come one by one.
    MOVE = "update template_head set revision = revision + 1 where id = 1 and revision = $1 returning revision";
    ADD = "insert into template (brand, file, content, base_hash, base_version, created, updated, updated_by, revision)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    SAVE = "update template set content = $1, base_hash = $2, base_version = $3, updated = $4, updated_by = $5, revision = $6
        where brand = $7 and file = $8";
    DROP = "delete from template where brand = $1 and file = $2";
    ALL = "select brand, file, content, base_hash, base_version, created, updated, updated_by, revision from template order by brand, file";
    ONE = "select brand, file, content, base_hash, base_version, created, updated, updated_by, revision from template
        where brand = $1 and file = $2";
    TOTAL = "select count(*) as templates, cast(coalesce(sum(length(content)), 0) as bigint) as letters from template";
}

/// The number of the latest change of any of them.
pub fn head(db: &Db) -> Result<i64> {
    db.one(HEAD, &[], |row| row.int(0))
}

/// Adds a file, if nothing was changed since `head`; returns its revision. The operator's.
pub fn add(db: &Db, scope: &Scope, template: &Template, head: i64) -> Result<i64> {
    operators(scope)?;
    check(template)?;
    let revision = advance(db, head)?;
    let args = [
        (&template.brand).into(),
        (&template.file).into(),
        (&template.text).into(),
        (&template.base.hash).into(),
        (&template.base.version).into(),
        template.created.into(),
        template.updated.into(),
        (&template.updated_by).into(),
        revision.into(),
    ];
    db.exec(ADD, &args)?;
    bounded(db)?;
    changed(db, template.updated, &template.brand, &template.file)?;
    Ok(revision)
}

/// Changes a file's text and base, if nothing was changed since `head`; returns its revision. The operator's.
pub fn save(db: &Db, scope: &Scope, template: &Template, head: i64) -> Result<i64> {
    operators(scope)?;
    check(template)?;
    let revision = advance(db, head)?;
    let args = [
        (&template.text).into(),
        (&template.base.hash).into(),
        (&template.base.version).into(),
        template.updated.into(),
        (&template.updated_by).into(),
        revision.into(),
        (&template.brand).into(),
        (&template.file).into(),
    ];
    if db.exec(SAVE, &args)? == 0 {
        return Err(StoreError::NotFound);
    }
    bounded(db)?;
    changed(db, template.updated, &template.brand, &template.file)?;
    Ok(revision)
}

/// Removes a file, if nothing was changed since `head`. The operator's.
pub fn remove(db: &Db, scope: &Scope, now: Time, brand: &str, file: &str, head: i64) -> Result<()> {
    operators(scope)?;
    advance(db, head)?;
    if db.exec(DROP, &[brand.into(), file.into()])? == 0 {
        return Err(StoreError::NotFound);
    }
    changed(db, now, brand, file)
}

/// One file. The operator's.
pub fn load(db: &Db, scope: &Scope, brand: &str, file: &str) -> Result<Template> {
    operators(scope)?;
    db.one(ONE, &[brand.into(), file.into()], template)
}

/// All of them, by brand and file, for the catalogue. At most 4 MiB of letters.
pub fn all(db: &Db) -> Result<Vec<Template>> {
    db.all(ALL, &[], template)
}

fn operators(scope: &Scope) -> Result<()> {
    if *scope == Scope::Operator { Ok(()) } else { Err(StoreError::NotFound) }
}

fn check(template: &Template) -> Result<()> {
    if template.text.len() > TEMPLATE_BYTES_MAX {
        return Err(StoreError::TooLarge { what: "bytes in a file of a brand", max: TEMPLATE_BYTES_MAX });
    }
    Ok(())
}

fn advance(db: &Db, head: i64) -> Result<i64> {
    // Not run again by the store: what was tried has to be tried again.
    db.opt(MOVE, &[head.into()], |row| row.int(0))?.ok_or(StoreError::Conflict)
}

fn bounded(db: &Db) -> Result<()> {
    let (templates, letters) = db.one(TOTAL, &[], |row| Ok((row.int(0)?, row.int(1)?)))?;
    if templates > TEMPLATES_MAX {
        return Err(StoreError::Refused(format!("at most {TEMPLATES_MAX} files of brands of one's own; remove some first")));
    }
    if letters > TEMPLATES_BYTES_MAX {
        let most = TEMPLATES_BYTES_MAX >> 20;
        return Err(StoreError::Refused(format!("at most {most} MiB of files of brands of one's own; remove some first")));
    }
    Ok(())
}

fn changed(db: &Db, now: Time, brand: &str, file: &str) -> Result<()> {
    enqueue(db, now, TOPIC, json!({ "brand": brand, "file": file }).to_string())
}

fn template(row: &Row<'_>) -> Result<Template> {
    let text = |at| Ok::<_, StoreError>(row.text(at)?.to_owned());
    Ok(Template {
        brand: text(0)?,
        file: text(1)?,
        text: text(2)?,
        base: Base { hash: text(3)?, version: text(4)? },
        created: Time::from_millis(row.int(5)?),
        updated: Time::from_millis(row.int(6)?),
        updated_by: text(7)?,
        revision: row.int(8)?,
    })
}
