//! *Operations › Redirect services*: accounts at brands' redirect services, what came of them, and addresses for entering by hand.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use domain::Secret;
use domain::policy::Policy;
use domain::role::Action;
use minijinja::context;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::answer::{Answer, back, see_other};
use super::batch::csv;
use super::device::again;
use super::failure::Failure;
use super::form::{Posted, Query};
use super::sign_in::Nothing;
use super::template::view;
use super::visitor::Visitor;
use super::wrong::Wrong;
use crate::App;
use crate::admin::Error;
use crate::admin::part::Part;
use crate::admin::redirect::{self, AccountView, NewAccount, ServiceView};
use crate::admin::reseller;

const PAGE: &str = "/operations/redirects";
/// Refused devices on one page.
const REFUSED: usize = 50;
/// What stands before the name of an account's field in a form.
const FIELD: &str = "field-";

/// The accounts, and the brands whose addresses can be taken out.
pub(crate) async fn list(State(app): State<App>, visitor: Visitor) -> Answer {
    page(&app, &visitor, None, None).await
}

/// Addresses that are shown.
#[derive(Serialize)]
struct Shown {
    brand: String,
    text: String,
}

async fn page(app: &App, visitor: &Visitor, shown: Option<Shown>, wrong: Option<Wrong>) -> Answer {
    let accounts = redirect::list(&app.admin, &visitor.by).await?;
    let catalogue = app.admin.catalogue.current();
    let brands: Vec<_> = catalogue.brands().iter().map(|brand| context! { name => brand.name(), display => brand.display() }).collect();
    let addresses = visitor.may(Action::AllowGlobal) && visitor.may(Action::EditRedirects);
    let context = context! { accounts => view(accounts), brands, addresses, shown => view(shown) };
    again(visitor, "redirects.html", wrong, context)
}

/// Which brand, and how its addresses are wanted.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    brand: String,
    #[serde(default)]
    how: String,
}

/// The addresses of a brand's phones: as a file, or on the page to be copied.
pub(crate) async fn addresses(State(app): State<App>, visitor: Visitor, Posted(wanted): Posted<Wanted>) -> Answer {
    may_edit(&visitor)?;
    visitor.proved_for(PAGE)?;
    let catalogue = app.admin.catalogue.current();
    let brand = catalogue.brand(&wanted.brand).ok_or_else(|| Error::invalid("brand", "there is no such brand"))?.name().to_owned();
    let bytes = match redirect::addresses_csv(&app.admin, &visitor.by, &brand).await {
        Ok(bytes) => bytes,
        Err(error) => return page(&app, &visitor, None, Some(visitor.wrong(error, &[])?)).await,
    };
    if wanted.how != "show" {
        return Ok(csv(&format!("redirect-addresses-{brand}.csv"), bytes));
    }
    let text = String::from_utf8(bytes).map_err(|_| Error::Failed("a CSV file of ours is not UTF-8".into()))?;
    page(&app, &visitor, Some(Shown { brand, text }), None).await
}

/// Which service, and what was typed.
#[derive(Default, Deserialize)]
pub(crate) struct Choice {
    #[serde(default)]
    service: String,
}

/// An account as the form has it: `field-…` for each of the service's own.
#[derive(Default, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    service: String,
    #[serde(default)]
    region: String,
    #[serde(default)]
    reseller: String,
    #[serde(flatten)]
    rest: BTreeMap<String, Secret<String>>,
}

impl Typed {
    /// Fields that were filled in; those of an account that is there keep what is left empty, unless it may be empty and is no secret.
    fn fields(&self, service: &ServiceView, is_there: bool) -> BTreeMap<String, Secret<String>> {
        let typed = |name: &str| self.rest.get(&format!("{FIELD}{name}")).cloned();
        let all = service.fields.iter().filter_map(|field| Some((field, typed(field.name)?)));
        let wanted = all.filter(|(field, value)| !value.expose().trim().is_empty() || (is_there && field.optional && !field.secret));
        wanted.map(|(field, value)| (field.name.to_owned(), Secret::new(value.expose().trim().to_owned()))).collect()
    }

    /// What was typed and is no secret, to be shown again.
    fn plain(&self, service: &ServiceView) -> BTreeMap<String, String> {
        let secret = |name: &String| service.fields.iter().any(|field| field.secret && field.name == name);
        self.fields(service, true)
            .into_iter()
            .filter(|(name, _)| !secret(name))
            .map(|(name, value)| (name, value.expose().clone()))
            .collect()
    }
}

/// The services to choose from; or the form of the chosen one.
pub(crate) async fn new(State(app): State<App>, visitor: Visitor, Query(choice): Query<Choice>) -> Answer {
    may_edit(&visitor)?;
    if choice.service.is_empty() {
        return visitor.show("redirect_choose.html", context! { services => view(redirect::services(&visitor.by)?) });
    }
    form(&app, &visitor, &service(&visitor, &choice.service)?, &Typed::default(), None).await
}

async fn form(app: &App, visitor: &Visitor, service: &ServiceView, typed: &Typed, wrong: Option<Wrong>) -> Answer {
    let resellers = if visitor.may(Action::EditResellers) { reseller::list(&app.admin, &visitor.by).await? } else { Vec::new() };
    let context = context! {
        service => view(service),
        region => typed.region.as_str(),
        of => typed.reseller.as_str(),
        values => view(typed.plain(service)),
        resellers => view(resellers),
    };
    again(visitor, "redirect_new.html", wrong, context)
}

fn service(visitor: &Visitor, name: &str) -> Result<ServiceView, Failure> {
    redirect::services(&visitor.by)?.into_iter().find(|service| service.service == name).ok_or_else(Failure::not_found)
}

/// Whoever may change none has no use for the forms.
fn may_edit(visitor: &Visitor) -> Result<(), Failure> {
    Ok(visitor.by.may(Action::EditRedirects, &visitor.by.branch(), &Policy::default())?)
}

/// Adds an account; the next page is its own, where it can be tested.
pub(crate) async fn add(State(app): State<App>, visitor: Visitor, Posted(typed): Posted<Typed>) -> Answer {
    may_edit(&visitor)?;
    let service = service(&visitor, &typed.service)?;
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let new = NewAccount {
        service: typed.service.clone(),
        reseller: given(&typed.reseller),
        region: given(&typed.region),
        fields: typed.fields(&service, false),
    };
    match redirect::add(&app.admin, &visitor.by, new).await {
        Ok(added) => Ok(back(&format!("{PAGE}/{}", added.id), "redirect-added")),
        Err(error) => form(&app, &visitor, &service, &typed, Some(visitor.wrong(error, &[])?)).await,
    }
}

/// Where the list of refused devices begins.
#[derive(Deserialize)]
pub(crate) struct From {
    after: Option<String>,
}

/// One account.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor, Path(id): Path<String>, Query(from): Query<From>) -> Answer {
    let account = account(&app, &visitor, &id).await?;
    one(&app, &visitor, account, from.after, None).await
}

async fn account(app: &App, visitor: &Visitor, id: &str) -> Result<AccountView, Failure> {
    let id: Uuid = Failure::named(id)?;
    Ok(redirect::show(&app.admin, &visitor.by, id).await?)
}

async fn one(app: &App, visitor: &Visitor, account: AccountView, after: Option<String>, wrong: Option<Wrong>) -> Answer {
    let service = service(visitor, account.service)?;
    let part = Part { after, limit: REFUSED, ..Part::default() };
    let refused = redirect::refusals(&app.admin, &visitor.by, account.id, part).await?;
    let context = context! { account => view(account), service => view(service), refused => view(refused) };
    again(visitor, "redirect.html", wrong, context)
}

/// Changes region or fields.
pub(crate) async fn update(State(app): State<App>, visitor: Visitor, Path(id): Path<String>, Posted(typed): Posted<Typed>) -> Answer {
    let account = account(&app, &visitor, &id).await?;
    let service = service(&visitor, account.service)?;
    let region = Some(typed.region.clone()).filter(|region| !region.is_empty());
    match redirect::update(&app.admin, &visitor.by, account.id, region, typed.fields(&service, true), None).await {
        Ok(_) => Ok(back(&format!("{PAGE}/{}", account.id), "redirect-changed")),
        Err(error) => one(&app, &visitor, account, None, Some(visitor.wrong(error, &[])?)).await,
    }
}

/// Asks the service whether it accepts the account.
pub(crate) async fn test(State(app): State<App>, visitor: Visitor, Path(id): Path<String>, Posted(Nothing {}): Posted<Nothing>) -> Answer {
    let account = account(&app, &visitor, &id).await?;
    let tested = redirect::test(&app.admin, &visitor.by, account.id).await?;
    let page = format!("{PAGE}/{}", account.id);
    // Where it failed, the page says why.
    Ok(if tested.failure.is_none() { back(&page, "redirect-works") } else { see_other(&page) })
}

/// Has everything looked at and compared now.
pub(crate) async fn sync(State(app): State<App>, visitor: Visitor, Path(id): Path<String>, Posted(Nothing {}): Posted<Nothing>) -> Answer {
    let account = account(&app, &visitor, &id).await?;
    redirect::sync(&app.admin, &visitor.by, account.id).await?;
    Ok(back(&format!("{PAGE}/{}", account.id), "redirect-synced"))
}

/// The question before an account ends.
pub(crate) async fn ask(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Answer {
    let account = account(&app, &visitor, &id).await?;
    visitor.show("redirect_remove.html", context! { account => view(account) })
}

/// The answer.
#[derive(Deserialize)]
pub(crate) struct Removal {
    answer: String,
    #[serde(default)]
    devices: String,
}

/// Ends it.
pub(crate) async fn remove(State(app): State<App>, visitor: Visitor, Path(id): Path<String>, Posted(form): Posted<Removal>) -> Answer {
    let account = account(&app, &visitor, &id).await?;
    if form.answer != "yes" {
        return Ok(see_other(&format!("{PAGE}/{}", account.id)));
    }
    let unregister = form.devices == "unregister";
    redirect::remove(&app.admin, &visitor.by, account.id, unregister).await?;
    Ok(back(PAGE, if unregister { "redirect-leaving" } else { "redirect-removed" }))
}

#[cfg(test)]
mod tests {
    use ::redirect::{Failure, Kind, Outcome};

    use crate::pages::language::Language;

    #[test]
    fn every_code_of_a_service_says_what_it_means_and_what_to_do() {
        let outcomes = [
            Outcome::Done,
            Outcome::AlreadyOurs,
            Outcome::OwnedByOther { owner: None },
            Outcome::NotFound,
            Outcome::InvalidMac,
            Outcome::InvalidSerial,
            Outcome::MissingSerial,
            Outcome::MissingMacId,
            Outcome::InvalidAddress,
            Outcome::InvalidProfile,
            Outcome::NotPermitted,
            Outcome::Uncertain,
            Outcome::refused("x"),
        ];
        let failures = [
            Failure::Auth,
            Failure::NotPermitted { said: String::new() },
            Failure::RateLimited { pause: None },
            Failure::Unreachable { why: "x" },
            Failure::Lost,
            Failure::protocol("x"),
            Failure::refused("x"),
            Failure::Broken { status: 500 },
        ];
        let ours = ["no_global_login", "needs_own_global_login"];
        for language in Language::ALL {
            let failures = failures.iter().map(Failure::code);
            for code in outcomes.iter().map(Outcome::code).chain(failures.clone()).chain(ours) {
                for key in ["redirect-why-", "redirect-do-"] {
                    assert!(language.knows(&format!("{key}{code}")), "{key}{code} in {}", language.code());
                }
            }
            for code in failures {
                assert!(language.knows(&format!("redirect-failed-{code}")), "redirect-failed-{code} in {}", language.code());
            }
            for field in Kind::ALL.iter().flat_map(|kind| kind.fields()) {
                assert!(language.knows(&format!("redirect-field-{}", field.name)), "{} in {}", field.name, language.code());
            }
        }
    }
}
