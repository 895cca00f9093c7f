//! Resellers, and under whose name the portal appears.

use domain::role::Role;
use portal::admin::By;
use portal::admin::reseller;

use super::{Browser, check_at, way};
use crate::api::Site;
use crate::world::NOW;

const PAGE: &str = "/administration/resellers";
const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\"><path d=\"M0 0h9v9z\"/></svg>";

async fn dealer(site: &Site) -> String {
    reseller::list(&site.world.admin, &By::command_line(NOW)).await.unwrap()[0].id.clone()
}

fn white_label<'a>(fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let all = [("name", "Dealer"), ("kind", "white-label"), ("portal_name", "North Phones"), ("accent", "#7a1fa2")];
    let hosts = [("portal_host", "portal.north.example.net"), ("phone_host", "phones.north.example.net")];
    let given = |name: &str| fields.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    all.into_iter().chain(hosts).map(|(name, value)| (name, given(name).unwrap_or(value))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn resellers_are_the_operators() {
    let site = Site::open().await;
    let id = dealer(&site).await;
    let (one, delete, logo) = (format!("{PAGE}/{id}"), format!("{PAGE}/{id}/delete"), format!("{PAGE}/{id}/logo/remove"));
    let form = white_label(&[]);
    check_at(
        &site,
        &[
            ("GET", PAGE, &[], [200, 403, 403, 403, 403, 403]),
            ("GET", &format!("{PAGE}/new"), &[], [200, 403, 403, 403, 403, 403]),
            ("GET", &one, &[], [200, 403, 404, 404, 404, 403]),
            ("GET", &delete, &[], [200, 403, 404, 404, 404, 403]),
            ("POST", &format!("{PAGE}/new"), &[("name", "South"), ("kind", "channel")], [303, 403, 403, 403, 403, 403]),
            ("POST", &one, &form, [303, 403, 404, 404, 404, 403]),
            ("POST", &logo, &[], [303, 403, 404, 404, 404, 403]),
            ("POST", &delete, &[("answer", "yes")], [422, 403, 404, 404, 404, 403]),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reseller_is_added_changed_and_deleted() {
    let site = Site::open().await;
    let browser = Browser::open(&site, Role::Operator, "").await;
    let added = way(&browser.post(&format!("{PAGE}/new"), &white_label(&[("name", "North")])).await);
    let path = added.strip_suffix("?done=reseller-added").unwrap();
    let page = browser.page(path).await;
    for value in ["North Phones", "#7a1fa2", "portal.north.example.net", "phones.north.example.net"] {
        assert!(page.contains(&format!("value=\"{value}\"")), "{value}: {page}");
    }
    assert!(browser.page(&format!("{PAGE}?q=nor")).await.contains("North Phones"));
    let taken = browser.post(&format!("{PAGE}/new"), &white_label(&[("name", "Other")])).await;
    assert!(taken.status == 422 && taken.text.contains("another reseller has this host"), "{taken:?}");
    assert_eq!(way(&browser.post(&format!("{path}/delete"), &[("answer", "yes")]).await), format!("{PAGE}?done=reseller-deleted"));
    assert_eq!(browser.get(path).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_and_what_was_typed_stays() {
    let site = Site::open().await;
    let browser = Browser::open(&site, Role::Operator, "").await;
    let path = format!("{PAGE}/{}", dealer(&site).await);
    for (field, value, told) in [
        ("accent", "#ffcc00", "contrast of 1.5 to 1"),
        ("accent", "red", "six digits"),
        ("portal_host", "https://portal.example.com", "without https://"),
        ("phone_host", "192.0.2.7", "a name such as"),
        ("name", "", "a name has 1 to 100 bytes"),
    ] {
        let refused = browser.post(&path, &white_label(&[(field, value)])).await;
        assert_eq!(refused.status, 422, "{field}={value}: {refused:?}");
        assert!(refused.text.contains(told) && refused.text.contains(&format!("value=\"{value}\"")), "{field}={value}: {refused:?}");
    }
    assert!(!browser.page(&path).await.contains("North Phones"), "nothing is stored by half");
    let upload = format!("{path}/logo");
    let refused = browser.upload(&upload, &[], b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script/></svg>").await;
    assert!(refused.status == 422 && refused.text.contains("scripts or links"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_white_label_portal_never_shows_the_operators_name() {
    let site = Site::open().await;
    let operator = Browser::open(&site, Role::Operator, "").await;
    let path = format!("{PAGE}/{}", dealer(&site).await);
    way(&operator.post(&path, &white_label(&[])).await);
    way(&operator.upload(&format!("{path}/logo"), &[], LOGO.as_bytes()).await);

    // Before anybody signs in the host says it; other hosts are the operator's.
    let mut stranger = Browser { site: &site, cookie: String::new(), csrf: String::new(), host: "portal.north.example.net:8444".into() };
    let sign_in = stranger.page("/login").await;
    assert!(sign_in.contains("North Phones") && sign_in.contains("/theme.css?accent=7a1fa2"), "{sign_in}");
    assert!(!sign_in.to_lowercase().contains("ringfence"), "{sign_in}");
    let logo = sign_in.split("src=\"/logo/").nth(1).unwrap().split('"').next().unwrap();
    let logo = stranger.get(&format!("/logo/{logo}")).await;
    assert_eq!((logo.header("content-type"), logo.text.as_str()), ("image/svg+xml", LOGO));
    assert!(logo.header("content-security-policy").contains("sandbox"), "{logo:?}");
    let style = stranger.page("/theme.css?accent=7a1fa2").await;
    assert!(style.contains("--accent-light: #7a1fa2"), "{style}");
    assert_eq!(stranger.get("/theme.css?accent=red;}").await.status, 404);
    stranger.host = "portal.example.com".into();
    assert!(stranger.page("/login").await.contains("Ringfence"));

    // The reseller's own people, and its customers', whatever host they come by.
    for (role, at) in [(Role::Reseller, "Dealer"), (Role::CustomerAdmin, "Shop"), (Role::Installer, "Front")] {
        let browser = Browser::open(&site, role, at).await;
        for page in ["/", "/inventory/phone-hardware", "/help", "/help/1-global-password", "/account", "/no-such-page"] {
            let text = browser.get(page).await.text;
            assert!(text.contains("North Phones") && !text.to_lowercase().contains("ringfence"), "{page} at {at}: {text}");
        }
        let help = browser.page("/help/1-global-password").await;
        assert!(help.contains("https://phones.north.example.net:8443/cfg/"), "its own address: {help}");
    }
    let told = Browser { host: "portal.north.example.net".into(), site: &site, cookie: operator.cookie.clone(), csrf: String::new() }
        .get("/operations/prompts/en/no-such-name/sound")
        .await;
    assert!(told.status >= 400 && !told.text.to_lowercase().contains("ringfence"), "no hint at our command line: {told:?}");
    assert!(Browser::open(&site, Role::CustomerAdmin, "Office").await.page("/").await.contains("Ringfence"));

    // As a channel it appears under the operator's brand.
    way(&operator.post(&path, &white_label(&[("kind", "channel")])).await);
    stranger.host = "portal.north.example.net".into();
    assert!(stranger.page("/login").await.contains("Ringfence"));
}
