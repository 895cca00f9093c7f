//! Phones that send logs and contacts: taken cheaply, bounded, never kept.

use gate::limits::Limits;
use gate::metrics::Refused;

use crate::client::{Raw, ask, get_request, run};
use crate::{House, OK};

fn small() -> Limits {
    Limits { upload_bytes: 100_000, ..Limits::default() }
}

#[tokio::test]
async fn uploads_are_counted_and_the_connection_goes_on() {
    let house = House::open(small());
    let mut raw = Raw::connect(house.http()).await;
    for (method, size) in [("PUT", 0), ("PUT", 5), ("POST", 100_000)] {
        raw.send(format!("{method} /cfg/001565aabbcc-calllog.xml HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n")).await;
        raw.send("x".repeat(size)).await;
        let got = raw.answer(false).await.unwrap();
        assert_eq!((got.status, got.text()), (OK, format!("{size} bytes").as_str()));
    }
    raw.send("PUT /cfg/log HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n").await;
    assert_eq!(raw.answer(false).await.unwrap().text(), "7 bytes");
    raw.send(get_request("/cfg/hello.cfg")).await;
    assert_eq!(raw.answer(false).await.unwrap().status, OK);
}

#[tokio::test]
async fn too_large_an_upload_is_413() {
    let house = House::open(small());
    let announced = format!("PUT /cfg/log HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n{}", "x".repeat(1_000_000));
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    let streamed = format!("PUT /cfg/log HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk.repeat(64));
    for request in [announced, streamed] {
        let mut raw = Raw::connect(house.http()).await;
        raw.send(request).await;
        let got = raw.answer(false).await.unwrap();
        assert_eq!((got.status, got.header("connection")), (413, Some("close")));
        raw.half_close().await;
        assert!(raw.end().await, "the end is no reset");
    }
    assert_eq!(house.refused(Refused::UploadTooLarge), 2);
}

#[tokio::test]
async fn a_refused_upload_is_told_before_it_has_come() {
    let house = House::open(small());
    let got = ask(house.http(), "PUT /elsewhere HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\nonly this").await;
    assert_eq!((got.status, got.header("connection")), (404, Some("close")));
}

#[tokio::test]
async fn a_broken_upload_is_400() {
    let house = House::open(small());
    let mut raw = Raw::connect(house.http()).await;
    raw.send("PUT /cfg/log HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nonly this").await;
    raw.half_close().await;
    assert_eq!(raw.answer(false).await.unwrap().status, 400);
    let bad_chunk = "PUT /cfg/log HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
    assert_eq!(ask(house.http(), bad_chunk).await.status, 400);
}

#[tokio::test]
async fn curl_uploads_with_and_without_asking_first() {
    let house = House::open(Limits::default());
    let url = format!("http://{}/cfg/001565aabbcc-local.cfg", house.http());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "x".repeat(2_000_000)).unwrap();
    let path = file.path().to_str().unwrap();
    for expect in ["Expect: 100-continue", "Expect:"] {
        let (text, succeeded) = run("curl", &["-sS", "--max-time", "50", "-H", expect, "-T", path, &url], "").await;
        assert!(succeeded && text == "2000000 bytes", "{text}");
    }
}
