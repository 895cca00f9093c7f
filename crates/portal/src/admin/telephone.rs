//! What an operator's own telephone system asks: is this PIN right, and how is this account proved. The operator's alone. And the test of a
//! trunk, for whoever may change it.

use domain::role::Action;
use domain::tenancy::Node;

use super::{Admin, By, Error, trunk};
use crate::telephone::{PinAnswer, PinAttempt, SipAccount, Telephone, TrunkStep};

/// Takes a PIN that was keyed in elsewhere. The device's own events tell what came of it.
pub async fn pin_attempt(by: &By, telephone: &dyn Telephone, attempt: PinAttempt) -> Result<PinAnswer, Error> {
    by.may_platform(Action::OperatePlatform)?;
    telephone.pin_attempt(attempt, by.now).await
}

/// Shows how an account is proved (audited: whoever knows it can register as that phone).
pub async fn sip_account(admin: &Admin, by: &By, telephone: &dyn Telephone, name: &str) -> Result<SipAccount, Error> {
    by.may_platform(Action::OperatePlatform)?;
    let found = telephone.sip_account(name.to_owned(), by.now).await?;
    let account = found.ok_or_else(|| Error::NotFound(format!("account {name}")))?;
    let (by, subject) = (by.clone(), account.name.clone());
    admin.write(move |db| by.audit(db, Node::Operator, Action::RevealPassword.code(), &subject, "SIP account")).await?;
    Ok(account)
}

/// Tests a trunk from the server: asks whether it answers, and calls its test number if it has one.
pub async fn test_trunk(admin: &Admin, by: &By, telephone: &dyn Telephone, name: String) -> Result<Vec<TrunkStep>, Error> {
    telephone.test_trunk(trunk::for_test(admin, by, name).await?).await
}
