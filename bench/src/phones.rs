//! A population of Yealink T46S phones: who they are and what they send.

use std::io::{self, Write};

use anyhow::{Context as _, Result};
use domain::{Mac, Secret};
use wire::auth::basic_answer;
use wire::challenge::{Challenge, DigestChallenge};
use wire::digest::{self, Algorithm};

use crate::connection::Answer;
use crate::limits::PHONES_MAX;

/// The phones' model, as in `ringfence device add`.
pub const MODEL: (&str, &str) = ("yealink", "T46S");
/// Where a phone from the box asks.
pub const FRONT_DOOR: &str = "/cfg/";

/// What a phone shows, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The folder it asks in, with `/` at both ends.
    pub folder: String,
    /// The user.
    pub user: String,
    /// The password.
    pub password: Secret<String>,
}

impl Login {
    /// The shared login at the front door.
    pub fn global(user: &str, password: &str) -> Self {
        Self { folder: FRONT_DOOR.to_owned(), user: user.to_owned(), password: password.into() }
    }

    /// The login that a configuration carries. Read line by line: the whole parser would cost more than the server's answer.
    pub fn from_config(config: &[u8]) -> Result<Self> {
        let value = |name: &str| {
            let lines = std::str::from_utf8(config).unwrap_or_default().lines();
            let mut fields = lines.filter_map(|line| line.split_once('='));
            fields.find_map(|(field, value)| field.trim().ends_with(name).then(|| value.trim().to_owned()))
        };
        let url = value("auto_provision.server.url").context("no provisioning address in the configuration")?;
        let after_scheme = url.split_once("://").context("an address without a scheme")?.1;
        let path = after_scheme.find('/').map_or("", |at| &after_scheme[at..]);
        Ok(Self {
            folder: format!("{}/", path.trim_end_matches('/')),
            user: value("auto_provision.server.username").context("no user in the configuration")?,
            password: Secret::new(value("auto_provision.server.password").context("no password in the configuration")?),
        })
    }

    /// The address of a phone's own file.
    pub fn target(&self, mac: Mac) -> String {
        format!("{}{mac}.cfg", self.folder)
    }
}

/// The phone with this index, below [`PHONES_MAX`].
pub fn mac(index: u32) -> Mac {
    let [_, high, middle, low] = (index % PHONES_MAX).to_be_bytes();
    Mac::from_bytes([0x00, 0x15, 0x65, high, middle, low]).expect("the prefix is a maker's")
}

/// A file for `ringfence import` with the first `count` phones, two lines each.
pub fn write_csv(out: &mut impl Write, customer: &str, count: u32) -> io::Result<()> {
    let line_fields = ["user", "password", "server", "extension", "name"];
    let lines = [1, 2].map(|line| line_fields.map(|field| format!("line{line}_{field}")).join(","));
    writeln!(out, "vendor,type,mac,customer,{}", lines.join(","))?;
    for index in 0..count {
        write!(out, "{},{},{},{customer}", MODEL.0, MODEL.1, mac(index))?;
        for line in 1..=2 {
            write!(out, ",u{index}-{line},password-{index:08}-{line},sip.example.com,{},Desk {index}", 1000 + index)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A fetch of the phone's own file with Basic.
pub fn basic_fetch(mac: Mac, login: &Login) -> Vec<u8> {
    request(mac, &login.target(mac), &basic_answer(&login.user, login.password.expose()))
}

/// The same with Digest, the challenge's nonce used for the `count`th time.
pub fn digest_fetch(mac: Mac, login: &Login, challenge: &DigestChallenge, count: u32) -> Vec<u8> {
    let target = login.target(mac);
    let answer = digest::answer(challenge, &login.user, login.password.expose(), "GET", &target, count, "0a4f113b");
    request(mac, &target, &answer)
}

/// The challenge of a 401 that these phones answer: they know Digest with MD5 and no other.
pub fn challenge(answer: &Answer<'_>) -> Option<DigestChallenge> {
    let offered = answer.header("www-authenticate").filter_map(|value| wire::challenge::parse(value.as_bytes()).ok());
    offered.flatten().find_map(|challenge| match challenge {
        Challenge::Digest(digest) if digest.algorithm == Algorithm::Md5 => Some(digest),
        Challenge::Digest(_) | Challenge::Basic { .. } => None,
    })
}

fn request(mac: Mac, target: &str, authorization: &str) -> Vec<u8> {
    let agent = format!("Yealink SIP-T46S 66.86.0.15 {}", mac.with_colons());
    format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {agent}\r\nAuthorization: {authorization}\r\n\r\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_population_has_a_mac_each() {
        assert_eq!(mac(0).to_string(), "001565000000");
        assert_eq!(mac(1_000_000).to_string(), "0015650f4240");
    }

    #[test]
    fn the_csv_has_a_row_for_each_phone() {
        let mut text = Vec::new();
        write_csv(&mut text, "Example Ltd", 2).unwrap();
        let text = String::from_utf8(text).unwrap();
        let rows: Vec<Vec<&str>> = text.lines().map(|row| row.split(',').collect()).collect();
        assert_eq!(rows.iter().map(Vec::len).collect::<Vec<_>>(), [14, 14, 14]);
        assert_eq!(rows[0][..5], ["vendor", "type", "mac", "customer", "line1_user"]);
        assert_eq!(rows[2][..5], ["yealink", "T46S", "001565000001", "Example Ltd", "u1-1"]);
    }

    #[test]
    fn the_login_of_a_configuration_is_used_at_its_door() {
        let config = b"#!version:1.0.0.1\nstatic.auto_provision.server.url = https://phones.example.com:8443/cfg/d/h4ndle/\n\
            static.auto_provision.server.username = own\nstatic.auto_provision.server.password = s3cret\n";
        let login = Login::from_config(config).unwrap();
        assert_eq!(login, Login { folder: "/cfg/d/h4ndle/".into(), user: "own".into(), password: "s3cret".into() });
        let sent = String::from_utf8(basic_fetch(mac(7), &login)).unwrap();
        assert!(sent.starts_with("GET /cfg/d/h4ndle/001565000007.cfg HTTP/1.1\r\n"), "{sent}");
        assert!(sent.contains("\r\nAuthorization: Basic b3duOnMzY3JldA==\r\n"), "{sent}");
    }

    #[test]
    fn a_challenge_is_answered() {
        let head = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"R\"\r\n\
            www-authenticate: Digest realm=\"R\", nonce=\"n\", algorithm=MD5, qop=\"auth\"";
        let challenge = challenge(&Answer { status: 401, head, body: b"" }).unwrap();
        let sent = String::from_utf8(digest_fetch(mac(7), &Login::global("user", "password"), &challenge, 3)).unwrap();
        assert!(sent.contains("nc=00000003") && sent.contains("uri=\"/cfg/001565000007.cfg\""), "{sent}");
    }
}
