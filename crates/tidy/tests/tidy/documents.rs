//! The documents keep up with the code.

use std::collections::{BTreeMap, BTreeSet};

use domain::policy;
use domain::reason::Reason;
use tidy::{assert_none, manifest, tree};

#[test]
fn the_changelog_knows_this_version() {
    let heading = format!("## {}", manifest::version());
    assert!(tree::read("CHANGELOG.md").lines().any(|line| line.starts_with(&heading)), "CHANGELOG.md has no line \"{heading}\"");
}

#[test]
fn every_dependency_has_its_reason() {
    let listed = dependencies_of_the_architecture();
    let rooms = manifest::all();
    let used: BTreeSet<&String> = rooms.iter().flat_map(|room| room.uses.keys().chain(&room.tests_use)).collect();
    let from_outside = used.into_iter().filter(|name| !rooms.iter().any(|room| room.name == **name));
    let missing =
        from_outside.filter(|name| !listed.contains(name)).map(|name| format!("{name}: no line in ARCHITECTURE.md, Dependencies"));
    let declared = manifest::declared_dependencies();
    let stale = listed.iter().filter(|name| !declared.contains(name)).map(|name| format!("{name}: in ARCHITECTURE.md, yet not declared"));
    assert_none(&missing.chain(stale).collect::<Vec<_>>());
}

#[test]
fn every_room_is_on_the_map() {
    let map = tree::read("ARCHITECTURE.md");
    let problems: Vec<_> = manifest::all()
        .iter()
        .filter(|room| !map.contains(&format!("| `{}` |", room.name)))
        .map(|room| format!("{}: no line in ARCHITECTURE.md", room.folder))
        .collect();
    assert_none(&problems);
}

#[test]
fn the_guide_explains_every_reason() {
    let explained: BTreeSet<String> = guide_table("| reason |").into_iter().flat_map(|cells| quoted(&cells[0])).collect();
    let given: BTreeSet<String> = Reason::ALL.iter().map(|reason| reason.code().to_owned()).collect();
    assert_eq!(explained, given, "docs/operator.md, the table of reasons");
}

#[test]
fn the_guide_explains_every_policy_key_with_its_default() {
    let rows = guide_table("| key | default |");
    let explained: BTreeMap<String, String> = rows.iter().flat_map(|cells| quoted(&cells[0]).into_iter().zip(quoted(&cells[1]))).collect();
    let known: BTreeMap<String, String> =
        policy::DEFAULTS.iter().map(|(key, default)| ((*key).to_owned(), (*default).to_owned())).collect();
    assert_eq!(explained, known, "docs/operator.md, the table of policy keys");
}

/// Each link to a file of this project leads somewhere.
#[test]
fn links_lead_somewhere() {
    let mut problems = Vec::new();
    for file in tree::files().iter().filter(|file| file.extension() == "md") {
        let folder = tree::root().join(&file.path).parent().expect("a file lies in a folder").to_owned();
        for (number, line) in file.lines() {
            for target in line.split("](").skip(1).filter_map(|rest| rest.split([')', '#', ' ']).next()) {
                // The help's links lead to pages of the portal.
                let is_page = target.starts_with('/') && file.path.starts_with("crates/portal/help/");
                if !target.is_empty() && !target.contains(':') && !is_page && !folder.join(target).exists() {
                    problems.push(format!("{}:{number}: {target} is not there", file.path));
                }
            }
        }
    }
    assert_none(&problems);
}

/// The names in the first column of the table under "Dependencies".
fn dependencies_of_the_architecture() -> Vec<String> {
    let text = tree::read("ARCHITECTURE.md");
    let section =
        text.split("\n## ").find(|section| section.starts_with("Dependencies")).expect("ARCHITECTURE.md has a section Dependencies");
    let first_cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
    first_cells.flat_map(|cell| cell.split(',').map(|name| name.trim().trim_matches('`').to_owned())).collect()
}

/// The rows of the operator guide's table whose heading starts so, as cells.
fn guide_table(heading: &str) -> Vec<Vec<String>> {
    let guide = tree::read("docs/operator.md");
    let table = guide.split("\n\n").find(|block| block.starts_with(heading)).unwrap_or_else(|| panic!("no table {heading:?} in the guide"));
    let cells = |row: &str| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
    table.lines().skip(2).map(cells).collect()
}

/// What stands between backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
