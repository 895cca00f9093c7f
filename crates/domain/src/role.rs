//! Who may do what: roles, scopes, and one decision.

use serde::{Deserialize, Serialize};

use crate::policy::Policy;
use crate::tenancy::{CustomerId, Node, Place, ResellerId, SiteId};

/// What somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everything.
    Operator,
    /// Its customers.
    Reseller,
    /// One customer.
    CustomerAdmin,
    /// Sees PINs and states of its sites; suspends and resyncs.
    Installer,
    /// Reads, no secrets.
    Auditor,
}

impl Role {
    /// All roles, from the widest down.
    pub const ALL: &'static [Self] = &[Self::Operator, Self::Reseller, Self::CustomerAdmin, Self::Installer, Self::Auditor];

    /// The code of interfaces.md.
    pub fn code(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Reseller => "reseller",
            Self::CustomerAdmin => "customer-admin",
            Self::Installer => "installer",
            Self::Auditor => "auditor",
        }
    }

    /// The role of that code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.code() == code)
    }
}

/// Somebody who acts: a role at a node of the tenancy tree, whose branch is all that exists for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Actor {
    /// What they are.
    pub role: Role,
    /// Where.
    pub node: Node,
}

impl Actor {
    /// The operator itself, as on the command line of the machine that holds the keys.
    pub const OPERATOR: Self = Self { role: Role::Operator, node: Node::Operator };

    /// Refuses a role at a node where it makes no sense, such as an operator of one customer.
    pub fn new(role: Role, node: Node) -> Option<Self> {
        let fits = match role {
            Role::Operator => node == Node::Operator,
            Role::Reseller => matches!(node, Node::Reseller(_)),
            Role::CustomerAdmin => matches!(node, Node::Customer(_)),
            Role::Installer => matches!(node, Node::Customer(_) | Node::Site(_)),
            Role::Auditor => true,
        };
        fits.then_some(Self { role, node })
    }
}

/// What is acted on: a place in the tree, as precisely as it has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Target {
    /// Its reseller.
    pub reseller: Option<ResellerId>,
    /// Its customer.
    pub customer: Option<CustomerId>,
    /// Its site.
    pub site: Option<SiteId>,
}

impl From<Place> for Target {
    fn from(place: Place) -> Self {
        Self { reseller: place.reseller, customer: Some(place.customer), site: place.site }
    }
}

impl Target {
    /// Whether it lies in the node's branch.
    pub fn within(&self, node: Node) -> bool {
        match node {
            Node::Operator => true,
            Node::Reseller(id) => self.reseller == Some(id),
            Node::Customer(id) => self.customer == Some(id),
            Node::Site(id) => self.site == Some(id),
        }
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        /// Something that somebody wants to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $($(#[$doc])* $name),* }

        impl Action {
            /// All of them, in the order of the printed matrix.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// A stable code, also used in the audit.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }
        }
    };
}

actions! {
    /// See devices, their states, requests and calls.
    ViewDevices = "view-devices";
    /// See a PIN (audited).
    RevealPin = "reveal-pin";
    /// See a login's or line's password (audited).
    RevealPassword = "reveal-password";
    /// Add, change, move within the customer, replace, delete devices.
    EditDevices = "edit-devices";
    /// Move a device to another customer.
    MoveDevices = "move-devices";
    /// Reset authentication; the lock icon.
    ResetAuthentication = "reset-authentication";
    /// The switch *allow global password*.
    AllowGlobal = "allow-global";
    /// Set or clear a device's login by hand.
    SetLogin = "set-login";
    /// Suspend authentication.
    Suspend = "suspend";
    /// Tell a phone to fetch.
    Resync = "resync";
    /// Add and remove trusted networks; close windows.
    EditTrust = "edit-trust";
    /// Read the policy in force.
    ViewPolicy = "view-policy";
    /// Change a policy.
    EditPolicy = "edit-policy";
    /// Import and export devices.
    Batch = "batch";
    /// Add, change, delete sites.
    EditSites = "edit-sites";
    /// Add, test, remove trunks for emergency calls.
    EditTrunks = "edit-trunks";
    /// Accounts at brands' redirect services.
    EditRedirects = "edit-redirects";
    /// Add, change, delete customers.
    EditCustomers = "edit-customers";
    /// Add, change, delete resellers.
    EditResellers = "edit-resellers";
    /// People, tokens and webhooks of one's own branch.
    EditPeople = "edit-people";
    /// Ask for the global login.
    RequestGlobalLogin = "request-global-login";
    /// Show, rotate, revoke, grant the global login.
    HandleGlobalLogin = "handle-global-login";
    /// Read the audit of one's own branch.
    ViewAudit = "view-audit";
    /// The platform itself: keys, backup, brands, metrics.
    OperatePlatform = "operate-platform";
}

/// May this actor do this to that? `policy` is the one in force at the target; it holds the reseller's permission `customer_reset`.
pub fn may(actor: Actor, action: Action, target: &Target, policy: &Policy) -> bool {
    target.within(actor.node) && permits(actor.role, action, policy)
}

fn permits(role: Role, action: Action, policy: &Policy) -> bool {
    use Action as A;
    match role {
        Role::Operator => true,
        Role::Reseller => !matches!(action, A::EditResellers | A::HandleGlobalLogin | A::OperatePlatform),
        Role::CustomerAdmin => match action {
            A::ResetAuthentication | A::AllowGlobal => policy.customer_reset.is_yes(),
            // Line passwords, policies and the tree above are the reseller's; all that a site needs day by day is the customer's.
            // A trunk shows numbers to the emergency services: the reseller answers for it.
            // So is an account at a maker's service: it sends phones of all its customers.
            A::RevealPassword
            | A::MoveDevices
            | A::SetLogin
            | A::EditPolicy
            | A::EditTrunks
            | A::EditRedirects
            | A::EditCustomers
            | A::EditResellers => false,
            _ => !matches!(action, A::RequestGlobalLogin | A::HandleGlobalLogin | A::OperatePlatform),
        },
        Role::Installer => matches!(action, A::ViewDevices | A::RevealPin | A::Suspend | A::Resync),
        Role::Auditor => matches!(action, A::ViewDevices | A::ViewPolicy | A::ViewAudit),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use uuid::Uuid;

    use super::*;

    fn permissive() -> Policy {
        let mut policy = Policy::default();
        policy.set("customer_reset", "yes").unwrap();
        policy
    }

    #[test]
    fn the_matrix_of_roles() {
        let mut table = format!("{:<22}", "");
        for role in Role::ALL {
            write!(table, "{:<16}", role.code()).unwrap();
        }
        for action in Action::ALL {
            write!(table, "\n{:<22}", action.code()).unwrap();
            for role in Role::ALL {
                let tick = match (permits(*role, *action, &Policy::default()), permits(*role, *action, &permissive())) {
                    (true, _) => "yes",
                    (false, true) => "if permitted",
                    (false, false) => "-",
                };
                write!(table, "{tick:<16}").unwrap();
            }
        }
        let table: Vec<&str> = table.lines().map(str::trim_end).collect();
        insta::assert_snapshot!(table.join("\n"));
    }

    #[test]
    fn nobody_reaches_out_of_their_branch() {
        let id = |n: u128| Uuid::from_u128(n);
        let (reseller, customer, site) = (ResellerId(id(1)), CustomerId(id(2)), SiteId(id(3)));
        let inside = Target { reseller: Some(reseller), customer: Some(customer), site: Some(site) };
        let elsewhere = Target { reseller: Some(ResellerId(id(9))), customer: Some(CustomerId(id(9))), site: Some(SiteId(id(9))) };
        let actors = [
            Actor::new(Role::Reseller, Node::Reseller(reseller)),
            Actor::new(Role::CustomerAdmin, Node::Customer(customer)),
            Actor::new(Role::Installer, Node::Site(site)),
            Actor::new(Role::Auditor, Node::Customer(customer)),
        ];
        for actor in actors.into_iter().flatten() {
            assert!(may(actor, Action::ViewDevices, &inside, &permissive()));
            for action in Action::ALL {
                assert!(!may(actor, *action, &elsewhere, &permissive()), "{actor:?} {action:?}");
            }
        }
    }

    #[test]
    fn a_role_needs_a_node_of_its_kind() {
        let customer = Node::Customer(CustomerId(Uuid::from_u128(2)));
        assert_eq!(Actor::new(Role::Operator, customer), None);
        assert_eq!(Actor::new(Role::CustomerAdmin, Node::Operator), None);
        assert!(Actor::new(Role::Auditor, Node::Operator).is_some());
    }
}
