//! `doctor`: looks at everything that can be wrong before phones notice, and says what to do.

mod brands;
mod certificate;
mod database;
mod mail;
mod ports;
mod redirects;
mod trunks;
mod webhooks;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde::Serialize;
use store::KeyRing;

use crate::config::Config;
use crate::context::Context;
use crate::data::{DataDir, environment};
use crate::failure::Failure;
use crate::output::Output;

/// The host name of a configuration that nobody has touched.
const SAMPLE_HOST: &str = "phones.example.com";

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nothing to do.
    Ok,
    /// It works, yet somebody should look.
    Warning,
    /// It does not work.
    Error,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How bad it is.
    pub status: Status,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub advice: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, status: Status::Ok, message: message.into(), advice: None }
    }

    fn warning(check: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, status: Status::Warning, message: message.into(), advice: Some(advice.into()) }
    }

    fn error(check: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, status: Status::Error, message: message.into(), advice: Some(advice.into()) }
    }
}

#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    checks: &'a [Finding],
}

/// Looks, prints, and fails if something does not work.
pub async fn run(data: &DataDir, output: Output) -> Result<(), Failure> {
    let findings = examine(data).await;
    let errors = findings.iter().filter(|finding| finding.status == Status::Error).count();
    output.print(&Report { ok: errors == 0, checks: &findings }, || words(&findings))?;
    match errors {
        0 => Ok(()),
        1 => Err(Failure::refused("1 thing does not work; see above what to do")),
        _ => Err(Failure::refused(format!("{errors} things do not work; see above what to do"))),
    }
}

/// All findings, in the order in which one depends on another.
pub async fn examine(data: &DataDir) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !data.path().is_dir() {
        let what = format!("{} is no directory", data.path().display());
        return vec![Finding::error("directory", what, "make it with ringfence init --data DIR")];
    }
    findings.push(private("directory", data.path(), 0o700));
    let config = match Config::load(data.config_file(), environment()) {
        Ok(config) => config,
        Err(errors) => {
            let advice = "correct the file or the environment";
            findings.extend(errors.0.iter().map(|error| Finding::error("configuration", error.to_string(), advice)));
            return findings;
        }
    };
    findings.push(Finding::ok("configuration", format!("{} reads", data.config_file().display())));
    findings.extend(addresses(&config));
    findings.extend(brands::examine(data));
    findings.extend(certificate::examine(data, &config));
    findings.extend(ports::examine(data, &config));
    findings.extend(mail::examine(&config).await);
    findings.push(private("keys", &data.key_file(), 0o600));
    match KeyRing::load(&data.key_file()) {
        Err(error) => findings.push(Finding::error("keys", error.to_string(), "put the master key file of this database there, mode 0600")),
        Ok(ring) => {
            findings.push(Finding::ok("keys", format!("{} master keys", ring.numbers().count())));
            let ground = database::Ground::of(&config);
            match Context::with(data.clone(), config, &ring).await {
                Err(failure) => findings.push(Finding::error("database", failure.message, "see store.url, the key file and the disk")),
                Ok(context) => {
                    findings.extend(brands::shared(&context).await);
                    findings.extend(database::examine(&context, &ground).await);
                    findings.extend(trunks::examine(&context).await);
                    findings.extend(webhooks::examine(&context).await);
                    findings.extend(redirects::examine(&context).await);
                    context.close().await;
                }
            }
        }
    }
    findings
}

/// A file or directory for its owner alone.
fn private(check: &'static str, path: &Path, mode: u32) -> Finding {
    let name = path.display();
    match std::fs::metadata(path).map(|metadata| metadata.permissions().mode() & 0o777) {
        Err(error) => Finding::error(check, format!("{name}: {error}"), "restore it from a backup"),
        Ok(found) if found & 0o077 != 0 => {
            Finding::error(check, format!("{name} has mode {found:o}: others can read it"), format!("chmod {mode:o} {name}"))
        }
        Ok(_) => Finding::ok(check, format!("{name} is its owner's alone")),
    }
}

fn addresses(config: &Config) -> Option<Finding> {
    let host = &config.phones.public_url.host;
    let advice = "set phones.public_url to how phones reach this server; it stands in every file that they keep";
    (host == SAMPLE_HOST).then(|| Finding::warning("addresses", format!("phones.public_url still names {host}"), advice))
}

fn words(findings: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let mark = match finding.status {
            Status::Ok => "ok     ",
            Status::Warning => "warning",
            Status::Error => "error  ",
        };
        let advice = finding.advice.as_ref().map_or_else(String::new, |advice| format!("\n         → {advice}"));
        format!("{mark}  {}: {}{advice}", finding.check, finding.message)
    };
    findings.iter().map(line).collect::<Vec<_>>().join("\n")
}
