//! `global-login`.

use portal::admin::global_login::{self, GlobalLoginView};
use portal::admin::login_request::{self, RequestView};

use super::or_dash;
use crate::cli::GlobalLoginCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Output, table};

/// `global-login …`
pub async fn run(context: &Context, command: GlobalLoginCommand, output: Output) -> Result<(), Failure> {
    let (admin, by) = (&context.admin, &context.by());
    match command {
        GlobalLoginCommand::Show { reseller } => logins(&global_login::show(admin, by, reseller).await?, output),
        GlobalLoginCommand::Rotate { overlap, reseller } => logins(&global_login::rotate(admin, by, overlap, reseller).await?, output),
        GlobalLoginCommand::Reveal { id } => logins(&login_request::reveal(admin, by, id).await?, output),
        GlobalLoginCommand::Request { reseller, reason } => request(&login_request::add(admin, by, reseller, &reason).await?, output),
        GlobalLoginCommand::Grant { id } => request(&login_request::decide(admin, by, id, true).await?, output),
        GlobalLoginCommand::Decline { id } => request(&login_request::decide(admin, by, id, false).await?, output),
        GlobalLoginCommand::Requests => requests(&login_request::list(admin, by).await?, output),
    }
}

fn logins(all: &[GlobalLoginView], output: Output) -> Result<(), Failure> {
    let row = |one: &GlobalLoginView| {
        vec![one.user.clone(), one.password.clone(), one.valid_until.clone().unwrap_or_else(|| "until rotated".to_owned())]
    };
    output.print(&all, || table(&["USER", "PASSWORD", "VALID UNTIL"], &all.iter().map(row).collect::<Vec<_>>()))
}

fn request(one: &RequestView, output: Output) -> Result<(), Failure> {
    output.print(one, || format!("request {} of {}: {}", one.id, one.requester, one.state))
}

fn requests(all: &[RequestView], output: Output) -> Result<(), Failure> {
    let row = |one: &RequestView| {
        let revealed = or_dash(one.revealed.as_ref());
        vec![one.id.to_string(), one.state.to_owned(), one.requester.clone(), one.asked.clone(), revealed, one.reason.clone()]
    };
    let headings = ["ID", "STATE", "REQUESTER", "ASKED", "REVEALED", "REASON"];
    output.print(&all, || table(&headings, &all.iter().map(row).collect::<Vec<_>>()))
}
