//! The story: six chapters in their order, and what they have in common.

pub mod around;
mod models;
mod owner;
mod strangers;
mod telephone;
mod trust;

use std::net::IpAddr;

use brands::Catalogue;
use domain::reason::Reason;
use phonesim::{Address, Client, Exchange, Login, Outcome, Phone, Request, Scheme, SentLogin, Transcript};
use portal::admin::customer::{self, NewCustomer};
use portal::admin::device::{self, DeviceView};
use portal::admin::trunk::{self, NewTrunk};

use super::cast::{Cast, LTD, Member, TRUST};
use super::house::House;
use super::screen::Screen;
use crate::failure::Failure;

/// The story, while it is told.
pub struct Story<'a> {
    house: &'a House,
    screen: &'a mut Screen,
    cast: Cast,
    catalogue: Catalogue,
    /// Logins that the server gave to phones: nobody may read them here.
    given: Vec<String>,
}

/// An answer to a request that no phone made.
struct Heard {
    status: u16,
    body: String,
}

impl<'a> Story<'a> {
    pub fn new(house: &'a House, screen: &'a mut Screen) -> Self {
        let cast = Cast::new().at_pbx(house.switchboard.address().port());
        Self { house, screen, cast, catalogue: Catalogue::embedded(), given: Vec::new() }
    }

    /// Tells all of it. Fails only where the story cannot go on; what did not go as promised is counted by the screen.
    pub async fn tell(&mut self) -> Result<(), Failure> {
        self.enter_everybody().await?;
        self.introduce();
        // Calls take as long as people speak: two of them are made while the other chapters are told.
        let (house, spare, hallway) = (self.house, self.caller(&self.cast.spare), self.caller(&self.cast.hallway));
        let (told, failed, called) =
            tokio::join!(self.main_chapters(), telephone::three_wrong(house, spare), telephone::emergency(house, hallway));
        told?;
        self.screen.page(failed?);
        self.screen.page(called?);
        self.screen.still_read()?;
        self.other_models().await?;
        self.afterwards().await?;
        self.screen.still_read()
    }

    async fn main_chapters(&mut self) -> Result<(), Failure> {
        let phone = self.first_contact().await?;
        self.screen.still_read()?;
        self.factory_reset(phone).await?;
        self.screen.still_read()?;
        self.trusted_network().await?;
        self.screen.still_read()?;
        self.strangers().await?;
        self.screen.still_read()?;
        self.by_telephone().await
    }

    /// What an admin does before the first phone is plugged in.
    async fn enter_everybody(&self) -> Result<(), Failure> {
        for (name, login, pin) in [(LTD, "required", "off"), (TRUST, "none", "required")] {
            let policy = [("login", login), ("pin", pin)].map(|(key, value)| (key.to_owned(), value.to_owned()));
            let new = NewCustomer { name: name.to_owned(), reseller: None, policy: policy.into() };
            customer::add(self.house.admin(), &self.house.by(), new).await?;
        }
        for member in self.cast.members() {
            device::add(self.house.admin(), &self.house.by(), member.order()).await?;
        }
        let uri = format!("sip:{}", self.house.switchboard.address());
        let new = NewTrunk { name: "Demo trunk".to_owned(), uri, ..NewTrunk::default() };
        trunk::add(self.house.admin(), &self.house.by(), new).await?;
        Ok(())
    }

    fn introduce(&mut self) {
        self.screen.title("Ringfence: how a phone gets its configuration, and nobody else does");
        self.screen.say(
            "A whole server runs on this machine now, with a store of its own in a temporary directory. Simulated phones call it \
             over TLS, from networks that loopback addresses play. Nothing leaves this machine, and nothing stays.",
        );
        let phones = format!("{} phones, entered by MAC address with their lines and passwords", self.cast.members().count());
        let global = format!("user {}, and one password for all phones that works once for each", self.house.global_user);
        self.screen.facts(&[
            ("front door", &self.house.front_door()),
            ("global login", &global),
            (LTD, "a phone's first contact must show the global login (login=required pin=off)"),
            (TRUST, "no login, but the phone's PIN or a trusted network (login=none pin=required)"),
            ("devices", &phones),
            ("networks", "127.0.10.x and 127.0.20.x are the customers' offices, 127.0.30.x are homes, 127.0.66.x is a stranger's"),
        ]);
        self.screen.say(
            "Each request stands on a line: method, path, login, status, size, and what the phone makes of it. Logins that the \
             server makes are random; only their first four characters are shown, and no password is.",
        );
    }

    /// Switches a phone on and tells what it does.
    async fn boot(&mut self, phone: &mut Phone, who: &str) -> (Outcome, Transcript) {
        self.act(phone, who, "");
        let mut transcript = Transcript::default();
        let outcome = phone.boot(&mut transcript).await;
        self.screen.transcript(&transcript);
        self.remember(phone);
        (outcome, transcript)
    }

    /// Has a phone fetch again and tells what it does.
    async fn resync(&mut self, phone: &mut Phone, who: &str) -> (Outcome, Transcript) {
        self.act(phone, who, " fetches again");
        let mut transcript = Transcript::default();
        let outcome = phone.resync(&mut transcript).await;
        self.screen.transcript(&transcript);
        self.remember(phone);
        (outcome, transcript)
    }

    fn act(&mut self, phone: &Phone, who: &str, does: &str) {
        let from = phone.behaviour.client.source.map_or_else(String::new, |address| format!(" at {address}"));
        self.screen.actor(&format!("{who}: Yealink {}, {}{from}{does}", phone.identity.model, phone.identity.mac.with_colons()));
    }

    fn remember(&mut self, phone: &Phone) {
        if let Some(login) = phone.own_login() {
            let password = login.password.expose().clone();
            if !password.is_empty() && !self.given.contains(&password) {
                self.given.push(password);
            }
        }
    }

    /// Types address and global login into a phone's menu.
    fn type_global_login(&self, phone: &mut Phone) {
        phone.menu().set_server(&self.house.front_door(), &self.house.global_user, self.house.global_password.expose());
    }

    /// One request that no phone makes: from somebody with a tool, logging in with Basic if at all.
    async fn ask(&mut self, who: &str, member: &Member, from: IpAddr, login: Option<&Login>) -> Result<Heard, Failure> {
        self.screen.actor(&format!("{who} at {from}"));
        let path = format!("/cfg/{}.cfg", member.mac);
        let server: Address = self.house.front_door().parse().map_err(|_| Failure::refused("the front door's address is none"))?;
        let agent = member.unpacked(&self.catalogue, &self.house.tls).identity.user_agent();
        let mut request = Request::get(&path).header("User-Agent", &agent);
        let mut shown = SentLogin::None;
        if let Some(login) = login {
            request = request.basic(&login.user, login.password.expose());
            shown = SentLogin::Login { scheme: Scheme::Basic, user: login.user.clone() };
        }
        let client = Client::new(self.house.tls.clone()).from(from);
        let answer =
            client.send(&server, request).await.map_err(|error| Failure::refused(format!("the server does not answer: {error}")))?;
        let summary = match (answer.status, login) {
            (401, Some(_)) => "this login is refused",
            (401, None) => "wants a login",
            _ => "taken",
        };
        let (status, bytes) = (Some(answer.status), answer.body.len());
        self.screen.exchange(&Exchange { method: "GET", target: path, login: shown, status, bytes, summary: summary.to_owned() });
        Ok(Heard { status: answer.status, body: answer.text() })
    }

    /// Shows the server's own reason for what a phone was told. Whether it stands in the log so many times.
    async fn reason(&mut self, member: &Member, reason: Reason, times: usize) -> bool {
        let Some(found) = self.house.logged(member.mac, reason, times).await else {
            self.screen.note(&format!("the server's log does not give the reason {}", reason.code()));
            return false;
        };
        self.screen.note(&format!("the server's log: {}, {}: {}", found.status, reason.code(), reason.sentence()));
        true
    }

    /// Shows a command that an admin gives. The act behind it is the caller's.
    fn command(&mut self, words: &str) {
        self.screen.actor(&format!("$ ringfence {words}"));
    }

    async fn view(&self, member: &Member) -> Result<DeviceView, Failure> {
        Ok(device::show(self.house.admin(), &self.house.by(), &member.mac.to_string()).await?)
    }

    /// Whether the phone has its lines, a login of its own and its own door; and neither the global login nor another phone's line.
    fn is_provisioned(&self, member: &Member, phone: &Phone) -> bool {
        let own = phone
            .own_login()
            .is_some_and(|login| login.user != self.house.global_user && login.password.expose() != self.house.global_password.expose());
        let door = phone.server().is_some_and(|server| server.path.starts_with("/cfg/d/"));
        let others = self.cast.members().filter(|other| other.mac != member.mac).flat_map(|other| &other.lines);
        let foreign: Vec<&str> =
            others.map(|line| &line.password).chain([&self.house.global_password]).map(|it| it.expose().as_str()).collect();
        let no_more = phone.flash().settings().values().all(|value| foreign.iter().all(|secret| !value.contains(secret)));
        member.has_its_lines(phone) && own && door && no_more
    }

    /// Every password that exists by now.
    fn secrets(&self) -> Vec<String> {
        let lines = self.cast.members().flat_map(|member| member.lines.iter().map(|line| line.password.expose().clone()));
        let platform = [&self.house.global_password, &self.house.operator_password].into_iter().chain(self.house.maker.secrets());
        let platform = platform.map(|secret| secret.expose().clone());
        let mut secrets: Vec<String> = lines.chain(platform).chain(self.given.clone()).collect();
        secrets.sort();
        secrets.dedup();
        secrets
    }

    /// Every promise about a phone that comes back with its own login and by that takes it up.
    async fn comes_back(&mut self, member: &Member, phone: &mut Phone) -> Result<(), Failure> {
        let login = phone.own_login();
        let (outcome, transcript) = self.resync(phone, member.label).await;
        let fetched = matches!(outcome, Outcome::Configured | Outcome::Unchanged);
        let users = logins(&transcript);
        let own = login.is_some_and(|login| !users.is_empty() && users.iter().all(|user| *user == login.user));
        let state = self.view(member).await?.state;
        let kept = fetched && own && state == "successful" && self.is_provisioned(member, phone);
        self.screen.check(kept, &format!("{} is in service with its own login: Authentication successful.", member.label));
        Ok(())
    }
}

/// The users that a phone logged in with.
fn logins(transcript: &Transcript) -> Vec<&str> {
    let sent = transcript.exchanges().map(|exchange| &exchange.login);
    let user = sent.filter_map(|login| match login {
        SentLogin::Login { user, .. } => Some(user.as_str()),
        SentLogin::None => None,
    });
    user.collect()
}
