//! IPEI: the number of a DECT handset, as it stands on its label or in its menu (ETSI EN 300 175-6).

use std::fmt;
use std::str::FromStr;

/// The largest maker's code (16 bits) and the largest serial number (20 bits).
const MAKER_MAX: u64 = 0xffff;
const SERIAL_MAX: u64 = 0xf_ffff;
const SERIAL_BITS: u32 = 20;

/// A handset's number: 36 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ipei(u64);

/// Why a text is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IpeiError {
    /// Neither of the two spellings.
    #[error("an IPEI has 12 digits, 13 with its check digit, or 10 hexadecimal digits")]
    Form,
    /// The thirteenth character does not fit the twelve before it.
    #[error("the check digit does not fit: one of the digits is wrong")]
    CheckDigit,
    /// Digits that no handset has.
    #[error("no handset has this IPEI: the first five digits go up to 65535, the next seven up to 1048575")]
    Range,
}

impl Ipei {
    /// Ten hexadecimal digits, small letters.
    pub fn hexadecimal(self) -> String {
        format!("{:010x}", self.0)
    }

    /// Five digits for the maker, seven for the handset, and the check digit, which may be `*`.
    pub fn decimal(self) -> String {
        let digits = format!("{:05}{:07}", self.0 >> SERIAL_BITS, self.0 & SERIAL_MAX);
        let check = check_digit(digits.as_bytes());
        format!("{digits}{check}")
    }
}

impl fmt::Display for Ipei {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.decimal())
    }
}

impl FromStr for Ipei {
    type Err = IpeiError;

    fn from_str(text: &str) -> Result<Self, IpeiError> {
        let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let is_decimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        match plain.len() {
            10 if plain.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                let number = u64::from_str_radix(&plain, 16).map_err(|_| IpeiError::Form)?;
                if number >> SERIAL_BITS > MAKER_MAX { Err(IpeiError::Range) } else { Ok(Self(number)) }
            }
            12 | 13 if plain.is_ascii() && is_decimal(&plain[..12]) => {
                let (digits, check) = plain.split_at(12);
                match check.chars().next() {
                    Some(found) if !found.is_ascii_digit() && found != '*' => return Err(IpeiError::Form),
                    Some(found) if found != check_digit(digits.as_bytes()) => return Err(IpeiError::CheckDigit),
                    _ => {}
                }
                let part = |digits: &str| digits.parse::<u64>().map_err(|_| IpeiError::Form);
                let (maker, serial) = (part(&digits[..5])?, part(&digits[5..])?);
                if maker > MAKER_MAX || serial > SERIAL_MAX {
                    return Err(IpeiError::Range);
                }
                Ok(Self(maker << SERIAL_BITS | serial))
            }
            _ => Err(IpeiError::Form),
        }
    }
}

/// The sum of each digit times its place, modulo eleven; ten is written `*`.
fn check_digit(digits: &[u8]) -> char {
    let sum: u32 = digits.iter().zip(1..).map(|(digit, place)| u32::from(digit - b'0') * place).sum();
    char::from_digit(sum % 11, 10).unwrap_or('*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_spelling_reads_back(maker in 0..=MAKER_MAX, serial in 0..=SERIAL_MAX) {
            let ipei = Ipei(maker << SERIAL_BITS | serial);
            prop_assert_eq!(ipei.decimal().parse(), Ok(ipei));
            prop_assert_eq!(ipei.decimal()[..12].parse(), Ok(ipei));
            prop_assert_eq!(ipei.hexadecimal().parse(), Ok(ipei));
            prop_assert_eq!(ipei.hexadecimal().to_uppercase().parse(), Ok(ipei));
        }

        #[test]
        fn one_wrong_digit_is_seen(maker in 0..=MAKER_MAX, serial in 0..=SERIAL_MAX, at in 0usize..12, add in 1u8..10) {
            // The eleventh digit counts eleven times, which is nothing modulo eleven: a slip there cannot be seen.
            prop_assume!(at != 10);
            let mut text = Ipei(maker << SERIAL_BITS | serial).decimal().into_bytes();
            text[at] = b'0' + (text[at] - b'0' + add) % 10;
            prop_assert_eq!(String::from_utf8(text).unwrap().parse::<Ipei>(), Err(IpeiError::CheckDigit));
        }

        #[test]
        fn what_is_read_is_written_so_that_it_reads_the_same(text in "\\PC{0,20}|[0-9a-fA-F]{9,14}|0[0-9]{4}[ -]?[0-9]{7}") {
            if let Ok(ipei) = text.parse::<Ipei>() {
                prop_assert_eq!(ipei.decimal().parse(), Ok(ipei));
                prop_assert!(text.chars().any(|c| c.is_ascii_hexdigit()), "of nothing");
            }
        }
    }

    #[test]
    fn spellings() {
        // 1·0 + 2·0 + 3·0 + 4·7 + 5·7 + 6·0 + 7·1 + 8·2 + 9·3 + 10·4 + 11·5 + 12·6 = 280 = 25·11 + 5
        let ipei: Ipei = "0007701234565".parse().unwrap();
        assert_eq!(ipei.hexadecimal(), "0004d1e240");
        for same in ["000770123456", "00077 0123456 5", "00077-0123456-5", "0004D1E240"] {
            assert_eq!(same.parse(), Ok(ipei), "{same}");
        }
        for (wrong, error) in [
            ("", IpeiError::Form),
            ("00077012345", IpeiError::Form),
            ("0007701234566", IpeiError::CheckDigit),
            ("000770123456x", IpeiError::Form),
            ("65536000000", IpeiError::Form),
            ("655360000000", IpeiError::Range),
            ("000001048576", IpeiError::Range),
            ("1000000000", IpeiError::Range),
            ("é04d1e240", IpeiError::Form),
        ] {
            assert_eq!(wrong.parse::<Ipei>(), Err(error), "{wrong}");
        }
    }
}
