//! PINs by telephone: phones that are not cleared, and what is keyed in on them.

use std::time::Duration;

use phonesim::sip::{By, CallState, Heard, Side};
use phonesim::{Outcome, Phone, Telephone};

use crate::house::House;

/// A phone without any login, which is given its restricted config and registers.
pub(crate) async fn restricted(house: &House, mac: &str, source: &str) -> Telephone {
    let mut phone: Phone = house.phone(mac, source, None);
    phone.behaviour.telephony.polls = false;
    phone.behaviour.telephony.retry = Duration::from_millis(200);
    phone.behaviour.telephony.patience = Duration::from_secs(15);
    let phone = Telephone::new(phone);
    assert_eq!(phone.boot().await, Outcome::Configured, "{}", phone.transcript());
    phone.registered().await.unwrap();
    for account in phone.phone().await.accounts() {
        house.keep(account.password.expose());
    }
    phone
}

/// Dials the service, waits until it speaks, and keys the PIN.
pub(crate) async fn key_in(phone: &Telephone, pin: &str, by: By) {
    let call = phone.dial("*89").await.unwrap();
    call.answered().await.unwrap_or_else(|end| panic!("{end:?}\n{}", phone.transcript()));
    assert!(call.hears(|heard| loud(heard) > 2000).await, "the service speaks: {:?}\n{}", call.heard(), phone.transcript());
    call.press(&format!("{pin}#"), by).await.unwrap();
    let end = call.ended().await;
    assert_eq!(end.by, Side::Them, "the service ends the call\n{}", phone.transcript());
    assert!(matches!(call.state(), CallState::Ended(_)));
}

/// How many codes were heard that are no silence.
pub(crate) fn loud(heard: &Heard) -> usize {
    heard.sound().map_or(0, |(_, codes)| codes.iter().filter(|code| !matches!(code, 0xff | 0x7f | 0xd5 | 0x55)).count())
}
