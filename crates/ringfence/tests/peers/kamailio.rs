//! Kamailio between phones and the service: it adds itself to the way of registrations (Path) and calls (Record-Route).

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;

use tempfile::TempDir;
use tokio::process::Command;

use crate::process::Program;
use crate::sipp::free;

/// A running proxy.
pub(crate) struct Kamailio {
    program: Program,
    _folder: TempDir,
    pub(crate) at: SocketAddr,
}

impl Kamailio {
    /// Starts one that passes everything on to the server.
    pub(crate) async fn start(ip: Ipv4Addr, server: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = free((ip, 0).into());
        let text = include_str!("kamailio.cfg").replace("PROXY", &at.to_string()).replace("SERVER_IP", &server.ip().to_string());
        let config = folder.path().join("kamailio.cfg");
        std::fs::write(&config, text.replace("SERVER", &server.to_string())).unwrap();
        // Where it lies is not in everybody's search path.
        let program = if Path::new("/usr/sbin/kamailio").exists() { "/usr/sbin/kamailio" } else { "kamailio" };
        let mut command = Command::new(program);
        command.arg("-f").arg(&config).args(["-DD", "-E", "-m", "16", "-M", "4", "-w"]).arg(folder.path()).arg("-Y").arg(folder.path());
        let this = Self { program: Program::start(command), _folder: folder, at };
        // It listens as soon as nobody else can.
        crate::house::until("kamailio listens", async || UdpSocket::bind(at).is_err()).await;
        this.program.says("processes (at least)").await;
        this
    }

    pub(crate) async fn stop(self) {
        self.program.signal("-TERM").await;
        self.program.end().await;
    }
}
