//! *Administration › Batch Import/Export*.

use std::fmt::Write as _;
use std::time::Duration;

use domain::role::Role;

use super::Browser;
use crate::api::{Answer, Site};
use crate::world::{OFFICE, SHOP};

const PATH: &str = "/administration/batch";
const HEADER: &str = "vendor,type,mac,customer,site,label\n";

async fn import(browser: &Browser<'_>, ticks: &[&str], rows: &str) -> Answer {
    let fields: Vec<(&str, &str)> = ticks.iter().map(|tick| (*tick, "yes")).collect();
    browser.upload(&format!("{PATH}/import"), &fields, format!("{HEADER}{rows}").as_bytes()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_hold_what_the_branch_holds() {
    let site = Site::open().await;
    let ids = site.ids().await;
    let mut operator = site.signed_in(Role::Operator, "").await;
    let page = operator.get(PATH).await;
    assert!(page.text.contains("Export all devices") && page.text.contains("Export unauthenticated phones"), "{}", page.text);
    let all = operator.get(&format!("{PATH}/devices.csv?which=all")).await;
    assert!(all.header("content-type").starts_with("text/csv") && all.header("content-disposition").contains("devices.csv"), "{all:?}");
    assert!(all.text.contains(SHOP) && all.text.contains(OFFICE), "{}", all.text);
    operator.about(&ids.shop);
    let chosen = operator.get(&format!("{PATH}/devices.csv?which=unauthenticated")).await;
    assert!(chosen.text.contains(SHOP) && !chosen.text.contains(OFFICE), "{}", chosen.text);
    assert_eq!(operator.get(&format!("{PATH}/devices.csv?which=some")).await.status, 422);
    let stranger = site.signed_in(Role::CustomerAdmin, "Office").await;
    assert!(!stranger.get(&format!("{PATH}/devices.csv")).await.text.contains(SHOP));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_tried_first_and_stored_when_that_is_wanted() {
    let site = Site::open().await;
    let admin = site.signed_in(Role::CustomerAdmin, "Shop").await;
    let good = "yealink,T46S,001565000091,Shop,Front,one\n";
    let bad = "yealink,T99Z,001565000092,Shop,Front,two\nyealink,T46S,nonsense,Shop,Front,<b>\n";
    let list = async || admin.get("/inventory/phone-hardware").await.text;
    let tried = import(&admin, &["dry_run"], good).await;
    assert!(tried.status == 200 && tried.text.contains("Every row is fine"), "{tried:?}");
    assert!(!list().await.contains("00:15:65:00:00:91"), "a trial changes nothing");
    let none = import(&admin, &[], &format!("{good}{bad}")).await;
    for part in ["Nothing is stored", ">3</td><td><code>type</code>", ">4</td><td><code>mac</code>", "There is no such model."] {
        assert!(none.text.contains(part), "{part}: {}", none.text);
    }
    assert!(!list().await.contains("00:15:65:00:00:91"), "all or nothing");
    let some = import(&admin, &["partial"], &format!("{good}{bad}")).await;
    assert!(some.text.contains(">Stored<"), "{}", some.text);
    assert!(list().await.contains("00:15:65:00:00:91"));
    let template = admin.get(&format!("{PATH}/template.csv")).await;
    let empty = admin.upload(&format!("{PATH}/import"), &[], template.text.as_bytes()).await;
    assert_eq!(empty.status, 200, "the template can be imported as it is: {empty:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_file_of_phones_is_told_at_the_file() {
    let site = Site::open().await;
    let admin = site.signed_in(Role::CustomerAdmin, "Shop").await;
    let line = format!("{PATH}/import");
    for file in [&b""[..], b"mac\n", b"vendor,type,mac,mac,customer\n", b"\0\0\0"] {
        let refused = admin.upload(&line, &[("dry_run", "yes")], file).await;
        assert_eq!(refused.status, 422, "{file:?}: {refused:?}");
        assert!(
            refused.text.contains("role=\"alert\"") && refused.text.contains("id=\"dry_run\" name=\"dry_run\" value=\"yes\" checked"),
            "{file:?}"
        );
    }
    assert_eq!(admin.post(&line, &[]).await.status, 422, "a form without a file");
    let mut stranger = site.signed_in(Role::CustomerAdmin, "Office").await;
    stranger.csrf.clone_from(&admin.csrf);
    assert_eq!(import(&stranger, &["dry_run"], "").await.status, 403, "another session's token");
    let installer = site.signed_in(Role::Installer, "Front").await;
    assert_eq!((installer.get(PATH).await.status, import(&installer, &["dry_run"], "").await.status), (403, 403));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_over_the_limit_gets_a_page_and_is_not_read() {
    let site = Site::open().await;
    let admin = site.signed_in(Role::CustomerAdmin, "Shop").await;
    let large = vec![b'x'; (64 << 20) + 1];
    let refused = admin.upload(&format!("{PATH}/import"), &[("dry_run", "yes")], &large).await;
    assert_eq!(refused.status, 413);
    assert!(refused.text.contains("at most 64 MB") && refused.header("content-type").starts_with("text/html"), "{refused:?}");
    let cookie = format!("rf_session={}", admin.cookies["rf_session"]);
    let request = format!(
        "POST {PATH}/import HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: {cookie}\r\nContent-Length: 70000000\r\n\
        Content-Type: multipart/form-data; boundary=edge\r\nExpect: 100-continue\r\n\r\n"
    );
    let answer = site.exchange(request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "who waits to be asked is not asked: {answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_file_has_a_page_that_tells_how_far_it_is() {
    let site = Site::open().await;
    let admin = site.signed_in(Role::CustomerAdmin, "Shop").await;
    let mut file = "vendor,type,mac,customer,site\n".to_owned();
    for number in 1..=2_001 {
        writeln!(file, "yealink,T46S,00156510{number:04},Shop,Front").unwrap();
    }
    let begun = admin.upload(&format!("{PATH}/import"), &[("dry_run", "yes")], file.as_bytes()).await;
    assert_eq!(begun.status, 303, "{begun:?}");
    let page = begun.header("location").to_owned();
    assert!(page.starts_with(&format!("{PATH}/imports/")), "{page}");
    let done = loop {
        let shown = admin.get(&page).await;
        assert_eq!(shown.status, 200, "{shown:?}");
        if !shown.text.contains("The import runs") {
            break shown.text;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    for part in ["What would come of it", "<dd>2001</dd>", "Every row is fine"] {
        assert!(done.contains(part), "{part}: {done}");
    }
    assert_eq!(site.signed_in(Role::CustomerAdmin, "Office").await.get(&page).await.status, 404, "somebody else's import");
}
