//! Letters to the people of a white-label reseller: under its name, and with its host.

use domain::Span;
use domain::role::Role;
use domain::tenancy::{ResellerId, ResellerKind};
use portal::admin::look::LookChange;
use portal::admin::reseller::{self, ResellerChange};
use portal::admin::site::{self, NewSite};
use portal::admin::tree::NodeNames;
use portal::admin::user::{self, NewUser, Writing};
use portal::admin::{By, device, password_link};
use uuid::Uuid;

use super::{Sink, blocked, somebody, to};
use crate::world::{NOW, OFFICE, SHOP, World, phone};

const OURS: [&str; 2] = ["From: Ringfence <ringfence@example.com>", "https://portal.example.com/"];
const THEIRS: [&str; 2] = ["From: \"North Phones\" <ringfence@example.com>", "https://portal.north.example.net/"];

/// Makes the dealer what is said; with a name and a host of its own if it is to have them.
async fn dealer_is(world: &World, kind: ResellerKind, looks: bool) {
    let by = By::command_line(NOW);
    let id: Uuid = reseller::list(&world.admin, &by).await.unwrap()[0].id.parse().unwrap();
    let own = |text: &str| Some(if looks { text.to_owned() } else { String::new() });
    let look = LookChange { portal_name: own("North Phones"), portal_host: own("portal.north.example.net"), ..LookChange::default() };
    let change = ResellerChange { kind: Some(kind), look, ..ResellerChange::default() };
    reseller::update(&world.admin, &by, ResellerId(id), change, None).await.unwrap();
}

fn at(reseller: Option<&str>, customer: Option<&str>, site: Option<&str>) -> NodeNames {
    NodeNames { reseller: reseller.map(Into::into), customer: customer.map(Into::into), site: site.map(Into::into) }
}

/// The one letter to somebody, as it was before its long lines were broken.
fn letter(sink: &Sink, name: &str) -> String {
    let mut mails = to(&sink.got(), name);
    assert_eq!(mails.len(), 1, "{name}: {mails:?}");
    mails.remove(0).replace("=\r\n", "").replace("=3D", "=")
}

/// Says nothing of the operator, but for the address that it comes from.
fn is_theirs(letter: &str) {
    assert!(THEIRS.iter().all(|mark| letter.contains(mark)), "{letter}");
    let rest = letter.replace("ringfence@example.com", "");
    assert!(!rest.to_lowercase().contains("ringfence") && !rest.contains("portal.example.com"), "{letter}");
}

fn is_ours(letter: &str) {
    assert!(OURS.iter().all(|mark| letter.contains(mark)) && !letter.contains("North Phones"), "{letter}");
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_come_under_the_name_of_the_readers_own_reseller() {
    let (world, sink) = (World::new().await, Sink::open(&[]).await);
    dealer_is(&world, ResellerKind::WhiteLabel, true).await;
    somebody(&world, "dealer", Role::Reseller, at(Some("Dealer"), None, None), "en").await;
    somebody(&world, "chef", Role::CustomerAdmin, at(None, Some("Shop"), None), "de").await;
    somebody(&world, "fitter", Role::Installer, at(None, Some("Shop"), Some("Front")), "en").await;
    somebody(&world, "office", Role::CustomerAdmin, at(None, Some("Office"), None), "en").await;
    somebody(&world, "operator", Role::Operator, NodeNames::default(), "en").await;
    blocked(&world, SHOP).await;
    blocked(&world, OFFICE).await;
    let postman = sink.postman(&world, 1);
    assert_eq!(postman.write_alerts(NOW).await.unwrap(), 5);
    postman.send_due(NOW).await.unwrap();
    for (name, subject) in [
        ("dealer", "Subject: North Phones: phone 001565000001 (Shop) is blocked"),
        ("chef", "Subject: North Phones: Telefon 001565000001 (Shop) ist gesperrt"),
        ("fitter", "Subject: North Phones: phone 001565000001 (Shop) is blocked"),
    ] {
        let letter = letter(&sink, name);
        is_theirs(&letter);
        assert!(letter.contains(subject) && letter.contains("https://portal.north.example.net/devices/001565000001"), "{letter}");
    }
    for (name, subject) in
        [("office", "Subject: Ringfence: phone 001565000002 (Office) is blocked"), ("operator", "Subject: Ringfence: 2 alerts")]
    {
        let letter = letter(&sink, name);
        is_ours(&letter);
        assert!(letter.contains(subject), "{letter}");
    }
}

/// What somebody of `Shop` is written who is invited, and then forgot.
async fn links(kind: ResellerKind, looks: bool, language: &str) -> [String; 2] {
    let (world, by) = (World::new().await, By::command_line(NOW));
    dealer_is(&world, kind, looks).await;
    let writing = Writing { email: Some("chef@example.com".into()), language: Some(language.into()), alerts: None };
    let new = NewUser { name: "chef".into(), role: "customer-admin".into(), at: at(None, Some("Shop"), None), writing };
    let id: Uuid = user::add(&world.admin, &by, new).await.unwrap().user.id.parse().unwrap();
    let (first, second) = (Sink::open(&[]).await, Sink::open(&[]).await);
    password_link::invite(&world.admin, &by, id).await.unwrap();
    first.postman(&world, 1).send_due(NOW).await.unwrap();
    password_link::forgotten(&world.admin, "chef", "192.0.2.7".parse().unwrap(), NOW).await.unwrap();
    second.postman(&world, 1).send_due(NOW).await.unwrap();
    [letter(&first, "chef"), letter(&second, "chef")]
}

#[tokio::test(flavor = "multi_thread")]
async fn links_lead_to_the_resellers_own_portal() {
    for (language, subjects) in [
        ("en", ["Subject: Your access to North Phones\r\n", "Subject: A new password for North Phones\r\n"]),
        ("de", ["Subject: Ihr Zugang zu North Phones\r\n", ""]),
    ] {
        let letters = links(ResellerKind::WhiteLabel, true, language).await;
        for (letter, subject) in letters.iter().zip(subjects) {
            is_theirs(letter);
            assert!(letter.contains(subject) && letter.contains("https://portal.north.example.net/password?link="), "{letter}");
        }
    }
    for letter in links(ResellerKind::Channel, true, "en").await {
        is_ours(&letter);
        assert!(letter.contains("https://portal.example.com/password?link=") && letter.contains(" Ringfence\r\n"), "{letter}");
    }
    for letter in links(ResellerKind::WhiteLabel, false, "en").await {
        assert!(letter.contains("From: Dealer <ringfence@example.com>") && letter.contains(" Dealer\r\n"), "{letter}");
        assert!(!letter.contains("Ringfence") && letter.contains("https://portal.example.com/password?link="), "{letter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_place_is_gone_is_not_written_to() {
    let (world, sink, by) = (World::new().await, Sink::open(&[]).await, By::command_line(NOW));
    let (admin, mac) = (&world.admin, "001565000003");
    dealer_is(&world, ResellerKind::WhiteLabel, true).await;
    let back = site::add(admin, &by, NewSite { customer: "Shop".into(), name: "Back".into(), ..NewSite::default() }).await.unwrap();
    device::add(admin, &by, phone(mac, "Shop", Some("Back"))).await.unwrap();
    somebody(&world, "fitter", Role::Installer, at(None, Some("Shop"), Some("Back")), "en").await;
    somebody(&world, "chef", Role::CustomerAdmin, at(None, Some("Shop"), None), "en").await;
    blocked(&world, mac).await;
    device::delete(admin, &by, mac).await.unwrap();
    site::remove(admin, &by, domain::tenancy::SiteId(back.id.parse().unwrap())).await.unwrap();
    let postman = sink.postman(&world, 1);
    assert_eq!(postman.write_alerts(NOW).await.unwrap(), 1, "the others are told all the same");
    password_link::forgotten(admin, "fitter", "192.0.2.7".parse().unwrap(), NOW).await.unwrap();
    postman.send_due(NOW + Span::seconds(1)).await.unwrap();
    assert!(to(&sink.got(), "fitter").is_empty(), "{:?}", sink.got());
    is_theirs(&letter(&sink, "chef"));
}
