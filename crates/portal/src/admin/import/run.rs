//! Imports that run beside requests: started, looked at, and forgotten after a day.

use domain::Time;
use domain::role::Action;
use serde::{Deserialize, Serialize};
use store::import_run::{self, State};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{FailedRow, File, Mode, Outcome, told};
use crate::admin::tree::policy_at;
use crate::admin::{Admin, By, Error, Named, new_id};
use crate::limits::IMPORT_FAILURES_KEPT;

/// How an import stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportView {
    /// Its id.
    pub id: Uuid,
    /// `running`; `done`, where `stored` says what came of it; `failed`, where it broke off.
    pub state: &'static str,
    /// When it began.
    pub begun: String,
    #[serde(flatten)]
    progress: Progress,
}

impl ImportView {
    /// How many rows failed, and how many of them are listed.
    pub fn failed(&self) -> (usize, usize) {
        (self.progress.failed_rows, self.progress.failed.len())
    }
}

/// How far it is, as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ImportProgress)]
struct Progress {
    /// `checking`, then `storing`, which is one transaction unless good rows are kept.
    step: String,
    /// Rows in the file.
    rows: usize,
    /// Rows that this step is through with.
    done: usize,
    /// Phones added, or to be added.
    created: usize,
    /// Phones changed, or to be changed.
    updated: usize,
    /// Rows that failed: the first thousand.
    failed: Vec<FailedRow>,
    /// How many rows failed.
    failed_rows: usize,
    /// Whether anything was stored.
    stored: bool,
    /// Why it broke off.
    error: Option<String>,
}

impl Progress {
    fn of(step: &str, done: usize, outcome: &Outcome) -> Self {
        let failed: Vec<FailedRow> = outcome.failed.iter().take(IMPORT_FAILURES_KEPT).cloned().collect();
        let (created, updated) = (outcome.created, outcome.updated);
        let failed_rows = outcome.failed.len();
        Self { step: step.to_owned(), rows: outcome.rows, done, created, updated, failed, failed_rows, stored: outcome.stored, error: None }
    }

    fn json(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|error| Error::Failed(error.to_string()))
    }
}

/// Starts an import that goes on when this has answered. Refused while too many of the branch run.
pub async fn start(admin: &Admin, by: &By, file: File, mode: Mode, clock: fn() -> Time) -> Result<ImportView, Error> {
    let (id, first) = (new_id(by.now), Progress::of("checking", 0, &file.begun));
    let (actor, json) = (by.clone(), first.json()?);
    admin
        .write(move |db| {
            actor.may(Action::Batch, &actor.branch(), &policy_at(db, actor.scope())?)?;
            if import_run::begin(db, &actor.scope(), id, &json, actor.now)? {
                return Ok(());
            }
            Err(Error::refused("imports_running", "too many imports run already; look how they stand, and try again when one is done"))
        })
        .await?;
    let view = ImportView { id, state: State::Running.code(), begun: by.now.rfc3339(), progress: first };
    tokio::spawn(go_on(by.clone(), file, mode, Notebook { admin: admin.clone(), id, clock }));
    Ok(view)
}

/// How an import of this branch stands.
pub async fn look(admin: &Admin, by: &By, id: Uuid) -> Result<ImportView, Error> {
    let by = by.clone();
    admin
        .read(move |db| {
            by.may(Action::Batch, &by.branch(), &policy_at(db, by.scope())?)?;
            let run = import_run::look(db, &by.scope(), id, by.now).named(|| format!("import {id}"))?;
            let mut progress: Progress = serde_json::from_str(&run.outcome).map_err(|error| Error::Failed(error.to_string()))?;
            if run.state == State::Failed && progress.error.is_none() {
                progress.error = Some("the server stopped before it was through; import the file once more".to_owned());
            }
            Ok(ImportView { id, state: run.state.code(), begun: run.begun.rfc3339(), progress })
        })
        .await
}

/// Where an import notes how it stands.
pub(super) struct Notebook {
    admin: Admin,
    id: Uuid,
    clock: fn() -> Time,
}

impl Notebook {
    /// It is under way.
    pub async fn tell(&self, step: &str, done: usize, outcome: &Outcome) {
        self.note(State::Running, &Progress::of(step, done, outcome)).await;
    }

    async fn note(&self, state: State, progress: &Progress) {
        let (id, now) = (self.id, (self.clock)());
        let kept = match progress.json() {
            Ok(json) => self.admin.store.write(move |db| import_run::note(db, id, state, &json, now)).await.map_err(Error::from),
            Err(error) => Err(error),
        };
        if let Err(error) = kept {
            tracing::warn!(%error, %id, "how far an import is could not be noted");
        }
    }
}

async fn go_on(by: By, file: File, mode: Mode, notebook: Notebook) {
    match told(&notebook.admin, &by, &file, mode, Some(&notebook)).await {
        Ok(outcome) => notebook.note(State::Done, &Progress::of("done", outcome.rows, &outcome)).await,
        Err(error) => {
            let said = match &error {
                Error::Failed(why) => {
                    tracing::error!(error = %why, id = %notebook.id, "an import failed");
                    "something failed here; the operator's log tells what".to_owned()
                }
                other => other.to_string(),
            };
            notebook.note(State::Failed, &Progress { error: Some(said), ..Progress::of("done", 0, &file.begun) }).await;
        }
    }
}
