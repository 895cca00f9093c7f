//! A restricted file leaves nothing behind: checked over every model, by each brand's rule of absence.

use std::collections::BTreeSet;

use brands::{Body, Brand, Model, Notice, RenderError};
use domain::settings::Resolved;

use crate::cast::{all_models, firmwares};
use crate::support::{CATALOGUE, carrier_of, door, full, line, restricted};

fn parameters(brand: &Brand, model: &Model, firmware: Option<&str>, body: Body<'_>) -> BTreeSet<String> {
    let rendered = match CATALOGUE.render(&carrier_of(brand, model, firmware, body)) {
        Ok(rendered) => rendered,
        // A brand without two steps has no signpost.
        Err(RenderError::NoSuchFile { .. }) => return BTreeSet::new(),
        Err(error) => panic!("{}/{}: {error}", brand.name(), model.name),
    };
    let parsed = CATALOGUE.parse(brand, &rendered.bytes).unwrap_or_else(|error| panic!("{}/{}: {error}", brand.name(), model.name));
    parsed.in_order.into_iter().map(|(key, _)| key).collect()
}

#[test]
fn what_a_restricted_file_sets_a_full_file_states_again() {
    let (lines, settings) = ([line("200")], Resolved::default());
    for (brand, model) in all_models() {
        for firmware in firmwares(brand) {
            let firmware = firmware.as_deref();
            let used = &lines[..usize::from(model.accounts.min(1))];
            let stated = parameters(brand, model, firmware, full(used, &settings));
            let empty = parameters(brand, model, firmware, full(&[], &settings));
            let signpost = parameters(brand, model, firmware, Body::Signpost { door: door(), language: "en" });
            for key in parameters(brand, model, firmware, restricted(Notice::Needed)).union(&signpost).filter(|key| brand.keeps_absent(key))
            {
                let again = stated.contains(key) && empty.contains(key);
                assert!(again, "{}/{} {firmware:?}: {key} stays", brand.name(), model.name);
            }
        }
    }
}
