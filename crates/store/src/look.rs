//! How white-label resellers appear: name, colour, logo, hosts.

use domain::tenancy::ResellerId;

use crate::Result;
use crate::db::{Db, Row, statements};
use crate::error::StoreError;
use crate::limits::{LOGO_BYTES_MAX, NAME_BYTES_MAX};
use crate::scope::{Scope, id, uuid};
use crate::tenancy::{reseller, touch_platform};

/// How a reseller appears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whose look.
    pub reseller: ResellerId,
    /// The portal's name.
    pub portal_name: String,
    /// `#rrggbb`.
    pub accent: Option<String>,
    /// Where its people reach the portal.
    pub portal_host: Option<String>,
    /// Where its phones reach us.
    pub phone_host: Option<String>,
    /// Kind and hash of its logo.
    pub logo: Option<LogoMark>,
}

/// A logo, without its picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoMark {
    /// Its media type.
    pub kind: String,
    /// SHA-256 in hexadecimal digits.
    pub hash: String,
}

/// A logo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// What it is.
    pub mark: LogoMark,
    /// The picture.
    pub bytes: Vec<u8>,
}

statements! {
    PUT = "insert into reseller_look (reseller, portal_name, accent, portal_host, phone_host) values ($1, $2, $3, $4, $5)
        on conflict (reseller) do update set portal_name = excluded.portal_name, accent = excluded.accent,
        portal_host = excluded.portal_host, phone_host = excluded.phone_host";
    SET_LOGO = "update reseller_look set logo_kind = $1, logo_hash = $2, logo = $3 where reseller = $4";
    OF_RESELLER = "select reseller, portal_name, accent, portal_host, phone_host, logo_kind, logo_hash from reseller_look where reseller = $1";
    OF_HOST = "select l.reseller, l.portal_name, l.accent, l.portal_host, l.phone_host, l.logo_kind, l.logo_hash
        from reseller_look l join reseller r on r.id = l.reseller where l.portal_host = $1 and r.kind = 'white-label'";
    LOGO = "select logo_kind, logo_hash, logo from reseller_look where reseller = $1 and logo is not null";
    PHONE_HOST = "select l.phone_host from reseller_look l join reseller r on r.id = l.reseller
        where l.reseller = $1 and l.phone_host is not null and r.kind = 'white-label'";
    DROP = "delete from reseller_look where reseller = $1";
}

/// Keeps a look, in the place of the one before; the logo stays. A host that another reseller has is [`StoreError::Exists`].
pub fn put(db: &Db, scope: &Scope, look: &Look) -> Result<()> {
    reseller(db, scope, look.reseller)?;
    if look.portal_name.len() > NAME_BYTES_MAX {
        return Err(StoreError::TooLarge { what: "bytes in a name", max: NAME_BYTES_MAX });
    }
    let args = [
        id(&look.reseller.0),
        (&look.portal_name).into(),
        look.accent.as_ref().into(),
        look.portal_host.as_ref().into(),
        look.phone_host.as_ref().into(),
    ];
    db.exec(PUT, &args)?;
    // Its phones' configs name its host.
    touch_platform(db)
}

/// Keeps a logo, or takes it away. The look must be there.
pub fn set_logo(db: &Db, scope: &Scope, of: ResellerId, logo: Option<&Logo>) -> Result<()> {
    reseller(db, scope, of)?;
    if logo.is_some_and(|logo| logo.bytes.len() > LOGO_BYTES_MAX) {
        return Err(StoreError::TooLarge { what: "bytes in a logo", max: LOGO_BYTES_MAX });
    }
    let kind = logo.map(|logo| &logo.mark.kind);
    let (hash, bytes) = (logo.map(|logo| &logo.mark.hash), logo.map_or(crate::db::Arg::Null, |logo| crate::db::Arg::Bytes(&logo.bytes)));
    match db.exec(SET_LOGO, &[kind.into(), hash.into(), bytes, id(&of.0)])? {
        0 => Err(StoreError::NotFound),
        _ => Ok(()),
    }
}

/// A reseller's look, if somebody set one. Everybody below the reseller sees it: it asks no scope.
pub fn of_reseller(db: &Db, of: ResellerId) -> Result<Option<Look>> {
    db.opt(OF_RESELLER, &[id(&of.0)], read)
}

/// The look of a white-label reseller's own host. Shown to everybody who asks for that host.
pub fn of_host(db: &Db, host: &str) -> Result<Option<Look>> {
    db.opt(OF_HOST, &[host.into()], read)
}

/// A reseller's logo. Shown to everybody who asks for its host.
pub fn logo(db: &Db, of: ResellerId) -> Result<Option<Logo>> {
    db.opt(LOGO, &[id(&of.0)], |row| {
        let mark = LogoMark { kind: row.text(0)?.to_owned(), hash: row.text(1)?.to_owned() };
        Ok(Logo { mark, bytes: row.bytes(2)?.to_vec() })
    })
}

/// Forgets a look with its logo.
pub fn remove(db: &Db, of: ResellerId) -> Result<()> {
    db.exec(DROP, &[id(&of.0)])?;
    touch_platform(db)
}

/// The host that a white-label reseller's phones are told, if it has one of its own.
pub fn phone_host(db: &Db, of: ResellerId) -> Result<Option<String>> {
    db.opt(PHONE_HOST, &[id(&of.0)], |row| Ok(row.text(0)?.to_owned()))
}

fn read(row: &Row<'_>) -> Result<Look> {
    let optional = |at| Ok::<_, StoreError>(row.opt_text(at)?.map(str::to_owned));
    Ok(Look {
        reseller: ResellerId(uuid(row, 0)?),
        portal_name: row.text(1)?.to_owned(),
        accent: optional(2)?,
        portal_host: optional(3)?,
        phone_host: optional(4)?,
        logo: optional(5)?.zip(optional(6)?).map(|(kind, hash)| LogoMark { kind, hash }),
    })
}
