//! `import` and `export`.

use std::path::Path;

use portal::admin::device::Which;
use portal::admin::export::{self, Export};
use portal::admin::import::{self, Mode, Outcome};

use crate::cli::StateArg;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::Output;

/// `import FILE`
pub async fn import(context: &Context, file: &Path, dry_run: bool, partial: bool, output: Output) -> Result<(), Failure> {
    let bytes = std::fs::read(file).map_err(|error| Failure::io(file, &error))?;
    let outcome = import::run(&context.admin, &context.by(), &bytes, Mode { dry_run, partial }).await?;
    output.print(&outcome, || words(&outcome, dry_run))?;
    let failed = outcome.failed.len();
    match failed {
        0 => Ok(()),
        _ if outcome.stored => {
            Err(Failure::refused(format!("{failed} rows failed, the others are stored; mend these and import them again")))
        }
        _ => Err(Failure::refused(format!("{failed} rows failed, nothing is stored; mend them, or keep the good ones with --partial"))),
    }
}

/// `export`
pub async fn export(context: &Context, customer: Option<String>, states: Vec<StateArg>, output: Output) -> Result<(), Failure> {
    let which = Which { customer, states: states.into_iter().map(Into::into).collect(), ..Which::default() };
    if output.json {
        return output.csv(&export::csv(&context.admin, &context.by(), which).await?);
    }
    let mut export = Export::begin(&context.admin, &context.by(), which).await?;
    while let Some(piece) = export.piece().await? {
        output.csv(&piece)?;
    }
    Ok(())
}

fn words(outcome: &Outcome, dry_run: bool) -> String {
    let verb = match (dry_run, outcome.stored) {
        (true, _) => "would be",
        (false, true) => "are",
        (false, false) => "would have been",
    };
    let mut lines: Vec<String> = outcome.failed.iter().map(|row| format!("row {}: {}: {}", row.row, row.code, row.message)).collect();
    let (created, updated, failed) = (outcome.created, outcome.updated, outcome.failed.len());
    lines.push(format!("{} rows: {created} {verb} added, {updated} {verb} changed, {failed} failed", outcome.rows));
    lines.join("\n")
}
