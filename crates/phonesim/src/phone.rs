//! The phone: its memory, its menu, its passes over the provisioning server.

mod fetch;
mod pass;

use std::time::Duration;

use domain::Secret;

use crate::address::{Address, Login};
use crate::behaviour::Behaviour;
use crate::client::Connection;
use crate::display::{Account, Display};
use crate::flash::{Flash, FlashError};
use crate::identity::Identity;
use crate::login::Answers;
use crate::transcript::Transcript;
use crate::yealink::Firmware;

/// What a phone finds around it; no factory reset changes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// What the maker's redirect service answers: asked while no server is stored, and stored then.
    pub redirect: Option<(Address, Option<Login>)>,
    /// What DHCP says (option 66). Tried before the stored server at every pass, unless a config switched it off.
    pub dhcp: Option<Address>,
}

/// How a pass ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// At least one file was new and taken.
    Configured,
    /// Every file was the one already applied; or a config says not to fetch at boot.
    Unchanged,
    /// The server has no file for this phone.
    NothingThere,
    /// A file is none by the brand's rules; it was not taken.
    BadFile,
    /// The server wants a login, or another one. The display asks for it, if it can.
    LoginWanted,
    /// No answer after all tries.
    NoAnswer,
    /// Busy or broken after all tries.
    ServerFailed,
    /// No server is known, or its address cannot be used.
    NoServer,
}

/// A simulated phone.
#[derive(Debug)]
pub struct Phone {
    /// What its maker built.
    pub identity: Identity,
    /// How it behaves.
    pub behaviour: Behaviour,
    /// What it finds around it.
    pub network: Network,
    flash: Flash,
    memory: Memory,
}

/// What is gone without power.
#[derive(Debug)]
struct Memory {
    answers: Answers,
    /// The challenge that [`crate::LoginHabit::KeepsChallenge`] answers again, and whose it is.
    kept: Option<(Address, wire::challenge::Challenge)>,
    connection: Option<(Address, Connection)>,
    prompting: bool,
    message: Option<&'static str>,
}

impl Memory {
    fn fresh(identity: &Identity) -> Self {
        let seed = identity.mac.bytes().into_iter().fold(0, |seed, byte| seed << 8 | u64::from(byte));
        Self { answers: Answers::new(seed), kept: None, connection: None, prompting: false, message: None }
    }
}

impl Phone {
    /// A phone fresh from its box.
    pub fn new(identity: Identity, behaviour: Behaviour) -> Self {
        let memory = Memory::fresh(&identity);
        Self { identity, behaviour, network: Network::default(), flash: Flash::default(), memory }
    }

    /// Switches it on: it fetches, unless a config forbids that at boot.
    pub async fn boot(&mut self, transcript: &mut Transcript) -> Outcome {
        self.power_cycle();
        transcript.note(format!("{:?} starts", self.identity));
        if !self.firmware().fetches_at_boot(&self.flash) {
            transcript.note("is told not to fetch at boot");
            return Outcome::Unchanged;
        }
        self.resync(transcript).await
    }

    /// Fetches: by its poll, because it was told to, or by "Auto Provision Now".
    pub async fn resync(&mut self, transcript: &mut Transcript) -> Outcome {
        let outcome = self.provision(transcript).await;
        self.memory.connection = None;
        transcript.note(format!("display: {}", self.display().lines().join(" | ")));
        outcome
    }

    /// Somebody types user and password into the window, and the phone goes on. The login is kept in flash; whether
    /// real phones keep it is unknown, but the config that follows replaces it.
    pub async fn answer_prompt(&mut self, user: &str, password: &str, transcript: &mut Transcript) -> Outcome {
        transcript.note(format!("somebody types user {user} and a password"));
        self.menu().set_login(user, password);
        self.resync(transcript).await
    }

    /// Takes its power away for a moment: flash stays, everything else is gone. [`Phone::boot`] does this first.
    pub fn power_cycle(&mut self) {
        self.memory = Memory::fresh(&self.identity);
    }

    /// Back to the factory's state: flash is blank. What redirect service and DHCP say is not the phone's to forget.
    pub fn factory_reset(&mut self) {
        self.flash = Flash::default();
        self.power_cycle();
    }

    /// What a person can set at the phone.
    pub fn menu(&mut self) -> Menu<'_> {
        Menu { phone: self }
    }

    /// What a person sees.
    pub fn display(&self) -> Display {
        if self.memory.prompting {
            return Display::LoginPrompt;
        }
        let accounts = self.accounts();
        if accounts.iter().any(|account| account.hotline.is_none() && !account.user.is_empty() && !account.server.is_empty()) {
            return Display::Ready { accounts };
        }
        let mut lines: Vec<String> = accounts.iter().map(Account::shown).chain(Firmware::key_labels(&self.flash)).collect();
        lines.dedup();
        lines.extend(self.memory.message.map(str::to_owned));
        if lines.is_empty() {
            lines.push("No Service".to_owned());
        }
        Display::Text(lines)
    }

    /// The accounts that its settings switch on.
    pub fn accounts(&self) -> Vec<Account> {
        self.firmware().accounts(&self.flash)
    }

    /// The login it would send to its server.
    pub fn own_login(&self) -> Option<Login> {
        self.server().and_then(|server| server.login).or_else(|| self.firmware().provisioning(&self.flash).login)
    }

    /// The server it would go to.
    pub fn server(&self) -> Option<Address> {
        self.firmware().provisioning(&self.flash).url?.parse().ok()
    }

    /// How long it waits between two fetches, if it polls.
    pub fn poll_due(&self) -> Option<Duration> {
        self.firmware().poll(&self.flash)
    }

    /// Its flash memory.
    pub fn flash(&self) -> &Flash {
        &self.flash
    }

    /// The same phone later: flash as saved by [`Flash::to_bytes`], everything else fresh.
    pub fn restore_flash(&mut self, bytes: &[u8]) -> Result<(), FlashError> {
        self.flash = Flash::from_bytes(bytes)?;
        self.power_cycle();
        Ok(())
    }

    fn firmware(&self) -> Firmware {
        Firmware::of(&self.identity)
    }
}

/// The phone's menu, or its own web page.
#[derive(Debug)]
pub struct Menu<'p> {
    phone: &'p mut Phone,
}

impl Menu<'_> {
    /// Types a server's address, user and password; blank ones are taken away. What was applied before counts as new
    /// then, as the person expects the phone to do something.
    pub fn set_server(&mut self, url: &str, user: &str, password: &str) {
        self.phone.firmware().set_url(&mut self.phone.flash, url);
        self.phone.flash.forget_applied();
        self.set_login(user, password);
    }

    /// Types user and password only.
    pub fn set_login(&mut self, user: &str, password: &str) {
        self.phone.firmware().set_login(&mut self.phone.flash, user, &Secret::from(password));
        self.phone.memory.prompting = false;
    }

    /// Closes the window that asks for a login.
    pub fn cancel_prompt(&mut self) {
        self.phone.memory.prompting = false;
    }
}
