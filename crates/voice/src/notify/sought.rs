//! Who was to be told and cannot be reached: looked for during a while, as many register anew just then.

use std::collections::HashMap;
use std::hash::Hash;

use domain::Time;

use crate::limits::{ABSENT_FOR, ABSENT_MAX};

/// Those that are looked for, and until when.
#[derive(Debug)]
pub struct Sought<K>(HashMap<K, Time>);

impl<K> Default for Sought<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Copy + Eq + Hash> Sought<K> {
    /// Looks for one from now on. With too many at once, it fetches at its next poll.
    pub fn look_for(&mut self, one: K, now: Time) {
        if self.0.len() < ABSENT_MAX {
            self.0.entry(one).or_insert(now + ABSENT_FOR);
        }
    }

    /// Takes out those that are back. Who stays away too long is forgotten.
    pub fn take_back(&mut self, now: Time, is_back: impl Fn(&K) -> bool) -> Vec<K> {
        let back: Vec<K> = self.0.keys().filter(|one| is_back(one)).copied().collect();
        self.0.retain(|one, until| now < *until && !back.contains(one));
        back
    }

    /// Whether nobody is looked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_795_305_600_000);

    #[test]
    fn who_comes_back_is_found_once_and_who_stays_away_is_forgotten() {
        let mut sought = Sought::default();
        sought.look_for(1, NOW);
        sought.look_for(2, NOW);
        assert!(sought.take_back(NOW, |_| false).is_empty());
        assert_eq!(sought.take_back(NOW, |one| *one == 1), [1]);
        assert!(sought.take_back(NOW, |one| *one == 1).is_empty() && !sought.is_empty());
        sought.take_back(NOW + ABSENT_FOR, |_| false);
        assert!(sought.is_empty());
    }

    #[test]
    fn asking_again_does_not_make_it_longer_and_there_is_an_end_to_how_many() {
        let mut sought = Sought::default();
        (0..=ABSENT_MAX).for_each(|one| sought.look_for(one, NOW));
        assert!(sought.take_back(NOW, |one| *one == ABSENT_MAX).is_empty());
        sought.look_for(0, NOW + ABSENT_FOR);
        sought.take_back(NOW + ABSENT_FOR, |_| false);
        assert!(sought.is_empty());
    }
}
