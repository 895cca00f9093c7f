//! A small HTTP server on loopback that demands a login and writes down what came.
//!
//! `/hop/N` redirects to `/hop/N-1` down to `/hop/0`, so that one run of a client sends several requests. The clock
//! is the server's own: it stands still, or makes a step after every right answer.

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
};

use wire::{
    auth::{self, Check, Credentials, Request, check_digest},
    challenge::Offer,
    digest::{Algorithm, Rules, Verifier},
    nonce::{Counts, NonceKey, mint},
};

const REALM: &str = "Ringfence";
const LIFETIME: u64 = 300_000;

/// What the server offers and how it behaves.
#[derive(Clone)]
pub struct Settings {
    pub user: &'static str,
    pub password: &'static str,
    pub algorithms: &'static [Algorithm],
    pub basic: bool,
    /// Challenges without `qop`, answers in the form of RFC 2069.
    pub rfc2069: bool,
    /// The clock's step after every right answer.
    pub step_millis: u64,
    /// Whether every right answer is followed by a change of the nonce key, without overlap.
    pub changes_key: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            user: "phone",
            password: "secret",
            algorithms: Offer::ALGORITHMS,
            basic: true,
            rfc2069: false,
            step_millis: 0,
            changes_key: false,
        }
    }
}

pub struct Server {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    accepting: Option<JoinHandle<()>>,
}

struct State {
    settings: Settings,
    key: NonceKey,
    counts: Counts,
    now_millis: u64,
    minted: u64,
    stopping: bool,
    seen: Vec<String>,
    authorizations: Vec<String>,
}

struct Head {
    method: String,
    target: String,
    authorization: Option<Vec<u8>>,
    content_length: u64,
}

impl Server {
    pub fn start(settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be bound");
        let address = listener.local_addr().expect("a bound socket has an address");
        let state = Arc::new(Mutex::new(State {
            settings,
            key: NonceKey::new(&[1; 32]),
            counts: Counts::new(100, LIFETIME),
            now_millis: 1_800_000_000_000,
            minted: 0,
            stopping: false,
            seen: Vec::new(),
            authorizations: Vec::new(),
        }));
        let shared = Arc::clone(&state);
        let accepting = Some(thread::spawn(move || accept(&listener, &shared)));
        Self { address, state, accepting }
    }

    /// One line for each request so far: method, target, login, judgement.
    pub fn seen(&self) -> Vec<String> {
        self.state.lock().expect("no handler panicked").seen.clone()
    }

    /// The `Authorization` values so far.
    pub fn authorizations(&self) -> Vec<String> {
        self.state.lock().expect("no handler panicked").authorizations.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(mut state) = self.state.lock() {
            state.stopping = true;
        }
        // Wakes the acceptor, which then sees that it is to stop.
        if TcpStream::connect(self.address).is_ok()
            && let Some(accepting) = self.accepting.take()
        {
            accepting.join().ok();
        }
    }
}

fn accept(listener: &TcpListener, state: &Arc<Mutex<State>>) {
    while let Ok((connection, _)) = listener.accept() {
        if state.lock().expect("no handler panicked").stopping {
            return;
        }
        let state = Arc::clone(state);
        thread::spawn(move || converse(&connection, &state));
    }
}

/// Answers the requests of one connection until the client closes it.
fn converse(connection: &TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(connection);
    while let Some(head) = read_head(&mut reader) {
        let mut body = Vec::new();
        if (&mut reader).take(head.content_length).read_to_end(&mut body).is_err() {
            return;
        }
        let answer = state.lock().expect("no handler panicked").answer(&head);
        if (&*connection).write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn read_head(reader: &mut impl std::io::BufRead) -> Option<Head> {
    let mut line = || {
        let mut line = Vec::new();
        reader.take(8192).read_until(b'\n', &mut line).ok().filter(|read| *read > 0)?;
        Some(line.trim_ascii_end().to_vec())
    };
    let start = String::from_utf8(line()?).ok()?;
    let mut words = start.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut head = Head { method, target, authorization: None, content_length: 0 };
    for _ in 0..100 {
        let field = line()?;
        if field.is_empty() {
            return Some(head);
        }
        let colon = field.iter().position(|byte| *byte == b':')?;
        let (name, value) = (&field[..colon], field[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"authorization") {
            head.authorization = Some(value.to_vec());
        } else if name.eq_ignore_ascii_case(b"content-length") {
            head.content_length = std::str::from_utf8(value).ok()?.parse().ok()?;
        }
    }
    None
}

impl State {
    fn answer(&mut self, head: &Head) -> String {
        let (login, check) = self.judge(head);
        let judgement = check.map_or("challenged".to_owned(), |check| format!("{check:?}"));
        self.seen.push(format!("{} {} {login}: {judgement}", head.method, head.target));
        if let Some(value) = &head.authorization {
            self.authorizations.push(String::from_utf8_lossy(value).into_owned());
        }
        if check != Some(Check::Right) {
            return self.unauthorized(check == Some(Check::Stale));
        }
        self.now_millis += self.settings.step_millis;
        if self.settings.changes_key {
            self.minted += 1;
            self.key = NonceKey::new(&[u8::try_from(self.minted % 255).expect("below 256"); 32]);
        }
        let hops = head.target.rsplit_once("/hop/").and_then(|(_, hops)| hops.parse::<u32>().ok()).and_then(|hops| hops.checked_sub(1));
        match hops {
            Some(hops) => format!("HTTP/1.1 302 Found\r\nLocation: /hop/{hops}\r\nContent-Length: 0\r\n\r\n"),
            None if head.method == "HEAD" => "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n".to_owned(),
            None => "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n".to_owned(),
        }
    }

    fn judge(&mut self, head: &Head) -> (String, Option<Check>) {
        let Some(value) = &head.authorization else { return ("-".to_owned(), None) };
        let Settings { user, password, rfc2069, .. } = self.settings;
        match auth::parse(value) {
            Err(malformed) => (format!("{malformed:?}"), Some(Check::Malformed)),
            Ok(Credentials::Basic { user: sent, password: tried }) => {
                let right = sent == user && tried.matches(password);
                ("Basic".to_owned(), Some(if right { Check::Right } else { Check::Wrong }))
            }
            Ok(Credentials::Digest(sent)) => {
                let count = sent.protection.as_ref().map_or("uncounted".to_owned(), |protection| format!("nc={}", protection.nc.value));
                let request = Request {
                    method: &head.method,
                    target: &head.target,
                    realm: REALM,
                    keys: std::slice::from_ref(&self.key),
                    now_millis: self.now_millis,
                    lifetime_millis: LIFETIME,
                    rules: Rules { allow_rfc2069: rfc2069 },
                };
                let (counts, now_millis) = (&mut self.counts, self.now_millis);
                let check = check_digest(&sent, &request, Verifier::Password(password), |one| counts.spend(one, now_millis));
                let known = if sent.username == user { check } else { Check::Wrong };
                (format!("{} {count}", sent.algorithm.name()), Some(known))
            }
        }
    }

    fn unauthorized(&mut self, stale: bool) -> String {
        self.minted += 1;
        let nonce = mint(&self.key, self.now_millis, self.minted.to_be_bytes());
        let Settings { algorithms, basic, rfc2069, .. } = self.settings;
        let offer = Offer { realm: REALM, nonce: &nonce, algorithms, basic, stale };
        let mut answer = String::from("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n");
        for value in offer.header_values() {
            let value = if rfc2069 { value.replace(", qop=\"auth\"", "") } else { value };
            write!(answer, "WWW-Authenticate: {value}\r\n").expect("a string takes everything");
        }
        answer + "\r\n"
    }
}
