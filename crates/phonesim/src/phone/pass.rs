//! One pass over the provisioning server: which files in which order, and what becomes of them.

use bytes::Bytes;
use md5::{Digest as _, Md5};

use super::fetch::Stop;
use super::{Outcome, Phone};
use crate::address::Address;
use crate::limits::{CHAINED_PASSES_MAX, INCLUDES_MAX};
use crate::transcript::Transcript;
use crate::yealink::{File, Firmware};

/// What a pass or one of its files came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Taken {
    NothingThere,
    Bad,
    Unchanged,
    Applied,
}

/// A file as it came.
struct Fetched {
    at: Address,
    body: Bytes,
}

impl Phone {
    /// Passes until nothing sends the phone on.
    pub(super) async fn provision(&mut self, transcript: &mut Transcript) -> Outcome {
        let mut outcome = Outcome::NoServer;
        let mut configured = false;
        for _ in 0..CHAINED_PASSES_MAX {
            let before = self.firmware().provisioning(&self.flash);
            outcome = self.one_pass(transcript).await;
            let after = self.firmware().provisioning(&self.flash);
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

    async fn one_pass(&mut self, transcript: &mut Transcript) -> Outcome {
        self.memory.prompting = false;
        self.memory.message = None;
        let mut outcome = Outcome::NoServer;
        for server in self.servers(transcript) {
            outcome = match self.files_of(&server, transcript).await {
                Ok(Taken::Applied) => Outcome::Configured,
                Ok(Taken::Unchanged) => Outcome::Unchanged,
                Ok(Taken::Bad) => Outcome::BadFile,
                Ok(Taken::NothingThere) => Outcome::NothingThere,
                Err(Stop::LoginWanted) => Outcome::LoginWanted,
                Err(Stop::NoAnswer) => Outcome::NoAnswer,
                Err(Stop::Failed) => Outcome::ServerFailed,
            };
            if !matches!(outcome, Outcome::NothingThere | Outcome::NoAnswer | Outcome::ServerFailed) {
                break;
            }
        }
        match outcome {
            Outcome::Configured | Outcome::Unchanged | Outcome::NoServer => {}
            Outcome::LoginWanted => self.memory.prompting = self.behaviour.prompts_for_login,
            _ => self.memory.message = Some("Update failed"),
        }
        outcome
    }

    /// Where to look, in order.
    fn servers(&mut self, transcript: &mut Transcript) -> Vec<Address> {
        let firmware = self.firmware();
        let mut servers = Vec::new();
        if let Some(dhcp) = self.network.dhcp.as_ref().filter(|_| firmware.heeds_dhcp(&self.flash)) {
            transcript.note(format!("DHCP names the server {}", dhcp.shown()));
            servers.push(dhcp.clone());
        }
        if let (None, Some((server, login))) = (firmware.provisioning(&self.flash).url, &self.network.redirect) {
            transcript.note(format!("the redirect service names the server {}", server.shown()));
            firmware.set_url(&mut self.flash, &server.written());
            if let Some(login) = login {
                firmware.set_login(&mut self.flash, &login.user, &login.password);
            }
        }
        servers.extend(self.server());
        if servers.is_empty() {
            transcript.note("knows no server");
        }
        servers
    }

    async fn files_of(&mut self, server: &Address, transcript: &mut Transcript) -> Result<Taken, Stop> {
        if names_a_file(server) {
            let found = self.fetch(server, server, transcript).await?;
            return Ok(found.map_or(Taken::NothingThere, |body| self.take(&[Fetched { at: server.clone(), body }], false, transcript)));
        }
        let slash = self.behaviour.slash;
        for name in self.firmware().boot_files(&self.identity) {
            let at = server.file(&name, slash);
            if let Some(body) = self.fetch(&at, server, transcript).await? {
                return self.files_of_boot(server, Fetched { at, body }, transcript).await;
            }
        }
        let mut taken = Taken::NothingThere;
        for name in Firmware::config_files(&self.identity) {
            let at = server.file(&name, slash);
            if let Some(body) = self.fetch(&at, server, transcript).await? {
                taken = taken.max(self.take(&[Fetched { at, body }], false, transcript));
            }
        }
        Ok(taken)
    }

    /// Fetches what a boot file names, and nothing else; then takes all of it together. Where the pass stops before the
    /// last of them, nothing is taken: with `overwrite_mode` a part would wipe what the rest sets.
    async fn files_of_boot(&mut self, server: &Address, boot: Fetched, transcript: &mut Transcript) -> Result<Taken, Stop> {
        let file = match File::read(&boot.body, &self.identity.model) {
            Ok(file) => file,
            Err(why) => {
                transcript.note(format!("refuses {}: {why}", boot.at.file_name()));
                return Ok(Taken::Bad);
            }
        };
        let mut files = Vec::new();
        for include in file.includes.iter().take(INCLUDES_MAX) {
            let Ok(at) = boot.at.reference(include) else {
                transcript.note("passes over an include whose address cannot be used");
                continue;
            };
            if let Some(body) = self.fetch(&at, server, transcript).await? {
                files.push(Fetched { at, body });
            }
        }
        if files.is_empty() { Ok(Taken::NothingThere) } else { Ok(self.take(&files, file.overwrite, transcript)) }
    }

    /// Applies files together. Those whose MD5 is known are not applied again; with `overwrite` all are, if one is new.
    fn take(&mut self, fetched: &[Fetched], overwrite: bool, transcript: &mut Transcript) -> Taken {
        let mut files = Vec::new();
        let mut marks = Vec::new();
        for Fetched { at, body } in fetched {
            let (name, md5) = (at.file_name().to_owned(), md5_of(body));
            let known = self.flash.was_applied(&name, &md5);
            match File::read(body, &self.identity.model) {
                Err(why) => {
                    transcript.note(format!("refuses {name}: {why}"));
                    return Taken::Bad;
                }
                Ok(file) if overwrite || !known => files.push(file),
                Ok(_) => {}
            }
            marks.push((name, md5, known));
        }
        if marks.iter().all(|(.., known)| *known) {
            transcript.note("has applied just this before");
            return Taken::Unchanged;
        }
        let parameters: usize = files.iter().map(|file| file.settings.len()).sum();
        self.firmware().apply(&mut self.flash, &files, overwrite);
        let mode = if overwrite { ", all others go back to the factory's values" } else { "" };
        transcript.note(format!("applies {parameters} parameters{mode}"));
        for (name, md5, _) in marks {
            self.flash.remember_applied(name, md5);
        }
        Taken::Applied
    }
}

/// Whether the server's address is a file's. The vendor's exact rule is unknown; this one takes the names that phones use.
fn names_a_file(server: &Address) -> bool {
    [".cfg", ".boot"].iter().any(|ending| server.file_name().to_ascii_lowercase().ends_with(ending))
}

fn md5_of(body: &[u8]) -> String {
    Md5::digest(body).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
