//! Which numbers are emergencies, and how a request's address names them.

use std::collections::BTreeMap;

/// The longest user part that is looked at, in bytes; emergency numbers have at most 8 digits.
const USER_BYTES_MAX: usize = 64;

/// What an address asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialled {
    /// A number as dialled: separators taken out.
    Number(String),
    /// `urn:service:sos` or one of its children: the country's first number.
    Sos,
}

/// What is known of a phone's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts<'a> {
    /// Nothing: the numbers of every country are emergencies.
    Unknown,
    /// Its site names this country, or none.
    Known(Option<&'a str>),
}

/// Emergency numbers by country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers {
    by_country: BTreeMap<String, Vec<String>>,
    default_country: String,
}

impl Dialled {
    /// What a request's address asks for; nothing if it names no user.
    pub fn read(uri: &str) -> Option<Self> {
        let (scheme, rest) = uri.trim().split_once(':')?;
        if scheme.eq_ignore_ascii_case("urn") {
            let service = rest.split([';', '?']).next().unwrap_or_default().to_ascii_lowercase();
            return (service == "service:sos" || service.starts_with("service:sos.")).then_some(Self::Sos);
        }
        let user = match scheme.to_ascii_lowercase().as_str() {
            "tel" => rest,
            // Without an @ it is a host; yet nobody has a host named 112.
            "sip" | "sips" => rest.split_once('@').map_or(rest, |(user, _)| user),
            _ => return None,
        };
        let user = user.split([';', ':', '?']).next().unwrap_or_default();
        if user.is_empty() || user.len() > USER_BYTES_MAX {
            return None;
        }
        let plain: String = unescape(user).chars().filter(|c| !matches!(c, '-' | '.' | '(' | ')' | ' ')).collect();
        (!plain.is_empty()).then_some(Self::Number(plain))
    }
}

impl Numbers {
    /// Numbers by country of two capital letters, the most important first.
    pub fn new(by_country: BTreeMap<String, Vec<String>>, default_country: impl Into<String>) -> Self {
        Self { by_country, default_country: default_country.into() }
    }

    /// The numbers that hold there, the first being what `urn:service:sos` stands for. Of an unknown place, or a country that nobody
    /// configured: the default country's, then all others.
    pub fn at(&self, place: Whereabouts<'_>) -> Vec<&str> {
        let country = match place {
            Whereabouts::Unknown => None,
            Whereabouts::Known(country) => self.by_country.get(country.unwrap_or(&self.default_country)),
        };
        let found: Vec<&String> = if let Some(numbers) = country {
            numbers.iter().collect()
        } else {
            let first = self.by_country.get(&self.default_country).into_iter();
            first.chain(self.by_country.values()).flatten().collect()
        };
        let mut seen = std::collections::BTreeSet::new();
        found.into_iter().map(String::as_str).filter(|number| seen.insert(*number)).collect()
    }

    /// The number that a trunk is asked for, if the address is an emergency there.
    pub fn dialled(&self, uri: &str, place: Whereabouts<'_>) -> Option<String> {
        match Dialled::read(uri)? {
            Dialled::Number(number) => self.at(place).contains(&number.as_str()).then_some(number),
            Dialled::Sos => self.at(place).first().map(|number| (*number).to_owned()),
        }
    }

    /// Whether the address is an emergency anywhere: such a request passes all limits.
    pub fn anywhere(&self, uri: &str) -> bool {
        self.dialled(uri, Whereabouts::Unknown).is_some()
    }
}

/// Takes `%31` for `1`; what is no escape stays.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        plain.push_str(before);
        let byte = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(u8::is_ascii);
        plain.push(byte.map_or('%', char::from));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers() -> Numbers {
        let list = |numbers: &[&str]| numbers.iter().map(|number| (*number).to_owned()).collect();
        let by_country = [("DE", list(&["112", "110"])), ("GB", list(&["999", "112"])), ("US", list(&["911"]))];
        Numbers::new(by_country.map(|(country, numbers)| (country.to_owned(), numbers)).into(), "DE")
    }

    #[test]
    fn a_place_has_its_countrys_numbers() {
        let numbers = numbers();
        assert_eq!(numbers.at(Whereabouts::Known(Some("US"))), ["911"]);
        assert_eq!(numbers.at(Whereabouts::Known(None)), ["112", "110"]);
        assert_eq!(numbers.at(Whereabouts::Unknown), ["112", "110", "999", "911"]);
        assert_eq!(numbers.at(Whereabouts::Known(Some("FR"))), ["112", "110", "999", "911"], "a country without numbers has all");
    }

    #[test]
    fn addresses_name_emergencies() {
        let (numbers, unknown) = (numbers(), Whereabouts::Unknown);
        let germany = Whereabouts::Known(Some("DE"));
        let cases = [
            ("sip:112@phones.example.com", germany, Some("112")),
            ("sips:112@phones.example.com:5061;transport=tls", germany, Some("112")),
            ("SIP:110;phone-context=+49@192.0.2.1;user=phone", germany, Some("110")),
            ("sip:112:secret@192.0.2.1", germany, Some("112")),
            ("sip:112", germany, Some("112")),
            ("tel:1-1-2", germany, Some("112")),
            ("tel:1.1(2);phone-context=+49", germany, Some("112")),
            ("sip:%31%312@[2001:db8::1]", germany, Some("112")),
            ("sip:1%201%202@192.0.2.1", germany, Some("112")),
            ("urn:service:sos", germany, Some("112")),
            ("URN:Service:SOS.police", germany, Some("112")),
            ("urn:service:sos.fire", Whereabouts::Known(Some("US")), Some("911")),
            ("sip:911@192.0.2.1", germany, None),
            ("sip:911@192.0.2.1", unknown, Some("911")),
            ("sip:1120@192.0.2.1", unknown, None),
            ("sip:+112@192.0.2.1", unknown, None),
            ("sip:*89@192.0.2.1", unknown, None),
            ("urn:service:sosx", unknown, None),
            ("urn:service:counseling", unknown, None),
            ("mailto:112@example.com", unknown, None),
            ("sip:@192.0.2.1", unknown, None),
            ("112", unknown, None),
            ("", unknown, None),
        ];
        for (uri, place, expected) in cases {
            assert_eq!(numbers.dialled(uri, place).as_deref(), expected, "{uri} {place:?}");
            if expected.is_some() {
                assert!(numbers.anywhere(uri), "{uri}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_address_makes_it_stumble(uri in "\\PC{0,80}") {
            let known = numbers().dialled(&uri, Whereabouts::Known(None));
            // What is an emergency at a place is one for the edge, too.
            prop_assert!(known.is_none() || numbers().anywhere(&uri));
        }

        #[test]
        fn separators_change_nothing(gaps in proptest::collection::vec("[-. ()]{0,3}", 4)) {
            let user = format!("{}1{}1{}2{}", gaps[0], gaps[1], gaps[2], gaps[3]);
            let uri = format!("tel:{user}");
            prop_assert_eq!(numbers().dialled(&uri, Whereabouts::Known(None)), Some("112".to_owned()));
        }
    }
}
