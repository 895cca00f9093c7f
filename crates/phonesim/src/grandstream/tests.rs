//! Orders, files, accounts and habits of each family, as rows.

use super::file::{File, NotAFile};
use super::*;
use crate::behaviour::Behaviour;
use crate::firmware::{Came, Ended, Fetched, Got, Step, Work};
use crate::transcript::Transcript;

fn identity(model: &str, firmware: &str) -> Identity {
    Identity::grandstream(model, "000b82aabbcc".parse().unwrap(), firmware, 6)
}

fn read(identity: &Identity, flash: &Flash, text: &str) -> Result<Vec<(String, String)>, NotAFile> {
    File::read(text.as_bytes(), Unit { identity, flash }).map(|file| file.values)
}

fn numbers(values: &str) -> String {
    format!("<?xml version=\"1.0\"?>\n<gs_provision version=\"1\">\n<config version=\"1\">{values}</config></gs_provision>")
}

fn names(values: &str) -> String {
    format!("<gs_provision version=\"1\"><config version=\"2\">{values}</config></gs_provision>")
}

#[test]
fn files_are_taken_in_the_styles_that_the_firmware_reads() {
    let (flash, old, new) = (Flash::default(), identity("GXP2135", "1.0.7.97"), identity("GXP2135", "1.0.11.85"));
    let pair = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
    assert_eq!(read(&old, &flash, &numbers("<P271> 1 </P271><other>x</other><P>y</P>")), Ok(pair("P271", "1")));
    assert_eq!(read(&old, &flash, &names("<item name=\"account.1.enable\">Yes</item>")), Err(NotAFile::Style));
    assert_eq!(read(&new, &flash, &names("<item name=\"account.1.enable\">Yes</item>")), Ok(pair("P271", "1")));
    assert_eq!(read(&new, &flash, &names("<item name=\"account.5.sip.transport\">TlsOrTcp</item>")), Ok(pair("P1748", "2")));
    assert_eq!(read(&new, &flash, &names("<item name=\"sip.notify.challenge\">No</item>")), Ok(pair("P4428", "1")));
    let android = identity("GXV3370", "1.0.3.27");
    assert_eq!(read(&android, &flash, &numbers("<P271>1</P271>")), Err(NotAFile::Style));
    assert_eq!(read(&android, &flash, &names("<item name=\"account.16.enable\">Yes</item>")), Ok(pair("account.16.enable", "1")));
    // One style a file: what is of the other is passed over.
    assert_eq!(read(&new, &flash, &names("<P271>1</P271>")), Ok(Vec::new()));
}

#[test]
fn what_is_not_for_this_phone_is_refused() {
    let (flash, phone) = (Flash::default(), identity("GXP1630", "1.0.4.138"));
    let refused = |text: &str| read(&phone, &flash, text).unwrap_err();
    assert_eq!(refused("<gs_provision><mac>000b82aabbcd</mac><config version=\"1\"/></gs_provision>"), NotAFile::Mac);
    assert!(read(&phone, &flash, "<gs_provision><mac>000B82AABBCC</mac><config version=\"1\"/></gs_provision>").is_ok());
    assert_eq!(refused("<gs_provision></gs_provision>"), NotAFile::Style);
    assert_eq!(refused("<flat-profile/>"), NotAFile::Root);
    assert_eq!(refused("P271=1&gnkey=0b82"), NotAFile::Xml);
    assert_eq!(refused("Salted__12345678"), NotAFile::Sealed);
    assert_eq!(File::read(b"<gs_provision>\xff", Unit { identity: &phone, flash: &flash }), Err(NotAFile::Encoding));
}

/// Runs a pass on answers by file name and says what was asked for, and what came of it.
fn run(identity: &Identity, flash: &mut Flash, answers: &[(&str, Got)]) -> (Vec<String>, Ended) {
    let server: Address = "https://phones.example.com/cfg".parse().unwrap();
    let mut pass = Grandstream.pass(Unit { identity, flash }, &server, Cause::Boot);
    let (behaviour, mut transcript) = (Behaviour::default(), Transcript::default());
    let (mut asked, mut came) = (Vec::new(), Came::Start);
    loop {
        let mut work = Work { identity, flash, behaviour: &behaviour, transcript: &mut transcript };
        match pass.next(&mut work, came) {
            Step::End(ended) => return (asked, ended),
            Step::Ask(asks) => {
                let name = asks[0].at.file_name().to_owned();
                let answer = answers.iter().find(|(known, _)| *known == name).map_or(Got::Missing(404), |(_, got)| got.clone());
                asked.push(name);
                came = Came::All(vec![answer]);
            }
        }
    }
}

fn file(text: &str) -> Got {
    let at = "https://phones.example.com/cfg/cfg000b82aabbcc.xml".parse().unwrap();
    Got::File(Fetched { at, body: text.to_owned().into(), login: None })
}

#[test]
fn each_family_asks_in_its_own_order_and_stops_at_its_own_file() {
    let order = |model: &str, firmware: &str| run(&identity(model, firmware), &mut Flash::default(), &[]).0.join(" ");
    assert_eq!(order("GXP1405", "1.0.4.23"), "cfg000b82aabbcc.xml cfg000b82aabbcc cfg.xml");
    assert_eq!(order("GXP1630", "1.0.4.138"), "cfg000b82aabbcc cfg000b82aabbcc.xml cfggxp1630.xml cfg.xml");
    assert_eq!(order("GRP2614", "1.0.5.15"), "cfg000b82aabbcc.bin cfg000b82aabbcc.xml cfggrp2614.xml cfg.xml");
    assert_eq!(order("HT802", "1.0.17.5"), "cfg000b82aabbcc cfg000b82aabbcc.xml cfg.xml");
    let own = [("cfg000b82aabbcc.xml", file(&numbers("<P271>1</P271>")))];
    let mut flash = Flash::default();
    let (asked, ended) = run(&identity("GXP1630", "1.0.4.138"), &mut flash, &own);
    assert_eq!((asked.len(), ended), (2, Ended::Applied));
    assert_eq!(run(&identity("GXP1630", "1.0.4.138"), &mut flash, &own).1, Ended::Unchanged);
    flash.set("P8467", "1");
    assert_eq!(run(&identity("GXP1630", "1.0.4.138"), &mut flash, &own).0.len(), 4, "all that there are");
    flash.set("P234", "a-");
    assert_eq!(run(&identity("HT802", "1.0.17.5"), &mut flash, &[]).0[1], "a-cfg000b82aabbcc.xml");
}

#[test]
fn firmware_is_asked_for_in_the_same_pass_and_changes_nothing_about_it() {
    let own = [("cfg000b82aabbcc.xml", file(&numbers("<P192>files.example.com/fw</P192><P6767>2</P6767>")))];
    let (asked, ended) = run(&identity("GXP1630", "1.0.4.138"), &mut Flash::default(), &own);
    assert_eq!((asked.last().map(String::as_str), ended), (Some("gxp1630fw.bin"), Ended::Applied));
}

#[test]
fn a_login_that_is_wanted_ends_the_pass_and_gxp21xx_and_gxp17xx_ask_for_it() {
    let wanted = [("cfg000b82aabbcc.xml", Got::LoginWanted)];
    let flash = &mut Flash::default();
    assert_eq!(run(&identity("GXP1630", "1.0.4.138"), flash, &wanted).1, Ended::LoginWanted);
    for (model, prompts) in [("GXP2135", true), ("GXP1760", true), ("GXP1630", false), ("GRP2614", false), ("HT802", false)] {
        assert_eq!(Grandstream.prompts(Unit { identity: &identity(model, "1.0.7.1"), flash }), prompts, "{model}");
    }
}

#[test]
fn blank_values_clear_and_absent_ones_stay() {
    let phone = identity("GXP1630", "1.0.4.138");
    let mut flash = Flash::default();
    run(&phone, &mut flash, &[("cfg000b82aabbcc.xml", file(&numbers("<P71>*89</P71><P270>Desk</P270>")))]);
    run(&phone, &mut flash, &[("cfg000b82aabbcc.xml", file(&numbers("<P71></P71>")))]);
    let unit = Unit { identity: &phone, flash: &flash };
    assert_eq!((unit.text("P71"), unit.text("P270")), (None, Some("Desk")));
}

fn with(pairs: &[(&str, &str)]) -> Flash {
    let mut flash = Flash::default();
    for (key, value) in pairs {
        flash.set(key, value);
    }
    flash
}

#[test]
fn accounts_stand_under_the_numbers_of_their_family() {
    let users = |model: &str, pairs: &[(&str, &str)]| {
        let accounts = Grandstream.accounts(Unit { identity: &identity(model, "1.0.5.1"), flash: &with(pairs) });
        accounts.into_iter().map(|account| (account.slot, account.user, account.server, account.port, account.hotline)).collect::<Vec<_>>()
    };
    let row =
        |slot, user: &str, server: &str, port, hotline: Option<&str>| (slot, user.into(), server.into(), port, hotline.map(Into::into));
    let phone = [("P271", "1"), ("P35", "a"), ("P47", "h:5061"), ("P71", "*89"), ("P1701", "1"), ("P1704", "e"), ("P1702", "h")];
    assert_eq!(users("GXP2120", &phone), [row(1, "a", "h", Some(5061), Some("*89")), row(5, "e", "h", None, Some("*89"))]);
    let ports = [("P271", "1"), ("P35", "a"), ("P47", "h"), ("P401", "1"), ("P735", "b"), ("P747", "i"), ("P771", "9")];
    assert_eq!(users("HT802", &ports), [row(1, "a", "h", None, None), row(2, "b", "i", None, Some("9"))]);
    let shared = [("P271", "1"), ("P47", "h"), ("P4596", "1"), ("P4061", "b"), ("P4151", "0"), ("P4211", "*89")];
    assert_eq!(users("HT818", &shared), [row(2, "b", "h", None, Some("*89"))]);
    // Handset 3 is on account 2.
    let base = [("P271", "1"), ("P47", "h"), ("P4596", "1"), ("P4061", "b"), ("P4151", "0"), ("P4320", "2"), ("P4212", "*89")];
    assert_eq!(users("DP750", &base), [row(2, "b", "h", None, Some("*89"))]);
}

#[test]
fn lifting_dials_by_itself_and_the_plan_holds_back_what_does_not_fit() {
    let phone = identity("GXP1630", "1.0.4.138");
    let flash = with(&[("P271", "1"), ("P71", "*89"), ("P290", "{ *89 | 112 }")]);
    let dials = |digits: &str| Grandstream.dials(Unit { identity: &phone, flash: &flash }, 1, digits);
    assert_eq!(["", "112", "0815"].map(dials), [Some("*89".to_owned()), Some("112".to_owned()), None]);
}

#[test]
fn the_poll_is_an_hour_at_least_and_each_family_has_its_own_number_for_it() {
    let poll = |model: &str, mode: &str, minutes: &str| {
        let flash = with(&[("P194", mode), ("P193", minutes)]);
        Grandstream.poll(Unit { identity: &identity(model, "1.0.5.1"), flash: &flash }, None).map(|poll| poll.as_secs())
    };
    assert_eq!(poll("GXP1630", "1", "5"), Some(3600));
    assert_eq!(poll("GXP1630", "1", "120"), Some(7200));
    assert_eq!(poll("HT802", "3", "120"), Some(7200));
    assert_eq!(poll("HT802", "1", "120"), Some(86_400));
    assert_eq!(poll("GXP1630", "0", "120"), None);
}

#[test]
fn a_notify_is_challenged_unless_a_setting_or_a_newer_adapter_says_otherwise() {
    let told = |model: &str, pairs: &[(&str, &str)], event: &str| {
        let flash = with(pairs);
        Grandstream.told(Unit { identity: &identity(model, "1.0.5.1"), flash: &flash }, 1, event).map(|told| told.challenged)
    };
    assert_eq!(told("GXP1630", &[], "check-sync"), Some(true));
    assert_eq!(told("GXP1630", &[("P4428", "1")], "check-sync"), Some(false));
    assert_eq!(told("HT802", &[], "check-sync;reboot=false"), Some(false));
    assert_eq!(told("GXP1630", &[], "resync"), None);
}

#[test]
fn the_page_has_protocol_and_path_apart() {
    let phone = identity("GXP1630", "1.0.4.138");
    let mut flash = Flash::default();
    Grandstream.store_server(&phone, &mut flash, "https://phones.example.com:8443/cfg/");
    assert_eq!((flash.setting("P212"), flash.setting("P237")), (Some("2"), Some("phones.example.com:8443/cfg")));
    let stored = Grandstream.provisioning(Unit { identity: &phone, flash: &flash });
    assert_eq!(stored.url.as_deref(), Some("https://phones.example.com:8443/cfg"));
    assert_eq!(phone.user_agent(), "Grandstream Model HW GXP1630 SW 1.0.4.138 DevId 000b82aabbcc");
}
