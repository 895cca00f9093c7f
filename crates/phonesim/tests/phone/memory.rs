//! What a phone keeps, forgets, and shows.

use std::time::Duration;

use phonesim::{Display, Flash, Outcome, Phone, Transcript};

use crate::server::{Demand, Server};
use crate::{ACCOUNT, config, door, fresh, phone};

async fn boot(phone: &mut Phone) -> Outcome {
    phone.boot(&mut Transcript::default()).await
}

/// What a restricted phone of the catalogue's kind is told.
const RESTRICTED: &str = "account.1.enable = 1\naccount.1.label = Authentication needed\naccount.1.user_name = claim1\n\
                          account.1.sip_server.1.address = sip.example.com\naccount.1.auto_dial_enable = 1\naccount.1.auto_dial_num = *89\n\
                          linekey.5.label = 001565AABBCC";

#[tokio::test]
async fn a_config_sends_the_phone_to_another_door_from_the_next_pass_on() {
    let server = Server::start(false).await;
    server.put("/cfg/001565aabbcc.cfg", &config(&(door(&server, "/cfg/d/h1", "own", "pw") + ACCOUNT)));
    server.put("/cfg/d/h1/001565aabbcc.cfg", &config(ACCOUNT));
    server.script().demands.insert("/cfg/d/h1/".into(), Demand::of("own", "pw"));
    let mut phone = phone(&server, "/cfg");
    assert_eq!(boot(&mut phone).await, Outcome::Configured);
    assert!(server.take_seen().iter().all(|line| !line.contains("/d/h1/")), "not in the same pass");
    assert_eq!(phone.own_login(), Some(phonesim::Login::new("own", "pw")));
    assert_eq!(boot(&mut phone).await, Outcome::Configured);
    assert!(server.take_seen().iter().all(|line| line.contains("/d/h1/")));

    phone.menu().set_server(&server.url("/cfg"), "", "");
    phone.behaviour.refetch_on_new_server = true;
    assert_eq!(boot(&mut phone).await, Outcome::Configured);
    assert!(server.take_seen().last().unwrap().contains("/d/h1/"), "the switch runs the second pass at once");
}

#[tokio::test]
async fn unchanged_files_are_not_applied_again_and_a_poll_is_told() {
    let server = Server::start(false).await;
    let poll = "static.auto_provision.repeat.enable = 1\nstatic.auto_provision.repeat.minutes = 5\n";
    server.put("/cfg/001565aabbcc.cfg", &config(&(poll.to_owned() + ACCOUNT)));
    let mut phone = phone(&server, "/cfg");
    assert_eq!(phone.poll_due(), None);
    assert_eq!(boot(&mut phone).await, Outcome::Configured);
    assert_eq!(phone.poll_due(), Some(Duration::from_mins(5)));
    assert_eq!(boot(&mut phone).await, Outcome::Unchanged);
    server.put("/cfg/001565aabbcc.cfg", &config(ACCOUNT));
    assert_eq!(boot(&mut phone).await, Outcome::Configured);
    assert_eq!(phone.poll_due(), Some(Duration::from_mins(5)), "what is not named stays");
}

#[tokio::test]
async fn overwrite_mode_takes_the_restriction_back() {
    let server = Server::start(false).await;
    server.put("/cfg/001565aabbcc.boot", &config("include:config 001565aabbcc.cfg\noverwrite_mode = 1"));
    server.put("/cfg/001565aabbcc.cfg", &config(&(door(&server, "/cfg", "claim", "pw") + RESTRICTED)));
    let mut phone = phone(&server, "/cfg");
    assert_eq!(boot(&mut phone).await, Outcome::Configured);
    assert_eq!(phone.display(), Display::Text(vec!["Authentication needed".into(), "001565AABBCC".into()]));

    server.put("/cfg/001565aabbcc.cfg", &config(ACCOUNT));
    assert_eq!(boot(&mut phone).await, Outcome::Configured);
    let Display::Ready { accounts, .. } = phone.display() else { panic!("{:?}", phone.display()) };
    assert_eq!((accounts.len(), accounts[0].user.as_str(), accounts[0].hotline.as_deref()), (1, "100", None));
    assert_eq!((accounts[0].password.expose().as_str(), accounts[0].shown().as_str()), ("line-secret", "Desk 12"));
    assert_eq!(phone.flash().setting("linekey.5.label"), None);
    assert!(phone.own_login().is_some(), "static parameters stay");
}

#[tokio::test]
async fn without_overwrite_mode_the_restriction_sticks_unless_it_is_taken_back_by_name() {
    let server = Server::start(false).await;
    server.put("/cfg/001565aabbcc.cfg", &config(RESTRICTED));
    let mut phone = phone(&server, "/cfg");
    boot(&mut phone).await;
    server.put("/cfg/001565aabbcc.cfg", &config(ACCOUNT));
    boot(&mut phone).await;
    assert!(matches!(phone.display(), Display::Text(_)), "every call still goes to the service");
    server.put("/cfg/001565aabbcc.cfg", &config(&format!("{ACCOUNT}\naccount.1.auto_dial_enable = %NULL%")));
    boot(&mut phone).await;
    assert!(matches!(phone.display(), Display::Ready { .. }));
}

#[tokio::test]
async fn flash_survives_power_cuts_and_copies_but_no_factory_reset() {
    let server = Server::start(false).await;
    server.put("/cfg/001565aabbcc.cfg", &config(&(door(&server, "/cfg", "own", "pw") + ACCOUNT)));
    let mut phone = phone(&server, "/cfg");
    boot(&mut phone).await;
    phone.power_cycle();
    assert!(matches!(phone.display(), Display::Ready { .. }));

    let bytes = phone.flash().to_bytes();
    let mut copy = fresh();
    copy.restore_flash(&bytes).unwrap();
    assert_eq!((copy.flash(), copy.own_login()), (phone.flash(), phone.own_login()));
    assert_eq!(boot(&mut copy).await, Outcome::Unchanged);
    assert!(Flash::from_bytes(&bytes[1..]).is_err());

    phone.network.redirect = Some((server.url("/cfg").parse().unwrap(), None));
    phone.factory_reset();
    assert_eq!((phone.flash(), phone.own_login(), phone.server()), (&Flash::default(), None, None));
    assert_eq!(phone.display(), Display::Text(vec!["No Service".into()]));
    assert_eq!(boot(&mut phone).await, Outcome::Configured, "the redirect service still knows it");
}

#[tokio::test]
async fn a_config_may_forbid_fetching_at_boot_but_not_when_told() {
    let server = Server::start(false).await;
    server.put("/cfg/001565aabbcc.cfg", &config("static.auto_provision.power_on = 0"));
    let mut phone = phone(&server, "/cfg");
    boot(&mut phone).await;
    server.take_seen();
    assert_eq!(boot(&mut phone).await, Outcome::Unchanged);
    assert_eq!(server.take_seen().len(), 0);
    phone.resync(&mut Transcript::default()).await;
    assert_eq!(server.take_seen().len(), 4);
}
