//! `contact`.

use portal::admin::contact::{self, ContactView};
use serde_json::json;

use crate::cli::ContactCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Output, table};

/// `contact …`
pub async fn run(context: &Context, command: ContactCommand, output: Output) -> Result<(), Failure> {
    let (admin, by) = (&context.admin, &context.by());
    match command {
        ContactCommand::Add { customer, name, number } => {
            let added = contact::add(admin, by, customer.clone(), &name, &number).await?;
            output.print(&added, || format!("{} {} is in the phone book of customer {customer}", added.name, added.number))
        }
        ContactCommand::List { customer } => {
            let all = contact::list(admin, by, customer).await?;
            let row = |one: &ContactView| vec![one.name.clone(), one.number.clone()];
            output.print(&all, || table(&["NAME", "NUMBER"], &all.iter().map(row).collect::<Vec<_>>()))
        }
        ContactCommand::Remove { customer, name, number } => {
            let removed = contact::remove(admin, by, customer, name, number.as_deref()).await?;
            output.print(&json!({ "removed": removed }), || format!("{removed} removed"))
        }
        ContactCommand::Import { customer, file } => {
            let bytes = std::fs::read(&file).map_err(|error| Failure::io(&file, &error))?;
            let added = contact::import(admin, by, customer, &bytes).await?;
            output.print(&json!({ "added": added }), || format!("{added} added"))
        }
    }
}
