//! Programs that others wrote, each ended by its own handle.

use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::house::{PATIENCE, until};

/// The most that is kept of what a program prints.
const PRINTED_MAX: usize = 4 << 20;

/// A running program and what it printed so far, both outputs together.
pub(crate) struct Program {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    printed: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Program {
    pub(crate) fn start(mut command: Command) -> Self {
        let name = format!("{:?}", command.as_std());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
        let printed = Arc::new(Mutex::new(String::new()));
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let readers = vec![read(stdout, Arc::clone(&printed)), read(stderr, Arc::clone(&printed))];
        Self { name, input: child.stdin.take(), child, printed, readers }
    }

    pub(crate) fn printed(&self) -> String {
        self.printed.lock().unwrap().clone()
    }

    /// Waits until a text was printed.
    pub(crate) async fn says(&self, what: &str) {
        let said = async || self.printed().contains(what);
        let patient = timeout(Duration::from_secs(40), until(what, said));
        assert!(patient.await.is_ok(), "{} never said {what:?}:\n{}", self.name, self.printed());
    }

    pub(crate) async fn type_in(&mut self, text: &str) {
        let input = self.input.as_mut().expect("the input is open");
        input.write_all(text.as_bytes()).await.unwrap();
        input.flush().await.unwrap();
    }

    /// Sends a signal to this very process.
    pub(crate) async fn signal(&self, signal: &str) {
        if let Some(pid) = self.child.id() {
            let _ = Command::new("kill").args([signal, &pid.to_string()]).status().await;
        }
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Waits for its end. How it ended, and all that it printed.
    pub(crate) async fn end(mut self) -> (ExitStatus, String) {
        let status = timeout(PATIENCE, self.child.wait()).await.unwrap_or_else(|_| panic!("{} does not end", self.name)).unwrap();
        for reader in self.readers {
            let _ = reader.await;
        }
        let printed = self.printed.lock().unwrap().clone();
        (status, printed)
    }
}

fn read(mut from: impl tokio::io::AsyncRead + Unpin + Send + 'static, into: Arc<Mutex<String>>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            let mut printed = into.lock().unwrap();
            if printed.len() < PRINTED_MAX {
                printed.push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
        }
    })
}
