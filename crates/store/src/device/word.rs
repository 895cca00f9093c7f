//! What a device is found by: its words, kept in the device's own transaction.
//!
//! A word is a kind and a lower-case text. They stand in clear, as a search through sealed columns would open them all: MAC, model, label,
//! where the device last fetched from, and of its lines the extensions alone.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use domain::Mac as Address;
use domain::device::Device;
use domain::tenancy::CustomerId;
use uuid::Uuid;

use super::{Setup, by_mac, setup};
use crate::db::{Arg, Db, statements};
use crate::limits::{SEARCH_LABEL_WORDS_MAX, SEARCH_WORD_BYTES_MAX};
use crate::scope::{Scope, id, opt_id};
use crate::{Result, StoreError};

/// The kinds, in the order in which their finds are listed.
pub(super) const ADDRESS: char = 'a';
pub(super) const EXTENSION: char = 'e';
pub(super) const LABEL: char = 'l';
pub(super) const MAC: char = 'm';
pub(super) const MODEL: char = 'p';
pub(super) const TAIL: char = 't';

statements! {
    // Twelve at a time, nulls behind the last: an ordinary device has eight. The first branch gives the column its type.
    INSERT = "with v (word) as (select word from device_word where false union all select $1 union all select $2 union all select $3
        union all select $4 union all select $5 union all select $6 union all select $7 union all select $8 union all select $9
        union all select $10 union all select $11 union all select $12)
        insert into device_word (word, mac, customer, reseller)
        select v.word, d.mac, d.customer, d.reseller from v join device d on d.mac = $13 where v.word is not null
        on conflict (word, mac) do nothing";
    OF_DEVICE = "select word from device_word where mac = $1";
    REMOVE = "delete from device_word where mac = $1";
    REMOVE_ONE = "delete from device_word where word = $1 and mac = $2";
    REMOVE_KIND = "delete from device_word where mac = $1 and word >= $2 and word < $3";
    RELOCATE = "update device_word set customer = (select d.customer from device d where d.mac = device_word.mac),
        reseller = (select d.reseller from device d where d.mac = device_word.mac) where mac = $1";
    RESELLER_OF_DEVICES = "update device set reseller = $1 where customer = $2";
    RESELLER_OF_WORDS = "update device_word set reseller = $1 where customer = $2";
    MACS = "select d.mac, n.address from device d left join device_seen n on n.mac = d.mac where d.mac > $1 order by d.mac limit 500";
}

/// The words of a new device.
pub(super) fn add(db: &Db, device: &Device, setup: &Setup) -> Result<()> {
    insert(db, &device.mac.to_string(), &words(device, setup).into_iter().collect::<Vec<_>>())
}

/// Brings a device's words to what it is now; its address stays.
pub(super) fn refresh(db: &Db, device: &Device, setup: &Setup) -> Result<()> {
    let (mac, wanted) = (device.mac.to_string(), words(device, setup));
    let kept: BTreeSet<String> =
        db.all(OF_DEVICE, &[(&mac).into()], |row| Ok(String::from_utf8_lossy(row.bytes(0)?).into_owned()))?.into_iter().collect();
    for old in kept.iter().filter(|word| !word.starts_with(ADDRESS) && !wanted.contains(*word)) {
        db.exec(REMOVE_ONE, &[Arg::Bytes(old.as_bytes()), (&mac).into()])?;
    }
    insert(db, &mac, &wanted.into_iter().filter(|word| !kept.contains(word)).collect::<Vec<_>>())
}

/// A device stands elsewhere now.
pub(super) fn relocate(db: &Db, mac: &str) -> Result<()> {
    db.exec(RELOCATE, &[mac.into()]).map(drop)
}

/// A device is gone.
pub(super) fn remove(db: &Db, mac: &str) -> Result<()> {
    db.exec(REMOVE, &[mac.into()]).map(drop)
}

/// A device was served at another address than before.
pub(crate) fn note_address(db: &Db, mac: &str, address: &str) -> Result<()> {
    let (from, to) = (String::from(ADDRESS), following(ADDRESS));
    db.exec(REMOVE_KIND, &[mac.into(), Arg::Bytes(from.as_bytes()), Arg::Bytes(&to)])?;
    insert(db, mac, &[word(ADDRESS, address)])
}

/// A customer has another reseller now, or none.
pub(crate) fn moved_to_reseller(db: &Db, customer: CustomerId, reseller: Option<&Uuid>) -> Result<()> {
    for statement in [RESELLER_OF_DEVICES, RESELLER_OF_WORDS] {
        db.exec(statement, &[opt_id(reseller), id(&customer.0)])?;
    }
    Ok(())
}

/// Makes the words of all devices that were there before there were any, and marks those that may want attention.
pub(crate) fn fill(db: &Db) -> Result<()> {
    let mut after = String::new();
    loop {
        let page = db.all(MACS, &[(&after).into()], |row| Ok((row.text(0)?.to_owned(), row.opt_text(1)?.map(str::to_owned))))?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after.clone_from(last);
        for (mac, address) in page {
            let parsed: Address = mac.parse().map_err(|_| StoreError::Damaged { table: "device", column: "mac", row: mac.clone() })?;
            let stored = by_mac(db, &Scope::Operator, parsed)?;
            add(db, &stored.device, &setup(db, &Scope::Operator, parsed)?)?;
            if let Some(address) = address {
                insert(db, &mac, &[word(ADDRESS, &address)])?;
            }
            if super::may_want_attention(&stored.device.auth) {
                db.exec(super::MARK, &[(&mac).into()])?;
            }
        }
    }
}

fn insert(db: &Db, mac: &str, words: &[String]) -> Result<()> {
    for twelve in words.chunks(12) {
        let mut args: Vec<Arg<'_>> = twelve.iter().map(|word| Arg::Bytes(word.as_bytes())).collect();
        args.resize(12, Arg::Null);
        args.push(mac.into());
        db.exec(INSERT, &args)?;
    }
    Ok(())
}

/// All words of a device but its address.
fn words(device: &Device, setup: &Setup) -> BTreeSet<String> {
    let (mac, model) = (device.mac.to_string(), device.model.as_str());
    let name = model.split_once('/').map_or(model, |(_, name)| name);
    let mut all = BTreeSet::from([word(MAC, &mac), word(TAIL, &reversed(&mac)), word(MODEL, model), word(MODEL, name)]);
    all.extend(setup.extensions().iter().filter(|number| !number.is_empty()).map(|number| word(EXTENSION, number)));
    let label = tidy(&device.label);
    all.extend(beginnings(&label).take(SEARCH_LABEL_WORDS_MAX).map(|at| word(LABEL, &label[at..])));
    all
}

/// A word as it is stored and compared.
pub(super) fn word(kind: char, text: &str) -> String {
    let mut word = format!("{kind}{}", text.to_lowercase());
    word.truncate(word.floor_char_boundary(SEARCH_WORD_BYTES_MAX));
    word
}

/// What sorts behind all words of a kind.
pub(super) fn following(kind: char) -> Vec<u8> {
    vec![kind as u8 + 1]
}

pub(super) fn reversed(text: &str) -> String {
    text.chars().rev().collect()
}

/// One blank between words, none around.
pub(super) fn tidy(text: &str) -> String {
    text.split_whitespace().fold(String::new(), |mut tidy, word| {
        let blank = if tidy.is_empty() { "" } else { " " };
        let _ = write!(tidy, "{blank}{word}");
        tidy
    })
}

/// Where words begin: behind a blank, and where letters or digits follow on something else. Each is stored with all that follows, so that
/// several words are found together.
fn beginnings(label: &str) -> impl Iterator<Item = usize> + '_ {
    let mut before = ' ';
    label.char_indices().filter_map(move |(at, c)| {
        let begins = !c.is_whitespace() && (before.is_whitespace() || c.is_alphanumeric() && !before.is_alphanumeric());
        before = c;
        begins.then_some(at)
    })
}
