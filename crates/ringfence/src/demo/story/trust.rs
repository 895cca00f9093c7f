//! Chapter three: phones in a trusted network.

use domain::reason::Reason;
use phonesim::{Outcome, boot_all};
use portal::admin::trust::{self, NewTrust};

use super::Story;
use crate::demo::cast::{TRUST, TRUSTED_NETWORK};
use crate::failure::Failure;

impl Story<'_> {
    pub(super) async fn trusted_network(&mut self) -> Result<(), Failure> {
        self.screen.heading("3. Phones in a trusted network");
        self.screen.say(
            "Example Trust wants no typing at all. Its admin trusts the office's network: whoever gets in there may plug a phone \
             in. (--force, because a public server would not trust a loopback network.)",
        );
        self.command(&format!("trust add \"{TRUST}\" {TRUSTED_NETWORK} --force"));
        let new = NewTrust { customer: TRUST.into(), network: TRUSTED_NETWORK.into(), force: true, label: "Office".into() };
        trust::add(self.house.admin(), &self.house.by(), new).await?;

        self.screen.say("Three phones are plugged in at once. DHCP tells them the server's address. Nobody types anything.");
        let members = self.cast.trusted.clone();
        let address: phonesim::Address =
            self.house.front_door().parse().map_err(|_| Failure::refused("the front door's address is none"))?;
        let mut phones = Vec::new();
        for member in &members {
            let mut phone = member.unpacked(&self.catalogue, &self.house.tls);
            phone.network.dhcp = Some(Clone::clone(&address));
            phones.push(phone);
        }
        let booted = boot_all(phones, members.len()).await;
        let mut phones = Vec::new();
        for (member, booted) in members.iter().zip(booted) {
            self.act(&booted.phone, member.label, "");
            self.screen.transcript(&booted.transcript);
            self.remember(&booted.phone);
            let no_login = super::logins(&booted.transcript).is_empty();
            let kept = booted.outcome == Outcome::Configured && no_login && self.is_provisioned(member, &booted.phone);
            let reason = self.reason(member, Reason::TrustedPermanent, 1).await;
            self.screen
                .check(kept && reason, &format!("{} has its lines and a login of its own, and was asked for nothing.", member.label));
            phones.push(booted.phone);
        }

        self.screen.say("When they fetch again, they show their own logins like any other phone; they keep working anywhere.");
        for (member, phone) in members.iter().zip(&mut phones) {
            self.comes_back(member, phone).await?;
        }

        self.screen.say("The trust is Example Trust's. It opens nothing for phones of others who happen to be there.");
        let guest = self.cast.workshop.clone();
        let heard = self.ask("A phone of Example Ltd without a login", &guest, members[0].address, None).await?;
        self.screen.check(heard.status == 401, "A network that one customer trusts serves no phone of another.");
        Ok(())
    }
}
