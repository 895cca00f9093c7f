//! No value, whatever it holds, adds a line, an element or a key, in any brand's files; what is written reads back as it was.

use brands::{Body, Brand, Door, Entry, FileKind, Model, Notice, RenderError, RestrictedAccount};
use domain::Secret;
use domain::settings::{Layer, Line, Resolved, Settings, Transport};
use proptest::prelude::*;

use crate::cast::one_of_each_kind;
use crate::support::{CATALOGUE, carrier_of, full, line, order_of, text};
use crate::texts::{any_line, breaks, kept, same_shape, value};

fn keys(brand: &Brand, bytes: &[u8]) -> Vec<String> {
    CATALOGUE.parse(brand, bytes).unwrap().in_order.into_iter().map(|(key, _)| key).collect()
}

/// One line in one model's file: refused by name, or read back as it was and nothing besides.
fn reads_back(brand: &Brand, model: &Model, line: &Line) -> Result<(), TestCaseError> {
    let (settings, lines) = (Resolved::default(), [line.clone()]);
    let texts = [Some(&line.user), line.auth_user.as_ref(), Some(&line.server), line.extension.as_ref(), line.name.as_ref()];
    // A break at a text's end is trimmed off with the blanks there; a secret is never trimmed.
    let broken = texts.into_iter().flatten().any(|text| breaks(text.trim())) || breaks(line.password.expose());
    let rendered = match CATALOGUE.render(&carrier_of(brand, model, None, full(&lines, &settings))) {
        Err(error) => {
            let said = error.to_string();
            prop_assert!(
                matches!(error, RenderError::Value { .. }) && said.starts_with("line 1"),
                "{}/{} {}",
                brand.name(),
                model.name,
                said
            );
            return Ok(());
        }
        Ok(rendered) => rendered,
    };
    prop_assert!(!broken, "{}/{}: a line break got through", brand.name(), model.name);
    let plain = [same_shape(line)];
    let expected = CATALOGUE.render(&carrier_of(brand, model, None, full(&plain, &settings))).unwrap();
    prop_assert_eq!(keys(brand, &rendered.bytes), keys(brand, &expected.bytes), "{}/{}", brand.name(), model.name);
    let parsed = CATALOGUE.parse(brand, &rendered.bytes).unwrap();
    let Some(account) = parsed.accounts.first() else { return Ok(()) };
    let user = kept(Some(&line.user));
    prop_assert_eq!(&account.user, &user, "{}/{}", brand.name(), model.name);
    let password = account.password.as_ref().map(|password| password.expose().as_str());
    prop_assert_eq!(password, Some(line.password.expose().as_str()), "{}/{}", brand.name(), model.name);
    if line.port.is_none() || account.port.is_some() {
        prop_assert_eq!(&account.server, &kept(Some(&line.server)), "{}/{}", brand.name(), model.name);
    }
    Ok(())
}

fn book(brand: &'static Brand, model: &'static Model, entries: &[Entry]) -> Result<Vec<u8>, RenderError> {
    let body = Body::Phonebook { title: "Company", entries };
    CATALOGUE.render(&order_of(brand, model, None, FileKind::Phonebook, body)).map(|rendered| rendered.bytes)
}

#[test]
fn who_cannot_be_carried_is_left_out_of_the_phone_book_and_nobody_else() {
    let entry = |name: &str, number: &str| Entry { name: name.to_owned(), number: number.to_owned() };
    let entries = [entry("Ann", "1"), entry("%EMPTY%", "2"), entry("\u{2028}", "3"), entry("Bo\nb", "4"), entry("Carl", "")];
    let told = |model: &str| {
        let (brand, model) = CATALOGUE.model(model).unwrap();
        text(&order_of(brand, model, None, FileKind::Phonebook, Body::Phonebook { title: "Our\u{2029} book", entries: &entries }))
    };
    let book = told("yealink/T46S");
    let names: Vec<_> = book.lines().filter_map(|line| line.trim().strip_prefix("<Name>")?.strip_suffix("</Name>")).collect();
    assert_eq!(names, ["Ann", "EMPTY%", "Bob"]);
    assert!(told("snom/D385").contains("Our book"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn lines_read_back_as_they_were_or_are_refused(line in any_line()) {
        for (brand, model) in one_of_each_kind() {
            reads_back(brand, model, &line)?;
        }
    }

    #[test]
    fn settings_add_no_key(value in value(), raw in value()) {
        for (brand, model) in one_of_each_kind() {
            let (samples, _) = brand.sample_settings();
            let free: Vec<_> = samples.iter().filter(|(_, sample)| *sample == "x").map(|(key, _)| key.clone()).collect();
            let layer = |value: &str| -> Settings {
                let mut layer: Settings = free.iter().map(|key| (key.clone(), value.to_owned())).collect();
                layer.insert(format!("raw.{}.Some_parameter", brand.name()), raw.clone());
                layer
            };
            let (odd, plain) = (layer(&value), layer(if value.trim().is_empty() { "" } else { "plain" }));
            let resolved = |layer: &Settings| Resolved::from_layers([(Layer::Site, layer)]);
            let (odd, plain) = (resolved(&odd), resolved(&plain));
            let Ok(rendered) = CATALOGUE.render(&carrier_of(brand, model, None, full(&[], &odd))) else { continue };
            prop_assert!(!breaks(value.trim()) || free.is_empty(), "{}/{}", brand.name(), model.name);
            let expected = CATALOGUE.render(&carrier_of(brand, model, None, full(&[], &plain))).unwrap();
            prop_assert_eq!(keys(brand, &rendered.bytes), keys(brand, &expected.bytes), "{}/{}", brand.name(), model.name);
        }
    }

    #[test]
    fn a_restricted_file_holds_nothing_of_the_device(user in "[a-z0-9]{4,20}", password in "[A-Za-z0-9]{8,24}") {
        for (brand, model) in one_of_each_kind() {
            // Rendered before with secrets: nothing of them may stay behind in what is kept between files.
            let named = Line { name: Some("Front desk secret".into()), extension: Some("73519".into()), ..line("secret-user") };
            let settings = Resolved::default();
            let before = text(&carrier_of(brand, model, None, full(std::slice::from_ref(&named), &settings)));
            prop_assert!(before.contains("secret-user"), "{}/{}", brand.name(), model.name);
            let secret = Secret::new(password.clone());
            let account = RestrictedAccount { user: &user, password: &secret, server: "phones.example.com", port: 5060, transport: Transport::Udp };
            let door = Door { url: "https://phones.example.com/cfg/d/x/", user: &user, password: &secret, poll_seconds: 60, file_key: None };
            let numbers = ["112".to_owned()];
            let body = Body::Restricted { notice: Notice::Needed, account, service_number: "*89", emergency_numbers: &numbers, door, language: "en" };
            let file = text(&carrier_of(brand, model, None, body));
            for hidden in ["secret", "73519", "line-password", "pbx.example.com"] {
                prop_assert!(!file.contains(hidden), "{}/{}: {}", brand.name(), model.name, hidden);
            }
            prop_assert!(file.contains(&user) && file.contains(&password));
        }
    }

    #[test]
    fn a_phone_book_is_as_long_as_its_entries(name in value(), number in "[0-9*#+]{1,12}") {
        for (brand, model) in one_of_each_kind() {
            let entries = |name: &str| [Entry { name: name.to_owned(), number: number.clone() }, Entry { name: "Plain".into(), number: "1".into() }];
            let marks = |bytes: &[u8]| bytes.iter().filter(|byte| matches!(byte, b'<' | b'\n')).count();
            let (odd, plain) = match (book(brand, model, &entries(&name)), book(brand, model, &entries("plain"))) {
                (Err(RenderError::NoSuchFile { .. }), _) => continue,
                (odd, plain) => (marks(&odd.unwrap()), marks(&plain.unwrap())),
            };
            // Of an odd name something is left, or that person is left out and nobody else.
            let without = marks(&book(brand, model, &entries("plain")[1..]).unwrap());
            prop_assert!(odd == plain || odd == without && !name.chars().any(char::is_alphanumeric), "{}: {name:?}", brand.name());
        }
    }

    #[test]
    fn no_file_is_too_odd_to_be_read(bytes in prop::collection::vec(any::<u8>(), 0..200), lines in "(\\PC{0,20}(=|\n|<|>|\"|exit)){0,20}") {
        for brand in CATALOGUE.brands() {
            for file in [&bytes[..], lines.as_bytes()] {
                // What is told of a file's parameters stands in it, under a name.
                if let Ok(parsed) = CATALOGUE.parse(brand, file) {
                    let named = |key: &String| !key.is_empty() && parsed.in_order.iter().any(|(told, _)| told == key);
                    prop_assert!(parsed.parameters.keys().all(named), "{}", brand.name());
                }
            }
        }
    }
}
