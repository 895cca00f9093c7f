//! Measures Ringfence against bare references, in turn and in one run, because only ratios hold on a shared machine.
//!
//! ```text
//! bench references                                 what the bare servers alone do here, answers per second
//! bench reference BODY [CERTIFICATE KEY]           a bare server; prints its address and answers until it is ended
//! ```
//!
//! The pieces and how to use each are in the library beside this file.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use bench::certificate::Certificate;
use bench::measure;
use bench::reference::Reference;
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
        _ => {
            eprintln!("usage: bench references | bench reference BODY [CERTIFICATE KEY]");
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

/// A bare server in this process, until it is ended from outside.
async fn serve_reference(body: &str, certificate: Option<&Certificate>) -> Result<()> {
    let body = std::fs::read(Path::new(body)).with_context(|| format!("reading the body {body}"))?;
    let tls = certificate.map(Certificate::server).transpose()?;
    let server = Reference::bind(Bytes::from(body), tls).await?;
    println!("{}", server.address()?);
    server.serve().await;
    Ok(())
}
