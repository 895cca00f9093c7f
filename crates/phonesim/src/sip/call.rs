//! One call: what its owner holds, and what can be done with it.

mod description;
mod dialog;
mod driver;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use wire::dtmf::Key;
use wire::g711::Codec;

use self::dialog::Dialog;
use self::driver::Driver;
use crate::address::Login;
use crate::sip::agent::{Agent, InboundRequest, SipAccount, SipError};
use crate::sip::keys::{By, KeyError, Keying, keys};
use crate::sip::link::own_socket;
use crate::sip::message::{address_of, user_of};
use crate::sip::sound::{Agreed, Heard, Order, Silence, Sound};

/// How a phone telephones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallOptions {
    /// The codecs that it offers, most wanted first.
    pub codecs: Vec<Codec>,
    /// Whether it offers telephone events.
    pub telephone_events: bool,
    /// What it sends while nobody speaks.
    pub silence: Silence,
    /// Whether it keeps what it hears.
    pub keeps_sound: bool,
    /// How keys are pressed.
    pub keying: Keying,
    /// Fields added to the INVITE.
    pub fields: Vec<(String, String)>,
}

impl Default for CallOptions {
    fn default() -> Self {
        Self {
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            telephone_events: true,
            silence: Silence::default(),
            keeps_sound: true,
            keying: Keying::default(),
            fields: Vec::new(),
        }
    }
}

/// How far a call is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallState {
    /// Nobody has said anything yet.
    Calling,
    /// It is being set up, with this code.
    Proceeding(u16),
    /// Both sides can speak.
    Answered,
    /// It is over.
    Ended(End),
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// This phone.
    Us,
    /// The other side.
    Them,
    /// Nobody: the way is lost, or no answer came.
    Network,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// By whom.
    pub by: Side,
    /// The code with which it was refused, if it was never answered.
    pub status: Option<u16>,
    /// The `Reason` field of the other side's BYE or refusal.
    pub reason: Option<String>,
}

impl End {
    fn of(by: Side) -> Self {
        Self { by, status: None, reason: None }
    }

    fn network(_: SipError) -> Self {
        Self::of(Side::Network)
    }
}

/// What the owner orders.
#[derive(Debug)]
enum Control {
    HangUp,
    PickUp,
    Hold(bool, oneshot::Sender<Result<(), End>>),
}

/// A call. It is ended when this is dropped.
#[derive(Debug)]
pub struct Call {
    agent: Agent,
    login: Login,
    number: String,
    dialog: Arc<Mutex<Dialog>>,
    state: watch::Receiver<CallState>,
    control: mpsc::Sender<Control>,
    orders: mpsc::Sender<Order>,
    agreed: watch::Receiver<Option<Agreed>>,
    heard: Arc<Mutex<Heard>>,
    counted: watch::Receiver<u64>,
    keying: Keying,
}

impl Agent {
    /// Calls a number, or an address if it has a scheme. What becomes of it is the call's [`CallState`].
    pub async fn call(&self, account: &SipAccount, number: &str, options: &CallOptions) -> Result<Call, SipError> {
        let shared = self.shared();
        let domain = shared.domain();
        let uri = if number.starts_with("sip:") || number.starts_with("urn:") || number.starts_with("tel:") {
            number.to_owned()
        } else {
            // The only key that no address may hold as it is (RFC 3261 section 25.1).
            format!("sip:{}@{domain}", number.replace('#', "%23"))
        };
        let own = format!("<sip:{}@{domain}>", account.user);
        let own = if account.name.is_empty() { own } else { format!("\"{}\" {own}", account.name.replace(['"', '\\'], "")) };
        let dialog = Dialog::outgoing(shared, &own, &uri);
        self.start(account, number, dialog, None, options).await
    }

    /// Takes a call that came in; it rings until [`Call::pick_up`].
    pub async fn ring(&self, inbound: InboundRequest, account: &SipAccount, options: &CallOptions) -> Result<Call, SipError> {
        let caller = inbound.message().header("From").map(|from| user_of(address_of(from)).unwrap_or_default().to_owned());
        let dialog = Dialog::incoming(self.shared(), inbound.message());
        self.start(account, &caller.unwrap_or_default(), dialog, Some(inbound), options).await
    }

    async fn start(
        &self,
        account: &SipAccount,
        number: &str,
        dialog: Dialog,
        inbound: Option<InboundRequest>,
        options: &CallOptions,
    ) -> Result<Call, SipError> {
        let shared = self.shared();
        let socket = own_socket(shared.options.client.source, shared.link.server).await.map_err(|_| SipError::Closed)?;
        let sound = Sound::start(socket, options.silence, options.keeps_sound, shared.number()).map_err(|_| SipError::Closed)?;
        let dialog = Arc::new(Mutex::new(dialog));
        let (state_sender, state) = watch::channel(CallState::Calling);
        let (control, controlled) = mpsc::channel(4);
        let call = Call {
            agent: self.clone(),
            login: account.login.clone(),
            number: number.to_owned(),
            dialog: Arc::clone(&dialog),
            state,
            control,
            orders: sound.orders(),
            agreed: sound.agreement(),
            heard: Arc::clone(&sound.heard),
            counted: sound.counted.clone(),
            keying: options.keying,
        };
        let driver = Driver::new(self.clone(), account.clone(), options.clone(), dialog, sound, state_sender, controlled);
        match inbound {
            None => tokio::spawn(driver.call()),
            Some(inbound) => tokio::spawn(driver.ring(inbound)),
        };
        Ok(call)
    }
}

impl Call {
    /// Whom it calls, or who calls.
    pub fn number(&self) -> &str {
        &self.number
    }

    /// How far it is now.
    pub fn state(&self) -> CallState {
        self.state.borrow().clone()
    }

    /// Waits until it is answered, or over before that.
    pub async fn answered(&self) -> Result<(), End> {
        match self.until(|state| matches!(state, CallState::Answered | CallState::Ended(_))).await {
            CallState::Ended(end) => Err(end),
            _ => Ok(()),
        }
    }

    /// Waits until it rings somewhere or sounds early, is answered, or over.
    pub async fn proceeding(&self) -> CallState {
        self.until(|state| *state != CallState::Calling && *state != CallState::Proceeding(100)).await
    }

    /// Waits until it is over.
    pub async fn ended(&self) -> End {
        match self.until(|state| matches!(state, CallState::Ended(_))).await {
            CallState::Ended(end) => end,
            _ => End::of(Side::Network),
        }
    }

    /// Presses keys, one after the other, and returns when the last is up again.
    pub async fn press(&self, text: &str, by: By) -> Result<(), KeyError> {
        let keys = keys(text)?;
        match by {
            By::Rfc4733 | By::Tones => self.press_in_sound(keys, by).await,
            By::InfoRelay | By::InfoDtmf => {
                for key in keys {
                    self.press_by_info(key, by).await?;
                    tokio::time::sleep(self.keying.packet_every * self.keying.packets_up().into()).await;
                }
                Ok(())
            }
        }
    }

    /// The same, to be watched by others.
    pub fn watch(&self) -> watch::Receiver<CallState> {
        self.state.clone()
    }

    /// Answers a call that came in, without waiting for that.
    pub(crate) fn answer_soon(&self) {
        // A call that is over needs no answer.
        drop(self.control.try_send(Control::PickUp));
    }

    /// Answers a call that came in.
    pub async fn pick_up(&self) -> Result<(), End> {
        drop(self.control.send(Control::PickUp).await);
        self.answered().await
    }

    /// Puts the other side on hold, or back.
    pub async fn hold(&self, on: bool) -> Result<(), End> {
        let (done, told) = oneshot::channel();
        drop(self.control.send(Control::Hold(on, done)).await);
        told.await.unwrap_or_else(|_| Err(End::of(Side::Network)))
    }

    /// Hangs up: takes the call back if nobody has answered. Waits until the other side has agreed.
    pub async fn hang_up(&self) -> End {
        drop(self.control.send(Control::HangUp).await);
        self.ended().await
    }

    /// What was heard so far.
    pub fn heard(&self) -> Heard {
        self.ear().clone()
    }

    /// Waits until what was heard is so, or the call is over. Whether it is so.
    pub async fn hears(&self, mut what: impl FnMut(&Heard) -> bool) -> bool {
        let mut counted = self.counted.clone();
        loop {
            counted.borrow_and_update();
            if what(&self.ear()) {
                return true;
            }
            tokio::select! {
                changed = counted.changed() => if changed.is_err() { return what(&self.ear()) },
                _ = self.ended() => return what(&self.ear()),
            }
        }
    }

    fn ear(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn until(&self, what: impl FnMut(&CallState) -> bool) -> CallState {
        let mut state = self.state.clone();
        match state.wait_for(what).await {
            Ok(state) => state.clone(),
            Err(_) => self.state(),
        }
    }

    async fn press_in_sound(&self, keys: Vec<Key>, by: By) -> Result<(), KeyError> {
        let agreed = (*self.agreed.borrow()).ok_or(KeyError::NoCall)?;
        if by == By::Rfc4733 && agreed.event.is_none() {
            return Err(KeyError::NoEvents);
        }
        let (done, told) = oneshot::channel();
        let order = Order { keys, by, keying: self.keying, done };
        self.orders.send(order).await.map_err(|_| KeyError::NoCall)?;
        told.await.map_err(|_| KeyError::NoCall)
    }

    async fn press_by_info(&self, key: Key, by: By) -> Result<(), KeyError> {
        if self.state() != CallState::Answered {
            return Err(KeyError::NoCall);
        }
        let (request, to) = self.dialog.lock().unwrap_or_else(PoisonError::into_inner).next(self.agent.shared(), "INFO");
        let (content_type, body) = if by == By::InfoDtmf {
            ("application/dtmf", key.name().to_string())
        } else {
            let duration = Duration::from_millis(20 * u64::from(self.keying.packets_down())).as_millis();
            ("application/dtmf-relay", format!("Signal={}\r\nDuration={duration}\r\n", key.name()))
        };
        let request = request.with_body(content_type, body);
        let answer = self.agent.converse(request, to, &self.login).await.map_err(|_| KeyError::NoCall)?;
        match answer.status() {
            Some(200..=299) => Ok(()),
            status => Err(KeyError::Refused(status.unwrap_or_default())),
        }
    }
}
