//! Chapter four: the right MAC address in the wrong hands.

use domain::reason::Reason;
use phonesim::{Display, Login, Outcome};

use super::Story;
use crate::demo::cast::elsewhere;
use crate::failure::Failure;

/// A password that nobody ever gave out.
const GUESS: &str = "guess-1234";

impl Story<'_> {
    pub(super) async fn strangers(&mut self) -> Result<(), Failure> {
        self.screen.heading("4. Strangers with the right MAC address");
        self.screen.say("A MAC address stands on every box and in every network capture, so it proves nothing. A stranger tries several.");
        self.without_proof().await?;
        self.with_wrong_proof().await?;
        self.second_claimant().await
    }

    /// `login=none`: everybody is answered, and nobody learns anything.
    async fn without_proof(&mut self) -> Result<(), Failure> {
        let member = self.cast.home.clone();
        self.screen.say(
            "One phone of Example Trust is still on its way to somebody's home. The stranger's phone has its MAC and asks first. \
             This customer asks for no login, so there is an answer: the restricted configuration.",
        );
        let mut phone = member.body(&self.catalogue, &self.house.tls, elsewhere());
        phone.menu().set_server(&self.house.front_door(), "", "");
        // What there is to lose, before the stranger is given a door and a login of no use.
        let private: Vec<String> = member.private().into_iter().chain(self.secrets()).collect();
        let (outcome, _) = self.boot(&mut phone, "A stranger").await;
        let notice = matches!(phone.display(), Display::Text(_)) && phone.display().says("Authentication needed");
        self.screen.check(outcome == Outcome::Configured && notice, "The display says what is missing: Authentication needed.");
        let accounts = phone.accounts();
        let service = self.house.admin().platform.service_number.clone();
        let one_number = !accounts.is_empty() && accounts.iter().all(|account| account.hotline.as_ref() == Some(&service));
        self.screen.check(one_number, &format!("Its lines call one number only: the authentication service at {service}."));
        let heard = self.ask("The stranger reads the file byte by byte,", &member, elsewhere(), None).await?;
        let flash = phone.flash().settings().values().cloned().collect::<Vec<_>>().join("\n");
        let leaked = private.iter().filter(|value| heard.body.contains(value.as_str()) || flash.contains(value.as_str())).count();
        let promise = format!("It holds none of {} private values: no line, no password, no server, no name, no customer.", private.len());
        self.screen.check(heard.status == 200 && leaked == 0, &promise);
        let untouched = self.view(&member).await?;
        self.screen.check(
            untouched.state == "needed" && untouched.claims == 0,
            "The owner's phone lost nothing, and of the stranger nothing is stored.",
        );

        let live = self.cast.trusted[0].clone();
        self.screen.say("Next, a phone that is in service already, and again without any proof.");
        let heard = self.ask("The stranger", &live, elsewhere(), None).await?;
        let reason = self.reason(&live, Reason::ResetNeeded, 1).await;
        self.screen.check(heard.status == 401 && reason, "A phone in service is not given away: 401, and the admin reads about it.");
        Ok(())
    }

    /// `login=required`: wrong, and right but spent.
    async fn with_wrong_proof(&mut self) -> Result<(), Failure> {
        let (new, live) = (self.cast.workshop.clone(), self.cast.reception.clone());
        self.screen.say("Now Example Ltd. Its phones must show the global login; the stranger knows the user name and guesses.");
        let guessed = Login::new(&self.house.global_user, GUESS);
        let heard = self.ask("The stranger", &new, elsewhere(), Some(&guessed)).await?;
        let reason = self.reason(&new, Reason::GlobalWrong, 1).await;
        self.screen.check(heard.status == 401 && reason, "A wrong password earns nothing.");

        self.screen.say("Then the global password leaks. The stranger tries it on the phone of chapter one, which is in service.");
        let global = Login::new(&self.house.global_user, self.house.global_password.expose());
        let heard = self.ask("The stranger", &live, elsewhere(), Some(&global)).await?;
        let reason = self.reason(&live, Reason::GlobalSpent, 3).await;
        self.screen.check(heard.status == 401 && reason, "For a phone in service the right global password earns nothing either.");
        Ok(())
    }

    /// The right password at the worst moment: the delivery is out, and not yet confirmed.
    async fn second_claimant(&mut self) -> Result<(), Failure> {
        let member = self.cast.workshop.clone();
        self.screen.say(
            "The worst moment: a phone has just been handed its configuration and has not come back yet. A phone that loses its \
             connection now may ask again, from its own network. The stranger asks from another one.",
        );
        let mut phone = member.unpacked(&self.catalogue, &self.house.tls);
        self.type_global_login(&mut phone);
        let (outcome, _) = self.boot(&mut phone, member.label).await;
        let provisioned = outcome == Outcome::Configured && self.is_provisioned(&member, &phone);
        self.screen.check(provisioned, "Workshop has its configuration.");
        let global = Login::new(&self.house.global_user, self.house.global_password.expose());
        let heard = self.ask("The stranger", &member, elsewhere(), Some(&global)).await?;
        let reason = self.reason(&member, Reason::SecondClaimant, 1).await;
        let alert = self.view(&member).await?.attention.contains(&"second_claimant");
        self.screen.check(heard.status == 401 && reason, "A second claimant from another network gets nothing.");
        self.screen.check(alert, "The admin is alerted: the phone is listed with \"second_claimant\".");
        self.comes_back(&member, &mut phone).await
    }
}
