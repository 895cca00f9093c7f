//! Two texts, line by line: what is gone, what is new, and some lines around.

use serde::Serialize;

/// Cells of the table of common lines that are worth it: two files of two thousand lines that differ from top to bottom.
const CELLS_MAX: usize = 4_000_000;
/// Lines shown around a difference.
const AROUND: usize = 2;

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// In both.
    Same,
    /// In the first alone.
    Gone,
    /// In the second alone.
    New,
    /// Stands for lines that are left out.
    Gap,
}

/// One line of the comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What became of it.
    pub kind: Kind,
    /// The line.
    pub text: String,
}

/// The differences, nothing if there are none.
pub(super) fn rows(then: &[String], now: &[String]) -> Vec<Row> {
    let head = then.iter().zip(now).take_while(|(a, b)| a == b).count();
    let (then_rest, now_rest) = (&then[head..], &now[head..]);
    let tail = then_rest.iter().rev().zip(now_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (left, right) = (&then_rest[..then_rest.len() - tail], &now_rest[..now_rest.len() - tail]);
    let same = |text: &String| Row { kind: Kind::Same, text: text.clone() };
    let mut all: Vec<Row> = then[..head].iter().map(same).collect();
    all.extend(middle(left, right));
    all.extend(then_rest[then_rest.len() - tail..].iter().map(same));
    shortened(&all)
}

/// By the longest common run of lines; without it where that costs too much.
fn middle(left: &[String], right: &[String]) -> Vec<Row> {
    let row = |kind, text: &String| Row { kind, text: text.clone() };
    if left.len().saturating_mul(right.len()) > CELLS_MAX {
        return left.iter().map(|text| row(Kind::Gone, text)).chain(right.iter().map(|text| row(Kind::New, text))).collect();
    }
    let wide = right.len() + 1;
    let mut common = vec![0_u32; (left.len() + 1) * wide];
    for a in (0..left.len()).rev() {
        for b in (0..right.len()).rev() {
            common[a * wide + b] = if left[a] == right[b] {
                common[(a + 1) * wide + b + 1] + 1
            } else {
                common[(a + 1) * wide + b].max(common[a * wide + b + 1])
            };
        }
    }
    let (mut a, mut b, mut all) = (0, 0, Vec::new());
    while a < left.len() || b < right.len() {
        if a < left.len() && b < right.len() && left[a] == right[b] {
            all.push(row(Kind::Same, &left[a]));
            (a, b) = (a + 1, b + 1);
        } else if b == right.len() || (a < left.len() && common[(a + 1) * wide + b] >= common[a * wide + b + 1]) {
            all.push(row(Kind::Gone, &left[a]));
            a += 1;
        } else {
            all.push(row(Kind::New, &right[b]));
            b += 1;
        }
    }
    all
}

fn shortened(all: &[Row]) -> Vec<Row> {
    let near = |at: usize| {
        let (from, to) = (at.saturating_sub(AROUND), (at + AROUND + 1).min(all.len()));
        all[from..to].iter().any(|row| row.kind != Kind::Same)
    };
    let mut shown: Vec<Row> = Vec::new();
    for (at, row) in all.iter().enumerate() {
        if near(at) {
            shown.push(row.clone());
        } else if shown.last().is_some_and(|last| last.kind != Kind::Gap) {
            shown.push(Row { kind: Kind::Gap, text: String::new() });
        }
    }
    if shown.last().is_some_and(|last| last.kind == Kind::Gap) {
        shown.pop();
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(then: &str, now: &str) -> String {
        let lines = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
        let sign = |row: &Row| match row.kind {
            Kind::Same => row.text.clone(),
            Kind::Gone => format!("-{}", row.text),
            Kind::New => format!("+{}", row.text),
            Kind::Gap => "…".to_owned(),
        };
        rows(&lines(then), &lines(now)).iter().map(sign).collect()
    }

    #[test]
    fn differences_are_shown_with_what_is_around() {
        for (then, now, expected) in [
            ("", "", ""),
            ("abc", "abc", ""),
            ("abc", "axc", "a-b+xc"),
            ("", "ab", "+a+b"),
            ("ab", "", "-a-b"),
            ("abcdefghij", "abcdefgXhij", "fg+Xhi"),
            ("abcdefghijk", "Xabcdefghij", "+Xab…ij-k"),
            ("abcab", "cabab", "+cab-cab"),
        ] {
            assert_eq!(told(then, now), expected, "{then} {now}");
        }
    }

    #[test]
    fn too_much_is_compared_as_a_whole() {
        let (then, now): (Vec<String>, Vec<String>) =
            ((0..2100).map(|n| format!("a{n}")).collect(), (0..2100).map(|n| format!("b{n}")).collect());
        assert_eq!(rows(&then, &now).len(), 4200);
    }
}
