//! Who did what.

use domain::policy::Policy;
use domain::role::Action;
use serde::Serialize;
use store::audit::{Kept, Verdict};
use utoipa::ToSchema;

use super::part::{Listing, Part, no_cursor};
use super::policy::subject;
use super::{Admin, By, Error};
use crate::limits::{AUDIT_LOOKED_MAX, PAGE_MAX};

/// One line of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
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
    by.may(Action::ViewAudit, &by.branch(), &Policy::default())?;
    let by = by.clone();
    admin
        .read(move |db| {
            let (mut found, mut below) = (Vec::new(), i64::MAX);
            while found.len() < limit {
                let page = store::audit::newest(db, &by.scope(), below, PAGE_MAX.min(limit - found.len()))?;
                let Some(oldest) = page.last() else { break };
                below = oldest.seq;
                found.extend(page.into_iter().map(|kept| placed(db, kept)));
            }
            Ok(found)
        })
        .await
}

/// Part of the entries of one's own branch, newest first.
pub async fn part(admin: &Admin, by: &By, part: Part) -> Result<Listing<AuditView>, Error> {
    part.check()?;
    by.may(Action::ViewAudit, &by.branch(), &Policy::default())?;
    let below = part.after.as_deref().map(|text| text.parse::<i64>().map_err(|_| no_cursor())).transpose()?.unwrap_or(i64::MAX);
    let by = by.clone();
    let look = move |db: &store::Db| {
        let page = store::audit::newest(db, &by.scope(), below, part.limit)?;
        let next = page.last().filter(|_| page.len() == part.limit).map(|kept| kept.seq.to_string());
        Ok(Listing { items: page.into_iter().map(|kept| placed(db, kept)).collect(), next })
    };
    admin.read(look).await
}

/// What is looked for; everything if empty. Case does not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sought {
    /// In the name of who did it.
    pub actor: String,
    /// At the beginning of what was done.
    pub action: String,
    /// In what it was done to, the detail, or the branch.
    pub text: String,
}

/// Entries of one's own branch that match, newest first. It looks back over ten thousand at a time: `next` goes on from there, though
/// fewer than asked for were found.
pub async fn search(admin: &Admin, by: &By, sought: Sought, part: Part) -> Result<Listing<AuditView>, Error> {
    part.check()?;
    by.may(Action::ViewAudit, &by.branch(), &Policy::default())?;
    let mut below = part.after.as_deref().map(|text| text.parse::<i64>().map_err(|_| no_cursor())).transpose()?.unwrap_or(i64::MAX);
    let (by, sought) = (by.clone(), sought.lower());
    let looked = admin.store.report(move |db| {
        let (mut found, mut looked) = (Vec::new(), 0);
        loop {
            let page = store::audit::newest(db, &by.scope(), below, PAGE_MAX)?;
            let is_last = page.len() < PAGE_MAX;
            looked += page.len();
            for kept in page {
                below = kept.seq;
                let view = placed(db, kept);
                if !sought.matches(&view) {
                    continue;
                }
                found.push(view);
                if found.len() == part.limit {
                    return Ok(Listing { items: found, next: Some(below.to_string()) });
                }
            }
            if is_last || looked >= AUDIT_LOOKED_MAX {
                let next = (!is_last).then(|| below.to_string());
                return Ok(Listing { items: found, next });
            }
        }
    });
    Ok(looked.await?)
}

impl Sought {
    fn lower(self) -> Self {
        let lower = |text: String| text.trim().to_lowercase();
        Self { actor: lower(self.actor), action: lower(self.action), text: lower(self.text) }
    }

    fn matches(&self, view: &AuditView) -> bool {
        let holds = |text: &str, part: &str| part.is_empty() || text.to_lowercase().contains(part);
        holds(&view.actor, &self.actor)
            && view.action.to_lowercase().starts_with(&self.action)
            && [&view.subject, &view.detail, &view.scope].into_iter().any(|text| holds(text, &self.text))
    }
}

/// Checks that no entry was changed or removed.
pub async fn verify(admin: &Admin, by: &By) -> Result<AuditVerdict, Error> {
    by.may_platform(Action::ViewAudit)?;
    Ok(match admin.store.report(store::audit::verify).await? {
        Verdict::Whole { entries } => AuditVerdict { whole: true, entries: Some(entries), broken_at: None },
        Verdict::Broken { seq } => AuditVerdict { whole: false, entries: None, broken_at: Some(seq) },
    })
}

fn placed(db: &store::Db, kept: Kept) -> AuditView {
    // The place may be gone since: then the entry stands alone.
    let scope = subject(db, kept.node).unwrap_or_else(|_| "removed".to_owned());
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
