//! The stop.

use std::time::Duration;

use gate::limits::Limits;
use tokio::net::TcpStream;

use crate::client::{Raw, get_request};
use crate::{House, OK};

#[tokio::test]
async fn requests_under_way_are_finished() {
    let house = House::open(Limits::default());
    let address = house.http();
    let mut idle = Raw::connect(address).await;
    idle.send(get_request("/cfg/hello.cfg")).await;
    assert_eq!(idle.answer(false).await.unwrap().status, OK);
    let mut busy = Raw::connect(address).await;
    busy.send(get_request("/cfg/wait.cfg")).await;
    house.until_waiting(1).await;

    let stop = tokio::spawn(house.gate.drain(Duration::from_secs(50)));
    assert!(idle.end().await);
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    house.rules.release.add_permits(1);
    let got = busy.answer(false).await.unwrap();
    assert_eq!((got.status, got.text(), got.header("connection")), (OK, "waited\n", Some("close")));
    assert!(busy.end().await);
    assert!(stop.await.unwrap(), "all finished in time");
}

#[tokio::test]
async fn what_does_not_finish_is_cut() {
    let house = House::open(Limits::default());
    let mut busy = Raw::connect(house.http()).await;
    busy.send(get_request("/cfg/wait.cfg")).await;
    let mut shaking_hands = Raw::connect(house.https()).await;
    shaking_hands.send(b"\x16\x03\x01").await;
    house.until_waiting(1).await;
    assert!(!house.gate.drain(Duration::from_millis(200)).await);
    assert!(busy.answer(false).await.is_none());
    assert!(shaking_hands.answer(false).await.is_none());
}

#[tokio::test]
async fn a_dropped_gate_is_closed() {
    let house = House::open(Limits::default());
    let address = house.http();
    drop(house.gate);
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
