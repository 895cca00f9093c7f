//! What is special about Patton: one account for all ports, commands in contexts, values in quotation marks.

use brands::{Body, Notice, Order, RestrictedAccount};
use domain::Secret;
use domain::settings::{Layer, Line, Resolved, Settings, Transport};

use crate::support::{CATALOGUE, carrier_of, door, full, line, restricted, text};

fn order(body: Body<'_>) -> Order<'_> {
    let (brand, model) = CATALOGUE.model("patton/SN4114").unwrap();
    carrier_of(brand, model, Some("6.11"), body)
}

fn with(settings: &[(&str, &str)]) -> Resolved {
    let layer: Settings = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Resolved::from_layers([(Layer::Site, &layer)])
}

fn count(text: &str, line: &str) -> usize {
    text.lines().filter(|one| one.trim() == line).count()
}

#[test]
fn a_restricted_gateway_registers_once_and_leads_every_port_to_the_service() {
    let file = text(&order(restricted(Notice::Needed)));
    assert_eq!(count(&file, "identity claim-user"), 1, "a second one would replace the first");
    assert_eq!(count(&file, "route call dest-table RT_SERVICE"), 4);
    assert_eq!(count(&file, "subscriber-number claim-user"), 4);
    assert_eq!(count(&file, "map .% to *89"), 1);
    let table: Vec<_> = file.lines().skip_while(|line| line.trim() != "routing-table called-e164 RT_SERVICE").skip(1).take(2).collect();
    assert_eq!(
        table,
        ["    route default dest-interface IF_SIP_1 MAP_SERVICE", "  routing-table called-uri RT_FROM_SIP"],
        "nothing to wait for"
    );
    assert!(!file.contains("911") && file.is_ascii());
}

#[test]
fn lines_on_one_server_share_a_location_service() {
    let elsewhere = Line { server: "other.example.com".into(), port: Some(5070), ..line("202") };
    let lines = [line("200"), line("201"), elsewhere];
    let settings = with(&[("emergency_numbers", "112")]);
    let file = text(&order(full(&lines, &settings)));
    assert_eq!((count(&file, "location-service LOC_1"), count(&file, "location-service LOC_3")), (2, 1), "{file}");
    assert_eq!((count(&file, "bind location-service LOC_1"), count(&file, "bind location-service LOC_2")), (1, 0));
    assert_eq!((count(&file, "domain pbx.example.com"), count(&file, "domain other.example.com")), (1, 1));
    assert_eq!(count(&file, "registrar other.example.com 5070"), 1);
    assert_eq!(count(&file, "route 112 dest-interface IF_SIP_2"), 1);
    assert!(!file.contains("IF_FXS_3"), "a port without a line is not named");
}

#[test]
fn what_a_command_cannot_carry_is_refused_by_name() {
    let settings = Resolved::default();
    let refuse = |line: Line| {
        let lines = [line];
        CATALOGUE.render(&order(full(&lines, &settings))).unwrap_err().to_string()
    };
    let password = |text: &str| Line { password: Secret::from(text), ..line("200") };
    let cannot = "line 1 password: has a quotation mark, a backslash or $(, which the file cannot carry";
    for wrong in ["a\"b", "a\\b", "$(system.mac)"] {
        assert_eq!(refuse(password(wrong)), cannot);
    }
    assert_eq!(refuse(password("grün")), "line 1 password: has a character beyond ASCII, which the file cannot carry");
    assert_eq!(refuse(line("2%")), "line 1 user: has a character that means something else in this brand's files");
    assert_eq!(refuse(line("200\" x")), "line 1 user: has a character that means something else in this brand's files");
    let over_tls = Line { transport: Transport::Tls, ..line("200") };
    assert_eq!(refuse(over_tls), "line 1 transport: is none that this brand's phones speak");
    // Nobody is told the name: it may be written as its owner writes it.
    let named = Line { name: Some("Jörg \"J\"".into()), extension: Some("ä".into()), ..line("200") };
    let lines = [named];
    assert!(!text(&order(full(&lines, &settings))).contains("rg\""));
    let broken = Line { name: Some("two\nlines".into()), ..line("200") };
    assert_eq!(refuse(broken), "line 1 name: has a line break or control character");
}

#[test]
fn a_restricted_account_over_tls_is_refused_rather_than_sent_over_udp() {
    let Body::Restricted { account, notice, service_number, emergency_numbers, language, .. } = restricted(Notice::Needed) else {
        unreachable!()
    };
    let account = RestrictedAccount { transport: Transport::Tls, ..account };
    let body = Body::Restricted { notice, account, service_number, emergency_numbers, door: door(), language };
    let said = CATALOGUE.render(&order(body)).unwrap_err().to_string();
    assert_eq!(said, "restricted account transport: is none that this brand's phones speak");
}

#[test]
fn a_password_with_blanks_stands_in_quotation_marks_and_reads_back() {
    let brand = CATALOGUE.brand("patton").unwrap();
    let settings = Resolved::default();
    let spaced = Line { password: Secret::from("exit # or not"), ..line("200") };
    let lines = [spaced];
    let rendered = CATALOGUE.render(&order(full(&lines, &settings))).unwrap();
    let parsed = CATALOGUE.parse(brand, &rendered.bytes).unwrap();
    let account = &parsed.accounts[0];
    assert_eq!(account.password.as_ref().map(|password| password.expose().as_str()), Some("exit # or not"));
    assert_eq!((account.user.as_deref(), account.port, account.transport), (Some("200"), Some(5060), Some(Transport::Udp)));
    assert!(String::from_utf8(rendered.bytes).unwrap().contains("username 200 password \"exit # or not\"\n"));
}

#[test]
fn a_raw_command_takes_the_place_of_ours_in_its_own_context() {
    let settings = with(&[
        ("raw.patton.profile.voip.default/dtmf-relay", "signaling"),
        ("raw.patton.context.cs.switch/interface.fxs.IF_FXS_0/caller-id-presentation", "pre-ring"),
        ("raw.patton.dns-client", "server 192.0.2.1"),
        ("raw.patton.timer.TIMER_POLL", "now"),
        ("raw.patton.authentication-service.AUTH_1/username", "x"),
    ]);
    let lines = [line("200")];
    let file = text(&order(full(&lines, &settings)));
    assert_eq!((count(&file, "dtmf-relay rtp"), count(&file, "dtmf-relay signaling")), (0, 1), "{file}");
    assert_eq!(count(&file, "timer TIMER_POLL now"), 0, "the way back is no raw setting");
    assert_eq!(count(&file, "username x"), 0);
    let parsed = CATALOGUE.parse(CATALOGUE.brand("patton").unwrap(), file.as_bytes()).unwrap();
    assert_eq!(parsed.parameters["context.cs.switch/interface.fxs.IF_FXS_0/caller-id-presentation"], "pre-ring");
    assert!(parsed.parameters.contains_key("dns-client"), "{file}");
}
