//! Registrations as phones send them.

use std::net::SocketAddr;

use domain::chance::Seeded;
use domain::claim::{Grounds, PlatformKeys};
use domain::tenancy::Place;
use domain::{Secret, Span};
use wire::challenge::{Challenge, parse};
use wire::digest::answer;

use super::*;
use crate::stack::Transport;

const NOW: Time = Time::from_millis(1_795_305_600_000);
const REALM: &str = "phones.example.com";

/// A registrar, and one phone that speaks with it.
struct World {
    registrar: Arc<Registrar>,
    keys: Arc<PlatformKeys>,
    claim: Claim,
    flow: Flow,
    cseq: u32,
    now: Time,
    _learning: Learning,
}

impl World {
    fn new(transport: Transport) -> Self {
        let keys = Arc::new(PlatformKeys::new(vec![Secret::new(vec![7; 32])]).unwrap());
        let (registrar, learning) = Registrar::new(Arc::new(Accounts::new(REALM, Arc::clone(&keys))));
        let claim = keys.issue("001565000001".parse().unwrap(), 1, Grounds::default(), NOW, &mut Seeded::new(1));
        let flow = flow(transport, "198.51.100.7:40001");
        Self { registrar, keys, claim, flow, cseq: 0, now: NOW, _learning: learning }
    }

    fn user(&self) -> String {
        self.keys.token(&self.claim)
    }

    /// Sends a REGISTER of this phone with these fields besides the usual ones.
    fn register(&mut self, fields: &str) -> Reply {
        let (user, claim) = (self.user(), self.claim);
        self.register_as(&user, &user, &claim, fields)
    }

    fn register_as(&mut self, from: &str, to: &str, claim: &Claim, fields: &str) -> Reply {
        self.cseq += 1;
        let text = |authorization: &str, cseq: u32| {
            format!(
                "REGISTER sip:{REALM} SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bK{cseq}\r\nMax-Forwards: 70\r\n\
                 From: <sip:{from}@{REALM}>;tag=1\r\nTo: <sip:{to}@{REALM}>\r\nCall-ID: c1\r\nCSeq: {cseq} REGISTER\r\n\
                 User-Agent: Yealink SIP-T46S 66.86.0.15\r\n{authorization}{fields}\r\n"
            )
        };
        let send = |world: &Self, text: &str| {
            let message = Message::read(text.as_bytes()).unwrap();
            let mut chance = Seeded::new(u64::from(world.cseq));
            world.registrar.answer(&message, &world.flow, world.now, &mut chance)
        };
        let first = send(self, &text("", self.cseq));
        assert_eq!(first.status(), 401);
        let challenge = first.headers().find(|(name, _)| *name == "WWW-Authenticate").map(|(_, value)| value.to_owned());
        let challenges = parse(challenge.unwrap().as_bytes()).unwrap();
        let [Challenge::Digest(challenge)] = &challenges[..] else { panic!("one challenge") };
        let (user, password) = (self.keys.token(claim), self.keys.sip_password(claim));
        let proof = answer(challenge, &user, password.expose(), "REGISTER", "sip:x", 1, "c");
        self.cseq += 1;
        send(self, &text(&format!("Authorization: {proof}\r\n"), self.cseq))
    }

    fn contacts(&self) -> Vec<Contact> {
        self.registrar.contacts_of(self.claim.mac, self.now)
    }

    fn learn(&self, taken_up: Option<(Claim, Time)>) {
        let place = Place { reseller: None, customer: domain::tenancy::CustomerId(uuid::Uuid::nil()), site: None };
        let device = Some(KnownDevice { place, model: "yealink/T46S".into(), taken_up });
        self.registrar.learn(self.claim.mac, Known { at: self.now, device });
    }
}

fn flow(transport: Transport, peer: &str) -> Flow {
    Flow::nowhere(transport, peer.parse::<SocketAddr>().unwrap(), "192.0.2.1:5060".parse().unwrap())
}

fn field<'a>(reply: &'a Reply, name: &str) -> Vec<&'a str> {
    reply.headers().filter(|(named, _)| *named == name).map(|(_, value)| value).collect()
}

#[test]
fn a_claim_registers_and_the_flow_is_the_way_back() {
    let mut world = World::new(Transport::Tls);
    let reply = world.register("Contact: <sip:a@10.0.0.7:5060;transport=tls>;expires=1800\r\n");
    assert_eq!(reply.status(), 200);
    assert_eq!(field(&reply, "Contact"), ["<sip:a@10.0.0.7:5060;transport=tls>;expires=1800"]);
    assert_eq!(field(&reply, "Date"), ["Sun, 22 Nov 2026 00:00:00 GMT"]);
    let contacts = world.contacts();
    assert_eq!(contacts[0].flow.peer(), "198.51.100.7:40001".parse().unwrap());
    assert_eq!(contacts[0].agent, "Yealink SIP-T46S 66.86.0.15");
    assert_eq!(world.registrar.proved_flow(&world.flow, NOW), Some(world.claim));
    assert!(world.registrar.is_proved_on(&world.flow, &world.claim, NOW));
}

#[test]
fn a_query_lists_and_a_star_ends() {
    let mut world = World::new(Transport::Tcp);
    assert!(field(&world.register(""), "Contact").is_empty());
    world.register("Contact: <sip:a@192.0.2.9>, <sip:b@192.0.2.9>;expires=60\r\nExpires: 300\r\n");
    let listed = world.register("");
    let mut contacts = field(&listed, "Contact");
    contacts.sort_unstable();
    assert_eq!(contacts, ["<sip:a@192.0.2.9>;expires=300", "<sip:b@192.0.2.9>;expires=60"]);
    assert_eq!(world.register("Contact: *\r\nExpires: 60\r\n").status(), 400);
    assert_eq!(world.register("Contact: *, <sip:a@192.0.2.9>\r\nExpires: 0\r\n").status(), 400);
    assert_eq!(world.contacts().len(), 2);
    assert_eq!(world.register("Contact: *\r\nExpires: 0\r\n").status(), 200);
    assert!(world.registrar.is_empty());
}

#[test]
fn times_have_bounds_and_udp_through_a_nat_shorter_ones() {
    let expires = |transport, contact: &str| {
        let reply = World::new(transport).register(&format!("Contact: <sip:a@{contact}\r\n"));
        field(&reply, "Contact").first().map(|value| value.rsplit_once('=').unwrap().1.to_owned())
    };
    assert_eq!(expires(Transport::Tls, "10.0.0.7>;expires=86400"), Some("3600".into()));
    assert_eq!(expires(Transport::Tls, "10.0.0.7>"), Some("3600".into()));
    assert_eq!(expires(Transport::Udp, "198.51.100.7>;expires=3600"), Some("600".into()));
    assert_eq!(expires(Transport::Udp, "10.0.0.7>;expires=3600"), Some("120".into()));
    assert_eq!(expires(Transport::Udp, "10.0.0.7>;expires=nonsense"), Some("120".into()));
    let brief = World::new(Transport::Tls).register("Contact: <sip:a@10.0.0.7>;expires=59\r\n");
    assert_eq!((brief.status(), field(&brief, "Min-Expires")), (423, vec!["60"]));
}

#[test]
fn nobody_registers_for_another() {
    let mut world = World::new(Transport::Tls);
    let other = world.keys.issue(world.claim.mac, 1, Grounds::default(), NOW, &mut Seeded::new(2));
    let (own, others) = (world.user(), world.keys.token(&other));
    let claim = world.claim;
    for (from, to) in [(&own, &others), (&others, &own), (&others, &others)] {
        assert_eq!(world.register_as(from, to, &claim, "Contact: <sip:a@10.0.0.7>\r\n").status(), 403);
    }
    assert!(world.registrar.is_empty());
}

#[test]
fn what_cannot_be_read_is_400() {
    let mut world = World::new(Transport::Tls);
    let many = "Contact: <sip:a@h>\r\n".repeat(17);
    let long = format!("Contact: <sip:{}@h>\r\n", "a".repeat(600));
    for fields in ["Contact: <tel:1>\r\n", "Contact: <sip:a@h\" x>\r\n", "Contact: nobody\r\n", &many, &long, "Path: <sip:a b>\r\n"] {
        assert_eq!(world.register(fields).status(), 400, "{fields}");
    }
    assert!(world.registrar.is_empty());
}

#[test]
fn a_proxy_in_front_is_remembered_as_route() {
    let mut world = World::new(Transport::Udp);
    world.register(
        "Via: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bKphone;received=203.0.113.5;rport=6000\r\nSupported: path\r\n\
         Path: <sip:p1.example.com;lr>, <sip:p2.example.com;lr>\r\nContact: <sip:a@10.0.0.7>\r\n",
    );
    let contact = world.contacts().remove(0);
    assert_eq!(contact.path, ["<sip:p1.example.com;lr>", "<sip:p2.example.com;lr>"]);
    assert_eq!(contact.address, "203.0.113.5".parse::<IpAddr>().unwrap());
    assert_eq!(world.registrar.proved_flow(&world.flow, NOW), None, "a proxy's flow proves nobody");
    assert_eq!(world.registrar.macs_in(&"203.0.113.0/24".parse().unwrap()), [world.claim.mac]);
}

#[test]
fn an_instance_is_one_phone_wherever_it_is() {
    let mut world = World::new(Transport::Tls);
    let fields =
        |host: &str| format!("Supported: path, outbound\r\nContact: <sip:a@{host}>;+sip.instance=\"<urn:uuid:0001>\";reg-id=1\r\n");
    let reply = world.register(&fields("10.0.0.7"));
    assert_eq!((field(&reply, "Require"), field(&reply, "Flow-Timer")), (vec!["outbound"], vec!["120"]));
    let reply = world.register(&fields("10.0.0.8"));
    assert_eq!(field(&reply, "Contact"), ["<sip:a@10.0.0.8>;expires=3600;+sip.instance=\"<urn:uuid:0001>\";reg-id=1"]);
}

#[test]
fn a_nonce_that_is_too_old_is_stale_and_nothing_worse() {
    let world = World::new(Transport::Udp);
    let challenge = &world.registrar.accounts.challenges(false, world.flow.peer().ip(), NOW, &mut Seeded::new(1))[0];
    let challenges = parse(challenge.as_bytes()).unwrap();
    let [Challenge::Digest(challenge)] = &challenges[..] else { panic!("one challenge") };
    let (user, password) = (world.user(), world.keys.sip_password(&world.claim));
    let proof = answer(challenge, &user, password.expose(), "REGISTER", "sip:x", 1, "c");
    let text = format!(
        "REGISTER sip:x SIP/2.0\r\nFrom: <sip:{user}@x>\r\nTo: <sip:{user}@x>\r\nCSeq: 1 REGISTER\r\nAuthorization: {proof}\r\n\r\n"
    );
    let message = Message::read(text.as_bytes()).unwrap();
    let reply = world.registrar.answer(&message, &world.flow, NOW + Span::minutes(2), &mut Seeded::new(2));
    assert_eq!(reply.status(), 401);
    assert!(field(&reply, "WWW-Authenticate").iter().all(|value| value.contains("stale=true")));
}

#[test]
fn the_account_ends_ten_minutes_after_another_claim_was_taken_up() {
    let mut world = World::new(Transport::Tls);
    let contact = "Contact: <sip:a@10.0.0.7>\r\n";
    world.register(contact);
    let owner = world.keys.issue(world.claim.mac, 1, Grounds::default(), NOW, &mut Seeded::new(2));
    let since = NOW + Span::minutes(1);
    world.now = since;
    world.learn(Some((owner, since)));
    assert_eq!(world.contacts().len(), 1, "ten minutes more");
    world.now = since + Span::minutes(9);
    assert_eq!(field(&world.register(contact), "Contact"), ["<sip:a@10.0.0.7>;expires=60"], "cut to what is left");
    world.now = since + Span::minutes(10);
    assert!(world.contacts().is_empty());
    assert_eq!(world.register(contact).status(), 403);
    assert!(world.registrar.is_ended(&world.claim, world.now));
    world.claim = owner;
    assert_eq!(world.register(contact).status(), 200, "the owner's own goes on");
}

#[test]
fn what_was_reached_over_a_connection_goes_with_it() {
    let mut world = World::new(Transport::Tls);
    world.register("Contact: <sip:a@10.0.0.7>\r\n");
    world.registrar.flow_closed(flow(Transport::Tls, "198.51.100.7:40002").id());
    assert_eq!(world.contacts().len(), 1);
    // A flow that leads nowhere is not open.
    world.registrar.sweep(NOW);
    assert!(world.contacts().is_empty());
}

#[test]
fn where_a_phone_stands_is_known_once_it_was_learned() {
    let mut world = World::new(Transport::Tls);
    world.register("Contact: <sip:a@10.0.0.7>\r\n");
    assert_eq!(world.registrar.known(world.claim.mac), None);
    world.learn(None);
    assert!(world.registrar.known(world.claim.mac).unwrap().device.is_some());
}
