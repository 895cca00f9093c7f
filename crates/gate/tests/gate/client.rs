//! Clients: raw sockets for what no proper client sends, and programs that others wrote.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

/// Far beyond anything that should take time: it only ends a test that hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// Until a condition holds.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, wait).await.expect("the condition never came");
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Got {
    /// The values of a header, whatever its spelling.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// A raw connection.
pub(crate) struct Raw(BufStream<TcpStream>);

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self(BufStream::new(TcpStream::connect(address).await.unwrap()))
    }

    /// Sends bytes as they are. The other side may have closed already.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).await.is_ok() && self.0.flush().await.is_ok()
    }

    /// Ends our side only.
    pub(crate) async fn half_close(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    /// Reads one answer; `bodiless` after HEAD. `None` if the connection ended before it.
    pub(crate) async fn answer(&mut self, bodiless: bool) -> Option<Got> {
        timeout(PATIENCE, self.read_answer(bodiless)).await.expect("no answer and no end")
    }

    async fn read_answer(&mut self, bodiless: bool) -> Option<Got> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut got = Got { status, head, body: Vec::new() };
        assert_eq!(got.header("transfer-encoding"), None, "{}", got.head);
        let length = got.header("content-length").map_or(0, |length| length.parse().unwrap());
        if !bodiless && status != 304 {
            got.body.resize(length, 0);
            self.0.read_exact(&mut got.body).await.ok()?;
        }
        Some(got)
    }

    /// Reads to the end of the connection. Whether it ended without a reset.
    pub(crate) async fn end(&mut self) -> bool {
        let mut rest = Vec::new();
        timeout(PATIENCE, self.0.read_to_end(&mut rest)).await.expect("the connection never ended").is_ok()
    }
}

/// One request on its own connection.
pub(crate) async fn ask(address: SocketAddr, request: &str) -> Got {
    let mut raw = Raw::connect(address).await;
    raw.send(request).await;
    raw.answer(request.starts_with("HEAD")).await.expect("an answer")
}

/// `GET` with a proper head.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Got {
    ask(address, &get_request(path)).await
}

pub(crate) fn get_request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: phones.example.com\r\n\r\n")
}

/// Runs a program with input. Its output, both streams, and whether it succeeded.
pub(crate) async fn run(program: &str, arguments: &[&str], input: &str) -> (String, bool) {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    // A program that refuses its arguments reads nothing.
    let _ = stdin.write_all(input.as_bytes()).await;
    let _ = stdin.flush().await;
    // The input stays open: openssl ends at its end, before the answer is there.
    let output = timeout(PATIENCE, child.wait_with_output()).await.expect("the program ends").unwrap();
    drop(stdin);
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&text).into_owned(), output.status.success())
}

/// A TLS client that shows a certificate and signs with a key that is not the certificate's. What the first read says.
pub(crate) async fn handshake_with_foreign_key(address: SocketAddr, chain: Vec<CertificateDer<'static>>) -> std::io::Result<usize> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = rcgen::KeyPair::generate().unwrap();
    let key = provider.key_provider.load_private_key(PrivateKeyDer::Pkcs8(key.serialize_der().into())).unwrap();
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_file_iter(crate::SELF_MADE.0.path().join("ca.pem")).unwrap() {
        roots.add(authority.unwrap()).unwrap();
    }
    let resolver = SingleCertAndKey::from(CertifiedKey::new(chain, key));
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_root_certificates(roots).with_client_cert_resolver(Arc::new(resolver));
    let stream = TcpStream::connect(address).await.unwrap();
    let name = "phones.example.com".try_into().unwrap();
    // In TLS 1.3 the client is done before the server has judged it.
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    stream.read(&mut [0; 1]).await
}
