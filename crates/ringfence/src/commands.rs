//! Administrative commands: each calls one act of `portal::admin` and prints what it gives back.

pub mod audit;
pub mod batch;
pub mod brands;
pub mod contact;
pub mod device;
pub mod global_login;
pub mod overriding;
pub mod policy;
pub mod prompt;
pub mod redirect;
pub mod setting;
pub mod template;
pub mod tenancy;
pub mod token;
pub mod trunk;
pub mod trust;
pub mod user;
pub mod webhook;

use std::collections::BTreeMap;
use std::io::Read;

use domain::Secret;
use portal::admin::tree::NodeNames;

use crate::cli::NodeArgs;
use crate::failure::Failure;

/// More than any password that a phone or trunk can carry.
const PASSWORD_BYTES_MAX: u64 = 1024;

/// More than all fields of an account at a redirect service.
const FIELDS_BYTES_MAX: u64 = 16 * 1024;

fn node_names(args: NodeArgs) -> NodeNames {
    NodeNames { reseller: args.reseller, customer: args.customer, site: args.site }
}

/// A cell for something that may be absent.
fn or_dash(text: Option<&String>) -> String {
    text.filter(|text| !text.is_empty()).cloned().unwrap_or_else(|| "-".to_owned())
}

/// One line; its end does not belong to the password.
fn password_from_stdin() -> Result<Secret<String>, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(PASSWORD_BYTES_MAX).read_to_string(&mut text);
    read.map_err(|error| Failure::refused(format!("standard input: {error}")))?;
    Ok(Secret::from(text.trim_end_matches(['\r', '\n'])))
}

/// Fields by name: one JSON object of texts, or lines `FIELD=VALUE`.
fn secrets_from_stdin() -> Result<BTreeMap<String, Secret<String>>, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(FIELDS_BYTES_MAX).read_to_string(&mut text);
    read.map_err(|error| Failure::refused(format!("standard input: {error}")))?;
    // What a parser says of a wrong value may quote it.
    let wrong = || Failure::usage("standard input: one JSON object of texts, or a line FIELD=VALUE for each field");
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(&text).map_err(|_| wrong());
    }
    let field = |line: &str| line.split_once('=').map(|(name, value)| (name.trim().to_owned(), Secret::from(value)));
    text.lines().filter(|line| !line.trim().is_empty()).map(|line| field(line).ok_or_else(wrong)).collect()
}
