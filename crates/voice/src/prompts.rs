//! What the voice says: prompts by language, encoded once; an operator's own over ours.

use std::sync::{Arc, PoisonError, RwLock};

use ::prompts::{Book, wav};
pub use ::prompts::{Clip, FRAME, Language, Name, Prompt, Word};
use store::prompt::{self, TOPIC};
use store::{News, Store};

use crate::limits::PROMPTS_RETRY;

/// The recordings in force. Clones share them; a call keeps the clips that it has, whatever is changed meanwhile.
#[derive(Clone, Debug)]
pub struct Library {
    store: Store,
    book: Arc<RwLock<Arc<Book>>>,
}

impl Library {
    /// The program's recordings with the operator's over them. If the store cannot be read just now, the program's alone:
    /// [`Self::follow`] looks again.
    pub async fn open(store: Store) -> Self {
        let library = Self { store, book: Arc::new(RwLock::new(Arc::new(Book::built_in().clone()))) };
        library.reload().await;
        library
    }

    /// The clips that say the words, in the language or in English; see [`Book::say`].
    pub fn say(&self, language: Language, words: &[Word]) -> Vec<Arc<Clip>> {
        self.book().say(language, words)
    }

    /// Whether there is a voice for that language.
    pub fn speaks(&self, language: Language) -> bool {
        self.book().speaks(language)
    }

    /// The recordings in force at this moment.
    pub fn book(&self) -> Arc<Book> {
        Arc::clone(&self.book.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes up what is changed in the store, within a second, on every node. Never ends: run it as a task and abort it.
    pub async fn follow(&self) {
        loop {
            let cursor = self.store.read(store::outbox::outbox_last).await;
            // Whatever was changed before the cursor is seen now; what comes after it is told.
            let Ok(cursor) = cursor else {
                pause().await;
                continue;
            };
            if !self.reload().await {
                pause().await;
                continue;
            }
            let mut reader = self.store.outbox_reader(cursor);
            while let Ok(news) = reader.next().await {
                let changed = match &news {
                    News::Missed => true,
                    News::Messages(messages) => messages.iter().any(|message| message.topic == TOPIC),
                };
                if changed && !self.reload().await {
                    break;
                }
            }
            pause().await;
        }
    }

    /// Reads the operator's recordings again; false if the store could not.
    async fn reload(&self) -> bool {
        // Decoded and encoded where the store reads: on a thread that may take its time.
        match self.store.report(|db| Ok(laid_over(prompt::all(db)?))).await {
            Ok(book) => {
                *self.book.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(book);
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the operator's voice prompts could not be read; those at hand stay");
                false
            }
        }
    }
}

/// Our recordings with an operator's over them. One that cannot be read is left out: ours is heard then.
fn laid_over(kept: Vec<prompt::Prompt>) -> Book {
    let mut book = Book::built_in().clone();
    for prompt in kept {
        let clip = wav::samples(&prompt.wav).map(|samples| Arc::new(Clip::from_pcm8k(&samples)));
        let taken = match (Language::parse(&prompt.language), Name::parse(&prompt.name), clip) {
            (Some(language), Some(name), Ok(clip)) => book.put(language, name, clip),
            _ => false,
        };
        if !taken {
            tracing::warn!(prompt.language, prompt.name, "a voice prompt in the store is not used; set it again");
        }
    }
    book
}

async fn pause() {
    tokio::time::sleep(PROMPTS_RETRY).await;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::chance::Seeded;
    use domain::{Span, Time};
    use store::{KeyRing, Options, Scope};

    use super::*;

    async fn store(dir: &tempfile::TempDir) -> Store {
        let (ring, options) = (KeyRing::generate(&mut Seeded::new(1)), Options::new(dir.path()));
        Store::open("sqlite:prompts.db", &ring, Box::new(Seeded::new(2)), options).await.unwrap()
    }

    fn kept(language: &str, name: &str, wav: Vec<u8>) -> prompt::Prompt {
        prompt::Prompt { language: language.into(), name: name.into(), wav, set_at: Time::from_millis(0) + Span::seconds(1) }
    }

    async fn put(store: &Store, prompt: prompt::Prompt) {
        store.write(move |db| prompt::put(db, &Scope::Operator, &prompt)).await.unwrap();
    }

    #[tokio::test]
    async fn a_prompt_is_heard_when_it_is_set_and_ours_again_when_it_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir).await;
        let library = Library::open(store.clone()).await;
        let follower = tokio::spawn({
            let library = library.clone();
            async move { library.follow().await }
        });
        // Set by somebody else: the command line, or another node.
        let store = self::store(&dir).await;
        let (ours, sound) = (library.say(Language::DE, &[Prompt::Goodbye.into()]), vec![900; 320]);
        put(&store, kept("de", "goodbye", wav::write(&sound))).await;
        let theirs = vec![Arc::new(Clip::from_pcm8k(&sound))];
        wait_for(&library, &theirs).await;
        // What nobody could set by the door does no harm either.
        put(&store, kept("de", "goodbye", b"RIFF, but no sound".to_vec())).await;
        wait_for(&library, &ours).await;
        put(&store, kept("de", "goodbye", wav::write(&sound))).await;
        wait_for(&library, &theirs).await;
        store.write(|db| prompt::remove(db, &Scope::Operator, Time::from_millis(2), "de", "goodbye")).await.unwrap();
        wait_for(&library, &ours).await;
        follower.abort();
    }

    #[tokio::test]
    async fn a_language_is_added_by_its_recordings() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir).await;
        let dutch = Language::parse("nl").unwrap();
        assert!(!Library::open(store.clone()).await.speaks(dutch));
        put(&store, kept("nl", "enter-code", wav::write(&[900; 320]))).await;
        put(&store, kept("no language", "enter-code", wav::write(&[900; 320]))).await;
        put(&store, kept("nl", "no name", wav::write(&[900; 320]))).await;
        let library = Library::open(store).await;
        assert!(library.speaks(dutch));
        assert_eq!(library.say(dutch, &[Prompt::Right.into()]), library.say(Language::EN, &[Prompt::Right.into()]));
    }

    async fn wait_for(library: &Library, clips: &[Arc<Clip>]) {
        let heard = async {
            while library.say(Language::DE, &[Prompt::Goodbye.into()]) != clips {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), heard).await.expect("the library follows the store");
    }
}
