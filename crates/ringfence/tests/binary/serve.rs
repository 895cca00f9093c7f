//! `serve`: ready, live, stopped.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::Value;

use crate::world::{MAC, Ran, World, refused};

/// A server on a free port. Killed if a test forgets it.
pub struct Server {
    child: Child,
    ready: Value,
}

impl Server {
    pub fn start(world: &World) -> Self {
        Self::of(world.command(&["serve"]))
    }

    /// A server that is started by this command.
    pub fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self { ready: serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}")), child }
    }

    /// Where a door is.
    pub fn address(&self, door: &str) -> std::net::SocketAddr {
        self.ready[door].as_str().unwrap().parse().unwrap()
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Ends it in the ordinary way; gives its log.
    pub fn stop(mut self) -> (ExitStatus, String) {
        self.signal("TERM");
        let status = self.child.wait().unwrap();
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (status, log)
    }

    fn url(&self, door: &str, path: &str) -> String {
        format!("https://{}{path}", self.ready[door].as_str().unwrap())
    }

    /// A request that is not sent yet. The certificate is checked against the self-made authority.
    pub fn curl(&self, world: &World, door: &str, path: &str) -> Command {
        let mut curl = Command::new("curl");
        curl.args(["-s", "--cacert"]).arg(world.data().join("tls/ca.pem")).arg(self.url(door, path));
        curl
    }

    /// Status and body of a request.
    pub fn get(&self, world: &World, door: &str, path: &str, args: &[&str]) -> (u16, String) {
        let output = self.curl(world, door, path).args(["-w", "\n%{http_code}", "--max-time", "20"]).args(args).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), body.to_owned())
    }

    /// A phone's carrier file, with a login.
    pub fn fetch(&self, world: &World, login: &Value) -> (u16, String) {
        let user = format!("{}:{}", login["user"].as_str().unwrap(), login["password"].as_str().unwrap());
        let agent = format!("Yealink SIP-T46S 66.86.0.15 {MAC}");
        self.get(world, "phones_https", &format!("/cfg/{MAC}.cfg"), &["--digest", "-u", &user, "-A", &agent])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already in every test that passes.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_says_when_it_is_ready_and_stops_when_told() {
    let world = World::new();
    let server = Server::start(&world);
    assert_eq!(server.ready["ready"], true);
    assert_eq!(server.ready["phones_http"], Value::Null);
    let run = std::fs::read_to_string(world.data().join("run.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&run).unwrap(), server.ready);

    let second = refused(world.run(&["serve"]), 1, &["serve"]);
    assert!(second.contains("a server runs on this directory already"), "{second}");
    assert_eq!(server.get(&world, "portal", "/healthz", &[]).0, 200, "the first one is none the worse");
    assert_eq!(world.json(&["doctor"])["ok"], true);

    let (status, _) = server.stop();
    assert!(status.success(), "{status}");
    assert!(!world.data().join("run.json").exists());
    Server::start(&world).stop();
}

#[test]
fn the_portal_answers_with_health_metrics_and_tokens() {
    let world = World::with_a_phone();
    let server = Server::start(&world);
    assert_eq!(server.get(&world, "portal", "/readyz", &[]), (200, "ready\n".to_owned()));
    let (status, metrics) = server.get(&world, "portal", "/metrics", &[]);
    assert!(status == 200 && metrics.contains("ringfence_devices{state=\"needed\"} 1"), "{metrics}");
    assert_eq!(server.get(&world, "portal", "/metrics", &["-H", "X-Forwarded-For: 198.51.100.7"]).0, 401, "a proxy speaks for others");

    let (status, problem) = server.get(&world, "portal", "/api/v1/whoami", &[]);
    let problem: Value = serde_json::from_str(&problem).unwrap();
    assert_eq!((status, &problem["code"], &problem["status"]), (401, &Value::from("unauthenticated"), &Value::from(401)));
    let token = world.json(&["token", "create", "--role", "installer", "--customer", "Example Ltd"]);
    let bearer = format!("Authorization: Bearer {}", token["token"].as_str().unwrap());
    let (status, whoami) = server.get(&world, "portal", "/api/v1/whoami", &["-H", &bearer]);
    let whoami: Value = serde_json::from_str(&whoami).unwrap();
    assert_eq!((status, &whoami["role"], &whoami["customer"]), (200, &Value::from("installer"), &Value::from("Example Ltd")));
    let forwarded = ["-H", "X-Forwarded-For: 198.51.100.7", "-H", &bearer];
    assert_eq!(server.get(&world, "portal", "/metrics", &forwarded).0, 403, "an installer does not read the whole platform");
    let auditor = world.json(&["token", "create", "--role", "auditor"])["token"].as_str().unwrap().to_owned();
    let auditor = format!("Authorization: Bearer {auditor}");
    assert_eq!(server.get(&world, "portal", "/metrics", &["-H", "X-Forwarded-For: 198.51.100.7", "-H", &auditor]).0, 200);
    assert_eq!(server.get(&world, "portal", "/nowhere", &[]).0, 404);
    assert_eq!(server.get(&world, "portal", "/healthz", &["-X", "DELETE"]).0, 405);

    let id = world.json(&["token", "list"])[0]["id"].as_str().unwrap().to_owned();
    world.ok(&["token", "revoke", &id]);
    assert_eq!(server.get(&world, "portal", "/api/v1/whoami", &["-H", &bearer]).0, 401, "revoked at once");
    server.stop();
}

#[test]
fn commands_take_effect_in_the_running_server() {
    let world = World::with_a_phone();
    let server = Server::start(&world);
    let login = world.made["global_login"].clone();
    let (status, config) = server.fetch(&world, &login);
    assert!(status == 200 && config.contains("line-secret-7"), "{status} {config}");

    let rotated = world.json(&["global-login", "rotate", "--overlap", "0"]);
    assert_eq!(server.fetch(&world, &login).0, 401, "a revoked global login is dead at once");
    world.ok(&["device", "reset", MAC]);
    assert_eq!(server.fetch(&world, &rotated[0]).0, 200, "the new one opens");
    world.ok(&["device", "delete", MAC]);
    assert!(!server.fetch(&world, &rotated[0]).1.contains("line-secret-7"));

    world.ok(&["device", "add", "001565000009", "--customer", "Example Ltd", "--model", "yealink/T46S"]);
    let agent = "Yealink SIP-T46S 66.86.0.15 001565000009";
    let trusted = || server.get(&world, "phones_https", "/cfg/001565000009.cfg", &["-A", agent]).0;
    assert_eq!(trusted(), 401);
    world.ok(&["trust", "add", "Example Ltd", "127.0.0.0/24", "--force"]);
    world.ok(&["policy", "set", "--customer", "Example Ltd", "login=none", "pin=required"]);
    assert_eq!(trusted(), 200, "trusted now, and nothing else is asked");
    server.stop();
}

#[test]
fn what_a_phone_asked_is_kept_over_a_stop() {
    let world = World::with_a_phone();
    let server = Server::start(&world);
    server.fetch(&world, &world.made["global_login"].clone());
    server.stop();
    let requests = world.json(&["device", "requests", MAC]);
    let reasons: Vec<&str> = requests.as_array().unwrap().iter().map(|request| request["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["global_first", "login_required"], "newest first");
    assert_eq!(requests[0]["status"], 200);
}

#[test]
fn no_log_line_holds_a_secret() {
    let world = World::with_a_phone();
    let server = {
        let mut command = world.command(&["serve"]);
        let mut child = command.env("RINGFENCE_LOG", "trace").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        // Read on beside the test, so that the server never waits for its log to be taken.
        let mut stderr = child.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            stderr.read_to_string(&mut log).map(|_| log)
        });
        (Server { child, ready: serde_json::from_str(&line).unwrap() }, log)
    };
    let (mut server, log) = server;
    let login = world.made["global_login"].clone();
    let (_, config) = server.fetch(&world, &login);
    let token = world.json(&["token", "create", "--role", "auditor"])["token"].as_str().unwrap().to_owned();
    server.get(&world, "portal", "/api/v1/whoami", &["-H", &format!("Authorization: Bearer {token}")]);
    server.signal("TERM");
    assert!(server.child.wait().unwrap().success());
    let log = log.join().unwrap().unwrap();
    assert!(log.lines().count() > 2 && log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "JSON, line by line: {log}");

    let own = config.lines().find_map(|line| line.split_once("auto_provision.server.password = ")).unwrap().1;
    let pin = world.json(&["device", "show", MAC])["pin"].as_str().unwrap_or("no pin").to_owned();
    for secret in ["line-secret-7", login["password"].as_str().unwrap(), own, &token, &format!("\"{pin}\"")] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[test]
fn certificates_are_read_again() {
    let world = World::new();
    let server = Server::start(&world);
    let serial = |server: &Server| {
        let output = Command::new("openssl")
            .args(["s_client", "-connect", server.ready["phones_https"].as_str().unwrap()])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let begin = text.find("-----BEGIN CERTIFICATE-----").unwrap();
        text[begin..text.find("-----END CERTIFICATE-----").unwrap()].to_owned()
    };
    let before = serial(&server);
    for entry in std::fs::read_dir(world.data().join("tls")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("phones") {
            std::fs::remove_file(path).unwrap();
        }
    }
    server.signal("HUP");
    // Made anew in the background: asked until it shows, and the test's own end if it never does.
    while serial(&server) == before {
        std::thread::yield_now();
    }
    assert_eq!(server.get(&world, "portal", "/healthz", &[]).0, 200, "the same authority still vouches for it");
    server.stop();
}

#[test]
fn a_taken_port_is_told() {
    let world = World::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for variable in ["RINGFENCE_PHONES_HTTPS", "RINGFENCE_PORTAL_LISTEN", "RINGFENCE_SIP_TCP", "RINGFENCE_SIP_TLS"] {
        let ran = Ran::from(world.command(&["serve"]).env(variable, &address).output().unwrap());
        assert!(refused(ran, 1, &["serve"]).contains(&address), "{variable}");
    }
    let ran = Ran::from(world.command(&["doctor"]).env("RINGFENCE_PHONES_HTTPS", &address).output().unwrap());
    assert_eq!(ran.status, 1);
    assert!(ran.stdout.contains("end what uses it"), "{ran:?}");
}
