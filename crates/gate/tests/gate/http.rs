//! HTTP/1.1 as fussy phones need it.

use gate::limits::Limits;
use gate::listener::Config;
use gate::metrics::{Listener, Refused, Scheme};

use crate::client::{Raw, ask, get, get_request, until};
use crate::{House, OK, SELF_MADE};

#[tokio::test]
async fn a_file_comes_with_its_length() {
    let house = House::open(Limits::default());
    let got = get(house.http(), "/cfg/hello.cfg").await;
    assert_eq!((got.status, got.text()), (OK, "hello = phone\n"));
    assert_eq!(got.header("content-length"), Some("14"));
    assert_eq!(got.header("content-type"), Some("text/plain"));
    assert!(got.header("date").is_some());
    assert_eq!(get(house.http(), "/cfg/hello.cfg").await.body, got.body);
}

#[tokio::test]
async fn connections_are_kept_and_requests_may_queue_on_them() {
    let house = House::open(Limits::default());
    let mut raw = Raw::connect(house.http()).await;
    for _ in 0..3 {
        raw.send(get_request("/cfg/hello.cfg")).await;
        assert_eq!(raw.answer(false).await.unwrap().status, OK);
    }
    let several = ["hello.cfg", "absent.cfg", "hello.cfg"].map(|file| get_request(&format!("/cfg/{file}"))).concat();
    raw.send(several).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(raw.answer(false).await.unwrap().status);
    }
    assert_eq!(statuses, [200, 404, 200]);
    let here = Listener { listener: Scheme::Http };
    assert_eq!(house.metrics.connections.get_or_create(&here).get(), 1);
    drop(raw);
    until(|| house.metrics.connections.get_or_create(&here).get() == 0).await;
    assert_eq!(house.metrics.opened.get_or_create(&here).get(), 1);
}

#[tokio::test]
async fn head_tells_the_length_and_sends_no_body() {
    let house = House::open(Limits::default());
    let mut raw = Raw::connect(house.http()).await;
    raw.send("HEAD /cfg/hello.cfg HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let head = raw.answer(true).await.unwrap();
    assert_eq!((head.status, head.header("content-length")), (OK, Some("14")));
    raw.send(get_request("/cfg/hello.cfg")).await;
    assert_eq!(raw.answer(false).await.unwrap().text(), "hello = phone\n");
}

#[tokio::test]
async fn an_entity_that_the_phone_holds_is_not_sent_again() {
    let house = House::open(Limits::default());
    let first = get(house.http(), "/cfg/hello.cfg").await;
    let etag = first.header("etag").unwrap();
    let with = |tag: &str| format!("GET /cfg/hello.cfg HTTP/1.1\r\nHost: a\r\nIf-None-Match: {tag}\r\n\r\n");
    let held = ask(house.http(), &with(etag)).await;
    assert_eq!((held.status, held.header("etag"), held.body.len()), (304, Some(etag), 0));
    assert_eq!(ask(house.http(), &with("\"other\"")).await.status, OK);
}

#[tokio::test]
async fn other_methods_are_told_which_ones_there_are() {
    let house = House::open(Limits::default());
    for line in ["DELETE /cfg/hello.cfg", "OPTIONS *", "PATCH /cfg/x", "TRACE /", "BREW /cfg/coffee"] {
        let got = ask(house.http(), &format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        assert_eq!((got.status, got.header("allow")), (405, Some("GET, HEAD, PUT, POST")), "{line}");
    }
    assert_eq!(house.refused(Refused::Method), 5);
}

#[tokio::test]
async fn paths_lead_to_doors_or_nowhere() {
    let house = House::open(Limits::default());
    let long = format!("/cfg/{}", "a".repeat(3000));
    let table = [
        ("/cfg/absent.cfg", 404),
        ("/cfg", 404),
        ("/", 404),
        ("/index.html", 404),
        ("/cfg/../etc/passwd", 400),
        ("/cfg/%2e%2e/x", 400),
        ("/cfg/a%2fb", 400),
        ("/cfg/a%00", 400),
        ("/cfg/a\\b", 400),
        ("/cfg/%ff", 404),
        (long.as_str(), 414),
        ("/cfg//hello.cfg?mac=1", 200),
        ("http://phones.example.com/cfg/hello.cfg", 200),
    ];
    for (path, status) in table {
        assert_eq!(get(house.http(), path).await.status, status, "{path}");
    }
    let door = |path| async move { get(house.http(), path).await.text().to_owned() };
    assert_eq!(door("/cfg/d/h1/door").await, "/cfg/d/h1/door host=Some(\"phones.example.com\")");
}

#[tokio::test]
async fn bytes_that_are_no_request_get_400() {
    let house = House::open(Limits::default());
    for bytes in [
        "\0\0\0\0\r\n\r\n",
        "GET\r\n\r\n",
        "GET /cfg/\u{1} HTTP/1.1\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\x16\x03\x01\x02\0\x01\0\x01\r\n\r\n",
    ] {
        assert_eq!(ask(house.http(), bytes).await.status, 400, "{bytes:?}");
    }
}

#[tokio::test]
async fn headers_that_could_be_read_two_ways_are_refused() {
    let house = House::open(Limits::default());
    let with = |headers: &str| format!("GET /cfg/hello.cfg HTTP/1.1\r\n{headers}\r\n\r\n");
    let refused = [
        "Host: a\r\nHost: a",
        "Host: a\r\nHost: b",
        "Host: a\r\nAuthorization: Basic YTpi\r\nAuthorization: Basic YTpi",
        "Host: a\r\nContent-Length: 0\r\nContent-Length: 1",
        "Host: a\r\nContent-Length: one",
        "Host: a\r\nContent-Length: -1",
        "Host: a b",
        "Host: a/b",
        "Host:",
        "X-Nothing: a",
        "Host: a\r\nX-Bad: a\0b",
        "Host: a\r\nno colon",
        "Host : a",
    ];
    for headers in refused {
        assert_eq!(ask(house.http(), &with(headers)).await.status, 400, "{headers}");
    }
    let fine = ["Host: a", "Host: phones.example.com:8443", "Host: [2001:db8::1]:8443", "host:a", "HOST: A\r\nAuthorization: Basic YTpi"];
    for headers in fine {
        assert_eq!(ask(house.http(), &with(headers)).await.status, OK, "{headers}");
    }
    assert_eq!(ask(house.http(), "GET /cfg/hello.cfg HTTP/1.0\r\n\r\n").await.status, OK);
}

#[tokio::test]
async fn a_megabyte_of_headers_is_431() {
    let house = House::open(Limits::default());
    let huge = format!("GET /cfg/hello.cfg HTTP/1.1\r\nHost: a\r\nX-Huge: {}\r\n\r\n", "x".repeat(1 << 20));
    let many = format!("GET /cfg/hello.cfg HTTP/1.1\r\nHost: a\r\n{}\r\n", "X-Many: x\r\n".repeat(1000));
    for request in [huge, many] {
        let mut raw = Raw::connect(house.http()).await;
        raw.send(request).await;
        assert_eq!(raw.answer(false).await.unwrap().status, 431);
        raw.half_close().await;
        assert!(raw.end().await, "the end is no reset");
    }
    assert_eq!(get(house.http(), "/cfg/hello.cfg").await.status, OK);
}

#[tokio::test]
async fn a_phone_that_closes_its_side_is_still_answered() {
    let house = House::open(Limits::default());
    let mut raw = Raw::connect(house.http()).await;
    raw.send(get_request("/cfg/wait.cfg")).await;
    raw.half_close().await;
    house.until_waiting(1).await;
    house.rules.release.add_permits(1);
    assert_eq!(raw.answer(false).await.unwrap().text(), "waited\n");
    assert!(raw.end().await);
}

#[tokio::test]
async fn a_panic_is_503_and_stays_in_its_request() {
    let house = House::open(Limits::default());
    let mut raw = Raw::connect(house.http()).await;
    raw.send(get_request("/cfg/panic.cfg")).await;
    let got = raw.answer(false).await.unwrap();
    assert_eq!((got.status, got.header("retry-after")), (503, Some("30")));
    raw.send(get_request("/cfg/hello.cfg")).await;
    assert_eq!(raw.answer(false).await.unwrap().status, OK);
    assert_eq!(house.refused(Refused::Panic), 1);
}

#[tokio::test]
async fn challenges_and_retries_come_as_they_were_given() {
    let house = House::open(Limits::default());
    let login = get(house.http(), "/cfg/login.cfg").await;
    assert_eq!((login.status, login.all("www-authenticate")), (401, vec!["Digest realm=\"r\"", "Basic realm=\"r\""]));
    let busy = get(house.http(), "/cfg/busy.cfg").await;
    assert_eq!((busy.status, busy.header("retry-after")), (503, Some("7")));
}

#[tokio::test]
async fn header_names_can_be_in_title_case() {
    let config = Config { title_case_headers: true, ..Config::default() };
    let house = House::open_with(&config, &SELF_MADE.1);
    let got = get(house.http(), "/cfg/hello.cfg").await;
    assert!(got.head.contains("\r\nContent-Length: 14\r\n"), "{}", got.head);
}
