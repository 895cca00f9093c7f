//! baresip as a phone: its keys are pressed through its standard input.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::sleep;

use crate::account::Account;
use crate::process::Program;

/// baresip 1.0 needs sound that outlives the call.
const SOURCE_SECONDS: u32 = 90;

/// A phone, registered or about to be.
pub(crate) struct Baresip {
    program: Program,
    _folder: TempDir,
}

/// How it speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) transport: &'static str,
    pub(crate) srtp: bool,
}

impl Baresip {
    /// Starts at an address with an account that it registers at the server, whose authority it is given.
    pub(crate) fn start(account: &Account, ip: Ipv4Addr, server: SocketAddr, way: Way, authority: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source.wav");
        write_tone(&source);
        let config = format!(
            "poll_method epoll\nsip_listen {ip}:0\nsip_cafile {authority}\nnet_interface {ip}\naudio_source aufile,{source}\nausrc_srate 8000\n\
            auplay_srate 8000\nausrc_channels 1\nauplay_channels 1\nrtp_ports 20000-29999\nmodule_path {modules}\nmodule stdio.so\n\
            module g711.so\nmodule aufile.so\nmodule srtp.so\nmodule_app account.so\nmodule_app menu.so\n",
            authority = authority.display(),
            source = source.display(),
            modules = modules(),
        );
        let Way { transport, srtp } = way;
        let secured = if srtp { ";mediaenc=srtp-mand" } else { "" };
        let accounts = format!(
            "<sip:{}@{};transport={transport}>;auth_user={0};auth_pass={};outbound=\"sip:{server};transport={transport}\";regint=300;\
            audio_codecs=PCMU/8000/1;dtmfmode=rtpevent{secured}\n",
            account.user, account.host, account.password
        );
        for (name, text) in [("config", config.as_str()), ("accounts", &accounts), ("contacts", "")] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let mut command = Command::new("baresip");
        command.arg("-f").arg(folder.path()).arg("-v");
        Self { program: Program::start(command), _folder: folder }
    }

    pub(crate) async fn registered(&self) {
        self.program.says("registered successfully").await;
    }

    /// Dials, and waits until the call is up.
    pub(crate) async fn dial(&mut self, number: &str) {
        self.program.type_in(&format!("/dial {number}\n")).await;
        self.program.says("Call established").await;
    }

    /// Presses keys as a person does.
    pub(crate) async fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            self.program.type_in(&key.to_string()).await;
            sleep(Duration::from_millis(400)).await;
        }
    }

    /// Waits until the other side ended the call.
    pub(crate) async fn call_ended(&self) {
        self.program.says("session closed").await;
    }

    pub(crate) async fn hang_up(&mut self) {
        self.program.type_in("/hangup\n").await;
        self.program.says("terminated (duration").await;
    }

    /// Waits until sound goes out and comes in.
    pub(crate) async fn hears(&self) {
        crate::house::until("sound comes back", async || rates(&self.program.printed()).any(|(out, back)| out > 30_000 && back > 30_000))
            .await;
    }

    pub(crate) fn printed(&self) -> String {
        self.program.printed()
    }

    pub(crate) async fn quit(mut self) -> String {
        self.program.type_in("/quit\n").await;
        self.program.end().await.1
    }
}

/// The rates out and in that its status line tells, bit/s.
fn rates(printed: &str) -> impl Iterator<Item = (u32, u32)> {
    let lines = printed.split('\r').filter_map(|line| line.split_once("audio=")?.1.split_once(" (bit/s)"));
    lines.filter_map(|(rates, _)| {
        let (out, back) = rates.split_once('/')?;
        Some((out.parse().ok()?, back.parse().ok()?))
    })
}

/// The Debian package has its modules here; others beside the library folder.
fn modules() -> &'static str {
    ["/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules", "/usr/local/lib/baresip/modules"]
        .into_iter()
        .find(|folder| Path::new(folder).is_dir())
        .expect("baresip's modules")
}

/// A quiet tone, 8 kHz mono 16 bit.
fn write_tone(file: &Path) {
    let samples = SOURCE_SECONDS * 8000;
    let bytes = samples * 2;
    let mut wav = Vec::with_capacity(bytes as usize + 44);
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(bytes + 36).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend_from_slice(&8000u32.to_le_bytes());
    wav.extend_from_slice(&16_000u32.to_le_bytes());
    wav.extend_from_slice(b"\x02\0\x10\0data");
    wav.extend_from_slice(&bytes.to_le_bytes());
    // 250 Hz: a period of 32 samples, as a triangle.
    let triangle = |at: u32| i16::try_from(at % 32).map(|at| (at - 16).abs() * 100 - 800).unwrap_or_default();
    (0..samples).for_each(|at| wav.extend_from_slice(&triangle(at).to_le_bytes()));
    std::fs::write(file, wav).unwrap();
}
