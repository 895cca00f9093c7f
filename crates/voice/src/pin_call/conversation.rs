//! One call's dialogue with everything that is slow around it: sound, keys, the desk, the clock.

use std::pin::Pin;
use std::time::Duration;

use domain::language::{self, Language};
use domain::pin::PinAnswer;
use domain::{Secret, Time};
use store::StoreError;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::dialogue::{Action, Dialogue, Event, Verdict, said};
use super::{Caller, Parts};
use crate::calls::{CallResult, Record};
use crate::limits::{PROMPT_MAX_MS, TRY_WAIT_MS};
use crate::media::{Talk, TalkEvent};
use crate::pins::{Opening, Told};
use crate::prompts::{Library, Prompt, Word};
use crate::stack::{Leg, LegEvent};

/// How close to its computed end a prompt may be told played: what comes earlier belongs to the one that was cut off before.
const PLAYED_EARLY: Duration = Duration::from_millis(200);

/// How the speaking part of a call ended.
pub(super) enum End {
    /// The phone hung up.
    Gone,
    /// We do.
    HangUp(Box<Leg>),
    /// An emergency number was keyed in.
    PutThrough {
        /// The phone's side.
        leg: Box<Leg>,
        /// Its sound.
        talk: Box<Talk>,
        /// The number.
        number: String,
    },
}

/// What happened next.
enum Happened {
    Event(Event),
    Opened(Result<Opening, StoreError>),
    Leg(LegEvent),
}

type Waiting<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A dialogue in progress.
pub(super) struct Conversation<'p> {
    parts: &'p Parts,
    caller: Caller,
    record: Record,
    dialogue: Dialogue,
    language: Language,
    began: Instant,
    /// When what is being said ends; none in silence.
    speaks_until: Option<Instant>,
    opening: Option<Waiting<Result<Opening, StoreError>>>,
    /// A PIN that is being tried. It is tried to its end even if the caller hangs up behind it.
    trying: Option<tokio::task::JoinHandle<Verdict>>,
}

impl<'p> Conversation<'p> {
    pub fn new(parts: &'p Parts, caller: Caller, emergency_numbers: Vec<String>, record: Record) -> Self {
        let dialogue = Dialogue::new(emergency_numbers, &caller.calling.claim.mac.to_string(), 0);
        let (desk, calling, now) = (parts.desk.clone(), caller.calling.clone(), (parts.clock)());
        let opening: Waiting<_> = Box::pin(async move { desk.opening(&calling, now).await });
        let began = Instant::now();
        let (opening, speaks_until, trying) = (Some(opening), None, None);
        Self { parts, caller, record, dialogue, language: Language::EN, began, speaks_until, opening, trying }
    }

    /// Runs to the end.
    pub async fn run(mut self, mut leg: Leg, mut talk: Talk) -> (End, Record) {
        loop {
            let event = match self.next(&mut leg, &mut talk).await {
                Happened::Event(event) => event,
                Happened::Opened(opened) => self.opened(opened),
                Happened::Leg(LegEvent::Info { content_type, body }) => match wire::dtmf::info::key(&content_type, &body) {
                    Some(key) => Event::Key(key, wire::dtmf::Method::Info),
                    None => Event::Time,
                },
                Happened::Leg(LegEvent::Offer { sdp, answerer }) => {
                    match talk.update(&sdp) {
                        Ok(body) => answerer.accept(body.to_owned()),
                        Err(refusal) => answerer.refuse(refusal.status()),
                    }
                    Event::Time
                }
                Happened::Leg(LegEvent::Ended(_)) => {
                    self.hear_out().await;
                    return (End::Gone, self.record);
                }
            };
            for action in self.dialogue.handle(event, millis(self.began)) {
                match action {
                    Action::Say(words) => self.say(&talk, &words),
                    Action::Quiet => {
                        self.speaks_until = None;
                        talk.silence();
                    }
                    Action::Try(pin) => self.trying = Some(self.attempt(Secret::from(pin.expose()))),
                    Action::PutThrough(number) => {
                        return (End::PutThrough { leg: Box::new(leg), talk: Box::new(talk), number }, self.record);
                    }
                    Action::HangUp => return (End::HangUp(Box::new(leg)), self.record),
                }
            }
        }
    }

    /// Waits for whatever comes first.
    async fn next(&mut self, leg: &mut Leg, talk: &mut Talk) -> Happened {
        let deadline = self.dialogue.deadline_ms().map(|ms| self.began + Duration::from_millis(ms));
        let is_trying = self.trying.is_some();
        let is_opening = self.opening.is_some();
        tokio::select! {
            biased;
            event = leg.next() => Happened::Leg(event),
            verdict = async { self.trying.as_mut().expect("asked only while a PIN is tried").await }, if is_trying => {
                self.trying = None;
                // A try that broke off was not answered: nothing is known of it.
                Happened::Event(self.tried(verdict.unwrap_or(Verdict::Unavailable)))
            }
            opened = async { self.opening.as_mut().expect("asked only while it is not known").await }, if is_opening => {
                self.opening = None;
                Happened::Opened(opened)
            }
            event = talk.next() => match event {
                TalkEvent::Key(key, method) => Happened::Event(Event::Key(key, method)),
                TalkEvent::Played if self.has_spoken() => {
                    self.speaks_until = None;
                    Happened::Event(Event::Played)
                }
                TalkEvent::Played => Happened::Event(Event::Time),
            },
            () = sleep_until(deadline.unwrap_or(self.began)), if deadline.is_some() => Happened::Event(Event::Time),
        }
    }

    fn has_spoken(&self) -> bool {
        self.speaks_until.is_some_and(|until| Instant::now() + PLAYED_EARLY >= until)
    }

    fn opened(&mut self, opened: Result<Opening, StoreError>) -> Event {
        let Opening { standing, device_language, operator_language } = match opened {
            Ok(opening) => opening,
            Err(error) => {
                tracing::warn!(%error, "a caller cannot be asked for his PIN");
                self.note(Verdict::Unavailable);
                return Event::Standing(Some(Verdict::Unavailable));
            }
        };
        let wishes = language::Caller {
            device: device_language.as_deref(),
            proved: device_language.is_some(),
            asked: self.caller.asked_language.as_deref(),
            operator: operator_language.as_deref(),
        };
        self.language = language::spoken(&wishes, |language| self.parts.library.speaks(language));
        let standing = standing.map(|answer| verdict(answer, (self.parts.clock)()));
        if let Some(standing) = standing {
            self.note(standing);
        }
        Event::Standing(standing)
    }

    fn say(&mut self, talk: &Talk, words: &[Word]) {
        self.record.said(said(words));
        self.speaks_until = Some(Instant::now() + speak(&self.parts.library, self.language, talk, words));
    }

    fn attempt(&self, pin: Secret<String>) -> tokio::task::JoinHandle<Verdict> {
        let (desk, calling, clock) = (self.parts.desk.clone(), self.caller.calling.clone(), self.parts.clock);
        tokio::spawn(async move {
            match desk.enter(&calling, &pin, clock()).await {
                Ok(Told::Pin(answer)) => verdict(answer, clock()),
                Ok(Told::Busy) => Verdict::Busy,
                Err(error) => {
                    tracing::warn!(%error, "a PIN could not be tried, and is not counted");
                    Verdict::Unavailable
                }
            }
        })
    }

    fn tried(&mut self, verdict: Verdict) -> Event {
        self.note(verdict);
        Event::Tried(verdict)
    }

    fn note(&mut self, verdict: Verdict) {
        self.record.result(match verdict {
            Verdict::Right => CallResult::Right,
            Verdict::Wrong { .. } => CallResult::Wrong,
            Verdict::Failed { .. } => CallResult::Failed,
            Verdict::Blocked => CallResult::Blocked,
            Verdict::ResetNeeded => CallResult::ResetNeeded,
            Verdict::Busy => CallResult::Busy,
            Verdict::Unavailable => CallResult::Unavailable,
        });
    }

    /// The caller is gone; a PIN that he keyed in last counts all the same, and is noted.
    async fn hear_out(&mut self) {
        let Some(trying) = self.trying.take() else { return };
        if let Ok(Ok(verdict)) = timeout_at(Instant::now() + Duration::from_millis(TRY_WAIT_MS), trying).await {
            self.note(verdict);
        }
    }
}

/// Says that no trunk took an emergency call, to the end or until the caller is gone; the names of what was said.
pub(super) async fn say_unreachable(library: &Library, leg: &mut Leg, talk: &mut Talk) -> Vec<&'static str> {
    let words = [Prompt::EmergencyUnreachable.into(), Prompt::UseAnotherTelephone.into()];
    let latest = Instant::now() + Duration::from_millis(PROMPT_MAX_MS);
    let spoken = Instant::now() + speak(library, Language::EN, talk, &words);
    loop {
        tokio::select! {
            event = leg.next() => match event {
                LegEvent::Ended(_) => break,
                LegEvent::Offer { sdp, answerer } => match talk.update(&sdp) {
                    Ok(body) => answerer.accept(body.to_owned()),
                    Err(refusal) => answerer.refuse(refusal.status()),
                },
                LegEvent::Info { .. } => {}
            },
            event = talk.next() => if event == TalkEvent::Played && Instant::now() + PLAYED_EARLY >= spoken { break },
            () = sleep_until(latest) => break,
        }
    }
    said(&words)
}

/// Says this and nothing else; how long it takes.
fn speak(library: &Library, language: Language, talk: &Talk, words: &[Word]) -> Duration {
    let clips = library.say(language, words);
    let length = clips.iter().map(|clip| clip.length()).sum();
    talk.silence();
    talk.play(clips);
    length
}

fn verdict(answer: PinAnswer, now: Time) -> Verdict {
    match answer {
        PinAnswer::Right => Verdict::Right,
        PinAnswer::Wrong { left } => Verdict::Wrong { left },
        PinAnswer::Failed { until } => {
            let minutes = until.since(now).as_seconds().max(1).unsigned_abs().div_ceil(60);
            Verdict::Failed { minutes: u32::try_from(minutes).unwrap_or(u32::MAX) }
        }
        PinAnswer::Blocked => Verdict::Blocked,
        PinAnswer::ResetNeeded => Verdict::ResetNeeded,
        // The dialogue lets nothing but six digits through.
        PinAnswer::NoTry => Verdict::Unavailable,
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
