//! The phone: its memory, its menu, its passes over the provisioning server.

mod carton;
mod fetch;
mod pass;

use std::time::Duration;

use domain::Secret;

use crate::address::{Address, Login};
use crate::behaviour::Behaviour;
use crate::display::{Account, Display};
use crate::firmware::{Cause, Firmware, Unit, Work};
use crate::flash::{Flash, FlashError};
use crate::identity::Identity;
use crate::transcript::Transcript;

pub use self::carton::RedirectService;
use self::fetch::Lane;

/// What a phone finds around it; no factory reset changes it.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// The maker's redirect service, where it is played: asked in the state of the factory.
    pub service: Option<RedirectService>,
    /// What the maker's redirect service answers where it is not: looked at while no server is stored, and stored then.
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
    lane: Lane,
    prompting: bool,
    message: Option<&'static str>,
    /// How the last pass ended.
    outcome: Option<Outcome>,
}

impl Memory {
    fn fresh(identity: &Identity) -> Self {
        let seed = identity.mac.bytes().into_iter().fold(0, |seed, byte| seed << 8 | u64::from(byte));
        Self { lane: Lane::new(seed), prompting: false, message: None, outcome: None }
    }
}

impl Phone {
    /// A phone fresh from its box.
    pub fn new(identity: Identity, behaviour: Behaviour) -> Self {
        let memory = Memory::fresh(&identity);
        Self { identity, behaviour, network: Network::default(), flash: Flash::default(), memory }
    }

    /// The same, whose maker's redirect service is there to be asked.
    pub fn from_carton(identity: Identity, behaviour: Behaviour, service: RedirectService) -> Self {
        let network = Network { service: Some(service), ..Network::default() };
        Self { network, ..Self::new(identity, behaviour) }
    }

    /// Switches it on: it fetches, unless a config forbids that at boot.
    pub async fn boot(&mut self, transcript: &mut Transcript) -> Outcome {
        self.power_cycle();
        transcript.note(format!("{:?} starts", self.identity));
        if !self.firmware().fetches_at_boot(self.unit()) {
            transcript.note("is told not to fetch at boot");
            return Outcome::Unchanged;
        }
        self.fetch_all(Cause::Boot, transcript).await
    }

    /// Fetches: by its poll, because it was told to, or by "Auto Provision Now".
    pub async fn resync(&mut self, transcript: &mut Transcript) -> Outcome {
        self.fetch_all(Cause::Resync, transcript).await
    }

    async fn fetch_all(&mut self, cause: Cause, transcript: &mut Transcript) -> Outcome {
        let outcome = self.provision(cause, transcript).await;
        self.memory.lane.hang_up();
        self.memory.outcome = Some(outcome);
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
        if !self.has_screen() {
            return Display::None;
        }
        if self.memory.prompting {
            return Display::LoginPrompt;
        }
        let (accounts, texts) = (self.accounts(), self.firmware().texts(self.unit()));
        if accounts.iter().any(|account| account.hotline.is_none() && !account.user.is_empty() && !account.server.is_empty()) {
            return Display::Ready { accounts, texts };
        }
        let mut lines: Vec<String> = accounts.iter().map(Account::shown).chain(texts).collect();
        lines.dedup();
        lines.extend(self.memory.message.map(str::to_owned));
        if lines.is_empty() {
            lines.push("No Service".to_owned());
        }
        Display::Text(lines)
    }

    /// Whether it has anything to read.
    pub fn has_screen(&self) -> bool {
        self.firmware().has_screen(&self.identity)
    }

    /// The accounts that its settings switch on.
    pub fn accounts(&self) -> Vec<Account> {
        self.firmware().accounts(self.unit())
    }

    /// What leaves when somebody dials on a line, or lifts the handset without dialling; none if nothing does.
    pub fn dials(&self, slot: u16, digits: &str) -> Option<String> {
        self.firmware().dials(self.unit(), slot, digits)
    }

    /// The login it would send to its server.
    pub fn own_login(&self) -> Option<Login> {
        self.server().and_then(|server| server.login).or_else(|| self.firmware().provisioning(self.unit()).login)
    }

    /// The server it would go to.
    pub fn server(&self) -> Option<Address> {
        self.firmware().provisioning(self.unit()).url?.parse().ok()
    }

    /// How long it waits until it fetches by itself, if it does.
    pub fn poll_due(&self) -> Option<Duration> {
        self.firmware().poll(self.unit(), self.memory.outcome)
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

    pub(crate) fn firmware(&self) -> &'static dyn Firmware {
        self.identity.brand.firmware()
    }

    pub(crate) fn unit(&self) -> Unit<'_> {
        Unit { identity: &self.identity, flash: &self.flash }
    }

    fn work<'p>(&'p mut self, transcript: &'p mut Transcript) -> Work<'p> {
        Work { identity: &self.identity, flash: &mut self.flash, behaviour: &self.behaviour, transcript }
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
        let firmware = self.phone.firmware();
        firmware.store_server(&self.phone.identity, &mut self.phone.flash, url);
        self.phone.flash.forget_applied();
        self.set_login(user, password);
    }

    /// Types user and password only.
    pub fn set_login(&mut self, user: &str, password: &str) {
        let firmware = self.phone.firmware();
        firmware.store_login(&self.phone.identity, &mut self.phone.flash, user, &Secret::from(password));
        self.phone.memory.prompting = false;
    }

    /// Changes any other setting, by the brand's own name.
    pub fn change(&mut self, key: &str, value: &str) {
        let firmware = self.phone.firmware();
        firmware.change(&self.phone.identity, &mut self.phone.flash, key, value);
    }

    /// Closes the window that asks for a login.
    pub fn cancel_prompt(&mut self) {
        self.phone.memory.prompting = false;
    }
}
