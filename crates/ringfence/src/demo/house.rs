//! The server of the demo: what `init` and `serve` make, on loopback and in a temporary directory.

use std::ffi::OsString;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use domain::reason::Reason;
use domain::{Mac, Secret};
use phonesim::Tls;
use portal::admin::device::{self, RequestView};
use portal::admin::redirect::{self, Standing};
use portal::admin::{Admin, By, trunk};
use tempfile::TempDir;

use super::maker::Maker;
use super::switchboard::Switchboard;
use crate::config::Config;
use crate::data::{DataDir, replace};
use crate::failure::Failure;
use crate::init;
use crate::serve::Server;

/// Ports that are tried: between choosing one and listening on it somebody else may take it.
const PORTS_MAX: usize = 5;
/// Between two looks at the request log.
const LOG_LOOK: Duration = Duration::from_millis(50);
/// Looks that find nothing yet, over the whole story: ten seconds, where it takes a second or two.
const LOG_LOOKS_MAX: u32 = 200;
/// Looks at the trunk until it counts as not found: ten seconds.
const TRUNK_LOOKS_MAX: u32 = 200;
/// Looks at a phone's standing with its maker until it counts as not listed: ten seconds, where the server needs one.
const STANDING_LOOKS_MAX: u32 = 200;

/// A running server. Its directory is gone when it is dropped; [`House::close`] stops it in order first.
pub struct House {
    server: Server,
    directory: TempDir,
    url: String,
    looks_left: AtomicU32,
    /// The telephone world around the server.
    pub switchboard: Switchboard,
    /// The redirect service of the phones' maker.
    pub maker: Maker,
    /// The shared user name.
    pub global_user: String,
    /// The global one-time password.
    pub global_password: Secret<String>,
    /// The operator's password: nobody needs it here, and nobody may read it.
    pub operator_password: Secret<String>,
    /// Trusts the authority that `init` made, and checks names.
    pub tls: Tls,
}

impl House {
    /// Makes a data directory and serves it.
    pub async fn open() -> Result<Self, Failure> {
        refuse_variables(std::env::vars_os().map(|(name, _)| name))?;
        let unmade = |error: std::io::Error| Failure::refused(format!("no temporary directory can be made: {error}"));
        let directory = tempfile::Builder::new().prefix("ringfence-demo-").tempdir().map_err(unmade)?;
        let root = directory.path().join("data");
        let data = DataDir::at(root.clone());
        let beginning = init::make(&data).await?;
        let switchboard = Switchboard::open().await?;
        let maker = Maker::open().await?;
        let mut around = vec![("SIP_RESYNC_PROXY", switchboard.address().to_string())];
        around.extend(maker.settings(&root)?);
        let (server, url) = start(&data, &around).await?;
        let authority = data.tls().join("ca.pem");
        let pem = std::fs::read(&authority).map_err(|error| Failure::io(&authority, &error))?;
        let tls = Tls::authorities(&pem, true).map_err(|error| Failure::refused(error.to_string()))?;
        Ok(Self {
            server,
            directory,
            url,
            looks_left: AtomicU32::new(LOG_LOOKS_MAX),
            switchboard,
            maker,
            global_user: beginning.global_user,
            global_password: beginning.global_password,
            operator_password: beginning.operator_password,
            tls,
        })
    }

    /// The front door, as it is typed into a phone.
    pub fn front_door(&self) -> String {
        format!("{}/cfg", self.url)
    }

    /// What people do.
    pub fn admin(&self) -> &Admin {
        &self.server.context().admin
    }

    /// The story's admin, at this moment.
    pub fn by(&self) -> By {
        By { name: "demo".to_owned(), ..self.server.context().by() }
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// The authority that phones trust.
    pub fn authority(&self) -> PathBuf {
        DataDir::at(self.data()).tls().join("ca.pem")
    }

    /// The newest line of a phone's request log with this reason, once there are so many of them. The log is written in batches,
    /// so this waits for it; none if it does not come.
    pub async fn logged(&self, mac: Mac, reason: Reason, times: usize) -> Option<RequestView> {
        loop {
            let log = device::requests(self.admin(), &self.by(), &mac.to_string()).await.ok()?;
            let mut found = log.into_iter().filter(|request| request.reason == reason.code()).peekable();
            let newest = found.peek().cloned();
            if found.count() >= times {
                return newest;
            }
            self.looks_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).ok()?;
            tokio::time::sleep(LOG_LOOK).await;
        }
    }

    /// Waits until the server has found the trunk, as it does by itself. Whether it has.
    pub async fn trunk_is_up(&self) -> bool {
        for _ in 0..TRUNK_LOOKS_MAX {
            let trunks = trunk::list(self.admin(), &self.by()).await.unwrap_or_default();
            if trunks.iter().any(|trunk| trunk.state == "up") {
                return true;
            }
            tokio::time::sleep(LOG_LOOK).await;
        }
        false
    }

    /// Waits until the server has told the phones' maker of this phone, as it does by itself. Whether it has.
    pub async fn is_listed(&self, mac: Mac) -> bool {
        for _ in 0..STANDING_LOOKS_MAX {
            let standing = redirect::standing(self.admin(), &self.by(), &mac.to_string()).await;
            if standing.is_ok_and(|view| view.standing == Standing::Listed) {
                return true;
            }
            tokio::time::sleep(LOG_LOOK).await;
        }
        false
    }

    /// Stops the server and removes its directory.
    pub async fn close(self) -> Result<(), Failure> {
        self.server.stop().await;
        let path = self.directory.path().to_owned();
        self.directory.close().map_err(|error| Failure::io(&path, &error))
    }
}

/// Serves on a free port. The phones' address stands in their files, so it is chosen before the server opens.
async fn start(data: &DataDir, around: &[(&str, String)]) -> Result<(Server, String), Failure> {
    let mut refused = Failure::refused("no free port");
    for _ in 0..PORTS_MAX {
        let port = free_port().map_err(|error| Failure::refused(format!("no free port: {error}")))?;
        let url = format!("https://127.0.0.1:{port}");
        let text = Config::new_text(data.config_file(), settings(port, &url, around))?;
        replace(data.config_file(), text.as_bytes())?;
        match Server::start(data.clone()).await {
            Ok(server) => return Ok((server, url)),
            Err(failure) => refused = failure,
        }
    }
    Err(refused)
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Loopback for everything, and any free port where nobody needs to know it beforehand; and what is `around` the server.
fn settings(port: u16, url: &str, around: &[(&str, String)]) -> Vec<(String, String)> {
    let any = "127.0.0.1:0";
    let settings = [
        ("PHONES_HTTPS", format!("127.0.0.1:{port}")),
        ("PHONES_PUBLIC_URL", url.to_owned()),
        ("SIP_UDP", any.to_owned()),
        ("SIP_TCP", any.to_owned()),
        ("SIP_TLS", any.to_owned()),
        ("PORTAL_LISTEN", any.to_owned()),
    ];
    let all = settings.into_iter().chain(around.iter().cloned());
    all.map(|(key, value)| (format!("RINGFENCE_{key}"), value)).collect()
}

/// The environment overrides configuration files: a variable that is meant for a real server would lead the demo to its database.
fn refuse_variables(names: impl Iterator<Item = OsString>) -> Result<(), Failure> {
    let harmless = ["RINGFENCE_DATA", "RINGFENCE_LOG"];
    let names = names.filter_map(|name| name.into_string().ok());
    match names.filter(|name| name.starts_with("RINGFENCE_")).find(|name| !harmless.contains(&name.as_str())) {
        Some(name) => Err(Failure::refused(format!("{name} is set, and the demo must not touch a real server's data: unset it first"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_a_real_server_are_refused() {
        let check = |names: &[&str], expected| {
            let refused = refuse_variables(names.iter().map(OsString::from));
            assert_eq!(refused.map_err(|failure| failure.status), expected, "{names:?}");
        };
        check(&["PATH", "RINGFENCE_LOG", "RINGFENCE_DATA"], Ok(()));
        check(&["PATH", "RINGFENCE_STORE_URL"], Err(1));
    }
}
