//! Slow, greedy and many.

use std::time::Duration;

use gate::address::Proxies;
use gate::limits::Limits;
use gate::listener::Config;
use gate::metrics::{Cut, Refused};

use crate::client::{Raw, ask, get, get_request, until};
use crate::{House, OK, SELF_MADE};

/// Deadlines that a test can wait for.
const SHORT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_client_that_says_nothing_is_cut() {
    let house = House::open(Limits { head: SHORT, ..Limits::default() });
    assert!(Raw::connect(house.http()).await.answer(false).await.is_none());
    until(|| house.cut(Cut::Slow) == 1).await;
}

#[tokio::test]
async fn a_head_in_drops_is_cut() {
    let house = House::open(Limits { head: SHORT, ..Limits::default() });
    let mut raw = Raw::connect(house.http()).await;
    raw.send("GET /cfg/hello.cfg HTTP/1.1\r\n").await;
    // Each drop alone is in time; the head as a whole never ends.
    while raw.send("X: y\r\n").await && house.cut(Cut::Slow) == 0 {
        tokio::time::sleep(SHORT / 10).await;
    }
    until(|| house.cut(Cut::Slow) == 1).await;
}

#[tokio::test]
async fn an_idle_connection_is_ended_and_a_busy_one_is_not() {
    let house = House::open(Limits { idle: SHORT, head: SHORT * 200, ..Limits::default() });
    let mut raw = Raw::connect(house.http()).await;
    raw.send(get_request("/cfg/wait.cfg")).await;
    house.until_waiting(1).await;
    // Being decided takes longer than idleness may.
    tokio::time::sleep(SHORT * 2).await;
    house.rules.release.add_permits(1);
    assert_eq!(raw.answer(false).await.unwrap().status, OK);
    assert!(raw.end().await);
    until(|| house.cut(Cut::Idle) == 1).await;
}

#[tokio::test]
async fn a_slow_upload_is_408() {
    let house = House::open(Limits { upload: SHORT, ..Limits::default() });
    let got = ask(house.http(), "PUT /cfg/log HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nonly this").await;
    assert_eq!((got.status, got.header("connection")), (408, Some("close")));
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_given_up() {
    let house = House::open(Limits { send: SHORT, ..Limits::default() });
    let mut raw = Raw::connect(house.http()).await;
    raw.send(get_request("/cfg/big.cfg")).await;
    until(|| house.cut(Cut::Slow) == 1).await;
    drop(raw);
}

#[tokio::test]
async fn a_slow_handshake_is_cut() {
    let house = House::open(Limits { handshake: SHORT, ..Limits::default() });
    let mut raw = Raw::connect(house.https()).await;
    raw.send(b"\x16\x03\x01").await;
    assert!(raw.answer(false).await.is_none());
    until(|| house.cut(Cut::Slow) == 1).await;
}

#[tokio::test]
async fn rules_that_take_too_long_are_503() {
    let house = House::open(Limits { decide: SHORT, ..Limits::default() });
    let got = get(house.http(), "/cfg/wait.cfg").await;
    assert_eq!((got.status, got.header("retry-after")), (503, Some("30")));
    assert_eq!(house.refused(Refused::TooSlow), 1);
}

#[tokio::test]
async fn one_address_has_only_so_many_connections() {
    let house = House::open(Limits { connections_per_address: 2, ..Limits::default() });
    let mut first = Raw::connect(house.http()).await;
    let mut second = Raw::connect(house.http()).await;
    for raw in [&mut first, &mut second] {
        raw.send(get_request("/cfg/hello.cfg")).await;
        assert_eq!(raw.answer(false).await.unwrap().status, OK);
    }
    let mut third = Raw::connect(house.http()).await;
    third.send(get_request("/cfg/hello.cfg")).await;
    assert!(third.answer(false).await.is_none());
    assert_eq!(house.cut(Cut::AddressConnections), 1);

    drop(first);
    let mut again = None;
    while again.is_none() {
        let mut raw = Raw::connect(house.http()).await;
        raw.send(get_request("/cfg/hello.cfg")).await;
        again = raw.answer(false).await;
    }
    assert_eq!(again.unwrap().status, OK);
}

#[tokio::test]
async fn a_full_house_lets_the_next_wait() {
    let house = House::open(Limits { connections: 1, ..Limits::default() });
    let mut first = Raw::connect(house.http()).await;
    first.send(get_request("/cfg/wait.cfg")).await;
    house.until_waiting(1).await;
    let mut second = Raw::connect(house.http()).await;
    second.send(get_request("/cfg/wait.cfg")).await;
    house.rules.release.add_permits(1);
    assert_eq!(first.answer(false).await.unwrap().status, OK);
    // The first keeps its connection, so nobody has looked at the second yet.
    assert_eq!(house.rules.waiting.load(std::sync::atomic::Ordering::SeqCst), 1);
    drop(first);
    house.rules.release.add_permits(1);
    assert_eq!(second.answer(false).await.unwrap().status, OK);
}

#[tokio::test]
async fn above_the_set_concurrency_is_503() {
    let house = House::open(Limits { concurrent_requests: 2, retry_after: 11, ..Limits::default() });
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let mut raw = Raw::connect(house.http()).await;
        raw.send(get_request("/cfg/wait.cfg")).await;
        waiting.push(raw);
    }
    house.until_waiting(2).await;
    let got = get(house.http(), "/cfg/hello.cfg").await;
    assert_eq!((got.status, got.header("retry-after")), (503, Some("11")));
    house.rules.release.add_permits(2);
    for mut raw in waiting {
        assert_eq!(raw.answer(false).await.unwrap().status, OK);
    }
    assert_eq!(get(house.http(), "/cfg/hello.cfg").await.status, OK);
    assert_eq!(house.refused(Refused::Concurrency), 1);
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_503_and_its_neighbour_is_not() {
    let limits = Limits { address_burst: 3, address_rate: 1, ..Limits::default() };
    let proxies = Proxies::new(vec!["127.0.0.1/32".parse().unwrap()]);
    let house = House::open_with(&Config { limits, proxies, ..Config::default() }, &SELF_MADE.1);
    let mut raw = Raw::connect(house.http()).await;
    let from = |address: &str| format!("GET /cfg/hello.cfg HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {address}\r\n\r\n");
    // In one write, so that none of the burst comes back between them.
    raw.send(from("198.51.100.7").repeat(30)).await;
    let mut refused = 0;
    for _ in 0..30 {
        let got = raw.answer(false).await.unwrap();
        if got.status == 503 {
            assert!(got.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
            refused += 1;
        }
    }
    assert!(refused > 0);
    assert_eq!(house.refused(Refused::AddressRate), refused);
    raw.send(from("198.51.100.8")).await;
    assert_eq!(raw.answer(false).await.unwrap().status, OK);
}
