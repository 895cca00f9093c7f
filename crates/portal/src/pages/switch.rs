//! *Choosing a customer*: whose phones the pages are about, for those who see more than one customer.

use axum::extract::State;
use domain::tenancy::{CustomerId, Node};
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, local, see_other, with_cookie};
use super::failure::Failure;
use super::form::{Posted, Query};
use super::template::view;
use super::visitor::{CUSTOMER_COOKIE, Visitor};
use crate::App;
use crate::admin::part::Part;
use crate::admin::{customer, tree};
use crate::limits::SESSION;

/// Customers of one page.
pub(super) const ROWS: usize = 50;

/// What is looked for.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    back: String,
}

/// The list to choose from.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Query(asked): Query<Asked>) -> Answer {
    // Whoever has one customer has nothing to choose.
    if visitor.customer.as_ref().is_some_and(|customer| customer.own) {
        return Ok(see_other(local(&asked.back)));
    }
    let after = Some(asked.after.clone()).filter(|after| !after.is_empty());
    let part = Part { query: asked.q.trim().to_owned(), after, limit: ROWS };
    let found = customer::part(&app.admin, &visitor.by, part).await?;
    visitor
        .show("switch.html", context! { rows => view(found.items), next => found.next, asked => view(&asked), back => local(&asked.back) })
}

/// The choice: an id, or nothing for all.
#[derive(Debug, Deserialize)]
pub(crate) struct Choice {
    #[serde(default)]
    customer: String,
    #[serde(default)]
    back: String,
}

/// Keeps the choice in a cookie.
pub(crate) async fn choose(State(app): State<App>, visitor: Visitor, Posted(choice): Posted<Choice>) -> Answer {
    let reader = &visitor.reader;
    let answer = see_other(local(&choice.back));
    if choice.customer.is_empty() {
        return Ok(with_cookie(answer, &reader.cookie(CUSTOMER_COOKIE, "", 0, false)));
    }
    let id = choice.customer.parse().map(CustomerId).map_err(|_| Failure::not_found())?;
    let (id, _) = tree::chosen(&app.admin, &visitor.by, Node::Customer(id)).await?.ok_or_else(Failure::not_found)?;
    Ok(with_cookie(answer, &reader.cookie(CUSTOMER_COOKIE, &id, SESSION.as_seconds(), false)))
}

/// Instead of a page about one customer, as long as none is chosen. `title`: the key of the page's name.
pub(super) fn first(visitor: &Visitor, title: &str) -> Answer {
    visitor.show("choose_first.html", context! { title => visitor.say(title) })
}
