//! `global-login`.

use portal::admin::global_login::{self, GlobalLoginView};

use crate::cli::GlobalLoginCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Output, table};

/// `global-login …`
pub async fn run(context: &Context, command: GlobalLoginCommand, output: Output) -> Result<(), Failure> {
    let (admin, by) = (&context.admin, &context.by());
    let all = match command {
        GlobalLoginCommand::Show { reseller } => global_login::show(admin, by, reseller).await?,
        GlobalLoginCommand::Rotate { overlap, reseller } => global_login::rotate(admin, by, overlap, reseller).await?,
    };
    let row = |one: &GlobalLoginView| {
        vec![one.user.clone(), one.password.clone(), one.valid_until.clone().unwrap_or_else(|| "until rotated".to_owned())]
    };
    output.print(&all, || table(&["USER", "PASSWORD", "VALID UNTIL"], &all.iter().map(row).collect::<Vec<_>>()))
}
