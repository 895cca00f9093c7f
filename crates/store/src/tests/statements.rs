//! Every statement of the crate is prepared on both engines: names, counts and columns agree.

use rusqlite::StatementStatus;

use crate::Db;
use crate::db::{Engine, Sql};
use crate::tests::fixture::{World, block_on};
use crate::tests::tree::mac;

fn all() -> Vec<&'static Sql> {
    [
        crate::api_answer::STATEMENTS,
        crate::audit::STATEMENTS,
        crate::before::STATEMENTS,
        crate::call::STATEMENTS,
        crate::contact::STATEMENTS,
        crate::context::STATEMENTS,
        crate::correspondence::STATEMENTS,
        crate::device::STATEMENTS,
        crate::device::SEARCH_STATEMENTS[0],
        crate::device::SEARCH_STATEMENTS[1],
        crate::device::SEARCH_STATEMENTS[2],
        crate::device::SEARCH_STATEMENTS[3],
        crate::event::STATEMENTS,
        crate::import_run::STATEMENTS,
        crate::job::STATEMENTS,
        crate::login::STATEMENTS,
        crate::login_request::STATEMENTS,
        crate::look::STATEMENTS,
        crate::mail::STATEMENTS,
        crate::menu_password::STATEMENTS,
        crate::meta::STATEMENTS,
        crate::migrate::STATEMENTS,
        crate::outbox::STATEMENTS,
        crate::password_link::STATEMENTS,
        crate::people::STATEMENTS,
        crate::pin_attempt::STATEMENTS,
        crate::policy::STATEMENTS,
        crate::prompt::STATEMENTS,
        crate::redirect::STATEMENTS,
        crate::redirect::DEVICE_STATEMENTS,
        crate::reseal::STATEMENTS,
        crate::second_factor::STATEMENTS,
        crate::seen::STATEMENTS,
        crate::session::STATEMENTS,
        crate::sightings::STATEMENTS,
        crate::template::STATEMENTS,
        crate::tenancy::STATEMENTS,
        crate::traffic::STATEMENTS,
        crate::trunk::STATEMENTS,
        crate::trust::STATEMENTS,
        crate::webhook::STATEMENTS,
        crate::webhook::DELIVERY_STATEMENTS,
    ]
    .concat()
}

/// Argument count and column names.
type Shape = (usize, Vec<String>);

fn on_sqlite(connection: &rusqlite::Connection, sql: &Sql) -> Shape {
    let statement = connection.prepare(sql.text).unwrap_or_else(|error| panic!("{}: {error}\n{}", sql.name, sql.text));
    for at in 1..=statement.parameter_count() {
        let expected = format!("${at}");
        assert_eq!(statement.parameter_name(at), Some(expected.as_str()), "{}: numbered in order of first use\n{}", sql.name, sql.text);
    }
    let columns = statement.column_names().map(str::to_owned).collect();
    (statement.parameter_count(), columns)
}

fn on_postgres(postgres: &crate::db::Postgres, sql: &Sql) -> Shape {
    let prepared = postgres.runtime.block_on(postgres.client.prepare(sql.text));
    let statement = prepared.unwrap_or_else(|error| panic!("{}: {error:?}\n{}", sql.name, sql.text));
    for (at, kind) in statement.params().iter().enumerate() {
        let known = ["int8", "text", "bytea", "bool"].contains(&kind.name());
        assert!(known, "{}: ${} is taken for {kind}: only bigint, text, bytea and boolean are bound\n{}", sql.name, at + 1, sql.text);
    }
    (statement.params().len(), statement.columns().iter().map(|column| column.name().to_owned()).collect())
}

fn shapes(db: &Db) -> Vec<Shape> {
    let shape = |sql: &Sql| match db.engine() {
        Engine::Sqlite(connection) => on_sqlite(connection, sql),
        Engine::Postgres(postgres) => on_postgres(postgres, sql),
    };
    all().into_iter().map(shape).collect()
}

#[test]
fn both_engines_understand_every_statement_alike() {
    block_on(async {
        let (sqlite, postgres) = (World::sqlite().await, World::postgres().await);
        let (left, right) =
            (sqlite.store.report(|db| Ok(shapes(db))).await.unwrap(), postgres.store.report(|db| Ok(shapes(db))).await.unwrap());
        assert!(left.len() > 10);
        for ((sql, left), right) in all().into_iter().zip(left).zip(right) {
            assert_eq!(left, right, "{}\n{}", sql.name, sql.text);
        }
    });
}

#[test]
fn every_statement_stays_prepared() {
    assert!(all().len() <= crate::limits::PREPARED_MAX, "raise PREPARED_MAX");
}

#[test]
fn a_binding_does_not_plan_a_statement_anew() {
    block_on(async {
        let world = World::sqlite().await.with_tree().await;
        let join = &Sql { name: "", text: "select d.mac from device d join customer c on c.id = d.customer where d.mac = $1" };
        let replanned = world.store.read(move |db| {
            for number in 1..4 {
                db.one(join, &[(&mac(number).to_string()).into()], |_| Ok(()))?;
            }
            let Engine::Sqlite(connection) = db.engine() else { return Ok(-1) };
            Ok(connection.prepare_cached(join.text)?.get_status(StatementStatus::RePrepare))
        });
        assert_eq!(replanned.await.unwrap(), 0);
    });
}
