//! Rendering: an order's cells through its parts' stencils.

use std::sync::Arc;

use crate::catalogue::Catalogue;
use crate::error::RenderError;
use crate::identify::FileKind;
use crate::limits::OUTPUT_BYTES_MAX;
use crate::manifest::{Each, PartRule};
use crate::order::{Body, Order, Rendered, Source, WhyLine};
use crate::sheet::{Cell, Names, Sheet};
use crate::stencil::{Piece, Place, Row, Scene, Stencil};

/// What stands in a why view instead of a secret.
const MASK: &str = "********";

impl Catalogue {
    /// Renders one file. The same order gives the same bytes.
    pub fn render<'c>(&self, order: &Order<'c>) -> Result<Rendered<'c>, RenderError> {
        let sheet = Sheet::of(order)?;
        let format = order.brand.format();
        let mut bytes = Vec::with_capacity(8 * 1024 + 1024 * usize::from(order.model.accounts));
        self.each_part(order, &sheet, |stencil, cells| {
            let mut add = |piece: &Piece| match piece {
                Piece::Text(range) => bytes.extend_from_slice(&stencil.text.as_bytes()[range.start as usize..range.end as usize]),
                Piece::Gap(index) => {
                    if let Cell::Text { value, .. } = cells.at(*index) {
                        format.write(value, &mut bytes);
                    }
                }
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
        let mut why = Vec::new();
        self.each_part(order, &sheet, |stencil, cells| {
            for row in stencil.lines.iter().filter(|row| sheet.keeps(stencil, row, cells)) {
                why.push(WhyLine { text: masked(stencil, row, cells), source: source(stencil, row, cells) });
            }
            Ok(())
        })?;
        Ok(why)
    }

    fn each_part<'a>(
        &self,
        order: &Order<'a>,
        sheet: &Sheet<'a>,
        mut take: impl FnMut(&Stencil, Cells<'_, 'a>) -> Result<(), RenderError>,
    ) -> Result<(), RenderError> {
        let (parts, names) = parts(order)?;
        let generations = order.brand.generations(order.firmware);
        let restricted = matches!(order.body, Body::Restricted { .. });
        let fields = &order.brand.fields;
        let (empty, none) = (Vec::new(), Vec::new());
        let (no_account, no_key) = (vec![Cell::Absent; fields.account.len()], vec![Cell::Absent; fields.keys.len()]);
        for (at, part) in parts.iter().enumerate() {
            let (count, item_names, shared) = match part.each {
                Each::Once => (1, &none, &sheet.globals[..]),
                Each::Account => (order.model.accounts, &fields.account, &sheet.globals[..sheet.shared]),
                Each::Key => (order.model.line_keys, &fields.keys, &sheet.globals[..sheet.shared]),
                Each::Raw => (sheet.raws.len() as u16, &fields.raw, &sheet.globals[..0]),
            };
            for n in 1..=count {
                let (item, used) = match part.each {
                    Each::Once => (&empty, false),
                    Each::Raw => {
                        let raw = &sheet.raws[usize::from(n) - 1];
                        if raw.overruled.get() {
                            continue;
                        }
                        (&raw.cells, true)
                    }
                    Each::Account => {
                        let slot = if restricted { 0 } else { usize::from(n) - 1 };
                        sheet.accounts.get(slot).map_or((&no_account, false), |cells| (cells, true))
                    }
                    Each::Key => {
                        let cells = sheet.keys.binary_search_by_key(&n, |(n, _)| *n).ok().map(|at| &sheet.keys[at].1);
                        (cells.unwrap_or(&no_key), usize::from(n) <= sheet.accounts.len())
                    }
                };
                let place = Place { n: if part.each == Each::Raw { 0 } else { n }, used };
                let scene = Scene { order, template: &part.template, item, item_names, shared, shared_names: names, place, generations };
                let stencil = self.stencil(&scene, at as u8, part.each)?;
                take(&stencil, Cells { item: scene.item, shared })?;
            }
        }
        Ok(())
    }

    fn stencil(&self, scene: &Scene<'_, '_>, part: u8, each: Each) -> Result<Arc<Stencil>, RenderError> {
        let order = scene.order;
        let mut shape = Vec::with_capacity(128);
        let [model_high, model_low] = order.model.index.to_be_bytes();
        let [n_high, n_low] = scene.place.n.to_be_bytes();
        let body = match order.body {
            Body::Public => 0,
            Body::Restricted { .. } => 1,
            Body::Full { .. } => 2,
            Body::Signpost { .. } => 3,
        };
        let used = u8::from(scene.place.used);
        shape.extend([
            order.brand.index,
            model_high,
            model_low,
            order.file as u8,
            body,
            part,
            each as u8,
            n_high,
            n_low,
            used,
            scene.generations,
        ]);
        scene.item.iter().chain(scene.shared).for_each(|cell| cell.add_shape(&mut shape));
        if let Some(stencil) = self.stencils.get(&shape[..]) {
            return Ok(stencil);
        }
        let stencil = Arc::new(self.engine.run(scene)?);
        self.stencils.insert(shape.into_boxed_slice(), Arc::clone(&stencil));
        Ok(stencil)
    }
}

/// The parts of the ordered file, and the names of its cells.
fn parts<'c>(order: &Order<'c>) -> Result<(&'c [PartRule], &'c Names), RenderError> {
    let (rules, fields) = (&order.brand.manifest.parts, &order.brand.fields);
    let (parts, names) = match (order.file, &order.body) {
        (FileKind::Boot, Body::Public) => (&rules.boot, &fields.public),
        (FileKind::Common, Body::Public) => (&rules.common, &fields.public),
        (FileKind::Carrier, Body::Signpost { .. }) => (&rules.signpost, &fields.signpost),
        (FileKind::Carrier, Body::Restricted { .. }) => (&rules.restricted, &fields.restricted),
        (FileKind::Carrier, Body::Full { .. }) => (&rules.full, &fields.full),
        _ => return Err(RenderError::NoSuchFile { brand: order.brand.name().to_owned(), file: order.file.as_str() }),
    };
    if parts.is_empty() {
        return Err(RenderError::NoSuchFile { brand: order.brand.name().to_owned(), file: order.file.as_str() });
    }
    if order.mac.is_none() && order.file != FileKind::Common {
        return Err(RenderError::MacMissing);
    }
    Ok((parts, names))
}

/// The cells of a part: the item's first, then the shared ones.
#[derive(Clone, Copy)]
struct Cells<'s, 'a> {
    item: &'s [Cell<'a>],
    shared: &'s [Cell<'a>],
}

impl<'s, 'a> Cells<'s, 'a> {
    fn at(self, index: u16) -> &'s Cell<'a> {
        let index = usize::from(index);
        self.item.get(index).unwrap_or_else(|| &self.shared[index - self.item.len()])
    }
}

/// The nearest that had a hand in a line.
fn source(stencil: &Stencil, row: &Row, cells: Cells<'_, '_>) -> Source {
    let gaps = stencil.row_pieces[row.pieces.start as usize..row.pieces.end as usize].iter().filter_map(|piece| match piece {
        Piece::Gap(index) => Some(*index),
        Piece::Text(_) => None,
    });
    let marks = stencil.marks[row.marks.start as usize..row.marks.end as usize].iter().copied();
    gaps.chain(marks).map(|index| cells.at(index).source()).max().unwrap_or(Source::Template)
}

fn masked(stencil: &Stencil, row: &Row, cells: Cells<'_, '_>) -> String {
    let pieces = &stencil.row_pieces[row.pieces.start as usize..row.pieces.end as usize];
    let text = pieces.iter().map(|piece| match piece {
        Piece::Text(range) => stencil.text[range.start as usize..range.end as usize].trim_end_matches('\n'),
        Piece::Gap(index) => match cells.at(*index) {
            Cell::Text { secret: true, .. } => MASK,
            Cell::Text { value, .. } => value,
            _ => "",
        },
    });
    text.collect()
}

impl<'a> Sheet<'a> {
    /// Whether a line stays beside the raw settings: not if one of the same parameter comes from as near or nearer.
    /// A raw setting from farther away than the line is overruled by it.
    fn keeps(&self, stencil: &Stencil, row: &Row, cells: Cells<'_, 'a>) -> bool {
        let parameter = &stencil.text[row.parameter.start as usize..row.parameter.end as usize];
        let Some(raw) = self.raws.iter().find(|raw| !parameter.is_empty() && raw.parameter == parameter) else { return true };
        let nearer = source(stencil, row, cells) > Source::Layer(raw.layer);
        if nearer {
            raw.overruled.set(true);
        }
        nearer
    }
}
