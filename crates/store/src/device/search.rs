//! Devices by what somebody types: ranges of the search table, one behind the other.
//!
//! A page is sorted by word and MAC. A device that several words match is listed at the first. What no range narrows, as a state, is
//! looked at row by row, up to a limit; then the page comes short, with the place to go on at.

use domain::Time;
use uuid::Uuid;

use super::list::{Bounded, Listed, load};
use super::word::{self, ADDRESS, EXTENSION, LABEL, MAC, MODEL, TAIL};
use crate::Result;
use crate::db::{Arg, Db, statements};
use crate::limits::{PAGE_MAX, SEARCH_BATCH, SEARCH_EXAMINED_MAX};
use crate::page::{Cursor, Page};
use crate::scope::Scope;

/// The most ranges that a text stands for: one of each kind.
const RANGES: usize = 6;

/// Whether a row of the search table is a find: within scope and filter, and none of the device's other words was found before.
macro_rules! found {
    ($range:literal) => {
        concat!(
            "select w.word, w.mac, coalesce(d.mac is not null and (d.reseller = $1 or $1 is null) and (d.customer = $2 or $2 is null)
            and (d.site = $3 or $3 is null) and (d.customer = $4 or $4 is null) and (d.site = $5 or $5 is null)
            and (lower(d.model) = $6 or $6 is null) and (d.look > 0 or $7)
            and case when d.state = 'failed' and d.failed_until <= $8 then 'needed' else d.state end in ($9, $10, $11, $12)
            and not exists (select 1 from device_word e where e.mac = w.mac and e.word < w.word
                and (e.word >= $13 and e.word < $14 or e.word >= $15 and e.word < $16 or e.word >= $17 and e.word < $18
                or e.word >= $19 and e.word < $20 or e.word >= $21 and e.word < $22 or e.word >= $23 and e.word < $24)), false) as found
            from (select word, mac from device_word where ",
            $range,
            " order by word, mac limit $28) w left join device d on d.mac = w.mac"
        )
    };
}

statements! {
    ANYWHERE = found!("(word, mac) > ($25, $26) and word < $27");
    OF_RESELLER = found!("reseller = $1 and (word, mac) > ($25, $26) and word < $27");
    OF_CUSTOMER = found!("customer = $4 and (word, mac) > ($25, $26) and word < $27");
}

/// Words from `from` on, up to `to` without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Range {
    from: Vec<u8>,
    to: Vec<u8>,
}

impl Range {
    fn prefix(kind: char, text: &str) -> Self {
        let from = word::word(kind, text).into_bytes();
        let mut to = from.clone();
        // No byte of UTF-8 is the last one there is.
        if let Some(last) = to.last_mut() {
            *last += 1;
        }
        Self { from, to }
    }

    fn exactly(kind: char, text: &str) -> Self {
        let from = word::word(kind, text).into_bytes();
        let to = [from.as_slice(), &[0]].concat();
        Self { from, to }
    }
}

/// What a text may mean, in the order of the kinds. Nothing, for a text of blanks.
pub(super) fn meanings(text: &str) -> Vec<Range> {
    let text = word::tidy(text).to_lowercase();
    if text.is_empty() {
        return Vec::new();
    }
    let mut ranges = Vec::with_capacity(RANGES);
    let has = |wanted: &[char]| text.contains(wanted);
    if has(&['.', ':']) && text.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, '.' | ':')) {
        ranges.push(Range::prefix(ADDRESS, &text));
    }
    if !has(&[' ']) {
        ranges.push(Range::prefix(EXTENSION, &text));
    }
    ranges.push(Range::prefix(LABEL, &text));
    let bare: String = text.chars().filter(|c| !matches!(c, ':' | '-' | '.' | ' ')).collect();
    let hex = !bare.is_empty() && bare.len() <= 12 && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hex {
        ranges.push(Range::prefix(MAC, &bare));
    }
    ranges.push(Range::prefix(MODEL, &text));
    if hex && (4..=6).contains(&bare.len()) {
        ranges.push(Range::prefix(TAIL, &word::reversed(&bare)));
    }
    ranges
}

/// Devices of a model, whatever their state.
pub(super) fn of_model(model: &str) -> Vec<Range> {
    vec![Range::exactly(MODEL, model)]
}

struct Candidate {
    word: String,
    mac: String,
    found: bool,
}

impl Candidate {
    fn cursor(&self) -> Cursor {
        Cursor { id: Uuid::nil(), name: format!("{}{}", self.mac, self.word) }
    }
}

/// A page of what is found in these ranges.
pub(super) fn find(db: &Db, bounded: &Bounded, ranges: &[Range], now: Time, after: Option<&Cursor>, limit: usize) -> Result<Page<Listed>> {
    let limit = limit.clamp(1, PAGE_MAX);
    let (mut found, mut last, mut examined): (Vec<Candidate>, Option<Cursor>, usize) = (Vec::new(), None, 0);
    let start = after.and_then(|after| after.name.split_at_checked(12)).unwrap_or_default();
    for range in ranges.iter().filter(|range| range.to.as_slice() > start.1.as_bytes()) {
        let begin = if start.1.as_bytes() >= range.from.as_slice() { start } else { Default::default() };
        let mut from =
            if begin.1.is_empty() { (range.from.clone(), String::new()) } else { (begin.1.as_bytes().to_vec(), begin.0.to_owned()) };
        let mut batch = limit + 1;
        loop {
            let rows = candidates(db, bounded, ranges, now, &from, &range.to, batch)?;
            let (whole, count) = (rows.len() == batch, rows.len());
            if let Some(row) = rows.last() {
                from = (row.word.clone().into_bytes(), row.mac.clone());
                last = Some(row.cursor());
            }
            found.extend(rows.into_iter().filter(|row| row.found));
            examined += count;
            if found.len() > limit || examined >= SEARCH_EXAMINED_MAX || !whole {
                break;
            }
            batch = SEARCH_BATCH;
        }
        if found.len() > limit || examined >= SEARCH_EXAMINED_MAX {
            break;
        }
        last = None;
    }
    let next = if found.len() > limit { found.get(limit - 1).map(Candidate::cursor) } else { last };
    found.truncate(limit);
    let macs: Vec<&str> = found.iter().map(|row| row.mac.as_str()).collect();
    Ok(Page { items: load(db, &bounded.scope, &macs)?, next })
}

fn candidates(
    db: &Db,
    bounded: &Bounded,
    ranges: &[Range],
    now: Time,
    from: &(Vec<u8>, String),
    to: &[u8],
    batch: usize,
) -> Result<Vec<Candidate>> {
    let mut args = bounded.args(now);
    for at in 0..RANGES {
        let (from, to): (&[u8], &[u8]) = ranges.get(at).map_or((&[], &[]), |range| (&range.from, &range.to));
        args.extend([Arg::Bytes(from), Arg::Bytes(to)]);
    }
    args.extend([Arg::Bytes(&from.0), (&from.1).into(), Arg::Bytes(to), i64::try_from(batch).unwrap_or(i64::MAX).into()]);
    let statement = match bounded.scope {
        _ if bounded.customer.is_some() => OF_CUSTOMER,
        Scope::Reseller(_) => OF_RESELLER,
        _ => ANYWHERE,
    };
    let mut rows = db.all(statement, &args, |row| {
        let word = String::from_utf8_lossy(row.bytes(0)?).into_owned();
        Ok(Candidate { word, mac: row.text(1)?.to_owned(), found: row.bool(2)? })
    })?;
    // They come sorted, unless an engine joins them in another order.
    rows.sort_unstable_by(|left, right| (&left.word, &left.mac).cmp(&(&right.word, &right.mac)));
    Ok(rows)
}
