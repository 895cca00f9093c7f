//! The service's lists: devices, and the organizations and sites of an account.

use domain::{Mac, Time};
use serde_json::{Value, json};

use super::words::text;
use crate::outcome::Failure;
use crate::service::Listed;

pub(super) fn listed(row: &Value) -> Option<Listed> {
    // Its form is not public: milliseconds are taken, all else left.
    let asked = text(&row["lastTime"]).and_then(|time| time.parse().ok()).map(Time::from_millis);
    Some(Listed { mac: mac_of(row)?, target: None, asked })
}

pub(super) fn mac_of(row: &Value) -> Option<Mac> {
    row["mac"].as_str()?.parse().ok()
}

/// The rows of a list: bare, or in `result`; nothing is an empty list.
pub(super) fn rows(data: &Value) -> Result<&[Value], Failure> {
    let list = if data.is_object() { data.get("result").or_else(|| data.get("results")).unwrap_or(&Value::Null) } else { data };
    match list {
        Value::Null => Ok(&[]),
        Value::Array(rows) => Ok(rows),
        _ => Err(Failure::protocol("no list")),
    }
}

/// The id of an organization or a site: as the account gives it, found by its name, the only one, or the default one.
pub(super) fn chosen(what: &str, wanted: &str, rows: &[Value]) -> Result<Value, Failure> {
    if is_id(wanted) {
        return Ok(number(wanted));
    }
    let is_default = |row: &&Value| row["isDefault"] == true || text(&row["isDefault"]).is_some_and(|flag| flag == "1");
    // Under which field an organization's name stands is not public.
    let is_named = |row: &&Value| {
        let fields = row.as_object().into_iter().flat_map(serde_json::Map::values);
        fields.filter_map(Value::as_str).any(|text| text.eq_ignore_ascii_case(wanted))
    };
    let found = match rows {
        _ if !wanted.is_empty() => rows.iter().find(is_named),
        [only] => Some(only),
        several => several.iter().find(is_default),
    };
    let id = found.map(|row| row["id"].clone()).filter(|id| text(id).is_some());
    id.ok_or_else(|| Failure::refused(format!("no such {what} in the account, or several: name one by its id")))
}

pub(super) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn number(id: &str) -> Value {
    id.parse::<u64>().map_or_else(|_| json!(id), |id| json!(id))
}
