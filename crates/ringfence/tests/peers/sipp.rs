//! SIPp with a scenario.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::house::PATIENCE;
use crate::process::Program;
use crate::scenario::{Scenario, notified};

/// What ends a scenario that hangs.
const SECONDS_MAX: &str = "80s";

/// A running SIPp.
pub(crate) struct Sipp {
    program: Program,
    folder: TempDir,
}

/// How one runs.
pub(crate) struct Run<'a> {
    pub(crate) scenario: &'a Scenario,
    /// The address that it is at; the port is taken free if it is 0.
    pub(crate) at: SocketAddr,
    pub(crate) more: Vec<String>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(scenario: &'a Scenario, ip: std::net::Ipv4Addr) -> Self {
        Self { scenario, at: (ip, 0).into(), more: Vec::new() }
    }

    /// Calls this server, once, over UDP.
    pub(crate) fn calling(mut self, server: SocketAddr) -> Self {
        self.more.extend(["-m".to_owned(), "1".to_owned(), server.to_string()]);
        self
    }

    pub(crate) fn with(mut self, arguments: &[&str]) -> Self {
        self.more.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self
    }

    pub(crate) fn start(self) -> Sipp {
        self.start_answering("200 OK")
    }

    /// A NOTIFY that comes is answered so.
    pub(crate) fn start_answering(self, line: &str) -> Sipp {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        std::fs::write(file("main.xml"), self.scenario.xml()).unwrap();
        let mut command = Command::new("sipp");
        if self.more.iter().any(|argument| argument == "-m") {
            std::fs::write(file("notify.xml"), notified(line).xml()).unwrap();
            command.arg("-oocsf").arg(file("notify.xml"));
        } else {
            command.args(["-rtp_echo"]);
        }
        let at = free(self.at);
        let (ip, media) = (at.ip().to_string(), free_pair(at.ip()).to_string());
        command.current_dir(folder.path()).arg("-sf").arg(file("main.xml"));
        command.args([
            "-i",
            &ip,
            "-p",
            &at.port().to_string(),
            "-mi",
            &ip,
            "-mp",
            &media,
            "-ci",
            &ip,
            "-cp",
            &free((at.ip(), 0).into()).port().to_string(),
        ]);
        command.args(["-nostdin", "-timeout", SECONDS_MAX, "-timeout_error", "-trace_err", "-error_file"]).arg(file("errors"));
        command.args(["-trace_msg", "-message_file"]).arg(file("messages")).args(&self.more);
        Sipp { program: Program::start(command), folder }
    }
}

impl Sipp {
    /// Waits until a text stands in a message. One that ended without it tells what it saw.
    pub(crate) async fn sees(&mut self, text: &str) {
        let seen = async {
            loop {
                // In this order: what it wrote before its end counts.
                let over = self.program.has_ended();
                let messages = read(self.folder.path(), "messages");
                if messages.contains(text) {
                    return;
                }
                let (errors, printed) = (read(self.folder.path(), "errors"), self.program.printed());
                assert!(!over, "SIPp ended without {text:?}\n{errors}\n{messages}\n{}", tail(&printed));
                sleep(Duration::from_millis(20)).await;
            }
        };
        let in_time = timeout(PATIENCE, seen).await.is_ok();
        assert!(in_time, "never: SIPp sees {text:?}\n{}", read(self.folder.path(), "messages"));
    }

    /// Waits for a scenario's good end; its messages.
    pub(crate) async fn done(self) -> String {
        let folder = self.folder;
        let (status, printed) = self.program.end().await;
        let (messages, errors) = (read(folder.path(), "messages"), read(folder.path(), "errors"));
        assert!(status.success(), "SIPp ended with {status}\n{errors}\n{messages}\n{}", tail(&printed));
        messages
    }

    /// Ends one that waits for calls, once those it has are over; its messages. Fails if a call went otherwise than its scenario.
    pub(crate) async fn close(self) -> String {
        self.program.signal("-USR1").await;
        self.done().await
    }
}

fn read(folder: &Path, name: &str) -> String {
    String::from_utf8_lossy(&std::fs::read(folder.join(name)).unwrap_or_default()).into_owned()
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

/// An address with a port that nobody has now.
pub(crate) fn free(at: SocketAddr) -> SocketAddr {
    if at.port() != 0 {
        return at;
    }
    UdpSocket::bind(at).unwrap().local_addr().unwrap()
}

/// An even port that is free together with the next three: SIPp listens to a second stream too.
fn free_pair(ip: std::net::IpAddr) -> u16 {
    let all_free = |port: &u16| (0..4).all(|more| UdpSocket::bind((ip, port + more)).is_ok());
    let tries = std::iter::repeat_with(|| free((ip, 0).into()).port() & !1).filter(|port| *port < 65_000).take(50);
    tries.into_iter().find(all_free).expect("four free ports in a row")
}
