//! From words to work: which command does what.

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::cli::{BrandsCommand, Cli, Command};
use crate::commands;
use crate::context::Context;
use crate::data::DataDir;
use crate::failure::Failure;
use crate::output::Output;
use crate::{backup, doctor, init, logs, serve};

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let ordinary_log = if matches!(cli.command, Command::Serve) { "info" } else { "error" };
    logs::begin(ordinary_log);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return told(&Failure::refused(format!("cannot start: {error}"))),
    };
    match runtime.block_on(run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => told(&failure),
    }
}

async fn run(cli: Cli) -> Result<(), Failure> {
    #[cfg(feature = "demo")]
    if let Command::Demo { once } = cli.command {
        return crate::demo::run(once).await;
    }
    let (data, output) = (DataDir::of(&cli.common)?, Output::new(cli.common.json));
    match cli.command {
        Command::Init => init::run(&data, output).await,
        Command::Serve => serve::run(data).await,
        Command::Doctor => doctor::run(&data, output).await,
        Command::Backup { file } => backup::backup(&data, &file, output).await,
        Command::Restore { file, key } => backup::restore(&data, &file, key.as_deref(), output).await,
        // Needs no catalogue: it is the way out when one of the operator's files is broken.
        Command::Brands(BrandsCommand::Override(args)) => commands::overriding::run(&data, &args, output),
        command => {
            let context = Context::open(data).await?;
            let done = administer(&context, command, output).await;
            context.close().await;
            done
        }
    }
}

async fn administer(context: &Context, command: Command, output: Output) -> Result<(), Failure> {
    match command {
        Command::Reseller(command) => commands::tenancy::reseller(context, command, output).await,
        Command::Customer(command) => commands::tenancy::customer(context, command, output).await,
        Command::Site(command) => commands::tenancy::site(context, command, output).await,
        Command::Policy(command) => commands::policy::run(context, command, output).await,
        Command::Setting(command) => commands::setting::run(context, command, output).await,
        Command::Device(command) => commands::device::run(context, command, output).await,
        Command::Trunk(command) => commands::trunk::run(context, command, output).await,
        Command::Redirect(command) => commands::redirect::run(context, command, output).await,
        Command::Webhook(command) => commands::webhook::run(context, command, output).await,
        Command::Contact(command) => commands::contact::run(context, command, output).await,
        Command::Trust(command) => commands::trust::run(context, command, output).await,
        Command::GlobalLogin(command) => commands::global_login::run(context, command, output).await,
        Command::Prompt(command) => commands::prompt::run(context, command, output).await,
        Command::Brands(command) => commands::brands::run(context, command, output).await,
        Command::Template(command) => commands::template::run(context, command, output).await,
        Command::Import { file, dry_run, partial } => commands::batch::import(context, &file, dry_run, partial, output).await,
        Command::Export { customer, state } => commands::batch::export(context, customer, state, output).await,
        Command::User(command) => commands::user::run(context, command, output).await,
        Command::Token(command) => commands::token::run(context, command, output).await,
        Command::Audit(command) => commands::audit::run(context, command, output).await,
        #[cfg(feature = "demo")]
        Command::Demo { .. } => Err(Failure::usage("this command is not an administrative one")),
        Command::Init | Command::Serve | Command::Doctor | Command::Backup { .. } | Command::Restore { .. } => {
            Err(Failure::usage("this command is not an administrative one"))
        }
    }
}

/// Help goes to stdout; a wrong command line is told in one line.
fn usage(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand) {
        // A reader that has seen enough is no failure.
        let _ = error.print();
        return if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand { ExitCode::from(2) } else { ExitCode::SUCCESS };
    }
    let text = error.to_string();
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let line: Vec<&str> = paragraph.trim_start_matches("error:").split_whitespace().collect();
    told(&Failure::usage(format!("{}; --help tells more", line.join(" "))))
}

fn told(failure: &Failure) -> ExitCode {
    eprintln!("ringfence: {failure}");
    ExitCode::from(failure.status)
}
