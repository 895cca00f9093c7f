//! Files and modules, held against rows of hand-written settings.

use super::*;
use crate::behaviour::Behaviour;
use crate::firmware::{Came, Ended, Fetched, Got, Step, Work};
use crate::transcript::Transcript;

fn identity(model: &str) -> Identity {
    Identity::snom_c(model, "000413aabbcc".parse().unwrap(), "1.0", 3)
}

fn fetch(flash: &mut Flash, server: &str, files: &[(&str, &str)]) -> (Vec<String>, Ended) {
    let (identity, behaviour, mut transcript) = (identity("M200SC"), Behaviour::default(), Transcript::default());
    let mut pass = SnomC.pass(Unit { identity: &identity, flash }, &server.parse().unwrap(), Cause::Boot);
    let (mut asked, mut came) = (Vec::new(), Came::Start);
    loop {
        let mut work = Work { identity: &identity, flash: &mut *flash, behaviour: &behaviour, transcript: &mut transcript };
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

#[test]
fn an_address_names_a_folder_or_a_file() {
    let asked = |server: &str| fetch(&mut Flash::default(), server, &[]);
    let folder = ["/cfg/M200SC.cfg", "/cfg/M200SC_000413AABBCC.cfg"].map(str::to_owned).to_vec();
    assert_eq!(asked("https://h/cfg/"), (folder, Ended::NothingThere));
    assert_eq!(asked("https://h/cfg/x.cfg").0, ["/cfg/x.cfg"]);
    assert_eq!(asked("https://h/index.php?mac=1").0, ["/index.php?mac=1"]);
}

#[test]
fn an_unknown_setting_costs_its_module_and_no_other() {
    let own = |lines: &str| {
        let mut flash = Flash::default();
        fetch(&mut flash, "https://h/", &[("M200SC_000413AABBCC.cfg", lines)]);
        flash.settings().keys().cloned().collect::<Vec<_>>()
    };
    let good = "sip_account.1.label = x\nprovisioning.resync_time = 5\nlog.anything = 1";
    assert_eq!(own(good), ["log.anything", "provisioning.resync_time", "sip_account.1.label"]);
    for bad in ["sip_account.1.labell = y", "sip_account.4.label = y", "sip_account.1.hotline = 5"] {
        assert_eq!(own(&format!("{good}\n{bad}")), ["log.anything", "provisioning.resync_time"], "{bad}");
    }
    assert_eq!(own("no setting\n= x\nprovisioning.dhcp_option_priority_2 = 66"), ["provisioning.dhcp_option_priority_2"]);
}

#[test]
fn a_file_that_did_not_change_is_not_taken_again() {
    let mut flash = Flash::default();
    let file = [("M200SC_000413AABBCC.cfg", "sip_account.1.label = x\nsip_account.1.mwi_uri = y")];
    assert_eq!(fetch(&mut flash, "https://h/", &file).1, Ended::Applied);
    flash.set("sip_account.1.label", "changed");
    assert_eq!(fetch(&mut flash, "https://h/", &file).1, Ended::Unchanged);
    assert_eq!(flash.setting("sip_account.1.label"), Some("changed"));
    let file = [("M200SC_000413AABBCC.cfg", "sip_account.1.mwi_uri =")];
    assert_eq!(fetch(&mut flash, "https://h/", &file).1, Ended::Applied);
    assert_eq!((flash.setting("sip_account.1.label"), flash.setting("sip_account.1.mwi_uri")), (Some("changed"), None));
}

#[test]
fn lines_poll_and_notify_are_as_its_settings_say() {
    let phone = identity("C520-WiMi");
    let flash = |pairs: &[(&str, &str)]| {
        let mut flash = Flash::default();
        for (key, value) in pairs {
            flash.set(key, value);
        }
        flash
    };
    let accounts = |pairs: &[(&str, &str)]| SnomC.accounts(Unit { identity: &phone, flash: &flash(pairs) });
    let line = [("sip_account.1.sip_account_enable", "1"), ("sip_account.1.user_id", "200"), ("sip_account.1.transport_mode", "tls")];
    assert_eq!((accounts(&line).len(), accounts(&line)[0].transport), (1, Transport::Tls));
    assert!(accounts(&line[1..]).is_empty());
    let poll = |pairs: &[(&str, &str)]| SnomC.poll(Unit { identity: &phone, flash: &flash(pairs) }, None).map(|poll| poll.as_secs());
    let minutes = ("provisioning.resync_time", "5");
    assert_eq!(poll(&[minutes]), Some(300));
    assert_eq!(poll(&[minutes, ("provisioning.schedule_mode", "disable")]), None);
    assert_eq!(poll(&[("provisioning.resync_time", "0")]), None);
    let told = |pairs: &[(&str, &str)]| SnomC.told(Unit { identity: &phone, flash: &flash(pairs) }, 1, "check-sync;reboot=false");
    let heeds = |then| Some(Told { challenged: false, then });
    assert_eq!((told(&[]), told(&[("provisioning.remote_check_sync_enable", "1")])), (heeds(Then::Nothing), heeds(Then::Fetch)));
    assert!(SnomC.has_screen(&phone) && !SnomC.has_screen(&identity("M200SC")));
}
