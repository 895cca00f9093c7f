//! Logins: the shared global one, and the one of each device.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::chance::Chance;
use crate::claim::{Claim, PlatformKeys};
use crate::limits::LOGIN_BYTES_MAX;
use crate::secret::Secret;
use crate::tenancy::{Place, ResellerId};
use crate::time::Time;

/// The number of a global login, never used twice. 0 is nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GlobalId(pub u16);

/// Who owns a global login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The operator: it counts for every device.
    Operator,
    /// A reseller: it counts for its own customers' devices.
    Reseller(ResellerId),
}

/// The shared user name and global one-time password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalLogin {
    /// Its number.
    pub id: GlobalId,
    /// Whose devices it counts for.
    pub owner: Owner,
    /// User name.
    pub user: String,
    /// The global one-time password.
    pub password: Secret<String>,
    /// When a rotation ends it.
    pub valid_until: Option<Time>,
    /// Revoked: the claims it earned end too.
    pub revoked: bool,
}

impl GlobalLogin {
    /// In date and not revoked.
    pub fn in_date(&self, now: Time) -> bool {
        !self.revoked && self.valid_until.is_none_or(|until| now < until)
    }

    /// Whether it counts for a device that stands there.
    pub fn covers(&self, place: &Place) -> bool {
        match self.owner {
            Owner::Operator => true,
            Owner::Reseller(reseller) => place.reseller == Some(reseller),
        }
    }
}

/// Letters and digits that nobody confuses on a display: no 0/o, 1/l/i.
const TYPED: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// A new global password: 16 characters of 31, 79 bits, that a person can type on a phone's keypad.
pub fn new_global_password(chance: &mut dyn Chance) -> Secret<String> {
    Secret::new((0..16).map(|_| char::from(TYPED[chance.below(31) as usize])).collect())
}

/// A new password for a person's first sign-in or an API token's like: 24 characters of 31, 118 bits.
pub fn new_password(chance: &mut dyn Chance) -> Secret<String> {
    Secret::new((0..24).map(|_| char::from(TYPED[chance.below(31) as usize])).collect())
}

/// User and password that an admin set by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByHand {
    /// User name.
    pub user: String,
    /// Password.
    #[serde(with = "crate::secret::sealed")]
    pub password: Secret<String>,
}

/// Why a login set by hand is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// Empty, too long, or not printable.
    #[error("user and password: 1 to 64 printable ASCII characters without spaces; the user without \":\" too")]
    Form,
    /// Too easy to guess.
    #[error("a device password has at least 12 characters")]
    Short,
}

impl ByHand {
    /// Checks what phones and HTTP can carry.
    pub fn new(user: &str, password: &str) -> Result<Self, LoginError> {
        let fits = |text: &str| (1..=LOGIN_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !fits(user) || !fits(password) || user.contains(':') {
            return Err(LoginError::Form);
        }
        if password.len() < 12 {
            return Err(LoginError::Short);
        }
        Ok(Self { user: user.to_owned(), password: Secret::from(password) })
    }
}

/// A device's own login: that of its claim, unless somebody set one by hand. The door is always the claim's.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// The claim it came from.
    pub claim: Claim,
    /// User and password in place of the claim's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<ByHand>,
}

impl Login {
    /// The login of a claim.
    pub fn of(claim: Claim) -> Self {
        Self { claim, by_hand: None }
    }

    /// User name.
    pub fn user(&self, keys: &PlatformKeys) -> String {
        self.by_hand.as_ref().map_or_else(|| keys.token(&self.claim), |by_hand| by_hand.user.clone())
    }

    /// Password.
    pub fn password(&self, keys: &PlatformKeys) -> Secret<String> {
        self.by_hand.as_ref().map_or_else(|| keys.http_password(&self.claim), |by_hand| by_hand.password.clone())
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({:?}{})", self.claim, if self.by_hand.is_some() { ", by hand" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_set_by_hand_fits_phones() {
        assert!(ByHand::new("desk-7", "correct-horse-9").is_ok());
        for (user, password) in [
            ("", "correct-horse-9"),
            ("a:b", "correct-horse-9"),
            ("a b", "correct-horse-9"),
            ("a", "line\r\nbreak-xx"),
            ("a", "ümlaut-password"),
        ] {
            assert_eq!(ByHand::new(user, password), Err(LoginError::Form), "{user}");
        }
        assert_eq!(ByHand::new("a", "short"), Err(LoginError::Short));
    }
}
