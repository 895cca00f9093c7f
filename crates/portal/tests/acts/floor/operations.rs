//! Trunks, prompts, audit.

use domain::role::Role;
use portal::admin::By;
use portal::admin::trunk::{self, NewTrunk};

use super::{Browser, check, check_at, way};
use crate::api::Site;
use crate::world::NOW;

/// A WAV file of a tone: 8192 Hz, mono, 16 bits, a tenth of a second. All its bytes are ASCII.
pub fn tone() -> Vec<u8> {
    let samples = [0, 0x20, 0, 0x40].repeat(400);
    let mut wav = b"RIFF".to_vec();
    wav.extend(u32::try_from(36 + samples.len()).unwrap().to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    for part in [1_u16, 1] {
        wav.extend(part.to_le_bytes());
    }
    wav.extend(8192_u32.to_le_bytes());
    wav.extend(16_384_u32.to_le_bytes());
    for part in [2_u16, 16] {
        wav.extend(part.to_le_bytes());
    }
    wav.extend(b"data");
    wav.extend(u32::try_from(samples.len()).unwrap().to_le_bytes());
    wav.extend(samples);
    wav
}

async fn with_trunk() -> Site {
    let site = Site::open().await;
    let new = NewTrunk { name: "carrier".into(), uri: "sip:trunk.example.com".into(), priority: 1, ..NewTrunk::default() };
    trunk::add(&site.world.admin, &By::command_line(NOW), new).await.unwrap();
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn trunks_are_for_whoever_answers_for_them() {
    let new = [("name", "second"), ("uri", "sip:other.example.com"), ("customer", "Shop")];
    check_at(
        &with_trunk().await,
        &[
            ("GET", "/operations/trunks", &[], [200, 200, 200, 200, 200, 200]),
            ("GET", "/operations/trunks/new", &[], [200, 200, 403, 403, 403, 403]),
            ("POST", "/operations/trunks/new", &new, [303, 422, 403, 403, 403, 403]),
            ("POST", "/operations/trunks/carrier/test", &[], [200, 404, 404, 404, 404, 403]),
            ("GET", "/operations/trunks/carrier/remove", &[], [200, 404, 404, 404, 404, 403]),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_is_added_tested_and_removed() {
    let site = with_trunk().await;
    let browser = Browser::open(&site, Role::Operator, "").await;
    for (uri, customer, told) in [("http://x", "", "This trunk cannot be."), ("sip:a.example.com", "Nobody", "There is no such customer.")]
    {
        let form = [("name", "third"), ("uri", uri), ("customer", customer), ("user", "u"), ("password", "carrier-secret")];
        let refused = browser.post("/operations/trunks/new", &form).await;
        assert!(refused.status == 422 && refused.text.contains(told) && refused.text.contains(&format!("value=\"{uri}\"")), "{refused:?}");
        assert!(!refused.text.contains("carrier-secret"), "a password is never shown again");
    }
    let tested = browser.post("/operations/trunks/carrier/test", &[]).await.text;
    assert!(tested.contains("OPTIONS to trunk.example.com") && tested.contains("The trunk works."), "{tested}");
    assert_eq!(way(&browser.post("/operations/trunks/carrier/remove", &[("answer", "no")]).await), "/operations/trunks");
    assert!(browser.page("/operations/trunks").await.contains("carrier"));
    way(&browser.post("/operations/trunks/carrier/remove", &[("answer", "yes")]).await);
    assert!(browser.page("/operations/trunks").await.contains("No trunks"));
}

#[tokio::test(flavor = "multi_thread")]
async fn prompts_are_the_operators() {
    let sound = "/operations/prompts/en/enter-code/sound";
    check(&[
        ("GET", "/operations/prompts", &[], [200, 403, 403, 403, 403, 403]),
        ("POST", "/operations/prompts/en/enter-code/remove", &[("answer", "yes")], [404, 403, 403, 403, 403, 403]),
    ])
    .await;
    let site = Site::open().await;
    assert_eq!(Browser::open(&site, Role::Reseller, "Dealer").await.get(sound).await.status, 403);
    let browser = Browser::open(&site, Role::Operator, "").await;
    let page = browser.page("/operations/prompts?language=de").await;
    assert!(page.contains("/operations/prompts/de/enter-code/sound") && page.contains("<audio controls"), "{page}");
    assert!(browser.get("/operations/prompts").await.header("content-security-policy").contains("media-src 'self'"));

    let set = browser.upload("/operations/prompts", &[("language", "en"), ("name", "enter-code")], &tone()).await;
    assert_eq!(way(&set), "/operations/prompts?language=en&done=prompt-set");
    assert!(browser.page("/operations/prompts?language=en").await.contains("your own"));
    for (language, name, file) in
        [("en", "no-such-name", tone()), ("nonsense!", "enter-code", tone()), ("en", "enter-code", b"RIFFx".to_vec())]
    {
        let refused = browser.upload("/operations/prompts", &[("language", language), ("name", name)], &file).await;
        assert!(refused.status == 422 && refused.text.contains("role=\"alert\""), "{language}/{name}: {refused:?}");
    }
    way(&browser.post("/operations/prompts/en/enter-code/remove", &[("answer", "yes")]).await);
    assert!(!browser.page("/operations/prompts?language=en").await.contains("your own</span>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_is_read_by_branch_filtered_and_verified() {
    check(&[
        ("GET", "/operations/audit", &[], [200, 200, 200, 403, 200, 200]),
        ("GET", "/operations/audit/verify", &[], [200, 403, 403, 403, 403, 200]),
    ])
    .await;
    let site = Site::open().await;
    let operator = Browser::open(&site, Role::Operator, "").await;
    let all = operator.page("/operations/audit").await;
    assert!(all.contains("Office") && all.contains("Shop") && all.contains("device.created"), "{all}");
    let filtered = operator.page("/operations/audit?action=device&text=Office").await;
    assert!(
        filtered.contains("device.created") && !filtered.contains("reseller.created") && !filtered.contains("customer Shop"),
        "{filtered}"
    );
    assert!(operator.page("/operations/audit?actor=nobody-of-that-name").await.contains("Nothing was written for this."));
    let whole = operator.page("/operations/audit/verify").await;
    assert!(whole.contains("The audit is whole"), "{whole}");
    let shop = Browser::open(&site, Role::CustomerAdmin, "Shop").await.page("/operations/audit").await;
    assert!(!shop.contains("Office") && shop.contains("customer Shop"), "{shop}");
    assert_eq!(operator.get("/operations/audit?after=x").await.status, 422);
}
