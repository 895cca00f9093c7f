//! Orders, files, accounts and habits of each family, as rows.

use super::file::{File, NotAFile};
use super::*;
use crate::behaviour::Behaviour;
use crate::firmware::{Came, Ended, Fetched, Got, Step, Work};
use crate::transcript::Transcript;

const TEXT: &str = "<<VOIP CONFIG FILE>>Version:2.0002      \n\n<SIP CONFIG MODULE>\n--SIP Line List--  :\nSIP1 Phone Number  : 200 \n\
                    SIP1 Hotline Num   :\nnonsense\n<AUTOUPDATE CONFIG MODULE>\nDownload Server IP :https://h:8443/cfg\n<<END OF FILE>>\n";
const MODULES: &str = "<?xml version=\"1.0\"?><VOIP_CONFIG_FILE><version>2.0002</version><SIP_CONFIG_MODULE><SIP_Line_List>\
                       <SIP_Line_List_Entry><ID>SIP1</ID><Phone_Number>200</Phone_Number></SIP_Line_List_Entry></SIP_Line_List>\
                       <Notify_Reboot>0</Notify_Reboot></SIP_CONFIG_MODULE></VOIP_CONFIG_FILE>\n<<END OF FILE>>\n";
const SECTIONS: &str = "<sysConf><Version>2.0000000000</Version><sip><SIPPort>5060</SIPPort><line index=\"1\">\
                        <PhoneNumber>a&amp;b</PhoneNumber></line></sip></sysConf>";

fn identity(model: &str) -> Identity {
    Identity::fanvil(model, "0c383eaabbcc".parse().unwrap(), "2.10.2.6887", Some("f0X4hw1.100"), 4)
}

#[test]
fn the_redirect_services_record_stays_two_fields() {
    for (model, server, file, protocol) in [
        ("X2", "Download Server IP", "Config File Name", "Download Protocol"),
        ("X4", "Download Server IP", "Config File Name", "Download Protocol"),
        ("X4U", "ap/FlashServerIP", "ap/FlashFileName", "ap/FlashProtocol"),
    ] {
        let check = |address: &str, expected: [Option<&str>; 3]| {
            let mut flash = Flash::default();
            Fanvil.store_directed(&identity(model), &mut flash, address);
            assert_eq!([server, file, protocol].map(|key| flash.setting(key)), expected, "{model} {address}");
        };
        check("https://h:8443/cfg/g/t/$mac.cfg", [Some("h:8443"), Some("cfg/g/t/$mac.cfg"), Some("5")]);
        check("http://h/a.cfg", [Some("h"), Some("a.cfg"), Some("4")]);
        check("https://h:8443/cfg/", [Some("https://h:8443/cfg/"), None, Some("5")]);
    }
}

#[test]
fn each_generation_reads_its_own_kind_and_refuses_the_others() {
    let check = |generation, text: &str, expected: &[(&str, &str)]| {
        let file = File::read(text.as_bytes(), generation).unwrap();
        let pairs: Vec<_> = file.settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(pairs, expected, "{generation:?}");
    };
    let of_text = [("SIP1 Phone Number", "200"), ("SIP1 Hotline Num", ""), ("Download Server IP", "https://h:8443/cfg")];
    check(Generation::Text, TEXT, &of_text);
    check(Generation::Modules, MODULES, &[("SIP1 Phone Number", "200"), ("Notify Reboot", "0")]);
    check(Generation::Sections, SECTIONS, &[("sip/SIPPort", "5060"), ("sip/line[1]/PhoneNumber", "a&b")]);
    let refused = |generation, text: &str| File::read(text.as_bytes(), generation).unwrap_err();
    assert_eq!(refused(Generation::Text, MODULES), NotAFile::Header);
    assert_eq!(refused(Generation::Modules, TEXT), NotAFile::Xml);
    assert_eq!(refused(Generation::Modules, SECTIONS), NotAFile::Root);
    assert_eq!(refused(Generation::Sections, MODULES), NotAFile::Root);
    assert_eq!(refused(Generation::Sections, "<sysConf></sysConf>"), NotAFile::Header);
    assert_eq!(refused(Generation::Text, "<<VOIP CONFIG FILE>>Version:2\na :1\n<<END OF FILE>>"), NotAFile::Module);
    assert_eq!(refused(Generation::Text, "<<VOIP CONFIG FILE>>Version:2\n<SIP CONFIG MODULE>\na :1\n"), NotAFile::End);
    assert_eq!(File::read(b"<sysConf>\xff", Generation::Sections), Err(NotAFile::Encoding));
}

/// Runs a pass over a server on answers by file name; says the paths that were asked for, and what came of it.
fn run(identity: &Identity, flash: &mut Flash, server: &str, answers: &[(&str, Got)]) -> (Vec<String>, Ended) {
    let server: Address = server.parse().unwrap();
    let mut pass = Fanvil.pass(Unit { identity, flash }, &server, Cause::Boot);
    let (behaviour, mut transcript) = (Behaviour::default(), Transcript::default());
    let (mut asked, mut came) = (Vec::new(), Came::Start);
    loop {
        let mut work = Work { identity, flash, behaviour: &behaviour, transcript: &mut transcript };
        match pass.next(&mut work, came) {
            Step::End(ended) => return (asked, ended),
            Step::Ask(asks) => {
                let at = &asks[0].at;
                let answer = answers.iter().find(|(known, _)| *known == at.file_name()).map_or(Got::Missing(404), |(_, got)| got.clone());
                asked.push(at.target());
                came = Came::All(vec![answer]);
            }
        }
    }
}

fn file(text: &str) -> Got {
    let at = "https://h/cfg/0c383eaabbcc.cfg".parse().unwrap();
    Got::File(Fetched { at, body: text.to_owned().into(), login: None })
}

#[test]
fn the_hardwares_file_comes_first_and_stops_nobody() {
    let phone = identity("X4");
    let (asked, ended) = run(&phone, &mut Flash::default(), "https://h/cfg", &[("f0X4hw1.100.cfg", Got::LoginWanted)]);
    assert_eq!((asked.join(" ").as_str(), ended), ("/cfg/f0X4hw1.100.cfg /cfg/0c383eaabbcc.cfg", Ended::NothingThere));
    let mut flash = Flash::default();
    let own = [("0c383eaabbcc.cfg", file(MODULES))];
    assert_eq!(run(&phone, &mut flash, "https://h/cfg", &own).1, Ended::Applied);
    assert_eq!(run(&phone, &mut flash, "https://h/cfg", &own).1, Ended::Unchanged);
    flash.set("Download CommonConf", "0");
    assert_eq!(run(&phone, &mut flash, "https://h/cfg/", &own).0, ["/cfg/0c383eaabbcc.cfg"]);
    // DHCP names the file itself, with a macro.
    assert_eq!(run(&phone, &mut flash, "https://h/a/$mac.cfg", &own).0, ["/a/0c383eaabbcc.cfg"]);
    assert_eq!(run(&phone, &mut flash, "https://h/cfg", &[("0c383eaabbcc.cfg", Got::LoginWanted)]).1, Ended::LoginWanted);
}

#[test]
fn the_first_phones_pass_over_a_version_that_did_not_rise() {
    let (phone, mut flash) = (identity("C58"), Flash::default());
    let mut takes = |version: &str, user: &str| {
        let text = TEXT.replace("2.0002", version).replace("200", user);
        run(&phone, &mut flash, "https://h/cfg", &[("0c383eaabbcc.cfg", file(&text))]).1
    };
    assert_eq!([takes("2.0002", "1"), takes("2.0002", "2"), takes("2.0003", "3")], [Ended::Applied, Ended::Unchanged, Ended::Applied]);
}

fn with(pairs: &[(&str, &str)]) -> Flash {
    let mut flash = Flash::default();
    for (key, value) in pairs {
        flash.set(key, value);
    }
    flash
}

#[test]
fn a_hotline_swallows_what_is_dialled_and_a_ban_lets_nothing_through() {
    for (model, prefix, ban) in [("X4", "SIP1 ", "P1 Ban Dial Out"), ("X4U", "sip/line[1]/", "call/port[1]/BanDialOut")] {
        let key = |words: &str| format!("{prefix}{}", if model == "X4U" { words.replace(' ', "") } else { words.to_owned() });
        let phone = identity(model);
        let number = key("Hotline Num");
        let (reg, on) = (key("Enable Reg"), key("Enable Hotline"));
        let mut flash = with(&[(reg.as_str(), "1"), (number.as_str(), "*89"), (on.as_str(), "1")]);
        let dials = |flash: &Flash, digits: &str| Fanvil.dials(Unit { identity: &phone, flash }, 1, digits);
        assert_eq!(["", "112"].map(|digits| dials(&flash, digits)), [Some("*89".to_owned()), Some("*89".to_owned())], "{model}");
        flash.set(&on, "0");
        assert_eq!(["", "112"].map(|digits| dials(&flash, digits)), [None, Some("112".to_owned())], "{model}");
        flash.set(ban, "1");
        assert_eq!(dials(&flash, "112"), None, "{model}");
    }
}

#[test]
fn accounts_title_and_keys_are_read_from_flash() {
    let phone = identity("X4U");
    let pairs = [
        ("sip/line[2]/EnableReg", "1"),
        ("sip/line[2]/PhoneNumber", "200"),
        ("sip/line[2]/RegisterAddr", "h"),
        ("sip/line[2]/RegisterPort", "5061"),
        ("sip/line[2]/Transport", "3"),
        ("phone/display/LCDTitle", "Hello"),
        ("dsskey/internal[1]/Fkey[2]/Title", "Key"),
    ];
    let flash = with(&pairs);
    let unit = Unit { identity: &phone, flash: &flash };
    let accounts = Fanvil.accounts(unit);
    let shown: Vec<_> =
        accounts.iter().map(|account| (account.slot, account.auth_user.as_str(), account.port, account.transport)).collect();
    assert_eq!(shown, [(2, "200", Some(5061), Transport::Tls)]);
    assert_eq!(Fanvil.texts(unit), ["Hello", "Key"]);
    assert!(!Fanvil.has_screen(&identity("i10SV")) && Fanvil.has_screen(&phone));
}

#[test]
fn the_poll_is_in_hours_and_dhcp_can_be_switched_off() {
    for (model, mode, interval, option) in [
        ("C58", "Flash Mode", "Flash Interval", "DHCP Option"),
        ("X4", "Download Mode", "Download Interval", "DHCP Option"),
        ("X4U", "ap/FlashMode", "ap/FlashInterval", "ap/opt/DHCPOption"),
    ] {
        let phone = identity(model);
        let mut flash = with(&[(mode, "2"), (interval, "3")]);
        assert_eq!(Fanvil.poll(Unit { identity: &phone, flash: &flash }, None), Some(Duration::from_hours(3)), "{model}");
        assert!(Fanvil.heeds_dhcp(Unit { identity: &phone, flash: &flash }), "{model}");
        flash.set(mode, "1");
        flash.set(option, "0");
        assert_eq!(Fanvil.poll(Unit { identity: &phone, flash: &flash }, None), None, "{model}");
        assert!(!Fanvil.heeds_dhcp(Unit { identity: &phone, flash: &flash }), "{model}");
    }
}

#[test]
fn a_restart_by_notify_needs_both_sides_to_want_it() {
    let told = |setting: &str, event: &str| {
        let (phone, flash) = (identity("X4U"), with(&[("sip/NotifyReboot", setting)]));
        Fanvil.told(Unit { identity: &phone, flash: &flash }, 1, event).map(|told| told.then)
    };
    assert_eq!(told("1", "check-sync;reboot=true"), Some(Then::Restart));
    assert_eq!(told("0", "check-sync;reboot=true"), Some(Then::Fetch));
    assert_eq!(told("1", "check-sync"), Some(Then::Fetch));
    assert_eq!(told("1", "resync"), None);
}
