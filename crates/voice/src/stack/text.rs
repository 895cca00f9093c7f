//! Messages as bytes.

use std::fmt::Write as _;

use bytes::Bytes;

use super::message::Message;
use super::outgoing::Reply;
use crate::edge::Flow;

/// What we understand; stands in Allow.
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, INFO, UPDATE, NOTIFY";

/// A response. `tag` is added to a To without one; provisional answers of 100 go without.
pub(super) fn response(request: &Message, reply: &Reply, tag: &str) -> Bytes {
    let mut head = String::with_capacity(512);
    field_line(&mut head, format_args!("SIP/2.0 {} {}", reply.status, reply.reason));
    for via in request.all("Via") {
        field_line(&mut head, format_args!("Via: {via}"));
    }
    if request.method() == "INVITE" && (101..300).contains(&reply.status) {
        for route in request.all("Record-Route") {
            field_line(&mut head, format_args!("Record-Route: {route}"));
        }
    }
    field_line(&mut head, format_args!("From: {}", request.header("From").unwrap_or_default()));
    let to = request.header("To").unwrap_or_default();
    if reply.status == 100 || request.to_tag().is_some() {
        field_line(&mut head, format_args!("To: {to}"));
    } else {
        field_line(&mut head, format_args!("To: {to};tag={tag}"));
    }
    for name in ["Call-ID", "CSeq"] {
        field_line(&mut head, format_args!("{name}: {}", request.header(name).unwrap_or_default()));
    }
    finish(head, &reply.headers, reply.body.as_ref())
}

/// A request of ours, before it knows its way: everything but Via.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) method: String,
    pub(super) uri: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) call_id: String,
    pub(super) cseq: u32,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<(String, Bytes)>,
}

impl Draft {
    /// The bytes on a flow, under a branch.
    pub(super) fn bytes(&self, flow: &Flow, branch: &str) -> Bytes {
        let mut head = String::with_capacity(512);
        field_line(&mut head, format_args!("{} {} SIP/2.0", self.method, self.uri));
        field_line(&mut head, format_args!("Via: SIP/2.0/{} {};branch={branch};rport", flow.transport().name(), flow.advertised()));
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Max-Forwards")) {
            field_line(&mut head, format_args!("Max-Forwards: 70"));
        }
        field_line(&mut head, format_args!("From: {}", self.from));
        field_line(&mut head, format_args!("To: {}", self.to));
        field_line(&mut head, format_args!("Call-ID: {}", self.call_id));
        field_line(&mut head, format_args!("CSeq: {} {}", self.cseq, self.method));
        finish(head, &self.headers, self.body.as_ref())
    }

    /// The ACK or CANCEL that belongs to this INVITE, hop by hop: same way, same number.
    pub(super) fn companion(&self, method: &str, to: &str) -> Self {
        let kept = |name: &str| ["Route", "Max-Forwards"].iter().any(|kept| name.eq_ignore_ascii_case(kept));
        let headers = self.headers.iter().filter(|(name, _)| kept(name)).cloned().collect();
        Self { method: method.to_owned(), to: to.to_owned(), headers, body: None, ..self.clone() }
    }
}

fn finish(mut head: String, headers: &[(String, String)], body: Option<&(String, Bytes)>) -> Bytes {
    for (name, value) in headers {
        field_line(&mut head, format_args!("{name}: {value}"));
    }
    let body = match body {
        Some((kind, body)) => {
            field_line(&mut head, format_args!("Content-Type: {kind}"));
            body.as_ref()
        }
        None => &[],
    };
    field_line(&mut head, format_args!("Content-Length: {}\r\n", body.len()));
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    bytes.into()
}

fn field_line(head: &mut String, line: std::fmt::Arguments<'_>) {
    write!(head, "{line}\r\n").expect("a string takes everything");
}
