//! Patterns for file names and User-Agents. No regular expressions: a request is matched in a microsecond.

use domain::Mac;

use crate::firmware::Firmware;

/// Literal text and fields. In a pattern's text: `{mac}`, `{model}`, `{model_lower}` (as we write it), `{name}` (a model of up to
/// three words), `{firmware}`, `{id}` (digits), `{common}` (letters and digits), `*` (anything), a blank (one or more blanks). Case does not
/// count. A User-Agent may go on after the pattern's end, at a word's end.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(Box<str>),
    Blanks,
    Anything,
    Mac,
    Model,
    Name,
    Firmware,
    Id,
    Common,
}

/// The most words of a model's name.
const NAME_WORDS_MAX: usize = 3;

/// What a pattern took from a text.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken<'t> {
    pub mac: Option<Mac>,
    pub model: Option<&'t str>,
    pub firmware: Option<Firmware>,
    pub id: Option<&'t str>,
}

impl Pattern {
    /// Reads a pattern; the error says what is wrong.
    pub(crate) fn read(text: &str) -> Result<Self, &'static str> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let (piece, length) = match first {
                ' ' => (Piece::Blanks, rest.len() - rest.trim_start_matches(' ').len()),
                '*' => (Piece::Anything, 1),
                '{' => {
                    let end = rest.find('}').ok_or("a { without its }")?;
                    let piece = match &rest[1..end] {
                        // Case does not count in a request; `{MAC}` is how the name is written where we name it.
                        "mac" | "MAC" => Piece::Mac,
                        "model" | "model_lower" => Piece::Model,
                        "name" => Piece::Name,
                        "firmware" => Piece::Firmware,
                        "id" => Piece::Id,
                        "common" => Piece::Common,
                        _ => return Err("fields are {mac}, {model}, {model_lower}, {name}, {firmware}, {id} and {common}"),
                    };
                    (piece, end + 1)
                }
                _ => {
                    let end = rest.find([' ', '*', '{']).unwrap_or(rest.len());
                    (Piece::Literal(rest[..end].into()), end)
                }
            };
            pieces.push(piece);
            rest = &rest[length..];
        }
        if pieces.iter().filter(|piece| **piece == Piece::Anything).count() > 2 {
            return Err("at most two * in a pattern");
        }
        Ok(Self(pieces))
    }

    /// Whether it takes a name that has to be some model's.
    pub(crate) fn names_a_model(&self) -> bool {
        self.0.contains(&Piece::Common)
    }

    /// Matches the whole text.
    pub(crate) fn matches<'t>(&self, text: &'t str) -> Option<Taken<'t>> {
        take(&self.0, text, Taken::default()).and_then(|(taken, rest)| rest.is_empty().then_some(taken))
    }

    /// Matches the beginning of the text, up to a word's end.
    pub(crate) fn begins<'t>(&self, text: &'t str) -> Option<Taken<'t>> {
        take(&self.0, text, Taken::default()).and_then(|(taken, rest)| {
            let word_ends = !rest.starts_with(|c: char| c.is_ascii_alphanumeric());
            word_ends.then_some(taken)
        })
    }
}

/// Takes the pieces from the front of the text. Recursion is as deep as the pattern is long.
fn take<'t>(pieces: &[Piece], text: &'t str, mut taken: Taken<'t>) -> Option<(Taken<'t>, &'t str)> {
    let Some((piece, pieces)) = pieces.split_first() else {
        return Some((taken, text));
    };
    let rest = match piece {
        Piece::Literal(literal) => strip_prefix_any_case(text, literal)?,
        Piece::Blanks => text.strip_prefix(' ').map(|rest| rest.trim_start_matches(' '))?,
        Piece::Anything => {
            let ends = std::iter::once(text.len()).filter(|_| pieces.is_empty());
            return ends.chain(text.char_indices().map(|(at, _)| at)).find_map(|at| take(pieces, &text[at..], taken));
        }
        Piece::Mac => {
            let (mac, rest) = mac_prefix(text)?;
            taken.mac = Some(mac);
            rest
        }
        Piece::Model => {
            // A model is a word; a literal right after it (`snomD785-SIP`) ends it early.
            let word = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '+' || c == '-')).unwrap_or(text.len());
            let end = match pieces.first() {
                Some(Piece::Literal(next)) => find_any_case(text, next).filter(|at| *at <= word).unwrap_or(word),
                _ => word,
            };
            taken.model = Some(text.get(..end).filter(|model| !model.is_empty())?);
            &text[end..]
        }
        Piece::Name => {
            let ends = text.match_indices(' ').map(|(at, _)| at).chain([text.len()]).take(NAME_WORDS_MAX);
            return ends.filter(|end| *end > 0).find_map(|end| {
                taken.model = Some(&text[..end]);
                take(pieces, &text[end..], taken)
            });
        }
        Piece::Firmware => {
            let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
            taken.firmware = Some(text[..end].parse().ok()?);
            &text[end..]
        }
        Piece::Id => {
            let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            taken.id = Some(text.get(..end).filter(|id| !id.is_empty())?);
            &text[end..]
        }
        Piece::Common => {
            let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
            taken.id = Some(text.get(..end).filter(|name| !name.is_empty())?);
            &text[end..]
        }
    };
    take(pieces, rest, taken)
}

/// A MAC at the front of the text: twelve digits, or six pairs with `:` or `-`.
fn mac_prefix(text: &str) -> Option<(Mac, &str)> {
    let bytes = text.as_bytes();
    let length = if matches!(bytes.get(2), Some(b':' | b'-')) { 17 } else { 12 };
    let (head, rest) = text.split_at_checked(length)?;
    let form = head.bytes().enumerate().all(|(at, byte)| {
        let separator = length == 17 && at % 3 == 2;
        if separator { byte == b':' || byte == b'-' } else { byte.is_ascii_hexdigit() }
    });
    let ends = !rest.starts_with(|c: char| c.is_ascii_alphanumeric());
    if form && ends { Some((head.parse().ok()?, rest)) } else { None }
}

fn strip_prefix_any_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn find_any_case(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes().windows(needle.len()).position(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn other_brands_forms_can_be_written_as_patterns() {
        let snom = Pattern::read("Mozilla/4.0 (compatible; snom{model}-SIP {firmware} * {mac}").unwrap();
        let taken = snom
            .begins("Mozilla/4.0 (compatible; snomD785-SIP 10.1.169.16 2010.12-0 (Feb 25 2019 - 14:19:43) 00041396D9B4 SXM:0)")
            .unwrap();
        assert_eq!((taken.model, taken.mac.unwrap().to_string().as_str()), (Some("D785"), "00041396d9b4"));
        let multiplatform = Pattern::read("Cisco-CP-{model}-3PCC/{firmware} ({mac})").unwrap();
        let taken = multiplatform.begins("Cisco-CP-7832-3PCC/11.0.1 (00562b043615)").unwrap();
        assert_eq!((taken.model, taken.firmware.unwrap().as_str()), (Some("7832"), "11.0.1"));
        let fanvil = Pattern::read("Fanvil {name} {firmware} {mac}").unwrap();
        for (agent, model) in [("Fanvil X6U Pro 0.0.10 0c383e2cd782", "X6U Pro"), ("Fanvil H2U-V2 2.12.0 0c383e32342e)", "H2U-V2")] {
            assert_eq!(fanvil.begins(agent).unwrap().model, Some(model), "{agent}");
        }
        assert!(fanvil.begins("Fanvil one two three four 2.12.0 0c383e32342e").is_none());
        let grandstream = Pattern::read("Grandstream Model HW {model} * SW {firmware} DevId {mac}").unwrap();
        let taken = grandstream.begins("Grandstream Model HW HT801 V1.1A SW 1.0.17.5 DevId c074ad273a10").unwrap();
        assert_eq!((taken.model, taken.firmware.unwrap().as_str()), (Some("HT801"), "1.0.17.5"));
        // The literal may reach beyond the word that it ends.
        let poly = Pattern::read("FileTransport Poly*-{model}-UA/{firmware}").unwrap();
        let taken = poly.begins("FileTransport PolycomVVX-VVX_450-UA/6.4.0.1234 Type/Application").unwrap();
        assert_eq!((taken.model, taken.firmware.unwrap().as_str()), (Some("VVX_450"), "6.4.0.1234"));
    }

    #[test]
    fn a_short_name_has_letters_and_digits() {
        let pattern = Pattern::read("spa{common}.cfg").unwrap();
        assert_eq!(pattern.matches("spa525G2.cfg").unwrap().id, Some("525G2"));
        for name in ["spa.cfg", "spa50 4.cfg", "spa504G.cfg.enc", "504G.cfg"] {
            assert!(pattern.matches(name).is_none(), "{name}");
        }
        assert!(pattern.names_a_model() && !Pattern::read("y{id}.cfg").unwrap().names_a_model());
    }

    #[test]
    fn a_model_ends_where_the_name_goes_on() {
        let model = |pattern: &str, name| Pattern::read(pattern).unwrap().matches(name).and_then(|taken| taken.model);
        assert_eq!(model("snom{model}-firmware.htm", "snomM900-firmware.htm"), Some("M900"));
        assert_eq!(model("snom{model}.htm", "snomM900-firmware.htm"), Some("M900-firmware"));
        assert_eq!(model("snom{model}-firmware.htm", "snomM900.htm"), None);
    }

    #[test]
    fn a_file_name_is_matched_whole() {
        let pattern = Pattern::read("{mac}.cfg").unwrap();
        assert!(pattern.matches("0015651A2B3C.CFG").is_some());
        for name in ["0015651a2b3c.cfg.enc", "00:15:65:1a:2b:3c.cfg2", "0015651a2b3.cfg", "x0015651a2b3c.cfg", "ffffffffffff.cfg", "é", ""]
        {
            assert!(pattern.matches(name).is_none(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,80}", pattern in "[a-z {}*]{0,12}") {
            if let Ok(pattern) = Pattern::read(&pattern) {
                let _ = (pattern.matches(&text), pattern.begins(&text));
            }
        }
    }
}
