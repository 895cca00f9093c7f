//! `device`.

use portal::admin::device::{self, CallView, DeviceView, NewDevice, RequestView, Which};
use portal::admin::handset::{self, HandsetView};
use portal::admin::line;
use portal::admin::part::Part;
use portal::admin::redirect::Label;
use portal::admin::tree::NodeNames;
use portal::admin::{Admin, By};

use super::{or_dash, password_from_stdin, redirect};
use crate::cli::{DeviceAddArgs, DeviceCommand, YesNoArg};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Output, table};

/// `device …`
pub async fn run(context: &Context, command: DeviceCommand, output: Output) -> Result<(), Failure> {
    let (admin, by) = (&context.admin, &context.by());
    let changed = match command {
        DeviceCommand::Add(args) => device::add(admin, by, new_device(args)?).await?,
        DeviceCommand::Show { mac, profile_key: true } => {
            let shown = device::profile_key(admin, by, &mac).await?;
            return output.print(&shown, || shown.profile_key.clone());
        }
        DeviceCommand::Show { mac, .. } => device::show(admin, by, &mac).await?,
        DeviceCommand::Reset { mac } => device::reset(admin, by, &mac).await?,
        DeviceCommand::Suspend { mac, end: true, .. } => device::end_suspension(admin, by, &mac).await?,
        DeviceCommand::Suspend { mac, lasts, address, .. } => device::suspend(admin, by, &mac, lasts, address).await?,
        DeviceCommand::AllowGlobal { mac, allow } => device::allow_global(admin, by, &mac, allow == YesNoArg::Yes).await?,
        DeviceCommand::AllowSecond { mac } => device::allow_second_claimant(admin, by, &mac).await?,
        DeviceCommand::Disable { mac } => device::disable(admin, by, &mac, true).await?,
        DeviceCommand::Enable { mac } => device::disable(admin, by, &mac, false).await?,
        DeviceCommand::Resync { mac } => device::resync(admin, by, &mac).await?,
        DeviceCommand::SetLogin { mac, clear: true, .. } => device::clear_login(admin, by, &mac).await?,
        DeviceCommand::SetLogin { mac, user, .. } => {
            device::set_login(admin, by, &mac, &user.unwrap_or_default(), &password_from_stdin()?).await?
        }
        DeviceCommand::RotateLogin { mac } => device::rotate_login(admin, by, &mac).await?,
        DeviceCommand::Move { mac, customer, site, lives_by_trust } => {
            device::relocate(admin, by, &mac, NodeNames { reseller: None, customer: Some(customer), site }, lives_by_trust).await?
        }
        DeviceCommand::Replace { mac, new_mac } => device::replace(admin, by, &mac, &new_mac).await?,
        DeviceCommand::Delete { mac } => {
            device::delete(admin, by, &mac).await?;
            return output.print(&serde_json::json!({ "deleted": mac }), || format!("deleted {mac}"));
        }
        DeviceCommand::List { customer, state, q, model, attention } => {
            let states = state.into_iter().map(Into::into).collect();
            let which = Which { customer, states, model, attention, ..Which::default() };
            return list(&all(admin, by, which, q).await?, output);
        }
        DeviceCommand::Requests { mac } => return requests(&device::requests(admin, by, &mac).await?, output),
        DeviceCommand::Redirect { mac } => return redirect::device(context, &mac, output).await,
        DeviceCommand::Label { mac, serial, mac_id } => return redirect::label(context, &mac, Label { serial, mac_id }, output).await,
        DeviceCommand::ByHand { mac, is_by_hand } => return redirect::by_hand(context, &mac, is_by_hand == YesNoArg::Yes, output).await,
        DeviceCommand::RedirectPin { mac } => return redirect::pin(context, &mac, output).await,
        DeviceCommand::RedirectAddress { mac } => return redirect::address(context, &mac, output).await,
        DeviceCommand::Calls { mac } => return calls(&device::calls(admin, by, &mac).await?, output),
    };
    output.print(&changed, || words(&changed))
}

fn new_device(args: DeviceAddArgs) -> Result<NewDevice, Failure> {
    let lines = args.lines.iter().map(|text| line::parse(text)).collect::<Result<_, _>>()?;
    let place = NodeNames { reseller: None, customer: Some(args.customer), site: args.site };
    let settings = handset::parse(&args.handsets)?;
    let (mac, model, label, by_trust) = (args.mac, args.model, args.label, args.lives_by_trust);
    let printed = Label { serial: args.serial, mac_id: args.mac_id };
    Ok(NewDevice { mac, place, model, label, lines, settings, by_trust, printed })
}

/// The whole list; what is searched for comes in parts.
async fn all(admin: &Admin, by: &By, which: Which, query: String) -> Result<Vec<DeviceView>, Failure> {
    if query.is_empty() && !which.attention {
        return Ok(device::list(admin, by, which).await?);
    }
    let (mut found, mut part) = (Vec::new(), Part { query, ..Part::default() });
    loop {
        let listed = device::part(admin, by, which.clone(), part.clone()).await?;
        found.extend(listed.items);
        part.after = listed.next;
        if part.after.is_none() {
            return Ok(found);
        }
    }
}

fn list(all: &[DeviceView], output: Output) -> Result<(), Failure> {
    let row = |one: &DeviceView| {
        vec![
            one.mac.clone(),
            format!("{}/{}", one.brand, one.model),
            one.customer.clone(),
            or_dash(one.site.as_ref()),
            one.state.to_owned(),
            or_dash(one.last_fetch.as_ref()),
            or_dash(one.transport.as_ref()),
            one.label.clone(),
        ]
    };
    let headings = ["MAC", "MODEL", "CUSTOMER", "SITE", "STATE", "LAST FETCH", "TRANSPORT", "LABEL"];
    output.print(&all, || table(&headings, &all.iter().map(row).collect::<Vec<_>>()))
}

fn requests(all: &[RequestView], output: Output) -> Result<(), Failure> {
    let row = |one: &RequestView| {
        let (status, bytes) = (one.status.to_string(), one.bytes.to_string());
        let cells =
            [&one.time, &one.address, &one.method, &one.file, &status, &one.evidence, &one.decision, &one.reason, &bytes, &one.transport];
        cells.map(Clone::clone).to_vec()
    };
    let headings = ["TIME", "ADDRESS", "METHOD", "FILE", "STATUS", "EVIDENCE", "DECISION", "REASON", "BYTES", "TRANSPORT"];
    output.print(&all, || table(&headings, &all.iter().map(row).collect::<Vec<_>>()))
}

fn calls(all: &[CallView], output: Output) -> Result<(), Failure> {
    let row = |one: &CallView| {
        let prompts = one.prompts.join(" ");
        [&one.started, &one.ended, &one.source, &one.account, &one.dialled, &one.result, &prompts].map(Clone::clone).to_vec()
    };
    let headings = ["STARTED", "ENDED", "SOURCE", "ACCOUNT", "DIALLED", "RESULT", "PROMPTS"];
    output.print(&all, || table(&headings, &all.iter().map(row).collect::<Vec<_>>()))
}

fn words(one: &DeviceView) -> String {
    let login = serde_json::to_value(one.login_state).ok().and_then(|value| value.as_str().map(str::to_owned));
    let rows: [(&str, String); 18] = [
        ("mac", one.mac.clone()),
        ("model", format!("{}/{}", one.brand, one.model)),
        ("customer", one.customer.clone()),
        ("site", or_dash(one.site.as_ref())),
        ("label", one.label.clone()),
        ("state", one.state.to_owned()),
        ("login", login.unwrap_or_default()),
        ("allow global password", if one.allow_global_password { "yes" } else { "no" }.to_owned()),
        ("pin", or_dash(one.pin.as_ref())),
        ("suspended until", or_dash(one.suspended_until.as_ref())),
        ("failed until", or_dash(one.failed_until.as_ref())),
        ("created", one.created.clone()),
        ("last fetch", or_dash(one.last_fetch.as_ref())),
        ("last address", or_dash(one.last_address.as_ref())),
        ("transport", or_dash(one.transport.as_ref())),
        ("firmware", or_dash(one.firmware.as_ref())),
        ("disabled", if one.disabled { "yes" } else { "no" }.to_owned()),
        ("attention", or_dash(Some(&one.attention.join(", ")))),
    ];
    let mut lines: Vec<String> = rows.iter().map(|(name, value)| format!("{name:<22} {value}").trim_end().to_owned()).collect();
    lines.extend(one.handsets.iter().flatten().map(handset_words));
    lines.join("\n")
}

fn handset_words(one: &HandsetView) -> String {
    let line = one.line.map_or_else(String::new, |line| format!(" on line {line}"));
    format!("{:<22} {} {}{line}", format!("handset {}", one.number), or_dash(one.ipei.as_ref()), one.name.as_deref().unwrap_or_default())
}
