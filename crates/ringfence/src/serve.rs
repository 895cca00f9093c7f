//! `serve`: start in order, say when ready, reload, stop in order.

mod catalogue;
mod certificates;
mod engine;
mod jobs;
mod lifeboat;
mod telephone;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::emergency::Numbers;
use gate::address::Proxies;
use gate::fetch::{Desk, Dice, Face, Parts};
use gate::limits::Limits;
use gate::listener::Gate;
use portal::edge::{SystemChance, now};
use portal::listener::Portal;
use portal::metrics::Metrics;
use prometheus_client::registry::Registry;
use serde::Serialize;
use tokio::signal::unix::{Signal, SignalKind, signal};
use voice::service::Voice;
use voice::stack::Transport;

use self::certificates::Doors;
use self::engine::{Engine, Prober};
use self::jobs::Jobs;
use crate::config::Config;
use crate::context::Context;
use crate::data::{DataDir, ServeLock, replace};
use crate::failure::Failure;

/// How long requests under way may take to finish when the server is told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// The realm of all challenges: the platform's name.
const REALM: &str = "Ringfence";

/// What a server listens on: its line on stdout when it is ready, and `run.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listening {
    ready: bool,
    /// The phones' HTTPS.
    pub phones_https: Option<SocketAddr>,
    /// The phones' plain HTTP.
    pub phones_http: Option<SocketAddr>,
    /// SIP over UDP: the first of its addresses.
    pub sip_udp: Option<SocketAddr>,
    /// SIP over TCP.
    pub sip_tcp: Option<SocketAddr>,
    /// SIP over TLS.
    pub sip_tls: Option<SocketAddr>,
    /// Health, metrics, API.
    pub portal: Option<SocketAddr>,
}

/// A running server. It ends with [`Server::stop`].
#[derive(Debug)]
pub struct Server {
    context: Context,
    doors: Doors,
    gate: Gate,
    portal: Option<Portal>,
    voice: Voice,
    jobs: Jobs,
    _lock: ServeLock,
}

/// Runs until SIGTERM or SIGINT.
pub async fn run(data: DataDir) -> Result<(), Failure> {
    // Listened for from the very start: a signal during the start is not lost.
    let mut signals = Signals::listen()?;
    let server = {
        // A start may wait for the store, and is ended by a signal then.
        let starting = Server::start(data);
        tokio::pin!(starting);
        loop {
            tokio::select! {
                server = &mut starting => break server?,
                told = signals.next() => if let Told::Stop = told { return Ok(()) },
            }
        }
    };
    println!("{}", server.ready_line()?);
    while let Told::Reload = signals.next().await {
        server.reload();
    }
    server.stop().await;
    Ok(())
}

impl Server {
    /// Starts on a data directory: lock, store, certificates, phones' door, portal, jobs. Writes `run.json` when all is open.
    pub async fn start(data: DataDir) -> Result<Self, Failure> {
        // Read first, so that a directory that is none is told as such.
        let config = data.config()?;
        let mail = mail_server(&config)?;
        let lock = data.lock()?;
        let context = if let Ok(context) = Context::open(data.clone()).await {
            context
        } else {
            lifeboat::carry_until_open(&data, &config).await?;
            Context::open(data).await?
        };
        let doors = Doors::open(&config, &context.data.tls())?;
        let mut registry = Registry::default();
        let metrics = gate::metrics::Metrics::register(&mut registry);
        let limits = Limits::default();
        // Bound first: what restricted phones are served names the port.
        let ears = telephone::bind(&config, &doors).await?;
        let desk = Arc::new(Desk::new(parts(&context, metrics.clone(), limits, telephone::port(&config, &ears)), now()));
        let voice = telephone::serve(ears, &context, &mut registry, desk.tables()).await?;
        let opened = open_gate(&config, limits, &doors, &desk, metrics).and_then(|gate| {
            let engine = Engine::new(&voice, prober(&config));
            let (admin, metrics) = (context.admin.clone(), Arc::new(Metrics::new(registry)));
            let public_url = config.portal.public_url.to_string().into();
            let app = portal::App {
                admin,
                metrics,
                telephone: Some(Arc::new(engine)),
                rates: Arc::default(),
                live: Arc::default(),
                clock: now,
                public_url,
            };
            Ok((gate, config.portal.listen.map(|address| open_portal(address, &doors, app)).transpose()?))
        });
        let (gate, portal) = match opened {
            Ok(opened) => opened,
            Err(failure) => {
                // It has begun to work already, and ends in order.
                voice.stop(Duration::ZERO).await;
                return Err(failure);
            }
        };
        let jobs = Jobs::start(&context.admin, desk.flusher(), mail);
        let server = Self { context, doors, gate, portal, voice, jobs, _lock: lock };
        replace(&server.context.data.run_file(), format!("{}\n", server.ready_line()?).as_bytes())?;
        let ready = server.ready();
        tracing::info!(phones.https = ?ready.phones_https, phones.http = ?ready.phones_http, sip.udp = ?ready.sip_udp, portal = ?ready.portal, "ready");
        Ok(server)
    }

    /// What it listens on.
    pub fn ready(&self) -> Listening {
        let sip = |transport| telephone::first(&self.voice.addresses(), transport);
        Listening {
            ready: true,
            phones_https: self.gate.https(),
            phones_http: self.gate.http(),
            sip_udp: sip(Transport::Udp),
            sip_tcp: sip(Transport::Tcp),
            sip_tls: sip(Transport::Tls),
            portal: self.portal.as_ref().map(Portal::address),
        }
    }

    /// What is kept, and what people do to it.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Reads the certificates again. What cannot be read is logged, and the old ones stay.
    pub fn reload(&self) {
        match self.doors.reload() {
            Ok(()) => tracing::info!("certificates read again"),
            Err(error) => tracing::error!(%error, "certificates stay as they were"),
        }
    }

    /// Lets requests under way finish, writes what waits, closes the store.
    pub async fn stop(self) {
        tracing::info!("stopping");
        let drain_portal = async {
            match self.portal {
                Some(portal) => portal.drain(DRAIN).await,
                None => true,
            }
        };
        let (phones, people, calls) = tokio::join!(self.gate.drain(DRAIN), drain_portal, self.voice.stop(DRAIN));
        if !(phones && people && calls) {
            tracing::warn!("some requests or calls were cut: they took longer than 10 seconds");
        }
        self.jobs.stop().await;
        // It says what runs; nothing does any more. A missing file is as good.
        let _ = std::fs::remove_file(self.context.data.run_file());
        self.context.close().await;
        tracing::info!("stopped");
    }

    fn ready_line(&self) -> Result<String, Failure> {
        serde_json::to_string(&self.ready()).map_err(|error| Failure::refused(error.to_string()))
    }
}

fn prober(config: &Config) -> Prober {
    let emergency = &config.emergency;
    Prober {
        numbers: Numbers::new(emergency.countries.clone(), &emergency.default_country),
        caller_number: emergency.caller_number.clone(),
        authorities: config.tls.trunks.clone(),
    }
}

fn parts(context: &Context, metrics: gate::metrics::Metrics, limits: Limits, sip_port: u16) -> Parts {
    let (admin, config) = (&context.admin, &context.config);
    let platform = &admin.platform;
    #[expect(clippy::disallowed_methods, reason = "the start of the server is an edge: the desk counts from here")]
    let started = Instant::now();
    let dice: Dice = Arc::new(|buffer: &mut [u8]| domain::Chance::fill(&mut SystemChance, buffer));
    let face = Face {
        https_url: platform.phones_url.clone(),
        http_url: config.phones.http_public_url.as_ref().map(ToString::to_string),
        realm: REALM.to_owned(),
        sip_host: platform.sip_host.clone(),
        sip_port,
        sip_transport: platform.sip_transport,
        service_number: platform.service_number.clone(),
        emergency_numbers: platform.emergency_numbers.clone(),
        language: "en".to_owned(),
    };
    Parts {
        store: admin.store.clone(),
        catalogue: admin.catalogue.clone(),
        keys: (*admin.keys).clone(),
        face,
        limits,
        metrics,
        dice,
        firmware: Some(context.data.firmware()),
        started,
    }
}

fn open_gate(config: &Config, limits: Limits, doors: &Doors, desk: &Arc<Desk>, metrics: gate::metrics::Metrics) -> Result<Gate, Failure> {
    let listen = gate::listener::Config {
        https: config.phones.https,
        http: config.phones.http,
        proxies: Proxies::new(config.phones.trusted_proxies.clone()),
        limits,
        ..gate::listener::Config::default()
    };
    Gate::open(&listen, doors.phones(), Arc::clone(desk), metrics).map_err(|error| Failure::refused(error.to_string()))
}

fn open_portal(address: SocketAddr, doors: &Doors, app: portal::App) -> Result<Portal, Failure> {
    let tls = doors.portal().map(gate::certificates::Certificates::server_config).transpose();
    let tls = tls.map_err(|error| Failure::refused(format!("TLS cannot be set up: {error}")))?;
    Portal::open(address, tls, app)
        .map_err(|error| Failure::refused(format!("cannot listen for people on {address}: {error}; see portal.listen")))
}

/// The mail server, if one is configured with a sender.
pub(crate) fn mail_server(config: &Config) -> Result<Option<portal::mail::Server>, Failure> {
    let (Some(smtp), Some(from)) = (&config.mail.smtp, &config.mail.from) else { return Ok(None) };
    portal::mail::Server::new(smtp, from, config.tls.mail.as_deref()).map(Some).map_err(|error| Failure::refused(error.to_string()))
}

/// What a signal asks for.
enum Told {
    Reload,
    Stop,
}

struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> Result<Self, Failure> {
        let on = |kind| signal(kind).map_err(|error| Failure::refused(format!("cannot listen for signals: {error}")));
        let (hangup, terminate) = (on(SignalKind::hangup())?, on(SignalKind::terminate())?);
        Ok(Self { hangup, terminate, interrupt: on(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.hangup.recv() => Told::Reload,
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
        }
    }
}
