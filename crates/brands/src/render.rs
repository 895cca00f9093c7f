//! Rendering: an order's cells through its parts' stencils.

use std::borrow::Cow;
use std::sync::Arc;

use crate::catalogue::Catalogue;
use crate::error::RenderError;
use crate::identify::FileKind;
use crate::limits::OUTPUT_BYTES_MAX;
use crate::manifest::{Each, PartRule};
use crate::order::{Body, Order, Rendered, Source, WhyLine};
use crate::plan::{Item, Plan, Step};
use crate::sheet::{Cell, Cells, Names, Sheet};
use crate::stencil::{Piece, Place, Row, Scene, Stencil};

/// What stands in a why view instead of a secret.
const MASK: &str = "********";

impl Catalogue {
    /// Renders one file. The same order gives the same bytes.
    pub fn render<'c>(&self, order: &Order<'c>) -> Result<Rendered<'c>, RenderError> {
        let sheet = Sheet::of(order)?;
        let syntax = order.format().syntax();
        let plan = self.plan(order, &sheet)?;
        let mut bytes = Vec::with_capacity(plan.text_bytes + 64 * sheet.cells() + 128 * sheet.raws.len());
        sheet.follow(&plan, |stencil, cells| {
            let mut add = |piece: &Piece| match piece {
                Piece::Text(range) => bytes.extend_from_slice(&stencil.text.as_bytes()[range.start as usize..range.end as usize]),
                Piece::Gap(index, form) => match cells.at(*index) {
                    Cell::Text { value, .. } => syntax.write(&form.of(value), &mut bytes),
                    Cell::Markup(text) => bytes.extend_from_slice(text.as_bytes()),
                    _ => {}
                },
            };
            if sheet.raws.is_empty() {
                stencil.pieces.iter().for_each(&mut add);
            } else {
                for row in stencil.lines.iter().filter(|row| sheet.keeps(stencil, row, cells)) {
                    stencil.row_pieces[row.pieces.start as usize..row.pieces.end as usize].iter().for_each(&mut add);
                }
            }
            if bytes.len() > OUTPUT_BYTES_MAX { Err(RenderError::TooLarge) } else { Ok(()) }
        })?;
        Ok(Rendered { bytes, content_type: order.brand.content_type() })
    }

    /// The same file line by line, each with the layer that set it; secrets masked.
    pub fn render_with_why(&self, order: &Order<'_>) -> Result<Vec<WhyLine>, RenderError> {
        let sheet = Sheet::of(order)?;
        let plan = self.plan(order, &sheet)?;
        let mut why = Vec::new();
        sheet.follow(&plan, |stencil, cells| {
            for row in stencil.lines.iter().filter(|row| sheet.keeps(stencil, row, cells)) {
                why.push(WhyLine { text: masked(stencil, row, cells), source: source(stencil, row, cells) });
            }
            Ok(())
        })?;
        Ok(why)
    }

    /// The stencils of a whole file, from the cache if a file of the same shape was rendered before.
    fn plan(&self, order: &Order<'_>, sheet: &Sheet<'_>) -> Result<Arc<Plan>, RenderError> {
        let (parts, names) = parts(order)?;
        let generations = order.brand.generations(order.firmware);
        let mut shape = head(order, generations);
        sheet.add_shape(&mut shape);
        if let Some(plan) = self.plans.get(&shape[..]) {
            return Ok(plan);
        }
        let plan = Arc::new(Plan::new(self.steps(order, sheet, parts, names, generations)?));
        self.plans.insert(shape.into_boxed_slice(), Arc::clone(&plan));
        Ok(plan)
    }

    fn steps(
        &self,
        order: &Order<'_>,
        sheet: &Sheet<'_>,
        parts: &[PartRule],
        names: &Names,
        generations: u8,
    ) -> Result<Vec<Step>, RenderError> {
        let fields = &order.brand.fields;
        let none = Vec::new();
        let raw = vec![Cell::Text { value: "".into(), secret: false, source: Source::Template }; fields.raw.len()];
        let mut steps = Vec::new();
        for (part, rule) in parts.iter().enumerate().filter(|(_, rule)| order.model.is_among(&rule.models)) {
            let (count, item_names) = match rule.each {
                Each::Once => (1, &none),
                Each::Raw => (1, &fields.raw),
                Each::Account => (order.model.accounts, &fields.account),
                Each::Key => (order.model.line_keys, &fields.keys),
                Each::Handset => (order.model.handsets, &fields.handsets),
                Each::Entry => (sheet.entries.len() as u16, &fields.entry),
            };
            for n in 1..=count {
                let (item, used) = match rule.each {
                    Each::Once => (Item::None, false),
                    Each::Raw => (Item::Raws, true),
                    Each::Account => sheet.account(n).map_or((Item::NoAccount, false), |at| (Item::Account(at as u16), true)),
                    Each::Key => (sheet.key(n).map_or(Item::NoKey, |at| Item::Key(at as u16)), usize::from(n) <= sheet.accounts.len()),
                    Each::Handset => sheet.handset(n).map_or((Item::NoHandset, false), |at| (Item::Handset(at as u16), true)),
                    Each::Entry => (Item::Entry(n - 1), true),
                };
                let cells = if item == Item::Raws { Cells { item: &raw, shared: &[] } } else { sheet.item(item) };
                let n = if matches!(rule.each, Each::Once | Each::Raw) { 0 } else { n };
                let server = if rule.each == Each::Account { sheet.server(n) } else { (0, false) };
                let scene = Scene {
                    order,
                    template: &rule.template,
                    item: cells.item,
                    item_names,
                    shared: cells.shared,
                    shared_names: names,
                    place: Place { n, used, server },
                    generations,
                };
                steps.push(Step { stencil: self.stencil(&scene, part as u8)?, item });
            }
        }
        Ok(steps)
    }

    /// The stencil of one part, shared by all files in which the part has this shape.
    fn stencil(&self, scene: &Scene<'_, '_>, part: u8) -> Result<Arc<Stencil>, RenderError> {
        let mut shape = head(scene.order, scene.generations);
        shape.extend([part, u8::from(scene.place.used), u8::from(scene.place.server.1)]);
        shape.extend(scene.place.n.to_be_bytes());
        shape.extend(scene.place.server.0.to_be_bytes());
        scene.item.iter().chain(scene.shared).for_each(|cell| cell.add_shape(&mut shape));
        if let Some(stencil) = self.stencils.get(&shape[..]) {
            return Ok(stencil);
        }
        let stencil = Arc::new(self.engine.run(scene)?);
        self.stencils.insert(shape.into_boxed_slice(), Arc::clone(&stencil));
        Ok(stencil)
    }
}

/// What every shape begins with.
fn head(order: &Order<'_>, generations: u8) -> Vec<u8> {
    let [model_high, model_low] = order.model.index.to_be_bytes();
    let body = match order.body {
        Body::Public | Body::PublicIn { .. } => 0,
        Body::Restricted { .. } => 1,
        Body::Full { .. } => 2,
        Body::Signpost { .. } => 3,
        Body::Phonebook { .. } => 4,
    };
    let mut shape = Vec::with_capacity(512);
    shape.extend([order.brand.index, model_high, model_low, order.file as u8, body, generations]);
    shape
}

/// The parts of the ordered file, and the names of its cells.
fn parts<'c>(order: &Order<'c>) -> Result<(&'c [PartRule], &'c Names), RenderError> {
    let (rules, fields) = (&order.brand.manifest.parts, &order.brand.fields);
    let (parts, names) = match (order.file, &order.body) {
        (FileKind::Boot, Body::Public | Body::PublicIn { .. }) => (&rules.boot, &fields.public),
        (FileKind::Common, Body::Public | Body::PublicIn { .. }) => (&rules.common, &fields.public),
        (FileKind::Carrier, Body::Signpost { .. }) => (&rules.signpost, &fields.signpost),
        (FileKind::Carrier, Body::Restricted { .. }) => (&rules.restricted, &fields.restricted),
        (FileKind::Carrier, Body::Full { .. }) => (&rules.full, &fields.full),
        (FileKind::Phonebook, Body::Phonebook { .. }) => (&rules.phonebook, &fields.phonebook),
        _ => return Err(RenderError::NoSuchFile { brand: order.brand.name().to_owned(), file: order.file.as_str() }),
    };
    if !parts.iter().any(|part| order.model.is_among(&part.models)) {
        return Err(RenderError::NoSuchFile { brand: order.brand.name().to_owned(), file: order.file.as_str() });
    }
    if order.mac.is_none() && !matches!(order.file, FileKind::Common | FileKind::Phonebook) {
        return Err(RenderError::MacMissing);
    }
    Ok((parts, names))
}

/// The nearest that had a hand in a line.
fn source(stencil: &Stencil, row: &Row, cells: Cells<'_, '_>) -> Source {
    let gaps = stencil.row_pieces[row.pieces.start as usize..row.pieces.end as usize].iter().filter_map(|piece| match piece {
        Piece::Gap(index, _) => Some(*index),
        Piece::Text(_) => None,
    });
    let marks = stencil.marks[row.marks.start as usize..row.marks.end as usize].iter().copied();
    gaps.chain(marks).map(|index| cells.at(index).source()).max().unwrap_or(Source::Template)
}

fn masked(stencil: &Stencil, row: &Row, cells: Cells<'_, '_>) -> String {
    let pieces = &stencil.row_pieces[row.pieces.start as usize..row.pieces.end as usize];
    let text = pieces.iter().map(|piece| match piece {
        Piece::Text(range) => Cow::Borrowed(stencil.text[range.start as usize..range.end as usize].trim_end_matches(['\r', '\n'])),
        Piece::Gap(index, form) => match cells.at(*index) {
            Cell::Text { secret: true, .. } => Cow::Borrowed(MASK),
            Cell::Text { value, .. } => form.of(value),
            Cell::Markup(text) => Cow::Borrowed(&**text),
            _ => Cow::Borrowed(""),
        },
    });
    text.collect()
}

impl<'a> Sheet<'a> {
    /// Whether a line stays beside the raw settings: not if one of the same parameter comes from as near or nearer.
    /// A raw setting from farther away than the line is overruled by it.
    fn keeps(&self, stencil: &Stencil, row: &Row, cells: Cells<'_, 'a>) -> bool {
        let parameter = &stencil.names[row.parameter.start as usize..row.parameter.end as usize];
        let Some(raw) = self.raws.iter().find(|raw| !parameter.is_empty() && raw.parameter == parameter) else { return true };
        let nearer = source(stencil, row, cells) > Source::Layer(raw.layer);
        if nearer {
            raw.overruled.set(true);
        }
        nearer
    }
}
