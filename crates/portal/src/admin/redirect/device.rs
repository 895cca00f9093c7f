//! How one device stands at its brand's redirect service, apart from whether the phone ever came.

use ::redirect::Kind;
use ::redirect::kind::Needs;
use domain::role::{Action, Target};
use domain::tenancy::Place;
use domain::{Mac, Secret, Time};
use serde::Serialize;
use store::device::Filter;
use store::page::{Cursor, Page};
use store::redirect::{self, Account, Identity, Kept, State};
use store::{Db, Scope};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::device::{load, node_of, parse_mac};
use super::super::export::safe;
use super::super::part::{Listing, Part};
use super::super::tree::policy_at;
use super::super::{Admin, By, Error};
use crate::limits::{PAGE_MAX, SERIAL_BYTES_MAX};
use crate::redirecting::hand_address;

/// What stands on a device's label besides its MAC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// The serial number; empty takes it away, none leaves it.
    pub serial: Option<String>,
    /// The four characters behind the MAC on a Gigaset label.
    pub mac_id: Option<String>,
}

impl Label {
    /// The same as it is kept, or why it cannot stand on a label.
    pub(crate) fn checked(self) -> Result<Self, Error> {
        let serial = self.serial.map(|serial| check_serial(&serial)).transpose()?;
        let mac_id = self.mac_id.map(|mac_id| check_mac_id(&mac_id)).transpose()?;
        Ok(Self { serial: serial.map(Option::unwrap_or_default), mac_id: mac_id.map(Option::unwrap_or_default) })
    }

    /// Keeps what is given of a checked one. A service that refused the device for the lack of it is asked again.
    pub(crate) fn keep(&self, db: &Db, mac: Mac, now: Time) -> Result<(), Error> {
        if *self == Self::default() {
            return Ok(());
        }
        let kept = redirect::identity(db, mac)?;
        let over = |new: &Option<String>, old| new.clone().map_or(old, |new| Some(new).filter(|new| !new.is_empty()));
        let identity = Identity { serial: over(&self.serial, kept.serial), mac_id: over(&self.mac_id, kept.mac_id) };
        Ok(redirect::set_identity(db, mac, &identity, now)?)
    }
}

/// How a device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// No service that we speak to has phones of this brand.
    NoService,
    /// There is one, and no account at it.
    NoAccount,
    /// Somebody registered it by hand.
    ByHand,
    /// It is about to be written, or nobody knows yet what came of a write.
    Waiting,
    /// The service says that it sends the phone here.
    Listed,
    /// The service refuses it.
    Refused,
}

/// A device at its brand's redirect service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct StandingView {
    /// How it stands.
    pub standing: Standing,
    /// The service, by the name that people know it by.
    pub title: Option<&'static str>,
    /// The account that has it, or should.
    pub account: Option<Uuid>,
    /// Since when it stands so, RFC 3339.
    pub since: Option<String>,
    /// Why it was refused, or what the last call came to, as a code.
    pub code: Option<String>,
    /// The same in the service's words; whose it is, if it is another's.
    pub said: Option<String>,
    /// When it is tried again, RFC 3339.
    pub next_try: Option<String>,
    /// When the phone last asked the service, RFC 3339, where the service says.
    pub asked: Option<String>,
    /// When the phone last came to us, RFC 3339.
    pub seen: Option<String>,
    /// The service has a PIN for it, which the phone may ask for.
    pub has_pin: bool,
    /// Its serial number.
    pub serial: Option<String>,
    /// The four characters behind the MAC on a Gigaset label.
    pub mac_id: Option<String>,
    /// What the service wants to know besides: `serial`, `mac_id`, or nothing.
    pub needs: Option<&'static str>,
    /// Who registered it by hand.
    pub by_hand: Option<String>,
}

/// How a device stands.
pub async fn standing(admin: &Admin, by: &By, mac: &str) -> Result<StandingView, Error> {
    let (mac, by) = (parse_mac(mac)?, by.clone());
    admin.read(move |db| view(db, &by, mac)).await
}

/// Keeps what stands on the label; a service that refused the device for the lack of it is asked again.
pub async fn set_label(admin: &Admin, by: &By, mac: &str, label: Label) -> Result<StandingView, Error> {
    let (mac, by, label) = (parse_mac(mac)?, by.clone(), label.checked()?);
    admin
        .write(move |db| {
            let (stored, _) = load(db, &by, mac, Action::EditDevices)?;
            label.keep(db, mac, by.now)?;
            by.audit(db, node_of(stored.device.place), "device.label", &mac.to_string(), "")?;
            view(db, &by, mac)
        })
        .await
}

/// Marks a device as registered by hand, or takes the mark away. What we have at a service ourselves stays ours.
pub async fn mark_by_hand(admin: &Admin, by: &By, mac: &str, is_by_hand: bool) -> Result<StandingView, Error> {
    let (mac, by) = (parse_mac(mac)?, by.clone());
    admin
        .write(move |db| {
            let (stored, _) = load(db, &by, mac, Action::EditDevices)?;
            if is_by_hand {
                if redirect::of_device(db, mac)?.iter().any(|(_, kept)| kept.state != State::Refused) {
                    return Err(Error::refused("redirect_ours", "this server has registered the phone, or is about to"));
                }
                redirect::mark_by_hand(db, mac, by.now, &by.name)?;
            } else {
                redirect::unmark_by_hand(db, mac)?;
            }
            let detail = if is_by_hand { "yes" } else { "no" };
            by.audit(db, node_of(stored.device.place), "redirect.by-hand", &mac.to_string(), detail)?;
            view(db, &by, mac)
        })
        .await
}

/// The PIN that the service hands out for a phone. That it was shown is audited.
pub async fn pin(admin: &Admin, by: &By, mac: &str) -> Result<Option<Secret<String>>, Error> {
    let (mac, by) = (parse_mac(mac)?, by.clone());
    admin
        .write(move |db| {
            let (stored, _) = load(db, &by, mac, Action::RevealPin)?;
            by.audit(db, node_of(stored.device.place), "redirect.pin-shown", &mac.to_string(), "")?;
            Ok(redirect::pin(db, mac)?)
        })
        .await
}

/// A device that a service refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RefusedView {
    /// Its MAC, 12 lower-case digits.
    pub mac: String,
    /// Brand and model; null if it is not here any more.
    pub model: Option<String>,
    /// What people call it.
    pub label: String,
    /// Why, as a code.
    pub code: String,
    /// The same in the service's words; whose it is, if it is another's.
    pub said: Option<String>,
    /// Since when, RFC 3339.
    pub since: String,
    /// When it is tried again, RFC 3339; null if only a change of the device helps.
    pub next_try: Option<String>,
}

/// The devices that an account's service refused, by MAC.
pub async fn refusals(admin: &Admin, by: &By, id: Uuid, part: Part) -> Result<Listing<RefusedView>, Error> {
    let (by, after, limit) = (by.clone(), part.cursor()?, part.limit);
    admin
        .read(move |db| {
            super::load(db, &by, id)?;
            let page = redirect::refused(db, id, after.as_ref(), limit)?;
            let next = page.next.map(|cursor| cursor.to_string());
            Ok(Listing { items: page.items.into_iter().map(refused_view).collect(), next })
        })
        .await
}

fn refused_view(row: redirect::Refused) -> RefusedView {
    let (model, label) = row.device.unzip();
    RefusedView {
        mac: row.mac.to_string(),
        model,
        label: label.unwrap_or_default(),
        code: row.kept.code.unwrap_or_default(),
        said: row.kept.said,
        since: row.kept.since.rfc3339(),
        next_try: row.kept.again.map(Time::rfc3339),
    }
}

/// The address that is entered at a service by hand: it holds the global login for this one phone. That it was shown is audited.
pub async fn address(admin: &Admin, by: &By, mac: &str) -> Result<Secret<String>, Error> {
    let (mac, by, acting) = (parse_mac(mac)?, by.clone(), admin.clone());
    admin
        .write(move |db| {
            let (stored, policy) = load(db, &by, mac, Action::AllowGlobal)?;
            by.may(Action::EditRedirects, &Target::from(stored.device.place), &policy)?;
            by.audit(db, node_of(stored.device.place), "redirect.address-shown", &mac.to_string(), "")?;
            address_of(db, &acting, mac, &stored.device.model, stored.device.place, by.now)
        })
        .await
}

/// The same for the phones of a brand in one's branch, as CSV: `mac,serial,mac_id,model,address`. That it was made is audited.
pub async fn addresses_csv(admin: &Admin, by: &By, brand: &str) -> Result<Vec<u8>, Error> {
    let (branch, scope) = (by.branch(), by.scope());
    let mut table = csv::Writer::from_writer(Vec::new());
    write_row(&mut table, &ADDRESS_COLUMNS)?;
    let (mut after, mut rows) = (None, 0);
    loop {
        let (acting, by, brand, from) = (admin.clone(), by.clone(), brand.to_owned(), after.take());
        let page = admin
            .read(move |db| {
                let policy = policy_at(db, scope)?;
                by.may(Action::EditRedirects, &branch, &policy)?;
                by.may(Action::AllowGlobal, &branch, &policy)?;
                address_rows(db, &acting, &by, &brand, from.as_ref())
            })
            .await?;
        for row in &page.items {
            write_row(&mut table, &row.each_ref().map(String::as_str))?;
        }
        rows += page.items.len();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let (by, brand) = (by.clone(), brand.to_owned());
    admin.write(move |db| by.audit(db, scope, "redirect.address-shown", &brand, &format!("{rows} addresses in a file"))).await?;
    table.into_inner().map_err(|error| Error::Failed(error.to_string()))
}

/// The columns of [`addresses_csv`].
const ADDRESS_COLUMNS: [&str; 5] = ["mac", "serial", "mac_id", "model", "address"];

fn address_rows(db: &Db, admin: &Admin, by: &By, brand: &str, after: Option<&Cursor>) -> Result<Page<[String; 5]>, Error> {
    let page = store::device::list(db, &by.scope(), &Filter::default(), by.now, after, PAGE_MAX)?;
    let of_brand = page.items.into_iter().filter(|listed| brand_of(&listed.stored.device.model) == brand);
    let row = |listed: store::device::Listed| {
        let device = listed.stored.device;
        let label = redirect::identity(db, device.mac)?;
        let address = address_of(db, admin, device.mac, &device.model, device.place, by.now)?;
        let text = |value: Option<String>| value.unwrap_or_default();
        Ok([device.mac.to_string(), text(label.serial), text(label.mac_id), device.model, address.expose().clone()])
    };
    Ok(Page { items: of_brand.map(row).collect::<Result<_, Error>>()?, next: page.next })
}

fn write_row(table: &mut csv::Writer<Vec<u8>>, cells: &[&str; 5]) -> Result<(), Error> {
    table.write_record(cells.map(safe)).map_err(|error| Error::Failed(format!("writing CSV: {error}")))
}

fn address_of(db: &Db, admin: &Admin, mac: Mac, model: &str, place: Place, now: Time) -> Result<Secret<String>, Error> {
    let file = kind_of(model).map_or("", Kind::file);
    let no_login = || Error::refused("no_global_login", "no global login is in force; make one with `global-login rotate`");
    hand_address(db, admin, place.reseller, mac, file, now)?.ok_or_else(no_login)
}

fn view(db: &Db, by: &By, mac: Mac) -> Result<StandingView, Error> {
    let (stored, policy) = load(db, by, mac, Action::ViewDevices)?;
    let device = &stored.device;
    let kind = kind_of(&device.model);
    let label = redirect::identity(db, mac)?;
    let by_hand = redirect::by_hand(db, mac)?;
    let (account, kept) = standing_in(db, kind, mac, device.place)?;
    let standing = match (&by_hand, &kept, &account) {
        (Some(_), ..) => Standing::ByHand,
        (None, Some(kept), _) => match kept.state {
            State::Listed => Standing::Listed,
            State::Refused => Standing::Refused,
            State::Writing | State::Removing => Standing::Waiting,
        },
        (None, None, Some(_)) => Standing::Waiting,
        (None, None, None) => {
            if kind.is_some() {
                Standing::NoAccount
            } else {
                Standing::NoService
            }
        }
    };
    // Accounts are their owner's: others see how the phone stands, not where the account is.
    let owns = account.as_ref().is_some_and(|account| {
        let target = Target { reseller: account.reseller, ..Target::default() };
        by.may(Action::EditRedirects, &target, &policy).is_ok()
    });
    let told = kept.as_ref();
    Ok(StandingView {
        standing,
        title: kind_in(account.as_ref()).or(kind).map(Kind::title),
        account: account.as_ref().map(|account| account.id).filter(|_| owns),
        since: by_hand.as_ref().map(|(at, _)| *at).or(told.map(|kept| kept.since)).map(Time::rfc3339),
        code: told.and_then(|kept| kept.code.clone()),
        said: told.and_then(|kept| kept.said.clone()).filter(|_| owns),
        next_try: told.and_then(|kept| kept.again).map(Time::rfc3339),
        asked: told.and_then(|kept| kept.asked).map(Time::rfc3339),
        seen: store::seen::seen(db, &by.scope(), mac)?.and_then(|seen| seen.served).map(|served| served.at.rfc3339()),
        has_pin: redirect::pin(db, mac)?.is_some(),
        serial: label.serial,
        mac_id: label.mac_id,
        needs: kind_in(account.as_ref()).or(kind).and_then(needs),
        by_hand: by_hand.map(|(_, who)| who),
    })
}

/// The account that has a device, or should have it, and what is known of it there.
fn standing_in(db: &Db, kind: Option<Kind>, mac: Mac, place: Place) -> Result<(Option<Account>, Option<Kept>), Error> {
    let accounts = redirect::list(db, &Scope::Operator)?;
    if let Some((id, kept)) = redirect::of_device(db, mac)?.into_iter().next() {
        return Ok((accounts.into_iter().find(|account| account.id == id), Some(kept)));
    }
    let Some(kind) = kind else { return Ok((None, None)) };
    let serves = |account: &&Account| !account.leaving && kind.alike().iter().any(|alike| alike.name() == account.kind);
    let of = |owner| accounts.iter().filter(serves).find(|account| account.reseller == owner).cloned();
    let own = place.reseller.and_then(|reseller| of(Some(reseller)));
    Ok((own.or_else(|| of(None)), None))
}

fn kind_in(account: Option<&Account>) -> Option<Kind> {
    account.and_then(|account| Kind::of(&account.kind))
}

/// What a service wants to know of a device besides its MAC, as a code.
fn needs(kind: Kind) -> Option<&'static str> {
    match kind.capabilities().needs {
        Needs::Mac => None,
        Needs::Serial | Needs::SerialUnlessAllowed => Some("serial"),
        Needs::MacIdUnlessAllowed => Some("mac_id"),
    }
}

/// The brands whose services want that: `serial` or `mac_id`.
pub(crate) fn brands_that_need(what: &str) -> Vec<&'static str> {
    Kind::ALL.into_iter().filter(|kind| needs(*kind) == Some(what)).flat_map(Kind::brands).copied().collect()
}

/// The first service for a model's brand: of two for the same brand they differ in nothing that matters here.
fn kind_of(model: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.brands().contains(&brand_of(model)))
}

fn brand_of(model: &str) -> &str {
    model.split('/').next().unwrap_or_default()
}

/// A serial number as it stands on labels; nothing for an empty one.
pub(crate) fn check_serial(text: &str) -> Result<Option<String>, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let fits = text.len() <= SERIAL_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    if fits { Ok(Some(text.to_owned())) } else { Err(Error::invalid("serial", "serial: 1 to 64 letters, digits and - _ . /")) }
}

/// The four characters behind the MAC on a Gigaset label, in capitals; nothing for an empty one.
pub(crate) fn check_mac_id(text: &str) -> Result<Option<String>, Error> {
    let text = text.trim().trim_start_matches('-').to_ascii_uppercase();
    if text.is_empty() {
        return Ok(None);
    }
    let fits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if fits { Ok(Some(text)) } else { Err(Error::invalid("mac_id", "mac_id: the four letters and digits behind the MAC on the label")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_on_a_label_is_read_as_people_write_it() {
        assert_eq!(check_mac_id(" -ab1z "), Ok(Some("AB1Z".to_owned())));
        assert_eq!((check_mac_id(""), check_serial("  ")), (Ok(None), Ok(None)));
        for wrong in ["ABC", "ABCDE", "AB-1"] {
            assert_eq!(check_mac_id(wrong).unwrap_err().code(), "mac_id", "{wrong}");
        }
        assert_eq!(check_serial("3146019091637071"), Ok(Some("3146019091637071".to_owned())));
        for wrong in ["a b", "<x>", "a\u{0}b"] {
            assert_eq!(check_serial(wrong).unwrap_err().code(), "serial", "{wrong}");
        }
    }
}
