//! Do events arrive where they are sent?

use domain::{Span, Time};
use portal::admin::webhook::{self, WebhookView};

use super::Finding;
use crate::context::Context;

const CHECK: &str = "webhooks";
/// A receiver that is down for so long is not just being restarted.
const FAILING: Span = Span::hours(1);

/// Looks at the webhooks and at what became of their latest deliveries.
pub async fn examine(context: &Context) -> Vec<Finding> {
    let by = context.by();
    match webhook::list(&context.admin, &by).await {
        Err(error) => vec![Finding::error(CHECK, error.to_string(), "restore the last good backup")],
        Ok(all) if all.is_empty() => Vec::new(),
        Ok(all) => judge(&all, by.now),
    }
}

fn judge(all: &[WebhookView], now: Time) -> Vec<Finding> {
    let named = |wanted: &dyn Fn(&WebhookView) -> bool| -> Vec<&str> {
        all.iter().filter(|webhook| wanted(webhook)).map(|webhook| webhook.id.as_str()).collect()
    };
    // RFC 3339 in UTC sorts by time.
    let long_ago = (now - FAILING).rfc3339();
    let ended = named(&|webhook| !webhook.enabled && webhook.disabled_because.is_some());
    let failing = named(&|webhook| webhook.enabled && webhook.failing_since.as_ref().is_some_and(|since| *since < long_ago));
    let mut findings = Vec::new();
    if !ended.is_empty() {
        let advice = "ringfence webhook list tells why; mend the receiver, then enable it in the portal or remove it";
        findings.push(Finding::warning(CHECK, format!("disabled because nothing arrived: {}", ended.join(", ")), advice));
    }
    if !failing.is_empty() {
        let advice = "ringfence webhook test ID tells what the receiver answers; after days without success it is disabled";
        findings.push(Finding::warning(CHECK, format!("failing for more than an hour: {}", failing.join(", ")), advice));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, format!("{} in use", named(&|webhook| webhook.enabled).len())));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    const NOW: Time = Time::from_millis(1_795_305_600_000);

    fn hook(enabled: bool, because: Option<&str>, failing: Option<Span>) -> WebhookView {
        WebhookView {
            id: "7".into(),
            url: "https://hooks.example.com/secret-path".into(),
            label: String::new(),
            types: Vec::new(),
            scope: "operator".into(),
            enabled,
            disabled_because: because.map(str::to_owned),
            failing_since: failing.map(|ago| (NOW - ago).rfc3339()),
            created: String::new(),
            version: 1,
        }
    }

    #[test]
    fn what_does_not_arrive_is_found_and_an_address_not_repeated() {
        for (one, status) in [
            (hook(true, None, None), Status::Ok),
            (hook(true, None, Some(Span::minutes(5))), Status::Ok),
            (hook(true, None, Some(Span::hours(2))), Status::Warning),
            (hook(false, None, None), Status::Ok),
            (hook(false, Some("status 410"), None), Status::Warning),
        ] {
            let findings = judge(std::slice::from_ref(&one), NOW);
            assert_eq!(findings.iter().map(|finding| finding.status).collect::<Vec<_>>(), [status], "{one:?}");
            assert!(!format!("{findings:?}").contains("secret-path"));
        }
    }
}
