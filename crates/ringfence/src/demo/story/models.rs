//! Chapter six: other models, and where everybody stands at the end.

use phonesim::{Login, Outcome};
use portal::admin::device::{self, Which};

use super::Story;
use crate::failure::Failure;
use crate::output::table;

impl Story<'_> {
    pub(super) async fn other_models(&mut self) -> Result<(), Failure> {
        self.screen.heading("6. Other models");
        self.screen.say(
            "Typing is not needed where the maker's redirect service names address and global login. An old T46G asks for its \
             files in the order of its day, without a boot file, and reads older parameter names; a T58W has three lines. (The \
             W60B of chapter three is a base for cordless handsets: each of its lines is a handset's.)",
        );
        let address: phonesim::Address =
            self.house.front_door().parse().map_err(|_| Failure::refused("the front door's address is none"))?;
        for member in [self.cast.archive.clone(), self.cast.meeting.clone()] {
            let mut phone = member.unpacked(&self.catalogue, &self.house.tls);
            let global = Login::new(&self.house.global_user, self.house.global_password.expose());
            phone.network.redirect = Some((address.clone(), Some(global)));
            let (outcome, _) = self.boot(&mut phone, member.label).await;
            let kept = outcome == Outcome::Configured && self.is_provisioned(&member, &phone);
            let lines = if member.lines.len() == 1 { "its line".to_owned() } else { format!("its {} lines", member.lines.len()) };
            self.screen.check(kept, &format!("{} has {lines} and a login of its own.", member.label));
            self.comes_back(&member, &mut phone).await?;
        }
        Ok(())
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
