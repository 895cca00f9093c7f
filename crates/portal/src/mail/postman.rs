//! The job that writes alerts and sends what waits. It may be killed at any point and run on any number of nodes.

use std::error::Error as _;
use std::fmt;
use std::path::Path;

use domain::{Secret, Span, Time};
use http::Uri;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use store::StoreError;
use store::event::{self, Reader};
use store::mail::{self, Mail};
use uuid::Uuid;

use super::alerts;
use crate::admin::Admin;
use crate::limits::{MAIL_LEASE_SECONDS, MAIL_PATIENCE, MAIL_RETRY_SECONDS, MAILS_PER_STEP_MAX};

/// The mail server that mails are handed to.
#[derive(Clone)]
pub struct Server {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("from", &self.from.email).finish_non_exhaustive()
    }
}

/// Why mail cannot be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// The address of the server.
    #[error("mail.smtp: smtp:// or smtps://, user:password@ if need be, a host, a port")]
    Smtp,
    /// The sender.
    #[error("mail.from: an address such as ringfence@example.com")]
    From,
    /// The system's authorities.
    #[error("mail.smtp: TLS cannot be set up")]
    Tls,
    /// Those of the file.
    #[error("tls.mail: a PEM file of certificates that can be read")]
    Authorities,
}

/// Why a mail server cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Nobody answers, or nobody who speaks SMTP.
    #[error("it cannot be reached")]
    Unreachable,
    /// No TLS, or a certificate that nobody vouches for.
    #[error("TLS does not come about, or nobody vouches for its certificate")]
    Tls,
    /// It answered with this status; 535 stands for a wrong user or password.
    #[error("it answered {0}")]
    Refused(String),
}

impl Server {
    /// From `smtp://` (STARTTLS where it is offered, and always where a password is sent) or `smtps://` (TLS from the first byte).
    /// `authorities`: a PEM file of those that vouch for it, and nobody else; the system's without one.
    pub fn new(smtp: &Secret<String>, from: &str, authorities: Option<&Path>) -> Result<Self, ServerError> {
        let from: Mailbox = from.parse().map_err(|_| ServerError::From)?;
        let uri: Uri = smtp.expose().parse().map_err(|_| ServerError::Smtp)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(ServerError::Smtp)?;
        let login = uri.authority().and_then(|authority| Some(authority.as_str().rsplit_once('@')?.0)).map(credentials).transpose()?;
        let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = tls(name, authorities)?;
        let (port, tls) = match (uri.scheme_str(), &login) {
            (Some("smtps"), _) => (465, Tls::Wrapper(tls)),
            (Some("smtp"), Some(_)) => (587, Tls::Required(tls)),
            (Some("smtp"), None) => (25, Tls::Opportunistic(tls)),
            _ => return Err(ServerError::Smtp),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host).port(uri.port_u16().unwrap_or(port)).tls(tls);
        builder = builder.timeout(Some(MAIL_PATIENCE));
        if let Some(login) = login {
            builder = builder.credentials(login);
        }
        Ok(Self { transport: builder.build(), from })
    }

    /// Connects, encrypts and signs in as a mail would, and sends nothing. What went wrong, without the words that the server used.
    pub async fn try_out(&self) -> Result<(), Unusable> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Unusable::Unreachable),
            Err(error) if error.is_tls() || of_tls(&error) => Err(Unusable::Tls),
            Err(error) => Err(error.status().map_or(Unusable::Unreachable, |status| Unusable::Refused(status.to_string()))),
        }
    }

    /// Whether it was taken; if not, whether it is worth another try.
    async fn send(&self, mail: &Mail) -> Result<(), Refusal> {
        let message = self.message(mail).ok_or(Refusal { for_good: true, status: None })?;
        let refused = |error: lettre::transport::smtp::Error| Refusal {
            for_good: error.is_permanent(),
            status: error.status().map(|status| status.to_string()),
        };
        self.transport.send(message).await.map(drop).map_err(refused)
    }

    fn message(&self, mail: &Mail) -> Option<Message> {
        let domain = self.from.email.domain();
        // No answer is wanted from machines (RFC 3834).
        let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        let from =
            mail.letter.from_name.clone().map_or_else(|| self.from.clone(), |name| Mailbox::new(Some(name), self.from.email.clone()));
        let message = Message::builder().from(from).to(Mailbox::new(None, mail.letter.to.parse().ok()?));
        let message = message.subject(&mail.letter.subject).message_id(Some(format!("<{}@{domain}>", mail.id.simple())));
        message.raw_header(automatic).header(ContentType::TEXT_PLAIN).body(mail.letter.text.clone()).ok()
    }
}

/// Whether a connection failed at its handshake: the library tells these as it tells a network that is down.
fn of_tls(error: &lettre::transport::smtp::Error) -> bool {
    let sources = std::iter::successors(error.source(), |source: &&'_ (dyn std::error::Error + 'static)| (*source).source());
    let mut inner = sources.filter_map(|source| source.downcast_ref::<std::io::Error>()?.get_ref());
    inner.any(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
}

fn tls(name: String, authorities: Option<&Path>) -> Result<TlsParameters, ServerError> {
    let mut builder = TlsParameters::builder(name);
    if let Some(file) = authorities {
        let pem = std::fs::read(file).map_err(|_| ServerError::Authorities)?;
        let listed = CertificateDer::pem_slice_iter(&pem).next().is_some_and(|first| first.is_ok());
        let certificates = Certificate::from_pem(&pem).ok().filter(|_| listed).ok_or(ServerError::Authorities)?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificates);
    }
    builder.build().map_err(|_| ServerError::Tls)
}

/// What a mail server said, without the words that it used: they may repeat the address.
#[derive(Debug)]
struct Refusal {
    for_good: bool,
    status: Option<String>,
}

fn credentials(login: &str) -> Result<Credentials, ServerError> {
    let (user, password) = login.split_once(':').ok_or(ServerError::Smtp)?;
    Ok(Credentials::new(decoded(user)?, decoded(password)?))
}

/// Percent signs and two digits stand for what an address cannot hold.
fn decoded(text: &str) -> Result<String, ServerError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16)).ok_or(ServerError::Smtp);
            u8::try_from(digit()? * 16 + digit()?).map_err(|_| ServerError::Smtp)?
        } else {
            byte
        });
    }
    String::from_utf8(bytes).map_err(|_| ServerError::Smtp)
}

/// One node's postman.
#[derive(Debug)]
pub struct Postman {
    admin: Admin,
    node: Uuid,
    server: Server,
}

impl Postman {
    /// A postman with a name of its own among the nodes.
    pub fn new(admin: Admin, node: Uuid, server: Server) -> Self {
        Self { admin, node, server }
    }

    /// Writes letters about what needs somebody. Once a minute, so that what happens at once is one letter.
    pub async fn write_alerts(&self, now: Time) -> Result<usize, StoreError> {
        if !self.admin.store.read(|db| event::any_of(db, Reader::Alerts, alerts::KINDS)).await? {
            return Ok(0);
        }
        let portal_url = self.admin.platform.portal_url.clone();
        self.admin.store.write(move |db| alerts::write(db, &portal_url, now)).await
    }

    /// Sends mails that are due, one after the other; how many were tried.
    pub async fn send_due(&self, now: Time) -> Result<usize, StoreError> {
        let (store, node) = (&self.admin.store, self.node);
        for tried in 0..MAILS_PER_STEP_MAX {
            if !store.read(move |db| mail::any_due(db, now)).await? {
                return Ok(tried);
            }
            let claimed = store.write(move |db| mail::claim(db, node, now, Span::seconds(MAIL_LEASE_SECONDS))).await?;
            let Some(mail) = claimed else { return Ok(tried) };
            self.deliver(mail, now).await?;
        }
        Ok(MAILS_PER_STEP_MAX)
    }

    async fn deliver(&self, mail: Mail, now: Time) -> Result<(), StoreError> {
        let sent = self.server.send(&mail).await;
        let (id, node, tried) = (mail.id, self.node, usize::try_from(mail.tries - 1).unwrap_or(usize::MAX));
        let again = match &sent {
            Err(refusal) if !refusal.for_good => MAIL_RETRY_SECONDS.get(tried).map(|seconds| now + Span::seconds(*seconds)),
            _ => None,
        };
        if let Err(Refusal { for_good, status }) = sent {
            let given_up = again.is_none();
            tracing::warn!(mail = %id, for_good, status, given_up, "the mail server did not take a mail");
        }
        self.admin
            .store
            .write(move |db| match again {
                Some(due) => mail::retry(db, id, node, due),
                None => mail::finish(db, id, node),
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_an_address() {
        let smtp = |text: &str| Secret::from(text);
        for text in ["smtp://mail.example.com", "smtp://127.0.0.1:2525", "smtps://user:p%40ss%25@mail.example.com:465", "smtp://[::1]:25"] {
            assert!(Server::new(&smtp(text), "ringfence@example.com", None).is_ok(), "{text}");
        }
        for text in ["", "mail.example.com", "http://mail.example.com", "smtp://user@mail.example.com", "smtps://u:%zz@mail.example.com"] {
            assert_eq!(Server::new(&smtp(text), "ringfence@example.com", None).unwrap_err(), ServerError::Smtp, "{text}");
        }
        assert_eq!(Server::new(&smtp("smtp://mail.example.com"), "nobody", None).unwrap_err(), ServerError::From);
        let authorities = Some(Path::new("/nowhere/ca.pem"));
        let refused = Server::new(&smtp("smtps://mail.example.com"), "ringfence@example.com", authorities).unwrap_err();
        assert_eq!(refused, ServerError::Authorities);
        assert_eq!(decoded("p%40ss%25").unwrap(), "p@ss%");
    }
}
