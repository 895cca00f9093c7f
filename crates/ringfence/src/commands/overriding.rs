//! `brands override`.

use serde_json::json;

use super::or_dash;
use crate::cli::OverrideArgs;
use crate::data::DataDir;
use crate::failure::Failure;
use crate::output::{Output, table};
use crate::overrides::{self, BrandFile, Standing};

/// `brands override …`
pub fn run(data: &DataDir, args: &OverrideArgs, output: Output) -> Result<(), Failure> {
    data.config()?;
    let brand = args.brand.to_ascii_lowercase();
    let Some(file) = &args.file else { return list(&overrides::of_brand(data, &brand)?, output) };
    let path = data.brands_folder().join(&brand).join(file);
    if args.print {
        let text = overrides::built_in(&brand, file)?;
        return output.print(&json!({ "brand": brand, "file": file, "text": text }), || text.clone());
    }
    let base = if args.merged { overrides::merged(data, &brand, file)? } else { overrides::copy(data, &brand, file)? };
    let made = json!({ "brand": brand, "file": file, "path": path, "base": base });
    output.print(&made, || {
        let path = path.display();
        if args.merged {
            return format!("noted: {path} holds what version {} has built in", base.version);
        }
        format!("{path} stands in the place of the built-in file; change it, then start the server anew")
    })
}

fn list(files: &[BrandFile], output: Output) -> Result<(), Failure> {
    let row = |one: &BrandFile| {
        let standing = match one.standing {
            Standing::BuiltIn => "built in",
            Standing::Current => "yours",
            Standing::Identical => "yours, identical",
            Standing::Moved => "yours, from an older text",
            Standing::NoRecord => "yours, from an unknown text",
        };
        vec![one.file.clone(), standing.to_owned(), or_dash(one.base.as_ref().map(|base| &base.version))]
    };
    output.print(&files, || table(&["FILE", "WHOSE", "MADE FROM"], &files.iter().map(row).collect::<Vec<_>>()))
}
