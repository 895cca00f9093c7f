//! The menu at the left: the pages by group, each with what one must be allowed to do to see it.

use domain::role::{Action, Role};
use domain::tenancy::Node;
use serde::Serialize;

use super::visitor::Visitor;

/// A group of pages.
#[derive(Serialize)]
pub(crate) struct Group {
    /// The key of its sentence.
    key: &'static str,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Serialize)]
struct Entry {
    key: &'static str,
    path: &'static str,
    icon: &'static str,
    here: bool,
}

/// Group, sentence, path, icon, and what one must be allowed to do.
const PAGES: &[(&str, &str, &str, &str, Action)] = &[
    ("menu-overview", "menu-dashboard", "/", "layout-dashboard", Action::ViewDevices),
    ("menu-inventory", "menu-phone-hardware", "/inventory/phone-hardware", "phone", Action::ViewDevices),
    ("menu-inventory", "menu-installer", "/installer", "hard-hat", Action::RevealPin),
    ("menu-configurations", "menu-configurations-devices", "/configurations/devices", "key-round", Action::AllowGlobal),
    ("menu-administration", "menu-profile", "/administration/profile/technical-details", "network", Action::ViewPolicy),
    ("menu-administration", "menu-batch", "/administration/batch", "file-up", Action::Batch),
    ("menu-administration", "menu-resellers", "/administration/resellers", "store", Action::EditResellers),
    ("menu-administration", "menu-customers", "/administration/customers", "store", Action::EditCustomers),
    ("menu-administration", "menu-sites", "/administration/sites", "map-pin", Action::EditSites),
    ("menu-administration", "menu-policy", "/administration/policy", "shield-check", Action::ViewPolicy),
    ("menu-administration", "menu-users", "/administration/users", "users", Action::EditPeople),
    ("menu-administration", "menu-tokens", "/administration/tokens", "key-round", Action::EditPeople),
    ("menu-administration", "menu-webhooks", "/administration/webhooks", "webhook", Action::EditPeople),
    ("menu-administration", "menu-contacts", "/administration/contacts", "book-open", Action::EditDevices),
    ("menu-operations", "menu-unknown-phones", "/operations/unknown-phones", "radio-tower", Action::OperatePlatform),
    ("menu-operations", "menu-global-logins", "/operations/global-logins", "key-round", Action::HandleGlobalLogin),
    ("menu-operations", "menu-global-login-requests", "/operations/global-login-requests", "key-round", Action::RequestGlobalLogin),
    ("menu-operations", "menu-redirects", "/operations/redirects", "globe", Action::EditRedirects),
    ("menu-operations", "menu-trunks", "/operations/trunks", "network", Action::EditTrunks),
    ("menu-operations", "menu-prompts", "/operations/prompts", "mic", Action::OperatePlatform),
    ("menu-operations", "menu-templates", "/operations/templates", "file-down", Action::OperatePlatform),
    ("menu-operations", "menu-audit", "/operations/audit", "scroll-text", Action::ViewAudit),
    ("menu-help", "menu-help-guides", "/help", "circle-help", Action::ViewDevices),
];

/// What this visitor may see, in groups.
pub(crate) fn groups(visitor: &Visitor) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (group, key, path, icon, action) in PAGES {
        // An auditor reads; pages that only change things are not theirs.
        let shown = visitor.may(*action) || (visitor.by.actor.role == Role::Operator);
        // Trusted networks are the whole customer's: whoever works at one of its sites does not see them.
        let above = *key == "menu-profile" && matches!(visitor.by.scope(), Node::Site(_));
        if !shown || above {
            continue;
        }
        let here = visitor.reader.path == *path || visitor.reader.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        let entry = Entry { key, path, icon, here };
        match groups.last_mut().filter(|last| last.key == *group) {
            Some(last) => last.entries.push(entry),
            None => groups.push(Group { key: group, entries: vec![entry] }),
        }
    }
    groups
}
