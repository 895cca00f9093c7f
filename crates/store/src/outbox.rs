//! Messages between processes: who writes a change that others must act on, leaves a message in the same transaction.
//!
//! Ids grow in the order of commits, without gaps, so a reader that keeps its last id misses nothing. For that, messages are held back
//! until the end of the transaction and numbered under the lock of one row: on PostgreSQL, transactions that send commit one by one.
//! Readers in the writing process wake at once; others look every 200 ms.

use domain::{Span, Time};

use crate::db::{Db, Row, statements};
use crate::event::{self, NewEvent};
use crate::limits::{OUTBOX_PAGE_MAX, OUTBOX_PAYLOAD_BYTES_MAX, OUTBOX_PER_WRITE_MAX, OUTBOX_POLL};
use crate::{Result, Store, StoreError};

/// A message that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its number; later commits have higher ones.
    pub id: i64,
    /// When it was sent, by the sender's clock.
    pub at: Time,
    /// What it is about, such as `device.resync`.
    pub topic: String,
    /// JSON, at most 16 KiB. Holds no secret: the outbox is not sealed.
    pub payload: String,
}

/// A message that waits for its transaction to end.
#[derive(Debug)]
pub(crate) struct Draft {
    at: Time,
    topic: String,
    payload: String,
    event: Option<NewEvent>,
}

statements! {
    NEXT = "update outbox_head set last = last + $1 where id = 1 returning last";
    INSERT = "insert into outbox (id, at, topic, payload) values ($1, $2, $3, $4)";
    AFTER = "select id, at, topic, payload from outbox where id > $1 order by id limit $2";
    LAST = "select last, pruned from outbox_head where id = 1";
    OLD = "select coalesce(max(id), 0) as old from outbox where at < $1";
    PRUNE = "delete from outbox where id <= $1";
    PRUNED = "update outbox_head set pruned = $1 where id = 1 and pruned < $1";
}

/// Sends a message with the transaction that `db` is in. Dropped with it, too.
pub fn enqueue(db: &Db, at: Time, topic: &str, payload: String) -> Result<()> {
    hold(db, Draft { at, topic: topic.to_owned(), payload, event: None })
}

/// [`enqueue`], and the same as an event for listeners outside; see [`crate::event`].
pub(crate) fn enqueue_with(db: &Db, at: Time, topic: &str, payload: String, event: NewEvent) -> Result<()> {
    hold(db, Draft { at, topic: topic.to_owned(), payload, event: Some(event) })
}

fn hold(db: &Db, draft: Draft) -> Result<()> {
    if draft.payload.len() > OUTBOX_PAYLOAD_BYTES_MAX {
        return Err(StoreError::TooLarge { what: "bytes in an outbox message", max: OUTBOX_PAYLOAD_BYTES_MAX });
    }
    let mut pending = db.pending().borrow_mut();
    if pending.len() >= OUTBOX_PER_WRITE_MAX {
        return Err(StoreError::TooLarge { what: "outbox messages in one transaction", max: OUTBOX_PER_WRITE_MAX });
    }
    pending.push(draft);
    Ok(())
}

/// Up to 500 messages after a cursor, oldest first.
pub fn outbox_after(db: &Db, cursor: i64) -> Result<Vec<Message>> {
    db.all(AFTER, &[cursor.into(), OUTBOX_PAGE_MAX.into()], message)
}

/// The id of the newest message ever sent: where a reader starts that wants what comes next.
pub fn outbox_last(db: &Db) -> Result<i64> {
    db.one(LAST, &[], |row| row.int(0))
}

/// Removes messages older than `age`, and the oldest beyond `keep_max`. Readers further behind are told [`News::Missed`].
pub fn prune_outbox(db: &Db, now: Time, age: Span, keep_max: i64) -> Result<u64> {
    let last = outbox_last(db)?;
    let old = db.one(OLD, &[(now - age).into()], |row| row.int(0))?;
    let upto = old.max(last - keep_max);
    if upto <= 0 {
        return Ok(0);
    }
    db.exec(PRUNED, &[upto.into()])?;
    db.exec(PRUNE, &[upto.into()])
}

/// Numbers and stores what [`enqueue`] held back. Last act of a transaction.
pub(crate) fn flush(db: &Db) -> Result<()> {
    let drafts = db.pending().take();
    if drafts.is_empty() {
        return Ok(());
    }
    let count = i64::try_from(drafts.len()).expect("bounded by OUTBOX_PER_WRITE_MAX");
    let last = db.one(NEXT, &[count.into()], |row| row.int(0))?;
    for (id, draft) in (last - count + 1..).zip(&drafts) {
        db.exec(INSERT, &[id.into(), draft.at.into(), (&draft.topic).into(), (&draft.payload).into()])?;
        if let Some(told) = &draft.event {
            event::insert(db, id, draft.at, &draft.topic, told)?;
        }
    }
    db.note_sent();
    Ok(())
}

/// What a reader learns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// New messages, oldest first.
    Messages(Vec<Message>),
    /// Messages were removed before this reader saw them: look at everything afresh.
    Missed,
}

/// Follows the outbox.
#[derive(Debug)]
pub struct OutboxReader {
    store: Store,
    cursor: i64,
    sent: tokio::sync::watch::Receiver<u64>,
}

impl Store {
    /// A reader of all messages after `cursor`; [`outbox_last`] for those to come.
    pub fn outbox_reader(&self, cursor: i64) -> OutboxReader {
        OutboxReader { store: self.clone(), cursor, sent: self.shared().sent.subscribe() }
    }
}

impl OutboxReader {
    /// The last message seen.
    pub fn cursor(&self) -> i64 {
        self.cursor
    }

    /// Waits until there is news. An error of the store is returned at once; call again after a pause.
    pub async fn next(&mut self) -> Result<News> {
        loop {
            self.sent.borrow_and_update();
            if let Some(news) = self.look().await? {
                return Ok(news);
            }
            // Woken by a commit of this process, or after 200 ms. An error here means that the store is closing.
            let _ = tokio::time::timeout(OUTBOX_POLL, self.sent.changed()).await;
        }
    }

    async fn look(&mut self) -> Result<Option<News>> {
        let cursor = self.cursor;
        let (last, pruned, messages) = self
            .store
            .read(move |db| {
                let messages = outbox_after(db, cursor)?;
                let (last, pruned) = db.one(LAST, &[], |row| Ok((row.int(0)?, row.int(1)?)))?;
                Ok((last, pruned, messages))
            })
            .await?;
        // A cursor beyond the end is of another life of the database (a restored backup).
        if pruned > cursor || cursor > last {
            self.cursor = last;
            return Ok(Some(News::Missed));
        }
        let Some(newest) = messages.last() else { return Ok(None) };
        self.cursor = newest.id;
        Ok(Some(News::Messages(messages)))
    }
}

fn message(row: &Row<'_>) -> Result<Message> {
    Ok(Message { id: row.int(0)?, at: Time::from_millis(row.int(1)?), topic: row.text(2)?.to_owned(), payload: row.text(3)?.to_owned() })
}
