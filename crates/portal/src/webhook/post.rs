//! One delivery over HTTP: a request, and the status that comes back. Nothing else of the answer is read, and nothing that it asks for is
//! done.

use std::pin::pin;
use std::sync::Arc;

use axum::body::Bytes;
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::uri::Scheme;
use http::{HeaderValue, Method, Request, Uri};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::reach;
use crate::admin::Error;
use crate::limits::{WEBHOOK_HEAD_BYTES_MAX, WEBHOOK_PATIENCE, WEBHOOK_URL_BYTES_MAX};
use crate::roots;

/// How deliveries travel.
#[derive(Clone, Debug)]
pub struct Road {
    /// Also to private addresses, and without TLS: for those who host receivers beside the server, and for tests.
    pub allow_private: bool,
    tls: Arc<ClientConfig>,
}

/// Why a delivery did not arrive. No part of the address or the answer is in it, but the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the address leads into a private network, or to this server")]
    PrivateAddress,
    #[error("the host's name has no address")]
    NoSuchHost,
    #[error("the host cannot be reached")]
    Unreachable,
    #[error("the host's certificate cannot be trusted, or it speaks no TLS")]
    Tls,
    #[error("no answer within 15 seconds")]
    Timeout,
    #[error("what came back is no answer in HTTP")]
    Protocol,
    #[error("status {0}")]
    Status(u16),
    #[error("the address is none that is sent to")]
    Address,
}

impl Road {
    /// Trusting the authorities of the system.
    pub fn new(allow_private: bool) -> Self {
        let mut trusted = RootCertStore::empty();
        trusted.add_parsable_certificates(roots::system());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.expect("the provider knows TLS 1.2 and 1.3");
        Self { allow_private, tls: Arc::new(builder.with_root_certificates(trusted).with_no_client_auth()) }
    }

    /// Sends a body; the status of a good answer, 2xx.
    pub(super) async fn post(&self, url: &str, headers: &[(&'static str, String)], body: String) -> Result<u16, Failure> {
        let status = timeout(WEBHOOK_PATIENCE, self.exchange(url, headers, body)).await.map_err(|_| Failure::Timeout)??;
        if (200..300).contains(&status) { Ok(status) } else { Err(Failure::Status(status)) }
    }

    async fn exchange(&self, url: &str, headers: &[(&'static str, String)], body: String) -> Result<u16, Failure> {
        let uri = parse(url, self.allow_private).ok_or(Failure::Address)?;
        let secure = uri.scheme() == Some(&Scheme::HTTPS);
        let (host, port) = (uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(if secure { 443 } else { 80 }));
        let request = request(&uri, headers, body).ok_or(Failure::Address)?;
        let stream = reach::connect(host, port, self.allow_private).await?;
        if !secure {
            return send(stream, request).await;
        }
        let name = ServerName::try_from(host.trim_start_matches('[').trim_end_matches(']').to_owned()).map_err(|_| Failure::Address)?;
        let stream = TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await.map_err(|_| Failure::Tls)?;
        send(stream, request).await
    }
}

fn request(uri: &Uri, headers: &[(&'static str, String)], body: String) -> Option<Request<Full<Bytes>>> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::builder().method(Method::POST).uri(path).header(HOST, uri.authority()?.as_str());
    request = request.header(CONTENT_TYPE, "application/json").header(USER_AGENT, HeaderValue::from_static("Ringfence"));
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    request.body(Full::new(Bytes::from(body))).ok()
}

async fn send<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, request: Request<Full<Bytes>>) -> Result<u16, Failure> {
    let mut client = http1::Builder::new();
    client.max_buf_size(WEBHOOK_HEAD_BYTES_MAX);
    let (mut sender, connection) = client.handshake(TokioIo::new(stream)).await.map_err(|_| Failure::Protocol)?;
    let mut answer = pin!(sender.send_request(request));
    // The connection ends with this call, whatever else the other side wants to say.
    let answer = tokio::select! {
        answer = &mut answer => answer,
        // Closed behind its answer, perhaps, which then is there.
        _ = connection => answer.await,
    };
    answer.map(|answer| answer.status().as_u16()).map_err(|_| Failure::Protocol)
}

/// Refuses an address that nothing is sent to.
pub(crate) fn check_url(url: &str, allow_private: bool) -> Result<(), Error> {
    let scheme = if allow_private { "https:// or http://" } else { "https://" };
    let allowed = || format!("url: {scheme}, a host, at most {WEBHOOK_URL_BYTES_MAX} bytes, without user and password");
    parse(url, allow_private).map(drop).ok_or_else(|| Error::invalid("url", allowed()))
}

fn parse(url: &str, allow_private: bool) -> Option<Uri> {
    let uri: Uri = Some(url).filter(|url| url.len() <= WEBHOOK_URL_BYTES_MAX)?.parse().ok()?;
    let known = uri.scheme() == Some(&Scheme::HTTPS) || (allow_private && uri.scheme() == Some(&Scheme::HTTP));
    let plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@') && !authority.host().is_empty());
    (known && plain && !url.contains('#')).then_some(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_https_and_hold_no_password() {
        for url in ["https://hooks.example.com/x?y=z", "https://hooks.example.com:8443", "https://[2001:db8::1]/"] {
            assert!(check_url(url, false).is_ok(), "{url}");
        }
        let long = format!("https://hooks.example.com/{}", "x".repeat(WEBHOOK_URL_BYTES_MAX));
        for url in [
            "",
            "hooks.example.com",
            "http://hooks.example.com",
            "https://u:p@hooks.example.com",
            "ftp://x",
            "https:///x",
            "https://x/#y",
            &long,
        ] {
            assert_eq!(check_url(url, false).unwrap_err().code(), "url", "{url}");
        }
        assert!(check_url("http://127.0.0.1:8080/x", true).is_ok());
    }
}
