//! XML-RPC as redirect services speak it: strings go in; what comes out is spelt differently by each, and read all the same.
//!
//! Values come typed or bare, with blanks between elements, with Apache's `ex` namespace. Texts lose the blanks around them: none of what
//! these services say begins or ends with one.

use domain::{Mac, Secret, Time};
use reqwest::header::AUTHORIZATION;
use reqwest::{Method, Url};
use roxmltree::{Document, Node, ParsingOptions};

use crate::limits::{DEPTH_MAX, NODES_MAX};
use crate::outcome::{Failure, Outcome, cut};
use crate::road::{Ask, Line};
use crate::service::{Entry, Listed, Page, Target};

/// A line to a service that speaks XML-RPC, with HTTP Basic.
pub(crate) struct Caller {
    line: Line,
    authorization: Secret<String>,
}

/// A parameter.
pub(crate) enum Param<'a> {
    Text(&'a str),
    Texts(&'a [String]),
    Nil,
}

/// A value of an answer. It may hold addresses with a secret path, so it is not printed.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Value {
    Nil,
    Bool(bool),
    Int(i64),
    Text(String),
    At(Time),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

/// A refusal in the protocol's own form.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Fault {
    pub(crate) code: i64,
    pub(crate) text: String,
}

/// Yes or no, and what is said besides.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Verdict {
    pub(crate) yes: bool,
    pub(crate) rest: Vec<Value>,
}

impl Caller {
    pub(crate) fn new(line: Line, user: &str, password: &str) -> Self {
        use base64::Engine as _;
        let login = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        Self { line, authorization: Secret::new(format!("Basic {login}")) }
    }

    /// Calls a procedure, once.
    pub(crate) async fn call(&self, procedure: &str, params: &[Param<'_>]) -> Result<Result<Value, Fault>, Failure> {
        let reply = self
            .line
            .send(Ask {
                method: Method::POST,
                // As it is: one of the services answers only with the slash behind.
                url: self.line.base().clone(),
                headers: vec![(AUTHORIZATION, self.authorization.expose().clone())],
                body: Some(("text/xml", request(procedure, params).into_bytes())),
            })
            .await?;
        match reply.status {
            401 => Err(Failure::Auth),
            403 => Err(Failure::NotPermitted { said: "status 403".to_owned() }),
            200..300 => answer(&reply.body),
            other => Err(Failure::refused(format!("status {other}"))),
        }
    }

    /// Calls a procedure that answers with a verdict.
    pub(crate) async fn ask(&self, procedure: &str, params: &[Param<'_>]) -> Result<Verdict, Failure> {
        self.call(procedure, params).await?.map_err(|fault| fault.failure())?.verdict()
    }
}

impl Fault {
    /// Of the whole call.
    pub(crate) fn failure(&self) -> Failure {
        Failure::refused(format!("{} {}", self.code, without_addresses(&self.text)))
    }
}

impl Verdict {
    /// The first text behind the verdict; empty if there is none.
    pub(crate) fn text(&self) -> &str {
        self.rest.iter().find_map(Value::text).unwrap_or_default()
    }
}

impl Value {
    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Yes or no, where it is one.
    pub(crate) fn truth(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            Self::Int(number @ (0 | 1)) => Some(*number == 1),
            _ => None,
        }
    }

    /// A member of a struct.
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        let Self::Map(members) = self else { return None };
        members.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// `[true, …]`, or the bare boolean.
    pub(crate) fn verdict(self) -> Result<Verdict, Failure> {
        if let Some(yes) = self.truth() {
            return Ok(Verdict { yes, rest: Vec::new() });
        }
        let Self::List(mut values) = self else { return Err(Failure::protocol("neither yes nor no")) };
        let yes = values.first().and_then(Self::truth).ok_or_else(|| Failure::protocol("a list without yes or no"))?;
        values.remove(0);
        Ok(Verdict { yes, rest: values })
    }
}

/// The address that a device is to be sent to; none if it is none that a service takes.
pub(crate) fn address(entry: &Entry) -> Option<&str> {
    let Target::Address(address) = &entry.target else { return None };
    let address = address.expose().as_str();
    let is_plain = !address.chars().any(|c| c.is_control() || c.is_whitespace());
    let url = Url::parse(address).ok().filter(|_| is_plain)?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(address)
}

/// A MAC as all of these services write it.
pub(crate) fn upper(mac: Mac) -> String {
    mac.to_string().to_ascii_uppercase()
}

/// A refusal in a service's words, without the address, which some of them repeat.
pub(crate) fn refused(said: &str, entry: &Entry) -> Outcome {
    let mut said = without_addresses(said);
    if let Target::Address(address) = &entry.target {
        // The secret is one of the longer parts of the path.
        for part in address.expose().split('/').skip(3).filter(|part| part.len() >= SECRET_PART_MIN) {
            said = said.replace(part, "…");
        }
    }
    Outcome::refused(said)
}

/// Parts of a path that are shorter are words, not secrets.
const SECRET_PART_MIN: usize = 8;

/// What a service says, without the addresses in it.
pub(crate) fn without_addresses(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let before = rest[..at].trim_end_matches(|c: char| c.is_ascii_alphanumeric());
        kept.push_str(before);
        kept.push('…');
        let behind = &rest[at..];
        rest = behind.find(|c: char| c.is_whitespace() || "\"'<>,;)".contains(c)).map_or("", |end| &behind[end..]);
    }
    kept.push_str(rest);
    cut(&kept)
}

/// A list of MACs, all of the account. What is no MAC is no phone of ours, and left out.
pub(crate) fn page(values: &[Value]) -> Page {
    let macs = values.iter().filter_map(|value| value.text()?.parse().ok());
    Page { items: macs.map(|mac| Listed { mac, target: None, asked: None }).collect(), next: None }
}

fn request(procedure: &str, params: &[Param<'_>]) -> String {
    let params: Vec<_> = params.iter().map(|param| format!("<param>{}</param>", written(param))).collect();
    let params = params.concat();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><methodCall><methodName>{procedure}</methodName><params>{params}</params></methodCall>"
    )
}

fn written(param: &Param<'_>) -> String {
    let text = |text: &str| format!("<value><string>{}</string></value>", escaped(text));
    match param {
        Param::Text(one) => text(one),
        Param::Texts(many) => {
            let data: String = many.iter().map(|one| text(one)).collect();
            format!("<value><array><data>{data}</data></array></value>")
        }
        Param::Nil => "<value><nil/></value>".to_owned(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Reads an answer.
fn answer(body: &[u8]) -> Result<Result<Value, Fault>, Failure> {
    let text = std::str::from_utf8(body).map_err(|_| Failure::protocol("not UTF-8"))?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    // The parser's words may hold what is in the answer.
    let document = Document::parse_with_options(text.trim_start_matches('\u{feff}').trim_start(), options)
        .map_err(|_| Failure::protocol("no well-formed XML"))?;
    let root = document.root_element();
    if root.tag_name().name() != "methodResponse" {
        return Err(Failure::protocol("no XML-RPC"));
    }
    if let Some(fault) = child(root, "fault") {
        let said = child(fault, "value").map(|node| value(node, 0)).transpose()?.unwrap_or(Value::Nil);
        let code = match said.member("faultCode") {
            Some(Value::Int(code)) => *code,
            Some(Value::Text(code)) => code.parse().unwrap_or_default(),
            _ => return Err(Failure::protocol("a fault without a code")),
        };
        let text = said.member("faultString").and_then(Value::text).unwrap_or_default().to_owned();
        return Ok(Err(Fault { code, text }));
    }
    let param = child(root, "params").and_then(|params| child(params, "param")).and_then(|param| child(param, "value"));
    value(param.ok_or_else(|| Failure::protocol("an answer without a value"))?, 0).map(Ok)
}

/// The first child of a name, whatever its namespace.
fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.is_element() && child.tag_name().name() == name)
}

fn value(node: Node<'_, '_>, depth: usize) -> Result<Value, Failure> {
    if depth > DEPTH_MAX {
        return Err(Failure::protocol("a value deeper than any of this service's"));
    }
    let Some(typed) = node.children().find(Node::is_element) else { return Ok(Value::Text(words(node))) };
    let no_number = |_| Failure::protocol("a number that is none");
    Ok(match typed.tag_name().name() {
        "nil" => Value::Nil,
        "boolean" => Value::Bool(truth(&words(typed))?),
        "int" | "i1" | "i2" | "i4" | "i8" => Value::Int(words(typed).parse().map_err(no_number)?),
        "dateTime.iso8601" | "dateTime" => time(&words(typed)).map_or_else(|| Value::Text(words(typed)), Value::At),
        "array" => {
            let data = child(typed, "data").ok_or_else(|| Failure::protocol("a list without data"))?;
            let values = data.children().filter(|child| child.tag_name().name() == "value");
            Value::List(values.map(|child| value(child, depth + 1)).collect::<Result<_, _>>()?)
        }
        "struct" => {
            let members = typed.children().filter(|child| child.tag_name().name() == "member");
            Value::Map(members.map(|node| member(node, depth + 1)).collect::<Result<_, _>>()?)
        }
        _ => Value::Text(words(typed)),
    })
}

fn member(node: Node<'_, '_>, depth: usize) -> Result<(String, Value), Failure> {
    let (name, held) = child(node, "name").zip(child(node, "value")).ok_or_else(|| Failure::protocol("half a member"))?;
    Ok((words(name), value(held, depth)?))
}

fn words(node: Node<'_, '_>) -> String {
    node.children().filter_map(|child| child.text().filter(|_| child.is_text())).collect::<String>().trim().to_owned()
}

fn truth(text: &str) -> Result<bool, Failure> {
    match text {
        "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        _ => Err(Failure::protocol("a boolean that is none")),
    }
}

/// `20260131T08:09:10`, in UTC, also with hyphens, a fraction and a `Z`.
fn time(text: &str) -> Option<Time> {
    let (date, clock) = text.split_once('T')?;
    let clock = clock.strip_suffix('Z').unwrap_or(clock);
    let clock = clock.split_once('.').map_or(clock, |(whole, _)| whole);
    let (date, clock) = (date.replace('-', ""), clock.replace(':', ""));
    if date.len() != 8 || clock.len() != 6 || !(date.bytes().chain(clock.bytes())).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |text: &str, from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (part(&date, 0, 4)?, part(&date, 4, 6)?, part(&date, 6, 8)?);
    let (hour, minute, second) = (part(&clock, 0, 2)?, part(&clock, 2, 4)?, part(&clock, 4, 6)?);
    let is_one = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    is_one.then(|| Time::from_millis((((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000))
}

/// Days from 1970-01-01 to a day of the Gregorian calendar; years begin in March, so that the leap day is their last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests;
