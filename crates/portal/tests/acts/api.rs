//! The REST API as programs see it: whole requests over a connection.

mod creates;
mod devices;
mod events;
mod imports;
pub mod matrix;
mod redirects;
mod requests;
mod resources;
mod templates;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use domain::role::Role;
use portal::App;
use portal::admin::By;
use portal::admin::token::{self, NewToken};
use portal::admin::tree::NodeNames;
use portal::listener::Portal;
use portal::metrics::Metrics;
use prometheus_client::registry::Registry;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::telephone::Face;
use crate::world::{NOW, World};

/// A portal on loopback, and the tokens of those who work there.
pub struct Site {
    pub world: World,
    pub face: Arc<Face>,
    portal: Portal,
}

/// An answer that goes on.
pub struct Stream {
    connection: TcpStream,
    read: String,
}

impl Stream {
    /// Reads until a text has come; what came, or nothing if the stream ended before it.
    pub async fn until(&mut self, text: &str) -> Option<&str> {
        let mut piece = [0; 4096];
        while !self.read.contains(text) {
            match self.connection.read(&mut piece).await {
                Ok(length @ 1..) => self.read.push_str(&String::from_utf8_lossy(&piece[..length])),
                _ => return None,
            }
        }
        Some(&self.read)
    }

    /// What has come is not looked at any more.
    pub fn forget(&mut self) {
        self.read.clear();
    }

    pub fn status(&self) -> u16 {
        self.read.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// The types of the events that have come, and the last number.
    pub fn heard(&self) -> (Vec<&str>, &str) {
        let lines = |start: &'static str| self.read.lines().filter_map(move |line| line.strip_prefix(start));
        (lines("event: ").collect(), lines("id: ").next_back().unwrap_or_default())
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: BTreeMap<String, String>,
    pub text: String,
}

impl Site {
    pub async fn open() -> Self {
        let world = World::new().await;
        let metrics = Arc::new(Metrics::new(Registry::default()));
        let face = Arc::new(Face::default());
        let (admin, rates, telephone) = (world.admin.clone(), Arc::default(), Some(Arc::clone(&face) as Arc<_>));
        let app =
            App { admin, metrics, telephone, rates, live: Arc::default(), clock: || NOW, public_url: "https://portal.example.com".into() };
        Self { portal: Portal::open("127.0.0.1:0".parse().unwrap(), None, app).unwrap(), world, face }
    }

    /// Where it listens.
    pub fn address(&self) -> std::net::SocketAddr {
        self.portal.address()
    }

    /// A token for a role at `Dealer`, `Shop`, `Front`, `Office`, or the operator's own.
    pub async fn token(&self, role: Role, at: &str) -> String {
        let at = match at {
            "" => NodeNames::default(),
            "Dealer" => NodeNames { reseller: Some(at.into()), ..NodeNames::default() },
            "Front" => NodeNames { customer: Some("Shop".into()), site: Some(at.into()), ..NodeNames::default() },
            customer => NodeNames::customer(customer),
        };
        let new = NewToken { role: role.code().into(), at, label: "test".into(), lasts: None };
        token::create(&self.world.admin, &By::command_line(NOW), new).await.unwrap().expose().clone()
    }

    pub async fn operator(&self) -> String {
        self.token(Role::Operator, "").await
    }

    /// One request, with a bearer token unless that is empty. `line` is method and path below the API.
    pub async fn ask(&self, token: &str, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let (method, path) = line.split_once(' ').unwrap();
        let mut request = format!("{method} /api/v1{path} HTTP/1.1\r\nHost: portal.example.com\r\nConnection: close\r\n");
        if !token.is_empty() {
            write!(request, "Authorization: Bearer {token}\r\n").unwrap();
        }
        for (name, value) in headers {
            write!(request, "{name}: {value}\r\n").unwrap();
        }
        write!(request, "Content-Length: {}\r\n\r\n", body.len()).unwrap();
        Answer::read(&self.exchange(&[request.as_bytes(), body.as_bytes()].concat()).await)
    }

    /// A request with a JSON body; none if it is empty.
    pub async fn json(&self, token: &str, line: &str, body: &str) -> Answer {
        let kind = [("Content-Type", "application/json")];
        self.ask(token, line, if body.is_empty() { &[] } else { &kind }, body).await
    }

    pub async fn get(&self, token: &str, path: &str) -> Answer {
        self.json(token, &format!("GET {path}"), "").await
    }

    /// Opens a stream of events; its status and headers have come.
    pub async fn listen(&self, token: &str, path: &str, headers: &str) -> Stream {
        let bearer = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
        self.listen_at(&format!("/api/v1{path}"), &format!("{bearer}{headers}")).await
    }

    /// The same of a page's address.
    pub async fn listen_at(&self, path: &str, headers: &str) -> Stream {
        let mut connection = TcpStream::connect(self.portal.address()).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: portal.example.com\r\n{headers}\r\n");
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut stream = Stream { connection, read: String::new() };
        stream.until("\r\n\r\n").await.unwrap();
        stream
    }

    pub async fn exchange(&self, request: &[u8]) -> String {
        let stream = TcpStream::connect(self.portal.address()).await.unwrap();
        let (mut from, mut to) = stream.into_split();
        let request = request.to_vec();
        // It may answer before it has read everything; and a test must not wait for it to read while it waits to write.
        let sending = tokio::spawn(async move {
            let _ = to.write_all(&request).await;
            to
        });
        let mut answer = Vec::new();
        let _ = from.read_to_end(&mut answer).await;
        drop(sending.await.unwrap());
        // A recording is no text.
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Answer {
    pub fn read(raw: &str) -> Self {
        let (head, text) = raw.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {raw:?}"));
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
        let headers: BTreeMap<String, String> = lines.filter_map(header).collect();
        let chunked = headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked");
        let text = if chunked { unchunked(text) } else { text.to_owned() };
        Self { status, headers, text }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The body, which must be JSON.
    pub fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Status and code of a problem, in the form that all problems have.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let body = self.body();
        assert_eq!(body["status"], self.status, "{self:?}");
        assert!(portal::problem::CODES.contains(&body["code"].as_str().unwrap()), "{self:?}");
        assert!(!body["detail"].as_str().unwrap().is_empty(), "{self:?}");
        (self.status, body["code"].as_str().unwrap().to_owned())
    }

    /// Asserts success, and gives the body.
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.body()
    }
}

/// A body that came in pieces; it must have come to its end.
fn unchunked(mut text: &str) -> String {
    let mut whole = String::new();
    loop {
        let (size, rest) = text.split_once("\r\n").unwrap_or_else(|| panic!("the body broke off: {whole}"));
        let size = usize::from_str_radix(size, 16).unwrap();
        whole.push_str(&rest[..size]);
        if size == 0 {
            return whole;
        }
        text = &rest[size + 2..];
    }
}

/// A problem as the tests write it.
pub fn problem(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}
