//! Lists in pages: each page names the row after which the next begins.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::StoreError;
use crate::limits::PAGE_MAX;

/// Part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// At most as many as asked for.
    pub items: Vec<T>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Cursor>,
}

/// A place in a list: after this row. Opaque to callers; as text it fits into an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) id: Uuid,
    pub(crate) name: String,
}

impl Cursor {
    /// Before the first row.
    pub(crate) fn start() -> Self {
        Self { id: Uuid::nil(), name: String::new() }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::seal::hex(self.id.as_bytes()))?;
        f.write_str(&crate::seal::hex(self.name.as_bytes()))
    }
}

impl FromStr for Cursor {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let wrong = || StoreError::Setup("this is no cursor of a list".into());
        let digit = |pair: &[u8]| {
            let text = std::str::from_utf8(pair).ok().filter(|text| text.len() == 2 && !text.starts_with('+'))?;
            u8::from_str_radix(text, 16).ok()
        };
        let bytes: Vec<u8> = text.as_bytes().chunks(2).map(digit).collect::<Option<_>>().ok_or_else(wrong)?;
        let (id, name) = bytes.split_at_checked(16).ok_or_else(wrong)?;
        let id = Uuid::from_slice(id).map_err(|_| wrong())?;
        Ok(Self { id, name: String::from_utf8(name.to_vec()).map_err(|_| wrong())? })
    }
}

/// How many rows a caller gets for what it asked, one more than that to see whether there are others.
pub(crate) fn fetch_count(limit: usize) -> i64 {
    i64::try_from(limit.clamp(1, PAGE_MAX) + 1).expect("PAGE_MAX is small")
}

/// Cuts off the row beyond the page.
pub(crate) fn page<T>(mut rows: Vec<T>, limit: usize, cursor: impl Fn(&T) -> Cursor) -> Page<T> {
    let limit = limit.clamp(1, PAGE_MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(cursor);
    Page { items: rows, next }
}

/// A `like` pattern for a text that stands anywhere, upper and lower case alike (for ASCII letters on both engines).
pub(crate) fn anywhere(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.extend(c.to_lowercase());
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_read_back() {
        let cursor = Cursor { id: Uuid::from_u128(7), name: "Büro & Söhne".into() };
        assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        assert_eq!(Cursor::start().to_string().parse::<Cursor>().unwrap(), Cursor::start());
        for text in ["", "00", "zz", "0", "+1", &"0".repeat(33), &format!("{}ff", "0".repeat(32)), "ä"] {
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
    }

    #[test]
    fn patterns_take_no_wildcards_from_outside() {
        assert_eq!(anywhere("50%_A\\"), "%50\\%\\_a\\\\%");
    }
}
