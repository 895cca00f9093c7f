//! A form that is shown again: what was wrong with it, in the reader's language, and at which field.

use serde::Serialize;

use super::failure::Failure;
use super::visitor::Visitor;
use crate::admin::Error;

/// What was wrong.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Wrong {
    /// The field to look at; empty for the form as a whole.
    field: &'static str,
    /// A stable code.
    pub code: &'static str,
    /// The sentence of the code.
    sentence: String,
    /// What the act says of it, in English; empty where that would name whose product this is.
    detail: String,
}

impl Visitor {
    /// What a form can mend; all else is a failure of the page. `fields`: codes with their fields.
    pub fn wrong(&self, error: Error, fields: &[(&str, &'static str)]) -> Result<Wrong, Failure> {
        let mendable = matches!(
            error,
            Error::Invalid { .. } | Error::Refused { .. } | Error::Exists(_) | Error::InUse(_) | Error::Changed | Error::Conflict
        );
        if !mendable {
            return Err(error.into());
        }
        let field = fields.iter().find(|(known, _)| *known == error.code()).map_or("", |(_, field)| *field);
        Ok(self.told(&error, field))
    }

    /// An error as a form tells it.
    pub fn told(&self, error: &Error, field: &'static str) -> Wrong {
        let (code, detail) = (error.code(), self.reader.look.tells(&error.to_string()).to_owned());
        Wrong { field, code, sentence: self.say(&format!("error-{code}")), detail }
    }
}
