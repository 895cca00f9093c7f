//! The table of brands and stories, as committed text.

use std::fmt::Write as _;
use std::path::Path;

use redirect::Kind;

use crate::maker;
use crate::play::{Cell, Play};
use crate::{Boot, Life};

const HEAD: &str = "# What each brand is known to do

Every \"yes\" is a story that a simulated phone of the brand lives through against the program as it is shipped, whenever the tests run.
The phone asks in its brand's order, logs in as its brand does, reads by itself what it is served, and refuses what the real one would
ignore. It is built from the makers' documents and from what others saw real phones do; no table replaces trying your own model.
A \"yes\" with a number rests on less, as its note says.

The redirect service that a row names is played for the one-time password: our client tells it of the phone, and the phone asks it out of
its carton. What phones ask and are told there is published by no maker and therefore invented. Where no service is named, and in the other
stories, the phone is given what a service would tell it.

This page is made by the tests: `BRANDS_BLESS=1 cargo test -p ringfence --test brands`.

| story | what it tells |
| --- | --- |
| front door | a phone without a login, brought by redirect service, is refused and answered in a way that it can bear |
| one-time password | its redirect service sends it with the global login: it gets its full config, comes back with a login of its own, and the password is spent, also for a phone that is sent once more after a reset |
| typed login | a person types the global login: into the window that asks for it, or on the phone's web page |
| restricted | where the PIN is asked for, it gets one account that reaches nobody but the service, and the notice on its display |
| PIN | the PIN keyed in during a real call clears it |
| full | its lines work, and nothing of the restriction is left |
| resync | it is told by NOTIFY and fetches at once, and by itself in its own time |
| reset | after a reset it is restricted again without anybody touching it, and the PIN clears it anew |
| trusted network | in a trusted network it gets its full config with neither login nor PIN |

";

const BOOT_HEAD: &str = "
## An ordinary boot

What it costs when a phone in service is switched on: requests, how many of them are answered 401 because the phone shows its login only
when asked, how many 404 because it asks for files that nobody needs, and the bytes of all bodies. The phone has one line; addresses and
ports differ from run to run, so the last bytes do.

| brand | played | requests | 401 | 404 | kB |
| --- | --- | ---: | ---: | ---: | ---: |
";

/// How far the size of a boot may be from the committed one: addresses and ports are longer or shorter by a few digits each.
const BYTES_APART: f64 = 300.0;

/// Compares these rows with the committed table, or writes it anew if that is asked for.
pub(crate) fn compare(rows: &[(&Play, &Life)], is_part: bool) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/matrix.md");
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let made = render(rows, &committed);
    if std::env::var_os("BRANDS_BLESS").is_some() {
        assert!(!is_part, "a table of some brands only is not written");
        return std::fs::write(path, made).unwrap();
    }
    let how = "BRANDS_BLESS=1 cargo test -p ringfence --test brands writes docs/matrix.md anew";
    if is_part {
        for (play, life) in rows {
            let told = life.cells.as_slice();
            let start = row(play, told, &mut Vec::new());
            let start = start.split('|').take(3).collect::<Vec<_>>().join("|");
            let known = committed.lines().find(|line| line.starts_with(&start)).unwrap_or_default();
            assert_eq!(marks(known), marks(&row(play, told, &mut Vec::new())), "{}: {how}", play.title);
        }
    } else {
        assert_eq!(made, committed, "{how}");
    }
}

/// The marks of a row without the numbers of its footnotes.
fn marks(row: &str) -> Vec<&str> {
    row.split('|').skip(3).map(|cell| cell.trim().split(' ').next().unwrap_or_default()).collect()
}

fn render(rows: &[(&Play, &Life)], committed: &str) -> String {
    let mut text = HEAD.to_owned();
    let headings: Vec<_> = Cell::ALL.iter().map(|cell| cell.heading()).collect();
    writeln!(text, "| brand | played | redirect service | {} |", headings.join(" | ")).unwrap();
    writeln!(text, "| --- | --- | --- |{}", " --- |".repeat(headings.len())).unwrap();
    let mut notes = Vec::new();
    for (play, life) in rows {
        text.push_str(&row(play, &life.cells, &mut notes));
    }
    if !notes.is_empty() {
        text.push('\n');
    }
    for (number, note) in (1..).zip(&notes) {
        writeln!(text, "{number}. {note}").unwrap();
    }
    text.push_str(BOOT_HEAD);
    for (play, boot) in rows.iter().filter_map(|(play, life)| Some((play, life.boot?))) {
        text.push_str(&boot_row(play, boot, committed));
    }
    text
}

/// A boot's row; the committed size stays if this one is as good as the same.
fn boot_row(play: &Play, boot: Boot, committed: &str) -> String {
    let start = format!("| {} | {} | {} | {} | {} |", play.title, play.model, boot.requests, boot.challenges, boot.not_found);
    let known = committed.lines().find_map(|line| line.strip_prefix(&start)?.trim_matches([' ', '|']).parse::<f64>().ok());
    let kilobytes = f64::from(u32::try_from(boot.bytes).unwrap()) / 1_000.0;
    let shown = known.filter(|known| (known - kilobytes).abs() * 1_000.0 <= BYTES_APART).unwrap_or(kilobytes);
    format!("{start} {shown:.1} |\n")
}

fn row(play: &Play, told: &[Cell], notes: &mut Vec<&'static str>) -> String {
    let cells: Vec<String> = Cell::ALL.iter().map(|cell| mark(play, told, *cell, notes)).collect();
    let service = maker::kind_of(play).map_or("–", Kind::title);
    format!("| {} | {} | {service} | {} |\n", play.title, play.model, cells.join(" | "))
}

/// `yes`, or `–` with the number of the reason; a `yes` that rests on guesses has a number too. A story that was told although it cannot
/// be is a mistake in the row.
fn mark(play: &Play, told: &[Cell], cell: Cell, notes: &mut Vec<&'static str>) -> String {
    let was_told = told.contains(&cell);
    match (play.reason(cell), play.rests_on) {
        (None, rests_on) => {
            assert!(was_told, "{}: {cell:?} was neither told nor has a reason", play.title);
            rests_on.map_or_else(|| "yes".to_owned(), |why| format!("yes ({})", number(notes, why)))
        }
        (Some(why), _) => {
            assert!(!was_told, "{}: {cell:?} was told although {why}", play.title);
            format!("– ({})", number(notes, why))
        }
    }
}

/// The number of a note, which is made if it is new.
fn number(notes: &mut Vec<&'static str>, why: &'static str) -> usize {
    let known = notes.iter().position(|note| *note == why).unwrap_or_else(|| {
        notes.push(why);
        notes.len() - 1
    });
    known + 1
}
