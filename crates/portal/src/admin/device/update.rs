//! Changing what a phone is set to.

use domain::admin as rules;
use domain::role::Action;
use domain::settings::{Line, Settings};
use store::device::{Setup, Stored};

use super::view::{DeviceView, Viewer};
use super::{NewDevice, carry_out, check, load, node_of, parse_mac};
use crate::admin::tree::NodeNames;
use crate::admin::{Admin, By, Error, before, still};

/// What is changed of a phone; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct DeviceChange {
    /// Brand and model, `yealink/T46S`.
    pub model: Option<String>,
    /// What people call it.
    pub label: Option<String>,
    /// All of its lines.
    pub lines: Option<Vec<Line>>,
    /// All settings of this phone alone.
    pub settings: Option<Settings>,
    /// Switched off by an admin.
    pub disabled: Option<bool>,
    /// It may live by trusted network or suspension alone, if no PIN can be keyed in on the new model.
    pub by_trust: bool,
}

/// Changes a phone, which is told to fetch; `expected`: only this version of it. Where it stands and how it proves itself stay.
pub async fn update(admin: &Admin, by: &By, mac: &str, change: DeviceChange, expected: Option<i64>) -> Result<DeviceView, Error> {
    let (mac, by, viewer, catalogue) = (parse_mac(mac)?, by.clone(), Viewer::new(admin), admin.catalogue.current());
    admin
        .write(move |db| {
            let (Stored { device, version }, policy) = load(db, &by, mac, Action::EditDevices)?;
            still(expected, version)?;
            let kept = store::device::setup(db, &by.scope(), mac)?;
            let checked = check(
                &catalogue,
                NewDevice {
                    mac: mac.to_string(),
                    place: NodeNames::default(),
                    model: change.model.clone().unwrap_or_else(|| device.model.clone()),
                    label: change.label.clone().unwrap_or_else(|| device.label.clone()),
                    lines: change.lines.clone().unwrap_or(kept.lines),
                    settings: change.settings.clone().unwrap_or(kept.settings),
                    by_trust: change.by_trust,
                    ..NewDevice::default()
                },
            )?;
            if checked.model != device.model {
                checked.check_trust(&policy)?;
            }
            let mut next = rules::disable(&device, change.disabled.unwrap_or(device.disabled));
            next.device.model.clone_from(&checked.model);
            next.device.label.clone_from(&checked.label);
            before::note(db, &by, &catalogue, mac, |setup| setup.clone_from(&checked.setup))?;
            let version = store::device::save(db, &Stored { device: next.device.clone(), version }, by.now)?;
            let Setup { lines, settings } = checked.setup;
            store::device::save_setup(db, &by.scope(), mac, &Setup { lines, settings }, version)?;
            carry_out(db, &by, &next.device, &next.effects)?;
            by.audit(db, node_of(device.place), "device.changed", &mac.to_string(), &checked.model)?;
            viewer.view(db, &by, mac)
        })
        .await
}
