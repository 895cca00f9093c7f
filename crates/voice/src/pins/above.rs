//! Limits above the device: wrong PINs of a source, of a customer's phones and of the platform.
//!
//! They delay and alarm. They refuse only sources that never had a success, and a refused PIN is not counted. The customer's limit only
//! alarms: if it delayed or refused, a stranger would learn which MACs are known, and whose they are.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

use domain::net::site_network;
use domain::tenancy::CustomerId;
use domain::{Span, Time};
use ipnet::IpNet;

use crate::limits::{
    CUSTOMER_WRONG_PINS, PIN_CUSTOMERS_MAX, PIN_DELAY_MAX, PIN_DELAY_STEP, PIN_SOURCES_MAX, PIN_SUCCESS_MEMORY, PLATFORM_WRONG_PINS,
    PLATFORM_WRONG_PINS_MAX, SOURCE_WRONG_PINS, SOURCE_WRONG_PINS_MAX, WRONG_PINS_WINDOW,
};

/// Whether a PIN is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// After this time. It counts as wrong until [`Above::take_back`] says otherwise.
    After(Span),
    /// Not now: "busy". Not counted.
    Busy,
}

/// Something that an operator should look at, once an hour at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// Many wrong PINs from one source.
    Source(IpNet),
    /// Many wrong PINs for one customer's phones.
    Customer(CustomerId),
    /// Many wrong PINs everywhere.
    Platform,
}

/// The counts. Kept by one node, in memory.
#[derive(Debug, Default)]
pub struct Above {
    sources: HashMap<IpNet, Window>,
    customers: HashMap<CustomerId, Window>,
    platform: Window,
    succeeded: HashMap<IpNet, Time>,
}

impl Above {
    /// A PIN comes from that address. Counted at once, so that many at the same moment are not all the first.
    pub fn begin(&mut self, address: IpAddr, now: Time) -> (Verdict, Vec<Alarm>) {
        let source = site_network(address);
        let succeeded = self.succeeded.get(&source).is_some_and(|at| now.since(*at) < PIN_SUCCESS_MEMORY);
        make_room(&mut self.sources, &source, PIN_SOURCES_MAX, |window| window.began);
        let window = self.sources.entry(source).or_default();
        window.turn(now);
        self.platform.turn(now);
        if !succeeded && (window.wrong >= SOURCE_WRONG_PINS_MAX || self.platform.wrong >= PLATFORM_WRONG_PINS_MAX) {
            return (Verdict::Busy, Vec::new());
        }
        let mut alarms = Vec::new();
        alarms.extend(window.count(SOURCE_WRONG_PINS).then_some(Alarm::Source(source)));
        alarms.extend(self.platform.count(PLATFORM_WRONG_PINS).then_some(Alarm::Platform));
        let delay = delay(window.wrong, SOURCE_WRONG_PINS).max(delay(self.platform.wrong, PLATFORM_WRONG_PINS));
        (Verdict::After(delay), alarms)
    }

    /// The PIN was not wrong after all: right, or not looked at.
    pub fn take_back(&mut self, address: IpAddr) {
        let window = self.sources.get_mut(&site_network(address));
        window.into_iter().chain([&mut self.platform]).for_each(|window| window.wrong = window.wrong.saturating_sub(1));
    }

    /// A phone of that customer was given a wrong PIN.
    pub fn wrong_for(&mut self, customer: CustomerId, now: Time) -> Option<Alarm> {
        make_room(&mut self.customers, &customer, PIN_CUSTOMERS_MAX, |window| window.began);
        let window = self.customers.entry(customer).or_default();
        window.turn(now);
        window.count(CUSTOMER_WRONG_PINS).then_some(Alarm::Customer(customer))
    }

    /// A success from that address: it is refused no more.
    pub fn succeeded(&mut self, address: IpAddr, now: Time) {
        let source = site_network(address);
        make_room(&mut self.succeeded, &source, PIN_SOURCES_MAX, |at| *at);
        self.succeeded.insert(source, now);
    }
}

/// Wrong PINs since then.
#[derive(Debug, Default)]
struct Window {
    began: Time,
    wrong: u32,
    alarmed: bool,
}

impl Window {
    fn turn(&mut self, now: Time) {
        if now.since(self.began) >= WRONG_PINS_WINDOW {
            *self = Self { began: now, wrong: 0, alarmed: false };
        }
    }

    /// One more; whether that is the first beyond what goes unremarked.
    fn count(&mut self, unremarked: u32) -> bool {
        self.wrong = self.wrong.saturating_add(1);
        let alarm = self.wrong > unremarked && !self.alarmed;
        self.alarmed |= alarm;
        alarm
    }
}

fn delay(wrong: u32, unremarked: u32) -> Span {
    let steps = i64::from(wrong.saturating_sub(unremarked));
    Span::seconds(steps.saturating_mul(PIN_DELAY_STEP.as_seconds())).min(PIN_DELAY_MAX)
}

/// Keeps a table below its bound: the oldest goes.
fn make_room<K: Eq + Hash + Clone, V>(table: &mut HashMap<K, V>, coming: &K, max: usize, age: impl Fn(&V) -> Time) {
    if table.len() < max || table.contains_key(coming) {
        return;
    }
    let oldest = table.iter().min_by_key(|(_, value)| age(value)).map(|(key, _)| key.clone());
    oldest.map(|key| table.remove(&key));
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use uuid::Uuid;

    use super::*;

    const NOW: Time = Time::from_millis(1_795_305_600_000);

    fn address(number: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from(0xc633_6400 + number))
    }

    #[test]
    fn wrong_pins_of_a_source_delay_then_refuse_for_an_hour() {
        let mut above = Above::default();
        let verdicts: Vec<_> = (0..70).map(|_| above.begin(address(1), NOW)).collect();
        assert!(verdicts[..10].iter().all(|verdict| *verdict == (Verdict::After(Span::ZERO), Vec::new())));
        assert_eq!(verdicts[10], (Verdict::After(Span::seconds(1)), vec![Alarm::Source("198.51.100.1/32".parse().unwrap())]));
        assert_eq!(verdicts[11], (Verdict::After(Span::seconds(2)), Vec::new()), "one alarm an hour");
        assert_eq!(verdicts[59], (Verdict::After(Span::seconds(5)), Vec::new()));
        assert!(verdicts[60..].iter().all(|verdict| *verdict == (Verdict::Busy, Vec::new())));
        assert_eq!(above.begin(address(2), NOW).0, Verdict::After(Span::ZERO), "another source");
        assert_eq!(above.begin(address(1), NOW + Span::hours(1)).0, Verdict::After(Span::ZERO));
    }

    #[test]
    fn a_source_with_a_success_is_delayed_and_never_refused() {
        let mut above = Above::default();
        above.succeeded(address(1), NOW);
        for _ in 0..200 {
            assert!(matches!(above.begin(address(1), NOW).0, Verdict::After(_)));
        }
        let later = NOW + Span::days(30);
        (0..60).for_each(|_| drop(above.begin(address(1), later)));
        assert_eq!(above.begin(address(1), later).0, Verdict::Busy, "a success is remembered for a month");
    }

    #[test]
    fn a_right_pin_is_not_counted() {
        let mut above = Above::default();
        for _ in 0..500 {
            assert_eq!(above.begin(address(1), NOW).0, Verdict::After(Span::ZERO));
            above.take_back(address(1));
        }
        assert_eq!(above.platform.wrong, 0);
    }

    #[test]
    fn the_platform_delays_all_and_refuses_strangers_only() {
        let mut above = Above::default();
        above.succeeded(address(0xffff), NOW);
        let mut alarms = Vec::new();
        for number in 0..10_000 {
            alarms.extend(above.begin(address(number / 5), NOW).1);
        }
        assert_eq!(alarms, [Alarm::Platform]);
        assert_eq!(above.begin(address(0xfffe), NOW).0, Verdict::Busy);
        assert_eq!(above.begin(address(0xffff), NOW).0, Verdict::After(Span::seconds(5)));
    }

    #[test]
    fn a_customer_is_alarmed_of_once_an_hour() {
        let mut above = Above::default();
        let customer = CustomerId(Uuid::from_u128(1));
        let alarms: Vec<_> = (0..300).filter_map(|_| above.wrong_for(customer, NOW)).collect();
        assert_eq!(alarms, [Alarm::Customer(customer)]);
    }

    #[test]
    fn the_tables_are_bounded_and_the_oldest_goes() {
        let mut above = Above::default();
        let max = u32::try_from(PIN_SOURCES_MAX).unwrap();
        for number in 0..max + 10 {
            let at = NOW + Span::seconds(number.into());
            above.begin(address(number), at);
            above.succeeded(address(number), at);
            above.wrong_for(CustomerId(Uuid::from_u128(number.into())), at);
        }
        assert_eq!(
            (above.sources.len(), above.succeeded.len(), above.customers.len()),
            (PIN_SOURCES_MAX, PIN_SOURCES_MAX, PIN_CUSTOMERS_MAX)
        );
        assert!(!above.sources.contains_key(&site_network(address(0))) && above.sources.contains_key(&site_network(address(max + 9))));
    }
}
