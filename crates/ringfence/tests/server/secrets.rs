//! Secrets stay out of what is logged and kept in the open, at every level of logging.
//!
//! Every other test of this suite looks for its secrets too, when its house closes; most of them log everything.

use phonesim::{Outcome, Request, Transcript};

use crate::house::{AWAY, CUSTOMER, Given, House, OFFICE, is_full, line_password};

const MAC: &str = "001565000001";

#[tokio::test(flavor = "multi_thread")]
async fn no_level_of_logging_tells_a_secret() {
    for level in ["error", "warn", "info", "debug", "trace"] {
        let house = House::logging(level).await;
        let pin = tell_everything(&house).await;
        let log = house.log_text();
        for (word, levels) in [("INFO", &["info", "debug", "trace"][..]), ("DEBUG", &["debug", "trace"]), ("TRACE", &["trace"])] {
            assert_eq!(log.contains(&format!("\"{word}\"")), levels.contains(&level), "{word} at {level}:\n{log}");
        }
        let line = log.lines().find(|line| holds_number(without_times(line).as_str(), &pin));
        assert!(line.is_none(), "the PIN {pin} stands in the log: {line:?}");
        // What the server keeps of requests, and what an auditor may read.
        for arguments in [&["device", "requests", MAC][..], &["audit", "list"], &["token", "list"]] {
            let text = house.cli(arguments).await.to_string();
            for secret in [house.global.password.expose(), &line_password(MAC), &"path-secret-0815".to_owned(), &pin] {
                assert!(!holds_number(&text, secret), "{arguments:?}: {secret} in {text}");
            }
        }
        check_database(&house);
        house.close().await;
    }
}

/// Has every secret pass through the server in every way. The PIN.
async fn tell_everything(house: &House) -> String {
    house.add(MAC).await;
    let pin = house.show(MAC).await["pin"].as_str().expect("a PIN").to_owned();
    let token = house.cli(&["token", "create", "--role", "auditor"]).await;
    house.keep(token["token"].as_str().expect("a token"));

    let given = house.live(&mut house.phone(MAC, OFFICE, Some(&house.global))).await;
    let wrong = phonesim::Login::new(&given.login.user, "typed-by-mistake");
    house.keep_login(&wrong);
    for login in [&house.global, &wrong, &given.login] {
        house.front(MAC, AWAY, Some(login)).await;
        let basic = Request::get(&format!("/cfg/{MAC}.cfg")).basic(&login.user, login.password.expose());
        house.client(AWAY).send(&house.address("/cfg"), basic).await.unwrap();
    }
    house.keep("path-secret-0815");
    house.keep("query-secret-0815");
    for path in ["/cfg/k/path-secret-0815/", "/cfg/g/path-secret-0815/"] {
        let answer = house.client(AWAY).send(&house.address("/cfg"), Request::get(&format!("{path}{MAC}.cfg?key=query-secret-0815"))).await;
        assert!(!is_full(&answer.unwrap(), MAC));
    }
    // The global password in the path counts as that login; a new phone is handed over to.
    let other = "001565000002";
    house.add(other).await;
    let by_path = format!("/cfg/g/{}/{other}.cfg", house.global.password.expose());
    let answer = house.client(OFFICE).send(&house.address("/cfg"), Request::get(&by_path)).await.unwrap();
    house.keep_answer(&answer);
    if let Some(given) = Given::of(&answer) {
        house.follow(&given, other, OFFICE).await;
    }

    let by_hand = phonesim::Login::new("by-hand", "set-by-hand-0815");
    house.keep_login(&by_hand);
    house.cli_with_input(&["device", "set-login", other, "--user", "by-hand", "--password-stdin"], "set-by-hand-0815\n").await;
    house.front(other, OFFICE, Some(&by_hand)).await;
    house.cli(&["device", "reset", MAC]).await;
    house.cli(&["brands", "render", MAC, "--why"]).await;
    house.cli(&["policy", "set", "--customer", CUSTOMER, "login=none", "pin=required"]).await;
    let mut transcript = Transcript::default();
    let mut restricted = house.phone(MAC, AWAY, None);
    assert_eq!(restricted.boot(&mut transcript).await, Outcome::Configured, "{transcript}");
    house.keep_login(&Given::of_phone(&restricted).login);
    pin
}

/// Nothing lies in the open in the database's files: whoever has them and not the key has no password.
fn check_database(house: &House) {
    let mut files = 0;
    for name in ["ringfence.db", "ringfence.db-wal"] {
        let Ok(bytes) = std::fs::read(house.data().join(name)) else { continue };
        files += 1;
        for secret in [house.global.password.expose().clone(), line_password(MAC), "set-by-hand-0815".to_owned()] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} lies open in {name}");
        }
    }
    assert!(files > 0, "there is no database to look at");
}

/// Whether a text holds this, and not as a part of a longer number.
fn holds_number(text: &str, number: &str) -> bool {
    let digit = |c: char| c.is_ascii_digit();
    text.match_indices(number).any(|(at, _)| !text[..at].ends_with(digit) && !text[at + number.len()..].starts_with(digit))
}

/// A log line without what looks like a time of day: its fractions have six digits, as a PIN has.
fn without_times(line: &str) -> String {
    let is_time = |word: &str| word.len() >= 19 && word.as_bytes().get(4) == Some(&b'-') && word.as_bytes().get(10) == Some(&b'T');
    line.split('"').filter(|word| !is_time(word)).collect::<Vec<_>>().join("\"")
}
