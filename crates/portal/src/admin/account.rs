//! People's accounts.

use argon2::Argon2;
use argon2::password_hash::PasswordHasher as _;
use domain::login::{Owner, new_global_password, new_password};
use domain::role::{Action, Actor};
use domain::tenancy::Node;
use domain::{Chance, Secret};
use store::Scope;
use store::people::{self, Account};

use super::global_login::USER;
use super::{Admin, By, Error, Named, new_id};
use crate::edge::SystemChance;

/// What a new platform's operator is told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// The first operator's name.
    pub operator: String,
    /// Their password.
    pub operator_password: Secret<String>,
    /// The global login's user.
    pub global_user: String,
    /// The global one-time password.
    pub global_password: Secret<String>,
}

/// Makes the first operator and the first global login, in one transaction. Refused on a platform that has an operator.
pub async fn begin(admin: &Admin, by: &By) -> Result<Beginning, Error> {
    by.may_platform(Action::OperatePlatform)?;
    let beginning = Beginning {
        operator: "operator".to_owned(),
        operator_password: new_password(&mut SystemChance),
        global_user: USER.to_owned(),
        global_password: new_global_password(&mut SystemChance),
    };
    let account = Account {
        id: new_id(by.now),
        name: beginning.operator.clone(),
        actor: Actor::OPERATOR,
        password_hash: hash(&beginning.operator_password)?,
        created: by.now,
        disabled: false,
        version: 1,
    };
    let (by, made) = (by.clone(), beginning.clone());
    admin
        .write(move |db| {
            people::add_account(db, &by.scope(), &account).named(|| format!("account {:?}", account.name))?;
            store::login::add(db, &Scope::Operator, Owner::Operator, &made.global_user, &made.global_password, by.now)?;
            by.audit(db, Node::Operator, "platform.created", "operator", "")
        })
        .await?;
    Ok(beginning)
}

/// Argon2id with its crate's own parameters (19 MiB, two passes), in the PHC string form.
pub(crate) fn hash(password: &Secret<String>) -> Result<String, Error> {
    let mut salt = [0; 16];
    SystemChance.fill(&mut salt);
    let hash = Argon2::default().hash_password_with_salt(password.expose().as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(|error| Error::Failed(format!("hashing a password: {error}")))
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::PasswordVerifier as _;
    use argon2::password_hash::phc::PasswordHash;

    use super::*;

    #[test]
    fn a_hash_proves_its_password_and_no_other() {
        let text = hash(&Secret::from("correct horse")).unwrap();
        assert!(text.starts_with("$argon2id$"), "{text}");
        let parsed = PasswordHash::new(&text).unwrap();
        assert!(Argon2::default().verify_password(b"correct horse", &parsed).is_ok());
        assert!(Argon2::default().verify_password(b"correct house", &parsed).is_err());
        assert_ne!(text, hash(&Secret::from("correct horse")).unwrap());
    }
}
