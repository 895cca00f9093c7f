//! Webhooks from an event to a receiver: a real one, on loopback, that looks at what it is sent.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Span;
use domain::role::Role;
use hmac::{Hmac, KeyInit, Mac};
use portal::admin::tree::NodeNames;
use portal::admin::webhook::{self, DeliveryView, NewWebhook, Told, WebhookChange};
use portal::admin::{Admin, By, Platform, device};
use portal::webhook::{Courier, Road};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::api::{Site, problem};
use crate::world::{NOW, OFFICE, SHOP, World};

/// Answers the first requests with the given statuses, and all others with 204.
pub struct Receiver {
    pub url: String,
    got: Arc<Mutex<Vec<Got>>>,
    task: JoinHandle<()>,
}

#[derive(Clone, Debug)]
pub struct Got {
    line: String,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Receiver {
    pub async fn open(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?of=shop", listener.local_addr().unwrap());
        let got = Arc::new(Mutex::new(Vec::new()));
        let (kept, mut statuses) = (Arc::clone(&got), VecDeque::from(statuses.to_vec()));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let status = statuses.pop_front().unwrap_or(204);
                tokio::spawn(take(stream, status, Arc::clone(&kept)));
            }
        });
        Self { url, got, task }
    }

    pub fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(stream: TcpStream, status: u16, got: Arc<Mutex<Vec<Got>>>) {
    let mut stream = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let header = |line: &String| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    let headers: BTreeMap<_, _> = lines.iter().skip(1).filter_map(header).collect();
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    got.lock().unwrap().push(Got { line: lines[0].clone(), headers, body: String::from_utf8(body).unwrap() });
    let answer = format!("HTTP/1.1 {status} Answer\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
    let _ = stream.write_all(answer.as_bytes()).await;
}

impl Got {
    /// Asserts what every receiver checks.
    pub fn check(&self, secret: &str) -> Value {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{}.{}.{}", self.headers["webhook-id"], self.headers["webhook-timestamp"], self.body).as_bytes());
        assert_eq!(self.headers["webhook-signature"], format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));
        assert_eq!((self.line.as_str(), self.headers["content-type"].as_str()), ("POST /hook?of=shop HTTP/1.1", "application/json"));
        serde_json::from_str(&self.body).unwrap()
    }
}

async fn hook(world: &World, url: &str, kinds: &[&str]) -> Told {
    let kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
    let new = NewWebhook { url: url.into(), kinds, label: "Desk".into(), at: NodeNames::customer("Shop") };
    webhook::add(&world.admin, &By::command_line(NOW), new).await.unwrap()
}

fn id(told: &Told) -> Uuid {
    told.webhook.id.parse().unwrap()
}

async fn reset(world: &World, mac: &str) {
    device::reset(&world.admin, &By::command_line(NOW), mac).await.unwrap();
}

/// What a courier does in a moment.
pub async fn carry(courier: &mut Courier, after: Span) -> usize {
    let set_out = courier.step(NOW + after).await.unwrap();
    courier.rest().await;
    set_out
}

async fn deliveries(world: &World, told: &Told) -> Vec<DeliveryView> {
    webhook::deliveries(&world.admin, &By::command_line(NOW), id(told)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_arrives_signed() {
    let world = World::new().await;
    let receiver = Receiver::open(&[]).await;
    let told = hook(&world, &receiver.url, &["device.reset"]).await;
    reset(&world, OFFICE).await;
    reset(&world, SHOP).await;
    device::suspend(&world.admin, &By::command_line(NOW), SHOP, None, None).await.unwrap();
    let mut courier = Courier::new(world.admin.clone(), Uuid::from_u128(1));
    assert_eq!(carry(&mut courier, Span::ZERO).await, 1, "neither another customer's nor another type");
    let got = receiver.got();
    let event = got[0].check(told.secret.as_ref().unwrap().expose());
    assert_eq!((&event["type"], &event["data"]["mac"]), (&json!("device.reset"), &json!(SHOP)));
    assert_eq!(got[0].headers["webhook-timestamp"], (NOW.millis() / 1000).to_string());
    let kept = deliveries(&world, &told).await;
    assert_eq!((kept[0].state, kept[0].status, &kept[0].body), ("delivered", Some(204), &event));
    assert_eq!(got[0].headers["webhook-id"], format!("msg_{}", kept[0].id.replace('-', "")));
    assert_eq!(carry(&mut courier, Span::days(1)).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_comes_again_later_and_a_redirect_is_not_followed() {
    let world = World::new().await;
    let receiver = Receiver::open(&[500, 302]).await;
    let told = hook(&world, &receiver.url, &[]).await;
    reset(&world, SHOP).await;
    let mut courier = Courier::new(world.admin.clone(), Uuid::from_u128(1));
    for (at, error) in [(0, "status 500"), (5, "status 302"), (305, "")] {
        if at > 0 {
            assert_eq!(carry(&mut courier, Span::seconds(at - 1)).await, 0, "not before its time");
        }
        assert_eq!(carry(&mut courier, Span::seconds(at)).await, 1);
        let kept = deliveries(&world, &told).await;
        assert_eq!((kept.len(), kept[0].error.as_deref().unwrap_or_default()), (1, error));
    }
    let got = receiver.got();
    let ids: Vec<_> = got.iter().map(|got| &got.headers["webhook-id"]).collect();
    assert_eq!(got.len(), 3);
    assert!(ids.iter().all(|id| *id == ids[0]), "one delivery has one id: {ids:?}");
    for one in &got {
        one.check(told.secret.as_ref().unwrap().expose());
    }
    assert_eq!(deliveries(&world, &told).await[0].state, "delivered");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_send_each_delivery_once() {
    let world = World::new().await;
    let receiver = Receiver::open(&[]).await;
    hook(&world, &receiver.url, &["device.reset"]).await;
    for _ in 0..20 {
        reset(&world, SHOP).await;
    }
    let mut couriers = [1, 2].map(|node| Courier::new(world.admin.clone(), Uuid::from_u128(node)));
    let mut sent = 0;
    while sent < 20 {
        let [one, other] = &mut couriers;
        let (left, right) = tokio::join!(carry(one, Span::ZERO), carry(other, Span::ZERO));
        sent += left + right;
    }
    let mut ids: Vec<_> = receiver.got().iter().map(|got| got.headers["webhook-id"].clone()).collect();
    assert_eq!(ids.len(), 20);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 20, "none twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_to_where_only_we_could_reach() {
    let world = World::new().await;
    let receiver = Receiver::open(&[]).await;
    let platform = Platform { webhooks: Road::new(false), ..(*world.admin.platform).clone() };
    let admin = Admin { platform: Arc::new(platform), ..world.admin.clone() };
    let by = By::command_line(NOW);
    let plain = NewWebhook { url: receiver.url.clone(), ..NewWebhook::default() };
    assert_eq!(webhook::add(&admin, &by, plain).await.unwrap_err().code(), "url");
    let secure = receiver.url.replace("http://", "https://").replace("127.0.0.1", "localhost");
    let told = webhook::add(&admin, &by, NewWebhook { url: secure, ..NewWebhook::default() }).await.unwrap();
    let tried = webhook::test(&admin, &by, id(&told)).await.unwrap();
    assert_eq!((tried.state, tried.status), ("waiting", None));
    assert!(tried.error.as_ref().unwrap().contains("private network"), "{tried:?}");
    assert!(receiver.got().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_no_more_gets_no_more_until_it_is_enabled() {
    let world = World::new().await;
    let (receiver, by) = (Receiver::open(&[410]).await, By::command_line(NOW));
    let told = hook(&world, &receiver.url, &[]).await;
    reset(&world, SHOP).await;
    let mut courier = Courier::new(world.admin.clone(), Uuid::from_u128(1));
    carry(&mut courier, Span::ZERO).await;
    let kept = webhook::show(&world.admin, &by, id(&told)).await.unwrap();
    assert!(!kept.enabled && kept.disabled_because.is_some_and(|because| because.contains("410")));
    let audit = portal::admin::audit::list(&world.admin, &by, 1).await.unwrap();
    assert_eq!((audit[0].action.as_str(), audit[0].actor.as_str()), ("webhook.disabled", "server"));
    reset(&world, SHOP).await;
    assert_eq!(carry(&mut courier, Span::days(1)).await, 0);
    let change = WebhookChange { enabled: Some(true), ..WebhookChange::default() };
    webhook::update(&world.admin, &by, id(&told), change, None).await.unwrap();
    reset(&world, SHOP).await;
    assert_eq!(carry(&mut courier, Span::days(1)).await, 1, "what happened meanwhile is past");
    assert_eq!(receiver.got().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_adds_tests_replays_and_removes() {
    let site = Site::open().await;
    let receiver = Receiver::open(&[]).await;
    let (admin, other) = (site.token(Role::CustomerAdmin, "Shop").await, site.token(Role::CustomerAdmin, "Office").await);
    let body = json!({ "url": receiver.url, "types": ["device.failed"], "label": "Desk", "customer": "Shop" }).to_string();
    let made = site.json(&admin, "POST /webhooks", &body).await.ok(201);
    let (path, secret) = (format!("/webhooks/{}", made["id"].as_str().unwrap()), made["secret"].as_str().unwrap());
    assert!(site.get(&admin, &path).await.ok(200).get("secret").is_none(), "shown once");
    let tried = site.json(&admin, &format!("POST {path}/test"), "").await.ok(200);
    assert_eq!((&tried["state"], &tried["type"]), (&json!("delivered"), &json!("webhook.test")));
    assert_eq!(receiver.got()[0].check(secret)["type"], "webhook.test");
    let listed = site.get(&admin, &format!("{path}/deliveries")).await.ok(200);
    assert_eq!(listed["items"][0]["id"], tried["id"]);

    let replay = format!("POST {path}/deliveries/{}/replay", tried["id"].as_str().unwrap());
    assert_eq!(site.json(&other, &replay, "").await.problem(), problem(404, "not_found"));
    assert_eq!(site.json(&admin, &replay, "").await.ok(200)["state"], "waiting");
    let mut courier = Courier::new(site.world.admin.clone(), Uuid::from_u128(1));
    assert_eq!(carry(&mut courier, Span::ZERO).await, 1);
    let got = receiver.got();
    assert_eq!((got.len(), &got[0].headers["webhook-id"]), (2, &got[1].headers["webhook-id"]));

    let changed = site.json(&admin, &format!("PATCH {path}"), r#"{"new_secret":true,"types":[]}"#).await.ok(200);
    assert!(changed["secret"] != json!(secret) && changed["types"] == json!([]), "{changed}");
    for (body, code) in [(json!({ "url": "ftp://x" }), "url"), (json!({ "types": ["device.exploded"] }), "event_type")] {
        assert_eq!(site.json(&admin, &format!("PATCH {path}"), &body.to_string()).await.problem(), problem(422, code));
    }
    assert_eq!(site.json(&admin, &format!("DELETE {path}"), "").await.status, 204);
    assert_eq!(site.get(&admin, &path).await.problem(), problem(404, "not_found"));
}
