//! Snom's redirection over XML-RPC, the older of its two doors: verdicts in a list, texts with an `Error:` before them.

use std::collections::BTreeSet;

use async_trait::async_trait;
use domain::{Mac, Secret};

use crate::account::Credentials;
use crate::outcome::{Failure, Outcome};
use crate::road::Line;
use crate::row::in_turn;
use crate::service::{Entry, Listed, Page, Service, Standing};
use crate::xmlrpc::{Caller, Param, Value, Verdict, address, page, refused, upper, without_addresses};

/// A client of it.
pub(crate) struct SnomXmlrpc {
    caller: Caller,
}

/// Types to list by, for accounts whose service lists no phones without one: `snomD785` is documented, the others are made like it
/// (unverified) from the models of the catalogue, and from those that no longer stand in it.
const TYPES: [&str; 52] = [
    "snom190",
    "snom200",
    "snom220",
    "snom300",
    "snom320",
    "snom360",
    "snom370",
    "snom710",
    "snom715",
    "snom720",
    "snom725",
    "snom760",
    "snom820",
    "snom821",
    "snom870",
    "snomD120",
    "snomD140",
    "snomD150",
    "snomD305",
    "snomD315",
    "snomD335",
    "snomD345",
    "snomD375",
    "snomD385",
    "snomD710",
    "snomD712",
    "snomD713",
    "snomD715",
    "snomD717",
    "snomD725",
    "snomD735",
    "snomD745",
    "snomD765",
    "snomD785",
    "snomD810",
    "snomD812",
    "snomD815",
    "snomD862",
    "snomD865",
    "snomD892",
    "snomSP800",
    "snomMP",
    "snomPA1",
    "snomm3",
    "snomm9",
    "snomM100",
    "snomM110",
    "snomM200",
    "snomM300",
    "snomM400",
    "snomM700",
    "snomM900",
];

impl SnomXmlrpc {
    pub(crate) fn new(line: Line, credentials: &Credentials) -> Self {
        Self { caller: Caller::new(line, credentials.get("user"), credentials.get("password")) }
    }

    /// Registers a phone, or sends one of ours elsewhere.
    async fn put(&self, entry: &Entry) -> Result<Outcome, Failure> {
        let Some(address) = address(entry) else { return Ok(Outcome::InvalidAddress) };
        let params = [Param::Text(&upper(entry.mac)), Param::Text(address)];
        Ok(outcome(&self.caller.ask("redirect.registerPhone", &params).await?, entry))
    }

    async fn remove(&self, entry: &Entry) -> Result<Outcome, Failure> {
        let verdict = self.caller.ask("redirect.deregisterPhone", &[Param::Text(&upper(entry.mac))]).await?;
        Ok(match outcome(&verdict, entry) {
            Outcome::NotFound => Outcome::Done,
            outcome => outcome,
        })
    }

    /// Company and address; what the service does not say is not known.
    async fn redirection(&self, mac: &str) -> Result<(Option<String>, Option<String>), Failure> {
        let verdict = self.caller.ask("redirect.getPhoneRedirection", &[Param::Text(mac)]).await?;
        if !is_yes(&verdict) {
            return Ok((None, None));
        }
        // `[true, company, address]`; a source has `[true, address]`.
        let texts = verdict.rest.iter().filter_map(Value::text).filter(|text| !text.is_empty());
        let (addresses, names): (Vec<_>, Vec<_>) = texts.partition(|text| text.contains("://"));
        Ok((names.first().map(|name| without_addresses(name)), addresses.last().map(|&address| address.to_owned())))
    }

    /// The phones of a type, or of all; none if the service does not list so.
    async fn listed(&self, of: Param<'_>) -> Result<Option<Vec<Value>>, Failure> {
        let Value::List(values) = self.caller.call("redirect.listPhones", &[of]).await?.map_err(|fault| fault.failure())? else {
            return Err(Failure::protocol("no list of phones"));
        };
        match values.first().map(Value::truth) {
            Some(Some(false)) => Ok(None),
            _ => Ok(Some(values)),
        }
    }
}

#[async_trait]
impl Service for SnomXmlrpc {
    async fn verify(&self) -> Result<(), Failure> {
        // What it answers to a ping is not documented; that it answers is enough.
        let answer = self.caller.call("network.echo", &[Param::Text("ping")]).await?;
        answer.map(drop).map_err(|fault| fault.failure())
    }

    async fn register(&self, entries: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        in_turn(entries.iter().map(|entry| self.put(entry))).await
    }

    async fn unregister(&self, devices: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        in_turn(devices.iter().map(|entry| self.remove(entry))).await
    }

    async fn look_up(&self, device: &Entry) -> Result<Standing, Failure> {
        let mac = upper(device.mac);
        let verdict = self.caller.ask("redirect.checkPhone", &[Param::Text(&mac)]).await?;
        match outcome(&verdict, device) {
            Outcome::Done => {
                let (_, address) = self.redirection(&mac).await?;
                Ok(Standing::Ours(Listed { mac: device.mac, target: address.map(Secret::new), asked: None }))
            }
            Outcome::OwnedByOther { .. } => Ok(Standing::Foreign { owner: self.redirection(&mac).await?.0 }),
            // What the service does not take as a MAC, nobody has.
            Outcome::NotFound | Outcome::InvalidMac => Ok(Standing::Free),
            _ => Err(Failure::refused(without_addresses(verdict.text()))),
        }
    }

    /// All at once; type by type if the service wants one.
    async fn list(&self, _cursor: Option<&str>) -> Result<Page, Failure> {
        if let Some(values) = self.listed(Param::Nil).await? {
            return Ok(page(&values));
        }
        let mut macs: BTreeSet<Mac> = BTreeSet::new();
        let mut was_listed = false;
        for of in TYPES {
            let Some(values) = self.listed(Param::Text(of)).await? else { continue };
            was_listed = true;
            macs.extend(page(&values).items.iter().map(|listed| listed.mac));
        }
        if !was_listed {
            // An empty list would say that all phones are gone.
            return Err(Failure::refused("no list, of whatever type"));
        }
        Ok(Page { items: macs.into_iter().map(|mac| Listed { mac, target: None, asked: None }).collect(), next: None })
    }
}

/// Both the verdict and its text; a yes with an error behind it is none.
fn is_yes(verdict: &Verdict) -> bool {
    verdict.yes && !verdict.text().to_ascii_lowercase().starts_with("error")
}

fn outcome(verdict: &Verdict, entry: &Entry) -> Outcome {
    let words = verdict.text().to_ascii_lowercase();
    let says = |part: &str| words.contains(part);
    match () {
        () if is_yes(verdict) => Outcome::Done,
        () if says("owned_by_other_user") => Outcome::OwnedByOther { owner: None },
        () if says("no_such_mac") => Outcome::NotFound,
        () if says("malformed_mac") => Outcome::InvalidMac,
        () if says("malformed_url") => Outcome::InvalidAddress,
        () => refused(verdict.text(), entry),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Target;

    #[test]
    fn texts_are_told_whatever_their_case() {
        let mac = "000413000001".parse().unwrap();
        let entry = Entry { mac, serial: None, mac_id: None, target: Target::Address(Secret::from("https://example.com/cfg/")) };
        for (yes, text, expected) in [
            (true, "Ok", Outcome::Done),
            (true, "", Outcome::Done),
            (true, "Error:malformed_url", Outcome::InvalidAddress),
            (false, "Error:owned_by_other_user", Outcome::OwnedByOther { owner: None }),
            (false, "ERROR: Owned_By_Other_User", Outcome::OwnedByOther { owner: None }),
            (false, "Error:no_such_mac", Outcome::NotFound),
            (false, "malformed_mac", Outcome::InvalidMac),
            (false, "Error:malformed_url", Outcome::InvalidAddress),
            (false, "Error:too_late", Outcome::Refused { said: "Error:too_late".to_owned() }),
        ] {
            let verdict = Verdict { yes, rest: vec![Value::Text(text.to_owned())] };
            assert_eq!(outcome(&verdict, &entry), expected, "{yes} {text}");
        }
    }
}
