//! Is what is kept whole, and do the policies make sense?

use portal::admin::trusting::named;
use portal::admin::{Error, audit, checkup, global_login};

use super::Finding;
use crate::config::Config;
use crate::context::Context;

/// What the configuration says that policies lean on.
pub struct Ground {
    /// How many manufacturers' certificates can be judged.
    makers: usize,
    /// Keys of the plain HTTP door that are empty.
    missing_http: Vec<&'static str>,
}

impl Ground {
    pub fn of(config: &Config) -> Self {
        let keys = [("phones.http", config.phones.http.is_none()), ("phones.http_public_url", config.phones.http_public_url.is_none())];
        let missing_http = keys.into_iter().filter_map(|(key, missing)| missing.then_some(key)).collect();
        Self { makers: config.tls.manufacturers.len(), missing_http }
    }
}

/// Looks into the database.
pub async fn examine(context: &Context, ground: &Ground) -> Vec<Finding> {
    let mut findings = vec![integrity(context).await];
    findings.push(history(context).await);
    match checkup::read(&context.admin, &context.by()).await {
        Err(error) => findings.push(Finding::error("database", error.to_string(), "restore the last good backup")),
        Ok(checkup) => {
            let (customers, devices) = (checkup.customers, checkup.devices);
            findings.push(Finding::ok("database", format!("{customers} customers, {devices} devices, all readable")));
            findings.extend(policies(&checkup));
            findings.extend(certificates(&checkup, ground.makers));
            findings.extend(plain_http(&checkup, &ground.missing_http));
            findings.extend(living_by_trust(&checkup));
        }
    }
    findings.push(logins(context).await);
    findings
}

async fn integrity(context: &Context) -> Finding {
    match context.admin.store.check_integrity().await {
        Ok(()) => Finding::ok("database", "reachable, its schema is current, its pages fit together"),
        Err(error) => Finding::error("database", error.to_string(), "stop the server and restore the last good backup"),
    }
}

async fn history(context: &Context) -> Finding {
    match audit::verify(&context.admin, &context.by()).await {
        Ok(verdict) if verdict.whole => Finding::ok("audit", format!("{} entries, none changed", verdict.entries.unwrap_or_default())),
        Ok(verdict) => {
            let at = verdict.broken_at.unwrap_or_default();
            Finding::error(
                "audit",
                format!("entry {at} was changed after it was written"),
                "compare with a backup; somebody may have covered tracks",
            )
        }
        Err(error) => Finding::error("audit", error.to_string(), "restore the last good backup"),
    }
}

fn policies(checkup: &checkup::Checkup) -> Vec<Finding> {
    let open = checkup.asking_nothing.iter().map(|place| {
        let what = format!("{place} has login=none and pin=off; login=required is used in its place");
        Finding::error("policies", what, "set pin=required or login=required there")
    });
    let differing = (!checkup.differing.is_empty()).then(|| {
        let what = format!("these ask for something else than the platform: {}", checkup.differing.join(", "));
        let advice =
            "strangers can tell their phones from unknown ones by the answer; give all customers of a host name one policy, if you can";
        Finding::warning("policies", what, advice)
    });
    let found: Vec<Finding> = open.chain(differing).collect();
    if found.is_empty() { vec![Finding::ok("policies", "every phone has something to prove")] } else { found }
}

/// Phones that no PIN ever clears.
fn living_by_trust(checkup: &checkup::Checkup) -> Option<Finding> {
    let phones = &checkup.living_by_trust;
    let what = || format!("no PIN can be keyed in on {} phones under pin=required: {}", phones.len(), named(phones));
    let advice = "they get their configuration from a trusted network or while suspended only: ringfence trust add, or pin=off there";
    (!phones.is_empty()).then(|| Finding::warning("policies", what(), advice))
}

/// A policy that looks for a proof which no phone can bring.
fn certificates(checkup: &checkup::Checkup, makers: usize) -> Option<Finding> {
    let asking = &checkup.asking_certificates;
    let what = || format!("no maker is known to judge the certificates by that these ask for: {}", asking.join(", "));
    let advice = "name the makers' authorities in tls.manufacturers, or set certificate=off there";
    (makers == 0 && !asking.is_empty()).then(|| Finding::warning("policies", what(), advice))
}

/// A policy that opens a door which nobody finds.
fn plain_http(checkup: &checkup::Checkup, missing: &[&str]) -> Option<Finding> {
    let using = &checkup.using_plain_http;
    let keys = missing.join(" and ");
    let what = || format!("these let old phones use plain HTTP, without {keys}: {}", using.join(", "));
    let advice = format!("set {keys} in the configuration and start anew, or set plain_http=refuse there");
    (!missing.is_empty() && !using.is_empty()).then(|| Finding::warning("policies", what(), advice))
}

async fn logins(context: &Context) -> Finding {
    // Counted without showing: looking is not worth a line in the audit.
    match global_login::count_in_force(&context.admin, &context.by()).await {
        Ok((0, _)) => Finding::error("global login", "none is in force: no new phone can come up", "ringfence global-login rotate"),
        Ok((_, true)) => Finding::ok("global login", "one is in force for good"),
        Ok((_, false)) => {
            Finding::warning("global login", "all that are in force will end", "ringfence global-login rotate makes a new one")
        }
        Err(error @ Error::Failed(_)) => Finding::error("global login", error.to_string(), "restore the last good backup"),
        Err(error) => Finding::error("global login", error.to_string(), "try again"),
    }
}
