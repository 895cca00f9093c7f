//! Behind proxies.

use gate::address::Proxies;
use gate::listener::Config;
use gate::metrics::Cut;

use crate::client::{Raw, ask, get, get_request};
use crate::{House, OK, SELF_MADE};

fn behind_proxy(proxy_protocol: bool) -> House {
    let proxies = Proxies::new(vec!["127.0.0.0/8".parse().unwrap()]);
    House::open_with(&Config { proxies, proxy_protocol, ..Config::default() }, &SELF_MADE.1)
}

#[tokio::test]
async fn forwarded_for_counts_from_a_trusted_proxy_only() {
    let request = "GET /cfg/who HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.0.0.1, 198.51.100.7\r\n\r\n";
    let trusting = behind_proxy(false);
    assert_eq!(ask(trusting.http(), request).await.text(), "address=198.51.100.7 peer=127.0.0.1 tls=false certificate=none\n");
    let plain = House::open_with(&Config::default(), &SELF_MADE.1);
    assert_eq!(ask(plain.http(), request).await.text(), "address=127.0.0.1 peer=127.0.0.1 tls=false certificate=none\n");
}

#[tokio::test]
async fn the_proxy_protocol_names_the_peer() {
    let house = behind_proxy(true);
    let version_2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x33\x64\x07\xc0\0\x02\x01\x12\x34\x01\xbb".to_vec();
    for header in [b"PROXY TCP4 198.51.100.7 192.0.2.1 4660 443\r\n".to_vec(), version_2] {
        let mut raw = Raw::connect(house.http()).await;
        raw.send([header, get_request("/cfg/who").into_bytes()].concat()).await;
        let got = raw.answer(false).await.unwrap();
        assert_eq!(got.text(), "address=198.51.100.7 peer=198.51.100.7 tls=false certificate=none\n");
    }
}

#[tokio::test]
async fn a_trusted_proxy_without_the_header_is_cut() {
    let house = behind_proxy(true);
    let mut raw = Raw::connect(house.http()).await;
    raw.send(get_request("/cfg/who")).await;
    assert!(raw.answer(false).await.is_none());
    crate::client::until(|| house.cut(Cut::ProxyHeader) == 1).await;
}

#[tokio::test]
async fn nobody_else_may_use_the_proxy_protocol() {
    let house = House::open_with(&Config { proxy_protocol: true, ..Config::default() }, &SELF_MADE.1);
    let forged = format!("PROXY TCP4 198.51.100.7 192.0.2.1 4660 443\r\n{}", get_request("/cfg/who"));
    assert_eq!(ask(house.http(), &forged).await.status, 400);
    assert_eq!(get(house.http(), "/cfg/who").await.status, OK);
}
