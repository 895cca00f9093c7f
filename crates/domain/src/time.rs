//! Points in time and spans, in whole milliseconds.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

/// A point in time: milliseconds since 1970-01-01 UTC. Nobody in this crate reads a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Time(i64);

impl Time {
    /// From milliseconds since 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// How long ago `earlier` was; nothing if it lies ahead.
    pub fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0).max(0))
    }

    /// RFC 3339 in UTC with seconds, as the outside sees times.
    pub fn rfc3339(self) -> String {
        jiff::Timestamp::from_second(self.0.div_euclid(1000)).map_or_else(|_| String::from("-"), |at| at.to_string())
    }
}

impl Add<Span> for Time {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Time {
    type Output = Self;

    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

/// A length of time, never negative, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Span(i64);

/// Why a text is no span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a duration is a number with s, m, h or d, such as 30m, at most 365d")]
pub struct SpanError;

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// That many milliseconds; none for a negative number.
    pub const fn from_millis(millis: i64) -> Self {
        Self(if millis < 0 { 0 } else { millis })
    }

    /// Whole seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds * 1000)
    }

    /// Whole minutes.
    pub const fn minutes(minutes: i64) -> Self {
        Self::seconds(minutes * 60)
    }

    /// Whole hours.
    pub const fn hours(hours: i64) -> Self {
        Self::minutes(hours * 60)
    }

    /// Whole days of 24 hours.
    pub const fn days(days: i64) -> Self {
        Self::hours(days * 24)
    }

    /// In milliseconds.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// In seconds, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0 / 1000
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let text = text.trim();
        if text == "0" {
            return Ok(Self::ZERO);
        }
        let unit = text.char_indices().next_back().ok_or(SpanError)?;
        let number: i64 = match &text[..unit.0] {
            digits if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().map_err(|_| SpanError)?,
            _ => return Err(SpanError),
        };
        let seconds = match unit.1 {
            's' => Some(number),
            'm' => number.checked_mul(60),
            'h' => number.checked_mul(3_600),
            'd' => number.checked_mul(86_400),
            _ => None,
        };
        match seconds {
            Some(seconds) if seconds <= 365 * 86_400 => Ok(Self::seconds(seconds)),
            _ => Err(SpanError),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.as_seconds();
        match seconds {
            0 => f.write_str("0"),
            _ if seconds % 86_400 == 0 => write!(f, "{}d", seconds / 86_400),
            _ if seconds % 3_600 == 0 => write!(f, "{}h", seconds / 3_600),
            _ if seconds % 60 == 0 => write!(f, "{}m", seconds / 60),
            _ => write!(f, "{seconds}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_and_print_alike() {
        for text in ["0", "1s", "90s", "15m", "8h", "365d"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        for text in ["", "m", "-1s", "1.5h", "366d", "9999999999999999999s", "15", "1w", "5µ"] {
            assert_eq!(text.parse::<Span>(), Err(SpanError), "{text}");
        }
    }

    #[test]
    fn times_print_as_rfc_3339() {
        assert_eq!(Time::from_millis(1_795_305_600_123).rfc3339(), "2026-11-22T00:00:00Z");
    }
}
