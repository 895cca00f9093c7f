//! A dialog (RFC 3261 section 12): what both sides call themselves, and where requests go.

use std::net::SocketAddr;

use crate::sip::agent::Shared;
use crate::sip::message::{Message, address_of, tag_of};

/// One dialog, from the first request on.
#[derive(Debug)]
pub(super) struct Dialog {
    pub call_id: String,
    own: String,
    theirs: String,
    target: String,
    routes: Vec<String>,
    count: u32,
}

impl Dialog {
    /// Of a call that we make.
    pub fn outgoing(shared: &Shared, own: &str, uri: &str) -> Self {
        let call_id = shared.token();
        let own = format!("{own};tag={}", shared.token());
        Self { call_id, own, theirs: format!("<{uri}>"), target: uri.to_owned(), routes: Vec::new(), count: 0 }
    }

    /// Of a call that came.
    pub fn incoming(shared: &Shared, invite: &Message) -> Self {
        let field = |name: &str| invite.header(name).unwrap_or_default().to_owned();
        Self {
            call_id: invite.call_id().to_owned(),
            own: format!("{};tag={}", field("To"), shared.token()),
            theirs: field("From"),
            target: address_of(&field("Contact")).to_owned(),
            routes: invite.all("Record-Route").map(str::to_owned).collect(),
            count: 0,
        }
    }

    /// The next request.
    pub fn request(&mut self, method: &str) -> Message {
        self.count += 1;
        self.numbered(method, self.count)
    }

    /// A request with a number that was used before: ACK.
    fn numbered(&self, method: &str, count: u32) -> Message {
        let request = Message::request(method, &self.target)
            .with("From", &self.own)
            .with("To", &self.theirs)
            .with("Call-ID", &self.call_id)
            .with("CSeq", &format!("{count} {method}"));
        self.routes.iter().fold(request, |request, route| request.with("Route", route))
    }

    /// The next request, and where it goes.
    pub fn next(&mut self, shared: &Shared, method: &str) -> (Message, SocketAddr) {
        (self.request(method), self.hop(shared))
    }

    /// The ACK of an INVITE, and where it goes.
    pub fn confirmation(&self, shared: &Shared, count: u32) -> (Message, SocketAddr) {
        (self.numbered("ACK", count), self.hop(shared))
    }

    /// Where requests go.
    pub fn hop(&self, shared: &Shared) -> SocketAddr {
        shared.hop(self.routes.first().map_or(self.target.as_str(), |route| address_of(route)))
    }

    /// Takes over what the response to our INVITE says.
    pub fn established(&mut self, response: &Message) {
        if let Some(to) = response.header("To") {
            to.clone_into(&mut self.theirs);
        }
        self.retarget(response);
        // The way back is the way here, seen from the other end (section 12.1.2).
        self.routes = response.all("Record-Route").map(str::to_owned).collect();
        self.routes.reverse();
    }

    /// A new `Contact` moves the other end.
    pub fn retarget(&mut self, message: &Message) {
        if let Some(contact) = message.header("Contact").map(address_of).filter(|contact| !contact.is_empty()) {
            contact.clone_into(&mut self.target);
        }
    }

    /// Requests sent meanwhile counted further.
    pub fn counted(&mut self, count: u32) {
        self.count = self.count.max(count);
    }

    /// Our tag.
    pub fn own_tag(&self) -> &str {
        tag_of(&self.own).unwrap_or_default()
    }
}
