//! Every numeric limit of this crate.

/// How much of a User-Agent is looked at, in bytes.
pub const USER_AGENT_BYTES_MAX: usize = 512;
/// The longest file name that can be a phone's, in bytes.
pub const FILE_NAME_BYTES_MAX: usize = 128;
/// The longest firmware version, in bytes.
pub const FIRMWARE_BYTES_MAX: usize = 32;
/// The largest file that is rendered, in bytes.
pub const OUTPUT_BYTES_MAX: usize = 512 * 1024;
/// The largest file that is read back, in bytes.
pub const PARSE_BYTES_MAX: usize = 512 * 1024;
/// The most lines of a file that is read back.
pub const PARSE_LINES_MAX: usize = 16_384;
/// The most nodes of an XML file that is read back.
pub const PARSE_NODES_MAX: u32 = 65_536;
/// Instructions one template run may take; the largest built-in part takes about 3 000.
pub const TEMPLATE_FUEL: u64 = 200_000;
/// The largest stencil, in bytes: one part of a file before the values are filled in.
pub const STENCIL_BYTES_MAX: usize = 128 * 1024;
/// Memory for stencils, in bytes of their text and tables. All built-in models together use about a third.
pub const STENCIL_CACHE_BYTES: u64 = 16 * 1024 * 1024;
/// How many stencils the cache is laid out for.
pub const STENCIL_CACHE_ITEMS: usize = 8_192;
/// Memory for plans, in bytes, with the stencils that only they are likely to hold.
pub const PLAN_CACHE_BYTES: u64 = 16 * 1024 * 1024;
/// How many plans the cache is laid out for.
pub const PLAN_CACHE_ITEMS: usize = 2_048;
/// The longest value in a file, in bytes.
pub const VALUE_BYTES_MAX: usize = 1_024;
/// The most words of a list setting.
pub const LIST_WORDS_MAX: usize = 16;
/// The most emergency numbers in a restricted file; all of them reach the service in any case.
pub const EMERGENCY_NUMBERS_MAX: usize = 10;
/// The most accounts of a model (a DECT multicell base has 250).
pub const ACCOUNTS_MAX: u16 = 256;
/// The most line keys of a model.
pub const LINE_KEYS_MAX: u16 = 128;
/// The largest catalogue file, in bytes.
pub const CATALOGUE_FILE_BYTES_MAX: u64 = 1024 * 1024;
/// The most files of one brand in an operator's folder.
pub const CATALOGUE_FILES_MAX: usize = 256;
/// The most brands.
pub const BRANDS_MAX: usize = 128;
/// The most handsets of a DECT base.
pub const HANDSETS_MAX: u16 = 256;
/// The most entries of a phone book; more do not fit on most phones.
pub const PHONEBOOK_ENTRIES_MAX: usize = 1_000;
