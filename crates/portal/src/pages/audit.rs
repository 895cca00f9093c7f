//! *Operations › Audit*: who did what, and whether the record is whole.

use axum::extract::State;
use domain::tenancy::Node;
use minijinja::{Value, context};
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::form::Query;
use super::template::view;
use super::visitor::Visitor;
use crate::App;
use crate::admin::audit::{self, AuditVerdict, Sought};
use crate::admin::part::Part;

/// Rows of one page.
const ROWS: usize = 100;

/// What is looked for.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Asked {
    #[serde(default)]
    actor: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    after: String,
}

/// The entries.
pub(crate) async fn list(State(app): State<App>, visitor: Visitor, Query(asked): Query<Asked>) -> Answer {
    page(&app, &visitor, asked, None).await
}

/// Checks that no entry was changed or removed.
pub(crate) async fn verify(State(app): State<App>, visitor: Visitor) -> Answer {
    let verdict = audit::verify(&app.admin, &visitor.by).await?;
    page(&app, &visitor, Asked::default(), Some(verdict)).await
}

async fn page(app: &App, visitor: &Visitor, asked: Asked, verdict: Option<AuditVerdict>) -> Answer {
    let sought = Sought { actor: asked.actor.clone(), action: asked.action.clone(), text: asked.text.clone() };
    let after = Some(asked.after.clone()).filter(|after| !after.is_empty());
    let found = audit::search(&app.admin, &visitor.by, sought, Part { after, limit: ROWS, ..Part::default() }).await?;
    let verifies = visitor.by.actor.node == Node::Operator;
    let verdict: Value = verdict.map_or_else(|| Value::from(()), view);
    let context = context! { rows => view(found.items), next => found.next, asked => view(&asked), verifies, verdict };
    visitor.show("audit.html", context)
}
