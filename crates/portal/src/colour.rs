//! Colours that people choose, and whether what is written in them can be read (WCAG 2.2, contrast of at least 4.5 to 1).

use std::fmt;
use std::str::FromStr;

/// What text needs.
const READABLE: f64 = 4.5;
/// The menu's chosen entry, the darkest ground of the light theme, and the lightest of the dark one: as app.css and the theme have them.
const LIGHT_GROUND: Colour = Colour([0xee, 0xf1, 0xf6]);
const DARK_GROUND: Colour = Colour([0x23, 0x2a, 0x36]);
const WHITE: Colour = Colour([0xff; 3]);
const BLACK: Colour = Colour([0; 3]);

/// A colour of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colour([u8; 3]);

impl FromStr for Colour {
    type Err = ();

    /// `#rrggbb`, with or without the mark, in either case.
    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(());
        }
        let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| ());
        Ok(Self([part(0)?, part(2)?, part(4)?]))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([red, green, blue]) = self;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Colour {
    /// From 1 (the same) to 21 (black on white).
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// The contrast with white and with black.
    pub fn with_white_and_black(self) -> (f64, f64) {
        (self.contrast(WHITE), self.contrast(BLACK))
    }

    /// Whether white text on it, and it on white, can be read.
    pub fn is_readable(self) -> bool {
        self.contrast(WHITE) >= READABLE
    }

    /// For links and buttons on light grounds: a little darker where it has to be.
    pub fn on_light(self) -> Self {
        self.towards(BLACK, LIGHT_GROUND)
    }

    /// The same on dark grounds: lighter.
    pub fn on_dark(self) -> Self {
        self.towards(WHITE, DARK_GROUND)
    }

    fn towards(self, end: Self, ground: Self) -> Self {
        let mixed = (0..=20).map(|step| self.mixed(end, step));
        mixed.into_iter().find(|colour| colour.contrast(ground) >= READABLE).unwrap_or(end)
    }

    /// `twentieths` of the other.
    fn mixed(self, other: Self, twentieths: u16) -> Self {
        let mix = |at: usize| {
            let (own, end) = (u16::from(self.0[at]), u16::from(other.0[at]));
            u8::try_from((own * (20 - twentieths) + end * twentieths) / 20).unwrap_or(u8::MAX)
        };
        Self([mix(0), mix(1), mix(2)])
    }

    /// Relative luminance of sRGB.
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let Self([red, green, blue]) = self;
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Colour {
        text.parse().unwrap()
    }

    #[test]
    fn contrasts_are_those_of_the_standard() {
        assert!((colour("#000000").contrast(WHITE) - 21.0).abs() < 0.001);
        // The greys on either side of the limit.
        assert!(colour("#767676").is_readable());
        assert!(!colour("#777777").is_readable());
        assert!(!colour("ffcc00").is_readable(), "yellow");
    }

    #[test]
    fn every_colour_that_is_taken_can_be_read_in_both_themes() {
        for text in ["#000000", "#767676", "#c62828", "#0000ff", "#2456c9", "#7a1fa2", "#00695c"] {
            let (light, dark) = (colour(text).on_light(), colour(text).on_dark());
            assert!(colour(text).is_readable(), "{text}");
            assert!(light.contrast(LIGHT_GROUND) >= READABLE && light.contrast(WHITE) >= READABLE, "{text}: {light}");
            assert!(dark.contrast(DARK_GROUND) >= READABLE && dark.contrast(colour("#0c1220")) >= READABLE, "{text}: {dark}");
        }
    }

    #[test]
    fn only_six_digits_are_a_colour() {
        assert_eq!(colour("#A1b2C3").to_string(), "#a1b2c3");
        for text in ["", "#", "#fff", "#12345g", "red", "#1234567", "é0000"] {
            assert!(text.parse::<Colour>().is_err(), "{text}");
        }
    }
}
