//! Do the operator's own brands read, and are they made from what is built in today?

use ::brands::Catalogue;

use super::Finding;
use crate::data::DataDir;
use crate::overrides::{self, BrandFile, Standing};

const CHECK: &str = "brands";

/// Looks at the operator's files beside the built-in ones. The catalogue must read, or nothing else does.
pub fn examine(data: &DataDir) -> Vec<Finding> {
    let mut findings = Vec::new();
    match Catalogue::load(data.brands().as_deref()) {
        Ok(catalogue) => findings.push(Finding::ok(CHECK, format!("{} brands read", catalogue.brands().len()))),
        Err(error) => {
            let advice = "correct the file; removing it brings the built-in one back";
            findings.push(Finding::error(CHECK, error.to_string(), advice));
        }
    }
    match overrides::all(data) {
        Ok(files) => findings.extend(files.iter().filter_map(judge)),
        // What cannot be read was told by the catalogue; a record that cannot be read is told here.
        Err(failure) if findings.iter().all(|finding| finding.advice.is_none()) => {
            findings.push(Finding::warning(CHECK, failure.message, "ringfence brands override BRAND lists the files"));
        }
        Err(_) => {}
    }
    findings
}

fn judge(one: &BrandFile) -> Option<Finding> {
    let name = format!("brands/{}/{}", one.brand, one.file);
    let compare = format!(
        "ringfence brands override {0} {1} --print shows the built-in one; once yours says the same news, add --merged",
        one.brand, one.file
    );
    let (message, advice) = match (&one.standing, &one.base) {
        (Standing::Identical, _) => {
            let advice = "remove it: as it is, it only keeps later corrections away".to_owned();
            (format!("{name} is the same as the built-in file"), advice)
        }
        (Standing::Moved, Some(base)) => {
            (format!("{name} was made from the file of version {}, and the built-in one has changed since", base.version), compare)
        }
        (Standing::NoRecord, _) => (format!("{name} does not say which built-in file it was made from"), compare),
        _ => return None,
    };
    Some(Finding::warning(CHECK, message, advice))
}
