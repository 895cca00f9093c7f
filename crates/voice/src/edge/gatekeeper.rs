//! Which messages go on: judged by `wire`, weighed by source.

use std::sync::Arc;

use tokio::time::Instant;
use wire::sip::edge::{Refusal, Verdict, judge, reply};
use wire::sip::message as head;

use super::throttle::Throttle;
use super::{Flow, Sink};
use crate::limits::Limits;
use crate::stack::{Message, token};

/// Option tags that we know, if only so far that nothing of ours stands against them: no provisional answer is sent to whoever wants it
/// acknowledged, and a session that wants to be refreshed is.
const EXTENSIONS: [&str; 4] = ["100rel", "outbound", "path", "timer"];

/// Judges what comes in.
pub(crate) struct Gatekeeper {
    throttle: Throttle,
}

impl Gatekeeper {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { throttle: Throttle::new(limits.address_burst, limits.address_rate, Instant::now()) }
    }

    /// Hands a message on, answers it, or drops it.
    pub(super) fn receive(&self, parsed: &head::Message<'_>, flow: &Flow, sink: &Arc<dyn Sink>) {
        match judge(parsed, &EXTENSIONS) {
            Verdict::Drop => {}
            Verdict::Refuse(refusal) => {
                let message = Message::received(parsed, flow.peer());
                // An emergency call is not refused for an extension that it would do without.
                if refusal == Refusal::BadExtension && message.method() == "INVITE" && sink.is_exempt(&message, flow) {
                    Arc::clone(sink).take(message, flow);
                } else {
                    self.refuse(parsed, refusal, flow);
                }
            }
            Verdict::Pass => {
                let message = Message::received(parsed, flow.peer());
                if sink.is_exempt(&message, flow) || self.may_ask(flow) {
                    Arc::clone(sink).take(message, flow);
                } else if flow.transport().is_reliable() {
                    sink.refuse_busy(&message, flow);
                }
                // A datagram is dropped: who floods may have lied about his address, and a phone sends it again.
            }
        }
    }

    /// Answers without a transaction, within the source's limit.
    pub(super) fn refuse(&self, parsed: &head::Message<'_>, refusal: Refusal, flow: &Flow) {
        if self.may_ask(flow)
            && let Some(answer) = reply(parsed, refusal, &EXTENSIONS, flow.peer(), &token())
        {
            // A connection that has ended takes no answer.
            let _ = flow.send(&answer.into());
        }
    }

    fn may_ask(&self, flow: &Flow) -> bool {
        self.throttle.admit(flow.peer().ip(), Instant::now())
    }
}
