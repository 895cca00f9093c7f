//! The demo as a newcomer runs it: the real binary.

#![cfg(feature = "demo")]
#![expect(clippy::unwrap_used, reason = "whatever goes wrong in a test ends it")]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// The binary with a temporary directory of the test's own and none of this machine's settings.
fn ringfence(temporary: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfence"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("RINGFENCE_")) {
        command.env_remove(name);
    }
    command.env("TMPDIR", temporary).stdin(Stdio::null());
    command
}

fn is_empty(directory: &Path) -> bool {
    std::fs::read_dir(directory).unwrap().next().is_none()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a story leaves: its text and whether it went well.
fn story(output: &Output) -> String {
    let (story, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{story}\n{errors}");
    assert_eq!(errors, "");
    story
}

#[test]
fn the_story_keeps_every_promise_and_leaves_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let story = story(&ringfence(temporary.path()).args(["demo", "--once"]).output().unwrap());
    assert!(is_empty(temporary.path()), "the temporary directory stayed");

    let last = story.lines().last().unwrap();
    let kept = story.matches('✓').count();
    assert_eq!(last, format!("demo: {kept} checks, 0 failed"), "{story}");
    assert!(kept >= 57 && !story.contains('✗'), "{story}");
    assert!(!story.contains('\u{1b}'), "colours are for terminals");
    assert!(story.lines().all(|line| line.chars().count() <= 100), "{story}");
    check_steps(&story);
    check_no_secret_looks(&story);
}

/// Each promised step, in its order, by what only it can say.
fn check_steps(story: &str) {
    let steps = [
        "1. A phone from the box",
        "GET /cfg/001565000001.boot          no login        200",
        "GET /cfg/001565000001.cfg           no login        401",
        "GET /cfg/001565000001.cfg           Digest, setup   200",
        "fetches again",
        "✓ Reception is in service with its own login",
        "GET /cfg/001565000001.cfg           Basic, setup    401",
        "global_spent: This phone used the global password, but that is used up",
        "✓ The global password is dead for this phone.",
        "2. The same phone after a factory reset",
        "GET /cfg/001565000001.cfg           Digest, setup   401",
        "display: User name and password?",
        "✓ It is refused.",
        "$ ringfence device reset 00:15:65:00:00:01",
        "✓ The login that it had before counts no more",
        "✓ It gets its configuration and a new login of its own.",
        "3. Phones in a trusted network",
        "$ ringfence trust add \"Example Trust\" 127.0.20.0/24 --force",
        "GET /cfg/805ec0000011.cfg           no login        200",
        "trusted_permanent",
        "✓ Cordless base has its lines and a login of its own, and was asked for nothing.",
        "✓ A network that one customer trusts serves no phone of another.",
        "4. Strangers with the right MAC address",
        "display: Authentication needed",
        "✓ It holds none of ",
        "reset_needed",
        "global_wrong",
        "✓ A wrong password earns nothing.",
        "✓ For a phone in service the right global password earns nothing either.",
        "second_claimant",
        "✓ A second claimant from another network gets nothing.",
        "✓ The admin is alerted",
        "5. A PIN by telephone",
        "display: Authentication needed",
        "SIP REGISTER phones.example.com     no login        401  12 times",
        "✓ The display says Authentication needed, and the phone is registered.",
        "✓ It asks for the six digits of the PIN.",
        "✓ The voice says that this is wrong, and that two tries are left.",
        "✓ The voice says that it is right, and hangs up.",
        "<-- NOTIFY check-sync;reboot=false  no login        200",
        "display: Home office 205",
        "✓ It has all of its configuration, and the display shows its line.",
        "✓ Its line is registered where it belongs",
        "display: Reset needed",
        "✓ It has nothing of Home office's.",
        "$ ringfence device reset 80:5e:c0:00:00:14",
        "✓ By itself the display says Authentication needed, and its line is gone.",
        "$ ringfence device suspend 80:5e:c0:00:00:14 --address 127.0.30.11",
        "✓ It is told again, and has its line.",
        "display: Authentication failed",
        "✓ The display says Authentication failed by itself.",
        "$ ringfence device reset 80:5e:c0:00:00:15",
        "✓ The display says Authentication needed again, and a new PIN is ready.",
        "SIP INVITE 112                      no login        200",
        "✓ The call goes out over the trunk as an emergency call, and both sides hear each other.",
        "✓ The voice announces the emergency call and puts it through.",
        "6. Other models, straight from the carton",
        "that request is invented.",
        "The account at Yealink YMCS (RPS) is added, and tested",
        "✓ The service accepts the account.",
        "✓ The service lists Archive and Meeting room before they are unpacked",
        "GET /phones/001565000003            no login        200",
        "the redirect service names the server https://127.0.0.1:",
        "and a login of user setup",
        "GET /cfg/y000000000028.cfg",
        "GET /cfg/001565000003.cfg           Digest, setup   200",
        "from now on its server is https://127.0.0.1:",
        "✓ Nothing was typed into it",
        "✓ Archive has its line, and a login and a door of its own.",
        "✓ Archive is in service with its own login",
        "GET /phones/001565000004            no login        200",
        "✓ Meeting room has its 3 lines, and a login and a door of its own.",
        "✓ Meeting room is in service",
        "GET /phones/001565000003            no login        200",
        "GET /cfg/001565000003.cfg           Digest, setup   401",
        "global_spent",
        "✓ The service sends it to the front door again, and there it is refused.",
        "$ ringfence device reset 00:15:65:00:00:03",
        "✓ Switched off and on after the reset by the admin, it has its line and a new login.",
        "✓ Archive is in service with its own login",
        "Home office    successful",
        "Hallway        needed",
    ];
    let mut rest = story;
    for step in steps {
        let at = rest.find(step).unwrap_or_else(|| panic!("{step:?} is missing, or out of order:\n{story}"));
        rest = &rest[at + step.len()..];
    }
}

/// Passwords and logins that the server makes are 16 characters and more, with digits among them. Nothing such may stand here.
fn check_no_secret_looks(story: &str) {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let looks = |word: &&str| word.len() >= 16 && word.chars().any(|c| c.is_ascii_digit());
    assert_eq!(story.split(word).find(looks), None);
}

/// A demo that stays up. It is killed if the test fails.
struct Staying {
    child: Child,
    told: String,
}

impl Staying {
    /// Starts it, and reads up to the line with this text.
    fn until(temporary: &Path, sign: &str) -> Self {
        let mut child = ringfence(temporary).arg("demo").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut told = String::new();
        while !told.lines().last().is_some_and(|line| line.contains(sign)) {
            assert_ne!(lines.read_line(&mut told).unwrap(), 0, "it ended early:\n{told}");
        }
        // Handed back, so that the pipe stays open and its rest can be read.
        child.stdout = Some(lines.into_inner());
        Self { child, told }
    }

    fn variable(&self, name: &str) -> String {
        let line = self.told.lines().find_map(|line| line.trim().strip_prefix(&format!("export {name}=")));
        line.unwrap_or_else(|| panic!("{name} is missing in:\n{}", self.told)).to_owned()
    }

    /// Sends a signal and waits for the end: its status and what it said on stderr.
    fn end(mut self, signal: &str) -> (Option<i32>, String) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let mut rest = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
        let mut errors = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        (self.child.wait().unwrap().code(), errors)
    }
}

impl Drop for Staying {
    fn drop(&mut self) {
        // It has ended already where all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_stays_up_to_be_looked_at_and_goes_without_a_trace() {
    let temporary = tempfile::tempdir().unwrap();
    let staying = Staying::until(temporary.path(), "Ctrl-C stops the server");
    let data = staying.variable("DIR");
    let ask = |words: &[&str]| {
        let output = ringfence(temporary.path()).args(words).args(["--data", &data]).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };

    let global: Value = serde_json::from_str(&ask(&["global-login", "show", "--json"])).unwrap();
    let password = global[0]["password"].as_str().unwrap();
    assert!(password.len() >= 16 && !staying.told.contains(password), "the global password was told");
    let file = ask(&["brands", "render", "001565000001"]);
    let line = file.lines().find_map(|line| line.strip_prefix("account.1.password = ")).unwrap();
    assert!(line.len() >= 16 && !staying.told.contains(line), "a line's password was told");
    let devices: Value = serde_json::from_str(&ask(&["device", "list", "--json"])).unwrap();
    let states: Vec<&str> = devices.as_array().unwrap().iter().map(|device| device["state"].as_str().unwrap()).collect();
    assert_eq!(states.iter().filter(|state| **state == "successful").count(), 8, "{states:?}");

    assert_eq!(staying.end("-INT"), (Some(0), String::new()));
    assert!(is_empty(temporary.path()), "the temporary directory stayed");
}

#[test]
fn stopped_early_it_leaves_nothing_either() {
    let temporary = tempfile::tempdir().unwrap();
    let staying = Staying::until(temporary.path(), "front door");
    let (status, errors) = staying.end("-TERM");
    assert_eq!((status, errors.as_str()), (Some(1), "ringfence: stopped before the story's end\n"));
    assert!(is_empty(temporary.path()), "the temporary directory stayed");
}

#[test]
fn it_keeps_away_from_a_real_servers_data() {
    let temporary = tempfile::tempdir().unwrap();
    let output = ringfence(temporary.path()).args(["demo", "--once"]).env("RINGFENCE_STORE_URL", "sqlite:real.db").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    assert!(errors.starts_with("ringfence: RINGFENCE_STORE_URL is set") && errors.lines().count() == 1, "{errors}");
    assert!(is_empty(temporary.path()));
}
