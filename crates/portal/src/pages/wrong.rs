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
    /// What the act says of it, in English.
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
        let code = error.code();
        let field = fields.iter().find(|(known, _)| *known == code).map_or("", |(_, field)| *field);
        Ok(Wrong { field, code, sentence: self.say(&format!("error-{code}")), detail: error.to_string() })
    }
}
