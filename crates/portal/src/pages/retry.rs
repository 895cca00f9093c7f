//! A form that is shown again: what was wrong with it.

use minijinja::{Value, context};

use super::failure::Failure;
use crate::admin::Error;

/// What a page says above a form that is shown again (`wrong.html`). What one may not see or do, and what failed here, stays a failure.
pub(crate) fn wrong(error: Error) -> Result<Value, Failure> {
    match error {
        Error::NotFound(_) | Error::Forbidden | Error::Unavailable(_) | Error::Failed(_) => Err(error.into()),
        told => Ok(context! { code => told.code(), detail => told.to_string() }),
    }
}
