//! `DIAL_PLAN_n`: what may be dialled where everything else is refused.

/// Whether one of the plan's patterns takes a whole number: digits, `x` for any, `[2-8]`, `.` for more of the last, `Sn` and `T` to
/// wait, which matter to nobody who has dialled to the end.
pub(super) fn matches(plan: &str, number: &str) -> bool {
    plan.split('|').any(|pattern| takes(pattern.as_bytes(), number.as_bytes(), None))
}

fn takes(pattern: &[u8], number: &[u8], last: Option<&[u8]>) -> bool {
    let Some((first, after)) = pattern.split_first() else { return number.is_empty() };
    match first {
        b'S' => takes(&after[after.iter().take(1).filter(|byte| byte.is_ascii_digit()).count()..], number, last),
        b'T' | b't' => takes(after, number, last),
        b'.' => {
            let more = last.is_some_and(|class| number.first().is_some_and(|digit| is_in(class, *digit)));
            takes(after, number, last) || more && takes(pattern, &number[1..], last)
        }
        b'[' => {
            let Some(end) = pattern.iter().position(|byte| *byte == b']') else { return false };
            one(&pattern[1..end], &pattern[end + 1..], number)
        }
        _ => one(&pattern[..1], after, number),
    }
}

fn one(class: &[u8], after: &[u8], number: &[u8]) -> bool {
    number.split_first().is_some_and(|(digit, rest)| is_in(class, *digit) && takes(after, rest, Some(class)))
}

fn is_in(class: &[u8], digit: u8) -> bool {
    match class {
        [b'x' | b'X'] => digit.is_ascii_digit() || matches!(digit, b'*' | b'#'),
        [low, b'-', high, rest @ ..] => (*low..=*high).contains(&digit) || is_in(rest, digit),
        [one, rest @ ..] => *one == digit || is_in(rest, digit),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_take_whole_numbers() {
        let check = |plan: &str, number: &str, expected| assert_eq!(matches(plan, number), expected, "{plan} {number}");
        for (number, expected) in [("*89", true), ("112", true), ("110", true), ("11", false), ("1120", false), ("89", false)] {
            check("*89S0|112|110", number, expected);
        }
        check("0x.", "0", false);
        check("0x.", "0301234", true);
        check("[2-46]xxT", "355", true);
        check("[2-46]xxT", "555", false);
        check("", "112", false);
        check("[2-4", "2", false);
    }
}
