//! A startup configuration as the console would take it: commands one after the other, some of which open a context.

/// The most lines that are read.
const LINES_MAX: usize = 4_096;

/// What is no configuration.
pub(super) type NotAScript = &'static str;

/// A configuration.
#[derive(Debug, Default)]
pub(super) struct Script {
    commands: Vec<Command>,
}

#[derive(Debug)]
struct Command {
    /// The commands that opened the contexts around it, outermost first.
    inside: Vec<String>,
    words: Vec<String>,
}

impl Command {
    fn is_in(&self, inside: &[&str]) -> bool {
        self.inside.iter().map(String::as_str).eq(inside.iter().copied())
    }
}

impl Script {
    /// Reads it; without the version of its commands the gateway takes none of it.
    pub fn read(text: &str) -> Result<Self, NotAScript> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        if !lines.next().is_some_and(|line| line.starts_with("cli version ")) {
            return Err("it does not begin with the version of its commands");
        }
        let mut script = Self::default();
        let mut inside: Vec<String> = Vec::new();
        for line in lines.take(LINES_MAX) {
            if line == "exit" {
                inside.pop();
                continue;
            }
            let words = words(line).ok_or("a quotation mark is not closed")?;
            let opened = (0..=inside.len()).rev().find(|depth| opens(inside[..*depth].last().map(String::as_str), &words[0]));
            if let Some(depth) = opened {
                inside.truncate(depth);
                inside.push(words.join(" "));
            }
            script.commands.push(Command { inside: inside.clone(), words });
        }
        Ok(script)
    }

    /// What stands behind these words in this context, each time that they stand there.
    pub fn all(&self, inside: &[&str], words: &str) -> Vec<Vec<&str>> {
        let behind = |command: &'_ Command| {
            command.words.len() >= words.split(' ').count() && words.split(' ').zip(&command.words).all(|(a, b)| a == b)
        };
        let found = self.commands.iter().filter(|command| command.is_in(inside) && behind(command));
        found.map(|command| command.words.iter().skip(words.split(' ').count()).map(String::as_str).collect()).collect()
    }

    /// The same, the last time: a later command takes the place of an earlier one.
    pub fn last(&self, inside: &[&str], words: &str) -> Option<Vec<&str>> {
        self.all(inside, words).pop()
    }

    /// The first word behind these.
    pub fn word(&self, inside: &[&str], words: &str) -> Option<&str> {
        self.last(inside, words)?.first().copied()
    }

    /// Whether a context is there and switched on.
    pub fn is_up(&self, inside: &[&str]) -> bool {
        let told = self.commands.iter().filter(|command| command.is_in(inside)).filter_map(|command| match command.words.as_slice() {
            [word] if word == "shutdown" => Some(false),
            [no, word] if no == "no" && word == "shutdown" => Some(true),
            _ => None,
        });
        told.fold(false, |_, is_up| is_up)
    }

    /// The contexts of a kind inside another one: `identity` inside `location-service LOC` gives the names of its accounts.
    pub fn opened<'s>(&'s self, inside: &[&str], kind: &str) -> Vec<&'s str> {
        let within =
            |command: &&Command| command.inside.len() == inside.len() + 1 && command.inside.iter().zip(inside).all(|(a, b)| a == b);
        let named = |command: &'s Command| command.inside.last()?.strip_prefix(kind)?.strip_prefix(' ');
        let mut names: Vec<&str> = self.commands.iter().filter(within).filter_map(named).collect();
        names.dedup();
        names
    }
}

/// Whether a command opens a context in this one; as the outermost, in none.
fn opens(inside: Option<&str>, word: &str) -> bool {
    match inside.map(|opener| opener.split(' ').next().unwrap_or_default()) {
        None => {
            let outermost =
                ["context", "profile", "port", "authentication-service", "location-service", "actions", "system", "syslog-client"];
            outermost.contains(&word)
        }
        Some("context") => ["interface", "routing-table", "mapping-table", "service"].contains(&word),
        Some("location-service") => ["identity", "identity-group"].contains(&word),
        Some("identity" | "identity-group") => ["authentication", "registration", "call", "message"].contains(&word),
        Some("actions") => word == "rule",
        Some("port") => word == "vlan",
        Some("system") => word == "ic",
        Some(_) => false,
    }
}

/// Words, of which one may stand in quotation marks.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { return Some(words) };
        let (word, after) = if first == '"' { rest[1..].split_once('"')? } else { rest.split_at(rest.find(' ').unwrap_or(rest.len())) };
        words.push(word.to_owned());
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_in_their_contexts() {
        let script = Script::read(
            "cli version 3.20\nport fxs 0 0\n shutdown\n no shutdown\nport fxs 0 1\n shutdown\ncontext cs switch\n interface fxs IF\n  subscriber-number \"2 0\"\n interface sip S\n  remote h 5070\nport fxs 0 0\n bind interface IF switch\nlocation-service L\n identity 200\n  registration outbound\n   register auto\n identity 201\n  call outbound\n",
        )
        .unwrap();
        assert!(script.is_up(&["port fxs 0 0"]) && !script.is_up(&["port fxs 0 1"]) && !script.is_up(&["context cs switch"]));
        assert_eq!(script.word(&["context cs switch", "interface fxs IF"], "subscriber-number"), Some("2 0"));
        assert_eq!(script.last(&["context cs switch", "interface sip S"], "remote"), Some(vec!["h", "5070"]));
        assert_eq!(script.word(&["port fxs 0 0"], "bind interface"), Some("IF"));
        assert_eq!(script.opened(&["location-service L"], "identity"), ["200", "201"]);
        assert_eq!(script.word(&["location-service L", "identity 200", "registration outbound"], "register"), Some("auto"));
        assert_eq!(script.all(&["location-service L"], "domain").len(), 0);
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in ["", "port fxs 0 0\n", "<html>cli version 3.20</html>", "cli version 3.20\nusername \"a\n"] {
            assert!(Script::read(text).is_err(), "{text:?}");
        }
    }
}
