//! `reseller`, `customer`, `site`.

use domain::tenancy::ResellerKind;
use portal::admin::customer::{self, CustomerView, NewCustomer};
use portal::admin::menu_password::{self, PlaceView};
use portal::admin::reseller::{self, ResellerView};
use portal::admin::site::{self, NewSite, SiteView};
use portal::admin::tree::NodeNames;

use super::or_dash;
use crate::cli::{CustomerCommand, KindArg, ResellerCommand, SiteArgs, SiteCommand};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Output, table};

/// `reseller …`
pub async fn reseller(context: &Context, command: ResellerCommand, output: Output) -> Result<(), Failure> {
    match command {
        ResellerCommand::Add { name, kind } => {
            let added = reseller::add(&context.admin, &context.by(), &name, kind.into()).await?;
            output.print(&added, || format!("added reseller {}", added.name))
        }
        ResellerCommand::List => {
            let all = reseller::list(&context.admin, &context.by()).await?;
            let kind = |kind| if kind == ResellerKind::WhiteLabel { "white-label" } else { "channel" };
            let row = |one: &ResellerView| vec![one.name.clone(), kind(one.kind).to_owned(), one.created.clone()];
            output.print(&all, || table(&["NAME", "KIND", "CREATED"], &all.iter().map(row).collect::<Vec<_>>()))
        }
    }
}

impl From<KindArg> for ResellerKind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::WhiteLabel => Self::WhiteLabel,
            KindArg::Channel => Self::Channel,
        }
    }
}

/// `customer …`
pub async fn customer(context: &Context, command: CustomerCommand, output: Output) -> Result<(), Failure> {
    match command {
        CustomerCommand::Add { name, login, pin, reseller } => {
            let keys = [("login", login), ("pin", pin)];
            let policy = keys.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
            let added = customer::add(&context.admin, &context.by(), NewCustomer { name, reseller, policy }).await?;
            output.print(&added, || format!("added customer {} (login={} pin={})", added.name, added.login, added.pin))
        }
        CustomerCommand::List => {
            let all = customer::list(&context.admin, &context.by()).await?;
            let row = |one: &CustomerView| {
                vec![one.name.clone(), or_dash(one.reseller.as_ref()), one.login.clone(), one.pin.clone(), one.created.clone()]
            };
            output.print(&all, || table(&["NAME", "RESELLER", "LOGIN", "PIN", "CREATED"], &all.iter().map(row).collect::<Vec<_>>()))
        }
    }
}

/// `site …`
pub async fn site(context: &Context, command: SiteCommand, output: Output) -> Result<(), Failure> {
    match command {
        SiteCommand::Add { customer, name, country, caller_number, location } => {
            let new = NewSite { customer, name, country, caller_number, location };
            let added = site::add(&context.admin, &context.by(), new).await?;
            output.print(&added, || format!("added site {} to customer {}", added.name, added.customer))
        }
        SiteCommand::Passwords(args) => {
            let shown = menu_password::show(&context.admin, &context.by(), names(args)).await?;
            output.print(&shown, || passwords(&shown))
        }
        SiteCommand::RotatePasswords(args) => {
            let rotated = menu_password::rotate(&context.admin, &context.by(), names(args)).await?;
            output.print(&rotated, || "made anew; each phone has the new passwords from its next fetch on".to_owned())
        }
        SiteCommand::List { customer } => {
            let all = site::list(&context.admin, &context.by(), customer).await?;
            let row = |one: &SiteView| {
                let rest = [&one.country, &one.caller_number, &one.location].map(|cell| or_dash(cell.as_ref()));
                [vec![one.customer.clone(), one.name.clone()], rest.to_vec()].concat()
            };
            let headings = ["CUSTOMER", "NAME", "COUNTRY", "CALLER NUMBER", "LOCATION"];
            output.print(&all, || table(&headings, &all.iter().map(row).collect::<Vec<_>>()))
        }
    }
}

fn names(args: SiteArgs) -> NodeNames {
    NodeNames { reseller: args.reseller, customer: Some(args.customer), site: args.name }
}

fn passwords(shown: &PlaceView) -> String {
    let mut rows = Vec::new();
    for pair in &shown.passwords {
        let brands = pair.brands.join(", ");
        rows.push(vec![pair.admin.clone(), pair.user.clone(), "now".to_owned(), brands.clone()]);
        rows.extend(pair.former.iter().map(|former| vec![former.admin.clone(), former.user.clone(), "before".to_owned(), brands.clone()]));
    }
    let overruled = [("admin", &shown.admin_set_by), ("user", &shown.user_set_by)].into_iter().filter_map(|(whose, layer)| {
        let layer = layer.as_ref()?;
        Some(format!("the setting {whose}_password of the layer {layer} counts, not the one above"))
    });
    let lines: Vec<String> = std::iter::once(table(&["ADMIN", "USER", "ROUND", "BRANDS"], &rows)).chain(overruled).collect();
    lines.join("\n")
}
