//! Do brands' redirect services send phones here, with a login that counts?

use domain::{Span, Time};
use portal::admin::global_login::{self, HeldView};
use portal::admin::redirect::{self, AccountView};

use super::Finding;
use crate::context::Context;

const CHECK: &str = "redirect services";
/// A service that is down for so long is not just being restarted.
const FAILING: Span = Span::hours(1);
/// So long before a global login ends, whatever still carries it should have the next one.
const ENDING: Span = Span::days(1);

/// Looks at the accounts and at what they carry.
pub async fn examine(context: &Context) -> Vec<Finding> {
    let (admin, by) = (&context.admin, context.by());
    match (redirect::list(admin, &by).await, global_login::held(admin, &by).await) {
        (Err(error), _) | (_, Err(error)) => vec![Finding::error(CHECK, error.to_string(), "restore the last good backup")],
        (Ok(accounts), _) if accounts.is_empty() => Vec::new(),
        (Ok(accounts), Ok(logins)) => judge(&accounts, &logins, by.now),
    }
}

fn judge(accounts: &[AccountView], logins: &[HeldView], now: Time) -> Vec<Finding> {
    let mut findings = Vec::new();
    // RFC 3339 in UTC sorts by time.
    let (long_ago, soon) = ((now - FAILING).rfc3339(), (now + ENDING).rfc3339());
    let ending = logins.iter().filter_map(|login| login.valid_until.as_ref()).filter(|until| **until < soon).min();
    for account in accounts {
        let name = format!("{}{}", account.title, account.reseller.as_ref().map_or_else(String::new, |reseller| format!(" of {reseller}")));
        if let (Some(code), Some(since)) = (&account.failure, &account.failed_since)
            && (*since < long_ago || code == "auth_failed")
        {
            let advice = format!("ringfence redirect test {} asks it again; its account may have another key now", account.id);
            findings.push(Finding::warning(CHECK, format!("{name}: {code} since {since}"), advice));
        } else if let (Some(until), false) = (ending, account.in_step) {
            let what = format!("{name} may still send phones with the global login that ends at {until}");
            findings.push(Finding::warning(CHECK, what, "keep the server running until it is in step, or give the login more time"));
        }
        if account.refused > 0 {
            let what = format!("{name} refuses {} devices", account.refused);
            findings.push(Finding::warning(
                CHECK,
                what,
                "the page of the account, or ringfence device redirect MAC, tells why and what to do",
            ));
        }
    }
    if findings.is_empty() {
        let listed: i64 = accounts.iter().map(|account| account.listed).sum();
        findings.push(Finding::ok(CHECK, format!("{listed} devices listed in {} accounts", accounts.len())));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    const NOW: Time = Time::from_millis(1_795_305_600_000);

    fn account(failure: Option<(&str, Span)>, in_step: bool, refused: i64) -> AccountView {
        let (code, since) = failure.map(|(code, ago)| (code.to_owned(), (NOW - ago).rfc3339())).unzip();
        AccountView {
            id: "0192d5d6-0000-7000-8000-000000000001".parse().expect("an id"),
            service: "yealink-ymcs",
            title: "Yealink YMCS (RPS)",
            reseller: None,
            region: "eu".to_owned(),
            fields: [].into(),
            state: "working",
            in_step,
            verified: None,
            failure: code,
            said: None,
            failed_since: since,
            next_try: None,
            listed: 3,
            waiting: 0,
            refused,
            compared: None,
            drift: None,
            created: NOW.rfc3339(),
            version: 1,
        }
    }

    fn login(ends_in: Option<Span>) -> HeldView {
        HeldView { number: 1, user: "setup".to_owned(), reseller: None, valid_until: ends_in.map(|span| (NOW + span).rfc3339()) }
    }

    #[test]
    fn what_keeps_phones_away_is_found() {
        for (account, login, expected) in [
            (account(None, true, 0), login(None), &[Status::Ok][..]),
            (account(None, true, 0), login(Some(Span::hours(1))), &[Status::Ok]),
            (account(None, false, 0), login(Some(Span::hours(1))), &[Status::Warning]),
            (account(None, false, 0), login(Some(Span::days(7))), &[Status::Ok]),
            (account(Some(("unreachable", Span::minutes(5))), true, 0), login(None), &[Status::Ok]),
            (account(Some(("unreachable", Span::hours(2))), true, 0), login(None), &[Status::Warning]),
            (account(Some(("auth_failed", Span::minutes(5))), true, 0), login(None), &[Status::Warning]),
            (account(None, true, 2), login(None), &[Status::Warning]),
        ] {
            let findings = judge(std::slice::from_ref(&account), std::slice::from_ref(&login), NOW);
            let found: Vec<_> = findings.iter().map(|finding| finding.status).collect();
            assert_eq!(found, expected, "{account:?} {login:?}: {findings:?}");
        }
    }
}
