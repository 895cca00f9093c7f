//! Templates, and the words and forms that they know beside minijinja's own.
//!
//! `t(key, name=value)` a sentence · `icon(name)` · `asset(name)` an address · `ago(time)`, `at(time)` an RFC 3339 time as people read it ·
//! `|mac` a MAC with colons · `may(code)` whether the visitor may do that.

use std::sync::LazyLock;

use domain::Mac;
use domain::Time;
use domain::effect::TYPES;
use domain::role::Action;
use fluent_bundle::{FluentArgs, FluentValue};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{Environment, Error, ErrorKind, State, context};
use rust_embed::RustEmbed;
use serde::Serialize;

use super::failure::Failure;
use super::language::Language;
use super::visitor::{Reader, Visitor};
use super::{assets, clock, menu};
use crate::admin::Error as Refused;
use crate::limits::PAGE_FUEL;

#[derive(RustEmbed)]
#[folder = "templates"]
struct Files;

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(environment);

/// Whatever can be written as JSON, for a template.
pub(crate) fn view(value: impl Serialize) -> Value {
    Value::from(Serde(value))
}

/// A page of somebody who is signed in.
pub(crate) fn render(name: &str, visitor: &Visitor, own: Value) -> Result<String, Failure> {
    let groups = view(menu::groups(visitor));
    let allowed: Vec<&str> = Action::ALL.iter().filter(|action| visitor.may(**action)).map(|action| action.code()).collect();
    let me = context! {
        name => visitor.by.name.as_str(),
        role => visitor.by.actor.role.code(),
        customer => view(&visitor.customer),
        chooses => visitor.customer.as_ref().is_none_or(|customer| !customer.own),
    };
    let common = of_reader(&visitor.reader, visitor.by.now);
    let mine = context! { me, allowed, menu => groups, csrf => visitor.csrf.clone() };
    finish(name, context! { ..mine, ..own, ..common })
}

/// A page of somebody who is not.
pub(crate) fn render_for(name: &str, reader: &Reader, now: Time, own: Value) -> Result<String, Failure> {
    let common = of_reader(reader, now);
    finish(name, context! { ..own, ..common })
}

fn of_reader(reader: &Reader, now: Time) -> Value {
    let done = reader.done.as_ref().filter(|done| reader.language.knows(&format!("done-{done}")));
    context! {
        lang => reader.language.code(),
        zone => reader.zone.iana_name().unwrap_or("UTC"),
        theme => reader.theme,
        look => view(&reader.look),
        path => reader.path.as_str(),
        here => reader.here.as_str(),
        done => done,
        now => now.millis(),
        live_kinds => TYPES.join(" "),
    }
}

fn finish(name: &str, context: Value) -> Result<String, Failure> {
    let rendered = ENVIRONMENT.get_template(name).and_then(|template| template.render(context));
    rendered.map_err(|error| Refused::Failed(format!("page {name}: {error:#}")).into())
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::SemiStrict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("its own delimiters"));
    environment.set_fuel(Some(PAGE_FUEL));
    for name in Files::iter() {
        let text = Files::get(&name).map(|file| String::from_utf8_lossy(&file.data).into_owned()).unwrap_or_default();
        if let Err(error) = environment.add_template_owned(name.to_string(), text) {
            tracing::error!(%name, %error, "a page's template cannot be read");
        }
    }
    environment.add_function("t", |state: &State<'_, '_>, key: &str, named: Kwargs| say(state, key, &named));
    environment.add_function("asset", |name: &str| assets::address(name).ok_or_else(|| unknown("asset", name)));
    environment.add_function("icon", icon);
    environment.add_function("ago", |state: &State<'_, '_>, time: Value| ago(state, &time));
    environment.add_function("at", |state: &State<'_, '_>, time: Value| at(state, &time));
    environment.add_function("may", |state: &State<'_, '_>, code: &str| may(state, code));
    environment.add_filter("mac", |text: &str| with_colons(text));
    environment
}

fn unknown(what: &str, name: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("no {what} {name:?}"))
}

fn language(state: &State<'_, '_>) -> Language {
    state.lookup("lang").and_then(|lang| Language::from_code(lang.as_str()?)).unwrap_or(Language::English)
}

fn say(state: &State<'_, '_>, key: &str, named: &Kwargs) -> Result<String, Error> {
    let mut args = FluentArgs::new();
    for name in named.args() {
        let value: Value = named.get(name)?;
        let word = match (i64::try_from(value.clone()), value.as_str()) {
            (_, Some(text)) => FluentValue::from(text.to_owned()),
            (Ok(number), None) => FluentValue::from(number),
            (Err(_), None) => FluentValue::from(value.to_string()),
        };
        args.set(name.to_owned(), word);
    }
    Ok(language(state).say(key, Some(&args)))
}

fn icon(name: &str) -> Result<Value, Error> {
    let sprite = assets::address("icons.svg").ok_or_else(|| unknown("asset", "icons.svg"))?;
    // Names are ours, never a visitor's.
    if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        return Err(unknown("icon", name));
    }
    Ok(Value::from_safe_string(format!(r#"<svg class="icon" aria-hidden="true"><use href="{sprite}#{name}"/></svg>"#)))
}

/// How long ago, or in how long, with the exact time behind it.
fn ago(state: &State<'_, '_>, time: &Value) -> Value {
    written(state, time, |at, now, language| {
        let (key, count) = clock::relative(at, now);
        let mut args = FluentArgs::new();
        args.set("count", count);
        language.say(key, Some(&args))
    })
}

/// The time of day, with the date if it is another day's.
fn at(state: &State<'_, '_>, time: &Value) -> Value {
    let zone = zone_of(state);
    written(state, time, |at, now, language| clock::short(at, now, &zone, language))
}

fn zone_of(state: &State<'_, '_>) -> jiff::tz::TimeZone {
    state.lookup("zone").and_then(|zone| zone.as_str().map(clock::zone)).unwrap_or(jiff::tz::TimeZone::UTC)
}

fn written(state: &State<'_, '_>, time: &Value, text: impl Fn(Time, Time, Language) -> String) -> Value {
    let Some(at) = time.as_str().and_then(clock::parse) else { return Value::from("–") };
    let now = state.lookup("now").and_then(|now| i64::try_from(now).ok()).map_or(at, Time::from_millis);
    let language = language(state);
    let exact = clock::exact(at, &zone_of(state), language);
    let text = text(at, now, language);
    Value::from_safe_string(format!(r#"<time datetime="{}" title="{exact}">{text}</time>"#, at.rfc3339()))
}

fn may(state: &State<'_, '_>, code: &str) -> Result<bool, Error> {
    if !Action::ALL.iter().any(|action| action.code() == code) {
        return Err(unknown("action", code));
    }
    Ok(state.lookup("allowed").is_some_and(|allowed| allowed.try_iter().is_ok_and(|mut all| all.any(|one| one.as_str() == Some(code)))))
}

/// A MAC as pages show it; any other text as it is.
pub(crate) fn with_colons(text: &str) -> String {
    let Ok(mac) = text.parse::<Mac>() else { return text.to_owned() };
    let digits = mac.to_string();
    let pairs: Vec<&str> = (0..6).map(|at| &digits[2 * at..2 * at + 2]).collect();
    pairs.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_can_be_read() {
        for name in Files::iter() {
            assert!(environment().get_template(&name).is_ok(), "{name}");
        }
    }

    #[test]
    fn values_are_escaped_and_times_are_told() {
        let mut environment = environment();
        let text = r#"{{ value }} {{ t("time-minutes-ago", count=2) }} {{ ago("2026-11-22T00:00:00Z") }} {{ "0015651A2B3C"|mac }}"#;
        environment.add_template("probe.html", text).unwrap();
        let context = context! { value => "<b>\u{202e}&\"", lang => "en", zone => "UTC", now => 1_795_305_600_000_i64 + 7_200_000 };
        let page = environment.get_template("probe.html").unwrap().render(context).unwrap();
        assert_eq!(
            page,
            "&lt;b&gt;\u{202e}&amp;&quot; 2 min ago <time datetime=\"2026-11-22T00:00:00Z\" title=\"22 Nov 2026, 00:00:00 UTC\">2 h ago</time> 00:15:65:1a:2b:3c"
        );
    }

    #[test]
    fn an_endless_page_is_ended() {
        let mut environment = environment();
        environment
            .add_template("probe.html", "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}")
            .unwrap();
        let error = environment.get_template("probe.html").unwrap().render(context! {}).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutOfFuel);
    }
}
