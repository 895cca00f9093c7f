//! Servers as processes of their own, so that memory and processor time are theirs alone.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::certificate::Certificate;
use crate::clock;
use crate::limits::{READY_TIME_MAX, STOP_TIME_MAX};

/// A running server that is ended when this is dropped.
pub struct Server {
    child: Child,
    /// The process.
    pub pid: u32,
    /// Its first line on stdout, which says where it listens.
    pub ready: String,
    /// From starting the process to that line.
    pub ready_after: Duration,
}

/// Where `ringfence serve` listens, from its first line.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Addresses {
    /// Phones with TLS.
    pub phones_https: Option<SocketAddr>,
    /// Phones without.
    pub phones_http: Option<SocketAddr>,
    /// Health, metrics, API.
    pub portal: Option<SocketAddr>,
    /// Telephones on UDP.
    #[serde(default)]
    pub sip_udp: Option<SocketAddr>,
    /// Telephones with TLS.
    #[serde(default)]
    pub sip_tls: Option<SocketAddr>,
}

impl Server {
    /// This program again, as a reference server with a body and, for TLS, a certificate. See `reference`.
    pub async fn reference(folder: &Path, body: &Bytes, certificate: Option<&Certificate>) -> Result<Self> {
        let file = folder.join("body");
        fs::write(&file, body)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("reference").arg(file);
        if let Some(certificate) = certificate {
            command.arg(&certificate.certificate).arg(&certificate.key);
        }
        Self::start(command).await
    }

    /// This program again, with one fixed answer through the same listener. See `fixed`.
    pub async fn fixed(folder: &Path, body: &Bytes, certificate: &Certificate) -> Result<Self> {
        let file = folder.join("fixed-body");
        fs::write(&file, body)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("fixed").arg(file).arg(&certificate.certificate).arg(&certificate.key);
        Self::start(command).await
    }

    /// `ringfence serve` on a data folder, over HTTP and HTTPS with this certificate, on free ports of loopback.
    pub async fn ringfence(binary: &Path, data: &Path, certificate: &Certificate) -> Result<Self> {
        Self::ringfence_by(Command::new(binary), data, certificate).await
    }

    /// The same, started by a command to which the arguments are added.
    pub async fn ringfence_by(mut command: Command, data: &Path, certificate: &Certificate) -> Result<Self> {
        command.arg("serve").arg("--data").arg(data).env("RUST_LOG", "error");
        for key in ["PHONES_HTTPS", "PHONES_HTTP", "PORTAL_LISTEN", "SIP_UDP", "SIP_TCP", "SIP_TLS"] {
            command.env(format!("RINGFENCE_{key}"), "127.0.0.1:0");
        }
        command.env("RINGFENCE_TLS_PHONES_CERT", &certificate.certificate).env("RINGFENCE_TLS_PHONES_KEY", &certificate.key);
        Self::start(command).await
    }

    /// Any program that prints one line when it listens.
    pub async fn start(mut command: Command) -> Result<Self> {
        let started = clock::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let stdout = child.stdout.take().context("the server's output is piped")?;
        let mut ready = String::new();
        timeout(READY_TIME_MAX, BufReader::new(stdout).read_line(&mut ready)).await.context("the server did not get ready")??;
        let ready_after = clock::now() - started;
        ensure!(!ready.is_empty(), "the server ended before it listened");
        let pid = child.id().context("the server ended after it listened")?;
        Ok(Self { child, pid, ready, ready_after })
    }

    /// The address in a reference server's first line.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.ready.trim().parse()?)
    }

    /// The addresses in Ringfence's first line.
    pub fn addresses(&self) -> Result<Addresses> {
        serde_json::from_str(&self.ready).with_context(|| format!("not a ready line: {}", self.ready))
    }

    /// Resident memory now, in bytes.
    pub fn resident_bytes(&self) -> Result<u64> {
        resident_bytes(&self.pid.to_string())
    }

    /// Processor time used so far, all threads. The kernel counts in hundredths of a second.
    pub fn processor_time(&self) -> Result<Duration> {
        processor_time(&self.pid.to_string())
    }

    /// Ends it as an operator would, with SIGTERM, and waits for its end.
    pub async fn stop(mut self) -> Result<()> {
        let told = Command::new("kill").arg("-TERM").arg(self.pid.to_string()).status().await?;
        ensure!(told.success(), "could not signal process {}", self.pid);
        timeout(STOP_TIME_MAX, self.child.wait()).await.context("the server did not end")??;
        Ok(())
    }
}

/// Resident memory of a process, in bytes.
pub fn resident_bytes(process: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024)
}

/// Processor time of a process, by its folder in `/proc`; `self` is this one.
pub fn processor_time(process: &str) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let after_name = stat.rsplit_once(')').context("no process name")?.1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks: u64 = fields.get(11).context("no utime")?.parse::<u64>()? + fields.get(12).context("no stime")?.parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_is_awaited_measured_and_ended() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo '{\"phones_https\":\"127.0.0.1:8443\",\"phones_http\":null,\"portal\":null}'; exec sleep 600"]);
        let server = Server::start(command).await.unwrap();
        assert_eq!(server.addresses().unwrap().phones_https, Some("127.0.0.1:8443".parse().unwrap()));
        // Between the line and `sleep`, the process is nothing for a moment.
        let grown = async {
            while server.resident_bytes().unwrap() <= 100_000 {
                tokio::task::yield_now().await;
            }
        };
        timeout(READY_TIME_MAX, grown).await.unwrap();
        assert!(server.processor_time().unwrap() < Duration::from_mins(1));
        let folder = format!("/proc/{}", server.pid);
        server.stop().await.unwrap();
        assert!(!Path::new(&folder).exists());
    }

    #[tokio::test]
    async fn a_server_that_never_listens_is_an_error() {
        let mut command = Command::new("sh");
        command.args(["-c", "exit 3"]);
        assert!(Server::start(command).await.is_err());
    }
}
