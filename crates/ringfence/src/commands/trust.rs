//! `trust`.

use portal::admin::trust::{self, NewTrust, TrustView};
use serde_json::json;

use super::or_dash;
use crate::cli::TrustCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Output, table};

/// `trust …`
pub async fn run(context: &Context, command: TrustCommand, output: Output) -> Result<(), Failure> {
    let (admin, by) = (&context.admin, &context.by());
    match command {
        TrustCommand::Add { customer, cidr, force, label } => {
            let added = trust::add(admin, by, NewTrust { customer: customer.clone(), network: cidr, force, label }).await?;
            output.print(&added, || format!("{} is trusted for customer {customer}", added.network))
        }
        TrustCommand::List { customer } => {
            let all = trust::list(admin, by, customer).await?;
            let row = |one: &TrustView| {
                let (ends, opened_by) = (or_dash(one.ends.as_ref()), or_dash(one.opened_by.as_ref()));
                vec![one.network.clone(), one.kind.to_owned(), ends, opened_by, one.label.clone()]
            };
            output.print(&all, || table(&["NETWORK", "KIND", "ENDS", "OPENED BY", "LABEL"], &all.iter().map(row).collect::<Vec<_>>()))
        }
        TrustCommand::Remove { customer, cidr } => {
            trust::remove(admin, by, customer, &cidr).await?;
            output.print(&json!({ "removed": cidr }), || format!("{cidr} is trusted no longer"))
        }
        TrustCommand::Close { customer, address } => {
            trust::close(admin, by, customer, &address).await?;
            output.print(&json!({ "closed": address }), || format!("the window of {address} is closed"))
        }
    }
}
