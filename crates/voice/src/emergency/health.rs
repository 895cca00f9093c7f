//! Whether trunks answer: asked by OPTIONS now and then, and noted by calls.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::Time;
use domain::emergency::{Health, Trunk, TrunkId};
use store::trunk::TrunkState;

/// What is known of all trunks.
#[derive(Debug, Default)]
pub struct Watch {
    states: Mutex<HashMap<TrunkId, State>>,
}

#[derive(Clone, Debug)]
struct State {
    health: Health,
    since: Time,
    checked: Time,
    detail: String,
    /// Not yet told to the store.
    news: bool,
}

/// What was found when a trunk was asked, or called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// It answers.
    pub up: bool,
    /// In which words.
    pub detail: String,
}

/// A change that somebody must hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Of this trunk.
    pub trunk: TrunkId,
    /// As it is now.
    pub state: TrunkState,
}

impl Watch {
    /// How a trunk is.
    pub fn of(&self, trunk: TrunkId) -> Health {
        self.states().get(&trunk).map_or(Health::Unknown, |state| state.health)
    }

    /// Notes what was found. Whether that is a change of health (the first sight of a trunk that answers is none).
    pub fn note(&self, trunk: TrunkId, found: &Found, now: Time) -> bool {
        let health = if found.up { Health::Up } else { Health::Down };
        let mut states = self.states();
        let before = states.get(&trunk).map_or((Health::Unknown, now), |state| (state.health, state.since));
        let changed = before.0 != health;
        let since = if changed { now } else { before.1 };
        states.insert(trunk, State { health, since, checked: now, detail: found.detail.clone(), news: true });
        changed && !(before.0 == Health::Unknown && found.up)
    }

    /// Forgets trunks that are no more.
    pub fn keep(&self, trunks: &[Trunk]) {
        self.states().retain(|id, _| trunks.iter().any(|trunk| trunk.id == *id));
    }

    /// What the store has not been told.
    pub fn news(&self) -> Vec<News> {
        let states = self.states();
        let untold = states.iter().filter(|(_, state)| state.news);
        untold
            .map(|(trunk, state)| {
                let (up, detail) = (state.health == Health::Up, state.detail.clone());
                News { trunk: *trunk, state: TrunkState { up, since: state.since, checked: state.checked, detail } }
            })
            .collect()
    }

    /// The store has been told these.
    pub fn told(&self, news: &[News]) {
        let mut states = self.states();
        for one in news {
            if let Some(state) = states.get_mut(&one.trunk) {
                // What was found since is news again.
                state.news = state.checked != one.state.checked;
            }
        }
    }

    fn states(&self) -> MutexGuard<'_, HashMap<TrunkId, State>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an answer to OPTIONS says. Whatever is answered shows that somebody is there, but for the words of somebody who cannot work.
pub fn judge(status: u16, reason: &str) -> Found {
    Found { up: !matches!(status, 408 | 500 | 502..=504), detail: format!("{status} {reason}").trim_end().to_owned() }
}

#[cfg(test)]
mod tests {
    use domain::Span;
    use uuid::Uuid;

    use super::*;

    const NOW: Time = Time::from_millis(1_795_305_600_000);
    const TRUNK: TrunkId = TrunkId(Uuid::from_u128(1));

    #[test]
    fn a_change_is_told_once_and_the_first_good_sight_is_none() {
        let watch = Watch::default();
        assert_eq!(watch.of(TRUNK), Health::Unknown);
        let (up, down) = (judge(200, "OK"), Found { up: false, detail: "no answer".into() });
        assert!(!watch.note(TRUNK, &up, NOW));
        assert!(watch.note(TRUNK, &down, NOW + Span::seconds(1)));
        assert!(!watch.note(TRUNK, &down, NOW + Span::seconds(2)));
        let news = watch.news();
        assert_eq!((news.len(), news[0].state.since, news[0].state.checked), (1, NOW + Span::seconds(1), NOW + Span::seconds(2)));
        watch.told(&news);
        assert!(watch.news().is_empty());
        assert!(watch.note(TRUNK, &up, NOW + Span::seconds(3)));
        watch.told(&news);
        assert_eq!(watch.news().len(), 1, "what came meanwhile is still to be told");
        watch.keep(&[]);
        assert_eq!(watch.of(TRUNK), Health::Unknown);
        assert!(watch.note(TRUNK, &down, NOW), "a trunk that never answered is news");
    }

    #[test]
    fn any_answer_is_a_sign_of_life_but_for_those_of_the_dead() {
        let down: Vec<u16> = (200..700).filter(|status| !judge(*status, "").up).collect();
        assert_eq!(down, [408, 500, 502, 503, 504]);
        assert_eq!(judge(404, "Not Found").detail, "404 Not Found");
    }
}
