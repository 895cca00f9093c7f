//! The real `openssl enc` against this crate, in both directions.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

use std::io::Write;
use std::process::{Command, Stdio};

use wire::openssl::{open, seal};

/// Runs `openssl enc` as the vendors' guides write it, with the digest that OpenSSL took for granted in their time.
fn enc(direction: &str, password: &str, input: &[u8]) -> Vec<u8> {
    let mut command = Command::new("openssl");
    command.args(["enc", direction, "-aes-256-cbc", "-md", "md5", "-k", password]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("openssl (./test installs it)");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

const PASSWORDS: [&str; 3] = ["mzxw6ytboi2345abcdefghijklmnopqr", "x", "~!@#$%^&*()_+ with blanks"];

fn contents() -> [Vec<u8>; 5] {
    [
        Vec::new(),
        b"<flat-profile></flat-profile>\n".to_vec(),
        vec![0; 15],
        vec![255; 16],
        (0..9999u32).map(|n| (n * 31 % 251) as u8).collect(),
    ]
}

#[test]
fn openssl_opens_what_we_seal() {
    for password in PASSWORDS {
        for content in contents() {
            assert_eq!(enc("-d", password, &seal(password, &content)), content, "{password}: {} bytes", content.len());
        }
    }
}

#[test]
fn we_open_what_openssl_seals() {
    for password in PASSWORDS {
        for content in contents() {
            assert_eq!(open(password, &enc("-e", password, &content)).unwrap(), content, "{password}: {} bytes", content.len());
        }
    }
}
