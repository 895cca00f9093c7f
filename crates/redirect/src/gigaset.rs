//! Gigaset's redirection over XML-RPC, the older of its two doors: devices are known by their MAC and the four characters behind it on
//! the label.

use async_trait::async_trait;

use crate::account::Credentials;
use crate::outcome::{Failure, Outcome};
use crate::road::Line;
use crate::row::in_turn;
use crate::service::{Entry, Listed, Page, Service, Standing};
use crate::xmlrpc::{Caller, Param, Value, Verdict, address, refused, upper, without_addresses};

/// The name beside each device in Gigaset's portal.
const PROVIDER: &str = "Ringfence";

/// A device that nobody has: what is said of it tells that the account was let in.
const NOBODY: &str = "000000000000-0000";

/// A client of it.
pub(crate) struct GigasetXmlrpc {
    caller: Caller,
    without_mac_id: bool,
}

impl GigasetXmlrpc {
    pub(crate) fn new(line: Line, credentials: &Credentials) -> Self {
        let caller = Caller::new(line, credentials.get("user"), credentials.get("password"));
        Self { caller, without_mac_id: credentials.is_on("without_mac_id") }
    }

    /// `XXXXXXXXXXXX-YYYY`. Nobody outside Gigaset can work the four characters out, so they are never guessed.
    fn name(&self, entry: &Entry) -> Option<String> {
        let mac = upper(entry.mac);
        let id = entry.mac_id.as_deref().unwrap_or_default().trim().to_ascii_uppercase();
        if id.len() == 4 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Some(format!("{mac}-{id}"))
        } else {
            (id.is_empty() && self.without_mac_id).then_some(mac)
        }
    }

    async fn enter(&self, name: &str, address: &str, entry: &Entry) -> Result<Outcome, Failure> {
        let params = [Param::Text(name), Param::Text(address), Param::Text(PROVIDER)];
        Ok(outcome(&self.caller.ask("autoprov.registerDevice", &params).await?, entry))
    }

    async fn put(&self, entry: &Entry) -> Result<Outcome, Failure> {
        let Some(name) = self.name(entry) else { return Ok(Outcome::MissingMacId) };
        let Some(address) = address(entry) else { return Ok(Outcome::InvalidAddress) };
        let came = self.enter(&name, address, entry).await?;
        if matches!(came, Outcome::OwnedByOther { .. }) {
            // The same word is said of a device of our own. Nothing was written, so asking is safe.
            return Ok(match self.stands(&name, entry).await {
                Ok(Standing::Ours(_)) => Outcome::AlreadyOurs,
                Ok(_) => came,
                Err(_) => Outcome::Uncertain,
            });
        }
        Ok(came)
    }

    /// There is no call that changes an address: out, and in again.
    async fn renew(&self, entry: &Entry) -> Result<Outcome, Failure> {
        let Some(name) = self.name(entry) else { return Ok(Outcome::MissingMacId) };
        let Some(address) = address(entry) else { return Ok(Outcome::InvalidAddress) };
        // Whatever it says: if the device is still there, and somebody else's, the second call says so.
        self.caller.ask("autoprov.deregisterDevice", &[Param::Text(&name)]).await?;
        // From here on, any failure leaves it neither here nor there.
        Ok(self.enter(&name, address, entry).await.unwrap_or(Outcome::Uncertain))
    }

    async fn remove(&self, entry: &Entry) -> Result<Outcome, Failure> {
        let Some(name) = self.name(entry) else { return Ok(Outcome::MissingMacId) };
        let verdict = self.caller.ask("autoprov.deregisterDevice", &[Param::Text(&name)]).await?;
        Ok(match outcome(&verdict, entry) {
            Outcome::NotFound => Outcome::Done,
            outcome => outcome,
        })
    }

    async fn stands(&self, name: &str, entry: &Entry) -> Result<Standing, Failure> {
        let answer = self.caller.call("autoprov.checkDevice", &[Param::Text(name)]).await?.map_err(|fault| fault.failure())?;
        let ours = || Standing::Ours(Listed { mac: entry.mac, target: None, asked: None });
        let is_name = |value: &Value| {
            value.text().is_some_and(|text| text.eq_ignore_ascii_case(name) || text.eq_ignore_ascii_case(&upper(entry.mac)))
        };
        // A yes, or the MAC in its place: both are seen.
        let said = if let Value::List(values) = &answer { values.iter().any(is_name) } else { is_name(&answer) };
        if said {
            return Ok(ours());
        }
        let verdict = answer.verdict()?;
        match outcome(&verdict, entry) {
            Outcome::Done => Ok(ours()),
            Outcome::OwnedByOther { owner } => Ok(Standing::Foreign { owner }),
            // What the service does not take as a device of its own, nobody has.
            Outcome::NotFound | Outcome::InvalidMac => Ok(Standing::Free),
            _ => Err(Failure::refused(without_addresses(verdict.text()))),
        }
    }
}

#[async_trait]
impl Service for GigasetXmlrpc {
    async fn verify(&self) -> Result<(), Failure> {
        let answer = self.caller.call("autoprov.checkDevice", &[Param::Text(NOBODY)]).await?;
        answer.map(drop).map_err(|fault| fault.failure())
    }

    async fn register(&self, entries: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        in_turn(entries.iter().map(|entry| self.put(entry))).await
    }

    async fn retarget(&self, entries: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        in_turn(entries.iter().map(|entry| self.renew(entry))).await
    }

    async fn unregister(&self, devices: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        in_turn(devices.iter().map(|entry| self.remove(entry))).await
    }

    async fn look_up(&self, device: &Entry) -> Result<Standing, Failure> {
        match self.name(device) {
            Some(name) => self.stands(&name, device).await,
            // It could never be registered.
            None => Ok(Standing::NotVisible),
        }
    }

    /// No call that lists is known.
    async fn list(&self, _cursor: Option<&str>) -> Result<Page, Failure> {
        Err(Failure::refused("this service lists no devices"))
    }
}

/// Each text has a value behind it, which may be the address: only the word is read.
fn outcome(verdict: &Verdict, entry: &Entry) -> Outcome {
    let words = verdict.text().to_ascii_lowercase();
    let says = |part: &str| words.contains(part);
    match () {
        () if verdict.yes => Outcome::Done,
        () if says("mac_not_found") => Outcome::NotFound,
        () if says("mac_invalid") || says("mac_not_exist") => Outcome::InvalidMac,
        () if says("mac_already_in_use") => Outcome::OwnedByOther { owner: None },
        () if says("url_invalid") => Outcome::InvalidAddress,
        () => refused(verdict.text(), entry),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Target;

    #[test]
    fn texts_are_told_by_their_word() {
        let mac = "7c2f80000001".parse().unwrap();
        let entry = Entry { mac, serial: None, mac_id: None, target: Target::Address("https://example.com/cfg/".into()) };
        for (yes, text, expected) in [
            (true, "", Outcome::Done),
            (false, "mac_not_found:7C2F80000001-AB12", Outcome::NotFound),
            (false, "mac_invalid:7C2F80000001-AB12", Outcome::InvalidMac),
            (false, "MAC_NOT_EXIST:7C2F80000001", Outcome::InvalidMac),
            (false, "mac_already_in_use:7C2F80000001-AB12", Outcome::OwnedByOther { owner: None }),
            (false, "url_invalid:https://example.com/cfg/", Outcome::InvalidAddress),
            (false, "name_invalid:Ringfence", Outcome::Refused { said: "name_invalid:Ringfence".to_owned() }),
            (false, "odd:https://example.com/cfg/", Outcome::Refused { said: "odd:…".to_owned() }),
        ] {
            let verdict = Verdict { yes, rest: vec![Value::Text(text.to_owned())] };
            assert_eq!(outcome(&verdict, &entry), expected, "{text}");
        }
    }
}
