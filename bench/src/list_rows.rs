//! What a list costs people: the store's share of a page among a million phones.

use std::path::Path;

use anyhow::{Result, ensure};
use domain::Time;
use domain::device::State;
use domain::tenancy::CustomerId;
use store::device::{Filter, counts, list};
use store::{Scope, Store};
use uuid::Uuid;

use crate::clock::{now, wall_millis};
use crate::load::random_order;
use crate::phones::mac;
use crate::population::{self, Population, Stage};
use crate::table::Row;

/// What a page may take at p95, in milliseconds.
const PAGE_MS: f64 = 50.0;
/// Phones, pages asked for, and how many phones one shows.
const PHONES: u32 = 1_000_000;
const PAGES: usize = 400;
const SHOWN: usize = 100;

const FIRST: &str = "device list with 1 000 000 devices: first page, ms at p95 (limit / use)";
const SEARCH: &str = "device list with 1 000 000 devices: search, ms at p95 (limit / use)";
const COUNTS: &str = "device list with 1 000 000 devices: counts by state, ms at p95 (limit / use)";

/// Measures the rows whose name contains `wanted`.
pub async fn measure(wanted: &str, cache: &Path) -> Result<Vec<Row>> {
    let names: Vec<&str> = [FIRST, SEARCH, COUNTS].into_iter().filter(|name| name.contains(wanted)).collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let phones = Population::of(cache, PHONES, Stage::Live).await?;
    let store = population::open(&phones.folder).await?;
    let mut rows = Vec::new();
    for name in names {
        let filters = match name {
            FIRST => firsts(),
            _ => searches(phones.phones),
        };
        let used = percentile_95(&store, filters, name == COUNTS)?;
        rows.push(Row::under(name, used, PAGE_MS));
    }
    store.close().await;
    Ok(rows)
}

/// As people open a list: everything, or one tab of it.
fn firsts() -> Vec<Filter> {
    let tabs = [vec![], vec![State::Successful], vec![State::Needed, State::Failed], vec![State::Blocked]];
    tabs.into_iter().cycle().take(PAGES).map(|states| Filter { states, ..Filter::default() }).collect()
}

/// What people type, of phones by lot: common and rare, with filters and without, and what nobody has.
fn searches(phones: u32) -> Vec<Filter> {
    let order = random_order(phones, PAGES, 1);
    let query = |(at, index): (usize, &u32)| {
        let (whole, states) = (mac(*index).to_string(), Vec::new());
        let (query, states) = match at % 8 {
            0 => (whole, states),
            1 => (whole[..6].to_owned(), states),
            2 => (whole[8..].to_owned(), states),
            3 => ((1_000 + index).to_string(), states),
            4 => (format!("desk {index}"), states),
            5 => ("desk".to_owned(), vec![State::Blocked]),
            6 => ("t54".to_owned(), states),
            _ => ("nobody".to_owned(), states),
        };
        Filter { query, states, ..Filter::default() }
    };
    order.iter().enumerate().map(query).collect()
}

fn percentile_95(store: &Store, filters: Vec<Filter>, counted: bool) -> Result<f64> {
    let (scopes, at) = ([Scope::Operator, Scope::Customer(CustomerId(Uuid::from_u128(1)))], Time::from_millis(wall_millis()));
    let mut times = Vec::with_capacity(filters.len());
    for (number, filter) in filters.into_iter().enumerate() {
        let scope = scopes[number % scopes.len()];
        let started = now();
        if counted {
            ensure!(store.read_now(|db| counts(db, &scope, &filter, at))?.all.number > 0, "nothing was counted");
        } else {
            store.read_now(|db| list(db, &scope, &filter, at, None, SHOWN))?;
        }
        times.push((now() - started).as_secs_f64() * 1_000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() * 95 / 100])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn pages_are_measured() {
        let cache = tempfile::tempdir().unwrap();
        let phones = Population::of(cache.path(), 50, Stage::Live).await.unwrap();
        let store = population::open(&phones.folder).await.unwrap();
        for (filters, counted) in [(firsts(), false), (searches(50), false), (firsts(), true)] {
            assert!(percentile_95(&store, filters, counted).unwrap() > 0.0);
        }
    }
}
