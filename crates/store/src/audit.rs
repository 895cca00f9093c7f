//! The audit: who did what to whom, each entry chained to the one before by SHA-256.
//!
//! The head of the chain is sealed, so that cutting the end off, or writing the chain anew, needs the master key. Entries are held back
//! until the end of their transaction and chained under the lock of one row.

use domain::Time;
use domain::audit::Entry;
use domain::tenancy::Node;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::db::{Db, Row, statements};
use crate::limits::{AUDIT_FIELD_BYTES_MAX, AUDIT_LOOKED_THROUGH, AUDIT_PER_WRITE_MAX, PAGE_MAX};
use crate::scope::{Bounds, Scope, id, node, node_columns};
use crate::seal::Place;
use crate::{Result, StoreError};

/// An entry that waits for its transaction to end.
#[derive(Debug)]
pub(crate) struct Draft {
    node: Node,
    entry: Entry,
}

/// An entry as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its number, from 1 without gaps.
    pub seq: i64,
    /// The branch of the tenancy tree that it belongs to.
    pub node: Node,
    /// What happened.
    pub entry: Entry,
}

/// What [`verify`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All entries are as they were written.
    Whole {
        /// How many.
        entries: i64,
    },
    /// This entry, or the lack of it, breaks the chain.
    Broken {
        /// Its number.
        seq: i64,
    },
}

statements! {
    HEAD = "update audit_head set seq = seq + $1 where id = 1 returning seq, hash";
    SET_HEAD = "update audit_head set hash = $1 where id = 1";
    PEEK = "select seq, hash from audit_head where id = 1";
    ADD = "insert into audit (seq, at, node_kind, node, actor, action, subject, detail, hash) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    FROM = "select seq, at, node_kind, node, actor, action, subject, detail, hash from audit where seq > $1 order by seq limit $2";
    NEWEST = "select a.seq, a.at, a.node_kind, a.node, a.actor, a.action, a.subject, a.detail, a.hash from audit a
        left join site s on a.node_kind = 'site' and s.id = a.node
        left join customer c on c.id = case when a.node_kind = 'customer' then a.node else s.customer end
        where a.seq < $1
        and (c.reseller = $2 or (a.node_kind = 'reseller' and a.node = $2) or $2 is null)
        and (c.id = $3 or $3 is null) and (s.id = $4 or $4 is null)
        order by a.seq desc limit $5";
    OF_SUBJECT = "select a.seq, a.at, a.node_kind, a.node, a.actor, a.action, a.subject, a.detail, a.hash
        from (select * from audit where node_kind = $1 and node = $2 order by seq desc limit $3) a
        where a.subject = $4 order by a.seq desc limit $5";
    SINCE = "select a.seq, a.at, a.node_kind, a.node, a.actor, a.action, a.subject, a.detail, a.hash
        from (select * from audit where node_kind = $1 and node = $2 order by seq desc limit $3) a
        where a.at > $4 and a.action in ($5, $6) order by a.seq desc limit $7";
}

/// Writes an entry with the transaction that `db` is in. `node` says whose branch it belongs to.
pub fn append(db: &Db, node: Node, entry: &Entry) -> Result<()> {
    let mut pending = db.audit().borrow_mut();
    if pending.len() >= AUDIT_PER_WRITE_MAX {
        return Err(StoreError::TooLarge { what: "audit entries in one transaction", max: AUDIT_PER_WRITE_MAX });
    }
    let cut = |text: &String| text[..text.floor_char_boundary(AUDIT_FIELD_BYTES_MAX)].to_owned();
    let entry = Entry {
        at: entry.at,
        actor: cut(&entry.actor),
        action: cut(&entry.action),
        subject: cut(&entry.subject),
        detail: cut(&entry.detail),
    };
    pending.push(Draft { node, entry });
    Ok(())
}

/// Entries of the branch, newest first, below a number (`i64::MAX` for the first page).
pub fn newest(db: &Db, scope: &Scope, below: i64, limit: usize) -> Result<Vec<Kept>> {
    let bounds = Bounds::of(scope);
    let limit = i64::try_from(limit.clamp(1, PAGE_MAX)).expect("PAGE_MAX is small");
    let args = [below.into(), bounds.reseller(), bounds.customer(), bounds.site(), limit.into()];
    db.all(NEWEST, &args, |row| Ok(read(row)?.0))
}

/// What was done to one subject at a node, newest first: looked for among the node's latest entries, so that a page never reads all.
/// Whoever asks has seen the node.
pub fn of_subject(db: &Db, at: Node, subject: &str, limit: usize) -> Result<Vec<Kept>> {
    let ((kind, owner), limit) = (node_columns(&at), i64::try_from(limit.clamp(1, PAGE_MAX)).expect("PAGE_MAX is small"));
    let args = [kind.into(), id(&owner), AUDIT_LOOKED_THROUGH.into(), subject.into(), limit.into()];
    db.all(OF_SUBJECT, &args, |row| Ok(read(row)?.0))
}

/// Entries of two actions at a node since a time, newest first, among the node's latest.
pub fn since(db: &Db, at: Node, after: Time, actions: [&str; 2], limit: usize) -> Result<Vec<Kept>> {
    let ((kind, owner), limit) = (node_columns(&at), i64::try_from(limit.clamp(1, PAGE_MAX)).expect("PAGE_MAX is small"));
    let [first, second] = actions;
    let args = [kind.into(), id(&owner), AUDIT_LOOKED_THROUGH.into(), after.into(), first.into(), second.into(), limit.into()];
    db.all(SINCE, &args, |row| Ok(read(row)?.0))
}

/// Recomputes the whole chain. A report's work: it reads every entry.
pub fn verify(db: &Db) -> Result<Verdict> {
    let (entries, sealed) = db.one(PEEK, &[], |row| Ok((row.int(0)?, row.opt_bytes(1)?.map(<[u8]>::to_vec))))?;
    let Ok(head) = open_head(db, entries, sealed.as_deref()) else { return Ok(Verdict::Broken { seq: entries }) };
    let (mut last, mut hash) = (0, Vec::new());
    loop {
        let page = db.all(FROM, &[last.into(), i64::try_from(PAGE_MAX).expect("PAGE_MAX is small").into()], read)?;
        if page.is_empty() {
            break;
        }
        for (kept, stored) in page {
            let expected = link(&hash, kept.seq, kept.node, &kept.entry);
            if kept.seq != last + 1 || stored != expected {
                return Ok(Verdict::Broken { seq: last + 1 });
            }
            (last, hash) = (kept.seq, stored);
        }
    }
    let whole = last == entries && hash == head;
    Ok(if whole { Verdict::Whole { entries } } else { Verdict::Broken { seq: last } })
}

/// Chains and stores what [`append`] held back.
pub(crate) fn flush(db: &Db) -> Result<()> {
    let drafts = db.audit().take();
    if drafts.is_empty() {
        return Ok(());
    }
    let count = i64::try_from(drafts.len()).expect("bounded by AUDIT_PER_WRITE_MAX");
    let (last, sealed) = db.one(HEAD, &[count.into()], |row| Ok((row.int(0)?, row.opt_bytes(1)?.map(<[u8]>::to_vec))))?;
    let mut hash = open_head(db, last - count, sealed.as_deref())?;
    for (seq, draft) in (last - count + 1..).zip(&drafts) {
        hash = link(&hash, seq, draft.node, &draft.entry);
        let (kind, owner) = node_columns(&draft.node);
        let entry = &draft.entry;
        let args = [
            seq.into(),
            entry.at.into(),
            kind.into(),
            id(&owner),
            (&entry.actor).into(),
            (&entry.action).into(),
            (&entry.subject).into(),
            (&entry.detail).into(),
            (&hash).into(),
        ];
        db.exec(ADD, &args)?;
    }
    let sealed = db.seal(head_place(&last.to_string()), &hash)?;
    db.exec(SET_HEAD, &[(&sealed).into()]).map(drop)
}

/// The hash that the chain ends with; empty before the first entry.
fn open_head(db: &Db, seq: i64, sealed: Option<&[u8]>) -> Result<Vec<u8>> {
    match sealed {
        // Bound to its number: an older head does not open in the place of a newer.
        Some(sealed) => Ok(db.open(head_place(&seq.to_string()), sealed)?.to_vec()),
        None if seq == 0 => Ok(Vec::new()),
        None => Err(StoreError::Damaged { table: "audit_head", column: "hash", row: seq.to_string() }),
    }
}

pub(crate) fn head_place(seq: &str) -> Place<'_> {
    Place { table: "audit_head", column: "hash", row: seq.as_bytes() }
}

/// Every field with its length in front, so that no two entries look alike.
pub(crate) fn link(before: &[u8], seq: i64, node: Node, entry: &Entry) -> Vec<u8> {
    let (kind, owner): (_, Uuid) = node_columns(&node);
    let mut digest = Sha256::new();
    let numbers = [seq.to_be_bytes(), entry.at.millis().to_be_bytes()].concat();
    let texts = [kind, &entry.actor, &entry.action, &entry.subject, &entry.detail].map(str::as_bytes);
    for field in [before, &numbers, owner.as_bytes()].into_iter().chain(texts) {
        digest.update((field.len() as u64).to_be_bytes());
        digest.update(field);
    }
    digest.finalize().to_vec()
}

fn read(row: &Row<'_>) -> Result<(Kept, Vec<u8>)> {
    let entry = Entry {
        at: Time::from_millis(row.int(1)?),
        actor: row.text(4)?.to_owned(),
        action: row.text(5)?.to_owned(),
        subject: row.text(6)?.to_owned(),
        detail: row.text(7)?.to_owned(),
    };
    Ok((Kept { seq: row.int(0)?, node: node(row, 2)?, entry }, row.bytes(8)?.to_vec()))
}
