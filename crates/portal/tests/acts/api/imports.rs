//! Files of phones: damaged in every way, and large.

use std::fmt::Write as _;

use domain::role::Role;
use portal::admin::{By, import};
use portal::limits::IMPORT_AT_ONCE_MAX;
use serde_json::{Value, json};

use crate::api::{Answer, Site, problem};
use crate::world::{NOW, SHOP};

const HEADER: &str = "vendor,type,mac,customer,label,line1_user,line1_password,line1_server";
const GOOD: &str = "yealink,T46S,001565000042,Shop,New,2042,line-secret-42,sip.example.com";

/// A file as it is, bytes and all.
async fn send(site: &Site, token: &str, query: &str, file: &[u8], headers: &str) -> Answer {
    let head = format!(
        "POST /api/v1/imports{query} HTTP/1.1\r\nHost: portal.example.com\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
        Content-Type: text/csv\r\n{headers}Content-Length: {}\r\n\r\n",
        file.len()
    );
    Answer::read(&site.exchange(&[head.as_bytes(), file].concat()).await)
}

fn with(row: impl AsRef<[u8]>) -> Vec<u8> {
    [HEADER.as_bytes(), b"\n", GOOD.as_bytes(), b"\n", row.as_ref(), b"\n"].concat()
}

/// Damage of a row: the file, and its row, column and code.
fn damaged_rows() -> Vec<(Vec<u8>, u64, &'static str, &'static str)> {
    let phone = |label: &str| format!("yealink,T46S,001565000043,Shop,{label},2043,line-secret-43,sip.example.com");
    let latin = [&b"yealink,T46S,001565000043,Shop,B\xfcro,2043,line-secret-43,sip.example.com"[..]].concat();
    vec![
        (with(latin), 3, "label", "cell"),
        (with(phone("a\0b")), 3, "label", "cell"),
        (with(phone("a\u{1b}[31mb")), 3, "label", "cell"),
        (with(phone("a\u{202e}gpj.exe")), 3, "label", "cell"),
        (with(phone("\u{2066}x")), 3, "label", "cell"),
        (with(phone(&"x".repeat(10_000))), 3, "label", "cell"),
        (with(phone(&"x".repeat(101))), 3, "label", "label"),
        (with(phone("\"two\nlines\"")), 3, "label", "cell"),
        (with(phone("\"open")), 3, "label", "quote"),
        ([with(phone("\"open")), phone("after it").into_bytes()].concat(), 3, "label", "quote"),
        (with("yealink,T46S,001565000043,Shop,x,2043,line-secret-43,\"sip.exam"), 3, "line1_server", "quote"),
        (with("yealink,T46S,00156500004"), 3, "customer", "customer"),
        (with("yealink,T46S,00:15:65:00:00:4g,Shop"), 3, "mac", "mac"),
        (with("yealink,T46S,1.565E+09,Shop"), 3, "mac", "mac"),
        (with("yealink,T46S,,Shop"), 3, "mac", "mac"),
        (with("yealink,T46S,ffffffffffff,Shop"), 3, "mac", "mac"),
        (with("yealink,T46S,001565000042,Shop"), 3, "mac", "duplicate"),
        (with("yealink,T46S,00-15-65-00-00-42,Shop"), 3, "mac", "duplicate"),
        (with("yealink,T99Z,001565000043,Shop"), 3, "type", "model"),
        (with("nobody,T46S,001565000043,Shop"), 3, "type", "model"),
        (with("yealink,,001565000043,Shop"), 3, "type", "model"),
        (with(format!("yealink,{},001565000043,Shop", "T".repeat(10_000))), 3, "type", "cell"),
        (with("yealink,T46S,001565000043,"), 3, "customer", "customer"),
        (with("yealink,T46S,001565000043,Nobody"), 3, "customer", "not_found"),
        (with("yealink,T46S,001565000043,Office"), 3, "customer", "not_found"),
        (with("yealink,T46S,001565000043,<script>alert(1)</script>"), 3, "customer", "not_found"),
        (with("yealink,T46S,001565000043,' or 1=1 --"), 3, "customer", "not_found"),
        (with("yealink,T46S,001565000002,Shop"), 3, "mac", "exists"),
        (with("yealink,T46S,001565000043,Shop,x,2043,,sip.example.com"), 3, "line1_password", "line"),
        (with("yealink,T46S,001565000043,Shop,x,2043,line-secret-43,"), 3, "line1_server", "line"),
        (with("yealink,T46S,001565000043,Shop,x,2043,\"line\rsecret\",sip.example.com"), 3, "line1_password", "cell"),
        (with("yealink,T46S,001565000043,Shop,x,2043,line-secret-43,sip.example.com,more,and more"), 3, "", "cells"),
        (with("yealink"), 3, "customer", "customer"),
        (format!("\u{feff}{HEADER}\r\n{GOOD}\r\n\r\nyealink,T46S,nonsense,Shop\r\n").into_bytes(), 4, "mac", "mac"),
    ]
}

/// What is no such table at all, by the code of its refusal.
fn damaged_files() -> Vec<(Vec<u8>, &'static str)> {
    let utf16: Vec<u8> = format!("\u{feff}{HEADER}\n{GOOD}\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        (Vec::new(), "header"),
        (b"\n\n\n".to_vec(), "header"),
        (b"\0\0\0\0".to_vec(), "header"),
        (utf16, "csv"),
        (format!("{HEADER}\n{GOOD}\n").replace(',', ";").into_bytes(), "header"),
        (format!("{HEADER}\n{GOOD}\n").replace(',', "\t").into_bytes(), "header"),
        (format!("{GOOD}\n").into_bytes(), "header"),
        (format!("{HEADER},mac\n{GOOD}\n").into_bytes(), "header"),
        (format!("{HEADER},colour\n{GOOD}\n").into_bytes(), "header"),
        (format!("{HEADER},line17_user\n{GOOD}\n").into_bytes(), "header"),
        (format!("{HEADER},setting:\n{GOOD}\n").into_bytes(), "header"),
        (b"PK\x03\x04a spreadsheet, not saved as text".to_vec(), "header"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_named_by_row_and_column_and_stores_nothing() {
    let site = Site::open().await;
    let token = site.token(Role::CustomerAdmin, "Shop").await;
    let damaged = damaged_rows();
    assert!(damaged.len() >= 30, "thirty kinds of damage");
    for (file, row, field, code) in damaged {
        let shown = String::from_utf8_lossy(&file[..file.len().min(400)]).into_owned();
        let outcome = send(&site, &token, "", &file, "").await.ok(200);
        let failed = &outcome["failed"][0];
        assert_eq!((&failed["row"], &failed["field"], &failed["code"]), (&json!(row), &json!(field), &json!(code)), "{shown}\n{outcome}");
        assert_eq!((&outcome["stored"], outcome["failed"].as_array().unwrap().len()), (&json!(false), 1), "{shown}\n{outcome}");
        let message = failed["message"].as_str().unwrap();
        assert!(!message.is_empty() && message.len() < 400 && !message.contains("secret"), "{message}");
    }
    for (file, code) in damaged_files() {
        let shown = String::from_utf8_lossy(&file).into_owned();
        assert_eq!(send(&site, &token, "", &file, "").await.problem(), problem(422, code), "{shown}");
    }
    let all = site.get(&token, "/devices").await.ok(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 1, "nothing was stored: {all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_looks_damaged_is_taken() {
    let site = Site::open().await;
    let token = site.token(Role::CustomerAdmin, "Shop").await;
    let rows = [
        "yealink,T46S,001565000051,Shop,'=1+1",
        "yealink,T46S,001565000052,Shop,=HYPERLINK(\"\"x\"\")",
        "yealink,T46S,001565000053,Shop,<b>bold</b> & more",
        "yealink,T46S,001565000054,Shop,\u{645}\u{643}\u{62a}\u{628}",
        "\"yealink\",\"T46S\",\"001565000055\",\"Shop\",\"a, \"\"b\"\"\"",
        "yealink,T46S,001565000056,Shop,19\" rack",
    ];
    let file = format!("\u{feff}vendor,type,mac,customer,label\r\n{}\r\n", rows.join("\r\n\r\n"));
    let outcome = send(&site, &token, "", file.as_bytes(), "").await.ok(200);
    assert_eq!((&outcome["created"], &outcome["stored"]), (&json!(6), &json!(true)), "{outcome}");
    let label = async |mac: &str| site.get(&token, &format!("/devices/{mac}")).await.ok(200)["label"].clone();
    assert_eq!((label("001565000051").await, label("001565000055").await), (json!("=1+1"), json!("a, \"b\"")));
    let csv = site.get(&token, "/devices.csv").await.text;
    assert!(csv.contains("'=1+1") && csv.contains("'=HYPERLINK"), "no cell starts a formula: {csv}");
}

fn many(count: usize, last: &str) -> String {
    let mut file = String::from("vendor,type,mac,customer\n");
    for number in 0..count {
        writeln!(file, "yealink,T46S,0015651{number:05x},Shop").unwrap();
    }
    file + last
}

/// Looks until an import runs no more.
async fn end_of(site: &Site, token: &str, begun: &Answer) -> Value {
    let view = begun.ok(202);
    assert_eq!(begun.header("location"), format!("/api/v1/imports/{}", view["id"].as_str().unwrap()));
    assert_eq!(view["state"], "running");
    // Looked at from within, as a token may ask so often only.
    let (by, id) = (By::command_line(NOW), view["id"].as_str().unwrap());
    while import::look(&site.world.admin, &by, id.parse().unwrap()).await.unwrap().state == "running" {
        tokio::task::yield_now().await;
    }
    site.get(token, &format!("/imports/{id}")).await.ok(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_is_answered_at_once_and_done_beside() {
    let site = Site::open().await;
    let token = site.token(Role::CustomerAdmin, "Shop").await;
    let count = IMPORT_AT_ONCE_MAX + 1;
    let bad = many(count, "yealink,T46S,nonsense,Shop\n");
    let ended = end_of(&site, &token, &send(&site, &token, "", bad.as_bytes(), "").await).await;
    assert_eq!((&ended["state"], &ended["stored"], &ended["failed_rows"]), (&json!("done"), &json!(false), &json!(1)), "{ended}");
    assert_eq!((&ended["rows"], &ended["created"], &ended["failed"][0]["row"]), (&json!(count + 1), &json!(count), &json!(count + 2)));
    assert_eq!(site.get(&token, "/device-counts").await.ok(200)["all"]["number"], 1, "all or nothing");
    let good = many(count, "");
    let ended = end_of(&site, &token, &send(&site, &token, "", good.as_bytes(), "").await).await;
    assert_eq!((&ended["state"], &ended["stored"], &ended["created"]), (&json!("done"), &json!(true), &json!(count)), "{ended}");
    assert_eq!((&ended["done"], &ended["error"]), (&json!(count), &Value::Null));
    assert_eq!(site.get(&token, "/device-counts").await.ok(200)["all"]["number"], count + 1);
    // And out again, in pieces.
    let exported = site.get(&token, "/devices.csv").await;
    assert_eq!((exported.status, exported.header("transfer-encoding")), (200, "chunked"));
    let mut macs: Vec<&str> = exported.text.lines().skip(1).map(|row| row.split(',').nth(2).unwrap()).collect();
    assert!(macs.is_sorted() && exported.text.starts_with("vendor,type,mac,"));
    macs.dedup();
    assert_eq!(macs.len(), count + 1);
    let noted = site.get(&site.operator().await, "/audit?limit=3").await.ok(200)["items"].to_string();
    assert!(noted.contains(&format!("{} PINs in an export", count + 1)) && noted.contains("which begins"), "{noted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_may_prefer_not_to_wait_and_others_see_nothing_of_it() {
    let site = Site::open().await;
    let (token, other) = (site.token(Role::CustomerAdmin, "Shop").await, site.token(Role::CustomerAdmin, "Office").await);
    let file = format!("vendor,type,mac,customer\nyealink,T46S,{SHOP},Shop\n");
    let begun = send(&site, &token, "?dry_run=1", file.as_bytes(), "Prefer: return=minimal, respond-async; wait=10\r\n").await;
    assert_eq!(begun.header("preference-applied"), "respond-async");
    let ended = end_of(&site, &token, &begun).await;
    assert_eq!((&ended["updated"], &ended["stored"]), (&json!(1), &json!(false)));
    let address = format!("/imports/{}", ended["id"].as_str().unwrap());
    assert_eq!(site.get(&other, &address).await.problem(), problem(404, "not_found"));
    assert_eq!(site.get(&site.operator().await, &address).await.ok(200), ended);
    let auditor = site.token(Role::Auditor, "Shop").await;
    assert_eq!(site.get(&auditor, &address).await.problem(), problem(403, "forbidden"));
}
