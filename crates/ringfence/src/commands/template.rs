//! `template`.

use std::io::Read;

use portal::admin::template::{self, Standing, TemplateChange, TemplateView, Which};
use portal::admin::{Admin, By, Error};
use serde_json::json;
use store::limits::TEMPLATE_BYTES_MAX;

use super::or_dash;
use crate::cli::TemplateCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Output, table};

/// `template …`
pub async fn run(context: &Context, command: TemplateCommand, output: Output) -> Result<(), Failure> {
    let (admin, by) = (&context.admin, &context.by());
    match command {
        TemplateCommand::List { brand, own } => {
            let which = Which { brand: brand.map(|brand| brand.to_ascii_lowercase()), own: own.then_some(true), query: String::new() };
            let all = template::list(admin, by, which).await?;
            output.print(&all, || table(&["BRAND", "FILE", "WHOSE", "MADE FROM", "CHANGED"], &all.iter().map(row).collect::<Vec<_>>()))
        }
        TemplateCommand::Show { brand, file, base } => {
            let found = template::show(admin, by, &brand, &file).await?;
            output.verbatim(&found, if base { &found.base_text } else { &found.text })
        }
        TemplateCommand::Set { brand, file, merged } => {
            let set = set(admin, by, &brand, &file, text_from_stdin()?, merged).await?;
            output.print(&set, || format!("{}/{} is your own now, on every node; phones get it at their next fetch", set.brand, set.file))
        }
        TemplateCommand::Remove { brand, file } => {
            template::remove(admin, by, &brand, &file).await?;
            output.print(&json!({ "removed": format!("{brand}/{file}") }), || format!("{brand}/{file} is the built-in one again"))
        }
    }
}

/// Changes it, or adds it where there is none of one's own.
async fn set(admin: &Admin, by: &By, brand: &str, file: &str, text: String, merged: bool) -> Result<TemplateView, Error> {
    if template::show(admin, by, brand, file).await?.template.own {
        return template::update(admin, by, brand, file, &TemplateChange { text: Some(text), merged }, None).await;
    }
    template::add(admin, by, brand, file, &text).await
}

/// No more than is ever taken: one byte above that is refused with the reason.
fn text_from_stdin() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let most = TEMPLATE_BYTES_MAX as u64 + 1;
    let read = std::io::stdin().lock().take(most).read_to_end(&mut bytes);
    read.map_err(|error| Failure::refused(format!("standard input: {error}")))?;
    if bytes.len() > TEMPLATE_BYTES_MAX {
        return Err(Failure::refused(format!("standard input: at most {TEMPLATE_BYTES_MAX} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| Failure::refused("standard input: no UTF-8 text"))
}

fn row(one: &TemplateView) -> Vec<String> {
    let whose = match one.standing {
        _ if one.problem.is_some() => "yours, not in force",
        Standing::BuiltIn => "built in",
        Standing::Folder => "this node's",
        Standing::Current => "yours",
        Standing::Identical => "yours, identical",
        Standing::Moved => "yours, from an older text",
    };
    let (brand, file) = (one.brand.clone(), one.file.clone());
    vec![brand, file, whose.to_owned(), or_dash(one.based_on.as_ref().map(|base| &base.version)), or_dash(one.updated.as_ref())]
}
