//! Profile rules: `(condition)? [--uid U --pwd P --key K] URL | …`, with macros in all of it.

use std::cmp::Ordering;

use domain::Secret;

use crate::address::{Address, Login};

/// What an alternative of a rule asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// A whole URL, or a path on a server that somebody else names.
    pub url: String,
    /// `--uid` and `--pwd`.
    pub login: Option<Login>,
    /// `--key`.
    pub key: Option<Secret<String>>,
    /// `--post`, already filled in.
    pub post: Option<String>,
}

/// Why a rule cannot be followed. It says nothing of the rule, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotARule {
    #[error("its condition cannot be read")]
    Condition,
    #[error("its options cannot be read")]
    Options,
    #[error("its address cannot be used")]
    Address,
}

impl Target {
    /// The first alternative whose condition holds; none if the rule is blank, a comment, or holds under no condition.
    pub fn of(rule: &str, macros: &dyn Fn(&str) -> Option<String>) -> Result<Option<Self>, NotARule> {
        for alternative in alternatives(rule) {
            let alternative = alternative.trim();
            if alternative.is_empty() || alternative.starts_with('#') {
                continue;
            }
            let (holds, rest) = condition(alternative, macros)?;
            if !holds {
                continue;
            }
            let (options, url) = split_options(rest)?;
            let mut target = Self::with_options(options, macros)?;
            target.url = fill(url.trim(), macros);
            return if target.url.is_empty() { Err(NotARule::Address) } else { Ok(Some(target)) };
        }
        Ok(None)
    }

    /// Where it leads: a whole URL, or a path on `server`.
    pub fn address(&self, server: &Address) -> Result<Address, NotARule> {
        let at = if self.url.contains("://") {
            self.url.parse().map_err(|_| NotARule::Address)?
        } else {
            let path = if self.url.starts_with('/') { self.url.clone() } else { format!("/{}", self.url) };
            Address { path, ..server.clone() }
        };
        Ok(Address { login: self.login.clone().or(at.login), ..at })
    }

    fn with_options(options: &str, macros: &dyn Fn(&str) -> Option<String>) -> Result<Self, NotARule> {
        let mut words = words(options)?.into_iter().map(|word| fill(&word, macros));
        let (mut user, mut password) = (None, None);
        let mut target = Self { url: String::new(), login: None, key: None, post: None };
        while let Some(option) = words.next() {
            let value = words.next().ok_or(NotARule::Options)?;
            match option.as_str() {
                "--uid" => user = Some(value),
                "--pwd" => password = Some(value),
                "--key" => target.key = Some(Secret::new(value)),
                "--post" => target.post = Some(value),
                _ => return Err(NotARule::Options),
            }
        }
        if user.is_some() || password.is_some() {
            let password = Secret::new(password.unwrap_or_default());
            target.login = Some(Login { user: user.unwrap_or_default(), password });
        }
        Ok(target)
    }
}

/// The rule with other credentials in the options of its first alternative; none, with blank ones.
pub(super) fn with_login(rule: &str, user: &str, password: &str) -> String {
    let Ok((options, url)) = split_options(rule.trim()) else { return rule.to_owned() };
    let mut kept = Vec::new();
    let mut old = words(options).unwrap_or_default().into_iter();
    while let (Some(option), Some(value)) = (old.next(), old.next()) {
        if !matches!(option.as_str(), "--uid" | "--pwd") {
            kept.push(format!("{option} {value}"));
        }
    }
    if !user.is_empty() || !password.is_empty() {
        kept.insert(0, format!("--uid {user} --pwd {password}"));
    }
    let url = url.trim();
    if kept.is_empty() { url.to_owned() } else { format!("[{}] {url}", kept.join(" ")) }
}

/// `$MA` and `$(MA)` for what they stand for; the longest name counts, and what is no macro stays.
pub(super) fn fill(text: &str, macros: &dyn Fn(&str) -> Option<String>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        filled.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let found = match rest.strip_prefix('(').and_then(|inside| inside.split_once(')')) {
            Some((name, after)) => macros(name).map(|value| (value, after)),
            None => longest(rest, macros),
        };
        match found {
            Some((value, after)) => {
                filled.push_str(&value);
                rest = after;
            }
            None => filled.push('$'),
        }
    }
    filled + rest
}

fn longest<'t>(text: &'t str, macros: &dyn Fn(&str) -> Option<String>) -> Option<(String, &'t str)> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    (1..=end).rev().find_map(|end| macros(&text[..end]).map(|value| (value, &text[end..])))
}

/// Splits at `|` outside of quotes and brackets.
fn alternatives(rule: &str) -> Vec<&str> {
    let (mut quoted, mut bracketed) = (false, false);
    rule.split(|c: char| {
        match c {
            '"' => quoted = !quoted,
            '[' if !quoted => bracketed = true,
            ']' if !quoted => bracketed = false,
            _ => {}
        }
        c == '|' && !quoted && !bracketed
    })
    .collect()
}

fn split_options(text: &str) -> Result<(&str, &str), NotARule> {
    match text.strip_prefix('[') {
        None => Ok(("", text)),
        Some(rest) => rest.split_once(']').ok_or(NotARule::Options),
    }
}

/// Words between blanks; quotes hold a word with blanks together.
fn words(text: &str) -> Result<Vec<String>, NotARule> {
    let mut words: Vec<String> = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or(NotARule::Options)?,
            None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    Ok(words)
}

/// Whether `(…)?` in front holds, and what stands behind it. Without a condition it does.
fn condition<'t>(text: &'t str, macros: &dyn Fn(&str) -> Option<String>) -> Result<(bool, &'t str), NotARule> {
    let Some(inside) = text.strip_prefix('(') else { return Ok((true, text)) };
    let mut quoted = false;
    // A macro may be written `$(MA)`.
    let mut depth = 1;
    let end = inside.find(|c: char| {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    let end = end.ok_or(NotARule::Condition)?;
    let rest = inside[end + 1..].trim_start().strip_prefix('?').ok_or(NotARule::Condition)?;
    let words = words(&inside[..end]).map_err(|_| NotARule::Condition)?;
    Ok((holds(&words, macros)?, rest.trim_start()))
}

/// `A eq B and C lt D or …`, `and` before `or`.
fn holds(words: &[String], macros: &dyn Fn(&str) -> Option<String>) -> Result<bool, NotARule> {
    let comparison = |words: &[String]| {
        let [one, operator, other] = words else { return Err(NotARule::Condition) };
        compare(&fill(one, macros), operator, &fill(other, macros))
    };
    let mut any = false;
    for all in words.split(|word| word == "or") {
        let results = all.split(|word| word == "and").map(comparison).collect::<Result<Vec<_>, _>>()?;
        any |= results.into_iter().all(|result| result);
    }
    Ok(any)
}

fn compare(one: &str, operator: &str, other: &str) -> Result<bool, NotARule> {
    let order = || versions(one).cmp(&versions(other));
    match operator {
        "eq" => Ok(one == other),
        "ne" => Ok(one != other),
        "lt" => Ok(order() == Ordering::Less),
        "le" => Ok(order() != Ordering::Greater),
        "gt" => Ok(order() == Ordering::Greater),
        "ge" => Ok(order() != Ordering::Less),
        _ => Err(NotARule::Condition),
    }
}

/// `7.4.9c` as numbers and what stands behind each.
fn versions(text: &str) -> Vec<(u32, &str)> {
    let piece = |piece: &'_ str| piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
    text.split(['.', '-']).map(|part| part.split_at(piece(part))).map(|(number, rest)| (number.parse().unwrap_or(0), rest)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn macros(name: &str) -> Option<String> {
        let value = match name {
            "MA" => "000e08012345",
            "MAU" => "000E08012345",
            "PSN" => "112",
            "CCERT" => "Installed",
            "SWVER" => "1.4.10",
            "SA" => "s3cret",
            "A" => "",
            _ => return None,
        };
        Some(value.to_owned())
    }

    /// What a rule leads to, as `URL`, `URL as user:password`, `URL key K`.
    fn check(rule: &str, expected: Result<Option<&str>, NotARule>) {
        let read = Target::of(rule, &macros).map(|target| {
            target.map(|Target { url, login, key, .. }| {
                let login = login.map(|login| format!(" as {}:{}", login.user, login.password.expose()));
                let key = key.map(|key| format!(" key {}", key.expose()));
                url + &login.unwrap_or_default() + &key.unwrap_or_default()
            })
        });
        assert_eq!(read.as_ref().map(Option::as_deref), expected.as_ref().map(|target| *target), "{rule}");
    }

    #[test]
    fn options_and_macros_are_read() {
        check("/spa$PSN.cfg", Ok(Some("/spa112.cfg")));
        check("https://h/cfg/$MA.xml?u=$(MAU)", Ok(Some("https://h/cfg/000e08012345.xml?u=000E08012345")));
        check("[--uid u --pwd p] http://h/a", Ok(Some("http://h/a as u:p")));
        check("[--key \"my secret\" --uid u]http://h/a", Ok(Some("http://h/a as u: key my secret")));
        check("[--key $SA] /a", Ok(Some("/a key s3cret")));
        check("[--pwd a$MAb] /$NONE", Ok(Some("/$NONE as :a000e08012345b")));
        check("", Ok(None));
        check("# https://h/a", Ok(None));
        check("[--uid u http://h/a", Err(NotARule::Options));
        check("[--uid] http://h/a", Err(NotARule::Options));
        check("[--what x] http://h/a", Err(NotARule::Options));
        check("[--uid u]", Err(NotARule::Address));
    }

    #[test]
    fn the_first_alternative_whose_condition_holds_is_followed() {
        check("(\"$CCERT\" eq \"Installed\")? https://h/a | http://h/b", Ok(Some("https://h/a")));
        check("(\"$CCERT\" eq \"Not Installed\")? https://h/a | http://h/b", Ok(Some("http://h/b")));
        check("($SWVER lt 1.4.9)? /a | ($SWVER ge 1.4.9)? /b", Ok(Some("/b")));
        check("($(SWVER) eq 1.4.10 and \"$A\" ne \"\" or $PSN eq 112)? /a", Ok(Some("/a")));
        check("($PSN eq 122)? /a", Ok(None));
        check("($PSN is 112)? /a", Err(NotARule::Condition));
        check("($PSN eq 112) /a", Err(NotARule::Condition));
        check("($PSN eq 112", Err(NotARule::Condition));
    }

    #[test]
    fn credentials_are_put_into_a_rule_and_taken_out() {
        let rule = with_login("https://h/$MA.xml", "u", "p");
        assert_eq!(rule, "[--uid u --pwd p] https://h/$MA.xml");
        assert_eq!(with_login(&rule, "v", "q"), "[--uid v --pwd q] https://h/$MA.xml");
        assert_eq!(with_login("[--pwd p --key k] /a", "", ""), "[--key k] /a");
        assert_eq!(with_login(&rule, "", ""), "https://h/$MA.xml");
    }

    #[test]
    fn paths_are_on_the_server_that_somebody_named() {
        let server: Address = "http://h:8080/x/y.cfg".parse().unwrap();
        let at = |rule: &str| Target::of(rule, &macros).unwrap().unwrap().address(&server).map(|at| at.shown());
        assert_eq!(at("/a"), Ok("http://h:8080/a".into()));
        assert_eq!(at("a"), Ok("http://h:8080/a".into()));
        assert_eq!(at("tftp://h/a"), Err(NotARule::Address));
    }
}
