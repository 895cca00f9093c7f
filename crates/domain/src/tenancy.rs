//! The tenancy tree: operator, resellers, customers, sites; and where a device stands in it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);
    };
}

id!(
    /// A reseller.
    ResellerId
);
id!(
    /// A customer.
    CustomerId
);
id!(
    /// A site of a customer.
    SiteId
);
id!(
    /// A device, apart from its MAC, which can be replaced.
    DeviceId
);

/// A node of the tree that can hold a policy, settings or a global login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    /// The whole platform.
    Operator,
    /// One reseller.
    Reseller(ResellerId),
    /// One customer.
    Customer(CustomerId),
    /// One site.
    Site(SiteId),
}

/// Where a device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The customer's reseller, if it has one.
    pub reseller: Option<ResellerId>,
    /// Its customer.
    pub customer: CustomerId,
    /// Its site, if it has one.
    pub site: Option<SiteId>,
}

impl Place {
    /// The node that it is: the site, or the customer where there is none.
    pub fn node(&self) -> Node {
        self.site.map_or(Node::Customer(self.customer), Node::Site)
    }
}

/// How a reseller appears to its customers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResellerKind {
    /// Under its own name; the operator's is never shown.
    WhiteLabel,
    /// Under the operator's brand.
    #[default]
    Channel,
}

impl ResellerKind {
    /// The code of interfaces.md.
    pub fn code(self) -> &'static str {
        match self {
            Self::WhiteLabel => "white-label",
            Self::Channel => "channel",
        }
    }
}
