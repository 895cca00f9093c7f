//! Files, logins, accounts, held against rows of hand-written settings.

use super::*;
use crate::behaviour::Behaviour;
use crate::firmware::{Came, Ended, Fetched, Got, Step, Work};
use crate::transcript::Transcript;

fn identity(model: &str) -> Identity {
    Identity::gigaset(model, "7c2f80aabbcc".parse().unwrap(), "ABCD", "2.11.0", 6)
}

fn fetch(identity: &Identity, flash: &mut Flash, server: &str, files: &[(&str, &[u8])], login: Option<&Login>) -> (Vec<String>, Ended) {
    let (behaviour, mut transcript) = (Behaviour::default(), Transcript::default());
    let mut pass = Gigaset.pass(Unit { identity, flash }, &server.parse().unwrap(), Cause::Boot);
    let (mut asked, mut came) = (Vec::new(), Came::Start);
    loop {
        let mut work = Work { identity, flash: &mut *flash, behaviour: &behaviour, transcript: &mut transcript };
        match pass.next(&mut work, came) {
            Step::End(ended) => return (asked, ended),
            Step::Ask(asks) => {
                let at = asks[0].at.clone();
                asked.push(format!("{}{}", at.target(), asks[0].attempts.map_or(String::new(), |times| format!(" ({times})"))));
                let found = files.iter().find(|(name, _)| *name == at.file_name());
                let got = found
                    .map_or(Got::Missing(404), |(_, body)| Got::File(Fetched { at, body: body.to_vec().into(), login: login.cloned() }));
                came = Came::All(vec![got]);
            }
        }
    }
}

fn own(model: &str, flash: &mut Flash, body: &[u8]) -> Ended {
    fetch(&identity(model), flash, "https://h/%MACD.xml", &[("7C2F80AABBCC.xml", body)], None).1
}

#[test]
fn an_address_names_a_file_or_a_folder_that_is_looked_through() {
    let asked = |model: &str, server: &str| fetch(&identity(model), &mut Flash::default(), server, &[], None).0;
    assert_eq!(asked("N870", "https://h/cfg/%MACD.xml"), ["/cfg/7C2F80AABBCC.xml"]);
    assert_eq!(asked("N870", "https://h/cfg"), ["/cfg (1)", "/cfg/provisioning.xml (2)", "/cfg/7C2F80AABBCC.xml"]);
    assert_eq!(asked("Maxwell3", "https://h/a.xml"), ["/a.xml"]);
    assert_eq!(asked("N510", "https://h/cfg/"), ["/cfg/42/2/master.bin", "/cfg/7C2F80AABBCC.xml"]);
}

#[test]
fn three_logins_answer_a_challenge_in_their_order_and_the_one_that_opened_is_kept() {
    let base = identity("N870");
    let mut flash = Flash::default();
    let users = |flash: &Flash, at: &str| {
        let at: Address = at.parse().unwrap();
        Gigaset.logins(Unit { identity: &base, flash }, &at, &at).into_iter().map(|login| login.user).collect::<Vec<_>>()
    };
    assert_eq!(users(&flash, "https://h/"), ["7C2F80AABBCC"]);
    Gigaset.store_login(&base, &mut flash, "typed", &Secret::from("p"));
    assert_eq!(users(&flash, "https://own:q@h/"), ["7C2F80AABBCC", "typed", "own"]);
    let empty: &[u8] = b"<provisioning version=\"1.1\"/>";
    let files = [("7C2F80AABBCC.xml", empty)];
    fetch(&base, &mut flash, "https://h/%MACD.xml", &files, Some(&Login::new("own", "q")));
    assert_eq!(users(&flash, "https://h/"), ["7C2F80AABBCC", "own"]);
    fetch(&base, &mut flash, "https://h/%MACD.xml", &files, Some(&Login::new("7C2F80AABBCC", "ABCD")));
    assert_eq!(users(&flash, "https://h/"), ["7C2F80AABBCC", "own"], "the factory's is no configured one");
    assert_eq!(Gigaset.weakest(), Scheme::Md5, "Digest alone");
}

#[test]
fn a_file_of_another_family_product_or_phone_is_thrown_away() {
    let refused = |model: &str, body: &str| own(model, &mut Flash::default(), body.as_bytes()) == Ended::Bad;
    let newer = "<provisioning version=\"1.1\" productID=\"e2\"><nvm><param name=\"a\" value=\"1\"/></nvm></provisioning>";
    assert!(!refused("N870", newer) && refused("N510", newer) && refused("Maxwell3", newer));
    assert!(refused("N870", "<provisioning version=\"1.0\"/>") && refused("N870", "<provisioning version=\"1.1\">"));
    let older = |mac: &str| format!("<ProviderFrame><Provider><MAC_ADDRESS value=\"{mac}\"/></Provider></ProviderFrame>");
    assert!(!refused("N510", &older("7C2F80AABBCC")) && refused("N510", &older("7C2F80AABBCD")));
    assert!(refused("N510", "<ProviderFrame/>") && refused("N870", &older("7C2F80AABBCC")));
}

#[test]
fn an_account_of_a_newer_base_needs_its_handset() {
    let base = identity("N870");
    let mut flash = Flash::default();
    let file = |adds: &str| {
        format!(
            "<provisioning version=\"1.1\"><nvm>{adds}<param name=\"SipAccount.00002.UserName\" value=\"200\"/>\
             <param name=\"SipAccount.00002.ProviderId\" value=\"1\"/><param name=\"SipProvider.1.ProxyServerAddress\" value=\"pbx\"/>\
             <param name=\"SipProvider.1.TransportProtocol\" value=\"3\"/></nvm></provisioning>"
        )
    };
    own("N870", &mut flash, file("").as_bytes());
    assert!(Gigaset.accounts(Unit { identity: &base, flash: &flash }).is_empty());
    own("N870", &mut flash, file("<oper name=\"add_hs\" value=\"00002\"><param name=\"hs.RegStatus\" value=\"ToReg\"/></oper>").as_bytes());
    let accounts = Gigaset.accounts(Unit { identity: &base, flash: &flash });
    assert_eq!((accounts[0].slot, accounts[0].server.as_str(), accounts[0].transport), (2, "pbx", Transport::Tls));
    own("N870", &mut flash, file("<oper name=\"DeleteNotProvisionedHS\"/>").as_bytes());
    assert!(Gigaset.accounts(Unit { identity: &base, flash: &flash }).is_empty(), "a handset that is not named is deleted");
    assert!(!Gigaset.has_screen(&base) && Gigaset.has_screen(&identity("Maxwell2")));
}

#[test]
fn an_older_base_reads_letters_of_one_byte_texts_in_quotes_and_hexadecimal_numbers() {
    let base = identity("N510");
    let mut flash = Flash::default();
    let body = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><ProviderFrame><Provider><MAC_ADDRESS value=\"7c2f80aabbcc\"/>\
        <S_PROV_USERNAME class=\"string\" value='\"me\"'/>\
        <SYMB_ITEM ID=\"BS_IP_Data1.aucS_SIP_USER_ID_2\" class=\"symb_item\" value='\"200\"'/>\
        <SYMB_ITEM ID=\"BS_IP_Data1.aucS_SIP_SERVER_2\" class=\"symb_item\" value='pbx'/>\
        <SYMB_ITEM ID=\"BS_IP_Data1.aucS_SIP_DISPLAYNAME_2\" class=\"symb_item\" value='\"B\xfcro\"'/>\
        <SYMB_ITEM ID=\"BS_IP_Data1.uiI_SIP_SERVER_PORT_2\" class=\"symb_item\" value=\"0x13c5\"/>\
        <SYMB_ITEM ID=\"BS_IP_Data1.ucB_SIP_ACCOUNT_IS_ACTIVE_2\" class=\"symb_item\" value=\"0x1\"/></Provider></ProviderFrame>";
    assert_eq!(own("N510", &mut flash, body), Ended::Applied);
    let unit = Unit { identity: &base, flash: &flash };
    let accounts = Gigaset.accounts(unit);
    let one = &accounts[0];
    assert_eq!((one.slot, one.display_name.as_str(), one.port, one.server.as_str()), (2, "B\u{fc}ro", Some(5061), ""), "pbx has no quotes");
    assert_eq!(Gigaset.provisioning(unit).login.map(|login| login.user).as_deref(), Some("me"));
    assert_eq!(base.user_agent(), "N510 IP PRO/2.11.0;7C2F80AABBCC");
}

#[test]
fn notifies_and_polls_are_heeded_by_family() {
    let told = |model: &str, pairs: &[(&str, &str)], event: &str| {
        let mut flash = Flash::default();
        for (key, value) in pairs {
            flash.set(key, value);
        }
        Gigaset.told(Unit { identity: &identity(model), flash: &flash }, 1, event).map(|told| told.then)
    };
    let reboot = "check-sync;reboot=true";
    assert_eq!((told("N510", &[], reboot), told("N870", &[], reboot)), (Some(Then::Fetch), Some(Then::Fetch)));
    assert_eq!(told("N870", &[("SystemSettings.global.CheckSyncRebootEnabled", "1")], reboot), Some(Then::Restart));
    assert_eq!(told("Maxwell3", &[("SIP.Checksync.Simple", "1")], "check-sync"), Some(Then::Restart));
    assert_eq!(told("N870", &[], "reboot"), None);
    let maxwell = identity("Maxwell3");
    assert_eq!(Gigaset.user_agent(Unit { identity: &maxwell, flash: &Flash::default() }), "Gigaset Maxwell 3 2.11.0 7c:2f:80:aa:bb:cc");
}
