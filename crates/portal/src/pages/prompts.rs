//! *Operations › Prompts*: what the voice says, ours and the operator's own recordings.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::response::IntoResponse;
use domain::role::Action;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use minijinja::context;
use serde::Deserialize;

use super::answer::{Answer, back, see_other};
use super::ask::{Answered, Question};
use super::form::{Posted, Query};
use super::template::view;
use super::upload::Upload;
use super::visitor::Visitor;
use super::wrong::Wrong;
use crate::App;
use crate::admin::prompt::{self, PromptView};

const PAGE: &str = "/operations/prompts";

/// Which language.
#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    language: String,
}

/// What was typed beside a file.
#[derive(Default)]
struct Typed<'a> {
    language: &'a str,
    name: &'a str,
}

/// The recordings in force of one language.
pub(crate) async fn list(State(app): State<App>, visitor: Visitor, Query(asked): Query<Asked>) -> Answer {
    page(&app, &visitor, StatusCode::OK, &asked.language, &Typed::default(), None).await
}

async fn page(app: &App, visitor: &Visitor, status: StatusCode, wanted: &str, typed: &Typed<'_>, wrong: Option<Wrong>) -> Answer {
    let all = prompt::list(&app.admin, &visitor.by, None).await?;
    let languages: BTreeSet<String> = all.iter().map(|prompt| prompt.language.clone()).collect();
    let names: BTreeSet<String> = all.iter().map(|prompt| prompt.name.clone()).collect();
    let spoken = prompt::language(&app.admin, &visitor.by).await?;
    let known = |language: &str| languages.contains(language);
    let wanted = [wanted, spoken.language.as_str()].into_iter().find(|language| known(language)).unwrap_or("en");
    let rows: Vec<PromptView> = all.iter().filter(|prompt| prompt.language == wanted).cloned().collect();
    let typed = Typed { language: if typed.language.is_empty() { wanted } else { typed.language }, name: typed.name };
    let context = context! {
        rows => view(rows), language => wanted, spoken => view(spoken.clone()), wrong => view(wrong),
        languages => languages.into_iter().collect::<Vec<_>>(), names => names.into_iter().collect::<Vec<_>>(),
        typed => context! { language => typed.language, name => typed.name },
    };
    visitor.show_as(status, "prompts.html", context)
}

/// Takes a recording.
pub(crate) async fn upload(State(app): State<App>, visitor: Visitor, form: Upload) -> Answer {
    let field = |name: &str| form.fields.get(name).map(|value| value.trim().to_owned()).unwrap_or_default();
    let (language, name) = (field("language"), field("name"));
    match prompt::set(&app.admin, &visitor.by, &language, &name, form.file).await {
        Ok(set) => Ok(back(&format!("{PAGE}?language={}", set.language), "prompt-set")),
        Err(error) => {
            let typed = Typed { language: &language, name: &name };
            page(&app, &visitor, StatusCode::UNPROCESSABLE_ENTITY, &language, &typed, Some(visitor.wrong(error, &[])?)).await
        }
    }
}

/// A recording to listen to.
pub(crate) async fn sound(State(app): State<App>, visitor: Visitor, Path((language, name)): Path<(String, String)>) -> Answer {
    let wav = prompt::load(&app.admin, &visitor.by, &language, &name).await?;
    Ok(([(CONTENT_TYPE, "audio/wav")], wav).into_response())
}

/// The question before one's own recording is removed.
pub(crate) async fn ask(State(app): State<App>, visitor: Visitor, Path((language, name)): Path<(String, String)>) -> Answer {
    let all = prompt::list(&app.admin, &visitor.by, Some(&language)).await?;
    let found = all.into_iter().find(|prompt| prompt.name == name && prompt.own);
    let found = found.ok_or_else(|| crate::admin::Error::NotFound("a recording of your own".into()))?;
    let (title, effects) = (visitor.say("prompt-remove-title"), vec![visitor.say("prompt-remove-effect")]);
    let about = format!("{}/{}", found.language, found.name);
    let (action, to) = (format!("{PAGE}/{about}/remove"), format!("{PAGE}?language={}", found.language));
    visitor.ask(Action::OperatePlatform, &Question { title, about: &about, effects, action, fields: Vec::new(), back: &to })
}

/// Removes it; ours is heard again.
pub(crate) async fn remove(
    State(app): State<App>,
    visitor: Visitor,
    Path((language, name)): Path<(String, String)>,
    Posted(form): Posted<Answered>,
) -> Answer {
    let to = format!("{PAGE}?language={language}");
    if !form.yes() {
        return Ok(see_other(&to));
    }
    prompt::remove(&app.admin, &visitor.by, &language, &name).await?;
    Ok(back(&to, "prompt-removed"))
}
