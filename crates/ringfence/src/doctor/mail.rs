//! Can letters go out?

use portal::mail::Unusable;

use super::Finding;
use crate::config::Config;
use crate::serve::mail_server;

const CHECK: &str = "mail";

/// Asks the mail server as a letter would, and sends nothing. Nothing to say where none is configured.
pub async fn examine(config: &Config) -> Option<Finding> {
    match mail_server(config) {
        Ok(Some(server)) => Some(judge(server.try_out().await)),
        Ok(None) => {
            let half = config.mail.smtp.is_some() != config.mail.from.is_some();
            let advice = "set both mail.smtp and mail.from; without one of them nothing is sent";
            half.then(|| Finding::warning(CHECK, "mail is half set up", advice))
        }
        Err(failure) => Some(Finding::error(CHECK, failure.message, "see [mail] and tls.mail")),
    }
}

fn judge(tried: Result<(), Unusable>) -> Finding {
    let Err(unusable) = tried else { return Finding::ok(CHECK, "the mail server answers, and lets us in") };
    let advice = match unusable {
        Unusable::Unreachable => "see host and port in mail.smtp, and the firewall",
        Unusable::Tls => "smtps:// is TLS from the first byte, smtp:// is STARTTLS; set tls.mail to the authority of a private certificate",
        Unusable::Refused(_) => "see user and password in mail.smtp; signs such as @ and : are written %40 and %3A there",
    };
    Finding::error(CHECK, format!("the mail server cannot be used: {unusable}"), advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    #[test]
    fn what_keeps_letters_from_going_out_is_told_apart() {
        assert_eq!(judge(Ok(())).status, Status::Ok);
        for (unusable, advice) in
            [(Unusable::Unreachable, "firewall"), (Unusable::Tls, "tls.mail"), (Unusable::Refused("535".into()), "password")]
        {
            let finding = judge(Err(unusable));
            assert!(finding.status == Status::Error && finding.advice.as_ref().unwrap().contains(advice), "{finding:?}");
        }
    }
}
