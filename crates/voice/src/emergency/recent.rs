//! Who called lately, so that the emergency service's call back finds its phone.

use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::emergency::CALL_BACK;
use domain::{Mac, Time};

use crate::limits::CALL_BACKS_MAX;
use crate::stack::Flow;

/// Where a phone is called back.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose it is, if that was known.
    pub mac: Option<Mac>,
    /// The way to it.
    pub flow: Flow,
    /// Its own contact: what its INVITE must ask for.
    pub contact: String,
}

/// Callers by the number that was shown for them.
#[derive(Debug, Default)]
pub struct Recent {
    calls: Mutex<Vec<Call>>,
}

#[derive(Debug)]
struct Call {
    number: String,
    /// Of the last sign of life of its call.
    at: Time,
    caller: Caller,
}

impl Recent {
    /// A call with this number shown is up, or ended, now.
    pub fn note(&self, number: &str, caller: Caller, now: Time) {
        let number = bare(number);
        if number.is_empty() {
            return;
        }
        let mut calls = self.calls();
        calls.retain(|call| now.since(call.at) < CALL_BACK && !(call.number == number && call.caller.flow.id() == caller.flow.id()));
        if calls.len() >= CALL_BACKS_MAX {
            // Callers without proof can be invented by the thousand; they push out each other.
            let first = calls.iter().position(|call| !call.is_proved()).unwrap_or(0);
            calls.remove(first);
        }
        calls.push(Call { number, at: now, caller });
    }

    /// Who showed this number last, within 60 minutes; of several one who was proved, or a stranger who shows the operator's number
    /// would be rung in their place. Carriers write numbers in their own ways.
    pub fn of(&self, dialled: &str, now: Time) -> Option<Caller> {
        let dialled = bare(dialled);
        let calls = self.calls();
        let fresh = || calls.iter().rev().filter(|call| now.since(call.at) < CALL_BACK);
        let last =
            |fits: &dyn Fn(&Call) -> bool| fresh().find(|call| call.is_proved() && fits(call)).or_else(|| fresh().find(|call| fits(call)));
        let found = last(&|call| call.number == dialled).or_else(|| last(&|call| alike(&call.number, &dialled)));
        found.map(|call| call.caller.clone())
    }

    fn calls(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call {
    /// Only of a caller who was proved it is known whose phone he has.
    fn is_proved(&self) -> bool {
        self.caller.mac.is_some()
    }
}

/// A number without what differs between national and international spelling.
fn bare(number: &str) -> String {
    let digits: String = number.chars().filter(|c| !matches!(c, '+' | '-' | '.' | '(' | ')' | ' ')).collect();
    digits.trim_start_matches('0').to_owned()
}

/// Whether one number is the end of the other, long enough to be no chance.
fn alike(one: &str, other: &str) -> bool {
    const DIGITS_MIN: usize = 7;
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    short.len() >= DIGITS_MIN && long.ends_with(short)
}

#[cfg(test)]
mod tests {
    use domain::Span;

    use super::*;
    use crate::stack::Transport;

    const NOW: Time = Time::from_millis(1_795_305_600_000);

    fn caller(port: u16) -> Caller {
        let flow = Flow::nowhere(Transport::Udp, ([192, 0, 2, 7], port).into(), ([192, 0, 2, 1], 5060).into());
        Caller { mac: None, flow, contact: format!("sip:{port}@192.0.2.7") }
    }

    fn found(recent: &Recent, dialled: &str, now: Time) -> Option<String> {
        recent.of(dialled, now).map(|caller| caller.contact)
    }

    #[test]
    fn the_latest_caller_of_a_number_is_called_back() {
        let recent = Recent::default();
        recent.note("+4930123456", caller(1), NOW);
        recent.note("+4930123456", caller(2), NOW + Span::minutes(1));
        recent.note("+4989987654", caller(3), NOW + Span::minutes(2));
        let now = NOW + Span::minutes(3);
        for spelling in ["+4930123456", "004930123456", "4930123456", "030123456", "030 12-34.56"] {
            assert_eq!(found(&recent, spelling, now).as_deref(), Some("sip:2@192.0.2.7"), "{spelling}");
        }
        assert_eq!(found(&recent, "+4989987654", now).as_deref(), Some("sip:3@192.0.2.7"));
        for other in ["+4930123457", "123456", "", "0", "anonymous"] {
            assert_eq!(found(&recent, other, now), None, "{other}");
        }
    }

    #[test]
    fn strangers_keep_no_call_back_from_a_proved_caller() {
        let recent = Recent::default();
        let proved = Caller { mac: Some("001565000001".parse().unwrap()), ..caller(1) };
        recent.note("+4930123456", proved, NOW);
        for port in 2..u16::try_from(CALL_BACKS_MAX).unwrap() + 10 {
            recent.note("+4930123456", caller(port), NOW + Span::minutes(1));
        }
        for spelling in ["+4930123456", "030123456"] {
            assert_eq!(found(&recent, spelling, NOW + Span::minutes(2)).as_deref(), Some("sip:1@192.0.2.7"), "{spelling}");
        }
    }

    #[test]
    fn after_an_hour_nobody_is_called_back() {
        let recent = Recent::default();
        recent.note("+4930123456", caller(1), NOW);
        assert!(recent.of("+4930123456", NOW + CALL_BACK - Span::seconds(1)).is_some());
        assert!(recent.of("+4930123456", NOW + CALL_BACK).is_none());
        recent.note("+4930123456", caller(1), NOW + Span::minutes(30));
        assert!(recent.of("+4930123456", NOW + CALL_BACK).is_some(), "the end of the call counts");
    }

    #[test]
    fn the_list_is_bounded() {
        let recent = Recent::default();
        for port in 0..u16::try_from(CALL_BACKS_MAX).unwrap() + 10 {
            recent.note("+4930123456", caller(port), NOW);
        }
        assert_eq!(recent.calls().len(), CALL_BACKS_MAX);
        recent.note("", caller(1), NOW);
        assert_eq!(recent.calls().len(), CALL_BACKS_MAX, "without a number nobody can be called back");
    }
}
