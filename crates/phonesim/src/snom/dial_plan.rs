//! Dial plan strings: entries with blanks between them, the first that matches wins.

/// An entry: `|^112$|sip:112@\d|d`.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    pattern: Pattern,
    /// The number without `sip:` and domain; `\1` is what the brackets held.
    number: String,
    /// Dials as soon as it matches.
    at_once: bool,
}

/// As much of regular expressions as dial plans here are written in.
#[derive(Debug, PartialEq, Eq)]
enum Pattern {
    /// One of these, whole.
    Words(Vec<String>),
    /// `.+`: one key and more.
    Anything,
}

/// The plan of one identity. Without an entry that matches, what is dialled leaves as it is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct DialPlan(Vec<Entry>);

impl DialPlan {
    /// Entries that nobody can read are passed over.
    pub fn read(text: &str) -> Self {
        Self(text.split(' ').filter_map(entry).collect())
    }

    /// What leaves when somebody keys this in and then waits; an entry that dials at once does so at the first key that makes it match.
    pub fn dialled(&self, digits: &str) -> String {
        let mut typed = (1..=digits.len()).filter_map(|end| digits.get(..end));
        let early = typed.find_map(|typed| Some((typed, self.entry(typed).filter(|entry| entry.at_once)?)));
        match early.or_else(|| Some((digits, self.entry(digits)?))) {
            Some((typed, entry)) => entry.number.replace("\\1", typed),
            None => digits.to_owned(),
        }
    }

    /// The one number that an entry for anything leads to.
    pub fn hotline(&self) -> Option<String> {
        let entry = self.0.iter().find(|entry| entry.pattern == Pattern::Anything)?;
        Some(entry.number.clone()).filter(|number| !number.contains('\\'))
    }

    fn entry(&self, typed: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| match &entry.pattern {
            Pattern::Words(words) => words.iter().any(|word| word == typed),
            Pattern::Anything => !typed.is_empty(),
        })
    }
}

fn entry(text: &str) -> Option<Entry> {
    let delimiter = text.chars().next()?;
    let parts: Vec<&str> = text[delimiter.len_utf8()..].split(delimiter).collect();
    let [pattern, replacement, flags] = parts[..] else { return None };
    let number = replacement.strip_prefix("sip:").unwrap_or(replacement).split('@').next()?.to_owned();
    Some(Entry { pattern: read_pattern(pattern)?, number, at_once: flags.contains('d') })
}

fn read_pattern(text: &str) -> Option<Pattern> {
    let inner = text.strip_prefix('^')?.strip_suffix('$')?;
    let inner = inner.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(inner);
    if matches!(inner, ".+" | ".*") {
        return Some(Pattern::Anything);
    }
    let words: Vec<String> = inner.split('|').map(str::to_owned).collect();
    let plain = |word: &String| word.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'*' | b'#'));
    words.iter().all(plain).then_some(Pattern::Words(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_entry_that_matches_wins_and_only_a_whole_number_can_match_it() {
        let plan = DialPlan::read(r"|^112$|sip:112@\d|d !^(110|911)$!sip:\1@\d!d |^(.+)$|sip:*89@\d|");
        let dialled = ["112", "110", "911", "1", "0815", "1120", ""].map(|digits| plan.dialled(digits));
        assert_eq!(dialled, ["112", "110", "911", "*89", "*89", "112", ""]);
        assert_eq!(plan.hotline().as_deref(), Some("*89"));
    }

    #[test]
    fn an_entry_that_takes_anything_at_once_lets_no_number_become_whole() {
        let plan = DialPlan::read(r"|^112$|sip:112@\d|d |^(.+)$|sip:*89@\d|d");
        assert_eq!(plan.dialled("112"), "*89");
    }

    #[test]
    fn what_matches_nothing_leaves_as_it_is() {
        for text in ["", "|^0(.*)$|sip:\\1@\\d|", "nonsense", "|^112$|sip:112"] {
            let plan = DialPlan::read(text);
            assert_eq!((plan.dialled("0815"), plan.hotline()), ("0815".to_owned(), None), "{text}");
        }
        assert_eq!(DialPlan::read(r"|^(.+)$|sip:\1@\d|").hotline(), None, "it lets everything through");
    }
}
