//! `brands`.

mod supported;

use std::io::Read;

use portal::admin::brands::{self, Preview, RenderedView};

use super::overriding;
use crate::cli::BrandsCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Output, table};

/// More than the largest file that the catalogue reads back.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// `brands …`
pub async fn run(context: &Context, command: BrandsCommand, output: Output) -> Result<(), Failure> {
    match command {
        BrandsCommand::List { markdown: true } => output.print(&(), || supported::page(context.admin.catalogue.current().brands())),
        BrandsCommand::List { markdown: false } => list(context, output),
        BrandsCommand::Render { mac, file, restricted, why } => {
            let preview = Preview { file, restricted, why };
            let rendered = brands::render(&context.admin, &context.by(), &mac, preview).await?;
            output.print(&rendered, || words(&rendered))
        }
        BrandsCommand::Override(args) => overriding::run(&context.data, &args, output),
        BrandsCommand::Parse { file, brand } => {
            let mut bytes = Vec::new();
            let read = std::fs::File::open(&file).and_then(|opened| opened.take(FILE_BYTES_MAX).read_to_end(&mut bytes));
            read.map_err(|error| Failure::io(&file, &error))?;
            let parsed = brands::parse(&context.admin.catalogue.current(), &brand, &bytes)?;
            // What a file tells is a tree: JSON is its plainest form for people, too.
            output.print(&parsed, || serde_json::to_string_pretty(&parsed).unwrap_or_default())
        }
    }
}

fn list(context: &Context, output: Output) -> Result<(), Failure> {
    let catalogue = context.admin.catalogue.current();
    let all = catalogue.brands();
    output.print(&all, || {
        let models = all.iter().flat_map(|brand| {
            brand.models().iter().map(|model| vec![format!("{}/{}", brand.name(), model.name), model.accounts.to_string()])
        });
        let brands = all.iter().map(|brand| {
            let counts = [brand.models().len(), brand.unverified_keys(), brand.unverified_facts()].map(|count| count.to_string());
            [vec![brand.name().to_owned()], counts.to_vec()].concat()
        });
        let (models, brands) = (models.collect::<Vec<_>>(), brands.collect::<Vec<_>>());
        format!(
            "{}\n\n{}",
            table(&["MODEL", "ACCOUNTS"], &models),
            table(&["BRAND", "MODELS", "UNVERIFIED KEYS", "UNVERIFIED FACTS"], &brands)
        )
    })
}

fn words(rendered: &RenderedView) -> String {
    match (&rendered.text, &rendered.lines) {
        (Some(text), _) => text.clone(),
        (None, lines) => {
            let rows = lines.iter().flatten().map(|line| vec![line.source.clone(), line.text.clone()]);
            table(&["FROM", "LINE"], &rows.collect::<Vec<_>>())
        }
    }
}
