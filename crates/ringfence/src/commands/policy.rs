//! `policy`.

use domain::policy::DEFAULTS;
use portal::admin::policy::{self, PolicyView};

use super::node_names;
use crate::cli::PolicyCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Output, table};

/// `policy …`
pub async fn run(context: &Context, command: PolicyCommand, output: Output) -> Result<(), Failure> {
    let view = match command {
        PolicyCommand::Show { node } => policy::show(&context.admin, &context.by(), node_names(node)).await?,
        PolicyCommand::Set { node, entries, lives_by_trust } => {
            policy::set(&context.admin, &context.by(), node_names(node), entries, lives_by_trust).await?
        }
    };
    output.print(&view, || words(&view))
}

fn words(view: &PolicyView) -> String {
    let row = |(key, _): &(&str, &str)| {
        let entry = view.get(*key)?;
        let source = entry.inherited_from.clone().unwrap_or_else(|| "here".to_owned());
        Some(vec![(*key).to_owned(), entry.value.clone(), source])
    };
    table(&["KEY", "VALUE", "FROM"], &DEFAULTS.iter().filter_map(row).collect::<Vec<_>>())
}
