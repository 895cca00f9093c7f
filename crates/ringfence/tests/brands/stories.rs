//! The stories of a brand, told in one house with two customers: one goes by the one-time password, the other by the PIN.

use std::time::Duration;

use phonesim::sip::{By, Side};
use phonesim::{Account, Display, Outcome, Phone, Telephone, Transcript};

use crate::house::{AWAY, CUSTOMER, House, OFFICE, line_password, until};
use crate::maker::{self, Maker};
use crate::play::{Cell, Play};
use crate::{Boot, Told};

/// The customer whose phones need no login and the PIN.
const CAREFUL: &str = "Careful Ltd";

/// The network that is trusted in the end.
const TRUSTED: (&str, &str) = ("127.0.9.0/24", "127.0.9.1");

/// Passes in which a phone has its full config at the latest, counted from what earned it: most brands need one, those with a
/// file that leads to another need two.
const PASSES: usize = 3;

/// Tells all stories of a brand and notes each that came to its end.
pub(crate) async fn tell(play: &Play, told: &Told) {
    let house = House::open().await;
    house.cli(&["customer", "add", CAREFUL]).await;
    house.cli(&["policy", "set", "--customer", CAREFUL, "login=none", "pin=required"]).await;
    let scene = Scene { house, play, told };
    scene.front_door().await;
    scene.one_time_password().await;
    scene.typed_login().await;
    scene.by_telephone().await;
    scene.told_to_fetch().await;
    scene.trusted_network().await;
    scene.house.close().await;
}

struct Scene<'s> {
    house: House,
    play: &'s Play,
    told: &'s Told,
}

impl Scene<'_> {
    fn can(&self, cell: Cell) -> bool {
        self.play.reason(cell).is_none()
    }

    fn ended(&self, cell: Cell) {
        if self.can(cell) && !self.told.borrow().cells.contains(&cell) {
            self.told.borrow_mut().cells.push(cell);
        }
    }

    /// What a boot of a phone in service costs, once for each brand.
    async fn ordinary_boot(&self, phone: &mut Phone, mac: &str) {
        if self.told.borrow().boot.is_some() {
            return;
        }
        let mut transcript = Transcript::default();
        phone.boot(&mut transcript).await;
        in_service(phone, mac, &transcript);
        let answered = |status| transcript.exchanges().filter(|exchange| exchange.status == Some(status)).count();
        let bytes = transcript.exchanges().map(|exchange| exchange.bytes).sum();
        let boot = Boot { requests: transcript.exchanges().count(), challenges: answered(401), not_found: answered(404), bytes };
        self.told.borrow_mut().boot = Some(boot);
    }

    /// A device of a customer and its phone, fresh from the box.
    async fn unpacked(&self, number: u8, customer: &str, source: &str) -> (String, Phone) {
        let mac = self.play.mac(number);
        self.house.add_model(customer, &mac, self.play.model).await;
        let phone = self.house.unpacked((self.play.identity)(mac.parse().unwrap()), source);
        (mac, phone)
    }

    fn door(&self) -> String {
        self.house.url(self.play.door)
    }

    /// What the maker's redirect service was told.
    fn redirected(&self, phone: &mut Phone, login: Option<&phonesim::Login>) {
        phone.network.redirect = Some((self.door().parse().unwrap(), login.cloned()));
    }

    async fn front_door(&self) {
        if !self.can(Cell::FrontDoor) {
            return;
        }
        let (mac, mut phone) = self.unpacked(1, CUSTOMER, OFFICE).await;
        self.redirected(&mut phone, None);
        let mut transcript = Transcript::default();
        assert_eq!(phone.boot(&mut transcript).await, Outcome::LoginWanted, "{transcript}");
        bearable(&transcript);
        assert_eq!(phone.accounts(), [], "nothing was given away\n{transcript}");
        self.house.newest_reason(&mac, "login_required").await;
        self.ended(Cell::FrontDoor);
    }

    async fn one_time_password(&self) {
        if !self.can(Cell::OneTimePassword) {
            return;
        }
        let (mac, mut phone) = self.unpacked(2, CUSTOMER, OFFICE).await;
        // The services live as long as the story: the phone asks again after its reset.
        let maker = match maker::kind_of(self.play) {
            Some(kind) => Some(Maker::open(kind).await),
            None => None,
        };
        match &maker {
            Some(maker) => {
                maker.sends(mac.parse().unwrap(), &self.house).await;
                phone.network.service = Some(maker.for_phones.clone());
            }
            None => self.redirected(&mut phone, Some(&self.house.global)),
        }
        self.earns_full(&mut phone, &mac).await;
        self.takes_up(&mut phone, &mac).await;
        assert_ne!(phone.own_login().as_ref(), Some(&self.house.global), "it has a login of its own");
        let shown = self.house.show(&mac).await;
        assert_eq!((&shown["login_state"], &shown["allow_global_password"]), (&"confirmed".into(), &false.into()), "{shown}");
        self.ordinary_boot(&mut phone, &mac).await;
        phone.factory_reset();
        let mut transcript = Transcript::default();
        assert_eq!(phone.boot(&mut transcript).await, Outcome::LoginWanted, "the password is spent\n{transcript}");
        assert_eq!(phone.accounts(), []);
        if let Some(maker) = maker {
            maker.was_asked(mac.parse().unwrap()).await;
        }
        self.ended(Cell::OneTimePassword);
        self.ended(Cell::Full);
    }

    async fn typed_login(&self) {
        if !self.can(Cell::TypedLogin) {
            return;
        }
        let (mac, mut phone) = self.unpacked(3, CUSTOMER, OFFICE).await;
        phone.menu().set_server(&self.door(), "", "");
        let mut transcript = Transcript::default();
        assert_eq!(phone.boot(&mut transcript).await, Outcome::LoginWanted, "{transcript}");
        let (user, password) = (&self.house.global.user, self.house.global.password.expose());
        if phone.display() == Display::LoginPrompt {
            phone.answer_prompt(user, password, &mut transcript).await;
        } else {
            phone.menu().set_server(&self.door(), user, password);
        }
        self.earns_full(&mut phone, &mac).await;
        self.takes_up(&mut phone, &mac).await;
        self.ended(Cell::TypedLogin);
    }

    /// Restricted, cleared by the PIN, in service, reset, and cleared again.
    async fn by_telephone(&self) {
        if !self.can(Cell::Restricted) {
            return;
        }
        let (mac, phone) = self.unpacked(4, CAREFUL, OFFICE).await;
        let phone = self.restricted(phone, &mac).await;
        self.ended(Cell::Restricted);
        if !self.can(Cell::Pin) {
            return;
        }
        self.key_in_pin(&phone, &mac).await;
        self.ended(Cell::Pin);
        self.ended(Cell::Full);
        if !self.can(Cell::Reset) {
            return;
        }
        self.house.cli(&["device", "reset", &mac]).await;
        phone.resync().await;
        self.is_restricted(&phone, &mac).await;
        self.key_in_pin(&phone, &mac).await;
        self.ended(Cell::Reset);
    }

    /// What changes for a restricted phone is told to it; and it has a poll to fall back on.
    async fn told_to_fetch(&self) {
        if !self.can(Cell::Resync) {
            return;
        }
        let (mac, phone) = self.unpacked(5, CAREFUL, AWAY).await;
        let phone = self.restricted(phone, &mac).await;
        let poll = phone.phone().await.poll_due().expect("a restricted phone polls");
        assert!(poll >= Duration::from_mins(1), "{poll:?}");
        let before = phone.view();
        self.house.cli(&["device", "suspend", &mac]).await;
        let told = |view: &phonesim::View| view.notified > before.notified && view.fetches > before.fetches;
        phone.wait_for(told).await.unwrap_or_else(|error| panic!("suspended, so told to fetch: {error}"));
        self.comes_to_full(&phone, &mac).await;
        let poll = phone.phone().await.poll_due().expect("a phone in service polls");
        assert!(poll >= Duration::from_mins(1) && poll <= Duration::from_hours(24), "{poll:?}");
        self.ended(Cell::Resync);
    }

    async fn trusted_network(&self) {
        if !self.can(Cell::TrustedNetwork) {
            return;
        }
        let (network, source) = TRUSTED;
        self.house.cli(&["trust", "add", CAREFUL, network, "--force"]).await;
        let (mac, mut phone) = self.unpacked(6, CAREFUL, source).await;
        self.redirected(&mut phone, None);
        self.earns_full(&mut phone, &mac).await;
        // Not always the newest: some are at their own door before the first start is over.
        until(&format!("{mac} was served for its network"), async || {
            let requests = self.house.cli(&["device", "requests", &mac]).await;
            requests.as_array().unwrap().iter().any(|request| request["reason"] == "trusted_permanent")
        })
        .await;
        self.ordinary_boot(&mut phone, &mac).await;
        self.ended(Cell::TrustedNetwork);
    }

    // ── what happens in several of them ─────────────────────────────────────────────────────────────────────────

    /// It fetches until it has its lines.
    async fn earns_full(&self, phone: &mut Phone, mac: &str) {
        let mut transcript = Transcript::default();
        for _ in 0..PASSES {
            if is_full(&phone.accounts(), mac) {
                break;
            }
            phone.boot(&mut transcript).await;
        }
        self.keep(phone);
        bearable(&transcript);
        in_service(phone, mac, &transcript);
    }

    /// The next fetch is made with the login that the config named.
    async fn takes_up(&self, phone: &mut Phone, mac: &str) {
        let mut transcript = Transcript::default();
        let outcome = phone.resync(&mut transcript).await;
        assert!(matches!(outcome, Outcome::Configured | Outcome::Unchanged), "{outcome:?}\n{transcript}");
        bearable(&transcript);
        in_service(phone, mac, &transcript);
        let shown = self.house.show(mac).await;
        assert_eq!((shown["state"].as_str(), shown["pin"].as_str()), (Some("successful"), None), "{shown}\n{transcript}");
    }

    /// A phone without any login, which is given its restricted config and registers.
    async fn restricted(&self, mut phone: Phone, mac: &str) -> Telephone {
        self.redirected(&mut phone, None);
        let telephony = &mut phone.behaviour.telephony;
        telephony.polls = false;
        telephony.retry = Duration::from_millis(200);
        telephony.patience = Duration::from_secs(30);
        let phone = Telephone::new(phone);
        let outcome = phone.boot().await;
        assert_eq!(outcome, Outcome::Configured, "{}", phone.transcript());
        self.is_restricted(&phone, mac).await;
        phone
    }

    async fn is_restricted(&self, phone: &Telephone, mac: &str) {
        bearable(&phone.transcript());
        phone.registered().await.unwrap_or_else(|error| panic!("restricted, so registered: {error}"));
        let own = phone.phone().await;
        self.keep(&own);
        let accounts = own.accounts();
        assert!(accounts.iter().all(|account| account.password.expose() != &line_password(mac)), "{}", phone.transcript());
        assert!(!accounts.is_empty(), "{}", phone.transcript());
        if own.has_screen() {
            assert!(own.display().says("Authentication needed"), "{:?}\n{}", own.display(), phone.transcript());
        }
    }

    /// Calls the service, by lifting the handset if that is enough, keys the PIN in, and is in service after that.
    async fn key_in_pin(&self, phone: &Telephone, mac: &str) {
        let pin = self.house.show(mac).await["pin"].as_str().expect("a PIN").to_owned();
        self.house.keep_pin(&pin);
        let own = phone.phone().await;
        let lifts = own.accounts().first().is_some_and(|account| own.dials(account.slot, "").is_some());
        drop(own);
        let call = if lifts { phone.lift().await } else { phone.dial("*89").await };
        let call = call.unwrap_or_else(|error| panic!("{error}\n{}", phone.transcript()));
        call.answered().await.unwrap_or_else(|end| panic!("{end:?}\n{}", phone.transcript()));
        call.press(&format!("{pin}#"), By::Rfc4733).await.unwrap();
        let end = call.ended().await;
        assert_eq!(end.by, Side::Them, "the service ends the call\n{}", phone.transcript());
        until(&format!("the call of {mac} is noted"), async || {
            let calls = self.house.cli(&["device", "calls", mac]).await;
            calls.as_array().unwrap().iter().any(|call| call["result"] == "right")
        })
        .await;
        self.comes_to_full(phone, mac).await;
        // The fetch after the one that brought the config is made with the login in it.
        phone.resync().await;
        let shown = self.house.show(mac).await;
        assert_eq!((shown["state"].as_str(), shown["pin"].as_str()), (Some("successful"), None), "{shown}\n{}", phone.transcript());
        in_service(&*phone.phone().await, mac, &phone.transcript());
    }

    /// Told by NOTIFY where the brand can be told, else at its next poll.
    async fn comes_to_full(&self, phone: &Telephone, mac: &str) {
        if self.can(Cell::Resync) {
            until(&format!("{mac} was told and has fetched"), async || is_full(&phone.phone().await.accounts(), mac)).await;
        } else {
            phone.resync().await;
        }
        let own = phone.phone().await;
        self.keep(&own);
        bearable(&phone.transcript());
        in_service(&own, mac, &phone.transcript());
    }

    /// What the phone holds must stand in no log.
    fn keep(&self, phone: &Phone) {
        phone.own_login().iter().for_each(|login| self.house.keep_login(login));
        phone.accounts().iter().for_each(|account| self.house.keep(account.password.expose()));
    }
}

/// No phone was ever told anything but that it gets a file, that it must log in, that there is no such file, or to come later.
fn bearable(transcript: &Transcript) {
    let odd = transcript.exchanges().find(|exchange| !matches!(exchange.status, Some(200 | 201 | 204 | 401 | 404)));
    assert!(odd.is_none(), "{odd:?}\n{transcript}");
}

fn line_user(mac: &str) -> &str {
    &mac[6..]
}

/// Whether the device's own line is there with its own password, and nothing else.
fn is_full(accounts: &[Account], mac: &str) -> bool {
    let is_own = |account: &Account| account.user == line_user(mac) && *account.password.expose() == line_password(mac);
    !accounts.is_empty() && accounts.iter().all(is_own)
}

/// Its line works, and nothing of the restriction is left.
fn in_service(phone: &Phone, mac: &str, transcript: &Transcript) {
    let accounts = phone.accounts();
    assert!(is_full(&accounts, mac), "{accounts:?}\n{transcript}");
    let account = &accounts[0];
    assert_eq!((account.server.as_str(), account.hotline.as_deref()), ("sip.example.com", None), "{transcript}");
    assert_eq!(phone.dials(account.slot, "0815").as_deref(), Some("0815"), "it calls whom it likes\n{transcript}");
    assert!(!phone.display().says("Authentication"), "{:?}\n{transcript}", phone.display());
}
