//! One request for a phone's file, from the door to the answer.
//!
//! [`Desk`] reads what is asked and shown, loads the device, lets `domain::admission` decide, has the store keep what changed before the
//! first byte leaves, and renders. Nothing here decides who gets what.

mod evidence;
mod firmware;
mod ledger;
mod recorder;
mod reply;
mod tables;
mod wanted;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use brands::{Catalogue, FileKind, Firmware, InForce};
use domain::admission::{self, Answer as Admitted, Decision, Surroundings, admit};
use domain::channel::{Channel, Travelled, front_file_key};
use domain::claim::PlatformKeys;
use domain::effect::Effect;
use domain::evidence::{Evidence, Proof};
use domain::extra::{Extra, admit_extra};
use domain::pin::Caller;
use domain::reason::Reason;
use domain::{Chance, Mac, Secret, Time};
use http::{HeaderValue, StatusCode};
use store::device::Fetched;
use store::seen::Served;
use store::{Store, StoreError};

pub use self::recorder::{Flusher, Recorder};
pub use self::reply::Face;
pub use self::tables::Tables;

use self::evidence::{Challenger, Proving, Shown};
use self::firmware::Shelf;
use self::ledger::{Books, Kept, Ledger, Menus};
use self::reply::{Asked, ReplyError, Way};
use self::wanted::Wanted;
use crate::address::AddressKey;
use crate::answer::Answer;
use crate::limits::Limits;
use crate::metrics::{Fetch, Metrics};
use crate::phones::{Method, Phones, Request};
use crate::throttle::WrongLogins;

/// Makes randomness: the operating system's outside tests.
pub type Dice = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Randomness for one decision.
struct Rolls<'a>(&'a Dice);

impl Chance for Rolls<'_> {
    fn fill(&mut self, buffer: &mut [u8]) {
        (self.0)(buffer);
    }
}

/// What a desk is made of.
pub struct Parts {
    /// Where devices are kept.
    pub store: Store,
    /// What brands speak.
    pub catalogue: InForce,
    /// The platform's keys.
    pub keys: PlatformKeys,
    /// How the platform appears to phones.
    pub face: Face,
    /// Numeric limits.
    pub limits: Limits,
    /// Counters.
    pub metrics: Metrics,
    /// Randomness.
    pub dice: Dice,
    /// The operator's firmware files, `<brand>/<name>`, if there are any.
    pub firmware: Option<PathBuf>,
    /// When the desk opens.
    pub started: Instant,
}

/// Answers phones.
#[derive(Clone)]
pub struct Desk(Arc<Core>);

struct Core {
    ledger: Ledger,
    catalogue: InForce,
    keys: PlatformKeys,
    face: Face,
    challenger: Challenger,
    wrong_logins: WrongLogins,
    tables: Arc<Tables>,
    recorder: Arc<Recorder>,
    metrics: Metrics,
    labels: Vec<Arc<str>>,
    dice: Dice,
    firmware: Shelf,
    retry_after: u32,
    started: (Instant, Time),
}

impl AsRef<Ledger> for Desk {
    fn as_ref(&self) -> &Ledger {
        &self.0.ledger
    }
}

/// What is noted of an answered request.
struct Outcome {
    answer: Answer,
    evidence: &'static str,
    decision: &'static str,
    reason: Reason,
}

impl Desk {
    /// Opens the desk. `now` is the wall clock at [`Parts::started`].
    pub fn new(parts: Parts, now: Time) -> Self {
        // The files in force change while the desk is open, the brands do not.
        let labels = parts.catalogue.current().brands().iter().map(|brand| Arc::from(brand.name())).chain([Arc::from("unknown")]).collect();
        Self(Arc::new(Core {
            ledger: Ledger::new(parts.store, Menus { keys: parts.keys.clone(), catalogue: parts.catalogue.clone() }),
            challenger: Challenger::new(&parts.face.realm, &parts.keys),
            wrong_logins: WrongLogins::of_logins(&parts.limits, parts.started),
            tables: Arc::default(),
            recorder: Arc::default(),
            labels,
            catalogue: parts.catalogue,
            keys: parts.keys,
            face: parts.face,
            metrics: parts.metrics,
            dice: parts.dice,
            firmware: Shelf::new(parts.firmware, &parts.limits),
            retry_after: parts.limits.retry_after,
            started: (parts.started, now),
        }))
    }

    /// The job that writes the request log.
    pub fn flusher(&self) -> Flusher {
        Flusher::new(self.0.ledger.store().clone(), Arc::clone(&self.0.recorder))
    }

    /// The tables of unproved traffic, which the voice shares.
    pub fn tables(&self) -> Arc<Tables> {
        Arc::clone(&self.0.tables)
    }

    /// Looks, and if the decision changes anything, decides again where it is kept.
    async fn device_file(&self, request: &Request, wanted: &Wanted<'_>, mac: Mac) -> Outcome {
        let core = &self.0;
        let (found, books) = match core.ledger.find(mac, request) {
            Ok(found) => found,
            Err(error) => return core.undecided(mac, &error),
        };
        let evidence = core.prove(request, wanted, mac, found.as_ref(), &books, true);
        if let Some(slowed) = core.slow_down(request, mac, &evidence) {
            return slowed;
        }
        if wanted.channel(request, books.policy()) == Channel::Shut {
            let (evidence, reason) = (proof_word(&evidence.proof), Reason::LoginRequired);
            return Outcome { answer: Answer::not_found(), evidence, decision: "not_found", reason };
        }
        let decision = core.decide(request, wanted, mac, found.as_ref(), &books, evidence.clone());
        let first = Kept { decision, found, books };
        let keeps = changes(&first.decision) && core.comes_across(request, wanted, mac, &evidence, &first);
        match if keeps { self.keep(request, wanted.catalogue, mac).await } else { Ok(first) } {
            Ok(kept) => {
                core.note_traffic(request, wanted, mac, &evidence, &kept);
                match wanted.extra() {
                    Some(extra) => core.extra(request, wanted, extra, &evidence, &kept).await,
                    None => core.reply(request, wanted, mac, &evidence, &kept),
                }
            }
            Err(error) => core.undecided(mac, &error),
        }
    }

    /// The first look was made on what one read saw. The decision that counts is made inside the transaction, with the same
    /// request, on the device as it is there.
    async fn keep(&self, request: &Request, catalogue: &Arc<Catalogue>, mac: Mac) -> Result<Kept, StoreError> {
        let (core, catalogue, request) = (Arc::clone(&self.0), Arc::clone(catalogue), Arc::new(request.clone()));
        let again = Arc::clone(&request);
        let decide = move |found: Option<&Fetched>, books: &Books| {
            let wanted = Wanted::read(&catalogue, &core.keys, &again);
            let evidence = core.prove(&again, &wanted, mac, found, books, false);
            core.decide(&again, &wanted, mac, found, books, evidence)
        };
        Ledger::commit(self.clone(), mac, request, decide).await
    }
}

impl Core {
    /// Row 1 and its like: answered by the name alone.
    fn public(&self, wanted: &Wanted<'_>, tls: bool) -> Outcome {
        let way = Way { face: &self.face, keys: &self.keys, tls, file_key: None };
        let rendered =
            wanted.asked(None).and_then(|asked| reply::render(wanted.catalogue, asked, &Admitted::Public, None, &way).ok().flatten());
        match rendered {
            Some(answer) => Outcome { answer, evidence: "nothing", decision: "public", reason: Reason::Public },
            None => Outcome { answer: Answer::not_found(), evidence: "nothing", decision: "not_found", reason: Reason::NoSuchFile },
        }
    }

    /// What the request proves for the device as it was found. `spend`: take a digest's count, which only the first look does.
    fn prove(&self, request: &Request, wanted: &Wanted<'_>, mac: Mac, found: Option<&Fetched>, books: &Books, spend: bool) -> Evidence {
        let certified = request.connection.client_certificate.as_ref().is_some_and(|certificate| certificate.mac == mac);
        let proving = Proving {
            shown: &Shown::read(request).over(wanted.channel(request, books.policy())),
            mac,
            handle: wanted.handle,
            globals: books.globals(),
            keys: &self.keys,
            challenger: &self.challenger,
            method: request.method,
            target: request.uri.path_and_query().map_or("/", |target| target.as_str()),
            encrypted: request.connection.tls,
            certificate: certified,
            mismatch: wanted.sighting.agent_mac.is_some_and(|agent| agent != mac),
            brand: wanted.sighting.brand,
            now: request.now,
        };
        proving.prove(found.map(|found| &found.stored.device), spend)
    }

    fn decide(
        &self,
        request: &Request,
        wanted: &Wanted<'_>,
        mac: Mac,
        found: Option<&Fetched>,
        books: &Books,
        evidence: Evidence,
    ) -> Decision {
        let device = found.map(|found| &found.stored.device);
        let asked = admission::Request {
            door: wanted.door,
            carrier: wanted.file == FileKind::Carrier,
            get: request.method == Method::Get,
            address: request.address,
            channel: wanted.channel(request, books.policy()),
            mac,
            evidence,
            brand: wanted.traits(device),
            model: &wanted.shown_model().unwrap_or_default(),
        };
        let stranger = if device.is_none() { self.tables.stranger(mac) } else { None };
        let around = Surroundings {
            policy: books.policy(),
            globals: books.globals(),
            trust: books.trust(),
            address_shared: found.is_some_and(|found| found.address_shared),
            first_contacts: self.tables.first_contacts(request.address, mac, request.now),
            ignores_challenges: self.tables.ignores_challenges(mac, request.address),
            last_address: found.and_then(|found| found.own_address),
            stranger: stranger.as_ref(),
            keys: &self.keys,
        };
        let admit = if wanted.extra().is_some() { admit_extra } else { admit };
        admit(device, &asked, &around, request.now, &mut Rolls(&self.dice))
    }

    /// A wrong login slows its source, and only after many of them; a right one is served however many wrong ones came before.
    fn slow_down(&self, request: &Request, mac: Mac, evidence: &Evidence) -> Option<Outcome> {
        let key = (mac, AddressKey::of(request.address));
        match &evidence.proof {
            Proof::Wrong(wrong) if wrong.counts() => {
                let wait = self.wrong_logins.take(&key, self.clock(request.now)).err()?;
                let seconds = u32::try_from(wait.as_secs() + 1).unwrap_or(self.retry_after);
                Some(Outcome { answer: Answer::unavailable(seconds), evidence: "wrong", decision: "unavailable", reason: Reason::Limited })
            }
            // Anybody can have a claim where no login is asked, and a global login is known to many: neither buys new guesses.
            Proof::Own(_) => {
                self.wrong_logins.forgive(&key);
                None
            }
            _ => None,
        }
    }

    /// The steady clock's reading for a wall-clock time of this run.
    fn clock(&self, now: Time) -> Instant {
        let (started, wall) = self.started;
        started + std::time::Duration::from_millis(now.since(wall).millis().unsigned_abs())
    }

    fn note_traffic(&self, request: &Request, wanted: &Wanted<'_>, mac: Mac, evidence: &Evidence, kept: &Kept) {
        let Kept { decision, found, .. } = kept;
        let gave_claim = matches!(decision.answer, Admitted::Restricted { .. } | Admitted::Full { .. } | Admitted::Signpost { .. });
        let by_login = matches!(evidence.proof, Proof::Own(_) | Proof::Claim(_));
        if gave_claim && !by_login {
            self.tables.contacted(request.address, mac, request.now);
        }
        match (&evidence.proof, &decision.answer) {
            (Proof::Nothing, Admitted::Challenge { .. }) => self.tables.challenged(mac, request.address, request.now),
            (Proof::Nothing, _) => {}
            _ => self.tables.answered(mac, request.address),
        }
        if let Proof::Claim(claim) = evidence.proof
            && matches!(decision.answer, Admitted::Restricted { .. })
            && found.is_none()
            && request.method == Method::Get
        {
            // As a known phone's: its wrong PINs count for the network that it was first used from.
            let caller = Caller { claim, address: request.address, model: "" };
            self.tables.with_stranger(mac, |stranger| stranger.note_use(caller, request.now));
        }
        for effect in &decision.effects {
            match effect {
                Effect::Knock => self.recorder.knocked(mac, request.address, &wanted.shown_model().unwrap_or_default(), request.now),
                Effect::Notice(attention) => self.recorder.flagged(mac, *attention, request.address, request.now),
                Effect::Event(_) | Effect::Refetch | Effect::Window(_) => {}
            }
        }
    }

    fn reply(&self, request: &Request, wanted: &Wanted<'_>, mac: Mac, evidence: &Evidence, kept: &Kept) -> Outcome {
        let decision = &kept.decision;
        let outcome = |answer, word| Outcome { answer, evidence: proof_word(&evidence.proof), decision: word, reason: decision.reason };
        if let Admitted::Challenge { stale } = decision.answer {
            return outcome(self.challenge(request, stale), "challenge");
        }
        match self.rendered(request, wanted, mac, kept, wanted.file) {
            Ok(Some(answer)) => {
                let full = wanted.file == FileKind::Carrier && request.method == Method::Get;
                if let Some(found) = served_as_added(kept).filter(|_| full) {
                    self.recorder.fetched(mac, request.address, found.stored.device.place.customer);
                }
                outcome(answer, decision_word(&decision.answer))
            }
            Ok(None) => Outcome { reason: Reason::NoSuchFile, ..outcome(Answer::not_found(), "not_found") },
            Err(error) => {
                tracing::error!(device.mac = %mac, %error, "cannot render the configuration of {mac}");
                outcome(Answer::unavailable(self.retry_after), "unavailable")
            }
        }
    }

    /// What there is besides the configuration, for a phone that would get all of that; nobody else learns what there is.
    async fn extra(&self, request: &Request, wanted: &Wanted<'_>, extra: Extra, evidence: &Evidence, kept: &Kept) -> Outcome {
        let decision = &kept.decision;
        let outcome = |answer, word, reason| Outcome { answer, evidence: proof_word(&evidence.proof), decision: word, reason };
        if let Admitted::Challenge { stale } = decision.answer {
            return outcome(self.challenge(request, stale), "challenge", decision.reason);
        }
        let leaves = extra.leaves_with(&decision.answer, wanted.channel(request, kept.books.policy()));
        let found = served_as_added(kept).filter(|_| leaves);
        let brand = found.and_then(|found| wanted.catalogue.model(&found.stored.device.model)).map(|(brand, _)| brand);
        let (answer, word) = match (extra, brand, found) {
            (Extra::Firmware, Some(brand), _) => {
                (self.firmware.answer(brand.name(), wanted.firmware.unwrap_or_default(), request).await, "firmware")
            }
            (Extra::Phonebook, Some(_), Some(found)) => (self.phonebook(wanted, found, &kept.books).await, "phonebook"),
            _ => (Answer::not_found(), "not_found"),
        };
        let (word, reason) = match answer.status {
            StatusCode::NOT_FOUND => ("not_found", Reason::NoSuchFile),
            StatusCode::SERVICE_UNAVAILABLE => ("unavailable", Reason::Limited),
            _ => (word, decision.reason),
        };
        outcome(answer, word, reason)
    }

    /// The customer's phone book in the brand's syntax.
    async fn phonebook(&self, wanted: &Wanted<'_>, found: &Fetched, books: &Books) -> Answer {
        let device = &found.stored.device;
        let Some(asked) = wanted.asked(Some(device)) else { return Answer::not_found() };
        let people = match self.ledger.directory(device.place.customer).await {
            Ok(people) => people,
            Err(error) => {
                tracing::error!(device.mac = %device.mac, %error, "cannot read the phone book of {}: {error}", device.mac);
                return Answer::unavailable(self.retry_after);
            }
        };
        match reply::phonebook(wanted.catalogue, asked, books.phonebook_title(), people) {
            Ok(answer) => answer,
            // The brand has none.
            Err(ReplyError::Render(brands::RenderError::NoSuchFile { .. })) => Answer::not_found(),
            Err(error) => {
                tracing::error!(device.mac = %device.mac, %error, "cannot render the phone book of {}", device.mac);
                Answer::unavailable(self.retry_after)
            }
        }
    }

    /// The file that goes out for a decision.
    fn rendered(
        &self,
        request: &Request,
        wanted: &Wanted<'_>,
        mac: Mac,
        kept: &Kept,
        file: FileKind,
    ) -> Result<Option<Answer>, ReplyError> {
        let found = served_as_added(kept);
        let Some(asked) = wanted.asked(found.map(|found| &found.stored.device)) else { return Ok(None) };
        let asked = Asked { mac: Some(mac), file, language: kept.books.language(), ..asked };
        let content = found.filter(|_| file == FileKind::Carrier).map(|found| self.ledger.content(found, &kept.books)).transpose()?;
        let way =
            Way { face: &self.face, keys: &self.keys, tls: request.connection.tls, file_key: self.file_key(request, wanted, mac, kept) };
        reply::render(wanted.catalogue, asked, &kept.decision.answer, content.as_ref(), &way)
    }

    /// The password of the file, if it leaves encrypted: that of the door which the phone asks at, as its rule has the two side by side.
    fn file_key(&self, request: &Request, wanted: &Wanted<'_>, mac: Mac, kept: &Kept) -> Option<Secret<String>> {
        let sealed = wanted.channel(request, kept.books.policy()) == Channel::Sealed;
        sealed.then(|| match wanted.handle {
            Ok(Some(claim)) => self.keys.file_key(&claim),
            _ => front_file_key(&self.keys, mac, kept.found.as_ref().map(|found| &found.stored.device)),
        })
    }

    /// Whether what was decided will reach the phone. A config that cannot be made must cost neither the one-time password nor the PIN;
    /// and one that the phone says it holds (304) begins no delivery.
    fn comes_across(&self, request: &Request, wanted: &Wanted<'_>, mac: Mac, evidence: &Evidence, first: &Kept) -> bool {
        if !matches!(first.decision.answer, Admitted::Full { .. } | Admitted::Signpost { .. }) {
            return true;
        }
        // Whatever file comes first behind the own door: the carrier is the one that follows.
        match self.rendered(request, wanted, mac, first, FileKind::Carrier) {
            Ok(Some(answer)) => {
                let takes_up = matches!(evidence.proof, Proof::Claim(_) | Proof::Own(_));
                takes_up || !answer.etag.is_some_and(|etag| request.holds(&etag))
            }
            Ok(None) => true,
            Err(_) => false,
        }
    }

    fn challenge(&self, request: &Request, stale: bool) -> Answer {
        let values = self.challenger.challenges(request.connection.tls, stale, request.now, &mut Rolls(&self.dice));
        Answer::unauthorized(values.into_iter().filter_map(|value| HeaderValue::try_from(value).ok()).collect())
    }

    /// Row 0: the decision cannot be made, and that is not the phone's fault.
    fn undecided(&self, mac: Mac, error: &dyn std::fmt::Display) -> Outcome {
        tracing::error!(device.mac = %mac, %error, "cannot decide for {mac}: {error}");
        let answer = Answer::unavailable(self.retry_after);
        Outcome { answer, evidence: "nothing", decision: "unavailable", reason: Reason::Limited }
    }

    fn count(&self, wanted: &Wanted<'_>, outcome: &Outcome) {
        let at = wanted.catalogue.brands().iter().position(|brand| wanted.sighting.brand.is_some_and(|seen| seen.name() == brand.name()));
        let brand = Arc::clone(&self.labels[at.unwrap_or(self.labels.len() - 1)]);
        self.metrics.fetches.get_or_create(&Fetch { decision: outcome.decision, reason: outcome.reason.code(), brand }).inc();
    }

    /// Into the log: at once, or when the file has gone out, with as many bytes as did.
    fn record(&self, request: &Request, wanted: &Wanted<'_>, outcome: &mut Outcome) {
        let Some(mac) = wanted.mac else { return };
        let mut evidence = outcome.evidence.to_owned();
        if request.connection.client_certificate.is_some() {
            evidence.push_str("+certificate");
        }
        if wanted.sighting.agent_mac.is_some_and(|agent| agent != mac) {
            evidence.push_str("+mismatch");
        }
        let travelled = Travelled::over(request.connection.tls, outcome.answer.sealed);
        let seen = store::seen::Request {
            time: request.now,
            address: request.address,
            method: request.method.as_str().to_owned(),
            file: request.target.file.clone(),
            status: outcome.answer.status.as_u16(),
            evidence,
            decision: outcome.decision.to_owned(),
            reason: outcome.reason.code().to_owned(),
            bytes: outcome.answer.bytes(),
            transport: travelled.code().to_owned(),
        };
        let (firmware, model) = (wanted.sighting.firmware, wanted.shown_model());
        if let Some(transfer) = &mut outcome.answer.transfer {
            let recorder = Arc::clone(&self.recorder);
            let note =
                move |bytes| recorder.seen(mac, store::seen::Request { bytes, ..seen }, firmware.as_ref().map(Firmware::as_str), model);
            return transfer.on_end(note);
        }
        self.recorder.seen(mac, seen, firmware.as_ref().map(Firmware::as_str), model);
        // What a stranger gets for the MAC of a live phone says nothing about that phone.
        let for_this_phone = !matches!(outcome.reason, Reason::ResetNeeded | Reason::UnknownDevice | Reason::Disabled);
        if matches!(outcome.decision, "full" | "restricted" | "signpost") && for_this_phone && request.method == Method::Get {
            self.recorder.served(mac, Served { at: request.now, address: request.address, transport: travelled.code().to_owned() });
        }
    }
}

impl Phones for Desk {
    async fn handle(&self, request: &Request) -> Answer {
        let core = &self.0;
        let catalogue = core.catalogue.current();
        let wanted = Wanted::read(&catalogue, &core.keys, request);
        let challenged = |answer| Outcome { answer, evidence: "nothing", decision: "challenge", reason: Reason::LoginRequired };
        let mut outcome = match (request.method, wanted.mac) {
            (Method::Put | Method::Post, _) => {
                Outcome { answer: Answer::uploaded(), evidence: "nothing", decision: "public", reason: Reason::Public }
            }
            _ if wanted.door == admission::Door::Front && wanted.file != FileKind::Carrier => core.public(&wanted, request.connection.tls),
            (_, Some(mac)) => self.device_file(request, &wanted, mac).await,
            // No phone is named: a person is asked for the login; a door that belongs to nobody stays shut.
            (_, None) if wanted.door == admission::Door::Own || matches!(Shown::read(request), Shown::Nothing) => {
                challenged(core.challenge(request, false))
            }
            (_, None) => core.public(&wanted, request.connection.tls),
        };
        core.count(&wanted, &outcome);
        core.record(request, &wanted, &mut outcome);
        outcome.answer
    }
}

/// Only a device that proved itself is served as what it was added as; everybody else as what they show.
fn served_as_added(kept: &Kept) -> Option<&Fetched> {
    kept.found.as_ref().filter(|_| matches!(kept.decision.answer, Admitted::Full { .. }))
}

/// Whether a decision has to be kept before it is answered.
fn changes(decision: &Decision) -> bool {
    let durable = |effect: &Effect| matches!(effect, Effect::Event(_) | Effect::Refetch | Effect::Window(_));
    decision.device.is_some() || decision.effects.iter().any(durable)
}

fn proof_word(proof: &Proof) -> &'static str {
    match proof {
        Proof::Nothing => "nothing",
        Proof::Stale => "stale",
        Proof::Wrong(_) => "wrong",
        Proof::Global(_) => "global",
        Proof::Claim(_) => "claim",
        Proof::Own(_) => "own",
    }
}

fn decision_word(answer: &Admitted) -> &'static str {
    match answer {
        Admitted::Challenge { .. } => "challenge",
        Admitted::Public => "public",
        Admitted::Full { .. } => "full",
        Admitted::Signpost { .. } => "signpost",
        Admitted::Restricted { .. } => "restricted",
    }
}
