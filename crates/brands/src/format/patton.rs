//! Commands as typed at a console, as Patton's gateways read them: some open a context, and what follows belongs to it.
//!
//! A parameter's name is the way to it, `context.cs.switch/interface.fxs.IF_FXS_0/subscriber-number`: a dot for each blank, a slash for
//! each context. One line alone does not tell it, so templates say it with `is(name)` where raw settings may replace the line.

use std::borrow::Cow;

use super::{Syntax, Taken};
use crate::error::ParseError;
use crate::limits::PARSE_LINES_MAX;

/// What every file begins with.
const HEADER: &str = "cli version ";

/// Commands that open a context: the first word, and inside which contexts (by their first word; none: anywhere, as the outermost).
const OPENERS: [(&str, &[&str]); 21] = [
    ("context", &[]),
    ("profile", &[]),
    ("port", &[]),
    ("authentication-service", &[]),
    ("location-service", &[]),
    ("actions", &[]),
    ("system", &[]),
    ("syslog-client", &[]),
    ("interface", &["context"]),
    ("routing-table", &["context"]),
    ("mapping-table", &["context"]),
    ("service", &["context"]),
    ("identity", &["location-service"]),
    ("identity-group", &["location-service"]),
    ("authentication", &["identity", "identity-group"]),
    ("registration", &["identity", "identity-group"]),
    ("call", &["identity", "identity-group"]),
    ("message", &["identity", "identity-group"]),
    ("rule", &["actions"]),
    ("vlan", &["port"]),
    ("ic", &["system"]),
];

/// Commands whose name is more than their first word.
const LONG_NAMES: [(&str, usize); 12] = [
    ("bind", 2),
    ("cli", 2),
    ("clock", 3),
    ("codec", 2),
    ("facility", 2),
    ("fax", 3),
    ("location", 2),
    ("message-waiting-indication", 2),
    ("play", 2),
    ("set", 2),
    ("sntp-client", 3),
    ("timer", 2),
];

/// The syntax.
pub(super) struct Patton;

impl Syntax for Patton {
    /// A quotation mark cannot be escaped, and `$(` begins a name that the gateway fills in: no document says how either is meant as
    /// it stands. Beyond ASCII nothing is known to arrive.
    fn check(&self, value: &str) -> Result<(), &'static str> {
        if !value.is_ascii() {
            return Err("has a character beyond ASCII, which the file cannot carry");
        }
        if value.contains(['"', '\\']) || value.contains("$(") {
            return Err("has a quotation mark, a backslash or $(, which the file cannot carry");
        }
        Ok(())
    }

    fn write(&self, value: &str, out: &mut Vec<u8>) {
        let quotes: &[u8] = if is_word(value) { b"" } else { b"\"" };
        out.extend_from_slice(quotes);
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(quotes);
    }

    /// The commands of a context look alike in all of them.
    fn parameter<'l>(&self, _line: &'l str) -> Option<Cow<'l, str>> {
        None
    }

    fn is_parameter(&self, name: &str) -> bool {
        let (contexts, command) = split(name);
        let mut inside = None;
        let formed = |part: &str| {
            let plain = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':'));
            plain && !part.is_empty()
        };
        let opened = contexts.iter().all(|context| {
            let first = context.split('.').next().unwrap_or_default();
            let opens = opens(first, inside);
            inside = Some(first);
            opens && context.split('.').all(formed)
        });
        let first = command.split('.').next().unwrap_or_default();
        opened && !opens(first, inside) && first != "exit" && command.split('.').all(formed)
    }

    fn around(&self, parameter: &str) -> (String, String) {
        let (contexts, command) = split(parameter);
        let mut open = String::new();
        for (depth, part) in contexts.iter().chain([&command]).enumerate() {
            if depth > 0 {
                open.push('\n');
            }
            open.extend(std::iter::repeat_n("  ", depth));
            open.push_str(&part.replace('.', " "));
        }
        // What stands behind it may belong to no context.
        let mut close = String::new();
        for depth in (0..contexts.len()).rev() {
            close.push('\n');
            close.extend(std::iter::repeat_n("  ", depth));
            close.push_str("exit");
        }
        (open + " ", close)
    }

    fn fits(&self, text: &str) -> bool {
        text.starts_with(HEADER)
    }

    fn read(&self, text: &str, _include: Option<&str>) -> Result<Taken, ParseError> {
        read(text)
    }
}

/// Whether a value stands as it is; otherwise in quotation marks.
fn is_word(value: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:/@+-=,%*&~^$()<>|".contains(&byte);
    !value.is_empty() && value.bytes().all(plain)
}

/// A name's contexts and its command.
fn split(name: &str) -> (Vec<&str>, &str) {
    let mut parts: Vec<&str> = name.split('/').collect();
    let command = parts.pop().unwrap_or_default();
    (parts, command)
}

/// Whether a command opens a context inside another one.
fn opens(first: &str, inside: Option<&str>) -> bool {
    OPENERS.iter().any(|(word, parents)| *word == first && inside.map_or(parents.is_empty(), |inside| parents.contains(&inside)))
}

/// Takes a file apart. Indentation says nothing: a context ends with `exit`, or with a command that only one further out knows.
fn read(text: &str) -> Result<Taken, ParseError> {
    let mut taken = Taken::default();
    if !text.starts_with(HEADER) {
        return Err(ParseError { line: 1, what: "the first line is not the version of the commands" });
    }
    let mut contexts: Vec<String> = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        if number > PARSE_LINES_MAX {
            return Err(ParseError { line: number, what: "the file has more than 16384 lines" });
        }
        let words = words(line).ok_or(ParseError { line: number, what: "a quotation mark that does not end" })?;
        let Some(first) = words.first().filter(|first| !first.starts_with('#')) else { continue };
        if first == "exit" {
            contexts.pop();
            continue;
        }
        let inside = |contexts: &[String]| contexts.last().map(|context| context.split('.').next().unwrap_or_default().to_owned());
        let depth = (0..=contexts.len()).rev().find(|depth| opens(first, inside(&contexts[..*depth]).as_deref()));
        // `interface` inside an interface, `service` inside `profile`: an ordinary command of the innermost context.
        let Some(depth) = depth else {
            add_command(&contexts.join("/"), &words, &mut taken.parameters);
            continue;
        };
        contexts.truncate(depth);
        if matches!(first.as_str(), "identity" | "identity-group") {
            // Named after an account: a value, and no part of a name.
            contexts.push(first.clone());
            taken.parameters.push((contexts.join("/"), words[1..].join(" ")));
        } else {
            contexts.push(words.join("."));
        }
    }
    Ok(taken)
}

/// The words of a line; what stands in quotation marks is one word.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (word, after) = quoted.split_once('"')?;
            words.push(word.to_owned());
            rest = after.trim_start();
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            words.push(rest[..end].to_owned());
            rest = rest[end..].trim_start();
        }
    }
    Some(words)
}

/// A command as name and value; some tell several things at once.
fn add_command(contexts: &str, words: &[String], parameters: &mut Vec<(String, String)>) {
    let mut add = |name: &str, value: String| {
        // Two quotation marks are no command.
        if name.is_empty() {
            return;
        }
        let name = if contexts.is_empty() { name.to_owned() } else { format!("{contexts}/{name}") };
        parameters.push((name, value));
    };
    let told: Vec<&str> = words.iter().map(String::as_str).collect();
    match told[..] {
        ["no", name, ..] => add(name, "no".to_owned()),
        [name @ ("username" | "administrator" | "operator"), user, "password", password] => {
            add(name, user.to_owned());
            add(&format!("{name}.password"), password.to_owned());
        }
        [name @ ("remote" | "registrar"), host, port] => {
            add(name, host.to_owned());
            add(&format!("{name}.port"), port.to_owned());
        }
        ["map", from, "to", to] => {
            add("map", to.to_owned());
            add("map.from", from.to_owned());
        }
        ["route", "call", ref rest @ ..] => add("route.call", rest.join(" ")),
        ["timer", name, ref rest @ ..] => {
            add(&format!("timer.{name}"), rest.join(" "));
            if let Some(every) = rest.iter().position(|word| *word == "every") {
                add(&format!("timer.{name}.every"), rest.get(every + 1).copied().unwrap_or_default().to_owned());
            }
        }
        _ => {
            let long = LONG_NAMES.iter().find(|(word, _)| *word == told[0]).map_or(1, |(_, long)| *long);
            let (name, value) = told.split_at(long.min(told.len()));
            add(&name.join("."), value.join(" "));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        read(text).unwrap().parameters
    }

    #[test]
    fn commands_belong_to_the_context_that_knows_them() {
        let text = "cli version 3.20\ntimer POLL now + 1 minute every 5 minutes \"provisioning execute PF\"\nlocation-service LOC_1\n  domain a.example.com\n  identity 200\n    registration outbound\n      registrar b.example.com 5061\n  identity 201\n    call outbound\n      preferred-transport-protocol udp\ncontext cs switch\n  mapping-table called-e164 to called-e164 M\n    map .% to *89\n  interface fxs IF_FXS_0\n    subscriber-number 200\n    no call-transfer\n    exit\n  no shutdown\n# remark\nport fxs 0 0\n  bind interface IF_FXS_0 switch\n";
        let told = pairs(text);
        let of = |name: &str| told.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect::<Vec<_>>();
        assert_eq!(of("timer.POLL.every"), ["5"]);
        assert_eq!(of("location-service.LOC_1/domain"), ["a.example.com"]);
        assert_eq!(of("location-service.LOC_1/identity"), ["200", "201"]);
        assert_eq!(of("location-service.LOC_1/identity/registration.outbound/registrar.port"), ["5061"]);
        assert_eq!(of("location-service.LOC_1/identity/call.outbound/preferred-transport-protocol"), ["udp"]);
        assert_eq!(of("context.cs.switch/mapping-table.called-e164.to.called-e164.M/map"), ["*89"]);
        assert_eq!(of("context.cs.switch/interface.fxs.IF_FXS_0/subscriber-number"), ["200"]);
        assert_eq!(of("context.cs.switch/interface.fxs.IF_FXS_0/call-transfer"), ["no"]);
        assert_eq!(of("context.cs.switch/shutdown"), ["no"]);
        assert_eq!(of("port.fxs.0.0/bind.interface"), ["IF_FXS_0 switch"]);
    }

    #[test]
    fn a_raw_parameter_opens_its_contexts_again() {
        let (before, after) = Patton.around("context.cs.switch/interface.fxs.IF_FXS_0/caller-id-presentation");
        assert_eq!(
            (before.as_str(), after.as_str()),
            ("context cs switch\n  interface fxs IF_FXS_0\n    caller-id-presentation ", "\n  exit\nexit")
        );
        let told = pairs(&format!("cli version 3.20\nport fxs 0 0\n{before}pre-ring{after}\ndns-client server 192.0.2.1\n"));
        let told: Vec<_> = told.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected =
            [("context.cs.switch/interface.fxs.IF_FXS_0/caller-id-presentation", "pre-ring"), ("dns-client", "server 192.0.2.1")];
        assert_eq!(told[1..], expected);
        assert!(Patton.is_parameter("profile.voip.default/dtmf-relay") && Patton.is_parameter("dns-client"));
        for name in [
            "",
            "a/b",
            "context.cs.switch",
            "context.cs.switch/interface.fxs.X",
            "interface.fxs.X/a",
            "exit",
            "a b",
            "a\nb",
            "context..x/a",
        ] {
            assert!(!Patton.is_parameter(name), "{name:?}");
        }
    }

    #[test]
    fn errors_name_the_line() {
        let refused = |text: &str| read(text).err().unwrap().to_string();
        assert_eq!(refused("port fxs 0 0\n"), "line 1: the first line is not the version of the commands");
        assert_eq!(refused("cli version 3.20\na \"b\n"), "line 2: a quotation mark that does not end");
        assert_eq!(refused(&format!("cli version 3.20{}", "\n".repeat(20_000))), "line 16385: the file has more than 16384 lines");
    }

    proptest! {
        #[test]
        fn a_value_is_one_word_and_opens_nothing(value in "[ -~]{1,40}|exit|context cs switch|#x|[a-z] password [a-z]") {
            let value = value.trim();
            prop_assume!(!value.is_empty() && Patton.check(value).is_ok());
            let mut written = Vec::new();
            Patton.write(value, &mut written);
            let written = String::from_utf8(written).unwrap();
            let told = pairs(&format!("cli version 3.20\nauthentication-service A\n  username u password {written}\nport fxs 0 0\n"));
            prop_assert_eq!(&told[1..], [
                ("authentication-service.A/username".to_owned(), "u".to_owned()),
                ("authentication-service.A/username.password".to_owned(), value.to_owned()),
            ]);
        }

        #[test]
        fn no_file_is_too_odd_to_be_read(text in "cli version (\\PC{0,10}|\n|context|exit|identity| |\"){0,30}") {
            for (name, value) in read(&text).map(|taken| taken.parameters).unwrap_or_default() {
                prop_assert!(!name.is_empty() && !name.contains('\n') && !value.contains('\n'), "{name:?} {value:?}");
            }
        }
    }
}
