//! Whole phones: what their config says is registered, dialled and obeyed.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use phonesim::sip::{By, Keying, Side};
use phonesim::{Behaviour, Called, Client, DialError, Dialled, Display, Identity, Notified, Outcome, Phone, Telephone, Tls};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::pbx::{Carrier, Pbx};

/// A provisioning server with one file.
struct Files {
    url: String,
    body: Arc<Mutex<String>>,
    _serving: JoinSet<()>,
}

impl Files {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/cfg", listener.local_addr().unwrap());
        let body = Arc::new(Mutex::new(String::new()));
        let mut serving = JoinSet::new();
        let shared = Arc::clone(&body);
        serving.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 4096];
                let mut length = 0;
                while !request[..length].windows(4).any(|four| four == b"\r\n\r\n") {
                    match stream.read(&mut request[length..]).await {
                        Ok(more @ 1..) => length += more,
                        _ => break,
                    }
                }
                let is_wanted = request.starts_with(b"GET /cfg/001565aabbcc.cfg");
                let (status, body) = if is_wanted { ("200 OK", shared.lock().unwrap().clone()) } else { ("404 Not Found", String::new()) };
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
                drop(stream.write_all(answer.as_bytes()).await);
            }
        });
        Self { url, body, _serving: serving }
    }

    fn put(&self, lines: &str) {
        *self.body.lock().unwrap() = format!("#!version:1.0.0.1\nsip.notify_reboot_enable = 0\n{lines}");
    }
}

/// An account that calls one number only.
fn restricted(pbx: &Pbx, slots: u16, transport: u8) -> String {
    let account = |slot| {
        format!(
            "account.{slot}.enable = 1\naccount.{slot}.label = Authentication needed\naccount.{slot}.user_name = claim1\n\
             account.{slot}.password = pw\naccount.{slot}.sip_server.1.address = phones.example.com\n\
             account.{slot}.sip_server.1.port = {}\naccount.{slot}.sip_server.1.transport_type = {transport}\n\
             account.{slot}.auto_dial_enable = 1\naccount.{slot}.auto_dial_num = *89\n",
            pbx.address.port()
        )
    };
    let emergency = "dialplan.emergency.enable = 1\ndialplan.emergency.1.value = 112\n";
    (1..=slots).map(account).chain([emergency.to_owned()]).collect()
}

/// What a phone in service has instead: another account at the same server.
fn full(pbx: &Pbx) -> String {
    restricted(pbx, 1, 0)
        .replace("claim1", "101")
        .replace("Authentication needed", "Reception")
        .replace("auto_dial_enable = 1", "auto_dial_enable = 0")
}

fn phone(pbx: &Pbx, files: &Files, change: impl FnOnce(&mut Behaviour)) -> Telephone {
    let mut behaviour = Behaviour::unhurried(Tls::authorities(pbx.authority.as_bytes(), true).unwrap());
    behaviour.client = Client { resolve: Some(pbx.address.ip()), ..behaviour.client };
    behaviour.telephony.call.keying = Keying::hasty();
    behaviour.telephony.retry = Duration::from_millis(20);
    change(&mut behaviour);
    let mut phone = Phone::new(Identity::yealink_t46s("001565aabbcc".parse().unwrap()), behaviour);
    phone.menu().set_server(&files.url, "", "");
    Telephone::new(phone)
}

async fn booted(pbx: &Pbx, files: &Files, change: impl FnOnce(&mut Behaviour)) -> Telephone {
    let phone = phone(pbx, files, change);
    assert_eq!(phone.boot().await, Outcome::Configured);
    phone.registered().await.unwrap();
    phone
}

#[tokio::test]
async fn the_story_of_a_restricted_phone() {
    for (carrier, transport) in [(Carrier::Udp, 0), (Carrier::Tcp, 1), (Carrier::Tls, 2)] {
        let (pbx, files) = (Pbx::on("127.0.0.1".parse().unwrap(), carrier).await, Files::start().await);
        files.put(&restricted(&pbx, 1, transport));
        let phone = booted(&pbx, &files, |_| {}).await;
        assert!(phone.display().says("Authentication needed"));
        let call = phone.lift().await.unwrap();
        call.answered().await.unwrap();
        assert_eq!(call.number(), "*89");
        assert!(call.hears(|heard| heard.share_of(pbx.clip()) > 0.05).await);
        call.press("123456#", By::Rfc4733).await.unwrap();
        pbx.until(|script| script.keys == "123456#").await;
        pbx.in_call("BYE", &[]).await;
        assert_eq!(call.ended().await.by, Side::Them);

        files.put(&full(&pbx).replace("transport_type = 0", &format!("transport_type = {transport}")));
        assert_eq!(pbx.ask("NOTIFY", "check-sync", None).await.status(), Some(200));
        phone.shows("Reception").await.unwrap();
        phone.registered().await.unwrap();
        let contacts = pbx.until(|script| script.seen.iter().any(|line| line == "granted 0")).await.contacts;
        assert!(contacts.iter().any(|contact| contact.starts_with("<sip:101@")), "{contacts:?}");
        assert!(matches!(phone.display(), Display::Ready { .. }));
        let told: Vec<_> = phone.transcript().signals().map(ToString::to_string).collect();
        assert!(told.contains(&"SIP REGISTER phones.example.com (Digest MD5, user claim1) -> 200".to_owned()), "{told:?}");
        assert!(told.contains(&"SIP asked: NOTIFY check-sync (no login) -> 200".to_owned()), "{told:?}");
        let off = phone.switch_off().await;
        assert_eq!(off.accounts().len(), 1);
        pbx.until(|script| script.seen.iter().filter(|line| *line == "granted 0").count() == 2).await;
    }
}

#[tokio::test]
async fn every_line_and_handset_is_a_contact_of_its_own() {
    let (pbx, files) = (Pbx::start().await, Files::start().await);
    files.put(&restricted(&pbx, 4, 0));
    let phone = booted(&pbx, &files, |_| {}).await;
    let contacts: BTreeSet<String> = pbx.script().contacts.iter().cloned().collect();
    assert_eq!(contacts.len(), 4, "{contacts:?}");
    assert!(phone.dial_on(3, "0815").await.unwrap().answered().await.is_ok());
    assert!(phone.dial_on(5, "0815").await.is_err(), "no such line");
}

#[tokio::test]
async fn digits_are_swallowed_or_called_as_the_firmware_likes() {
    let (pbx, files) = (Pbx::start().await, Files::start().await);
    files.put(&restricted(&pbx, 1, 0));
    let table = [
        (Dialled::Swallowed, "112", "*89"),
        (Dialled::Called, "0815", "0815"),
        (Dialled::EmergencyCalled, "112", "112"),
        (Dialled::EmergencyCalled, "0815", "*89"),
    ];
    for (dialled, number, expected) in table {
        let phone = booted(&pbx, &files, |behaviour| behaviour.telephony.dialled = dialled).await;
        let call = phone.dial(number).await.unwrap();
        call.answered().await.unwrap();
        assert_eq!(call.number(), expected, "{dialled:?} {number}");
        assert!(pbx.script().seen.iter().any(|line| *line == format!("INVITE sip:{expected} proved 200")));
    }
}

#[tokio::test]
async fn a_server_that_the_config_names_no_more_is_left_in_order() {
    let (old, new, files) = (Pbx::start().await, Pbx::start().await, Files::start().await);
    files.put(&restricted(&old, 3, 0));
    let phone = booted(&old, &files, |_| {}).await;
    files.put(&(full(&new) + "account.2.enable = 0\naccount.3.enable = 0\n"));
    assert_eq!(old.ask("NOTIFY", "check-sync", None).await.status(), Some(200));
    phone.wait_for(|view| view.left == 1).await.unwrap();
    assert_eq!(old.count("granted 0"), 3);
    phone.registered().await.unwrap();
    assert_eq!((new.count("granted 600"), new.count("granted 0")), (1, 0));
}

#[tokio::test]
async fn another_text_on_the_display_changes_no_registration() {
    let (pbx, files) = (Pbx::start().await, Files::start().await);
    files.put(&restricted(&pbx, 2, 0));
    let phone = booted(&pbx, &files, |_| {}).await;
    files.put(&restricted(&pbx, 2, 0).replace("Authentication needed", "Authentication failed"));
    assert_eq!(pbx.ask("NOTIFY", "check-sync", None).await.status(), Some(200));
    phone.shows("Authentication failed").await.unwrap();
    drop(phone.switch_off().await);
    let seen = pbx.script().seen.clone();
    let granted = |seconds: &str| seen.iter().filter(|line| **line == format!("granted {seconds}")).count();
    assert_eq!((granted("600"), granted("0")), (2, 2), "each line came once and went once: {seen:?}");
}

#[tokio::test]
async fn registrations_are_renewed_before_they_end_and_kept_alive() {
    let (pbx, files) = (Pbx::start().await, Files::start().await);
    pbx.script().expires = 1;
    files.put(&restricted(&pbx, 1, 0));
    let _phone = booted(&pbx, &files, |behaviour| behaviour.telephony.keep_alive = Some(Duration::from_millis(50))).await;
    let script = pbx.until(|script| script.keep_alives > 2 && script.contacts.len() > 2).await;
    assert!(script.agents[0].starts_with("Yealink SIP-T46S"));
}

#[tokio::test]
async fn a_lost_connection_is_opened_anew() {
    let (pbx, files) = (Pbx::on("127.0.0.1".parse().unwrap(), Carrier::Tls).await, Files::start().await);
    files.put(&restricted(&pbx, 1, 2));
    let phone = booted(&pbx, &files, |_| {}).await;
    pbx.hang_up_connection().await;
    pbx.until(|script| script.contacts.len() == 2).await;
    phone.registered().await.unwrap();
    assert_eq!(pbx.ask("NOTIFY", "check-sync", None).await.status(), Some(200), "over the new one");
}

#[tokio::test]
async fn a_failed_registration_is_tried_again() {
    let (pbx, files) = (Pbx::start().await, Files::start().await);
    pbx.script().password = Some("another");
    files.put(&restricted(&pbx, 1, 0));
    let phone = phone(&pbx, &files, |_| {});
    phone.boot().await;
    pbx.until(|script| script.seen.len() > 4).await;
    assert!(phone.view().registered.is_empty());
    pbx.script().password = Some("pw");
    phone.registered().await.unwrap();
}

#[tokio::test]
async fn phones_differ_in_how_they_take_a_notify() {
    let (pbx, files) = (Pbx::start().await, Files::start().await);
    files.put(&restricted(&pbx, 1, 0));
    let login = Some(("claim1", "pw"));
    let refusing = booted(&pbx, &files, |behaviour| behaviour.telephony.notified = Notified::Refuses).await;
    assert_eq!(pbx.ask("NOTIFY", "check-sync", login).await.status(), Some(489));
    drop(refusing.switch_off().await);
    let obeying = booted(&pbx, &files, |_| {}).await;
    assert_eq!(pbx.ask("NOTIFY", "talk", None).await.status(), Some(489), "an event that it does not know");
    let (one, other) = pbx.notify_twice().await;
    assert_eq!((one.status(), other.status(), one.header("To")), (Some(200), Some(200), other.header("To")));
    let view = obeying.wait_for(|view| view.fetches == 2).await.unwrap();
    assert_eq!((view.outcome, view.notified), (Some(Outcome::Unchanged), 2), "a repeated one is obeyed once");
    drop(obeying.switch_off().await);
    let challenging = booted(&pbx, &files, |behaviour| behaviour.telephony.notified = Notified::Challenges).await;
    assert_eq!(pbx.ask("NOTIFY", "check-sync", Some(("claim1", "wrong"))).await.status(), Some(401));
    assert_eq!(pbx.ask("NOTIFY", "check-sync", login).await.status(), Some(200));
    challenging.wait_for(|view| view.fetches == 2).await.unwrap();
}

/// A Cisco adapter: its NOTIFY must be proved by the line's login, and its dial plan says what leaves.
#[tokio::test]
async fn a_brand_may_challenge_by_itself_and_bar_numbers() {
    let (pbx, files) = (Pbx::start().await, Files::start().await);
    let line = |auth: &str| {
        format!(
            "<flat-profile><User_ID_1_>claim1</User_ID_1_><Password_1_>pw</Password_1_>\
             <Proxy_1_>phones.example.com:{}</Proxy_1_><Dial_Plan_1_>(*89S0|112S0)</Dial_Plan_1_>{auth}</flat-profile>",
            pbx.address.port()
        )
    };
    *files.body.lock().unwrap() = line("");
    let mut behaviour = Behaviour::unhurried(Tls::any());
    behaviour.client = Client { resolve: Some(pbx.address.ip()), ..behaviour.client };
    let mut adapter = Phone::new(Identity::cisco("SPA112", "001565aabbcc".parse().unwrap(), "FICT0001", "1.4.1", 2), behaviour);
    adapter.menu().set_server(&format!("{}/$MA.cfg", files.url), "", "");
    let phone = Telephone::new(adapter);
    assert_eq!(phone.boot().await, Outcome::Configured);
    phone.registered().await.unwrap();

    assert!(matches!(phone.lift().await, Err(DialError::DialTone)));
    assert!(matches!(phone.dial("0815").await, Err(DialError::Barred)));
    let call = phone.dial("*89").await.unwrap();
    call.answered().await.unwrap();
    call.hang_up().await;

    assert_eq!(pbx.ask("NOTIFY", "resync", None).await.status(), Some(401));
    assert_eq!(pbx.ask("NOTIFY", "resync", Some(("claim1", "pw"))).await.status(), Some(200));
    phone.wait_for(|view| view.fetches == 2).await.unwrap();
    *files.body.lock().unwrap() = line("<Auth_Resync-Reboot_1_>No</Auth_Resync-Reboot_1_>");
    assert_eq!(phone.resync().await, Outcome::Configured);
    assert_eq!(pbx.ask("NOTIFY", "check-sync", None).await.status(), Some(200), "the config says that nobody need prove anything");
    phone.wait_for(|view| view.fetches == 4).await.unwrap();
}

#[tokio::test]
async fn a_phone_may_fetch_only_after_its_call() {
    let (pbx, files) = (Pbx::start().await, Files::start().await);
    files.put(&restricted(&pbx, 1, 0));
    let phone = booted(&pbx, &files, |behaviour| behaviour.telephony.postpones_in_call = true).await;
    let call = phone.dial("1").await.unwrap();
    call.answered().await.unwrap();
    files.put(&full(&pbx));
    assert_eq!(pbx.ask("NOTIFY", "check-sync", None).await.status(), Some(200));
    assert!(call.hears(|heard| heard.packets > 20).await);
    assert_eq!(phone.view().fetches, 1);
    call.hang_up().await;
    phone.shows("Reception").await.unwrap();
}

#[tokio::test]
async fn calls_to_the_phone_are_taken_refused_or_ring() {
    let (pbx, files) = (Pbx::start().await, Files::start().await);
    files.put(&restricted(&pbx, 1, 0));
    let refusing = booted(&pbx, &files, |behaviour| behaviour.telephony.called = Called::Refuses).await;
    assert_eq!(pbx.invite().await.status(), Some(486));
    assert_eq!(refusing.view().called, 1);
    drop(refusing.switch_off().await);
    let taking = booted(&pbx, &files, |_| {}).await;
    assert_eq!(pbx.invite().await.status(), Some(200));
    let call = taking.take_call().unwrap();
    assert_eq!(call.number(), "server");
    assert_eq!(pbx.in_call("OPTIONS", &[]).await.unwrap().status(), Some(200));
    assert_eq!(taking.view().calls, 1);
    call.hang_up().await;
    pbx.until(|script| script.seen.iter().any(|line| line.starts_with("BYE"))).await;
    taking.wait_for(|view| view.calls == 0).await.unwrap();
}

#[tokio::test]
async fn two_hundred_phones_live_in_one_process() {
    let (pbx, files) = (Pbx::start().await, Files::start().await);
    files.put(&restricted(&pbx, 1, 0));
    let mut phones = Vec::new();
    for _ in 0..200 {
        let phone = phone(&pbx, &files, |_| {});
        assert_eq!(phone.boot().await, Outcome::Configured);
        phones.push(phone);
    }
    for phone in &phones {
        phone.registered().await.unwrap();
    }
}
