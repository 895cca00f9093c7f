//! The order of Grandstream's files: the binary file, which an XML server never has, and the XML file of the phone; then, where that
//! failed, those of the model and of everybody. With `P8467` all of them. At the end the firmware, if somebody named a place for it.

use std::collections::VecDeque;

use super::file::File;
use super::{Family, names};
use crate::address::{Address, Slash};
use crate::firmware::{Came, Ended, Fetched, Got, Pass, Step, Unit, Work};
use crate::identity::Identity;

/// A pass over one server.
pub(super) struct ConfigFiles {
    server: Address,
    waiting: VecDeque<Asked>,
    asked: Option<Asked>,
    is_firmware: bool,
    ended: Ended,
}

struct Asked {
    name: String,
    /// Read as XML; the binary form is none that a server of today writes.
    is_xml: bool,
}

impl ConfigFiles {
    pub fn over(server: &Address, unit: Unit<'_>) -> Self {
        let [before, behind] = ["P234", "P235"].map(|key| unit.text(key).unwrap_or_default());
        let asked = |(name, is_xml): (String, bool)| Asked { name: format!("{before}{name}{behind}"), is_xml };
        let waiting = files(unit.identity).into_iter().map(asked).collect();
        Self { server: server.clone(), waiting, asked: None, is_firmware: false, ended: Ended::NothingThere }
    }

    fn take(&mut self, work: &mut Work<'_>, fetched: &Fetched) {
        let file = match File::read(&fetched.body, work.unit()) {
            Ok(file) => file,
            Err(why) => {
                work.refuses(&fetched.at, why);
                self.ended = self.ended.max(Ended::Bad);
                return;
            }
        };
        let before = work.flash.settings().clone();
        for (key, value) in &file.values {
            work.flash.set(key, value);
        }
        let changed = *work.flash.settings() != before;
        let news = if changed { "" } else { ", none of them new" };
        work.note(format!("applies {} values{news}", file.values.len()));
        self.ended = self.ended.max(if changed { Ended::Applied } else { Ended::Unchanged });
        if work.unit().text("P8467") != Some("1") {
            self.waiting.clear();
        }
    }

    /// `<model>fw.bin`, from a server of its own. Whether it is there changes nothing about the configuration.
    fn firmware(&mut self, work: &Work<'_>) -> Option<Address> {
        let unit = work.unit();
        let folder = unit.text("P192").filter(|_| !std::mem::replace(&mut self.is_firmware, true))?;
        let protocol = unit.text("P6767").or_else(|| unit.text("P212"));
        let scheme = if protocol == Some("2") { "https" } else { "http" };
        let server: Address = format!("{scheme}://{folder}").parse().ok()?;
        Some(server.file(&format!("{}fw.bin", names::model_in_names(unit.identity)), Slash::One))
    }
}

impl Pass for ConfigFiles {
    fn next(&mut self, work: &mut Work<'_>, came: Came) -> Step {
        match (came.one(), self.asked.take()) {
            (Some(Got::File(fetched)), Some(asked)) if asked.is_xml => self.take(work, &fetched),
            (Some(Got::File(fetched)), Some(_)) => work.refuses(&fetched.at, "it is no binary configuration"),
            (Some(got), Some(asked)) => {
                if let Some(ended) = got.stop().filter(|_| asked.is_xml) {
                    return Step::End(ended);
                }
            }
            // The start, or the firmware's answer.
            (_, None) | (None, Some(_)) => {}
        }
        if let Some(next) = self.waiting.pop_front() {
            let at = self.server.file(&next.name, Slash::Added);
            self.asked = Some(next);
            return Step::get(at);
        }
        match self.firmware(work) {
            Some(at) if self.ended >= Ended::Unchanged => Step::get(at),
            _ => Step::End(self.ended),
        }
    }
}

/// The names in their order, and whether each is XML.
fn files(identity: &Identity) -> Vec<(String, bool)> {
    let (mac, model) = (identity.mac, names::model_in_names(identity));
    let (binary, own, everybody) = (format!("cfg{mac}"), format!("cfg{mac}.xml"), "cfg.xml".to_owned());
    let of_model = format!("cfg{model}.xml");
    let is_oldest = ["GXP11", "GXP14", "GXP210", "GXP211", "GXP212", "HT50"].iter().any(|series| identity.model.starts_with(series));
    let has_model_file = Family::of(identity) == Family::Phone && !identity.model.starts_with("WP");
    match identity.model.as_str() {
        _ if is_oldest => vec![(own, true), (binary, false), (everybody, true)],
        name if name.starts_with("GRP") => vec![(format!("{binary}.bin"), false), (own, true), (of_model, true), (everybody, true)],
        _ if has_model_file => vec![(binary, false), (own, true), (of_model, true), (everybody, true)],
        _ => vec![(binary, false), (own, true), (everybody, true)],
    }
}
