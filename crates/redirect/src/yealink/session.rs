//! Calls with a token that is asked for when there is none, when it is about to end, and once more when the service takes it no longer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{Secret, Span, Time};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderName};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::words::{Refusal, refusal};
use crate::loose::number;
use crate::outcome::{Failure, No};
use crate::road::{Ask, Line, Reply};

/// How long before its end a token is given up.
const EARLY: Span = Span::minutes(1);

/// How long a token is used whose end the service does not say: the shorter of the two lives that were reported is an hour.
const LIFE: Span = Span::hours(1);

/// The longest that a token is used, whatever the service says of it: a day is the longest that was reported.
const LIFE_MAX: Span = Span::days(1);

const TIMESTAMP: HeaderName = HeaderName::from_static("timestamp");
const NONCE: HeaderName = HeaderName::from_static("nonce");
const JSON: &str = "application/json";

/// The way to the service with an account's key.
#[derive(Debug)]
pub(super) struct Session {
    line: Line,
    key_id: String,
    secret: Secret<String>,
    token: Mutex<Option<Token>>,
}

#[derive(Clone, Debug)]
struct Token {
    text: Secret<String>,
    until: Time,
}

impl Session {
    pub fn new(line: Line, key_id: String, secret: Secret<String>) -> Self {
        Self { line, key_id, secret, token: Mutex::new(None) }
    }

    /// Gives the token up, so that the next call proves the key.
    pub async fn forget(&self) {
        *self.token.lock().await = None;
    }

    /// `POST` with a body; the service takes none without.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Reply, No<Refusal>> {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// `GET`.
    pub async fn look(&self, path: &str) -> Result<Reply, No<Refusal>> {
        self.ask(Method::GET, path, None).await
    }

    /// `PATCH`.
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Reply, No<Refusal>> {
        self.ask(Method::PATCH, path, Some(body)).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Reply, No<Refusal>> {
        let token = self.token().await?;
        let mut reply = self.send(method.clone(), path, body, format!("Bearer {}", token.expose())).await?;
        if reply.status == 401 {
            // A 401 did nothing, so even a write may be sent again.
            self.drop_token(&token).await;
            let token = self.token().await?;
            reply = self.send(method, path, body, format!("Bearer {}", token.expose())).await?;
        }
        if reply.is_good() { Ok(reply) } else { Err(refusal(&reply)) }
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>, authorization: String) -> Result<Reply, Failure> {
        let nonce = format!("{:032x}", u128::from_be_bytes(self.line.random()));
        let headers = vec![(AUTHORIZATION, authorization), (TIMESTAMP, self.line.now().millis().to_string()), (NONCE, nonce)];
        let body = body.map(|body| (JSON, body.to_string().into_bytes()));
        self.line.send(Ask { method, url: self.line.at(path), headers, body }).await
    }

    /// The token; only one caller at a time asks for a new one.
    async fn token(&self) -> Result<Secret<String>, Failure> {
        let mut kept = self.token.lock().await;
        let now = self.line.now();
        if let Some(token) = kept.as_ref().filter(|token| now < token.until) {
            return Ok(token.text.clone());
        }
        let made = self.mint(now).await?;
        let text = made.text.clone();
        *kept = Some(made);
        Ok(text)
    }

    async fn mint(&self, now: Time) -> Result<Token, Failure> {
        let basic = STANDARD.encode(format!("{}:{}", self.key_id, self.secret.expose()));
        let ask = json!({ "grant_type": "client_credentials" });
        let minted = self.send(Method::POST, "v2/token", Some(&ask), format!("Basic {basic}")).await.map_err(unwritten)?;
        if !minted.is_good() {
            return Err(unwritten(refusal(&minted).into()));
        }
        let body: Value = minted.json().map_err(unwritten)?;
        let text = body["access_token"].as_str().filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| Failure::refused("an answer without a token"))?;
        let life = number(&body["expires_in"]).map_or(LIFE, |seconds| Span::seconds(seconds.clamp(0, LIFE_MAX.as_seconds())));
        Ok(Token { text: text.into(), until: now + life - EARLY })
    }

    async fn drop_token(&self, used: &Secret<String>) {
        let mut kept = self.token.lock().await;
        if kept.as_ref().is_some_and(|token| token.text == *used) {
            *kept = None;
        }
    }
}

/// A call for a token writes nothing: its failure must leave no doubt about the call that the token was for.
fn unwritten(failure: Failure) -> Failure {
    if failure.leaves_doubt() { Failure::Unreachable { why: "no token came back" } } else { failure }
}
