//! Seals everything anew under the newest master key, so that an old key can be forgotten.

use domain::emergency::TrunkId;

use crate::db::{Db, Sql, statements};
use crate::limits::RESEAL_STEP;
use crate::scope::{id, uuid};
use crate::seal::Place;
use crate::{Result, Store};

statements! {
    DEVICES = "select mac from device where mac > $1 order by mac limit $2";
    LOGINS = "select id from global_login where id > $1 order by id limit $2";
    TRUNKS = "select id from trunk where id > $1 order by id limit $2";
    MAILS = "select id from mail where id > $1 order by id limit $2";
    WEBHOOKS = "select id from webhook where id > $1 order by id limit $2";
    REDIRECTS = "select id from redirect_account where id > $1 order by id limit $2";
    PINS = "select mac from redirect_pin where mac > $1 order by mac limit $2";
    CONTACTS = "select id from contact where id > $1 order by id limit $2";
    ANSWERS = "select id from api_answer where id > $1 and answer is not null order by id limit $2";
    FACTORS = "select account from second_factor where account > $1 order by account limit $2";
    METAS = "select name from meta where name > $1 order by name limit $2";
    AUTH = "select auth from device where mac = $1";
    SET_AUTH = "update device set auth = $1 where mac = $2 and auth = $3";
    LINES = "select lines from device where mac = $1";
    SET_LINES = "update device set lines = $1 where mac = $2 and lines = $3";
    BEFORE = "select setup from device_before where mac = $1";
    SET_BEFORE = "update device_before set setup = $1 where mac = $2 and setup = $3";
    PASSWORD = "select password from global_login where id = $1";
    SET_PASSWORD = "update global_login set password = $1 where id = $2 and password = $3";
    TRUNK = "select password from trunk where id = $1 and password is not null";
    SET_TRUNK = "update trunk set password = $1 where id = $2 and password = $3";
    MAIL = "select letter from mail where id = $1";
    SET_MAIL = "update mail set letter = $1 where id = $2 and letter = $3";
    WEBHOOK = "select secret from webhook where id = $1";
    SET_WEBHOOK = "update webhook set secret = $1 where id = $2 and secret = $3";
    REDIRECT = "select credentials from redirect_account where id = $1";
    SET_REDIRECT = "update redirect_account set credentials = $1 where id = $2 and credentials = $3";
    PIN = "select pin from redirect_pin where mac = $1";
    SET_PIN = "update redirect_pin set pin = $1 where mac = $2 and pin = $3";
    CONTACT = "select entry from contact where id = $1";
    SET_CONTACT = "update contact set entry = $1 where id = $2 and entry = $3";
    ANSWER = "select answer from api_answer where id = $1 and answer is not null";
    SET_ANSWER = "update api_answer set answer = $1 where id = $2 and answer = $3";
    FACTOR = "select secret from second_factor where account = $1";
    SET_FACTOR = "update second_factor set secret = $1 where account = $2 and secret = $3";
    VALUE = "select value from meta where name = $1";
    SET_VALUE = "update meta set value = $1 where name = $2 and value = $3";
    HEAD = "select hash from audit_head where id = $1 and hash is not null";
    HEAD_SEQ = "update audit_head set seq = seq where id = 1 returning seq";
    SET_HEAD = "update audit_head set hash = $1 where id = $2 and hash = $3";
}

impl Store {
    /// Seals every value that an older key sealed under the newest, in small transactions while the server runs; returns how many.
    /// Afterwards [`crate::KeyRing::forget`] may drop the older keys, on every node.
    pub async fn reseal(&self) -> Result<u64> {
        let mut count = self.write(audit_head).await?;
        count += self
            .stepwise(String::new(), |db, after| step(db, DEVICES, after.as_str().into(), |row| Ok(row.text(0)?.to_owned()), device))
            .await?;
        count += self.stepwise(0, |db, after| step(db, LOGINS, (*after).into(), |row| row.int(0), |db, number| login(db, *number))).await?;
        count += self.stepwise(uuid::Uuid::nil(), |db, after| step(db, TRUNKS, id(after), |row| uuid(row, 0), trunk)).await?;
        count += self.stepwise(uuid::Uuid::nil(), |db, after| step(db, MAILS, id(after), |row| uuid(row, 0), mail)).await?;
        count += self.stepwise(uuid::Uuid::nil(), |db, after| step(db, WEBHOOKS, id(after), |row| uuid(row, 0), webhook)).await?;
        count += self.stepwise(uuid::Uuid::nil(), |db, after| step(db, REDIRECTS, id(after), |row| uuid(row, 0), redirect)).await?;
        count += self
            .stepwise(String::new(), |db, after| step(db, PINS, after.as_str().into(), |row| Ok(row.text(0)?.to_owned()), redirect_pin))
            .await?;
        count += self.stepwise(uuid::Uuid::nil(), |db, after| step(db, CONTACTS, id(after), |row| uuid(row, 0), contact)).await?;
        let answers = |db: &Db, after: &Vec<u8>| step(db, ANSWERS, after.into(), |row| Ok(row.bytes(0)?.to_vec()), answer);
        count += self.stepwise(Vec::new(), answers).await?;
        count += self.stepwise(uuid::Uuid::nil(), |db, after| step(db, FACTORS, id(after), |row| uuid(row, 0), factor)).await?;
        count += self
            .stepwise(String::new(), |db, after| step(db, METAS, after.as_str().into(), |row| Ok(row.text(0)?.to_owned()), meta))
            .await?;
        Ok(count)
    }

    async fn stepwise<K, F>(&self, start: K, step: F) -> Result<u64>
    where
        K: Clone + Send + Sync + 'static,
        F: Fn(&Db, &K) -> Result<(u64, Option<K>)> + Clone + Send + 'static,
    {
        let (mut count, mut after) = (0, start);
        loop {
            let (from, step) = (after.clone(), step.clone());
            let (sealed, last) = self.write(move |db| step(db, &from)).await?;
            count += sealed;
            match last {
                Some(last) => after = last,
                None => return Ok(count),
            }
        }
    }
}

/// One transaction's worth of rows; how many values changed, and the last key seen, if any.
fn step<K>(
    db: &Db,
    page: &'static Sql,
    after: crate::db::Arg<'_>,
    key: impl Fn(&crate::db::Row<'_>) -> Result<K>,
    one: impl Fn(&Db, &K) -> Result<u64>,
) -> Result<(u64, Option<K>)> {
    let keys = db.all(page, &[after, RESEAL_STEP.into()], key)?;
    let mut count = 0;
    for key in &keys {
        count += one(db, key)?;
    }
    Ok((count, keys.into_iter().next_back()))
}

fn device(db: &Db, mac: &String) -> Result<u64> {
    let auth = again(db, AUTH, SET_AUTH, mac.into(), crate::device::auth_place(mac))?;
    let lines = again(db, LINES, SET_LINES, mac.into(), crate::device::lines_place(mac))?;
    Ok(auth + lines + again(db, BEFORE, SET_BEFORE, mac.into(), crate::before::place(mac))?)
}

fn login(db: &Db, number: i64) -> Result<u64> {
    again(db, PASSWORD, SET_PASSWORD, number.into(), crate::login::place(&number.to_string()))
}

fn trunk(db: &Db, of: &uuid::Uuid) -> Result<u64> {
    again(db, TRUNK, SET_TRUNK, id(of), crate::trunk::place(&TrunkId(*of)))
}

fn mail(db: &Db, of: &uuid::Uuid) -> Result<u64> {
    again(db, MAIL, SET_MAIL, id(of), crate::mail::place(of))
}

fn webhook(db: &Db, of: &uuid::Uuid) -> Result<u64> {
    again(db, WEBHOOK, SET_WEBHOOK, id(of), crate::webhook::place(of))
}

fn redirect(db: &Db, of: &uuid::Uuid) -> Result<u64> {
    again(db, REDIRECT, SET_REDIRECT, id(of), crate::redirect::place(of))
}

fn redirect_pin(db: &Db, mac: &String) -> Result<u64> {
    again(db, PIN, SET_PIN, mac.into(), crate::redirect::pin_place(mac))
}

fn contact(db: &Db, of: &uuid::Uuid) -> Result<u64> {
    again(db, CONTACT, SET_CONTACT, id(of), crate::contact::place(of))
}

fn answer(db: &Db, id: &Vec<u8>) -> Result<u64> {
    again(db, ANSWER, SET_ANSWER, id.into(), crate::api_answer::place(id))
}

fn factor(db: &Db, of: &uuid::Uuid) -> Result<u64> {
    again(db, FACTOR, SET_FACTOR, id(of), crate::second_factor::place(of.as_bytes()))
}

fn meta(db: &Db, name: &String) -> Result<u64> {
    again(db, VALUE, SET_VALUE, name.into(), crate::meta::place(name))
}

fn audit_head(db: &Db) -> Result<u64> {
    // Takes the row's lock first: the head must not move while it is sealed anew.
    let seq = db.one(HEAD_SEQ, &[], |row| row.int(0))?.to_string();
    again(db, HEAD, SET_HEAD, 1.into(), crate::audit::head_place(&seq))
}

fn again(db: &Db, get: &'static Sql, set: &'static Sql, key: crate::db::Arg<'_>, place: Place<'_>) -> Result<u64> {
    let Some(sealed) = db.opt(get, &[key], |row| Ok(row.bytes(0)?.to_vec()))? else { return Ok(0) };
    if db.sealer().is_newest(&sealed) {
        return Ok(0);
    }
    let anew = db.seal(place, &db.open(place, &sealed)?)?;
    // Changed meanwhile: this step is run again.
    match db.exec(set, &[(&anew).into(), key, (&sealed).into()])? {
        0 => Err(db.conflict()),
        changed => Ok(changed),
    }
}
