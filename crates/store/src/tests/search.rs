//! Finding devices by what somebody types, filters and counts, on both engines.

use domain::Mac;
use domain::device::State;
use domain::pin::Tries;
use domain::tenancy::Place;
use domain::{Span, Time};
use uuid::Uuid;

use crate::db::{Db, Engine, Sql};
use crate::device::{self, Count, Counts, Filter, Setup, Stored, by_mac, counts, list};
use crate::limits::{COUNT_MAX, SEARCH_EXAMINED_MAX};
use crate::seen::{self, News, Seen, Served};
use crate::sightings::{self, Attention};
use crate::tenancy::{customer, save_customer};
use crate::tests::fixture::{NOW, World, on_both};
use crate::tests::tree::{AT_NORTH, DIRECT, NORTH, OFFICE, RESELLER, RIVAL, SIBLING, SOUTH, STRANGER, phone, place_of, setup};
use crate::{Result, Scope};

on_both! {
    a_text_finds_what_it_may_mean
    nothing_is_found_outside_the_scope
    finds_come_in_pages_and_once
    filters_narrow_what_is_found
    a_page_looks_at_so_many_rows_and_no_more
    words_follow_their_device
    attention_is_listed
    states_are_counted_up_to_a_number
    an_older_database_is_filled
}

fn at(text: &str) -> Mac {
    text.parse().unwrap()
}

fn found_by(query: &str) -> Filter {
    Filter { query: query.to_owned(), ..Filter::default() }
}

/// MAC, model, label, extensions, place, last address.
type Sample = (&'static str, &'static str, &'static str, &'static [&'static str], Place, &'static str);

const SOUTHERN: Place = Place { site: Some(SOUTH), ..AT_NORTH };
const SAMPLES: [Sample; 6] = [
    ("805ec0d10001", "yealink/T54W", "Front desk left", &["2001", "2002"], AT_NORTH, "198.51.100.7"),
    ("805ec0d10002", "yealink/T54W", "Front-desk right", &["2003"], SOUTHERN, "198.51.100.70"),
    ("000413a2beef", "snom/D735", "BÜRO Süd", &["31"], place(SIBLING, Some(RESELLER)), "2001:db8::7"),
    ("0004f2aa2001", "poly/VVX 450", "★ Empfang", &["+4930123"], place(STRANGER, Some(RIVAL)), "203.0.113.9"),
    ("00156500d735", "yealink/T46S", "", &["2001"], place(DIRECT, None), ""),
    ("001565001111", "yealink/T46S", "2001 a%_b", &["900"], place(DIRECT, None), ""),
];

const fn place(customer: domain::tenancy::CustomerId, reseller: Option<domain::tenancy::ResellerId>) -> Place {
    Place { reseller, customer, site: None }
}

fn with_extensions(extensions: &[&str]) -> Setup {
    let mut setup = setup();
    setup.lines = extensions.iter().map(|number| setup.lines[0].clone_with(number)).collect();
    setup
}

trait CloneWith {
    fn clone_with(&self, extension: &str) -> Self;
}

impl CloneWith for domain::settings::Line {
    fn clone_with(&self, extension: &str) -> Self {
        Self { user: "unlisted".into(), extension: Some(extension.to_owned()), ..self.clone() }
    }
}

fn served(db: &Db, mac: Mac, address: &str) -> Result<()> {
    let served = Some(Served { at: NOW, address: address.parse().unwrap(), transport: "https".into() });
    let seen = Seen { served, own_address: None, firmware: String::new(), model: String::new() };
    seen::note(db, &[News { mac, seen, requests: Vec::new() }]).map(drop)
}

async fn with_samples(world: World) -> World {
    let planted = world.store.write(|db| {
        crate::tests::tree::plant(db)?;
        for (at, (mac, model, label, extensions, place, address)) in (0_u128..).zip(SAMPLES) {
            let mut device = phone(9, place);
            (device.mac, device.id.0) = (self::at(mac), Uuid::from_u128(5_000 + at));
            (device.model, device.label) = (model.into(), label.into());
            device::add(db, &Scope::Operator, &device, &with_extensions(extensions), NOW)?;
            if !address.is_empty() {
                served(db, device.mac, address)?;
            }
        }
        Ok(())
    });
    planted.await.unwrap();
    world
}

async fn macs(world: &World, scope: Scope, filter: Filter) -> Vec<String> {
    let page = world.store.read(move |db| list(db, &scope, &filter, NOW, None, 100)).await.unwrap();
    assert_eq!(page.next, None);
    page.items.iter().map(|listed| listed.stored.device.mac.to_string()).collect()
}

async fn a_text_finds_what_it_may_mean(world: World) {
    let world = with_samples(world).await;
    let (left, right, south, reception, empty, odd) =
        ("805ec0d10001", "805ec0d10002", "000413a2beef", "0004f2aa2001", "00156500d735", "001565001111");
    for (query, expected) in [
        // The beginning of a MAC, in any spelling.
        ("80:5e:c0", vec![left, right]),
        ("805ec0", vec![left, right]),
        ("805E-C0", vec![left, right]),
        ("805e.c0d1.0002", vec![right]),
        ("80 5e c0 d1 00 01", vec![left]),
        ("80:5e:c0:d1:00:01:00", vec![]),
        // Its end, four to six digits.
        ("beef", vec![south]),
        ("2BEEF", vec![south]),
        ("a2:be:ef", vec![south]),
        ("eef", vec![]),
        ("3a2beef", vec![]),
        // Extensions first, then labels, then ends of MACs.
        ("2001", vec![empty, left, odd, reception]),
        ("200", vec![empty, left, right, odd]),
        ("2002", vec![left]),
        ("+4930", vec![reception]),
        ("unlisted", vec![]),
        // Words of a label, from their beginning on.
        ("front", vec![left, right]),
        ("DESK", vec![left, right]),
        ("desk  ri", vec![right]),
        ("front desk l", vec![left]),
        ("ront", vec![]),
        ("büro", vec![south]),
        ("SÜD", vec![south]),
        ("empfang", vec![reception]),
        ("★", vec![reception]),
        ("a%", vec![odd]),
        ("a%_b", vec![odd]),
        ("%", vec![]),
        ("_b", vec![]),
        // Models, with the brand or without.
        ("T54W", vec![left, right]),
        ("t54", vec![left, right]),
        ("yealink/T46S", vec![odd, empty]),
        ("vvx 4", vec![reception]),
        ("D735", vec![south, empty]),
        // Addresses.
        ("198.51.100.7", vec![left, right]),
        ("198.51.100.70", vec![right]),
        ("198.51.", vec![left, right]),
        ("2001:db8::", vec![south]),
        ("198", vec![]),
        ("' or 1=1 --", vec![]),
        ("\0", vec![]),
    ] {
        assert_eq!(macs(&world, Scope::Operator, found_by(query)).await, expected, "{query:?}");
    }
    let listed = world.store.read(|db| list(db, &Scope::Operator, &found_by("2002"), NOW, None, 1)).await.unwrap().items.remove(0);
    assert_eq!(
        (listed.customer.as_str(), listed.site.as_deref(), listed.extensions.as_slice()),
        ("Office", Some("North"), ["2001", "2002"].map(String::from).as_slice())
    );
    assert_eq!(macs(&world, Scope::Operator, found_by("  ")).await.len(), SAMPLES.len(), "blanks are no search");
}

async fn nothing_is_found_outside_the_scope(world: World) {
    let world = with_samples(world).await;
    let sees = |scope: Scope, place: &Place| match scope {
        Scope::Operator => true,
        Scope::Reseller(reseller) => place.reseller == Some(reseller),
        Scope::Customer(customer) => place.customer == customer,
        Scope::Site(site) => place.site == Some(site),
    };
    let scopes = [
        Scope::Operator,
        Scope::Reseller(RESELLER),
        Scope::Reseller(RIVAL),
        Scope::Customer(OFFICE),
        Scope::Customer(DIRECT),
        Scope::Site(NORTH),
        Scope::Site(SOUTH),
    ];
    let places = [
        Filter::default(),
        Filter { customer: Some(OFFICE), ..Filter::default() },
        Filter { customer: Some(DIRECT), ..Filter::default() },
        Filter { site: Some(NORTH), ..Filter::default() },
    ];
    for scope in scopes {
        for filter in &places {
            let inside = |place: &Place| {
                sees(scope, place)
                    && filter.customer.is_none_or(|customer| customer == place.customer)
                    && filter.site.is_none_or(|site| Some(site) == place.site)
            };
            for (mac, model, _, extensions, place, _) in SAMPLES {
                for query in [mac, &mac[6..], model, extensions[0]] {
                    let found = macs(&world, scope, Filter { query: query.to_owned(), ..filter.clone() }).await;
                    assert_eq!(found.iter().any(|found| found == mac), inside(&place), "{scope:?} {filter:?} {query}");
                    let strange = |found: &&String| SAMPLES.iter().any(|sample| sample.0 == **found && !inside(&sample.4));
                    assert_eq!(found.iter().find(strange), None, "{scope:?} {filter:?} {query}");
                }
            }
            let expected = SAMPLES.iter().filter(|sample| inside(&sample.4)).count();
            assert_eq!(macs(&world, scope, filter.clone()).await.len(), expected, "{scope:?} {filter:?}");
            let filter = filter.clone();
            let counted = world.store.read(move |db| counts(db, &scope, &filter, NOW)).await.unwrap();
            assert_eq!(counted.all, Count { number: expected as u64, more: false }, "{scope:?}");
        }
    }
}

async fn finds_come_in_pages_and_once(world: World) {
    let world = with_samples(world).await;
    // Two extensions of the first, a label, and an end: each device stands in the list once, whatever the size of a page.
    let whole = macs(&world, Scope::Operator, found_by("2")).await;
    assert_eq!(whole.len(), 4, "{whole:?}");
    for limit in 1..5 {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let from: Option<crate::page::Cursor> = after.take();
            // As text and back, as callers have it.
            let from = from.map(|cursor| cursor.to_string().parse().unwrap());
            let page = world.store.read(move |db| list(db, &Scope::Operator, &found_by("2"), NOW, from.as_ref(), limit)).await.unwrap();
            assert!(page.items.len() <= limit);
            all.extend(page.items.iter().map(|listed| listed.stored.device.mac.to_string()));
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!(all, whole, "{limit} at a time");
    }
}

async fn filters_narrow_what_is_found(world: World) {
    let world = with_samples(world).await;
    let block = |db: &Db| {
        let mut stored = by_mac(db, &Scope::Operator, at("805ec0d10002"))?;
        stored.device.auth.blocked_everywhere = true;
        device::save(db, &stored, NOW)
    };
    world.store.write(block).await.unwrap();
    let desk = || found_by("desk");
    for (filter, expected) in [
        (Filter { states: vec![State::Blocked], ..desk() }, vec!["805ec0d10002"]),
        (Filter { states: vec![State::Needed, State::Failed], ..desk() }, vec!["805ec0d10001"]),
        (Filter { site: Some(SOUTH), ..desk() }, vec!["805ec0d10002"]),
        (Filter { customer: Some(SIBLING), ..desk() }, vec![]),
        (Filter { model: Some("YEALINK/t54w".into()), ..desk() }, vec!["805ec0d10001", "805ec0d10002"]),
        (Filter { model: Some("yealink/T46S".into()), ..desk() }, vec![]),
        (Filter { attention: true, ..desk() }, vec![]),
        (Filter { model: Some("yealink/T46S".into()), ..Filter::default() }, vec!["001565001111", "00156500d735"]),
        (Filter { model: Some("yealink/T4".into()), ..Filter::default() }, vec![]),
        (Filter { model: Some("yealink/T54W".into()), states: vec![State::Blocked], ..Filter::default() }, vec!["805ec0d10002"]),
    ] {
        assert_eq!(macs(&world, Scope::Operator, filter.clone()).await, expected, "{filter:?}");
    }
}

async fn a_page_looks_at_so_many_rows_and_no_more(world: World) {
    let world = world.with_tree().await;
    // Words of one device, as if so many devices had them: none is a find.
    let stuff = |db: &Db| {
        let name = if matches!(db.engine(), Engine::Sqlite(_)) { "blob" } else { "bytea" };
        db.batch(&format!(
            "with recursive n (i) as (select 1 union all select i + 1 from n where i < {})
            insert into device_word (word, mac, customer) select cast('lzz' as {name}), cast(100000000000 + i as text), c.id
            from n join customer c on c.name = 'Direct'",
            SEARCH_EXAMINED_MAX + 1_500
        ))
    };
    world.store.write(stuff).await.unwrap();
    let page = world.store.read(|db| list(db, &Scope::Operator, &found_by("zz"), NOW, None, 50)).await.unwrap();
    assert!(page.items.is_empty());
    let next = page.next.expect("there is more to look at");
    let page = world.store.read(move |db| list(db, &Scope::Operator, &found_by("zz"), NOW, Some(&next), 50)).await.unwrap();
    assert_eq!(page.next, None);
}

async fn words_follow_their_device(world: World) {
    let world = with_samples(world).await;
    let left = at("805ec0d10001");
    let finds = async |query: &str| macs(&world, Scope::Operator, found_by(query)).await.len();
    // A label, by an ordinary save.
    let relabel = move |db: &Db| {
        let mut stored = by_mac(db, &Scope::Operator, left)?;
        (stored.device.label, stored.device.model) = ("Warehouse".into(), "yealink/T57W".into());
        device::save(db, &stored, NOW)
    };
    world.store.write(relabel).await.unwrap();
    assert_eq!((finds("ware").await, finds("t57w").await, finds("left").await, finds("2002").await), (1, 1, 0, 1));
    // Lines.
    let reline = move |db: &Db| {
        let version = by_mac(db, &Scope::Operator, left)?.version;
        device::save_setup(db, &Scope::Operator, left, &with_extensions(&["7777"]), version)
    };
    world.store.write(reline).await.unwrap();
    assert_eq!((finds("7777").await, finds("2002").await, finds("ware").await, finds("198.51.100.7").await), (1, 0, 1, 2));
    // The address.
    world.store.write(move |db| served(db, left, "192.0.2.99")).await.unwrap();
    assert_eq!((finds("192.0.2.99").await, finds("198.51.100.7").await), (1, 1));
    // Another customer.
    let relocate = move |db: &Db| {
        let mut stored = by_mac(db, &Scope::Operator, left)?;
        stored.device.place = place_of(DIRECT);
        device::relocate(db, &Scope::Operator, &stored, NOW)
    };
    world.store.write(relocate).await.unwrap();
    assert_eq!(macs(&world, Scope::Customer(DIRECT), found_by("ware")).await.len(), 1);
    assert_eq!(macs(&world, Scope::Reseller(RESELLER), found_by("ware")).await.len(), 0);
    // Another reseller for the customer.
    let hand_over = |db: &Db| {
        let mut office = customer(db, &Scope::Operator, DIRECT)?;
        office.reseller = Some(RIVAL);
        save_customer(db, &Scope::Operator, &office)
    };
    world.store.write(hand_over).await.unwrap();
    assert_eq!(macs(&world, Scope::Reseller(RIVAL), found_by("ware")).await.len(), 1);
    assert_eq!(macs(&world, Scope::Reseller(RIVAL), Filter::default()).await.len(), 4);
    // Another phone in its place.
    let replace = move |db: &Db| {
        let mut stored = by_mac(db, &Scope::Operator, left)?;
        stored.device.mac = at("001565abcdef");
        device::replace(db, &Scope::Operator, left, &stored, NOW)
    };
    world.store.write(replace).await.unwrap();
    assert_eq!((finds("805ec0d10001").await, finds("abcdef").await, finds("7777").await, finds("192.0.2.99").await), (0, 1, 1, 0));
    // Gone.
    world.store.write(|db| device::remove(db, &Scope::Operator, at("001565abcdef"))).await.unwrap();
    assert_eq!((finds("ware").await, finds("7777").await), (0, 0));
    let left_over = &Sql { name: "", text: "select count(*) from device_word where mac in ('001565abcdef', '805ec0d10001')" };
    assert_eq!(world.store.read(move |db| db.one(left_over, &[], |row| row.int(0))).await.unwrap(), 0);
}

fn flag(mac: &str, kind: &str) -> Attention {
    Attention { mac: at(mac), kind: kind.into(), at: NOW, address: None }
}

async fn attention_is_listed(world: World) {
    let world = with_samples(world).await;
    let wanted = |scope| macs_of(&world, scope);
    assert!(wanted(Scope::Operator).await.is_empty());
    let raise = |db: &Db| {
        sightings::raise(db, &flag("805ec0d10001", "identity_mismatch"))?;
        sightings::raise(db, &flag("805ec0d10001", "came_back_without_login"))?;
        sightings::raise(db, &flag("00156500d735", "still_uses_global"))?;
        // Wrong PINs stand in the device itself.
        let mut stored = by_mac(db, &Scope::Operator, at("000413a2beef"))?;
        let address = "192.0.2.1".parse().unwrap();
        let network = domain::net::pin_network(address);
        stored.device.auth.tries = vec![Tries { network, address, wrong: 1, rounds: 0, failed_until: None, blocked: false, last: NOW }];
        device::save(db, &stored, NOW).map(drop)
    };
    world.store.write(raise).await.unwrap();
    assert_eq!(wanted(Scope::Operator).await, ["805ec0d10001", "000413a2beef", "00156500d735"]);
    assert_eq!(wanted(Scope::Reseller(RESELLER)).await, ["805ec0d10001", "000413a2beef"]);
    assert_eq!(wanted(Scope::Customer(DIRECT)).await, ["00156500d735"]);
    assert_eq!(wanted(Scope::Site(NORTH)).await, ["805ec0d10001"]);
    assert!(wanted(Scope::Site(SOUTH)).await.is_empty());
    let noticed = |db: &Db| Ok(list(db, &Scope::Site(NORTH), &Filter::default(), NOW, None, 1)?.items.remove(0).noticed);
    let mut kinds = world.store.read(noticed).await.unwrap();
    kinds.sort();
    assert_eq!(kinds, ["came_back_without_login", "identity_mismatch"]);
    world.store.write(|db| sightings::clear(db, at("805ec0d10001"), "identity_mismatch")).await.unwrap();
    assert_eq!(wanted(Scope::Site(NORTH)).await.len(), 1, "one flag is left");
    world.store.write(|db| sightings::clear_two(db, at("805ec0d10001"), ["came_back_without_login", "still_uses_global"])).await.unwrap();
    assert!(wanted(Scope::Site(NORTH)).await.is_empty());
    let mend = |db: &Db| {
        let Stored { mut device, version } = by_mac(db, &Scope::Operator, at("000413a2beef"))?;
        device.auth.tries.clear();
        device::save(db, &Stored { device, version }, NOW)
    };
    world.store.write(mend).await.unwrap();
    assert_eq!(wanted(Scope::Operator).await, ["00156500d735"]);
}

async fn macs_of(world: &World, scope: Scope) -> Vec<String> {
    macs(world, scope, Filter { attention: true, ..Filter::default() }).await
}

fn number(number: u64) -> Count {
    Count { number, more: false }
}

async fn states_are_counted_up_to_a_number(world: World) {
    let world = with_samples(world).await;
    let until = NOW + Span::minutes(30);
    let lock = move |db: &Db| {
        let mut failed = by_mac(db, &Scope::Operator, at("805ec0d10001"))?;
        let address = "192.0.2.1".parse().unwrap();
        let network = domain::net::pin_network(address);
        failed.device.auth.tries =
            vec![Tries { network, address, wrong: 0, rounds: 1, failed_until: Some(until), blocked: false, last: NOW }];
        device::save(db, &failed, NOW)?;
        let mut blocked = by_mac(db, &Scope::Operator, at("805ec0d10002"))?;
        blocked.device.auth.blocked_everywhere = true;
        device::save(db, &blocked, NOW)
    };
    world.store.write(lock).await.unwrap();
    let count = |scope: Scope, filter: Filter, now: Time| world.store.read(move |db| counts(db, &scope, &filter, now));
    let office = Counts { needed: number(0), failed: number(1), blocked: number(1), successful: number(0), all: number(2) };
    assert_eq!(count(Scope::Customer(OFFICE), Filter::default(), NOW).await.unwrap(), office);
    let later = count(Scope::Customer(OFFICE), Filter::default(), until).await.unwrap();
    assert_eq!(later, Counts { needed: number(1), failed: number(0), ..office }, "a lock that ended is no failure any more");
    assert_eq!(count(Scope::Reseller(RESELLER), Filter { customer: Some(OFFICE), ..Filter::default() }, NOW).await.unwrap(), office);
    assert_eq!(
        count(Scope::Reseller(RIVAL), Filter { customer: Some(OFFICE), ..Filter::default() }, NOW).await.unwrap(),
        Counts::default()
    );
    assert_eq!(count(Scope::Customer(DIRECT), Filter { site: Some(NORTH), ..Filter::default() }, NOW).await.unwrap(), Counts::default());
    let all = count(Scope::Operator, Filter::default(), NOW).await.unwrap();
    assert_eq!(all, Counts { needed: number(4), all: number(6), ..office });
    let many = |db: &Db| {
        let name = if matches!(db.engine(), Engine::Sqlite(_)) { "blob" } else { "bytea" };
        db.batch(&format!(
            "with recursive n (i) as (select 1 union all select i + 1 from n where i < {COUNT_MAX})
            insert into device (mac, id, customer, brand, model, label, created, disabled, state, auth, lines, version)
            select cast(100000000000 + i as text), cast(cast(1000000000000000 + i as text) as {name}), c.id, 'b', 'b/m', '', 0, false, 'needed',
            cast('' as {name}), cast('' as {name}), 1 from n join customer c on c.name = 'Direct'"
        ))
    };
    world.store.write(many).await.unwrap();
    let all = count(Scope::Operator, Filter::default(), NOW).await.unwrap();
    let more = Count { number: COUNT_MAX.try_into().unwrap(), more: true };
    assert_eq!(all, Counts { needed: more, all: more, ..office });
}

async fn an_older_database_is_filled(world: World) {
    let world = with_samples(world).await;
    world.store.write(|db| sightings::raise(db, &flag("00156500d735", "still_uses_global"))).await.unwrap();
    let words = &Sql { name: "", text: "select count(*) from device_word" };
    let before = world.store.read(move |db| db.one(words, &[], |row| row.int(0))).await.unwrap();
    let older = |db: &Db| {
        for index in ["device_state", "device_state_of_reseller", "device_state_of_customer", "device_state_of_site", "device_look"] {
            db.batch(&format!("drop index {index}"))?;
        }
        db.batch(
            "drop table device_word; drop table import_run; alter table device drop column reseller; alter table device drop column look",
        )?;
        db.batch("create index device_of_site on device (site) where site is not null")?;
        db.batch("delete from schema_migration where number = 10")
    };
    world.store.write(older).await.unwrap();
    let store = world.second().await;
    assert_eq!(store.read(move |db| db.one(words, &[], |row| row.int(0))).await.unwrap(), before);
    for (scope, query) in [(Scope::Reseller(RESELLER), "2002"), (Scope::Customer(OFFICE), "left"), (Scope::Operator, "198.51.100.7")] {
        let page = store.read(move |db| list(db, &scope, &found_by(query), NOW, None, 10)).await.unwrap();
        assert_eq!(page.items.first().map(|listed| listed.stored.device.mac.to_string()).as_deref(), Some("805ec0d10001"), "{query}");
    }
    assert_eq!(macs_of(&world, Scope::Operator).await, ["00156500d735"]);
}
