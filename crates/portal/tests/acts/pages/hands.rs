//! Adding phones, the switch of *Configurations › Devices*, the installer's day, labels, and ticked phones.

use domain::role::Role;
use portal::admin::tree::NodeNames;
use portal::admin::{By, device, policy, site};
use portal::telephone::Presence;

use super::between;
use crate::api::Site;
use crate::world::{NOW, OFFICE, SHOP};

fn operator() -> By {
    By::command_line(NOW)
}

async fn pin(at: &Site, mac: &str) -> String {
    device::show(&at.world.admin, &operator(), mac).await.unwrap().pin.unwrap()
}

async fn front(at: &Site) -> String {
    site::list(&at.world.admin, &operator(), None).await.unwrap()[0].id.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_added_and_its_pin_shown() {
    let at = Site::open().await;
    let browser = at.signed_in(Role::CustomerAdmin, "Shop").await;
    assert!(browser.get("/devices/new").await.text.contains("<option value=\"yealink/T46S\">"));
    let good = [
        ("mac", "00-15-65-00-00-21"),
        ("model", "Yealink T46S"),
        ("site", "Front"),
        ("label", "Till"),
        ("user", "21"),
        ("password", "till-secret-7"),
        ("server", "sip.example.com"),
    ];
    for (field, value) in [("mac", "nonsense"), ("model", "T999"), ("site", "Nowhere"), ("server", ""), ("mac", SHOP), ("mac", OFFICE)] {
        let form: Vec<_> = good.iter().map(|(name, kept)| (*name, if *name == field { value } else { *kept })).collect();
        let refused = browser.post("/devices/new", &form).await;
        assert!(
            refused.status == 422 && refused.text.contains("role=\"alert\"") && refused.text.contains("value=\"Till\""),
            "{field}: {refused:?}"
        );
        assert!(!refused.text.contains("till-secret-7"), "{field}");
    }
    let next = browser.led("/devices/new", &good).await;
    assert_eq!(next, "/devices/001565000021/added");
    let shown = browser.get(&next).await.text;
    for told in ["00:15:65:00:00:21", &pin(&at, "001565000021").await, "Print", "Add another"] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert_eq!(at.signed_in(Role::CustomerAdmin, "Office").await.get(&next).await.status, 404);
    let installer = at.signed_in(Role::Installer, "Front").await;
    assert_eq!(installer.get("/devices/new").await.status, 403);
    assert_eq!(
        installer.post("/devices/new", &[("mac", "001565000022"), ("model", "yealink/T46S"), ("customer", "Shop")]).await.status,
        403
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_takes_no_pin_is_confirmed() {
    let at = Site::open().await;
    policy::set(&at.world.admin, &operator(), NodeNames::customer("Shop"), vec!["pin=required".into()], false).await.unwrap();
    let browser = at.signed_in(Role::CustomerAdmin, "Shop").await;
    let catalogue = at.world.admin.catalogue.current();
    let mut models = catalogue.brands().iter().flat_map(|brand| brand.models().iter().map(move |model| (brand, model)));
    let (brand, model) = models.find(|(_, model)| model.two_factor == brands::Capability::No).unwrap();
    let path = format!("{}/{}", brand.name(), model.name);
    let form = [("mac", "001565000023"), ("model", path.as_str())];
    let asked = browser.post("/devices/new", &form).await;
    assert!(asked.status == 422 && asked.text.contains("name=\"by_trust\""), "{asked:?}");
    assert_eq!(browser.led("/devices/new", &[&form[..], &[("by_trust", "yes")]].concat()).await, "/devices/001565000023/added");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_switch_is_found_by_the_number_and_clears_the_login() {
    let at = Site::open().await;
    let (admin, by) = (&at.world.admin, &operator());
    let browser = at.signed_in(Role::Operator, "").await;
    let list = browser.get("/configurations/devices").await.text;
    assert!(list.contains(&format!("<a class=\"main\" href=\"/configurations/devices/{SHOP}\">2001</a>")), "{list}");
    let path = format!("/configurations/devices/{SHOP}");
    let form = browser.get(&path).await.text;
    for told in [
        "Allow Global Password (one time)",
        "name=\"clear\" value=\"yes\" checked",
        "To avoid conflicts, clear the existing user name and password",
    ] {
        assert!(form.contains(told), "{told}");
    }
    device::set_login(admin, by, SHOP, "desk", &domain::Secret::from("correct-horse-9")).await.unwrap();
    let state = async || {
        let view = device::look(admin, by, SHOP).await.unwrap();
        (view.allow_global_password, format!("{:?}", view.login_state))
    };
    for (allow, clear, done, now) in [
        ("yes", "", "allowed", (true, "Pending")),
        ("no", "yes", "not-allowed", (false, "Pending")),
        ("yes", "yes", "cleared-and-allowed", (true, "None")),
    ] {
        assert_eq!(browser.led(&path, &[("allow", allow), ("clear", clear)]).await, format!("{path}?done={done}"));
        assert_eq!(state().await, (now.0, now.1.to_owned()), "{allow} {clear}");
    }
    assert_eq!(browser.post(&path, &[("allow", "maybe")]).await.status, 422);
    let shop = at.signed_in(Role::CustomerAdmin, "Shop").await;
    assert_eq!(shop.get("/configurations/devices").await.status, 403);
    assert_eq!(shop.get(&path).await.status, 403);
    assert_eq!(shop.post(&path, &[("allow", "yes")]).await.status, 403);
    let office = at.signed_in(Role::CustomerAdmin, "Office").await;
    assert_eq!(office.get(&path).await.status, 404);
    assert_eq!(office.post(&path, &[("allow", "yes")]).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installer_sees_the_day_of_the_own_site() {
    let at = Site::open().await;
    let (place, code) = (front(&at).await, pin(&at, SHOP).await);
    let browser = at.signed_in(Role::Installer, "Front").await;
    let choose = browser.get("/installer").await.text;
    assert!(choose.contains(&format!("href=\"/installer/{place}\"")), "{choose}");
    let day = browser.get(&format!("/installer/{place}")).await.text;
    for told in ["00:15:65:00:00:01", code.as_str(), "not seen yet", "Suspend authentication", "Resync"] {
        assert!(day.contains(told), "{told}: {day}");
    }
    for (q, found) in [("0001", true), ("00:01", true), ("9999", false)] {
        assert_eq!(browser.get(&format!("/installer/{place}?q={q}")).await.text.contains(&code), found, "{q}");
    }
    let back = format!("/installer/{place}?tab=open");
    assert_eq!(browser.led(&format!("/devices/{SHOP}/resync"), &[("back", &back)]).await, format!("{back}&done=resync"));
    let hardware = browser.get("/inventory/phone-hardware").await;
    assert!(hardware.status == 200 && hardware.text.contains("00:15:65:00:00:01"), "{hardware:?}");
    let auditor = at.signed_in(Role::Auditor, "Shop").await;
    let seen = auditor.get(&format!("/installer/{place}")).await;
    assert!(seen.status == 200 && !seen.text.contains(&code), "an auditor sees no secrets");
    let office = at.signed_in(Role::Installer, "Office").await;
    assert_eq!(office.get(&format!("/installer/{place}")).await.status, 404);
    assert_eq!(browser.get("/installer/nonsense").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_registered_or_in_a_call_is_said_and_told_as_it_changes() {
    let at = Site::open().await;
    let place = front(&at).await;
    let browser = at.signed_in(Role::Installer, "Front").await;
    let page = format!("/installer/{place}");
    let stands = |presence| at.face.present.lock().unwrap().insert(SHOP.parse().unwrap(), presence);
    let cookie = format!("Cookie: rf_session={}\r\n", browser.cookies["rf_session"]);
    let mut stream = at.listen_at(&format!("/events?presence={place}"), &cookie).await;
    assert_eq!(stream.status(), 200);
    for (presence, group, said) in [
        (Presence::Registered, "open", "registered, waits for its PIN"),
        (Presence::InCall, "calling", "call in progress"),
        (Presence::Away, "open", "not seen yet"),
    ] {
        stands(presence);
        assert!(stream.until("event: presence").await.is_some(), "{presence:?}");
        stream.forget();
        let day = browser.get(&page).await.text;
        let shown = between(&day, "data-group=\"", "</section>");
        assert!(shown.starts_with(group) && shown.contains(said), "{presence:?}: {shown}");
    }
    assert!(browser.get(&format!("{page}?tab=calling")).await.text.contains("No phone is on its way"));
    let office = at.signed_in(Role::Installer, "Office").await;
    assert_eq!(office.get(&format!("/events?presence={place}")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_are_printed_for_a_site_or_for_some_phones() {
    let at = Site::open().await;
    let (place, code) = (front(&at).await, pin(&at, SHOP).await);
    let browser = at.signed_in(Role::Installer, "Front").await;
    for (path, class) in [
        (format!("/sheets?site={place}"), "labels sheet"),
        (format!("/sheets?site={place}&form=label&all=yes"), "labels single"),
        (format!("/sheets?mac={SHOP}"), "labels sheet"),
    ] {
        let sheet = browser.get(&path).await;
        assert!(sheet.status == 200 && sheet.text.contains(class) && sheet.text.contains(&format!("<b>{code}</b>")), "{path}: {sheet:?}");
        assert!(sheet.text.contains("<svg xmlns"), "{path}");
    }
    assert_eq!(browser.get(&format!("/sheets?mac={OFFICE}")).await.status, 404);
    let office = at.signed_in(Role::CustomerAdmin, "Office").await;
    assert_eq!(office.get(&format!("/sheets?site={place}")).await.status, 404);
    assert_eq!(at.signed_in(Role::Operator, "").await.get("/sheets").await.status, 422, "which ones?");
    let auditor = at.signed_in(Role::Auditor, "Shop").await;
    assert!(!auditor.get(&format!("/sheets?site={place}")).await.text.contains(&code));
}

#[tokio::test(flavor = "multi_thread")]
async fn ticked_phones_are_changed_after_a_question_each_for_itself() {
    let at = Site::open().await;
    let browser = at.signed_in(Role::Operator, "").await;
    let list = "/inventory/phone-hardware";
    let both = [("mac", SHOP), ("mac", OFFICE)];
    let ask = format!("{list}/marked");
    for act in ["resync", "suspend", "move", "reset", "delete"] {
        let question = browser.post(&ask, &[&both[..], &[("act", act), ("back", list)]].concat()).await;
        assert!(
            question.status == 200 && question.text.contains("00:15:65:00:00:02") && question.text.contains("2 phones"),
            "{act}: {question:?}"
        );
    }
    assert_eq!(browser.led(&ask, &[&both[..], &[("act", "labels")]].concat()).await, format!("/sheets?mac={SHOP}&mac={OFFICE}"));
    assert_eq!(browser.led(&ask, &[("act", "reset"), ("back", list)]).await, list, "none is ticked");
    assert_eq!(browser.post(&ask, &[&both[..], &[("act", "explode")]].concat()).await.status, 422);
    let act = format!("{list}/marked/do");
    assert_eq!(browser.led(&act, &[&both[..], &[("act", "delete"), ("answer", "no"), ("back", list)]].concat()).await, list);
    let done = browser.post(&act, &[&both[..], &[("mac", "001565000099"), ("act", "suspend"), ("answer", "yes")]].concat()).await;
    assert!(done.status == 200 && done.text.contains("Done to 2 phones") && done.text.contains("Not done to 1 phone"), "{done:?}");
    let shop = at.signed_in(Role::CustomerAdmin, "Shop").await;
    let own = [("mac", SHOP), ("act", "reset"), ("answer", "yes")];
    assert_eq!(shop.post(&ask, &own).await.status, 403);
    assert_eq!(shop.post(&act, &own).await.status, 403);
    let strange = [("mac", OFFICE), ("act", "delete"), ("answer", "yes")];
    assert_eq!(shop.post(&ask, &strange).await.status, 404);
    assert_eq!(shop.post(&act, &strange).await.status, 404);
    let page = shop.get(list).await.text;
    assert!(page.contains("value=\"delete\"") && !page.contains("name=\"act\" value=\"reset\""), "{page}");
    assert!(!at.signed_in(Role::Auditor, "Shop").await.get(list).await.text.contains("name=\"act\""));
    let gone = browser.post(&act, &[&both[..], &[("act", "delete"), ("answer", "yes")]].concat()).await;
    assert!(gone.text.contains("Done to 2 phones"), "{gone:?}");
    assert!(browser.get(list).await.text.contains("No phones yet"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_narrowed_by_site_and_model() {
    let at = Site::open().await;
    let place = front(&at).await;
    let shop = at.signed_in(Role::CustomerAdmin, "Shop").await;
    for (query, found) in [
        (format!("site={place}"), true),
        ("model=yealink/T46S".into(), true),
        ("model=t46s&q=0015".into(), true),
        ("model=snom/D735".into(), false),
        ("model=snom/D735&q=0015".into(), false),
    ] {
        let page = shop.get(&format!("/inventory/phone-hardware?{query}")).await;
        assert_eq!((page.status, page.text.contains("00:15:65:00:00:01")), (200, found), "{query}");
    }
}
