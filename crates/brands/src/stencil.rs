//! Stencils: what a template makes of an order's shape, with gaps where the texts go.
//!
//! The template engine runs once for each shape. Where a template writes a text it leaves a mark instead, for it never
//! had the text; filling the gaps is then a matter of copying.

mod context;

use std::borrow::Cow;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Environment, ErrorKind, Output, State, UndefinedBehavior, Value};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use self::context::Gap;
pub(crate) use self::context::{Place, Scene};
use crate::catalogue::Brand;
use crate::error::{CatalogueError, RenderError};
use crate::format::Format;
use crate::limits::{STENCIL_BYTES_MAX, TEMPLATE_FUEL};

/// Begins a mark in the engine's output; no template and no word may hold it.
const MARK: char = '\u{1}';
/// In a mark: the parameter that the line sets, where its beginning does not tell.
const IS: &str = "is ";
/// Ends a mark.
const MARK_END: char = '\u{2}';

/// Stencils by shape.
pub(crate) type StencilCache = Cache<Box<[u8]>, Arc<Stencil>, StencilWeight>;

/// Weighs a stencil by its memory.
#[derive(Clone)]
pub(crate) struct StencilWeight;

impl Weighter<Box<[u8]>, Arc<Stencil>> for StencilWeight {
    fn weight(&self, key: &Box<[u8]>, stencil: &Arc<Stencil>) -> u64 {
        (key.len() + stencil.bytes() + 64) as u64
    }
}

/// A part of a file with gaps.
#[derive(Debug, Default)]
pub(crate) struct Stencil {
    /// All that is the template's own, end to end.
    pub text: String,
    /// Names of the parameters that lines set, end to end.
    pub names: String,
    /// Text and gaps of the whole part.
    pub pieces: Vec<Piece>,
    /// The same line by line, for raw settings and provenance.
    pub lines: Vec<Row>,
    pub row_pieces: Vec<Piece>,
    /// Cells that shaped a line without standing in it.
    pub marks: Vec<u16>,
}

/// Text or a gap.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    /// A range of [`Stencil::text`].
    Text(Range<u32>),
    /// The cell that goes here: first the item's, then the shared ones.
    Gap(u16, Form),
}

/// How a text is written into its gap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it is.
    #[default]
    Plain,
    /// A number as `0x13c4`; anything else as it is.
    Hex,
    /// Fit for the login of an address: what has a meaning there as `%40`.
    Url,
}

impl Form {
    /// The text as it is written.
    pub(crate) fn of(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Plain => Cow::Borrowed(text),
            Self::Hex => text.parse::<u32>().map_or(Cow::Borrowed(text), |number| Cow::Owned(format!("0x{number:x}"))),
            Self::Url => {
                let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
                if text.as_bytes().iter().all(plain) {
                    return Cow::Borrowed(text);
                }
                let write = |byte: u8| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
                Cow::Owned(text.bytes().map(write).collect())
            }
        }
    }

    fn mark(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Hex => "x",
            Self::Url => "u",
        }
    }

    /// Takes the form off a mark.
    fn take(mark: &str) -> (Self, &str) {
        [Self::Hex, Self::Url].into_iter().find_map(|form| Some((form, mark.strip_prefix(form.mark())?))).unwrap_or((Self::Plain, mark))
    }
}

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Its parameter, as a range of [`Stencil::names`]; empty if the name has a gap, or there is none.
    pub parameter: Range<u32>,
    pub pieces: Range<u32>,
    pub marks: Range<u32>,
}

/// The template engine with all brands' templates.
pub(crate) struct Engine(Environment<'static>);

impl Engine {
    pub(crate) fn new() -> Self {
        // Empty: no filters, no functions, nothing of the process; only what is named here.
        let mut environment = Environment::empty();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(TEMPLATE_FUEL));
        environment.set_formatter(write_value);
        environment.set_auto_escape_callback(|_| AutoEscape::Custom("phone".into()));
        environment.set_path_join_callback(|name, parent| {
            let brand = parent.split_once('/').map_or("", |(brand, _)| brand);
            format!("{brand}/{name}").into()
        });
        environment.add_function("range", minijinja::functions::range);
        environment.add_function("is", is);
        environment.add_filter("hex", |gap: Value| formed(&gap, Form::Hex));
        environment.add_filter("url", |gap: Value| formed(&gap, Form::Url));
        // What is absent has no words.
        environment.add_filter("length", |words: Value| if words.kind() == ValueKind::Seq { words.len().unwrap_or(0) } else { 0 });
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
        environment.set_syntax(syntax.expect("the standard delimiters are sound"));
        Self(environment)
    }

    /// Compiles a template.
    pub(crate) fn add(&mut self, brand: &str, file: &str, text: &str) -> Result<(), CatalogueError> {
        let wrong = |key: String, problem: &str| CatalogueError::new(format!("brands/{brand}/templates/{file}"), key, problem);
        if text.contains([MARK, MARK_END, '\r']) {
            return Err(wrong("-".into(), "has control characters"));
        }
        self.0.add_template_owned(format!("{brand}/{file}"), text.to_owned()).map_err(|error| {
            let line = error.line().map_or_else(|| "-".to_owned(), |line| format!("line {line}"));
            wrong(line, &describe(&error))
        })
    }

    /// Every part that `brand.toml` names must be there.
    pub(crate) fn check_parts(&self, brand: &Brand) -> Result<(), CatalogueError> {
        let parts = &brand.manifest.parts;
        let named = [
            ("boot", &parts.boot),
            ("common", &parts.common),
            ("signpost", &parts.signpost),
            ("restricted", &parts.restricted),
            ("full", &parts.full),
            ("phonebook", &parts.phonebook),
        ];
        for (key, part) in named.iter().flat_map(|(key, parts)| parts.iter().map(move |part| (key, part))) {
            if self.0.get_template(&format!("{}/{}", brand.name(), part.template)).is_err() {
                let file = format!("brands/{}/brand.toml", brand.name());
                return Err(CatalogueError::new(file, format!("parts.{key}"), format!("templates/{} is missing", part.template)));
            }
        }
        Ok(())
    }

    /// Runs a template on a shape.
    pub(crate) fn run(&self, scene: &Scene<'_, '_>) -> Result<Stencil, RenderError> {
        let name = format!("{}/{}", scene.order.brand.name(), scene.template);
        let wrong = |error: &minijinja::Error| RenderError::Template {
            template: name.clone(),
            problem: error.line().map_or_else(|| describe(error), |line| format!("line {line}: {}", describe(error))),
        };
        let template = self.0.get_template(&name).map_err(|error| wrong(&error))?;
        let mut out = Limited(Vec::with_capacity(4096));
        let ran = template.render_captured_to(scene.context(), &mut out).map(drop);
        if out.0.len() >= STENCIL_BYTES_MAX {
            return Err(RenderError::TooLarge);
        }
        ran.map_err(|error| wrong(&error))?;
        let text = String::from_utf8(out.0).unwrap_or_default();
        Stencil::read(&text, scene.cells(), scene.order.format())
            .ok_or_else(|| RenderError::Template { template: name, problem: "wrote a control character".into() })
    }
}

/// Names the parameter that a line sets. Safe: it is a mark, as a text's place is.
fn is(name: &str) -> Result<Value, minijinja::Error> {
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(minijinja::Error::new(ErrorKind::InvalidOperation, "is() takes a parameter's name"));
    }
    // The keys of settings have no blanks, so the names of raw parameters have none either.
    Ok(Value::from_safe_string(format!("{MARK}{IS}{}{MARK_END}", name.trim().replace(' ', "_"))))
}

/// A text that is written in another form.
fn formed(gap: &Value, form: Form) -> Result<Value, minijinja::Error> {
    let gap = gap.downcast_object_ref::<Gap>().ok_or_else(|| minijinja::Error::new(ErrorKind::InvalidOperation, "no text to write so"))?;
    Ok(Value::from_object(gap.in_form(form)))
}

fn describe(error: &minijinja::Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()))
}

/// Writes what a template prints: a mark for a gap, a word or number as it is. Nothing prints as `None` or `True`.
fn write_value(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    if let Some(gap) = value.downcast_object_ref::<Gap>() {
        return Ok(write!(out, "{gap}")?);
    }
    match value.kind() {
        ValueKind::Bool => Ok(out.write_str(if value.is_true() { "1" } else { "0" })?),
        ValueKind::Number => Ok(write!(out, "{value}")?),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            // A macro's result is printed text and may hold marks; anything else may not.
            if !value.is_safe() && text.chars().any(char::is_control) {
                return Err(minijinja::Error::new(ErrorKind::InvalidOperation, "a word with a control character"));
            }
            Ok(out.write_str(text)?)
        }
        kind => Err(minijinja::Error::new(ErrorKind::InvalidOperation, format!("printing a value of kind {kind}"))),
    }
}

/// Stops at the limit instead of growing.
struct Limited(Vec<u8>);

impl io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = STENCIL_BYTES_MAX - self.0.len();
        self.0.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stencil {
    /// Its memory.
    pub(crate) fn bytes(&self) -> usize {
        let tables = self.pieces.len() * size_of::<Piece>() + self.lines.len() * size_of::<Row>();
        let by_line = self.row_pieces.len() * size_of::<Piece>() + self.marks.len() * size_of::<u16>();
        self.text.len() + self.names.len() + tables + by_line
    }

    /// From the engine's output; none if it holds a control character that is no mark.
    fn read(output: &str, cells: usize, format: Format) -> Option<Self> {
        let mut stencil = Self::default();
        for line in output.split_inclusive('\n') {
            let (pieces, marks) = (stencil.row_pieces.len() as u32, stencil.marks.len() as u32);
            let start = stencil.text.len();
            let mut first_gap = None;
            let mut named = None;
            let mut rest = line;
            while let Some(at) = rest.find(MARK) {
                stencil.add_text(&rest[..at], format)?;
                let (mark, after) = rest[at + 1..].split_once(MARK_END)?;
                rest = after;
                if let Some(name) = mark.strip_prefix(IS) {
                    named = Some(name);
                    continue;
                }
                let shaped = mark.strip_prefix('m');
                let (form, index) = Form::take(shaped.unwrap_or(mark));
                let cell: u16 = index.parse().ok().filter(|cell| usize::from(*cell) < cells)?;
                if shaped.is_some() {
                    stencil.marks.push(cell);
                } else {
                    first_gap = first_gap.or(Some(stencil.text.len()));
                    stencil.add_gap(cell, form);
                }
            }
            stencil.add_text(rest, format)?;
            let fixed = &stencil.text[start..first_gap.unwrap_or(stencil.text.len())];
            let begins = stencil.names.len() as u32;
            if let Some(name) = named.map(Cow::Borrowed).or_else(|| format.syntax().parameter(fixed)) {
                stencil.names.push_str(&name);
            }
            let parameter = begins..stencil.names.len() as u32;
            let pieces = pieces..stencil.row_pieces.len() as u32;
            stencil.lines.push(Row { parameter, pieces, marks: marks..stencil.marks.len() as u32 });
        }
        Some(stencil)
    }

    fn add_text(&mut self, text: &str, format: Format) -> Option<()> {
        let body = text.strip_suffix('\n').unwrap_or(text);
        if body.chars().any(char::is_control) {
            return None;
        }
        if text.is_empty() {
            return Some(());
        }
        let begins = self.text.len() as u32;
        self.text.push_str(body);
        if body.len() < text.len() {
            self.text.push_str(format.syntax().line_end());
        }
        let range = begins..self.text.len() as u32;
        self.row_pieces.push(Piece::Text(range.clone()));
        match self.pieces.last_mut() {
            Some(Piece::Text(last)) => last.end = range.end,
            _ => self.pieces.push(Piece::Text(range)),
        }
        Some(())
    }

    fn add_gap(&mut self, cell: u16, form: Form) {
        self.row_pieces.push(Piece::Gap(cell, form));
        self.pieces.push(Piece::Gap(cell, form));
    }
}
