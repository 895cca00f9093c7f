//! Files, users and settings, held against rows of hand-written ones.

use super::*;
use crate::behaviour::Behaviour;
use crate::firmware::{Came, Ended, Fetched, Got, Step, Work};
use crate::transcript::Transcript;

fn base() -> Identity {
    Identity::spectralink("Server200", "0013d1aabbcc".parse().unwrap(), "1.0", 3)
}

fn fetch(flash: &mut Flash, behaviour: &Behaviour, files: &[(&str, &str)]) -> (Vec<String>, Ended) {
    let (identity, mut transcript) = (base(), Transcript::default());
    let server = "https://u:p@h/dms/base/".parse().unwrap();
    let mut pass = Spectralink.pass(Unit { identity: &identity, flash }, &server, Cause::Boot);
    let (mut asked, mut came) = (Vec::new(), Came::Start);
    loop {
        let mut work = Work { identity: &identity, flash: &mut *flash, behaviour, transcript: &mut transcript };
        match pass.next(&mut work, came) {
            Step::End(ended) => return (asked, ended),
            Step::Ask(asks) => {
                let at = asks[0].at.clone();
                asked.push(at.target());
                let found = files.iter().find(|(name, _)| *name == at.file_name());
                let got =
                    found.map_or(Got::Missing(404), |(_, body)| Got::File(Fetched { at, body: (*body).to_owned().into(), login: None }));
                came = Came::All(vec![got]);
            }
        }
    }
}

fn system(flash: &mut Flash, body: &str) -> Ended {
    fetch(flash, &Behaviour::default(), &[("0013d1aabbcc-config.xml", body)]).1
}

fn users(flash: &mut Flash, behaviour: &Behaviour, names: &[&str]) -> Vec<String> {
    let list = names.iter().fold(String::new(), |list, name| list + "<user><username>" + name + "</username></user>");
    let body = format!("<config><users>{list}</users></config>");
    fetch(flash, behaviour, &[("0013d1aabbcc-users.xml", &body)]);
    Spectralink.accounts(Unit { identity: &base(), flash }).into_iter().map(|account| account.user).collect()
}

#[test]
fn an_address_is_a_folder_that_holds_two_files() {
    let asked = fetch(&mut Flash::default(), &Behaviour::default(), &[]);
    let both = ["/dms/base/0013d1aabbcc-config.xml", "/dms/base/0013d1aabbcc-users.xml"].map(str::to_owned).to_vec();
    assert_eq!(asked, (both, Ended::NothingThere));
}

#[test]
fn what_is_no_configuration_is_thrown_away_whole() {
    for body in ["", "sip.transport=TCP", "<config><sip>", "<settings/>", "<!DOCTYPE config []><config/>"] {
        let mut flash = Flash::default();
        assert_eq!((system(&mut flash, body), flash.settings().len()), (Ended::Bad, 0), "{body}");
    }
}

#[test]
fn a_setting_is_named_by_its_elements_and_stays_until_another_is_said() {
    let mut flash = Flash::default();
    assert_eq!(system(&mut flash, "<config><sip><transport>TCP</transport></sip><language>de</language></config>"), Ended::Applied);
    assert_eq!((flash.setting("sip.transport"), flash.setting("language")), (Some("TCP"), Some("de")));
    assert_eq!(system(&mut flash, "<config><language></language></config>"), Ended::Applied);
    assert_eq!((flash.setting("sip.transport"), flash.setting("language")), (Some("TCP"), None));
    assert_eq!(system(&mut flash, "<config><sip><transport> TCP </transport></sip></config>"), Ended::Unchanged);
}

#[test]
fn a_list_of_users_takes_the_place_of_the_former_one_or_is_laid_over_it() {
    let keeps = Behaviour { keeps_unnamed_users: true, ..Behaviour::default() };
    for (behaviour, left) in [(Behaviour::default(), ["new", "b"].as_slice()), (keeps, &["a", "b", "new"])] {
        let mut flash = Flash::default();
        assert_eq!(users(&mut flash, &behaviour, &["a", "b"]), ["a", "b"]);
        assert_eq!(users(&mut flash, &behaviour, &["new", "b"]), left);
    }
    assert_eq!(users(&mut Flash::default(), &Behaviour::default(), &["a", "b", "c", "d"]), ["a", "b", "c"], "there is room for three");
}

#[test]
fn the_login_stands_in_the_address_alone() {
    let (base, mut flash) = (base(), Flash::default());
    let server = |flash: &Flash| Spectralink.provisioning(Unit { identity: &base, flash }).url;
    Spectralink.store_login(&base, &mut flash, "u", &Secret::from("p"));
    assert_eq!(server(&flash), None);
    Spectralink.store_server(&base, &mut flash, "https://h/cfg/");
    Spectralink.store_login(&base, &mut flash, "u", &Secret::from("p"));
    assert_eq!(server(&flash).as_deref(), Some("https://u:p@h/cfg/"));
    Spectralink.store_login(&base, &mut flash, "", &Secret::from(""));
    assert_eq!(server(&flash).as_deref(), Some("https://h/cfg/"));
}

#[test]
fn servers_poll_and_notify_are_as_its_settings_say() {
    let base = base();
    let flash = |pairs: &[(&str, &str)]| {
        let mut flash = Flash::default();
        for (key, value) in pairs {
            flash.set(key, value);
        }
        flash
    };
    let line = |more: &[(&str, &str)]| {
        let pairs = [&[("users.user.2.username", "200"), ("sip.proxy.domain1", "a"), ("sip.proxy.port1", "5070")], more].concat();
        let account = Spectralink.accounts(Unit { identity: &base, flash: &flash(&pairs) }).remove(0);
        (account.slot, account.server, account.port, account.transport)
    };
    let other = [("users.user.2.domain", "b"), ("sip.defaultdomain", "a"), ("sip.transport", "TLS")];
    assert_eq!(line(&other[..1]), (2, "b".to_owned(), None, Transport::Udp));
    assert_eq!(line(&other[1..]), (2, "a".to_owned(), Some(5070), Transport::Tls));
    let poll = |minutes: &str| Spectralink.poll(Unit { identity: &base, flash: &flash(&[("provisioning.check.interval", minutes)]) }, None);
    assert_eq!((poll("5").map(|poll| poll.as_secs()), poll("0"), poll("x")), (Some(300), None, None));
    let told = |word: &str| {
        let flash = flash(&[("provisioning.check.check_sync", word)]);
        Spectralink.told(Unit { identity: &base, flash: &flash }, 1, "check-sync;reboot=false").map(|told| told.then)
    };
    assert_eq!(["", "update", "reboot"].map(told), [Then::Nothing, Then::Fetch, Then::Restart].map(Some));
    let heeds = |method| Spectralink.heeds_dhcp(Unit { identity: &base, flash: &flash(&[(METHOD, method)]) });
    assert!(heeds("dhcp") && !heeds("static") && !Spectralink.has_screen(&base));
}
