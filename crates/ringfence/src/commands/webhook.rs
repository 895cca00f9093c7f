//! `webhook`.

use portal::admin::tree::NodeNames;
use portal::admin::webhook::{self, NewWebhook, WebhookView};
use serde_json::json;
use uuid::Uuid;

use super::or_dash;
use crate::cli::WebhookCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Output, table};

/// `webhook …`
pub async fn run(context: &Context, command: WebhookCommand, output: Output) -> Result<(), Failure> {
    let (admin, by) = (&context.admin, &context.by());
    match command {
        WebhookCommand::Add(args) => {
            let at = NodeNames { reseller: args.reseller, customer: args.customer, site: args.site };
            let new = NewWebhook { url: args.url, kinds: args.types, label: args.label, at };
            let told = webhook::add(admin, by, new).await?;
            let (id, secret) = (&told.webhook.id, told.secret.as_ref().map_or("", |secret| secret.expose().as_str()));
            let made = json!({ "id": id, "secret": secret });
            output.print(&made, || format!("added webhook {id}\nsecret: {secret}\n(shown once; what is sent is signed with it)"))
        }
        WebhookCommand::List => {
            let all = webhook::list(admin, by).await?;
            let headings = ["ID", "URL", "LABEL", "TYPES", "SCOPE", "STATE"];
            output.print(&all, || table(&headings, &all.iter().map(row).collect::<Vec<_>>()))
        }
        WebhookCommand::Remove { id } => {
            webhook::remove(admin, by, read(&id)?).await?;
            output.print(&json!({ "removed": id }), || format!("removed webhook {id}"))
        }
        WebhookCommand::Test { id } => {
            let tried = webhook::test(admin, by, read(&id)?).await?;
            output.print(&tried, || match &tried.error {
                None => format!("arrived: status {}", or_dash(tried.status.map(|status| status.to_string()).as_ref())),
                Some(error) => format!("did not arrive: {error}"),
            })?;
            if tried.state == "delivered" { Ok(()) } else { Err(Failure::refused(format!("webhook {id} was not reached"))) }
        }
    }
}

fn read(id: &str) -> Result<Uuid, Failure> {
    id.parse().map_err(|_| Failure::refused(format!("{id:?} is no id; `ringfence webhook list` shows them")))
}

fn row(one: &WebhookView) -> Vec<String> {
    let state = match (&one.disabled_because, &one.failing_since) {
        (Some(because), _) => format!("disabled: {because}"),
        (None, _) if !one.enabled => "disabled".to_owned(),
        (None, Some(since)) => format!("failing since {since}"),
        (None, None) => "ok".to_owned(),
    };
    let types = if one.types.is_empty() { "all".to_owned() } else { one.types.join(",") };
    vec![one.id.clone(), one.url.clone(), or_dash(Some(&one.label).filter(|label| !label.is_empty())), types, one.scope.clone(), state]
}
