//! Addresses of servers and files as they are typed, stored and joined by a phone.

use std::fmt;
use std::str::FromStr;

use domain::Secret;

use crate::limits::ADDRESS_BYTES_MAX;

/// `http(s)://[user:password@]host[:port][/path][?query]`. The path is kept byte for byte, never tidied.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// Whether it is `https`.
    pub secure: bool,
    /// Host name or IP address, without brackets.
    pub host: String,
    /// Port; 443 or 80 where none is named.
    pub port: u16,
    /// Path and query, as typed; may be empty.
    pub path: String,
    /// User and password before the `@`.
    pub login: Option<Login>,
}

/// User and password as a phone stores or is typed them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// HTTP user.
    pub user: String,
    /// HTTP password.
    pub password: Secret<String>,
}

impl Login {
    /// From what somebody types.
    pub fn new(user: &str, password: &str) -> Self {
        Self { user: user.to_owned(), password: Secret::from(password) }
    }
}

/// Why a text is no address. Carries no part of it: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an address looks like https://phones.example.com:8443/cfg")]
pub struct AddressError;

/// How a phone puts a file name behind its server's address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slash {
    /// One slash between them, whether the address ends in one or not.
    #[default]
    One,
    /// Always adds a slash, so that an address ending in one gives `//`.
    Added,
}

impl Address {
    /// The address of a file in the folder that this address names.
    #[must_use]
    pub fn file(&self, name: &str, slash: Slash) -> Self {
        let folder = self.path.split('?').next().unwrap_or_default();
        let folder = match slash {
            Slash::One => folder.strip_suffix('/').unwrap_or(folder),
            Slash::Added => folder,
        };
        Self { path: format!("{folder}/{name}"), ..self.clone() }
    }

    /// The address that a file at this address means by `reference`: a whole address, a path from the root, or a
    /// path from the file's own folder.
    pub fn reference(&self, reference: &str) -> Result<Self, AddressError> {
        if reference.contains("://") {
            return reference.parse();
        }
        if reference.is_empty() || reference.len() > ADDRESS_BYTES_MAX {
            return Err(AddressError);
        }
        let own = self.path.split('?').next().unwrap_or_default();
        let folder = own.rfind('/').map_or("", |at| &own[..at]);
        let path = if reference.starts_with('/') { reference.to_owned() } else { format!("{folder}/{reference}") };
        Ok(Self { path, ..self.clone() })
    }

    /// The last piece of the path.
    pub fn file_name(&self) -> &str {
        let path = self.path.split('?').next().unwrap_or_default();
        path.rsplit('/').next().unwrap_or_default()
    }

    /// What stands in the request line.
    pub fn target(&self) -> String {
        if self.path.starts_with('/') { self.path.clone() } else { format!("/{}", self.path) }
    }

    /// What stands in the `Host` header.
    pub fn host_header(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let usual = if self.secure { 443 } else { 80 };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }

    /// Whether both are served by the same host and port, in the same way.
    pub fn same_server(&self, other: &Self) -> bool {
        self.secure == other.secure && self.port == other.port && self.host.eq_ignore_ascii_case(&other.host)
    }

    /// The address as it is stored, without its login.
    pub(crate) fn written(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}{}", self.host_header(), self.path)
    }

    /// An address as somebody typed it, with another login in it; blank takes it out. Macros and all else stay as they are. None for
    /// what is no address.
    pub(crate) fn typed_with_login(typed: &str, user: &str, password: &Secret<String>) -> Option<String> {
        let (scheme, rest) = typed.split_once("://")?;
        let authority = rest.find('/').unwrap_or(rest.len());
        let start = rest[..authority].rfind('@').map_or(0, |at| at + 1);
        let login = if user.is_empty() { String::new() } else { format!("{user}:{}@", password.expose()) };
        Some(format!("{scheme}://{login}{}", &rest[start..]))
    }

    /// The address without its login, and with secret path segments hidden.
    pub fn shown(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}{}", self.host_header(), masked_path(&self.path))
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.len() > ADDRESS_BYTES_MAX || text.chars().any(|c| c.is_control() || c == ' ') {
            return Err(AddressError);
        }
        let (scheme, rest) = text.split_once("://").ok_or(AddressError)?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(AddressError),
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (login, server) = match authority.rsplit_once('@') {
            Some((login, server)) => (Some(read_login(login)?), server),
            None => (None, authority),
        };
        let (host, port) = read_server(server)?;
        Ok(Self { secure, host, port: port.unwrap_or(if secure { 443 } else { 80 }), path: path.to_owned(), login })
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

/// A path with the segments hidden that stand for a login: those after `/k/` and `/g/`.
pub(crate) fn masked_path(path: &str) -> String {
    let mut before = "";
    let shown = path.split('/').map(|segment| {
        let hidden = matches!(before, "k" | "g") && !segment.is_empty();
        before = segment;
        if hidden { "***" } else { segment }
    });
    shown.collect::<Vec<_>>().join("/")
}

fn read_login(text: &str) -> Result<Login, AddressError> {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    Ok(Login { user: percent_decoded(user)?, password: Secret::new(percent_decoded(password)?) })
}

fn read_server(text: &str) -> Result<(String, Option<u16>), AddressError> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']').ok_or(AddressError)?;
            (host, if after.is_empty() { None } else { Some(after.strip_prefix(':').ok_or(AddressError)?) })
        }
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map(|digits| digits.parse().map_err(|_| AddressError)).transpose()?;
    if host.is_empty() { Err(AddressError) } else { Ok((host.to_owned(), port)) }
}

fn percent_decoded(text: &str) -> Result<String, AddressError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digit = |at: usize| rest.get(at).and_then(|byte| char::from(*byte).to_digit(16)).ok_or(AddressError);
        bytes.push((digit(0)? * 16 + digit(1)?) as u8);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).map_err(|_| AddressError)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_are_taken_apart() {
        let check = |text: &str, secure, host: &str, port, path: &str| {
            let read = address(text);
            assert_eq!((read.secure, read.host.as_str(), read.port, read.path.as_str()), (secure, host, port, path), "{text}");
        };
        check("https://phones.example.com/cfg", true, "phones.example.com", 443, "/cfg");
        check("HTTP://192.0.2.1:8080", false, "192.0.2.1", 8080, "");
        check("https://[2001:db8::1]:8443/cfg//", true, "2001:db8::1", 8443, "/cfg//");
        check("http://a?x=/y", false, "a", 80, "?x=/y");
        for text in
            ["", "phones.example.com", "ftp://a/", "https:///cfg", "https://a:x/", "https://a b/", "https://[::1/", "https://a%zz@b/"]
        {
            assert_eq!(text.parse::<Address>(), Err(AddressError), "{text}");
        }
    }

    #[test]
    fn a_login_in_the_address_is_decoded_and_never_shown() {
        let read = address("https://us%40er:p%3Aw@h/cfg/k/s3cret/x.cfg");
        let login = read.login.clone().unwrap();
        assert_eq!((login.user.as_str(), login.password.expose().as_str()), ("us@er", "p:w"));
        assert_eq!(format!("{read:?}"), "https://h/cfg/k/***/x.cfg");
    }

    #[test]
    fn files_join_with_one_slash_or_the_phones_own() {
        let check = |base: &str, slash, expected: &str| assert_eq!(address(base).file("a.cfg", slash).target(), expected, "{base}");
        check("https://h", Slash::One, "/a.cfg");
        check("https://h/cfg", Slash::One, "/cfg/a.cfg");
        check("https://h/cfg/", Slash::One, "/cfg/a.cfg");
        check("https://h/cfg/?x=1", Slash::One, "/cfg/a.cfg");
        check("https://h/cfg/", Slash::Added, "/cfg//a.cfg");
    }

    #[test]
    fn includes_are_relative_to_the_boot_file() {
        let boot = address("https://h:8443/cfg/d/x1/a.boot?q=1");
        let check = |reference: &str, expected: &str| assert_eq!(boot.reference(reference).unwrap().shown(), expected);
        check("a.cfg", "https://h:8443/cfg/d/x1/a.cfg");
        check("sub/a.cfg", "https://h:8443/cfg/d/x1/sub/a.cfg");
        check("/a.cfg", "https://h:8443/a.cfg");
        check("http://other.example.com/a.cfg", "http://other.example.com/a.cfg");
        assert_eq!(boot.reference(""), Err(AddressError));
    }
}
