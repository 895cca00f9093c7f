//! docs/supported.md: what the catalogue knows of each model, as a page. A test compares the committed page with this one.

use std::fmt::Write as _;

use ::brands::{Brand, Model};
use serde::Serialize;

const HEAD: &str = "# Supported phones

Written by `ringfence brands list --markdown` from the catalogue; change `brands/<brand>/brand.toml`, not this page.

| column | meaning |
| --- | --- |
| accounts | lines that the phone can hold |
| screen | it can show the notice itself |
| two-factor | its restricted configuration reaches the voice that asks for the PIN; `no`: it lives by trusted network or suspension |
| hotline | lifting the handset can call that voice |
| login | it sends an HTTP login |
| asks | it asks the person for the login after a 401 |
| renews | its fetches keep a temporary trusted network open |
| TLS | `modern`: 1.2 with today's suites; `legacy`: older |
| poll | the shortest time between two of its own fetches, in seconds |

`unverified`: no document or capture proves it; a switch of the brand or a policy covers both cases. Unverified keys are parameters that the
brand's files name and no public source does; unverified facts are all else.
";

/// The page.
pub fn page(brands: &[Brand]) -> String {
    let mut page = format!("{HEAD}\n| brand | models | unverified keys | unverified facts |\n| --- | --- | --- | --- |\n");
    for brand in brands {
        // Writing into a string cannot fail.
        let (models, keys, facts) = (brand.models().len(), brand.unverified_keys(), brand.unverified_facts());
        let _ = writeln!(page, "| {} (`{}`) | {models} | {keys} | {facts} |", brand.display(), brand.name());
    }
    for brand in brands {
        add(&mut page, brand);
    }
    page
}

fn add(page: &mut String, brand: &Brand) {
    let columns = ["model", "accounts", "screen", "two-factor", "hotline", "login", "asks", "renews", "TLS", "poll"];
    let _ = write!(page, "\n## {}\n\n| {} |\n|{}\n", brand.display(), columns.join(" | "), " --- |".repeat(columns.len()));
    for model in brand.models() {
        let _ = writeln!(page, "| {} |", row(brand, model).join(" | "));
    }
}

fn row(brand: &Brand, model: &Model) -> [String; 10] {
    [
        format!("`{}/{}`", brand.name(), model.name),
        model.accounts.to_string(),
        word(&model.screen),
        word(&model.two_factor),
        word(&model.hotline),
        word(&model.http_auth),
        word(&model.prompts_for_login),
        word(&model.renews_trust),
        word(&model.tls),
        model.shortest_poll_seconds.to_string(),
    ]
}

/// A word as `brands list --json` has it.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
