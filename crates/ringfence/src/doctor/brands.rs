//! Do the operator's own brands read, and are they made from what is built in today?

use ::brands::{Catalogue, CatalogueError};
use portal::admin::template::{self, Standing, TemplateView, Which};

use super::Finding;
use crate::context::Context;
use crate::data::DataDir;
use crate::overrides::{self, BrandFile};

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

/// Looks at the operator's files that all nodes share, as this program reads them with this node's own.
pub async fn shared(context: &Context) -> Vec<Finding> {
    let (admin, which) = (&context.admin, Which { own: Some(true), ..Which::default() });
    let files = match template::list(admin, &context.by(), which).await {
        Ok(files) => files,
        Err(error) => return vec![Finding::error(CHECK, error.to_string(), "see store.url, the key file and the disk")],
    };
    let mut findings: Vec<Finding> = admin.catalogue.left_out().iter().map(|(brand, error)| left_out(brand, error)).collect();
    findings.extend(files.iter().filter_map(judge_shared));
    let own = |one: &TemplateView| context.data.brands_folder().join(&one.brand).join(&one.file).is_file();
    findings.extend(files.iter().filter(|one| own(one)).map(|one| {
        let message = format!("brands/{}/{} in the data directory is not used: the one in the database counts", one.brand, one.file);
        Finding::warning(CHECK, message, "remove one of the two")
    }));
    findings
}

fn left_out(brand: &str, error: &CatalogueError) -> Finding {
    let message = format!("your own files of {brand} in the database are not in force, phones get the built-in ones: {error}");
    Finding::error(
        CHECK,
        message,
        "correct the file with ringfence template set, or ringfence template remove brings the built-in one back",
    )
}

fn judge_shared(one: &TemplateView) -> Option<Finding> {
    let name = format!("{}/{} in the database", one.brand, one.file);
    match (one.standing, &one.based_on) {
        (Standing::Identical, _) => {
            let advice = format!("ringfence template remove {} {}: as it is, it only keeps later corrections away", one.brand, one.file);
            Some(Finding::warning(CHECK, format!("{name} is the same as the built-in file"), advice))
        }
        (Standing::Moved, Some(base)) => {
            let message = format!("{name} was made from the file of version {}, and the built-in one has changed since", base.version);
            let advice = format!(
                "ringfence template show {0} {1} --base shows the built-in one; set yours with --merged once it says the same news",
                one.brand, one.file
            );
            Some(Finding::warning(CHECK, message, advice))
        }
        _ => None,
    }
}

fn judge(one: &BrandFile) -> Option<Finding> {
    let name = format!("brands/{}/{}", one.brand, one.file);
    let compare = format!(
        "ringfence brands override {0} {1} --print shows the built-in one; once yours says the same news, add --merged",
        one.brand, one.file
    );
    let (message, advice) = match (&one.standing, &one.base) {
        (overrides::Standing::Identical, _) => {
            let advice = "remove it: as it is, it only keeps later corrections away".to_owned();
            (format!("{name} is the same as the built-in file"), advice)
        }
        (overrides::Standing::Moved, Some(base)) => {
            (format!("{name} was made from the file of version {}, and the built-in one has changed since", base.version), compare)
        }
        (overrides::Standing::NoRecord, _) => (format!("{name} does not say which built-in file it was made from"), compare),
        _ => return None,
    };
    Some(Finding::warning(CHECK, message, advice))
}
