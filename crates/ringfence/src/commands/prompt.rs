//! `prompt`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use portal::admin::prompt::{self, LanguageView, PromptView};
use prompts::limits::WAV_BYTES_MAX;
use serde_json::json;

use super::or_dash;
use crate::cli::PromptCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Output, table};

/// `prompt …`
pub async fn run(context: &Context, command: PromptCommand, output: Output) -> Result<(), Failure> {
    let (admin, by) = (&context.admin, &context.by());
    match command {
        PromptCommand::List { language } => {
            let all = prompt::list(admin, by, language.as_deref()).await?;
            output.print(&all, || table(&["LANGUAGE", "NAME", "SECONDS", "OWN", "SAYS"], &all.iter().map(row).collect::<Vec<_>>()))
        }
        PromptCommand::Set { language, name, file } => {
            let set = prompt::set(admin, by, &language, &name, bytes_of(&file)?).await?;
            output.print(&set, || format!("{}/{} is your recording of {} seconds", set.language, set.name, seconds(&set)))
        }
        PromptCommand::Remove { language, name } => {
            prompt::remove(admin, by, &language, &name).await?;
            output.print(&json!({ "removed": format!("{language}/{name}") }), || format!("{language}/{name} is ours again"))
        }
        PromptCommand::Export { language, dir } => {
            let files = prompt::export(admin, by, &language).await?;
            std::fs::create_dir_all(&dir).map_err(|error| Failure::io(&dir, &error))?;
            for (name, wav) in &files {
                let path = dir.join(format!("{name}.wav"));
                std::fs::write(&path, wav).map_err(|error| Failure::io(&path, &error))?;
            }
            output.print(&json!({ "exported": files.len() }), || format!("{} recordings are in {}", files.len(), dir.display()))
        }
        PromptCommand::Language { language } => {
            let view = match language {
                Some(language) => prompt::set_language(admin, by, &language).await?,
                None => prompt::language(admin, by).await?,
            };
            output.print(&view, || told(&view))
        }
    }
}

/// A file, and no more of it than is ever taken: one byte above that is refused with the reason.
fn bytes_of(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| Failure::io(path, &error))?;
    file.take(WAV_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(|error| Failure::io(path, &error))?;
    Ok(bytes)
}

fn row(one: &PromptView) -> Vec<String> {
    let own = one.set_at.as_ref().filter(|_| one.own);
    vec![one.language.clone(), one.name.clone(), seconds(one), or_dash(own), or_dash(one.text.as_ref())]
}

fn seconds(one: &PromptView) -> String {
    format!("{}.{}", one.milliseconds / 1000, one.milliseconds % 1000 / 100)
}

fn told(view: &LanguageView) -> String {
    let voice = if view.spoken { "" } else { "; there is no voice for it, so English is spoken" };
    format!("{}{voice}", view.language)
}
