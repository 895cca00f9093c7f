//! The server's side of XML-RPC, in the spellings that redirect services have.

use std::fmt::Write as _;

use roxmltree::{Document, Node, ParsingOptions};

use super::{Answer, Asked};
use crate::limits::NODES_MAX;

/// How a server spells its answers. All are in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spelling {
    /// Strings stand without `<string>` (Yealink, Htek, Gigaset).
    pub bare: bool,
    /// Blanks and line ends between the elements (Fanvil).
    pub blanks: bool,
    /// Apache's namespace at the root, and its `ex:nil`.
    pub namespace: bool,
}

impl Spelling {
    /// Every mix of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..8).map(|bits| Self { bare: bits & 1 != 0, blanks: bits & 2 != 0, namespace: bits & 4 != 0 })
    }
}

/// A value of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Nil,
    Bool(bool),
    Text(String),
    /// `20260131T08:09:10`, UTC.
    At(String),
    List(Vec<Self>),
    Map(Vec<(&'static str, Self)>),
}

/// A parameter of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Param {
    Nil,
    Text(String),
    Texts(Vec<String>),
}

/// What is said to a call.
pub(super) enum Said {
    Value(Value),
    Fault(i32, String),
}

impl Said {
    /// `[yes, text]`, the answer of most of them.
    pub(super) fn verdict(yes: bool, text: impl Into<String>) -> Self {
        Self::Value(Value::List(vec![Value::Bool(yes), Value::Text(text.into())]))
    }

    /// Shapes that are refused. That it is a fault, and its number, are assumed.
    pub(super) fn no_such_call() -> Self {
        Self::Fault(-32601, "no such method, or not with these parameters".to_owned())
    }
}

/// Where a service receives its calls, and from whom.
#[derive(Clone, Debug)]
pub(super) struct Door {
    pub(super) path: &'static str,
    pub(super) realm: &'static str,
    pub(super) user: String,
    pub(super) password: String,
    pub(super) spelling: Spelling,
}

impl Door {
    /// Path, method, login and form; then the call.
    pub(super) fn receive(&self, asked: &Asked, act: impl FnOnce(&str, &[Param]) -> Said) -> Answer {
        if asked.path != self.path {
            return Answer::status(404);
        }
        if asked.method != http::Method::POST {
            return Answer::status(405);
        }
        if asked.basic().is_none_or(|(user, password)| user != self.user || password != self.password) {
            let challenge = format!("Basic realm=\"{}\"", self.realm);
            return Answer { headers: vec![("www-authenticate", challenge)], ..Answer::status(401) };
        }
        // Assumed: nobody says what another type is answered with.
        if asked.header("content-type") != "text/xml" {
            return Answer::status(415);
        }
        let said = match call(&asked.body) {
            Some((procedure, params)) => act(&procedure, &params),
            // Panasonic's specification has this sample; for the others it is assumed.
            None => Said::Fault(1, "Invalid XML format".to_owned()),
        };
        Answer::xml(response(&said, self.spelling))
    }
}

/// Twelve hexadecimal digits, in capitals; nothing else is a MAC to these services.
pub(super) fn mac(text: &str) -> Option<String> {
    (text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| text.to_ascii_uppercase())
}

/// An address that a phone could ask.
pub(super) fn is_address(text: &str) -> bool {
    let host = ["http://", "https://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    host.is_some_and(|host| !host.is_empty() && !host.starts_with('/') && !text.contains(char::is_whitespace))
}

/// Reads a call, and takes nothing that the protocol does not name.
fn call(body: &[u8]) -> Option<(String, Vec<Param>)> {
    let text = std::str::from_utf8(body).ok()?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).ok()?;
    let root = document.root_element();
    let [name, params] = elements(root).try_into().ok()?;
    if !root.has_tag_name("methodCall") || !name.has_tag_name("methodName") || !params.has_tag_name("params") {
        return None;
    }
    let read = elements(params).into_iter().map(|param| {
        let [held] = elements(param).try_into().ok()?;
        self::param(held)
    });
    Some((name.text()?.to_owned(), read.collect::<Option<_>>()?))
}

fn param(value: Node<'_, '_>) -> Option<Param> {
    let [typed] = elements(value).try_into().ok()?;
    match typed.tag_name().name() {
        "nil" => Some(Param::Nil),
        "string" => Some(Param::Text(typed.text().unwrap_or_default().to_owned())),
        "array" => {
            let [data] = elements(typed).try_into().ok()?;
            let texts = elements(data).into_iter().map(|one| match param(one)? {
                Param::Text(text) => Some(text),
                _ => None,
            });
            texts.collect::<Option<_>>().map(Param::Texts)
        }
        _ => None,
    }
}

fn elements<'a, 'input>(node: Node<'a, 'input>) -> Vec<Node<'a, 'input>> {
    node.children().filter(Node::is_element).collect()
}

fn response(said: &Said, spelling: Spelling) -> String {
    let mut body = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    let namespace = if spelling.namespace { " xmlns:ex=\"http://ws.apache.org/xmlrpc/namespaces/extensions\"" } else { "" };
    let _ = write!(body, "<methodResponse{namespace}>");
    match said {
        Said::Value(value) => {
            body.push_str("<params><param>");
            write(&mut body, value, spelling);
            body.push_str("</param></params>");
        }
        Said::Fault(code, text) => {
            let text = spelt(text, spelling);
            let _ = write!(
                body,
                "<fault><value><struct><member><name>faultCode</name><value><int>{code}</int></value></member>\
                 <member><name>faultString</name>{text}</member></struct></value></fault>"
            );
        }
    }
    body.push_str("</methodResponse>");
    if spelling.blanks { spaced(&body) } else { body }
}

fn write(body: &mut String, value: &Value, spelling: Spelling) {
    match value {
        Value::Nil => body.push_str(if spelling.namespace { "<value><ex:nil/></value>" } else { "<value><nil/></value>" }),
        Value::Bool(truth) => {
            let _ = write!(body, "<value><boolean>{}</boolean></value>", u8::from(*truth));
        }
        Value::Text(text) => body.push_str(&spelt(text, spelling)),
        Value::At(at) => {
            let _ = write!(body, "<value><dateTime.iso8601>{at}</dateTime.iso8601></value>");
        }
        Value::List(values) => {
            body.push_str("<value><array><data>");
            for value in values {
                write(body, value, spelling);
            }
            body.push_str("</data></array></value>");
        }
        Value::Map(members) => {
            body.push_str("<value><struct>");
            for (name, value) in members {
                let _ = write!(body, "<member><name>{name}</name>");
                write(body, value, spelling);
                body.push_str("</member>");
            }
            body.push_str("</struct></value>");
        }
    }
}

fn spelt(text: &str, spelling: Spelling) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    if spelling.bare { format!("<value>{text}</value>") } else { format!("<value><string>{text}</string></value>") }
}

/// Line ends between elements. Texts are left as they are: no `>` stands in them.
fn spaced(body: &str) -> String {
    body.replace("><", ">\n  <")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: &str = "<methodCall><methodName>a.b</methodName><params><param><value><string>x</string></value></param>\
                        <param><value><array><data><value><string>y</string></value></data></array></value></param>\
                        <param><value><nil/></value></param></params></methodCall>";

    #[test]
    fn a_call_is_taken_only_in_its_form() {
        let params = vec![Param::Text("x".to_owned()), Param::Texts(vec!["y".to_owned()]), Param::Nil];
        assert_eq!(call(CALL.as_bytes()), Some(("a.b".to_owned(), params)));
        for (from, to) in [
            ("methodCall", "methodCal"),
            ("<string>x</string>", "x"),
            ("<string>x</string>", "<int>1</int>"),
            ("params>", "parameters>"),
            ("</methodCall>", ""),
            ("<value><string>y</string></value>", "<value><nil/></value>"),
        ] {
            assert_eq!(call(CALL.replace(from, to).as_bytes()), None, "{from} {to}");
        }
    }

    #[test]
    fn the_door_looks_at_everything_before_the_call() {
        use http::{HeaderMap, Method};
        let spelling = Spelling::default();
        let door = Door { path: "/rpc", realm: "phones", user: "user".to_owned(), password: "password".to_owned(), spelling };
        let asked = |method: Method, path: &str, login: &'static str, kind: &'static str, body: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("authorization", login.parse().unwrap());
            headers.insert("content-type", kind.parse().unwrap());
            let (path, body) = (path.to_owned(), bytes::Bytes::from_static(body.as_bytes()));
            Asked { method, path, query: String::new(), host: String::new(), headers, body, now: 0 }
        };
        let right = "Basic dXNlcjpwYXNzd29yZA==";
        let wrong = "Basic dXNlcjpwYXNzd29yZDI=";
        for (asked, status, says) in [
            (asked(Method::POST, "/rpc", right, "text/xml", CALL), 200, "<boolean>1</boolean>"),
            (asked(Method::POST, "/rpc/", right, "text/xml", CALL), 404, ""),
            (asked(Method::GET, "/rpc", right, "text/xml", CALL), 405, ""),
            (asked(Method::POST, "/rpc", wrong, "text/xml", CALL), 401, ""),
            (asked(Method::POST, "/rpc", "Bearer a", "text/xml", CALL), 401, ""),
            (asked(Method::POST, "/rpc", right, "application/json", CALL), 415, ""),
            (asked(Method::POST, "/rpc", right, "text/xml", "<methodCall/>"), 200, "<int>1</int>"),
        ] {
            let answer = door.receive(&asked, |_, _| Said::Value(Value::Bool(true)));
            assert_eq!(answer.status, status, "{asked:?}");
            assert!(String::from_utf8(answer.body).unwrap().contains(says), "{asked:?}");
        }
    }

    #[test]
    fn spellings_differ() {
        let said = Said::verdict(true, "Ok");
        let spelt: std::collections::BTreeSet<_> = Spelling::all().map(|spelling| response(&said, spelling)).collect();
        assert_eq!(spelt.len(), 8);
        for body in spelt {
            Document::parse(&body).unwrap();
        }
    }

    #[test]
    fn macs_and_addresses_have_one_form() {
        assert_eq!(mac("0c383e00000a").as_deref(), Some("0C383E00000A"));
        for bad in ["", "0c:38:3e:00:00:0a", "0c383e00000", "0c383e00000g"] {
            assert_eq!(mac(bad), None, "{bad}");
        }
        assert!(is_address("https://phones.example.com:8443/cfg/{MAC}"));
        for bad in ["", "https://", "https:///cfg", "phones.example.com", "ftp://phones.example.com", "https://a b"] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
