//! Who did what.

use domain::policy::Policy;
use domain::role::{Action, Target, may};
use serde::Serialize;
use store::audit::{Kept, Verdict};

use super::policy::subject;
use super::{Admin, By, Error};
use crate::limits::PAGE_MAX;

/// One line of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditView {
    /// Its number; later entries have higher ones.
    pub seq: i64,
    /// When.
    pub time: String,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To whom.
    pub subject: String,
    /// What else helps.
    pub detail: String,
    /// Whose branch it belongs to.
    pub scope: String,
}

/// Whether the audit is as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditVerdict {
    /// No entry was changed or removed.
    pub whole: bool,
    /// Entries checked.
    pub entries: Option<i64>,
    /// The first entry that does not fit.
    pub broken_at: Option<i64>,
}

/// The newest entries of one's own branch, newest first.
pub async fn list(admin: &Admin, by: &By, limit: usize) -> Result<Vec<AuditView>, Error> {
    let target = own_branch(by);
    if !may(by.actor, Action::ViewAudit, &target, &Policy::default()) {
        return Err(Error::Forbidden);
    }
    let by = by.clone();
    admin
        .read(move |db| {
            let (mut found, mut below) = (Vec::new(), i64::MAX);
            while found.len() < limit {
                let page = store::audit::newest(db, &by.scope(), below, PAGE_MAX.min(limit - found.len()))?;
                let Some(oldest) = page.last() else { break };
                below = oldest.seq;
                for kept in page {
                    // The place may be gone since: then the entry stands alone.
                    let scope = subject(db, kept.node).unwrap_or_else(|_| "removed".to_owned());
                    found.push(view(kept, scope));
                }
            }
            Ok(found)
        })
        .await
}

/// Checks that no entry was changed or removed.
pub async fn verify(admin: &Admin, by: &By) -> Result<AuditVerdict, Error> {
    by.may_platform(Action::ViewAudit)?;
    Ok(match admin.store.report(store::audit::verify).await? {
        Verdict::Whole { entries } => AuditVerdict { whole: true, entries: Some(entries), broken_at: None },
        Verdict::Broken { seq } => AuditVerdict { whole: false, entries: None, broken_at: Some(seq) },
    })
}

fn own_branch(by: &By) -> Target {
    use domain::tenancy::Node;
    match by.actor.node {
        Node::Operator => Target::default(),
        Node::Reseller(id) => Target { reseller: Some(id), ..Target::default() },
        Node::Customer(id) => Target { customer: Some(id), ..Target::default() },
        Node::Site(id) => Target { site: Some(id), ..Target::default() },
    }
}

fn view(kept: Kept, scope: String) -> AuditView {
    let entry = kept.entry;
    AuditView {
        seq: kept.seq,
        time: entry.at.rfc3339(),
        actor: entry.actor,
        action: entry.action,
        subject: entry.subject,
        detail: entry.detail,
        scope,
    }
}
