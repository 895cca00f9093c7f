//! How a phone gets a login of its own, and what that does to the logins before it.

use phonesim::{Login, Outcome, Transcript};

use crate::house::{AWAY, CUSTOMER, Given, House, OFFICE, is_full, line_password};

const MAC: &str = "001565000001";

#[tokio::test(flavor = "multi_thread")]
async fn allowing_again_without_clearing_keeps_the_old_login() {
    let house = House::open().await;
    house.add(MAC).await;
    let old = house.live(&mut house.phone(MAC, OFFICE, Some(&house.global))).await;
    assert_eq!(house.front(MAC, OFFICE, Some(&house.global)).await.status, 401);

    house.cli(&["device", "allow-global", MAC, "yes"]).await;
    assert!(is_full(&house.follow(&old, MAC, OFFICE).await, MAC), "allowing takes nothing away");
    let new = Given::of(&house.front(MAC, AWAY, Some(&house.global)).await).expect("a new login");
    assert_ne!(old, new);
    assert!(is_full(&house.follow(&old, MAC, OFFICE).await, MAC), "the new one is not used yet");
    assert!(is_full(&house.follow(&new, MAC, AWAY).await, MAC), "take-up");
    assert!(is_full(&house.follow(&old, MAC, OFFICE).await, MAC), "the old one lives on for 15 minutes");
    assert_eq!(house.front(MAC, AWAY, Some(&house.global)).await.status, 401, "the switch is used up");

    house.cli(&["device", "allow-global", MAC, "yes"]).await;
    house.cli(&["device", "allow-global", MAC, "no"]).await;
    assert_eq!(house.front(MAC, AWAY, Some(&house.global)).await.status, 401, "allowed and taken back");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_claimant_is_refused_and_listed() {
    let house = House::open().await;
    house.add(MAC).await;
    let first = Given::of(&house.front(MAC, OFFICE, Some(&house.global)).await).expect("a login");
    let second = house.front(MAC, AWAY, Some(&house.global)).await;
    assert_eq!((second.status, Given::of(&second)), (401, None));
    house.newest_reason(MAC, "second_claimant").await;
    house.attention(MAC, "second_claimant").await;
    let again = house.front(MAC, OFFICE, Some(&house.global)).await;
    assert_eq!(Given::of(&again), Some(first.clone()), "the first may ask again and gets the same");
    house.newest_reason(MAC, "global_retry").await;
    // Whoever takes the config by its network alone is still not let in by a guessed login.
    assert_eq!(house.carrier(&first.door, MAC, AWAY, Some(&house.global)).await.status, 401, "the global login at an own door");

    house.cli(&["device", "allow-global", MAC, "yes"]).await;
    let allowed = Given::of(&house.front(MAC, AWAY, Some(&house.global)).await).expect("allowed by hand");
    assert_ne!(allowed, first);
    assert_eq!(house.follow(&first, MAC, OFFICE).await.status, 401, "never two logins that are not taken up");
    assert!(is_full(&house.follow(&allowed, MAC, AWAY).await, MAC));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_claimant_can_be_the_true_phone() {
    let house = House::open().await;
    house.add(MAC).await;
    let first = Given::of(&house.front(MAC, OFFICE, Some(&house.global)).await).expect("a login");
    let complaint = house.refused(&["device", "allow-second", MAC]).await;
    assert!(complaint.contains("no second phone is waiting"), "{complaint}");
    let mut phone = house.phone(MAC, AWAY, Some(&house.global));
    let mut transcript = Transcript::default();
    assert_eq!(phone.boot(&mut transcript).await, Outcome::LoginWanted, "{transcript}");
    house.attention(MAC, "second_claimant").await;

    let shown = house.cli(&["device", "allow-second", MAC]).await;
    assert_eq!(shown["attention"], serde_json::json!([]), "{shown}");
    assert_eq!(house.follow(&first, MAC, OFFICE).await.status, 401, "what the first was given ends");
    assert_eq!(house.front(MAC, OFFICE, Some(&house.global)).await.status, 401, "now the first network is the other one");
    phone.power_cycle();
    let given = house.live(&mut phone).await;
    assert_ne!(given, first);
    let shown = house.show(MAC).await;
    assert_eq!((&shown["login_state"], &shown["attention"]), (&"confirmed".into(), &serde_json::json!([])), "{shown}");
    assert_eq!(house.follow(&first, MAC, OFFICE).await.status, 401);
    house.refused(&["device", "allow-second", MAC]).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_phone_is_given_a_new_login_and_takes_it_up() {
    let house = House::open().await;
    house.add(MAC).await;
    let complaint = house.refused(&["device", "rotate-login", MAC]).await;
    assert!(complaint.contains("no login of its own yet"), "{complaint}");
    let mut phone = house.phone(MAC, OFFICE, Some(&house.global));
    let old = house.live(&mut phone).await;

    assert_eq!(house.cli(&["device", "rotate-login", MAC]).await["login_state"], "rotating");
    let mut transcript = Transcript::default();
    assert_eq!(phone.resync(&mut transcript).await, Outcome::Configured, "{transcript}");
    let new = Given::of_phone(&phone);
    house.keep_login(&new.login);
    assert!(new.door != old.door && new.login != old.login, "{transcript}");
    assert_eq!(house.show(MAC).await["login_state"], "rotating", "it is not used yet");
    assert!(is_full(&house.follow(&old, MAC, OFFICE).await, MAC), "the old login until the new one is used");

    // The config that comes with the take-up is the same but for the poll.
    for outcome in [Outcome::Configured, Outcome::Unchanged] {
        assert_eq!(phone.resync(&mut transcript).await, outcome, "{transcript}");
        assert_eq!(Given::of_phone(&phone), new, "{transcript}");
    }
    assert_eq!(house.show(MAC).await["login_state"], "confirmed");
    let by_old = house.follow(&old, MAC, OFFICE).await;
    assert!(is_full(&by_old, MAC), "the old one lives on for 15 minutes");
    assert_eq!(Given::of(&by_old), Some(old), "and is told nothing of the new one");
    let entries = house.cli(&["audit", "list"]).await;
    let rotated = |entry: &&serde_json::Value| entry["action"] == "set-login" && entry["detail"] == "rotated";
    assert_eq!(entries.as_array().expect("a list").iter().filter(rotated).count(), 1, "{entries}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_window_the_switch_is_off_with_the_first_answer_and_the_delivery_counts() {
    let house = House::open().await;
    house.add(MAC).await;
    house.policy(&["retry_window=0"]).await;
    let given = Given::of(&house.front(MAC, OFFICE, Some(&house.global)).await).expect("a login");
    assert_eq!(house.show(MAC).await["allow_global_password"], false);
    assert_eq!(house.front(MAC, OFFICE, Some(&house.global)).await.status, 401);
    house.newest_reason(MAC, "global_spent").await;
    assert!(is_full(&house.follow(&given, MAC, OFFICE).await, MAC), "a delivered login never ends by time alone");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_two_steps_no_secret_leaves_on_the_shared_password() {
    let house = House::open().await;
    house.policy(&["handover=two-step"]).await;
    house.add(MAC).await;
    let signpost = house.front(MAC, OFFICE, Some(&house.global)).await;
    assert_eq!(signpost.status, 200);
    let told = signpost.text();
    for secret in [&line_password(MAC), "sip.example.com", "Desk", &MAC[6..]] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
    let (first, second) = (Given::of(&signpost).unwrap(), Given::of(&house.front(MAC, OFFICE, Some(&house.global)).await).unwrap());
    assert_ne!(first, second, "each retry earns its own");
    assert!(is_full(&house.follow(&second, MAC, OFFICE).await, MAC));
    assert_eq!(house.follow(&first, MAC, OFFICE).await.status, 401, "the first used wins");

    let other = "001565000002";
    house.add(other).await;
    let mut phone = house.phone(other, OFFICE, Some(&house.global));
    phone.behaviour.refetch_on_new_server = true;
    let mut transcript = Transcript::default();
    assert_eq!(phone.boot(&mut transcript).await, Outcome::Configured, "{transcript}");
    house.keep_login(&Given::of_phone(&phone).login);
    assert_eq!(phone.accounts().len(), 1, "{transcript}");
    assert_eq!(house.show(other).await["login_state"], "confirmed");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_set_by_hand_counts_at_every_door_of_its_device() {
    let house = House::open().await;
    house.add(MAC).await;
    let mut phone = house.phone(MAC, OFFICE, Some(&house.global));
    let old = house.live(&mut phone).await;
    let login = Login::new("desk-1", "set-by-hand-0815");
    house.keep_login(&login);
    house.cli_with_input(&["device", "set-login", MAC, "--user", "desk-1", "--password-stdin"], "set-by-hand-0815\n").await;

    assert!(is_full(&house.follow(&old, MAC, OFFICE).await, MAC), "the old login until the new one is used");
    assert_eq!(house.show(MAC).await["login_state"], "rotating");
    // Somebody types it at the phone, whose door is still the one of its old login.
    phone.menu().set_login(&login.user, login.password.expose());
    let mut transcript = Transcript::default();
    assert_eq!(phone.boot(&mut transcript).await, Outcome::Configured, "{transcript}");
    assert_eq!(phone.own_login(), Some(login.clone()), "{transcript}");
    assert_eq!(house.show(MAC).await["login_state"], "confirmed");
    assert_ne!(Given::of_phone(&phone).door, old.door, "the door goes with the login");
    assert_eq!(phone.boot(&mut transcript).await, Outcome::Unchanged, "{transcript}");
    assert!(is_full(&house.front(MAC, AWAY, Some(&login)).await, MAC), "typed at a phone that knows only the front door");
    assert!(is_full(&house.follow(&old, MAC, OFFICE).await, MAC), "the old one lives on for 15 minutes");
    let complaint = house.refused(&["device", "set-login", MAC, "--user", "x", "--password-stdin"]).await;
    assert!(complaint.to_lowercase().contains("password"), "an empty password: {complaint}");

    house.cli(&["device", "set-login", MAC, "--clear"]).await;
    for given in [&old, &Given { door: house.address("/cfg"), login }] {
        assert_eq!(house.follow(given, MAC, OFFICE).await.status, 401, "cleared");
    }
    assert_eq!(house.front(MAC, OFFICE, Some(&house.global)).await.status, 401, "clearing allows no global password");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn global_logins_overlap_in_a_rotation_and_a_revoked_one_ends_what_it_earned() {
    let house = House::open().await;
    let macs = ["001565000001", "001565000002", "001565000003", "001565000004"];
    for mac in macs {
        house.add(mac).await;
    }
    let first = house.global.clone();
    let second = rotate(&house, "1h").await;
    assert_ne!(first.password.expose(), second.password.expose());
    let valid = house.cli(&["global-login", "show"]).await;
    assert_eq!(valid.as_array().map(Vec::len), Some(2), "{valid}");
    let pending = Given::of(&house.front(macs[0], OFFICE, Some(&first)).await).expect("the old one counts");
    let by_second = Given::of(&house.front(macs[1], OFFICE, Some(&second)).await).expect("the new one counts");
    let taken_up = house.live(&mut house.phone(macs[2], OFFICE, Some(&first))).await;

    let third = rotate(&house, "0s").await;
    assert_eq!(house.follow(&pending, macs[0], OFFICE).await.status, 401, "earned by a revoked login, not taken up");
    assert_eq!(house.follow(&by_second, macs[1], OFFICE).await.status, 401, "the same");
    assert!(is_full(&house.follow(&taken_up, macs[2], OFFICE).await, macs[2]), "a login that was taken up stays");
    for revoked in [&first, &second] {
        assert_eq!(house.front(macs[3], OFFICE, Some(revoked)).await.status, 401);
    }
    house.newest_reason(macs[3], "global_wrong").await;
    assert!(is_full(&house.front(macs[3], OFFICE, Some(&third)).await, macs[3]));
    house.close().await;
}

async fn rotate(house: &House, overlap: &str) -> Login {
    let made = house.cli(&["global-login", "rotate", "--overlap", overlap]).await;
    // What is printed may be the new one or all; the newest is the one without an end.
    let shown = house.cli(&["global-login", "show"]).await;
    let newest = shown.as_array().and_then(|all| all.iter().find(|login| login["valid_until"].is_null()));
    let newest = newest.unwrap_or_else(|| panic!("no login without an end: {made} {shown}"));
    let login = Login::new(newest["user"].as_str().unwrap(), newest["password"].as_str().unwrap());
    house.keep_login(&login);
    login
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resellers_global_login_opens_its_own_customers_only() {
    let house = House::open().await;
    house.cli(&["reseller", "add", "Harbour Telecom"]).await;
    house.cli(&["customer", "add", "Below Ltd", "--reseller", "Harbour Telecom"]).await;
    let (ours, theirs) = ("001565000001", "001565000002");
    house.add_to(CUSTOMER, ours).await;
    house.add_to("Below Ltd", theirs).await;
    house.cli(&["global-login", "rotate", "--reseller", "Harbour Telecom"]).await;
    let shown = house.cli(&["global-login", "show", "--reseller", "Harbour Telecom"]).await;
    let login = Login::new(shown[0]["user"].as_str().unwrap(), shown[0]["password"].as_str().unwrap());
    house.keep_login(&login);
    assert_eq!(house.front(ours, OFFICE, Some(&login)).await.status, 401);
    assert!(is_full(&house.front(theirs, OFFICE, Some(&login)).await, theirs));
    house.close().await;
}
