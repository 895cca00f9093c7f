//! The list of `name=value` that both directions of HTTP authentication share.
//!
//! Written for what phones send, not for the grammar: values may be quoted or not, white space and empty elements
//! may stand anywhere between elements. Never guessed at: the same name twice, an open quote, a control character.

use std::borrow::Cow;

use thiserror::Error;

use crate::limits::{HEADER_BYTES_MAX, PARAMETER_BYTES_MAX, PARAMETERS_MAX};

/// Why a header value could not be read. Carries no part of the value, so it may be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Malformed {
    /// Longer than [`HEADER_BYTES_MAX`], a parameter longer than [`PARAMETER_BYTES_MAX`], or too many of them.
    #[error("the header value exceeds a limit")]
    TooLong,
    /// A scheme other than Basic and Digest, or none.
    #[error("the authentication scheme is neither Basic nor Digest")]
    OtherScheme,
    /// A control character other than the tabulator.
    #[error("the header value holds a control character")]
    ControlCharacter,
    /// Not a list of `name=value` separated by commas.
    #[error("the header value is no list of parameters")]
    Syntax,
    /// The same parameter twice; which one counts would depend on who reads it.
    #[error("a parameter occurs twice")]
    Duplicate,
    /// A parameter that the form in use needs.
    #[error("the parameter {0} is missing")]
    Missing(&'static str),
    /// A parameter whose value has no meaning.
    #[error("the parameter {0} has an impossible value")]
    Value(&'static str),
    /// The Basic part is not Base64, or holds no colon.
    #[error("the Basic credentials cannot be decoded")]
    Basic,
}

/// Cuts a header value into elements from the front.
pub(crate) struct Scanner<'a> {
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(header_value: &'a [u8]) -> Result<Self, Malformed> {
        if header_value.len() > HEADER_BYTES_MAX {
            return Err(Malformed::TooLong);
        }
        if header_value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
            return Err(Malformed::ControlCharacter);
        }
        Ok(Self { rest: header_value.trim_ascii() })
    }

    /// What was not read yet, without white space in front.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        self.rest = self.rest.trim_ascii_start();
        self.rest
    }

    /// The name of a scheme or parameter; none if another character stands here.
    pub(crate) fn token(&mut self) -> Option<&'a str> {
        let end = self.rest().iter().position(|byte| !is_token(*byte)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        std::str::from_utf8(token).ok().filter(|token| !token.is_empty())
    }

    /// Whether an equals sign came next; it is read then.
    pub(crate) fn equals(&mut self) -> bool {
        let found = self.rest().first() == Some(&b'=');
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    /// Skips commas and white space; false if something else stands before the next element.
    pub(crate) fn separator(&mut self) -> bool {
        let before = self.rest().len();
        while self.rest().first() == Some(&b',') {
            self.rest = &self.rest[1..];
        }
        self.rest.is_empty() || self.rest.len() < before
    }

    /// A value, quoted or bare, with escapes resolved.
    pub(crate) fn value(&mut self) -> Result<Cow<'a, [u8]>, Malformed> {
        let value = if self.rest().first() == Some(&b'"') { self.quoted()? } else { Cow::Borrowed(self.bare()) };
        if value.len() > PARAMETER_BYTES_MAX { Err(Malformed::TooLong) } else { Ok(value) }
    }

    /// Skips the single piece of Base64 that some schemes have instead of parameters; false if none stands here.
    pub(crate) fn token68(&mut self) -> bool {
        let end = self.rest().iter().position(|byte| *byte == b',').unwrap_or(self.rest.len());
        let piece = self.rest[..end].trim_ascii_end();
        let unpadded = piece.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
        let found = piece.is_empty() || piece[..unpadded].iter().all(|byte| is_token(*byte) || *byte == b'/');
        if found {
            self.rest = &self.rest[end..];
        }
        found
    }

    fn bare(&mut self) -> &'a [u8] {
        let ends = |byte: &u8| matches!(byte, b',' | b'"') || byte.is_ascii_whitespace();
        let end = self.rest.iter().position(ends).unwrap_or(self.rest.len());
        let (value, rest) = self.rest.split_at(end);
        self.rest = rest;
        value
    }

    fn quoted(&mut self) -> Result<Cow<'a, [u8]>, Malformed> {
        let inside = &self.rest[1..];
        let mut escapes = 0;
        let mut at = 0;
        loop {
            match inside.get(at) {
                None => return Err(Malformed::Syntax),
                Some(b'"') => break,
                Some(b'\\') => {
                    escapes += 1;
                    at += 2;
                }
                Some(_) => at += 1,
            }
        }
        self.rest = &inside[at + 1..];
        Ok(if escapes == 0 { Cow::Borrowed(&inside[..at]) } else { Cow::Owned(unescaped(&inside[..at])) })
    }
}

/// The parameters of one challenge or answer, each name once.
#[derive(Default)]
pub(crate) struct Parameters<'a> {
    list: Vec<(&'a str, Cow<'a, [u8]>)>,
}

impl<'a> Parameters<'a> {
    /// Reads parameters up to the end of the header value.
    pub(crate) fn read(scanner: &mut Scanner<'a>) -> Result<Self, Malformed> {
        let mut parameters = Self { list: Vec::with_capacity(12) };
        scanner.separator();
        while !scanner.rest().is_empty() {
            let name = scanner.token().ok_or(Malformed::Syntax)?;
            if !scanner.equals() {
                return Err(Malformed::Syntax);
            }
            parameters.push(name, scanner.value()?)?;
            if !scanner.separator() {
                return Err(Malformed::Syntax);
            }
        }
        Ok(parameters)
    }

    pub(crate) fn push(&mut self, name: &'a str, value: Cow<'a, [u8]>) -> Result<(), Malformed> {
        if self.list.len() == PARAMETERS_MAX {
            return Err(Malformed::TooLong);
        }
        if self.find(name).is_some() {
            return Err(Malformed::Duplicate);
        }
        self.list.push((name, value));
        Ok(())
    }

    /// The value's bytes, if the parameter is there.
    pub(crate) fn find(&self, name: &str) -> Option<&[u8]> {
        self.list.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    /// The value as text in UTF-8 or, where it is not that, in Latin-1.
    pub(crate) fn text(&self, name: &'static str) -> Result<String, Malformed> {
        self.find(name).map(text).ok_or(Malformed::Missing(name))
    }

    /// The value where it is hashed as it was sent, so that no reading in Latin-1 may change it.
    pub(crate) fn exact(&self, name: &'static str) -> Result<String, Malformed> {
        let value = self.find(name).ok_or(Malformed::Missing(name))?;
        String::from_utf8(value.to_vec()).map_err(|_| Malformed::Value(name))
    }
}

/// Bytes as text: UTF-8, else Latin-1 (every byte one character).
pub(crate) fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(utf8) => utf8.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// Writes `name="value"` with the two characters escaped that need it; control characters that no reader takes
/// are left out, they could end the header.
pub(crate) fn write_quoted(header: &mut String, name: &str, value: &str) {
    header.push_str(name);
    header.push_str("=\"");
    for character in value.chars().filter(|character| *character == '\t' || !character.is_ascii_control()) {
        if matches!(character, '"' | '\\') {
            header.push('\\');
        }
        header.push(character);
    }
    header.push('"');
}

fn unescaped(quoted: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(quoted.len());
    let mut bytes = quoted.iter();
    while let Some(byte) = bytes.next() {
        value.extend(if *byte == b'\\' { bytes.next() } else { Some(byte) });
    }
    value
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(list: &str, expected: Result<&[(&str, &str)], Malformed>) {
        let read = Scanner::new(list.as_bytes()).and_then(|mut scanner| Parameters::read(&mut scanner));
        let read = read.map(|parameters| parameters.list.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect::<Vec<_>>());
        let expected = expected.map(|list| list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>());
        assert_eq!(read, expected, "{list}");
    }

    #[test]
    fn lists_are_read_as_phones_write_them() {
        check("", Ok(&[]));
        check("a=b", Ok(&[("a", "b")]));
        check(r#"a="b", c = d ,e="""#, Ok(&[("a", "b"), ("c", "d"), ("e", "")]));
        check(",, a=b,\t,c=d,", Ok(&[("a", "b"), ("c", "d")]));
        check(r#"a="x, y=\"z\" \\""#, Ok(&[("a", r#"x, y="z" \"#)]));
        check("uri=/cfg/x.cfg?a=b&c==", Ok(&[("uri", "/cfg/x.cfg?a=b&c==")]));
        check("a=,b=c", Ok(&[("a", ""), ("b", "c")]));
    }

    #[test]
    fn lists_that_two_readers_could_read_differently_are_refused() {
        check("a=b, A=c", Err(Malformed::Duplicate));
        check(r#"a="b"#, Err(Malformed::Syntax));
        check(r#"a="b\"#, Err(Malformed::Syntax));
        check(r#"a="b\""#, Err(Malformed::Syntax));
        check(r#"a="b" c="d""#, Err(Malformed::Syntax));
        check("a b", Err(Malformed::Syntax));
        check("a", Err(Malformed::Syntax));
        check("=b", Err(Malformed::Syntax));
        check("a=b\r\nc=d", Err(Malformed::ControlCharacter));
        check("a=\"\0\"", Err(Malformed::ControlCharacter));
    }

    #[test]
    fn limits_hold_to_the_byte() {
        let longest = "x".repeat(PARAMETER_BYTES_MAX);
        check(&format!("a={longest}"), Ok(&[("a", &longest)]));
        check(&format!("a={longest}x"), Err(Malformed::TooLong));
        check(&format!("a=\"{longest}x\""), Err(Malformed::TooLong));
        check(&" ".repeat(HEADER_BYTES_MAX), Ok(&[]));
        check(&" ".repeat(HEADER_BYTES_MAX + 1), Err(Malformed::TooLong));
        let many = |count: usize| (0..count).map(|at| format!("p{at}=v")).collect::<Vec<_>>().join(",");
        assert!(Parameters::read(&mut Scanner::new(many(PARAMETERS_MAX).as_bytes()).unwrap()).is_ok());
        check(&many(PARAMETERS_MAX + 1), Err(Malformed::TooLong));
    }

    #[test]
    fn text_is_utf8_or_latin1() {
        assert_eq!(text("Jörg".as_bytes()), "Jörg");
        assert_eq!(text(b"J\xf6rg"), "Jörg");
    }
}
