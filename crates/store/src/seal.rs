//! Secrets at rest: XChaCha20-Poly1305 under a key that is not in the database.
//!
//! A sealed value is `key id ‖ nonce ‖ ciphertext`. The associated data names table, column and row, so a value that is moved to
//! another row does not open there.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use domain::Chance;
use zeroize::Zeroizing;

use crate::limits::{KEYS_MAX, SEALED_BYTES_MAX};
use crate::{Result, StoreError};

const KID_BYTES: usize = 4;
const NONCE_BYTES: usize = 24;
const KEY_BYTES: usize = 32;

/// Where a sealed value lives. It opens there and nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The row's id, as stored.
    pub row: &'a [u8],
}

/// Why a sealed value does not open. Names the place, never the contents.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Sealed with a key that the ring does not hold.
    #[error("{place} is sealed with master key {kid}, which the key file does not hold")]
    UnknownKey {
        /// Table, row and column.
        place: String,
        /// The key's number.
        kid: u32,
    },
    /// Changed, moved or cut.
    #[error("damaged row: {place} does not open")]
    Damaged {
        /// Table, row and column.
        place: String,
    },
}

/// The master keys by number. The highest number seals, all open.
///
/// File format: one key per line, `number:base64` of 32 bytes; `#` starts a comment line; mode 0600.
#[derive(Clone)]
pub struct KeyRing {
    keys: BTreeMap<u32, Zeroizing<[u8; KEY_BYTES]>>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("numbers", &self.keys.keys().collect::<Vec<_>>()).finish()
    }
}

impl KeyRing {
    /// A ring with one fresh key, number 1.
    pub fn generate(chance: &mut dyn Chance) -> Self {
        let mut ring = Self { keys: BTreeMap::new() };
        ring.keys.insert(1, fresh_key(chance));
        ring
    }

    /// Adds a fresh key that seals from now on; returns its number. Write the ring to its file before it is used.
    pub fn add(&mut self, chance: &mut dyn Chance) -> Result<u32> {
        if self.keys.len() >= KEYS_MAX {
            return Err(StoreError::TooLarge { what: "master keys", max: KEYS_MAX });
        }
        let kid = self.newest() + 1;
        self.keys.insert(kid, fresh_key(chance));
        Ok(kid)
    }

    /// Forgets a key, once nothing is sealed with it any more (see [`crate::Store::reseal`]). The newest stays.
    pub fn forget(&mut self, kid: u32) {
        if kid != self.newest() {
            self.keys.remove(&kid);
        }
    }

    /// The number of the key that seals.
    pub fn newest(&self) -> u32 {
        self.keys.last_key_value().map_or(0, |(kid, _)| *kid)
    }

    /// The numbers of all keys, oldest first.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        self.keys.keys().copied()
    }

    /// Reads the text of a key file.
    pub fn parse(text: &str) -> Result<Self> {
        let mut keys = BTreeMap::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (kid, key) =
                parse_line(line).ok_or_else(|| setup(format!("master key file, line {}: expected number:base64 of 32 bytes", at + 1)))?;
            if keys.insert(kid, key).is_some() {
                return Err(setup(format!("master key file, line {}: number {kid} twice", at + 1)));
            }
        }
        match keys.len() {
            0 => Err(setup("the master key file holds no key".into())),
            n if n > KEYS_MAX => Err(StoreError::TooLarge { what: "master keys", max: KEYS_MAX }),
            _ => Ok(Self { keys }),
        }
    }

    /// Reads a key file. A file that others may read is refused.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| setup(format!("{}: {error}", path.display())))?;
        let text = Zeroizing::new(text);
        only_owner(path)?;
        Self::parse(&text)
    }

    /// Writes the ring to a file with mode 0600, whole or not at all.
    pub fn save(&self, path: &Path) -> Result<()> {
        let mut text =
            Zeroizing::new(String::from("# Ringfence master keys. Keep a copy apart from the database: without them it cannot be read.\n"));
        for (kid, key) in &self.keys {
            text.push_str(&kid.to_string());
            text.push(':');
            BASE64.encode_string(key.as_slice(), &mut text);
            text.push('\n');
        }
        write_private(path, text.as_bytes()).map_err(|error| setup(format!("{}: {error}", path.display())))
    }
}

/// Seals and opens with a key ring and a source of nonces.
pub struct Sealer {
    ciphers: BTreeMap<u32, XChaCha20Poly1305>,
    newest: u32,
    chance: Mutex<Box<dyn Chance + Send>>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("newest", &self.newest).finish_non_exhaustive()
    }
}

impl Sealer {
    /// A sealer over a ring. `chance` must be the operating system's outside tests.
    pub fn new(ring: &KeyRing, chance: Box<dyn Chance + Send>) -> Self {
        let ciphers = ring.keys.iter().map(|(kid, key)| (*kid, XChaCha20Poly1305::new(&(**key).into()))).collect();
        Self { ciphers, newest: ring.newest(), chance: Mutex::new(chance) }
    }

    /// Seals under the newest key.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>> {
        if plain.len() > SEALED_BYTES_MAX {
            return Err(StoreError::TooLarge { what: "bytes in a sealed value", max: SEALED_BYTES_MAX });
        }
        let mut nonce = [0; NONCE_BYTES];
        self.fill(&mut nonce);
        let cipher = self.ciphers.get(&self.newest).ok_or_else(|| setup("the key ring is empty".into()))?;
        let payload = Payload { msg: plain, aad: &place.associated_data() };
        let body = cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| StoreError::Engine("sealing failed".into()))?;
        let mut sealed = Vec::with_capacity(KID_BYTES + NONCE_BYTES + body.len());
        sealed.extend_from_slice(&self.newest.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    /// Opens what was sealed for this place, with whichever key sealed it. The result wipes itself.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let damaged = || SealError::Damaged { place: place.to_string() };
        let (kid, rest) = sealed.split_first_chunk::<KID_BYTES>().ok_or_else(damaged)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_BYTES>().ok_or_else(damaged)?;
        let kid = u32::from_be_bytes(*kid);
        let cipher = self.ciphers.get(&kid).ok_or_else(|| SealError::UnknownKey { place: place.to_string(), kid })?;
        let payload = Payload { msg: body, aad: &place.associated_data() };
        cipher.decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| damaged())
    }

    /// Whether a value is sealed under the newest key.
    pub(crate) fn is_newest(&self, sealed: &[u8]) -> bool {
        sealed.starts_with(&self.newest.to_be_bytes())
    }

    /// Unpredictable bytes from the sealer's source.
    pub(crate) fn fill(&self, buffer: &mut [u8]) {
        self.chance.lock().unwrap_or_else(std::sync::PoisonError::into_inner).fill(buffer);
    }
}

impl Place<'_> {
    fn associated_data(&self) -> Vec<u8> {
        let mut data = Vec::with_capacity(self.table.len() + self.column.len() + self.row.len() + 2);
        data.extend_from_slice(self.table.as_bytes());
        data.push(0);
        data.extend_from_slice(self.column.as_bytes());
        data.push(0);
        data.extend_from_slice(self.row);
        data
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}, column {}", self.table, printable(self.row), self.column)
    }
}

/// A row id for people: itself if it is plain text, else hexadecimal.
pub(crate) fn printable(row: &[u8]) -> String {
    match std::str::from_utf8(row) {
        Ok(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) => text.to_owned(),
        _ => hex(row),
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).expect("a nibble is below 16");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Writes a file that only its owner may read: beside its place first, then moved into it.
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let _ = std::fs::remove_file(&beside);
    let mut file = create_private(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    sync_directory_of(path)
}

/// Creates a file with mode 0600; it must not exist.
pub(crate) fn create_private(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a rename or a new file in this directory durable.
pub(crate) fn sync_directory_of(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => std::fs::File::open(directory)?.sync_all(),
        _ => Ok(()),
    }
}

fn only_owner(path: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).map_err(|error| setup(format!("{}: {error}", path.display())))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(setup(format!("{}: others may read the master key; run chmod 600 on it", path.display())));
        }
    }
    Ok(())
}

fn fresh_key(chance: &mut dyn Chance) -> Zeroizing<[u8; KEY_BYTES]> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    chance.fill(key.as_mut_slice());
    key
}

fn parse_line(line: &str) -> Option<(u32, Zeroizing<[u8; KEY_BYTES]>)> {
    let (kid, key) = line.split_once(':')?;
    let kid = kid.parse().ok().filter(|kid| *kid > 0)?;
    let bytes = Zeroizing::new(BASE64.decode(key.trim()).ok()?);
    Some((kid, Zeroizing::new(bytes.as_slice().try_into().ok()?)))
}

fn setup(what: String) -> StoreError {
    StoreError::Setup(what)
}

#[cfg(test)]
mod tests {
    use domain::chance::Seeded;

    use super::*;

    fn place(row: &[u8]) -> Place<'_> {
        Place { table: "device", column: "auth", row }
    }

    fn sealer(ring: &KeyRing) -> Sealer {
        Sealer::new(ring, Box::new(Seeded::new(7)))
    }

    #[test]
    fn a_value_opens_in_its_place_only() {
        let sealer = sealer(&KeyRing::generate(&mut Seeded::new(1)));
        let sealed = sealer.seal(place(b"001565000001"), b"secret").unwrap();
        assert_eq!(sealer.open(place(b"001565000001"), &sealed).unwrap().as_slice(), b"secret");
        let moved = sealer.open(place(b"001565000002"), &sealed).unwrap_err();
        assert_eq!(moved.to_string(), "damaged row: device 001565000002, column auth does not open");
        let other_column = Place { column: "lines", ..place(b"001565000001") };
        assert!(sealer.open(other_column, &sealed).is_err());
    }

    #[test]
    fn every_flipped_bit_is_noticed_and_every_cut() {
        let sealer = sealer(&KeyRing::generate(&mut Seeded::new(1)));
        let sealed = sealer.seal(place(b"r"), b"secret").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(sealer.open(place(b"r"), &changed).is_err(), "byte {at}");
            assert!(sealer.open(place(b"r"), &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn the_newest_key_seals_and_all_open() {
        let mut ring = KeyRing::generate(&mut Seeded::new(1));
        let old = sealer(&ring).seal(place(b"r"), b"old").unwrap();
        assert_eq!(ring.add(&mut Seeded::new(2)).unwrap(), 2);
        let both = sealer(&ring);
        assert!(!both.is_newest(&old));
        assert!(both.is_newest(&both.seal(place(b"r"), b"new").unwrap()));
        assert_eq!(both.open(place(b"r"), &old).unwrap().as_slice(), b"old");
        ring.forget(2);
        assert_eq!(ring.newest(), 2, "the newest is never forgotten");
        ring.forget(1);
        let error = sealer(&ring).open(place(b"r"), &old).unwrap_err();
        assert_eq!(error, SealError::UnknownKey { place: "device r, column auth".into(), kid: 1 });
    }

    #[test]
    fn equal_values_look_different_when_sealed() {
        let sealer = sealer(&KeyRing::generate(&mut Seeded::new(1)));
        assert_ne!(sealer.seal(place(b"r"), b"x").unwrap(), sealer.seal(place(b"r"), b"x").unwrap());
    }

    #[test]
    fn a_key_file_reads_back_and_must_be_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        let mut ring = KeyRing::generate(&mut Seeded::new(1));
        ring.add(&mut Seeded::new(2)).unwrap();
        ring.save(&path).unwrap();
        let read = KeyRing::load(&path).unwrap();
        assert!(read.keys == ring.keys);
        assert_eq!(format!("{read:?}"), "KeyRing { numbers: [1, 2] }");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
        assert!(KeyRing::load(&path).unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn broken_key_files_name_the_line() {
        let good = BASE64.encode([7; 32]);
        for (text, complaint) in [
            ("", "holds no key"),
            ("# only a comment\n", "holds no key"),
            ("1", "line 1"),
            ("1:AAAA", "line 1"),
            (&format!("0:{good}"), "line 1"),
            (&format!("1:{good}\n1:{good}"), "line 2: number 1 twice"),
        ] {
            let error = KeyRing::parse(text).unwrap_err().to_string();
            assert!(error.contains(complaint), "{text:?}: {error}");
            assert!(!error.contains("AAAA"));
        }
    }
}
