//! Who is to be told, and when. Time is an argument.
//!
//! Several wishes for one phone within a moment are one. A wish that comes while the phone is being told is told after that: what it
//! fetches last is what holds last.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::Time;
use domain::claim::Claim;

use super::quiet::Hold;
use crate::limits::NOTIFY_MOMENT;

/// The phones that are due, by their claims: a stranger who registers for the same MAC is told beside the owner, and holds up only himself.
#[derive(Debug, Default)]
pub struct Due {
    waiting: BTreeMap<(Time, u64), Claim>,
    at: HashMap<Claim, (Time, u64)>,
    /// Due, but in a call.
    speaking: HashSet<Claim>,
    /// Being told now; `true`: to be told again after that.
    telling: HashMap<Claim, bool>,
    next: u64,
}

impl Due {
    /// The phone is to be told. A wish that waits already stays where it is, so that many cannot put it off.
    pub fn want(&mut self, claim: Claim, now: Time) {
        self.want_at(claim, now + NOTIFY_MOMENT);
    }

    /// The phone is to be told at that time, or earlier if it is due earlier.
    pub fn want_at(&mut self, claim: Claim, at: Time) {
        if let Some(again) = self.telling.get_mut(&claim) {
            *again = true;
        } else if !self.speaking.contains(&claim) && self.at.get(&claim).is_none_or(|(held, _)| at < *held) {
            self.put(claim, at);
        }
    }

    /// Takes up to `room` phones that may be told now; each is to be given back with [`Due::told`].
    pub fn take(&mut self, room: usize, now: Time, hold: impl Fn(Claim) -> Hold) -> Vec<Claim> {
        let mut taken = Vec::new();
        while taken.len() < room {
            let Some((_, claim)) = self.waiting.first_key_value().filter(|((at, _), _)| *at <= now) else { break };
            let claim = *claim;
            self.remove(claim);
            match hold(claim) {
                Hold::No => {
                    self.telling.insert(claim, false);
                    taken.push(claim);
                }
                Hold::Until(later) => self.put(claim, later),
                Hold::Call => drop(self.speaking.insert(claim)),
            }
        }
        taken
    }

    /// The phone was told, or could not be.
    pub fn told(&mut self, claim: Claim, now: Time) {
        if self.telling.remove(&claim) == Some(true) {
            self.put(claim, now + NOTIFY_MOMENT);
        }
    }

    /// A call has ended: whoever was due and spoke is looked at again.
    pub fn call_ended(&mut self, now: Time) {
        for claim in std::mem::take(&mut self.speaking) {
            self.put(claim, now);
        }
    }

    /// When somebody is due next.
    pub fn next(&self) -> Option<Time> {
        self.waiting.first_key_value().map(|((at, _), _)| *at)
    }

    /// How many are due or being told.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.waiting.len() + self.speaking.len() + self.telling.len()
    }

    fn put(&mut self, claim: Claim, at: Time) {
        self.remove(claim);
        self.next += 1;
        self.waiting.insert((at, self.next), claim);
        self.at.insert(claim, (at, self.next));
    }

    fn remove(&mut self, claim: Claim) {
        if let Some(at) = self.at.remove(&claim) {
            self.waiting.remove(&at);
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::chance::Seeded;
    use domain::claim::{Grounds, PlatformKeys};
    use domain::{Mac, Secret, Span};

    use super::*;

    const NOW: Time = Time::from_millis(1_795_305_600_000);

    fn phone(number: u8) -> Claim {
        let keys = PlatformKeys::new(vec![Secret::new(vec![7; 32])]).unwrap();
        let mac = Mac::from_bytes([0, 0x15, 0x65, 0, 0, number]).unwrap();
        keys.issue(mac, 1, Grounds::default(), NOW, &mut Seeded::new(1))
    }

    fn nobody_speaks(_: Claim) -> Hold {
        Hold::No
    }

    #[test]
    fn wishes_of_a_moment_are_one() {
        let mut due = Due::default();
        for millis in [0, 10, 20, 40] {
            due.want(phone(1), NOW + Span::seconds(0));
            due.want(phone(1), Time::from_millis(NOW.millis() + millis));
        }
        assert_eq!(due.next(), Some(NOW + NOTIFY_MOMENT), "and many do not put it off");
        assert!(due.take(9, NOW, nobody_speaks).is_empty(), "not yet");
        assert_eq!(due.take(9, NOW + NOTIFY_MOMENT, nobody_speaks), [phone(1)]);
        due.told(phone(1), NOW + Span::seconds(1));
        assert_eq!((due.len(), due.next()), (0, None));
    }

    #[test]
    fn what_changes_while_a_phone_is_told_is_told_after_that() {
        let mut due = Due::default();
        due.want(phone(1), NOW);
        let then = NOW + Span::seconds(1);
        assert_eq!(due.take(9, then, nobody_speaks), [phone(1)]);
        due.want(phone(1), then);
        due.want(phone(1), then);
        assert!(due.take(9, then + Span::hours(1), nobody_speaks).is_empty(), "one at a time");
        due.told(phone(1), then);
        assert_eq!(due.take(9, then + NOTIFY_MOMENT, nobody_speaks), [phone(1)]);
        due.told(phone(1), then);
        assert_eq!(due.len(), 0, "two wishes meanwhile are one");
    }

    #[test]
    fn a_phone_that_speaks_waits_for_the_end_of_its_call() {
        let mut due = Due::default();
        due.want(phone(1), NOW);
        due.want(phone(2), NOW);
        let then = NOW + Span::seconds(1);
        let speaking = |one: Claim| if one == phone(1) { Hold::Call } else { Hold::No };
        assert_eq!(due.take(9, then, speaking), [phone(2)]);
        due.want(phone(1), then);
        assert_eq!(due.next(), None, "nothing to wake up for");
        let ended = then + Span::minutes(2);
        due.call_ended(ended);
        let pause = ended + Span::seconds(1);
        assert!(due.take(9, ended, |_| Hold::Until(pause)).is_empty());
        assert_eq!(due.next(), Some(pause));
        assert_eq!(due.take(9, pause, nobody_speaks), [phone(1)]);
    }

    #[test]
    fn after_an_emergency_a_phone_is_told_once() {
        let mut due = Due::default();
        let peace = NOW + Span::minutes(60);
        let hold = |now: Time| move |_: Claim| if now < peace { Hold::Until(peace) } else { Hold::No };
        for minute in 0..59 {
            let now = NOW + Span::minutes(minute);
            due.want(phone(1), now);
            assert!(due.take(9, now + Span::seconds(1), hold(now)).is_empty());
        }
        assert_eq!(due.take(9, peace, hold(peace)), [phone(1)]);
        due.told(phone(1), peace);
        assert_eq!(due.len(), 0);
    }

    #[test]
    fn no_more_at_once_than_there_is_room_for() {
        let mut due = Due::default();
        (0..5).for_each(|number| due.want_at(phone(number), NOW + Span::seconds(i64::from(number))));
        let then = NOW + Span::minutes(1);
        assert_eq!(due.take(2, then, nobody_speaks), [phone(0), phone(1)], "the longest due first");
        assert_eq!(due.take(9, NOW + Span::seconds(2), nobody_speaks), [phone(2)], "spread out");
    }
}
