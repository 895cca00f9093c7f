//! The document that describes the API, OpenAPI 3.1: what the handlers say of themselves, and what is true of all of them.

use std::sync::LazyLock;

use axum::response::IntoResponse;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};
use utoipa::OpenApi as _;

use super::answer::PREFIX;
use crate::limits::IDEMPOTENCY_KEY_BYTES_MAX;
use crate::pages::visitor::session_cookie;
use crate::problem::CODES;
use crate::routes::{Described, ENDPOINTS};

/// Where it is; the one address of the API that needs no token.
pub(crate) const PATH: &str = "/api/v1/openapi.json";

static TEXT: LazyLock<String> = LazyLock::new(|| document().to_string());

/// Requests whose body may be left away, since every field of it has a default.
const MAY_BE_EMPTY: [&str; 3] = ["/devices/{mac}/suspend-authentication", "/global-logins", "/global-login-requests"];

/// The document.
pub(crate) async fn show() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], TEXT.as_str())
}

fn document() -> Value {
    let mut document = serde_json::to_value(Described::openapi()).expect("it is made of plain values");
    document["info"] = json!({
        "title": "Ringfence",
        "version": "1",
        "description": "Provisioning of desk phones. Errors are problems (RFC 9457) with a stable `code`; lists come in parts, `next` is the \
            `cursor` of the next one; times are RFC 3339.",
        "license": { "name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT" },
    });
    document["servers"] = json!([{ "url": "/" }]);
    document["security"] = json!([{ "token": [] }, { "session": [] }]);
    document["components"]["securitySchemes"] = schemes();
    document["components"]["schemas"]["Problem"] = problem();
    let bare = std::mem::take(&mut document["paths"]);
    let mut paths = Map::new();
    for (path, mut item) in bare.as_object().cloned().unwrap_or_default() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            complete(&path, method, operation);
        }
        paths.insert(format!("{PREFIX}{path}"), item);
    }
    paths.insert(PATH.to_owned(), itself());
    document["paths"] = Value::Object(paths);
    document
}

/// How a caller shows who it is: a program by a token, a page of the portal by its session, and by the token of its forms where it changes
/// something.
fn schemes() -> Value {
    json!({
        "token": { "type": "http", "scheme": "bearer" },
        "session": { "type": "apiKey", "in": "cookie", "name": session_cookie(true), "description": "Of a browser that is signed in, same origin." },
        "csrf": { "type": "apiKey", "in": "header", "name": "X-CSRF-Token", "description": "As `whoami` shows it." },
    })
}

/// Adds what is true of every operation of its verb.
fn complete(path: &str, method: &str, operation: &mut Value) {
    let verbs: Vec<&str> = ENDPOINTS.iter().filter(|(_, known)| *known == path).map(|(verb, _)| *verb).collect();
    let creates = method == "post" && verbs.contains(&"create");
    operation["operationId"] = json!(operation_id(path, method));
    operation["tags"] = json!([path.split('/').nth(1).unwrap_or_default()]);
    let mut more = Vec::new();
    if creates {
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_BYTES_MAX, "pattern": "^[!-~]+$" });
        more.push(header("Idempotency-Key", "The same request with the same key within a day is answered alike and done once.", &schema));
    }
    if method == "patch" {
        more.push(header("If-Match", "The ETag that was read: otherwise whoever comes last wins.", &json!({ "type": "string" })));
    }
    if !more.is_empty() {
        let mut all = operation["parameters"].as_array().cloned().unwrap_or_default();
        all.extend(more);
        operation["parameters"] = Value::Array(all);
    }
    if method != "get" {
        operation["security"] = json!([{ "token": [] }, { "session": [], "csrf": [] }]);
    }
    let reads_body = operation.get("requestBody").is_some();
    if reads_body && MAY_BE_EMPTY.contains(&path) {
        operation["requestBody"]["required"] = json!(false);
    }
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (status, response) in responses.iter_mut() {
        response["description"] = json!(reason(status.parse().unwrap_or_default()));
    }
    let mut refusals = vec![400, 401, 403, 404, 409, 422, 429, 500, 503];
    if method == "patch" {
        refusals.push(412);
    }
    if reads_body {
        refusals.extend([413, 415]);
    }
    for status in refusals {
        responses.insert(status.to_string(), refusal(status));
    }
}

/// `get /devices/{mac}/calls` is `get_devices_mac_calls`.
fn operation_id(path: &str, method: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    [method].into_iter().chain(words).collect::<Vec<_>>().join("_")
}

fn header(name: &str, description: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "header", "required": false, "description": description, "schema": schema })
}

fn refusal(status: u16) -> Value {
    let mut response = json!({
        "description": reason(status),
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    });
    if matches!(status, 429 | 503) {
        response["headers"] = json!({ "Retry-After": { "description": "Seconds", "schema": { "type": "integer", "minimum": 1 } } });
    }
    response
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "What went wrong. `code` is for programs and stays as it is; `detail` is for people.",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "code": { "type": "string", "enum": CODES },
            "detail": { "type": "string" },
        },
    })
}

fn itself() -> Value {
    json!({ "get": {
        "operationId": "get_openapi_json",
        "tags": ["openapi.json"],
        "summary": "This document.",
        "security": [],
        "responses": { "200": { "description": "OK", "content": { "application/json": { "schema": { "type": "object" } } } } },
    } })
}

fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Answer")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn method_of(verb: &str) -> &'static str {
        match verb {
            "read" => "get",
            "create" | "import" | "act" => "post",
            "update" => "patch",
            "set" => "put",
            "remove" => "delete",
            other => panic!("no verb {other}"),
        }
    }

    #[test]
    fn every_route_is_described_and_nothing_else_is() {
        let served: BTreeSet<_> = ENDPOINTS.iter().map(|(verb, path)| format!("{} {PREFIX}{path}", method_of(verb))).collect();
        assert_eq!(served.len(), ENDPOINTS.len(), "no route twice");
        let document = document();
        let mut described = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            described.extend(item.as_object().unwrap().keys().map(|method| format!("{method} {path}")));
        }
        assert!(described.remove(&format!("get {PATH}")));
        assert_eq!(served, described);
    }

    #[test]
    fn every_schema_that_is_named_is_there_and_every_answer_has_one() {
        let document = document();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let text = document.to_string();
        let named: BTreeSet<&str> = text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(named.len() > 30, "{named:?}");
        for name in named {
            assert!(schemas.contains_key(name), "{name}");
        }
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                for (status, response) in operation["responses"].as_object().unwrap() {
                    assert!(status == "204" || response["content"].is_object(), "{method} {path} {status}");
                    assert_ne!(response["description"], "", "{method} {path} {status}");
                }
                assert!(operation["summary"].as_str().is_some_and(|summary| summary.ends_with('.')), "{method} {path}");
            }
        }
        assert_eq!(document["openapi"], "3.1.0");
    }

    #[test]
    fn a_session_needs_the_token_of_its_forms_where_something_changes() {
        let document = document();
        let schemes = document["components"]["securitySchemes"].as_object().unwrap();
        for (path, item) in document["paths"].as_object().unwrap().iter().filter(|(path, _)| *path != PATH) {
            for (method, operation) in item.as_object().unwrap() {
                let ways = operation.get("security").unwrap_or(&document["security"]).as_array().unwrap();
                let named: Vec<Vec<&String>> = ways.iter().map(|way| way.as_object().unwrap().keys().collect()).collect();
                assert!(named.iter().flatten().all(|name| schemes.contains_key(*name)), "{method} {path}: {named:?}");
                assert_eq!(named.iter().flatten().any(|name| *name == "csrf"), method != "get", "{method} {path}: {named:?}");
            }
        }
    }
}
