//! `trunk`.

use domain::emergency::Numbers;
use portal::admin::tree::NodeNames;
use portal::admin::trunk::{self, NewTrunk, TrunkView};
use serde_json::json;
use voice::edge::client_tls;
use voice::emergency::{Step, probe};

use super::{or_dash, password_from_stdin};
use crate::cli::{TrunkAddArgs, TrunkCommand};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Output, table};

/// `trunk …`
pub async fn run(context: &Context, command: TrunkCommand, output: Output) -> Result<(), Failure> {
    let (admin, by) = (&context.admin, &context.by());
    match command {
        TrunkCommand::Add(args) => {
            let added = trunk::add(admin, by, new_trunk(args)?).await?;
            output.print(&added, || format!("added trunk {0}; `ringfence trunk test {0}` asks whether it answers", added.name))
        }
        TrunkCommand::List => {
            let all = trunk::list(admin, by).await?;
            let headings = ["NAME", "URI", "USER", "CUSTOMER", "SITE", "PRIORITY", "CHANNELS", "STATE", "SINCE", "DETAIL"];
            output.print(&all, || table(&headings, &all.iter().map(row).collect::<Vec<_>>()))
        }
        TrunkCommand::Remove { name } => {
            trunk::remove(admin, by, name.clone()).await?;
            output.print(&json!({ "removed": name }), || format!("removed trunk {name}"))
        }
        TrunkCommand::Test { name } => test(context, name, output).await,
    }
}

/// Tests from this process, so that it works without a server, too.
async fn test(context: &Context, name: String, output: Output) -> Result<(), Failure> {
    let emergency = &context.config.emergency;
    let numbers = Numbers::new(emergency.countries.clone(), &emergency.default_country);
    let trunk = trunk::for_test(&context.admin, &context.by(), name.clone()).await?;
    let tls = client_tls(context.config.tls.trunks.as_deref()).map_err(|error| Failure::refused(format!("{error}; see tls.trunks")))?;
    let steps = probe(&trunk, &numbers, emergency.caller_number.as_deref(), &tls).await;
    // One address of several is enough; a call that was made must have been answered.
    let works = steps.iter().any(|step| step.ok) && steps.iter().all(|step| step.ok || !step.step.starts_with("call"));
    output.print(&json!({ "name": name, "ok": works, "steps": steps }), || {
        let line = |step: &Step| format!("{:<7}  {}: {}", if step.ok { "ok" } else { "error" }, step.step, step.detail);
        steps.iter().map(line).collect::<Vec<_>>().join("\n")
    })?;
    if works { Ok(()) } else { Err(Failure::refused(format!("trunk {name} does not work; ask the carrier, or look at the firewall"))) }
}

fn new_trunk(args: TrunkAddArgs) -> Result<NewTrunk, Failure> {
    let login = args.user.map(|user| Ok::<_, Failure>((user, password_from_stdin()?))).transpose()?;
    let place = NodeNames { reseller: args.reseller, customer: args.customer, site: args.site };
    let (priority, channels, reserved) = (args.priority, args.channels, args.reserve);
    Ok(NewTrunk { name: args.name, uri: args.uri, login, place, priority, channels, reserved, test_number: args.test_number })
}

fn row(one: &TrunkView) -> Vec<String> {
    let channels = match (one.channels, one.reserved) {
        (None, _) => "-".to_owned(),
        (Some(channels), 0) => channels.to_string(),
        (Some(channels), reserved) => format!("{channels} ({reserved} kept)"),
    };
    vec![
        one.name.clone(),
        one.uri.clone(),
        or_dash(one.user.as_ref()),
        or_dash(one.customer.as_ref()),
        or_dash(one.site.as_ref()),
        one.priority.to_string(),
        channels,
        one.state.to_owned(),
        or_dash(one.since.as_ref()),
        or_dash(one.detail.as_ref()),
    ]
}
