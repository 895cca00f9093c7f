//! Rules, lines, plans and logins of the family, each held against rows of hand-written settings.

use super::*;
use crate::behaviour::Behaviour;
use crate::firmware::{Came, Ended, Fetched, Got, Step};
use crate::transcript::Transcript;

const MAC: &str = "000e08aabbcc";

fn identity(model: &str) -> Identity {
    Identity::cisco(model, MAC.parse().unwrap(), "FICT0001", "1.4.1", 2)
}

fn flash(settings: &[(&str, &str)]) -> Flash {
    let mut flash = Flash::default();
    for (key, value) in settings {
        flash.set(key, value);
    }
    flash
}

fn on<T>(model: &str, settings: &[(&str, &str)], look: impl FnOnce(Unit<'_>) -> T) -> T {
    look(Unit { identity: &identity(model), flash: &flash(settings) })
}

const FIRMWARE: Cisco = Cisco(Brand::Cisco);

/// Runs a pass with these answers, one after the other: a body, or a status. What was asked for, how it ended, what flash holds.
fn pass(model: &str, settings: &[(&str, &str)], answers: &[Result<&str, u16>]) -> (Vec<String>, Ended, Flash) {
    let (identity, mut flash, behaviour) = (identity(model), flash(settings), Behaviour::default());
    let mut transcript = Transcript::default();
    let server = "http://h.example.com/spa112.cfg".parse().unwrap();
    let mut pass = FIRMWARE.pass(Unit { identity: &identity, flash: &flash }, &server, Cause::Resync);
    let (mut asked, mut answers, mut came) = (Vec::new(), answers.iter(), Came::Start);
    loop {
        let mut work = Work { identity: &identity, flash: &mut flash, behaviour: &behaviour, transcript: &mut transcript };
        match pass.next(&mut work, came) {
            Step::End(ended) => return (asked, ended, flash),
            Step::Ask(asks) => {
                assert_eq!(asks.len(), 1, "one file at a time");
                let ask = &asks[0];
                let login = ask.at.login.as_ref().map(|login| format!(" as {}", login.user)).unwrap_or_default();
                asked.push(format!("{} {}{login}", ask.method, ask.at.shown()));
                let got = match answers.next().expect("an answer for every request") {
                    Ok(body) => Got::File(Fetched { at: ask.at.clone(), body: (*body).to_owned().into(), login: None }),
                    Err(401) => Got::LoginWanted,
                    Err(status) => Got::Missing(*status),
                };
                came = Came::All(vec![got]);
            }
        }
    }
}

fn check(settings: &[(&str, &str)], answers: &[Result<&str, u16>], asked: &[&str], ended: Ended, left: &[(&str, &str)]) {
    let (did, how, flash) = pass("SPA112", settings, answers);
    assert_eq!((did.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), how), (asked, ended));
    for (key, value) in left {
        assert_eq!(flash.setting(key), Some(*value), "{key}");
    }
}

#[test]
fn rules_are_followed_in_order_and_see_what_files_before_them_set() {
    let first = "<flat-profile><Profile_Rule_B>http://h.example.com/b.xml</Profile_Rule_B><GPP_A>one</GPP_A></flat-profile>";
    check(
        &[("Profile_Rule_D", "[--uid u --pwd p] /d/$A.xml"), ("GPP_B", "kept")],
        &[Ok(first), Ok("<flat-profile><GPP_A>1</GPP_A><GPP_A>two</GPP_A></flat-profile>"), Ok("<flat-profile/>")],
        &["GET http://h.example.com/spa112.cfg", "GET http://h.example.com/b.xml", "GET http://h.example.com/d/two.xml as u"],
        Ended::Applied,
        &[("GPP_A", "two"), ("GPP_B", "kept")],
    );
}

#[test]
fn the_first_failure_ends_the_sequence() {
    let rules = [("Profile_Rule", "http://h.example.com/a"), ("Profile_Rule_B", "/b"), ("Profile_Rule_C", "/c")];
    let (a, b) = ("GET http://h.example.com/a", "GET http://h.example.com/b");
    let file = Ok("<flat-profile><GPP_A>1</GPP_A></flat-profile>");
    check(&rules, &[file, Err(404)], &[a, b], Ended::NothingThere, &[("GPP_A", "1")]);
    check(&rules, &[Err(401)], &[a], Ended::LoginWanted, &[]);
    check(&rules, &[Err(403)], &[a], Ended::NothingThere, &[]);
    check(&rules, &[Ok("#!version:1.0.0.1\n")], &[a], Ended::Bad, &[]);
    let mut tolerant = rules.to_vec();
    tolerant.push(("Resync_Fails_On_FNF", "No"));
    let c = "GET http://h.example.com/c";
    check(&tolerant, &[Err(404), Err(404), file], &[a, b, c], Ended::Applied, &[("GPP_A", "1")]);
    check(&tolerant, &[Err(403)], &[a], Ended::NothingThere, &[]);
    let mut bad = rules.to_vec();
    bad[1].1 = "[--uid u /b";
    check(&bad, &[file], &[a], Ended::Bad, &[("GPP_A", "1")]);
}

#[test]
fn the_same_again_is_unchanged_and_blank_elements_empty_a_value() {
    let rules = [("Profile_Rule", "http://h.example.com/a"), ("GPP_A", "1")];
    let asked = ["GET http://h.example.com/a"];
    check(&rules, &[Ok("<flat-profile><GPP_A>1</GPP_A></flat-profile>")], &asked, Ended::Unchanged, &[("GPP_A", "1")]);
    check(&rules, &[Ok("<flat-profile><GPP_A/></flat-profile>")], &asked, Ended::Applied, &[("GPP_A", "")]);
}

#[test]
fn a_rule_with_a_key_takes_encrypted_files_only() {
    let rules = [("Profile_Rule", "[--key $SA] http://h.example.com/a"), ("GPP_SA", "k")];
    check(&rules, &[Ok("<flat-profile/>")], &["GET http://h.example.com/a"], Ended::Bad, &[]);
    let posting = [("Profile_Rule", "[--post me=$MAU] http://h.example.com/a")];
    check(&posting, &[Ok("<flat-profile/>")], &["POST http://h.example.com/a"], Ended::Unchanged, &[]);
}

#[test]
fn models_know_their_family_names_and_first_file() {
    let check = |identity: Identity, family, agent: &str, file: &str, has_screen| {
        let flash = Flash::default();
        let unit = Unit { identity: &identity, flash: &flash };
        let dhcp = "http://h/".parse().unwrap();
        assert_eq!(
            (Family::of(&identity), FIRMWARE.user_agent(unit).as_str(), factory_file(unit, &dhcp).target().as_str()),
            (family, agent, file)
        );
        assert_eq!(FIRMWARE.has_screen(&identity), has_screen, "{identity:?}");
    };
    let cisco = |model: &str, firmware: &str| Identity::cisco(model, MAC.parse().unwrap(), "FICT0001", firmware, 2);
    let linksys = |model: &str, firmware: &str| Identity::linksys(model, MAC.parse().unwrap(), "FICT0001", firmware, 2);
    check(cisco("SPA112", "1.4.1"), Family::Adapter, "Cisco/SPA112-1.4.1 (000E08AABBCC)(FICT0001)", "/spa112.cfg", false);
    check(cisco("SPA504G", "7.6.2"), Family::Desk, "Cisco/SPA504G-7.6.2 (000E08AABBCC)(FICT0001)", "/spa504G.cfg", true);
    check(cisco("SPA525G2", "7.6.2"), Family::Desk, "Cisco/SPA525G2-7.6.2 (000E08AABBCC)(FICT0001)", "/spa525G2.cfg", true);
    check(cisco("ATA191", "11-1-0"), Family::Ata19, "Cisco/ATA191-MPP-11-1-0 (FICT0001)", "/ata191.cfg", false);
    check(cisco("8841", "11.3.1"), Family::Multiplatform, "Cisco-CP-8841-3PCC/11.3.1 (000e08aabbcc)", "/8841-3PCC.xml", true);
    check(linksys("PAP2T", "5.1.6(LS)"), Family::Sipura, "Linksys/PAP2T-5.1.6(LS) (FICT0001)", "/init.cfg", false);
    check(linksys("SPA2102", "5.2.10"), Family::Sipura, "Linksys/SPA2102-5.2.10 (FICT0001)", "/spa2102.cfg", false);
    check(linksys("SPA-942", "6.1.5(a)"), Family::Desk, "Linksys/SPA-942-6.1.5(a) (FICT0001)", "/spa942.cfg", true);
}

#[test]
fn dhcp_names_a_folder_or_a_file() {
    let check = |dhcp: &str, expected: &str| {
        let at = on("SPA112", &[], |unit| factory_file(unit, &dhcp.parse().unwrap()).target());
        assert_eq!(at, expected, "{dhcp}");
    };
    check("http://h", "/spa112.cfg");
    check("http://h/cfg/", "/cfg/spa112.cfg");
    check("http://h/cfg/$MA.xml", "/cfg/000e08aabbcc.xml");
    check("http://h/cfg/x.cfg", "/cfg/x.cfg");
}

#[test]
fn lines_are_read_with_their_families_switches() {
    let line = [
        ("User_ID_1_", "100"),
        ("Auth_ID_1_", "auth100"),
        ("Password_1_", "pw"),
        ("Proxy_1_", "sip.example.com:5071"),
        ("SIP_Transport_1_", "TLS"),
        ("Display_Name_1_", "Desk"),
        ("User_ID_2_", "200"),
        ("Line_Enable_2_", "No"),
    ];
    for (model, auth) in [("SPA112", "100"), ("8841", "auth100")] {
        let accounts = on(model, &line, |unit| FIRMWARE.accounts(unit));
        assert_eq!(accounts.len(), 1, "{model}");
        let account = &accounts[0];
        assert_eq!((account.user.as_str(), account.auth_user.as_str(), account.shown().as_str()), ("100", auth, "Desk"), "{model}");
        assert_eq!((account.server.as_str(), account.port, account.transport), ("sip.example.com", Some(5071), Transport::Tls));
    }
    let proxies = ["h", "h:5062", "[2001:db8::1]:5062", "n:SRV=a.example.com:5060:p=0|b.example.com:5060:p=1"].map(proxy);
    let expected = [("h", None), ("h", Some(5062)), ("2001:db8::1", Some(5062)), ("a.example.com", Some(5060))];
    assert_eq!(proxies, expected.map(|(host, port)| (host.to_owned(), port)));
}

#[test]
fn plans_make_the_hotline_and_bar_what_they_do_not_name() {
    let plan = |plan: &'static str| [("User_ID_1_", "c1"), ("Dial_Plan_1_", plan)];
    let check = |settings: &[(&str, &str)], hotline: Option<&str>, dialled: &[(&str, Option<&str>)]| {
        on("SPA112", settings, |unit| {
            assert_eq!(FIRMWARE.accounts(unit)[0].hotline.as_deref(), hotline, "{settings:?}");
            for (digits, expected) in dialled {
                assert_eq!(FIRMWARE.dials(unit, 1, digits).as_deref(), *expected, "{settings:?} {digits}");
            }
        });
    };
    check(&plan("(S0<:*89>|112S0)"), Some("*89"), &[("", Some("*89")), ("112", Some("*89"))]);
    check(&plan("(*89S0|112S0)"), None, &[("", None), ("112", Some("112")), ("0815", None)]);
    check(&[("User_ID_1_", "100")], None, &[("", None), ("0815", Some("0815"))]);
}

#[test]
fn a_notify_must_be_proved_unless_the_line_says_otherwise() {
    let check = |settings: &[(&str, &str)], event: &str, expected: Option<(bool, Then)>| {
        let told = on("SPA112", settings, |unit| FIRMWARE.told(unit, 2, event));
        assert_eq!(told.map(|told| (told.challenged, told.then)), expected, "{settings:?} {event}");
    };
    check(&[], "resync", Some((true, Then::Fetch)));
    check(&[], "check-sync;reboot=true", Some((true, Then::Fetch)));
    check(&[], "talk", None);
    check(&[("Auth_Resync-Reboot_1_", "No")], "resync", Some((true, Then::Fetch)));
    check(&[("Auth_Resync-Reboot_2_", "No")], "resync", Some((false, Then::Fetch)));
    check(&[("Resync_From_SIP", "No")], "resync", Some((true, Then::Nothing)));
}

#[test]
fn the_poll_is_the_period_or_after_a_failure_the_retry() {
    let check = |settings: &[(&str, &str)], last, expected: Option<u64>| {
        let poll = on("SPA112", settings, |unit| FIRMWARE.poll(unit, last));
        assert_eq!(poll.map(|poll| poll.as_secs()), expected, "{settings:?} {last:?}");
    };
    let set = [("Resync_Periodic", "60"), ("Resync_Error_Retry_Delay", "90,600+30")];
    check(&[], None, Some(3600));
    check(&set, Some(Outcome::Unchanged), Some(60));
    check(&set, Some(Outcome::LoginWanted), Some(90));
    check(&[("Resync_Periodic", "0")], None, None);
    check(&[("Resync_At__HHmm_", "0200")], None, None);
}

#[test]
fn a_login_stands_in_the_rule_or_in_the_profile_account() {
    let typed = |model: &str, login: [&str; 2]| {
        let (identity, mut flash) = (identity(model), Flash::default());
        FIRMWARE.store_server(&identity, &mut flash, "https://h/cfg/$MA.xml");
        FIRMWARE.store_login(&identity, &mut flash, login[0], &Secret::from(login[1]));
        let unit = Unit { identity: &identity, flash: &flash };
        let stored = FIRMWARE.provisioning(unit);
        assert_eq!(stored.url.as_deref(), Some("https://h/cfg/000e08aabbcc.xml"));
        (flash.setting("Profile_Rule").unwrap().to_owned(), stored.login, FIRMWARE.prompts(unit))
    };
    let login = Some(Login::new("u", "p"));
    assert_eq!(typed("SPA112", ["u", "p"]), ("[--uid u --pwd p] https://h/cfg/$MA.xml".into(), login.clone(), false));
    assert_eq!(typed("SPA112", ["", ""]), ("https://h/cfg/$MA.xml".into(), None, false));
    assert_eq!(typed("8841", ["u", "p"]), ("https://h/cfg/$MA.xml".into(), login, false));
    assert_eq!(typed("8841", ["", ""]), ("https://h/cfg/$MA.xml".into(), None, true), "the setup asks for it");
}

/// A rule's login opens what that rule names and nothing else; wrong ones in a rule never fall back to the account.
#[test]
fn logins_do_not_wander() {
    let settings = [("Profile_Account_User", "typed"), ("Profile_Account_Password", "p"), ("Profile_Rule", "[--uid u --pwd p] http://h/a")];
    on("8841", &settings, |unit| {
        let server: Address = "http://h/a".parse().unwrap();
        let users = |at: &Address| FIRMWARE.logins(unit, at, &server).into_iter().map(|login| login.user).collect::<Vec<_>>();
        assert_eq!(users(&server), ["typed"]);
        assert_eq!(users(&Address { login: Some(Login::new("u", "p")), ..server.clone() }), ["u"]);
    });
    on("SPA112", &settings[2..], |unit| {
        let server: Address = "http://h/b".parse().unwrap();
        assert_eq!(FIRMWARE.logins(unit, &server, &server), []);
    });
}

#[test]
fn the_display_shows_the_station_and_the_logo() {
    let texts = |settings: &[(&str, &str)]| on("SPA504G", settings, |unit| FIRMWARE.texts(unit));
    assert_eq!(texts(&[("Station_Name", "needed"), ("Text_Logo", "LOGO")]), ["needed"]);
    assert_eq!(texts(&[("Text_Logo", "LOGO"), ("Select_Background_Picture", "Text Logo")]), ["LOGO"]);
}
