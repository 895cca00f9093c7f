//! What the demo writes: headings, requests in columns, checks. No line is wider than [`WIDTH`].

use std::io::{self, IsTerminal, Write};

use phonesim::{Exchange, SentLogin, Signal, Step, Transcript};

use crate::failure::Failure;

/// Columns of the narrowest terminal that the story is set for.
pub const WIDTH: usize = 100;

/// Words of this many characters and more are handles and users that nobody can read: they are cut.
const LONG_WORD: usize = 24;

/// Where the story is written, and what is counted while it is.
pub struct Screen {
    out: Box<dyn Write + Send>,
    colour: bool,
    broken: bool,
    written: String,
    passed: usize,
    failed: usize,
}

/// A colour, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paint {
    Plain,
    Bold,
    Faint,
    Green,
    Yellow,
    Red,
}

impl Paint {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "1",
            Self::Faint => "2",
            Self::Green => "32",
            Self::Yellow => "33",
            Self::Red => "31",
        }
    }

    fn of(status: Option<u16>) -> Self {
        match status {
            Some(200..=299) => Self::Green,
            Some(401) => Self::Yellow,
            Some(404) => Self::Plain,
            _ => Self::Red,
        }
    }
}

/// What happens beside the story, to be told when there is time.
#[derive(Debug, Default)]
pub struct Page(Vec<Told>);

#[derive(Debug)]
enum Told {
    Say(String),
    Actor(String),
    Transcript(Transcript),
    Check(bool, String),
}

impl Page {
    /// See [`Screen::say`].
    pub fn say(&mut self, text: &str) {
        self.0.push(Told::Say(text.to_owned()));
    }

    /// See [`Screen::actor`].
    pub fn actor(&mut self, text: String) {
        self.0.push(Told::Actor(text));
    }

    /// See [`Screen::transcript`].
    pub fn transcript(&mut self, transcript: Transcript) {
        self.0.push(Told::Transcript(transcript));
    }

    /// See [`Screen::check`].
    pub fn check(&mut self, kept: bool, promise: &str) {
        self.0.push(Told::Check(kept, promise.to_owned()));
    }
}

impl Screen {
    /// Standard output; in colour on a terminal, unless `NO_COLOR` is set.
    pub fn stdout() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self::new(Box::new(io::stdout()), wanted && io::stdout().is_terminal())
    }

    fn new(out: Box<dyn Write + Send>, colour: bool) -> Self {
        Self { out, colour, broken: false, written: String::new(), passed: 0, failed: 0 }
    }

    /// The first line of all.
    pub fn title(&mut self, text: &str) {
        self.line(&[(Paint::Bold, text)]);
    }

    /// A chapter's heading.
    pub fn heading(&mut self, text: &str) {
        let rule = "─".repeat(WIDTH.saturating_sub(text.chars().count() + 4));
        self.line(&[]);
        self.line(&[(Paint::Faint, "── "), (Paint::Bold, text), (Paint::Faint, &format!(" {rule}"))]);
    }

    /// A paragraph, after an empty line.
    pub fn say(&mut self, text: &str) {
        self.line(&[]);
        for line in wrap(text, WIDTH) {
            self.line(&[(Paint::Plain, &line)]);
        }
    }

    /// Names and what they stand for, in two columns.
    pub fn facts(&mut self, facts: &[(&str, &str)]) {
        let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        self.line(&[]);
        for (name, text) in facts {
            for (at, piece) in wrap(text, WIDTH - width - 4).iter().enumerate() {
                let name = if at == 0 { name } else { "" };
                self.line(&[(Paint::Faint, &format!("  {name:<width$}  ")), (Paint::Plain, piece)]);
            }
        }
    }

    /// Lines as they are: a table, or commands to copy.
    pub fn lines(&mut self, lines: &[String]) {
        self.line(&[]);
        for line in lines {
            self.line(&[(Paint::Plain, &format!("  {line}"))]);
        }
    }

    /// Who acts: a phone and where it calls from, or a command that an admin gives.
    pub fn actor(&mut self, text: &str) {
        self.line(&[]);
        self.line(&[(Paint::Plain, &format!("  {text}"))]);
    }

    /// What a phone did, from its own transcript. SIP requests in a row that look the same stand on one line with their number: a phone
    /// registers each of its lines.
    pub fn transcript(&mut self, transcript: &Transcript) {
        let mut signals: Vec<(&Signal, usize)> = Vec::new();
        for step in transcript.steps() {
            if let Step::Signal(signal) = step {
                match signals.iter_mut().find(|(known, _)| *known == signal) {
                    Some((_, times)) => *times += 1,
                    None => signals.push((signal, 1)),
                }
                continue;
            }
            self.signals(&mut signals);
            match step {
                Step::Exchange(exchange) => self.exchange(exchange),
                // The actor's line has said it already, with the address.
                Step::Note(note) if note.ends_with(" starts") => {}
                Step::Note(note) => self.note(note),
                Step::Signal(_) => {}
            }
        }
        self.signals(&mut signals);
    }

    fn signals(&mut self, signals: &mut Vec<(&Signal, usize)>) {
        for (signal, times) in signals.drain(..) {
            self.signal(signal, times);
        }
    }

    /// One request in columns: method, path, login, status, bytes, what the phone makes of it.
    pub fn exchange(&mut self, exchange: &Exchange) {
        let login = match &exchange.login {
            SentLogin::None => "no login".to_owned(),
            SentLogin::Login { scheme: phonesim::Scheme::Basic, user } => format!("Basic, {}", cut(user)),
            SentLogin::Login { user, .. } => format!("Digest, {}", cut(user)),
        };
        let status = exchange.status.map_or("---".to_owned(), |status| status.to_string());
        let before = format!("    {} {:<31} {login:<15} ", exchange.method, cut(&exchange.target));
        let after = format!(" {:>8}  ", bytes(exchange.bytes));
        let room = WIDTH.saturating_sub(before.chars().count() + status.len() + after.chars().count());
        let summary = wrap(&exchange.summary, room.max(1)).first().cloned().unwrap_or_default();
        self.line(&[(Paint::Plain, &before), (Paint::of(exchange.status), &status), (Paint::Plain, &after), (Paint::Faint, &summary)]);
    }

    /// A SIP request in the same columns, and how often it was made. `NOTIFY` comes to the phone, all others go out.
    pub fn signal(&mut self, signal: &Signal, times: usize) {
        let login = match &signal.login {
            SentLogin::None => "no login".to_owned(),
            SentLogin::Login { user, .. } => format!("Digest, {}", cut(user)),
        };
        let status = signal.status.map_or("---".to_owned(), |status| status.to_string());
        let what = format!("{} {}", signal.method, cut(&signal.target));
        let before = format!("    {} {what:<31} {login:<15} ", if signal.is_ours { "SIP" } else { "<--" });
        let after = if times > 1 { format!("  {times} times") } else { String::new() };
        self.line(&[(Paint::Plain, &before), (Paint::of(signal.status), &status), (Paint::Faint, &after)]);
    }

    /// Something that is no request.
    pub fn note(&mut self, text: &str) {
        for line in wrap(&cut(text), WIDTH - 6) {
            self.line(&[(Paint::Faint, &format!("      {line}"))]);
        }
    }

    /// One promise and whether it was kept.
    pub fn check(&mut self, kept: bool, promise: &str) {
        let (mark, paint, count) = if kept { ("✓", Paint::Green, &mut self.passed) } else { ("✗", Paint::Red, &mut self.failed) };
        *count += 1;
        for (at, line) in wrap(promise, WIDTH - 4).iter().enumerate() {
            let mark = if at == 0 { mark } else { " " };
            self.line(&[(paint, &format!("  {mark} ")), (Paint::Plain, line)]);
        }
    }

    /// What happened meanwhile.
    pub fn page(&mut self, page: Page) {
        for told in page.0 {
            match told {
                Told::Say(text) => self.say(&text),
                Told::Actor(text) => self.actor(&text),
                Told::Transcript(transcript) => self.transcript(&transcript),
                Told::Check(kept, promise) => self.check(kept, &promise),
            }
        }
    }

    /// The totals: the last line of the story. Whether all went well.
    pub fn totals(&mut self) -> bool {
        let text = format!("demo: {} checks, {} failed", self.passed + self.failed, self.failed);
        self.line(&[]);
        self.line(&[(Paint::Plain, &text)]);
        self.failed == 0 && self.passed > 0
    }

    /// Everything written so far, without colours.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// Refused when nobody reads any more.
    pub fn still_read(&self) -> Result<(), Failure> {
        if self.broken { Err(Failure::refused("nobody reads the story any more")) } else { Ok(()) }
    }

    fn line(&mut self, pieces: &[(Paint, &str)]) {
        let mut line = String::new();
        for (paint, text) in pieces {
            self.written.push_str(text);
            if self.colour && *paint != Paint::Plain {
                line.extend(["\u{1b}[", paint.code(), "m", text, "\u{1b}[0m"]);
            } else {
                line.push_str(text);
            }
        }
        self.written.push('\n');
        let line = format!("{}\n", line.trim_end());
        // Flushed line by line: a story is told while it happens.
        let told = self.out.write_all(line.as_bytes()).and_then(|()| self.out.flush());
        self.broken |= told.is_err();
    }
}

/// Breaks a text into lines of at most `width` characters, between words. A longer word stands alone.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Cuts handles and users, which are 32 characters of chance, to their first four.
pub fn cut(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars().map(Some).chain([None]) {
        match c {
            Some(c) if c.is_ascii_alphanumeric() || c == '-' || c == '_' => word.push(c),
            other => {
                if word.len() >= LONG_WORD {
                    word.truncate(4);
                    word.push('…');
                }
                shown.push_str(&word);
                word.clear();
                shown.extend(other);
            }
        }
    }
    shown
}

fn bytes(count: usize) -> String {
    if count < 1000 { format!("{count} B") } else { format!("{},{:03} B", count / 1000, count % 1000) }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(colour: bool, write: impl FnOnce(&mut Screen)) -> String {
        let paper = Paper::default();
        write(&mut Screen::new(Box::new(paper.clone()), colour));
        let bytes = paper.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn exchange() -> Exchange {
        Exchange {
            method: "GET",
            target: format!("/cfg/d/{}/001565000001.boot", "x".repeat(32)),
            login: SentLogin::Login { scheme: phonesim::Scheme::Md5, user: "y".repeat(32) },
            status: Some(401),
            bytes: 12_345,
            summary: "a summary that is much too long for the little room at the end of a line".into(),
        }
    }

    fn signal(method: &str, status: u16) -> Signal {
        let target = format!("sip:{}@h", "z".repeat(32));
        Signal { is_ours: true, method: method.into(), target, login: SentLogin::None, status: Some(status) }
    }

    #[test]
    fn sip_stands_in_the_same_columns() {
        let text = written(false, |screen| {
            screen.signal(&signal("REGISTER", 401), 12);
            screen.signal(&Signal { is_ours: false, target: "check-sync;reboot=false".into(), ..signal("NOTIFY", 200) }, 1);
        });
        let expected = "    SIP REGISTER sip:zzzz…@h            no login        401  12 times\n    <-- NOTIFY check-sync;reboot=false  no login        200\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn long_words_are_cut_and_others_stay() {
        assert_eq!(cut(&format!("GET /cfg/d/{}/001565000001.cfg", "Ab-_".repeat(8))), "GET /cfg/d/Ab-_…/001565000001.cfg");
        assert_eq!(cut("phones.example.com:8443 and others"), "phones.example.com:8443 and others");
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("immeasurable one", 4), ["immeasurable", "one"]);
        assert_eq!(wrap("", 4), Vec::<String>::new());
    }

    #[test]
    fn no_line_is_too_wide_and_none_is_coloured_off_a_terminal() {
        let long = "word ".repeat(60);
        let text = written(false, |screen| {
            screen.heading("A heading");
            screen.say(&long);
            screen.facts(&[("name", &long)]);
            screen.exchange(&exchange());
            screen.note(&long);
            screen.check(true, &long);
        });
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(text.contains("GET /cfg/d/xxxx…/001565000001.boot  Digest, yyyy…   401 12,345 B"), "{text}");
    }

    #[test]
    fn colours_change_no_words() {
        let write = |screen: &mut Screen| {
            screen.exchange(&exchange());
            screen.check(false, "a promise");
            assert!(!screen.totals());
        };
        let (plain, coloured) = (written(false, write), written(true, write));
        assert!(coloured.contains("\u{1b}[31m  ✗ \u{1b}[0ma promise"), "{coloured}");
        let mut bare = coloured;
        for code in [0, 1, 2, 31, 32, 33] {
            bare = bare.replace(&format!("\u{1b}[{code}m"), "");
        }
        assert_eq!(bare, plain);
        assert!(plain.ends_with("\ndemo: 1 checks, 1 failed\n"), "{plain}");
    }

    #[test]
    fn a_story_without_a_check_has_not_gone_well() {
        written(false, |screen| assert!(!screen.totals()));
    }
}
