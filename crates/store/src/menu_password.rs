//! How often the passwords of a place's phones were made anew. The passwords themselves are derived, and stand nowhere.

use std::collections::BTreeMap;

use domain::tenancy::{CustomerId, Node};

use crate::db::{Db, Row, statements};
use crate::scope::{Scope, id, node, node_columns};
use crate::tenancy::{customer, site, touch_customer};
use crate::{Result, StoreError};

statements! {
    ROUNDS = "select node_kind, node, round from menu_password where (node_kind = 'customer' and node = $1)
        or (node_kind = 'site' and node in (select id from site where customer = $1))";
    ROUND = "select round from menu_password where node_kind = $1 and node = $2";
    TURN = "insert into menu_password (node_kind, node, round) values ($1, $2, 1)
        on conflict (node_kind, node) do update set round = menu_password.round + 1";
    DROP = "delete from menu_password where node_kind = $1 and node = $2";
}

/// The rounds of a customer and its sites; those that were never made anew are left out.
pub(crate) fn rounds(db: &Db, wanted: CustomerId) -> Result<BTreeMap<Node, u32>> {
    Ok(db.all(ROUNDS, &[id(&wanted.0)], |row| Ok((node(row, 0)?, count(row, 2)?)))?.into_iter().collect())
}

/// The round of a customer's or a site's own passwords.
pub fn round(db: &Db, scope: &Scope, of: Node) -> Result<u32> {
    owner(db, scope, of)?;
    let (kind, node) = node_columns(&of);
    Ok(db.opt(ROUND, &[kind.into(), id(&node)], |row| count(row, 0))?.unwrap_or_default())
}

/// Begins the next round: all passwords of the place are others from now on.
pub fn turn(db: &Db, scope: &Scope, of: Node) -> Result<()> {
    let customer = owner(db, scope, of)?;
    let (kind, node) = node_columns(&of);
    db.exec(TURN, &[kind.into(), id(&node)])?;
    touch_customer(db, customer)
}

/// Forgets a place that is removed.
pub(crate) fn forget(db: &Db, of: Node) -> Result<()> {
    let (kind, node) = node_columns(&of);
    db.exec(DROP, &[kind.into(), id(&node)]).map(drop)
}

/// Only customers and sites have phones.
fn owner(db: &Db, scope: &Scope, of: Node) -> Result<CustomerId> {
    match of {
        Node::Customer(wanted) => Ok(customer(db, scope, wanted)?.id),
        Node::Site(wanted) => Ok(site(db, scope, wanted)?.customer),
        Node::Operator | Node::Reseller(_) => Err(StoreError::NotFound),
    }
}

fn count(row: &Row<'_>, at: usize) -> Result<u32> {
    Ok(u32::try_from(row.int(at)?).unwrap_or_default())
}
