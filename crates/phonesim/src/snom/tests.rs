//! Files, flags, lines, held against rows of hand-written settings.

use super::*;
use crate::behaviour::Behaviour;
use crate::firmware::{Came, Ended, Fetched, Got, Step};
use crate::transcript::Transcript;

fn identity(model: &str, firmware: &str) -> Identity {
    Identity::snom(model, "000413aabbcc".parse().unwrap(), firmware, 12)
}

fn settings(lines: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><settings><phone-settings e=\"2\">{lines}</phone-settings></settings>")
}

/// A pass over files by name; those that are not named are not there.
fn fetch(identity: &Identity, flash: &mut Flash, server: &str, files: &[(&str, String)]) -> (Vec<String>, Ended) {
    let (behaviour, mut transcript) = (Behaviour::default(), Transcript::default());
    let mut pass = Snom.pass(Unit { identity, flash }, &server.parse().unwrap(), Cause::Boot);
    let (mut asked, mut came) = (Vec::new(), Came::Start);
    loop {
        let mut work = Work { identity, flash: &mut *flash, behaviour: &behaviour, transcript: &mut transcript };
        match pass.next(&mut work, came) {
            Step::End(ended) => return (asked, ended),
            Step::Ask(asks) => {
                let at = asks[0].at.clone();
                asked.push(at.target());
                let found = files.iter().find(|(name, _)| *name == at.file_name());
                let got = found.map_or(Got::Missing(404), |(_, body)| Got::File(Fetched { at, body: body.clone().into(), login: None }));
                came = Came::All(vec![got]);
            }
        }
    }
}

#[test]
fn files_are_asked_for_as_the_server_is_written() {
    let phone = identity("D345", "10.1.54.13");
    let asked = |server: &str| fetch(&phone, &mut Flash::default(), server, &[]).0;
    assert_eq!(asked("https://h/cfg/"), ["/cfg/snomD345.htm", "/cfg/snomD345-000413AABBCC.htm"]);
    assert_eq!(asked("https://h"), ["/snomD345.htm", "/snomD345-000413AABBCC.htm"]);
    assert_eq!(asked("https://h/cfg/{mac}.xml"), ["/cfg/000413AABBCC.xml"]);
    assert_eq!(asked("https://h/cfg/all.xml"), ["/cfg/all.xml", "/cfg/all-000413AABBCC.xml"]);
    let list = "<setting-files><file url=\"https://h/a.xml\"/><file url=\"b.xml\"/></setting-files>".to_owned();
    let (asked, ended) = fetch(&phone, &mut Flash::default(), "https://h/cfg/", &[("snomD345.htm", list)]);
    assert_eq!(asked, ["/cfg/snomD345.htm", "/a.xml", "/cfg/b.xml", "/cfg/snomD345-000413AABBCC.htm"]);
    assert_eq!(ended, Ended::Unchanged);
}

#[test]
fn what_is_no_settings_file_is_thrown_away_whole() {
    let phone = identity("D345", "10.1.54.13");
    let own = |body: &str| {
        let mut flash = Flash::default();
        let (_, ended) = fetch(&phone, &mut flash, "https://h/", &[("snomD345-000413AABBCC.htm", body.to_owned())]);
        (ended, flash.settings().len())
    };
    assert_eq!(own("<settings><phone-settings><a>1</a></phone-settings>"), (Ended::Bad, 0));
    assert_eq!(own("<html><body>login</body></html>"), (Ended::Bad, 0));
    assert_eq!(own("a!: 1"), (Ended::Bad, 0));
    assert_eq!(own("<phone-settings><a>1</a></phone-settings>"), (Ended::Applied, 1), "each part may be a file of its own");
    assert_eq!(own("<settings></settings>"), (Ended::Unchanged, 0));
}

#[test]
fn a_flag_says_who_may_change_a_setting() {
    let phone = identity("D345", "10.1.54.13");
    let mut flash = Flash::default();
    let apply = |flash: &mut Flash, lines: &str| {
        fetch(&phone, flash, "https://h/", &[("snomD345-000413AABBCC.htm", settings(lines))]);
    };
    apply(&mut flash, "<a perm=\"R\">1</a><b perm=\"RW\">1</b><c>1</c><fwd_all_enabled idx=\"1\" perm=\"!\">off</fwd_all_enabled>");
    for key in ["a", "b", "c", "fwd_all_enabled!1"] {
        Snom.change(&phone, &mut flash, key, "on");
    }
    assert_eq!(["a", "b", "c"].map(|key| flash.setting(key)), [Some("1"), Some("on"), Some("on")]);
    apply(&mut flash, "<a perm=\"R\">2</a><b perm=\"\">2</b><d>3</d><fwd_all_enabled idx=\"1\" perm=\"!\">off</fwd_all_enabled>");
    let held = ["a", "b", "c", "d", "fwd_all_enabled!1"].map(|key| flash.setting(key));
    assert_eq!(held, [Some("2"), Some("2"), Some("on"), Some("3"), Some("on")], "the user's forwarding stays, what is not named too");
    apply(&mut flash, "<fwd_all_enabled idx=\"1\" perm=\"R\">off</fwd_all_enabled><a perm=\"R\"></a>");
    assert_eq!((flash.setting("fwd_all_enabled!1"), flash.setting("a")), (Some("off"), None));
    // A login delivered so would shut out the next one.
    apply(&mut flash, "<user_pass idx=\"1\" perm=\"!\">one</user_pass>");
    apply(&mut flash, "<user_pass idx=\"1\" perm=\"!\">two</user_pass>");
    assert_eq!(flash.setting("user_pass!1"), Some("one"));
}

fn flash(pairs: &[(&str, &str)]) -> Flash {
    let mut flash = Flash::default();
    for (key, value) in pairs {
        flash.set(key, value);
    }
    flash
}

#[test]
fn identities_are_as_their_settings_say() {
    let phone = identity("D345", "10.1.54.13");
    let of = |pairs: &[(&str, &str)]| Snom.accounts(Unit { identity: &phone, flash: &flash(pairs) });
    let line = [
        ("user_name!2", "200"),
        ("user_pass!2", "p"),
        ("user_host!2", "h:5070"),
        ("user_outbound!2", "h:5070;transport=tls"),
        ("user_dp_str!2", r"|^(.+)$|sip:*89@\d|"),
    ];
    let accounts = of(&line);
    let one = &accounts[0];
    assert_eq!((one.slot, one.auth_user.as_str(), one.server.as_str(), one.port), (2, "200", "h", Some(5070)));
    assert_eq!((one.transport, one.hotline.as_deref()), (Transport::Tls, Some("*89")));
    assert!(of(&[line.as_slice(), &[("user_active!2", "off")]].concat()).is_empty());
}

#[test]
fn lines_of_a_base_are_on_the_servers_of_a_list() {
    let base = Identity::snom("M700", "000413aabbcc".parse().unwrap(), "05.20.0001", 250);
    let settings = [
        ("user_name!7", "207"),
        ("subscr_sip_ua_data_server_id!7", "2"),
        ("user_host!1", "first"),
        ("user_host!2", "second"),
        ("user_host!7", "seventh"),
    ];
    let accounts = Snom.accounts(Unit { identity: &base, flash: &flash(&settings) });
    assert_eq!((accounts.len(), accounts[0].server.as_str()), (1, "second"));
    assert_eq!(base.user_agent(), "Mozilla/4.0 (compatible; Snom M700 05.20.0001 000413aabbcc)");
    assert!(!Snom.has_screen(&base));
}

#[test]
fn polls_and_notifies_are_heeded_as_the_firmware_can() {
    let (old, new) = (identity("710", "8.7.5.35"), identity("D385", "10.1.184.15")); // firmware
    let on =
        [("prov_polling_enabled", "on"), ("prov_polling_mode", "rel"), ("prov_polling_period", "300"), ("settings_refresh_timer", "600")];
    let poll =
        |identity: &Identity, pairs: &[(&str, &str)]| Snom.poll(Unit { identity, flash: &flash(pairs) }, None).map(|poll| poll.as_secs());
    assert_eq!((poll(&old, &on), poll(&new, &on), poll(&new, &on[1..]), poll(&old, &[])), (Some(600), Some(300), None, None));
    let told = |identity: &Identity, pairs: &[(&str, &str)], event| Snom.told(Unit { identity, flash: &flash(pairs) }, 1, event);
    let plain = |then| Some(Told { challenged: true, then });
    assert_eq!(told(&new, &[], "check-sync;reboot=false"), plain(Then::Fetch));
    assert_eq!(told(&new, &[], "check-sync; reboot=true"), plain(Then::Restart));
    assert_eq!(told(&new, &[], "reboot"), None);
    let action = [("checksync_action", "factory-reset"), ("challenge_checksync", "off")];
    assert_eq!(told(&new, &action, "check-sync;reboot=false"), Some(Told { challenged: false, then: Then::Nothing }));
    assert_eq!(told(&old, &action, "check-sync;reboot=false"), Some(Told { challenged: false, then: Then::Fetch }));
}
