//! Too much from one address, too many guesses, and yesterday's proofs.

use phonesim::{Answer, Identity, Login, Request, Scheme};

use crate::fleet::mac;
use crate::house::{AWAY, CUSTOMER, Given, House, OFFICE, is_full};

const MAC: &str = "001565000001";

#[tokio::test(flavor = "multi_thread")]
async fn a_mass_of_first_contacts_is_stopped_but_not_in_a_trusted_network() {
    let house = House::open().await;
    house.policy(&["first_contacts_per_hour=5"]).await;
    for number in 0..8 {
        house.add(&mac(number)).await;
    }
    for number in 0..5 {
        let answer = house.front(&mac(number), OFFICE, Some(&house.global)).await;
        assert!(is_full(&answer, &mac(number)), "phone {number}: {}", answer.status);
    }
    assert_eq!(house.front(&mac(5), OFFICE, Some(&house.global)).await.status, 401, "the sixth phone of an address");
    assert!(is_full(&house.front(&mac(0), OFFICE, Some(&house.global)).await, &mac(0)), "those before it may ask again");
    assert!(is_full(&house.front(&mac(5), AWAY, Some(&house.global)).await, &mac(5)), "another address has done nothing");
    house.cli(&["trust", "add", CUSTOMER, OFFICE, "--force"]).await;
    for number in 6..8 {
        assert!(is_full(&house.front(&mac(number), OFFICE, Some(&house.global)).await, &mac(number)), "phone {number}, trusted");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_slow_their_source_and_not_the_owner() {
    let house = House::open().await;
    house.add(MAC).await;
    let given = house.live(&mut house.phone(MAC, OFFICE, Some(&house.global))).await;
    let mut statuses = Vec::new();
    for guess in 0..40 {
        let login = Login::new(&given.login.user, &format!("guess-number-{guess}"));
        let answer = house.carrier(&given.door, MAC, AWAY, Some(&login)).await;
        statuses.push(answer.status);
        if answer.status == 503 {
            assert!(answer.retry_after_seconds().is_some_and(|seconds| seconds > 0), "{:?}", answer.headers);
            break;
        }
    }
    let (last, before) = statuses.split_last().unwrap();
    assert!(*last == 503 && before.iter().all(|status| *status == 401), "{statuses:?}");
    assert!(statuses.len() >= 8, "a person may mistype some times: {statuses:?}");
    assert!(is_full(&house.follow(&given, MAC, OFFICE).await, MAC), "the owner, elsewhere");
    assert!(is_full(&house.follow(&given, MAC, AWAY).await, MAC), "the owner, behind the same address");
    assert_eq!(house.show(MAC).await["state"], "successful");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_that_was_overheard_counts_once_and_for_its_file_only() {
    let house = House::open().await;
    let other = "001565000002";
    house.add(MAC).await;
    house.add(other).await;
    let (target, stolen) = (format!("/cfg/{MAC}.cfg"), format!("/cfg/{other}.cfg"));
    let challenged = house.front(MAC, OFFICE, None).await;
    let challenge = challenged.challenges().into_iter().find(|challenge| Scheme::of(challenge) == Scheme::Sha256).unwrap();
    let wire::challenge::Challenge::Digest(digest) = &challenge else { panic!("{challenge:?}") };
    let (user, password) = (&house.global.user, house.global.password.expose());
    let prove = |count| wire::digest::answer(digest, user, password, "GET", &target, count, "0123456789abcdef");
    let overheard = prove(1);

    assert_eq!(send(&house, &stolen, other, &overheard).await.status, 401, "for another file than it says");
    let first = send(&house, &target, MAC, &overheard).await;
    assert!(is_full(&first, MAC), "{}", first.status);
    let again = send(&house, &target, MAC, &overheard).await;
    assert_eq!((again.status, Given::of(&again)), (401, None), "the same proof once more");
    let next = send(&house, &target, MAC, &prove(2)).await;
    assert!(is_full(&next, MAC), "the next count of the same nonce: {}", next.status);
    // A nonce that nobody gave out is answered with a fresh one, not counted as a guess.
    let mut forged = digest.clone();
    forged.nonce = format!("{}A", &digest.nonce[..digest.nonce.len() - 1]);
    let forged = wire::digest::answer(&forged, user, password, "GET", &target, 1, "0123456789abcdef");
    assert_eq!(send(&house, &target, MAC, &forged).await.status, 401);
    house.close().await;
}

async fn send(house: &House, target: &str, mac: &str, proof: &str) -> Answer {
    let agent = Identity::yealink_t46s(mac.parse().unwrap()).user_agent();
    let request = Request::get(target).header("User-Agent", &agent).header("Authorization", proof);
    let answer = house.client(OFFICE).send(&house.address("/cfg"), request).await.unwrap();
    house.keep_answer(&answer);
    answer
}
