//! *Administration › Batch Import/Export*: phones as CSV, out and in.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use domain::device::State as DeviceState;
use domain::role::Action;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderName, StatusCode};
use minijinja::context;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::answer::{Answer, see_other};
use super::customers::id_of;
use super::form::Query;
use super::template::view;
use super::upload::Upload;
use super::visitor::Visitor;
use super::wrong::Wrong;
use crate::App;
use crate::admin::Error;
use crate::admin::device::Which;
use crate::admin::export::Export;
use crate::admin::import::{self, Mode, Outcome};
use crate::api::flow::flow;
use crate::limits::{FAILED_ROWS_SHOWN_MAX, IMPORT_AT_ONCE_MAX};

/// The columns of the template: all that a phone with one line has.
const TEMPLATE: &str =
    "vendor,type,mac,customer,site,label,line1_user,line1_password,line1_server,line1_extension,line1_name,serial,mac_id\r\n";

/// How a file is taken.
#[derive(Clone, Copy, Debug, Serialize)]
struct How {
    dry_run: bool,
    partial: bool,
}

/// The page.
pub(crate) async fn show(visitor: Visitor) -> Answer {
    visitor.must(Action::Batch)?;
    page(&visitor, StatusCode::OK, How { dry_run: true, partial: false }, None, None)
}

fn page(visitor: &Visitor, status: StatusCode, how: How, mut outcome: Option<Outcome>, wrong: Option<Wrong>) -> Answer {
    let failed = outcome.as_ref().map_or(0, |outcome| outcome.failed.len());
    if let Some(outcome) = &mut outcome {
        outcome.failed.truncate(FAILED_ROWS_SHOWN_MAX);
    }
    let unseen = failed.saturating_sub(FAILED_ROWS_SHOWN_MAX);
    let context = context! { how => view(how), run => None::<String>, outcome => view(outcome), failed, unseen, wrong => view(wrong) };
    visitor.show_as(status, "batch.html", context)
}

/// Which phones are exported.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    which: String,
}

/// Phones as CSV: all, or those that are not authenticated yet; of the chosen customer if one is chosen.
pub(crate) async fn download(State(app): State<App>, visitor: Visitor, Query(wanted): Query<Wanted>) -> Answer {
    let (states, name) = match wanted.which.as_str() {
        "" | "all" => (Vec::new(), "devices.csv"),
        "unauthenticated" => (vec![DeviceState::Needed, DeviceState::Failed, DeviceState::Blocked], "unauthenticated-phones.csv"),
        _ => return Err(Error::invalid("query", "which: all or unauthenticated").into()),
    };
    let export = Export::begin(&app.admin, &visitor.by, Which { customer: visitor.chosen(), states, ..Which::default() }).await?;
    Ok(csv(name, flow(export).await?))
}

/// The header of an import file, to begin with.
pub(crate) async fn template(visitor: Visitor) -> Answer {
    visitor.must(Action::Batch)?;
    Ok(csv("import-template.csv", TEMPLATE))
}

/// A file that browsers keep instead of showing it.
pub(super) fn csv(name: &str, bytes: impl Into<Body>) -> Response {
    let headers: [(HeaderName, String); 2] = [
        (CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, bytes.into()).into_response()
}

/// Takes a file: as a trial, all or nothing, or the good rows of it.
pub(crate) async fn import(State(app): State<App>, visitor: Visitor, upload: Upload) -> Answer {
    visitor.must(Action::Batch)?;
    let how = How { dry_run: upload.ticked("dry_run"), partial: upload.ticked("partial") };
    let mode = Mode { dry_run: how.dry_run, partial: how.partial };
    match take(&app, &visitor, upload.file, mode).await {
        Ok(Taken::Whole(outcome)) => page(&visitor, StatusCode::OK, how, Some(outcome), None),
        Ok(Taken::Running(id)) => {
            let how = serde_html_form::to_string([("dry_run", mode.dry_run), ("partial", mode.partial)]).unwrap_or_default();
            Ok(see_other(&format!("/administration/batch/imports/{id}?{how}")))
        }
        Err(error) => {
            let wrong = visitor.wrong(error, &[("csv", "file"), ("header", "file"), ("too_large", "file")])?;
            page(&visitor, StatusCode::UNPROCESSABLE_ENTITY, how, None, Some(wrong))
        }
    }
}

/// What became of a file while somebody waits.
enum Taken {
    Whole(Outcome),
    /// It is long: a page of its own tells how far it is.
    Running(Uuid),
}

async fn take(app: &App, visitor: &Visitor, file: Vec<u8>, mode: Mode) -> Result<Taken, Error> {
    let file = import::open(&app.admin, file).await?;
    if file.rows() <= IMPORT_AT_ONCE_MAX {
        return Ok(Taken::Whole(import::carry_out(&app.admin, &visitor.by, &file, mode).await?));
    }
    Ok(Taken::Running(import::start(&app.admin, &visitor.by, file, mode, app.clock).await?.id))
}

/// How a long import was begun, so that its page speaks of a trial or not.
#[derive(Debug, Deserialize)]
pub(crate) struct Begun {
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    partial: bool,
}

/// How far a long import is, and what came of it.
pub(crate) async fn running(State(app): State<App>, visitor: Visitor, Path(id): Path<String>, Query(begun): Query<Begun>) -> Answer {
    let run = import::look(&app.admin, &visitor.by, id_of(&id)?).await?;
    let (failed, shown) = run.failed();
    let unseen = failed.saturating_sub(shown);
    let how = How { dry_run: begun.dry_run, partial: begun.partial };
    let context = context! { how => view(how), run => view(&run), outcome => None::<String>, failed, unseen, wrong => None::<String> };
    visitor.show("batch.html", context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_a_header_that_an_import_takes() {
        assert!(TEMPLATE.is_ascii() && TEMPLATE.ends_with("\r\n") && TEMPLATE.lines().count() == 1);
        let made = csv("a.csv", TEMPLATE);
        assert_eq!(made.headers()[CONTENT_DISPOSITION], "attachment; filename=\"a.csv\"");
    }
}
