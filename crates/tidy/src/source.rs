//! Rust text cut into code, comments and literals: enough to ask what stands in which.

/// What a piece of Rust text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anything that is neither of the others.
    Code,
    /// `//…` or `/*…*/`, doc comments too.
    Comment,
    /// The content of a text literal, without its quotes, escapes as written.
    Literal,
}

/// A run of text of one kind.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// What it is.
    pub kind: Kind,
    /// The line on which it starts, from 1.
    pub line: usize,
    /// The text itself.
    pub text: &'a str,
}

/// Cuts a file into its pieces, in order.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut at, mut code_from) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        let glued = text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
        let Some((kind, open, body, close)) = special(rest, glued) else {
            at += char_literal(rest).unwrap_or_else(|| rest.chars().next().map_or(1, char::len_utf8));
            continue;
        };
        push(&mut pieces, text, Kind::Code, code_from, at);
        push(&mut pieces, text, kind, at + open, at + open + body);
        at += open + body + close;
        code_from = at;
    }
    push(&mut pieces, text, Kind::Code, code_from, text.len());
    pieces
}

fn push<'a>(pieces: &mut Vec<Piece<'a>>, text: &'a str, kind: Kind, from: usize, to: usize) {
    if from < to {
        pieces.push(Piece { kind, line: 1 + text[..from].matches('\n').count(), text: &text[from..to] });
    }
}

/// The comment or literal that starts here: its kind and the bytes of its opening, body and closing.
fn special(rest: &str, glued: bool) -> Option<(Kind, usize, usize, usize)> {
    if rest.starts_with("//") {
        return Some((Kind::Comment, 0, rest.find('\n').unwrap_or(rest.len()), 0));
    }
    if rest.starts_with("/*") {
        return Some((Kind::Comment, 0, block_comment(rest), 0));
    }
    if let Some(after) = rest.strip_prefix('"') {
        let body = quoted(after);
        return Some((Kind::Literal, 1, body, (after.len() - body).min(1)));
    }
    if glued {
        return None;
    }
    let raw = rest.strip_prefix("br").or_else(|| rest.strip_prefix("cr")).or_else(|| rest.strip_prefix('r'))?;
    let hashes = raw.len() - raw.trim_start_matches('#').len();
    let body = raw[hashes..].strip_prefix('"')?;
    let closing = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&closing).unwrap_or(body.len());
    Some((Kind::Literal, rest.len() - body.len(), length, closing.len().min(body.len() - length)))
}

/// Bytes up to the closing quote.
fn quoted(body: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in body.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    body.len()
}

/// Bytes of a block comment, its inner ones counted in.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while at < rest.len() {
        match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] if depth == 1 => return at + 2,
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

/// Bytes of a character literal such as `'"'`, which must not open a text; a lifetime is none.
fn char_literal(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix('\'')?;
    if let Some(escape) = body.strip_prefix('\\') {
        let close = 1 + escape[1..].find('\'')?;
        return Some(2 + close + 1);
    }
    let first = body.chars().next()?;
    body[first.len_utf8()..].starts_with('\'').then_some(first.len_utf8() + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(Kind, usize, &str)]) {
        let found: Vec<_> = pieces(text).iter().map(|piece| (piece.kind, piece.line, piece.text)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn text_is_cut_into_code_comments_and_literals() {
        use Kind::{Code, Comment, Literal};
        check("a // b \"c\"\nd", &[(Code, 1, "a "), (Comment, 1, "// b \"c\""), (Code, 1, "\nd")]);
        check(r#"x("a\"b", 1)"#, &[(Code, 1, "x("), (Literal, 1, r#"a\"b"#), (Code, 1, ", 1)")]);
        check(
            "r#\"a\"b\"# /* x /* y */ \" */;",
            &[(Literal, 1, "a\"b"), (Code, 1, " "), (Comment, 1, "/* x /* y */ \" */"), (Code, 1, ";")],
        );
        check("'\"' '\\'' 'a \"t\nu\"\nv", &[(Code, 1, "'\"' '\\'' 'a "), (Literal, 1, "t\nu"), (Code, 2, "\nv")]);
        check("for\"x\" b\"y\"", &[(Code, 1, "for"), (Literal, 1, "x"), (Code, 1, " b"), (Literal, 1, "y")]);
    }
}
