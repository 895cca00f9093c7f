//! One's own second factor: an authenticator app (TOTP, RFC 6238, as all apps know it), and ten codes for when it is lost.

use domain::{Chance, Secret, Time};
use sha2::{Digest, Sha256};
use store::Db;
use store::second_factor::{self, Factor};
use totp_rs::{Algorithm, Builder, Totp};
use uuid::Uuid;

use super::sign_in::SignedInAs;
use super::{Admin, Error};
use crate::edge::SystemChance;
use crate::escape::in_address;

/// The recovery codes that are made at once.
const RECOVERY_CODES: usize = 10;
/// Letters of a recovery code: none that is taken for another. 32 of them, so that a byte chooses without bias.
const LETTERS: &[u8; 32] = b"23456789abcdefghjkmnpqrstuvwxyz0";

/// What stands on the page where somebody sets up an authenticator.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// The secret in base 32, to type.
    pub secret: Secret<String>,
    /// The same as an address that apps read from a QR code.
    pub uri: Secret<String>,
}

/// How it stands with somebody's second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Standing {
    /// A code is asked for at each sign-in.
    pub on: bool,
    /// Recovery codes that are left.
    pub codes_left: usize,
}

/// How it stands.
pub async fn standing(admin: &Admin, who: &SignedInAs) -> Result<Standing, Error> {
    let account = who.account.id;
    admin
        .read(move |db| {
            let on = second_factor::find(db, account)?.is_some_and(|factor| factor.confirmed);
            Ok(Standing { on, codes_left: second_factor::codes_left(db, account)? })
        })
        .await
}

/// Makes a new secret, which counts once a code of it was shown. Refused while an authenticator is on.
pub async fn enrol(admin: &Admin, who: &SignedInAs, platform: &str) -> Result<Enrolment, Error> {
    let mut secret = vec![0; 20];
    SystemChance.fill(&mut secret);
    let account = who.account.id;
    let shown = totp_rs::Secret::from(secret.as_slice()).to_base32();
    let factor = Factor { secret: Secret::new(secret), confirmed: false, last_step: 0 };
    admin
        .write(move |db| {
            if second_factor::find(db, account)?.is_some_and(|factor| factor.confirmed) {
                return Err(Error::refused("second_factor", "a second factor is on already; switch it off first"));
            }
            Ok(second_factor::set(db, account, &factor)?)
        })
        .await?;
    let uri =
        format!("otpauth://totp/{}:{}?secret={shown}&issuer={}", in_address(platform), in_address(&who.account.name), in_address(platform));
    Ok(Enrolment { secret: Secret::new(shown), uri: Secret::new(uri) })
}

/// Switches it on with a first code. Returns the recovery codes, shown once; none if the code is wrong.
pub async fn confirm(admin: &Admin, who: &SignedInAs, code: &str) -> Result<Option<Vec<Secret<String>>>, Error> {
    let (codes, hashes) = recovery_codes();
    let (who, code) = (who.clone(), code.to_owned());
    let account = who.account.id;
    let right = admin
        .write(move |db| {
            let Some(factor) = second_factor::find(db, account)?.filter(|factor| !factor.confirmed) else { return Ok(false) };
            let Some(step) = step_of(&factor, &code, who.by.now)? else { return Ok(false) };
            if !second_factor::take(db, account, step)? {
                return Ok(false);
            }
            second_factor::set_codes(db, account, &hashes)?;
            who.by.audit(db, who.account.actor.node, "second-factor.on", &who.account.name, "")?;
            Ok(true)
        })
        .await?;
    Ok(right.then_some(codes))
}

/// Switches it off.
pub async fn switch_off(admin: &Admin, who: &SignedInAs) -> Result<(), Error> {
    let who = who.clone();
    admin
        .write(move |db| {
            second_factor::remove(db, who.account.id)?;
            who.by.audit(db, who.account.actor.node, "second-factor.off", &who.account.name, "")
        })
        .await
}

/// Whether this is the code of the moment, or an unused recovery code. It is used up.
pub(super) fn right_code(db: &Db, account: Uuid, code: &str, now: Time) -> Result<bool, Error> {
    let code: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect::<String>().to_lowercase();
    let Some(factor) = second_factor::find(db, account)?.filter(|factor| factor.confirmed) else { return Ok(false) };
    if let Some(step) = step_of(&factor, &code, now)? {
        return Ok(second_factor::take(db, account, step)?);
    }
    Ok(second_factor::use_code(db, account, &hash(&code))?)
}

/// The time step that a code belongs to: this one, the one before or the one after.
fn step_of(factor: &Factor, code: &str, now: Time) -> Result<Option<i64>, Error> {
    let seconds = u64::try_from(now.millis() / 1000).unwrap_or_default();
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    Ok(totp(factor)?.check(&code, seconds).and_then(|step| i64::try_from(step).ok()))
}

fn totp(factor: &Factor) -> Result<Totp, Error> {
    let builder = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_skew(1).with_step_duration(30);
    let built = builder.with_secret(totp_rs::Secret::from(factor.secret.expose().as_slice())).build();
    built.map_err(|error| Error::Failed(format!("a second factor: {error}")))
}

fn recovery_codes() -> (Vec<Secret<String>>, Vec<[u8; 32]>) {
    let code = || {
        let mut random = [0; 12];
        SystemChance.fill(&mut random);
        random.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect::<String>()
    };
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| code()).collect();
    let hashes = codes.iter().map(|code| hash(code)).collect();
    let shown = codes.iter().map(|code| Secret::new(format!("{}-{}-{}", &code[..4], &code[4..8], &code[8..]))).collect();
    (shown, hashes)
}

fn hash(code: &str) -> [u8; 32] {
    Sha256::digest(code.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of RFC 6238, appendix B, for SHA-1, cut to six digits.
    #[test]
    fn the_codes_are_those_of_the_rfc() {
        let factor = Factor { secret: Secret::new(b"12345678901234567890".to_vec()), confirmed: true, last_step: 0 };
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (2_000_000_000, "279037")] {
            let at = Time::from_millis(seconds * 1000);
            assert_eq!(step_of(&factor, code, at).unwrap(), Some(seconds / 30), "{seconds}");
            assert_eq!(step_of(&factor, code, Time::from_millis((seconds + 30) * 1000)).unwrap(), Some(seconds / 30), "a slow typist");
            assert_eq!(step_of(&factor, code, Time::from_millis((seconds + 120) * 1000)).unwrap(), None);
        }
        assert_eq!(step_of(&factor, "000000", Time::from_millis(59_000)).unwrap(), None);
    }

    #[test]
    fn recovery_codes_differ_and_are_read_without_their_dashes() {
        let (codes, hashes) = recovery_codes();
        assert_eq!(codes.len(), RECOVERY_CODES);
        assert_eq!(hash(&codes[0].expose().replace('-', "")), hashes[0]);
        assert_ne!(codes[0], codes[1]);
    }
}
