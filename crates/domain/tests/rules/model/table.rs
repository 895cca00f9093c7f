//! The table of section 4 with its hand-over and take-up, as the model has it.

use std::collections::BTreeSet;

use domain::admission::Door;
use domain::net::{handover_network, is_private, pin_network, site_network};
use domain::policy::{CertificatePolicy, HandoverSteps, TemporaryTrust};
use domain::{Span, Time};

use super::event::{Fetch, Show};
use super::pin::Contact;
use super::reference::{Delivery, Device, Made, Model, Origin, Window, asks_login, asks_pin, retry_window};
use crate::world::{UNKNOWN, ip};

const GRACE: Span = Span::minutes(15);
/// A window's end moves in steps of this size.
const STEP: Span = Span::minutes(5);

/// What the edge tells a phone, and the login that comes with it.
type Answered = (String, Option<usize>);

enum Proof {
    Nothing,
    Wrong,
    /// In date, wherever it counts.
    Global(usize),
    Claim(usize),
    Own(usize),
}

impl Model {
    /// What the edge tells. Where files leave encrypted only, whoever showed no login is asked for one instead of being given anything of
    /// the device, and nothing happens.
    pub fn answer(&mut self, fetch: &Fetch) -> Answered {
        let mut after = self.clone();
        let answered = after.rows(fetch);
        let told_nothing = !matches!(answered.0.as_str(), "FULL" | "signpost");
        if !fetch.sealed || told_nothing || matches!(self.proof(fetch), Proof::Global(_) | Proof::Claim(_) | Proof::Own(_)) {
            *self = after;
            return answered;
        }
        refuse()
    }

    /// The table of section 4, row by row.
    fn rows(&mut self, fetch: &Fetch) -> Answered {
        let at = fetch.device;
        let policy = self.policy(at).clone();
        if fetch.door == Door::Front && !fetch.carrier {
            return ("public".to_owned(), None);
        }
        if fetch.show == Show::Stale {
            return ("401 stale".to_owned(), None);
        }
        let proof = self.proof(fetch);
        if fetch.door != Door::Front && matches!(proof, Proof::Nothing | Proof::Wrong) {
            return refuse();
        }
        let certificate = fetch.certificate && fetch.door == Door::Front && policy.certificate != CertificatePolicy::Off;
        if at == UNKNOWN || self.devices[at].disabled {
            return self.answer_stranger(fetch, &proof, certificate);
        }
        if let Proof::Own(login) = proof {
            return self.answer_own(at, login, fetch);
        }
        if let Proof::Claim(login) = proof {
            if let Some(earns) = self.counts(at, login, fetch.address) {
                return self.take_up(at, login, earns.pin_success(), fetch);
            }
            if asks_pin(&policy) {
                self.note(at, login, fetch.address, Contact::Fetch);
                let notice = self.notice_of_claim(at, login, fetch.address);
                return restrict(notice, login);
            }
        }
        let device = &self.devices[at];
        let global = if let Proof::Global(global) = proof { Some(global).filter(|global| self.covers(*global, at)) } else { None };
        let armed = device.switch && (global.is_some() || (certificate && policy.certificate == CertificatePolicy::Accept));
        if (asks_login(&policy) && !armed) || (policy.certificate == CertificatePolicy::Require && !certificate) {
            return refuse();
        }
        let stands = self.stands_in(at, None, fetch.address);
        let made = Made {
            device: at,
            global: global.filter(|_| device.switch),
            certificate: certificate && device.switch,
            spent: false,
            origin: Origin::Restricted,
        };
        let invited_again = armed && !asks_pin(&policy);
        if device.live.is_some() && !stands && !invited_again {
            if fetch.ignores_challenges && !asks_login(&policy) {
                return restrict("resetneeded", self.make(made));
            }
            return refuse();
        }
        if stands && policy.certificate == CertificatePolicy::Require && !device.switch {
            return refuse();
        }
        if !asks_pin(&policy) || stands {
            return self.hand_over(Made { origin: Origin::HandedOver { stood_in: stands && asks_pin(&policy) }, ..made }, fetch);
        }
        let notice = self.state(at, pin_network(ip(fetch.address)));
        let login = self.make(made);
        self.devices[at].earned.insert(login);
        restrict(notice, login)
    }

    fn answer_stranger(&mut self, fetch: &Fetch, proof: &Proof, certificate: bool) -> Answered {
        let (at, policy) = (fetch.device, self.policy(fetch.device).clone());
        if let Proof::Claim(login) = proof {
            if at == UNKNOWN {
                self.note(at, *login, fetch.address, Contact::Fetch);
            }
            if asks_pin(&policy) {
                let notice = self.notice_of_claim(at, *login, fetch.address);
                return restrict(notice, *login);
            }
        }
        let global = if let Proof::Global(global) = proof { Some(*global) } else { None };
        let shown = global.is_some() || (certificate && policy.certificate == CertificatePolicy::Accept);
        let short = policy.certificate == CertificatePolicy::Require && !certificate;
        if (asks_login(&policy) && !shown) || short || !asks_pin(&policy) {
            return refuse();
        }
        let notice = self.state(at, pin_network(ip(fetch.address)));
        let mut today = self.clone();
        today.settle(at);
        let spent = at != UNKNOWN && !today.devices[at].switch;
        let login = self.make(Made { device: at, global, certificate, spent, origin: Origin::Restricted });
        restrict(notice, login)
    }

    fn answer_own(&mut self, at: usize, login: usize, fetch: &Fetch) -> Answered {
        let is_live = self.devices[at].live == Some(login);
        let next = self.devices[at].delivery.as_ref().and_then(|delivery| delivery.login);
        let next = next.filter(|next| is_live && self.logins[*next].origin == Origin::Successor);
        let device = &mut self.devices[at];
        let after_own = self.customers[device.customer].policy.temporary_trust == TemporaryTrust::AfterOwnLogin;
        let due = if is_live && after_own { device.due.take() } else { None };
        self.windows_after_full(at, due, fetch);
        ("FULL".to_owned(), Some(next.unwrap_or(login)))
    }

    fn take_up(&mut self, at: usize, login: usize, opens: Option<Time>, fetch: &Fetch) -> Answered {
        let after = self.policy(at).temporary_trust;
        self.windows_after_full(at, opens.filter(|_| after == TemporaryTrust::AfterPin), fetch);
        let now = self.now;
        let device = &mut self.devices[at];
        if let Some(old) = device.live.take() {
            device.old.push((old, now + GRACE));
            let surplus = device.old.len().saturating_sub(4);
            device.old.drain(..surplus);
        }
        let used = std::mem::take(&mut device.used);
        *device = Device {
            live: Some(login),
            due: opens.filter(|_| after == TemporaryTrust::AfterOwnLogin),
            customer: device.customer,
            reset_at: device.reset_at,
            old: std::mem::take(&mut device.old),
            used: used.into_iter().filter(|used| used.login != login).collect(),
            ..Device::default()
        };
        ("FULL".to_owned(), Some(login))
    }

    /// Row 9.
    fn hand_over(&mut self, made: Made, fetch: &Fetch) -> Answered {
        let (at, now, policy) = (fetch.device, self.now, self.policy(fetch.device).clone());
        let network = handover_network(ip(fetch.address));
        let lasts = retry_window(&policy);
        let armed = made.global.is_some() || made.certificate;
        let serves_body = asks_pin(&policy) && self.suspended(at, None);
        let told = |two_step| if two_step { "signpost" } else { "FULL" }.to_owned();
        if let Some(mut delivery) = self.retried(at) {
            if delivery.network != Some(network) {
                delivery.second.get_or_insert(fetch.address);
                self.devices[at].delivery = Some(delivery);
                return refuse();
            }
            if delivery.count >= policy.retry_files {
                return refuse();
            }
            let login = delivery.login.unwrap_or_else(|| self.make(made));
            self.devices[at].earned.insert(login);
            if !delivery.two_step && delivery.login.is_none() {
                delivery.login = Some(login);
                self.bind(at, login, serves_body);
            }
            delivery.count += 1;
            delivery.ends = (now + lasts).min(delivery.began + Span::hours(24));
            delivery.armed |= armed;
            delivery.open = lasts > Span::ZERO;
            if !delivery.open && delivery.armed {
                self.devices[at].switch = false;
            }
            let two_step = delivery.two_step;
            self.devices[at].delivery = Some(delivery);
            if !two_step {
                self.windows_after_full(at, None, fetch);
            }
            return (told(two_step), Some(login));
        }
        let login = self.make(made);
        let two_step = policy.handover == HandoverSteps::Two;
        if !two_step {
            self.windows_after_full(at, None, fetch);
            self.bind(at, login, serves_body);
        }
        let open = lasts > Span::ZERO;
        let device = &mut self.devices[at];
        device.earned = BTreeSet::from([login]);
        device.delivery = Some(Delivery {
            login: Some(login).filter(|_| !two_step),
            network: Some(network),
            began: now,
            ends: now + lasts,
            count: 1,
            open,
            armed,
            second: None,
            two_step,
        });
        if armed && !open {
            device.switch = false;
        }
        (told(two_step), Some(login))
    }

    /// The delivery that a phone may be given once more, unless what was delivered would open nothing today.
    fn retried(&self, at: usize) -> Option<Delivery> {
        let delivery = self.devices[at].delivery.as_ref().filter(|delivery| delivery.open && delivery.network.is_some())?;
        let counts = delivery.login.is_none_or(|login| {
            let made = &self.logins[login];
            let revoked = made.global.is_some_and(|global| self.globals[global].revoked);
            !revoked && !self.lacks(at, login) && (made.origin == Origin::HandedOver { stood_in: true } || !asks_pin(self.policy(at)))
        });
        counts.then(|| delivery.clone())
    }

    /// In one step a suspension is bound to the body that it served first; in two steps the first claim used ends it.
    fn bind(&mut self, at: usize, login: usize, serves_body: bool) {
        if let Some((_, bound @ None)) = self.devices[at].suspension.as_mut().filter(|_| serves_body) {
            *bound = Some(login);
        }
    }

    fn windows_after_full(&mut self, at: usize, success: Option<Time>, fetch: &Fetch) {
        let (now, address) = (self.now, ip(fetch.address));
        let opener = success.filter(|_| !is_private(address));
        let customer = &mut self.customers[self.devices[at].customer];
        let (policy, network) = (&customer.policy, site_network(address));
        let open = customer.windows.iter_mut().find(|window| window.network == network && window.ends > now);
        let until = |opened: Time| {
            let end = now + policy.trust_window;
            policy.trust_cap.0.map_or(end, |cap| end.min(opened + cap))
        };
        match (open, opener) {
            (Some(window), _) => {
                if opener.is_some_and(|success| success > window.success) || until(window.opened).since(window.ends) >= STEP {
                    window.ends = until(window.opened);
                }
                window.success = window.success.max(opener.unwrap_or(window.success));
            }
            (None, Some(success)) => {
                customer.windows.retain(|window| window.network != network);
                customer.windows.push(Window { network, opened: now, ends: until(now), success });
            }
            (None, None) => {}
        }
    }

    fn proof(&self, fetch: &Fetch) -> Proof {
        match fetch.show {
            Show::Nothing | Show::Stale => Proof::Nothing,
            Show::Global(global) if self.in_date(global) => Proof::Global(global),
            Show::Wrong | Show::Global(_) => Proof::Wrong,
            Show::Login(login) if self.logins[login].device != fetch.device => Proof::Wrong,
            Show::Login(login) => {
                let device = &self.devices[fetch.device];
                let own = device.live == Some(login) || device.old.iter().any(|(old, until)| *old == login && *until > self.now);
                let waits = device.delivery.as_ref().is_some_and(|delivery| delivery.login == Some(login));
                match () {
                    () if own => Proof::Own(login),
                    // What was typed by hand proves itself only as long as it is written down somewhere.
                    () if self.logins[login].origin == Origin::ByHand && !waits => Proof::Wrong,
                    () => Proof::Claim(login),
                }
            }
        }
    }
}

fn refuse() -> Answered {
    ("401".to_owned(), None)
}

fn restrict(notice: &str, login: usize) -> Answered {
    (format!("restricted ({notice})"), Some(login))
}
