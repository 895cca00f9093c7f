//! A private PostgreSQL server for tests, from the distribution's binaries, gone with the process that started it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

/// A cluster in a temporary directory, listening on a Unix socket there.
#[derive(Debug)]
pub struct Cluster {
    directory: TempDir,
    shell: Child,
    /// Open while the cluster is wanted: when it closes, by drop or by the death of this process, the shell ends its server.
    lifeline: Option<ChildStdin>,
    databases: AtomicU32,
}

/// Runs as the user that owns the cluster: makes it, starts it, says when it answers, and ends its own server by its pid when stdin closes.
const SCRIPT: &str = r#"
"$BIN/initdb" -D "$DIR/data" -U postgres -A trust -E UTF8 --no-locale --no-sync >"$DIR/initdb.log" 2>&1 || { cat "$DIR/initdb.log"; exit 1; }
"$BIN/postgres" -D "$DIR/data" -k "$DIR" -c listen_addresses= -c fsync=off -c full_page_writes=off -c max_connections=200 \
    >"$DIR/server.log" 2>&1 </dev/null &
server=$!
tries=0
until "$BIN/pg_isready" -q -h "$DIR"; do
    tries=$((tries + 1))
    if [ $tries -gt 300 ] || ! kill -0 $server 2>/dev/null; then cat "$DIR/server.log"; exit 1; fi
    sleep 0.1
done
echo ready
cat >/dev/null
kill -INT $server
wait $server
cd / && rm -rf "$DIR"
"#;

impl Cluster {
    /// Starts a cluster. Panics with the reason if PostgreSQL is missing: a test that needs it must not pass without it.
    pub fn start() -> Self {
        let binaries = binaries().expect("PostgreSQL's server programs are missing: install the Debian package postgresql");
        let directory = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").expect("a temporary directory");
        let mut command = as_unprivileged(directory.path());
        command.env("BIN", binaries).env("DIR", directory.path()).args(["sh", "-c", SCRIPT]);
        let mut shell = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sh starts");
        let lifeline = shell.stdin.take();
        let lines = BufReader::new(shell.stdout.take().expect("piped")).lines().map_while(Result::ok);
        let mut said: Vec<String> = Vec::new();
        let ready = { lines }.any(|line| {
            let ready = line == "ready";
            said.push(line);
            ready
        });
        let cluster = Self { directory, shell, lifeline, databases: AtomicU32::new(0) };
        assert!(ready, "PostgreSQL did not start:\n{}", said.join("\n"));
        cluster
    }

    /// A fresh, empty database; its address for `store.url`.
    pub fn database(&self) -> String {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let socket = self.directory.path();
        let created = Command::new(binaries().expect("it was there").join("createdb"))
            .args(["-U", "postgres", "-h", &socket.display().to_string(), &name])
            .status()
            .expect("createdb runs");
        assert!(created.success(), "createdb {name}");
        format!("postgres://postgres@{}/{name}", socket.display().to_string().replace('/', "%2F"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        // The directory is removed after this; the server must be gone by then.
        let _ = self.shell.wait();
    }
}

/// `initdb` refuses root, so root acts as the packages' own user.
fn as_unprivileged(directory: &Path) -> Command {
    use std::os::unix::fs::MetadataExt;
    let root = std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
    if !root {
        return Command::new("env");
    }
    let owned = Command::new("chown").arg("postgres").arg(directory).status().expect("chown runs");
    assert!(owned.success(), "no user postgres: install the Debian package postgresql");
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]);
    command
}

fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let found = versions.filter_map(Result::ok).map(|version| version.path().join("bin"));
    found.filter(|bin| bin.join("initdb").exists()).max()
}
