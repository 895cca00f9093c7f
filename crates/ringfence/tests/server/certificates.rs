//! Certificates that makers put into phones, in the place of the global login or beside it.

use std::path::Path;

use phonesim::{Answer, Client, Identity, Login, Request, Slash, Tls};
use tempfile::TempDir;

use crate::clients::run;
use crate::house::{Given, House, OFFICE, is_full, until};

const MAC: &str = "001565000001";
const OTHER: &str = "001565000002";

/// Two makers, and phones with a certificate of one of them.
struct Makers(TempDir);

impl Makers {
    async fn new() -> Self {
        let makers = Self(tempfile::tempdir().unwrap());
        let extensions =
            "[req]\ndistinguished_name=dn\n[dn]\n[ca]\nbasicConstraints=critical,CA:true\n[phone]\nbasicConstraints=CA:false\n";
        std::fs::write(makers.path().join("openssl.cnf"), extensions).unwrap();
        for maker in ["maker", "stranger"] {
            makers
                .openssl(&format!("req -x509 -days 30 -extensions ca -subj /CN={maker} {KEY} -keyout {maker}.key -out {maker}.pem"))
                .await;
        }
        makers
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    async fn openssl(&self, line: &str) {
        let line = line.replace(KEY, &format!("{KEY} -config openssl.cnf"));
        let (text, succeeded) = run("sh", &["-c", &format!("cd {} && openssl {line}", self.path().display())], "").await;
        assert!(succeeded, "{line}: {text}");
    }

    /// What a phone of that MAC shows.
    async fn certified(&self, house: &House, maker: &str, mac: &str) -> Tls {
        let name = format!("{maker}-{mac}");
        self.openssl(&format!("req -new -subj /CN={mac} {KEY} -keyout {name}.key -out {name}.csr")).await;
        let signed = format!("-CA {maker}.pem -CAkey {maker}.key -CAcreateserial -extfile openssl.cnf -extensions phone");
        self.openssl(&format!("x509 -req -days 30 -in {name}.csr -out {name}.pem {signed}")).await;
        let read = |end: &str| std::fs::read(self.path().join(format!("{name}.{end}"))).unwrap();
        house.client(OFFICE).tls.presenting(&read("pem"), &read("key")).unwrap()
    }

    /// A house that takes the word of `maker`, under a policy.
    async fn house(&self, policy: &str) -> House {
        let mut house = House::open().await;
        house.policy(&[policy]).await;
        for mac in [MAC, OTHER] {
            house.add(mac).await;
        }
        house.stop().await;
        std::fs::copy(self.path().join("maker.pem"), house.data().join("maker.pem")).unwrap();
        let file = house.data().join("ringfence.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let named = text.replace("\nmanufacturers = {}\n", "\nmanufacturers = { maker = \"maker.pem\" }\n");
        assert_ne!(text, named);
        std::fs::write(&file, named).unwrap();
        house.serve().await;
        house
    }
}

const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";

/// Asks for a carrier at the front door as a phone with that certificate.
async fn ask(house: &House, tls: &Tls, mac: &str, login: Option<&Login>) -> Answer {
    let client = Client { tls: tls.clone(), ..house.client(OFFICE) };
    let at = house.address("/cfg").file(&format!("{mac}.cfg"), Slash::One);
    let request = Request::get(&at.target()).header("User-Agent", &Identity::yealink_t46s(mac.parse().unwrap()).user_agent());
    let answer = match login {
        Some(login) => client.send_with_login(&at, request, login).await.unwrap(),
        None => client.send(&at, request).await.unwrap(),
    };
    house.keep_answer(&answer);
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_makers_certificate_replaces_the_global_login_once() {
    let makers = Makers::new().await;
    let house = makers.house("certificate=accept").await;
    let ours = makers.certified(&house, "maker", MAC).await;
    let foreign = makers.certified(&house, "stranger", MAC).await;
    let plain = house.client(OFFICE).tls;
    for (tls, mac, why) in [(&plain, MAC, "no certificate"), (&ours, OTHER, "of another phone"), (&foreign, MAC, "of nobody we know")] {
        assert_eq!(ask(&house, tls, mac, None).await.status, 401, "{why}");
    }
    assert!(is_full(&ask(&house, &plain, OTHER, Some(&house.global)).await, OTHER), "the global login counts as before");
    assert!(is_full(&ask(&house, &ours, OTHER, Some(&house.global)).await, OTHER), "a certificate stands in nobody's way");

    let mut phone = house.phone(MAC, OFFICE, None);
    phone.behaviour.client.tls = ours.clone();
    let given = house.live(&mut phone).await;
    assert_eq!(house.show(MAC).await["login_state"], "confirmed");
    assert_eq!(house.show(MAC).await["allow_global_password"], false);
    assert_eq!(ask(&house, &ours, MAC, None).await.status, 401, "once");
    assert!(is_full(&house.follow(&given, MAC, OFFICE).await, MAC), "its own login needs no certificate");
    house.cli(&["device", "reset", MAC]).await;
    let again = ask(&house, &ours, MAC, None).await;
    assert!(is_full(&again, MAC), "and once more after a reset: {}", again.status);
    assert_ne!(Given::of(&again), Some(given));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_certificate_is_needed_beside_the_global_login() {
    let makers = Makers::new().await;
    let house = makers.house("certificate=require").await;
    let ours = makers.certified(&house, "maker", MAC).await;
    let global = Some(&house.global);
    assert_eq!(ask(&house, &house.client(OFFICE).tls, MAC, global).await.status, 401, "the login alone");
    assert_eq!(ask(&house, &ours, MAC, None).await.status, 401, "the certificate alone");
    assert_eq!(ask(&house, &ours, OTHER, global).await.status, 401, "another phone's certificate");
    assert!(is_full(&ask(&house, &ours, MAC, global).await, MAC));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_makers_authorities_are_read_again_when_told() {
    let makers = Makers::new().await;
    let house = makers.house("certificate=accept").await;
    let stranger = makers.certified(&house, "stranger", MAC).await;
    assert_eq!(ask(&house, &stranger, MAC, None).await.status, 401);
    let both = ["maker.pem", "stranger.pem"].map(|name| std::fs::read(makers.path().join(name)).unwrap()).concat();
    std::fs::write(house.data().join("maker.pem"), both).unwrap();
    house.hang_up().await;
    until("the new authority counts", async || is_full(&ask(&house, &stranger, MAC, None).await, MAC)).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_phones_are_asked_for_a_certificate() {
    let makers = Makers::new().await;
    let house = makers.house("certificate=accept").await;
    let ready: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(house.data().join("run.json")).unwrap()).unwrap();
    for (door, asked) in [("phones_https", true), ("portal", false)] {
        let (text, _) = run("openssl", &["s_client", "-connect", ready[door].as_str().unwrap()], "Q\n").await;
        assert!(text.contains("BEGIN CERTIFICATE"), "{door}: {text}");
        assert_eq!(text.contains("Requested Signature Algorithms"), asked, "{door}: a browser would ask its user: {text}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_makers_file_that_does_not_read_is_told_at_the_start() {
    let makers = Makers::new().await;
    let mut house = makers.house("certificate=accept").await;
    house.stop().await;
    std::fs::write(house.data().join("maker.pem"), "nothing\n").unwrap();
    let complaint = house.serve_refused().await;
    assert!(complaint.contains("maker.pem: holds no certificate"), "{complaint}");
    house.check_log();
}
