//! What an operator's own telephone system may ask, and nobody else.

use std::collections::BTreeMap;
use std::sync::Mutex;

use domain::emergency::Trunk;
use domain::role::Role;
use domain::{Mac, Secret, Time};
use portal::admin::{By, Error, telephone};
use portal::telephone::{Answering, PinAnswer, PinAttempt, Presence, SipAccount, Telephone, TrunkStep, Who};

use crate::world::{NOW, World};

/// A telephone face that knows one account and one PIN.
#[derive(Debug, Default)]
pub struct Face {
    pub present: Mutex<BTreeMap<Mac, Presence>>,
}

impl Telephone for Face {
    fn pin_attempt(&self, attempt: PinAttempt, _: Time) -> Answering<'_, PinAnswer> {
        let result = if attempt.pin.expose() == "123456" { "ok" } else { "wrong" };
        Box::pin(async move { Ok(PinAnswer { result, attempts_left: (result == "wrong").then_some(2) }) })
    }

    fn sip_account(&self, name: String, _: Time) -> Answering<'_, Option<SipAccount>> {
        let hash = |digits| Secret::new("0".repeat(digits));
        let (realm, ends, actions) = ("phones.example.com".to_owned(), None, &["register"][..]);
        let known = (name == "known").then(|| SipAccount { name, realm, ha1_md5: hash(32), ha1_sha256: hash(64), ends, actions });
        Box::pin(async move { Ok(known) })
    }

    fn presence(&self, macs: &[Mac], _: Time) -> Vec<Presence> {
        let present = self.present.lock().unwrap();
        macs.iter().map(|mac| present.get(mac).copied().unwrap_or(Presence::Away)).collect()
    }

    fn test_trunk(&self, trunk: Trunk) -> Answering<'_, Vec<TrunkStep>> {
        let step = TrunkStep { step: format!("OPTIONS to {}", trunk.address.host), ok: true, detail: "200 OK".into() };
        Box::pin(async move { Ok(vec![step]) })
    }
}

fn attempt(pin: &str) -> PinAttempt {
    let who = Who::Account { name: "known".into(), source: None };
    PinAttempt { who, pin: Secret::from(pin), session: "call".into(), attempt: 1 }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_operator_asks() {
    let world = World::new().await;
    for (role, at) in [(Role::Operator, ""), (Role::Reseller, "Dealer"), (Role::CustomerAdmin, "Shop"), (Role::Auditor, "")] {
        let by = world.somebody(role, at).await;
        let (pin, account) = (
            telephone::pin_attempt(&by, &Face::default(), attempt("123456")).await,
            telephone::sip_account(&world.admin, &by, &Face::default(), "known").await,
        );
        if role == Role::Operator {
            assert_eq!(pin.unwrap(), PinAnswer { result: "ok", attempts_left: None });
            assert_eq!(account.unwrap().realm, "phones.example.com");
        } else {
            assert_eq!(pin.unwrap_err(), Error::Forbidden, "{role:?}");
            assert_eq!(account.unwrap_err(), Error::Forbidden, "{role:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn showing_an_account_is_audited_and_an_unknown_one_is_not_found() {
    let world = World::new().await;
    let by = By::command_line(NOW);
    telephone::sip_account(&world.admin, &by, &Face::default(), "known").await.unwrap();
    let unknown = telephone::sip_account(&world.admin, &by, &Face::default(), "other").await;
    assert!(matches!(unknown, Err(Error::NotFound(_))));
    let entries = portal::admin::audit::list(&world.admin, &by, 100).await.unwrap();
    let shown: Vec<_> = entries.iter().filter(|entry| entry.action == "reveal-password").map(|entry| entry.subject.as_str()).collect();
    assert_eq!(shown, ["known"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_has_the_shape_that_was_promised() {
    let by = By::command_line(NOW);
    let answer = telephone::pin_attempt(&by, &Face::default(), attempt("000000")).await.unwrap();
    assert_eq!(serde_json::to_string(&answer).unwrap(), r#"{"result":"wrong","attempts_left":2}"#);
}
