//! `redirect`, and what `device` says of redirect services.

use std::collections::BTreeMap;

use domain::Secret;
use portal::admin::redirect::{self, AccountView, FieldView, Label, NewAccount, ServiceView, StandingView};
use serde_json::json;

use super::{or_dash, secrets_from_stdin};
use crate::cli::{RedirectAddArgs, RedirectCommand, RedirectFieldArgs};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Output, table};

type Fields = BTreeMap<String, Secret<String>>;

/// `redirect …`
pub async fn run(context: &Context, command: RedirectCommand, output: Output) -> Result<(), Failure> {
    let (admin, by) = (&context.admin, &context.by());
    let changed = match command {
        RedirectCommand::Services => {
            let all = redirect::services(by)?;
            return output.print(&all, || services(&all));
        }
        RedirectCommand::List => {
            let all = redirect::list(admin, by).await?;
            return output.print(&all, || accounts(&all));
        }
        RedirectCommand::Add(RedirectAddArgs { service, reseller, fields }) => {
            let (region, fields) = read(&service, fields)?;
            redirect::add(admin, by, NewAccount { service, reseller, region, fields }).await?
        }
        RedirectCommand::Show { id } => redirect::show(admin, by, id).await?,
        RedirectCommand::Sync { id } => redirect::sync(admin, by, id).await?,
        RedirectCommand::Update { id, fields } => {
            let service = redirect::show(admin, by, id).await?.service;
            let (region, fields) = read(service, fields)?;
            redirect::update(admin, by, id, region, fields, None).await?
        }
        RedirectCommand::Test { id } => {
            let tested = redirect::test(admin, by, id).await?;
            output.print(&tested, || words(&tested))?;
            let said = tested.said.filter(|_| tested.failure.is_some());
            return said.map_or(Ok(()), |said| Err(Failure::refused(format!("{}: {said}", tested.title))));
        }
        RedirectCommand::Remove { id, unregister } => {
            redirect::remove(admin, by, id, unregister).await?;
            let said =
                if unregister { "is being removed there, and then here" } else { "removed; what is written at the service stays there" };
            return output.print(&json!({ "removed": id, "unregister": unregister }), || format!("account {id}: {said}"));
        }
        RedirectCommand::Addresses { brand } => return output.csv(&redirect::addresses_csv(admin, by, &brand).await?),
    };
    output.print(&changed, || words(&changed))
}

/// `device redirect MAC`, and what the acts on a phone's label give back.
pub async fn device(context: &Context, mac: &str, output: Output) -> Result<(), Failure> {
    let view = redirect::standing(&context.admin, &context.by(), mac).await?;
    output.print(&view, || standing(&view))
}

/// `device label MAC`.
pub async fn label(context: &Context, mac: &str, label: Label, output: Output) -> Result<(), Failure> {
    let view = redirect::set_label(&context.admin, &context.by(), mac, label).await?;
    output.print(&view, || standing(&view))
}

/// `device by-hand MAC yes|no`.
pub async fn by_hand(context: &Context, mac: &str, is_by_hand: bool, output: Output) -> Result<(), Failure> {
    let view = redirect::mark_by_hand(&context.admin, &context.by(), mac, is_by_hand).await?;
    output.print(&view, || standing(&view))
}

/// `device redirect-pin MAC`.
pub async fn pin(context: &Context, mac: &str, output: Output) -> Result<(), Failure> {
    let pin = redirect::pin(&context.admin, &context.by(), mac).await?;
    let pin = pin.as_ref().map(Secret::expose);
    output.print(&json!({ "mac": mac, "pin": pin }), || or_dash(pin))
}

/// `device redirect-address MAC`.
pub async fn address(context: &Context, mac: &str, output: Output) -> Result<(), Failure> {
    let address = redirect::address(&context.admin, &context.by(), mac).await?;
    output.print(&json!({ "mac": mac, "address": address.expose() }), || address.expose().clone())
}

/// Region and fields; a secret is taken from standard input only, because others can read command lines.
fn read(service: &str, args: RedirectFieldArgs) -> Result<(Option<String>, Fields), Failure> {
    let mut fields = if args.secret_stdin { secrets_from_stdin()? } else { Fields::new() };
    let kind = ::redirect::Kind::of(service);
    for text in &args.set {
        let Some((name, value)) = text.split_once('=') else {
            return Err(Failure::usage("--set FIELD=VALUE"));
        };
        if kind.is_some_and(|kind| kind.fields().iter().any(|field| field.name == name && field.secret)) {
            return Err(Failure::usage(format!("{name} is a secret: give it on standard input, with --secret-stdin")));
        }
        fields.insert(name.to_owned(), Secret::from(value));
    }
    Ok((args.region, fields))
}

fn services(all: &[ServiceView]) -> String {
    let field = |field: &FieldView| {
        let secret = if field.secret { " (secret)" } else { "" };
        if field.optional { format!("[{}{secret}]", field.name) } else { format!("{}{secret}", field.name) }
    };
    let row = |one: &ServiceView| {
        let fields: Vec<String> = one.fields.iter().map(field).collect();
        let cells = [one.service.to_owned(), one.title.to_owned(), one.brands.join(", ")];
        [&cells[..], &[one.carrier.to_owned(), one.regions.join(", "), fields.join(", ")]].concat()
    };
    table(&["SERVICE", "TITLE", "BRANDS", "LOGIN BY", "REGIONS", "FIELDS"], &all.iter().map(row).collect::<Vec<_>>())
}

fn accounts(all: &[AccountView]) -> String {
    let row = |one: &AccountView| {
        vec![
            one.id.to_string(),
            one.service.to_owned(),
            or_dash(one.reseller.as_ref()),
            one.region.clone(),
            one.state.to_owned(),
            one.listed.to_string(),
            one.waiting.to_string(),
            one.refused.to_string(),
            or_dash(one.compared.as_ref()),
            or_dash(one.failure.as_ref()),
        ]
    };
    let headings = ["ID", "SERVICE", "RESELLER", "REGION", "STATE", "LISTED", "WAITING", "REFUSED", "COMPARED", "FAILURE"];
    table(&headings, &all.iter().map(row).collect::<Vec<_>>())
}

fn words(one: &AccountView) -> String {
    let drift = one
        .drift
        .map(|drift| format!("{} the same, {} gone, {} elsewhere, {} not ours", drift.same, drift.gone, drift.elsewhere, drift.unknown));
    let mut rows = vec![
        ("id", one.id.to_string()),
        ("service", one.service.to_owned()),
        ("reseller", or_dash(one.reseller.as_ref())),
        ("region", one.region.clone()),
        ("state", one.state.to_owned()),
        ("accepted", or_dash(one.verified.as_ref())),
        ("failure", or_dash(one.said.as_ref())),
        ("next try", or_dash(one.next_try.as_ref())),
        ("listed", one.listed.to_string()),
        ("waiting", one.waiting.to_string()),
        ("refused", one.refused.to_string()),
        ("compared", or_dash(one.compared.as_ref())),
        ("drift", or_dash(drift.as_ref())),
    ];
    rows.extend(one.fields.iter().map(|(name, value)| (name.as_str(), value.clone())));
    lines(&rows)
}

fn standing(one: &StandingView) -> String {
    let word = serde_json::to_value(one.standing).ok().and_then(|value| value.as_str().map(str::to_owned));
    lines(&[
        ("service", or_dash(one.title.map(str::to_owned).as_ref())),
        ("standing", or_dash(word.as_ref())),
        ("since", or_dash(one.since.as_ref())),
        ("reason", or_dash(one.code.as_ref())),
        ("said", or_dash(one.said.as_ref())),
        ("next try", or_dash(one.next_try.as_ref())),
        ("asked there", or_dash(one.asked.as_ref())),
        ("seen here", or_dash(one.seen.as_ref())),
        ("device pin", if one.has_pin { "yes" } else { "-" }.to_owned()),
        ("serial", or_dash(one.serial.as_ref())),
        ("mac-id", or_dash(one.mac_id.as_ref())),
        ("by hand", or_dash(one.by_hand.as_ref())),
    ])
}

fn lines(rows: &[(&str, String)]) -> String {
    rows.iter().map(|(name, value)| format!("{name:<15} {value}")).collect::<Vec<_>>().join("\n")
}
