//! What only a server can do to us.

use domain::Span;
use domain::trust::{Window, WindowChange};
use ipnet::IpNet;

use crate::db::Sql;
use crate::tests::fixture::{NOW, World, add, block_on, counter};
use crate::tests::tree::{OFFICE, mac};
use crate::trust::{close_window, save_window, windows};
use crate::{Scope, StoreError};

#[test]
fn a_lost_connection_is_replaced() {
    block_on(async {
        let world = World::postgres().await.with_probe().await;
        // Several connections in the pool.
        let writes: Vec<_> = (0..8)
            .map(|_| {
                tokio::spawn({
                    let store = world.store.clone();
                    async move { store.write(|db| add(db, 1)).await }
                })
            })
            .collect();
        for write in writes {
            write.await.unwrap().unwrap();
        }
        let killer = world.second().await;
        let kill = &Sql {
            name: "",
            text: "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
        };
        assert!(killer.read(move |db| db.one(kill, &[], |row| row.int(0))).await.unwrap() > 0);
        // Each failure takes one dead connection out of the pool, so there are at most as many as connections.
        let mut failures = 0;
        while let Err(error) = world.store.write(|db| add(db, 1)).await {
            assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
            failures += 1;
            assert!(failures <= crate::limits::POOL_MAX);
        }
        assert_eq!(world.store.read(counter).await.unwrap(), 9);
    });
}

/// On SQLite nobody closes a window while another transaction is under way.
#[test]
fn a_window_closed_during_a_fetch_stays_closed() {
    block_on(async {
        let world = World::postgres().await.with_tree().await;
        let network = IpNet::from(std::net::IpAddr::from([203, 0, 113, 1]));
        let (ends, pin_success) = (NOW + Span::hours(8), NOW);
        let window = Window { customer: OFFICE, network, opened: NOW, ends, pin_success, opened_by: mac(1) };
        world.store.write(move |db| save_window(db, &WindowChange::Opened(window.clone()))).await.unwrap();

        let (read, has_read) = std::sync::mpsc::channel();
        let (closed, is_closed) = std::sync::mpsc::channel();
        let is_closed = std::sync::Mutex::new(is_closed);
        let fetch = tokio::spawn({
            let store = world.store.clone();
            async move {
                let work = move |db: &crate::Db| {
                    let seen = windows(db, &Scope::Operator, OFFICE)?;
                    read.send(seen.len()).unwrap();
                    is_closed.lock().unwrap().recv().unwrap();
                    seen.into_iter().try_for_each(|window| {
                        save_window(db, &WindowChange::Extended(Window { ends: window.ends + Span::hours(1), ..window }))
                    })
                };
                store.write(work).await
            }
        });
        let has_read = tokio::task::spawn_blocking(move || (has_read.recv().unwrap(), has_read)).await.unwrap();
        assert_eq!(has_read.0, 1, "the fetch knows the window");
        world.store.write(move |db| close_window(db, &Scope::Operator, OFFICE, &network)).await.unwrap();
        // Once for each time that it reads.
        closed.send(()).unwrap();
        closed.send(()).unwrap();
        fetch.await.unwrap().unwrap();
        assert_eq!(has_read.1.try_iter().collect::<Vec<_>>(), [0], "it decided again, and saw that there is none");
        assert_eq!(world.store.read(|db| windows(db, &Scope::Operator, OFFICE)).await.unwrap(), []);
    });
}

#[test]
fn a_server_out_of_reach_is_unavailable() {
    block_on(async {
        let world = World::postgres().await;
        let nowhere = "postgres://postgres@%2Fnonexistent/t0";
        let opened = crate::Store::open(nowhere, &world.ring, Box::new(domain::chance::Seeded::new(1)), world.options()).await;
        assert!(matches!(opened, Err(StoreError::Unavailable(_))), "{opened:?}");
        let opened = crate::Store::open(
            "postgres://postgres:pass-word@host/x?sslmode=wrong",
            &world.ring,
            Box::new(domain::chance::Seeded::new(1)),
            world.options(),
        )
        .await;
        let error = opened.unwrap_err().to_string();
        assert!(error.starts_with("store.url is no PostgreSQL address") && !error.contains("pass-word"), "{error}");
    });
}

#[test]
fn backups_are_the_servers_own_business() {
    block_on(async {
        let world = World::postgres().await;
        let refused = world.store.backup(&world.directory.path().join("b")).await.unwrap_err().to_string();
        assert!(refused.contains("use pg_dump"), "{refused}");
        let chance = Box::new(domain::chance::Seeded::new(1));
        let refused = crate::backup::restore(&world.directory.path().join("b"), &world.url, &world.ring, chance, &world.options());
        assert!(refused.unwrap_err().to_string().contains("use pg_restore"));
    });
}
