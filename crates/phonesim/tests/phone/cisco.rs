//! Cisco and Linksys: resyncs against a server.

use phonesim::{Behaviour, Display, Identity, Outcome, Phone, Tls, Transcript};

use crate::server::{Demand, Server};

fn spa112() -> Phone {
    Phone::new(Identity::cisco("SPA112", "000e08aabbcc".parse().unwrap(), "FICT0001", "1.4.1", 2), Behaviour::unhurried(Tls::any()))
}

fn mpp() -> Phone {
    Phone::new(Identity::cisco("8841", "000e08aabbcc".parse().unwrap(), "FICT0001", "11.3.1", 2), Behaviour::unhurried(Tls::any()))
}

fn guarded(server: &Server) {
    server.put("/cfg/000e08aabbcc.xml", "<flat-profile><User_ID_1_>100</User_ID_1_><Proxy_1_>sip.example.com</Proxy_1_></flat-profile>");
    server.script().demands.insert("/cfg/".into(), Demand::of("anna", "right"));
}

async fn boot(phone: &mut Phone) -> (Outcome, Vec<String>) {
    let mut transcript = Transcript::default();
    (phone.boot(&mut transcript).await, transcript.outline())
}

#[tokio::test]
async fn an_adapter_goes_from_dhcp_to_its_own_file_and_stays_there() {
    let server = Server::start(false).await;
    server.put("/cfg/spa112.cfg", &format!("<flat-profile><Profile_Rule_B>{}</Profile_Rule_B></flat-profile>", server.url("/cfg/$MA.xml")));
    guarded(&server);
    server.script().demands.clear();
    let mut phone = spa112();
    assert_eq!(boot(&mut phone).await, (Outcome::NoServer, vec![]));
    phone.network.dhcp = Some(server.url("/cfg").parse().unwrap());
    assert_eq!(boot(&mut phone).await, (Outcome::Configured, vec!["spa112.cfg 200".to_owned(), "000e08aabbcc.xml 200".to_owned()]));
    assert_eq!(phone.accounts()[0].user, "100");
    assert_eq!(phone.display(), Display::None, "it has lamps");
    server.put("/cfg/spa112.cfg", &format!("<flat-profile><Profile_Rule>{}</Profile_Rule></flat-profile>", server.url("/own.xml")));
    assert_eq!(boot(&mut phone).await.0, Outcome::Configured);
    assert_eq!(
        boot(&mut phone).await,
        (Outcome::NothingThere, vec!["own.xml 404".to_owned()]),
        "DHCP is asked no more; a 404 is a failure"
    );
    assert_eq!(phone.accounts()[0].user, "100", "and what it has stays");
}

#[tokio::test]
async fn an_adapter_asks_nobody_for_a_login_and_a_multiplatform_phone_does() {
    let server = Server::start(false).await;
    guarded(&server);
    for (mut phone, display) in [(spa112(), Display::None), (mpp(), Display::LoginPrompt)] {
        phone.menu().set_server(&server.url("/cfg/$MA.xml"), "", "");
        assert_eq!(boot(&mut phone).await, (Outcome::LoginWanted, vec!["000e08aabbcc.xml 401".to_owned()]));
        assert_eq!(phone.display(), display);
        let outcome = phone.answer_prompt("anna", "right", &mut Transcript::default()).await;
        assert_eq!(outcome, Outcome::Configured, "typed into the window, or into the rule on the web page");
    }
}

#[tokio::test]
async fn the_login_of_a_rule_is_sent_and_a_wrong_one_is_not_tried_again() {
    let server = Server::start(false).await;
    guarded(&server);
    let mut phone = spa112();
    phone.menu().set_server(&server.url("/cfg/$MA.xml"), "anna", "right");
    assert_eq!(boot(&mut phone).await, (Outcome::Configured, vec!["000e08aabbcc.xml 401".to_owned(), "000e08aabbcc.xml 200".to_owned()]));
    phone.menu().set_login("anna", "wrong");
    assert_eq!(boot(&mut phone).await, (Outcome::LoginWanted, vec!["000e08aabbcc.xml 401".to_owned(); 2]));
}
