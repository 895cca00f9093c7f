//! Which uses of a nonce were seen: the defence against a repeated answer.
//!
//! Kept per node and in memory. A repeated answer could pass once on another node, or after a restart, while its
//! nonce lives; both need somebody who can read inside TLS.

use std::collections::BTreeMap;

use super::NonceId;
use crate::limits::{COUNT_WINDOW, UNCOUNTED_USES_MAX};

/// One use of a nonce by a right answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// The nonce used.
    pub nonce: NonceId,
    /// What tells this use from others.
    pub mark: Mark,
}

/// What tells the uses of one nonce apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The count that the phone signed.
    Count(u32),
    /// RFC 2069 has no count: 64 bits of the response, which differ for every method and target. So a phone may
    /// fetch its files on one nonce, but the very same request passes once.
    Response(u64),
}

/// Counts seen for one nonce: the highest, and which of the 63 below it. Every count passes once; one that lies 64
/// or more behind is refused, as nobody remembers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CountWindow {
    highest: u32,
    /// Bit `n`: the count `highest - n` was taken.
    taken: u64,
}

impl CountWindow {
    /// Takes the count if it was not taken before.
    pub fn accept(&mut self, nc: u32) -> bool {
        if nc > self.highest {
            self.taken = self.taken.checked_shl(nc - self.highest).unwrap_or(0) | 1;
            self.highest = nc;
            return true;
        }
        let behind = self.highest - nc;
        let is_new = behind < COUNT_WINDOW && self.taken & (1 << behind) == 0;
        if is_new {
            self.taken |= 1 << behind;
        }
        is_new
    }
}

/// The uses of all nonces that live, at most `capacity` nonces. To be asked only for right answers, so that nobody
/// without a login can fill it.
///
/// When it is full the nonce minted first goes, and with it every older one that is not in the table: those are
/// refused from then on, because their uses are not known any more. Their phones get a new nonce.
#[derive(Debug)]
pub struct Counts {
    capacity: usize,
    lifetime_millis: u64,
    uses: BTreeMap<NonceId, Uses>,
    /// The last nonce that was dropped; older ones are known or refused.
    dropped: Option<NonceId>,
}

impl Counts {
    /// An empty table for `capacity` nonces that live `lifetime_millis` each: the same lifetime as they are checked with.
    pub fn new(capacity: usize, lifetime_millis: u64) -> Self {
        Self { capacity, lifetime_millis, uses: BTreeMap::new(), dropped: None }
    }

    /// Takes a use if its nonce lives and the same use was not taken before. Logarithmic in the table's size.
    pub fn spend(&mut self, one: Use, now_millis: u64) -> bool {
        self.drop_past(now_millis);
        if one.nonce.is_past(now_millis, self.lifetime_millis) {
            return false;
        }
        if let Some(uses) = self.uses.get_mut(&one.nonce) {
            return uses.accept(one.mark);
        }
        if self.dropped.is_some_and(|dropped| one.nonce <= dropped) {
            return false;
        }
        self.uses.insert(one.nonce, Uses::first(one.mark));
        if self.uses.len() <= self.capacity {
            return true;
        }
        self.drop_first() != Some(one.nonce)
    }

    /// How many nonces it holds.
    pub fn len(&self) -> usize {
        self.uses.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.uses.is_empty()
    }

    fn drop_past(&mut self, now_millis: u64) {
        while self.uses.first_key_value().is_some_and(|(nonce, _)| nonce.is_past(now_millis, self.lifetime_millis)) {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) -> Option<NonceId> {
        let (nonce, _) = self.uses.pop_first()?;
        self.dropped = self.dropped.max(Some(nonce));
        Some(nonce)
    }
}

#[derive(Debug)]
enum Uses {
    Counted(CountWindow),
    Uncounted(Vec<u64>),
}

impl Uses {
    fn first(mark: Mark) -> Self {
        match mark {
            Mark::Count(nc) => {
                let mut window = CountWindow::default();
                window.accept(nc);
                Self::Counted(window)
            }
            Mark::Response(response) => Self::Uncounted(vec![response]),
        }
    }

    /// A nonce is used with counts or without; no phone changes over.
    fn accept(&mut self, mark: Mark) -> bool {
        match (self, mark) {
            (Self::Counted(window), Mark::Count(nc)) => window.accept(nc),
            (Self::Uncounted(seen), Mark::Response(response)) => {
                let is_new = seen.len() < UNCOUNTED_USES_MAX && !seen.contains(&response);
                if is_new {
                    seen.push(response);
                }
                is_new
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn nonce(minted: u64) -> NonceId {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&minted.to_be_bytes());
        NonceId(id)
    }

    fn counted(minted: u64, nc: u32) -> Use {
        Use { nonce: nonce(minted), mark: Mark::Count(nc) }
    }

    fn uncounted(minted: u64, response: u64) -> Use {
        Use { nonce: nonce(minted), mark: Mark::Response(response) }
    }

    #[test]
    fn counts_pass_once_in_any_order_within_the_window() {
        let mut window = CountWindow::default();
        let asked = [1, 1, 3, 2, 2, 66, 3, 4, 2, 67, 67, u32::MAX, 67, u32::MAX - 63, u32::MAX - 64, u32::MAX];
        let passed = asked.map(|nc| window.accept(nc));
        let expected = [true, false, true, true, false, true, false, true, false, true, false, true, false, true, false, false];
        assert_eq!(passed, expected);
    }

    #[test]
    fn a_full_table_drops_the_nonce_minted_first_and_never_forgets_that_it_did() {
        let mut counts = Counts::new(2, 1000);
        assert!(counts.spend(counted(20, 1), 30));
        assert!(counts.spend(counted(10, 1), 30));
        assert!(counts.spend(counted(30, 1), 30));
        assert_eq!(counts.len(), 2);
        assert!(!counts.spend(counted(10, 1), 30), "a repetition must not pass because its nonce was dropped");
        assert!(!counts.spend(counted(10, 2), 30));
        assert!(!counts.spend(counted(5, 1), 30), "older than what was dropped: might have been dropped too");
        assert!(counts.spend(counted(20, 2), 30), "older than others, but known");
        assert!(!counts.spend(counted(15, 1), 30), "older than all of a full table: dropped at once");
        assert!(counts.spend(counted(40, 1), 40));
    }

    #[test]
    fn past_nonces_make_room() {
        let mut counts = Counts::new(10, 1000);
        for minted in 0..5 {
            assert!(counts.spend(counted(minted, 1), 1000));
        }
        assert!(counts.spend(counted(2000, 1), 2000));
        assert_eq!(counts.len(), 1);
        assert!(!counts.spend(counted(0, 2), 2000));
        assert!(!counts.spend(counted(4, 2), 500), "a clock set back brings no dropped nonce to life");
    }

    #[test]
    fn uses_without_a_count_pass_once_each_and_not_for_ever() {
        let mut counts = Counts::new(2, 1000);
        let first = u64::try_from(UNCOUNTED_USES_MAX).unwrap();
        for response in 0..first {
            assert!(counts.spend(uncounted(1, response), 1));
            assert!(!counts.spend(uncounted(1, response), 1));
        }
        assert!(!counts.spend(uncounted(1, first), 1));
        assert!(!counts.spend(counted(1, 1), 1), "no change of form within a nonce");
    }

    proptest! {
        #[test]
        fn the_window_agrees_with_a_list_of_all_counts(asked in prop::collection::vec(prop_oneof![0_u32..300, any::<u32>()], 1..200)) {
            let mut window = CountWindow::default();
            let mut taken = BTreeSet::new();
            for nc in asked {
                let highest = taken.last().copied().unwrap_or(0);
                let expected = nc.checked_add(63).is_none_or(|reach| reach >= highest) && taken.insert(nc);
                prop_assert_eq!(window.accept(nc), expected, "count {}", nc);
            }
        }

        #[test]
        fn no_use_passes_twice_and_the_table_stays_small(
            asked in prop::collection::vec((0_u64..3000, 0_u32..3, 0_u64..50), 1..300),
            capacity in 1_usize..6,
        ) {
            let mut counts = Counts::new(capacity, 500);
            let mut passed = BTreeSet::new();
            let mut now = 0;
            for (age, nc, step) in asked {
                now += step;
                let minted = now.saturating_sub(age % 700);
                if counts.spend(counted(minted, nc), now) {
                    prop_assert!(now - minted <= 500);
                    prop_assert!(passed.insert((minted, nc)), "nonce {} count {} passed twice", minted, nc);
                }
                prop_assert!(counts.len() <= capacity);
            }
        }
    }
}
