//! Devices that are written one after the other: what came of each, and what is left open when a call fails among them.

use crate::outcome::{Failure, Outcome};

/// The outcomes so far, in order.
#[derive(Debug, Default)]
pub(crate) struct Row(Vec<Outcome>);

impl Row {
    /// Takes what came of the next ones. `false`: a call failed after others were done, so nothing more is sent.
    ///
    /// A failure at the very first is the whole call's: then nobody has an outcome yet that it could hide.
    pub fn add(&mut self, came: Result<Vec<Outcome>, Failure>) -> Result<bool, Failure> {
        match came {
            Ok(outcomes) => {
                self.0.extend(outcomes);
                Ok(true)
            }
            Err(failure) if self.0.is_empty() => Err(failure),
            Err(_) => Ok(false),
        }
    }

    /// All outcomes. Those behind a failure are uncertain: some may be written, and looking up does no harm.
    pub fn finish(mut self, count: usize) -> Vec<Outcome> {
        self.0.resize(count, Outcome::Uncertain);
        self.0
    }
}

/// One device after the other. A failure ends it; what came before is not forgotten, and the rest is to be looked up.
pub(crate) async fn in_turn<F>(calls: impl ExactSizeIterator<Item = F> + Send) -> Result<Vec<Outcome>, Failure>
where
    F: Future<Output = Result<Outcome, Failure>> + Send,
{
    let (mut row, count) = (Row::default(), calls.len());
    for call in calls {
        if !row.add(call.await.map(|outcome| vec![outcome]))? {
            break;
        }
    }
    Ok(row.finish(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_hides_no_outcome_and_leaves_the_rest_uncertain() {
        let mut row = Row::default();
        assert_eq!(row.add(Err(Failure::Auth)), Err(Failure::Auth));
        assert_eq!(row.add(Ok(vec![Outcome::Done])), Ok(true));
        assert_eq!(row.add(Err(Failure::Lost)), Ok(false));
        assert_eq!(row.finish(3), [Outcome::Done, Outcome::Uncertain, Outcome::Uncertain]);
    }

    #[tokio::test]
    async fn a_failure_ends_the_turns_and_forgets_none() {
        let turns = |came: Vec<Result<Outcome, Failure>>| in_turn(came.into_iter().map(std::future::ready));
        let busy = Failure::RateLimited { pause: None };
        assert_eq!(turns(vec![]).await, Ok(vec![]));
        // Nothing was written before the first: the failure is the whole call's.
        assert_eq!(turns(vec![Err(busy.clone()), Ok(Outcome::Done)]).await, Err(busy));
        let broken = turns(vec![Ok(Outcome::Done), Ok(Outcome::InvalidMac), Err(Failure::Lost), Ok(Outcome::Done)]).await;
        assert_eq!(broken, Ok(vec![Outcome::Done, Outcome::InvalidMac, Outcome::Uncertain, Outcome::Uncertain]));
    }
}
