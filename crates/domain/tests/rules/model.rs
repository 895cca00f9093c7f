//! Generated histories: what the rules answer is compared with a small independent model, and section 9's invariants are checked
//! from the history after every step.

mod event;
mod history;
mod invariants;
mod pin;
mod reference;
mod standing;
mod table;

use domain::admin;
use domain::admission::Decision;
use domain::channel::Channel;
use domain::login::{ByHand, GlobalId, GlobalLogin, Login, Owner};
use domain::pin::PinAnswer;
use domain::{Secret, Span};
use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use self::event::{Event, Fate, Fetch, Show};
use self::history::{History, Step};
use self::reference::Model;
use crate::told::{carried, kind};
use crate::world::{Ask, Shown, World};

prop_state_machine! {
    #![proptest_config(Config { failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() })]
    #[test]
    fn histories_are_as_the_model_says_and_the_invariants_hold(sequential 1..80 => Rules);
}

struct Histories;

impl ReferenceStateMachine for Histories {
    type State = Model;
    type Transition = Event;

    fn init_state() -> BoxedStrategy<Model> {
        event::policies().prop_map(Model::new).boxed()
    }

    fn transitions(model: &Model) -> BoxedStrategy<Event> {
        event::next(model)
    }

    fn apply(mut model: Model, event: &Event) -> Model {
        model.happens(event);
        model
    }

    fn preconditions(model: &Model, event: &Event) -> bool {
        event::makes_sense(model, event)
    }
}

/// The rules under test, and which login each of the model's numbers stands for.
struct Rules {
    world: World,
    logins: Vec<Login>,
    history: History,
}

impl StateMachineTest for Rules {
    type SystemUnderTest = Self;
    type Reference = Histories;

    fn init_test(model: &Model) -> Self {
        let mut world = World::new("");
        world.globals.truncate(model.globals.len());
        for (customer, expected) in world.customers.iter_mut().zip(&model.customers) {
            customer.policy = expected.policy.clone();
        }
        Self { world, logins: Vec::new(), history: History::default() }
    }

    fn apply(mut rules: Self, model: &Model, event: Event) -> Self {
        let before = rules.world.clone();
        let (told, decision) = rules.happens(&event, model);
        assert_eq!(told, model.outcome.told, "{event:?} → {decision:?}");
        let step = Step {
            event: &event,
            before: &before,
            after: &rules.world,
            told: &told,
            decision: decision.as_ref(),
            served: model.outcome.login,
            logins: &rules.logins,
        };
        invariants::of_the_answer(&mut rules.history, &step);
        rules.history.remember(&step);
        invariants::of_the_state(&rules.history, &step);
        rules
    }
}

impl Rules {
    /// What is told, and the whole decision about a fetch.
    fn happens(&mut self, event: &Event, model: &Model) -> (String, Option<Decision>) {
        let world = &mut self.world;
        let told = match event {
            Event::Fetch(fetch) => {
                let decision = self.fetch(fetch, model);
                return (kind(&decision.answer), Some(decision));
            }
            Event::Call { login, address, right } => self.call(model.logins[*login].device, *login, address, *right),
            Event::Suspend { device, pick } => tried(&world.suspend(*device, *pick)),
            Event::AllowSecondClaimant(device) => tried(&world.allow_second_claimant(*device)),
            Event::Rotate(device) => tried(&world.rotate(*device)),
            event => {
                self.obeys(event, model);
                String::new()
            }
        };
        // What an admin gave waits at the device.
        if let (Event::Rotate(device) | Event::SetByHand(device), Some(_)) = (event, model.outcome.login) {
            let pending = self.world.devices[*device].auth.pending.as_ref();
            self.logins.push(pending.and_then(|pending| pending.login.clone()).expect("the new login waits"));
        }
        (told, None)
    }

    /// Events that nobody is told anything of.
    fn obeys(&mut self, event: &Event, model: &Model) {
        let world = &mut self.world;
        match event {
            Event::Wait(span) => world.wait(*span),
            Event::Reset(device) => drop(world.reset(*device)),
            Event::EndSuspension(device) => world.devices[*device] = admin::end_suspension(&world.devices[*device]).device,
            Event::Allow { device, allow } => drop(world.allow(*device, *allow)),
            Event::SetByHand(device) => {
                let number = self.logins.len();
                let by_hand = ByHand { user: format!("user-{number}"), password: Secret::new(format!("typed-by-hand-{number}")) };
                world.set_by_hand(*device, by_hand);
            }
            Event::Move { device, customer } => drop(world.relocate(*device, *customer)),
            Event::Disable { device, disabled } => world.devices[*device].disabled = *disabled,
            Event::Policy { customer, .. } => world.customers[*customer].policy = model.customers[*customer].policy.clone(),
            Event::Trust { customer, .. } => world.customers[*customer].trust.permanent.clone_from(&model.customers[*customer].permanent),
            Event::CloseWindows(customer) => world.customers[*customer].trust.windows.clear(),
            Event::Revoke(global) => world.globals[*global].revoked = true,
            Event::Expire(global) => world.globals[*global].valid_until = Some(world.now + Span::seconds(90)),
            Event::Issue => world.globals.push(new_global(world.globals.len())),
            told => unreachable!("{told:?} is answered"),
        }
    }

    fn call(&mut self, device: usize, login: usize, address: &'static str, right: bool) -> String {
        let claim = self.logins[login].claim;
        // Where a PIN is gone or was never given, some digits stand for the right ones.
        let pin = self.world.devices.get(device).and_then(|device| device.auth.pin.clone());
        let pin = pin.map_or_else(|| "123456".to_owned(), |pin| pin.reveal().to_owned());
        let wrong = if pin == "000000" { "111111" } else { "000000" };
        heard(self.world.call(device, claim, address, if right { &pin } else { wrong }))
    }

    fn fetch(&mut self, fetch: &Fetch, model: &Model) -> Decision {
        let ask = self.ask(fetch);
        let decision = if fetch.fate == Fate::Crash { self.world.ask(&ask) } else { self.world.fetch(&ask) };
        assert_eq!(kind(&decision.answer), model.outcome.told, "{fetch:?} → {decision:?}");
        let login = carried(&decision.answer);
        match model.outcome.login {
            None => assert_eq!(login, None),
            Some(number) if number < self.logins.len() => {
                assert_eq!(login.map(|login| login.claim), Some(self.logins[number].claim), "the login with number {number}");
            }
            Some(_) => {
                let login = login.expect("a new login comes with this answer");
                assert!(!self.logins.contains(&login), "a new login: {fetch:?}");
                if model.logins.len() > self.logins.len() {
                    self.logins.push(login);
                }
            }
        }
        assert_eq!(self.logins.len(), model.logins.len());
        decision
    }

    fn ask(&self, fetch: &Fetch) -> Ask {
        Ask {
            device: fetch.device,
            door: fetch.door,
            carrier: fetch.carrier,
            get: fetch.get,
            address: fetch.address,
            shown: match fetch.show {
                Show::Nothing => Shown::Nothing,
                Show::Stale => Shown::Stale,
                Show::Wrong => Shown::Wrong,
                Show::Global(global) => Shown::Global(self.world.globals[global].id),
                Show::Login(login) => Shown::Login(self.logins[login].clone()),
            },
            certificate: fetch.certificate,
            mismatch: false,
            ignores_challenges: fetch.ignores_challenges,
            channel: if fetch.sealed { Channel::Sealed } else { Channel::Open },
        }
    }
}

fn new_global(number: usize) -> GlobalLogin {
    let id = GlobalId(u16::try_from(number + 1).expect("a handful of global logins"));
    let (user, password) = (format!("provision-{}", id.0), Secret::new(format!("global-password-{}", id.0)));
    GlobalLogin { id, owner: Owner::Operator, user, password, valid_until: None, revoked: false }
}

fn heard(answer: PinAnswer) -> String {
    match answer {
        PinAnswer::Right => "right".to_owned(),
        PinAnswer::Wrong { left } => format!("wrong, {left} left"),
        PinAnswer::Failed { until } => format!("failed until {until:?}"),
        PinAnswer::Blocked => "blocked".to_owned(),
        PinAnswer::ResetNeeded => "reset needed".to_owned(),
        PinAnswer::NoTry => "no try".to_owned(),
    }
}

fn tried<T, E>(result: &Result<T, E>) -> String {
    if result.is_ok() { String::new() } else { "refused".to_owned() }
}
