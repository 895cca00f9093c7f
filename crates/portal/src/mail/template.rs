//! What is written, in every language. A gap is a name in braces.

use crate::language::Language;

/// What a letter is about. `{portal}` is under whose name it is written, in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// Something needs somebody: `{alerts}` is a list, `{count}` how many, `{first}` the first one's heading.
    Alerts,
    /// Somebody was added and chooses a password: `{name}`, `{link}`, `{hours}`.
    Invitation,
    /// Somebody forgot their password: `{name}`, `{link}`, `{hours}`.
    ForgottenPassword,
}

impl Template {
    /// Subject and text with their gaps filled. No value begins a new line of the subject.
    pub fn fill(self, language: Language, values: &[(&str, &str)]) -> (String, String) {
        let (subject, text) = self.texts(language);
        (fill(subject, values).replace(char::is_control, " "), fill(text, values))
    }

    fn texts(self, language: Language) -> (&'static str, &'static str) {
        match (self, language) {
            (Self::Alerts, Language::English) => {
                ("{portal}: {first}", "Hello,\n\n{alerts}\nYou get this because you wish alerts. Your account's settings end them.\n")
            }
            (Self::Alerts, Language::German) => (
                "{portal}: {first}",
                "Guten Tag,\n\n{alerts}\nSie erhalten diese Nachricht, weil Sie Meldungen wünschen. In den Einstellungen Ihres Kontos lassen sie \
                 sich abschalten.\n",
            ),
            (Self::Invitation, Language::English) => (
                "Your access to {portal}",
                "Hello {name},\n\nan account was made for you. Choose a password here within {hours} hours:\n\n{link}\n\nIf you do not expect \
                 this, do nothing: without a password nobody can use the account.\n",
            ),
            (Self::Invitation, Language::German) => (
                "Ihr Zugang zu {portal}",
                "Guten Tag {name},\n\nfür Sie wurde ein Konto angelegt. Wählen Sie innerhalb von {hours} Stunden hier ein Passwort:\n\n{link}\n\n\
                 Wenn Sie das nicht erwarten, brauchen Sie nichts zu tun: Ohne Passwort kann niemand das Konto benutzen.\n",
            ),
            (Self::ForgottenPassword, Language::English) => (
                "A new password for {portal}",
                "Hello {name},\n\nsomebody asked for a new password for your account. Choose one here within {hours} hours:\n\n{link}\n\nIf it \
                 was not you, do nothing: your password stays as it is.\n",
            ),
            (Self::ForgottenPassword, Language::German) => (
                "Ein neues Passwort für {portal}",
                "Guten Tag {name},\n\njemand hat für Ihr Konto ein neues Passwort angefordert. Wählen Sie es innerhalb von {hours} Stunden \
                 hier:\n\n{link}\n\nWenn Sie das nicht waren, brauchen Sie nichts zu tun: Ihr Passwort bleibt, wie es ist.\n",
            ),
        }
    }
}

/// Fills gaps from left to right, so that braces in a value are no gap.
pub(super) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, (name, after))) = rest.split_once('{').and_then(|(before, gap)| Some((before, gap.split_once('}')?))) {
        filled.push_str(before);
        filled.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaps(text: &str) -> Vec<&str> {
        let mut gaps: Vec<_> = text.split('{').skip(1).filter_map(|gap| gap.split('}').next()).collect();
        gaps.sort_unstable();
        gaps.dedup();
        gaps
    }

    #[test]
    fn every_language_has_the_same_gaps() {
        for template in [Template::Alerts, Template::Invitation, Template::ForgottenPassword] {
            let (english, german) = (template.texts(Language::English), template.texts(Language::German));
            assert_eq!((gaps(english.0), gaps(english.1)), (gaps(german.0), gaps(german.1)), "{template:?}");
            assert!(english.1 != german.1, "{template:?}");
        }
    }

    #[test]
    fn a_value_opens_no_gap_and_no_line_of_the_subject() {
        let values = [
            ("name", "{link}\r\nBcc: x"),
            ("link", "https://portal.example.com/x"),
            ("hours", "48"),
            ("first", "a\nb"),
            ("portal", "N\nP"),
        ];
        let (subject, text) = Template::Invitation.fill(Language::German, &values);
        assert!(
            text.contains("{link}\r\nBcc: x") && text.contains("https://portal.example.com/x") && text.contains("48 Stunden"),
            "{text}"
        );
        assert_eq!(subject, "Ihr Zugang zu N P");
        assert_eq!(Template::Alerts.fill(Language::English, &values).0, "N P: a b");
    }
}
