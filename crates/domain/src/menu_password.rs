//! Passwords of phones' own menus and web pages, where nobody set one: those that phones come with are how phones are taken over.
//!
//! One pair for each site, or for the customer where a phone has no site. Derived from the platform's key, so that none is stored and every
//! node knows them; a counter that is kept with the place makes new ones.

use serde::Serialize;

use crate::claim::PlatformKeys;
use crate::secret::Secret;
use crate::settings::{Layer, Resolved};
use crate::tenancy::{Node, Place};

/// The neutral settings that they stand in for.
pub const ADMIN_KEY: &str = "admin_password";
/// The same for the phone's user.
pub const USER_KEY: &str = "user_password";

/// Without what people take for each other: 0 O o, 1 I l.
const LETTERS: &[u8; 56] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
const DIGITS: &[u8; 10] = b"0123456789";

/// Whose password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Menu {
    /// The administrator's.
    Admin,
    /// The user's.
    User,
}

/// What a brand's phones take for a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PasswordForm {
    /// Digits alone: it is keyed in on the phone.
    pub digits: bool,
    /// How many characters.
    pub length: u8,
}

impl Default for PasswordForm {
    /// 81 bits, and short enough for every menu.
    fn default() -> Self {
        Self { digits: false, length: 14 }
    }
}

/// The passwords of one place in one round.
#[derive(Clone, Copy, Debug)]
pub struct MenuPasswords<'a> {
    keys: &'a PlatformKeys,
    node: Node,
    round: u32,
}

impl<'a> MenuPasswords<'a> {
    /// Those of a place. `round` counts how often they were made anew.
    pub fn of(keys: &'a PlatformKeys, place: Place, round: u32) -> Self {
        Self { keys, node: place.node(), round }
    }

    /// One password.
    pub fn password(&self, menu: Menu, form: PasswordForm) -> Secret<String> {
        let tries = (0..=u16::MAX).map(|turn| self.draw(menu, form, turn));
        // Some phones refuse a password without a capital, a small letter and a digit. About one draw in six lacks one.
        let mut good = tries.filter(|drawn| form.digits || has_each_kind(drawn.expose()));
        good.next().expect("65536 draws in a row that lack a kind of letter do not happen")
    }

    /// Sets the passwords that no layer sets.
    pub fn fill(&self, settings: &mut Resolved, form: PasswordForm) {
        for (key, menu) in [(ADMIN_KEY, Menu::Admin), (USER_KEY, Menu::User)] {
            if settings.value(key).is_none_or(|value| value.trim().is_empty()) {
                settings.put(key, self.password(menu, form).expose().clone(), Layer::Platform);
            }
        }
    }

    fn draw(&self, menu: Menu, form: PasswordForm, turn: u16) -> Secret<String> {
        let alphabet = if form.digits { &DIGITS[..] } else { &LETTERS[..] };
        // No letter is likelier than another: what does not divide evenly is passed over.
        let even = u8::try_from(256 / alphabet.len() * alphabet.len()).unwrap_or(u8::MAX);
        let mut drawn = String::with_capacity(usize::from(form.length));
        for block in 0..=u8::MAX {
            for byte in self.block(menu, form, turn, block).expose().iter().filter(|byte| **byte < even) {
                if drawn.len() == usize::from(form.length) {
                    return Secret::new(drawn);
                }
                drawn.push(char::from(alphabet[usize::from(*byte) % alphabet.len()]));
            }
        }
        Secret::new(drawn)
    }

    fn block(&self, menu: Menu, form: PasswordForm, turn: u16, block: u8) -> Secret<Vec<u8>> {
        let (kind, id) = match self.node {
            Node::Operator => (0, uuid::Uuid::nil()),
            Node::Reseller(id) => (1, id.0),
            Node::Customer(id) => (2, id.0),
            Node::Site(id) => (3, id.0),
        };
        // Every part has one length, so that no two purposes read alike.
        let mut purpose = b"menu password".to_vec();
        purpose.extend_from_slice(id.as_bytes());
        purpose.extend(self.round.to_be_bytes());
        purpose.extend([kind, u8::from(menu == Menu::User), u8::from(form.digits), form.length]);
        purpose.extend(turn.to_be_bytes());
        purpose.push(block);
        self.keys.derive(&purpose)
    }
}

fn has_each_kind(password: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| password.as_bytes().iter().any(kind);
    has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::settings::Settings;
    use crate::tenancy::{CustomerId, SiteId};

    fn keys(byte: u8) -> PlatformKeys {
        PlatformKeys::new(vec![Secret::new(vec![byte; 32])]).unwrap()
    }

    fn place(customer: u128, site: Option<u128>) -> Place {
        Place { reseller: None, customer: CustomerId(Uuid::from_u128(customer)), site: site.map(|id| SiteId(Uuid::from_u128(id))) }
    }

    const DIGITS_8: PasswordForm = PasswordForm { digits: true, length: 8 };

    proptest! {
        #[test]
        fn passwords_are_of_their_form(seed: u8, site: u128, round: u32, length in 12u8..=32, digits: bool) {
            let (keys, form) = (keys(seed), PasswordForm { digits, length });
            for menu in [Menu::Admin, Menu::User] {
                let password = MenuPasswords::of(&keys, place(1, Some(site)), round).password(menu, form);
                let text = password.expose();
                prop_assert_eq!(text.len(), usize::from(length));
                let allowed = if digits { &DIGITS[..] } else { &LETTERS[..] };
                prop_assert!(text.bytes().all(|byte| allowed.contains(&byte)));
                prop_assert!(digits || has_each_kind(text));
            }
        }
    }

    #[test]
    fn what_makes_a_difference_makes_another_password() {
        let (one, other) = (keys(1), keys(2));
        let of = |keys, place, round, menu, form| MenuPasswords::of(keys, place, round).password(menu, form).expose().clone();
        let form = PasswordForm::default();
        let all = [
            of(&one, place(1, Some(2)), 0, Menu::Admin, form),
            of(&one, place(1, Some(2)), 0, Menu::User, form),
            of(&one, place(1, Some(2)), 1, Menu::Admin, form),
            of(&one, place(1, Some(3)), 0, Menu::Admin, form),
            of(&one, place(1, None), 0, Menu::Admin, form),
            // The same id as a customer's and as a site's.
            of(&one, place(2, None), 0, Menu::Admin, form),
            of(&other, place(1, Some(2)), 0, Menu::Admin, form),
            of(&one, place(1, Some(2)), 0, Menu::Admin, DIGITS_8),
        ];
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert_eq!(all[0], of(&one, place(9, Some(2)), 0, Menu::Admin, form), "a site's id is enough, and the same twice");
    }

    #[test]
    fn every_letter_comes_up_about_as_often() {
        let (keys, form) = (keys(3), PasswordForm { digits: true, length: 32 });
        let mut counts = [0; 10];
        for round in 0..1000 {
            let password = MenuPasswords::of(&keys, place(1, None), round).password(Menu::Admin, form);
            password.expose().bytes().for_each(|byte| counts[usize::from(byte - b'0')] += 1);
        }
        // 3 200 of each on average; five standard deviations are 270.
        assert!(counts.iter().all(|count| (2930..=3470).contains(count)), "{counts:?}");
    }

    #[test]
    fn what_a_layer_sets_stays() {
        let keys = keys(1);
        let passwords = MenuPasswords::of(&keys, place(1, None), 0);
        let own = Settings::from([(ADMIN_KEY.to_owned(), "chosen-by-hand".to_owned()), (USER_KEY.to_owned(), " ".to_owned())]);
        let mut settings = Resolved::from_layers([(Layer::Operator, &own)]);
        passwords.fill(&mut settings, PasswordForm::default());
        let layer = |key| settings.sourced(key).map(|found| found.layer);
        assert_eq!((settings.value(ADMIN_KEY), layer(ADMIN_KEY)), (Some("chosen-by-hand"), Some(Layer::Operator)));
        assert_eq!(layer(USER_KEY), Some(Layer::Platform), "an empty value is none");
        assert_eq!(settings.value(USER_KEY), Some(passwords.password(Menu::User, PasswordForm::default()).expose().as_str()));
    }
}
