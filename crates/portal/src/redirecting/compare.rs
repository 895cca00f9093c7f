//! Once a day the service's whole list is held against ours, a page at a time.

use redirect::diff::Drift;
use redirect::{Listed, Page};
use store::StoreError;
use store::redirect::{Found, Kept, State};

use super::aim::claimed;
use super::pass::{Halt, Pass};
use crate::limits::REDIRECT_COMPARE_EVERY;

impl Pass {
    /// Compares if a day has passed, and mends what is found.
    pub(super) async fn compare_if_due(&mut self) -> Result<(), Halt> {
        let began = (self.clock)();
        if self.account.compared.is_some_and(|compared| began.since(compared) < REDIRECT_COMPARE_EVERY) {
            return Ok(());
        }
        let id = self.account.id;
        let mut drift = Drift::default();
        if self.kind.capabilities().lists {
            let mut cursor = None;
            for _ in 0..redirect::limits::PAGES_MAX {
                self.hold().await?;
                let Page { items, next } = self.service.list(cursor.as_deref()).await.map_err(Halt::Service)?;
                self.compare_page(items, began, &mut drift).await?;
                cursor = next;
                if cursor.is_none() {
                    break;
                }
            }
            // A list that never ends says nothing of what is missing in it.
            if cursor.is_none() {
                self.mend_gone(began, &mut drift).await?;
            }
        }
        let (now, found) = ((self.clock)(), serde_json::to_string(&drift).unwrap_or_default());
        Ok(self
            .admin
            .store
            .write(move |db| {
                store::redirect::worked(db, id, now)?;
                store::redirect::compared(db, id, &found, now)
            })
            .await?)
    }

    async fn compare_page(&mut self, items: Vec<Listed>, began: domain::Time, drift: &mut Drift) -> Result<(), Halt> {
        let (id, kind, account) = (self.account.id, self.kind, self.account.clone());
        let looked = self
            .admin
            .store
            .write(move |db| {
                let look = |listed: &Listed| -> Result<_, StoreError> {
                    let found = Found { mac: listed.mac, asked: listed.asked };
                    let known = store::redirect::found(db, id, &found, began)?;
                    let situation = match known {
                        Some((State::Listed, _)) => store::redirect::wanted_one(db, claimed(kind, &account), listed.mac)?,
                        _ => None,
                    };
                    Ok((listed.clone(), known.is_some(), situation))
                };
                items.iter().map(look).collect::<Result<Vec<_>, _>>()
            })
            .await?;
        for (listed, is_known, situation) in looked {
            let Some(situation) = situation else {
                drift.unknown += u64::from(!is_known);
                continue;
            };
            let (Some(reseller), Some(kept)) = (situation.wanted, situation.kept) else { continue };
            let Ok(aim) = self.aim(reseller).await? else { continue };
            if listed.target.is_none() || aim.is_said(&self.admin, listed.mac, listed.target.as_ref()) || kept.mark != aim.mark().0 {
                drift.same += 1;
                continue;
            }
            drift.elsewhere += 1;
            // Written anew by the next look.
            let anew = Kept { mark: 0, ..kept };
            let mac = listed.mac;
            self.admin.store.write(move |db| store::redirect::put(db, id, mac, &anew)).await?;
            self.look_at(vec![mac]).await?;
        }
        Ok(())
    }

    /// What we wrote and the service has no more: once more.
    async fn mend_gone(&mut self, began: domain::Time, drift: &mut Drift) -> Result<(), Halt> {
        let id = self.account.id;
        loop {
            let gone = self.admin.store.read(move |db| store::redirect::gone(db, id, began)).await?;
            if gone.is_empty() {
                return Ok(());
            }
            drift.gone += gone.len() as u64;
            let macs = gone.clone();
            self.admin.store.write(move |db| macs.iter().try_for_each(|mac| store::redirect::drop_row(db, id, *mac))).await?;
            self.look_at(gone).await?;
        }
    }
}
