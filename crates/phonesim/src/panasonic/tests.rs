//! Files, paths and lines, held against rows of hand-written settings.

use super::file::{NotAFile, read};
use super::*;
use crate::behaviour::Behaviour;
use crate::firmware::{Came, Ended, Fetched, Got, Step};
use crate::transcript::Transcript;

const HEADER: &str = "# Panasonic SIP Phone Standard Format File # DO NOT CHANGE THIS LINE!";

fn identity(model: &str) -> Identity {
    Identity::panasonic(model, "0080f0aabbcc".parse().unwrap(), "01.133", 2)
}

fn flash(settings: &[(&str, &str)]) -> Flash {
    let mut flash = Flash::default();
    for (key, value) in settings {
        flash.set(key, value);
    }
    flash
}

fn plain(lines: &[&str]) -> String {
    lines.iter().fold(format!("{HEADER}\r\n"), |text, line| format!("{text}{line}\r\n")) + "\r\n"
}

fn fetch(model: &str, flash: &mut Flash, server: &str, files: &[(&str, String)]) -> (Vec<String>, Ended) {
    let (identity, behaviour, mut transcript) = (identity(model), Behaviour::default(), Transcript::default());
    let server = entry(Unit { identity: &identity, flash }, &server.parse().unwrap());
    let mut pass = Panasonic.pass(Unit { identity: &identity, flash }, &server, Cause::Boot);
    let (mut asked, mut came) = (Vec::new(), Came::Start);
    loop {
        let mut work = Work { identity: &identity, flash: &mut *flash, behaviour: &behaviour, transcript: &mut transcript };
        match pass.next(&mut work, came) {
            Step::End(ended) => return (asked, ended),
            Step::Ask(asks) => {
                let at = asks[0].at.clone();
                asked.push(format!("{}{}", at.file_name(), if asks[0].http_10 { " HTTP/1.0" } else { "" }));
                let found = files.iter().find(|(name, _)| *name == at.file_name());
                let got = found.map_or(Got::Missing(404), |(_, body)| Got::File(Fetched { at, body: body.clone().into(), login: None }));
                came = Came::All(vec![got]);
            }
        }
    }
}

#[test]
fn text_is_thrown_away_whole_for_one_slip() {
    let check = |text: &str, expected: Result<usize, NotAFile>| {
        assert_eq!(read(text.as_bytes(), "HDV130").map(|found| found.len()), expected, "{text:?}");
    };
    check(&plain(&["# remark", "", "A_1=\"x\"", "A_1=\"y\"", "B=\"\""]), Ok(2));
    check("A=\"1\"\r\n\r\n", Err(NotAFile::Header));
    check(&format!("{HEADER}\r\nA=\"1\"\r\n"), Err(NotAFile::End));
    check(&format!("{HEADER}\nA=\"1\"\r\n\r\n"), Err(NotAFile::LineEnd));
    for line in ["A = \"1\"", "A=1", "A=\"1", "A=\"1\" # why", "A=\"a\"b\"", "a=\"1\"", "A=\"1\"B=\"2\""] {
        check(&plain(&[line]), Err(NotAFile::Line(2)));
    }
    check(&plain(&[&format!("A=\"{}\"", "x".repeat(501)), &format!("B=\"{}\"", "x".repeat(600))]), Ok(0));
    assert_eq!(read(plain(&[]).as_bytes(), "TGP500"), Err(NotAFile::Header), "it wants its own");
    assert_eq!(read(plain(&["A=\"1\"", "A=\"2\""]).as_bytes(), "UT113"), Ok(vec![("A".into(), "1".into())]), "the first counts");
    let large = plain(&vec!["# 0123456789"; 10_000]);
    assert_eq!((read(large.as_bytes(), "UT113"), read(large.as_bytes(), "HDV130")), (Err(NotAFile::Size), Ok(vec![])));
}

#[test]
fn utg_reads_xml_whose_last_value_counts() {
    let read = |text: &str| read(text.as_bytes(), "UTG200");
    let file = "<PANASIPPhoneConfig><Device><Lines><Line idx=\"2\"><Sip><SIP_PASS perm=\"!RW\">a&amp;b</SIP_PASS></Sip></Line></Lines>\
                <A>1</A><A>2</A></Device></PANASIPPhoneConfig>";
    assert_eq!(read(file), Ok(vec![("SIP_PASS_2".into(), "a&b".into()), ("A".into(), "2".into())]));
    assert_eq!(read("<x/>"), Err(NotAFile::Root));
    assert_eq!(read(&plain(&[])), Err(NotAFile::Xml));
}

#[test]
fn a_folder_means_the_models_file_which_leads_to_the_phones_own() {
    let entry = plain(&["CFG_STANDARD_FILE_PATH=\"https://u:p@h/cfg/Config{MAC}.cfg\"", "NTP_ADDR=\"first\""]);
    let own = plain(&["NTP_ADDR=\"own\"", "CFG_PRODUCT_FILE_PATH=\"https://h/cfg/product.cfg\""]);
    let product = plain(&["NTP_ADDR=\"late\"", "SYSLOG_PORT=\"514\""]);
    let files = [("KX-UT113.cfg", entry), ("Config0080F0AABBCC.cfg", own), ("product.cfg", product)];
    let mut kept = flash(&[("VM_NUMBER_1", "*97")]);
    let (asked, ended) = fetch("UT113", &mut kept, "https://h/cfg/", &files);
    assert_eq!(
        (asked.as_slice(), ended),
        (["KX-UT113.cfg", "Config0080F0AABBCC.cfg", "product.cfg"].map(str::to_owned).as_slice(), Ended::Applied)
    );
    let left = ["NTP_ADDR", "SYSLOG_PORT", "VM_NUMBER_1"].map(|key| kept.setting(key));
    assert_eq!(left, [Some("own"), Some("514"), Some("*97")], "the earlier file counts, what none names stays");
    let identity = identity("UT113");
    let unit = Unit { identity: &identity, flash: &kept };
    assert_eq!(Panasonic.provisioning(unit).url.as_deref(), Some("https://u:p@h/cfg/Config0080F0AABBCC.cfg"));
    let mut again = kept.clone();
    let (asked, ended) = fetch("UT113", &mut again, "https://u:p@h/cfg/Config0080F0AABBCC.cfg", &files);
    assert_eq!((asked.as_slice(), ended), (["Config0080F0AABBCC.cfg", "product.cfg"].map(str::to_owned).as_slice(), Ended::Unchanged));
    assert_eq!(fetch("TGP500", &mut Flash::default(), "https://h/x", &[]), (vec!["KX-TGP500.cfg HTTP/1.0".into()], Ended::NothingThere));
}

#[test]
fn the_login_goes_into_the_address_and_utg_has_a_place_for_it() {
    let stored = |model: &str, key: &str| {
        let (identity, mut kept) = (identity(model), Flash::default());
        Panasonic.store_server(&identity, &mut kept, "https://old:one@h:8443/cfg/Config{MAC}.cfg");
        Panasonic.store_login(&identity, &mut kept, "u", &Secret::from("p"));
        kept.setting(key).map(str::to_owned)
    };
    assert_eq!(stored("HDV130", PATHS[0]).as_deref(), Some("https://u:p@h:8443/cfg/Config{MAC}.cfg"));
    assert_eq!(stored("UTG200", USER_SERVER[1]).as_deref(), Some("u"));
    assert_eq!(stored("UTG200", PATHS[0]), None);
}

#[test]
fn lines_poll_and_notify_are_as_its_settings_say() {
    let identity = identity("HDV130");
    let line = [("PHONE_NUMBER_1", "1"), ("SIP_RGSTR_ADDR_1", "sip.example.com"), ("SIP_SRC_PORT_1", "5060")];
    let accounts = |more: &[(&str, &str)]| Panasonic.accounts(Unit { identity: &identity, flash: &flash(&[&line, more].concat()) }).len();
    assert_eq!(accounts(&[]), 1);
    assert_eq!(accounts(&[("SIP_SVCDOMAIN_1", "example.com")]), 0, "it would register as somebody else");
    assert_eq!(accounts(&[("LINE_ENABLE_1", "Disabled")]), 0);
    let second = [("PHONE_NUMBER_2", "2"), ("SIP_RGSTR_ADDR_2", "sip.example.com")];
    assert_eq!(accounts(&[second.as_slice(), &[("SIP_SRC_PORT_2", "5060")]].concat()), 1, "one port, one line");
    assert_eq!(accounts(&[second.as_slice(), &[("SIP_SRC_PORT_2", "5070")]].concat()), 2);
    let on = |settings: &[(&str, &str)], last: Option<Outcome>| {
        Panasonic.poll(Unit { identity: &identity, flash: &flash(settings) }, last).map(|poll| poll.as_secs())
    };
    let cycle = [("CFG_CYCLIC", "Y"), ("CFG_CYCLIC_INTVL", "5"), ("CFG_RTRY_INTVL", "30")];
    assert_eq!((on(&cycle, None), on(&cycle, Some(Outcome::LoginWanted)), on(&cycle[1..], None)), (Some(300), Some(1_800), None));
    assert_eq!(on(&[cycle.as_slice(), &[("CFG_RESYNC_TIME", "02:00")]].concat(), None), None);
    let told = |word: &str, event: &str| {
        Panasonic.told(Unit { identity: &identity, flash: &flash(&[("CFG_RESYNC_FROM_SIP", word)]) }, 1, event).is_some()
    };
    assert!(told("check-sync", "check-sync;reboot=false") && !told("", "check-sync") && !told("resync", "check-sync"));
}

#[test]
fn a_persons_changes_count_before_every_file_but_utgs() {
    for (model, expected) in [("HDV130", "mine"), ("UTG200", "theirs")] {
        let (identity, mut kept) = (identity(model), Flash::default());
        Panasonic.change(&identity, &mut kept, "NTP_ADDR", "mine");
        kept.set("NTP_ADDR", "theirs");
        assert_eq!(text(Unit { identity: &identity, flash: &kept }, "NTP_ADDR"), Some(expected), "{model}");
    }
}

#[test]
fn only_utg_calls_by_itself_and_a_plan_may_refuse() {
    let line = |n: u16| [("PHONE_NUMBER", "c"), ("SIP_RGSTR_ADDR", "h")].map(|(name, value)| (format!("{name}_{n}"), value));
    let dials = |model: &str, more: &[(&str, &str)], digits: &str| {
        let (identity, mut kept) = (identity(model), flash(more));
        for (key, value) in line(1) {
            kept.set(&key, value);
        }
        Panasonic.dials(Unit { identity: &identity, flash: &kept }, 1, digits)
    };
    let hot = [("HOT_LINE_ENABLE", "Y"), ("HOT_LINE_NUMBER", "*89"), ("HOT_LINE_DELAY_TIME", "0")];
    assert_eq!((dials("UTG200", &hot, "").as_deref(), dials("HDV130", &hot, "")), (Some("*89"), None));
    assert_eq!(dials("UTG200", &hot, "112").as_deref(), Some("112"));
    let plan = [("DIAL_PLAN_1", "*89S0|112"), ("DIAL_PLAN_NOT_MATCH_ENABLE_1", "N")];
    assert_eq!((dials("HDV130", &plan, "*89").as_deref(), dials("HDV130", &plan, "0815")), (Some("*89"), None));
}
