//! One file: tries, waits, logins.

use std::time::Duration;

use bytes::Bytes;
use wire::challenge::Challenge;

use super::Phone;
use crate::address::{Address, Login};
use crate::behaviour::{LoginHabit, Waits};
use crate::client::{Answer, ClientError, Request};
use crate::identity::AgentForm;
use crate::limits::{ATTEMPTS_MAX, WAIT_SECONDS_MAX};
use crate::login::{Answers, Scheme};
use crate::transcript::{Exchange, SentLogin, Step, Transcript};

/// Why a pass ends before its last file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    LoginWanted,
    NoAnswer,
    Failed,
}

/// An `Authorization` header and what the transcript says of it.
struct Proof {
    header: String,
    shown: SentLogin,
}

/// Requests for one file in one try: unasked, answering, and answering once more after `stale`.
const ROUNDS_MAX: usize = 3;

impl Phone {
    /// Gets one file; none if the server has it not. `server` is whose login the phone has.
    pub(super) async fn fetch(&mut self, at: &Address, server: &Address, transcript: &mut Transcript) -> Result<Option<Bytes>, Stop> {
        let attempts = self.behaviour.attempts.clamp(1, ATTEMPTS_MAX);
        let mut stop = Stop::NoAnswer;
        for attempt in 1..=attempts {
            let wait = match self.exchange(at, server, transcript).await? {
                Some(answer) if answer.status == 200 => return Ok(Some(answer.body)),
                Some(answer) if answer.status >= 500 => {
                    stop = Stop::Failed;
                    answer.retry_after_seconds().map(Duration::from_secs)
                }
                Some(_) => return Ok(None),
                None => {
                    stop = Stop::NoAnswer;
                    None
                }
            };
            if attempt < attempts {
                self.wait(wait.unwrap_or(self.behaviour.retry_delay), transcript).await;
            }
        }
        transcript.note(format!("gives up after {attempts} tries"));
        Err(stop)
    }

    /// One try for one file, with all rounds of its login. None if no answer came.
    async fn exchange(&mut self, at: &Address, server: &Address, transcript: &mut Transcript) -> Result<Option<Answer>, Stop> {
        let login = self.login_for(at, server);
        let mut proof = login.as_ref().and_then(|login| self.unasked(at, login));
        let mut answered = false;
        for _ in 0..ROUNDS_MAX {
            let mut exchange = Exchange::new(&at.target(), proof.as_ref().map_or(SentLogin::None, |proof| proof.shown.clone()));
            let answer = match self.request(at, proof.take()).await {
                Ok(answer) => answer,
                Err(error) => {
                    exchange.summary = error.to_string();
                    transcript.push(Step::Exchange(exchange));
                    return Ok(None);
                }
            };
            let challenges = if answer.status == 401 { answer.challenges() } else { Vec::new() };
            let stale = challenges.iter().any(|challenge| matches!(challenge, Challenge::Digest(digest) if digest.stale));
            exchange.status = Some(answer.status);
            exchange.bytes = answer.body.len();
            exchange.summary = summary(&answer, &exchange.login, stale).to_owned();
            transcript.push(Step::Exchange(exchange));
            if answer.status != 401 {
                return Ok(Some(answer));
            }
            self.memory.kept = None;
            let challenge = Answers::choose(&challenges, self.behaviour.strongest);
            let (Some(login), Some(challenge)) = (&login, challenge) else { return Err(Stop::LoginWanted) };
            if answered && !stale {
                return Err(Stop::LoginWanted);
            }
            answered = true;
            if self.behaviour.login_habit == LoginHabit::KeepsChallenge {
                self.memory.kept = Some((at.clone(), challenge.clone()));
            }
            proof = Some(self.prove(at, login, challenge));
        }
        Err(Stop::LoginWanted)
    }

    /// The login for a file: the one in its own address, or the stored one if it lies on the phone's own server.
    fn login_for(&self, at: &Address, server: &Address) -> Option<Login> {
        let stored = || self.firmware().provisioning(&self.flash).login.filter(|_| at.same_server(server));
        at.login.clone().or_else(stored)
    }

    fn unasked(&mut self, at: &Address, login: &Login) -> Option<Proof> {
        let challenge = match self.behaviour.login_habit {
            LoginHabit::AfterChallenge => return None,
            LoginHabit::KeepsChallenge => {
                let (server, challenge) = self.memory.kept.clone()?;
                server.same_server(at).then_some(challenge)?
            }
            LoginHabit::BasicAtOnce => Challenge::Basic { realm: String::new() },
        };
        Some(self.prove(at, login, &challenge))
    }

    fn prove(&mut self, at: &Address, login: &Login, challenge: &Challenge) -> Proof {
        let shown = SentLogin::Login { scheme: Scheme::of(challenge), user: login.user.clone() };
        Proof { header: self.memory.answers.answer(challenge, login, "GET", &at.target()), shown }
    }

    /// One request, over the kept connection if there is one.
    async fn request(&mut self, at: &Address, proof: Option<Proof>) -> Result<Answer, ClientError> {
        if !at.secure && !self.behaviour.plain_http {
            let refused = std::io::Error::other("this phone talks no plain HTTP");
            return Err(ClientError::Connect(refused));
        }
        let mut request = Request::get(&at.target()).header("User-Agent", &self.user_agent()).header("Accept", "*/*");
        if let Some(proof) = proof {
            request = request.header("Authorization", &proof.header);
        }
        let keep_alive = self.firmware().keep_alive(&self.flash).unwrap_or(self.behaviour.keep_alive);
        if !keep_alive {
            return self.behaviour.client.send(at, request.header("Connection", "close")).await;
        }
        let kept = self.memory.connection.take().filter(|(server, connection)| server.same_server(at) && connection.is_open());
        if let Some((server, mut connection)) = kept
            && let Ok(answer) = connection.send(request.clone()).await
        {
            self.memory.connection = Some((server, connection));
            return Ok(answer);
        }
        // Nothing is kept, or the server closed it meanwhile, which is its right.
        let mut connection = self.behaviour.client.connect(at).await?;
        let answer = connection.send(request).await?;
        self.memory.connection = Some((at.clone(), connection));
        Ok(answer)
    }

    fn user_agent(&self) -> String {
        let mut identity = self.identity.clone();
        if !self.firmware().tells_mac(&self.flash) {
            identity.agent = AgentForm::NoMac;
        }
        identity.user_agent()
    }

    async fn wait(&self, wait: Duration, transcript: &mut Transcript) {
        let wait = wait.min(Duration::from_secs(WAIT_SECONDS_MAX));
        transcript.note(format!("waits {} s before it tries again", wait.as_secs()));
        if self.behaviour.waits == Waits::Real {
            tokio::time::sleep(wait).await;
        }
    }
}

fn summary(answer: &Answer, sent: &SentLogin, stale: bool) -> &'static str {
    match (answer.status, sent) {
        (200, _) => "taken",
        (401, _) if stale => "too old a proof, once more",
        (401, SentLogin::None) => "wants a login",
        (401, SentLogin::Login { .. }) => "this login is refused",
        (404, _) => "not there, next file",
        (503, _) => "busy, later again",
        (500.., _) => "the server failed",
        _ => "passed over",
    }
}
