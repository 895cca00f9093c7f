//! A client's connection: requests as bytes, answers read whole, nothing of HTTP that the bench does not need.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result, ensure};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

use crate::limits::{BODY_BYTES_MAX, HEAD_BYTES_MAX};

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// An open connection to a server on loopback.
pub struct Connection {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
    /// Bytes of the buffer that belong to the last answer.
    spent: usize,
}

/// An answer, until the next request.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// Status line and headers, without the empty line.
    pub head: &'a str,
    /// The whole body.
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// The values of a header, in order.
    pub fn header(&self, name: &str) -> impl Iterator<Item = &str> {
        let fields = self.head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
        fields.filter(move |(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

impl Connection {
    /// Connects, with a TLS session of its own if a configuration is given. Each connection comes from another address of loopback,
    /// as phones do: limits per address then do not bind, and ports last.
    pub async fn open(target: SocketAddr, tls: Option<&Arc<ClientConfig>>) -> Result<Self> {
        ensure!(target.ip().is_loopback(), "a load goes to loopback only");
        let stream = connect(target).await?;
        let stream: Box<dyn Stream> = match tls {
            None => Box::new(stream),
            Some(config) => Box::new(TlsConnector::from(Arc::clone(config)).connect(ServerName::try_from("localhost")?, stream).await?),
        };
        Ok(Self { stream, buffer: Vec::with_capacity(HEAD_BYTES_MAX), spent: 0 })
    }

    /// Sends a request and reads its answer.
    pub async fn ask(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.buffer.drain(..self.spent);
        self.spent = 0;
        self.stream.write_all(request).await?;
        let parts = loop {
            if let Some(parts) = parse_head(&self.buffer)? {
                ensure!(parts.body_bytes <= BODY_BYTES_MAX, "a body of {} bytes", parts.body_bytes);
                if self.buffer.len() >= parts.head_bytes + parts.body_bytes {
                    break parts;
                }
            } else {
                ensure!(self.buffer.len() < HEAD_BYTES_MAX, "a head of more than {HEAD_BYTES_MAX} bytes");
            }
            let read = self.stream.read_buf(&mut self.buffer).await?;
            ensure!(read > 0, "the server closed the connection inside an answer");
        };
        self.spent = parts.head_bytes + parts.body_bytes;
        let (head, body) = self.buffer[..self.spent].split_at(parts.head_bytes);
        Ok(Answer { status: parts.status, head: std::str::from_utf8(&head[..head.len() - 4])?, body })
    }
}

async fn connect(target: SocketAddr) -> Result<TcpStream> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let socket = if target.is_ipv4() {
        // 250 × 256 × 250 addresses of 127.0.0.0/8, none of which ends in 0 or 255.
        let [low, middle, high] = [number % 250, number / 250 % 256, number / 64_000 % 250].map(|part| part as u8);
        let socket = TcpSocket::new_v4()?;
        socket.bind((IpAddr::V4(Ipv4Addr::new(127, high + 1, middle, low + 1)), 0).into())?;
        socket
    } else {
        TcpSocket::new_v6()?
    };
    let stream = socket.connect(target).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// What a head says of its answer's parts.
#[derive(Debug, PartialEq, Eq)]
struct Parts {
    status: u16,
    head_bytes: usize,
    body_bytes: usize,
}

/// Status and Content-Length; nothing else of the head matters here. `None` while the head is not whole.
fn parse_head(buffer: &[u8]) -> Result<Option<Parts>> {
    let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&buffer[..end]).context("a head that is no text")?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("no status")?.parse()?;
    let length = lines.filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let body_bytes = length.context("an answer without Content-Length")?.1.trim().parse()?;
    Ok(Some(Parts { status, head_bytes: end + 4, body_bytes }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_when_they_are_whole() {
        let head = b"HTTP/1.1 401 Unauthorized\r\ncontent-LENGTH:  7\r\nx: y\r\n\r\nabc";
        assert_eq!(parse_head(&head[..head.len() - 5]).unwrap(), None);
        assert_eq!(parse_head(head).unwrap(), Some(Parts { status: 401, head_bytes: head.len() - 3, body_bytes: 7 }));
        for refused in ["HTTP/1.1 200 OK\r\n\r\n", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"] {
            assert!(parse_head(refused.as_bytes()).is_err(), "{refused}");
        }
    }
}
