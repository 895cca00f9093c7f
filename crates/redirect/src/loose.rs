//! Reading what services spell in more than one way.

use serde_json::Value;

/// A text, or a number as one; empty for anything else.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// A number, or a text that is one.
pub(crate) fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// An id as a part of a path; `None` for what could lead elsewhere.
pub(crate) fn segment(id: &str) -> Option<&str> {
    (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))).then_some(id)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_numbers_and_ids() {
        assert_eq!(
            (text(&json!("a")), text(&json!(7)), text(&json!(null)), text(&json!(["a"]))),
            ("a".to_owned(), "7".to_owned(), String::new(), String::new())
        );
        assert_eq!((number(&json!(7)), number(&json!(" 7 ")), number(&json!("x")), number(&json!(null))), (Some(7), Some(7), None, None));
        for id in ["", ".", "..", "a/b", "a?b", "a b", "a%2fb", "ä"] {
            assert_eq!(segment(id), None, "{id}");
        }
        assert_eq!(segment("5f-3_A"), Some("5f-3_A"));
    }
}
