//! Panasonic's redirection: XML-RPC with real faults, whose numbers two sources tell apart differently.

use async_trait::async_trait;
use domain::Secret;

use crate::account::Credentials;
use crate::outcome::{Failure, Outcome};
use crate::road::Line;
use crate::row::in_turn;
use crate::service::{Entry, Listed, Page, Service, Standing};
use crate::xmlrpc::{Caller, Fault, Param, Value, address, page, refused, upper};

/// A client of it.
pub(crate) struct Panasonic {
    caller: Caller,
}

impl Panasonic {
    pub(crate) fn new(line: Line, credentials: &Credentials) -> Self {
        Self { caller: Caller::new(line, credentials.get("user"), credentials.get("password")) }
    }

    /// Registers a phone, or sends one of ours elsewhere.
    async fn put(&self, entry: &Entry) -> Result<Outcome, Failure> {
        let Some(address) = address(entry) else { return Ok(Outcome::InvalidAddress) };
        let params = [Param::Text(&upper(entry.mac)), Param::Text(address)];
        written(self.caller.call("ipredirect.registerPhone", &params).await?, entry)
    }

    async fn remove(&self, entry: &Entry) -> Result<Outcome, Failure> {
        let answer = self.caller.call("ipredirect.unregisterPhone", &[Param::Text(&upper(entry.mac))]).await?;
        match answer {
            Err(fault) if is_absent(&fault) => Ok(Outcome::Done),
            answer => written(answer, entry),
        }
    }
}

#[async_trait]
impl Service for Panasonic {
    async fn verify(&self) -> Result<(), Failure> {
        self.list(None).await.map(drop)
    }

    async fn register(&self, entries: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        in_turn(entries.iter().map(|entry| self.put(entry))).await
    }

    async fn unregister(&self, devices: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        in_turn(devices.iter().map(|entry| self.remove(entry))).await
    }

    async fn look_up(&self, device: &Entry) -> Result<Standing, Failure> {
        match self.caller.call("ipredirect.getPhone", &[Param::Text(&upper(device.mac))]).await? {
            Ok(phone) => listed(&phone, device).map(Standing::Ours),
            // What the service does not take as a MAC, nobody has.
            Err(fault) if is_absent(&fault) => Ok(Standing::Free),
            Err(fault) => match outcome(&fault, device) {
                Outcome::OwnedByOther { owner } => Ok(Standing::Foreign { owner }),
                Outcome::InvalidMac => Ok(Standing::Free),
                _ => Err(fault.failure()),
            },
        }
    }

    async fn list(&self, _cursor: Option<&str>) -> Result<Page, Failure> {
        match self.caller.call("ipredirect.listPhones", &[]).await?.map_err(|fault| fault.failure())? {
            Value::List(macs) => Ok(page(&macs)),
            _ => Err(Failure::protocol("no list of phones")),
        }
    }
}

fn written(answer: Result<Value, Fault>, entry: &Entry) -> Result<Outcome, Failure> {
    match answer.map(|value| value.truth()) {
        Ok(Some(true)) => Ok(Outcome::Done),
        Ok(Some(false)) => Ok(Outcome::refused("no, without a reason")),
        Ok(None) => Err(Failure::protocol("neither yes nor a fault")),
        Err(fault) => Ok(outcome(&fault, entry)),
    }
}

/// By the words where they are known: two sources give 201 to 203 different meanings. Else by the number.
fn outcome(fault: &Fault, entry: &Entry) -> Outcome {
    let words = fault.text.to_ascii_lowercase();
    let says = |part: &str| words.contains(part);
    match fault.code {
        _ if says("not owner") || says("other owner") => Outcome::OwnedByOther { owner: None },
        _ if says("invalid mac") => Outcome::InvalidMac,
        _ if says("invalid url") => Outcome::InvalidAddress,
        _ if says("not registered") => Outcome::NotFound,
        202 | 203 => Outcome::OwnedByOther { owner: None },
        100 => Outcome::InvalidAddress,
        200 => Outcome::InvalidMac,
        201 => Outcome::NotFound,
        code => refused(&format!("{code} {}", fault.text), entry),
    }
}

/// Nothing is there to be removed. 201 is "not registered" in one source and "Invalid MAC address" in the other.
fn is_absent(fault: &Fault) -> bool {
    let words = fault.text.to_ascii_lowercase();
    words.contains("not registered") || (fault.code == 201 && !words.contains("owner"))
}

fn listed(phone: &Value, device: &Entry) -> Result<Listed, Failure> {
    let Value::Map(_) = phone else { return Err(Failure::protocol("no phone")) };
    let text = |name| phone.member(name).and_then(Value::text).filter(|text| !text.is_empty());
    if text("mac").is_some_and(|mac| mac.parse() != Ok(device.mac)) {
        return Err(Failure::protocol("another phone than the one asked for"));
    }
    let asked = phone.member("access_date").and_then(|date| if let Value::At(time) = date { Some(*time) } else { None });
    Ok(Listed { mac: device.mac, target: text("url").map(Secret::from), asked })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Target;

    #[test]
    fn faults_are_told_by_number_and_words() {
        let mac = "bcc342000001".parse().unwrap();
        let entry = Entry { mac, serial: None, mac_id: None, target: Target::Address(Secret::from("https://example.com/cfg/")) };
        let other = || Outcome::OwnedByOther { owner: None };
        for (code, text, expected, is_gone) in [
            // Samples of the specification.
            (1, "Invalid XML format", Outcome::Refused { said: "1 Invalid XML format".to_owned() }, false),
            (201, "BCC342000001:Invalid MAC address", Outcome::InvalidMac, true),
            (203, "BCC342000001: You are not owner of the phone.", other(), false),
            // As an implementation reads the numbers.
            (100, "", Outcome::InvalidAddress, false),
            (200, "", Outcome::InvalidMac, false),
            (201, "", Outcome::NotFound, true),
            (202, "", other(), false),
            (203, "", other(), false),
            // Where number and words part, the words count.
            (201, "You are not owner of the phone.", other(), false),
            (200, "Not registered", Outcome::NotFound, true),
            (999, "https://example.com/cfg/ is odd", Outcome::Refused { said: "999 … is odd".to_owned() }, false),
        ] {
            let fault = Fault { code, text: text.to_owned() };
            assert_eq!(outcome(&fault, &entry), expected, "{code} {text}");
            assert_eq!(is_absent(&fault), is_gone, "{code} {text}");
        }
    }
}
