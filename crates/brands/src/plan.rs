//! Plans: the stencils of a whole file in order, so that a file of a known shape needs one look-up.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::error::RenderError;
use crate::sheet::{Cells, Sheet};
use crate::stencil::Stencil;

/// Plans by the shape of the whole order.
pub(crate) type PlanCache = Cache<Box<[u8]>, Arc<Plan>, PlanWeight>;

/// Weighs a plan: its steps, and the stencils that few other plans share.
#[derive(Clone)]
pub(crate) struct PlanWeight;

impl Weighter<Box<[u8]>, Arc<Plan>> for PlanWeight {
    fn weight(&self, key: &Box<[u8]>, plan: &Arc<Plan>) -> u64 {
        (key.len() + plan.steps.len() * size_of::<Step>() + plan.own_bytes + 64) as u64
    }
}

/// A file of one shape.
pub(crate) struct Plan {
    steps: Vec<Step>,
    /// All text that the templates wrote.
    pub text_bytes: usize,
    /// Memory of the stencils of parts that stand once.
    own_bytes: usize,
}

/// One stencil and what fills it.
pub(crate) struct Step {
    pub stencil: Arc<Stencil>,
    pub item: Item,
}

/// What fills a stencil beside the shared cells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item {
    /// Nothing: the phone's own cells do.
    None,
    /// Account, by its place among the order's.
    Account(u16),
    /// A slot without a line.
    NoAccount,
    /// Line key, by its place among those that settings name.
    Key(u16),
    /// A key that no setting names.
    NoKey,
    /// Handset, by its place among those that settings name.
    Handset(u16),
    /// A handset slot that no setting names.
    NoHandset,
    /// Entry of a phone book.
    Entry(u16),
    /// Each raw parameter in turn.
    Raws,
}

impl Plan {
    pub(crate) fn new(steps: Vec<Step>) -> Self {
        let text_bytes = steps.iter().map(|step| step.stencil.text.len()).sum();
        let own = steps.iter().filter(|step| step.item == Item::None);
        Self { text_bytes, own_bytes: own.map(|step| step.stencil.bytes()).sum(), steps }
    }
}

impl<'a> Sheet<'a> {
    /// Goes through a plan with this sheet's cells.
    pub(crate) fn follow(
        &self,
        plan: &Plan,
        mut take: impl FnMut(&Stencil, Cells<'_, 'a>) -> Result<(), RenderError>,
    ) -> Result<(), RenderError> {
        for step in &plan.steps {
            if step.item == Item::Raws {
                for raw in self.raws.iter().filter(|raw| !raw.overruled.get()) {
                    take(&step.stencil, Cells { item: &raw.cells, shared: &[] })?;
                }
            } else {
                take(&step.stencil, self.item(step.item))?;
            }
        }
        Ok(())
    }

    /// The cells of an item.
    pub(crate) fn item(&self, item: Item) -> Cells<'_, 'a> {
        let shared = &self.globals[..self.shared];
        match item {
            Item::None => Cells { item: &[], shared: &self.globals },
            Item::Account(at) => Cells { item: &self.accounts[usize::from(at)], shared },
            Item::NoAccount => Cells { item: self.no_account, shared },
            Item::Key(at) => Cells { item: &self.keys[usize::from(at)].1, shared },
            Item::NoKey => Cells { item: self.no_key, shared },
            Item::Handset(at) => Cells { item: &self.handsets[usize::from(at)].1, shared },
            Item::NoHandset => Cells { item: self.no_handset, shared },
            Item::Entry(at) => Cells { item: &self.entries[usize::from(at)], shared },
            Item::Raws => Cells { item: &[], shared: &[] },
        }
    }
}
