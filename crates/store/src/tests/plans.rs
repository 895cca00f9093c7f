//! How the engines carry out what lists, searches and counts ask: by ranges of an index, never by looking at all devices.

use std::cell::RefCell;
use std::net::IpAddr;

use domain::device::State;
use domain::net::site_network;
use domain::tenancy::{Place, SiteId};
use domain::{Mac, Span};
use uuid::Uuid;

use crate::db::{Arg, Db, Engine, Sql};
use crate::device::{self, Filter, counts, list};
use crate::page::Cursor;
use crate::seen::{self, News, Request, Seen, Served};
use crate::tests::fixture::{NOW, World, on_both};
use crate::tests::tree::{AT_NORTH, DIRECT, NORTH, OFFICE, RESELLER, RIVAL, SIBLING, STRANGER, phone, setup};
use crate::{Result, Scope, sightings};

on_both! {
    every_list_search_and_count_goes_by_an_index
    the_phone_path_touches_no_index
}

thread_local! {
    /// Plans of the statements that run on this thread, while somebody wants them.
    static PLANS: RefCell<Option<Vec<(String, String)>>> = const { RefCell::new(None) };
}

/// Called for every statement that yields rows.
pub(crate) fn note(db: &Db, sql: &Sql, args: &[Arg<'_>]) {
    let Some(mut noted) = PLANS.take() else { return };
    noted.push((format!("{}: {}", sql.name, sql.text), plan(db, sql, args).unwrap()));
    PLANS.set(Some(noted));
}

fn plan(db: &Db, sql: &Sql, args: &[Arg<'_>]) -> Result<String> {
    let (verb, at) = if matches!(db.engine(), Engine::Sqlite(_)) { ("explain query plan", 3) } else { ("explain", 0) };
    let text = Box::leak(format!("{verb} {}", sql.text).into_boxed_str());
    Ok(db.all(&Sql { name: "", text }, args, |row| Ok(row.text(at)?.to_owned()))?.join("\n"))
}

/// What is wrong with a plan.
fn fault(db: &Db, plan: &str) -> Option<String> {
    let sqlite = matches!(db.engine(), Engine::Sqlite(_));
    let large = ["device", "device_word", "device_seen"];
    let bad = |line: &&str| {
        let line = line.trim_start().trim_start_matches("->").trim_start();
        if sqlite {
            // The rows of an inner select that a limit bounds are read one after the other.
            let bounded = ["SCAN w", "SCAN counted", "SCAN CONSTANT ROW"].contains(&line);
            return line.starts_with("SCAN") && !bounded || line.contains("TEMP B-TREE");
        }
        let whole = line.split_once("Seq Scan on ").is_some_and(|(_, rest)| large.contains(&rest.split(' ').next().unwrap_or_default()));
        whole || line.starts_with("Sort") || line.starts_with("Incremental Sort")
    };
    plan.lines().find(bad).map(str::to_owned)
}

fn numbered(number: u32) -> Mac {
    let [_, high, middle, low] = number.to_be_bytes();
    // The last digits vary most, as they do where phones come from one maker.
    Mac::from_bytes([0x00, 0x15, 0x65, high, middle, low]).unwrap()
}

fn visit(address: IpAddr) -> Request {
    let text = || "x".repeat(20);
    let (method, file, evidence, decision, reason, transport) = (text(), text(), text(), text(), text(), text());
    Request { time: NOW, address, method, file, status: 200, evidence, decision, reason, bytes: 4_000, transport }
}

/// Four thousand phones of four customers, in all states, each with flags, words and an address of its own.
async fn crowded(world: &World) {
    const PLACES: [Place; 4] = [
        AT_NORTH,
        Place { reseller: Some(RESELLER), customer: SIBLING, site: None },
        Place { reseller: None, customer: DIRECT, site: None },
        Place { reseller: Some(RIVAL), customer: STRANGER, site: None },
    ];
    let plant = |db: &Db| {
        for number in 4_000..8_000_u32 {
            let mut device = phone(9, PLACES[number as usize % 4]);
            (device.mac, device.id.0) = (numbered(number), Uuid::from_u128(5_000 + u128::from(number)));
            device.label = format!("Desk {number} floor {}", number % 7);
            device.auth.blocked_everywhere = number % 40 == 0;
            let mut setup = setup();
            setup.lines[0].extension = Some(number.to_string());
            device::add(db, &Scope::Operator, &device, &setup, NOW)?;
            let address = format!("198.51.{}.{}", number / 250, number % 250).parse().unwrap();
            let served = Some(Served { at: NOW, address, transport: "https".into() });
            let seen = Seen { served, own_address: None, firmware: String::new(), model: String::new() };
            seen::note(db, &[News { mac: device.mac, seen, requests: vec![visit(address); 4] }])?;
            if number % 3 == 0 {
                let kind = "identity_mismatch".to_owned();
                sightings::raise(db, &sightings::Attention { mac: device.mac, kind, at: NOW, address: None })?;
            }
        }
        Ok(())
    };
    world.store.write(plant).await.unwrap();
    let tidy_up = |db: &Db| match db.engine() {
        Engine::Sqlite(_) => Ok(()),
        Engine::Postgres(_) => db.batch("vacuum analyze"),
    };
    world.store.read(tidy_up).await.unwrap();
}

async fn every_list_search_and_count_goes_by_an_index(world: World) {
    let world = world.with_tree().await;
    crowded(&world).await;
    let query = |query: &str| Filter { query: query.to_owned(), ..Filter::default() };
    let mut filters: Vec<Filter> =
        ["", "00:15:65", "0015-6500-1f3f", "1f3f", "4001", "desk 17", "FLOOR", "T46S", "yealink/t46", "198.51.3", "xyz"].map(query).into();
    filters.extend([
        Filter { states: vec![State::Blocked], ..Filter::default() },
        Filter { states: vec![State::Needed, State::Failed], ..Filter::default() },
        Filter { attention: true, ..Filter::default() },
        Filter { model: Some("yealink/T46S".into()), ..Filter::default() },
        Filter { customer: Some(OFFICE), ..Filter::default() },
        Filter { customer: Some(OFFICE), site: Some(NORTH), states: vec![State::Blocked], query: "desk".into(), ..Filter::default() },
        Filter { site: Some(SiteId(Uuid::from_u128(99))), ..Filter::default() },
    ]);
    for scope in [Scope::Operator, Scope::Reseller(RESELLER), Scope::Customer(OFFICE), Scope::Site(NORTH)] {
        for filter in filters.clone() {
            let looked = world.store.read(move |db| {
                let first = list(db, &scope, &filter, NOW, None, 20)?;
                let after = first.next.unwrap_or(Cursor::start());
                PLANS.set(Some(Vec::new()));
                list(db, &scope, &filter, NOW, None, 20)?;
                list(db, &scope, &filter, NOW, Some(&after), 20)?;
                counts(db, &scope, &filter, NOW)?;
                let plans = PLANS.take().unwrap();
                Ok(plans.into_iter().map(|(sql, plan)| (fault(db, &plan), sql, plan)).collect::<Vec<_>>())
            });
            let looked = looked.await.unwrap();
            assert!(looked.len() >= 8, "lists and counts were noted");
            for (fault, sql, plan) in looked {
                assert_eq!(fault, None, "{scope:?}\n{sql}\n{plan}");
            }
        }
    }
    let whole = &Sql { name: "", text: "select mac from device where label = $1 order by model" };
    let found = world.store.read(move |db| Ok(fault(db, &plan(db, whole, &["x".into()])?))).await.unwrap();
    assert!(found.is_some(), "a walk over all devices is seen");
}

async fn the_phone_path_touches_no_index(world: World) {
    let world = world.with_tree().await;
    let network = site_network("192.0.2.1".parse().unwrap());
    let saved = move |db: &Db| {
        let mut stored = device::fetch(db, phone(1, AT_NORTH).mac, &network, NOW)?.unwrap().stored;
        stored.device.auth.epoch += 1;
        PLANS.set(Some(Vec::new()));
        device::save(db, &stored, NOW + Span::seconds(1))?;
        Ok(PLANS.take().unwrap().into_iter().map(|(sql, _)| sql.split(':').next().unwrap().to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(world.store.write(saved).await.unwrap(), ["SAVE_AUTH"]);
}
