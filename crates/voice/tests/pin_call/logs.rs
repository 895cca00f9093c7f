//! Digits that are keyed in stand in no log, at no level, and nowhere in what is kept.

use std::io::Write;
use std::sync::{Arc, Mutex};

use phonesim::sip::{By, CallOptions};
use tokio::time::timeout;
use tracing_subscriber::fmt::MakeWriter;
use voice::prompts::{Prompt, Word};

use crate::house::{ADDED, House, PATIENCE, hasty, is_told};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Kept {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The subscriber is this whole process's: threads for sound and for the store write into it, and the other tests do.
#[tokio::test]
async fn digits_stand_nowhere() {
    let kept = Kept::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).without_time().with_writer(kept.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let house = House::open().await;
    let (agent, _incoming) = house.agent().await;
    let (pin, wrong) = (house.pin().await, "918273");
    assert_ne!(pin, wrong);
    for (seed, by) in [(1, By::InfoRelay), (2, By::Rfc4733), (3, By::Tones)] {
        let options = CallOptions { telephone_events: by == By::Rfc4733, ..hasty() };
        let call = agent.call(&house.account(&house.claim(ADDED, seed)), "*89", &options).await.unwrap();
        call.answered().await.unwrap();
        call.press(&format!("{wrong}#"), by).await.unwrap();
        is_told(&call, Word::Tries(2)).await;
        call.press(&format!("{pin}#"), by).await.unwrap();
        is_told(&call, Prompt::Right).await;
        timeout(PATIENCE, call.ended()).await.unwrap();
    }
    let calls = format!("{:?} {:?}", house.noted(3).await, house.outbox().await);
    let log = String::from_utf8_lossy(&kept.0.lock().unwrap()).into_owned();
    assert!(log.contains("a call to the service ended"), "the lowest levels are kept: {log}");
    for secret in [pin.as_str(), wrong, "Signal="] {
        assert!(!calls.contains(secret), "{secret} in {calls}");
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret} in {line:?}");
        for file in house.files() {
            let bytes = std::fs::read(&file).unwrap();
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret} in {}", file.display());
        }
    }
}
