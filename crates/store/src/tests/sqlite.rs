//! What only the file engine promises: one commit for many, a bounded queue, a full disk survived, backups.

use std::sync::mpsc;

use domain::chance::Seeded;

use crate::db::Sql;
use crate::tests::fixture::{PUT, ROWS, World, add, block_on, counter};
use crate::{Db, KeyRing, Options, Store, StoreError, backup};

/// Holds the writer inside a job until the returned sender is used or dropped.
async fn hold_writer(store: &Store) -> (mpsc::Sender<()>, tokio::task::JoinHandle<crate::Result<()>>) {
    let (release, released) = mpsc::channel();
    let (held, is_held) = mpsc::channel();
    let store = store.clone();
    let job = tokio::spawn(async move {
        store
            .write(move |_| {
                let _ = held.send(());
                let _ = released.recv();
                Ok(())
            })
            .await
    });
    tokio::task::spawn_blocking(move || is_held.recv().unwrap()).await.unwrap();
    (release, job)
}

fn rows(db: &Db) -> crate::Result<i64> {
    db.one(ROWS, &[], |row| row.int(0))
}

#[test]
fn writes_that_wait_share_one_commit() {
    block_on(async {
        let world = World::sqlite().await.with_probe().await;
        let (release, holder) = hold_writer(&world.store).await;
        let mut waiting = Vec::new();
        for _ in 0..10 {
            let (store, outside) = (world.store.clone(), world.store.clone());
            let (queued, is_queued) = tokio::sync::oneshot::channel();
            waiting.push(tokio::spawn(async move {
                let mut write = Box::pin(store.write(move |db| {
                    add(db, 1)?;
                    Ok((counter(db)?, outside.read_now(counter)?))
                }));
                // One poll puts the job into the queue.
                assert!(futures_poll(&mut write).await);
                queued.send(()).unwrap();
                write.await
            }));
            is_queued.await.unwrap();
        }
        release.send(()).unwrap();
        holder.await.unwrap().unwrap();
        for (expected, write) in (1..).zip(waiting) {
            let (inside, outside) = write.await.unwrap().unwrap();
            assert_eq!((inside, outside), (expected, 0), "nobody outside sees a change before the common commit");
        }
        assert_eq!(world.store.read(counter).await.unwrap(), 10);
    });
}

/// Polls once; true if the future is not ready yet.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|context| std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_pending())).await
}

#[test]
fn a_full_queue_refuses_and_recovers() {
    block_on(async {
        let world = World::sqlite().await.with_probe().await;
        world.store.close().await;
        let store = world.open(&world.ring, Options { write_queue_max: 2, ..world.options() }).await.unwrap();
        let (release, holder) = hold_writer(&store).await;
        let mut first = Box::pin(store.write(|db| add(db, 1)));
        let mut second = Box::pin(store.write(|db| add(db, 10)));
        assert!(futures_poll(&mut first).await && futures_poll(&mut second).await);
        let refused = store.write(|db| add(db, 100)).await;
        assert!(matches!(&refused, Err(StoreError::Unavailable(why)) if why == "too many writes are waiting"), "{refused:?}");
        assert_eq!(store.read(counter).await.unwrap(), 0, "reading goes on");
        drop(release);
        holder.await.unwrap().unwrap();
        first.await.unwrap();
        second.await.unwrap();
        store.write(|db| add(db, 1_000)).await.unwrap();
        assert_eq!(store.read(counter).await.unwrap(), 1_011);
    });
}

#[test]
fn a_write_that_nobody_waits_for_is_dropped_unrun() {
    block_on(async {
        let world = World::sqlite().await.with_probe().await;
        let (release, holder) = hold_writer(&world.store).await;
        let mut abandoned = Box::pin(world.store.write(|db| add(db, 1)));
        assert!(futures_poll(&mut abandoned).await);
        drop(abandoned);
        drop(release);
        holder.await.unwrap().unwrap();
        world.store.write(|db| add(db, 10)).await.unwrap();
        assert_eq!(world.store.read(counter).await.unwrap(), 10);
    });
}

#[test]
fn a_full_disk_stores_nothing_by_halves_and_passes() {
    block_on(async {
        let world = World::sqlite().await.with_probe().await;
        let pages = world.store.read(|db| db.one(&Sql { name: "", text: "pragma page_count" }, &[], |row| row.int(0))).await.unwrap();
        world.store.close().await;
        let options = Options { sqlite_pages_max: Some(u32::try_from(pages).unwrap() + 20), ..world.options() };
        let store = world.open(&world.ring, options).await.unwrap();
        let put = |id: i64, bytes: usize| {
            let blob = vec![7u8; bytes];
            store.write(move |db| {
                add(db, 1)?;
                db.exec(PUT, &[id.into(), 0.into(), None::<&str>.into(), (&blob).into(), None::<bool>.into()])
            })
        };
        // Together in one commit: the one that is too large takes nobody with it.
        let (small, large, other) = tokio::join!(put(2, 100), put(3, 1 << 20), put(4, 100));
        assert!(matches!(large, Err(StoreError::Full)), "{large:?}");
        small.unwrap();
        other.unwrap();
        assert_eq!(store.read(counter).await.unwrap(), 2);
        let mut id = 5;
        while put(id, 3_000).await.is_ok() {
            id += 1;
        }
        let stored = store.read(rows).await.unwrap();
        assert_eq!(store.read(counter).await.unwrap(), stored - 1, "row and counter go together");
        // Space returns.
        store.write(|db| db.batch("delete from probe where id between 5 and 10")).await.unwrap();
        put(id, 3_000).await.unwrap();
    });
}

#[test]
fn a_collapsed_transaction_takes_nobody_with_it() {
    block_on(async {
        let world = World::sqlite().await.with_probe().await;
        let (release, holder) = hold_writer(&world.store).await;
        let mut good = Box::pin(world.store.write(|db| add(db, 1)));
        // What SQLite does by itself on a full disk: the whole transaction is gone, the other job's savepoint with it.
        let mut collapse = Box::pin(world.store.write(|db| {
            db.batch("rollback")?;
            Ok(())
        }));
        let mut better = Box::pin(world.store.write(|db| add(db, 2)));
        assert!(futures_poll(&mut good).await && futures_poll(&mut collapse).await && futures_poll(&mut better).await);
        drop(release);
        let (held, good, collapse, better) = tokio::join!(holder, good, collapse, better);
        held.unwrap().unwrap();
        good.unwrap();
        better.unwrap();
        assert!(collapse.unwrap_err().to_string().contains("gave the transaction up"));
        assert_eq!(world.store.read(counter).await.unwrap(), 3);
    });
}

#[test]
fn writes_are_synced_and_reads_cannot_write() {
    block_on(async {
        let world = World::sqlite().await.with_probe().await;
        let pragma = |text| Sql { name: "", text };
        let (journal, synchronous) = world
            .store
            .write(move |db| {
                let journal = db.one(&pragma("pragma journal_mode"), &[], |row| Ok(row.text(0)?.to_owned()))?;
                Ok((journal, db.one(&pragma("pragma synchronous"), &[], |row| row.int(0))?))
            })
            .await
            .unwrap();
        assert_eq!((journal.as_str(), synchronous), ("wal", 2));
        assert!(world.store.read(|db| add(db, 1)).await.is_err());
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(world.store.sqlite_path().unwrap()).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    });
}

#[test]
fn a_missing_argument_is_an_error_and_not_null() {
    block_on(async {
        let world = World::sqlite().await.with_probe().await;
        let short = world.store.write(|db| db.exec(PUT, &[2.into()])).await;
        assert!(short.unwrap_err().to_string().contains("1 arguments for 5"));
    });
}

#[test]
fn a_locked_file_is_unavailable_not_fatal() {
    block_on(async {
        let world = World::sqlite().await.with_probe().await;
        let store = world.open(&world.ring, Options { busy_wait: std::time::Duration::from_millis(20), ..world.options() }).await.unwrap();
        let (release, holder) = hold_writer(&world.store).await;
        let refused = store.write(|db| add(db, 1)).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        drop(release);
        holder.await.unwrap().unwrap();
        store.write(|db| add(db, 1)).await.unwrap();
    });
}

#[test]
fn a_backup_is_one_moment_and_restores() {
    block_on(async {
        let world = World::sqlite().await.with_probe().await;
        let file = world.directory.path().join("backup.db");
        world.store.write(|db| add(db, 1)).await.unwrap();
        world.store.backup(&file).await.unwrap();
        assert!(world.store.backup(&file).await.unwrap_err().to_string().contains("exists already"));
        world.store.write(|db| add(db, 1)).await.unwrap();

        let restore = |ring: &KeyRing| backup::restore(&file, &world.url, ring, Box::new(Seeded::new(5)), &world.options());
        let in_use = restore(&world.ring).unwrap_err().to_string();
        assert!(in_use.contains("stop the server first"), "{in_use}");
        world.store.close().await;
        assert!(restore(&KeyRing::generate(&mut Seeded::new(9))).unwrap_err().to_string().contains("does not belong"));
        restore(&world.ring).unwrap();
        assert_eq!(world.second().await.read(counter).await.unwrap(), 1);

        let aside = rusqlite::Connection::open(world.directory.path().join("test.db.before-restore")).unwrap();
        assert_eq!(aside.query_row("select n from probe", [], |row| row.get::<_, i64>(0)).unwrap(), 2);
        let mut names: Vec<_> = std::fs::read_dir(world.directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.retain(|name| name.to_string_lossy().contains("restoring") || name.to_string_lossy().contains("partial"));
        assert!(names.is_empty(), "{names:?}");
    });
}

#[test]
fn a_damaged_backup_is_refused_and_changes_nothing() {
    block_on(async {
        let world = World::sqlite().await.with_probe().await;
        let file = world.directory.path().join("backup.db");
        world.store.backup(&file).await.unwrap();
        world.store.close().await;
        let whole = std::fs::read(&file).unwrap();
        let mut scratched = whole.clone();
        scratched[4096..8192].fill(0xff);
        for bad in [&b"not a database, but long enough to look like a file of some kind"[..], &whole[..whole.len() / 2], &scratched] {
            std::fs::write(&file, bad).unwrap();
            let refused = backup::restore(&file, &world.url, &world.ring, Box::new(Seeded::new(5)), &world.options());
            assert!(refused.is_err());
        }
        rusqlite::Connection::open(world.directory.path().join("other.db")).unwrap().execute_batch("create table x (y)").unwrap();
        let other =
            backup::restore(&world.directory.path().join("other.db"), &world.url, &world.ring, Box::new(Seeded::new(5)), &world.options());
        assert!(other.unwrap_err().to_string().contains("no Ringfence database"));
        assert_eq!(world.second().await.read(counter).await.unwrap(), 0);
    });
}

#[test]
fn a_file_of_another_kind_is_refused() {
    block_on(async {
        let world = World::sqlite().await;
        std::fs::write(world.directory.path().join("notes.txt"), "x".repeat(10_000)).unwrap();
        let opened = Store::open("sqlite:notes.txt", &world.ring, Box::new(Seeded::new(1)), world.options()).await;
        assert!(opened.unwrap_err().to_string().contains("not a Ringfence database"));
        for (url, complaint) in [("mysql://x", "sqlite: or postgres://"), ("sqlite:/no/such/place.db", "/no/such/place.db")] {
            let opened = Store::open(url, &world.ring, Box::new(Seeded::new(1)), world.options()).await;
            assert!(opened.unwrap_err().to_string().contains(complaint), "{url}");
        }
    });
}

/// Two processes on one file, and a kill at any moment: this test binary starts itself again as the other process.
mod processes {
    use std::io::{BufRead, BufReader};
    use std::process::{Child, Command, Stdio};

    use super::*;

    const BUSY_WAIT: std::time::Duration = std::time::Duration::from_mins(2);
    const CHILD_DIRECTORY: &str = "STORE_TEST_CHILD_DIRECTORY";

    fn child(world: &World) -> Child {
        let name = module_path!().split_once("::").unwrap().1;
        Command::new(std::env::current_exe().unwrap())
            .args([&format!("{name}::is_the_other_process"), "--exact", "--nocapture"])
            .env(CHILD_DIRECTORY, world.directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Adds one to the counter for ever, and prints each value once it is durable: what the other process runs. Alone, it counts to three.
    #[test]
    fn is_the_other_process() {
        let child = std::env::var_os(CHILD_DIRECTORY);
        block_on(async {
            let own = World::sqlite().await.with_probe().await;
            let (directory, rounds) = child.map_or((own.directory.path().into(), 3), |directory| (directory, i64::MAX));
            let ring = KeyRing::generate(&mut Seeded::new(1));
            let store =
                Store::open("sqlite:test.db", &ring, Box::new(Seeded::new(4)), Options { busy_wait: BUSY_WAIT, ..Options::new(directory) })
                    .await
                    .unwrap();
            let mut last = None;
            for _ in 0..rounds {
                let count = |db: &Db| {
                    add(db, 1)?;
                    counter(db)
                };
                let value = store.write(count).await.unwrap();
                println!("\nstored {value}");
                last = Some(value);
            }
            assert_eq!(last, Some(3));
        });
    }

    #[test]
    fn a_kill_loses_nothing_that_was_answered() {
        let world = block_on(async {
            let world = World::sqlite().await.with_probe().await;
            world.store.close().await;
            world
        });
        let mut last = 0;
        for round in 1..=4 {
            let mut child = child(&world);
            let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
            let stored = lines.filter_map(|line| line.strip_prefix("stored ")?.parse::<i64>().ok());
            for value in stored.take(round * 7) {
                assert_eq!(value, last + 1, "what was found after a kill is exactly what was stored");
                last = value;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            let found = block_on(async { world.second().await.read(counter).await.unwrap() });
            assert!(found >= last, "round {round}: {found} found, {last} answered");
            last = found;
        }
    }

    #[test]
    fn two_processes_write_to_one_file() {
        let world = block_on(async { World::sqlite().await.with_probe().await });
        let mut child = child(&world);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut theirs = 0;
        let ours = block_on(async {
            for round in 1..=50 {
                world.store.write(|db| add(db, 1_000_000)).await.unwrap();
                if round % 10 == 0 {
                    theirs = lines.by_ref().find_map(|line| line.strip_prefix("stored ")?.parse::<i64>().ok()).unwrap() % 1_000_000;
                }
            }
            child.kill().unwrap();
            child.wait().unwrap();
            world.store.read(counter).await.unwrap()
        });
        assert_eq!(ours / 1_000_000, 50);
        assert!(theirs > 0 && ours % 1_000_000 >= theirs, "{ours} {theirs}");
    }
}
