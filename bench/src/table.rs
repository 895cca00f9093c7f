//! Rows of ratios: measured in turn with their reference, printed as a table or as JSON.

use std::future::Future;
use std::iter;

use anyhow::{Result, ensure};
use serde::Serialize;

/// One measured thing. Larger is better in every column: a limit such as memory is given as limit over use.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What was measured, with its unit.
    pub name: String,
    /// Ringfence's median.
    pub ours: f64,
    /// The reference's median, or the limit.
    pub reference: f64,
    /// The median of the rounds' ratios.
    pub ratio: f64,
    /// The ratio must not be under this.
    pub floor: f64,
    /// The ratio that we want.
    pub goal: f64,
    /// Whether the floor is kept.
    pub pass: bool,
}

impl Row {
    /// Measures reference and ours in turn, so that the machine's mood falls on both; one round of each warms up and is not counted.
    pub async fn in_turn<R, O>(
        name: &str,
        (floor, goal): (f64, f64),
        rounds: usize,
        mut reference: impl FnMut() -> R,
        mut ours: impl FnMut() -> O,
    ) -> Result<Self>
    where
        R: Future<Output = Result<f64>>,
        O: Future<Output = Result<f64>>,
    {
        ensure!(rounds > 0, "at least one round");
        reference().await?;
        ours().await?;
        let mut pairs = Vec::with_capacity(rounds);
        for round in 0..rounds {
            let pair = if round % 2 == 0 {
                (reference().await?, ours().await?)
            } else {
                let ours = ours().await?;
                (reference().await?, ours)
            };
            eprintln!("{name}: round {} of {rounds}: reference {:.1}, ours {:.1}, ratio {:.3}", round + 1, pair.0, pair.1, pair.1 / pair.0);
            pairs.push(pair);
        }
        let of = |pick: fn(&(f64, f64)) -> f64| median(pairs.iter().map(pick).collect());
        Ok(Self::new(name, of(|pair| pair.1), of(|pair| pair.0), of(|pair| pair.1 / pair.0), (floor, goal)))
    }

    /// A use that must stay under a limit, both in the same unit.
    pub fn under(name: &str, used: f64, limit: f64) -> Self {
        Self::new(name, used, limit, limit / used, (1.0, 1.0))
    }

    /// The same with a goal: a smaller use that we want.
    pub fn towards(name: &str, used: f64, limit: f64, goal: f64) -> Self {
        Self::new(name, used, limit, limit / used, (1.0, limit / goal))
    }

    fn new(name: &str, ours: f64, reference: f64, ratio: f64, (floor, goal): (f64, f64)) -> Self {
        Self { name: name.to_owned(), ours, reference, ratio, floor, goal, pass: ratio >= floor }
    }
}

/// As a table for people, ready for the README.
pub fn markdown(rows: &[Row]) -> String {
    let head = "| measured | ours | reference | ratio | floor | goal | |\n| --- | ---: | ---: | ---: | ---: | ---: | --- |";
    iter::once(head.to_owned()).chain(rows.iter().map(line)).collect::<Vec<_>>().join("\n")
}

fn line(row: &Row) -> String {
    let verdict = match row {
        row if !row.pass => "**below the floor**",
        row if row.ratio < row.goal => "floor kept",
        _ => "goal reached",
    };
    let (ours, reference) = (readable(row.ours), readable(row.reference));
    format!("| {} | {ours} | {reference} | {:.2} | {:.2} | {:.2} | {verdict} |", row.name, row.ratio, row.floor, row.goal)
}

/// The middle value; of an even number, the mean of the two middle ones. `values` must not be empty.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}

/// Three digits are enough for a noisy machine.
fn readable(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn medians() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
    }

    #[tokio::test]
    async fn rounds_alternate_and_one_odd_round_does_not_decide() {
        let turn = Cell::new(0);
        let next = |value: [f64; 4]| {
            turn.set(turn.get() + 1);
            let round = (turn.get() - 1) / 2;
            async move { Ok(value[round]) }
        };
        let row = Row::in_turn("x", (0.5, 0.9), 3, || next([9.0, 100.0, 50.0, 100.0]), || next([9.0, 60.0, 30.0, 1.0])).await.unwrap();
        assert_eq!(turn.get(), 8);
        assert!((row.ratio - 0.6).abs() < 1e-9 && row.pass);
        assert!(markdown(std::slice::from_ref(&row)).contains("| x | 30.00 | 100 | 0.60 | 0.50 | 0.90 | floor kept |"), "{row:?}");
        let json = serde_json::to_value(&row).unwrap();
        let keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["floor", "goal", "name", "ours", "pass", "ratio", "reference"]);
    }

    #[test]
    fn a_limit_passes_from_below() {
        assert!(Row::under("memory, MB", 80.0, 100.0).pass);
        assert!(!Row::under("memory, MB", 120.0, 100.0).pass);
        let towards = Row::towards("time, s", 1.5, 2.0, 1.0);
        assert!(towards.pass && towards.ratio < towards.goal, "{towards:?}");
    }
}
