//! Logs: lines for people on a terminal, JSON otherwise, always on stderr.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Begins to log. `RINGFENCE_LOG` sets the level (`debug`, or `gate=debug,info`); `ordinary` holds without it.
pub fn begin(ordinary: &str) {
    let filter = std::env::var("RINGFENCE_LOG").ok().and_then(|text| text.parse::<EnvFilter>().ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new(ordinary));
    let lines = tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter);
    // Begun twice in one process (tests): the first one stays.
    let _ = if std::io::stderr().is_terminal() { lines.try_init() } else { lines.json().flatten_event(true).try_init() };
}
