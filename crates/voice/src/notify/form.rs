//! How a phone is told to fetch, and what its answer means.

use brands::{Catalogue, NotifyForm};

use crate::registrar::{Contact, Known};
use crate::stack::{Message, Request, SendError};

/// What became of telling one contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Told {
    /// It accepted, with this status.
    Done(u16),
    /// It refused, with this status; it fetches at its next poll.
    Refused(u16),
    /// Nobody is there any more.
    Gone,
}

impl Told {
    /// Reads an answer.
    pub fn read(answer: Result<Message, SendError>) -> Self {
        match answer.map(|message| message.status()) {
            Ok(status @ 200..=299) => Self::Done(status),
            Ok(408) | Err(_) => Self::Gone,
            Ok(status) => Self::Refused(status),
        }
    }

    /// As metrics and logs call it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Refused(_) => "phone_refused",
            Self::Gone => "flow_gone",
        }
    }

    /// The status that it answered; 408 for silence.
    pub fn status(self) -> u16 {
        match self {
            Self::Done(status) | Self::Refused(status) => status,
            Self::Gone => 408,
        }
    }
}

/// The form that this phone understands: of the brand it was added as, else of the one that its `User-Agent` or its MAC names.
pub fn form(catalogue: &Catalogue, contact: Option<&Contact>, known: Option<&Known>) -> NotifyForm {
    let added = known.and_then(|known| known.device.as_ref()?.model.split('/').next()).and_then(|brand| catalogue.brand(brand));
    let claimed = || contact.and_then(|contact| catalogue.identify("", Some(&contact.agent)).brand);
    let owned = || contact.and_then(|contact| catalogue.brand_of_mac(contact.claim.mac));
    added.or_else(claimed).or_else(owned).map(|brand| brand.notify().clone()).unwrap_or_default()
}

/// The NOTIFY for a contact, outside of any subscription.
pub fn request(form: &NotifyForm, uri: &str, routes: &[String]) -> Request {
    let mut request = Request::new("NOTIFY", uri).header("Event", &form.event).header("Subscription-State", "terminated");
    for route in routes {
        request = request.header("Route", route);
    }
    match &form.content_type {
        Some(kind) if !form.body.is_empty() => request.body(kind, form.body.clone().into_bytes()),
        _ => request,
    }
}
