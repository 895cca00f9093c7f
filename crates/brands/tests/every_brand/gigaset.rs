//! What is special about Gigaset's families.

use brands::{Body, Brand, Door, Notice};
use domain::settings::{Layer, Line, Resolved, Settings};
use domain::{Mac, Secret};

use crate::support::{CATALOGUE, carrier_of, full, line, restricted, text};

fn gigaset() -> &'static Brand {
    CATALOGUE.brand("gigaset").unwrap()
}

fn file(model: &str, body: Body<'_>) -> String {
    text(&carrier_of(gigaset(), gigaset().model(model).unwrap(), None, body))
}

#[test]
fn the_first_answer_to_a_challenge_is_from_the_factory() {
    let mac: Mac = "7c2f80123456".parse().unwrap();
    for user in ["7C2F80123456", "7c2f80123456", "7C:2F:80:12:34:56"] {
        assert!(gigaset().is_factory_user(user, mac), "{user}");
    }
    for user in ["7C2F80123457", "", "{mac}", "7C2F80123456-ABCD", "admin"] {
        assert!(!gigaset().is_factory_user(user, mac), "{user}");
    }
    let yealink = CATALOGUE.brand("yealink").unwrap();
    assert!(!yealink.is_factory_user("7C2F80123456", mac), "other brands' phones have no such login");
}

#[test]
fn a_login_in_an_address_stays_a_login() {
    let password = Secret::from("p/a:s%s@w?o#r&d");
    let settings = Resolved::default();
    let door =
        Door { url: "https://phones.example.com:8443/cfg/d/x/", user: "me@home:1", password: &password, poll_seconds: 600, file_key: None };
    for model in ["N670", "Maxwell3"] {
        let body = Body::Full { lines: &[], settings: &settings, door, language: "en" };
        let file = file(model, body);
        assert!(
            file.contains("https://me%40home%3A1:p%2Fa%3As%25s%40w%3Fo%23r%26d@phones.example.com:8443/cfg/d/x/0015651A2B3C.xml"),
            "{file}"
        );
        let way = CATALOGUE.parse(gigaset(), file.as_bytes()).unwrap().provisioning;
        assert_eq!((way.url.as_deref(), way.user.as_deref()), (Some(door.url), Some("me@home:1")));
        assert_eq!(way.password.unwrap().expose(), password.expose());
    }
}

#[test]
fn an_older_base_reads_plain_letters_hexadecimal_numbers_and_its_own_mac() {
    let settings = Resolved::default();
    let lines = [Line { name: Some("Büro".into()), port: Some(5070), ..line("200") }];
    for model in ["N510", "N300", "C610", "N720"] {
        let file = file(model, full(&lines, &settings));
        assert!(file.starts_with("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n") && file.is_ascii(), "{model}");
        assert!(file.contains("<MAC_ADDRESS value=\"0015651A2B3C\"/>") && file.contains("B&#252;ro"), "{model}");
        assert!(file.contains("value=\"0x13ce\""), "{model}: 5070");
        let parsed = CATALOGUE.parse(gigaset(), file.as_bytes()).unwrap();
        let account = &parsed.accounts[0];
        assert_eq!((account.name.as_deref(), account.port, parsed.accounts.len()), (Some("Büro"), Some(5070), 1), "{model}");
    }
    let quoted = [Line { name: Some("say \"hello\"".into()), ..line("200") }];
    let order = carrier_of(gigaset(), gigaset().model("N510").unwrap(), None, full(&quoted, &settings));
    let refused = CATALOGUE.render(&order).unwrap_err().to_string();
    assert_eq!(refused, "line 1 name: has a quotation mark, which the file cannot carry");
}

#[test]
fn each_handset_of_a_restricted_base_can_be_paired_and_calls_with_its_own_account() {
    let file = file("N870", restricted(Notice::Needed));
    for n in 1..=20 {
        let id = format!("{n:05}");
        assert!(
            file.contains(&format!("<oper name=\"add_hs\" value=\"{id}\"><param name=\"hs.RegStatus\" value=\"ToReg\"/></oper>")),
            "{id}"
        );
        assert!(file.contains(&format!("<param name=\"SipAccount.{id}.UserName\" value=\"claim-user\"/>")), "{id}");
    }
    assert!(!self::file("N510", restricted(Notice::Needed)).contains("uiSendMask\" class=\"symb_item\" value=\"0x0\""));
}

#[test]
fn a_raw_setting_goes_to_the_family_that_has_it() {
    let layer: Settings = [
        ("raw.gigaset.BS_IP_Data1.ucI_HTTPLANGUAGE", "0x2"),
        ("raw.gigaset.BS_IP_Data1.aucS_STUN_SERVER", "stun.example.com"),
        ("raw.gigaset.Telephony.0.CT_ByOnHook", "1"),
        ("raw.gigaset.S_CONFIGFILE_URL", "elsewhere.example.com"),
        ("raw.gigaset.Provisioning.global.ProvisioningServer", "https://elsewhere.example.com/"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    let settings = Resolved::from_layers([(Layer::Device, &layer)]);
    let (older, newer) = (file("N510", full(&[], &settings)), file("N670", full(&[], &settings)));
    assert!(older.contains("<SYMB_ITEM ID=\"BS_IP_Data1.ucI_HTTPLANGUAGE\" class=\"symb_item\" value='0x2'/>"), "{older}");
    assert!(older.contains("value='\"stun.example.com\"'/>") && !older.contains("CT_ByOnHook"));
    assert!(newer.contains("<param name=\"Telephony.0.CT_ByOnHook\" value=\"1\"/>") && !newer.contains("HTTPLANGUAGE"));
    assert!(!older.contains("elsewhere") && !newer.contains("elsewhere"));
}
