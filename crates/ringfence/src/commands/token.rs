//! `token`.

use portal::admin::token::{self, NewToken, TokenView};
use serde_json::json;

use super::{node_names, or_dash};
use crate::cli::TokenCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Output, table};

/// `token …`
pub async fn run(context: &Context, command: TokenCommand, output: Output) -> Result<(), Failure> {
    let (admin, by) = (&context.admin, &context.by());
    match command {
        TokenCommand::Create { role, node, label, expires } => {
            let made = token::create(admin, by, NewToken { role, at: node_names(node), label, lasts: expires }).await?;
            output.print(&json!({ "token": made.expose() }), || made.expose().clone())
        }
        TokenCommand::List => {
            let all = token::list(admin, by).await?;
            let row = |one: &TokenView| {
                let (expires, last_used) = (or_dash(one.expires.as_ref()), or_dash(one.last_used.as_ref()));
                vec![one.id.clone(), one.role.to_owned(), one.scope.clone(), one.label.clone(), expires, last_used]
            };
            let headings = ["ID", "ROLE", "SCOPE", "LABEL", "EXPIRES", "LAST USED"];
            output.print(&all, || table(&headings, &all.iter().map(row).collect::<Vec<_>>()))
        }
        TokenCommand::Revoke { id } => {
            token::revoke(admin, by, &id).await?;
            output.print(&json!({ "revoked": id }), || format!("revoked {id}"))
        }
    }
}
