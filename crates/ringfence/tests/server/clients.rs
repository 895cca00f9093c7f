//! Clients that others wrote: curl and openssl.

use std::process::Stdio;

use phonesim::Identity;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

use crate::house::{Given, House, OFFICE, PATIENCE, is_full, line_password};

/// Runs a program; its input stays open until it ends. What it printed, and whether it succeeded.
pub(crate) async fn run(program: &str, arguments: &[&str], input: &str) -> (String, bool) {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let _ = stdin.write_all(input.as_bytes()).await;
    let _ = stdin.flush().await;
    let output = timeout(PATIENCE, child.wait_with_output()).await.expect("the program ends").unwrap();
    drop(stdin);
    (String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(), output.status.success())
}

/// One file by curl with a login. The status, and what came.
async fn curl(house: &House, url: &str, mac: &str, how: &[&str], login: Option<&phonesim::Login>) -> (String, String) {
    let resolve = format!("phones.example.com:{}:{}", house.at().port(), house.at().ip());
    let authority = house.authority();
    let agent = Identity::yealink_t46s(mac.parse().unwrap()).user_agent();
    let body = tempfile::NamedTempFile::new().unwrap();
    let (to, authority) = (body.path().to_str().unwrap(), authority.to_str().unwrap());
    let mut arguments = vec!["-sS", "--max-time", "100", "--interface", OFFICE, "--cacert", authority, "--resolve", &resolve, "-A", &agent];
    arguments.extend(["-o", to, "-w", "%{http_code}"]);
    arguments.extend(how);
    // The password goes by standard input, as an administrator would do it.
    let input = login.map(|login| format!("user = \"{}:{}\"\n", login.user, login.password.expose()));
    let config = tempfile::NamedTempFile::new().unwrap();
    if let Some(input) = &input {
        std::fs::write(config.path(), input).unwrap();
        arguments.extend(["-K", config.path().to_str().unwrap()]);
    }
    arguments.push(url);
    let (text, succeeded) = run("curl", &arguments, "").await;
    assert!(succeeded, "{how:?}: {text}");
    (text, std::fs::read_to_string(body.path()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_logs_in_with_every_scheme_over_tls() {
    let house = House::open().await;
    for (number, how) in [&["--digest"][..], &["--basic"], &["--anyauth"], &["--anyauth", "--tls-max", "1.2"]].iter().enumerate() {
        let mac = format!("00156500001{number}");
        house.add(&mac).await;
        let url = house.url(&format!("/cfg/{mac}.cfg"));
        let (status, body) = curl(&house, &url, &mac, how, None).await;
        assert_eq!(status, "401", "{how:?}: {body}");
        let (status, body) = curl(&house, &url, &mac, how, Some(&house.global)).await;
        assert!(status == "200" && body.contains(&line_password(&mac)), "{how:?}: {status} {body}");
        let value = |key: &str| crate::house::value(&body, &format!("static.auto_provision.server.{key}")).unwrap();
        let own = phonesim::Login::new(&value("username"), &value("password"));
        house.keep_login(&own);
        let url = format!("{}/{mac}.cfg", value("url").trim_end_matches('/'));
        let (status, body) = curl(&house, &url, &mac, how, Some(&own)).await;
        assert!(status == "200" && body.contains(&line_password(&mac)), "{how:?}: {status} {body}");
        let (status, _) = curl(&house, &house.url(&format!("/cfg/{mac}.cfg")), &mac, how, Some(&house.global)).await;
        assert_eq!(status, "401", "{how:?}: the global password lives on");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn openssl_with_tls_1_2_and_rsa_only_gets_the_full_config() {
    let house = House::open().await;
    let mac = "001565000020";
    house.add(mac).await;
    let given = Given::of(&house.front(mac, OFFICE, Some(&house.global)).await).expect("a login");
    let (connect, authority) = (house.at().to_string(), house.authority());
    let target = format!("{}/{mac}.cfg", given.door.path.trim_end_matches('/'));
    let proof = wire::auth::basic_answer(&given.login.user, given.login.password.expose());
    let request = format!("GET {target} HTTP/1.1\r\nHost: phones.example.com\r\nAuthorization: {proof}\r\nConnection: close\r\n\r\n");
    let fixed = ["s_client", "-connect", &connect, "-servername", "phones.example.com", "-CAfile", authority.to_str().unwrap()];
    let strict = ["-verify_return_error", "-verify_hostname", "phones.example.com", "-ign_eof"];
    for old in [&["-tls1_2", "-sigalgs", "RSA+SHA256"][..], &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"]] {
        let (text, _) = run("openssl", &[&fixed[..], &strict, old].concat(), &request).await;
        for expected in ["Verification: OK", "Server public key is 2048 bit", "TLSv1.2", "HTTP/1.1 200 OK", &line_password(mac)] {
            assert!(text.contains(expected), "{old:?}: {expected} is not in {text}");
        }
    }
    assert!(is_full(&house.follow(&given, mac, OFFICE).await, mac));
    house.close().await;
}
