//! Who answers what: REGISTER the registrar, calls the emergency service or the service that asks for the PIN.

use std::sync::Arc;

use domain::Time;

use crate::edge::SystemChance;
use crate::emergency::Emergency;
use crate::pin_call::PinCalls;
use crate::registrar::Registrar;
use crate::stack::{ALLOW, Handler, Inbound, InboundCall, Reply};

/// The handler of everything outside a call.
pub(super) struct Desk {
    pub(super) registrar: Arc<Registrar>,
    pub(super) emergency: Arc<Emergency>,
    pub(super) pin_calls: PinCalls,
    pub(super) clock: fn() -> Time,
}

impl Handler for Desk {
    async fn request(&self, inbound: Inbound) {
        let reply = match inbound.message().method() {
            "REGISTER" => self.registrar.answer(inbound.message(), inbound.flow(), (self.clock)(), &mut SystemChance),
            "OPTIONS" => Reply::new(200).header("Allow", ALLOW).header("Accept", "application/sdp"),
            "NOTIFY" => Reply::new(489),
            // What only means something inside a call: INFO, UPDATE, BYE, PRACK.
            _ => Reply::new(481),
        };
        inbound.reply(reply).await;
    }

    async fn call(&self, call: InboundCall) {
        let Err(call) = self.emergency.take(call).await else { return };
        self.pin_calls.take(call).await;
    }
}
