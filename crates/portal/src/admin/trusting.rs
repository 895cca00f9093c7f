//! Phones on which no PIN can be keyed in: under `pin=required` they live by a trusted network or a suspension alone. Whoever brings that about
//! must have meant it.

use std::collections::BTreeSet;

use ::brands::{Capability, Catalogue};
use domain::Mac;
use domain::policy::Policy;
use domain::tenancy::Node;
use store::Db;

use super::Error;
use super::device::{Policies, each_kind, node_of};

/// The code of the refusal.
pub(crate) const CODE: &str = "lives_by_trust";
/// What `confirm` says in an import file.
pub(crate) const CONFIRMED: &str = "lives-by-trust";
/// How many phones a message names.
const NAMED_MAX: usize = 10;

/// A phone: its MAC and its model.
pub type Phone = (Mac, String);

/// Whether a phone of this model would live by stand-ins alone. A model that is not in the catalogue any more is served nothing anyway.
pub(crate) fn lives_by_trust(catalogue: &Catalogue, model: &str, policy: &Policy) -> bool {
    catalogue.model(model).is_some_and(|(_, model)| policy.lives_by_trust(model.two_factor != Capability::No))
}

/// The phones below a node that do.
pub(crate) fn below(db: &Db, catalogue: &Catalogue, node: Node) -> Result<BTreeSet<Phone>, Error> {
    let (mut found, mut policies) = (BTreeSet::new(), Policies::default());
    each_kind(db, node, |kind| {
        if lives_by_trust(catalogue, &kind.model, policies.at(db, node_of(kind.place))?) {
            found.insert((kind.mac, kind.model));
        }
        Ok(())
    })?;
    Ok(found)
}

/// Asks for the confirmation.
pub(crate) fn refused(phones: &[Phone]) -> Error {
    let them = if phones.len() == 1 { "this phone".to_owned() } else { format!("{} phones", phones.len()) };
    let why = format!("no PIN can be keyed in on {them}, so that pin=required leaves a trusted network or a suspension alone");
    Error::refused(CODE, format!("{why}: {}; if that is meant, say --lives-by-trust (in a CSV file: confirm={CONFIRMED})", named(phones)))
}

/// The first of them by MAC and model, and how many more there are.
pub fn named(phones: &[Phone]) -> String {
    let first: Vec<String> = phones.iter().take(NAMED_MAX).map(|(mac, model)| format!("{mac} ({model})")).collect();
    let more = phones.len().saturating_sub(NAMED_MAX);
    if more == 0 { first.join(", ") } else { format!("{} and {more} more", first.join(", ")) }
}
