//! What is asked of phones, where they stand, and what a stranger can find out.

use phonesim::{Answer, Display, Identity, Login, Outcome, Request, Transcript};

use crate::house::{AWAY, CUSTOMER, Given, House, OFFICE, is_full, line_password, until, value};

const MAC: &str = "001565000001";
/// Nobody added it.
const UNKNOWN: &str = "0015650000ff";

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_network_needs_nothing_and_everybody_else_waits_for_the_pin() {
    let house = House::open().await;
    house.policy(&["login=none", "pin=required"]).await;
    house.add(MAC).await;
    let mut phone = house.phone(MAC, OFFICE, None);
    let mut transcript = Transcript::default();
    assert_eq!(phone.boot(&mut transcript).await, Outcome::Configured, "{transcript}");
    assert!(phone.display().says("Authentication needed"), "{:?}", phone.display());
    assert!(phone.accounts().iter().all(|account| account.hotline.as_deref() == Some("*89")), "{transcript}");
    assert!(!phone.flash().settings().values().any(|value| value.contains(&line_password(MAC))), "a secret of a phone not cleared");
    house.newest_reason(MAC, "needed").await;

    house.cli(&["trust", "add", CUSTOMER, "127.0.5.0/24", "--force", "--label", "Office"]).await;
    let listed = house.cli(&["trust", "list", CUSTOMER]).await;
    assert_eq!((&listed[0]["network"], &listed[0]["kind"]), (&"127.0.5.0/24".into(), &"permanent".into()), "{listed}");
    let given = house.live(&mut phone).await;
    assert!(matches!(phone.display(), Display::Ready { .. }), "the restriction is taken back: {:?}", phone.display());
    assert_eq!(house.show(MAC).await["state"], "successful");

    // A phone that lost everything is served there as well; elsewhere it is not.
    phone.factory_reset();
    let again = house.live(&mut phone).await;
    assert_ne!(given, again);
    let elsewhere = house.front(MAC, AWAY, None).await;
    assert!(!is_full(&elsewhere, MAC), "{}", elsewhere.text());
    house.cli(&["trust", "remove", CUSTOMER, "127.0.5.0/24"]).await;
    let untrusted = house.front(MAC, OFFICE, None).await;
    assert!(!is_full(&untrusted, MAC), "{}", untrusted.text());
    assert!(is_full(&house.follow(&again, MAC, OFFICE).await, MAC), "the login it was given there stays");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trust_of_one_customer_serves_no_device_of_another() {
    let house = House::open().await;
    house.policy(&["login=none", "pin=required"]).await;
    house.cli(&["customer", "add", "Another Ltd", "--login", "none", "--pin", "required"]).await;
    let theirs = "001565000002";
    house.add(MAC).await;
    house.add_to("Another Ltd", theirs).await;
    house.cli(&["trust", "add", "Another Ltd", "127.0.5.1", "--force"]).await;
    assert!(!is_full(&house.front(MAC, OFFICE, None).await, MAC));
    assert!(is_full(&house.front(theirs, OFFICE, None).await, theirs));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_serves_one_phone_once() {
    let house = House::open().await;
    house.policy(&["login=none", "pin=required"]).await;
    house.add(MAC).await;
    house.cli(&["device", "suspend", MAC, "--for", "10m"]).await;
    assert!(house.show(MAC).await["suspended_until"].is_string());
    let given = house.live(&mut house.phone(MAC, OFFICE, None)).await;
    let shown = house.show(MAC).await;
    assert_eq!((&shown["state"], &shown["suspended_until"]), (&"successful".into(), &serde_json::Value::Null), "{shown}");
    assert!(!is_full(&house.front(MAC, AWAY, None).await, MAC), "the suspension ended with the take-up");
    assert!(is_full(&house.follow(&given, MAC, OFFICE).await, MAC));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_holds_from_the_next_request_on() {
    let house = House::open().await;
    house.add(MAC).await;
    assert_eq!(house.front(MAC, OFFICE, None).await.status, 401);
    house.policy(&["login=none", "pin=required"]).await;
    until("the server heeds the new policy", async || house.front(MAC, OFFICE, None).await.status == 200).await;
    assert!(!is_full(&house.front(MAC, OFFICE, None).await, MAC));
    house.policy(&["login=required"]).await;
    until("the server heeds it again", async || house.front(MAC, OFFICE, None).await.status == 401).await;
    let restricted = house.front(MAC, OFFICE, Some(&house.global)).await;
    assert_eq!((restricted.status, is_full(&restricted, MAC)), (200, false), "the strongest: the global login, then the PIN");
    house.policy(&["pin=off"]).await;
    until("the global login is enough", async || is_full(&house.front(MAC, OFFICE, Some(&house.global)).await, MAC)).await;

    let complaint = house.refused(&["policy", "set", "--customer", CUSTOMER, "login=none"]).await;
    assert!(complaint.contains("login") && complaint.contains("pin"), "nothing would be asked: {complaint}");
    let complaint = house.refused(&["policy", "set", "--customer", CUSTOMER, "pin=sometimes"]).await;
    assert!(complaint.contains("pin"), "{complaint}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_cannot_tell_a_known_mac_from_an_unknown_one() {
    let house = House::open().await;
    house.add(MAC).await;
    for words in [["login=none", "pin=required"], ["login=required", "pin=off"], ["login=required", "pin=required"]] {
        // For all, so that the host's policy is the customer's.
        house.cli(&[&["policy", "set"], &words[..]].concat()).await;
        let wrong = Login::new(&house.global.user, "not-the-password");
        for (what, login) in [("no login", None), ("a wrong login", Some(&wrong))] {
            let (known, unknown) = (house.front(MAC, OFFICE, login).await, house.front(UNKNOWN, OFFICE, login).await);
            assert_same(&stripped(&known, MAC), &stripped(&unknown, UNKNOWN), &format!("{words:?}, {what}"));
        }
    }
    house.close().await;
}

fn assert_same(one: &[String], other: &[String], what: &str) {
    let pairs = one.iter().zip(other).filter(|(one, other)| one != other);
    assert_eq!((pairs.collect::<Vec<_>>(), one.len()), (Vec::new(), other.len()), "{what}");
}

/// The lines of an answer without what must differ: the MAC, its claim, the time and the challenge.
fn stripped(answer: &Answer, mac: &str) -> Vec<String> {
    let mut lines = vec![answer.status.to_string()];
    for (name, value) in &answer.headers {
        let value = value.to_str().unwrap();
        let nonce = value.split("nonce=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("no nonce");
        let value = if ["date", "etag"].contains(&name.as_str()) { value.len().to_string() } else { value.replace(nonce, "NONCE") };
        lines.push(format!("{name}: {value}"));
    }
    let mut text = answer.text();
    let colons = mac.parse::<domain::Mac>().unwrap().with_colons();
    for form in [mac, &colons, &mac[6..]] {
        text = text.replace(form, "MAC").replace(&form.to_uppercase(), "MAC");
    }
    if let Some(given) = Given::of(answer) {
        let keys =
            ["static.auto_provision.server.username", "static.auto_provision.server.password", "account.1.user_name", "account.1.password"];
        for secret in keys.iter().filter_map(|key| value(&text, key)).collect::<Vec<_>>() {
            text = text.replace(&secret, &format!("{} characters", secret.len()));
        }
        let handle = given.door.path.trim_matches('/').rsplit('/').next().unwrap().to_owned();
        text = text.replace(&handle, &format!("{} characters", handle.len()));
    }
    lines.extend(text.lines().map(str::to_owned));
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_device_is_answered_like_an_unknown_one() {
    let house = House::open().await;
    house.add(MAC).await;
    let given = house.live(&mut house.phone(MAC, OFFICE, Some(&house.global))).await;
    house.cli(&["device", "disable", MAC]).await;
    assert_eq!(house.follow(&given, MAC, OFFICE).await.status, 401);
    assert_eq!(house.front(MAC, OFFICE, Some(&house.global)).await.status, 401);
    let (disabled, unknown) = (house.front(MAC, OFFICE, None).await, house.front(UNKNOWN, OFFICE, None).await);
    assert_same(&stripped(&disabled, MAC), &stripped(&unknown, UNKNOWN), "a disabled device");
    house.newest_reason(MAC, "disabled").await;
    house.cli(&["device", "enable", MAC]).await;
    assert!(is_full(&house.follow(&given, MAC, OFFICE).await, MAC), "it kept its login");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_impostor_with_the_right_mac_gets_nothing_and_changes_nothing() {
    let house = House::open().await;
    let other = "001565000002";
    house.add(MAC).await;
    house.add(other).await;
    let given = house.live(&mut house.phone(MAC, OFFICE, Some(&house.global))).await;
    let of_other = house.live(&mut house.phone(other, OFFICE, Some(&house.global))).await;
    // What is noted of fetches is written a moment later: once this is there, so is all before it.
    house.front(MAC, AWAY, Some(&Login::new(&house.global.user, "mistyped"))).await;
    house.newest_reason(MAC, "global_wrong").await;
    let before = house.show(MAC).await;
    assert!(before["last_fetch"].is_string() && before["last_address"] == OFFICE, "{before}");

    let mut impostor = house.phone(MAC, AWAY, None);
    let mut transcript = Transcript::default();
    assert_eq!(impostor.boot(&mut transcript).await, Outcome::LoginWanted, "{transcript}");
    let mut tries: Vec<Answer> = Vec::new();
    for login in
        [None, Some(&house.global), Some(&of_other.login), Some(&Login::new(&given.login.user, "guessed")), Some(&Login::new("", ""))]
    {
        tries.push(house.front(MAC, AWAY, login).await);
        tries.push(house.carrier(&given.door, MAC, AWAY, login).await);
        tries.push(house.carrier(&of_other.door, MAC, AWAY, login).await);
        tries.push(house.carrier(&house.address("/cfg/d/nothing"), MAC, AWAY, login).await);
    }
    // The right login at another phone's file, and with another phone's User-Agent on the bare door.
    tries.push(house.carrier(&given.door, other, AWAY, Some(&given.login)).await);
    let agent = Identity::yealink_t46s(MAC.parse().unwrap()).user_agent();
    for path in ["/cfg", "/cfg/", "/cfg/?x=1"] {
        let bare = Request::get(path).header("User-Agent", &agent);
        tries.push(house.client(AWAY).send_with_login(&house.address("/cfg"), bare, &of_other.login).await.unwrap());
    }
    for (at, answer) in tries.iter().enumerate() {
        assert!(matches!(answer.status, 401 | 503), "try {at}: {} {}", answer.status, answer.text());
        assert!(!answer.text().contains("password"), "try {at}: {}", answer.text());
    }

    let after = house.show(MAC).await;
    for key in ["state", "login_state", "allow_global_password", "last_fetch", "last_address", "wrong_tries", "claims"] {
        assert_eq!(before[key], after[key], "{key}");
    }
    assert!(is_full(&house.follow(&given, MAC, OFFICE).await, MAC), "the owner is not locked out");
    assert!(is_full(&house.follow(&given, MAC, AWAY).await, MAC), "nor where the impostor guessed");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_whose_address_is_typed_by_hand_gets_the_prompt_and_then_its_config() {
    let house = House::open().await;
    house.add(MAC).await;
    let agent = Identity::yealink_t46s(MAC.parse().unwrap()).user_agent();
    for path in ["/cfg", "/cfg/", "/cfg/?a=b"] {
        let answer = house.client(OFFICE).send(&house.address(""), Request::get(path).header("User-Agent", &agent)).await.unwrap();
        let schemes: Vec<_> = answer.challenges().iter().map(phonesim::Scheme::of).collect();
        let wanted = [phonesim::Scheme::Sha256, phonesim::Scheme::Md5, phonesim::Scheme::Basic];
        assert_eq!((answer.status, schemes.as_slice()), (401, &wanted[..]), "{path}");
    }
    let mut phone = house.phone(MAC, OFFICE, None);
    phone.behaviour.slash = phonesim::Slash::Added;
    phone.menu().set_server(&house.url("/cfg/"), "", "");
    let mut transcript = Transcript::default();
    assert_eq!(phone.boot(&mut transcript).await, Outcome::LoginWanted, "{transcript}");
    assert_eq!(phone.display(), Display::LoginPrompt);
    let password = house.global.password.expose().clone();
    let outcome = phone.answer_prompt(&house.global.user, &password, &mut transcript).await;
    assert_eq!(outcome, Outcome::Configured, "{transcript}");
    assert!(transcript.exchanges().any(|exchange| exchange.target.starts_with("/cfg//")), "{transcript}");
    house.keep_login(&Given::of_phone(&phone).login);
    assert_eq!(phone.boot(&mut transcript).await, Outcome::Configured, "{transcript}");
    assert_eq!(house.show(MAC).await["login_state"], "confirmed");
    house.close().await;
}
