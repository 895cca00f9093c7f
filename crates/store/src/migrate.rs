//! Brings a database to this program's schema, once, whoever comes first.
//!
//! Migrations are written in PostgreSQL's spelling. For SQLite three type names are swapped and every table becomes `strict`. A file that
//! has been released is never edited: its checksum is recorded, and another text is refused.

use sha2::{Digest, Sha256};

use crate::db::{Db, Engine, statements};
use crate::{Result, StoreError};

/// One file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    pub number: i64,
    pub name: &'static str,
    pub text: &'static str,
}

/// All files, in order.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "foundation", text: include_str!("../migrations/0001_foundation.sql") },
    Migration { number: 2, name: "tenancy and devices", text: include_str!("../migrations/0002_tenancy_and_devices.sql") },
    Migration { number: 3, name: "calls", text: include_str!("../migrations/0003_calls.sql") },
    Migration { number: 4, name: "trunks", text: include_str!("../migrations/0004_trunks.sql") },
    Migration { number: 5, name: "prompts", text: include_str!("../migrations/0005_prompts.sql") },
    Migration { number: 6, name: "transport", text: include_str!("../migrations/0006_transport.sql") },
    Migration { number: 7, name: "contacts", text: include_str!("../migrations/0007_contacts.sql") },
    Migration { number: 8, name: "menu passwords", text: include_str!("../migrations/0008_menu_passwords.sql") },
    Migration { number: 9, name: "api answers", text: include_str!("../migrations/0009_api_answers.sql") },
    Migration { number: 10, name: "search and imports", text: include_str!("../migrations/0010_search.sql") },
    Migration { number: 11, name: "events", text: include_str!("../migrations/0011_events.sql") },
    Migration { number: 12, name: "sessions", text: include_str!("../migrations/0012_sessions.sql") },
    Migration { number: 13, name: "device before", text: include_str!("../migrations/0013_device_before.sql") },
    Migration { number: 14, name: "portal", text: include_str!("../migrations/0014_portal.sql") },
    Migration { number: 15, name: "template", text: include_str!("../migrations/0015_template.sql") },
    Migration { number: 16, name: "redirect", text: include_str!("../migrations/0016_redirect.sql") },
];

type Fill = fn(&Db) -> Result<()>;

/// What SQL cannot do, as it looks into sealed columns: run behind the file of that number, in the same transaction.
const FILLS: &[(i64, Fill)] = &[(10, crate::device::fill_search)];

/// Any number that other users of the PostgreSQL database are unlikely to lock: "ringfenc" in ASCII.
const ADVISORY_LOCK: i64 = 0x7269_6e67_6665_6e63;

const RECORD: &str = "create table if not exists schema_migration (number bigint primary key, name text not null, checksum text not null)";

statements! {
    RECORDED = "select number, checksum from schema_migration order by number";
    INSERT = "insert into schema_migration (number, name, checksum) values ($1, $2, $3)";
}

/// Applies what is missing, and calls `then` in the same transaction. Everybody else who opens the database waits.
pub(crate) fn run(db: &Db, migrations: &[Migration], then: impl Fn(&Db) -> Result<()>) -> Result<()> {
    match db.engine() {
        Engine::Sqlite(_) => db.batch("begin immediate")?,
        Engine::Postgres(_) => db.batch(&format!("begin; select pg_advisory_xact_lock({ADVISORY_LOCK})"))?,
    }
    let done = apply(db, migrations).and_then(|applied| {
        // Proves first that the keys fit: a fill opens what they sealed.
        then(db)?;
        FILLS.iter().filter(|(number, _)| applied.contains(number)).try_for_each(|(_, fill)| fill(db))?;
        db.batch("commit")
    });
    if done.is_err() {
        // The first error tells what happened; a failing rollback adds nothing.
        let _ = db.batch("rollback");
    }
    done
}

/// Returns the numbers of the files that were missing.
fn apply(db: &Db, migrations: &[Migration]) -> Result<Vec<i64>> {
    let sqlite = matches!(db.engine(), Engine::Sqlite(_));
    db.batch(&if sqlite { for_sqlite(&format!("{RECORD};")) } else { RECORD.to_owned() })?;
    let recorded = db.all(RECORDED, &[], |row| Ok((row.int(0)?, row.text(1)?.to_owned())))?;
    let known = migrations.last().map_or(0, |last| last.number);
    if let Some((found, _)) = recorded.last().filter(|(found, _)| *found > known) {
        return Err(StoreError::Newer { found: *found, known });
    }
    let mut applied = Vec::new();
    for migration in migrations {
        let checksum = checksum(migration.text);
        match recorded.iter().find(|(number, _)| *number == migration.number) {
            Some((_, seen)) if *seen == checksum => {}
            Some(_) => return Err(StoreError::Changed(migration.number)),
            None => {
                db.batch(&if sqlite { for_sqlite(migration.text) } else { migration.text.to_owned() })?;
                db.exec(INSERT, &[migration.number.into(), migration.name.into(), (&checksum).into()])?;
                tracing::info!(number = migration.number, name = migration.name, "migrated the database");
                applied.push(migration.number);
            }
        }
    }
    Ok(applied)
}

/// SQLite's spelling: types swapped, tables strict. A table's definition ends with `);` on a line of its own, or in one line.
fn for_sqlite(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len());
    let mut in_table = false;
    for line in text.lines() {
        let code = line.split("--").next().unwrap_or_default();
        in_table |= code.trim_start().starts_with("create table");
        let ends = in_table && code.trim_end().ends_with(");");
        let line = swap_words(code);
        if ends {
            spelled.push_str(line.trim_end().trim_end_matches(';'));
            spelled.push_str(" strict;");
            in_table = false;
        } else {
            spelled.push_str(&line);
        }
        spelled.push('\n');
    }
    spelled
}

fn swap_words(line: &str) -> String {
    let between = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let mut swapped = String::with_capacity(line.len());
    for piece in line.split_inclusive(between) {
        let word = piece.trim_end_matches(between);
        swapped.push_str(match word {
            "bigint" | "boolean" => "integer",
            "bytea" => "blob",
            other => other,
        });
        swapped.push_str(&piece[word.len()..]);
    }
    swapped
}

fn checksum(text: &str) -> String {
    crate::seal::hex(&Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgresql_spelling_becomes_sqlites() {
        let text = "create table t (\n    id bigint primary key, -- a bigint\n    on_ boolean not null,\n    blob_bytea bytea\n);\n\
                    create index t_on on t (on_) where (on_);\n";
        let expected = "create table t (\n    id integer primary key, \n    on_ integer not null,\n    blob_bytea blob\n) strict;\n\
                        create index t_on on t (on_) where (on_);\n";
        assert_eq!(for_sqlite(text), expected);
    }

    #[test]
    fn migrations_are_numbered_without_gaps() {
        for (expected, migration) in (1..).zip(MIGRATIONS) {
            assert_eq!(migration.number, expected, "{}", migration.name);
        }
    }
}
