//! Fanvil's FDPS: XML-RPC in which a device belongs to a server record. Each phone gets a record of its own, named by its MAC, and so an
//! address of its own.

use async_trait::async_trait;
use md5::{Digest as _, Md5};

use crate::account::Credentials;
use crate::outcome::{Failure, Outcome};
use crate::road::Line;
use crate::row::in_turn;
use crate::service::{Entry, Page, Service, Standing};
use crate::xmlrpc::{Caller, Param, Value, Verdict, address, page, refused, upper, without_addresses};

/// A client of it.
pub(crate) struct Fdps {
    caller: Caller,
}

impl Fdps {
    pub(crate) fn new(line: Line, credentials: &Credentials) -> Self {
        Self { caller: Caller::new(line, credentials.get("user"), &hashed(credentials.get("password"))) }
    }

    /// Registers a phone, or sends one of ours elsewhere: out, its record away, a new one, and in.
    ///
    /// A record with a device in it cannot be removed, and no call that changes one is documented.
    async fn put(&self, entry: &Entry) -> Result<Outcome, Failure> {
        let mac = upper(entry.mac);
        let Some(record) = address(entry).and_then(|address| record(&mac, address)) else { return Ok(Outcome::InvalidAddress) };
        let out = self.ask("redirect.deRegisterDevice", &[Param::Text(&mac)], entry).await?;
        if out == Outcome::InvalidMac {
            return Ok(out);
        }
        // Any other refusal: the device is not ours, and the last call says whose. From here on, a failure leaves it in the middle.
        Ok(self.enter(&mac, &record, entry).await.unwrap_or(Outcome::Uncertain))
    }

    async fn enter(&self, mac: &str, record: &[String], entry: &Entry) -> Result<Outcome, Failure> {
        match self.ask("redirect.deleteServer", &[Param::Text(mac)], entry).await? {
            Outcome::Done | Outcome::NotFound => {}
            refusal => return Ok(refusal),
        }
        let came = self.ask("redirect.addMaterialServer", &[Param::Texts(record)], entry).await?;
        if !came.is_done() {
            return Ok(came);
        }
        let came = self.ask("redirect.registerDevice", &[Param::Text(mac), Param::Text(mac)], entry).await?;
        if !came.is_done() {
            // The record holds the address; whether it goes now or with the next try changes nothing about the refusal.
            let _ = self.ask("redirect.deleteServer", &[Param::Text(mac)], entry).await;
        }
        Ok(came)
    }

    async fn remove(&self, entry: &Entry) -> Result<Outcome, Failure> {
        let mac = upper(entry.mac);
        match self.ask("redirect.deRegisterDevice", &[Param::Text(&mac)], entry).await? {
            Outcome::Done | Outcome::NotFound => {}
            refusal => return Ok(refusal),
        }
        Ok(match self.ask("redirect.deleteServer", &[Param::Text(&mac)], entry).await {
            Ok(Outcome::Done | Outcome::NotFound) => Outcome::Done,
            Ok(refusal) => refusal,
            Err(_) => Outcome::Uncertain,
        })
    }

    async fn ask(&self, procedure: &str, params: &[Param<'_>], entry: &Entry) -> Result<Outcome, Failure> {
        Ok(outcome(&self.caller.ask(procedure, params).await?, entry))
    }
}

#[async_trait]
impl Service for Fdps {
    async fn verify(&self) -> Result<(), Failure> {
        self.list(None).await.map(drop)
    }

    async fn register(&self, entries: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        in_turn(entries.iter().map(|entry| self.put(entry))).await
    }

    async fn unregister(&self, devices: &[Entry]) -> Result<Vec<Outcome>, Failure> {
        in_turn(devices.iter().map(|entry| self.remove(entry))).await
    }

    /// From the list: there is a call that checks one device, and nobody says what it answers.
    async fn look_up(&self, device: &Entry) -> Result<Standing, Failure> {
        let found = self.list(None).await?.items.into_iter().find(|listed| listed.mac == device.mac);
        Ok(found.map_or(Standing::NotVisible, Standing::Ours))
    }

    async fn list(&self, _cursor: Option<&str>) -> Result<Page, Failure> {
        let verdict = self.caller.ask("redirect.listDevices", &[]).await?;
        if !verdict.yes {
            return Err(Failure::refused(without_addresses(verdict.text())));
        }
        // `[true, [MAC, …]]`; the MACs beside the verdict are read as well.
        let nested = verdict.rest.iter().find_map(|value| if let Value::List(macs) = value { Some(macs) } else { None });
        Ok(page(nested.unwrap_or(&verdict.rest)))
    }
}

/// What FDPS takes for a password: the MD5 of the MD5, both in small hexadecimal digits.
fn hashed(password: &str) -> String {
    let hex = |text: &str| format!("{:032x}", u128::from_be_bytes(Md5::digest(text).into()));
    hex(&hex(password))
}

/// The record of one phone; none for an address that a record cannot carry: user, password, query and fragment have no place in it.
fn record(name: &str, address: &str) -> Option<Vec<String>> {
    let (scheme, rest) = address.split_once("://")?;
    let protocol = match scheme.to_ascii_lowercase().as_str() {
        "http" => 4,
        "https" => 5,
        _ => return None,
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if host.is_empty() || rest.contains(['?', '#']) || host.contains('@') {
        return None;
    }
    Some(vec![
        format!("cfgName={name}"),
        // Fetched after each start; no other server is looked for.
        "cfgPfMode=1".to_owned(),
        "cfgDhcpOpt=false".to_owned(),
        "cfgPnpEnable=false".to_owned(),
        format!("cfgPfSrv={host}"),
        format!("cfgPfName={path}"),
        format!("cfgPfProt={protocol}"),
    ])
}

/// Some texts have a blank behind their colon: only the word is read.
fn outcome(verdict: &Verdict, entry: &Entry) -> Outcome {
    let words = verdict.text().to_ascii_lowercase();
    let says = |part: &str| words.contains(part);
    match () {
        () if verdict.yes => Outcome::Done,
        // `server_not_exist` and `server_not_existed` both.
        () if says("device_not_exist") || says("server_not_exist") => Outcome::NotFound,
        () if says("device_had_existed") => Outcome::OwnedByOther { owner: None },
        () if says("mac_format_error") => Outcome::InvalidMac,
        () if says("url_format_error") => Outcome::InvalidAddress,
        () => refused(verdict.text(), entry),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Target;

    #[test]
    fn the_password_is_hashed_twice() {
        assert_eq!(hashed("secret"), "7022cd14c42ff272619d6beacdc9ffde");
    }

    #[test]
    fn an_address_is_taken_apart_as_it_is_written() {
        let carried = record("0C383E000001", "https://phones.example.com:8443/cfg/g/t0ken/$mac.cfg").unwrap();
        let tail: Vec<_> = carried.iter().map(String::as_str).skip(4).collect();
        assert_eq!(tail, ["cfgPfSrv=phones.example.com:8443", "cfgPfName=cfg/g/t0ken/$mac.cfg", "cfgPfProt=5"]);
        assert_eq!(carried[0], "cfgName=0C383E000001");
        let bare = record("0C383E000001", "HTTP://phones.example.com").unwrap();
        assert_eq!(bare[4..], ["cfgPfSrv=phones.example.com", "cfgPfName=", "cfgPfProt=4"]);
        for lost in
            ["https://user:word@phones.example.com/", "https://phones.example.com/?a=b", "https://phones.example.com/#a", "https:///cfg"]
        {
            assert_eq!(record("0C383E000001", lost), None, "{lost}");
        }
    }

    #[test]
    fn texts_are_told_by_their_word() {
        let mac = "0c383e000001".parse().unwrap();
        let entry = Entry { mac, serial: None, mac_id: None, target: Target::Address("https://example.com/cfg/g/t0kent0ken/".into()) };
        for (yes, text, expected) in [
            (true, "OK", Outcome::Done),
            (false, "Error:server_not_exist", Outcome::NotFound),
            (false, "Error:server_not_existed", Outcome::NotFound),
            (false, "Error:device_not_exist", Outcome::NotFound),
            (false, "Error: device_had_existed", Outcome::OwnedByOther { owner: None }),
            (false, "Error: mac_format_error", Outcome::InvalidMac),
            (false, "Error: url_format_error", Outcome::InvalidAddress),
            (false, "Error:odd cfg/g/t0kent0ken/", Outcome::Refused { said: "Error:odd cfg/g/…/".to_owned() }),
        ] {
            let verdict = Verdict { yes, rest: vec![Value::Text(text.to_owned())] };
            assert_eq!(outcome(&verdict, &entry), expected, "{text}");
        }
    }
}
