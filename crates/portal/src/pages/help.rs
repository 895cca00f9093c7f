//! *Help*: how phones are set up, in our own words, with the viewer's real address; and the guide of each brand.

use axum::extract::{Path, State};
use minijinja::{Value, context};
use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::failure::Failure;
use super::form::Query;
use super::language::Language;
use super::markdown::{self, Words};
use super::template::view;
use super::visitor::Visitor;
use crate::App;
use crate::admin::guide::{self, Addresses};

#[derive(RustEmbed)]
#[folder = "help"]
struct Files;

/// Letters around what was found.
const AROUND: usize = 80;

/// What is looked for.
#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
}

/// An article in a list.
#[derive(Serialize)]
struct Entry {
    title: String,
    path: String,
    /// Where what was looked for stands.
    excerpt: Option<String>,
}

/// Articles and guides; those that hold every word that is looked for.
pub(crate) async fn list(State(app): State<App>, visitor: Visitor, Query(asked): Query<Asked>) -> Answer {
    let addresses = guide::addresses(&app.admin, &visitor.by).await?;
    let words: Vec<String> = asked.q.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let found = |title: String, path: String, text: &str| {
        let excerpt = place(text, &words).map(|at| excerpt(text, at));
        holds(&title, text, &words).then_some(Entry { title, path, excerpt })
    };
    let articles = names(visitor.reader.language).into_iter().filter_map(|name| {
        let text = filled(&visitor, &addresses, &article(visitor.reader.language, &name)?);
        let (title, rest) = markdown::titled(&text);
        found(title.to_owned(), format!("/help/{name}"), rest)
    });
    let catalogue = app.admin.catalogue.current();
    let guides = catalogue.brands().iter().filter_map(|brand| {
        let text = addresses.fill_guide(brand.guide());
        let (_, rest) = markdown::titled(&text);
        found(brand.display().to_owned(), format!("/help/brands/{}", brand.name()), rest).filter(|_| !rest.trim().is_empty())
    });
    let (articles, guides): (Vec<Entry>, Vec<Entry>) = (articles.collect(), guides.collect());
    visitor.show("help.html", context! { articles => view(articles), guides => view(guides), q => asked.q })
}

/// One article.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Path(name): Path<String>) -> Answer {
    let text = article(visitor.reader.language, &name).ok_or_else(Failure::not_found)?;
    let addresses = guide::addresses(&app.admin, &visitor.by).await?;
    page(&visitor, &filled(&visitor, &addresses, &text), None)
}

/// The guide of one brand. Guides are written in English alone.
pub(crate) async fn brand(State(app): State<App>, visitor: Visitor, Path(name): Path<String>) -> Answer {
    let catalogue = app.admin.catalogue.current();
    let brand = catalogue.brand(&name).ok_or_else(Failure::not_found)?;
    let addresses = guide::addresses(&app.admin, &visitor.by).await?;
    page(&visitor, &addresses.fill_guide(brand.guide()), Some(&addresses))
}

fn page(visitor: &Visitor, text: &str, of_brand: Option<&Addresses>) -> Answer {
    let words = Words { copy: visitor.say("help-copy"), copied: visitor.say("help-copied") };
    let (title, rest) = markdown::titled(text);
    let body = Value::from_safe_string(markdown::html(rest, &words));
    let url = of_brand.map(|addresses| format!("{}/cfg/", addresses.phones_url));
    let user = of_brand.and_then(|addresses| addresses.global_user);
    visitor.show("help_article.html", context! { title, body, url, user })
}

/// The names of all articles, in their order.
fn names(language: Language) -> Vec<String> {
    let folder = format!("{}/", language.code());
    let mut names: Vec<String> =
        Files::iter().filter_map(|path| Some(path.strip_prefix(&folder)?.strip_suffix(".md")?.to_owned())).collect();
    names.sort();
    names
}

fn article(language: Language, name: &str) -> Option<String> {
    let file = Files::get(&format!("{}/{name}.md", language.code()))?;
    Some(String::from_utf8_lossy(&file.data).into_owned())
}

/// With the viewer's addresses. Who may not ask for the login is told whom to ask.
fn filled(visitor: &Visitor, addresses: &Addresses, text: &str) -> String {
    let user = addresses.global_user.map_or_else(|| visitor.say("help-ask-provider"), |user| format!("`{user}`"));
    text.replace("{{phones_url}}", &addresses.phones_url)
        .replace("{{service_number}}", &addresses.service_number)
        .replace("{{global_user}}", &user)
}

/// Whether all words are in it.
fn holds(title: &str, text: &str, words: &[String]) -> bool {
    let (title, text) = (title.to_lowercase(), text.to_lowercase());
    words.iter().all(|word| title.contains(word) || text.contains(word))
}

/// Where the first of the words stands in the text that is there at all.
fn place(text: &str, words: &[String]) -> Option<usize> {
    let text = text.to_lowercase();
    words.iter().find_map(|word| text.find(word))
}

/// The words around a place, without the marks of Markdown.
fn excerpt(text: &str, at: usize) -> String {
    let (start, end) = (text.floor_char_boundary(at.saturating_sub(AROUND)), text.floor_char_boundary((at + AROUND).min(text.len())));
    let plain: String = text[start..end].chars().filter(|c| !matches!(c, '*' | '`' | '#' | '|' | '[' | ']')).collect();
    format!("… {} …", plain.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_article_is_there_in_both_languages_with_a_title_and_known_places() {
        assert_eq!(names(Language::English), names(Language::German));
        assert_eq!(names(Language::English).len(), 5);
        for (language, name) in Language::ALL.iter().flat_map(|language| names(*language).into_iter().map(|name| (*language, name))) {
            let text = article(language, &name).unwrap();
            assert!(!markdown::titled(&text).0.is_empty(), "{name}");
            let bare = text.replace("{{phones_url}}", "").replace("{{service_number}}", "").replace("{{global_user}}", "");
            assert!(!bare.contains("{{"), "{name}: a place that nothing fills");
            let links = text.split("(/help/").skip(1).map(|rest| rest.split(')').next().unwrap());
            assert!(links.into_iter().all(|to| article(language, to).is_some()), "{name}: a link that leads nowhere");
        }
    }

    #[test]
    fn every_word_must_be_found() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for (text, found) in [("yealink ok", true), ("yealink", true), ("snom", false), ("ok snom", false)] {
            assert_eq!(holds("Yealink", "press OK", &words(text)), found, "{text}");
        }
        assert!(holds("Yealink", "", &[]));
        assert_eq!((place("press OK", &words("yealink ok")), place("press OK", &words("yealink"))), (Some(6), None));
        assert!(excerpt(&"ä".repeat(200), 100).contains("ää"));
    }
}
