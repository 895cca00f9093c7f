//! What Rust files may hold.

use tidy::assert_none;
use tidy::source::{Kind, pieces};
use tidy::tree::{File, rust_files};

/// A file longer than this is asked to split.
const LINES_MAX: usize = 600;

/// Longer files that stay whole, each with its reason.
const LONG_FILES: [(&str, &str); 0] = [];

#[test]
fn files_fit_in_one_reading() {
    let mut problems = Vec::new();
    for file in rust_files() {
        let lines = file.text.lines().count();
        let excused = LONG_FILES.iter().any(|(path, _)| *path == file.path);
        if lines > LINES_MAX && !excused {
            problems.push(format!("{}: {lines} lines; split it at a seam, or add it to LONG_FILES with the reason", file.path));
        }
        if lines <= LINES_MAX && excused {
            problems.push(format!("{}: {lines} lines; it no longer needs its place in LONG_FILES", file.path));
        }
    }
    assert_none(&problems);
}

#[test]
fn every_module_says_what_it_is_for() {
    let problems: Vec<_> = rust_files()
        .iter()
        .filter(|file| file.path.contains("/src/") && !file.text.starts_with("//!"))
        .map(|file| format!("{}: starts without a `//!` line", file.path))
        .collect();
    assert_none(&problems);
}

#[test]
fn sql_is_spoken_in_the_store_only() {
    let mut problems = Vec::new();
    for file in rust_files().iter().filter(|file| !file.path.starts_with("crates/store/") && !is_test_file(file)) {
        for piece in pieces(&file.text) {
            if piece.kind == Kind::Literal && is_sql(piece.text) {
                problems.push(format!("{}:{}: {:?}", file.path, piece.line, piece.text));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn code_keeps_the_plain_bans() {
    let mut problems = Vec::new();
    for file in rust_files() {
        for piece in pieces(&file.text).iter().filter(|piece| piece.kind == Kind::Code) {
            for (offset, line) in piece.text.lines().enumerate() {
                problems.extend(banned_in(line).map(|why| format!("{}:{}: {why}", file.path, piece.line + offset)));
            }
        }
    }
    assert_none(&problems);
}

/// A process that a test starts may be written as an ignored test; the reason then says so.
#[test]
fn no_test_is_switched_off() {
    let mut problems = Vec::new();
    for file in rust_files() {
        let pieces = pieces(&file.text);
        for (at, piece) in pieces.iter().enumerate().filter(|(_, piece)| piece.kind == Kind::Code && piece.text.contains("#[ignore")) {
            let reason = pieces.get(at + 1).filter(|_| piece.text.ends_with("#[ignore = "));
            if !reason.is_some_and(|reason| reason.text.starts_with("not a test")) {
                problems.push(format!("{}:{}: a test that is switched off tests nothing", file.path, piece.line));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn the_scan_sees_what_it_looks_for() {
    assert!(is_sql("\n    SELECT mac FROM device"));
    assert!(is_sql("update device set state = ?1"));
    assert!(!is_sql("Select a phone."));
    assert!(!is_sql("update the phone"));
    assert_eq!(banned_in("    #[allow(dead_code)]").count(), 1);
    assert_eq!(banned_in("pub unsafe fn f() {}").count(), 1);
    assert_eq!(banned_in("    todo!()").count(), 1);
    assert_eq!(banned_in("forbid(unsafe_code) and allow_global(1)").count(), 0);
}

fn is_sql(literal: &str) -> bool {
    let text = literal.trim_start().to_ascii_lowercase();
    let first = [
        "insert into ",
        "delete from ",
        "create table ",
        "create index ",
        "create unique index ",
        "alter table ",
        "drop table ",
        "pragma ",
    ];
    first.iter().any(|verb| text.starts_with(verb))
        || text.starts_with("select ") && text.contains(" from ")
        || text.starts_with("update ") && text.contains(" set ")
}

/// Why a line of code is refused.
fn banned_in(line: &str) -> impl Iterator<Item = &'static str> {
    let bans: [(&[&str], &str); 4] = [
        (&["unsafe"], "unsafe code"),
        (&["todo!", "unimplemented!"], "unfinished"),
        (&["#[allow(", "#![allow("], "use #[expect(lint, reason = \"…\")]"),
        (&["dbg!"], "a left-over print"),
    ];
    bans.into_iter().filter(move |(words, _)| words.iter().any(|word| stands_alone(line, word))).map(|(_, why)| why)
}

/// The word is there, and is not a part of a longer name.
fn stands_alone(line: &str, word: &str) -> bool {
    let in_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let glued_after = word.ends_with(in_name) && line[at + word.len()..].starts_with(in_name);
        !line[..at].ends_with(in_name) && !glued_after
    })
}

/// Tests may reach into a database to damage it.
fn is_test_file(file: &File) -> bool {
    file.path.contains("/tests/")
}
