//! A data directory with the program on it: its command line, its server, and phones around it.
//!
//! The server listens on an address of its own, so that phones, which call from others, never take its port while it is down.
//! [`House::close`] ends every test: the server must stop when told, and its log may hold no panic and none of the secrets that the
//! test came across.

use std::collections::BTreeSet;
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use phonesim::{Address, Answer, Behaviour, Client, Identity, Login, Outcome, Phone, Request, Tls, Transcript};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Only ends a test that hangs.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

const HOST: &str = "phones.example.com";

/// The network that most phones of a test are in, and one that is another by every measure.
pub(crate) const OFFICE: &str = "127.0.5.1";
pub(crate) const AWAY: &str = "127.0.77.1";

/// The customer that every house has.
pub(crate) const CUSTOMER: &str = "Example Ltd";

/// The program, where it keeps its data, and what it must not tell.
pub(crate) struct House {
    root: TempDir,
    data: PathBuf,
    at: SocketAddr,
    level: &'static str,
    /// Keys of the configuration that this house sets otherwise.
    settings: Vec<(&'static str, String)>,
    voice: Option<Voice>,
    pub(crate) global: Login,
    operator: Login,
    secrets: Mutex<BTreeSet<String>>,
    pins: Mutex<BTreeSet<String>>,
    server: Option<Server>,
}

/// Where the telephone face listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Voice {
    pub(crate) udp: SocketAddr,
    pub(crate) tcp: SocketAddr,
    pub(crate) tls: SocketAddr,
}

struct Server {
    child: Child,
    ready: Value,
    rest: JoinHandle<String>,
}

impl House {
    /// A house with one customer and its server running, which logs everything it can.
    pub(crate) async fn open() -> Self {
        Self::logging("trace").await
    }

    /// The same at another log level: the loud ones are slow with many phones.
    pub(crate) async fn logging(level: &'static str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let data = root.path().join("data");
        let mut house = Self::founded(root, data, level).await;
        house.cli(&["customer", "add", CUSTOMER]).await;
        house.serve().await;
        house
    }

    /// A house whose telephone face is open too, on an address of its own. First contacts need no login there, but the PIN.
    pub(crate) async fn with_telephone() -> Self {
        let root = tempfile::tempdir().unwrap();
        let data = root.path().join("data");
        let ip = own_address();
        let voice = Voice { udp: free_udp(ip), tcp: free_tcp(ip), tls: free_tcp(ip) };
        let mut house = Self::founded_at(root, data, "trace", ip, Some(voice)).await;
        house.cli(&["customer", "add", CUSTOMER]).await;
        house.policy(&["login=none", "pin=required"]).await;
        house.serve().await;
        house
    }

    /// A data directory, and nothing running on it. `root` takes the log.
    pub(crate) async fn founded(root: TempDir, data: PathBuf, level: &'static str) -> Self {
        Self::founded_at(root, data, level, own_address(), None).await
    }

    async fn founded_at(root: TempDir, data: PathBuf, level: &'static str, ip: Ipv4Addr, voice: Option<Voice>) -> Self {
        let (at, nobody) = (free_tcp(ip), || Login::new("", ""));
        let (secrets, pins) = (Mutex::default(), Mutex::default());
        let mut house =
            Self { root, data, at, level, settings: Vec::new(), voice, global: nobody(), operator: nobody(), secrets, pins, server: None };
        let made = house.cli(&["init"]).await;
        let text =
            |section: &str, key: &str| made[section][key].as_str().unwrap_or_else(|| panic!("{section}.{key} is missing")).to_owned();
        house.global = Login::new(&text("global_login", "user"), &text("global_login", "password"));
        house.keep_login(&house.global);
        house.operator = Login::new(&text("operator", "user"), &text("operator", "password"));
        house.keep_login(&house.operator);
        house
    }

    // ── the server ──────────────────────────────────────────────────────────────────────────────────────────────

    /// Sets a key of the configuration, `SIP_UDP` for `sip.udp`, from the next start on.
    pub(crate) fn set(&mut self, key: &'static str, value: &str) {
        self.settings.push((key, value.to_owned()));
    }

    /// Starts the server and waits until it is ready.
    pub(crate) async fn serve(&mut self) {
        assert!(self.server.is_none(), "it runs already");
        let mut child = self.command(&["serve"]).stdout(Stdio::piped()).stderr(self.log()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        timeout(PATIENCE, lines.read_line(&mut line)).await.expect("the server never said that it is ready").unwrap();
        assert!(!line.is_empty(), "the server ended instead of starting:\n{}", self.log_tail());
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
        assert_eq!((&ready["ready"], ready["phones_https"].as_str()), (&Value::Bool(true), Some(self.at.to_string().as_str())), "{line}");
        let kept: Value = serde_json::from_str(&std::fs::read_to_string(self.data.join("run.json")).unwrap()).unwrap();
        assert_eq!(kept, ready, "run.json says what the ready line says");
        let rest = tokio::spawn(async move {
            let mut rest = String::new();
            let _ = lines.read_to_string(&mut rest).await;
            rest
        });
        self.server = Some(Server { child, ready, rest });
    }

    /// What the server said when it was ready.
    pub(crate) fn ready(&self) -> &Value {
        &self.server.as_ref().expect("no server runs").ready
    }

    /// Tries to start a server that must refuse; what it says on stderr.
    pub(crate) async fn serve_refused(&self) -> String {
        self.refused(&["serve"]).await
    }

    /// Tells the server to stop. It must end well, and have said nothing more on stdout.
    pub(crate) async fn stop(&mut self) {
        let mut server = self.server.take().expect("no server runs");
        let pid = server.child.id().expect("the server ended by itself").to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
        let status = timeout(PATIENCE, server.child.wait()).await.expect("the server does not stop").unwrap();
        assert!(status.success(), "{status}\n{}", self.log_tail());
        assert_eq!(server.rest.await.unwrap(), "");
    }

    /// Tells the server to read certificates again.
    pub(crate) async fn hang_up(&self) {
        let pid = self.server.as_ref().and_then(|server| server.child.id()).expect("no server runs").to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().await.unwrap().success());
    }

    /// Kills it as a power cut would.
    pub(crate) async fn kill(&mut self) {
        let mut server = self.server.take().expect("no server runs");
        server.child.kill().await.unwrap();
    }

    /// Whether the server still runs, by its process.
    pub(crate) fn runs(&mut self) -> bool {
        self.server.as_mut().is_some_and(|server| server.child.try_wait().unwrap().is_none())
    }

    /// Stops the server, then reads its log for panics and secrets.
    pub(crate) async fn close(mut self) {
        self.stop().await;
        self.check_log();
    }

    /// No panic and no secret in what was logged, nor in what lies open in the data directory.
    pub(crate) fn check_log(&self) {
        let mut texts = vec![("the log", self.log_text())];
        texts.extend(std::fs::read_to_string(self.data.join("run.json")).ok().map(|text| ("run.json", text)));
        let secrets = self.secrets.lock().unwrap();
        assert!(secrets.len() >= 2, "there is nothing to look for");
        for (name, text) in &texts {
            assert!(!text.contains("panicked"), "a panic in {name}:\n{text}");
            for secret in secrets.iter() {
                let line = text.lines().find(|line| line.contains(secret.as_str()));
                assert!(line.is_none(), "{secret:?} stands in {name}: {line:?}");
            }
            for pin in self.pins.lock().unwrap().iter() {
                let line = text.lines().find(|line| holds_number(line, pin));
                assert!(line.is_none(), "the PIN {pin} stands in {name}: {line:?}");
            }
            for part in SIP_SECRETS {
                let line = text.lines().find(|line| line.contains(part));
                assert!(line.is_none(), "{part:?} stands in {name}: {line:?}");
            }
        }
    }

    pub(crate) fn log_text(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.root.path().join("log")).unwrap_or_default()).into_owned()
    }

    fn log_tail(&self) -> String {
        let text = self.log_text();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    fn log(&self) -> File {
        File::options().append(true).create(true).open(self.root.path().join("log")).unwrap()
    }

    /// The password of `operator`, who signs in at the portal.
    pub(crate) fn operator_password(&self) -> String {
        self.operator.password.expose().clone()
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    pub(crate) fn at(&self) -> SocketAddr {
        self.at
    }

    // ── the command line ────────────────────────────────────────────────────────────────────────────────────────

    /// Runs a command that must succeed; what it printed as JSON.
    pub(crate) async fn cli(&self, arguments: &[&str]) -> Value {
        self.cli_with_input(arguments, "").await
    }

    /// The same with something on its standard input.
    pub(crate) async fn cli_with_input(&self, arguments: &[&str], input: &str) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat(), input).await;
        let (printed, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {}: {said}", output.status);
        serde_json::from_str(&printed).unwrap_or(Value::Null)
    }

    /// Runs a command that must be refused: exit status 1, one line on stderr, which is given back.
    pub(crate) async fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments, "").await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        // What is logged is JSON.
        let complaint: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('{')).collect();
        assert_eq!(complaint.len(), 1, "{arguments:?}: {said}");
        complaint[0].to_owned()
    }

    /// Runs a command to its end. What it says on stderr goes into the log too.
    pub(crate) async fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that does not read is content with the closed end.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let output = timeout(PATIENCE, child.wait_with_output()).await.unwrap_or_else(|_| panic!("{arguments:?} hangs")).unwrap();
        std::io::Write::write_all(&mut self.log(), &output.stderr).unwrap();
        output
    }

    /// Runs a command and kills it after a while. Whether it had ended, well, before that.
    pub(crate) async fn run_and_kill(&self, arguments: &[&str], after: Duration) -> bool {
        let mut child = self.command(arguments).stdout(Stdio::null()).stderr(self.log()).spawn().unwrap();
        if let Ok(ended) = timeout(after, child.wait()).await {
            assert!(ended.unwrap().success(), "{arguments:?}\n{}", self.log_tail());
            return true;
        }
        child.kill().await.unwrap();
        false
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringfence"));
        command.args(arguments).arg("--data").arg(&self.data).kill_on_drop(true).stdin(Stdio::null());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("RINGFENCE_")) {
            command.env_remove(name);
        }
        command.env("RUST_LOG", self.level).env("RINGFENCE_LOG", self.level);
        command.env("RINGFENCE_PHONES_HTTPS", self.at.to_string());
        command.env("RINGFENCE_PHONES_PUBLIC_URL", self.url(""));
        command.env("RINGFENCE_PORTAL_LISTEN", "127.0.0.1:0");
        let sip = |pick: fn(&Voice) -> SocketAddr| {
            self.voice.as_ref().map_or_else(|| format!("{}:0", self.at.ip()), |voice| pick(voice).to_string())
        };
        command.env("RINGFENCE_SIP_UDP", sip(|voice| voice.udp));
        command.env("RINGFENCE_SIP_TCP", sip(|voice| voice.tcp));
        command.env("RINGFENCE_SIP_TLS", sip(|voice| voice.tls));
        command.envs(self.settings.iter().map(|(key, value)| (format!("RINGFENCE_{key}"), value)));
        command
    }

    /// Adds a T46S of the house's customer, with one line whose password only it has.
    pub(crate) async fn add(&self, mac: &str) {
        self.add_to(CUSTOMER, mac).await;
    }

    pub(crate) async fn add_to(&self, customer: &str, mac: &str) {
        self.add_model(customer, mac, "yealink/T46S").await;
    }

    /// The same of any model.
    pub(crate) async fn add_model(&self, customer: &str, mac: &str, model: &str) {
        let line = format!("user={},password={},server=sip.example.com,name=Desk {mac}", &mac[6..], line_password(mac));
        self.keep(&line_password(mac));
        self.cli(&["device", "add", mac, "--customer", customer, "--model", model, "--line", &line]).await;
    }

    pub(crate) async fn show(&self, mac: &str) -> Value {
        self.cli(&["device", "show", mac]).await
    }

    /// Waits until the request log says of the device's newest request that it was answered for this reason. Gives all reasons,
    /// newest first. The log is written a moment after the answer.
    pub(crate) async fn newest_reason(&self, mac: &str, reason: &str) -> Vec<String> {
        let reasons = tokio::sync::Mutex::new(Vec::new());
        until(&format!("the newest request of {mac} was answered for {reason}"), async || {
            let rows = self.cli(&["device", "requests", mac]).await;
            let rows = rows.as_array().expect("requests are a list");
            let found: Vec<String> = rows.iter().map(|row| row["reason"].as_str().expect("a reason").to_owned()).collect();
            let there = found.first().is_some_and(|newest| newest == reason);
            *reasons.lock().await = found;
            there
        })
        .await;
        reasons.into_inner()
    }

    /// Waits until the device is listed for an admin's attention.
    pub(crate) async fn attention(&self, mac: &str, kind: &str) {
        until(&format!("{mac} is listed as {kind}"), async || {
            self.show(mac).await["attention"].as_array().expect("attention is a list").contains(&kind.into())
        })
        .await;
    }

    pub(crate) async fn policy(&self, entries: &[&str]) {
        self.cli(&[&["policy", "set", "--customer", CUSTOMER], entries].concat()).await;
    }

    // ── phones and other clients ────────────────────────────────────────────────────────────────────────────────

    /// Where the telephone face listens.
    pub(crate) fn voice(&self) -> Voice {
        self.voice.expect("a house with a telephone")
    }

    /// An address in the house's own network, for a phone, a trunk, a proxy.
    pub(crate) fn neighbour(&self, number: u8) -> Ipv4Addr {
        let IpAddr::V4(own) = self.at.ip() else { unreachable!("houses are on IPv4") };
        let [a, b, c, _] = own.octets();
        Ipv4Addr::new(a, b, c, number)
    }

    /// An address under the phones' public one.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{HOST}:{}{path}", self.at.port())
    }

    pub(crate) fn address(&self, path: &str) -> Address {
        self.url(path).parse().unwrap()
    }

    pub(crate) fn authority(&self) -> PathBuf {
        self.data.join("tls/ca.pem")
    }

    /// A client that trusts the house's own authority and calls from `source`.
    pub(crate) fn client(&self, source: &str) -> Client {
        let tls = Tls::authorities(&std::fs::read(self.authority()).unwrap(), true).unwrap();
        Client { resolve: Some(self.at.ip()), ..Behaviour::unhurried(tls).client }.from(source.parse().unwrap())
    }

    /// A phone fresh from its box, to which the maker's redirect service tells the house's front door and `login`.
    pub(crate) fn phone(&self, mac: &str, source: &str, login: Option<&Login>) -> Phone {
        let mut phone = self.unpacked(Identity::yealink_t46s(mac.parse().unwrap()), source);
        phone.network.redirect = Some((self.address("/cfg"), login.cloned()));
        phone
    }

    /// Boots a phone twice, so that it is live; what it was given. The second config differs from the first by its poll only, and not
    /// at all if the phone came with a claim already.
    pub(crate) async fn live(&self, phone: &mut Phone) -> Given {
        for outcomes in [&[Outcome::Configured][..], &[Outcome::Configured, Outcome::Unchanged]] {
            let mut transcript = Transcript::default();
            let outcome = phone.boot(&mut transcript).await;
            assert!(outcomes.contains(&outcome), "{outcome:?}\n{transcript}");
        }
        let given = Given::of_phone(phone);
        self.keep_login(&given.login);
        given
    }

    /// Any phone fresh from its box, which nobody tells anything.
    pub(crate) fn unpacked(&self, identity: Identity, source: &str) -> Phone {
        let client = self.client(source);
        let behaviour = Behaviour { client: client.clone(), ..Behaviour::unhurried(client.tls) };
        Phone::new(identity, behaviour)
    }

    /// Asks for a device's carrier at the front door, with a login if one is given.
    pub(crate) async fn front(&self, mac: &str, source: &str, login: Option<&Login>) -> Answer {
        self.carrier(&self.address("/cfg"), mac, source, login).await
    }

    /// Asks for a device's carrier at any door.
    pub(crate) async fn carrier(&self, door: &Address, mac: &str, source: &str, login: Option<&Login>) -> Answer {
        let at = door.file(&format!("{mac}.cfg"), phonesim::Slash::One);
        let agent = Identity::yealink_t46s(mac.parse().unwrap()).user_agent();
        let request = Request::get(&at.target()).header("User-Agent", &agent);
        let client = self.client(source);
        let answer = match login {
            Some(login) => client.send_with_login(&at, request, login).await.unwrap(),
            None => client.send(&at, request).await.unwrap(),
        };
        self.keep_answer(&answer);
        answer
    }

    /// What a phone that was given this config would do next: ask at its door with its login.
    pub(crate) async fn follow(&self, given: &Given, mac: &str, source: &str) -> Answer {
        self.carrier(&given.door, mac, source, Some(&given.login)).await
    }

    // ── what must not be told ───────────────────────────────────────────────────────────────────────────────────

    pub(crate) fn keep(&self, secret: &str) {
        assert!(secret.len() >= 8, "{secret:?} is too short to be looked for");
        self.secrets.lock().unwrap().insert(secret.to_owned());
    }

    /// The digits of a PIN, right or wrong.
    pub(crate) fn keep_pin(&self, pin: &str) {
        assert!(pin.len() == 6 && pin.bytes().all(|byte| byte.is_ascii_digit()), "{pin:?} is no PIN");
        self.pins.lock().unwrap().insert(pin.to_owned());
    }

    /// A password, also as Basic sends it.
    pub(crate) fn keep_login(&self, login: &Login) {
        let password = login.password.expose();
        self.keep(password);
        self.keep(wire::auth::basic_answer(&login.user, password).strip_prefix("Basic ").unwrap());
    }

    pub(crate) fn keep_answer(&self, answer: &Answer) {
        let text = answer.text();
        let passwords = text.lines().filter_map(|line| line.split_once(" = ")).filter(|(key, _)| key.ends_with("password"));
        passwords.filter(|(_, value)| value.len() >= 8).for_each(|(_, value)| self.keep(value));
        if let Some(given) = Given::of(answer) {
            self.keep_login(&given.login);
        }
    }
}

/// What stands in a log only if a message's Authorization, SDES key or INFO body does.
const SIP_SECRETS: [&str; 5] = ["inline:", "Signal=", "cnonce=", "response=\\\"", "response=\""];

/// Whether a number stands alone in a line; the fraction of a second does not count.
fn holds_number(line: &str, number: &str) -> bool {
    line.match_indices(number).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + number.len()..].chars().next();
        !before.is_some_and(|before| before.is_ascii_hexdigit() || matches!(before, '.' | '-'))
            && !after.is_some_and(|after| after.is_ascii_hexdigit())
    })
}

/// An address of loopback that no other house has, of this process or another.
fn own_address() -> Ipv4Addr {
    static NEXT: AtomicU8 = AtomicU8::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let [.., high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 32 + number % 64, high, low)
}

fn free_tcp(ip: Ipv4Addr) -> SocketAddr {
    TcpListener::bind((ip, 0)).unwrap().local_addr().unwrap()
}

fn free_udp(ip: Ipv4Addr) -> SocketAddr {
    UdpSocket::bind((ip, 0)).unwrap().local_addr().unwrap()
}

/// The line password of a device of [`House::add`].
pub(crate) fn line_password(mac: &str) -> String {
    format!("line-secret-{mac}")
}

/// Whether an answer is the device's full config.
pub(crate) fn is_full(answer: &Answer, mac: &str) -> bool {
    answer.status == 200 && answer.text().contains(&line_password(mac))
}

/// The value of a parameter in a config.
pub(crate) fn value(text: &str, key: &str) -> Option<String> {
    text.lines().filter_map(|line| line.split_once(" = ")).find(|(name, _)| *name == key).map(|(_, value)| value.to_owned())
}

/// Door and login that a config gave a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) door: Address,
    pub(crate) login: Login,
}

impl Given {
    /// None if the answer carries no login.
    pub(crate) fn of(answer: &Answer) -> Option<Self> {
        let text = answer.text();
        let server = |key: &str| value(&text, &format!("static.auto_provision.server.{key}"));
        let login = Login::new(&server("username")?, &server("password")?);
        Some(Self { door: server("url")?.parse().unwrap(), login })
    }

    /// What a phone remembers.
    pub(crate) fn of_phone(phone: &Phone) -> Self {
        Self { door: phone.server().expect("a server"), login: phone.own_login().expect("a login") }
    }
}

/// Waits until something holds. Only ends a test that would hang: how long it takes decides nothing.
pub(crate) async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let wait = async {
        while !holds().await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("never: {what}"));
}
