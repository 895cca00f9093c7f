//! A mail server that wants TLS, and a user with a password: by STARTTLS, and from the first byte.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use domain::Secret;
use portal::mail::{Postman, Server, Template, Unusable, queue};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

use crate::world::{NOW, World};

/// `desk` and `p@ss`, as AUTH PLAIN has them.
const LOGIN: &str = "AUTH PLAIN AGRlc2sAcEBzcw==";

/// What one server heard: commands, and whether they came encrypted.
type Heard = Arc<Mutex<Vec<(bool, String)>>>;

struct Office {
    port: u16,
    authority: PathBuf,
    heard: Heard,
    task: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Drop for Office {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Office {
    /// `wrapped`: TLS from the first byte.
    async fn open(wrapped: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (authority, config) = (folder.path().join("ca.pem"), certified(&folder.path().join("ca.pem")));
        let (listener, acceptor) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), TlsAcceptor::from(Arc::new(config)));
        let (port, heard) = (listener.local_addr().unwrap().port(), Heard::default());
        let kept = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(talk(stream, acceptor.clone(), wrapped, Arc::clone(&kept)));
            }
        });
        Self { port, authority, heard, task, _folder: folder }
    }

    fn server(&self, scheme: &str, login: &str, trusted: bool) -> Server {
        let smtp = Secret::new(format!("{scheme}://{login}localhost:{}", self.port));
        Server::new(&smtp, "ringfence@example.com", trusted.then_some(self.authority.as_path())).unwrap()
    }

    fn heard(&self, start: &str) -> Vec<(bool, String)> {
        self.heard.lock().unwrap().iter().filter(|(_, line)| line.starts_with(start)).cloned().collect()
    }
}

/// A certificate for `localhost` of an authority whose own goes into a file.
fn certified(file: &std::path::Path) -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    std::fs::write(file, params.self_signed(&key).unwrap().pem()).unwrap();
    let issuer = Issuer::new(params, key);
    let own_key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&own_key, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    builder.with_single_cert(vec![own.der().clone()], PrivatePkcs8KeyDer::from(own_key.serialize_der()).into()).unwrap()
}

async fn talk(stream: TcpStream, acceptor: TlsAcceptor, wrapped: bool, heard: Heard) {
    if wrapped {
        if let Ok(stream) = acceptor.accept(stream).await {
            session(stream, true, true, &heard).await;
        }
        return;
    }
    let Some(stream) = session(stream, false, true, &heard).await else { return };
    if let Ok(stream) = acceptor.accept(stream).await {
        session(stream, true, false, &heard).await;
    }
}

/// Answers until it is over, or until TLS is to begin.
async fn session<S: AsyncRead + AsyncWrite + Unpin>(stream: S, secure: bool, greets: bool, heard: &Heard) -> Option<S> {
    let mut stream = BufReader::new(stream);
    if greets {
        stream.write_all(b"220 office\r\n").await.ok()?;
    }
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        heard.lock().unwrap().push((secure, line.clone()));
        let reply: &[u8] = match line.split(' ').next().unwrap_or_default() {
            "EHLO" if secure => b"250-office\r\n250 AUTH PLAIN\r\n",
            "EHLO" => b"250-office\r\n250 STARTTLS\r\n",
            "STARTTLS" => {
                stream.write_all(b"220 go on\r\n").await.ok()?;
                return Some(stream.into_inner());
            }
            "AUTH" if line == LOGIN => b"235 welcome\r\n",
            "AUTH" => b"535 no\r\n",
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                let mut mail = String::new();
                while !mail.ends_with("\r\n.\r\n") {
                    stream.read_line(&mut mail).await.ok()?;
                }
                heard.lock().unwrap().push((secure, format!("MAIL IS {mail}")));
                b"250 kept\r\n"
            }
            _ => b"250 fine\r\n",
        };
        stream.write_all(reply).await.ok()?;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_goes_by_tls_with_user_and_password() {
    for (scheme, wrapped) in [("smtp", false), ("smtps", true)] {
        let (world, office) = (World::new().await, Office::open(wrapped).await);
        let postman = Postman::new(world.admin.clone(), Uuid::from_u128(1), office.server(scheme, "desk:p%40ss@", true));
        let values = [("name", "somebody"), ("link", "https://portal.example.com/invitation/secret-7"), ("hours", "48")];
        let write = world.admin.store.write(move |db| queue(db, NOW, &super::reader(), Template::Invitation, &values));
        write.await.unwrap();
        assert_eq!(postman.send_due(NOW).await.unwrap(), 1);
        assert_eq!(office.heard("AUTH"), [(true, LOGIN.to_owned())], "{scheme}: never in clear");
        let mails = office.heard("MAIL IS");
        assert!(mails.len() == 1 && mails[0].0 && mails[0].1.contains("secret-7"), "{scheme}: {mails:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_tried_out_without_a_mail() {
    for (scheme, wrapped) in [("smtp", false), ("smtps", true)] {
        let office = Office::open(wrapped).await;
        assert_eq!(office.server(scheme, "desk:p%40ss@", true).try_out().await, Ok(()), "{scheme}");
        assert_eq!(office.server(scheme, "desk:wrong@", true).try_out().await, Err(Unusable::Refused("535".to_owned())), "{scheme}");
        assert_eq!(office.server(scheme, "desk:p%40ss@", false).try_out().await, Err(Unusable::Tls), "{scheme}: nobody vouches for it");
        assert!(office.heard("MAIL").is_empty(), "{scheme}");
        assert!(office.heard("AUTH").iter().all(|(secure, _)| *secure), "{scheme}");
    }
    let office = Office::open(false).await;
    let gone = office.server("smtp", "", true);
    drop(office);
    assert_eq!(gone.try_out().await, Err(Unusable::Unreachable));
}
