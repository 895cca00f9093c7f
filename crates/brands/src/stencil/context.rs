//! What a template sees: the shape of the cells, the model, the generation, the brand's switches. Nothing else.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Object, ObjectRepr};

use super::{Form, MARK, MARK_END};
use crate::manifest::{Capability, Switch};
use crate::order::Order;
use crate::sheet::{Cell, Names};

/// One run of a template.
pub(crate) struct Scene<'s, 'a> {
    pub order: &'s Order<'a>,
    pub template: &'s str,
    /// The cells of one account or line key; empty for a part that stands once.
    pub item: &'s [Cell<'a>],
    pub item_names: &'s Names,
    /// The cells that all parts see.
    pub shared: &'s [Cell<'a>],
    pub shared_names: &'s Names,
    pub place: Place,
    pub generations: u8,
}

/// Where in the file the part stands: the account's or key's number, and whether a line is on it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place {
    pub n: u16,
    pub used: bool,
    /// Which of the distinct servers the account's line is on, from 1, and whether it is the first line there.
    pub server: (u16, bool),
}

impl Scene<'_, '_> {
    /// How many cells the part has.
    pub(super) fn cells(&self) -> usize {
        self.item.len() + self.shared.len()
    }

    pub(super) fn context(&self) -> Value {
        let mut groups: BTreeMap<&str, BTreeMap<String, Value>> = BTreeMap::new();
        let mut shaped_by = BTreeMap::new();
        let shared = self.shared.iter().zip(self.shared_names).zip(self.item.len()..);
        let item = self.item.iter().zip(self.item_names).zip(0..);
        for ((cell, (group, name)), index) in shared.chain(item) {
            let gap = |mark: bool| {
                Value::from_object(Gap { index: index as u16, there: !mark && !matches!(cell, Cell::Absent), mark, form: Form::Plain })
            };
            let value = match cell {
                Cell::Absent | Cell::Text { .. } | Cell::Markup(_) => gap(false),
                Cell::Word { value, .. } => Value::from(&**value),
                Cell::Words { values, .. } => values.iter().copied().collect(),
            };
            groups.entry(group).or_default().insert(name.clone(), value);
            shaped_by.insert(name.clone(), gap(true));
        }
        for group in ["account", "key", "handset"] {
            let cells = groups.entry(group).or_default();
            cells.insert("n".into(), Value::from(self.place.n));
            cells.insert("used".into(), Value::from(self.place.used));
        }
        let account = groups.entry("account").or_default();
        account.insert("server_number".into(), Value::from(self.place.server.0));
        account.insert("is_first_of_server".into(), Value::from(self.place.server.1));
        let root = groups.remove("").unwrap_or_default();
        let groups = groups.into_iter().map(|(name, cells)| (name.to_owned(), Value::from_pairs(cells)));
        let fixed = [
            ("by".to_owned(), Value::from_pairs(shaped_by)),
            ("model".to_owned(), self.model()),
            ("gen".to_owned(), self.generation()),
            ("prefixes".to_owned(), self.prefixes()),
            ("switch".to_owned(), self.switches()),
        ];
        Value::from_pairs(root.into_iter().chain(groups).chain(fixed))
    }

    fn model(&self) -> Value {
        let model = self.order.model;
        Value::from_pairs([
            ("name", Value::from(model.name.as_str())),
            ("kind", Value::from(model.kind.as_str())),
            ("series", Value::from(model.series.as_str())),
            ("accounts", Value::from(model.accounts)),
            ("line_keys", Value::from(model.line_keys)),
            ("handsets", Value::from(model.handsets)),
            ("first_line", Value::from(model.first_line)),
            ("screen", Value::from(model.screen == Capability::Yes)),
        ])
    }

    fn generation(&self) -> Value {
        let rules = self.order.brand.manifest.firmware.generation.iter().enumerate();
        Value::from_pairs(rules.map(|(at, rule)| (rule.name.as_str(), Value::from(self.generations & 1 << at != 0))))
    }

    fn prefixes(&self) -> Value {
        let rules = self.order.brand.manifest.firmware.generation.iter().enumerate();
        rules.filter(|(at, _)| self.generations & 1 << at != 0).map(|(_, rule)| Value::from(rule.prefix.as_str())).collect()
    }

    fn switches(&self) -> Value {
        let switches = &self.order.brand.manifest.switch;
        Value::from_pairs(switches.iter().map(|(name, switch)| {
            let value = match switch {
                Switch::Flag(flag) => Value::from(*flag),
                Switch::Word(word) => Value::from(word.as_str()),
                Switch::Number(number) => Value::from(*number),
            };
            (name.as_str(), value)
        }))
    }
}

/// A text as a template sees it: there or not.
#[derive(Debug)]
pub(super) struct Gap {
    index: u16,
    there: bool,
    /// Names a cell that shapes the line without standing in it.
    mark: bool,
    form: Form,
}

impl Gap {
    /// The same, written in another form.
    pub(super) fn in_form(&self, form: Form) -> Self {
        Self { form, ..*self }
    }
}

impl Object for Gap {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.there
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.mark, self.there) {
            (true, _) => write!(f, "{MARK}m{}{MARK_END}", self.index),
            (false, true) => write!(f, "{MARK}{}{}{MARK_END}", self.form.mark(), self.index),
            (false, false) => Ok(()),
        }
    }
}
