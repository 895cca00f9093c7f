//! Chapter five: the PIN by telephone. Two other phones call while the story begins; what they did is told when its turn comes.

use std::time::Duration;

use phonesim::sip::{By, Call, Heard, Keying, Side};
use phonesim::{Dialled, Display, Outcome, Phone, Telephone, TooLong};
use portal::admin::device;
use prompts::{Book, Language, Prompt, Word};
use tokio::time::Instant;

use super::Story;
use crate::demo::cast::{Member, elsewhere};
use crate::demo::house::House;
use crate::demo::screen::Page;
use crate::failure::Failure;

/// How long one thing may take that takes a second or two.
const PATIENCE: Duration = Duration::from_secs(12);
/// How soon a phone shows its line after its call: what this story promises of a machine that plays everybody at once.
const SOON: Duration = Duration::from_secs(5);

impl Story<'_> {
    pub(super) async fn by_telephone(&mut self) -> Result<(), Failure> {
        self.screen.heading("5. A PIN by telephone");
        self.screen.say(
            "Home office is unpacked at last. Its customer asks for no login, so the phone proves nothing yet: it gets the restricted \
             configuration, and with it an account at this server that reaches two things: the voice that asks for its PIN, and \
             emergency numbers. The stranger's phone with the same MAC is still there, with an account of its own.",
        );
        self.the_right_pin().await
    }

    /// Another phone that telephones, and whose it is.
    pub(super) fn caller(&self, member: &Member) -> (Member, Phone) {
        (member.clone(), self.unpacked(member))
    }

    /// A phone whose DHCP names the front door.
    fn unpacked(&self, member: &Member) -> Phone {
        with_front_door(self.house, member.unpacked(&self.catalogue, &self.house.tls))
    }

    async fn the_right_pin(&mut self) -> Result<(), Failure> {
        let member = self.cast.home.clone();
        let stranger = Telephone::new(with_front_door(self.house, member.body(&self.catalogue, &self.house.tls, elsewhere())));
        stranger.boot().await;
        let phone = Telephone::new(self.unpacked(&member));
        self.screen.actor(&actor(&member, ""));
        let outcome = phone.boot().await;
        let registered = phone.registered().await;
        self.screen.transcript(&phone.take_transcript());
        let restricted = outcome == Outcome::Configured && phone.display().says("Authentication needed");
        self.screen.check(restricted && kept(&registered), "The display says Authentication needed, and the phone is registered.");

        self.screen.say("Somebody lifts the handset. There is nothing to dial: the service answers, and a voice asks for the PIN.");
        self.screen.actor(&actor(&member, " lifts the handset"));
        let call = lift(&phone).await?;
        let asked = hears(&call, &[Prompt::EnterCode.into()], 0.3).await;
        self.screen.transcript(&phone.take_transcript());
        self.screen.check(asked, "It asks for the six digits of the PIN. They may be keyed in at any time.");

        let pin = pin(self.house, &member).await?;
        self.screen.note("keys six digits and #: not those of the PIN");
        let pressed = press(&call, &wrong(&pin, 1)).await;
        let told = hears(&call, &[Prompt::Wrong.into(), Word::Tries(2)], 0.9).await;
        self.screen.check(pressed && told, "The voice says that this is wrong, and that two tries are left.");
        self.screen.note("keys the six digits of the PIN and #");
        let pressed = press(&call, &pin).await;
        let end = tokio::time::timeout(PATIENCE, call.ended()).await;
        let hung_up = Instant::now();
        let over = end.is_ok_and(|end| end.by == Side::Them);
        let told = hears(&call, &[Prompt::Right.into()], 0.9).await;
        self.screen.check(pressed && told && over, "The voice says that it is right, and hangs up.");

        self.screen.say("The server tells the phone to fetch again (SIP NOTIFY). Nobody touches it.");
        let line = member.lines[0].name.clone().unwrap_or_default();
        let ready = within(SOON, phone.wait_for(|view| matches!(view.display, Display::Ready { .. }) && view.fetches > 1)).await;
        let took = hung_up.elapsed();
        let given_back = phone.wait_for(|view| view.left > 0).await;
        let at_pbx = tokio::time::timeout(PATIENCE, self.house.switchboard.registers(&member.lines[0].user)).await.is_ok();
        self.screen.actor(&actor(&member, ""));
        self.screen.transcript(&phone.take_transcript());
        self.screen.note(&format!("{} ms after the call", took.as_millis()));
        let body = phone.phone().await;
        self.remember(&body);
        let provisioned = self.is_provisioned(&member, &body);
        drop(body);
        let shows = phone.display().says(&line) || phone.display().says(member.label);
        self.screen.check(ready && provisioned && shows, "It has all of its configuration, and the display shows its line.");
        let state = self.view(&member).await?.state;
        self.screen.check(state == "successful", "Authentication successful: its PIN is used up, and its claim is its own login now.");
        self.screen
            .check(at_pbx && kept(&given_back), "Its line is registered where it belongs, and its throw-away account here is given back.");
        self.gains_nothing(&member, &stranger).await?;
        self.reset_and_suspend(&member, &phone).await
    }

    /// A phone in service is registered elsewhere, and told all the same.
    async fn reset_and_suspend(&mut self, member: &Member, phone: &Telephone) -> Result<(), Failure> {
        self.screen.say(
            "Some day the admin resets Home office. It is registered with its PBX now, so the server tells it through that \
             (sip.resync_proxy), and what it had ends at once.",
        );
        let mac = member.mac.to_string();
        self.command(&format!("device reset {}", member.mac.with_colons()));
        device::reset(self.house.admin(), &self.house.by(), &mac).await?;
        let needed = phone.shows("Authentication needed").await;
        let registered = phone.registered().await;
        self.screen.transcript(&phone.take_transcript());
        let nothing = !member.has_its_lines(&*phone.phone().await);
        self.screen.check(
            kept(&needed) && kept(&registered) && nothing,
            "By itself the display says Authentication needed, and its line is gone.",
        );

        self.screen.say("The owner is on the line and the stranger is known, so the admin lets this body in without its PIN.");
        self.command(&format!("device suspend {} --address {}", member.mac.with_colons(), member.address));
        device::suspend(self.house.admin(), &self.house.by(), &mac, None, Some(member.address)).await?;
        let ready = phone.wait_for(|view| matches!(view.display, Display::Ready { .. })).await;
        self.screen.transcript(&phone.take_transcript());
        let body = phone.phone().await;
        self.remember(&body);
        let provisioned = self.is_provisioned(member, &body);
        drop(body);
        self.screen.check(kept(&ready) && provisioned, "It is told again, and has its line.");
        Ok(())
    }

    /// What the stranger with the same MAC has of it.
    async fn gains_nothing(&mut self, member: &Member, stranger: &Telephone) -> Result<(), Failure> {
        self.screen.say("The stranger's phone fetches as well. The PIN cleared the phone that it was keyed into, and no other.");
        self.screen.actor(&format!("A stranger at {}: Yealink {}, {} fetches again", elsewhere(), member.model, member.mac.with_colons()));
        stranger.take_transcript();
        stranger.resync().await;
        self.screen.transcript(&stranger.take_transcript());
        let body = stranger.phone().await;
        let flash = body.flash().settings().values().cloned().collect::<Vec<_>>().join("\n");
        let leaked = member.private().iter().any(|value| flash.contains(value.as_str()));
        self.screen.check(!leaked && !matches!(body.display(), Display::Ready { .. }), "It has nothing of Home office's.");
        Ok(())
    }
}

/// Three wrong PINs, and an admin who knows better.
pub(super) async fn three_wrong(house: &House, (member, phone): (Member, Phone)) -> Result<Page, Failure> {
    let member = &member;
    let mut page = Page::default();
    page.say("Meanwhile somebody tries his luck at another phone of Example Trust.");
    let phone = Telephone::new(phone);
    let outcome = phone.boot().await;
    let registered = phone.registered().await;
    page.actor(actor(member, " lifts the handset"));
    let call = lift(&phone).await?;
    let pin = pin(house, member).await?;
    let mut wrong_told = 0;
    for by in [1, 2] {
        // Whoever guesses does not listen to the end.
        let pressed = press(&call, &wrong(&pin, by)).await;
        wrong_told += usize::from(pressed && hears(&call, &[Prompt::Wrong.into()], 0.3 * f64::from(by)).await);
    }
    press(&call, &wrong(&pin, 3)).await;
    let told = hears(&call, &[Prompt::Failed.into()], 0.9).await;
    call.hang_up().await;
    let failed = kept(&phone.shows("Authentication failed").await);
    page.transcript(phone.take_transcript());
    page.check(
        outcome == Outcome::Configured && kept(&registered) && wrong_told == 2 && told,
        "Each wrong PIN is told, and after the third the voice says that no more are taken for now.",
    );
    page.check(failed, "The display says Authentication failed by itself.");
    page.say("The admin hears about it, and resets the phone's authentication. The phone is told, and begins anew.");
    page.actor(format!("$ ringfence device reset {}", member.mac.with_colons()));
    device::reset(house.admin(), &house.by(), &member.mac.to_string()).await?;
    let shown = phone.shows("Authentication needed").await;
    page.transcript(phone.take_transcript());
    page.check(failed && kept(&shown), "The display says Authentication needed again, and a new PIN is ready.");
    Ok(page)
}

/// An emergency call from a phone that has proved nothing.
pub(super) async fn emergency(house: &House, (member, mut phone): (Member, Phone)) -> Result<Page, Failure> {
    let member = &member;
    let mut page = Page::default();
    page.say("A third phone is not authenticated either, when somebody needs help at once. (The trunk here is simulated.)");
    phone.behaviour.telephony.dialled = Dialled::EmergencyCalled;
    let phone = Telephone::new(phone);
    phone.boot().await;
    let registered = phone.registered().await;
    let up = house.trunk_is_up().await;
    page.actor(actor(member, " dials 112"));
    let call = phone.dial("112").await.map_err(|error| Failure::refused(error.to_string()))?;
    let through = reaches(house, &call, 1).await;
    call.hang_up().await;
    page.transcript(phone.take_transcript());
    page.check(
        kept(&registered) && up && through,
        "The call goes out over the trunk as an emergency call, and both sides hear each other.",
    );

    page.say("Some firmware calls the service whatever is dialled. There the number can be keyed in, at any time.");
    phone.phone().await.behaviour.telephony.dialled = Dialled::Swallowed;
    phone.settle().await;
    page.actor(actor(member, " dials 112, is connected with the service, and keys 112#"));
    let call = lift(&phone).await?;
    let pressed = press(&call, "112").await;
    let announced = hears(&call, &[Prompt::EmergencyCallTo.into()], 0.9).await;
    let through = reaches(house, &call, 2).await;
    call.hang_up().await;
    page.transcript(phone.take_transcript());
    page.check(pressed && announced && through, "The voice announces the emergency call and puts it through.");
    let state = device::show(house.admin(), &house.by(), &member.mac.to_string()).await?.state;
    page.check(state == "needed", "For all that the phone has still proved nothing: Authentication needed.");
    Ok(page)
}

fn with_front_door(house: &House, mut phone: Phone) -> Phone {
    phone.network.dhcp = house.front_door().parse().ok();
    // As quick as a person who knows the PIN by heart.
    let finger = Duration::from_millis(60);
    phone.behaviour.telephony.call.keying = Keying { pressed: finger, pause: finger, ..Keying::default() };
    phone.behaviour.telephony.patience = PATIENCE;
    phone
}

fn actor(member: &Member, does: &str) -> String {
    format!("{}: Yealink {}, {}{does}", member.label, member.model, member.mac.with_colons())
}

async fn lift(phone: &Telephone) -> Result<Call, Failure> {
    let call = phone.lift().await.map_err(|error| Failure::refused(error.to_string()))?;
    drop(tokio::time::timeout(PATIENCE, call.answered()).await);
    Ok(call)
}

async fn press(call: &Call, digits: &str) -> bool {
    call.press(&format!("{digits}#"), By::Rfc4733).await.is_ok()
}

/// Whether so much of these words was heard, now or soon.
async fn hears(call: &Call, words: &[Word], share: f64) -> bool {
    let clips = Book::built_in().say(Language::EN, words);
    let known = |heard: &Heard| heard.sound().is_some_and(|(codec, _)| clips.iter().all(|clip| heard.share_of(clip.coded(codec)) >= share));
    let mut packets = 0;
    let heard = call.hears(|heard| {
        // Often enough, and not with every packet.
        packets += 1;
        packets % 10 == 1 && known(heard)
    });
    tokio::time::timeout(PATIENCE, heard).await.unwrap_or(false) || known(&call.heard())
}

/// Whether the trunk has the call, as an emergency call, and is heard.
async fn reaches(house: &House, call: &Call, nth: usize) -> bool {
    let taken = tokio::time::timeout(PATIENCE, house.switchboard.takes("112", nth)).await.ok().flatten();
    let before = call.heard().packets;
    let heard = tokio::time::timeout(PATIENCE, call.hears(|heard| heard.packets > before + 10 && heard.loud_seconds() > 0.1)).await;
    taken.is_some_and(|taken| taken.priority == "emergency") && heard.unwrap_or(false)
}

async fn pin(house: &House, member: &Member) -> Result<String, Failure> {
    let view = device::show(house.admin(), &house.by(), &member.mac.to_string()).await?;
    view.pin.ok_or_else(|| Failure::refused("a phone that waits for its PIN has none"))
}

/// A PIN that is not this one.
fn wrong(pin: &str, by: u32) -> String {
    let pin: u32 = pin.parse().unwrap_or_default();
    format!("{:06}", (pin + by) % 1_000_000)
}

fn kept<T>(waited: &Result<T, TooLong>) -> bool {
    waited.is_ok()
}

async fn within<T>(time: Duration, waiting: impl Future<Output = Result<T, TooLong>>) -> bool {
    tokio::time::timeout(time, waiting).await.is_ok_and(|waited| waited.is_ok())
}
