//! Forms that carry a file.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, FromRequestParts, Multipart, Request};

use super::failure::Failure;
use super::form::from_here;
use super::visitor::Visitor;
use crate::App;
use crate::admin::Error;
use crate::problem::Problem;

/// Fields of a form at once: ours have a handful.
const FIELDS_MAX: usize = 32;

/// A form with a file, of somebody who is signed in, sent by a page of ours.
pub(crate) struct Uploaded {
    /// Its fields.
    pub fields: BTreeMap<String, String>,
    /// The file; empty if none was chosen.
    pub file: Vec<u8>,
}

impl Uploaded {
    /// A field, trimmed; empty if it is not there.
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map(|value| value.trim()).unwrap_or_default()
    }
}

impl FromRequest<App> for Uploaded {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, app).await?;
        if !from_here(&parts.headers) {
            return Err(Failure::stale());
        }
        let unreadable = || Failure::from(Error::invalid("body", "the form cannot be read"));
        let mut form = Multipart::from_request(Request::from_parts(parts, body), app).await.map_err(|_| unreadable())?;
        let mut read = Self { fields: BTreeMap::new(), file: Vec::new() };
        let mut proved = false;
        while let Some(field) = form.next_field().await.map_err(|_| unreadable())? {
            let name = field.name().unwrap_or_default().to_owned();
            // The token stands first: nothing of a stranger's file is kept.
            if name != "csrf" && !proved {
                return Err(Failure::stale());
            }
            let bytes = field.bytes().await.map_err(|error| match error.status() {
                http::StatusCode::PAYLOAD_TOO_LARGE => Failure::from(Problem::too_large()),
                _ => unreadable(),
            })?;
            match name.as_str() {
                "csrf" => proved = std::str::from_utf8(&bytes).is_ok_and(|shown| visitor.csrf_matches(shown)),
                "file" => read.file = bytes.to_vec(),
                _ if read.fields.len() >= FIELDS_MAX => return Err(unreadable()),
                _ => {
                    let text = String::from_utf8(bytes.to_vec()).ok().filter(|text| !text.contains('\0')).ok_or_else(unreadable)?;
                    read.fields.insert(name, text);
                }
            }
        }
        if proved { Ok(read) } else { Err(Failure::stale()) }
    }
}
