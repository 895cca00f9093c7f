//! What callers may rely on, whatever the engine.

use domain::chance::Seeded;
use domain::{Span, Time};
use uuid::Uuid;

use crate::outbox::{enqueue, outbox_after, outbox_last, prune_outbox};
use crate::tests::fixture::{NOW, PUT, World, add, counter, on_both};
use crate::{KeyRing, News, Options, Store, StoreError, job, meta};

on_both! {
    values_read_back_as_they_were_written
    an_error_undoes_the_write
    a_panic_undoes_only_its_own_write
    an_error_cannot_be_swallowed
    a_taken_key_is_told_apart
    concurrent_writes_lose_nothing
    a_report_sees_one_moment
    a_panicking_report_harms_nobody
    a_closed_store_refuses_writes
    another_key_is_refused_when_opened
    a_newer_database_is_refused
    a_changed_migration_is_refused
    opening_twice_at_once_migrates_once
    platform_keys_are_made_once_and_kept
    a_damaged_platform_key_is_named
    messages_arrive_in_order_and_without_gaps
    an_undone_write_sends_nothing
    a_reader_wakes_for_another_process
    a_reader_left_behind_is_told
    a_lease_has_one_holder
    a_job_is_claimed_once
    a_lost_claim_finishes_nothing
}

async fn values_read_back_as_they_were_written(world: World) {
    let world = world.with_probe().await;
    let long = "ä\u{1f4de}\\ '".repeat(5_000);
    let expected = long.clone();
    let (full, empty) = world
        .store
        .write(move |db| {
            db.exec(PUT, &[2.into(), i64::MIN.into(), (&long).into(), (&[0u8, 255, 10]).into(), true.into()])?;
            db.exec(PUT, &[3.into(), i64::MAX.into(), None::<&str>.into(), None::<&[u8]>.into(), None::<bool>.into()])?;
            let sql = &crate::db::Sql { name: "", text: "select n, t, b, f from probe where id > 1 order by id" };
            let mut rows = db.all(sql, &[], |row| {
                let flag = if row.is_null(3)? { None } else { Some(row.bool(3)?) };
                Ok((row.int(0)?, row.opt_text(1)?.map(str::to_owned), row.opt_bytes(2)?.map(<[u8]>::to_vec), flag))
            })?;
            let empty = rows.pop();
            Ok((rows.pop(), empty))
        })
        .await
        .unwrap();
    assert_eq!(full, Some((i64::MIN, Some(expected), Some(vec![0, 255, 10]), Some(true))));
    assert_eq!(empty, Some((i64::MAX, None, None, None)));
}

async fn an_error_undoes_the_write(world: World) {
    #[derive(Debug)]
    enum Refusal {
        Rule,
        Store(#[expect(dead_code, reason = "shown if the test fails")] StoreError),
    }
    impl From<StoreError> for Refusal {
        fn from(error: StoreError) -> Self {
            Self::Store(error)
        }
    }
    let world = world.with_probe().await;
    let refused: Result<(), Refusal> = world
        .store
        .try_write(|db| {
            add(db, 5)?;
            Err(Refusal::Rule)
        })
        .await;
    assert!(matches!(refused, Err(Refusal::Rule)), "{refused:?}");
    assert_eq!(world.store.read(counter).await.unwrap(), 0);
}

async fn a_panic_undoes_only_its_own_write(world: World) {
    let world = world.with_probe().await;
    let store = &world.store;
    let panics = store.write(|db| {
        add(db, 100)?;
        assert_eq!(counter(db)?, -1, "this panic is part of a test");
        Ok(())
    });
    let (good, bad, better) = tokio::join!(store.write(|db| add(db, 1)), panics, store.write(|db| add(db, 2)));
    assert!(matches!(bad, Err(StoreError::Panicked)), "{bad:?}");
    good.unwrap();
    better.unwrap();
    assert_eq!(store.read(counter).await.unwrap(), 3);
}

async fn an_error_cannot_be_swallowed(world: World) {
    let world = world.with_probe().await;
    let put =
        |id: i64| move |db: &crate::Db| db.exec(PUT, &[id.into(), 0.into(), None::<&str>.into(), None::<&str>.into(), None::<bool>.into()]);
    let swallowed = world
        .store
        .write(move |db| {
            add(db, 1)?;
            assert!(put(1)(db).is_err());
            Ok(())
        })
        .await;
    assert!(swallowed.unwrap_err().to_string().contains("not passed on"));
    assert_eq!(world.store.read(counter).await.unwrap(), 0);
}

async fn a_taken_key_is_told_apart(world: World) {
    let world = world.with_probe().await;
    let taken = world.store.write(|db| db.exec(PUT, &[1.into(), 0.into(), "".into(), None::<&[u8]>.into(), true.into()])).await;
    assert!(matches!(taken, Err(StoreError::Exists)), "{taken:?}");
}

async fn concurrent_writes_lose_nothing(world: World) {
    let world = world.with_probe().await;
    let other = world.second().await;
    let writers = (0..40).map(|at| {
        let store = if at % 2 == 0 { world.store.clone() } else { other.clone() };
        tokio::spawn(async move {
            for _ in 0..10 {
                store.write(|db| add(db, 1)).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(world.store.read(counter).await.unwrap(), 400);
    assert_eq!(world.store.read_now(counter).unwrap(), 400);
}

async fn a_report_sees_one_moment(world: World) {
    let world = world.with_probe().await;
    let (begun, has_begun) = std::sync::mpsc::channel();
    let (write, written) = std::sync::mpsc::channel();
    let store = world.store.clone();
    let report = tokio::spawn(async move {
        store
            .report(move |db| {
                let before = counter(db)?;
                begun.send(()).unwrap();
                written.recv().unwrap();
                Ok((before, counter(db)?))
            })
            .await
    });
    tokio::task::spawn_blocking(move || has_begun.recv().unwrap()).await.unwrap();
    world.store.write(|db| add(db, 1)).await.unwrap();
    write.send(()).unwrap();
    assert_eq!(report.await.unwrap().unwrap(), (0, 0));
    assert_eq!(world.store.report(counter).await.unwrap(), 1);
}

async fn a_panicking_report_harms_nobody(world: World) {
    let world = world.with_probe().await;
    // As many as there are connections: none may come back with an open transaction.
    for _ in 0..crate::limits::POOL_MAX {
        let panicked = world.store.report(|db| {
            assert_eq!(counter(db)?, -1, "this panic is part of a test");
            Ok(())
        });
        assert!(matches!(panicked.await, Err(StoreError::Panicked)));
    }
    world.store.write(|db| add(db, 1)).await.unwrap();
    assert_eq!(world.store.report(counter).await.unwrap(), 1);
}

async fn a_closed_store_refuses_writes(world: World) {
    let world = world.with_probe().await;
    world.store.write(|db| add(db, 1)).await.unwrap();
    world.store.close().await;
    let refused = world.store.write(|db| add(db, 1)).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert_eq!(world.second().await.read(counter).await.unwrap(), 1);
}

async fn another_key_is_refused_when_opened(world: World) {
    let stranger = KeyRing::generate(&mut Seeded::new(99));
    let error = world.open(&stranger, world.options()).await.unwrap_err().to_string();
    assert_eq!(error, "the master key file does not belong to this database: restore the right one");
    let mut only_newer = KeyRing::generate(&mut Seeded::new(99));
    only_newer.add(&mut Seeded::new(98)).unwrap();
    only_newer.forget(1);
    let error = world.open(&only_newer, world.options()).await.unwrap_err().to_string();
    assert_eq!(error, "the database is sealed with master key 1, which the key file does not hold");
}

async fn a_newer_database_is_refused(world: World) {
    world.store.write(|db| db.batch("insert into schema_migration (number, name, checksum) values (900, 'later', 'x')")).await.unwrap();
    let error = world.open(&world.ring, world.options()).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 900, .. }), "{error}");
    assert!(error.to_string().contains("run a newer ringfence"));
}

async fn a_changed_migration_is_refused(world: World) {
    world.store.write(|db| db.batch("update schema_migration set checksum = 'x' where number = 1")).await.unwrap();
    let error = world.open(&world.ring, world.options()).await.unwrap_err();
    assert!(matches!(error, StoreError::Changed(1)), "{error}");
}

async fn opening_twice_at_once_migrates_once(world: World) {
    let next = crate::migrate::MIGRATIONS.last().unwrap().number + 1;
    let later = crate::migrate::Migration { number: next, name: "later", text: "create table later (\n    id bigint primary key\n);\n" };
    let more: &'static [_] = Box::leak([crate::migrate::MIGRATIONS, &[later]].concat().into_boxed_slice());
    let options = Options { migrations: more, ..world.options() };
    let (first, second) = tokio::join!(world.open(&world.ring, options.clone()), world.open(&world.ring, options.clone()));
    for store in [first, second] {
        store.unwrap().write(|db| db.batch("delete from later")).await.unwrap();
    }
    let broken =
        crate::migrate::Migration { number: next + 1, name: "broken", text: "create table half (\n    id bigint\n);\nnonsense;\n" };
    let broken = Box::leak([more, &[broken]].concat().into_boxed_slice());
    assert!(world.open(&world.ring, Options { migrations: broken, ..world.options() }).await.is_err());
    let store = world.open(&world.ring, options).await.expect("a failed migration leaves nothing behind");
    assert!(store.read(|db| db.batch("select * from half")).await.is_err());
}

async fn platform_keys_are_made_once_and_kept(world: World) {
    let other = world.second().await;
    let (first, second) = tokio::join!(meta::platform_key(&world.store, "claims"), meta::platform_key(&other, "claims"));
    let first = first.unwrap();
    assert_eq!(first, second.unwrap());
    assert_ne!(first, meta::platform_key(&world.store, "nonces").await.unwrap());
}

async fn a_damaged_platform_key_is_named(world: World) {
    meta::platform_key(&world.store, "claims").await.unwrap();
    meta::platform_key(&world.store, "nonces").await.unwrap();
    // The sealed value of one row, moved to another: it must not open there.
    let moved = "update meta set value = (select value from meta where name = 'platform key nonces') where name = 'platform key claims'";
    world.store.write(move |db| db.batch(moved)).await.unwrap();
    let error = meta::platform_key(&world.store, "claims").await.unwrap_err().to_string();
    assert!(error.starts_with("damaged row: meta ") && error.ends_with("column value does not open"), "{error}");
    assert!(meta::platform_key(&world.store, "nonces").await.is_ok());
}

async fn send(store: &Store, topic: &'static str, count: usize) {
    store.write(move |db| (0..count).try_for_each(|at| enqueue(db, NOW, topic, at.to_string()))).await.unwrap();
}

async fn messages_arrive_in_order_and_without_gaps(world: World) {
    let other = world.second().await;
    let senders = (0..10).map(|at| {
        let store = if at % 2 == 0 { world.store.clone() } else { other.clone() };
        tokio::spawn(async move { send(&store, "t", 3).await })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await.unwrap();
    }
    let messages = world.store.read(|db| outbox_after(db, 0)).await.unwrap();
    let ids: Vec<_> = messages.iter().map(|message| message.id).collect();
    assert_eq!(ids, (1..=30).collect::<Vec<_>>());
    for three in messages.chunks(3) {
        assert_eq!(three.iter().map(|message| message.payload.as_str()).collect::<Vec<_>>(), ["0", "1", "2"]);
    }
}

async fn an_undone_write_sends_nothing(world: World) {
    let undone = world
        .store
        .write(|db| {
            enqueue(db, NOW, "t", "1".into())?;
            Err::<(), _>(StoreError::NotFound)
        })
        .await;
    assert!(matches!(undone, Err(StoreError::NotFound)));
    send(&world.store, "t", 1).await;
    assert_eq!(world.store.read(|db| outbox_after(db, 0)).await.unwrap().len(), 1);
}

async fn a_reader_wakes_for_another_process(world: World) {
    send(&world.store, "before", 2).await;
    let start = world.store.read(outbox_last).await.unwrap();
    let mut reader = world.store.outbox_reader(start);
    let other = world.second().await;
    let (news, ()) = tokio::join!(reader.next(), send(&other, "after", 1));
    let News::Messages(messages) = news.unwrap() else { panic!("nothing was missed") };
    assert_eq!(messages.iter().map(|message| (message.id, message.topic.as_str())).collect::<Vec<_>>(), [(3, "after")]);
    assert_eq!(reader.cursor(), 3);
}

async fn a_reader_left_behind_is_told(world: World) {
    send(&world.store, "t", 10).await;
    world.store.write(|db| prune_outbox(db, NOW, Span::hours(1), 4)).await.unwrap();
    let mut behind = world.store.outbox_reader(2);
    assert_eq!(behind.next().await.unwrap(), News::Missed);
    assert_eq!(behind.cursor(), 10);
    let mut near = world.store.outbox_reader(6);
    assert!(matches!(near.next().await.unwrap(), News::Messages(messages) if messages.len() == 4));
    let later = NOW + Span::hours(2);
    assert_eq!(world.store.write(move |db| prune_outbox(db, later, Span::hours(1), 4)).await.unwrap(), 4);
    let mut from_another_life = world.store.outbox_reader(1_000);
    assert_eq!(from_another_life.next().await.unwrap(), News::Missed);
}

async fn a_lease_has_one_holder(world: World) {
    let (ours, theirs) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let take = |owner, now: Time| world.store.write(move |db| job::lease(db, "prune", owner, now, Span::minutes(1)));
    assert!(take(ours, NOW).await.unwrap());
    assert!(!take(theirs, NOW + Span::seconds(59)).await.unwrap());
    assert!(take(ours, NOW + Span::seconds(59)).await.unwrap(), "the holder renews");
    assert!(!take(theirs, NOW + Span::seconds(118)).await.unwrap());
    assert!(take(theirs, NOW + Span::seconds(119)).await.unwrap(), "it ended");
    world.store.write(move |db| job::release(db, "prune", ours)).await.unwrap();
    assert!(!take(ours, NOW + Span::seconds(120)).await.unwrap(), "only the holder gives it back");
    world.store.write(move |db| job::release(db, "prune", theirs)).await.unwrap();
    assert!(take(ours, NOW + Span::seconds(120)).await.unwrap());
    let (before, after) = (NOW + Span::hours(1), NOW + Span::hours(1) + Span::seconds(1));
    world.store.write(move |db| job::prune_leases(db, before)).await.unwrap();
    let name = "ended";
    world.store.write(move |db| job::lease(db, name, ours, before, Span::seconds(1))).await.unwrap();
    assert_eq!(world.store.write(move |db| job::prune_leases(db, before)).await.unwrap(), 0, "not yet");
    assert_eq!(world.store.write(move |db| job::prune_leases(db, after)).await.unwrap(), 1);
}

async fn a_job_is_claimed_once(world: World) {
    let other = world.second().await;
    let add_jobs = |db: &crate::Db| (0..20).try_for_each(|id| job::add(db, Uuid::from_u128(id), "resync", NOW, "{}"));
    world.store.write(add_jobs).await.unwrap();
    world.store.write(add_jobs).await.expect("the same ids again are no error");
    let claimers = (0..8u128).map(|at| {
        let store = if at % 2 == 0 { world.store.clone() } else { other.clone() };
        tokio::spawn(async move {
            let mut claimed = Vec::new();
            // A claimer that lost a race sees nothing for once; it looks again until nothing is due.
            let due = &crate::db::Sql { name: "", text: "select count(*) from job where leased_until is null" };
            while store.read(move |db| db.one(due, &[], |row| row.int(0))).await.unwrap() > 0 {
                let job = store.write(move |db| job::claim(db, "resync", Uuid::from_u128(100 + at), NOW, Span::minutes(1))).await.unwrap();
                claimed.extend(job.map(|job| job.id));
            }
            claimed
        })
    });
    let mut all = Vec::new();
    for claimer in claimers.collect::<Vec<_>>() {
        all.extend(claimer.await.unwrap());
    }
    all.sort_unstable();
    assert_eq!(all, (0..20).map(Uuid::from_u128).collect::<Vec<_>>());
}

async fn a_lost_claim_finishes_nothing(world: World) {
    let (ours, theirs, id) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(7));
    world.store.write(move |db| job::add(db, id, "resync", NOW, "{\"a\":1}")).await.unwrap();
    let claim = |owner, now: Time| world.store.write(move |db| job::claim(db, "resync", owner, now, Span::minutes(1)));
    assert!(claim(ours, NOW - Span::seconds(1)).await.unwrap().is_none(), "not due yet");
    assert_eq!(claim(ours, NOW).await.unwrap().unwrap().tries, 1);
    assert!(claim(theirs, NOW + Span::seconds(59)).await.unwrap().is_none());
    let again = claim(theirs, NOW + Span::minutes(1)).await.unwrap().unwrap();
    assert_eq!((again.id, again.tries, again.payload.as_str()), (id, 2, "{\"a\":1}"));
    let (finished, renewed, retried) = world
        .store
        .write(move |db| {
            let later = NOW + Span::minutes(2);
            Ok((
                job::finish(db, id, ours)?,
                job::renew(db, id, ours, NOW, Span::hours(1))?,
                job::retry(db, id, theirs, later, &"é".repeat(900))?,
            ))
        })
        .await
        .unwrap();
    assert_eq!((finished, renewed, retried), (false, false, true));
    assert!(claim(ours, NOW + Span::minutes(1)).await.unwrap().is_none());
    assert_eq!(claim(ours, NOW + Span::minutes(2)).await.unwrap().unwrap().tries, 3);
    assert!(world.store.write(move |db| job::finish(db, id, ours)).await.unwrap());
}
