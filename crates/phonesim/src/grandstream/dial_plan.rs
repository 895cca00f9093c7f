//! Dial plans: `{ x+ | \+x+ | *x+ | *xx*x+ }`.

/// Patterns, one of which a number has to fit. A blank plan lets everything through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DialPlan {
    patterns: Vec<Vec<Piece>>,
    is_blank: bool,
}

/// Keys, once or once and more.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    keys: String,
    repeats: bool,
}

/// What `x` stands for.
const DIGITS: &str = "0123456789";

impl DialPlan {
    /// A pattern with something in it that is not understood fits nothing.
    pub fn read(text: &str) -> Self {
        let inner = text.trim().trim_start_matches('{').trim_end_matches('}');
        let patterns = inner.split('|').filter_map(|pattern| pieces(pattern.trim())).collect();
        Self { patterns, is_blank: inner.trim().is_empty() }
    }

    /// Whether a number may leave.
    pub fn lets(&self, number: &str) -> bool {
        self.is_blank || self.patterns.iter().any(|pattern| fits(pattern, number))
    }
}

fn pieces(pattern: &str) -> Option<Vec<Piece>> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        let keys = match letter {
            '+' => {
                pieces.last_mut()?.repeats = true;
                continue;
            }
            'x' | 'X' => DIGITS.to_owned(),
            '\\' => letters.next()?.to_string(),
            '0'..='9' | '*' | '#' => letter.to_string(),
            '[' => {
                let inside: String = letters.by_ref().take_while(|letter| *letter != ']').collect();
                inside.replace('x', DIGITS)
            }
            _ => return None,
        };
        pieces.push(Piece { keys, repeats: false });
    }
    Some(pieces).filter(|pieces| !pieces.is_empty())
}

fn fits(pattern: &[Piece], number: &str) -> bool {
    let Some((piece, rest)) = pattern.split_first() else { return number.is_empty() };
    let taken = number.chars().take_while(|key| piece.keys.contains(*key)).count();
    let most = if piece.repeats { taken } else { taken.min(1) };
    (1..=most).any(|count| fits(rest, &number[count..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_lets_through_what_fits_one_of_its_patterns() {
        let check = |plan: &str, number: &str, lets: bool| assert_eq!(DialPlan::read(plan).lets(number), lets, "{plan} {number}");
        let usual = "{ x+ | \\+x+ | *x+ | *xx*x+ }";
        for number in ["0", "112", "+49301234", "*89", "*21*0815"] {
            check(usual, number, true);
        }
        for number in ["#31#", "*", "+", "12*3", "**1"] {
            check(usual, number, false);
        }
        check("{ *89 | 112 }", "*89", true);
        check("{ *89 | 112 }", "1123", false);
        check("{ [*x]+ }", "*21*0815", true);
        check("{ 1xx }", "199", true);
        check("{ 1xx }", "19", false);
        check("", "anything", true);
        check("{ <=0>x+ }", "5", false);
    }
}
