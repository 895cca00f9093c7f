//! Which door a request target names, and which file behind it.
//!
//! `/cfg/<file>` is the front door, `/cfg/d/<handle>/<file>` an own door, `/cfg/k/<secret>/<file>` and
//! `/cfg/g/<token>/<file>` carry a login in the path. Runs of slashes count as one and a query is ignored, because phones
//! join a typed address and a file name in every way there is.

use std::fmt;

use domain::Secret;

use crate::limits::{DOOR_SEGMENT_BYTES_MAX, FILE_NAME_BYTES_MAX, FILE_NAME_SEGMENTS_MAX, TARGET_BYTES_MAX};

/// What a request target names. Neither `Debug` nor `Display` shows the secret of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The door.
    pub door: Door,
    /// The file's name, decoded; empty for the bare door. Parts are joined by single slashes, none is `.` or `..`;
    /// printable ASCII without backslash and `%`.
    pub file: String,
}

/// The way by which a phone comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Door {
    /// The address that everybody knows.
    Front,
    /// The door of one claim or device, by its handle.
    Own(String),
    /// A path segment that is itself a proof.
    Secret(SecretKind, Secret<String>),
}

/// What the secret segment of a path stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// A claim's or own login: `/cfg/k/<secret>/`.
    Login,
    /// The global login: `/cfg/g/<token>/`.
    GlobalLogin,
}

/// Why a request target names nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 404: well formed, but nothing can be there.
    #[error("no such file")]
    NotFound,
    /// 400: a path trick (dot segments, encoded slashes, backslashes, control characters, broken escapes).
    #[error("malformed path")]
    Malformed,
    /// 414: longer than any phone's.
    #[error("target too long")]
    TooLong,
}

impl Target {
    /// Reads the path of a request target, with or without its query.
    pub fn parse(target: &str) -> Result<Self, Refusal> {
        if target.len() > TARGET_BYTES_MAX {
            return Err(Refusal::TooLong);
        }
        let path = target.split(['?', '#']).next().unwrap_or_default();
        // Absolute form (`GET http://host/cfg/x`), as sent to proxies, is cut to its path by the caller.
        let path = path.strip_prefix('/').ok_or(Refusal::NotFound)?;
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let length = path.len();
        if parts.clone().next() != Some("cfg") {
            // Tricks are told apart from mere strangers whatever the first part is.
            return file_name(parts, length).and(Err(Refusal::NotFound));
        }
        parts.next();
        let mut ahead = parts.clone();
        let door = match ahead.next() {
            Some("d") => Door::Own(segment(ahead.next())?.to_owned()),
            Some("k") => Door::Secret(SecretKind::Login, Secret::from(segment(ahead.next())?)),
            Some("g") => Door::Secret(SecretKind::GlobalLogin, Secret::from(segment(ahead.next())?)),
            _ => {
                let file = file_name(parts, length)?;
                // An escaped letter of a door (`%64` for `d`) is no door, and no file either.
                let hidden = matches!(file.split('/').next(), Some("d" | "k" | "g"));
                return if hidden { Err(Refusal::NotFound) } else { Ok(Self { door: Door::Front, file }) };
            }
        };
        Ok(Self { door, file: file_name(ahead, length)? })
    }
}

/// The path as a log may show it: the secret is a `…`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = &self.file;
        match &self.door {
            Door::Front => write!(f, "/cfg/{file}"),
            Door::Own(handle) => write!(f, "/cfg/d/{handle}/{file}"),
            Door::Secret(SecretKind::Login, _) => write!(f, "/cfg/k/…/{file}"),
            Door::Secret(SecretKind::GlobalLogin, _) => write!(f, "/cfg/g/…/{file}"),
        }
    }
}

/// A handle or secret: the alphabet that we give out, nothing to decode.
fn segment(part: Option<&str>) -> Result<&str, Refusal> {
    let part = part.ok_or(Refusal::NotFound)?;
    let ours = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if part.bytes().all(ours) && part.len() <= DOOR_SEGMENT_BYTES_MAX {
        return Ok(part);
    }
    // A trick stays a trick in this place.
    let mut scratch = String::new();
    decode_part(part, &mut scratch)?;
    Err(Refusal::NotFound)
}

fn file_name<'a>(parts: impl Iterator<Item = &'a str>, length: usize) -> Result<String, Refusal> {
    let mut name = String::with_capacity(length);
    for (count, part) in parts.enumerate() {
        if count == FILE_NAME_SEGMENTS_MAX {
            return Err(Refusal::NotFound);
        }
        if count > 0 {
            name.push('/');
        }
        decode_part(part, &mut name)?;
    }
    if name.len() > FILE_NAME_BYTES_MAX {
        return Err(Refusal::NotFound);
    }
    Ok(name)
}

/// Decodes one part of a path once and refuses what could mean another place.
fn decode_part(part: &str, name: &mut String) -> Result<(), Refusal> {
    let start = name.len();
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'%' && byte != b'\\';
    if part.bytes().all(plain) {
        name.push_str(part);
        return if matches!(part, "." | "..") { Err(Refusal::Malformed) } else { Ok(()) };
    }
    let mut bytes = part.bytes();
    let mut beyond_ascii = false;
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'%' => {
                let high = bytes.next().and_then(digit).ok_or(Refusal::Malformed)?;
                let low = bytes.next().and_then(digit).ok_or(Refusal::Malformed)?;
                match high << 4 | low {
                    // What only an escape can bring into a part: a separator, or a second layer of escapes.
                    b'/' | b'%' => return Err(Refusal::Malformed),
                    byte => byte,
                }
            }
            byte => byte,
        };
        match byte {
            b'\\' | 0..=0x1f | 0x7f => return Err(Refusal::Malformed),
            0x80.. => beyond_ascii = true,
            byte => name.push(byte as char),
        }
    }
    match &name[start..] {
        "." | ".." => Err(Refusal::Malformed),
        _ if beyond_ascii => Err(Refusal::NotFound),
        _ => Ok(()),
    }
}

fn digit(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn front(file: &str) -> Target {
        Target { door: Door::Front, file: file.into() }
    }

    fn own(handle: &str, file: &str) -> Target {
        Target { door: Door::Own(handle.into()), file: file.into() }
    }

    fn secret(kind: SecretKind, secret: &str, file: &str) -> Target {
        Target { door: Door::Secret(kind, secret.into()), file: file.into() }
    }

    #[test]
    fn doors_and_files() {
        let table = [
            ("/cfg", front("")),
            ("/cfg/", front("")),
            ("/cfg//", front("")),
            ("/cfg?mac=001565aabbcc", front("")),
            ("/cfg/y000000000066.cfg", front("y000000000066.cfg")),
            ("/cfg//001565aabbcc.cfg", front("001565aabbcc.cfg")),
            ("//cfg/001565aabbcc.cfg", front("001565aabbcc.cfg")),
            ("/cfg/001565AABBCC.boot?x=/../..", front("001565AABBCC.boot")),
            ("/cfg/a%20b.cfg", front("a b.cfg")),
            ("/cfg/001565%3Aaa.cfg", front("001565:aa.cfg")),
            ("/cfg/languages//de.xml", front("languages/de.xml")),
            ("/cfg/dd/x", front("dd/x")),
            ("/cfg/..a", front("..a")),
            ("/cfg/d/h-1_Z/001565aabbcc.cfg", own("h-1_Z", "001565aabbcc.cfg")),
            ("/cfg/d/h//f", own("h", "f")),
            ("/cfg/d/h", own("h", "")),
            ("/cfg/d/h/", own("h", "")),
            ("/cfg/k/s3cret/f", secret(SecretKind::Login, "s3cret", "f")),
            ("/cfg/g/t0ken/f?q", secret(SecretKind::GlobalLogin, "t0ken", "f")),
        ];
        for (target, expected) in table {
            assert_eq!(Target::parse(target), Ok(expected), "{target}");
        }
    }

    #[test]
    fn strangers_are_not_found() {
        let long_name = format!("/cfg/{}", "a".repeat(FILE_NAME_BYTES_MAX + 1));
        let long_handle = format!("/cfg/d/{}/f", "a".repeat(DOOR_SEGMENT_BYTES_MAX + 1));
        for target in ["", "*", "/", "/x", "/CFG/f", "/cfgs/f", "cfg/f", "/cfg/d", "/cfg/k/", "/cfg/d/a.b/f", "/cfg/%64/h/f", "/cfg/%C3%A4"]
        {
            assert_eq!(Target::parse(target), Err(Refusal::NotFound), "{target}");
        }
        for target in [long_name.as_str(), &long_handle, "/cfg/ä.cfg", "/cfg/1/2/3/4/5/6/7", "/cfg/%ff%fe"] {
            assert_eq!(Target::parse(target), Err(Refusal::NotFound), "{target}");
        }
    }

    #[test]
    fn tricks_are_malformed() {
        let tricks = [
            "/cfg/..",
            "/cfg/../etc/passwd",
            "/cfg/a/../b",
            "/cfg/./a",
            "/cfg/%2e%2e/a",
            "/cfg/.%2E/a",
            "/../cfg/a",
            "/cfg/a%2fb",
            "/cfg/a%2Fb",
            "/cfg/a%5cb",
            "/cfg/a\\b",
            "/cfg/a%00",
            "/cfg/a%0d%0a",
            "/cfg/a%7f",
            "/cfg/%252e%252e/a",
            "/cfg/a%",
            "/cfg/a%2",
            "/cfg/a%zz",
            "/cfg/d/../f",
            "/cfg/d/%2e%2e/f",
            "/cfg/k/a%2fb/f",
            "/cfg/d/h/..",
            "/cfg/g/%00/f",
            "/..",
        ];
        for target in tricks {
            assert_eq!(Target::parse(target), Err(Refusal::Malformed), "{target}");
        }
        assert_eq!(Target::parse(&format!("/cfg/{}", "a/".repeat(TARGET_BYTES_MAX))), Err(Refusal::TooLong));
    }

    #[test]
    fn a_secret_is_never_shown() {
        for path in ["/cfg/k/s3cret/f.cfg", "/cfg/g/s3cret/f.cfg"] {
            let target = Target::parse(path).unwrap();
            assert!(!format!("{target} {target:?} {target:#?}").contains("s3cret"));
            assert!(target.to_string().ends_with("/…/f.cfg"));
        }
    }

    proptest! {
        #[test]
        fn whatever_is_asked_for_a_file_is_a_plain_name(target in "(/|cfg|d|k|g|[.]|%2e|%2F|%|[?]|\\\\|\\PC|[a-z0-9])*") {
            let Ok(found) = Target::parse(&format!("/cfg/{target}")) else { return Ok(()) };
            prop_assert!(found.file.len() <= FILE_NAME_BYTES_MAX);
            prop_assert!(found.file.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'\\' && byte != b'%'));
            prop_assert!(found.file.is_empty() || found.file.split('/').all(|part| !matches!(part, "" | "." | "..")));
            // A name read once is read the same again, unless it holds what only an escape brings in.
            if !found.file.contains([' ', '?', '#']) && !matches!(found.door, Door::Secret(..)) {
                prop_assert_eq!(Target::parse(&found.to_string()), Ok(found));
            }
        }
    }
}
