//! Passes over the provisioning servers: the brand says what to ask, and reads what came.

use super::{Outcome, Phone};
use crate::address::Address;
use crate::firmware::{Ask, Came, Cause, Ended, Got, Pass, Step};
use crate::limits::{CHAINED_PASSES_MAX, REQUESTS_MAX};
use crate::transcript::Transcript;

impl Phone {
    /// Passes until nothing sends the phone on.
    pub(super) async fn provision(&mut self, cause: Cause, transcript: &mut Transcript) -> Outcome {
        let mut outcome = Outcome::NoServer;
        let mut configured = false;
        for _ in 0..CHAINED_PASSES_MAX {
            let before = self.firmware().provisioning(self.unit());
            outcome = self.one_pass(cause, transcript).await;
            let after = self.firmware().provisioning(self.unit());
            if before == after || outcome != Outcome::Configured {
                break;
            }
            configured = true;
            let server = self.server().map_or_else(|| "none that can be used".to_owned(), |server| server.shown());
            let user = after.login.map_or_else(|| "no login".to_owned(), |login| format!("user {}", login.user));
            transcript.note(format!("from now on its server is {server}, {user}"));
            if !self.behaviour.refetch_on_new_server {
                break;
            }
        }
        if configured && outcome == Outcome::Unchanged { Outcome::Configured } else { outcome }
    }

    async fn one_pass(&mut self, cause: Cause, transcript: &mut Transcript) -> Outcome {
        self.memory.prompting = false;
        self.memory.message = None;
        self.asks_maker(transcript).await;
        let mut outcome = Outcome::NoServer;
        for server in self.servers(transcript) {
            let pass = self.firmware().pass(self.unit(), &server, cause);
            let ended = self.run(pass, &server, transcript).await;
            outcome = match ended {
                Ended::Applied => Outcome::Configured,
                Ended::Unchanged => Outcome::Unchanged,
                Ended::Bad => Outcome::BadFile,
                Ended::NothingThere => Outcome::NothingThere,
                Ended::LoginWanted => Outcome::LoginWanted,
                Ended::NoAnswer => Outcome::NoAnswer,
                Ended::Failed => Outcome::ServerFailed,
            };
            if !matches!(outcome, Outcome::NothingThere | Outcome::NoAnswer | Outcome::ServerFailed) {
                break;
            }
        }
        match outcome {
            Outcome::Configured | Outcome::Unchanged | Outcome::NoServer => {}
            Outcome::LoginWanted => {
                let asks = self.has_screen() && self.firmware().prompts(self.unit());
                self.memory.prompting = asks && self.behaviour.prompts_for_login;
            }
            _ => self.memory.message = Some("Update failed"),
        }
        outcome
    }

    /// Where to look, in order.
    fn servers(&mut self, transcript: &mut Transcript) -> Vec<Address> {
        let (firmware, network) = (self.firmware(), self.network.clone());
        let servers = firmware.servers(&mut self.work(transcript), &network);
        if servers.is_empty() {
            transcript.note("knows no server");
        }
        servers
    }

    /// Does what a pass wants until it ends. `server` is whose login the phone has.
    async fn run(&mut self, mut pass: Box<dyn Pass>, server: &Address, transcript: &mut Transcript) -> Ended {
        let mut came = Came::Start;
        for _ in 0..REQUESTS_MAX {
            match pass.next(&mut self.work(transcript), came) {
                Step::End(ended) => return ended,
                Step::Ask(asks) => came = Came::All(self.ask(asks, server, transcript).await),
            }
        }
        transcript.note("gives up: there is no end to this server's files");
        Ended::Failed
    }

    async fn ask(&mut self, mut asks: Vec<Ask>, server: &Address, transcript: &mut Transcript) -> Vec<Got> {
        if asks.len() > 1 {
            return self.ask_together(asks, server, transcript).await;
        }
        let Some(ask) = asks.pop() else { return Vec::new() };
        let caller = self.caller(&ask, server);
        vec![caller.ask(&ask, &mut self.memory.lane, transcript).await]
    }
}

#[cfg(test)]
mod tests;
