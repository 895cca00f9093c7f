//! The customer's phone book behind the own door: for phones that proved themselves, and for nobody else.

use domain::phonebook::Person;
use domain::tenancy::CustomerId;
use store::Scope;
use store::contact::Contact;
use uuid::Uuid;

use crate::sealed::{AGENT, CARRIER, MAC, world};
use crate::world::{Auth, PUBLIC_URL, Reply, Sent, World};

async fn get(world: &World, path: &str, auth: Auth) -> Reply {
    world.send(Sent { agent: Some(AGENT), ..Sent::get(path, auth) }).await
}

/// A contact of a customer.
async fn contact(world: &World, of: CustomerId, number: u128, name: &str) {
    let contact = Contact { id: Uuid::from_u128(number), person: Person::new(name, "+4930999").unwrap() };
    world.store.write(move |db| store::contact::add(db, &Scope::Operator, of, &contact)).await.unwrap();
}

fn value(text: &str, key: &str) -> Option<String> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = ")).map(str::to_owned)
}

/// Door and login of a config.
fn door(config: &Reply) -> (String, Auth) {
    let text = config.text();
    let of = |key: &str| value(text, &format!("door.{key}")).unwrap();
    (of("url").strip_prefix(PUBLIC_URL).unwrap().to_owned(), Auth::Digest(of("user"), of("password")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_phone_gets_its_customers_book_by_name_and_the_same_bytes_again() {
    let world = world(&[]).await;
    contact(&world, world.customer, 1, "zebra crossing").await;
    contact(&world, world.customer, 2, "Alarm").await;
    let other = CustomerId(Uuid::from_u128(2));
    let row = store::tenancy::Customer { id: other, reseller: None, name: "Another customer".into(), created: world.now, version: 1 };
    world.store.write(move |db| store::tenancy::add_customer(db, &Scope::Operator, &row)).await.unwrap();
    contact(&world, other, 3, "Somebody else's").await;

    let config = get(&world, CARRIER, World::global()).await;
    let (home, own) = door(&config);
    assert_eq!(value(config.text(), "book.url"), Some(format!("{PUBLIC_URL}{home}phonebook.txt")), "the config names it");
    let path = format!("{home}phonebook.txt");
    let book = get(&world, &path, own.clone()).await;
    let people: Vec<_> =
        book.text().lines().filter_map(|line| line.strip_prefix("person.")?.split_once(" = ")).map(|(_, told)| told).collect();
    assert_eq!(people, ["Alarm", "+4930999", "Front desk", "2001", "zebra crossing", "+4930999"], "a line of the own phones among them");
    assert_eq!(value(book.text(), "book.title").as_deref(), Some("Example customer"));
    let again = get(&world, &path, own.clone()).await;
    assert_eq!((again.status, &again.body, &again.etag), (200, &book.body, &book.etag));
    let newest = &world.requests_of(MAC).await[0];
    assert_eq!((newest.decision.as_str(), newest.bytes), ("phonebook", book.body.len() as u64));

    for (login, path, expected) in [
        (Auth::None, path.as_str(), 401),
        (World::global(), &path, 401),
        (World::global(), "/cfg/phonebook.txt", 404),
        (own.clone(), "/cfg/phonebook.txt", 404),
    ] {
        assert_eq!(get(&world, path, login).await.status, expected, "{path}");
    }
    let reset = domain::admin::reset(&world.stored_of(MAC).await.device, world.now, &mut domain::chance::Seeded::new(9)).device;
    world.change(reset).await;
    assert_eq!(get(&world, &path, own).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_a_file_cannot_carry_costs_nobody_else_the_book() {
    let world = world(&[]).await;
    for (number, name) in (1..).zip(["Alarm", "Bad\u{2028}line"]) {
        contact(&world, world.customer, number, name).await;
    }
    let (home, own) = door(&get(&world, CARRIER, World::global()).await);
    let book = get(&world, &format!("{home}phonebook.txt"), own).await;
    assert_eq!(book.status, 200);
    let people: Vec<_> = book.text().lines().filter_map(|line| line.strip_prefix("person.name = ")).map(str::to_owned).collect();
    assert_eq!(people, ["Alarm", "Badline", "Front desk"], "without what the file cannot carry");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_is_not_cleared_learns_nobodys_name() {
    let world = world(&[("login", "none"), ("pin", "required")]).await;
    contact(&world, world.customer, 1, "Alarm").await;
    let restricted = get(&world, CARRIER, Auth::None).await;
    assert_eq!(value(restricted.text(), "book.url"), None);
    let (home, claim) = door(&restricted);
    let path = format!("{home}phonebook.txt");
    assert_eq!(get(&world, &path, claim.clone()).await.status, 404);
    world.enter_pin_of(MAC, &home, true).await;
    assert!(get(&world, &path, claim).await.text().contains("Alarm"), "cleared, it gets the book as it would get its config");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_do_not_leave_in_clear_where_files_leave_encrypted() {
    let world = world(&[("plain_http", "encrypted")]).await;
    contact(&world, world.customer, 1, "Alarm").await;
    let (home, own) = door(&get(&world, CARRIER, World::global()).await);
    let path = format!("{home}phonebook.txt");
    let plain = Sent { tls: false, agent: Some(AGENT), ..Sent::get(&path, own) };
    assert_eq!(world.send(plain).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_is_named_where_there_is_somebody_to_find_or_as_the_setting_says() {
    let world = world(&[]).await;
    let named = async || {
        world.change(domain::admin::reset(&world.stored_of(MAC).await.device, world.now, &mut domain::chance::Seeded::new(9)).device).await;
        value(get(&world, CARRIER, World::global()).await.text(), "book.url").is_some()
    };
    let lines = async |name: Option<&'static str>, setting: Option<&'static str>| {
        let (mac, version) = (MAC.parse().unwrap(), world.stored_of(MAC).await.version);
        let change = move |db: &store::Db| {
            let mut setup = store::device::setup(db, &Scope::Operator, mac)?;
            setup.lines[0].name = name.map(str::to_owned);
            setup.settings = setting.map(|setting| ("phonebook".to_owned(), setting.to_owned())).into_iter().collect();
            store::device::save_setup(db, &Scope::Operator, mac, &setup, version)
        };
        world.store.write(change).await.unwrap();
    };
    assert!(named().await, "the phone's own line has a name and an extension");
    lines(None, None).await;
    assert!(!named().await, "nobody is to be found");
    lines(None, Some("yes")).await;
    assert!(named().await);
    lines(None, None).await;
    contact(&world, world.customer, 1, "Alarm").await;
    assert!(named().await, "a contact was added");
    lines(None, Some("no")).await;
    assert!(!named().await);
}
