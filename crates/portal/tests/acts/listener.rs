//! The listener from outside, byte by byte.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use portal::App;
use portal::admin::By;
use portal::admin::token::{self, NewToken};
use portal::admin::tree::NodeNames;
use portal::listener::Portal;
use portal::metrics::Metrics;
use prometheus_client::registry::Registry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{NOW, World};

struct Site {
    world: World,
    portal: Portal,
}

impl Site {
    async fn open() -> Self {
        let world = World::new().await;
        let metrics = Arc::new(Metrics::new(Registry::default()));
        let app = App {
            admin: world.admin.clone(),
            metrics,
            telephone: None,
            rates: Arc::default(),
            live: Arc::default(),
            clock: || NOW,
            public_url: "https://portal.example.com".into(),
        };
        Self { portal: Portal::open("127.0.0.1:0".parse().unwrap(), None, app).unwrap(), world }
    }

    async fn ask(&self, request: &str) -> String {
        exchange(self.portal.address(), request.as_bytes()).await
    }
}

/// Sends bytes and reads until the server ends the connection.
async fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: portal.example.com\r\nConnection: close\r\n{headers}\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn health_needs_no_token_and_the_api_does() {
    let site = Site::open().await;
    assert!(site.ask(&get("/healthz", "")).await.starts_with("HTTP/1.1 200"));
    assert!(site.ask(&get("/readyz", "")).await.ends_with("ready\n"));
    let refused = site.ask(&get("/api/v1/whoami", "")).await;
    assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
    assert!(refused.to_ascii_lowercase().contains("content-type: application/problem+json"), "{refused}");
    assert!(refused.to_ascii_lowercase().contains("www-authenticate: bearer"), "{refused}");

    let new =
        NewToken { role: "auditor".into(), at: NodeNames::customer("Shop"), label: "test".into(), lasts: Some(domain::Span::hours(1)) };
    let token = token::create(&site.world.admin, &By::command_line(NOW), new.clone()).await.unwrap();
    let told = site.ask(&get("/api/v1/whoami", &format!("Authorization: Bearer {}\r\n", token.expose()))).await;
    assert!(told.contains(r#""role":"auditor","reseller":"Dealer","customer":"Shop","site":null"#), "{told}");
    let ended = By::command_line(NOW - domain::Span::hours(2));
    let old = token::create(&site.world.admin, &ended, NewToken { label: "old".into(), ..new }).await.unwrap();
    let told = site.ask(&get("/api/v1/whoami", &format!("Authorization: Bearer {}\r\n", old.expose()))).await;
    assert!(told.starts_with("HTTP/1.1 401"), "an hour after its end: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_what_is_kept() {
    let site = Site::open().await;
    let metrics = site.ask(&get("/metrics", "")).await;
    assert!(metrics.contains("ringfence_devices{state=\"needed\"} 2"), "{metrics}");
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_gets_a_clear_answer() {
    let site = Site::open().await;
    let long = format!("X-Long: {}\r\n", "x".repeat(1 << 20));
    let cases = [
        ("a path that is not there", get("/../../etc/passwd", ""), &["HTTP/1.1 404", "HTTP/1.1 400"][..]),
        ("a method that is not", "BREW /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned(), &["HTTP/1.1 405"]),
        ("no HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n".to_owned(), &["HTTP/1.1 400"]),
        ("a header of a megabyte", get("/healthz", &long), &["HTTP/1.1 431", ""]),
        ("two tokens", get("/api/v1/whoami", "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"), &["HTTP/1.1 401"]),
    ];
    for (what, request, expected) in cases {
        let answer = site.ask(&request).await;
        assert!(
            expected.iter().any(|start| if start.is_empty() { answer.is_empty() } else { answer.starts_with(start) }),
            "{what}: {answer}"
        );
        assert!(site.ask(&get("/healthz", "")).await.starts_with("HTTP/1.1 200"), "after {what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_ends_idle_connections() {
    let site = Site::open().await;
    let mut idle = TcpStream::connect(site.portal.address()).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    idle.read_exact(&mut answer).await.unwrap();
    let address = site.portal.address();
    assert!(site.portal.drain(Duration::from_secs(30)).await, "nothing had to be cut");
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "it listens no more");
}
