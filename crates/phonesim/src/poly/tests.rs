//! Files, flash and passes, held against rows of hand-written settings.

use super::file::{File, Master, NotAFile};
use super::*;
use crate::behaviour::Behaviour;
use crate::firmware::{Came, Ended, Fetched, Got, Step, Work};
use crate::transcript::Transcript;

const MAC: &str = "64167faabbcc";

fn identity() -> Identity {
    Identity::poly("VVX450", MAC.parse().unwrap(), "6.4.0.1234", 12) // firmware
}

fn flash(settings: &[(&str, &str)]) -> Flash {
    let mut flash = Flash::default();
    for (key, value) in settings {
        flash.set(key, value);
    }
    flash
}

/// Runs a pass over a folder of files; those that are not in it are missing. What was asked for in each step, how it ended.
fn pass(flash: &mut Flash, cause: Cause, files: &[(&str, &str)]) -> (Vec<String>, Ended) {
    let (identity, behaviour, mut transcript) = (identity(), Behaviour::default(), Transcript::default());
    let server = "https://h.example.com/cfg/d/x/".parse().unwrap();
    let mut pass = Poly.pass(Unit { identity: &identity, flash }, &server, cause);
    let (mut asked, mut came) = (Vec::new(), Came::Start);
    loop {
        let mut work = Work { identity: &identity, flash: &mut *flash, behaviour: &behaviour, transcript: &mut transcript };
        match pass.next(&mut work, came) {
            Step::End(ended) => return (asked, ended),
            Step::Ask(asks) => {
                let names: Vec<_> = asks.iter().map(|ask| ask.at.file_name().replace(MAC, "mac")).collect();
                let program = if asks[0].agent.as_ref().unwrap().ends_with("Type/Updater") { "updater" } else { "app" };
                asked.push(format!("{program} {} {}", asks[0].method, names.join(" ")));
                let got = asks.iter().map(|ask| match files.iter().find(|(name, _)| *name == ask.at.file_name()) {
                    Some((_, body)) => Got::File(Fetched { at: ask.at.clone(), body: (*body).to_owned().into(), login: None }),
                    None => Got::Missing(404),
                });
                came = Came::All(got.collect());
            }
        }
    }
}

const MASTER: &str = "<APPLICATION APP_FILE_PATH=\"sip.ld\" CONFIG_FILES=\"[PHONE_MAC_ADDRESS]-a.cfg, b.cfg\"/>";

#[test]
fn a_start_reads_everything_twice_and_looks_for_its_own_files() {
    let files =
        [("000000000000.cfg", MASTER), ("64167faabbcc-a.cfg", "<x reg.1.address=\"1\"/>"), ("b.cfg", "<x reg.1.address=\"2\" a.b=\"3\"/>")];
    let mut kept = flash(&[("device.prov.user", "u"), ("reg.2.address", "gone")]);
    let (asked, ended) = pass(&mut kept, Cause::Boot, &files);
    let own = "app GET mac-license.cfg mac-phone.cfg mac-web.cfg mac-directory.xml";
    let expected = [
        "updater GET mac.cfg",
        "updater GET 000000000000.cfg",
        "updater GET mac-a.cfg b.cfg sip.ld",
        "app GET mac.cfg",
        "app GET 000000000000.cfg",
        "app GET mac-a.cfg b.cfg",
        own,
        "app PUT mac-app.log",
    ];
    assert_eq!((asked.as_slice(), ended), (expected.map(str::to_owned).as_slice(), Ended::Applied));
    let left: Vec<_> = kept.settings().iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(left, [("a.b", "3"), ("device.prov.user", "u"), ("reg.1.address", "1")], "the left file counts, what is not named goes");
    let (asked, ended) = pass(&mut kept, Cause::Resync, &files);
    assert_eq!((asked.len(), asked[0].as_str(), ended), (5, "app GET mac.cfg", Ended::Unchanged), "no updater, nothing new");
    assert_eq!(pass(&mut kept, Cause::Boot, &[]).1, Ended::NothingThere);
}

#[test]
fn flash_is_written_with_its_twins_only_and_makes_it_restart() {
    let check = |body: &str, expected: &[(&str, &str)], restarts: bool| {
        let mut kept = Flash::default();
        let files = [("64167faabbcc.cfg", "<APPLICATION CONFIG_FILES=\"a.cfg\"/>"), ("a.cfg", body)];
        let (asked, ended) = pass(&mut kept, Cause::Boot, &files);
        let left: Vec<_> = kept.settings().iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(left, expected, "{body}");
        let starts = asked.iter().filter(|asked| *asked == "updater GET mac.cfg").count();
        assert_eq!((starts == 2, ended == Ended::Applied), (restarts, restarts), "{body} {asked:?} {ended:?}");
    };
    let user = "device.prov.user=\"u\"";
    check(&format!("<x device.set=\"1\" {user} device.prov.user.set=\"1\"/>"), &[("device.prov.user", "u")], true);
    check(&format!("<x device.set=\"1\" {user}/>"), &[], false);
    check(&format!("<x {user} device.prov.user.set=\"1\"/>"), &[], false);
}

#[test]
fn files_are_refused_whole() {
    let read = |text: &str| File::read(text.as_bytes()).map(|file| file.settings.len());
    assert_eq!(read("<a x.y=\"1\"><b x.y=\"2\" z=\"&amp;\"/></a>"), Ok(2));
    assert_eq!(read("<a x.y=\"1\" x.y=\"2\"/>"), Err(NotAFile::Xml), "twice in one element");
    assert_eq!(read("<a x.y=1/>"), Err(NotAFile::Xml));
    assert_eq!(Master::read(b"<polycomConfig/>", MAC), Err(NotAFile::Master));
    assert_eq!(Master::read(b"<APPLICATION APP_FILE_PATH=\"\"/>", MAC), Ok(Master::default()));
}

#[test]
fn agents_name_family_program_and_perhaps_the_serial_number() {
    let of = |model: &str, tag: &str| {
        let identity = Identity { model: model.to_owned(), ..identity() };
        agent(Unit { identity: &identity, flash: &flash(&[("device.prov.tagSerialNo", tag)]) }, Program::Updater)
    };
    assert_eq!(of("VVX450", "0"), "FileTransport PolycomVVX-VVX_450-UA/6.4.0.1234 Type/Updater");
    assert_eq!(of("SSIP6000", "1"), "FileTransport PolycomSoundStationIP-SSIP_6000-UA/6.4.0.1234 (SN:64167faabbcc) Type/Updater");
    assert_eq!(of("EdgeE550", "0"), "FileTransport PolyEdge-Edge_E550-UA/6.4.0.1234 Type/Updater");
}

#[test]
fn server_login_poll_and_notify_are_as_its_settings_say() {
    let identity = identity();
    let mut kept = Flash::default();
    let at = "https://h.example.com:8443/cfg/x.cfg".parse().unwrap();
    let user = |flash: &Flash| Poly.logins(Unit { identity: &identity, flash }, &at, &at)[0].user.clone();
    assert_eq!(user(&kept), FACTORY, "who asks a phone from the box gets that");
    Poly.store_server(&identity, &mut kept, "https://h.example.com:8443/cfg");
    Poly.store_login(&identity, &mut kept, "u", &Secret::from("p"));
    assert_eq!((kept.setting("device.prov.serverName"), user(&kept).as_str()), (Some("h.example.com:8443/cfg"), "u"));
    let unit = Unit { identity: &identity, flash: &kept };
    assert_eq!(Poly.provisioning(unit).url.as_deref(), Some("https://h.example.com:8443/cfg"));
    let with = |settings: &[(&str, &str)]| flash(settings);
    let poll = |settings: &[(&str, &str)]| Poly.poll(Unit { identity: &identity, flash: &with(settings) }, None).map(|poll| poll.as_secs());
    assert_eq!(poll(&[("prov.polling.period", "60")]), None);
    assert_eq!(poll(&[("prov.polling.period", "60"), ("prov.polling.enabled", "1")]), Some(3601));
    assert_eq!(poll(&[("prov.polling.enabled", "1")]), Some(86_400));
    let told = |settings: &[(&str, &str)], event: &str| {
        Poly.told(Unit { identity: &identity, flash: &with(settings) }, 1, event).map(|told| told.then)
    };
    assert_eq!(told(&[], "check-sync;reboot=true"), Some(Then::Fetch));
    assert_eq!(told(&[("voIpProt.SIP.specialEvent.checkSync.alwaysReboot", "1")], "check-sync"), Some(Then::Restart));
    assert_eq!(told(&[], "resync"), None);
}

#[test]
fn a_persons_changes_beat_files_and_lifting_calls_what_is_set() {
    let identity = identity();
    let mut kept = flash(&[
        ("reg.1.address", "claim"),
        ("reg.1.server.1.address", "sip.example.com"),
        ("reg.1.server.1.transport", "TLS"),
        ("call.autoOffHook.1.enabled", "1"),
        ("call.autoOffHook.1.contact", "*89"),
        ("reg.2.address", "no server"),
    ]);
    Poly.change(&identity, &mut kept, "reg.1.label", "mine");
    let unit = Unit { identity: &identity, flash: &kept };
    let accounts = Poly.accounts(unit);
    assert_eq!((accounts.len(), accounts[0].label.as_str(), accounts[0].transport), (1, "mine", Transport::Tls));
    assert_eq!((Poly.dials(unit, 1, ""), Poly.dials(unit, 1, "112")), (Some("*89".into()), Some("112".into())));
}
