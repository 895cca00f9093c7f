//! Dial plans: which digits leave, as which number, and whether lifting the handset is enough.

use std::collections::BTreeSet;

use crate::limits::DIAL_PLAN_STEPS_MAX;

/// A plan taken apart: alternatives in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DialPlan(Vec<Vec<Element>>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Element {
    /// One key of these, or any number of them.
    Keys { keys: BTreeSet<char>, repeated: bool },
    /// `<dialled:sent>`: these keys, sent as those.
    Instead { dialled: String, sent: String },
    /// `S0` or `P0`: sent at once.
    AtOnce,
    /// `!`: never sent.
    Barred,
}

impl DialPlan {
    /// Reads `(…|…)`. None if it is no plan.
    pub fn read(text: &str) -> Option<Self> {
        let inside = text.trim().strip_prefix('(')?.strip_suffix(')')?;
        inside.split('|').map(alternative).collect::<Option<_>>().map(Self)
    }

    /// What is called as soon as the handset is lifted.
    pub fn lifted(&self) -> Option<String> {
        let at_once = self.0.iter().filter(|elements| elements.contains(&Element::AtOnce));
        at_once.filter_map(|elements| sent(elements, "")).find(|number| !number.is_empty())
    }

    /// What leaves for these digits; none if no alternative fits, or the one that does bars them.
    pub fn dialled(&self, digits: &str) -> Option<String> {
        self.0
            .iter()
            .find_map(|elements| sent(elements, digits).map(|number| (elements, number)))
            .and_then(|(elements, number)| (!elements.contains(&Element::Barred)).then_some(number))
    }
}

fn alternative(text: &str) -> Option<Vec<Element>> {
    let mut elements = Vec::new();
    let mut rest = text.chars().filter(|c| !c.is_whitespace()).peekable();
    while let Some(c) = rest.next() {
        let element = match c {
            '0'..='9' | '*' | '#' => keys([c]),
            'x' | 'X' => keys('0'..='9'),
            '[' => keys(range(&rest.by_ref().take_while(|c| *c != ']').collect::<String>())),
            '<' => {
                let inside: String = rest.by_ref().take_while(|c| *c != '>').collect();
                let (dialled, sent) = inside.split_once(':')?;
                // What is sent has keys only, no wildcards.
                let is_keys = |text: &str| text.chars().all(|c| matches!(c, '0'..='9' | '*' | '#' | '+'));
                if !is_keys(dialled) || !is_keys(sent) {
                    return None;
                }
                Element::Instead { dialled: dialled.to_owned(), sent: sent.to_owned() }
            }
            '.' => {
                let Some(Element::Keys { repeated, .. }) = elements.last_mut() else { return None };
                *repeated = true;
                continue;
            }
            '!' => Element::Barred,
            'S' | 'P' | 'L' => {
                let mut seconds = String::new();
                while let Some(digit) = rest.next_if(char::is_ascii_digit) {
                    seconds.push(digit);
                }
                if seconds != "0" {
                    continue;
                }
                Element::AtOnce
            }
            // A second dialling tone.
            ',' => continue,
            _ => return None,
        };
        elements.push(element);
    }
    Some(elements)
}

fn keys(keys: impl IntoIterator<Item = char>) -> Element {
    Element::Keys { keys: keys.into_iter().collect(), repeated: false }
}

/// `2-5,8`, `13*`, or `x*#`: an x is every digit here too.
fn range(text: &str) -> Vec<char> {
    let text: Vec<char> = text.chars().filter(|c| *c != ',').collect();
    let mut keys = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if at + 2 < text.len() && text[at + 1] == '-' {
            keys.extend(text[at]..=text[at + 2]);
            at += 3;
        } else if matches!(text[at], 'x' | 'X') {
            keys.extend('0'..='9');
            at += 1;
        } else {
            keys.push(text[at]);
            at += 1;
        }
    }
    keys
}

/// What one alternative sends for all of these digits.
fn sent(elements: &[Element], digits: &str) -> Option<String> {
    let mut steps = DIAL_PLAN_STEPS_MAX;
    fits(elements, digits, &mut steps)
}

fn fits(elements: &[Element], digits: &str, steps: &mut usize) -> Option<String> {
    *steps = steps.checked_sub(1)?;
    let Some((element, after)) = elements.split_first() else { return digits.is_empty().then(String::new) };
    match element {
        Element::AtOnce | Element::Barred => fits(after, digits, steps),
        Element::Instead { dialled, sent } => {
            let number = fits(after, digits.strip_prefix(dialled.as_str())?, steps)?;
            Some(format!("{sent}{number}"))
        }
        Element::Keys { keys, repeated } => {
            let first = digits.chars().next().filter(|key| keys.contains(key));
            let rest = first.map(|key| &digits[key.len_utf8()..]);
            // A repeated key may also be there no more.
            let more = |elements: &[Element], steps: &mut usize| Some(format!("{}{}", first?, fits(elements, rest?, steps)?));
            if *repeated { more(elements, steps).or_else(|| fits(after, digits, steps)) } else { more(after, steps) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(plan: &str, lifted: Option<&str>, dialled: &[(&str, Option<&str>)]) {
        let read = DialPlan::read(plan).unwrap_or_else(|| panic!("{plan} is a plan"));
        assert_eq!(read.lifted().as_deref(), lifted, "{plan}");
        for (digits, expected) in dialled {
            assert_eq!(read.dialled(digits).as_deref(), *expected, "{plan} {digits}");
        }
    }

    #[test]
    fn plans_send_what_the_vendor_says() {
        check("(S0<:*89>)", Some("*89"), &[("112", None)]);
        check("( P0 <:12125551234> )", Some("12125551234"), &[]);
        check("(S0<:*89>|112S0|110S0)", Some("*89"), &[("112", Some("112")), ("113", None)]);
        check("(*89S0|112S0|911S0)", None, &[("*89", Some("*89")), ("911", Some("911")), ("91", None), ("9111", None)]);
        check("(<9:>xx.|[2-4,7]xS0)", None, &[("91", Some("1")), ("9123", Some("123")), ("31", Some("31")), ("51", None)]);
        check("(x.|*xx)", None, &[("0815", Some("0815")), ("*72", Some("*72"))]);
        check("(0900x.!|x.)", None, &[("09001", None), ("0800", Some("0800"))]);
        check("([x*#].)", None, &[("0815", Some("0815")), ("*72#", Some("*72#")), ("", Some(""))]);
        check("(S0<:*89>|112S0|[x*#].)", Some("*89"), &[("112", Some("112")), ("1125", Some("1125"))]);
        check("(<#:+49>x.)", None, &[("#30", Some("+4930"))]);
    }

    #[test]
    fn what_is_no_plan_is_none() {
        for text in ["", "*89", "(", "(<89>)", "(a)", "(.)", "(<:x>)"] {
            assert_eq!(DialPlan::read(text), None, "{text}");
        }
    }
}
