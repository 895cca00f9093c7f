//! The pages as browsers see them: whole requests over a connection, with cookies and forms.

mod batch;
mod contacts;
mod device;
mod hands;
mod matrix;
mod people;
mod policy;
mod redirects;
mod session;
mod sign_in;
mod templates;
mod tree;
mod trust;
mod webhooks;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use domain::Span;
use domain::role::Role;
use portal::admin::By;
use portal::admin::tree::NodeNames;
use portal::admin::user::{self, NewUser, Told};
use sha2::{Digest, Sha256};
use store::session::Session;

use crate::api::{Answer, Site};
use crate::world::NOW;

/// Where a form comes from, as browsers say it.
const FROM_HERE: (&str, &str) = ("Sec-Fetch-Site", "same-origin");

/// A browser: its cookies, and the token of its session's forms.
pub struct Browser<'a> {
    pub site: &'a Site,
    pub cookies: BTreeMap<String, String>,
    pub csrf: String,
}

impl Site {
    /// A browser that nobody has signed in with.
    pub fn browser(&self) -> Browser<'_> {
        Browser { site: self, cookies: BTreeMap::new(), csrf: String::new() }
    }

    /// Somebody of a role at `Dealer`, `Shop`, `Front`, `Office`, or the operator's own.
    pub async fn user(&self, name: &str, role: Role, at: &str) -> Told {
        let at = match at {
            "" => NodeNames::default(),
            "Dealer" => NodeNames { reseller: Some(at.into()), ..NodeNames::default() },
            "Front" => NodeNames { customer: Some("Shop".into()), site: Some(at.into()), ..NodeNames::default() },
            customer => NodeNames::customer(customer),
        };
        let new = NewUser { name: name.into(), role: role.code().into(), at, ..NewUser::default() };
        user::add(&self.world.admin, &By::command_line(NOW), new).await.unwrap()
    }

    /// The browser of somebody who signed in a moment ago.
    pub async fn signed_in(&self, role: Role, at: &str) -> Browser<'_> {
        self.signed_in_since(role, at, Span::ZERO).await
    }

    /// The browser of somebody who gave their password so long ago.
    pub async fn signed_in_since(&self, role: Role, at: &str, ago: Span) -> Browser<'_> {
        let name = format!("{}.{at}", role.code());
        let account = self.user(&name, role, at).await.user.id.parse().unwrap();
        let cookie = format!("cookie of {name}").replace(' ', "-");
        let (id, proved) = (Sha256::digest(&cookie).into(), NOW - ago);
        let (address, agent, ends) = ("127.0.0.1".parse().unwrap(), "test".to_owned(), NOW + Span::days(1));
        let session = Session { id, account, half: false, begun: proved, seen: NOW, proved, ends, address, agent };
        self.world.admin.store.write(move |db| store::session::begin(db, &session)).await.unwrap();
        let mut browser = self.browser();
        browser.cookies.insert("rf_session".into(), cookie);
        browser.learn().await;
        browser
    }
}

impl Browser<'_> {
    /// Looks up the token of this session's forms, as it stands on every page.
    pub async fn learn(&mut self) {
        let page = self.get("/account").await;
        assert_eq!(page.status, 200, "{page:?}");
        between(&page.text, "name=\"csrf\" value=\"", "\"").clone_into(&mut self.csrf);
    }

    /// The customer that the pages are about.
    pub fn about(&mut self, customer: &str) {
        self.cookies.insert("rf_customer".into(), customer.to_owned());
    }

    pub async fn ask(&self, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = format!("{line} HTTP/1.1\r\nHost: portal.example.com\r\nConnection: close\r\n");
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            write!(request, "Cookie: {}\r\n", cookies.join("; ")).unwrap();
        }
        for (name, value) in headers {
            write!(request, "{name}: {value}\r\n").unwrap();
        }
        write!(request, "Content-Length: {}\r\n\r\n", body.len()).unwrap();
        let answer = self.site.exchange(&[request.as_bytes(), body].concat()).await;
        // Templates write slashes of values in this way.
        Answer::read(&answer.replace("&#x2f;", "/"))
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), &[], b"").await
    }

    /// A form of one of our pages.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("csrf", self.csrf.as_str())];
        all.extend(fields);
        let body = serde_html_form::to_string(all).unwrap();
        let kind = ("Content-Type", "application/x-www-form-urlencoded");
        self.ask(&format!("POST {path}"), &[kind, FROM_HERE], body.as_bytes()).await
    }

    /// A form with a file.
    pub async fn upload(&self, path: &str, fields: &[(&str, &str)], file: &[u8]) -> Answer {
        let mut body = Vec::new();
        for (name, value) in [("csrf", self.csrf.as_str())].iter().chain(fields) {
            body.extend(format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
        }
        body.extend(b"--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n");
        body.extend(file);
        body.extend(b"\r\n--edge--\r\n");
        let kind = ("Content-Type", "multipart/form-data; boundary=edge");
        self.ask(&format!("POST {path}"), &[kind, FROM_HERE], &body).await
    }

    /// Where a form led to.
    pub async fn led(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.post(path, fields).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        answer.header("location").to_owned()
    }
}

/// What stands between two marks.
pub fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let from = text.find(start).unwrap_or_else(|| panic!("no {start:?} in {text}")) + start.len();
    &text[from..from + text[from..].find(end).unwrap()]
}

/// The ids of what the world holds.
pub struct Ids {
    pub shop: String,
    pub office: String,
    pub front: String,
    pub dealer: String,
}

impl Site {
    pub async fn ids(&self) -> Ids {
        let (admin, by) = (&self.world.admin, &By::command_line(NOW));
        let customers = portal::admin::customer::list(admin, by).await.unwrap();
        let id = |name: &str| customers.iter().find(|customer| customer.name == name).unwrap().id.clone();
        let front = portal::admin::site::list(admin, by, None).await.unwrap()[0].id.clone();
        let dealer = portal::admin::reseller::list(admin, by).await.unwrap()[0].id.clone();
        Ids { shop: id("Shop"), office: id("Office"), front, dealer }
    }
}
