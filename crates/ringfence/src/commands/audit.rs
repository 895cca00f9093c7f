//! `audit`.

use portal::admin::audit::{self, AuditView};

use crate::cli::AuditCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Output, table};

/// `audit …`
pub async fn run(context: &Context, command: AuditCommand, output: Output) -> Result<(), Failure> {
    let (admin, by) = (&context.admin, &context.by());
    match command {
        AuditCommand::List { limit } => {
            let all = audit::list(admin, by, limit as usize).await?;
            let row =
                |one: &AuditView| [&one.time, &one.actor, &one.action, &one.subject, &one.detail, &one.scope].map(Clone::clone).to_vec();
            let headings = ["TIME", "ACTOR", "ACTION", "SUBJECT", "DETAIL", "SCOPE"];
            output.print(&all, || table(&headings, &all.iter().map(row).collect::<Vec<_>>()))
        }
        AuditCommand::Verify => {
            let verdict = audit::verify(admin, by).await?;
            output.print(&verdict, || match verdict.entries {
                Some(entries) => format!("{entries} entries, none changed or removed"),
                None => format!("entry {} does not fit", verdict.broken_at.unwrap_or_default()),
            })?;
            if verdict.whole {
                return Ok(());
            }
            Err(Failure::refused("the audit was changed after it was written: compare it with a backup"))
        }
    }
}
