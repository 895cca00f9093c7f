//! The telephone calls of a phone.

use domain::role::Action;
use serde::Serialize;
use store::call::Call;
use utoipa::ToSchema;

use super::{load, parse_mac};
use crate::admin::{Admin, By, Error};

/// One call of a phone, in the shape of interfaces.md. Never a digit that was keyed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CallView {
    /// When it came.
    pub started: String,
    /// When it ended.
    pub ended: String,
    /// From where.
    pub source: String,
    /// The SIP account that proved it.
    pub account: String,
    /// The number that was dialled to reach the service.
    pub dialled: String,
    /// What the voice said, first to last.
    pub prompts: Vec<String>,
    /// How it ended.
    pub result: String,
}

/// The telephone calls of a phone, newest first.
pub async fn calls(admin: &Admin, by: &By, mac: &str) -> Result<Vec<CallView>, Error> {
    let (mac, by) = (parse_mac(mac)?, by.clone());
    admin
        .read(move |db| {
            load(db, &by, mac, Action::ViewDevices)?;
            let view = |Call { started, ended, source, account, dialled, prompts, result, .. }: Call| {
                let (started, ended, source) = (started.rfc3339(), ended.rfc3339(), source.to_string());
                CallView { started, ended, source, account, dialled, prompts, result }
            };
            Ok(store::call::of_device(db, &by.scope(), mac)?.into_iter().map(view).collect())
        })
        .await
}
