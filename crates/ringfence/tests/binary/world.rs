//! A data directory and the binary to run on it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A MAC of the sample phone.
pub const MAC: &str = "0015651a2b3c";
/// A line whose password must never show up where it has no business.
pub const LINE: &str = "user=2001,password=line-secret-7,server=sip.example.com,extension=2001,name=Reception";

/// What one run gave.
#[derive(Debug)]
pub struct Ran {
    /// Exit status.
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

/// A fresh data directory.
pub struct World {
    pub folder: TempDir,
    /// What `init` printed.
    pub made: Value,
}

impl World {
    /// Ports are free ones, on loopback.
    pub fn new() -> Self {
        Self::on("sqlite:ringfence.db")
    }

    /// The same on a store of the test's choice.
    pub fn on(store_url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let output = command(&["init", "--json"])
            .env("RINGFENCE_STORE_URL", store_url)
            .env("RINGFENCE_PHONES_HTTPS", "127.0.0.1:0")
            .env("RINGFENCE_PORTAL_LISTEN", "127.0.0.1:0")
            .envs(["UDP", "TCP", "TLS"].map(|name| (format!("RINGFENCE_SIP_{name}"), "127.0.0.1:0")))
            .arg("--data")
            .arg(folder.path().join("data"))
            .output()
            .unwrap();
        let ran = Ran::from(output);
        assert_eq!(ran.status, 0, "{ran:?}");
        Self { made: serde_json::from_str(&ran.stdout).unwrap(), folder }
    }

    /// With a customer, a site and one phone.
    pub fn with_a_phone() -> Self {
        Self::new().furnished()
    }

    /// Adds a customer, a site and one phone.
    pub fn furnished(self) -> Self {
        let world = self;
        world.ok(&["customer", "add", "Example Ltd"]);
        world.ok(&["site", "add", "Example Ltd", "Berlin", "--country", "DE"]);
        world.ok(&["device", "add", MAC, "--customer", "Example Ltd", "--site", "Berlin", "--model", "yealink/T46S", "--line", LINE]);
        world
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A file beside the data directory.
    pub fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = command(args);
        command.arg("--data").arg(self.data());
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::from(self.command(args).output().unwrap())
    }

    /// Runs a command that must succeed.
    pub fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.status, 0, "{args:?}: {ran:?}");
        ran.stdout
    }

    /// Runs a command that must succeed, and reads its JSON.
    pub fn json(&self, args: &[&str]) -> Value {
        let text = self.ok(&[args, &["--json"]].concat());
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{args:?}: {error}: {text}"))
    }

    /// Runs a command that must be refused; gives its one line on stderr.
    pub fn refused(&self, args: &[&str]) -> String {
        refused(self.run(args), 1, args)
    }

    /// The same with something on standard input.
    pub fn with_input(&self, args: &[&str], input: &str) -> Ran {
        let mut child = self.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Ran::from(child.wait_with_output().unwrap())
    }
}

/// Asserts a failed run with one line of explanation.
pub fn refused(ran: Ran, status: i32, args: &[&str]) -> String {
    assert_eq!(ran.status, status, "{args:?}: {ran:?}");
    assert_eq!(ran.stderr.trim_end().lines().count(), 1, "{args:?}: {ran:?}");
    assert!(ran.stderr.starts_with("ringfence: "), "{args:?}: {ran:?}");
    ran.stderr
}

/// The binary, with nothing of this process's environment that could change it.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfence"));
    command.args(args);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("RINGFENCE_")) {
        command.env_remove(name);
    }
    command
}

pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().expect("it ends by itself, not by a signal"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
