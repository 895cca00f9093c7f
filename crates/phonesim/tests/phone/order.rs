//! Which files, in which order, over which connections.

use phonesim::{AgentForm, Behaviour, Identity, Outcome, Phone, Slash, Tls, Transcript};

use crate::server::Server;
use crate::{ACCOUNT, config, fresh, phone};

/// Boots and compares what the server saw.
async fn check(server: &Server, mut phone: Phone, outcome: Outcome, expected: &[&str]) -> Phone {
    assert_eq!(phone.boot(&mut Transcript::default()).await, outcome);
    assert_eq!(server.take_seen(), expected);
    phone
}

#[tokio::test]
async fn without_boot_files_the_common_file_comes_before_the_phones_own() {
    let server = Server::start(false).await;
    let all = [
        "1 GET /cfg/001565aabbcc.boot -> 404",
        "2 GET /cfg/y000000000000.boot -> 404",
        "3 GET /cfg/y000000000066.cfg -> 404",
        "4 GET /cfg/001565aabbcc.cfg -> 404",
    ];
    check(&server, phone(&server, "/cfg"), Outcome::NothingThere, &all).await;
    server.put("/cfg/y000000000066.cfg", &config("features.x = 1\nfeatures.y = 1"));
    server.put("/cfg/001565aabbcc.cfg", &config("features.y = 2"));
    let mut phone = phone(&server, "/cfg");
    assert_eq!(phone.boot(&mut Transcript::default()).await, Outcome::Configured);
    assert_eq!((phone.flash().setting("features.x"), phone.flash().setting("features.y")), (Some("1"), Some("2")));
}

#[tokio::test]
async fn a_boot_file_decides_alone_and_names_files_from_its_own_folder() {
    let server = Server::start(false).await;
    let boot = "include:config 001565aabbcc.cfg\ninclude:config \"sub/two.cfg\"\n[T48S]include:config other.cfg\ninclude:config /root.cfg";
    server.put("/cfg/d/h1/001565aabbcc.boot", &config(boot));
    server.put("/cfg/d/h1/001565aabbcc.cfg", &config(ACCOUNT));
    server.put("/cfg/d/h1/sub/two.cfg", &config("features.x = 2"));
    let expected = [
        "1 GET /cfg/d/h1/001565aabbcc.boot -> 200",
        "2 GET /cfg/d/h1/001565aabbcc.cfg -> 200",
        "3 GET /cfg/d/h1/sub/two.cfg -> 200",
        "4 GET /root.cfg -> 404",
    ];
    let phone = check(&server, phone(&server, "/cfg/d/h1/"), Outcome::Configured, &expected).await;
    assert_eq!(phone.flash().setting("features.x"), Some("2"));
}

#[tokio::test]
async fn the_second_boot_file_serves_as_well_as_the_first() {
    let server = Server::start(false).await;
    server.put("/cfg/y000000000000.boot", &config("include:config a.cfg"));
    server.put("/cfg/a.cfg", &config(ACCOUNT));
    let expected = ["1 GET /cfg/001565aabbcc.boot -> 404", "2 GET /cfg/y000000000000.boot -> 200", "3 GET /cfg/a.cfg -> 200"];
    check(&server, phone(&server, "/cfg"), Outcome::Configured, &expected).await;
}

#[tokio::test]
async fn old_firmware_knows_no_boot_files_and_some_phones_write_capitals_and_two_slashes() {
    let server = Server::start(false).await;
    let mac = "001565aabbcc".parse().unwrap();
    let old = Identity { capitals: true, ..Identity::yealink("T46G", mac, "28.72.0.1", Some("028"), 16) }; // firmware
    let mut phone = Phone::new(old, Behaviour { slash: Slash::Added, ..Behaviour::unhurried(Tls::any()) });
    phone.menu().set_server(&server.url("/cfg/"), "", "");
    let expected = ["1 GET /cfg//y000000000028.cfg -> 404", "2 GET /cfg//001565AABBCC.cfg -> 404"];
    check(&server, phone, Outcome::NothingThere, &expected).await;
}

#[tokio::test]
async fn an_address_that_names_a_file_leads_to_that_file_only() {
    let server = Server::start(false).await;
    server.put("/x/mine.cfg", &config(ACCOUNT));
    check(&server, phone(&server, "/x/mine.cfg"), Outcome::Configured, &["1 GET /x/mine.cfg -> 200"]).await;
}

#[tokio::test]
async fn one_connection_serves_the_pass_where_keep_alive_is_on() {
    let server = Server::start(true).await;
    let mut phone = phone(&server, "/cfg");
    phone.behaviour.keep_alive = true;
    let expected = [
        "1 GET /cfg/001565aabbcc.boot -> 404",
        "1 GET /cfg/y000000000000.boot -> 404",
        "1 GET /cfg/y000000000066.cfg -> 404",
        "1 GET /cfg/001565aabbcc.cfg -> 200",
    ];
    server.put("/cfg/001565aabbcc.cfg", &config("static.auto_provision.connect.keep_alive = 0"));
    let mut phone = check(&server, phone, Outcome::Configured, &expected).await;
    phone.resync(&mut Transcript::default()).await;
    let connections: Vec<_> = server.take_seen().iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(connections, ["2", "3", "4", "5"], "a config switches it off");
}

#[tokio::test]
async fn requests_carry_what_phones_send_and_come_from_the_phones_address() {
    let server = Server::start(false).await;
    let mut phone = phone(&server, "/cfg");
    phone.behaviour.client.source = Some("127.0.1.7".parse().unwrap());
    phone.boot(&mut Transcript::default()).await;
    let sent = |name: &str| {
        let headers = server.script().headers.clone();
        headers.into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
    };
    assert_eq!(sent("host"), Some(server.address.to_string()));
    assert_eq!(sent("user-agent").as_deref(), Some("Yealink SIP-T46S 66.86.0.15 00:15:65:aa:bb:cc"));
    assert_eq!(sent("accept").as_deref(), Some("*/*"));
    assert_eq!(sent("authorization"), None);
    assert!(server.script().callers.iter().all(|caller| caller == "127.0.1.7"), "{:?}", server.script().callers);

    phone.identity.agent = AgentForm::YEALINK_PLAIN;
    phone.boot(&mut Transcript::default()).await;
    assert_eq!(sent("user-agent").as_deref(), Some("Yealink SIP-T46S  66.86.0.15 001565aabbcc"));
    server.put("/cfg/001565aabbcc.cfg", &config("static.auto_provision.user_agent_mac.enable = 0"));
    phone.boot(&mut Transcript::default()).await;
    phone.boot(&mut Transcript::default()).await;
    assert_eq!(sent("user-agent").as_deref(), Some("Yealink SIP-T46S 66.86.0.15"));
}

#[tokio::test]
async fn a_redirect_service_and_dhcp_name_servers_in_their_own_ways() {
    let server = Server::start(false).await;
    server.put("/rps/001565aabbcc.cfg", &config("features.x = rps"));
    server.put("/dhcp/001565aabbcc.cfg", &config("features.x = dhcp"));
    let address = |folder: &str| server.url(folder).parse().unwrap();

    let mut phone = fresh();
    assert_eq!(phone.boot(&mut Transcript::default()).await, Outcome::NoServer);
    assert!(phone.display().says("No Service"));
    phone.network.redirect = Some((address("/rps"), None));
    assert_eq!(phone.boot(&mut Transcript::default()).await, Outcome::Configured);
    assert_eq!(phone.server(), Some(address("/rps")), "the redirect is stored");

    phone.network.redirect = Some((address("/elsewhere"), None));
    phone.network.dhcp = Some(address("/dhcp"));
    server.take_seen();
    phone.boot(&mut Transcript::default()).await;
    assert!(server.take_seen().iter().all(|line| line.contains("/dhcp/")), "DHCP comes first, and a stored server is not asked for again");
    assert_eq!(phone.flash().setting("features.x"), Some("dhcp"));

    server.put("/dhcp/001565aabbcc.cfg", &config("static.auto_provision.dhcp_option.enable = 0"));
    phone.boot(&mut Transcript::default()).await;
    server.take_seen();
    phone.boot(&mut Transcript::default()).await;
    assert!(server.take_seen().iter().all(|line| line.contains("/rps/")), "a config switches DHCP off");
}
