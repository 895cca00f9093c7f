//! Chapter six: other models, which their maker's redirect service brings, and where everybody stands at the end.

use domain::reason::Reason;
use phonesim::{Outcome, Phone, SentLogin, Transcript};
use portal::admin::device::{self, Which};
use portal::admin::redirect;

use super::{Story, logins};
use crate::demo::cast::Member;
use crate::failure::Failure;
use crate::output::table;

impl Story<'_> {
    pub(super) async fn other_models(&mut self) -> Result<(), Failure> {
        self.screen.heading("6. Other models, straight from the carton");
        self.screen.say(
            "Typing is not needed where the maker's redirect service names address and global login. The admin enters the account \
             that they have there, and from then on the server tells the service of each phone by itself.",
        );
        self.screen.say("The service is played here. What phones ask it is published nowhere: that request is invented.");
        self.account_is_added().await?;
        let members = [self.cast.archive.clone(), self.cast.meeting.clone()];
        let mut listed = true;
        for member in &members {
            listed &= self.house.is_listed(member.mac).await && self.is_sent_here(member);
        }
        let labels = members.each_ref().map(|member| member.label).join(" and ");
        let promise = format!("The service lists {labels} before they are unpacked, with front door and global login.");
        self.screen.check(listed, &promise);

        self.screen.say(
            "An old T46G asks for its files in the order of its day, without a boot file, and reads older parameter names; a T58W \
             has three lines. (The W60B of chapter three is a base for cordless handsets: each of its lines is a handset's.)",
        );
        let archive = self.comes_by_its_maker(&members[0]).await?;
        self.comes_by_its_maker(&members[1]).await?;
        self.sent_once_more(archive).await
    }

    async fn account_is_added(&mut self) -> Result<(), Failure> {
        let added = redirect::add(self.house.admin(), &self.house.by(), self.house.maker.account()).await?;
        self.screen.actor(&format!("The account at {} is added, and tested", added.title));
        let tested = redirect::test(self.house.admin(), &self.house.by(), added.id).await?;
        self.screen.check(tested.state == "working", "The service accepts the account.");
        Ok(())
    }

    /// Whether the maker's service has for this phone what somebody would have typed into it.
    fn is_sent_here(&self, member: &Member) -> bool {
        self.house.maker.directions(member.mac).is_some_and(|to| {
            to.url.trim_end_matches('/') == self.house.front_door()
                && to.user == self.house.global_user
                && to.password == *self.house.global_password.expose()
        })
    }

    /// From the carton by redirect service and front door to a door of its own.
    async fn comes_by_its_maker(&mut self, member: &Member) -> Result<Phone, Failure> {
        let mut phone = member.unpacked(&self.catalogue, &self.house.tls);
        phone.network.service = Some(self.house.maker.for_phones());
        let untouched = phone.is_factory_fresh();
        let (outcome, transcript) = self.boot(&mut phone, member.label).await;
        let sent = untouched && self.was_sent(member, &transcript);
        self.screen.check(sent, "Nothing was typed into it: it asked its maker, and came to the front door with the global login.");
        let kept = outcome == Outcome::Configured && self.is_provisioned(member, &phone);
        let lines = if member.lines.len() == 1 { "its line".to_owned() } else { format!("its {} lines", member.lines.len()) };
        self.screen.check(kept, &format!("{} has {lines}, and a login and a door of its own.", member.label));
        self.comes_back(member, &mut phone).await?;
        Ok(phone)
    }

    /// Whether a phone asked its maker's service first of all, and then the front door with what that had told it.
    fn was_sent(&self, member: &Member, transcript: &Transcript) -> bool {
        let mut asked = transcript.exchanges();
        let first = asked.next().is_some_and(|first| {
            first.target == format!("/phones/{}", member.mac) && first.login == SentLogin::None && first.status == Some(200)
        });
        let then = asked.next().is_some_and(|next| next.target.starts_with("/cfg/") && !next.target.starts_with("/cfg/d/"));
        first && then && logins(transcript).first() == Some(&self.house.global_user.as_str())
    }

    async fn sent_once_more(&mut self, mut phone: Phone) -> Result<(), Failure> {
        let member = self.cast.archive.clone();
        self.screen.say(
            "A factory reset leads a phone to the same service, and that to the same front door. But the global login has done its \
             work for this phone, whoever sends it; only an admin lets it begin anew.",
        );
        phone.factory_reset();
        let (outcome, transcript) = self.boot(&mut phone, member.label).await;
        let reason = self.reason(&member, Reason::GlobalSpent, 1).await;
        let refused = self.was_sent(&member, &transcript) && outcome == Outcome::LoginWanted && phone.accounts().is_empty() && reason;
        self.screen.check(refused, "The service sends it to the front door again, and there it is refused.");
        self.command(&format!("device reset {}", member.mac.with_colons()));
        device::reset(self.house.admin(), &self.house.by(), &member.mac.to_string()).await?;
        let (outcome, _) = self.boot(&mut phone, member.label).await;
        let provisioned = outcome == Outcome::Configured && self.is_provisioned(&member, &phone);
        self.screen.check(provisioned, "Switched off and on after the reset by the admin, it has its line and a new login.");
        self.comes_back(&member, &mut phone).await
    }

    pub(super) async fn afterwards(&mut self) -> Result<(), Failure> {
        self.screen.heading("Where everybody stands");
        self.command("device list");
        let views = device::list(self.house.admin(), &self.house.by(), Which::default()).await?;
        let row = |view: &device::DeviceView| {
            let global = if view.allow_global_password { "may be used" } else { "used up" };
            [&view.mac, &view.model, &view.customer, &view.label, view.state, global].map(str::to_owned).to_vec()
        };
        let rows: Vec<Vec<String>> = views.iter().map(row).collect();
        let text = table(&["MAC", "MODEL", "CUSTOMER", "LABEL", "STATE", "GLOBAL PASSWORD"], &rows);
        self.screen.lines(&text.lines().map(str::to_owned).collect::<Vec<_>>());
        self.screen.say("Spare and Hallway wait for their PINs, as they should: nobody has proved anything about them.");
        let waiting = [&self.cast.spare, &self.cast.hallway].map(|member| member.mac.to_string());
        let as_expected = |view: &device::DeviceView| view.state == if waiting.contains(&view.mac) { "needed" } else { "successful" };
        let all = views.len() == self.cast.members().count() && views.iter().all(as_expected);
        self.screen.check(all, "Every phone that proved itself is in service, and no other.");
        let private = self.secrets();
        let told = private.iter().filter(|secret| self.screen.written().contains(secret.as_str())).count();
        self.screen.check(told == 0, &format!("None of the {} passwords of this story stands in what you have read.", private.len()));
        Ok(())
    }
}
