//! The text files of Yealink phones, as the phone reads them.

use crate::limits::{INCLUDES_MAX, LINES_MAX};

/// The first line of every file.
const HEADER: &str = "#!version:1.0.0.1";

/// One file taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct File {
    /// Parameters in order, repeated ones included.
    pub settings: Vec<(String, String)>,
    /// Further files, in order, as they are named.
    pub includes: Vec<String>,
    /// `overwrite_mode = 1`.
    pub overwrite: bool,
}

/// Why the phone refuses a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAFile {
    #[error("its first line is not #!version:1.0.0.1")]
    Header,
    #[error("it is not UTF-8")]
    Encoding,
}

impl File {
    /// Reads a file on a phone of this model. Lines that mean nothing are passed over, as phones do.
    pub(crate) fn read(bytes: &[u8], model: &str) -> Result<Self, NotAFile> {
        let text = std::str::from_utf8(bytes).map_err(|_| NotAFile::Encoding)?;
        let mut lines = text.lines();
        if lines.next().map(str::trim_end) != Some(HEADER) {
            return Err(NotAFile::Header);
        }
        let mut file = Self::default();
        for line in lines.take(LINES_MAX).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            match Line::read(line) {
                Line::Include { models, path } => {
                    if models.is_none_or(|models| holds(models, model)) && is_config(path) && file.includes.len() < INCLUDES_MAX {
                        file.includes.push(path.to_owned());
                    }
                }
                Line::Setting("overwrite_mode", value) => file.overwrite = value == "1",
                Line::Setting(key, value) => file.settings.push((key.to_owned(), value.to_owned())),
                Line::Other => {}
            }
        }
        Ok(file)
    }
}

/// One line, read for what it is.
enum Line<'l> {
    Include { models: Option<&'l str>, path: &'l str },
    Setting(&'l str, &'l str),
    Other,
}

impl<'l> Line<'l> {
    fn read(line: &'l str) -> Self {
        let (models, rest) = match line.strip_prefix('[').and_then(|after| after.split_once(']')) {
            Some((models, rest)) => (Some(models), rest.trim_start()),
            None => (None, line),
        };
        if let Some(path) = rest.strip_prefix("include:config") {
            return Self::Include { models, path: path.trim().trim_matches(|c| matches!(c, '"' | '<' | '>')) };
        }
        match line.split_once('=').map(|(key, value)| (key.trim(), value.trim())) {
            Some((key, value)) if !key.is_empty() => Self::Setting(key, value),
            _ => Self::Other,
        }
    }
}

fn holds(models: &str, model: &str) -> bool {
    models.split(',').any(|one| one.trim().eq_ignore_ascii_case(model))
}

/// Only config files may be included.
fn is_config(path: &str) -> bool {
    path.split('?').next().is_some_and(|file| file.to_ascii_lowercase().ends_with(".cfg"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_the_vendor_writes_them() {
        let file = File::read(b"#!version:1.0.0.1\r\n# c = d\r\n\r\n a.b = x = #y \r\nc=\r\njunk\r\n= z\r\n", "T46S").unwrap();
        assert_eq!(file.settings, [("a.b".into(), "x = #y".into()), ("c".into(), String::new())]);
    }

    #[test]
    fn a_file_without_its_first_line_is_refused() {
        for text in ["", "a = b\n", "\n#!version:1.0.0.1\n", "#!version:1.0.0.2\n", "\u{feff}#!version:1.0.0.1\n"] {
            assert_eq!(File::read(text.as_bytes(), "T46S"), Err(NotAFile::Header), "{text:?}");
        }
        assert_eq!(File::read(b"#!version:1.0.0.1\n\xff", "T46S"), Err(NotAFile::Encoding));
    }

    #[test]
    fn boot_files_name_config_files_for_all_or_some_models() {
        let boot = "#!version:1.0.0.1\ninclude:config a.cfg\ninclude:config \"b.cfg\"\n[T48S, t46s]include:config <c.cfg>\n\
                    [T48S]include:config d.cfg\ninclude:config e.txt\noverwrite_mode = 1\n";
        let file = File::read(boot.as_bytes(), "T46S").unwrap();
        assert_eq!((file.includes, file.overwrite), (vec!["a.cfg".into(), "b.cfg".into(), "c.cfg".into()], true));
    }
}
