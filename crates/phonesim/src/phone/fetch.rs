//! One request of a pass: tries, waits, logins. Several at once, each over a connection of its own.

use std::time::Duration;

use tokio::task::JoinSet;
use wire::challenge::Challenge;

use super::Phone;
use crate::address::{Address, Login};
use crate::behaviour::{LoginHabit, Waits};
use crate::client::{Answer, Client, ClientError, Connection, Request, Tls};
use crate::firmware::{Ask, Fetched, Got};
use crate::limits::{ATTEMPTS_MAX, TOGETHER_MAX, WAIT_SECONDS_MAX};
use crate::login::{Answers, Scheme};
use crate::transcript::{Exchange, SentLogin, Step, Transcript};

/// What one request leaves behind for the next.
#[derive(Debug)]
pub(super) struct Lane {
    answers: Answers,
    /// The challenge that [`LoginHabit::KeepsChallenge`] answers again, and whose it is.
    kept: Option<(Address, Challenge)>,
    connection: Option<(Address, Connection)>,
}

impl Lane {
    /// `seed` decides the client's own part of each answer, which need not be secret.
    pub fn new(seed: u64) -> Self {
        Self { answers: Answers::new(seed), kept: None, connection: None }
    }

    pub fn hang_up(&mut self) {
        self.connection = None;
    }

    /// Another lane beside this one. Nonces that both use are counted by each, as if the phone had two clients.
    fn beside(&self, number: u64) -> Self {
        Self { answers: self.answers.beside(number), kept: self.kept.clone(), connection: None }
    }
}

/// How requests are made, as of this step of the pass.
#[derive(Clone)]
pub(super) struct Caller {
    client: Client,
    agent: String,
    logins: Vec<Login>,
    habit: LoginHabit,
    weakest: Scheme,
    strongest: Scheme,
    keep_alive: bool,
    plain_http: bool,
    attempts: u32,
    retry_delay: Duration,
    waits: Waits,
}

/// An `Authorization` header and what the transcript says of it.
struct Proof {
    header: String,
    shown: SentLogin,
}

impl Phone {
    pub(super) fn caller(&self, ask: &Ask, server: &Address) -> Caller {
        let (firmware, unit, behaviour) = (self.firmware(), self.unit(), &self.behaviour);
        Caller {
            client: behaviour.client.clone(),
            agent: ask.agent.clone().unwrap_or_else(|| firmware.user_agent(unit)),
            logins: firmware.logins(unit, &ask.at, server),
            habit: firmware.login_habit(unit).unwrap_or(behaviour.login_habit),
            weakest: firmware.weakest(),
            strongest: behaviour.strongest,
            keep_alive: firmware.keep_alive(unit).unwrap_or(behaviour.keep_alive),
            plain_http: behaviour.plain_http,
            attempts: ask.attempts.or_else(|| firmware.attempts(unit)).unwrap_or(behaviour.attempts).clamp(1, ATTEMPTS_MAX),
            retry_delay: behaviour.retry_delay,
            waits: behaviour.waits,
        }
    }

    /// Several requests at once; what each did is written down in their order.
    pub(super) async fn ask_together(&mut self, asks: Vec<Ask>, server: &Address, transcript: &mut Transcript) -> Vec<Got> {
        let mut running = JoinSet::new();
        for (number, ask) in (0u64..).zip(asks.into_iter().take(TOGETHER_MAX)) {
            let (caller, mut lane) = (self.caller(&ask, server), self.memory.lane.beside(number));
            running.spawn(async move {
                let mut transcript = Transcript::default();
                let got = caller.ask(&ask, &mut lane, &mut transcript).await;
                (number, got, transcript)
            });
        }
        let mut ended = running.join_all().await;
        ended.sort_unstable_by_key(|(number, ..)| *number);
        let mut all = Vec::with_capacity(ended.len());
        for (_, got, own) in ended {
            transcript.append(own);
            all.push(got);
        }
        all
    }
}

impl Caller {
    /// The same caller, to the maker's own service: whom it trusts there is built in, and no login is meant for it.
    pub fn for_maker(mut self, tls: Tls) -> Self {
        self.client.tls = tls;
        self.logins.clear();
        self.keep_alive = false;
        self
    }

    /// All tries of one request.
    pub async fn ask(&self, ask: &Ask, lane: &mut Lane, transcript: &mut Transcript) -> Got {
        let mut got = Got::NoAnswer;
        for attempt in 1..=self.attempts {
            let wait = match self.exchange(ask, lane, transcript).await {
                Ok((answer, login)) if is_taken(ask, &answer) => {
                    return Got::File(Fetched { at: ask.at.clone(), body: answer.body, login });
                }
                Ok((answer, _)) if answer.status == 401 => return Got::LoginWanted,
                Ok((answer, _)) if answer.status >= 500 => {
                    got = Got::Failed;
                    answer.retry_after_seconds().map(Duration::from_secs)
                }
                Ok((answer, _)) => return Got::Missing(answer.status),
                Err(_) => {
                    got = Got::NoAnswer;
                    None
                }
            };
            if attempt < self.attempts {
                self.wait(wait.unwrap_or(self.retry_delay), transcript).await;
            }
        }
        transcript.note(format!("gives up after {} tries", self.attempts));
        got
    }

    /// One try, with all rounds of its logins: unasked, answering with each login, and once more with each after `stale`. The
    /// last answer, and the login that was sent for it.
    async fn exchange(&self, ask: &Ask, lane: &mut Lane, transcript: &mut Transcript) -> Result<(Answer, Option<Login>), ClientError> {
        let mut logins = self.logins.iter();
        let mut login = logins.next();
        let mut proof = login.and_then(|login| self.unasked(ask, login, lane));
        let mut answered = false;
        let mut rounds = 1 + 2 * self.logins.len();
        loop {
            rounds -= 1;
            let sent = proof.as_ref().map_or(SentLogin::None, |proof| proof.shown.clone());
            let used = proof.as_ref().and(login).cloned();
            let mut exchange = Exchange::new(ask.method, &ask.at.target(), sent);
            let answer = match self.request(ask, proof.take(), lane).await {
                Ok(answer) => answer,
                Err(error) => {
                    exchange.summary = error.to_string();
                    transcript.push(Step::Exchange(exchange));
                    return Err(error);
                }
            };
            let challenges = if answer.status == 401 { answer.challenges() } else { Vec::new() };
            let stale = challenges.iter().any(|challenge| matches!(challenge, Challenge::Digest(digest) if digest.stale));
            exchange.status = Some(answer.status);
            exchange.bytes = answer.body.len();
            exchange.summary = summary(ask, &answer, &exchange.login, stale).to_owned();
            transcript.push(Step::Exchange(exchange));
            if answer.status != 401 || rounds == 0 {
                return Ok((answer, used));
            }
            lane.kept = None;
            if answered && !stale {
                login = logins.next();
            }
            let challenge = Answers::choose(&challenges, self.weakest..=self.strongest);
            let (Some(login), Some(challenge)) = (login, challenge) else { return Ok((answer, used)) };
            answered = true;
            if self.habit == LoginHabit::KeepsChallenge {
                lane.kept = Some((ask.at.clone(), challenge.clone()));
            }
            proof = Some(prove(ask, login, challenge, lane));
        }
    }

    fn unasked(&self, ask: &Ask, login: &Login, lane: &mut Lane) -> Option<Proof> {
        let challenge = match self.habit {
            LoginHabit::AfterChallenge => return None,
            LoginHabit::KeepsChallenge => {
                let (server, challenge) = lane.kept.clone()?;
                server.same_server(&ask.at).then_some(challenge)?
            }
            LoginHabit::BasicAtOnce => Challenge::Basic { realm: String::new() },
        };
        Some(prove(ask, login, &challenge, lane))
    }

    /// One request, over the kept connection if there is one.
    async fn request(&self, ask: &Ask, proof: Option<Proof>, lane: &mut Lane) -> Result<Answer, ClientError> {
        let at = &ask.at;
        if !at.secure && !self.plain_http {
            let refused = std::io::Error::other("this phone talks no plain HTTP");
            return Err(ClientError::Connect(refused));
        }
        let mut request = Request::new(ask.method, &at.target()).header("User-Agent", &self.agent).header("Accept", "*/*");
        request = request.body(ask.body.clone());
        request.http_10 = ask.http_10;
        if let Some(proof) = proof {
            request = request.header("Authorization", &proof.header);
        }
        if !self.keep_alive {
            return self.client.send(at, request.header("Connection", "close")).await;
        }
        let kept = lane.connection.take().filter(|(server, connection)| server.same_server(at) && connection.is_open());
        if let Some((server, mut connection)) = kept
            && let Ok(answer) = connection.send(request.clone()).await
        {
            lane.connection = Some((server, connection));
            return Ok(answer);
        }
        // Nothing is kept, or the server closed it meanwhile, which is its right.
        let mut connection = self.client.connect(at).await?;
        let answer = connection.send(request).await?;
        lane.connection = Some((at.clone(), connection));
        Ok(answer)
    }

    async fn wait(&self, wait: Duration, transcript: &mut Transcript) {
        let wait = wait.min(Duration::from_secs(WAIT_SECONDS_MAX));
        transcript.note(format!("waits {} s before it tries again", wait.as_secs()));
        if self.waits == Waits::Real {
            tokio::time::sleep(wait).await;
        }
    }
}

fn prove(ask: &Ask, login: &Login, challenge: &Challenge, lane: &mut Lane) -> Proof {
    let shown = SentLogin::Login { scheme: Scheme::of(challenge), user: login.user.clone() };
    Proof { header: lane.answers.answer(challenge, login, ask.method, &ask.at.target()), shown }
}

fn is_taken(ask: &Ask, answer: &Answer) -> bool {
    answer.status == 200 || (ask.method != "GET" && (200..300).contains(&answer.status))
}

fn summary(ask: &Ask, answer: &Answer, sent: &SentLogin, stale: bool) -> &'static str {
    match (answer.status, sent) {
        _ if is_taken(ask, answer) => "taken",
        (401, _) if stale => "too old a proof, once more",
        (401, SentLogin::None) => "wants a login",
        (401, SentLogin::Login { .. }) => "this login is refused",
        (404, _) => "not there, next file",
        (503, _) => "busy, later again",
        (500.., _) => "the server failed",
        _ => "passed over",
    }
}
