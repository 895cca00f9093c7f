//! An order laid out in cells: one cell for each thing a template can name.
//!
//! A template is run on the cells' *shape* (what is there, and which words), never on texts; so the same shape gives the
//! same stencil, and texts are spliced into it afterwards.

mod fields;

use std::borrow::Cow;

use domain::Mac;
use domain::settings::{Layer, Line, Resolved, Transport};

use crate::error::RenderError;
use crate::format::Format;
use crate::limits::{EMERGENCY_NUMBERS_MAX, PHONEBOOK_ENTRIES_MAX};
use crate::manifest::Scope;
use crate::order::{Body, Door, Order, Source};

use self::fields::Setting;
pub(crate) use self::fields::{Fields, Names};

/// One thing that a template can name.
#[derive(Clone, Default)]
pub(crate) enum Cell<'a> {
    /// Not there.
    #[default]
    Absent,
    /// A text, checked by the format. The template sees only that it is there.
    Text { value: Cow<'a, str>, secret: bool, source: Source },
    /// What stands around a raw parameter's value, in the file's own syntax.
    Markup(Cow<'a, str>),
    /// A word from a closed set.
    Word { value: Cow<'a, str>, source: Source },
    /// Words from a closed set, or digits.
    Words { values: Vec<&'a str>, source: Source },
}

impl Cell<'_> {
    /// Adds what a template can see of the cell.
    pub(crate) fn add_shape(&self, shape: &mut Vec<u8>) {
        match self {
            Self::Absent => shape.push(0),
            Self::Text { .. } | Self::Markup(_) => shape.push(1),
            Self::Word { value, .. } => {
                shape.push(2);
                shape.extend_from_slice(value.as_bytes());
                shape.push(0);
            }
            Self::Words { values, .. } => {
                shape.push(3);
                for value in values {
                    shape.extend_from_slice(value.as_bytes());
                    shape.push(0);
                }
                shape.push(0);
            }
        }
    }

    /// Who set it.
    pub(crate) fn source(&self) -> Source {
        match self {
            Self::Absent | Self::Markup(_) => Source::Template,
            Self::Text { source, .. } | Self::Word { source, .. } | Self::Words { source, .. } => *source,
        }
    }
}

/// A brand's own parameter that settings pass through.
pub(crate) struct Raw<'a> {
    pub parameter: &'a str,
    pub layer: Layer,
    /// In the order of `Fields::raw`.
    pub cells: Vec<Cell<'a>>,
    /// A line of the template comes from a nearer layer.
    pub overruled: std::cell::Cell<bool>,
}

/// An order in cells.
pub(crate) struct Sheet<'a> {
    /// The phone's cells: device first, then door and what the body has.
    pub globals: Vec<Cell<'a>>,
    /// How many of the globals the parts for each account or key see.
    pub shared: usize,
    /// What stands in account slots: one for each line of a full file; the same for every slot of a restricted one.
    pub accounts: Vec<Vec<Cell<'a>>>,
    /// Line keys that settings name, ascending.
    pub keys: Numbered<'a>,
    /// Handsets that settings name, ascending.
    pub handsets: Numbered<'a>,
    /// The entries of a phone book.
    pub entries: Vec<Vec<Cell<'a>>>,
    /// Raw parameters.
    pub raws: Vec<Raw<'a>>,
    /// What a slot without a line, and a key or a handset without settings have.
    pub no_account: &'a [Cell<'a>],
    pub no_key: &'a [Cell<'a>],
    pub no_handset: &'a [Cell<'a>],
    /// Whether every slot has the one account.
    same_account: bool,
    /// Which of the distinct servers each line is on, from 1.
    servers: Vec<u16>,
}

/// Things that settings name by a number, each with its cells.
type Numbered<'a> = Vec<(u16, Vec<Cell<'a>>)>;

/// The cells of a part: the item's first, then the shared ones.
#[derive(Clone, Copy)]
pub(crate) struct Cells<'s, 'a> {
    pub item: &'s [Cell<'a>],
    pub shared: &'s [Cell<'a>],
}

impl<'s, 'a> Cells<'s, 'a> {
    /// The cell of a stencil's gap or mark.
    pub(crate) fn at(self, index: u16) -> &'s Cell<'a> {
        let index = usize::from(index);
        self.item.get(index).unwrap_or_else(|| &self.shared[index - self.item.len()])
    }
}

impl<'a> Sheet<'a> {
    /// Lays out an order; fails on a value that the file cannot carry.
    pub(crate) fn of(order: &Order<'a>) -> Result<Self, RenderError> {
        let mut globals = device(order.mac);
        let device = globals.len();
        let fields = &order.brand.fields;
        match order.body {
            Body::Public => {
                globals.push(Cell::Absent);
                Ok(Self::plain(fields, globals, device))
            }
            Body::PublicIn { folder } => {
                globals.push(fields.platform("folder", folder, false)?);
                Ok(Self::plain(fields, globals, device))
            }
            Body::Restricted { notice, account, service_number, emergency_numbers, door, language } => {
                fields.add_door(&mut globals, &door, order.model)?;
                let speaks = fields.check_transport(account.transport);
                speaks.map_err(|problem| RenderError::value("restricted account transport", problem))?;
                globals.push(fields.notice(notice, language));
                globals.push(fields.platform("service number", service_number, false)?);
                globals.push(emergency(emergency_numbers)?);
                globals.push(fields.language(None, language));
                let shared = globals.len();
                let mut cells = vec![
                    fields.platform("restricted account user", account.user, false)?,
                    Cell::Absent,
                    fields.platform("restricted account password", account.password.expose(), true)?,
                    fields.platform("restricted account server", account.server, false)?,
                    Cell::Text { value: Cow::Owned(account.port.to_string()), secret: false, source: Source::Platform },
                    transport(account.transport, Source::Platform),
                ];
                cells.resize_with(fields.account.len(), Cell::default);
                Ok(Self { accounts: vec![cells], same_account: true, ..Self::plain(fields, globals, shared) })
            }
            Body::Signpost { door, language } => {
                fields.add_door(&mut globals, &door, order.model)?;
                globals.push(fields.language(None, language));
                let shared = globals.len();
                Ok(Self::plain(fields, globals, shared))
            }
            Body::Phonebook { title, entries } => {
                let format = order.format();
                globals.push(fields.carried(title, format).unwrap_or_default());
                let shared = globals.len();
                let entries = entries.iter().filter_map(|entry| fields.entry(entry, format)).take(PHONEBOOK_ENTRIES_MAX).collect();
                Ok(Self { entries, ..Self::plain(fields, globals, shared) })
            }
            Body::Full { lines, settings, door, language } => Self::full(order, globals, lines, settings, &door, language),
        }
    }

    /// A sheet of the phone's own cells.
    fn plain(fields: &'a Fields, globals: Vec<Cell<'a>>, shared: usize) -> Self {
        Self {
            globals,
            shared,
            accounts: Vec::new(),
            keys: Vec::new(),
            handsets: Vec::new(),
            entries: Vec::new(),
            raws: Vec::new(),
            no_account: &fields.no_account,
            no_key: &fields.no_key,
            no_handset: &fields.no_handset,
            same_account: false,
            servers: Vec::new(),
        }
    }

    /// The place of a slot's account among the order's.
    pub(crate) fn account(&self, slot: u16) -> Option<usize> {
        let at = if self.same_account { 0 } else { usize::from(slot) - 1 };
        (at < self.accounts.len()).then_some(at)
    }

    /// Which of the distinct servers a slot's line is on, from 1, and whether it is the first line there; none for a slot without one.
    pub(crate) fn server(&self, slot: u16) -> (u16, bool) {
        if self.same_account {
            return (1, slot == 1);
        }
        let at = usize::from(slot) - 1;
        self.servers.get(at).map_or((0, false), |number| (*number, !self.servers[..at].contains(number)))
    }

    /// The place of a line key among those that settings name.
    pub(crate) fn key(&self, n: u16) -> Option<usize> {
        self.keys.binary_search_by_key(&n, |(n, _)| *n).ok()
    }

    /// The place of a handset among those that settings name.
    pub(crate) fn handset(&self, n: u16) -> Option<usize> {
        self.handsets.binary_search_by_key(&n, |(n, _)| *n).ok()
    }

    /// How many cells it has in all.
    pub(crate) fn cells(&self) -> usize {
        let (accounts, keys) = (self.accounts.len() * self.no_account.len(), self.keys.len() * self.no_key.len());
        self.globals.len() + accounts + keys + self.handsets.len() * self.no_handset.len() + 2 * self.entries.len()
    }

    /// Adds all that templates can see of the order.
    pub(crate) fn add_shape(&self, shape: &mut Vec<u8>) {
        shape.extend((self.accounts.len() as u16).to_be_bytes());
        self.servers.iter().for_each(|number| shape.extend(number.to_be_bytes()));
        self.globals.iter().chain(self.accounts.iter().flatten()).for_each(|cell| cell.add_shape(shape));
        for numbered in [&self.keys, &self.handsets] {
            shape.extend((numbered.len() as u16).to_be_bytes());
            for (n, cells) in numbered {
                shape.extend(n.to_be_bytes());
                for cell in cells {
                    cell.add_shape(shape);
                }
            }
        }
        shape.extend((self.entries.len() as u16).to_be_bytes());
        self.entries.iter().flatten().for_each(|cell| cell.add_shape(shape));
    }

    fn full(
        order: &Order<'a>,
        mut globals: Vec<Cell<'a>>,
        lines: &'a [Line],
        settings: &'a Resolved,
        door: &Door<'a>,
        language: &'a str,
    ) -> Result<Self, RenderError> {
        let fields = &order.brand.fields;
        let shared = globals.len();
        if lines.len() > usize::from(order.model.accounts) {
            let (model, accounts) = (order.model.name.clone(), order.model.accounts);
            return Err(RenderError::TooManyLines { model, lines: lines.len(), accounts });
        }
        fields.add_door(&mut globals, door, order.model)?;
        // The login of the door goes with the phone book's address if that lies behind it, and nowhere else.
        let is_here = settings.value("phonebook_url").is_some_and(|url| url.starts_with(door.url));
        let here = Cell::Word { value: Cow::Borrowed("yes"), source: Source::Platform };
        globals.push(if is_here { here } else { Cell::Absent });
        let mut intake = Intake::of(order, settings)?;
        for line in lines {
            for (key, value) in &line.settings {
                intake.add_raw(order, key, value, Layer::Line)?;
            }
        }
        for (setting, found) in fields.phone.iter().zip(&intake.phone) {
            let cell = match found {
                None if setting.is_language() => fields.language(None, language),
                found => setting.cell(fields, *found, None)?,
            };
            setting.add(cell, &mut globals);
        }
        if order.model.one_server {
            check_one_server(lines)?;
        }
        let accounts = lines.iter().zip(1..).map(|(line, n)| account(fields, line, (n, server_of(line, lines)), &intake.line));
        let accounts = accounts.collect::<Result<_, _>>()?;
        let mut keys = numbered(fields, (Scope::Key, &fields.key), &intake.keys, order.model.line_keys)?;
        if order.model.first_line == 0 {
            count_lines_from_zero(fields, &mut keys);
        }
        let handsets = numbered(fields, (Scope::Handset, &fields.handset), &intake.handsets, order.model.handsets)?;
        let servers = servers(lines, order.model.servers)?;
        Ok(Self { accounts, keys, handsets, servers, raws: intake.raws, ..Self::plain(fields, globals, shared) })
    }
}

/// A setting as found in the layers.
type Found<'a> = Option<(&'a str, Layer)>;

/// The settings in force, sorted by what they are for.
struct Intake<'a> {
    phone: Vec<Found<'a>>,
    line: Vec<Found<'a>>,
    keys: Vec<Wish<'a>>,
    handsets: Vec<Wish<'a>>,
    raws: Vec<Raw<'a>>,
}

/// A line key's or handset's setting as found: number, place of the setting, value, layer.
type Wish<'a> = (u16, usize, &'a str, Layer);

impl<'a> Intake<'a> {
    fn of(order: &Order<'a>, settings: &'a Resolved) -> Result<Self, RenderError> {
        let fields = &order.brand.fields;
        let (phone, line) = (vec![None; fields.phone.len()], vec![None; fields.line.len()]);
        let mut intake = Self { phone, line, keys: Vec::new(), handsets: Vec::new(), raws: Vec::new() };
        for (key, sourced) in settings.iter() {
            let (value, layer) = (sourced.value.as_str(), sourced.layer);
            match fields.find(key) {
                Some((Scope::Phone, at)) => intake.phone[at] = Some((value, layer)),
                Some((Scope::Line, at)) => intake.line[at] = Some((value, layer)),
                Some((Scope::Key | Scope::Handset, _)) => {}
                None => match fields.find_numbered(key) {
                    Some((Scope::Handset, n, at)) => intake.handsets.push((n, at, value, layer)),
                    Some((_, n, at)) => intake.keys.push((n, at, value, layer)),
                    None => intake.add_raw(order, key, value, layer)?,
                },
            }
        }
        for found in [&mut intake.keys, &mut intake.handsets] {
            found.sort_unstable_by_key(|(n, at, ..)| (*n, *at));
        }
        Ok(intake)
    }

    /// Takes a raw parameter of this brand, unless the platform keeps it for itself. The nearest layer wins.
    fn add_raw(&mut self, order: &Order<'a>, key: &'a str, value: &'a str, layer: Layer) -> Result<(), RenderError> {
        let parameter = key.strip_prefix("raw.").and_then(|rest| rest.strip_prefix(order.brand.name())?.strip_prefix('.'));
        let fits = |parameter: &&str| order.model.format.syntax().is_parameter(parameter) && order.brand.takes_raw(parameter);
        let Some(parameter) = parameter.filter(fits) else { return Ok(()) };
        let cells = order.brand.fields.raw(order.model.format, parameter, value.trim(), Source::Layer(layer));
        let cells = cells.map_err(|problem| RenderError::value(format!("setting {key}"), problem))?;
        let raw = Raw { parameter, layer, cells, overruled: std::cell::Cell::new(false) };
        match self.raws.iter_mut().find(|raw| raw.parameter == parameter) {
            Some(held) if held.layer > layer => {}
            Some(held) => *held = raw,
            None => self.raws.push(raw),
        }
        Ok(())
    }
}

/// Line keys or handsets that settings name, up to as many as the model has.
fn numbered<'a>(
    fields: &'a Fields,
    (scope, settings): (Scope, &'a [Setting]),
    found: &[Wish<'a>],
    most: u16,
) -> Result<Numbered<'a>, RenderError> {
    let mut numbered: Numbered<'a> = Vec::new();
    for (n, at, value, layer) in found.iter().copied().filter(|(n, ..)| *n <= most) {
        if numbered.last().is_none_or(|(last, _)| *last != n) {
            let defaults = settings.iter().map(|setting| setting.cell(fields, None, None));
            numbered.push((n, defaults.collect::<Result<_, _>>()?));
        }
        let cell = settings[at].cell(fields, Some((value, layer)), Some((scope, n)))?;
        if let Some((_, cells)) = numbered.last_mut() {
            cells[at] = cell;
        }
    }
    Ok(numbered)
}

/// The number of each line's server among the distinct ones, which some phones keep in a list of their own.
fn servers(lines: &[Line], most: u16) -> Result<Vec<u16>, RenderError> {
    let is_same =
        |a: &Line, b: &Line| (&a.server, a.port, a.transport, &a.outbound_proxy) == (&b.server, b.port, b.transport, &b.outbound_proxy);
    let mut firsts: Vec<&Line> = Vec::new();
    let numbers = lines.iter().zip(1..).map(|(line, n)| {
        let at = firsts.iter().position(|first| is_same(first, line)).unwrap_or_else(|| {
            firsts.push(line);
            firsts.len() - 1
        });
        let number = at as u16 + 1;
        let too_many = || RenderError::value(format!("line {n} server"), "is one server more than the phone can hold");
        (number <= most).then_some(number).ok_or_else(too_many)
    });
    numbers.collect()
}

/// T32G and T38G count lines from 0 on their keys (wazo-provd-plugins, wazo_yealink/common).
fn count_lines_from_zero(fields: &Fields, keys: &mut Numbered<'_>) {
    let Some(at) = fields.key.iter().position(|setting| setting.key == "line") else { return };
    for (_, cells) in keys {
        if let Cell::Text { value, .. } = &mut cells[at] {
            *value = Cow::Owned(value.parse::<u32>().unwrap_or(1).saturating_sub(1).to_string());
        }
    }
}

/// For models whose lines share one server: a second one would be passed over without a word.
fn check_one_server(lines: &[Line]) -> Result<(), RenderError> {
    let way = |line: &Line| (line.server.clone(), line.port, line.transport, line.outbound_proxy.clone());
    match lines.iter().position(|line| way(line) != way(&lines[0])) {
        None => Ok(()),
        Some(at) => Err(RenderError::value(format!("line {} server", at + 1), "is another than line 1's; this model has one for all")),
    }
}

/// `device.mac`, `device.mac_upper`, `device.mac_colons`, `device.mac_tail`.
fn device<'a>(mac: Option<Mac>) -> Vec<Cell<'a>> {
    let Some(mac) = mac else { return vec![Cell::Absent, Cell::Absent, Cell::Absent, Cell::Absent] };
    let text = |value: String| Cell::Text { value: Cow::Owned(value), secret: false, source: Source::Platform };
    let (lower, mut upper) = (hex(mac, b"0123456789abcdef"), hex(mac, b"0123456789ABCDEF"));
    let mut colons = String::with_capacity(17);
    for (at, digit) in lower.chars().enumerate() {
        if at > 0 && at % 2 == 0 {
            colons.push(':');
        }
        colons.push(digit);
    }
    let tail = upper.split_off(6);
    upper.push_str(&tail);
    let mut cells = Vec::with_capacity(64);
    cells.extend([text(lower), text(upper), text(colons), text(tail)]);
    cells
}

fn hex(mac: Mac, digits: &[u8; 16]) -> String {
    mac.bytes().iter().flat_map(|byte| [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]).map(char::from).collect()
}

fn transport<'a>(transport: Transport, source: Source) -> Cell<'a> {
    let value = match transport {
        Transport::Udp => "udp",
        Transport::Tcp => "tcp",
        Transport::Tls => "tls",
    };
    Cell::Word { value: Cow::Borrowed(value), source }
}

fn emergency(numbers: &[String]) -> Result<Cell<'_>, RenderError> {
    if numbers.iter().any(|number| number.is_empty() || number.len() > 16 || !number.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(RenderError::value("emergency numbers", "are digits, at most 16"));
    }
    let values: Vec<_> = numbers.iter().take(EMERGENCY_NUMBERS_MAX).map(String::as_str).collect();
    Ok(if values.is_empty() { Cell::Absent } else { Cell::Words { values, source: Source::Platform } })
}

/// A line's cells, in the order of `Fields::account`.
fn account<'a>(
    fields: &'a Fields,
    line: &'a Line,
    (n, server_of): (usize, usize),
    base: &[Found<'a>],
) -> Result<Vec<Cell<'a>>, RenderError> {
    let source = Source::Layer(Layer::Line);
    let text = |name: &'static str, value: &'a str, secret: bool| {
        if !fields.tells(name) {
            let checked = Format::check_for_all(value.trim());
            return checked.map(|()| Cell::Absent).map_err(|problem| RenderError::value(format!("line {n} {name}"), problem));
        }
        let checked = fields.check_chars(name, value).and_then(|()| if name == "server" { fields.check_server(value) } else { Ok(()) });
        let text = checked.and_then(|()| fields.text(value, secret, source));
        text.map_err(|problem| RenderError::value(format!("line {n} {name}"), problem))
    };
    let speaks = fields.check_transport(line.transport);
    speaks.map_err(|problem| RenderError::value(format!("line {n} transport"), problem))?;
    let optional = |name: &'static str, value: &'a Option<String>| text(name, value.as_deref().unwrap_or(""), false);
    let (proxy, proxy_port) = line.outbound_proxy.as_deref().map_or(("", ""), split_port);
    let port = line.port.map_or(Cell::Absent, |port| Cell::Text { value: Cow::Owned(port.to_string()), secret: false, source });
    let mut cells = Vec::with_capacity(fields.account.len());
    cells.extend([
        text("user", &line.user, false)?,
        optional("auth_user", &line.auth_user)?,
        text("password", line.password.expose(), true)?,
        text("server", &line.server, false)?,
        port,
        transport(line.transport, source),
        text("outbound_proxy", proxy, false)?,
        text("outbound_proxy", proxy_port, false)?,
        optional("extension", &line.extension)?,
        optional("name", &line.name)?,
        Cell::Word { value: Cow::Owned(server_of.to_string()), source },
    ]);
    for (setting, inherited) in fields.line.iter().zip(base) {
        let own = line.settings.get(&setting.key).map(|value| (value.as_str(), Layer::Line));
        let cell = setting.cell(fields, own.or(*inherited), None);
        cells.push(cell.map_err(|error| name_line(error, n, own.is_some()))?);
    }
    Ok(cells)
}

/// The first line that is on the same server, counted from 1.
fn server_of(line: &Line, lines: &[Line]) -> usize {
    lines.iter().position(|other| (&other.server, other.port) == (&line.server, line.port)).map_or(1, |at| at + 1)
}

fn name_line(error: RenderError, n: usize, own: bool) -> RenderError {
    match error {
        RenderError::Value { key, problem } if own => RenderError::Value { key: format!("line {n} {key}"), problem },
        other => other,
    }
}

/// `host`, `host:port`, `[v6]:port`.
fn split_port(address: &str) -> (&str, &str) {
    match address.rsplit_once(':') {
        Some((host, port))
            if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) && (!host.contains(':') || host.ends_with(']')) =>
        {
            (host, port)
        }
        _ => (address, ""),
    }
}
