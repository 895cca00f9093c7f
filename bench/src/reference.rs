//! The bare servers to compare with: hyper and nothing else, or hyper behind rustls, one fixed body for every request.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use crate::limits::REFERENCE_CONNECTIONS_MAX;

/// A server that has its address and does not answer yet.
pub struct Reference {
    listener: TcpListener,
    body: Bytes,
    tls: Option<Arc<ServerConfig>>,
}

impl Reference {
    /// Takes a free port of loopback.
    pub async fn bind(body: Bytes, tls: Option<Arc<ServerConfig>>) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Self { listener, body, tls })
    }

    /// Where it will answer.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Answers until its task is dropped.
    pub async fn serve(self) {
        let open = Arc::new(Semaphore::new(REFERENCE_CONNECTIONS_MAX));
        let tls = self.tls.map(TlsAcceptor::from);
        while let Ok(permit) = Arc::clone(&open).acquire_owned().await {
            let Ok((stream, _)) = self.listener.accept().await else { continue };
            let (body, tls) = (self.body.clone(), tls.clone());
            tokio::spawn(async move {
                answer(stream, tls, body).await;
                drop(permit);
            });
        }
    }
}

/// One connection to its end. What a client breaks off is no error of the server.
async fn answer(stream: TcpStream, tls: Option<TlsAcceptor>, body: Bytes) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    match tls {
        None => speak_http(stream, body).await,
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                speak_http(stream, body).await;
            }
        }
    }
}

async fn speak_http(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, body: Bytes) {
    let service = service_fn(|_| {
        let body = Full::new(body.clone());
        async move { Ok::<_, Infallible>(Response::new(body)) }
    });
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}
