//! Facts about the database itself, and the platform's own keys.

use zeroize::Zeroizing;

use crate::db::{Db, statements};
use crate::seal::Place;
use crate::{Result, SealError, Store, StoreError};

statements! {
    VALUE = "select value from meta where name = $1";
    INSERT = "insert into meta (name, value) values ($1, $2) on conflict (name) do nothing";
}

const CHECK: &str = "key check";
const CHECK_VALUE: &[u8] = b"ringfence";

/// The platform's key for a purpose, such as `claims` or `nonces`: 32 random bytes, made at the first call and sealed like any secret,
/// so they outlive a change of master keys. All nodes get the same.
pub async fn platform_key(store: &Store, purpose: &'static str) -> Result<Zeroizing<[u8; 32]>> {
    store
        .write(move |db| {
            let name = format!("platform key {purpose}");
            let mut fresh = Zeroizing::new([0; 32]);
            db.sealer().fill(fresh.as_mut_slice());
            let sealed = db.seal(place(&name), fresh.as_slice())?;
            db.exec(INSERT, &[(&name).into(), (&sealed).into()])?;
            let kept = db.one(VALUE, &[(&name).into()], |row| db.open(place(&name), row.bytes(0)?))?;
            let key = kept.as_slice().try_into().map_err(|_| StoreError::Damaged { table: "meta", column: "value", row: name })?;
            Ok(Zeroizing::new(key))
        })
        .await
}

/// Proves that the key ring fits this database, or leaves a proof in a new one.
pub(crate) fn check_keys(db: &Db) -> Result<()> {
    let place = place(CHECK);
    let kept = db.opt(VALUE, &[CHECK.into()], |row| Ok(row.bytes(0)?.to_vec()))?;
    let Some(sealed) = kept else {
        let sealed = db.seal(place, CHECK_VALUE)?;
        return db.exec(INSERT, &[CHECK.into(), (&sealed).into()]).map(drop);
    };
    match db.open(place, &sealed) {
        Ok(value) if value.as_slice() == CHECK_VALUE => Ok(()),
        Err(StoreError::Seal(SealError::UnknownKey { kid, .. })) => {
            Err(StoreError::Setup(format!("the database is sealed with master key {kid}, which the key file does not hold")))
        }
        _ => Err(StoreError::Setup("the master key file does not belong to this database: restore the right one".into())),
    }
}

pub(crate) fn place(name: &str) -> Place<'_> {
    Place { table: "meta", column: "value", row: name.as_bytes() }
}
