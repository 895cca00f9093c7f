//! What displays say, in the languages that it is written in.

use crate::manifest::Charset;
use crate::order::Notice;

/// The words of one language: whole ones, and shorter ones for narrow displays.
struct Words {
    language: &'static str,
    /// In the order of [`Notice::ALL`].
    whole: [&'static str; 4],
    short: [&'static str; 4],
}

const ENGLISH: Words = Words {
    language: "en",
    whole: ["Authentication needed", "Authentication failed", "Authentication blocked", "Reset needed"],
    short: ["Auth needed", "Auth failed", "Auth blocked", "Reset needed"],
};

/// The other languages.
const WORDS: [Words; 4] = [
    Words {
        language: "de",
        whole: ["Authentifizierung nötig", "Authentifizierung gescheitert", "Authentifizierung gesperrt", "Zurücksetzen nötig"],
        short: ["PIN nötig", "PIN falsch", "PIN gesperrt", "Reset nötig"],
    },
    Words {
        language: "es",
        whole: ["Autenticación necesaria", "Autenticación fallida", "Autenticación bloqueada", "Reinicio necesario"],
        short: ["Falta PIN", "PIN fallido", "PIN bloqueado", "Falta reset"],
    },
    Words {
        language: "fr",
        whole: ["Authentification requise", "Authentification échouée", "Authentification bloquée", "Réinitialisation requise"],
        short: ["PIN requis", "PIN refusé", "PIN bloqué", "Reset requis"],
    },
    Words {
        language: "it",
        whole: ["Autenticazione richiesta", "Autenticazione fallita", "Autenticazione bloccata", "Ripristino richiesto"],
        short: ["PIN richiesto", "PIN errato", "PIN bloccato", "Reset richiesto"],
    },
];

impl Notice {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Needed, Self::Failed, Self::Blocked, Self::ResetNeeded];

    /// The words, as people see them everywhere but on phones that speak another language.
    pub fn text(self) -> &'static str {
        ENGLISH.whole[self as usize]
    }

    /// What a display shows: in its language if there are words for it, else in English, as long as it can be.
    pub(crate) fn shown(self, language: &str, charset: Charset, chars_max: u16) -> String {
        let words = WORDS.iter().find(|words| words.language == language).unwrap_or(&ENGLISH);
        let write = |text: &str| if charset == Charset::Ascii { plain(text) } else { text.to_owned() };
        let whole = write(words.whole[self as usize]);
        if whole.chars().count() <= usize::from(chars_max) { whole } else { write(words.short[self as usize]) }
    }

    /// Whether a text is, or begins with, one of our notices in any of its forms.
    pub(crate) fn is_in(text: &str) -> bool {
        let all = WORDS.iter().chain([&ENGLISH]).flat_map(|words| words.whole.iter().chain(&words.short));
        all.into_iter().any(|words| text.starts_with(words) || text.starts_with(&plain(words)))
    }
}

/// The same with letters that every display has.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            'ä' => plain.push_str("ae"),
            'ö' => plain.push_str("oe"),
            'ü' => plain.push_str("ue"),
            'é' | 'è' => plain.push('e'),
            'ó' => plain.push('o'),
            'É' => plain.push('E'),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_shows_as_much_as_it_can() {
        let shown = |language, charset, max| Notice::Needed.shown(language, charset, max);
        assert_eq!(shown("en", Charset::Utf8, 64), Notice::Needed.text());
        assert_eq!(shown("xx", Charset::Ascii, 21), "Authentication needed");
        assert_eq!(shown("en", Charset::Utf8, 20), "Auth needed");
        assert_eq!(shown("de", Charset::Utf8, 64), "Authentifizierung nötig");
        assert_eq!(shown("de", Charset::Ascii, 12), "PIN noetig");
    }

    #[test]
    fn every_form_is_known_again_and_written_with_letters_that_there_are() {
        for language in ["en", "de", "es", "fr", "it"] {
            for notice in Notice::ALL {
                for (charset, max) in [(Charset::Utf8, 64), (Charset::Ascii, 64), (Charset::Utf8, 15), (Charset::Ascii, 16)] {
                    let shown = notice.shown(language, charset, max);
                    assert!(Notice::is_in(&shown) && Notice::is_in(&format!("{shown} 1A2B3C")), "{shown}");
                    assert!(shown.chars().count() <= usize::from(max), "{shown}");
                    assert!(charset == Charset::Utf8 || shown.is_ascii(), "{shown}");
                }
            }
        }
        assert!(!Notice::is_in("Reception"));
    }
}
