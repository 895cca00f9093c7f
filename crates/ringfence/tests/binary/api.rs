//! The REST API of the real binary, by curl: a phone added, reset, suspended, its PIN taken, the fleet exported and imported.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::serve::Server;
use crate::world::{MAC, World};

/// A running server, and the operator's token.
struct Site {
    world: World,
    server: Server,
    bearer: String,
}

impl Site {
    fn open() -> Self {
        let world = World::new();
        world.ok(&["customer", "add", "Example Ltd"]);
        let token = world.json(&["token", "create", "--role", "operator"]);
        let bearer = format!("Authorization: Bearer {}", token["token"].as_str().unwrap());
        Self { server: Server::start(&world), world, bearer }
    }

    fn curl(&self, path: &str, args: &[&str]) -> (u16, String) {
        let args = [&["-H", &self.bearer], args].concat();
        self.server.get(&self.world, "portal", &format!("/api/v1/{path}"), &args)
    }

    fn get(&self, path: &str) -> Value {
        read(self.curl(path, &[]), 200)
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let (status, text) = self.curl(path, &["-X", method, "-H", "Content-Type: application/json", "-d", &body.to_string()]);
        (status, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
    }

    /// An act on the phone that must succeed.
    fn act(&self, act: &str, body: &Value) -> Value {
        let (status, phone) = self.send("POST", &format!("devices/{MAC}/{act}"), body);
        assert_eq!(status, 200, "{act}: {phone}");
        phone
    }

    fn add_the_phone(&self) -> Value {
        let line = json!({ "user": "2001", "password": "line-secret-7", "server": "sip.example.com", "extension": "2001" });
        let phone = json!({ "mac": MAC, "model": "yealink/T46S", "customer": "Example Ltd", "label": "Reception", "lines": [line] });
        let (status, added) = self.send("POST", "devices", &phone);
        assert_eq!(status, 201, "{added}");
        added
    }

    fn set_policy(&self, policy: &Value) {
        let customer = self.get("customers?q=Example")["items"][0]["id"].as_str().unwrap().to_owned();
        let (status, set) = self.send("PUT", &format!("customers/{customer}/policy"), policy);
        assert_eq!(status, 200, "{set}");
    }
}

fn read((status, text): (u16, String), expected: u16) -> Value {
    assert_eq!(status, expected, "{text}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_phone_that_was_added_fetches_and_a_reset_shuts_it_out() {
    let site = Site::open();
    let global = site.get("global-logins")["items"][0].clone();
    let added = site.add_the_phone();
    assert_eq!((&added["state"], added["pin"].as_str().unwrap().len()), (&json!("needed"), 6));
    let (status, config) = site.server.fetch(&site.world, &global);
    assert!(status == 200 && config.contains("line-secret-7"), "{status} {config}");
    let own = config.lines().find_map(|line| line.split_once("auto_provision.server.password = ")).unwrap().1.to_owned();
    let preview = site.get(&format!("devices/{MAC}/configs/{MAC}.cfg?why=1"));
    let preview = preview["lines"].to_string();
    assert!(preview.contains("2001") && !preview.contains("line-secret-7") && !preview.contains(&own), "{preview}");

    let told = site.get(&format!("simulate?mac={MAC}&address=127.0.0.1"));
    assert_eq!(told["answers"][0]["reason"], "login_required");
    site.act("reset-authentication", &json!({}));
    let rotated =
        read(site.curl("global-logins", &["-X", "POST", "-H", "Content-Type: application/json", "-d", r#"{"overlap_seconds":0}"#]), 201);
    assert_eq!(site.server.fetch(&site.world, &global).0, 401, "the old global login is revoked");
    assert_eq!(site.server.fetch(&site.world, &rotated["items"][0]).0, 200, "the new one opens the phone that was reset");
    site.server.stop();
}

#[test]
fn a_suspension_serves_without_a_proof_until_it_is_ended() {
    let site = Site::open();
    site.add_the_phone();
    site.set_policy(&json!({ "login": "none", "pin": "required" }));
    let agent = format!("Yealink SIP-T46S 66.86.0.15 {MAC}");
    let config = || site.server.get(&site.world, "phones_https", &format!("/cfg/{MAC}.cfg"), &["-A", &agent]).1;
    assert!(!config().contains("line-secret-7"));
    assert!(!site.act("suspend-authentication", &json!({ "seconds": 600 }))["suspended_until"].is_null());
    assert!(config().contains("line-secret-7"));
    let ended = read(site.curl(&format!("devices/{MAC}/suspend-authentication"), &["-X", "DELETE"]), 200);
    assert!(ended["suspended_until"].is_null());
    let requests = site.get(&format!("devices/{MAC}/requests"));
    assert!(requests["items"].is_array(), "{requests}");
    site.server.stop();
}

#[test]
fn a_pin_that_was_keyed_in_elsewhere_clears_the_phone() {
    let site = Site::open();
    let pin = site.add_the_phone()["pin"].as_str().unwrap().to_owned();
    site.set_policy(&json!({ "login": "none", "pin": "required" }));
    let agent = format!("Yealink SIP-T46S 66.86.0.15 {MAC}");
    let restricted = site.server.get(&site.world, "phones_https", &format!("/cfg/{MAC}.cfg"), &["-A", &agent]).1;
    let file = site.world.file("restricted.cfg", &restricted);
    let parsed = site.world.json(&["brands", "parse", &file, "--brand", "yealink"]);
    let account = parsed["accounts"][0]["user"].as_str().unwrap_or_else(|| panic!("{parsed}"));
    let known = site.get(&format!("sip-accounts/{account}"));
    assert_eq!((&known["name"], known["ha1_md5"].as_str().unwrap().len()), (&json!(account), 32));

    let attempt = |pin: &str, attempt: u32| {
        let body = json!({ "account": account, "pin": pin, "session": "call-7", "attempt": attempt });
        let (status, answer) = site.send("POST", "pin-attempts", &body);
        assert_eq!(status, 200, "{answer}");
        answer
    };
    let wrong = if pin == "000001" { "000002" } else { "000001" };
    let first = attempt(wrong, 1);
    assert_eq!(first["result"], "wrong");
    assert_eq!(attempt(wrong, 1), first, "the same attempt is counted once");
    assert_eq!(attempt(&pin, 2)["result"], "ok");
    for (account, pin, session, code) in [(account, &*pin, "", "session"), ("nobody", &*pin, "s", "account"), (account, "12", "s", "pin")] {
        let body = json!({ "account": account, "pin": pin, "session": session, "attempt": 1 });
        let (status, problem) = site.send("POST", "pin-attempts", &body);
        assert_eq!((status, &problem["code"]), (422, &json!(code)), "{problem}");
    }
    let provisioning = &parsed["provisioning"];
    let login = format!("{}:{}", provisioning["user"].as_str().unwrap(), provisioning["password"].as_str().unwrap());
    let door = provisioning["url"].as_str().unwrap();
    let door = &door[door.find("/cfg/").unwrap()..];
    let path = format!("{}/{MAC}.cfg", door.trim_end_matches('/'));
    let full = site.server.get(&site.world, "phones_https", &path, &["--digest", "-u", &login, "-A", &agent]);
    assert!(full.0 == 200 && full.1.contains("line-secret-7"), "{full:?}");
    site.server.stop();
}

#[test]
fn the_fleet_goes_out_as_csv_and_comes_back_in() {
    let site = Site::open();
    site.add_the_phone();
    let (status, csv) = site.curl("devices.csv?state=needed", &[]);
    assert!(status == 200 && csv.starts_with("vendor,type,mac,created,") && csv.contains(MAC), "{csv}");
    let more = format!("{}\nyealink,T46S,001565000001,,Example Ltd,,New,,\nyealink,T46S,nonsense,,Example Ltd,,Bad,,\n", csv.trim_end());
    let file = format!("@{}", site.world.file("fleet.csv", &more));
    let send = |query: &str| read(site.curl(&format!("imports{query}"), &["-H", "Content-Type: text/csv", "--data-binary", &file]), 200);
    let refused = send("");
    assert_eq!((&refused["stored"], &refused["failed"][0]["row"]), (&json!(false), &json!(4)));
    let kept = send("?partial=1");
    assert_eq!((&kept["created"], &kept["updated"], &kept["stored"]), (&json!(1), &json!(1), &json!(true)));
    assert_eq!(site.get("devices?q=New")["items"][0]["mac"], "001565000001");
    assert_eq!(site.world.json(&["device", "list"]).as_array().unwrap().len(), 2, "the command line sees the same");
    site.server.stop();
}

#[test]
fn events_come_from_every_process_and_a_stop_ends_the_stream() {
    let site = Site::open();
    site.add_the_phone();
    let mut listener = site.server.curl(&site.world, "portal", "/api/v1/events?type=device.reset,device.created&last_event_id=0");
    let mut listener = listener.args(["-N", "-H", &site.bearer]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(listener.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut next = || lines.by_ref().find_map(|line| line.strip_prefix("data: ").map(str::to_owned));
    let mut data = || serde_json::from_str::<Value>(&next().expect("the stream goes on")).unwrap();
    assert_eq!(data()["type"], "device.created", "what was before it came");
    site.world.ok(&["device", "reset", MAC]);
    let reset = data();
    assert_eq!((&reset["type"], &reset["data"]["mac"]), (&json!("device.reset"), &json!(MAC)), "by the command line, another process");
    site.server.stop();
    assert_eq!(next(), None);
    assert!(listener.wait().unwrap().success(), "the answer ended as answers do");
}

#[test]
fn a_large_file_is_refused_before_it_is_read() {
    let site = Site::open();
    let path = site.world.folder.path().join("large.csv");
    std::fs::File::create(&path).unwrap().set_len((64 << 20) + 1).unwrap();
    let file = format!("@{}", path.display());
    let (status, problem) = site.curl("imports", &["-H", "Content-Type: text/csv", "-H", "Expect:", "--data-binary", &file]);
    assert!(status == 413 && problem.contains("too_large"), "{status} {problem}");
    site.server.stop();
}
