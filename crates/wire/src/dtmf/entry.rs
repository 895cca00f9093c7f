//! What a caller enters: six digits of a PIN, an emergency number, or `*`.
//!
//! The rules, with time as an argument (milliseconds of any clock that never goes back):
//!
//! * Six digits and `#` are a PIN; six digits without `#` count after 4 s. Fewer or more are no try.
//! * `*` alone asks for the last four of the MAC. `*` behind digits takes them back.
//! * An emergency number, and nothing else, followed by `#` or 3 s of silence is put through, unless a key is pressed
//!   while that is announced. With more digits behind it, it is what those make it: `112345#` is a PIN. If a number on
//!   the list has six digits itself, it is the emergency number.
//! * The first method that delivers a key is the call's only one, as phones send one press in several ways.

use std::fmt;

use super::{Key, Method};
use crate::limits::{EMERGENCY_DIGITS_MAX, EMERGENCY_NUMBERS_MAX};

const PIN_DIGITS: usize = 6;
const DIGITS_MAX: usize = EMERGENCY_DIGITS_MAX;

/// Silence behind an emergency number.
pub const EMERGENCY_SILENCE_MS: u64 = 3000;
/// Silence behind six or more digits.
pub const PIN_SILENCE_MS: u64 = 4000;
/// Silence behind fewer digits, and behind the prompt.
pub const PROMPT_SILENCE_MS: u64 = 8000;

/// Six digits that a caller entered. `Debug` shows nothing.
#[derive(Clone, Copy)]
pub struct Pin([u8; PIN_DIGITS]);

impl Pin {
    /// The digits.
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).expect("digits are ASCII")
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}

/// What a key does.
#[derive(Debug, Clone)]
pub enum Reaction {
    /// Nothing: it came by another method than the call's, or is a letter.
    Ignored,
    /// It was taken. A prompt that is being played ends.
    Taken,
    /// It was taken and ends the entry, or came when silence had ended it.
    Ended(Outcome),
}

/// How an entry ended. The next one has begun; its time runs from [`Entry::listen`] or its first key.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Six digits: a try.
    Pin(Pin),
    /// Fewer or more than six digits: no try.
    NotSix,
    /// `*` alone: the caller wants to hear the last four of the MAC.
    LastFour,
    /// An emergency number, as it stands on the list: announce it, then put the call through.
    Emergency(String),
    /// A key was pressed while an emergency call was announced: it is not made.
    EmergencyCancelled,
    /// Nothing was entered: say the prompt again.
    Silence,
}

/// Collects the keys of one call.
#[derive(Debug)]
pub struct Entry {
    emergency: Vec<String>,
    method: Option<Method>,
    digits: Digits,
    /// When the last key was pressed, or listening began.
    since_ms: Option<u64>,
    announcing: bool,
}

impl Entry {
    /// Begins a call. Of the emergency numbers that hold more than digits, or exceed the limits, none is ever heard.
    pub fn new(emergency_numbers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let can_be_keyed =
            |number: &String| (1..=EMERGENCY_DIGITS_MAX).contains(&number.len()) && number.bytes().all(|digit| digit.is_ascii_digit());
        let emergency = emergency_numbers.into_iter().map(Into::into).filter(can_be_keyed).take(EMERGENCY_NUMBERS_MAX).collect();
        Self { emergency, method: None, digits: Digits::default(), since_ms: None, announcing: false }
    }

    /// The prompt has been played to its end: from now on silence counts, unless keys were pressed already.
    pub fn listen(&mut self, now_ms: u64) {
        self.since_ms.get_or_insert(now_ms);
    }

    /// Takes a key.
    pub fn press(&mut self, key: Key, method: Method, now_ms: u64) -> Reaction {
        let is_used = key.is_digit() || key == Key::STAR || key == Key::POUND;
        if !is_used || *self.method.get_or_insert(method) != method {
            return Reaction::Ignored;
        }
        if std::mem::take(&mut self.announcing) {
            return Reaction::Ended(Outcome::EmergencyCancelled);
        }
        if let Some(outcome) = self.expire(now_ms) {
            // The key came after the end: a digit begins the next entry, unless it hit the announcement's first moment.
            if key.is_digit() && !self.announcing {
                self.add(key, now_ms);
            }
            return Reaction::Ended(outcome);
        }
        if key == Key::POUND {
            return self.finish().map_or(Reaction::Taken, Reaction::Ended);
        }
        if key == Key::STAR {
            let is_alone = self.digits.length == 0;
            self.digits = Digits::default();
            self.since_ms = if is_alone { None } else { Some(now_ms) };
            return if is_alone { Reaction::Ended(Outcome::LastFour) } else { Reaction::Taken };
        }
        self.add(key, now_ms);
        Reaction::Taken
    }

    /// When silence will end the entry; none while nothing is to be waited for.
    pub fn deadline_ms(&self) -> Option<u64> {
        let silence_ms = if self.emergency_number().is_some() {
            EMERGENCY_SILENCE_MS
        } else if self.digits.length >= PIN_DIGITS {
            PIN_SILENCE_MS
        } else {
            PROMPT_SILENCE_MS
        };
        Some(self.since_ms?.saturating_add(silence_ms))
    }

    /// Lets silence do its work; nothing before the deadline.
    pub fn expire(&mut self, now_ms: u64) -> Option<Outcome> {
        if self.deadline_ms()? > now_ms {
            return None;
        }
        self.since_ms = None;
        Some(self.finish().unwrap_or(Outcome::Silence))
    }

    fn add(&mut self, key: Key, now_ms: u64) {
        self.digits.add(key);
        self.since_ms = Some(now_ms);
    }

    /// Ends the entry; none if there are no digits, so that a second `#` says nothing.
    fn finish(&mut self) -> Option<Outcome> {
        if self.digits.length == 0 {
            return None;
        }
        let emergency = self.emergency_number().cloned();
        let digits = std::mem::take(&mut self.digits);
        self.since_ms = None;
        self.announcing = emergency.is_some();
        Some(match emergency {
            Some(number) => Outcome::Emergency(number),
            None => digits.pin().map_or(Outcome::NotSix, Outcome::Pin),
        })
    }

    fn emergency_number(&self) -> Option<&String> {
        self.emergency.iter().find(|number| Some(number.as_bytes()) == self.digits.whole())
    }
}

/// The digits so far. Those behind [`DIGITS_MAX`] are only counted. `Debug` shows nothing.
#[derive(Default)]
struct Digits {
    kept: [u8; DIGITS_MAX],
    length: usize,
}

impl Digits {
    fn add(&mut self, key: Key) {
        if let Some(place) = self.kept.get_mut(self.length) {
            *place = b'0' + key.event();
        }
        self.length = self.length.saturating_add(1);
    }

    /// All of them, if they were kept.
    fn whole(&self) -> Option<&[u8]> {
        self.kept.get(..self.length)
    }

    fn pin(&self) -> Option<Pin> {
        Some(Pin(*self.whole()?.as_array()?))
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digits(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Plays a script: keys come 200 ms apart, `.` is a second of silence, `!` the end of a prompt, and `e` … `n` choose
    /// the method. Gives what came out, with the second of silence in which it came.
    fn played(script: &str) -> String {
        let mut entry = Entry::new(["112", "110", "116117", "*1", ""]);
        let (mut now_ms, mut method, mut told) = (0, Method::Event, Vec::new());
        for character in script.chars() {
            match character {
                '.' => {
                    for _ in 0..10 {
                        now_ms += 100;
                        told.extend(entry.expire(now_ms).map(|outcome| name(&outcome)));
                    }
                }
                '~' => now_ms += 10_000,
                '!' => entry.listen(now_ms),
                'e' => method = Method::Event,
                'i' => method = Method::Info,
                'n' => method = Method::Inband,
                key => {
                    now_ms += 200;
                    match entry.press(Key::named(key).unwrap(), method, now_ms) {
                        Reaction::Ignored => told.push("ignored".to_owned()),
                        Reaction::Taken => {}
                        Reaction::Ended(outcome) => told.push(name(&outcome)),
                    }
                }
            }
        }
        told.join(" ")
    }

    fn name(outcome: &Outcome) -> String {
        match outcome {
            Outcome::Pin(pin) => pin.expose().to_owned(),
            Outcome::NotSix => "not-six".to_owned(),
            Outcome::LastFour => "last-four".to_owned(),
            Outcome::Emergency(number) => format!("call-{number}"),
            Outcome::EmergencyCancelled => "cancelled".to_owned(),
            Outcome::Silence => "silence".to_owned(),
        }
    }

    fn check(script: &str, expected: &str) {
        assert_eq!(played(script), expected, "{script}");
    }

    #[test]
    fn six_digits_are_a_pin() {
        check("123456#", "123456");
        check("123456...", "");
        check("123456....", "123456");
        check("12345....6#", "123456");
        check("123456#000000#", "123456 000000");
        check("123456....#654321#", "123456 654321");
        check("123456##", "123456");
    }

    #[test]
    fn fewer_or_more_digits_are_no_try() {
        check("12345#", "not-six");
        check("1234567#", "not-six");
        check("1234567....", "not-six");
        check("12345.......", "");
        check("12345........", "not-six");
        check("12345678901234567890#123456#", "not-six 123456");
        check("12345#123456#", "not-six 123456");
        check("#", "");
    }

    #[test]
    fn a_star_alone_asks_for_the_last_four_and_behind_digits_takes_them_back() {
        check("*", "last-four");
        check("**", "last-four last-four");
        check("*123456#", "last-four 123456");
        check("12*123456#", "123456");
        check("12**", "last-four");
        check("123456*....", "");
    }

    #[test]
    fn an_emergency_number_is_put_through() {
        check("112#", "call-112");
        check("112..", "");
        check("112...", "call-112");
        check("!112...", "call-112");
        check("112#5", "call-112 cancelled");
        check("112#5123456#", "call-112 cancelled 123456");
        check("112...#", "call-112 cancelled");
        check("112...................", "call-112");
        check("112345#", "112345");
        check("112..345#", "112345");
        check("1123#", "not-six");
        check("9112#", "not-six");
        check("12*110#", "call-110");
        check("116117#", "call-116117");
        check("116117....", "call-116117");
        check("11#", "not-six");
    }

    /// The shell may be late; then the key that comes first must not change what silence had decided.
    #[test]
    fn a_key_behind_an_end_that_nobody_looked_at() {
        check("112~5", "call-112");
        check("112~#", "call-112");
        check("112~5!........", "call-112 silence");
        check("123456~#", "123456");
        check("123456~654321#", "123456 654321");
        check("123~123456#", "not-six 123456");
        check("123~*", "not-six");
    }

    #[test]
    fn silence_asks_for_the_prompt_again() {
        check("....................", "");
        check("!.......", "");
        check("!........", "silence");
        check("!................", "silence");
        check("!........!........", "silence silence");
        check("!......!..", "silence");
        check("!......1.......", "");
        check("!.....*......", "last-four");
        check("12.....*......", "");
        check("12.....*........", "silence");
    }

    #[test]
    fn the_first_method_is_the_only_one() {
        check("e1i1n1e23456#", "ignored ignored 123456");
        check("i1e1i23456i#", "ignored 123456");
        check("nA1e1n23456#", "ignored ignored 123456");
        check("i112#e5", "call-112 ignored");
        check("i112#i5", "call-112 cancelled");
    }

    #[test]
    fn nothing_shows_the_digits() {
        let mut entry = Entry::new(["112"]);
        let press = |entry: &mut Entry, key| entry.press(Key::named(key).unwrap(), Method::Event, 0);
        "73737".chars().for_each(|key| drop(press(&mut entry, key)));
        let shown = format!("{entry:?} {:?} {:?}", press(&mut entry, '3'), press(&mut entry, '#'));
        assert!(shown.contains("Pin(..)") && !shown.contains(['7', '3']), "{shown}");
    }

    proptest! {
        #[test]
        fn a_pin_needs_six_keys_in_a_row_and_time_is_kept(keys in proptest::collection::vec((0..16u8, 0..9000u64), 0..60)) {
            let mut entry = Entry::new(["112", "110"]);
            let (mut now_ms, mut digits) = (0, String::new());
            for (code, after_ms) in keys {
                let key = Key::of_event(code).unwrap();
                now_ms += after_ms;
                if let Some(outcome) = entry.expire(now_ms) {
                    prop_assert!(!matches!(&outcome, Outcome::Pin(pin) if pin.expose() != digits));
                    digits.clear();
                }
                let reaction = entry.press(key, Method::Info, now_ms);
                match &reaction {
                    Reaction::Ended(Outcome::Pin(pin)) => prop_assert!(pin.expose() == digits && key == Key::POUND),
                    Reaction::Ended(Outcome::Emergency(number)) => prop_assert!(*number == digits && key == Key::POUND),
                    _ => {}
                }
                match reaction {
                    Reaction::Taken if key.is_digit() => digits.push(key.name()),
                    Reaction::Ignored => prop_assert!(code > 11),
                    _ => digits.clear(),
                }
                prop_assert!(entry.deadline_ms().is_none_or(|deadline| deadline > now_ms));
            }
        }
    }
}
