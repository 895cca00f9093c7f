//! What each brand of phone speaks: which file it asks for, how it is told, and how its files read back.
//!
//! Everything brand-specific is data under `brands/<brand>/`: `brand.toml` with the facts, `templates/*.j2`, samples of
//! real requests, a guide. This crate reads that data once ([`Catalogue`]), recognises requests ([`Catalogue::identify`]),
//! renders files ([`Catalogue::render`]) and reads them back ([`Catalogue::parse`]).
//!
//! What must always hold:
//! * A template never sees a value, only whether it is there: values are spliced in afterwards, checked by the file
//!   format. So no value can start a new line or element, and no secret enters the template engine.
//! * The same order gives the same bytes.
//! * A restricted file is built from the order's claim alone; its body has no place for anything of the device.

mod catalogue;
mod error;
mod firmware;
mod format;
mod identify;
mod in_force;
mod limits;
mod manifest;
mod notice;
mod order;
mod parse;
mod pattern;
mod plan;
mod rehearsal;
mod render;
mod sheet;
mod stencil;

pub use crate::catalogue::{Brand, Catalogue, Files, Folders, Model, built_in_files, own_files};
pub use crate::error::{CatalogueError, ParseError, RenderError};
pub use crate::firmware::Firmware;
pub use crate::identify::{FileKind, Sighting};
pub use crate::in_force::InForce;
pub use crate::manifest::{Capability, CredentialCarrier, FileForm, NotifyForm, TlsGeneration};
pub use crate::order::{Body, Door, Entry, Notice, Order, Rendered, RestrictedAccount, Source, WhyLine};
pub use crate::parse::{Parsed, ParsedAccount, ParsedProvisioning};
