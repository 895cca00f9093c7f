//! Chapters one and two: the global one-time password, and what happens to it.

use domain::reason::Reason;
use phonesim::{Login, Outcome, Phone};
use portal::admin::device;

use super::Story;
use crate::failure::Failure;

impl Story<'_> {
    /// Tells the first chapter, and hands its phone over to the next.
    pub(super) async fn first_contact(&mut self) -> Result<Phone, Failure> {
        let member = self.cast.reception.clone();
        self.screen.heading("1. A phone from the box");
        self.screen.say(
            "Somebody unpacks a phone and types two things into its menu: the address of the front door, and the global login, \
             which is the same for all phones. The phone asks for its boot file, which holds no secret, and then for its device \
             file. It sends its login only when the server asks for it.",
        );
        let mut phone = member.unpacked(&self.catalogue, &self.house.tls);
        self.type_global_login(&mut phone);
        let (outcome, transcript) = self.boot(&mut phone, member.label).await;
        let device_file = format!("{}.cfg", member.mac);
        let asked: Vec<_> = transcript.exchanges().filter(|exchange| exchange.file_name() == device_file).collect();
        self.screen.check(asked.first().is_some_and(|first| first.status == Some(401)), "Without a login it is told nothing: 401.");
        let provisioned = outcome == Outcome::Configured && self.is_provisioned(&member, &phone);
        self.screen.check(provisioned, "With the global login it gets all of its configuration: its line, with the line's password.");
        self.screen.check(provisioned, "It also gets a login and a door of its own. The global login is stored in it no more.");

        self.screen.say(
            "Some time later the phone fetches again by itself, through its own door. The first use of its own login takes it up: \
             now the server knows that the delivery has arrived, and the global login has done its work for this phone.",
        );
        self.comes_back(&member, &mut phone).await?;

        self.screen.say("At the next desk somebody else has the global login too, and asks for this phone's file with it.");
        let global = Login::new(&self.house.global_user, self.house.global_password.expose());
        let heard = self.ask("A colleague", &member, self.cast.workshop.address, Some(&global)).await?;
        let reason = self.reason(&member, Reason::GlobalSpent, 1).await;
        self.screen.check(heard.status == 401 && reason, "The global password is dead for this phone.");
        Ok(phone)
    }

    pub(super) async fn factory_reset(&mut self, mut phone: Phone) -> Result<(), Failure> {
        let member = self.cast.reception.clone();
        self.screen.heading("2. The same phone after a factory reset");
        self.screen.say(
            "The phone is reset to its factory state, and somebody types address and global login again. To the server this looks \
             just like a thief with the right password, so it refuses, and tells the admin why.",
        );
        let memory = phone.flash().to_bytes();
        phone.factory_reset();
        self.type_global_login(&mut phone);
        let (outcome, _) = self.boot(&mut phone, member.label).await;
        let reason = self.reason(&member, Reason::GlobalSpent, 2).await;
        let refused = outcome == Outcome::LoginWanted && phone.accounts().is_empty() && reason;
        self.screen.check(refused, "It is refused. Only an admin can let this phone begin anew.");

        self.screen.say("The admin knows about the reset and says so. The phone need not be touched again; it is switched off and on.");
        let before = self.view(&member).await?;
        self.command(&format!("device reset {}", member.mac.with_colons()));
        device::reset(self.house.admin(), &self.house.by(), &member.mac.to_string()).await?;
        let after = self.view(&member).await?;
        let armed = before.state == "successful" && !before.allow_global_password && after.state == "needed" && after.allow_global_password;
        self.screen.check(armed, "Its state is Authentication needed, and the global password may be used for it once more.");
        let mut copy = member.unpacked(&self.catalogue, &self.house.tls);
        copy.restore_flash(&memory).map_err(|error| Failure::refused(error.to_string()))?;
        let (outcome, _) = self.resync(&mut copy, "A copy of its old memory").await;
        self.screen.check(outcome == Outcome::LoginWanted, "The login that it had before counts no more, whoever kept it.");
        let (outcome, _) = self.boot(&mut phone, member.label).await;
        let provisioned = outcome == Outcome::Configured && self.is_provisioned(&member, &phone);
        self.screen.check(provisioned, "It gets its configuration and a new login of its own.");
        self.comes_back(&member, &mut phone).await
    }
}
