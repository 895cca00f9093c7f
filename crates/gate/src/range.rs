//! Which part of a file is asked for (RFC 9110 section 14): one range of bytes, or the whole.

use http::header::{IF_RANGE, RANGE};
use http::{HeaderMap, HeaderValue};

/// What of a file goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it. Several ranges, and what is no range at all, are answered so too.
    Whole,
    /// From one byte to another, both included.
    Bytes(u64, u64),
    /// 416: nothing of what is asked for is there.
    Beyond,
}

impl Part {
    /// Reads `Range` and `If-Range` for a file of so many bytes with this strong entity tag.
    pub fn wanted(headers: &HeaderMap, etag: &HeaderValue, size: u64) -> Self {
        let Some(range) = headers.get(RANGE).filter(|_| headers.get_all(RANGE).iter().nth(1).is_none()) else { return Self::Whole };
        // A date, a weak tag or another file's tag: the phone holds the beginning of something else.
        if headers.get(IF_RANGE).is_some_and(|held| held != etag) {
            return Self::Whole;
        }
        range.to_str().ok().and_then(|range| Self::read(range, size)).unwrap_or(Self::Whole)
    }

    fn read(range: &str, size: u64) -> Option<Self> {
        let (unit, spec) = range.split_once('=')?;
        let (first, last) = spec.trim().split_once('-')?;
        if !unit.trim().eq_ignore_ascii_case("bytes") {
            return None;
        }
        let (first, last) = (first.trim(), last.trim());
        if first.is_empty() {
            let count = number(last)?;
            return Some(if count == 0 || size == 0 { Self::Beyond } else { Self::Bytes(size.saturating_sub(count), size - 1) });
        }
        let first = number(first)?;
        let last = if last.is_empty() { u64::MAX } else { number(last)? };
        match () {
            () if last < first => None,
            () if first >= size => Some(Self::Beyond),
            () => Some(Self::Bytes(first, last.min(size - 1))),
        }
    }
}

/// Digits alone; more than any file has are as many as can be.
fn number(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(range: &str, if_range: Option<&str>, size: u64) -> Part {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::try_from(range).unwrap());
        if_range.map(|held| headers.insert(IF_RANGE, HeaderValue::try_from(held).unwrap()));
        Part::wanted(&headers, &HeaderValue::from_static("\"tag\""), size)
    }

    #[test]
    fn ranges() {
        for (range, expected) in [
            ("bytes=0-0", Part::Bytes(0, 0)),
            ("bytes=0-99", Part::Bytes(0, 99)),
            ("bytes=0-100", Part::Bytes(0, 99)),
            ("bytes=10-", Part::Bytes(10, 99)),
            ("Bytes = 10 - 19", Part::Bytes(10, 19)),
            ("bytes=-10", Part::Bytes(90, 99)),
            ("bytes=-1000", Part::Bytes(0, 99)),
            ("bytes=99-99999999999999999999999", Part::Bytes(99, 99)),
            ("bytes=100-", Part::Beyond),
            ("bytes=99999999999999999999999-", Part::Beyond),
            ("bytes=-0", Part::Beyond),
            ("bytes=20-10", Part::Whole),
            ("bytes=0-1,5-6", Part::Whole),
            ("bytes=", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("lines=1-2", Part::Whole),
            ("0-10", Part::Whole),
        ] {
            assert_eq!(part(range, None, 100), expected, "{range}");
        }
        assert_eq!(part("bytes=0-", None, 0), Part::Beyond);
        assert_eq!(part("bytes=-5", None, 0), Part::Beyond);
    }

    #[test]
    fn the_rest_of_another_file_is_not_sent() {
        assert_eq!(part("bytes=10-", Some("\"tag\""), 100), Part::Bytes(10, 99));
        for held in ["\"other\"", "W/\"tag\"", "Sun, 06 Nov 1994 08:49:37 GMT"] {
            assert_eq!(part("bytes=10-", Some(held), 100), Part::Whole, "{held}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_part_lies_inside_the_file(range in "(bytes=)?[0-9a-z,-]{0,24}", size in 0u64..1000) {
            if let Part::Bytes(first, last) = part(&range, None, size) {
                proptest::prop_assert!(first <= last && last < size, "{range} of {size}");
            }
        }
    }
}
