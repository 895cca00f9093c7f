//! Rude clients: whatever they send, the server answers clearly or closes, tells nothing, and goes on.

use phonesim::{Client, Outcome, Transcript};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::house::{AWAY, Given, House, OFFICE, PATIENCE, is_full};

const MAC: &str = "001565000001";
const MEGABYTE: usize = 1 << 20;

/// A secret that a client put where none belongs.
const PATH_SECRET: &str = "path-secret-0815-4711";

fn request(target: &str, headers: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: phones.example.com\r\n{headers}Connection: close\r\n\r\n")
}

/// Requests that get `statuses`, and nothing of a device.
async fn all_get(house: &House, statuses: &[u16], requests: impl IntoIterator<Item = String>) {
    let (client, server) = (house.client(AWAY), house.address("/cfg"));
    for request in requests {
        let shown: String = request.chars().take(160).collect();
        let answer = client.raw(&server, request.as_bytes()).await.unwrap_or_else(|error| panic!("{error}: {shown:?}"));
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        assert!(status.is_some_and(|status| statuses.contains(&status)), "{shown:?} got {answer:?}");
        for told in ["line-secret", "Desk", "sip.example.com", "auto_provision"] {
            assert!(!answer.contains(told), "{shown:?} was told {answer:?}");
        }
    }
}

/// The server still does its work: for the phone that it knew before, and for a new one.
async fn still_well(house: &mut House, given: &Given) {
    assert!(house.runs());
    assert!(is_full(&house.follow(given, MAC, OFFICE).await, MAC));
    let new = "0015650000aa";
    house.add(new).await;
    let mut transcript = Transcript::default();
    let outcome = house.phone(new, OFFICE, Some(&house.global)).boot(&mut transcript).await;
    assert_eq!(outcome, Outcome::Configured, "{transcript}");
}

async fn one_live_phone() -> (House, Given) {
    let house = House::open().await;
    house.add(MAC).await;
    let given = house.live(&mut house.phone(MAC, OFFICE, Some(&house.global))).await;
    (house, given)
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_logins_are_asked_again() {
    let (mut house, given) = one_live_phone().await;
    let file = format!("/cfg/{MAC}.cfg");
    let own = format!("{}/{MAC}.cfg", given.door.path.trim_end_matches('/'));
    let garbage = [
        "",
        " ",
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic Og==",
        "Basic bm9jb2xvbg==",
        "Bearer abcdefghijklmnop",
        "Digest",
        "Digest username",
        "Digest username=\"setup\"",
        "Digest username=\"setup, realm=\"x",
        "Digest username=\"a\", realm=\"b\", nonce=\"c\", uri=\"/d\", response=\"e\", nc=zzzzzzzz, qop=auth, cnonce=\"f\"",
        "Digest username=\"a\", username=\"b\", realm=\"c\", nonce=\"d\", uri=\"e\", response=\"f\"",
        "Digest response=\"00000000000000000000000000000000\", nonce=\"\", realm=\"\", uri=\"\", username=\"\"",
        "Negotiate YII=",
        "\u{e4}\u{f6}\u{fc}",
    ];
    let long = format!("Basic {}", "QUFB".repeat(6000));
    let headers: Vec<String> = garbage.iter().map(|value| (*value).to_owned()).chain([long]).collect();
    // Many wrong logins slow their source: then it is 503 instead.
    let requests = headers.iter().flat_map(|value| {
        let header = format!("Authorization: {value}\r\n");
        [request(&file, &header), request(&own, &header), request("/cfg/0015650000ff.cfg", &header)]
    });
    all_get(&house, &[400, 401, 503], requests).await;
    still_well(&mut house, &given).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn absurd_macs_and_path_tricks_lead_nowhere() {
    let (mut house, given) = one_live_phone().await;
    let handle = given.door.path.trim_matches('/').rsplit('/').next().unwrap().to_owned();
    let mut targets: Vec<String> = [
        "/cfg/ffffffffffff.cfg",
        "/cfg/0015650000.cfg",
        "/cfg/00156500000100.cfg",
        "/cfg/00-15-65-00-00-01.cfg",
        "/cfg/zz1565000001.cfg",
        "/cfg/$MAC.cfg",
        "/cfg/001565000001.cfg.cfg",
        "/cfg/001565000001.CFG%20",
        "/cfg/001565000001%2ecfg",
        "/cfg/../ringfence.toml",
        "/cfg/../../../../../../etc/passwd",
        "/cfg/..%2f..%2fringfence.toml",
        "/cfg/%2e%2e/%2e%2e/master.key",
        "/cfg/....//....//master.key",
        "/cfg/d/../../master.key",
        "/cfg/./master.key",
        "/cfg/master.key%00.cfg",
        "/cfg/a%00b.cfg",
        "/cfg/a%0d%0aX-Injected:%20yes.cfg",
        "/cfg/a\\..\\master.key",
        "/cfg/{{config}}.cfg",
        "/cfg/'%20or%201=1--.cfg",
        "/cfg/d//x.cfg",
        "/cfg/d/\u{7f}/x.cfg",
        "/ringfence.db",
        "//etc/passwd",
        "/",
        "*",
        "/cfg?file=/etc/passwd",
    ]
    .map(str::to_owned)
    .to_vec();
    targets.push(format!("/cfg/d/{handle}/../../001565000001.cfg"));
    targets.push(format!("/cfg/d/{}/{MAC}.cfg", handle.to_uppercase()));
    targets.push(format!("/cfg/d/{}/{MAC}.cfg", "A".repeat(500)));
    targets.push(format!("/cfg/k/{PATH_SECRET}/{MAC}.cfg"));
    targets.push(format!("/cfg/g/{PATH_SECRET}/{MAC}.cfg"));
    targets.push(format!("/cfg/{}.cfg", "0".repeat(4096)));
    targets.push(format!("/cfg/{}", "x/".repeat(900)));
    house.keep(PATH_SECRET);
    all_get(&house, &[400, 401, 404, 405, 414], targets.iter().map(|target| request(target, ""))).await;
    still_well(&mut house, &given).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_no_client_should_send_are_refused() {
    let (mut house, given) = one_live_phone().await;
    let file = format!("/cfg/{MAC}.cfg");
    let own = wire::auth::basic_answer(&given.login.user, given.login.password.expose());
    let target = format!("{}/{MAC}.cfg", given.door.path.trim_end_matches('/'));
    let login = format!("Authorization: {own}\r\n");
    let twice = request(&target, &format!("{login}{login}"));
    all_get(
        &house,
        &[400],
        [
            // Two of what may stand once, even if both are right.
            twice,
            request(&file, "Host: other.example.com\r\n"),
            request(&file, "Content-Length: 0\r\nContent-Length: 5\r\n"),
            request(&file, "no colon at all\r\n"),
            format!("GET {file} HTTP/1.1\r\n\r\n"),
            format!("GET {file} HTTP/1.1\r\nHost: a b\r\n\r\n"),
            "GET\r\n\r\n".to_owned(),
            "\u{0}\u{1}\u{2}\r\n\r\n".to_owned(),
        ],
    )
    .await;
    let huge = request(&file, &format!("X-Huge: {}\r\n", "x".repeat(MEGABYTE)));
    let many = request(&file, &"X-Many: x\r\n".repeat(50_000));
    let login = request(&file, &format!("Authorization: Basic {}\r\n", "QUFB".repeat(MEGABYTE / 4)));
    all_get(&house, &[431], [huge, many, login]).await;
    let methods = ["DELETE", "PATCH", "TRACE", "OPTIONS", "BREW"].map(|method| request(&file, "").replacen("GET", method, 1));
    all_get(&house, &[405], methods).await;
    // A Host that is not ours is no proof and no harm: the same challenge.
    let strange = ["evil.example.net", "192.0.2.1", "localhost:1", "[2001:db8::1]"];
    let strange = strange.map(|host| format!("GET {file} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
    all_get(&house, &[401], strange).await;
    still_well(&mut house, &given).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_are_swallowed_up_to_a_bound() {
    let (mut house, given) = one_live_phone().await;
    let put = |length: usize, body: &str| {
        format!(
            "PUT /cfg/{MAC}-boot.log HTTP/1.1\r\nHost: phones.example.com\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
    };
    all_get(&house, &[200, 201, 204, 404], [put(11, "hello world"), put(0, ""), put(MEGABYTE, &"x".repeat(MEGABYTE))]).await;
    all_get(&house, &[413], [put(1 << 40, "x")]).await;
    all_get(&house, &[401, 404], [request(&format!("/cfg/{MAC}-boot.log"), "")]).await;
    still_well(&mut house, &given).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_and_half_closed_clients_hold_nobody_up() {
    let (mut house, given) = one_live_phone().await;
    let (client, server): (Client, _) = (house.client(AWAY), house.address("/cfg"));
    // Silent after TLS, silent before it, and one header line that never ends.
    let mut silent = Vec::new();
    for number in 0..60 {
        let mut stream = client.stream(&server).await.unwrap();
        if number % 2 == 0 {
            stream.write_all(b"GET /cfg/x.cfg HTTP/1.1\r\nHost: phones.example.com\r\nX: ").await.unwrap();
            stream.flush().await.unwrap();
        }
        silent.push(stream);
    }
    let mut bare = tokio::net::TcpStream::connect(house.at()).await.unwrap();
    bare.write_all(b"\x16\x03\x01\x02").await.unwrap();

    // Half-closed: the request came whole, so it is answered.
    let mut half = client.stream(&server).await.unwrap();
    half.write_all(request(&format!("/cfg/{MAC}.cfg"), "").as_bytes()).await.unwrap();
    half.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, half.read_to_end(&mut answer)).await.expect("the half-closed connection is answered");
    assert!(answer.starts_with(b"HTTP/1.1 401 "), "{:?}", String::from_utf8_lossy(&answer));
    // Gone in the middle of a request and of an answer.
    for _ in 0..20 {
        let mut gone = client.stream(&server).await.unwrap();
        gone.write_all(request(&format!("/cfg/{MAC}.cfg"), "").as_bytes()).await.unwrap();
        drop(gone);
    }

    still_well(&mut house, &given).await;
    // The server ends the slow ones by itself.
    for mut stream in silent {
        let mut rest = Vec::new();
        let _ = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("a slow client is cut");
    }
    let mut rest = Vec::new();
    let _ = timeout(PATIENCE, bare.read_to_end(&mut rest)).await.expect("a slow handshake is cut");
    house.close().await;
}
