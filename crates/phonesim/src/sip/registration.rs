//! One account at its registrar.

use std::sync::Arc;
use std::time::Duration;

use crate::sip::agent::{Agent, SipAccount, SipError};
use crate::sip::message::{Message, address_of, parameter, user_of};

/// One contact of one account. The same series of requests until it is dropped, which tells the registrar nothing.
#[derive(Debug)]
pub struct Registration {
    agent: Agent,
    account: SipAccount,
    call_id: String,
    tag: String,
    count: u32,
}

/// What the registrar granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// How long; zero after unregistering.
    pub expires: Duration,
    /// All contacts of the account, as the registrar lists them.
    pub contacts: Vec<String>,
}

impl Registration {
    /// Sends nothing yet.
    pub fn new(agent: &Agent, account: SipAccount) -> Self {
        let shared = agent.shared();
        let (call_id, tag) = (shared.token(), shared.token());
        Self { agent: agent.clone(), account, call_id, tag, count: 0 }
    }

    /// Whose it is.
    pub fn account(&self) -> &SipAccount {
        &self.account
    }

    /// Registers for so many seconds, or unregisters with 0. A registrar that wants longer gets longer.
    pub async fn register(&mut self, seconds: u32) -> Result<Granted, SipError> {
        let mut answer = self.ask(seconds).await?;
        let at_least = answer.header("Min-Expires").and_then(|text| text.trim().parse().ok());
        if let Some(at_least) = at_least.filter(|_| answer.status() == Some(423)) {
            answer = self.ask(at_least).await?;
        }
        match answer.status() {
            Some(200..=299) => Ok(self.granted(&answer, seconds)),
            status => Err(SipError::Refused(status.unwrap_or_default())),
        }
    }

    async fn ask(&mut self, seconds: u32) -> Result<Message, SipError> {
        let shared = Arc::clone(self.agent.shared());
        let domain = shared.domain();
        let own = format!("<sip:{}@{domain}>", self.account.user);
        self.count += 1;
        let request = Message::request("REGISTER", &format!("sip:{domain}"))
            .with("From", &format!("{own};tag={}", self.tag))
            .with("To", &own)
            .with("Call-ID", &self.call_id)
            .with("CSeq", &format!("{} REGISTER", self.count))
            .with("Contact", &shared.contact(&self.account))
            .with("Expires", &seconds.to_string())
            .with("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, NOTIFY")
            .with("Allow-Events", "check-sync");
        let answer = self.agent.request(request, Some(&self.account.login)).await?;
        if let Some((count, _)) = answer.cseq() {
            self.count = self.count.max(count);
        }
        Ok(answer)
    }

    /// What counts is what stands behind our own contact, then what stands in `Expires`, then what was asked for.
    fn granted(&self, answer: &Message, asked: u32) -> Granted {
        let contacts: Vec<String> = answer.all("Contact").flat_map(split_list).collect();
        let own_contact = self.agent.shared().contact(&self.account);
        let own = address_of(&own_contact);
        let is_ours = |contact: &&String| address_of(contact) == own;
        let fallback = |contact: &&String| user_of(address_of(contact)) == Some(self.account.user.as_str());
        let listed = contacts.iter().find(is_ours).or_else(|| contacts.iter().find(fallback));
        let behind = listed.and_then(|contact| parameter(contact.rsplit('>').next()?, "expires")?.parse().ok());
        let seconds: u32 = behind.or_else(|| answer.header("Expires")?.trim().parse().ok()).unwrap_or(asked);
        Granted { expires: Duration::from_secs(if asked == 0 { 0 } else { seconds.into() }), contacts }
    }
}

/// The values of a field that may hold several, at commas outside of brackets and quotes.
fn split_list(value: &str) -> Vec<String> {
    let (mut quoted, mut bracketed) = (false, false);
    let pieces = value.split(|c: char| {
        match c {
            '"' => quoted = !quoted,
            '<' if !quoted => bracketed = true,
            '>' if !quoted => bracketed = false,
            _ => {}
        }
        c == ',' && !quoted && !bracketed
    });
    pieces.map(|piece| piece.trim().to_owned()).filter(|piece| !piece.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_split_at_their_own_commas() {
        assert_eq!(split_list("\"a, b\" <sip:x,y@h>;expires=1, <sip:z@h>"), ["\"a, b\" <sip:x,y@h>;expires=1", "<sip:z@h>"]);
    }
}
