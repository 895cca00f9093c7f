//! The client by itself, as other tests use it.

use phonesim::{Address, Client, ClientError, Login, Request, Tls};

use crate::server::{Demand, Server};

#[tokio::test]
async fn requests_go_out_exactly_as_given() {
    let server = Server::start(true).await;
    let client = Client::new(Tls::any());
    let address: Address = server.url("").parse().unwrap();
    let request = Request::new("PUT", "/cfg//a%2e%2e/b?x=%00").header("X-One", "1").header("x-one", "2").body("hello");
    let answer = client.send(&address, request).await.unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (404, ""));
    assert_eq!(server.take_seen(), ["1 PUT /cfg//a%2e%2e/b?x=%00 -> 404"]);
    let headers = server.script().headers.clone();
    let values = |name: &str| headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect::<Vec<_>>();
    assert_eq!((values("x-one"), values("content-length")), (vec!["1", "2"], vec!["5"]));
    assert!(matches!(client.send(&address, Request::get("/a b")).await, Err(ClientError::Request(_))));
}

#[tokio::test]
async fn a_login_answers_the_challenge_or_goes_out_unasked() {
    let server = Server::start(false).await;
    server.put("/a.cfg", "there");
    server.script().demands.insert("/".into(), Demand::of("anna", "right"));
    let client = Client::default().from("127.0.0.9".parse().unwrap());
    let address: Address = server.url("").parse().unwrap();
    let check = async |login: &Login, expected| {
        let answer = client.send_with_login(&address, Request::get("/a.cfg"), login).await.unwrap();
        assert_eq!(answer.status, expected);
    };
    check(&Login::new("anna", "right"), 200).await;
    check(&Login::new("anna", "wrong"), 401).await;
    assert_eq!(client.send(&address, Request::get("/a.cfg").basic("anna", "right")).await.unwrap().text(), "there");
    assert_eq!(client.send(&address, Request::get("/a.cfg")).await.unwrap().challenges().len(), 3);
    assert!(server.script().callers.iter().all(|caller| caller == "127.0.0.9"));
}

#[tokio::test]
async fn raw_bytes_bring_raw_bytes_back() {
    let server = Server::start(true).await;
    let client = Client::new(Tls::any());
    let address: Address = server.url("").parse().unwrap();
    let raw = async |bytes: &str| String::from_utf8(client.raw(&address, bytes.as_bytes()).await.unwrap()).unwrap();
    assert!(raw("GET /x HTTP/1.1\r\nHost: a\r\n\r\n").await.starts_with("HTTP/1.1 404 "));
    assert!(raw("no HTTP at all\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
    server.script().mute = true;
    assert_eq!(raw("GET /x HTTP/1.1\r\nHost: a\r\n\r\n").await, "");
}
