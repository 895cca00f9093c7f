//! How long a body may take to arrive. The clock of the runtime is put forward by hand, so that nothing depends on how fast a test runs.

use std::time::Duration;

use domain::role::Role;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::api::Site;

/// A request that the server has begun to read the body of.
struct Slow(TcpStream);

impl Slow {
    async fn begin(site: &Site, line: &str, headers: &str, length: usize) -> Self {
        let mut stream = TcpStream::connect(site.address()).await.unwrap();
        let head = format!(
            "{line} HTTP/1.1\r\nHost: portal.example.com\r\nConnection: close\r\nExpect: 100-continue\r\n{headers}Content-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // It says so when it asks for the body, and not before.
        let mut told = [0; 25];
        stream.read_exact(&mut told).await.unwrap();
        assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
        Self(stream)
    }

    /// Sends a piece; it has been read when this returns: the kernel holds nothing of it any more, and everybody on this thread had a turn.
    async fn piece(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
        let ports = [self.0.local_addr().unwrap().port(), self.0.peer_addr().unwrap().port()];
        while waiting_between(ports) > 0 {
            tokio::task::yield_now().await;
            let mut early = [0; 400];
            if let Ok(length) = self.0.try_read(&mut early) {
                panic!("answered before all was read: {:?}", String::from_utf8_lossy(&early[..length]));
            }
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    async fn answer(mut self) -> String {
        let mut answer = String::new();
        self.0.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

/// Bytes on their way between two ports, at both ends, as Linux counts them.
fn waiting_between(ports: [u16; 2]) -> u64 {
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let port = |address: &str| u16::from_str_radix(address.split_once(':').unwrap().1, 16).unwrap();
    let of = |line: &str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let pair = [port(columns[1]), port(columns[2])];
        let (sent, received) = columns[4].split_once(':').unwrap();
        let queued = u64::from_str_radix(sent, 16).unwrap() + u64::from_str_radix(received, 16).unwrap();
        if pair == ports || pair == [ports[1], ports[0]] { queued } else { 0 }
    };
    table.lines().skip(1).map(of).sum()
}

async fn pass(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

/// A table of so many bytes, of which the last is a row of its own.
fn table(bytes: usize) -> Vec<u8> {
    let mut text = "vendor,type,mac,customer\nyealink,T46S,001565000051,Shop\n".to_owned();
    text.push_str(&"\n".repeat(bytes - text.len()));
    text.into_bytes()
}

#[tokio::test]
async fn a_file_may_take_longer_than_an_answer() {
    let site = Site::open().await;
    let token = format!("Authorization: Bearer {}\r\nContent-Type: text/csv\r\n", site.operator().await);
    let file = table(5 * 64 * 1024);
    let mut slow = Slow::begin(&site, "POST /api/v1/imports?dry_run=true", &token, file.len()).await;
    for piece in file.chunks(64 * 1024) {
        pass(20).await;
        slow.piece(piece).await;
    }
    let answer = slow.answer().await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let browser = site.signed_in(Role::Operator, "").await;
    let mut form = format!("--edge\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{}\r\n--edge\r\n", browser.csrf).into_bytes();
    form.extend(b"Content-Disposition: form-data; name=\"dry_run\"\r\n\r\nyes\r\n--edge\r\n");
    form.extend(b"Content-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n");
    form.extend(&file);
    form.extend(b"\r\n--edge--\r\n");
    let cookie = format!(
        "Cookie: rf_session={}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: multipart/form-data; boundary=edge\r\n",
        browser.cookies["rf_session"]
    );
    let mut slow = Slow::begin(&site, "POST /administration/batch/import", &cookie, form.len()).await;
    for piece in form.chunks(64 * 1024) {
        pass(20).await;
        slow.piece(piece).await;
    }
    let answer = slow.answer().await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_line_that_trickles_or_stops_is_given_up() {
    let site = Site::open().await;
    let token = format!("Authorization: Bearer {}\r\nContent-Type: text/csv\r\n", site.operator().await);
    for piece in [Vec::new(), b"vendor,".to_vec(), vec![b'\n'; 63 * 1024]] {
        let mut slow = Slow::begin(&site, "POST /api/v1/imports", &token, 1024 * 1024).await;
        for _ in 0..2 {
            slow.piece(&piece[..piece.len() / 2]).await;
            pass(16).await;
        }
        let answer = slow.answer().await;
        assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("\"timeout\""), "{} bytes: {answer}", piece.len());
    }
}

#[tokio::test]
async fn a_file_has_an_end_too() {
    let site = Site::open().await;
    let token = format!("Authorization: Bearer {}\r\nContent-Type: text/csv\r\n", site.operator().await);
    let mut slow = Slow::begin(&site, "POST /api/v1/imports", &token, 16 * 1024 * 1024).await;
    for _ in 0..15 * 3 {
        slow.piece(&vec![b'\n'; 64 * 1024]).await;
        pass(20).await;
    }
    let answer = slow.answer().await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
}

#[tokio::test]
async fn what_is_no_file_has_the_time_of_an_answer() {
    let site = Site::open().await;
    let token = format!("Authorization: Bearer {}\r\nContent-Type: application/json\r\n", site.operator().await);
    let form = "Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    for (line, headers) in [("POST /api/v1/customers", token.as_str()), ("POST /login", form)] {
        let mut slow = Slow::begin(&site, line, headers, 1024 * 1024).await;
        slow.piece(&vec![b'a'; 128 * 1024]).await;
        pass(31).await;
        let answer = slow.answer().await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{line}: {answer}");
    }
}
