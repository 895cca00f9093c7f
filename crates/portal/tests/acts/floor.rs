//! The pages of overview, operations, resellers and help, by those who sign in at the form.

mod global_logins;
mod help;
mod look;
mod operations;
mod overview;

pub use self::operations::tone;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use domain::role::Role;
use portal::admin::By;
use portal::admin::tree::NodeNames;
use portal::admin::user::{self, NewUser, Writing};

use crate::api::{Answer, Site};
use crate::world::NOW;

/// What every page is asked for as, unless a test says otherwise.
pub const HOST: &str = "portal.example.com";

/// Somebody who has signed in.
pub struct Browser<'a> {
    site: &'a Site,
    cookie: String,
    csrf: String,
    pub host: String,
}

impl<'a> Browser<'a> {
    /// Signs somebody in at `Dealer`, `Shop`, `Front`, `Office`, or the operator's own.
    pub async fn open(site: &'a Site, role: Role, at: &str) -> Self {
        let node = match at {
            "" => NodeNames::default(),
            "Dealer" => NodeNames { reseller: Some(at.into()), ..NodeNames::default() },
            "Front" => NodeNames { customer: Some("Shop".into()), site: Some(at.into()), ..NodeNames::default() },
            customer => NodeNames::customer(customer),
        };
        let name = format!("{}@{}", role.code(), if at.is_empty() { "platform" } else { at });
        let new = NewUser { name: name.clone(), role: role.code().into(), at: node, writing: Writing::default() };
        let made = user::add(&site.world.admin, &By::command_line(NOW), new).await.unwrap();
        let mut browser = Self { site, cookie: String::new(), csrf: String::new(), host: HOST.into() };
        let form = [("username", name.as_str()), ("password", made.password.as_ref().unwrap().expose().as_str()), ("next", "/")];
        let answer = browser.send("/login", &form).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        browser.cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        let account = browser.get("/account").await;
        let token = account.text.split("name=\"csrf\" value=\"").nth(1).unwrap();
        token.split('"').next().unwrap().clone_into(&mut browser.csrf);
        browser
    }

    /// A page.
    pub async fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), &[], b"").await
    }

    /// A page, which must be there.
    pub async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.text
    }

    /// A form of the page's own.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = [("csrf", self.csrf.as_str())];
        self.send(path, &[&csrf[..], fields].concat()).await
    }

    async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let kind = [("Content-Type", "application/x-www-form-urlencoded")];
        self.ask(&format!("POST {path}"), &kind, body.join("&").as_bytes()).await
    }

    /// A form with a file.
    pub async fn upload(&self, path: &str, fields: &[(&str, &str)], file: &[u8]) -> Answer {
        let mut body = Vec::new();
        for (name, value) in [("csrf", self.csrf.as_str())].iter().chain(fields) {
            body.extend(format!("--line\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
        }
        body.extend(b"--line\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n");
        body.extend(file);
        body.extend(b"\r\n--line--\r\n");
        self.ask(&format!("POST {path}"), &[("Content-Type", "multipart/form-data; boundary=line")], &body).await
    }

    async fn ask(&self, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut head = format!("{line} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nCookie: {}\r\n", self.host, self.cookie);
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        write!(head, "Content-Length: {}\r\n\r\n", body.len()).unwrap();
        let mut answer = Answer::read(&self.site.exchange(&[head.as_bytes(), body].concat()).await);
        // Templates write a slash of a value by its number.
        answer.text = answer.text.replace("&#x2f;", "/");
        answer
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Everybody, and where they work.
pub const PEOPLE: [(Role, &str); 6] = [
    (Role::Operator, ""),
    (Role::Reseller, "Dealer"),
    (Role::CustomerAdmin, "Shop"),
    (Role::Installer, "Front"),
    (Role::Auditor, "Shop"),
    (Role::Auditor, ""),
];

/// A request of a page, and what each of [`PEOPLE`] gets: `GET` a path, or `POST` a form to it that would work.
pub type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], [u16; 6]);

/// Asks each row as everybody.
pub async fn check(rows: &[Row<'_>]) {
    let site = Site::open().await;
    check_at(&site, rows).await;
}

/// The same of a site that holds something already.
pub async fn check_at(site: &Site, rows: &[Row<'_>]) {
    for (column, (role, at)) in PEOPLE.into_iter().enumerate() {
        let browser = Browser::open(site, role, at).await;
        for (method, path, fields, statuses) in rows {
            let answer = if *method == "GET" { browser.get(path).await } else { browser.post(path, fields).await };
            assert_eq!(answer.status, statuses[column], "{method} {path} by {} at {at:?}: {answer:?}", role.code());
        }
    }
}

/// Whoever is signed in gave their password this long ago.
pub async fn proved_long_ago(site: &Site, name: &'static str) {
    let aged = site.world.admin.store.write(move |db| {
        let account = store::people::account_by_name(db, name)?.unwrap();
        for session in store::session::of(db, account.id, NOW)? {
            store::session::note_proof(db, &session.id, NOW - domain::Span::minutes(20))?;
        }
        Ok(())
    });
    aged.await.unwrap();
}

/// Where an answer leads.
pub fn way(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.header("location").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_a_file_is_taken_from_our_own_pages_alone() {
    let site = Site::open().await;
    let mut browser = Browser::open(&site, Role::Operator, "").await;
    let path = "/operations/prompts";
    let mine = browser.upload(path, &[("language", "en"), ("name", "enter-code")], b"no sound").await;
    assert_eq!(mine.status, 422, "it is read");
    browser.csrf = "0".repeat(32);
    assert_eq!(browser.upload(path, &[("language", "en"), ("name", "enter-code")], b"no sound").await.status, 403);
    let large = vec![0; portal::limits::UPLOAD_BYTES_MAX + 1];
    let refused = browser.upload(path, &[], &large).await.status;
    assert!([403, 413].contains(&refused), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_a_page_without_signing_in() {
    let site = Site::open().await;
    let nobody = Browser { site: &site, cookie: String::new(), csrf: String::new(), host: HOST.into() };
    let zero = "00000000-0000-0000-0000-000000000000";
    let mut seen = BTreeMap::new();
    for (verb, path) in
        portal::PAGES.iter().filter(|(_, path)| path.starts_with("/operations") || path.starts_with("/administration/resellers"))
    {
        let path = path.replace("{number}", "1").replace("{name}", "x").replace("{language}", "en").replace("{id}", zero);
        let answer = if *verb == "get" { nobody.get(&path).await } else { nobody.post(&path, &[]).await };
        seen.insert(format!("{verb} {path}"), way(&answer).split('?').next().unwrap().to_owned());
    }
    assert!(seen.len() > 20 && seen.values().all(|to| to == "/login"), "{seen:#?}");
}
