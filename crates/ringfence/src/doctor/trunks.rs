//! Can emergency calls go out?

use portal::admin::site::{self, SiteView};
use portal::admin::trunk::{self, TrunkView};

use super::Finding;
use crate::context::Context;

const CHECK: &str = "trunks";

/// Looks at the trunks, at what the server last found of them, and at the numbers that are shown.
pub async fn examine(context: &Context) -> Vec<Finding> {
    let (admin, by) = (&context.admin, &context.by());
    let looked = match trunk::list(admin, by).await {
        Ok(trunks) => site::list(admin, by, None).await.map(|sites| (trunks, sites)),
        Err(error) => Err(error),
    };
    match looked {
        Err(error) => vec![Finding::error(CHECK, error.to_string(), "restore the last good backup")],
        Ok((trunks, _)) if trunks.is_empty() => {
            let what = "there is none: emergency calls of restricted phones cannot go out";
            vec![Finding::warning(CHECK, what, "ringfence trunk add NAME sip:HOST; see docs/emergency.md")]
        }
        Ok((trunks, sites)) => judge(&trunks, &sites, context.config.emergency.caller_number.as_deref()),
    }
}

fn judge(trunks: &[TrunkView], sites: &[SiteView], own_number: Option<&str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let down: Vec<String> =
        trunks.iter().filter(|trunk| trunk.state == "down").map(|trunk| format!("{} ({})", trunk.name, or_nothing(trunk))).collect();
    let advice = "ringfence trunk test NAME tells more; ask the carrier, or look at the firewall";
    match down.len() {
        0 => findings.push(Finding::ok(CHECK, format!("{} of {} answer", answering(trunks), trunks.len()))),
        all if all == trunks.len() => {
            findings.push(Finding::error(CHECK, format!("none answers: {}; emergency calls cannot go out", down.join(", ")), advice));
        }
        _ => findings.push(Finding::warning(CHECK, format!("these do not answer: {}", down.join(", ")), advice)),
    }
    if !trunks.iter().any(|trunk| trunk.customer.is_none()) {
        let what = "all belong to customers: callers without proof, and all other customers, have none";
        findings.push(Finding::warning(CHECK, what, "ringfence trunk add NAME sip:HOST, without --customer"));
    }
    let numberless: Vec<&str> = sites.iter().filter(|site| site.caller_number.is_none()).map(|site| site.name.as_str()).collect();
    if own_number.is_none() && !numberless.is_empty() {
        let what = format!("emergency calls show no number for {} of {} sites, and cannot be called back", numberless.len(), sites.len());
        findings.push(Finding::warning(CHECK, what, "give sites --caller-number, or set emergency.caller_number"));
    }
    findings
}

fn answering(trunks: &[TrunkView]) -> usize {
    trunks.iter().filter(|trunk| trunk.state == "up").count()
}

fn or_nothing(trunk: &TrunkView) -> &str {
    trunk.detail.as_deref().unwrap_or("no answer")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    fn trunk(name: &str, customer: Option<&str>, state: &'static str) -> TrunkView {
        TrunkView {
            name: name.into(),
            uri: "sip:trunk.example.com".into(),
            user: None,
            customer: customer.map(str::to_owned),
            site: None,
            priority: 100,
            channels: None,
            reserved: 0,
            test_number: None,
            state,
            since: None,
            checked: None,
            detail: None,
            created: String::new(),
        }
    }

    fn site(number: Option<&str>) -> SiteView {
        SiteView {
            id: String::new(),
            customer: "Example Ltd".into(),
            name: "Berlin".into(),
            country: None,
            caller_number: number.map(str::to_owned),
            location: None,
            created: String::new(),
            version: 1,
        }
    }

    #[test]
    fn what_keeps_calls_from_going_out_is_found() {
        let statuses = |trunks: &[TrunkView], sites: &[SiteView], own| {
            judge(trunks, sites, own).into_iter().map(|finding| finding.status).collect::<Vec<_>>()
        };
        let (up, down) = (trunk("a", None, "up"), trunk("b", None, "down"));
        let numbered = [site(Some("+4930123456"))];
        assert_eq!(statuses(&[up.clone(), trunk("c", None, "unknown")], &numbered, None), [Status::Ok]);
        assert_eq!(statuses(&[up.clone(), down.clone()], &numbered, None), [Status::Warning]);
        assert_eq!(statuses(&[down], &numbered, None), [Status::Error]);
        assert_eq!(statuses(&[trunk("d", Some("Example Ltd"), "up")], &numbered, None), [Status::Ok, Status::Warning]);
        assert_eq!(statuses(std::slice::from_ref(&up), &[site(None)], None), [Status::Ok, Status::Warning]);
        assert_eq!(statuses(&[up], &[site(None)], Some("+4989987654")), [Status::Ok]);
    }
}
