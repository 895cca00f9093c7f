//! What the tests share: a house on the telephone with one phone that is not cleared.

use std::process::Stdio;

use phonesim::Answer;
use tokio::process::Command;

use crate::account::Account;
use crate::house::{House, OFFICE, is_full, until};
use crate::scenario::Scenario;
use crate::sipp::{Run, Sipp};

pub(crate) const MAC: &str = "001565000001";

/// A house, its phone, and what the phone was given.
pub(crate) struct Scene {
    pub(crate) house: House,
    pub(crate) account: Account,
    pub(crate) pin: String,
}

impl Scene {
    pub(crate) async fn open() -> Self {
        Self::of(House::with_telephone().await).await
    }

    /// The phone in a house that is open.
    pub(crate) async fn of(house: House) -> Self {
        house.add(MAC).await;
        let pin = house.show(MAC).await["pin"].as_str().expect("a PIN").to_owned();
        house.keep_pin(&pin);
        let restricted = house.front(MAC, OFFICE, None).await;
        assert!(restricted.text().contains("Authentication needed"), "{}", restricted.text());
        let account = Account::of(&restricted);
        house.keep(&account.password);
        assert_eq!(account.port, house.voice().udp.port(), "{}", restricted.text());
        // The claim becomes known when it is used.
        house.follow(&account.given, MAC, OFFICE).await;
        Self { house, account, pin }
    }

    /// Another PIN than the device's.
    pub(crate) fn wrong_pin(&self, number: u32) -> String {
        let right: u32 = self.pin.parse().unwrap();
        let wrong = format!("{:06}", (right + 123_457 * number) % 1_000_000);
        self.house.keep_pin(&wrong);
        wrong
    }

    pub(crate) fn scenario(&self, name: &'static str) -> Scenario {
        Scenario::of(name, &self.account)
    }

    /// A phone that runs this scenario over UDP.
    pub(crate) fn phone(&self, scenario: &Scenario) -> Sipp {
        self.run(scenario).start()
    }

    pub(crate) fn run<'a>(&self, scenario: &'a Scenario) -> Run<'a> {
        Run::new(scenario, self.house.neighbour(20)).calling(self.house.voice().udp)
    }

    /// What the phone is served when it comes with its login.
    pub(crate) async fn fetch(&self) -> Answer {
        self.house.follow(&self.account.given, MAC, OFFICE).await
    }

    pub(crate) async fn state_becomes(&self, state: &str) {
        until(&format!("the device is {state}"), async || self.house.show(MAC).await["state"] == state).await;
    }

    /// The right PIN was keyed in: the phone is told, fetches, and is cleared for good.
    pub(crate) async fn is_cleared(&self) {
        let full = self.fetch().await;
        assert!(is_full(&full, MAC), "{}: {}", full.status, full.text());
        self.state_becomes("successful").await;
    }

    /// The server's metrics that begin with this name, as lines.
    pub(crate) async fn metrics(&self, name: &str) -> Vec<String> {
        let portal = self.house.ready()["portal"].as_str().expect("a portal").to_owned();
        let output =
            Command::new("curl").args(["-sk", "--max-time", "20", &format!("https://{portal}/metrics")]).stdin(Stdio::null()).output();
        let text = String::from_utf8_lossy(&output.await.unwrap().stdout).into_owned();
        text.lines().filter(|line| line.starts_with(name)).map(str::to_owned).collect()
    }

    /// Waits until a counter with this in its name and labels is above nothing.
    pub(crate) async fn counted(&self, name: &str, label: &str) {
        let found = async || self.metrics(name).await.iter().any(|line| line.contains(label) && !line.ends_with(" 0"));
        until(&format!("{name} of {label} is counted"), found).await;
    }
}

/// That one thing came after another.
pub(crate) fn in_order(text: &str, parts: &[&str]) {
    let mut from = 0;
    for part in parts {
        let found = text[from..].find(part).unwrap_or_else(|| panic!("{part:?} does not come after what should be before it in\n{text}"));
        from += found + part.len();
    }
}
