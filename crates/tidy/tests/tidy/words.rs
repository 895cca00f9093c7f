//! What no text file may hold, whatever its language.

use tidy::addresses::public_addresses;
use tidy::assert_none;
use tidy::tree::{File, files};

/// Written in halves, so that this file passes its own test.
const REGISTRY_HOSTS: [(&str, &str); 6] = [
    ("crates", ".io"),
    ("pypi", ".org"),
    ("pythonhosted", ".org"),
    ("registry.npmjs", ".org"),
    ("deb.debian", ".org"),
    ("proxy.golang", ".org"),
];

/// Folders of one person's machine.
const HOME_FOLDERS: [(&str, &str); 4] = [("/ro", "ot/"), ("/ho", "me/"), ("/wo", "rk/"), ("/Us", "ers/")];

/// Neither samples nor anybody's: the edges of ranges, which tests must name.
const EDGES: [(&str, &str); 2] = [("100.128.0.1", "the first after carrier NAT"), ("198.51.0.0", "too wide a network")];

const UNFINISHED: [(&str, &str); 3] = [("FIX", "ME"), ("TO", "DO"), ("HA", "CK")];

#[test]
fn no_registry_is_named() {
    let hosts = joined(&REGISTRY_HOSTS);
    check(|file| !file.is_lock(), |line| hosts.iter().find(|host| line.contains(host.as_str())).cloned());
}

#[test]
fn no_path_of_one_machine() {
    let folders = joined(&HOME_FOLDERS);
    let starts_a_path = |line: &str, at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-}*".contains(c));
    check(
        |file| !file.is_lock(),
        |line| folders.iter().find(|folder| line.match_indices(folder.as_str()).any(|(at, _)| starts_a_path(line, at))).cloned(),
    );
}

#[test]
fn nothing_is_marked_unfinished() {
    let marks = joined(&UNFINISHED);
    let alone = |line: &str, mark: &str| {
        let in_word = |c: char| c.is_alphanumeric() || c == '_';
        line.match_indices(mark).any(|(at, _)| !line[..at].ends_with(in_word) && !line[at + mark.len()..].starts_with(in_word))
    };
    check(|file| !file.is_lock(), |line| marks.iter().find(|mark| alone(line, mark)).cloned());
}

/// Samples use the documentation ranges. Firmware versions look like addresses: they stand in files about a brand, or beside a word
/// that says so.
#[test]
fn no_address_of_somebody_real() {
    let version =
        |line: &str| ["firmware", "version", "yealink", "user-agent", "sip-"].iter().any(|word| line.to_ascii_lowercase().contains(word));
    let edge = |address: &String| EDGES.iter().any(|(edge, _)| edge == address);
    check(
        |file| !file.is_lock() && !["brands", "yealink", "grandstream", "firmware"].iter().any(|part| file.path.contains(part)),
        |line| if version(line) { None } else { public_addresses(line).into_iter().find(|address| !edge(address)) },
    );
}

#[test]
fn lines_end_clean() {
    check(|file| !is_recorded(file), |line| line.ends_with([' ', '\t']).then(|| "blanks at the end of the line".to_owned()));
    let problems: Vec<_> = files()
        .iter()
        .filter(|file| !is_recorded(file) && !file.text.is_empty() && !file.text.ends_with('\n'))
        .map(|file| format!("{}: the last line has no end", file.path))
        .collect();
    assert_none(&problems);
}

fn check(applies: impl Fn(&File) -> bool, problem: impl Fn(&str) -> Option<String>) {
    let mut problems = Vec::new();
    for file in files().iter().filter(|file| applies(file)) {
        problems.extend(file.lines().filter_map(|(number, line)| problem(line).map(|what| format!("{}:{number}: {what}", file.path))));
    }
    assert_none(&problems);
}

fn joined(halves: &[(&str, &str)]) -> Vec<String> {
    halves.iter().map(|(first, second)| format!("{first}{second}")).collect()
}

/// Bytes of real phones, and what a tool prints, stay as they are.
fn is_recorded(file: &File) -> bool {
    file.path.starts_with("fuzz/corpus/")
        || file.path.contains("/samples/")
        || file.path.contains("/snapshots/")
        || file.extension() == "proptest-regressions"
        || file.extension() == "snap"
}
