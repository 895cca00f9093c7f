//! Real clients against this crate: curl, and Python's requests. What each of them sends is written down request by
//! request, so a change of ours (or theirs) is seen here first.

mod server;

use std::process::{Command, Output};

use server::{Server, Settings};
use wire::digest::Algorithm;

/// Runs curl with arguments, `URL` standing for the server; returns the last status.
fn curl(server: &Server, arguments: &[&str]) -> String {
    let url = format!("http://{}", server.address);
    let arguments = arguments.iter().map(|argument| argument.replace("URL", &url));
    let run = Command::new("curl")
        .args(["--disable", "--silent", "--show-error", "--globoff", "--max-time", "120"])
        .args(["--output", "/dev/null", "--write-out", "%{http_code}"])
        .args(arguments)
        .env_remove("http_proxy")
        .env("NO_PROXY", "*")
        .output();
    text_of(run, "curl (./test installs it)")
}

/// Fetches targets in one session of Python's requests; returns the statuses.
fn requests(server: &Server, user: &str, password: &str, targets: &[&str]) -> String {
    const SCRIPT: &str = "
import sys
try:
    import requests
except ImportError:
    sys.exit('python3 cannot import requests: run ./test, or python3 -m pip install requests')
server, user, password, *targets = sys.argv[1:]
session = requests.Session()
session.trust_env = False
session.auth = requests.auth.HTTPDigestAuth(user, password)
print(*(session.get(server + target, timeout=120).status_code for target in targets), end='')
";
    let url = format!("http://{}", server.address);
    let run = Command::new("python3").args(["-c", SCRIPT, &url, user, password]).args(targets).output();
    text_of(run, "python3 (./test installs it)")
}

fn text_of(run: std::io::Result<Output>, program: &str) -> String {
    let output = run.unwrap_or_else(|error| panic!("cannot run {program}: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("a status is text")
}

#[test]
fn curl_basic() {
    let server = Server::start(Settings { password: "se:cr€t ", ..Settings::default() });
    assert_eq!(curl(&server, &["--basic", "--user", "phone:se:cr€t ", "URL/a.cfg?b=c"]), "200");
    assert_eq!(curl(&server, &["--basic", "--user", "phone:secret", "URL/a.cfg"]), "401");
    assert_eq!(server.seen(), ["GET /a.cfg?b=c Basic: Right", "GET /a.cfg Basic: Wrong"]);
}

#[test]
fn curl_digest_with_each_algorithm() {
    for (algorithm, name) in [
        (&[Algorithm::Md5], "MD5"),
        (&[Algorithm::Md5Sess], "MD5-sess"),
        (&[Algorithm::Sha256], "SHA-256"),
        (&[Algorithm::Sha256Sess], "SHA-256-sess"),
    ] {
        let server = Server::start(Settings { algorithms: algorithm, basic: false, ..Settings::default() });
        assert_eq!(curl(&server, &["--digest", "--user", "phone:secret", "URL/a.cfg?b=c"]), "200");
        assert_eq!(server.seen(), ["GET /a.cfg?b=c -: challenged".to_owned(), format!("GET /a.cfg?b=c {name} nc=1: Right")]);
    }
}

#[test]
fn curl_takes_the_strongest_of_our_offer() {
    let server = Server::start(Settings::default());
    assert_eq!(curl(&server, &["--anyauth", "--user", "phone:secret", "URL/a.cfg"]), "200");
    assert_eq!(server.seen(), ["GET /a.cfg -: challenged", "GET /a.cfg SHA-256 nc=1: Right"]);
}

#[test]
fn curl_with_a_wrong_password_is_told_so_and_stops() {
    let server = Server::start(Settings::default());
    assert_eq!(curl(&server, &["--digest", "--user", "phone:wrong", "URL/a.cfg"]), "401");
    assert_eq!(server.seen(), ["GET /a.cfg -: challenged", "GET /a.cfg SHA-256 nc=1: Wrong"]);
}

#[test]
fn curl_with_odd_user_names() {
    for user in ["we\"ird\\us,er", " spaced out ", "Jörg€", "a=b"] {
        let server = Server::start(Settings { user, ..Settings::default() });
        assert_eq!(curl(&server, &["--digest", "--user", &format!("{user}:secret"), "URL/a.cfg"]), "200", "{user}");
    }
}

#[test]
fn curl_with_other_methods_and_through_a_proxy() {
    let server = Server::start(Settings::default());
    let login = ["--digest", "--user", "phone:secret"];
    assert_eq!(curl(&server, &[&login[..], &["--head", "URL/a"]].concat()), "200");
    assert_eq!(curl(&server, &[&login[..], &["--request", "PUT", "--data", "x=y", "URL/b"]].concat()), "200");
    assert_eq!(curl(&server, &[&login[..], &["--noproxy", "", "--proxy", "URL", "http://phones.example.com/c?d"]].concat()), "200");
    let expected = [
        "HEAD /a -: challenged",
        "HEAD /a SHA-256 nc=1: Right",
        "PUT /b -: challenged",
        "PUT /b SHA-256 nc=1: Right",
        "GET http://phones.example.com/c?d -: challenged",
        "GET http://phones.example.com/c?d SHA-256 nc=1: Right",
    ];
    assert_eq!(server.seen(), expected);
}

#[test]
fn curl_counts_up_on_one_nonce() {
    let server = Server::start(Settings::default());
    assert_eq!(curl(&server, &["--location", "--digest", "--user", "phone:secret", "URL/hop/2"]), "200");
    let expected =
        ["GET /hop/2 -: challenged", "GET /hop/2 SHA-256 nc=1: Right", "GET /hop/1 SHA-256 nc=2: Right", "GET /hop/0 SHA-256 nc=3: Right"];
    assert_eq!(server.seen(), expected);
}

/// An old nonce and one of a key that is gone look alike to the client: it asks again without its user.
#[test]
fn curl_comes_again_when_its_nonce_is_stale() {
    let aged = Settings { step_millis: 300_001, ..Settings::default() };
    let rekeyed = Settings { changes_key: true, ..Settings::default() };
    for settings in [aged, rekeyed] {
        let server = Server::start(settings);
        assert_eq!(curl(&server, &["--location", "--digest", "--user", "phone:secret", "URL/hop/1"]), "200");
        let expected = [
            "GET /hop/1 -: challenged",
            "GET /hop/1 SHA-256 nc=1: Right",
            "GET /hop/0 SHA-256 nc=2: Stale",
            "GET /hop/0 SHA-256 nc=1: Right",
        ];
        assert_eq!(server.seen(), expected);
    }
}

#[test]
fn a_repeated_answer_is_not_served() {
    for rfc2069 in [false, true] {
        let server = Server::start(Settings { rfc2069, algorithms: &[Algorithm::Md5], basic: false, ..Settings::default() });
        assert_eq!(curl(&server, &["--digest", "--user", "phone:secret", "URL/a"]), "200");
        let stolen = format!("Authorization: {}", server.authorizations()[0]);
        assert_eq!(curl(&server, &["--header", &stolen, "URL/a"]), "401");
        assert_eq!(curl(&server, &["--header", &stolen, "URL/b"]), "401");
        let form = if rfc2069 { "uncounted" } else { "nc=1" };
        let expected = [
            "GET /a -: challenged".to_owned(),
            format!("GET /a MD5 {form}: Right"),
            format!("GET /a MD5 {form}: Stale"),
            format!("GET /b MD5 {form}: Wrong"),
        ];
        assert_eq!(server.seen(), expected);
    }
}

#[test]
fn curl_in_the_form_of_rfc2069_fetches_several_files_on_one_nonce() {
    let server = Server::start(Settings { rfc2069: true, algorithms: &[Algorithm::Md5], basic: false, ..Settings::default() });
    assert_eq!(curl(&server, &["--location", "--digest", "--user", "phone:secret", "URL/hop/2"]), "200");
    let expected = [
        "GET /hop/2 -: challenged",
        "GET /hop/2 MD5 uncounted: Right",
        "GET /hop/1 MD5 uncounted: Right",
        "GET /hop/0 MD5 uncounted: Right",
    ];
    assert_eq!(server.seen(), expected);
}

/// requests joins the challenges and takes the last value of each parameter: MD5.
#[test]
fn requests_counts_up_on_one_nonce() {
    let server = Server::start(Settings::default());
    assert_eq!(requests(&server, "phone", "secret", &["/a?b=c", "/b", "/c"]), "200 200 200");
    let expected = ["GET /a?b=c -: challenged", "GET /a?b=c MD5 nc=1: Right", "GET /b MD5 nc=2: Right", "GET /c MD5 nc=3: Right"];
    assert_eq!(server.seen(), expected);
}

#[test]
fn requests_with_each_algorithm_it_knows() {
    let known: [(&'static [Algorithm], _); 2] = [(&[Algorithm::Md5], "MD5"), (&[Algorithm::Sha256], "SHA-256")];
    for (algorithms, name) in known {
        let server = Server::start(Settings { algorithms, basic: false, ..Settings::default() });
        assert_eq!(requests(&server, "phone", "secret", &["/a"]), "200");
        assert_eq!(server.seen(), ["GET /a -: challenged".to_owned(), format!("GET /a {name} nc=1: Right")]);
    }
}

#[test]
fn requests_comes_again_when_its_nonce_is_stale_and_stops_when_it_is_wrong() {
    let server = Server::start(Settings { step_millis: 300_001, ..Settings::default() });
    assert_eq!(requests(&server, "phone", "secret", &["/a", "/b"]), "200 200");
    assert_eq!(requests(&server, "phone", "wrong", &["/c"]), "401");
    let expected = [
        "GET /a -: challenged",
        "GET /a MD5 nc=1: Right",
        "GET /b MD5 nc=2: Stale",
        "GET /b MD5 nc=1: Right",
        "GET /c -: challenged",
        "GET /c MD5 nc=1: Wrong",
    ];
    assert_eq!(server.seen(), expected);
}
