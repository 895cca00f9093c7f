//! Unpacking: bodies, queries, ids and `If-Match`, each refused with a problem that names the field and never its value.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, IF_MATCH, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::App;
use crate::admin::Error;
use crate::admin::part::Part;
use crate::limits::PAGE_DEFAULT;
use crate::patience::arriving;
use crate::problem::Problem;

const JSON: &str = "application/json";

/// A JSON body.
pub(crate) struct Unpacked<T>(pub T);

/// A JSON body that may be left away, which is `{}`: for acts whose every field has a default.
pub(crate) struct MayBe<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Unpacked<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let kind = request.headers().get(CONTENT_TYPE).map(|kind| kind.as_bytes().to_ascii_lowercase());
        if !kind.is_some_and(|kind| kind.starts_with(JSON.as_bytes())) {
            return Err(Problem::media_type(JSON));
        }
        read(&Whole::from_request(request, app).await?.0).map(Self)
    }
}

impl<T: DeserializeOwned> FromRequest<App> for MayBe<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let length = parts.headers.get(CONTENT_LENGTH).map(HeaderValue::as_bytes);
        let absent = matches!(length, None | Some(b"0")) && !parts.headers.contains_key(TRANSFER_ENCODING);
        if absent && !parts.headers.contains_key(CONTENT_TYPE) {
            return read(b"{}").map(Self);
        }
        Unpacked::from_request(Request::from_parts(parts, body), app).await.map(|Unpacked(body)| Self(body))
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // No name, number or secret holds NUL, and one of the databases cannot keep it.
    if bytes.windows(6).any(|escape| escape == b"\\u0000") {
        return Err(Error::invalid("body", "body: no text holds a NUL character").into());
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| unreadable(&error))?;
    reader.end().map_err(|_| Problem::malformed())?;
    Ok(value)
}

fn unreadable(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let inner = error.inner();
    if inner.is_syntax() || inner.is_eof() || inner.is_io() {
        return Problem::malformed();
    }
    // What serde says of a wrong value quotes it, and it may be a password.
    let said = inner.to_string();
    let of_names = ["unknown field", "missing field", "duplicate field"].iter().any(|start| said.starts_with(start));
    let said = if of_names { said } else { "not a value of the kind that belongs here; see openapi.json".to_owned() };
    Error::invalid("body", format!("{}: {said}", error.path())).into()
}

/// A body as it came, bounded by its route.
pub(crate) struct Whole(pub Bytes);

impl FromRequest<App> for Whole {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let read = Bytes::from_request(arriving(request), app).await;
        read.map(Self).map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
            _ => Problem::malformed(),
        })
    }
}

/// The query of an address.
pub(crate) struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(rejection) => Err(Error::invalid("query", rejection.body_text()).into()),
        }
    }
}

/// The one name in a path, whatever it holds.
pub(crate) struct Named(pub String);

impl FromRequestParts<App> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Path(name) = Path::<String>::from_request_parts(parts, app).await.map_err(|_| Problem::not_found())?;
        Ok(Self(name))
    }
}

/// The one id in a path. What is no id names nothing.
pub(crate) struct Id(pub Uuid);

impl FromRequestParts<App> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Path(id) = Path::<Uuid>::from_request_parts(parts, app).await.map_err(|_| Problem::not_found())?;
        Ok(Self(id))
    }
}

/// The one number in a path. What is no number names nothing.
pub(crate) struct Number(pub i64);

impl FromRequestParts<App> for Number {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Path(number) = Path::<i64>::from_request_parts(parts, app).await.map_err(|_| Problem::not_found())?;
        Ok(Self(number))
    }
}

/// Two names in a path.
pub(crate) struct Two<A, B>(pub A, pub B);

impl<A: DeserializeOwned + Send, B: DeserializeOwned + Send> FromRequestParts<App> for Two<A, B> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Path((first, second)) = Path::<(A, B)>::from_request_parts(parts, app).await.map_err(|_| Problem::not_found())?;
        Ok(Self(first, second))
    }
}

/// The version that `If-Match` names; none for `*` or without the header. A tag that is not ours matches no version.
pub(crate) struct Expected(pub Option<i64>);

impl FromRequestParts<App> for Expected {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let version = |tag: &str| tag.strip_prefix("\"v")?.strip_suffix('"')?.parse().ok();
        Ok(Self(match parts.headers.get(IF_MATCH).map(|tag| tag.to_str().unwrap_or_default().trim()) {
            None | Some("*") => None,
            Some(tag) => Some(version(tag).unwrap_or(i64::MIN)),
        }))
    }
}

/// `1`, `true`, `yes`, or nothing behind the name; and their opposites.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flag(pub bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "" | "1" | "true" | "yes" => Ok(Self(true)),
            "0" | "false" | "no" => Ok(Self(false)),
            _ => Err(serde::de::Error::custom("a switch is 1 or 0")),
        }
    }
}

/// Which part of a list that can be searched.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// What the name holds; all without it.
    #[serde(default)]
    #[param(required = false, max_length = 100)]
    pub q: String,
    /// At most so many.
    #[serde(default = "default_limit")]
    #[param(required = false, minimum = 1, maximum = 500, default = 100)]
    pub limit: usize,
    /// The `next` of the part before.
    #[param(required = false, value_type = String)]
    pub cursor: Option<String>,
}

impl From<ListQuery> for Part {
    fn from(ListQuery { q: query, limit, cursor: after }: ListQuery) -> Self {
        Self { query, after, limit }
    }
}

/// Which part of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PartQuery {
    /// At most so many.
    #[serde(default = "default_limit")]
    #[param(required = false, minimum = 1, maximum = 500, default = 100)]
    pub limit: usize,
    /// The `next` of the part before.
    #[param(required = false, value_type = String)]
    pub cursor: Option<String>,
}

impl From<PartQuery> for Part {
    fn from(PartQuery { limit, cursor: after }: PartQuery) -> Self {
        Self { query: String::new(), after, limit }
    }
}

pub(crate) fn default_limit() -> usize {
    PAGE_DEFAULT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        #[expect(dead_code, reason = "only whether it can be read is asked")]
        password: String,
    }

    #[test]
    fn a_body_is_refused_by_the_name_of_its_field_and_never_by_its_value() {
        for (body, status, part) in [
            (r#"{"password":"x"}"#, 200, ""),
            (r#"{"password":1234567}"#, 422, "password: not a value"),
            (r#"{"pasword":"x"}"#, 422, "unknown field `pasword`"),
            ("{}", 422, "missing field `password`"),
            (r#"{"password":"a\u0000b"}"#, 422, "NUL"),
            (r#"{"password":"#, 400, ""),
            (r#"{"password":"x"} {}"#, 400, ""),
            ("[[[[", 422, "not a value"),
        ] {
            match read::<Line>(body.as_bytes()) {
                Ok(_) => assert_eq!(status, 200, "{body}"),
                Err(problem) => {
                    assert_eq!(problem.status, status, "{body}");
                    assert!(problem.detail.contains(part), "{body}: {}", problem.detail);
                    assert!(!problem.detail.contains("1234567"), "{}", problem.detail);
                }
            }
        }
    }
}
