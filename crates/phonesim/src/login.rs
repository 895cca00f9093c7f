//! How a phone answers a challenge.

use std::ops::RangeInclusive;

use domain::Chance as _;
use domain::chance::Seeded;
use wire::auth::basic_answer;
use wire::challenge::{Challenge, DigestChallenge};
use wire::digest::{self, Algorithm};

use crate::address::Login;
use crate::limits::NONCES_MAX;

/// The schemes a phone may know, weakest first. Who knows one knows those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    /// User and password in clear.
    Basic,
    /// Digest with MD5: most phones.
    Md5,
    /// Digest with SHA-256: the newest.
    Sha256,
}

impl Scheme {
    /// The scheme of a challenge.
    pub fn of(challenge: &Challenge) -> Self {
        match challenge {
            Challenge::Basic { .. } => Self::Basic,
            Challenge::Digest(digest) => match digest.algorithm {
                Algorithm::Md5 | Algorithm::Md5Sess => Self::Md5,
                Algorithm::Sha256 | Algorithm::Sha256Sess => Self::Sha256,
            },
        }
    }
}

/// What a phone remembers of challenges while it is on: how often it used each nonce.
#[derive(Clone, Debug)]
pub(crate) struct Answers {
    uses: Vec<(String, u32)>,
    chance: Seeded,
    seed: u64,
}

impl Answers {
    /// `seed` decides the client's own part of each answer, which need not be secret.
    pub(crate) fn new(seed: u64) -> Self {
        Self { uses: Vec::new(), chance: Seeded::new(seed), seed }
    }

    /// The same memory with another random part.
    pub(crate) fn beside(&self, number: u64) -> Self {
        Self { uses: self.uses.clone(), chance: Seeded::new(self.seed.wrapping_add(number + 1)), seed: self.seed }
    }

    /// The strongest challenge that the phone knows; of equals the first.
    pub(crate) fn choose(challenges: &[Challenge], knows: RangeInclusive<Scheme>) -> Option<&Challenge> {
        let known = challenges.iter().filter(|challenge| knows.contains(&Scheme::of(challenge)));
        known.reduce(|best, next| if Scheme::of(next) > Scheme::of(best) { next } else { best })
    }

    /// The `Authorization` value. Each use of a nonce counts one up.
    pub(crate) fn answer(&mut self, challenge: &Challenge, login: &Login, method: &str, target: &str) -> String {
        let (user, password) = (&login.user, login.password.expose());
        match challenge {
            Challenge::Basic { .. } => basic_answer(user, password),
            Challenge::Digest(challenge) => {
                let count = self.count(challenge);
                let mut cnonce = [0; 8];
                self.chance.fill(&mut cnonce);
                let cnonce = format!("{:016x}", u64::from_le_bytes(cnonce));
                digest::answer(challenge, user, password, method, target, count, &cnonce)
            }
        }
    }

    fn count(&mut self, challenge: &DigestChallenge) -> u32 {
        if let Some((_, count)) = self.uses.iter_mut().find(|(nonce, _)| *nonce == challenge.nonce) {
            *count += 1;
            return *count;
        }
        if self.uses.len() == NONCES_MAX {
            self.uses.remove(0);
        }
        self.uses.push((challenge.nonce.clone(), 1));
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered() -> Vec<Challenge> {
        let headers = [
            "Basic realm=\"r\"",
            "Digest realm=\"r\", nonce=\"n\", algorithm=MD5, qop=\"auth\"",
            "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\"",
        ];
        headers.iter().flat_map(|header| wire::challenge::parse(header.as_bytes()).unwrap()).collect()
    }

    #[test]
    fn the_strongest_known_scheme_is_taken() {
        for strongest in [Scheme::Basic, Scheme::Md5, Scheme::Sha256] {
            assert_eq!(Answers::choose(&offered(), Scheme::Basic..=strongest).map(Scheme::of), Some(strongest));
        }
        assert_eq!(Answers::choose(&offered()[1..], Scheme::Basic..=Scheme::Basic), None);
        assert_eq!(Answers::choose(&offered()[..1], Scheme::Md5..=Scheme::Sha256), None, "Digest only");
    }

    #[test]
    fn uses_of_a_nonce_count_up_and_old_nonces_are_forgotten() {
        let mut answers = Answers::new(1);
        let login = Login::new("u", "p");
        let mut count = |nonce: &str| {
            let challenge = wire::challenge::parse(format!("Digest realm=r, nonce={nonce}, qop=auth").as_bytes()).unwrap();
            let value = answers.answer(&challenge[0], &login, "GET", "/");
            value.split("nc=").nth(1).unwrap()[..8].to_owned()
        };
        assert_eq!(
            (count("a"), count("a"), count("b"), count("a")),
            ("00000001".into(), "00000002".into(), "00000001".into(), "00000003".into())
        );
        for at in 0..NONCES_MAX {
            count(&format!("other{at}"));
        }
        assert_eq!(count("a"), "00000001");
    }
}
