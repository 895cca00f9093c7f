//! An office of 200 phones that boots at once behind one address.

use std::collections::HashSet;

use phonesim::{Booted, Display, Login, Outcome, Phone, boot_all};

use crate::house::{CUSTOMER, Given, House, OFFICE, is_full, line_password};

const PHONES: usize = 200;

pub(crate) fn mac(number: usize) -> String {
    format!("001565{number:06x}")
}

/// Adds many devices from one file.
pub(crate) async fn import(house: &House, numbers: std::ops::Range<usize>) {
    let rows = numbers.clone().map(mac).map(|mac| {
        house.keep(&line_password(&mac));
        format!("yealink,T46S,{mac},{CUSTOMER},Desk,{},{},sip.example.com,Desk {mac}", &mac[6..], line_password(&mac))
    });
    let header = "vendor,type,mac,customer,label,line1_user,line1_password,line1_server,line1_name".to_owned();
    let text = [header].into_iter().chain(rows).collect::<Vec<_>>().join("\n");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let outcome = house.cli(&["import", file.path().to_str().unwrap()]).await;
    assert_eq!(
        (outcome["rows"].as_u64(), outcome["created"].as_u64()),
        (Some(numbers.len() as u64), Some(numbers.len() as u64)),
        "{outcome}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_phones_come_up_with_the_global_login_and_kill_it() {
    let house = House::logging("info").await;
    import(&house, 0..PHONES).await;
    let global = house.global.clone();
    let phones = come_up(&house, Some(&global)).await;
    for phone in &phones {
        let mac = phone.identity.mac.to_string();
        let answer = house.front(&mac, OFFICE, Some(&global)).await;
        assert_eq!(answer.status, 401, "{mac}: the global password lives on");
    }
    let reasons = house.newest_reason(&mac(PHONES - 1), "global_spent").await;
    assert_eq!(reasons.iter().filter(|reason| *reason == "global_first").count(), 1, "{reasons:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_phones_come_up_in_a_trusted_network_without_any_login() {
    let house = House::logging("info").await;
    import(&house, 0..PHONES).await;
    house.policy(&["login=none", "pin=required"]).await;
    let complaint = house.refused(&["trust", "add", CUSTOMER, "127.0.5.0/24"]).await;
    assert!(complaint.contains("--force"), "a private network: {complaint}");
    house.cli(&["trust", "add", CUSTOMER, "127.0.5.0/24", "--force"]).await;
    come_up(&house, None).await;
    let reasons = house.newest_reason(&mac(0), "own").await;
    assert!(reasons.contains(&"trusted_permanent".to_owned()), "{reasons:?}");
    // The network serves every device of the customer, so that is no way to tell that the password is dead: another is.
    house.cli(&["trust", "remove", CUSTOMER, "127.0.5.0/24"]).await;
    house.policy(&["login=required", "pin=off"]).await;
    let global = house.global.clone();
    for number in 0..PHONES {
        let answer = house.front(&mac(number), OFFICE, Some(&global)).await;
        assert_eq!(answer.status, 401, "{}: a live phone's global password", mac(number));
    }
    house.close().await;
}

/// Boots all phones twice, at once: from the box, then with what they were given.
async fn come_up(house: &House, login: Option<&Login>) -> Vec<Phone> {
    let boxed = (0..PHONES).map(|number| house.phone(&mac(number), OFFICE, login)).collect();
    let phones = all_configured(boot_all(boxed, PHONES).await, "from the box");
    let first: Vec<Given> = phones.iter().map(Given::of_phone).collect();
    assert_eq!(first.iter().map(|given| &given.login.user).collect::<HashSet<_>>().len(), PHONES, "each has a login of its own");
    assert!(first.iter().all(|given| given.door.path.starts_with("/cfg/d/")), "{first:?}");

    let phones = all_configured(boot_all(phones, PHONES).await, "with its own login");
    for (phone, first) in phones.iter().zip(&first) {
        assert_eq!(Given::of_phone(phone), *first, "the login stays");
        let mac = phone.identity.mac.to_string();
        let Display::Ready { accounts, .. } = phone.display() else { panic!("{mac}: {:?}", phone.display()) };
        assert_eq!((accounts.len(), accounts[0].password.expose().as_str()), (1, line_password(&mac).as_str()), "{mac}");
    }
    let listed = house.cli(&["device", "list"]).await;
    let listed = listed.as_array().expect("devices are a list");
    assert_eq!(listed.len(), PHONES);
    for device in listed {
        assert_eq!(device["state"], "successful", "{device}");
    }
    for number in [0, PHONES - 1] {
        let shown = house.show(&mac(number)).await;
        assert_eq!((&shown["login_state"], &shown["allow_global_password"]), (&"confirmed".into(), &false.into()), "{shown}");
        let answer = house.follow(&first[number], &mac(number), OFFICE).await;
        assert!(is_full(&answer, &mac(number)), "{}", answer.status);
    }
    phones
}

fn all_configured(booted: Vec<Booted>, what: &str) -> Vec<Phone> {
    let one = |booted: Booted| {
        assert_eq!(booted.outcome, Outcome::Configured, "{what}:\n{}", booted.transcript);
        booted.phone
    };
    booted.into_iter().map(one).collect()
}
