//! Markdown as HTML: raw HTML in it is shown as text, links lead into the portal or to HTTPS, and an address has a button that copies it.

use pulldown_cmark::{Alignment, CowStr, Event, Options, Parser, Tag, TagEnd, html};

use super::assets;
use crate::escape::in_markup;

/// The words of the copy button.
pub(crate) struct Words {
    /// What it does.
    pub copy: String,
    /// That it did.
    pub copied: String,
}

/// A text's title, which is its first line, and the rest.
pub(crate) fn titled(text: &str) -> (&str, &str) {
    match text.trim_start().strip_prefix("# ").and_then(|text| text.split_once('\n')) {
        Some((title, rest)) => (title.trim(), rest),
        None => ("", text),
    }
}

/// The text as HTML that may stand in a page.
pub(crate) fn html(text: &str, words: &Words) -> String {
    let mut written = String::with_capacity(text.len() * 2);
    let mut link_is_ours = Vec::new();
    let events = Parser::new_ext(text, Options::ENABLE_TABLES).flat_map(|event| {
        let events: Vec<Event<'_>> = match event {
            Event::Html(raw) | Event::InlineHtml(raw) => vec![Event::Text(raw)],
            Event::Code(code) if is_address(&code) => {
                let button = button(&code, words);
                vec![Event::Code(code), Event::InlineHtml(button.into())]
            }
            Event::Start(Tag::Link { dest_url, link_type, title, id }) => {
                let ours = leads_well(&dest_url);
                link_is_ours.push(ours);
                if ours { vec![Event::Start(Tag::Link { dest_url, link_type, title, id })] } else { Vec::new() }
            }
            Event::End(TagEnd::Link) => {
                if link_is_ours.pop() == Some(true) {
                    vec![Event::End(TagEnd::Link)]
                } else {
                    Vec::new()
                }
            }
            // A picture would be loaded from elsewhere: its words stay.
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => Vec::new(),
            Event::Start(Tag::Table(columns)) => {
                // A column's side would be an inline style, which the pages' policy forbids.
                let columns = vec![Alignment::None; columns.len()];
                vec![raw(r#"<div class="table">"#), Event::Start(Tag::Table(columns))]
            }
            Event::End(TagEnd::Table) => vec![Event::End(TagEnd::Table), raw("</div>")],
            other => vec![other],
        };
        events
    });
    html::push_html(&mut written, events);
    written
}

fn raw(text: &'static str) -> Event<'static> {
    Event::Html(CowStr::Borrowed(text))
}

/// What somebody copies into a phone or a DHCP server.
fn is_address(code: &str) -> bool {
    let after_scheme = code.split_once("://").map_or(code, |(_, rest)| rest);
    code.contains("/cfg") && !after_scheme.contains('<') && after_scheme.contains('.')
}

fn leads_well(to: &str) -> bool {
    let is_path = to.starts_with('/') && !to.starts_with("//");
    is_path || to.starts_with('#') || to.starts_with("https://")
}

fn button(text: &str, words: &Words) -> String {
    let icon = assets::address("icons.svg").unwrap_or_default();
    format!(
        r#"<button type="button" class="button bare" data-copy="{}" data-copied="{}" aria-label="{}"><svg class="icon" aria-hidden="true"><use href="{icon}#copy"/></svg><span class="unseen" data-told></span></button>"#,
        in_markup(text),
        in_markup(&words.copied),
        in_markup(&words.copy),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        html(text, &Words { copy: "Copy".into(), copied: "Copied".into() })
    }

    #[test]
    fn raw_html_is_text_and_nothing_leads_astray() {
        assert_eq!(shown("a <b onclick=x>b</b>"), "<p>a &lt;b onclick=x&gt;b&lt;/b&gt;</p>\n");
        assert!(!shown("<script>alert(1)</script>\n").contains("<script"));
        for text in
            ["[x](javascript:alert(1))", "[x](//evil.example.net/)", "![x](https://evil.example.net/a.png)", "[x](http://example.com)"]
        {
            assert_eq!(shown(text), "<p>x</p>\n", "{text}");
        }
        assert_eq!(shown("[x](/help)"), "<p><a href=\"/help\">x</a></p>\n");
    }

    #[test]
    fn an_address_can_be_copied_and_another_word_cannot() {
        let address = shown("`https://phones.example.com:8443/cfg/`");
        assert!(
            address.contains(r#"data-copy="https://phones.example.com:8443/cfg/" data-copied="Copied" aria-label="Copy""#),
            "{address}"
        );
        assert!(!shown("`linekey_<n>_type` and `*89`").contains("<button"));
    }

    #[test]
    fn a_table_carries_no_style() {
        let table = shown("| a | b |\n| :- | -: |\n| 1 | 2 |\n");
        assert!(table.contains("<td>2</td>") && !table.contains("style="), "{table}");
    }

    #[test]
    fn a_title_is_the_first_line() {
        assert_eq!(titled("# A title\n\ntext"), ("A title", "\ntext"));
        assert_eq!(titled("text"), ("", "text"));
    }
}
