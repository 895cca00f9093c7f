//! A small chart as SVG, labelled directly: bars over minutes, the highest and the latest by their numbers.

use std::fmt::Write as _;

use domain::{Span, Time};
use jiff::tz::TimeZone;

use super::clock;
use super::language::Language;
use crate::escape::in_markup;

const WIDTH: usize = 600;
const HEIGHT: usize = 120;
/// Room above the bars for a number, and below them for the times.
const TOP: usize = 18;
const FOOT: usize = 18;

/// What the times under the bars are told in.
pub(crate) struct Axis<'a> {
    /// The time of the last bar.
    pub now: Time,
    /// The reader's zone.
    pub zone: &'a TimeZone,
    /// The reader's language.
    pub language: Language,
}

/// Bars, one a minute, oldest first. `title` says in one sentence what they show, for those who do not see them.
pub(crate) fn bars(counts: &[i64], title: &str, axis: &Axis<'_>) -> String {
    let highest = counts.iter().copied().max().unwrap_or(0);
    let mut svg = format!(r#"<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{}">"#, in_markup(title));
    let floor = HEIGHT - FOOT;
    let _ = write!(svg, r#"<line class="axis" x1="0" y1="{floor}" x2="{WIDTH}" y2="{floor}"/>"#);
    for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let (x, width) = slot(at, counts.len());
        let height = height(*count, highest);
        let last = if at + 1 == counts.len() { r#" class="now""# } else { "" };
        let _ = write!(svg, r#"<rect{last} x="{x}" y="{}" width="{width}" height="{height}"/>"#, floor - height);
    }
    if let Some(at) = counts.iter().position(|count| *count == highest).filter(|_| highest > 0) {
        label(&mut svg, at, counts.len(), floor - height(highest, highest) - 4, &highest.to_string());
    }
    for back in [counts.len().saturating_sub(1), counts.len() / 2, 0] {
        let at = counts.len().saturating_sub(1 + back);
        let time = axis.now - Span::minutes(i64::try_from(back).unwrap_or_default());
        label(&mut svg, at, counts.len(), HEIGHT - 4, &clock::short(time, axis.now, axis.zone, axis.language));
    }
    svg.push_str("</svg>");
    svg
}

/// Where a bar stands and how wide it is, a pixel between it and the next.
fn slot(at: usize, of: usize) -> (usize, usize) {
    let (start, end) = (at * WIDTH / of.max(1), (at + 1) * WIDTH / of.max(1));
    (start, (end - start).saturating_sub(1).max(1))
}

/// At least two pixels for what is not nothing.
fn height(count: i64, highest: i64) -> usize {
    let room = i64::try_from(HEIGHT - FOOT - TOP).unwrap_or_default();
    usize::try_from((count * room / highest.max(1)).max(2)).unwrap_or_default()
}

/// A word under or over a bar, held inside the picture at its ends.
fn label(svg: &mut String, at: usize, of: usize, y: usize, text: &str) {
    let (x, width) = slot(at, of);
    let (x, anchor) = match x + width / 2 {
        x if x < 30 => (0, "start"),
        x if x > WIDTH - 30 => (WIDTH, "end"),
        x => (x, "middle"),
    };
    let _ = write!(svg, r#"<text x="{x}" y="{y}" text-anchor="{anchor}">{}</text>"#, in_markup(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(counts: &[i64]) -> String {
        let axis = Axis { now: Time::from_millis(1_795_305_600_000), zone: &TimeZone::UTC, language: Language::English };
        bars(counts, "a \"title\" & more", &axis)
    }

    #[test]
    fn the_highest_is_labelled_and_nothing_is_no_bar() {
        let svg = drawn(&[0, 4, 8, 1]);
        assert_eq!(svg.matches("<rect").count(), 3);
        assert!(svg.contains(">8</text>") && svg.contains(r#"height="84""#), "{svg}");
        assert!(svg.contains(r#"<rect class="now""#));
        assert!(svg.contains("a &quot;title&quot; &amp; more"));
        assert!(!svg.contains("style="), "the policy forbids inline style");
    }

    #[test]
    fn a_quiet_hour_has_times_and_no_bars() {
        let svg = drawn(&[0; 60]);
        assert_eq!((svg.matches("<rect").count(), svg.matches("<text").count()), (0, 3));
        assert!(svg.contains(">00:00</text>") && svg.contains("23:01"), "{svg}");
        assert_eq!(drawn(&[]).matches("<rect").count(), 0);
    }
}
