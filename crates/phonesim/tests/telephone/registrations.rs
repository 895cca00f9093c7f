//! Registering and staying registered, without a phone around it.

use domain::settings::Transport;
use phonesim::sip::{Agent, AgentOptions, Incoming, Registration, SipAccount, SipError};
use phonesim::{Client, Scheme, Tls};
use wire::digest::Algorithm;

use crate::pbx::{Carrier, Pbx};

/// The options of an agent of this server's.
pub fn options(pbx: &Pbx, transport: Transport) -> AgentOptions {
    let client = Client::new(Tls::authorities(pbx.authority.as_bytes(), true).unwrap());
    AgentOptions::new(Client { resolve: Some(pbx.address.ip()), ..client }, "phones.example.com", Some(pbx.address.port()), transport)
}

async fn agent(pbx: &Pbx, transport: Transport) -> (Agent, Incoming) {
    Agent::open(options(pbx, transport)).await.unwrap()
}

fn account() -> SipAccount {
    SipAccount::new("claim1", "pw")
}

#[tokio::test]
async fn every_carrier_and_both_families_register() {
    let carriers = [(Carrier::Udp, Transport::Udp), (Carrier::Tcp, Transport::Tcp), (Carrier::Tls, Transport::Tls)];
    for host in ["127.0.0.1", "::1"] {
        for (carrier, transport) in carriers {
            let pbx = Pbx::on(host.parse().unwrap(), carrier).await;
            let (agent, _incoming) = agent(&pbx, transport).await;
            let mut registration = Registration::new(&agent, account());
            let granted = registration.register(3600).await.unwrap();
            assert_eq!(granted.expires.as_secs(), 600, "the registrar decides");
            assert_eq!(granted.contacts.len(), 1);
            registration.register(0).await.unwrap();
            let seen = pbx.until(|script| script.seen.len() == 6).await.seen;
            let expected = ["bare 401", "granted 600", "proved 200", "bare 401", "granted 0", "proved 200"];
            assert!(seen.iter().zip(expected).all(|(line, expected)| line.ends_with(expected)), "{seen:?}");
        }
    }
}

#[tokio::test]
async fn the_strongest_digest_that_the_phone_knows_is_answered() {
    let pbx = Pbx::start().await;
    for (strongest, offered) in [(Scheme::Md5, &[Algorithm::Sha256, Algorithm::Md5][..]), (Scheme::Sha256, &[Algorithm::Sha256])] {
        pbx.script().algorithms = offered;
        let (agent, _incoming) = Agent::open(AgentOptions { strongest, ..options(&pbx, Transport::Udp) }).await.unwrap();
        Registration::new(&agent, account()).register(60).await.unwrap();
    }
    let (agent, _incoming) = agent(&pbx, Transport::Udp).await;
    let refused = Registration::new(&agent, account()).register(60).await;
    assert!(matches!(refused, Err(SipError::Refused(401))), "it knows no SHA-256: {refused:?}");
    let wrong = SipAccount::new("claim1", "wrong");
    pbx.script().seen.clear();
    pbx.script().algorithms = &[Algorithm::Md5];
    assert!(matches!(Registration::new(&agent, wrong).register(60).await, Err(SipError::Refused(401))));
    assert_eq!(pbx.until(|script| script.seen.len() >= 2).await.seen.len(), 2, "a wrong password is not tried again");
}

#[tokio::test]
async fn stale_nonces_short_times_and_lost_datagrams_are_borne() {
    let pbx = Pbx::start().await;
    pbx.script().stale = 1;
    pbx.script().at_least = 120;
    pbx.script().lost = 1;
    let (agent, _incoming) = agent(&pbx, Transport::Udp).await;
    let granted = Registration::new(&agent, account()).register(60).await.unwrap();
    assert_eq!(granted.expires.as_secs(), 120);
    let seen = pbx.script().seen.clone();
    assert_eq!(seen[0], "REGISTER lost");
    assert!(seen.iter().any(|line| line.ends_with("proved 423")), "{seen:?}");
}

#[tokio::test]
async fn a_challenge_is_answered_again_if_that_is_the_habit() {
    let pbx = Pbx::start().await;
    let (agent, _incoming) = Agent::open(AgentOptions { keeps_challenge: true, ..options(&pbx, Transport::Udp) }).await.unwrap();
    let mut registration = Registration::new(&agent, account());
    registration.register(60).await.unwrap();
    registration.register(60).await.unwrap();
    pbx.until(|script| script.seen.iter().filter(|line| line.ends_with("proved 200")).count() == 2).await;
    assert_eq!(pbx.count("REGISTER sip:phones.example.com bare"), 1);
}

#[tokio::test]
async fn a_phone_behind_nat_says_what_it_believes() {
    let pbx = Pbx::start().await;
    let behind_nat = Some("10.0.0.7:5060".parse().unwrap());
    let (agent, _incoming) = Agent::open(AgentOptions { behind_nat, ..options(&pbx, Transport::Udp) }).await.unwrap();
    Registration::new(&agent, account()).register(60).await.unwrap();
    let script = pbx.until(|script| script.contacts.len() == 1).await;
    assert_eq!(script.contacts, ["<sip:claim1@10.0.0.7:5060>"]);
    assert!(script.vias.iter().all(|via| via.starts_with("SIP/2.0/UDP 10.0.0.7:5060;") && via.ends_with(";rport")), "{:?}", script.vias);
}

#[tokio::test]
async fn the_phones_own_address_is_where_it_speaks_from() {
    let pbx = Pbx::start().await;
    for transport in [Transport::Udp] {
        let options = options(&pbx, transport);
        let client = options.client.from("127.0.0.77".parse().unwrap());
        let (agent, _incoming) = Agent::open(AgentOptions { client, ..options }).await.unwrap();
        Registration::new(&agent, account()).register(60).await.unwrap();
        assert!(pbx.script().contacts[0].starts_with("<sip:claim1@127.0.0.77:"));
    }
}
