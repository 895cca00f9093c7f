//! What the tabs of a phone's page have in common: the phone, what the visitor may do to it, and forms that are shown again.

use std::collections::BTreeSet;

use domain::role::Action;
use minijinja::{Value, context};

use super::failure::Failure;
use super::template::{view, with_colons};
use super::visitor::Visitor;
use super::wrong::Wrong;
use crate::App;
use crate::admin::Error;
use crate::admin::device::{self, DeviceView};

/// A phone that the visitor sees, with what they may do to it.
pub(crate) struct Phone {
    pub device: DeviceView,
    can: BTreeSet<&'static str>,
}

impl Phone {
    /// Not found for whoever may not see it.
    pub async fn of(app: &App, visitor: &Visitor, mac: &str) -> Result<Self, Failure> {
        let device = device::look(&app.admin, &visitor.by, mac).await?;
        let can = device::allowed(&app.admin, &visitor.by, std::slice::from_ref(&device.mac)).await?.remove(&device.mac);
        Ok(Self { device, can: can.unwrap_or_default() })
    }

    pub fn may(&self, action: Action) -> bool {
        self.can.contains(action.code())
    }

    /// Refuses a page that leads to nothing but a refusal.
    pub fn must(&self, action: Action) -> Result<(), Failure> {
        if self.may(action) { Ok(()) } else { Err(Error::Forbidden.into()) }
    }

    /// Brand and model as acts take them.
    pub fn model(&self) -> String {
        format!("{}/{}", self.device.brand, self.device.model)
    }

    /// For the head of the page.
    pub fn context(&self, tab: &str) -> Value {
        context! { device => view(&self.device), can => view(&self.can), tab }
    }

    /// What a question about it names.
    pub fn about(&self) -> String {
        let device = &self.device;
        let parts = [with_colons(&device.mac), format!("{} {}", device.brand, device.model), device.label.clone()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
    }

    /// Its page.
    pub fn page(&self, tab: &str) -> String {
        let tab = if tab.is_empty() { String::new() } else { format!("/{tab}") };
        format!("/devices/{}{tab}", self.device.mac)
    }
}

/// What was wrong with a form's values, among them a place that there is not; everything else that went wrong is a page of its own.
pub(crate) fn wrong(visitor: &Visitor, error: Error) -> Result<Wrong, Failure> {
    match error {
        Error::NotFound(_) => Ok(visitor.told(&error, "")),
        Error::InUse(_) => Err(error.into()),
        other => visitor.wrong(other, &[]),
    }
}

#[cfg(test)]
mod tests {
    use domain::reason::Reason;

    use crate::pages::language::Language;

    #[test]
    fn the_pages_say_of_each_reason_what_the_rules_say() {
        for reason in Reason::ALL {
            let key = format!("reason-{}", reason.code());
            assert_eq!(Language::English.say(&key, None), reason.sentence());
            assert_eq!(Language::German.say(&key, None), reason.satz());
        }
    }
}
