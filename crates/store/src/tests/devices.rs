//! Devices, their traces, the audit and the sealing of all of it, on both engines.

use domain::audit::Entry;
use domain::chance::Seeded;
use domain::device::State;
use domain::pin::Tries;
use domain::tenancy::Node;
use domain::{Secret, Span, Time};

use crate::audit::{self, Verdict};
use crate::before::{self, Before};
use crate::device::{self, Filter, Setup, Stored, by_mac, fetch, list};
use crate::outbox::enqueue;
use crate::seen::{self, News, Request, Seen, Served};
use crate::sightings::{self, Attention, Knock};
use crate::tests::fixture::{NOW, World, on_both};
use crate::tests::tree::{self, AT_NORTH, DIRECT, NORTH, OFFICE, RESELLER, RIVAL, SCOPES, SIBLING, SOUTH, mac, phone, setup};
use crate::{Scope, StoreError, login};

on_both! {
    a_device_reads_back_whole
    a_device_is_seen_within_its_branch_only
    a_mac_is_unique_on_the_platform
    a_stale_save_is_refused_and_a_collision_runs_again
    secrets_stand_nowhere_in_clear
    a_sealed_value_moved_to_another_row_is_refused
    a_corrupted_row_is_named_without_its_contents
    a_device_keeps_its_secrets_under_a_new_mac
    what_no_phone_file_can_carry_is_refused
    lists_come_in_pages_and_by_state
    an_ended_lock_is_found_once
    requests_are_remembered_newest_first_and_bounded
    knocks_are_bounded
    flags_are_raised_and_cleared
    the_audit_is_a_chain
    concurrent_audits_keep_one_chain
    everything_can_be_sealed_anew
    what_a_device_was_before_is_its_branchs_and_goes_with_it
    the_audit_of_one_subject_is_its_nodes
}

async fn a_device_reads_back_whole(world: World) {
    let world = world.with_tree().await;
    let stored = world.store.read(|db| by_mac(db, &Scope::Operator, mac(1))).await.unwrap();
    assert_eq!(stored, Stored { device: phone(1, AT_NORTH), version: 1 });
    assert_eq!(world.store.read(|db| device::setup(db, &Scope::Operator, mac(1))).await.unwrap(), setup());
    let network = "192.0.2.7/32".parse().unwrap();
    let fetched = world.store.read_now(|db| fetch(db, mac(1), &network, NOW)).unwrap().unwrap();
    assert_eq!(fetched.stored, stored);
    assert_eq!(fetched.setup(&world.store).unwrap(), setup());
    assert!(world.store.read_now(|db| fetch(db, mac(99), &network, NOW)).unwrap().is_none());
}

async fn a_device_is_seen_within_its_branch_only(world: World) {
    let world = world.with_tree().await;
    let owners = [(1, OFFICE), (2, SIBLING), (3, tree::STRANGER), (4, DIRECT)];
    for (scope, customers) in SCOPES {
        let expected: Vec<u8> = owners
            .iter()
            .filter(|(number, owner)| customers.contains(owner) || scope == Scope::Site(NORTH) && *number == 1)
            .map(|(number, _)| *number)
            .collect();
        let seen = world.store.read(move |db| list(db, &scope, &Filter::default(), NOW, None, 100)).await.unwrap();
        let (mut kinds, mut after) = (Vec::new(), None);
        // One at a time: pages come whole and without repeats.
        while let Some(kind) = world.store.read(move |db| device::kinds(db, &scope, after, 1)).await.unwrap().pop() {
            after = Some(kind.mac);
            kinds.push((kind.mac, kind.place, kind.model));
        }
        let told = |number: &u8| {
            let kept = phone(*number, if *number == 1 { AT_NORTH } else { tree::place_of(owners[usize::from(*number) - 1].1) });
            (kept.mac, kept.place, kept.model)
        };
        assert_eq!(kinds, expected.iter().map(told).collect::<Vec<_>>(), "{scope:?}");
        let listed: Vec<u8> = seen.items.iter().map(|listed| listed.stored.device.mac.bytes()[5]).collect();
        assert_eq!(listed, expected, "{scope:?}");
        for (number, _) in owners {
            let visible = expected.contains(&number);
            let found = world.store.read(move |db| by_mac(db, &scope, mac(number))).await;
            assert_eq!(found.is_ok(), visible, "{scope:?} {number}");
            assert_eq!(world.store.read(move |db| device::setup(db, &scope, mac(number))).await.is_ok(), visible);
            if !visible {
                assert!(matches!(found, Err(StoreError::NotFound)));
                let removed = world.store.write(move |db| device::remove(db, &scope, mac(number))).await;
                assert!(matches!(removed, Err(StoreError::NotFound)), "{scope:?} {number}");
                let changed = world.store.write(move |db| device::save_setup(db, &scope, mac(number), &Setup::default(), 1)).await;
                assert!(matches!(changed, Err(StoreError::NotFound)), "{scope:?} {number}");
            }
        }
        let counted: i64 =
            world.store.report(move |db| device::by_state(db, &scope, NOW)).await.unwrap().iter().map(|(_, count)| count).sum();
        assert_eq!(usize::try_from(counted).unwrap(), expected.len());
    }
    // Neither may a device be planted elsewhere, nor at a site of another customer, nor under a wrong reseller.
    let add = |scope, place| world.store.write(move |db| device::add(db, &scope, &phone(50, place), &setup(), NOW));
    let wrong_site = domain::tenancy::Place { site: Some(NORTH), ..tree::place_of(SIBLING) };
    let wrong_reseller = domain::tenancy::Place { reseller: Some(RIVAL), ..tree::place_of(SIBLING) };
    for (scope, place) in
        [(Scope::Customer(OFFICE), tree::place_of(SIBLING)), (Scope::Operator, wrong_site), (Scope::Operator, wrong_reseller)]
    {
        assert!(matches!(add(scope, place).await, Err(StoreError::NotFound)), "{scope:?}");
    }
    let moved = |scope, place| {
        world.store.write(move |db| {
            let mut stored = by_mac(db, &Scope::Operator, mac(1))?;
            stored.device.place = place;
            device::relocate(db, &scope, &stored, NOW)
        })
    };
    assert!(matches!(moved(Scope::Customer(OFFICE), tree::place_of(SIBLING)).await, Err(StoreError::NotFound)));
    let saved_elsewhere = |db: &crate::Db| {
        let mut stored = by_mac(db, &Scope::Customer(OFFICE), mac(1))?;
        stored.device.place = tree::place_of(DIRECT);
        device::save(db, &stored, NOW)
    };
    world.store.write(saved_elsewhere).await.unwrap();
    let place = world.store.read(|db| by_mac(db, &Scope::Operator, mac(1))).await.unwrap().device.place;
    assert_eq!(place, AT_NORTH, "an ordinary save moves nothing");
    moved(Scope::Reseller(RESELLER), tree::place_of(SIBLING)).await.unwrap();
    assert!(world.store.read(|db| by_mac(db, &Scope::Customer(SIBLING), mac(1))).await.is_ok());
}

async fn a_mac_is_unique_on_the_platform(world: World) {
    let world = world.with_tree().await;
    let again = world.store.write(|db| device::add(db, &Scope::Customer(DIRECT), &phone(1, tree::place_of(DIRECT)), &setup(), NOW)).await;
    assert!(matches!(again, Err(StoreError::Exists)), "{again:?}");
}

async fn a_stale_save_is_refused_and_a_collision_runs_again(world: World) {
    let world = world.with_tree().await;
    let stale = world.store.read(|db| by_mac(db, &Scope::Operator, mac(1))).await.unwrap();
    let other = world.second().await;
    // Read and saved in one closure: whoever collides reads again, and no count is lost.
    let bumps = (0..20).map(|at| {
        let store = if at % 2 == 0 { world.store.clone() } else { other.clone() };
        tokio::spawn(async move {
            let bump = |db: &crate::Db| {
                let mut stored = by_mac(db, &Scope::Operator, mac(1))?;
                stored.device.auth.epoch = stored.device.auth.epoch.wrapping_add(1);
                device::save(db, &stored, NOW)
            };
            while let Err(error) = store.write(bump).await {
                assert!(matches!(error, StoreError::Conflict), "{error}");
            }
        })
    });
    for bump in bumps.collect::<Vec<_>>() {
        bump.await.unwrap();
    }
    let now = world.store.read(|db| by_mac(db, &Scope::Operator, mac(1))).await.unwrap();
    assert_eq!(now.version, 21);
    assert_eq!(now.device.auth.epoch, stale.device.auth.epoch.wrapping_add(20));
    let refused = world.store.write(move |db| device::save(db, &stale, NOW)).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
}

const DUMP: &crate::db::Sql = &crate::db::Sql { name: "", text: "select auth, lines from device where mac = $1" };

async fn secrets_stand_nowhere_in_clear(world: World) {
    let world = world.with_tree().await;
    world
        .store
        .write(|db| login::add(db, &Scope::Operator, domain::login::Owner::Operator, "setup", &Secret::from("global-secret"), NOW))
        .await
        .unwrap();
    let (pin, columns) = world
        .store
        .read(|db| {
            let pin = by_mac(db, &Scope::Operator, mac(1))?.device.auth.pin.unwrap().reveal().to_owned();
            Ok((pin, db.one(DUMP, &["001565000001".into()], |row| Ok([row.bytes(0)?.to_vec(), row.bytes(1)?.to_vec()]))?))
        })
        .await
        .unwrap();
    let mut everything: Vec<u8> = columns.concat();
    if let Some(path) = world.store.sqlite_path() {
        let wal = std::fs::read(path.with_extension("db-wal")).unwrap_or_default();
        everything.extend([std::fs::read(path).unwrap(), wal].concat());
    }
    for secret in [pin.as_str(), "line-secret", "global-secret"] {
        assert!(!everything.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
}

async fn a_sealed_value_moved_to_another_row_is_refused(world: World) {
    let world = world.with_tree().await;
    let swap = "update device set auth = (select auth from device where mac = '001565000002') where mac = '001565000001'";
    world.store.write(move |db| db.batch(swap)).await.unwrap();
    let error = world.store.read(|db| by_mac(db, &Scope::Operator, mac(1))).await.unwrap_err();
    assert_eq!(error.to_string(), "damaged row: device 001565000001, column auth does not open");
    assert!(world.store.read(|db| by_mac(db, &Scope::Operator, mac(2))).await.is_ok());
    // Nor in another column of the same row.
    world.store.write(|db| db.batch("update device set lines = auth where mac = '001565000003'")).await.unwrap();
    let error = world.store.read(|db| device::setup(db, &Scope::Operator, mac(3))).await.unwrap_err();
    assert_eq!(error.to_string(), "damaged row: device 001565000003, column lines does not open");
}

async fn a_corrupted_row_is_named_without_its_contents(world: World) {
    let world = world.with_tree().await;
    let corrupt = &crate::db::Sql { name: "", text: "update device set auth = $1 where mac = $2" };
    // A well-sealed value that is no device: as another program version might leave it.
    world
        .store
        .write(move |db| {
            let sealed = db.seal(device::auth_place("001565000001"), b"{\"epoch\":\"tell-tale\"}")?;
            db.exec(corrupt, &[(&sealed).into(), "001565000001".into()])
        })
        .await
        .unwrap();
    let network = "192.0.2.7/32".parse().unwrap();
    let error = world.store.read(move |db| fetch(db, mac(1), &network, NOW)).await.unwrap_err();
    assert_eq!(error.to_string(), "damaged row: device 001565000001, column auth");
    assert!(!format!("{error:?}").contains("tell-tale"));
}

async fn a_device_keeps_its_secrets_under_a_new_mac(world: World) {
    let world = world.with_tree().await;
    let rename = |db: &crate::Db| {
        let mut stored = by_mac(db, &Scope::Operator, mac(1))?;
        stored.device.mac = mac(77);
        device::replace(db, &Scope::Customer(OFFICE), mac(1), &stored, NOW)
    };
    world.store.write(rename).await.unwrap();
    let stored = world.store.read(|db| by_mac(db, &Scope::Operator, mac(77))).await.unwrap();
    assert_eq!(stored.device, domain::device::Device { mac: mac(77), ..phone(1, AT_NORTH) });
    assert_eq!(world.store.read(|db| device::setup(db, &Scope::Operator, mac(77))).await.unwrap(), setup());
    assert!(matches!(world.store.read(|db| by_mac(db, &Scope::Operator, mac(1))).await, Err(StoreError::NotFound)));
    let taken = |db: &crate::Db| {
        let mut stored = by_mac(db, &Scope::Operator, mac(77))?;
        stored.device.mac = mac(2);
        device::replace(db, &Scope::Operator, mac(77), &stored, NOW)
    };
    assert!(matches!(world.store.write(taken).await, Err(StoreError::Exists)));
}

async fn what_no_phone_file_can_carry_is_refused(world: World) {
    let world = world.with_tree().await;
    let mut broken_line = setup();
    broken_line.lines[0].name = Some("a\nb".into());
    let mut broken_setting = setup();
    broken_setting.lines[0].settings.insert("Bad Key".into(), "1".into());
    let too_many = Setup { lines: vec![setup().lines[0].clone(); 65], ..Setup::default() };
    for bad in [broken_line, broken_setting, too_many] {
        let saved = world.store.write(move |db| device::save_setup(db, &Scope::Operator, mac(1), &bad, 1)).await;
        assert!(matches!(saved, Err(StoreError::Refused(_) | StoreError::TooLarge { .. })), "{saved:?}");
    }
    assert_eq!(world.store.write(|db| device::save_setup(db, &Scope::Operator, mac(1), &Setup::default(), 1)).await.unwrap(), 2);
    let long = domain::device::Device { label: "x".repeat(201), ..phone(60, AT_NORTH) };
    assert!(world.store.write(move |db| device::add(db, &Scope::Operator, &long, &setup(), NOW)).await.is_err());
}

fn failed(number: u8, until: Time) -> domain::device::Device {
    let mut device = phone(number, AT_NORTH);
    let address = "192.0.2.1".parse().unwrap();
    let network = domain::net::pin_network(address);
    device.auth.tries = vec![Tries { network, address, wrong: 0, rounds: 1, failed_until: Some(until), blocked: false, last: NOW }];
    device
}

async fn lists_come_in_pages_and_by_state(world: World) {
    let world = world.with_tree().await;
    let add = |db: &crate::Db| {
        for number in 10..15 {
            device::add(db, &Scope::Operator, &phone(number, AT_NORTH), &setup(), NOW)?;
        }
        device::add(db, &Scope::Operator, &failed(20, NOW + Span::minutes(30)), &setup(), NOW)?;
        let mut blocked = phone(21, AT_NORTH);
        blocked.auth.blocked_everywhere = true;
        device::add(db, &Scope::Operator, &blocked, &setup(), NOW)
    };
    world.store.write(add).await.unwrap();
    let numbers = |filter: Filter, now: Time| {
        let store = world.store.clone();
        async move {
            let (mut all, mut after) = (Vec::new(), None);
            loop {
                let (filter, from) = (filter.clone(), after.take());
                let page = store.read(move |db| list(db, &Scope::Reseller(RESELLER), &filter, now, from.as_ref(), 3)).await.unwrap();
                all.extend(page.items.iter().map(|listed| listed.stored.device.mac.bytes()[5]));
                match page.next {
                    Some(next) => after = Some(next),
                    None => return all,
                }
            }
        }
    };
    let all = Filter::default();
    assert_eq!(numbers(all.clone(), NOW).await, [1, 10, 11, 12, 13, 14, 20, 21, 2]);
    let states = |states: &[State]| Filter { states: states.to_vec(), ..Filter::default() };
    assert_eq!(numbers(states(&[State::Failed, State::Blocked]), NOW).await, [20, 21]);
    let later = NOW + Span::minutes(31);
    assert_eq!(numbers(states(&[State::Failed, State::Blocked]), later).await, [21], "a lock that ended is no failure any more");
    assert_eq!(numbers(states(&[State::Needed]), later).await, [1, 10, 11, 12, 13, 14, 20, 2]);
    assert_eq!(numbers(Filter { customer: Some(SIBLING), ..all.clone() }, NOW).await, [2]);
    assert!(numbers(Filter { site: Some(SOUTH), ..all.clone() }, NOW).await.is_empty());
    assert_eq!(numbers(Filter { query: "DESK 1".into(), ..all.clone() }, NOW).await, [1, 10, 11, 12, 13, 14]);
    assert_eq!(numbers(Filter { query: "00:15:65:00:00:0B".into(), ..all.clone() }, NOW).await, [11]);
    assert!(numbers(Filter { customer: Some(DIRECT), ..all }, NOW).await.is_empty(), "a filter does not widen the scope");
    let counts = world.store.report(|db| device::by_state(db, &Scope::Operator, NOW)).await.unwrap();
    assert_eq!(counts, [("blocked".to_owned(), 1), ("failed".to_owned(), 1), ("needed".to_owned(), 9)]);
    let of_office = Filter { customer: Some(OFFICE), ..Filter::default() };
    let everywhere = world.store.read(move |db| list(db, &Scope::Operator, &of_office, NOW, None, 100)).await.unwrap();
    assert!(everywhere.items.len() == 8 && everywhere.items.iter().all(|listed| listed.stored.device.place.customer == OFFICE));
    // A cursor taken from another list opens no other customer.
    let beyond = world.store.read(|db| list(db, &Scope::Operator, &Filter::default(), NOW, None, 1)).await.unwrap().next.unwrap();
    let page = world.store.read(move |db| list(db, &Scope::Customer(DIRECT), &Filter::default(), NOW, Some(&beyond), 10)).await.unwrap();
    assert_eq!(page.items.len(), 1);
    assert_eq!((page.items[0].customer.as_str(), page.items[0].site.as_deref()), ("Direct", None));
}

async fn an_ended_lock_is_found_once(world: World) {
    let world = world.with_tree().await;
    let until = NOW + Span::minutes(30);
    world.store.write(move |db| device::add(db, &Scope::Operator, &failed(20, until), &setup(), NOW)).await.unwrap();
    let ended = |since, now| world.store.read(move |db| device::changed_states(db, since, now));
    assert!(ended(NOW, until - Span::seconds(1)).await.unwrap().is_empty());
    assert_eq!(ended(NOW, until).await.unwrap(), [mac(20)]);
    assert!(ended(until, until + Span::hours(1)).await.unwrap().is_empty());
}

fn visit(number: u8, at: i64) -> News {
    let address = "192.0.2.9".parse().unwrap();
    let time = NOW + Span::seconds(at);
    let request = Request {
        time,
        address,
        method: "GET".into(),
        file: format!("{at}.cfg{}", "é".repeat(200)),
        status: 200,
        evidence: "own".into(),
        decision: "full".into(),
        reason: "own".into(),
        bytes: 4_000,
        transport: "https".into(),
    };
    let own_address = (at == 0).then_some(address);
    let firmware = if at == 0 { "66.86.0.15".into() } else { String::new() };
    News {
        mac: mac(number),
        seen: Seen {
            served: (at < 50).then(|| Served { at: time, address, transport: if at < 40 { "http" } else { "http-encrypted" }.into() }),
            own_address,
            firmware,
            model: "T46S".into(),
        },
        requests: vec![request],
    }
}

async fn requests_are_remembered_newest_first_and_bounded(world: World) {
    let world = world.with_tree().await;
    assert_eq!(world.store.read(|db| seen::seen(db, &Scope::Operator, mac(1))).await.unwrap(), None);
    let news: Vec<News> = (0..60).map(|at| visit(1, at)).chain([visit(99, 0)]).collect();
    world.store.write(move |db| seen::note(db, &news)).await.unwrap();
    let requests = world.store.read(|db| seen::requests(db, &Scope::Customer(OFFICE), mac(1))).await.unwrap();
    assert_eq!(requests.len(), crate::limits::REQUESTS_KEPT);
    assert!(requests[0].file.starts_with("59.cfg") && requests[0].file.len() <= crate::limits::REQUEST_FIELD_BYTES_MAX);
    assert!(requests[49].file.starts_with("10.cfg"));
    let latest = world.store.read(|db| seen::seen(db, &Scope::Operator, mac(1))).await.unwrap().unwrap();
    let served = latest.served.clone().unwrap();
    assert_eq!(
        (served.at, served.transport.as_str()),
        (NOW + Span::seconds(49), "http-encrypted"),
        "kept though later requests were turned away"
    );
    assert_eq!(requests[0].transport, "https");
    assert_eq!(latest.firmware, "66.86.0.15");
    let network = "192.0.2.9/32".parse().unwrap();
    let fetched = world.store.read(move |db| fetch(db, mac(1), &network, NOW)).await.unwrap().unwrap();
    assert_eq!(fetched.own_address, Some("192.0.2.9".parse().unwrap()), "kept though later requests were without the own login");
    assert!(world.store.read(|db| seen::requests(db, &Scope::Customer(SIBLING), mac(1))).await.unwrap().is_empty());
    let listed = world.store.read(|db| list(db, &Scope::Site(NORTH), &Filter::default(), NOW, None, 10)).await.unwrap();
    assert_eq!(listed.items[0].seen.as_ref(), Some(&latest));
    world.store.write(|db| device::remove(db, &Scope::Operator, mac(1))).await.unwrap();
    assert_eq!(world.store.read(|db| seen::seen(db, &Scope::Operator, mac(1))).await.unwrap(), None);
}

async fn knocks_are_bounded(world: World) {
    let world = world.with_tree().await;
    let knock = |number: u32| {
        let [_, a, b, c] = number.to_be_bytes();
        let mac = domain::Mac::from_bytes([0x80, 0x5e, 0xc0, a, b, c]).unwrap();
        let seen = NOW + Span::seconds(number.into());
        Knock { mac, first_seen: seen, last_seen: seen, address: "192.0.2.1".parse().unwrap(), model: "yealink/T46S".into(), times: 1 }
    };
    let most = u32::try_from(crate::limits::KNOCKS_MAX).unwrap();
    let knocks: Vec<_> = (0..most + 5).chain([most + 4]).map(knock).collect();
    world.store.write(move |db| sightings::note_knocks(db, &knocks)).await.unwrap();
    assert_eq!(world.store.read(sightings::knock_count).await.unwrap(), crate::limits::KNOCKS_MAX);
    let newest = world.store.read(|db| sightings::knocks(db, &Scope::Operator, 2)).await.unwrap();
    assert_eq!(newest, [Knock { times: 2, ..knock(most + 4) }, knock(most + 3)]);
    assert!(world.store.read(|db| sightings::knocks(db, &Scope::Reseller(RESELLER), 2)).await.unwrap().is_empty());
    let added = move |db: &crate::Db| {
        let device = domain::device::Device { mac: knock(most + 4).mac, ..phone(30, AT_NORTH) };
        device::add(db, &Scope::Operator, &device, &setup(), NOW)
    };
    world.store.write(added).await.unwrap();
    assert_eq!(world.store.read(|db| sightings::knocks(db, &Scope::Operator, 1)).await.unwrap(), [knock(most + 3)]);
}

async fn flags_are_raised_and_cleared(world: World) {
    let world = world.with_tree().await;
    let flag = |number, kind: &str, at: i64| Attention {
        mac: mac(number),
        kind: kind.into(),
        at: NOW + Span::seconds(at),
        address: "192.0.2.1".parse().ok(),
    };
    let raise = |flag: Attention| world.store.write(move |db| sightings::raise(db, &flag));
    raise(flag(1, "second_claimant", 1)).await.unwrap();
    raise(flag(1, "second_claimant", 5)).await.unwrap();
    raise(flag(1, "identity_mismatch", 2)).await.unwrap();
    raise(flag(2, "identity_mismatch", 9)).await.unwrap();
    let of = |scope| world.store.read(move |db| sightings::attention(db, &scope, mac(1)));
    assert_eq!(of(Scope::Customer(OFFICE)).await.unwrap(), [flag(1, "identity_mismatch", 2), flag(1, "second_claimant", 5)]);
    assert!(of(Scope::Customer(SIBLING)).await.unwrap().is_empty());
    world.store.write(|db| sightings::clear(db, mac(1), "identity_mismatch")).await.unwrap();
    let newest = world.store.read(|db| sightings::newest(db, &Scope::Reseller(RESELLER), 10)).await.unwrap();
    assert_eq!(newest, [flag(2, "identity_mismatch", 9), flag(1, "second_claimant", 5)]);
}

fn entry(subject: &str) -> Entry {
    let text = |text: &str| text.to_owned();
    Entry { at: NOW, actor: text("command line"), action: text("reset-authentication"), subject: text(subject), detail: text("by hand") }
}

async fn the_audit_is_a_chain(world: World) {
    let world = world.with_tree().await;
    assert_eq!(world.store.report(audit::verify).await.unwrap(), Verdict::Whole { entries: 0 });
    let log = |node, subject: &'static str| world.store.write(move |db| audit::append(db, node, &entry(subject)));
    log(Node::Operator, "platform").await.unwrap();
    log(Node::Reseller(RESELLER), "reseller").await.unwrap();
    log(Node::Customer(OFFICE), "office").await.unwrap();
    log(Node::Site(NORTH), "north").await.unwrap();
    log(Node::Customer(tree::STRANGER), "stranger").await.unwrap();
    let undone = world.store.write(|db| {
        audit::append(db, Node::Operator, &entry("undone"))?;
        Err::<(), _>(StoreError::NotFound)
    });
    assert!(undone.await.is_err());
    let seen = |scope| {
        let store = world.store.clone();
        async move {
            let kept = store.read(move |db| audit::newest(db, &scope, i64::MAX, 100)).await.unwrap();
            kept.into_iter().map(|kept| kept.entry.subject).collect::<Vec<_>>()
        }
    };
    assert_eq!(seen(Scope::Operator).await, ["stranger", "north", "office", "reseller", "platform"]);
    assert_eq!(seen(Scope::Reseller(RESELLER)).await, ["north", "office", "reseller"]);
    assert_eq!(seen(Scope::Customer(OFFICE)).await, ["north", "office"]);
    assert_eq!(seen(Scope::Site(NORTH)).await, ["north"]);
    assert_eq!(seen(Scope::Site(SOUTH)).await, Vec::<String>::new());
    assert_eq!(world.store.report(audit::verify).await.unwrap(), Verdict::Whole { entries: 5 });

    let tamper = |script: &'static str| world.store.write(move |db| db.batch(script));
    tamper("update audit set subject = 'other' where seq = 3").await.unwrap();
    assert_eq!(world.store.report(audit::verify).await.unwrap(), Verdict::Broken { seq: 3 });
    tamper("update audit set subject = 'office' where seq = 3").await.unwrap();
    assert_eq!(world.store.report(audit::verify).await.unwrap(), Verdict::Whole { entries: 5 });
    // An entry rewritten with a fitting hash of its own breaks the next one; the last one, the sealed head.
    for seq in [3, 5] {
        world.store.write(move |db| forge(db, seq)).await.unwrap();
        let broken = if seq == 5 { 5 } else { seq + 1 };
        assert_eq!(world.store.report(audit::verify).await.unwrap(), Verdict::Broken { seq: broken });
        world.store.write(move |db| forge(db, seq)).await.unwrap();
        assert_eq!(world.store.report(audit::verify).await.unwrap(), Verdict::Whole { entries: 5 }, "forged back");
    }
    tamper("delete from audit where seq = 5").await.unwrap();
    assert_eq!(world.store.report(audit::verify).await.unwrap(), Verdict::Broken { seq: 4 });
    tamper("delete from audit where seq = 2").await.unwrap();
    assert_eq!(world.store.report(audit::verify).await.unwrap(), Verdict::Broken { seq: 2 });
}

/// Turns an entry's subject around, with a hash that fits the entry before it.
fn forge(db: &crate::Db, seq: i64) -> crate::Result<()> {
    let hash_of = &crate::db::Sql { name: "", text: "select hash from audit where seq = $1" };
    let rewrite = &crate::db::Sql { name: "", text: "update audit set subject = $1, hash = $2 where seq = $3" };
    let before = db.one(hash_of, &[(seq - 1).into()], |row| Ok(row.bytes(0)?.to_vec()))?;
    let kept = audit::newest(db, &Scope::Operator, seq + 1, 1)?.remove(0);
    let subject: String = kept.entry.subject.chars().rev().collect();
    let hash = audit::link(&before, seq, kept.node, &Entry { subject: subject.clone(), ..kept.entry });
    db.exec(rewrite, &[(&subject).into(), (&hash).into(), seq.into()]).map(drop)
}

async fn concurrent_audits_keep_one_chain(world: World) {
    let world = world.with_tree().await;
    let other = world.second().await;
    let writers = (0..20).map(|at| {
        let store = if at % 2 == 0 { world.store.clone() } else { other.clone() };
        tokio::spawn(async move {
            let both = |db: &crate::Db| {
                enqueue(db, NOW, "t", "{}".into())?;
                audit::append(db, Node::Operator, &entry("a"))?;
                audit::append(db, Node::Operator, &entry("b"))
            };
            store.write(both).await.unwrap();
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(world.store.report(audit::verify).await.unwrap(), Verdict::Whole { entries: 40 });
    // The end cut off, with the head's number set back: only the master key could seal a fitting head.
    let cut = "delete from audit where seq > 38; update audit_head set seq = 38 where id = 1";
    world.store.write(move |db| db.batch(cut)).await.unwrap();
    assert_eq!(world.store.report(audit::verify).await.unwrap(), Verdict::Broken { seq: 38 });
}

async fn everything_can_be_sealed_anew(world: World) {
    let world = world.with_tree().await;
    let before = crate::meta::platform_key(&world.store, "claims").await.unwrap();
    let fill = |db: &crate::Db| {
        login::add(db, &Scope::Operator, domain::login::Owner::Operator, "setup", &Secret::from("global-secret"), NOW)?;
        before::keep(db, mac(4), &Before { at: NOW, text: "{}".into() })?;
        audit::append(db, Node::Operator, &entry("a"))
    };
    world.store.write(fill).await.unwrap();
    let mut ring = world.ring.clone();
    ring.add(&mut Seeded::new(50)).unwrap();
    let both = world.open(&ring, world.options()).await.unwrap();
    // Four devices with two values each, what one was before, one global login, the platform key, the key check, the audit's head.
    assert_eq!(both.reseal().await.unwrap(), 13);
    assert_eq!(both.reseal().await.unwrap(), 0);
    assert!(world.store.read(|db| by_mac(db, &Scope::Operator, mac(1))).await.unwrap_err().to_string().contains("master key 2"));
    ring.forget(1);
    let newest = world.open(&ring, world.options()).await.unwrap();
    assert_eq!(newest.read(|db| by_mac(db, &Scope::Operator, mac(4))).await.unwrap().version, 1);
    assert_eq!(newest.read(|db| device::setup(db, &Scope::Operator, mac(4))).await.unwrap(), setup());
    assert_eq!(crate::meta::platform_key(&newest, "claims").await.unwrap(), before);
    assert_eq!(newest.report(audit::verify).await.unwrap(), Verdict::Whole { entries: 1 });
    newest.write(|db| audit::append(db, Node::Operator, &entry("b"))).await.unwrap();
    assert_eq!(newest.read(|db| login::all(db, &Scope::Operator)).await.unwrap()[0].password.expose(), "global-secret");
    assert!(world.open(&world.ring, world.options()).await.is_err());
}

async fn what_a_device_was_before_is_its_branchs_and_goes_with_it(world: World) {
    let world = world.with_tree().await;
    let was = |at: Time, text: &str| Before { at, text: text.into() };
    let (first, second) = (was(NOW, "first"), was(NOW + Span::hours(1), "second"));
    let kept = (first, second.clone());
    world.store.write(move |db| before::keep(db, mac(1), &kept.0).and_then(|()| before::keep(db, mac(1), &kept.1))).await.unwrap();
    for (scope, customers) in SCOPES {
        let found = world.store.read(move |db| before::find(db, &scope, mac(1))).await.unwrap();
        let visible = customers.contains(&OFFICE) || scope == Scope::Site(NORTH);
        assert_eq!(found, visible.then(|| second.clone()), "{scope:?}");
    }
    world.store.write(|db| device::remove(db, &Scope::Operator, mac(1))).await.unwrap();
    world.store.write(|db| device::add(db, &Scope::Operator, &phone(1, AT_NORTH), &setup(), NOW)).await.unwrap();
    assert_eq!(world.store.read(|db| before::find(db, &Scope::Operator, mac(1))).await.unwrap(), None);
}

async fn the_audit_of_one_subject_is_its_nodes(world: World) {
    let world = world.with_tree().await;
    let node = Node::Customer(OFFICE);
    let write = move |db: &crate::Db| {
        for (at, of, subject, action) in
            [(1, node, "a", "reset"), (2, node, "b", "reset"), (3, Node::Operator, "a", "reset"), (4, node, "a", "moved")]
        {
            let at = NOW + Span::minutes(at);
            audit::append(db, of, &Entry { at, subject: subject.into(), action: action.into(), ..entry("somebody") })?;
        }
        Ok(())
    };
    world.store.write(write).await.unwrap();
    let found = world.store.read(move |db| audit::of_subject(db, node, "a", 10)).await.unwrap();
    assert_eq!(found.iter().map(|kept| kept.seq).collect::<Vec<_>>(), [4, 1]);
    let found = world.store.read(move |db| audit::since(db, node, NOW + Span::minutes(1), ["reset", "settings"], 10)).await.unwrap();
    assert_eq!(found.iter().map(|kept| kept.seq).collect::<Vec<_>>(), [2]);
}
