//! What a REGISTER asks for, and what it is granted. Knows nothing of who asks: that was proved before.

use std::net::IpAddr;

use domain::claim::Claim;
use domain::{Span, Time};

use super::table::{Asked, Contact, Identity, Registration, Wanted};
use crate::limits::{
    ADDRESS_BYTES_MAX, AGENT_BYTES_MAX, CALL_ID_BYTES_MAX, CONTACTS_PER_REGISTER_MAX, EXPIRES_MAX, EXPIRES_MIN, EXPIRES_NAT_MAX,
    EXPIRES_UDP_MAX, PATHS_MAX,
};
use crate::stack::address::{Address, list};
use crate::stack::{Flow, Message, Transport};

/// Why a REGISTER is refused although its sender is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 400, with what is wrong.
    Malformed(&'static str),
    /// 423: too short.
    TooBrief,
}

/// Reads a REGISTER of a claim that was proved. `ends`: when its account ends, whatever it asks.
pub fn read(message: &Message, flow: &Flow, claim: Claim, ends: Option<Time>, now: Time) -> Result<Registration, Fault> {
    let (cseq, _) = message.cseq().ok_or(Fault::Malformed("CSeq"))?;
    let call_id = Some(message.call_id()).filter(|id| id.len() <= CALL_ID_BYTES_MAX).ok_or(Fault::Malformed("Call-ID"))?;
    let path: Vec<_> = message.all("Path").flat_map(list).map(str::to_owned).take(PATHS_MAX + 1).collect();
    if path.len() > PATHS_MAX || path.iter().any(|hop| !sound(Address::parse(hop).uri)) {
        return Err(Fault::Malformed("Path"));
    }
    let asked = asked(message, flow, ends, now)?;
    Ok(Registration {
        claim,
        flow: flow.clone(),
        call_id: call_id.to_owned(),
        cseq,
        address: public_address(message, flow, &path),
        path,
        agent: cut(message.header("User-Agent").unwrap_or_default()).to_owned(),
        asked,
    })
}

/// The value of a `Contact` field in the answer.
pub fn shown(contact: &Contact, now: Time) -> String {
    let seconds = contact.expires.since(now).as_seconds();
    match &contact.identity {
        Identity::Instance(instance, number) => {
            format!("<{}>;expires={seconds};+sip.instance={instance};reg-id={number}", contact.uri)
        }
        Identity::Address(_) => format!("<{}>;expires={seconds}", contact.uri),
    }
}

/// Whether the phone's own word on where it is differs from where it is.
pub fn behind_nat(uri: &str, peer: IpAddr) -> bool {
    host(uri).and_then(|host| host.parse::<IpAddr>().ok()).is_none_or(|host| host.to_canonical() != peer.to_canonical())
}

fn asked(message: &Message, flow: &Flow, ends: Option<Time>, now: Time) -> Result<Asked, Fault> {
    let general = message.header("Expires").map(seconds);
    let values: Vec<_> = message.all("Contact").flat_map(list).take(CONTACTS_PER_REGISTER_MAX + 1).collect();
    if values.len() > CONTACTS_PER_REGISTER_MAX {
        return Err(Fault::Malformed("Contact"));
    }
    if values.contains(&"*") {
        let all_end = values.len() == 1 && general == Some(0);
        return if all_end { Ok(Asked::Nothing) } else { Err(Fault::Malformed("Contact")) };
    }
    let wanted = values.into_iter().map(|value| {
        let address = Address::parse(value);
        if !sound(address.uri) {
            return Err(Fault::Malformed("Contact"));
        }
        let asked = address.parameter("expires").map(|text| seconds(text.trim_matches('"'))).or(general);
        let until = match asked.unwrap_or(EXPIRES_MAX) {
            0 => None,
            brief if brief < EXPIRES_MIN => return Err(Fault::TooBrief),
            asked => {
                let end = now + Span::seconds(i64::from(asked.min(longest(address.uri, flow))));
                Some(ends.map_or(end, |ends| end.min(ends)))
            }
        };
        Ok(Wanted { uri: address.uri.to_owned(), identity: identity(&address), until })
    });
    Ok(Asked::Contacts(wanted.collect::<Result<_, _>>()?))
}

/// On UDP a phone's way back may close behind it and nobody would know; a stream tells.
fn longest(uri: &str, flow: &Flow) -> u32 {
    match flow.transport() {
        Transport::Tcp | Transport::Tls => EXPIRES_MAX,
        Transport::Udp if behind_nat(uri, flow.peer().ip()) => EXPIRES_NAT_MAX,
        Transport::Udp => EXPIRES_UDP_MAX,
    }
}

fn identity(address: &Address<'_>) -> Identity {
    let instance = address.parameter("+sip.instance").filter(|instance| (2..=ADDRESS_BYTES_MAX).contains(&instance.len()));
    let number = address.parameter("reg-id").and_then(|number| number.parse().ok());
    match (instance, number) {
        (Some(instance), Some(number)) => Identity::Instance(instance.to_owned(), number),
        _ => Identity::Address(key(address.uri)),
    }
}

/// Scheme, user, host, port and transport in one spelling.
fn key(uri: &str) -> String {
    let (head, parameters) = uri.split_at(uri.find(';').unwrap_or(uri.len()));
    let (user, host) = head.rsplit_once('@').unwrap_or(("", head));
    let transport = crate::stack::address::parameter(parameters, "transport").unwrap_or_default();
    format!("{user}@{};{}", host.to_ascii_lowercase(), transport.to_ascii_lowercase())
}

/// The host of an address, without port and brackets.
fn host(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once(':')?;
    let head = rest.split(';').next()?;
    let host = head.rsplit_once('@').map_or(head, |(_, host)| host);
    match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next(),
        None => host.split(':').next(),
    }
}

/// An address that can stand in the first line of a request.
fn sound(uri: &str) -> bool {
    let clean = uri.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"".contains(&byte));
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    clean && uri.len() <= ADDRESS_BYTES_MAX && matches!(scheme.as_deref(), Some("sip" | "sips"))
}

/// Seconds as phones write them; what is no number counts as an hour (RFC 3261 section 10.2.1.1).
fn seconds(text: &str) -> u32 {
    let text = text.trim_ascii();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().unwrap_or(u32::MAX) } else { EXPIRES_MAX }
}

/// From where the phone comes: the flow's other end, or behind a proxy that named itself in `Path`, what the phone's own hop says.
fn public_address(message: &Message, flow: &Flow, path: &[String]) -> IpAddr {
    let peer = flow.peer().ip().to_canonical();
    let Some(via) = message.all("Via").flat_map(list).last().filter(|_| !path.is_empty()) else { return peer };
    let (hop, parameters) = via.split_at(via.find(';').unwrap_or(via.len()));
    let received = crate::stack::address::parameter(parameters, "received").and_then(|address| bare(address).parse::<IpAddr>().ok());
    let sent_by = || {
        let by = hop.trim_ascii().rsplit([' ', '\t']).next()?;
        let host = by.strip_prefix('[').map_or_else(|| by.split(':').next(), |v6| v6.split(']').next())?;
        host.parse::<IpAddr>().ok()
    };
    received.or_else(sent_by).map_or(peer, |address| address.to_canonical())
}

fn bare(address: &str) -> &str {
    address.trim_matches(|character| matches!(character, '[' | ']' | '"'))
}

fn cut(agent: &str) -> &str {
    &agent[..agent.floor_char_boundary(AGENT_BYTES_MAX)]
}
