//! *Administration › Policy*: what is asked of phones, at each level of one's branch, each key with its meaning and where its value comes from.

use std::collections::BTreeMap;

use axum::extract::State;
use domain::policy::DEFAULTS;
use domain::tenancy::Node;
use http::StatusCode;
use minijinja::context;
use serde::Deserialize;

use super::answer::{Answer, back};
use super::failure::Failure;
use super::form::{Posted, Query};
use super::template::view;
use super::visitor::Visitor;
use super::wrong::Wrong;
use crate::App;
use crate::admin::policy::sheet::{Sheet, sheet};
use crate::admin::policy::{self};
use crate::admin::tree::NodeNames;
use crate::admin::{reseller, site};

const PATH: &str = "/administration/policy";

/// Whose policy: at most one of the ids; none is the operator's, or the nearest of the visitor's own.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct At {
    #[serde(default)]
    level: String,
    #[serde(default)]
    id: String,
}

impl At {
    /// What was asked for, or the chosen customer, or one's own node.
    fn or_own(self, visitor: &Visitor) -> Self {
        if !self.level.is_empty() {
            return self;
        }
        let at = |level: &str, id: String| Self { level: level.to_owned(), id };
        match (visitor.by.scope(), &visitor.customer) {
            (Node::Site(id), _) => at("site", id.0.to_string()),
            (_, Some(customer)) => at("customer", customer.id.clone()),
            (Node::Reseller(id), None) => at("reseller", id.0.to_string()),
            (Node::Operator | Node::Customer(_), None) => at("operator", String::new()),
        }
    }

    fn names(&self) -> Result<NodeNames, Failure> {
        let id = Some(self.id.clone());
        Ok(match self.level.as_str() {
            "operator" => NodeNames::default(),
            "reseller" => NodeNames { reseller: id, ..NodeNames::default() },
            "customer" => NodeNames { customer: id, ..NodeNames::default() },
            "site" => NodeNames { site: id, ..NodeNames::default() },
            _ => return Err(Failure::not_found()),
        })
    }

    fn path(&self) -> String {
        let query = serde_html_form::to_string([("level", &self.level), ("id", &self.id)]).unwrap_or_default();
        format!("{PATH}?{query}")
    }
}

/// The policy of a level.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Query(at): Query<At>) -> Answer {
    let at = at.or_own(&visitor);
    let sheet = sheet(&app.admin, &visitor.by, at.names()?).await?;
    page(&app, &visitor, StatusCode::OK, &at, sheet, BTreeMap::new(), None).await
}

async fn page(
    app: &App,
    visitor: &Visitor,
    status: StatusCode,
    at: &At,
    sheet: Sheet,
    typed: BTreeMap<String, String>,
    wrong: Option<Wrong>,
) -> Answer {
    // Where one can go from here: further down.
    let below: Vec<(String, String)> = match at.level.as_str() {
        "operator" => reseller::list(&app.admin, &visitor.by).await?.into_iter().map(|kept| (kept.id, kept.name)).collect(),
        "customer" => {
            let sites = site::list(&app.admin, &visitor.by, Some(at.id.clone())).await?;
            sites.into_iter().map(|kept| (kept.id, kept.name)).collect()
        }
        _ => Vec::new(),
    };
    let sure = wrong.as_ref().is_some_and(|wrong| wrong.code == "lives_by_trust");
    let context = context! {
        sheet => view(sheet), level => at.level.as_str(), id => at.id.as_str(), below => view(below),
        typed => view(typed), wrong => view(wrong), sure,
    };
    visitor.show_as(status, "policy.html", context)
}

/// All keys as they were typed, an empty one for what is inherited, and whose they are.
pub(crate) async fn set(State(app): State<App>, visitor: Visitor, Posted(mut typed): Posted<BTreeMap<String, String>>) -> Answer {
    let mut take = |name: &str| typed.remove(name).unwrap_or_default();
    let (at, by_trust) = (At { level: take("level"), id: take("id") }, !take("by_trust").is_empty());
    let known = |key: &str| DEFAULTS.iter().any(|(known, _)| *known == key);
    // Fields that are no keys go to the act, too: it says so.
    let entries = typed.iter().map(|(key, value)| format!("{key}={value}")).collect();
    match policy::set(&app.admin, &visitor.by, at.names()?, entries, by_trust).await {
        Ok(_) => Ok(back(&at.path(), "saved")),
        Err(error) => {
            let said = error.to_string();
            let field = DEFAULTS.iter().find(|(key, _)| said.starts_with(&format!("policy {key}:"))).map_or("", |(key, _)| *key);
            let wrong = visitor.wrong(error, &[("policy", field)])?;
            let sheet = sheet(&app.admin, &visitor.by, at.names()?).await?;
            typed.retain(|key, _| known(key));
            page(&app, &visitor, StatusCode::UNPROCESSABLE_ENTITY, &at, sheet, typed, Some(wrong)).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::language::Language;
    use super::*;

    #[test]
    fn every_key_says_what_it_means() {
        for (key, _) in DEFAULTS {
            for language in Language::ALL {
                assert!(language.knows(&format!("policy-means-{key}")), "{key} in {}", language.code());
            }
        }
    }
}
