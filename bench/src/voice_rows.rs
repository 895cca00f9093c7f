//! The rows of the telephone face. Server and load on cores of their own where there are two, for the server's processor time is
//! what counts.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use domain::chance::Seeded;
use domain::claim::{Grounds, PlatformKeys};
use domain::device::Auth;
use domain::policy::Patch;
use domain::tenancy::Node;
use rustls_pki_types::ServerName;
use serde_json::Value;
use store::Scope;
use tempfile::TempDir;
use tokio::net::{TcpSocket, UdpSocket};
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};
use tokio_rustls::TlsConnector;

use crate::certificate::Certificate;
use crate::clock;
use crate::connection::Connection;
use crate::limits::ASKED_TIME_MAX;
use crate::phones::{Login, basic_fetch, mac};
use crate::population::{self, Population, Stage, binary};
use crate::process::Server;
use crate::rtp::{self, Heard, Streams};
use crate::sip::{Account, Telephone, answer, offer, taken};
use crate::table::{Row, median};

const CALLS: u32 = 1_000;
const CALLS_A_SECOND: u64 = 200;
const WARM_UP: Duration = Duration::from_secs(2);
const SOUND: Duration = Duration::from_secs(10);
const REGISTRATIONS_A_SECOND: u32 = 4_000;
const REGISTERING: Duration = Duration::from_secs(6);
const IDLE_TLS: u32 = 2_000;
/// Phones whose PIN is keyed in, one after the other.
const PINS: u32 = 15;
/// Until what was freed, learned or set up has settled.
const SETTLE: Duration = Duration::from_secs(2);
/// What SIP hosts and realms are called; no name is looked up.
const HOST: &str = "phones.example.com";

const CORE_CALLS: &str = "1 000 calls with sound both ways, cores (limit / use)";
const GAPS: &str = "1 000 calls: gaps in sound over 40 ms, % of packets (limit / use)";
const CALL_MEMORY: &str = "1 000 calls: memory of each, kB (limit / use)";
const CORE_REGISTER: &str = "4 000 authenticated REGISTER/s, cores (limit / use)";
const TLS_MEMORY: &str = "2 000 idle TLS connections of telephones: memory of each, kB (limit / use)";
const TOLD: &str = "PIN taken: BYE answered to full config fetched, s (limit / use)";
const DEAD_SQLITE: &str = "emergency call with the SQLite file made noise, s (limit / use)";
const DEAD_POSTGRES: &str = "emergency call with PostgreSQL stopped, s (limit / use)";

/// Measures the rows whose name contains `wanted`; those of one load together.
pub async fn measure(wanted: &str, folder: &TempDir, certificate: &Certificate) -> Result<Vec<Row>> {
    let is_wanted = |names: &[&str]| names.iter().any(|name| name.contains(wanted));
    let mut rows = Vec::new();
    if is_wanted(&[TLS_MEMORY]) {
        // On a server of its own: what connections leave behind, calls would use again, and seem to need no memory.
        let voice = Voice::open(folder, "idle", certificate).await?;
        rows.push(voice.idle_tls().await.context(TLS_MEMORY)?);
        voice.server.stop().await?;
    }
    if is_wanted(&[CORE_CALLS, GAPS, CALL_MEMORY, CORE_REGISTER, TOLD]) {
        let voice = Voice::open(folder, "voice", certificate).await?;
        if is_wanted(&[CORE_CALLS, GAPS, CALL_MEMORY]) {
            rows.extend(voice.calls().await.context(CORE_CALLS)?);
        }
        if is_wanted(&[TOLD]) {
            rows.push(voice.told().await.context(TOLD)?);
        }
        if is_wanted(&[CORE_REGISTER]) {
            rows.push(voice.registrations().await.context(CORE_REGISTER)?);
        }
        voice.server.stop().await?;
    }
    if is_wanted(&[DEAD_SQLITE]) {
        rows.push(dead_sqlite(folder, certificate).await.context(DEAD_SQLITE)?);
    }
    if is_wanted(&[DEAD_POSTGRES]) {
        rows.push(dead_postgres(folder, certificate).await.context(DEAD_POSTGRES)?);
    }
    rows.retain(|row| row.name.contains(wanted));
    Ok(rows)
}

/// A server with phones that are not cleared.
struct Voice {
    server: Server,
    keys: PlatformKeys,
    certificate: Certificate,
    /// Keeps the load off the server's core.
    _cores: Cores,
}

impl Voice {
    async fn open(folder: &TempDir, name: &str, certificate: &Certificate) -> Result<Self> {
        let phones = Population::make(&folder.path().join(name), CALLS + PINS, Stage::Boxed).await?;
        let store = population::open(&phones.folder).await?;
        let keys = population::platform_keys(&store).await?;
        let entries = [("login", "none"), ("pin", "required"), ("plain_http", "allow")];
        let patch = Patch(entries.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
        store.write(move |db| store::policy::save_patch(db, &Scope::Operator, Node::Operator, &patch)).await?;
        store.close().await;
        let cores = Cores::split().await;
        let mut command = cores.server(&binary()?);
        command.env("RINGFENCE_SIP_PUBLIC_HOST", HOST);
        let server = Server::ringfence_by(command, &phones.folder, certificate).await?;
        Ok(Self { server, keys, certificate: certificate.clone(), _cores: cores })
    }

    fn udp(&self) -> Result<SocketAddr> {
        self.server.addresses()?.sip_udp.context("no SIP over UDP")
    }

    /// A phone's account, and the login of the same claim.
    fn account(&self, index: u32) -> (Account, Login) {
        let now = domain::Time::from_millis(clock::wall_millis());
        let claim = self.keys.issue(mac(index), 1, Grounds::default(), now, &mut Seeded::new(u64::from(index) + 77));
        let user = self.keys.token(&claim);
        let account = Account { user: user.clone(), password: self.keys.sip_password(&claim), host: HOST.to_owned() };
        (account, Login { folder: format!("/cfg/d/{user}/"), user, password: self.keys.http_password(&claim) })
    }

    async fn telephone(&self, index: u32) -> Result<Telephone> {
        Telephone::open((address_of(index), 0).into(), self.udp()?, self.account(index).0).await
    }

    async fn idle_tls(&self) -> Result<Row> {
        let at = self.server.addresses()?.sip_tls.context("no SIP over TLS")?;
        let connector = TlsConnector::from(self.certificate.client()?);
        // The first ones make what all share.
        drop(idle(&connector, at, 0..50).await?);
        sleep(SETTLE).await;
        let before = self.server.resident_bytes()?;
        let open = idle(&connector, at, 50..50 + IDLE_TLS).await?;
        sleep(SETTLE).await;
        let used = per(self.server.resident_bytes()?.saturating_sub(before), IDLE_TLS);
        drop(open);
        sleep(SETTLE).await;
        Ok(Row::under(TLS_MEMORY, used, 32.0))
    }

    async fn calls(&self) -> Result<Vec<Row>> {
        let streams = Arc::new(Streams::open(Ipv4Addr::new(127, 200, 0, 1))?);
        let mut telephones = Vec::new();
        for index in 0..CALLS {
            let mut telephone = self.telephone(index).await?;
            telephone.register().await?;
            telephones.push(telephone);
        }
        sleep(SETTLE).await;
        let before = self.server.resident_bytes()?;
        let mut beat = interval(Duration::from_micros(1_000_000 / CALLS_A_SECOND));
        let mut setting_up = JoinSet::new();
        for (index, mut telephone) in telephones.into_iter().enumerate() {
            beat.tick().await;
            let sound = streams.address(index)?;
            setting_up.spawn(async move {
                let call = telephone.call("*89", sound).await?;
                Ok::<_, anyhow::Error>((telephone, call))
            });
        }
        let (mut up, mut setups) = (Vec::new(), Vec::new());
        while let Some(done) = setting_up.join_next().await {
            let (telephone, call) = done??;
            setups.push(call.setup.as_secs_f64() * 1e3);
            up.push((telephone, call));
        }
        let media: Vec<SocketAddr> = up.iter().map(|(_, call)| call.media).collect();
        let pid = self.server.pid;
        let (heard, used, memory) = tokio::task::spawn_blocking(move || listen(&streams, &media, pid)).await??;
        let repeated: u32 = up.iter().map(|(telephone, _)| telephone.repeated).sum();
        eprintln!("    set-up median {:.1} ms, {repeated} requests repeated, {heard:?}, {used:.3} cores", median(setups));
        for (telephone, call) in &mut up {
            telephone.hang_up(call).await?;
        }
        ensure!(heard.silent == 0, "{} calls were silent", heard.silent);
        #[expect(clippy::cast_precision_loss, reason = "counts of packets are far below 2^52")]
        let share = (heard.gaps as f64).max(1.0) * 100.0 / heard.packets as f64;
        Ok(vec![
            Row::under(CORE_CALLS, used, 0.5),
            Row::under(GAPS, share, 0.01),
            Row::under(CALL_MEMORY, per(memory.saturating_sub(before), CALLS), 48.0),
        ])
    }

    async fn registrations(&self) -> Result<Row> {
        let before_each = Duration::from_secs(1) * CALLS / REGISTRATIONS_A_SECOND;
        let mut telephones = Vec::new();
        for index in 0..CALLS {
            telephones.push(self.telephone(index).await?);
        }
        let (time, started) = (self.server.processor_time()?, clock::now());
        let mut registering = JoinSet::new();
        for (index, mut telephone) in telephones.into_iter().enumerate() {
            registering.spawn(async move {
                sleep(before_each * u32::try_from(index)? / CALLS).await;
                let (mut beat, mut done) = (interval(before_each), 0u32);
                while clock::now() - started < REGISTERING {
                    beat.tick().await;
                    telephone.register().await?;
                    done += 1;
                }
                Ok::<_, anyhow::Error>((done, telephone.repeated))
            });
        }
        let (mut all, mut repeated) = (0, 0);
        while let Some(done) = registering.join_next().await {
            let (done, again) = done??;
            (all, repeated) = (all + done, repeated + again);
        }
        let seconds = (clock::now() - started).as_secs_f64();
        let cores = self.server.processor_time()?.saturating_sub(time).as_secs_f64() / seconds;
        let rate = f64::from(all) / seconds;
        eprintln!("    {rate:.0} registrations/s at {cores:.3} cores, {repeated} requests repeated");
        // What the rate fell short of is charged.
        Ok(Row::under(CORE_REGISTER, cores * (f64::from(REGISTRATIONS_A_SECOND) / rate).max(1.0), 0.5))
    }

    async fn told(&self) -> Result<Row> {
        let https = self.server.addresses()?.phones_https.context("no HTTPS")?;
        let tls = self.certificate.client()?;
        let mut times = Vec::new();
        for index in CALLS..CALLS + PINS {
            let (_, login) = self.account(index);
            let pin = Auth::new(&mut Seeded::new(index.into())).pin.context("a PIN")?;
            let mut first = Connection::open(https, Some(&tls)).await?;
            let restricted = first.ask(&basic_fetch(mac(index), &login)).await?;
            ensure!(restricted.status == 200, "the first fetch was answered {}", restricted.status);
            let restricted = restricted.body.to_vec();
            let mut telephone = self.telephone(index).await?;
            telephone.register().await?;
            let socket = UdpSocket::bind((address_of(index), 0)).await?;
            let call = telephone.call("*89", socket.local_addr()?).await?;
            rtp::press(&socket, call.media, &format!("{}#", pin.reveal())).await?;
            let ended = telephone.asked("BYE", ASKED_TIME_MAX).await?;
            telephone.asked("NOTIFY", ASKED_TIME_MAX).await?;
            let mut fresh = Connection::open(https, Some(&tls)).await?;
            let full = fresh.ask(&basic_fetch(mac(index), &login)).await?;
            ensure!(full.status == 200 && full.body != restricted, "the phone was not served its full config");
            times.push((clock::now() - ended).as_secs_f64());
        }
        eprintln!("    from BYE to config, s: {times:.2?}");
        Ok(Row::towards(TOLD, median(times), 2.0, 1.0))
    }
}

/// Sound for all calls: what was heard, the server's cores, its memory at the end.
fn listen(streams: &Streams, media: &[SocketAddr], pid: u32) -> Result<(Heard, f64, u64)> {
    let pid = pid.to_string();
    let mut from = None;
    let heard = streams.run(media, WARM_UP, SOUND, || from = Some((crate::process::processor_time(&pid), clock::now())))?;
    let (time, started) = from.context("the sound ended before it was counted")?;
    let used = crate::process::processor_time(&pid)?.saturating_sub(time?);
    let cores = used.as_secs_f64() / (clock::now() - started).as_secs_f64();
    Ok((heard, cores, crate::process::resident_bytes(&pid)?))
}

/// Opens TLS sessions from addresses of their own and leaves them alone.
async fn idle(
    connector: &TlsConnector,
    at: SocketAddr,
    which: std::ops::Range<u32>,
) -> Result<Vec<tokio_rustls::client::TlsStream<tokio::net::TcpStream>>> {
    let mut open = Vec::new();
    for index in which {
        let socket = TcpSocket::new_v4()?;
        socket.bind((address_of(index), 0).into())?;
        let stream = socket.connect(at).await?;
        open.push(connector.connect(ServerName::try_from("localhost")?, stream).await.with_context(|| format!("connection {index}"))?);
    }
    Ok(open)
}

/// Each phone's own address of loopback, in a network of its own.
fn address_of(index: u32) -> Ipv4Addr {
    let [_, _, high, low] = (index + 1).to_be_bytes();
    Ipv4Addr::new(127, 100 + high, low, 7)
}

fn per(bytes: u64, count: u32) -> f64 {
    f64::from(u32::try_from(bytes / 1024).unwrap_or(u32::MAX)) * 1.024 / f64::from(count)
}

// ── emergency calls without a store ─────────────────────────────────────────────────────────────────────────────

async fn dead_sqlite(folder: &TempDir, certificate: &Certificate) -> Result<Row> {
    let data = folder.path().join("dead-sqlite");
    let ruin = || {
        for name in ["ringfence.db", "ringfence.db-wal"] {
            make_noise(&data.join(name))?;
        }
        Ok(())
    };
    Ok(Row::under(DEAD_SQLITE, without_store(&data, "", certificate, ruin).await?, 1.0))
}

async fn dead_postgres(folder: &TempDir, certificate: &Certificate) -> Result<Row> {
    let cluster = tokio::task::spawn_blocking(store::testing::Cluster::start).await?;
    let url = cluster.database();
    let ruin = move || {
        drop(cluster);
        Ok(())
    };
    Ok(Row::under(DEAD_POSTGRES, without_store(&folder.path().join("dead-postgres"), &url, certificate, ruin).await?, 1.0))
}

/// Seconds from the INVITE to its 200, after the store was ruined under a running server.
async fn without_store(data: &Path, url: &str, certificate: &Certificate, ruin: impl FnOnce() -> Result<()>) -> Result<f64> {
    let cli = |arguments: Vec<String>| {
        let (data, url) = (data.to_owned(), url.to_owned());
        async move { run_cli(&data, &url, &arguments).await }
    };
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    cli(words("init")).await?;
    cli(words("customer add Example --login none --pin required")).await?;
    cli(words(&format!("device add {} --customer Example --model yealink/T46S", mac(0)))).await?;
    let mut command = Command::new(binary()?);
    command.env("RINGFENCE_SIP_PUBLIC_HOST", HOST);
    if !url.is_empty() {
        command.env("RINGFENCE_STORE_URL", url);
    }
    let server = Server::ringfence_by(command, data, certificate).await?;
    let trunk = UdpSocket::bind((Ipv4Addr::new(127, 201, 0, 1), 0)).await?;
    cli(words(&format!("trunk add Trunk sip:{};transport=udp", trunk.local_addr()?))).await?;
    let trunk = tokio::spawn(serve_trunk(trunk));

    let (account, login) = restricted_account(&server, certificate).await?;
    let mut tls = Connection::open(server.addresses()?.phones_https.context("no HTTPS")?, Some(&certificate.client()?)).await?;
    tls.ask(&basic_fetch(mac(0), &login)).await?;
    let at = server.addresses()?.sip_udp.context("no SIP over UDP")?;
    let mut telephone = Telephone::open((address_of(0), 0).into(), at, account).await?;
    telephone.register().await?;
    // Where a phone stands is learned behind its registration.
    sleep(SETTLE).await;
    ruin()?;
    let sound = UdpSocket::bind((address_of(0), 0)).await?;
    let call = telephone.call("112", sound.local_addr()?).await?;
    telephone.hang_up(&call).await?;
    trunk.abort();
    server.stop().await?;
    Ok(call.setup.as_secs_f64())
}

/// What a phone reads in its restricted config.
async fn restricted_account(server: &Server, certificate: &Certificate) -> Result<(Account, Login)> {
    let https = server.addresses()?.phones_https.context("no HTTPS")?;
    let mut connection = Connection::open(https, Some(&certificate.client()?)).await?;
    let answer = connection.ask(&crate::measure::get(&format!("/cfg/{}.cfg", mac(0)), "localhost")).await?;
    ensure!(answer.status == 200, "the first fetch was answered {}", answer.status);
    let text = String::from_utf8_lossy(answer.body).into_owned();
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = ")).map(str::to_owned);
    let password = value("account.1.password").context("no account")?;
    let user = value("account.1.auth_name").context("no account")?;
    Ok((Account { user, password: domain::Secret::new(password), host: HOST.to_owned() }, Login::from_config(text.as_bytes())?))
}

/// Takes every call at once.
async fn serve_trunk(socket: UdpSocket) {
    let mut buffer = vec![0; crate::limits::SIP_DATAGRAM_BYTES_MAX];
    let Ok(own) = socket.local_addr() else { return };
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        let Ok(message) = wire::sip::message::Message::parse(&buffer[..length]) else { continue };
        let text = if message.method() == Some("INVITE") {
            answer(&message, "200 OK", &format!("Contact: <sip:trunk@{own}>\r\n"), &offer(own))
        } else {
            let Some((_, text)) = taken(&buffer[..length]) else { continue };
            text
        };
        drop(socket.send_to(text.as_bytes(), from).await);
    }
}

async fn run_cli(data: &Path, url: &str, arguments: &[String]) -> Result<Value> {
    let mut command = Command::new(binary()?);
    command.args(arguments).arg("--json").arg("--data").arg(data).stdin(Stdio::null()).stderr(Stdio::inherit());
    if !url.is_empty() {
        command.env("RINGFENCE_STORE_URL", url);
    }
    let output = command.env("RUST_LOG", "error").output().await?;
    ensure!(output.status.success(), "{arguments:?}: {}", output.status);
    Ok(serde_json::from_slice(&output.stdout).unwrap_or(Value::Null))
}

/// Overwrites a file in place, every byte of it, while it is open elsewhere.
fn make_noise(file: &PathBuf) -> Result<()> {
    use std::io::Write as _;
    let Ok(length) = std::fs::metadata(file).map(|found| found.len()) else { return Ok(()) };
    let mut noise = vec![0; usize::try_from(length)?];
    domain::chance::Chance::fill(&mut Seeded::new(5), &mut noise);
    std::fs::File::options().write(true).open(file)?.write_all(&noise)?;
    Ok(())
}

// ── cores ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// While it lives, this process leaves the first core to the server, if `taskset` is there and two cores are.
struct Cores(Option<usize>);

impl Cores {
    async fn split() -> Self {
        let count = std::thread::available_parallelism().map_or(1, usize::from);
        if count < 2 {
            return Self(None);
        }
        let told = pin_self(&format!("1-{}", count - 1)).status().await;
        Self(told.is_ok_and(|status| status.success()).then_some(count))
    }

    fn server(&self, binary: &Path) -> Command {
        if self.0.is_none() {
            return Command::new(binary);
        }
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]).arg(binary);
        command
    }
}

impl Drop for Cores {
    fn drop(&mut self) {
        if let Some(count) = self.0 {
            drop(pin_self(&format!("0-{}", count - 1)).as_std_mut().status());
        }
    }
}

fn pin_self(cores: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-a", "-c", "-p", cores, &std::process::id().to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
    command
}
