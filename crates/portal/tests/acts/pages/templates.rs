//! The files of brands, in a browser.

use brands::built_in_files;
use domain::role::Role;
use portal::admin::{By, template};

use super::between;
use crate::api::Site;
use crate::world::{NOW, SHOP};

const PAGE: &str = "/operations/templates";
const FULL: &str = "/operations/templates/yealink/full.cfg.j2";

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_put_in_place_changed_and_removed() {
    let site = Site::open().await;
    let operator = site.signed_in(Role::Operator, "").await;
    assert!(operator.get(PAGE).await.text.contains("You have no files of your own"));
    assert!(operator.get(&format!("{PAGE}?brand=yealink")).await.text.contains(&format!("href=\"{FULL}\"")));
    let page = operator.get(FULL).await.text;
    let text = built_in_files("yealink").remove("templates/full.cfg.j2").unwrap();
    assert!(
        page.contains("data-state=\"built_in\"") && page.contains("#!version:1.0.0.1") && !page.contains("class=\"code diff\""),
        "{page}"
    );
    assert_eq!(operator.get(&format!("{FULL}/remove")).await.status, 404, "there is nothing to remove");

    let own = format!("{text}features.ours = 1\n").replace('\n', "\r\n");
    assert_eq!(operator.led(FULL, &[("text", &own), ("version", "0")]).await, format!("{FULL}?done=template-set"));
    let page = operator.get(FULL).await.text;
    assert!(page.contains("data-state=\"current\"") && page.contains("<div class=\"new\">"), "{page}");
    assert!(operator.get(&format!("/devices/{SHOP}/config")).await.text.contains("features.ours = 1"));
    assert!(operator.get(PAGE).await.text.contains(&format!("href=\"{FULL}\"")));
    let version = between(&page, "name=\"version\" value=\"", "\"").to_owned();

    let broken = operator.post(FULL, &[("text", "one\n{% if <b> %}"), ("version", &version)]).await;
    assert_eq!(broken.status, 422);
    assert!(broken.text.contains("brands/yealink/templates/full.cfg.j2: line 2: "), "{broken:?}");
    assert!(broken.text.contains("{% if &lt;b&gt; %}</textarea>"), "what was typed is not lost: {broken:?}");
    assert_eq!(operator.led(FULL, &[("text", &text), ("version", &version)]).await, format!("{FULL}?done=template-set"));
    assert_eq!(operator.post(FULL, &[("text", &own), ("version", &version)]).await.status, 422, "somebody else was quicker");
    assert!(operator.get(FULL).await.text.contains("data-state=\"identical\""));

    assert!(operator.get(&format!("{FULL}/remove")).await.text.contains("yealink/templates/full.cfg.j2"));
    assert_eq!(operator.led(&format!("{FULL}/remove"), &[("answer", "no")]).await, FULL);
    assert_eq!(operator.led(&format!("{FULL}/remove"), &[("answer", "yes")]).await, format!("{PAGE}?brand=yealink&done=template-removed"));
    assert!(!operator.get(&format!("/devices/{SHOP}/config")).await.text.contains("features.ours"));
    for path in [format!("{PAGE}/yealink/other.cfg.j2"), format!("{PAGE}/acme/brand.toml")] {
        assert_eq!(operator.get(&path).await.status, 404, "{path}");
    }
    let reseller = site.signed_in(Role::Reseller, "Dealer").await;
    assert_eq!(reseller.get(FULL).await.status, 403);
    assert!(!reseller.get("/").await.text.contains(PAGE));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_others_need_stays_and_says_so() {
    let site = Site::open().await;
    let operator = site.signed_in(Role::Operator, "").await;
    let mut files = built_in_files("yealink");
    let manifest = files.remove("brand.toml").unwrap() + "\n[[setting]]\nkey = \"lobby_lamp\"\nkind = \"text\"\n";
    let full = files.remove("templates/full.cfg.j2").unwrap() + "{% if set.lobby_lamp %}\nlamp = {{ set.lobby_lamp }}\n{% endif %}\n";
    for (file, text) in [("brand.toml", &manifest), ("full.cfg.j2", &full)] {
        template::add(&site.world.admin, &By::command_line(NOW), "yealink", file, text).await.unwrap();
    }
    let refused = operator.post(&format!("{PAGE}/yealink/brand.toml/remove"), &[("answer", "yes")]).await;
    assert!(refused.status == 422 && refused.text.contains("Your other files of this brand need this one."), "{refused:?}");
}
