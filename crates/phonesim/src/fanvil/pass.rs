//! The order of Fanvil's files: the hardware's own, where it is switched on, then the device's, which decides.

use super::file::File;
use super::{Generation, device_file};
use crate::address::{Address, Slash};
use crate::firmware::{Came, Ended, Fetched, Got, Pass, Step, Unit, Work};

/// A pass over one server.
pub(super) struct CommonThenDevice {
    device: Address,
    common: Option<Address>,
    at_device: bool,
    ended: Ended,
}

impl CommonThenDevice {
    pub fn over(server: &Address, unit: Unit<'_>) -> Self {
        let device = device_file(unit, server);
        let is_on = unit.text(Generation::of(unit.identity).key("Download CommonConf", "ap/DownloadCommonConf")) != Some("0");
        let folder = device.path.rfind('/').map_or("", |at| &device.path[..at]);
        let beside = Address { path: folder.to_owned(), ..device.clone() };
        let common = unit.identity.common.as_ref().filter(|_| is_on).map(|name| beside.file(&format!("{name}.cfg"), Slash::One));
        Self { device, common, at_device: false, ended: Ended::NothingThere }
    }

    fn take(&mut self, work: &mut Work<'_>, fetched: &Fetched) {
        let generation = Generation::of(work.identity);
        let file = match File::read(&fetched.body, generation) {
            Ok(file) => file,
            Err(why) => {
                work.refuses(&fetched.at, why);
                self.ended = self.ended.max(Ended::Bad);
                return;
            }
        };
        let (name, md5) = (fetched.at.file_name().to_owned(), fetched.md5());
        let stays_behind = generation == Generation::First && !rises(&file.version, work.unit().text("version"));
        if stays_behind || work.flash.was_applied(&name, &md5) {
            work.note(if stays_behind { "passes over a file whose version did not rise" } else { "has applied just this before" });
            self.ended = self.ended.max(Ended::Unchanged);
            return;
        }
        for (key, value) in &file.settings {
            work.flash.set(key, value);
        }
        work.flash.set("version", &file.version);
        work.flash.remember_applied(name, md5);
        work.note(format!("applies {} settings", file.settings.len()));
        self.ended = Ended::Applied;
    }
}

/// Digits and a dot, compared as a number. A phone fresh from the box takes any.
fn rises(version: &str, held: Option<&str>) -> bool {
    let number = |text: &str| text.split('.').map(|part| part.parse::<u64>().unwrap_or(0)).collect::<Vec<_>>();
    held.is_none_or(|held| number(version) > number(held))
}

impl Pass for CommonThenDevice {
    fn next(&mut self, work: &mut Work<'_>, came: Came) -> Step {
        match came.one() {
            None => {}
            Some(Got::File(fetched)) => self.take(work, &fetched),
            // A hardware file that is missing, or guarded, stops nobody.
            Some(got) => {
                if let Some(ended) = got.stop().filter(|_| self.at_device) {
                    return Step::End(ended);
                }
            }
        }
        if let Some(common) = self.common.take() {
            return Step::get(common);
        }
        if std::mem::replace(&mut self.at_device, true) {
            return Step::End(self.ended);
        }
        Step::get(self.device.clone())
    }
}
