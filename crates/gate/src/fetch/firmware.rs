//! The operator's firmware files: `firmware/<brand>/<name>` under the data directory.

use std::io::SeekFrom;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use domain::extra::is_firmware_name;
use http::{HeaderValue, StatusCode};
use tokio::fs::File;
use tokio::io::AsyncSeekExt;
use tokio::sync::Semaphore;

use crate::answer::Answer;
use crate::limits::{FIRMWARE_BYTES_MAX, Limits};
use crate::phones::{Method, Request};
use crate::range::Part;
use crate::transfer::Transfer;

/// Where the files are, and how many are sent at a time.
#[derive(Debug)]
pub struct Shelf {
    folder: Option<PathBuf>,
    seats: Arc<Semaphore>,
    time: Duration,
    retry_after: u32,
}

impl Shelf {
    /// Over the folder of the data directory, if there is one.
    pub fn new(folder: Option<PathBuf>, limits: &Limits) -> Self {
        let seats = Arc::new(Semaphore::new(limits.transfers));
        Self { folder, seats, time: limits.transfer, retry_after: limits.retry_after }
    }

    /// The file of that brand and name, or the part of it that is asked for; 404 if there is none.
    pub async fn answer(&self, brand: &str, name: &str, request: &Request) -> Answer {
        match self.find(brand, name, request).await {
            Ok(answer) => answer,
            Err(error) => {
                if error.kind() != std::io::ErrorKind::NotFound {
                    tracing::error!(%error, brand, name, "firmware file {brand}/{name} cannot be read: {error}");
                }
                Answer::not_found()
            }
        }
    }

    async fn find(&self, brand: &str, name: &str, request: &Request) -> std::io::Result<Answer> {
        let Some(folder) = self.folder.as_ref().filter(|_| is_firmware_name(name)) else { return Ok(Answer::not_found()) };
        let path = folder.join(brand).join(name);
        // Whatever is no plain file (a link out of the folder, a pipe that never ends) is no firmware.
        if !tokio::fs::symlink_metadata(&path).await?.is_file() {
            return Ok(Answer::not_found());
        }
        let mut file = File::open(&path).await?;
        let about = file.metadata().await?;
        if about.len() > FIRMWARE_BYTES_MAX {
            tracing::warn!(brand, name, bytes = about.len(), "firmware file {brand}/{name} is too large to be served");
            return Ok(Answer::not_found());
        }
        let etag = entity_tag(&about);
        let held = request.holds(&etag);
        let part = if held || request.method == Method::Head { Part::Whole } else { Part::wanted(&request.headers, &etag, about.len()) };
        let (from, bytes) = match part {
            Part::Beyond => return Ok(beyond(about.len())),
            Part::Whole => (0, about.len()),
            Part::Bytes(first, last) => (first, last - first + 1),
        };
        let Ok(seat) = Arc::clone(&self.seats).try_acquire_owned() else { return Ok(Answer::unavailable(self.retry_after)) };
        file.seek(SeekFrom::Start(from)).await?;
        let mut answer = Answer::transfer(Transfer::new(file, bytes, seat, self.time), etag);
        if let Part::Bytes(first, last) = part {
            answer.status = StatusCode::PARTIAL_CONTENT;
            answer.content_range = HeaderValue::try_from(format!("bytes {first}-{last}/{}", about.len())).ok();
        }
        Ok(answer)
    }
}

/// 416, with the size that there is.
fn beyond(size: u64) -> Answer {
    let content_range = HeaderValue::try_from(format!("bytes */{size}")).ok();
    Answer { content_range, ..Answer::text(StatusCode::RANGE_NOT_SATISFIABLE, "No such range.\n") }
}

/// From size and time of change: a large file is not read twice to be sent once.
fn entity_tag(about: &std::fs::Metadata) -> HeaderValue {
    let changed = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    HeaderValue::try_from(format!("\"{:x}-{:x}\"", changed.as_nanos(), about.len())).expect("hexadecimal digits in quotes")
}
