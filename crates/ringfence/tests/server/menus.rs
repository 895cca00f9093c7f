//! Passwords of phones' own menus: made for each site, in the full configuration alone.

use phonesim::Transcript;

use crate::house::{CUSTOMER, House, OFFICE, is_full};

const MAC: &str = "001565000001";

/// The pair that the platform makes for phones without a site.
async fn made(house: &House) -> [String; 2] {
    let shown = house.cli(&["site", "passwords", CUSTOMER]).await;
    let of_yealink = |pair: &&serde_json::Value| pair["brands"].as_array().unwrap().contains(&"yealink".into());
    let pair = shown["passwords"].as_array().unwrap().iter().find(of_yealink).unwrap().clone();
    let pair = ["admin", "user"].map(|whose| pair[whose].as_str().unwrap().to_owned());
    for secret in &pair {
        house.keep(secret);
    }
    pair
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_configuration_has_them_and_no_other() {
    let house = House::open().await;
    house.policy(&["login=none", "pin=required"]).await;
    house.add(MAC).await;
    let [admin, user] = made(&house).await;
    let mut phone = house.phone(MAC, OFFICE, None);
    phone.boot(&mut Transcript::default()).await;
    let restricted = house.front(MAC, OFFICE, None).await;
    assert!(!is_full(&restricted, MAC));
    for secret in [&admin, &user] {
        assert!(!restricted.text().contains(secret) && !phone.flash().settings().values().any(|value| value.contains(secret)));
    }

    house.cli(&["trust", "add", CUSTOMER, "127.0.5.0/24", "--force"]).await;
    let given = house.live(&mut phone).await;
    let full = house.follow(&given, MAC, OFFICE).await;
    let text = full.text();
    assert!(text.contains(&format!("security.user_password = admin:{admin}")), "the phone's menu has the site's password");
    assert!(text.contains(&format!("security.user_password = user:{user}")));

    // Made anew, they are in the next file, and the books that the server keeps are not asked for the old ones.
    house.cli(&["site", "rotate-passwords", CUSTOMER]).await;
    let next = made(&house).await;
    let again = house.follow(&given, MAC, OFFICE).await;
    assert!(next[0] != admin && again.text().contains(&format!("admin:{}", next[0])) && !again.text().contains(&admin));

    // What somebody sets counts, for this phone alone.
    house.keep("chosen-by-hand-8");
    house.cli(&["setting", "set", "--device", MAC, "admin_password=chosen-by-hand-8"]).await;
    let own = house.follow(&given, MAC, OFFICE).await;
    assert!(own.text().contains("admin:chosen-by-hand-8") && own.text().contains(&format!("user:{}", next[1])));
    assert!(!own.text().contains(&next[0]));
    house.close().await;
}
