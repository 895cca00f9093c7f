//! Whole configurations written by hand: which ports work, where calls go, what a file leaves behind.

use super::*;
use crate::behaviour::Behaviour;
use crate::firmware::Fetched;
use crate::transcript::Transcript;

const FIRST: &str = "cli version 3.20
timer START now + 1 minute \"provisioning execute PF\"
timer POLL now + 5 minutes every 5 minutes \"provisioning execute PF\"
profile provisioning PF
  destination configuration
  location 1 https://h.example.com/cfg/k/abc/$(system.mac).cfg
  activation reload graceful
actions
  rule R
    condition sip gateway:GW NOTIFY_CHECK_SYNC_RELOAD
    action \"provisioning execute PF\"
context cs switch
  mapping-table called-e164 to called-e164 M
    map .% to *89
  routing-table called-e164 RT
    route default dest-interface S M
  interface sip S
    bind context sip-gateway GW
    remote sip.example.com 5060
  interface fxs F0
    route call dest-table RT
    subscriber-number claim
authentication-service A
  username claim password \"two words\"
location-service L
  domain sip.example.com
  identity claim
    authentication outbound
      authenticate authentication-service A username claim
    registration outbound
      registrar sip.example.com 5060
      register auto
      preferred-transport-protocol tcp
context sip-gateway GW
  interface T
    bind interface eth0 port 5060
context sip-gateway GW
  bind location-service L
  notify check-sync accept
  no shutdown
port fxs 0 0
  encapsulation cc-fxs
  bind interface F0 switch
  no shutdown
context cs switch
  no shutdown
";

fn identity() -> Identity {
    Identity::patton("SN4112", "00a0ba0ba9a5".parse().unwrap(), "6.9", 2)
}

fn flash(text: &str) -> Flash {
    let mut flash = Flash::default();
    flash.set(STARTUP, text);
    flash
}

fn on<T>(text: &str, look: impl FnOnce(Unit<'_>) -> T) -> T {
    look(Unit { identity: &identity(), flash: &flash(text) })
}

/// A pass that is answered once: what was asked for, how it ended, what is left.
fn pass(flash: &mut Flash, server: &str, got: Got) -> (String, Ended) {
    let (identity, behaviour, mut transcript) = (identity(), Behaviour::default(), Transcript::default());
    let server = server.parse().unwrap();
    let mut pass = Patton.pass(Unit { identity: &identity, flash }, &server, Cause::Boot);
    let mut work = Work { identity: &identity, flash, behaviour: &behaviour, transcript: &mut transcript };
    let Step::Ask(asks) = pass.next(&mut work, Came::Start) else { panic!("nothing is asked for") };
    let Step::End(ended) = pass.next(&mut work, Came::All(vec![got])) else { panic!("more is asked for") };
    (asks[0].at.target(), ended)
}

fn file(text: &str) -> Got {
    Got::File(Fetched { at: "https://h.example.com/x.cfg".parse().unwrap(), body: text.to_owned().into(), login: None })
}

#[test]
fn the_agent_names_model_and_mac() {
    let agent = identity().user_agent();
    assert!(agent.starts_with("SmartNode (Model:SN4112/JS; Serial:00A0BA0BA9A5; Software Version:R6.9 "), "{agent}");
}

#[test]
fn a_file_takes_the_place_of_everything() {
    let mut flash = Flash::default();
    Patton.store_server(&identity(), &mut flash, "https://h.example.com/cfg/$(system.mac).cfg");
    flash.set("left", "over");
    let first = pass(&mut flash, "https://h.example.com/cfg/$(system.mac).cfg", file(FIRST));
    assert_eq!(first, ("/cfg/00a0ba0ba9a5.cfg".to_owned(), Ended::Applied));
    assert_eq!((flash.setting("left"), flash.settings().len()), (None, 2));
    let url = Patton.provisioning(Unit { identity: &identity(), flash: &flash }).url;
    assert_eq!(url.as_deref(), Some("https://h.example.com/cfg/k/abc/00a0ba0ba9a5.cfg"));
    assert_eq!(pass(&mut flash, "https://h.example.com/cfg/k/abc/x.cfg", file(FIRST)).1, Ended::Unchanged);
    let lost = FIRST.replace("destination configuration", "destination script");
    assert_eq!(pass(&mut flash, "https://h.example.com/x.cfg", file(&lost)).1, Ended::Applied);
    assert_eq!(Patton.provisioning(Unit { identity: &identity(), flash: &flash }).url, None, "cut off");
}

#[test]
fn what_is_no_configuration_changes_nothing() {
    for (text, ended) in [("<xml/>", Ended::Bad), ("cli version 3.20\nusername \"x\n", Ended::Bad), ("cli version 3.20\n# ä\n", Ended::Bad)]
    {
        let mut flash = flash(FIRST);
        assert_eq!(pass(&mut flash, "https://h.example.com/a", file(text)), ("/a/00a0ba0ba9a5.cfg".to_owned(), ended));
        assert_eq!(flash.setting(STARTUP), Some(FIRST));
    }
    let mut flash = flash(FIRST);
    assert_eq!(pass(&mut flash, "https://h.example.com/x.cfg", Got::Missing(404)).1, Ended::NothingThere);
    assert_eq!(pass(&mut flash, "https://h.example.com/x.cfg", Got::LoginWanted).1, Ended::LoginWanted);
}

#[test]
fn a_port_works_only_where_everything_is_bound_and_switched_on() {
    let accounts = |text: &str| on(text, |unit| Patton.accounts(unit));
    let [account] = &accounts(FIRST)[..] else { panic!("one port has a line") };
    assert_eq!((account.slot, account.user.as_str(), account.password.expose().as_str()), (1, "claim", "two words"));
    assert_eq!((account.server.as_str(), account.port, account.transport), ("sip.example.com", Some(5060), Transport::Tcp));
    assert_eq!(account.hotline.as_deref(), Some("*89"));
    for (present, gone) in [
        (
            "port fxs 0 0\n  encapsulation cc-fxs\n  bind interface F0 switch\n  no shutdown",
            "port fxs 0 0\n  bind interface F0 switch\n  no shutdown",
        ),
        ("context cs switch\n  no shutdown\n", ""),
        ("  notify check-sync accept\n  no shutdown\n", ""),
        ("  bind location-service L\n", ""),
        ("      register auto\n", ""),
        ("bind interface eth0 port 5060", "port 5060"),
        ("username claim password", "username other password"),
        ("remote sip.example.com", "remote elsewhere.example.com"),
    ] {
        assert!(FIRST.contains(present), "{present}");
        assert_eq!(accounts(&FIRST.replace(present, gone)), [], "without {present}");
    }
}

#[test]
fn ports_that_share_an_identity_are_registered_once() {
    let second = "context cs switch\n  interface fxs F1\n    route call dest-table RT\n    subscriber-number claim\nport fxs 0 1\n  encapsulation cc-fxs\n  bind interface F1 switch\n  no shutdown\n";
    let both = format!("{FIRST}{second}");
    on(&both, |unit| {
        assert_eq!(Patton.accounts(unit).iter().map(|account| account.slot).collect::<Vec<_>>(), [1]);
        assert_eq!(Patton.dials(unit, 2, "").as_deref(), Some("*89"), "and both ports call");
    });
}

#[test]
fn calls_go_where_the_tables_lead() {
    let dials = |text: &str, digits: &str| on(text, |unit| Patton.dials(unit, 1, digits));
    assert_eq!(dials(FIRST, "").as_deref(), Some("*89"), "by lifting the handset");
    assert_eq!(dials(FIRST, "112").as_deref(), Some("*89"), "which swallows what is dialled");
    let waiting =
        FIRST.replace("    route default dest-interface S M", "    route 112 dest-interface S\n    route default dest-interface S M");
    assert_eq!((dials(&waiting, ""), dials(&waiting, "112"), dials(&waiting, "0815")), (None, Some("112".into()), Some("*89".into())));
    let open = FIRST.replace("route default dest-interface S M", "route .T dest-interface S");
    assert_eq!((dials(&open, ""), dials(&open, "0815")), (None, Some("0815".into())));
    assert_eq!(on(&open, |unit| Patton.accounts(unit))[0].hotline, None);
    assert_eq!(on(FIRST, |unit| Patton.dials(unit, 2, "112")), None, "the second port is shut");
}

#[test]
fn a_notify_is_obeyed_where_an_action_says_so() {
    let told = |text: &str, event: &str| on(text, |unit| Patton.told(unit, 1, event));
    let fetches = Some(Told { challenged: false, then: Then::Fetch });
    assert_eq!(told(FIRST, "check-sync"), fetches);
    assert_eq!(told(FIRST, "resync"), None);
    assert_eq!(told(&FIRST.replace("notify check-sync accept", "notify check-sync reject"), "check-sync"), None);
    let idle = Some(Told { challenged: false, then: Then::Nothing });
    assert_eq!(told(&FIRST.replace("action \"provisioning execute PF\"", "action \"reload\""), "check-sync"), idle);
    assert_eq!(told(&FIRST.replace("gateway:GW", "gateway:OTHER"), "check-sync"), idle);
}

#[test]
fn timers_make_it_fetch_by_itself() {
    let poll = |text: &str| on(text, |unit| Patton.poll(unit, None));
    assert_eq!(poll(FIRST), Some(Duration::from_mins(5)));
    let once = FIRST.replace(" every 5 minutes", "");
    assert_eq!(poll(&once), Some(Duration::from_mins(1)));
    assert_eq!(poll(&FIRST.replace("provisioning execute PF", "reload")), None);
}
