//! Addresses in header fields: `"Name" <sip:user@host;transport=tcp>;tag=1`, and lists of them.

/// One address of a field, borrowed from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address<'a> {
    /// The URI, without angle brackets.
    pub uri: &'a str,
    /// The field's parameters, from their first semicolon on; empty if there are none.
    parameters: &'a str,
}

impl<'a> Address<'a> {
    /// Reads a name-addr or a bare URI, whose parameters are the field's (RFC 3261 section 20).
    pub fn parse(value: &'a str) -> Self {
        let value = value.trim_ascii();
        let (uri, parameters) = if let Some((open, _)) = unquoted(value).find(|(_, character)| *character == '<') {
            let rest = &value[open + 1..];
            rest.split_once('>').unwrap_or((rest, ""))
        } else {
            value.split_at(value.find(';').unwrap_or(value.len()))
        };
        Self { uri: uri.trim_ascii(), parameters }
    }

    /// The value of a parameter of the field; empty if it has none. None if it is not there.
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        parameter(self.parameters, name)
    }
}

/// The value of a parameter in `;name=value;other`; empty if it has no value. None if it is not there.
pub fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    parameters.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        key.trim_ascii().eq_ignore_ascii_case(name).then(|| value.trim_ascii())
    })
}

/// The parts of a field that holds several values with commas between them.
pub fn list(field: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(field);
    std::iter::from_fn(move || {
        let whole = rest?;
        let mut depth = 0_u32;
        let comma = unquoted(whole).find(|(_, character)| {
            match character {
                '<' => depth += 1,
                '>' => depth = depth.saturating_sub(1),
                _ => {}
            }
            *character == ',' && depth == 0
        });
        let (value, more) = match comma {
            Some((at, _)) => (&whole[..at], Some(&whole[at + 1..])),
            None => (whole, None),
        };
        rest = more;
        Some(value.trim_ascii())
    })
    .filter(|value| !value.is_empty())
}

/// The user part of a `sip:`, `sips:` or `tel:` URI, without its parameters and without a password.
pub fn user(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once(':')?;
    let user = match scheme.to_ascii_lowercase().as_str() {
        "sip" | "sips" => rest.split_once('@')?.0,
        "tel" => rest,
        _ => return None,
    };
    let user = user.split([';', ':']).next().unwrap_or_default();
    (!user.is_empty()).then_some(user)
}

/// The characters outside quoted strings, with their places.
fn unquoted(text: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.char_indices().filter(move |(_, character)| {
        if is_escaped {
            is_escaped = false;
            return false;
        }
        match character {
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ => {}
        }
        !is_quoted
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_with_and_without_brackets() {
        let check = |value: &str, uri: &str, tag: Option<&str>| {
            let address = Address::parse(value);
            assert_eq!((address.uri, address.parameter("tag")), (uri, tag), "{value}");
        };
        check("<sip:a@example.com>;tag=x", "sip:a@example.com", Some("x"));
        check("sip:a@example.com;TAG = x", "sip:a@example.com", Some("x"));
        check(r#""a <b>;tag=no\"" <sip:a@example.com;tag=no> ; q=1"#, "sip:a@example.com;tag=no", None);
        check("<sip:a@example.com", "sip:a@example.com", None);
        check("", "", None);
    }

    #[test]
    fn lists_are_cut_at_commas_outside_quotes_and_brackets() {
        let values: Vec<_> = list(r#""a, b" <sip:a,b@example.com>;q=1, <sip:c@example.com>,, *"#).collect();
        assert_eq!(values, [r#""a, b" <sip:a,b@example.com>;q=1"#, "<sip:c@example.com>", "*"]);
        assert_eq!(list("").count(), 0);
    }

    proptest! {
        /// Whatever a stranger writes: no panic, no endless list, and nothing that was not there.
        #[test]
        fn any_text_is_survived(text in "[ -~<>\",;=@:\\\\\t\u{e9}\u{20ac}]{0,60}", name in "[a-z]{0,4}") {
            let address = Address::parse(&text);
            prop_assert!(text.contains(address.uri));
            let _ = (address.parameter(&name), user(&text), user(address.uri));
            let values: Vec<_> = list(&text).collect();
            prop_assert!(values.len() <= text.len());
            prop_assert!(values.iter().all(|value| !value.is_empty() && text.contains(value)));
        }
    }

    #[test]
    fn users_of_uris() {
        for (uri, expected) in [
            ("sip:*89@example.com", Some("*89")),
            ("sips:112;phone-context=x:secret@example.com;transport=tcp", Some("112")),
            ("tel:110;phone-context=+49", Some("110")),
            ("sip:example.com", None),
            ("urn:service:sos", None),
            ("sip:@example.com", None),
        ] {
            assert_eq!(user(uri), expected, "{uri}");
        }
    }
}
