//! Texts that could break a file.

use domain::Secret;
use domain::settings::{Line, Transport};
use proptest::option;
use proptest::prelude::*;

use crate::support::line;

/// Any text, with a liking for what could break a file.
pub fn value() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[ -~]{1,8}".prop_map(String::from),
        2 => "\\PC{1,4}".prop_map(String::from),
        1 => prop::sample::select(vec!["\n", "\r\n", "\u{85}", "\u{2028}", "\t", "\0", "\u{1}0\u{2}", "\u{1}is x\u{2}", "\u{7f}"]).prop_map(String::from),
        1 => prop::sample::select(vec![
            "#", "\"", "'", "<", ">", "&", "</x>", "]]>", "<!--", "&#10;", "$", "|", "[", "]", "=", ":", ";", "!", "\\", "exit", "%NULL%", "%EMPTY%", " = ", "account.1.password = x", "include:config x", "{{ door.password }}", "{% raw %}",
        ]).prop_map(String::from),
    ];
    prop::collection::vec(piece, 1..4).prop_map(|pieces| pieces.concat())
}

pub fn any_line() -> impl Strategy<Value = Line> {
    let transport = prop::sample::select(vec![Transport::Udp, Transport::Tcp, Transport::Tls]);
    (value(), option::of(value()), value(), value(), option::of(1u16..), transport, option::of(value()), option::of(value())).prop_map(
        |(user, auth_user, password, server, port, transport, extension, name)| Line {
            auth_user,
            password: Secret::new(password),
            server,
            port,
            transport,
            extension,
            name,
            ..line(&user)
        },
    )
}

/// What a text becomes in a file: nothing if it is blank.
pub fn kept(value: Option<&str>) -> Option<String> {
    value.map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned)
}

pub fn breaks(value: &str) -> bool {
    value.chars().any(|c| c.is_control() || c == '\u{2028}' || c == '\u{2029}')
}

/// A line with the same things there, and nothing odd in them.
pub fn same_shape(line: &Line) -> Line {
    let plain = |text: &Option<String>| kept(text.as_deref()).map(|_| "plain".to_owned());
    let mut same = line.clone();
    (same.auth_user, same.extension, same.name) = (plain(&line.auth_user), plain(&line.extension), plain(&line.name));
    same.user = kept(Some(&line.user)).map_or_else(String::new, |_| "plain".into());
    same.server = kept(Some(&line.server)).map_or_else(String::new, |_| "plain".into());
    same.password = Secret::from("plain");
    same
}
