//! How white-label resellers appear: name, accent colour, logo, hosts.

use domain::role::Action;
use domain::tenancy::{Node, ResellerId, ResellerKind};
use serde::Serialize;
use sha2::{Digest, Sha256};
use store::look::{self, Logo, LogoMark, Look};
use store::{Db, StoreError, tenancy};
use utoipa::ToSchema;

use super::tree::check_name;
use super::{Admin, By, Error, Named};
use crate::colour::Colour;
use crate::hex::hex;
use crate::limits::{LOGO_BYTES_MAX, LOGO_PIXELS_MAX};

/// A look as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct LookView {
    /// The portal's name.
    pub portal_name: String,
    /// The accent colour, `#rrggbb`.
    pub accent: Option<String>,
    /// Where its people reach the portal.
    pub portal_host: Option<String>,
    /// Where its phones are sent once they have proved themselves.
    pub phone_host: Option<String>,
    /// The hash of its logo, if it has one.
    pub logo: Option<String>,
}

/// What is changed of a look; what is absent stays, what is empty is taken away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LookChange {
    /// The portal's name; the reseller's own if empty.
    pub portal_name: Option<String>,
    /// The accent colour.
    pub accent: Option<String>,
    /// The portal's host.
    pub portal_host: Option<String>,
    /// The phones' host.
    pub phone_host: Option<String>,
}

/// A look that holds for a page, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The reseller.
    pub reseller: ResellerId,
    /// How it appears.
    pub look: LookView,
}

impl LookChange {
    /// Nothing is asked for.
    pub(crate) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Refuses what cannot be, before anything is written.
    pub(crate) fn check(&self) -> Result<Self, Error> {
        let host = |host: &Option<String>| host.as_deref().map(check_host).transpose();
        Ok(Self {
            portal_name: self.portal_name.as_deref().map(or_empty(|name| check_name("portal name", name))).transpose()?,
            accent: self.accent.as_deref().map(or_empty(check_accent)).transpose()?,
            portal_host: host(&self.portal_host)?,
            phone_host: host(&self.phone_host)?,
        })
    }
}

/// Changes a look that was checked; part of a change of the reseller.
pub(crate) fn change(db: &Db, by: &By, of: &tenancy::Reseller, change: &LookChange) -> Result<(), Error> {
    let kept = look::of_reseller(db, of.id)?;
    let kept = kept.unwrap_or_else(|| Look {
        reseller: of.id,
        portal_name: of.name.clone(),
        accent: None,
        portal_host: None,
        phone_host: None,
        logo: None,
    });
    let over = |new: &Option<String>, old: Option<String>| new.clone().map_or(old, |new| Some(new).filter(|new| !new.is_empty()));
    let look = Look {
        portal_name: over(&change.portal_name, Some(kept.portal_name)).unwrap_or_else(|| of.name.clone()),
        accent: over(&change.accent, kept.accent),
        portal_host: over(&change.portal_host, kept.portal_host),
        phone_host: over(&change.phone_host, kept.phone_host),
        ..kept
    };
    look::put(db, &by.scope(), &look).map_err(|error| match error {
        StoreError::Exists => Error::invalid("host", "portal host: another reseller has this host"),
        other => other.into(),
    })
}

/// The look of a reseller, if somebody set one.
pub(crate) fn of(db: &Db, of: ResellerId) -> Result<Option<LookView>, Error> {
    Ok(look::of_reseller(db, of)?.map(view))
}

/// The look of the white-label reseller whose portal has this host.
pub async fn of_host(admin: &Admin, host: &str) -> Result<Option<Shown>, Error> {
    let Ok(host) = check_host(host) else { return Ok(None) };
    admin.read(move |db| Ok(look::of_host(db, &host)?.map(shown))).await
}

/// The look that somebody's own reseller gives the portal; none for those who are the operator's, or a channel reseller's.
pub async fn of_actor(admin: &Admin, by: &By) -> Result<Option<Shown>, Error> {
    let node = by.actor.node;
    admin.read(move |db| Ok(of_node(db, node)?)).await
}

/// The same for whoever is at a node.
pub(crate) fn of_node(db: &Db, node: Node) -> Result<Option<Shown>, StoreError> {
    let all = &store::Scope::Operator;
    let of_customer = |customer| Ok::<_, StoreError>(tenancy::customer(db, all, customer)?.reseller);
    let reseller = match node {
        Node::Operator => None,
        Node::Reseller(id) => Some(id),
        Node::Customer(id) => of_customer(id)?,
        Node::Site(id) => of_customer(tenancy::site(db, all, id)?.customer)?,
    };
    let Some(reseller) = reseller else { return Ok(None) };
    let kept = tenancy::reseller(db, all, reseller)?;
    if kept.kind != ResellerKind::WhiteLabel {
        return Ok(None);
    }
    // Without a look of its own it appears under its own name: the operator's is never shown.
    let named = || LookView { portal_name: kept.name.clone(), ..LookView::default() };
    let look = look::of_reseller(db, reseller)?.map_or_else(named, view);
    Ok(Some(Shown { reseller, look }))
}

/// Puts a logo in the place of the one before: PNG or SVG.
pub async fn set_logo(admin: &Admin, by: &By, of: ResellerId, bytes: Vec<u8>) -> Result<(), Error> {
    let kind = kind_of(&bytes)?.to_owned();
    let logo = Logo { mark: LogoMark { kind, hash: hex(&Sha256::digest(&bytes)) }, bytes };
    write_logo(admin, by, of, Some(logo)).await
}

/// Takes the logo away.
pub async fn remove_logo(admin: &Admin, by: &By, of: ResellerId) -> Result<(), Error> {
    write_logo(admin, by, of, None).await
}

async fn write_logo(admin: &Admin, by: &By, of: ResellerId, logo: Option<Logo>) -> Result<(), Error> {
    let by = by.clone();
    admin
        .write(move |db| {
            let kept = tenancy::reseller(db, &by.scope(), of).named(|| format!("reseller {}", of.0))?;
            by.may_platform(Action::EditResellers)?;
            change(db, &by, &kept, &LookChange::default())?;
            look::set_logo(db, &by.scope(), of, logo.as_ref())?;
            let detail = if logo.is_some() { "logo set" } else { "logo removed" };
            by.audit(db, Node::Reseller(of), "reseller.changed", &kept.name, detail)
        })
        .await
}

/// A logo's kind and picture, if it is still this one. Everybody who sees the sign-in sees it.
pub async fn logo(admin: &Admin, of: ResellerId, hash: &str) -> Result<(String, Vec<u8>), Error> {
    let hash = hash.to_owned();
    let found = admin.read(move |db| Ok(look::logo(db, of)?.filter(|logo| logo.mark.hash == hash))).await?;
    found.map(|logo| (logo.mark.kind, logo.bytes)).ok_or_else(|| Error::NotFound("logo".into()))
}

fn view(look: Look) -> LookView {
    let logo = look.logo.map(|mark| mark.hash);
    LookView { portal_name: look.portal_name, accent: look.accent, portal_host: look.portal_host, phone_host: look.phone_host, logo }
}

fn shown(look: Look) -> Shown {
    Shown { reseller: look.reseller, look: view(look) }
}

fn or_empty(check: impl Fn(&str) -> Result<String, Error>) -> impl Fn(&str) -> Result<String, Error> {
    move |text| if text.trim().is_empty() { Ok(String::new()) } else { check(text) }
}

fn check_accent(text: &str) -> Result<String, Error> {
    let colour: Colour = text.trim().parse().map_err(|()| Error::invalid("accent", "accent: a colour is six digits, such as #2456c9"))?;
    if colour.is_readable() {
        return Ok(colour.to_string());
    }
    let (white, black) = colour.with_white_and_black();
    let message = format!(
        "accent: {colour} is too light. White text on it has a contrast of {white:.1} to 1 (black would have {black:.1}), and 4.5 is needed; \
         take a darker one"
    );
    Err(Error::invalid("accent", message))
}

/// A name of the DNS, in lower case; empty stays empty.
fn check_host(text: &str) -> Result<String, Error> {
    let host = text.trim().trim_end_matches('.').to_ascii_lowercase();
    let label = |label: &str| {
        let plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        plain && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    // The last label of a name is never a number; an address would be.
    let named = host.split('.').next_back().is_some_and(|last| last.bytes().any(|byte| byte.is_ascii_alphabetic()));
    if host.is_empty() || (host.len() <= 253 && named && host.split('.').all(label)) {
        return Ok(host);
    }
    Err(Error::invalid("host", "host: a name such as portal.example.com, without https:// and without a port"))
}

/// What a logo is, by its beginning. An SVG is shown as a picture alone, where nothing in it runs or loads; one that tries to is refused
/// all the same, for somebody may look at it elsewhere.
fn kind_of(bytes: &[u8]) -> Result<&'static str, Error> {
    let invalid = |message: &str| Err(Error::invalid("logo", format!("logo: {message}")));
    if bytes.len() > LOGO_BYTES_MAX {
        return invalid("at most 64 KiB");
    }
    if let Some(rest) = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR") {
        let pixels = |at: usize| rest.get(at..at + 4).map(|four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]));
        let fits = [pixels(0), pixels(4)].into_iter().all(|side| side.is_some_and(|side| (1..=LOGO_PIXELS_MAX).contains(&side)));
        return if fits { Ok("image/png") } else { invalid("at most 2000 by 2000 pixels") };
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return invalid("a PNG or an SVG file") };
    let lower = text.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    if !(lower.starts_with("<svg") || (lower.starts_with("<?xml") && lower.contains("<svg"))) {
        return invalid("a PNG or an SVG file");
    }
    let active = ["<script", "<foreignobject", "<!doctype", "<!entity", "javascript:", "<iframe", "<?xml-stylesheet", "@import"];
    if active.iter().any(|mark| lower.contains(mark)) || has_handler(&lower) || links_out(&lower) {
        return invalid("this SVG holds scripts or links; save it as plain SVG");
    }
    Ok("image/svg+xml")
}

/// An attribute such as `onload=`.
fn has_handler(lower: &str) -> bool {
    lower.match_indices(['=']).any(|(at, _)| {
        let name = lower[..at].trim_end().rsplit(|c: char| c.is_whitespace() || c == '"' || c == '\'' || c == '/').next();
        name.is_some_and(|name| name.len() > 2 && name.starts_with("on") && name.bytes().all(|byte| byte.is_ascii_lowercase()))
    })
}

/// A reference to anything but a part of the same file.
fn links_out(lower: &str) -> bool {
    let of_links = lower.match_indices("href").filter_map(|(at, word)| {
        let value = lower[at + word.len()..].trim_start().strip_prefix('=')?.trim_start();
        Some(!value.trim_start_matches(['"', '\'']).starts_with('#'))
    });
    let of_urls =
        lower.match_indices("url(").map(|(at, word)| !lower[at + word.len()..].trim_start_matches([' ', '"', '\'']).starts_with('#'));
    of_links.chain(of_urls).any(|out| out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names() {
        assert_eq!(check_host(" Portal.Example.COM. ").unwrap(), "portal.example.com");
        for host in [
            "https://a.example.com",
            "a.example.com:8443",
            "a..example.com",
            "-a.example.com",
            "192.0.2.1",
            "a b.example.com",
            "é.example.com",
        ] {
            assert_eq!(check_host(host).unwrap_err().code(), "host", "{host}");
        }
    }

    #[test]
    fn a_colour_that_cannot_be_read_is_refused_with_its_contrast() {
        assert_eq!(check_accent("#2456C9").unwrap(), "#2456c9");
        let refused = check_accent("#ffcc00").unwrap_err();
        assert!(refused.to_string().contains("1.5 to 1") && refused.to_string().contains("darker"), "{refused}");
    }

    #[test]
    fn a_logo_is_a_picture_and_nothing_else() {
        let png = |width: u32| [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &width.to_be_bytes(), &32_u32.to_be_bytes()].concat();
        assert_eq!(kind_of(&png(64)).unwrap(), "image/png");
        let plain = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><use href="#a"/><path fill="url(#b)" d="M0 0"/></svg>"##;
        assert_eq!(kind_of(plain.as_bytes()).unwrap(), "image/svg+xml");
        let with = |part: &str| format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{part}</svg>").into_bytes();
        for refused in [
            png(40_000),
            b"GIF89a".to_vec(),
            b"<html></html>".to_vec(),
            vec![b' '; LOGO_BYTES_MAX + 1],
            with("<script>alert(1)</script>"),
            with("<g ONLOAD = 'x()'/>"),
            with("<image href=\"https://example.com/a.png\"/>"),
            with("<a xlink:href='javascript:x()'/>"),
            with("<style>@import 'x'</style>"),
            with("<rect fill=\"url(https://example.com/)\"/>"),
            b"<?xml version=\"1.0\"?><!DOCTYPE svg [<!ENTITY a \"b\">]><svg/>".to_vec(),
        ] {
            assert_eq!(kind_of(&refused).unwrap_err().code(), "logo", "{}", String::from_utf8_lossy(&refused));
        }
    }
}
