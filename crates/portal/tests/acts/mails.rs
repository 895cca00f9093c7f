//! Mail from what causes it to a mail server: a small one, on loopback, that keeps what it is told.

mod tls;
mod white_label;

use std::sync::{Arc, Mutex};

use domain::effect::{Effect, Event};
use domain::role::Role;
use domain::{Secret, Span};
use portal::admin::password_link;
use portal::admin::sign_in::{SignedIn, Typed, sign_in};
use portal::admin::tree::NodeNames;
use portal::admin::user::{self, NewUser, UserChange, Writing};
use portal::admin::{By, device};
use portal::mail::{Addressee, Language, Letterhead, Postman, Server, Template, queue};
use serde_json::json;
use store::Scope;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::api::{Site, problem};
use crate::world::{NOW, OFFICE, SHOP, World};

/// Takes mail; answers the first recipients with the given codes instead of 250.
struct Sink {
    smtp: Secret<String>,
    got: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Sink {
    async fn open(codes: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let smtp = Secret::new(format!("smtp://{}", listener.local_addr().unwrap()));
        let (got, codes) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(codes.to_vec())));
        let kept = Arc::clone(&got);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(take(stream, Arc::clone(&kept), Arc::clone(&codes)));
            }
        });
        Self { smtp, got, task }
    }

    fn postman(&self, world: &World, node: u128) -> Postman {
        let server = Server::new(&self.smtp, "Ringfence <ringfence@example.com>", None).unwrap();
        Postman::new(world.admin.clone(), Uuid::from_u128(node), server)
    }

    fn got(&self) -> Vec<String> {
        self.got.lock().unwrap().clone()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(stream: TcpStream, got: Arc<Mutex<Vec<String>>>, codes: Arc<Mutex<Vec<u16>>>) {
    let mut stream = BufReader::new(stream);
    let (mut reply, mut line) = ("220 sink\r\n".to_owned(), String::new());
    loop {
        if stream.write_all(reply.as_bytes()).await.is_err() {
            return;
        }
        line.clear();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        reply = match verb.as_str() {
            "RCPT" => {
                let mut codes = codes.lock().unwrap();
                let code = if codes.is_empty() { 250 } else { codes.remove(0) };
                format!("{code} said\r\n")
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.unwrap();
                let mut mail = String::new();
                while !mail.ends_with("\r\n.\r\n") {
                    stream.read_line(&mut mail).await.unwrap();
                }
                got.lock().unwrap().push(mail);
                "250 kept\r\n".to_owned()
            }
            _ => "250 sink\r\n".to_owned(),
        };
    }
}

async fn somebody(world: &World, name: &str, role: Role, at: NodeNames, language: &str) {
    let writing = Writing { email: Some(format!("{name}@example.com")), language: Some(language.into()), alerts: Some(true) };
    let new = NewUser { name: name.into(), role: role.code().into(), at, writing };
    user::add(&world.admin, &By::command_line(NOW), new).await.unwrap();
}

fn reader() -> Addressee {
    let head = Letterhead::ours("https://portal.example.com");
    Addressee { email: "somebody@example.com".into(), language: Language::English, head }
}

async fn blocked(world: &World, mac: &'static str) {
    let write = world.admin.store.write(move |db| {
        let device = store::device::by_mac(db, &Scope::Operator, mac.parse().unwrap())?.device;
        let address = [198, 51, 100, 7].into();
        store::effect::carry_out(db, &device, &[Effect::Event(Event::Blocked { address })], NOW)
    });
    write.await.unwrap();
}

/// Text parts go by quoted-printable or base64 where they must; ASCII ones do not.
fn to(mails: &[String], name: &str) -> Vec<String> {
    let header = format!("To: {name}@example.com\r\n");
    mails.iter().filter(|mail| mail.contains(&header)).cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_wishes_alerts_gets_those_of_their_branch_in_one_letter() {
    let world = World::new().await;
    let (sink, by) = (Sink::open(&[]).await, By::command_line(NOW));
    somebody(&world, "dealer", Role::Reseller, NodeNames { reseller: Some("Dealer".into()), ..NodeNames::default() }, "en").await;
    somebody(&world, "chef", Role::CustomerAdmin, NodeNames::customer("Office"), "de").await;
    somebody(&world, "operator", Role::Operator, NodeNames::default(), "en").await;
    blocked(&world, SHOP).await;
    blocked(&world, OFFICE).await;
    device::reset(&world.admin, &by, SHOP).await.unwrap();
    let (postman, other) = (sink.postman(&world, 1), sink.postman(&world, 2));
    let (left, right) = tokio::join!(postman.write_alerts(NOW), other.write_alerts(NOW));
    assert_eq!(left.unwrap() + right.unwrap(), 3, "one for each, by one of the nodes");
    let (left, right) = tokio::join!(postman.send_due(NOW), other.send_due(NOW));
    assert_eq!(left.unwrap() + right.unwrap(), 3, "and each sent by one");

    let got = sink.got();
    assert_eq!(got.len(), 3);
    let dealer = to(&got, "dealer").remove(0);
    assert!(dealer.contains("Subject: Ringfence: phone 001565000001 (Shop) is blocked"), "{dealer}");
    assert!(dealer.contains("https://portal.example.com/devices/001565000001") && dealer.contains("198.51.100.7"), "{dealer}");
    assert!(!dealer.contains(OFFICE), "{dealer}");
    assert!(dealer.contains("Auto-Submitted: auto-generated") && dealer.contains("@example.com>"), "{dealer}");
    let chef = to(&got, "chef").remove(0);
    assert!(chef.contains("Subject: Ringfence: Telefon 001565000002 (Office) ist gesperrt") && !chef.contains(SHOP), "{chef}");
    let operator = to(&got, "operator").remove(0);
    assert!(operator.contains("Subject: Ringfence: 2 alerts") && operator.contains(SHOP) && operator.contains(OFFICE), "{operator}");

    assert_eq!(postman.write_alerts(NOW).await.unwrap(), 0, "told once");
    blocked(&world, SHOP).await;
    assert_eq!(postman.write_alerts(NOW + Span::hours(7)).await.unwrap(), 0, "no news any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_comes_again_when_the_server_is_busy_and_is_given_up_when_it_is_refused() {
    let world = World::new().await;
    let sink = Sink::open(&[451, 250, 550]).await;
    let postman = sink.postman(&world, 1);
    let invite = || async {
        let values = [("name", "somebody"), ("link", "https://portal.example.com/invitation/secret-7"), ("hours", "48")];
        let write = world.admin.store.write(move |db| queue(db, NOW, &reader(), Template::Invitation, &values));
        write.await.unwrap();
    };
    invite().await;
    assert_eq!(postman.send_due(NOW).await.unwrap(), 1);
    assert!(sink.got().is_empty(), "busy");
    assert_eq!(postman.send_due(NOW + Span::seconds(59)).await.unwrap(), 0);
    assert_eq!(postman.send_due(NOW + Span::seconds(60)).await.unwrap(), 1);
    assert!(sink.got()[0].contains("https://portal.example.com/invitation/secret-7"), "{:?}", sink.got());
    invite().await;
    assert_eq!(postman.send_due(NOW).await.unwrap(), 1);
    assert_eq!(postman.send_due(NOW + Span::days(2)).await.unwrap(), 0, "refused for good");
    assert_eq!(sink.got().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_say_how_they_are_written_to() {
    let site = Site::open().await;
    let operator = site.operator().await;
    let new = json!({ "name": "somebody", "role": "auditor", "customer": "Shop", "email": "somebody@example.com", "language": "de", "alerts": true });
    let made = site.json(&operator, "POST /users", &new.to_string()).await.ok(201);
    assert_eq!((&made["email"], &made["language"], &made["alerts"]), (&json!("somebody@example.com"), &json!("de"), &json!(true)));
    let path = format!("/users/{}", made["id"].as_str().unwrap());
    for (body, code) in [
        (json!({ "email": "no address" }), "email"),
        (json!({ "language": "fr" }), "language"),
        (json!({ "email": "", "alerts": true }), "email"),
    ] {
        assert_eq!(site.json(&operator, &format!("PATCH {path}"), &body.to_string()).await.problem(), problem(422, code), "{body}");
    }
    let changed = site.json(&operator, &format!("PATCH {path}"), r#"{"email":""}"#).await.ok(200);
    assert_eq!((&changed["email"], &changed["alerts"], &changed["language"]), (&json!(null), &json!(false), &json!("de")));
    let change = UserChange { disabled: Some(true), ..UserChange::default() };
    let by = By::command_line(NOW);
    let kept = user::update(&site.world.admin, &by, changed["id"].as_str().unwrap().parse().unwrap(), change, None).await.unwrap().user;
    assert_eq!(kept.language, "de", "what is not named stays");
}

/// The link of the latest letter: mail breaks long lines, and marks that it did.
fn link_of(mail: &str) -> String {
    let whole = mail.replace("=\r\n", "").replace("=3D", "=");
    let link = whole.split("/password?link=").nth(1).expect("a link");
    link.chars().take_while(char::is_ascii_hexdigit).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_in_a_letter_lets_its_reader_choose_a_password_once() {
    let (site, sink) = (Site::open().await, Sink::open(&[]).await);
    let (admin, by) = (&site.world.admin, By::command_line(NOW));
    let writing = Writing { email: Some("support@example.com".into()), ..Writing::default() };
    let new = NewUser { name: "support".into(), role: "operator".into(), at: NodeNames::default(), writing };
    let told = user::add(admin, &by, new).await.unwrap();
    let id: Uuid = told.user.id.parse().unwrap();
    let signs_in = async |password: &str| {
        let typed =
            Typed { name: "support".into(), password: Secret::from(password), address: "192.0.2.1".parse().unwrap(), agent: String::new() };
        matches!(sign_in(admin, typed, NOW).await.unwrap(), SignedIn::Yes(_))
    };
    let first = told.password.unwrap().expose().clone();
    assert!(signs_in(&first).await);

    password_link::invite(admin, &by, id).await.unwrap();
    sink.postman(&site.world, 1).send_due(NOW).await.unwrap();
    let invited = link_of(&sink.got()[0]);
    assert_eq!(password_link::whose(admin, &invited, NOW).await.unwrap().as_deref(), Some("support"));
    assert_eq!(password_link::whose(admin, &invited, NOW + Span::days(3)).await.unwrap(), None, "it has ended");

    // Whether there is such a person is told to nobody, and a newer link ends the older one.
    for name in ["support", "nobody-of-this-name"] {
        password_link::forgotten(admin, name, "192.0.2.7".parse().unwrap(), NOW).await.unwrap();
    }
    sink.postman(&site.world, 1).send_due(NOW).await.unwrap();
    assert_eq!(sink.got().len(), 2);
    let link = link_of(&sink.got()[1]);
    assert_eq!(password_link::whose(admin, &invited, NOW).await.unwrap(), None);

    let short = password_link::choose(admin, &link, Secret::from("too-short"), NOW).await.unwrap_err();
    assert_eq!(short.code(), "password");
    assert!(password_link::choose(admin, &link, Secret::from("chosen-by-its-reader"), NOW).await.unwrap());
    assert!(!password_link::choose(admin, &link, Secret::from("chosen-by-a-thief"), NOW).await.unwrap(), "twice");
    assert!(signs_in("chosen-by-its-reader").await);
    assert!(!signs_in(&first).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_floods_a_mailbox_with_links() {
    let (site, sink) = (Site::open().await, Sink::open(&[]).await);
    let (admin, by) = (&site.world.admin, By::command_line(NOW));
    let writing = Writing { email: Some("support@example.com".into()), ..Writing::default() };
    user::add(admin, &by, NewUser { name: "support".into(), role: "operator".into(), at: NodeNames::default(), writing }).await.unwrap();
    for _ in 0..20 {
        password_link::forgotten(admin, "support", "192.0.2.7".parse().unwrap(), NOW).await.unwrap();
        sink.postman(&site.world, 1).send_due(NOW).await.unwrap();
    }
    assert_eq!(sink.got().len(), 5, "as many as wrong sign-ins are free");
}
