//! A brand's redirect service, played beside the server: from the account to the phone that is listed there, or refused.

use std::time::Duration;

use phonesim::services::Emulator;
use phonesim::services::ymcs::Ymcs;
use tokio::time::{sleep, timeout};

use crate::browser::{Browser, Seat};
use crate::house::{CUSTOMER, House, PATIENCE};

const SECRET: &str = "key-secret-of-the-account";
const LISTED: &str = "001565000001";
const FOREIGN: &str = "001565000002";
const NAMELESS: &str = "001565000003";
const CISCO: &str = "0023ebaabbcc";

/// A house that finds Yealink's service at the played one.
async fn house(service: &Emulator<Ymcs>) -> House {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    let mut house = House::founded(root, data, "trace").await;
    house.cli(&["customer", "add", CUSTOMER]).await;
    let authority = house.data().join("services.pem");
    std::fs::write(&authority, service.authority_pem()).unwrap();
    house.set("REDIRECT_CA", &authority.display().to_string());
    house.set("REDIRECT_SERVICES", &format!("{{ yealink-ymcs = \"{}\" }}", service.base()));
    house.keep(SECRET);
    house.serve().await;
    house
}

/// Waits until a phone stands so.
async fn stands(house: &House, mac: &str, standing: &str) {
    let until = async {
        while house.cli(&["device", "redirect", mac]).await["standing"] != standing {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(PATIENCE, until).await.unwrap_or_else(|_| panic!("{mac} does not come to stand {standing}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_added_and_phones_are_listed_refused_or_registered_by_hand() {
    let service = Emulator::start(Ymcs::new("office-key", SECRET)).await.unwrap();
    service.provider().add_foreign(FOREIGN.parse().unwrap());
    service.provider().set_pin(LISTED.parse().unwrap(), "48151623");
    let house = house(&service).await;
    let mut browser = Browser::open(&house, "redirect", Seat::default()).await;
    browser.sign_in("operator", &house.operator_password()).await;
    browser.goto("/operations/redirects").await;
    browser.look("none").await;
    browser.goto("/operations/redirects/new").await;
    browser.look("choose").await;
    browser.click_at("button[value=yealink-ymcs]").await;
    browser.fill("Key ID", "office-key").await;
    browser.fill("Secret", SECRET).await;
    browser.look("form").await;
    browser.click("button", "Add account").await;
    browser.says(".note.good", "The account is added.").await;
    browser.click("button", "Test").await;
    browser.says(".note.good", "The service accepts the account.").await;
    browser.waits("[data-state=working]").await;

    browser.goto("/devices/new").await;
    browser.fill("MAC", LISTED).await;
    browser.fill("Brand and model", "yealink/T46S").await;
    browser.fill("Serial number (optional)", "3146019091637071").await;
    browser.fill("Customer", CUSTOMER).await;
    browser.look("add-phone").await;
    browser.click("button", "Add phone").await;
    browser.waits("main h1").await;
    stands(&house, LISTED, "listed").await;
    browser.goto(&format!("/devices/{LISTED}")).await;
    browser.says("#redirect [data-state=listed]", "listed").await;
    browser.says("#redirect", "the phone has not come yet").await;
    browser.click("button", "Show the service's PIN").await;
    browser.says("#redirect .secret", "48151623").await;
    browser.look("listed").await;
    assert!(service.provider().device(LISTED.parse().unwrap()).is_some(), "the service has it");

    let add = |mac, model| ["device", "add", mac, "--customer", CUSTOMER, "--model", model];
    house.cli(&[&add(FOREIGN, "yealink/T46S")[..], &["--serial", "3146019091637072"]].concat()).await;
    house.cli(&add(NAMELESS, "yealink/T54W")).await;
    stands(&house, FOREIGN, "refused").await;
    stands(&house, NAMELESS, "refused").await;
    browser.goto(&format!("/devices/{FOREIGN}")).await;
    browser.says("#redirect .note", "The phone belongs to another account of the service.").await;
    browser.says("#redirect .note", "must release it there").await;
    browser.look("foreign").await;
    browser.goto(&format!("/devices/{NAMELESS}")).await;
    browser.says("#redirect .note", "The service wants the serial number.").await;
    browser.fill("Serial number", "3146019091637073").await;
    browser.click("button", "Save label").await;
    stands(&house, NAMELESS, "listed").await;

    let models = house.cli(&["brands", "list"]).await;
    let cisco = models.as_array().unwrap().iter().find(|brand| brand["brand"] == "cisco").unwrap();
    let model = format!("cisco/{}", cisco["models"][0]["model"].as_str().unwrap());
    house.cli(&[&add(CISCO, &model)[..], &["--lives-by-trust"]].concat()).await;
    browser.goto(&format!("/devices/{CISCO}")).await;
    browser.click("button", "Address for entering by hand").await;
    browser.waits("#address").await;
    browser.look("address").await;
    browser.click("button", "Registered by hand").await;
    browser.says("#redirect [data-state=by_hand]", "registered by hand").await;
    browser.look("by-hand").await;

    browser.goto("/operations/redirects").await;
    browser.look("list").await;
    browser.click("link", "Yealink YMCS (RPS)").await;
    browser.says("#refused td", "The phone belongs to another account of the service.").await;
    browser.look("account").await;
    browser.click("link", "Remove account").await;
    browser.says("dialog h1", "Remove this account?").await;
    browser.look("remove").await;
    browser.close().await;
    house.close().await;
}

/// The same pages in German, dark, on a small screen, and without script.
#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_redirect_services_fit_every_screen() {
    let service = Emulator::start(Ymcs::new("office-key", "another")).await.unwrap();
    let house = house(&service).await;
    let add = ["redirect", "add", "yealink-ymcs", "--set", "key_id=office-key", "--secret-stdin"];
    let id = house.cli_with_input(&add, &format!("secret={SECRET}")).await["id"].as_str().unwrap().to_owned();
    house.add(LISTED).await;
    let failing = async {
        while house.cli(&["redirect", "show", &id]).await["state"] != "failing" {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(PATIENCE, failing).await.expect("the service refuses the account");
    let seat = Seat { dark: true, telephone: true, german: true, no_script: false };
    let mut browser = Browser::open(&house, "redirect-small", seat).await;
    browser.goto("/login").await;
    browser.fill("Benutzername", "operator").await;
    browser.fill("Passwort", &house.operator_password()).await;
    browser.click("button", "Anmelden").await;
    browser.waits("header.top").await;
    let account = format!("/operations/redirects/{id}");
    let remove = format!("{account}/remove");
    for (name, path) in [
        ("list", "/operations/redirects"),
        ("choose", "/operations/redirects/new"),
        ("form", "/operations/redirects/new?service=grandstream-gdms"),
        ("account", &account),
        ("remove", &remove),
        ("phone", &format!("/devices/{LISTED}")),
        ("help", "/help/5-redirect-services"),
    ] {
        assert_eq!(browser.goto(path).await, 200, "{path}");
        browser.look(name).await;
    }
    browser.goto(&account).await;
    browser.says(".note.bad", "Der Dienst nimmt das Konto nicht an.").await;
    browser.sit(&house, Seat { no_script: true, ..Seat::default() }).await;
    browser.sign_in("operator", &house.operator_password()).await;
    browser.goto(&account).await;
    browser.click("link", "Remove account").await;
    browser.says("h1", "Remove this account?").await;
    browser.click("button", "Yes").await;
    browser.says(".note.good", "The account is removed.").await;
    browser.close().await;
    house.close().await;
}
