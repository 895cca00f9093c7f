//! Times as people read them: how long ago in lists, the exact time on hover, in the time zone of the browser.

use domain::{Span, Time};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::language::Language;

/// A time zone by its name, as browsers tell it; UTC for names that nobody knows.
pub(crate) fn zone(name: &str) -> TimeZone {
    if name.len() > 64 { TimeZone::UTC } else { TimeZone::get(name).unwrap_or(TimeZone::UTC) }
}

/// `29 Nov 2026, 14:02` or `29.11.2026, 14:02`, with the zone's abbreviation.
pub(crate) fn exact(time: Time, zone: &TimeZone, language: Language) -> String {
    let Ok(at) = Timestamp::from_millisecond(time.millis()) else { return "–".to_owned() };
    let at = at.to_zoned(zone.clone());
    let form = match language {
        Language::English => "%-d %b %Y, %H:%M:%S %Z",
        Language::German => "%d.%m.%Y, %H:%M:%S %Z",
    };
    at.strftime(form).to_string()
}

/// `14:02` today, with the day otherwise.
pub(crate) fn short(time: Time, now: Time, zone: &TimeZone, language: Language) -> String {
    let (Ok(at), Ok(today)) = (Timestamp::from_millisecond(time.millis()), Timestamp::from_millisecond(now.millis())) else {
        return "–".to_owned();
    };
    let (at, today) = (at.to_zoned(zone.clone()), today.to_zoned(zone.clone()));
    let form = match (at.date() == today.date(), language) {
        (true, _) => "%H:%M",
        (false, Language::English) => "%-d %b, %H:%M",
        (false, Language::German) => "%d.%m., %H:%M",
    };
    at.strftime(form).to_string()
}

/// How long ago, or in how long, in the largest unit that fits: a key of the sentences and its number.
pub(crate) fn relative(time: Time, now: Time) -> (&'static str, i64) {
    let ahead = time > now;
    let span = if ahead { time.since(now) } else { now.since(time) };
    let (unit, count) = largest(span);
    let key = match (ahead, unit) {
        (_, Unit::Now) => "time-now",
        (false, Unit::Minutes) => "time-minutes-ago",
        (false, Unit::Hours) => "time-hours-ago",
        (false, Unit::Days) => "time-days-ago",
        (true, Unit::Minutes) => "time-in-minutes",
        (true, Unit::Hours) => "time-in-hours",
        (true, Unit::Days) => "time-in-days",
    };
    (key, count)
}

enum Unit {
    Now,
    Minutes,
    Hours,
    Days,
}

fn largest(span: Span) -> (Unit, i64) {
    let seconds = span.as_seconds();
    match seconds {
        0..60 => (Unit::Now, seconds),
        60..3_600 => (Unit::Minutes, seconds / 60),
        3_600..172_800 => (Unit::Hours, seconds / 3_600),
        _ => (Unit::Days, seconds / 86_400),
    }
}

/// RFC 3339 back to a time.
pub(crate) fn parse(text: &str) -> Option<Time> {
    text.parse::<Timestamp>().ok().map(|at| Time::from_millis(at.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_795_305_600_000);

    #[test]
    fn times_stand_in_the_zone_of_the_reader() {
        let berlin = zone("Europe/Berlin");
        assert_eq!(exact(NOW, &berlin, Language::German), "22.11.2026, 01:00:00 CET");
        assert_eq!(exact(NOW, &TimeZone::UTC, Language::English), "22 Nov 2026, 00:00:00 UTC");
        assert_eq!(short(NOW, NOW, &berlin, Language::English), "01:00");
        assert_eq!(short(NOW - Span::days(3), NOW, &berlin, Language::English), "19 Nov, 01:00");
        assert_eq!(zone("No/Where"), TimeZone::UTC);
        assert_eq!(zone(&"x".repeat(1000)), TimeZone::UTC);
    }

    #[test]
    fn spans_are_told_in_the_largest_unit() {
        for (ago, told) in [
            (Span::seconds(59), ("time-now", 59)),
            (Span::minutes(2), ("time-minutes-ago", 2)),
            (Span::hours(47), ("time-hours-ago", 47)),
            (Span::days(3), ("time-days-ago", 3)),
        ] {
            assert_eq!(relative(NOW - ago, NOW), told);
        }
        assert_eq!(relative(NOW + Span::minutes(20), NOW), ("time-in-minutes", 20));
    }

    #[test]
    fn what_the_acts_print_is_read_back() {
        assert_eq!(parse(&NOW.rfc3339()), Some(NOW));
        assert_eq!(parse("yesterday"), None);
    }
}
