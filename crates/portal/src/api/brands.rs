//! `brands`: what the catalogue knows. It is data of the installation, so it is read here and changed in files.

use ::brands::{Brand, Capability, Model, TlsGeneration};
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::{Asked, ListQuery, Named};
use crate::App;
use crate::admin::part::{Listing, Part};
use crate::auth::Bearer;
use crate::problem::Problem;

/// A brand, as `ringfence brands list --json` prints it.
#[derive(Serialize, ToSchema)]
pub(crate) struct BrandView {
    /// Its name in addresses and model names.
    brand: String,
    /// Its name for people.
    display: String,
    /// Its models.
    models: Vec<ModelView>,
    /// How many parameters its files name that no public source does.
    unverified_keys: usize,
    /// How many other facts nobody verified.
    unverified_facts: usize,
    /// Both, the parameters as `key.<name>`.
    unverified: Vec<String>,
}

/// A model. What it can do is `yes`, `no` or `unverified`.
#[derive(Serialize, ToSchema)]
#[schema(as = ModelView)]
pub(crate) struct ModelView {
    /// As its User-Agent names it.
    model: String,
    /// The number in its common file's name.
    common: Option<String>,
    /// `desk`, `conference`, `dect` and the like.
    kind: String,
    /// Account slots.
    accounts: u16,
    /// Line keys.
    line_keys: u16,
    /// Handset slots of a DECT base.
    handsets: u16,
    /// Whether it can show the notice itself.
    #[schema(value_type = String)]
    screen: Capability,
    /// Whether its restricted file can reach the authentication service.
    #[schema(value_type = String)]
    two_factor: Capability,
    /// Whether lifting the handset can call the service.
    #[schema(value_type = String)]
    hotline: Capability,
    /// Whether it can send an HTTP login.
    #[schema(value_type = String)]
    http_auth: Capability,
    /// Whether it asks the person for the login.
    #[schema(value_type = String)]
    prompts_for_login: Capability,
    /// Whether its regular fetches extend a temporary trusted network.
    #[schema(value_type = String)]
    renews_trust: Capability,
    /// `modern`, `legacy` or `unverified`.
    #[schema(value_type = String)]
    tls: TlsGeneration,
    /// Its shortest poll, in seconds.
    shortest_poll_seconds: u32,
}

impl From<&Brand> for BrandView {
    fn from(brand: &Brand) -> Self {
        Self {
            brand: brand.name().to_owned(),
            display: brand.display().to_owned(),
            models: brand.models().iter().map(ModelView::from).collect(),
            unverified_keys: brand.unverified_keys(),
            unverified_facts: brand.unverified_facts(),
            unverified: brand.unverified().to_vec(),
        }
    }
}

impl From<&Model> for ModelView {
    fn from(model: &Model) -> Self {
        Self {
            model: model.name.clone(),
            common: model.common.clone(),
            kind: model.kind.clone(),
            accounts: model.accounts,
            line_keys: model.line_keys,
            handsets: model.handsets,
            screen: model.screen,
            two_factor: model.two_factor,
            hotline: model.hotline,
            http_auth: model.http_auth,
            prompts_for_login: model.prompts_for_login,
            renews_trust: model.renews_trust,
            tls: model.tls,
            shortest_poll_seconds: model.shortest_poll_seconds,
        }
    }
}

/// Brands with their models, by name.
#[utoipa::path(get, path = "/brands", params(ListQuery), responses((status = 200, body = Listing<BrandView>)))]
pub(crate) async fn list(State(app): State<App>, _: Bearer, Asked(asked): Asked<ListQuery>) -> Result<impl IntoResponse, Problem> {
    let part = Part::from(asked);
    let wanted = part.query.to_lowercase();
    let named = |brand: &&Brand| brand.name().contains(&wanted) || brand.display().to_lowercase().contains(&wanted);
    let all = app.admin.catalogue.current().brands().iter().filter(named).map(BrandView::from).collect();
    Ok(Json(part.cut(all, |brand: &BrandView| brand.brand.clone())?))
}

/// One brand.
#[utoipa::path(get, path = "/brands/{brand}", params(("brand" = String, Path)), responses((status = 200, body = BrandView)))]
pub(crate) async fn read(State(app): State<App>, _: Bearer, Named(name): Named) -> Result<impl IntoResponse, Problem> {
    let catalogue = app.admin.catalogue.current();
    let found = catalogue.brand(&name).ok_or_else(Problem::not_found)?;
    Ok(Json(BrandView::from(found)))
}

#[cfg(test)]
mod tests {
    use ::brands::Catalogue;

    use super::*;

    #[test]
    fn a_brand_looks_as_the_command_line_prints_it() {
        for brand in Catalogue::embedded().brands() {
            assert_eq!(serde_json::to_value(BrandView::from(brand)).unwrap(), serde_json::to_value(brand).unwrap());
        }
    }
}
