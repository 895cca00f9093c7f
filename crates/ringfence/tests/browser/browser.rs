//! A real browser, driven line by line through `driver.mjs`.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::house::{House, PATIENCE};

/// Names under which Debian and others install it.
const PROGRAMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// How a person sits in front of it.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "any of them goes with any other")]
pub(crate) struct Seat {
    pub(crate) dark: bool,
    pub(crate) telephone: bool,
    pub(crate) german: bool,
    pub(crate) no_script: bool,
}

pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
    story: &'static str,
}

/// What `./test` installs the browser's driver into: beside the folder of the profile that this test was built in.
fn kept() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_ringfence")).ancestors().nth(2).expect("a target folder").join("browser")
}

fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::env::split_paths(&path).flat_map(|folder| PROGRAMS.map(|name| folder.join(name)));
    all.into_iter().find(|program| program.exists()).expect("no Chromium: `./test` installs it")
}

impl Browser {
    /// Opens it in front of a house's portal; nobody is signed in. `story` names the pictures.
    pub(crate) async fn open(house: &House, story: &'static str, seat: Seat) -> Self {
        let modules = kept().join("node_modules");
        assert!(modules.is_dir(), "{}: not there; `./test` installs it", modules.display());
        let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/driver.mjs");
        let mut command = Command::new("node");
        command.arg(driver).arg(&modules).arg(program()).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("node");
        let (to, from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
        let mut browser = Self { child, to, from, story };
        browser.sit(house, seat).await;
        browser
    }

    /// A new person sits down: other cookies, another screen.
    pub(crate) async fn sit(&mut self, house: &House, seat: Seat) {
        self.sit_at(house, "127.0.0.1", seat).await;
    }

    /// The same, with another name for the portal: any of `example.net` leads to it.
    pub(crate) async fn sit_at(&mut self, house: &House, host: &str, seat: Seat) {
        let locale = if seat.german { "de-DE" } else { "en-GB" };
        let (dark, telephone, script) = (seat.dark, seat.telephone, !seat.no_script);
        let portal = house.ready()["portal"].as_str().expect("a portal").replace("127.0.0.1", host);
        let base = format!("https://{portal}");
        self.act(json!({ "act": "open", "base": base, "dark": dark, "telephone": telephone, "locale": locale, "script": script })).await;
    }

    async fn act(&mut self, act: Value) -> Value {
        let line = format!("{act}\n");
        self.to.write_all(line.as_bytes()).await.expect("the driver reads");
        let answer = timeout(PATIENCE, self.from.next_line()).await.unwrap_or_else(|_| panic!("the browser hangs at {act}"));
        let answer = answer.expect("a line").unwrap_or_else(|| panic!("the driver ended at {act}"));
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert!(answer["error"].is_null(), "{}", answer["error"].as_str().unwrap_or_default());
        answer["value"].clone()
    }

    /// Opens an address; the status of the answer.
    pub(crate) async fn goto(&mut self, path: &str) -> u64 {
        self.act(json!({ "act": "goto", "path": path })).await.as_u64().unwrap_or_default()
    }

    /// Signs in, and waits for the page behind it.
    pub(crate) async fn sign_in(&mut self, name: &str, password: &str) {
        self.goto("/login").await;
        self.fill("User name", name).await;
        self.fill("Password", password).await;
        self.click("button", "Sign in").await;
        self.waits("nav.menu").await;
    }

    /// The same on a small screen, where the menu is folded.
    pub(crate) async fn sign_in_small(&mut self, name: &str, password: &str) {
        self.goto("/login").await;
        self.fill("User name", name).await;
        self.fill("Password", password).await;
        self.click("button", "Sign in").await;
        self.waits("header.top").await;
    }

    /// Leaves a mark in the document that is open.
    pub(crate) async fn mark(&mut self) {
        self.act(json!({ "act": "mark" })).await;
    }

    /// Whether the document is still the one that was marked.
    pub(crate) async fn is_marked(&mut self) -> bool {
        self.act(json!({ "act": "marked" })).await == json!(true)
    }

    pub(crate) async fn click_at(&mut self, selector: &str) {
        self.act(json!({ "act": "click", "selector": selector })).await;
    }

    pub(crate) async fn fill(&mut self, label: &str, value: &str) {
        self.act(json!({ "act": "fill", "label": label, "value": value })).await;
    }

    /// Key by key, as a person types.
    pub(crate) async fn type_in(&mut self, label: &str, value: &str) {
        self.act(json!({ "act": "type", "label": label, "value": value })).await;
    }

    pub(crate) async fn click(&mut self, role: &str, name: &str) {
        self.act(json!({ "act": "click", "role": role, "name": name })).await;
    }

    /// Chooses a file with this text.
    pub(crate) async fn upload(&mut self, label: &str, file: &str, text: &str) {
        self.act(json!({ "act": "upload", "label": label, "file": file, "text": text })).await;
    }

    /// Clicks what downloads a file; its text.
    pub(crate) async fn download(&mut self, role: &str, name: &str) -> String {
        self.act(json!({ "act": "download", "role": role, "name": name })).await.as_str().unwrap_or_default().to_owned()
    }

    pub(crate) async fn tick(&mut self, selector: &str, ticked: bool) {
        self.act(json!({ "act": "check", "selector": selector, "value": ticked })).await;
    }

    pub(crate) async fn press(&mut self, key: &str) {
        self.act(json!({ "act": "press", "key": key })).await;
    }

    /// Waits until there is something of this kind to be seen.
    pub(crate) async fn waits(&mut self, selector: &str) {
        self.act(json!({ "act": "waits", "selector": selector })).await;
    }

    /// Waits until one of this kind says that.
    pub(crate) async fn says(&mut self, selector: &str, text: &str) {
        self.act(json!({ "act": "waits", "selector": selector, "text": text })).await;
    }

    /// Waits until none of this kind says that any more.
    pub(crate) async fn gone(&mut self, selector: &str, text: &str) {
        self.act(json!({ "act": "gone", "selector": selector, "text": text })).await;
    }

    pub(crate) async fn text(&mut self, selector: &str) -> String {
        self.act(json!({ "act": "text", "selector": selector })).await.as_str().unwrap_or_default().to_owned()
    }

    pub(crate) async fn count(&mut self, selector: &str) -> u64 {
        self.act(json!({ "act": "count", "selector": selector })).await.as_u64().unwrap_or_default()
    }

    /// The text of what has the focus.
    pub(crate) async fn focused(&mut self) -> String {
        self.act(json!({ "act": "focused" })).await.as_str().unwrap_or_default().to_owned()
    }

    pub(crate) async fn url(&mut self) -> String {
        self.act(json!({ "act": "url" })).await.as_str().unwrap_or_default().to_owned()
    }

    /// Takes a picture for people to look at, and lets axe-core look at the page: nothing may be wrong, and nothing wider than the screen.
    pub(crate) async fn look(&mut self, name: &str) {
        let folder = kept().join("pictures");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("{}-{name}.png", self.story));
        self.act(json!({ "act": "shot", "file": file })).await;
        let wrong = self.act(json!({ "act": "axe" })).await;
        assert_eq!(wrong, json!([]), "axe-core on {name}");
        assert_eq!(self.act(json!({ "act": "wide" })).await, 0, "{name} is wider than the screen");
    }

    /// Closes it. No page may have complained.
    pub(crate) async fn close(mut self) {
        let complaints = self.act(json!({ "act": "complaints" })).await;
        assert_eq!(complaints, json!([]), "the browser complained");
        drop(self.to);
        // It ends when its input does; if it hangs, the drop ends it.
        let _ = timeout(PATIENCE, self.child.wait()).await;
    }
}
