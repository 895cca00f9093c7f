//! Measures Ringfence against bare references, in turn and in one run, because only ratios hold on a shared machine.
//!
//! ```text
//! bench run [--json]                               all rows, as a table or as JSON; what each round gave, on stderr
//! bench row NAME                                   one row, named by a part of its name
//! bench references                                 what the bare servers alone do here, answers per second
//! bench reference BODY [CERTIFICATE KEY]           a bare server; prints its address and answers until it is ended
//! bench fixed BODY CERTIFICATE KEY                 the gate's listener with one answer
//! ```
//!
//! The pieces and how to use each are in the library beside this file.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use bench::certificate::Certificate;
use bench::reference::Reference;
use bench::{fixed, measure, rows, table};
use bytes::Bytes;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made at start");
    let done = match arguments.as_slice() {
        ["references"] => runtime.block_on(measure::references()),
        ["reference", body] => runtime.block_on(serve_reference(body, None)),
        ["reference", body, certificate, key] => {
            let certificate = Certificate { certificate: certificate.into(), key: key.into() };
            runtime.block_on(serve_reference(body, Some(&certificate)))
        }
        ["fixed", body, certificate, key] => {
            let certificate = Certificate { certificate: certificate.into(), key: key.into() };
            runtime.block_on(fixed::serve(Path::new(body), &certificate))
        }
        ["run"] => runtime.block_on(run("", false)),
        ["run", "--json"] => runtime.block_on(run("", true)),
        ["row", name] => runtime.block_on(run(name, false)),
        _ => {
            eprintln!("usage: bench run [--json] | bench row NAME | bench references | bench reference BODY [CERTIFICATE KEY]");
            return ExitCode::from(2);
        }
    };
    done.map_or_else(
        |error| {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

/// Measures and prints. A row below its floor is printed like the others; the table says so.
async fn run(name: &str, json: bool) -> Result<()> {
    let measured = rows::measure(name).await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&measured)?);
    } else {
        println!("{}", table::markdown(&measured));
    }
    Ok(())
}

/// A bare server in this process, until it is ended from outside.
async fn serve_reference(body: &str, certificate: Option<&Certificate>) -> Result<()> {
    let body = std::fs::read(Path::new(body)).with_context(|| format!("reading the body {body}"))?;
    let tls = certificate.map(Certificate::server).transpose()?;
    let server = Reference::bind(Bytes::from(body), tls).await?;
    println!("{}", server.address()?);
    server.serve().await;
    Ok(())
}
