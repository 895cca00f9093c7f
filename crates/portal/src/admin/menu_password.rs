//! The passwords of phones' own menus: those that the platform makes for a place, where no setting names one.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::brands::Catalogue;
use domain::menu_password::{ADMIN_KEY, Menu, MenuPasswords, PasswordForm, USER_KEY};
use domain::role::Action;
use domain::settings::{Resolved, Settings};
use domain::tenancy::Place;
use serde::Serialize;
use store::{Db, Scope};

use super::policy::subject;
use super::telling::tell;
use super::tree::{NodeNames, find, policy_at};
use super::{Admin, By, Error};

/// A place's passwords.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlaceView {
    /// The customer.
    pub customer: String,
    /// The site; absent: of the customer's phones without one.
    pub site: Option<String>,
    /// How often they were made anew.
    pub round: u32,
    /// The layer that sets the administrator's, so that these are not used.
    pub admin_set_by: Option<String>,
    /// The layer that sets the user's.
    pub user_set_by: Option<String>,
    /// One entry for each form that brands ask for.
    pub passwords: Vec<PasswordsView>,
}

/// A pair of passwords.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct PasswordsView {
    /// The brands whose phones have them.
    pub brands: Vec<String>,
    /// The administrator's.
    pub admin: String,
    /// The user's.
    pub user: String,
    /// Those of the round before, which phones have that did not fetch since.
    pub former: Option<FormerView>,
}

/// The pair of the round before.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct FormerView {
    /// The administrator's.
    pub admin: String,
    /// The user's.
    pub user: String,
}

/// They hold secrets: the brands alone.
impl std::fmt::Debug for PasswordsView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordsView").field("brands", &self.brands).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for FormerView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FormerView")
    }
}

/// What came of making them anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RotatedView {
    /// The customer.
    pub customer: String,
    /// The site.
    pub site: Option<String>,
    /// How often they were made anew.
    pub round: u32,
}

/// Shows the passwords of a site, or of a customer's phones without a site (audited).
pub async fn show(admin: &Admin, by: &By, at: NodeNames) -> Result<PlaceView, Error> {
    let (by, admin_too) = (by.clone(), admin.clone());
    admin
        .write(move |db| {
            let (place, customer) = reach(db, &by, &at, Action::RevealPin)?;
            let node = place.node();
            let round = store::menu_password::round(db, &by.scope(), node)?;
            let settings = store::context::load(db, Some(place.customer))?.settings(place.site, "", &Settings::new());
            by.audit(db, node, Action::RevealPassword.code(), &subject(db, node)?, "menu passwords of phones")?;
            Ok(PlaceView {
                customer,
                site: at.site.clone(),
                round,
                admin_set_by: set_by(&settings, ADMIN_KEY),
                user_set_by: set_by(&settings, USER_KEY),
                passwords: pairs(&admin_too, place, round),
            })
        })
        .await
}

/// Makes them anew, and tells the place's phones to fetch.
pub async fn rotate(admin: &Admin, by: &By, at: NodeNames) -> Result<RotatedView, Error> {
    let by = by.clone();
    admin
        .write(move |db| {
            let (place, customer) = reach(db, &by, &at, Action::EditSites)?;
            let node = place.node();
            store::menu_password::turn(db, &by.scope(), node)?;
            let round = store::menu_password::round(db, &by.scope(), node)?;
            // Of a customer: those without a site.
            tell(db, node, by.now, |kind| kind.place.site == place.site)?;
            by.audit(db, node, "menu-passwords.rotated", &subject(db, node)?, &format!("round {round}"))?;
            Ok(RotatedView { customer, site: at.site.clone(), round })
        })
        .await
}

fn reach(db: &Db, by: &By, at: &NodeNames, action: Action) -> Result<(Place, String), Error> {
    let target = find(db, &by.scope(), at)?.target;
    let Some(customer) = target.customer else { return Err(Error::NotFound("customer \"\"".to_owned())) };
    let place = Place { reseller: target.reseller, customer, site: target.site };
    by.may(action, &target, &policy_at(db, place.node())?)?;
    Ok((place, store::tenancy::customer(db, &Scope::Operator, customer)?.name))
}

fn set_by(settings: &Resolved, key: &str) -> Option<String> {
    settings.sourced(key).map(|found| found.layer.to_string())
}

fn pairs(admin: &Admin, place: Place, round: u32) -> Vec<PasswordsView> {
    let of = |round: u32, menu, form| MenuPasswords::of(&admin.keys, place, round).password(menu, form).expose().clone();
    let pair = |(form, brands): (PasswordForm, Vec<String>)| PasswordsView {
        brands,
        admin: of(round, Menu::Admin, form),
        user: of(round, Menu::User, form),
        former: round.checked_sub(1).map(|round| FormerView { admin: of(round, Menu::Admin, form), user: of(round, Menu::User, form) }),
    };
    forms(&admin.catalogue.current()).into_iter().map(pair).collect()
}

/// The forms that brands ask for, each with its brands.
fn forms(catalogue: &Arc<Catalogue>) -> BTreeMap<PasswordForm, Vec<String>> {
    let mut forms: BTreeMap<PasswordForm, Vec<String>> = BTreeMap::new();
    for brand in catalogue.brands().iter().filter(|brand| brand.knows_setting(ADMIN_KEY) || brand.knows_setting(USER_KEY)) {
        forms.entry(brand.password_form()).or_default().push(brand.name().to_owned());
    }
    forms
}
