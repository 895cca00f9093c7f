//! A backup's container: several small files in one, each with its length and digest, so that a cut or changed one is noticed.
//!
//! `ringfence-bundle 1`, a line of JSON that lists the files, then their bytes one after the other.

use std::io::Read;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

const MAGIC: &str = "ringfence-bundle 1\n";
/// The longest list of files, in bytes: all files that an operator's brands may have take about half of it.
const LIST_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A file's path inside the data directory, and its bytes.
pub type NamedFile = (String, Vec<u8>);

/// What a bundle says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// What made it.
    pub version: String,
    /// When, RFC 3339.
    pub created: String,
    /// The files, in the order of their bytes.
    pub files: Vec<Entry>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its path inside the data directory.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
}

/// The bytes of a bundle.
pub fn pack(created: String, files: &[NamedFile]) -> Result<Vec<u8>, Failure> {
    let entry = |(name, bytes): &NamedFile| Entry { name: name.clone(), bytes: bytes.len() as u64, sha256: digest(bytes) };
    let manifest = Manifest { version: env!("CARGO_PKG_VERSION").to_owned(), created, files: files.iter().map(entry).collect() };
    let list = serde_json::to_string(&manifest).map_err(|error| Failure::refused(error.to_string()))?;
    let mut packed = format!("{MAGIC}{list}\n").into_bytes();
    for (_, bytes) in files {
        packed.extend_from_slice(bytes);
    }
    Ok(packed)
}

/// Reads a bundle back, checking every file.
pub fn unpack(path: &Path) -> Result<(Manifest, Vec<NamedFile>), Failure> {
    let damaged = |what: &str| Failure::refused(format!("{}: {what}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| Failure::io(path, &error))?;
    let rest = bytes.strip_prefix(MAGIC.as_bytes()).ok_or_else(|| damaged("this is no backup of ringfence"))?;
    let end = rest.iter().take(LIST_BYTES_MAX).position(|byte| *byte == b'\n').ok_or_else(|| damaged("the backup is damaged"))?;
    let manifest: Manifest = serde_json::from_slice(&rest[..end]).map_err(|_| damaged("the backup is damaged"))?;
    let mut body = &rest[end + 1..];
    let mut files = Vec::new();
    for entry in &manifest.files {
        if !is_plain(&entry.name) {
            return Err(damaged("the backup names a file outside of the data directory"));
        }
        let mut content = Vec::new();
        body.by_ref().take(entry.bytes).read_to_end(&mut content).map_err(|error| Failure::io(path, &error))?;
        if digest(&content) != entry.sha256 {
            return Err(damaged(&format!("the backup is damaged at {}", entry.name)));
        }
        files.push((entry.name.clone(), content));
    }
    Ok((manifest, files))
}

/// A path that stays inside.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let hex: Vec<String> = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    hex.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("backup");
        std::fs::write(&path, bytes).unwrap();
        (directory, path)
    }

    #[test]
    fn a_bundle_reads_back() {
        let files = vec![("ringfence.toml".to_owned(), b"[phones]\n".to_vec()), ("tls/ca.pem".to_owned(), vec![0, 10, 255])];
        let (_directory, path) = kept(&pack("2026-11-22T00:00:00Z".into(), &files).unwrap());
        let (manifest, read) = unpack(&path).unwrap();
        assert_eq!(read, files);
        assert_eq!(manifest.files[1].bytes, 3);
    }

    #[test]
    fn every_damage_is_noticed() {
        let files = vec![("a".to_owned(), b"content".to_vec())];
        let whole = pack("now".into(), &files).unwrap();
        for cut in [0, 5, MAGIC.len() + 3, whole.len() - 1] {
            assert!(unpack(&kept(&whole[..cut]).1).is_err(), "{cut}");
        }
        let mut changed = whole.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(unpack(&kept(&changed).1).is_err());
        for name in ["../outside", "/etc/passwd", ""] {
            let escaping = pack("now".into(), &[(name.to_owned(), Vec::new())]).unwrap();
            let (_directory, path) = kept(&escaping);
            assert!(unpack(&path).unwrap_err().message.contains("outside"), "{name}");
        }
    }
}
