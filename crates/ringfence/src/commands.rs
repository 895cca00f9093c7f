//! Administrative commands: each calls one act of `portal::admin` and prints what it gives back.

pub mod audit;
pub mod batch;
pub mod brands;
pub mod device;
pub mod global_login;
pub mod policy;
pub mod tenancy;
pub mod token;
pub mod trust;

use portal::admin::tree::NodeNames;

use crate::cli::NodeArgs;

fn node_names(args: NodeArgs) -> NodeNames {
    NodeNames { reseller: args.reseller, customer: args.customer, site: args.site }
}

/// A cell for something that may be absent.
fn or_dash(text: Option<&String>) -> String {
    text.filter(|text| !text.is_empty()).cloned().unwrap_or_else(|| "-".to_owned())
}
