//! The configuration that the service hands to a device: where it finds us, and the global login.

use domain::{Mac, Secret};

use crate::outcome::Outcome;
use crate::service::Profile;

/// Characters of a user or a password (a DP750's template).
const LOGIN_CHARS_MAX: usize = 40;

/// Protocol and path of the server, and the login. By number, which phones of every firmware read.
pub(super) fn config(mac: Mac, profile: &Profile) -> Result<Secret<String>, Outcome> {
    let (protocol, rest) = match profile.door.split_once("://") {
        Some(("https", rest)) => (2, rest),
        Some(("http", rest)) => (1, rest),
        _ => return Err(Outcome::InvalidAddress),
    };
    let path = rest.trim_end_matches('/');
    if path.is_empty()
        || path.starts_with([':', '/'])
        || path.contains(['?', '#', '@'])
        || !path.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err(Outcome::InvalidAddress);
    }
    let (user, password) = (&profile.user, profile.password.expose());
    let fits = |text: &str| text.len() <= LOGIN_CHARS_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !fits(user) || !fits(password) {
        return Err(Outcome::refused("user and password: at most 40 letters, digits and signs, no blanks"));
    }
    let value = |name: &str, value: &str| format!("<{name}>{}</{name}>\n", escaped(value));
    let values = [value("P212", &protocol.to_string()), value("P237", path), value("P1360", user), value("P1361", password)].concat();
    let head = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gs_provision version=\"1\">\n<mac>{mac}</mac>\n");
    Ok(Secret::new(format!("{head}<config version=\"1\">\n{values}</config>\n</gs_provision>\n")))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(door: &str, password: &str) -> Profile {
        let (name, password) = ("p".to_owned(), Secret::new(password.to_owned()));
        Profile { name, door: door.to_owned(), user: "global".to_owned(), password }
    }

    #[test]
    fn a_configuration_holds_server_and_login() {
        let mac = "00:0b:82:aa:bb:cc".parse().unwrap();
        let made = config(mac, &profile("https://phones.example.com:8443/cfg/", "a<b&c")).unwrap();
        let document = roxmltree::Document::parse(made.expose()).unwrap();
        let text = |name| document.descendants().find(|node| node.has_tag_name(name)).and_then(|node| node.text().map(str::to_owned));
        let told = ["mac", "P212", "P237", "P1360", "P1361"].map(|name| text(name).unwrap());
        assert_eq!(told, ["000b82aabbcc", "2", "phones.example.com:8443/cfg", "global", "a<b&c"]);
        for (door, password, expected) in [
            ("ftp://phones.example.com/", "x", Outcome::InvalidAddress),
            ("phones.example.com", "x", Outcome::InvalidAddress),
            ("https:///cfg", "x", Outcome::InvalidAddress),
            ("https://phones.example.com/cfg/?a=b", "x", Outcome::InvalidAddress),
        ] {
            assert_eq!(config(mac, &profile(door, password)), Err(expected), "{door}");
        }
        for password in ["with blank", &"x".repeat(41), "ü"] {
            let Err(Outcome::Refused { said }) = config(mac, &profile("https://phones.example.com/", password)) else {
                panic!("{password}")
            };
            assert!(!said.contains(password));
        }
    }
}
