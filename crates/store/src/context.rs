//! What holds for a customer's phones, loaded at once and kept by the caller as long as its revision is the current one.

use std::collections::BTreeMap;

use domain::login::GlobalLogin;
use domain::policy::{Inherited, Patch, PolicyError};
use domain::settings::{Layer, Resolved, Settings};
use domain::tenancy::{CustomerId, Node, Place, ResellerId, SiteId};
use domain::trust::Trust;

use crate::db::{Db, Sql, statements};
use crate::policy::layer_of;
use crate::scope::{Scope, id, node, opt_id, opt_uuid};
use crate::{Result, contact, login, look, menu_password, trust};

/// Two counters: one that every change bearing on several customers moves, one that every change of this customer moves. What was loaded
/// under a revision holds until either differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Revision {
    /// Operator, resellers, global logins, brands.
    pub platform: i64,
    /// The customer, its sites, its trust; 0 where there is no customer.
    pub customer: i64,
}

/// Policies, settings, trust and global logins of one customer, or of the platform for phones that nobody added.
#[derive(Clone, Debug)]
pub struct Context {
    /// Under which it was loaded.
    pub revision: Revision,
    /// The customer, its name and its reseller.
    pub customer: Option<(CustomerId, String, Option<ResellerId>)>,
    /// Its trusted networks and windows.
    pub trust: Trust,
    /// All global logins of the platform, ended and revoked ones too.
    pub globals: Vec<GlobalLogin>,
    /// It has contacts.
    pub has_contacts: bool,
    /// The host that its phones are told, where its reseller has one of its own.
    pub phone_host: Option<String>,
    patches: BTreeMap<Node, Patch>,
    settings: BTreeMap<Node, Settings>,
    model_settings: BTreeMap<String, Settings>,
    menu_rounds: BTreeMap<Node, u32>,
}

statements! {
    PLATFORM = "select revision from platform where id = 1";
    CUSTOMER = "select c.reseller, c.name, c.revision, p.revision as platform from customer c, platform p where p.id = 1 and c.id = $1";
    PATCHES = "select node_kind, node, key, value from policy where node_kind = 'operator' or (node_kind = 'reseller' and node = $1)
        or (node_kind = 'customer' and node = $2) or (node_kind = 'site' and node in (select id from site where customer = $2))";
    SETTINGS = "select node_kind, node, key, value from setting where node_kind = 'operator' or (node_kind = 'reseller' and node = $1)
        or (node_kind = 'customer' and node = $2) or (node_kind = 'site' and node in (select id from site where customer = $2))";
    MODEL_SETTINGS = "select name, key, value from model_setting";
}

/// Loads the context of a customer; of the platform itself without one.
pub fn load(db: &Db, customer: Option<CustomerId>) -> Result<Context> {
    // The revision comes first: a change that lands in between makes this context stale at once, never wrongly fresh.
    let (revision, customer) = match customer {
        None => (Revision { platform: platform_revision(db)?, customer: 0 }, None),
        Some(wanted) => db.one(CUSTOMER, &[id(&wanted.0)], |row| {
            let revision = Revision { platform: row.int(3)?, customer: row.int(2)? };
            Ok((revision, Some((wanted, row.text(1)?.to_owned(), opt_uuid(row, 0)?.map(ResellerId)))))
        })?,
    };
    let customer_id = customer.as_ref().map(|(id, ..)| *id);
    let reseller = customer.as_ref().and_then(|(.., reseller)| *reseller);
    Ok(Context {
        revision,
        customer,
        trust: customer_id.map(|wanted| trust::load(db, wanted)).transpose()?.unwrap_or_default(),
        globals: login::all(db, &Scope::Operator)?,
        has_contacts: customer_id.map(|wanted| contact::count(db, wanted)).transpose()?.is_some_and(|count| count > 0),
        phone_host: reseller.map(|reseller| look::phone_host(db, reseller)).transpose()?.flatten(),
        patches: by_node(db, PATCHES, reseller, customer_id)?.into_iter().map(|(node, entries)| (node, Patch(entries))).collect(),
        settings: by_node(db, SETTINGS, reseller, customer_id)?,
        model_settings: by_model(db)?,
        menu_rounds: customer_id.map(|wanted| menu_password::rounds(db, wanted)).transpose()?.unwrap_or_default(),
    })
}

/// The platform's counter alone: validates the context of phones that nobody added.
pub fn platform_revision(db: &Db) -> Result<i64> {
    db.one(PLATFORM, &[], |row| row.int(0))
}

impl Context {
    /// The policy in force at one of the customer's sites, or at the customer.
    pub fn policy(&self, site: Option<SiteId>) -> Result<Inherited, PolicyError> {
        let chain = self.chain(site);
        Inherited::from_chain(chain.iter().filter_map(|node| Some((layer_of(node), self.patches.get(node)?))))
    }

    /// The settings in force for a device of this model there, its own on top.
    pub fn settings(&self, site: Option<SiteId>, model: &str, device: &Settings) -> Resolved {
        let brand = model.split('/').next().unwrap_or_default();
        let chain = self.chain(site);
        let nodes = chain.iter().filter_map(|node| Some((layer_of(node), self.settings.get(node)?)));
        let kinds = [(Layer::Brand, brand), (Layer::Model, model)];
        let kinds = kinds.into_iter().filter_map(|(layer, name)| Some((layer, self.model_settings.get(name)?)));
        Resolved::from_layers(nodes.chain(kinds).chain([(Layer::Device, device)]))
    }

    /// How often the passwords of a place's phones were made anew.
    pub fn menu_round(&self, place: Place) -> u32 {
        self.menu_rounds.get(&place.node()).copied().unwrap_or_default()
    }

    /// A setting of the whole platform, which phones that nobody added have as well.
    pub fn platform_setting(&self, key: &str) -> Option<&str> {
        self.settings.get(&Node::Operator)?.get(key).map(String::as_str)
    }

    fn chain(&self, site: Option<SiteId>) -> Vec<Node> {
        let mut chain = vec![Node::Operator];
        if let Some((customer, _, reseller)) = &self.customer {
            chain.extend(reseller.map(Node::Reseller));
            chain.push(Node::Customer(*customer));
            chain.extend(site.map(Node::Site));
        }
        chain
    }
}

type Entries = BTreeMap<Node, BTreeMap<String, String>>;

fn by_node(db: &Db, sql: &'static Sql, reseller: Option<ResellerId>, customer: Option<CustomerId>) -> Result<Entries> {
    let (reseller, customer) = (reseller.map(|reseller| reseller.0), customer.map(|customer| customer.0));
    let mut entries = Entries::new();
    let rows = db.all(sql, &[opt_id(reseller.as_ref()), opt_id(customer.as_ref())], |row| {
        Ok((node(row, 0)?, row.text(2)?.to_owned(), row.text(3)?.to_owned()))
    })?;
    for (node, key, value) in rows {
        entries.entry(node).or_default().insert(key, value);
    }
    Ok(entries)
}

fn by_model(db: &Db) -> Result<BTreeMap<String, Settings>> {
    let mut entries: BTreeMap<String, Settings> = BTreeMap::new();
    let rows = db.all(MODEL_SETTINGS, &[], |row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned(), row.text(2)?.to_owned())))?;
    for (name, key, value) in rows {
        entries.entry(name).or_default().insert(key, value);
    }
    Ok(entries)
}
