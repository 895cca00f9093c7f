//! The way to factory state, found in a brand's guide.

/// The paragraph that tells it, its bullets apart.
pub(super) fn factory_reset(guide: &str) -> Vec<String> {
    let all: Vec<&str> = guide.split("\n\n").map(str::trim).collect();
    let tells = |text: &&&str| {
        let text = text.trim_start_matches('*').to_lowercase();
        text.starts_with("reset a used") || text.starts_with("factory reset:")
    };
    let headed = || all.iter().position(|text| *text == "## Factory reset").and_then(|at| all.get(at + 1));
    let inside = || all.iter().find(|text| text.contains("Factory reset:"));
    all.iter().find(tells).or_else(headed).or_else(inside).map(|text| items(text)).unwrap_or_default()
}

fn items(text: &str) -> Vec<String> {
    let mut items: Vec<String> = vec![String::new()];
    for line in text.lines() {
        let bullet = line.strip_prefix("- ").or_else(|| line.strip_prefix("* "));
        match (bullet, items.last_mut()) {
            (Some(bullet), _) => items.push(bullet.to_owned()),
            (None, Some(last)) if !last.is_empty() => {
                last.push(' ');
                last.push_str(line.trim());
            }
            (None, _) => items.push(line.trim().to_owned()),
        }
    }
    items.into_iter().map(|item| item.replace("**", "").replace('`', "")).filter(|item| !item.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use ::brands::Catalogue;

    use super::*;

    #[test]
    fn every_guide_says_how_to_reset_or_that_nobody_knows() {
        let catalogue = Catalogue::embedded();
        for brand in catalogue.brands() {
            let steps = factory_reset(brand.guide());
            assert!(!steps.is_empty(), "{}", brand.name());
            assert!(steps.concat().to_lowercase().contains("reset"), "{}: {steps:?}", brand.name());
        }
        let yealink = factory_reset(catalogue.brand("yealink").unwrap().guide());
        assert!(yealink[0].contains("hold OK"), "{yealink:?}");
    }

    #[test]
    fn bullets_stand_apart() {
        let guide =
            "# X\n\n## First contact\n\nReset a used phone. A file\nsets little.\n- **With** a display: `menu`.\n- Without\n  one: pull.\n";
        assert_eq!(factory_reset(guide), ["Reset a used phone. A file sets little.", "With a display: menu.", "Without one: pull."]);
        assert_eq!(factory_reset("# X\n\nNothing here."), Vec::<String>::new());
    }
}
