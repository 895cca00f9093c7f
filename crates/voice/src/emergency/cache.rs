//! The routing table on disk, sealed with the platform's key: what emergency calls go by when the database is gone.
//!
//! A file is a head and pieces. Each piece is sealed for its place in this very file, so none can be taken out, moved, or put in from
//! another one.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use domain::emergency::{Owner, Trunk, TrunkId, TrunkLogin};
use domain::secret::sealed;
use domain::tenancy::{CustomerId, SiteId};
use domain::{Mac, Secret};
use serde::{Deserialize, Serialize};
use store::trunk::RouteSite;
use store::{Place, Sealer};

use super::places::Spot;
use super::routes::Routes;
use crate::limits::{CACHE_BYTES_MAX, CACHE_PIECE_BYTES};

const MAGIC: &[u8; 8] = b"RFEMERG1";
const FILE_ID_BYTES: usize = 16;
const HEAD_BYTES: usize = MAGIC.len() + FILE_ID_BYTES + 4;

/// What is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Trunks and sites.
    pub routes: Routes,
    /// Where phones stand.
    pub places: Vec<(Spot, Vec<Mac>)>,
    /// The last addresses of each trunk's host, for the day when names cannot be resolved either.
    pub addresses: Vec<(TrunkId, Vec<IpAddr>)>,
    /// The key that claims are made from, so that callers can be proved without the database.
    pub claims_key: Option<Secret<Vec<u8>>>,
}

/// Why there is nothing to read.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// There is no file yet.
    #[error("there is none yet")]
    Missing,
    /// It cannot be read or written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// It is not whole, or sealed with another key.
    #[error("{0}")]
    Damaged(String),
}

/// The file and what it is sealed with.
pub struct Cache {
    path: PathBuf,
    sealer: Sealer,
    /// One at a time: a stop saves while the last save may still be under way.
    writing: Mutex<()>,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Cache {
    /// The file's name inside the data directory.
    pub const FILE_NAME: &'static str = "emergency.cache";

    /// A cache in this file.
    pub fn new(path: impl Into<PathBuf>, sealer: Sealer) -> Self {
        Self { path: path.into(), sealer, writing: Mutex::default() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file.
    pub fn read(&self) -> Result<Content, CacheError> {
        let length = match std::fs::metadata(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(CacheError::Missing),
            other => other?.len(),
        };
        if length > CACHE_BYTES_MAX {
            return Err(damaged("it is larger than it can be"));
        }
        let plain = self.open(&std::fs::read(&self.path)?)?;
        let content: Kept =
            serde_json::from_slice(plain.expose()).map_err(|_| damaged("what is sealed in it is not what this version keeps"))?;
        content.into_content().ok_or_else(|| damaged("what is sealed in it is not what this version keeps"))
    }

    /// Puts a new file in the place of the old one: whole or not at all.
    pub fn write(&self, content: &Content, file_id: [u8; FILE_ID_BYTES]) -> Result<(), CacheError> {
        let plain = Secret::new(serde_json::to_vec(&Kept::of(content)).map_err(|error| CacheError::Damaged(error.to_string()))?);
        let sealed = self.seal(plain.expose(), file_id)?;
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        store::seal::write_private(&self.path, &sealed)?;
        Ok(())
    }

    fn seal(&self, plain: &[u8], file_id: [u8; FILE_ID_BYTES]) -> Result<Vec<u8>, CacheError> {
        let pieces: Vec<&[u8]> = plain.chunks(CACHE_PIECE_BYTES).collect();
        let count = u32::try_from(pieces.len()).map_err(|_| damaged("too much to keep"))?;
        let mut file = Vec::with_capacity(HEAD_BYTES + plain.len() + pieces.len() * 64);
        file.extend_from_slice(MAGIC);
        file.extend_from_slice(&file_id);
        file.extend_from_slice(&count.to_be_bytes());
        for (number, piece) in (0..count).zip(pieces) {
            let row = row(file_id, number, count);
            let sealed = self.sealer.seal(place(&row), piece).map_err(|error| CacheError::Damaged(error.to_string()))?;
            let length = u32::try_from(sealed.len()).expect("a piece has a limit");
            file.extend_from_slice(&length.to_be_bytes());
            file.extend_from_slice(&sealed);
        }
        Ok(file)
    }

    fn open(&self, file: &[u8]) -> Result<Secret<Vec<u8>>, CacheError> {
        let cut = || damaged("it is cut short");
        let (magic, rest) = file.split_first_chunk::<8>().ok_or_else(cut)?;
        if magic != MAGIC {
            return Err(damaged("it is no such file, or of another version"));
        }
        let (file_id, rest) = rest.split_first_chunk::<FILE_ID_BYTES>().ok_or_else(cut)?;
        let (count, mut rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let count = u32::from_be_bytes(*count);
        let mut plain = Vec::with_capacity(file.len());
        for number in 0..count {
            let (length, after) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
            let length = u32::from_be_bytes(*length) as usize;
            let (sealed, after) = after.split_at_checked(length).ok_or_else(cut)?;
            let row = row(*file_id, number, count);
            plain.extend_from_slice(&self.sealer.open(place(&row), sealed).map_err(|error| CacheError::Damaged(error.to_string()))?);
            rest = after;
        }
        if rest.is_empty() { Ok(Secret::new(plain)) } else { Err(damaged("there is more in it than belongs there")) }
    }
}

fn place(row: &[u8]) -> Place<'_> {
    Place { table: "emergency.cache", column: "piece", row }
}

fn row(file_id: [u8; FILE_ID_BYTES], number: u32, count: u32) -> Vec<u8> {
    [&file_id[..], &number.to_be_bytes(), &count.to_be_bytes()].concat()
}

fn damaged(what: &str) -> CacheError {
    CacheError::Damaged(what.to_owned())
}

#[derive(Serialize, Deserialize)]
struct Kept {
    unclaimed: bool,
    trunks: Vec<KeptTrunk>,
    sites: Vec<KeptSite>,
    places: Vec<KeptPlace>,
    /// Two digits a byte.
    #[serde(with = "sealed::option")]
    claims_key: Option<Secret<String>>,
}

#[derive(Serialize, Deserialize)]
struct KeptTrunk {
    id: TrunkId,
    name: String,
    uri: String,
    user: Option<String>,
    #[serde(with = "sealed::option")]
    password: Option<Secret<String>>,
    owner: Owner,
    priority: u16,
    channels: Option<u32>,
    reserved: u32,
    addresses: Vec<IpAddr>,
}

#[derive(Serialize, Deserialize)]
struct KeptSite {
    id: SiteId,
    country: Option<String>,
    caller_number: Option<String>,
    location: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct KeptPlace {
    customer: CustomerId,
    site: Option<SiteId>,
    /// Twelve digits each, without anything between them.
    macs: String,
}

impl Kept {
    fn of(content: &Content) -> Self {
        let addresses = |id| content.addresses.iter().find(|(of, _)| *of == id).map(|(_, addresses)| addresses.clone()).unwrap_or_default();
        let trunk = |trunk: &Trunk| KeptTrunk {
            id: trunk.id,
            name: trunk.name.clone(),
            uri: trunk.address.to_string(),
            user: trunk.login.as_ref().map(|login| login.user.clone()),
            password: trunk.login.as_ref().map(|login| login.password.clone()),
            owner: trunk.owner,
            priority: trunk.priority,
            channels: trunk.channels,
            reserved: trunk.reserved,
            addresses: addresses(trunk.id),
        };
        let site = |site: &RouteSite| KeptSite {
            id: site.id,
            country: site.country.clone(),
            caller_number: site.caller_number.clone(),
            location: site.location.clone(),
        };
        let place = |(spot, macs): &(Spot, Vec<Mac>)| KeptPlace {
            customer: spot.customer,
            site: spot.site,
            macs: macs.iter().map(ToString::to_string).collect(),
        };
        Self {
            unclaimed: content.routes.unclaimed,
            trunks: content.routes.trunks.iter().map(trunk).collect(),
            sites: content.routes.sites.values().map(site).collect(),
            places: content.places.iter().map(place).collect(),
            claims_key: content.claims_key.as_ref().map(|key| Secret::new(hex(key.expose()))),
        }
    }

    fn into_content(self) -> Option<Content> {
        let (mut trunks, mut addresses) = (Vec::new(), Vec::new());
        for kept in self.trunks {
            addresses.push((kept.id, kept.addresses));
            let login = kept.user.zip(kept.password).map(|(user, password)| TrunkLogin { user, password });
            trunks.push(Trunk {
                id: kept.id,
                name: kept.name,
                address: kept.uri.parse().ok()?,
                login,
                owner: kept.owner,
                priority: kept.priority,
                channels: kept.channels,
                reserved: kept.reserved,
                test_number: None,
            });
        }
        addresses.retain(|(_, addresses)| !addresses.is_empty());
        let site = |kept: KeptSite| {
            let KeptSite { id, country, caller_number, location } = kept;
            (id, RouteSite { id, country, caller_number, location })
        };
        let place = |kept: KeptPlace| Some((Spot { customer: kept.customer, site: kept.site }, macs(&kept.macs)?));
        let claims_key = match self.claims_key {
            Some(key) => Some(Secret::new(unhex(key.expose())?)),
            None => None,
        };
        let routes = Routes { trunks, sites: self.sites.into_iter().map(site).collect(), unclaimed: self.unclaimed };
        Some(Content { routes, places: self.places.into_iter().map(place).collect::<Option<_>>()?, addresses, claims_key })
    }
}

fn macs(text: &str) -> Option<Vec<Mac>> {
    text.as_bytes().chunks(12).map(|digits| std::str::from_utf8(digits).ok()?.parse().ok()).collect()
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if text.len().is_multiple_of(2) { text.as_bytes().chunks(2).map(pair).collect() } else { None }
}

#[cfg(test)]
mod tests {
    use domain::chance::Seeded;
    use store::KeyRing;
    use uuid::Uuid;

    use super::*;

    const ID: [u8; FILE_ID_BYTES] = [7; FILE_ID_BYTES];

    fn cache(folder: &tempfile::TempDir, key: u64) -> Cache {
        let sealer = Sealer::new(&KeyRing::generate(&mut Seeded::new(key)), Box::new(Seeded::new(3)));
        Cache::new(folder.path().join(Cache::FILE_NAME), sealer)
    }

    fn content(phones: u32) -> Content {
        let (site, customer) = (SiteId(Uuid::from_u128(2)), CustomerId(Uuid::from_u128(1)));
        let trunk = |number: u128, owner, login| Trunk {
            id: TrunkId(Uuid::from_u128(number)),
            name: format!("trunk {number}"),
            address: "sip:trunk.example.com:5080;transport=tcp".parse().unwrap(),
            login,
            owner,
            priority: 10,
            channels: Some(30),
            reserved: 5,
            test_number: None,
        };
        let login = TrunkLogin { user: "office".into(), password: Secret::from("trunk-secret-9") };
        let kept = RouteSite {
            id: site,
            country: Some("DE".into()),
            caller_number: Some("+4930123456".into()),
            location: Some("2nd floor".into()),
        };
        let mac = |number: u32| {
            let [a, b, c, d] = number.to_be_bytes();
            Mac::from_bytes([0, 0x15, a, b, c, d]).unwrap()
        };
        Content {
            routes: Routes {
                trunks: vec![trunk(1, Owner::Operator, Some(login)), trunk(2, Owner::Site(site), None)],
                sites: [(site, kept)].into(),
                unclaimed: true,
            },
            places: vec![(Spot { customer, site: Some(site) }, (0..phones).map(mac).collect()), (Spot { customer, site: None }, vec![])],
            addresses: vec![(TrunkId(Uuid::from_u128(1)), vec!["192.0.2.5".parse().unwrap(), "2001:db8::5".parse().unwrap()])],
            claims_key: Some(Secret::new(vec![0, 1, 254, 255])),
        }
    }

    #[test]
    fn what_was_kept_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder, 1);
        assert!(matches!(cache.read(), Err(CacheError::Missing)));
        // The second has several pieces.
        for phones in [3, 50_000, 0] {
            cache.write(&content(phones), ID).unwrap();
            assert!(cache.read().unwrap() == content(phones), "{phones} phones");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(cache.path()).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn nothing_in_it_can_be_read_without_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder, 1);
        cache.write(&content(3), ID).unwrap();
        let bytes = std::fs::read(cache.path()).unwrap();
        for secret in ["trunk-secret-9", "office", "4930123456", "2nd floor", "trunk.example.com"] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
        }
        assert!(!format!("{:?}", content(1)).contains("trunk-secret-9"));
        let stranger = self::cache(&folder, 2);
        assert!(matches!(stranger.read(), Err(CacheError::Damaged(_))));
    }

    #[test]
    fn every_damage_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder, 1);
        cache.write(&content(3), ID).unwrap();
        let whole = std::fs::read(cache.path()).unwrap();
        let refused = |bytes: &[u8], what: &str| {
            std::fs::write(cache.path(), bytes).unwrap();
            assert!(matches!(cache.read(), Err(CacheError::Damaged(_))), "{what}");
        };
        for at in (0..whole.len()).step_by(7) {
            let mut changed = whole.clone();
            changed[at] ^= 0x20;
            refused(&changed, &format!("byte {at} changed"));
            refused(&whole[..at], &format!("cut at {at}"));
        }
        refused(&[&whole[..], b"x"].concat(), "something behind it");
        refused(b"", "empty");
        refused(&[0x5a; 5000], "noise");
    }

    #[test]
    fn pieces_cannot_be_moved() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder, 1);
        cache.write(&content(50_000), ID).unwrap();
        let one = std::fs::read(cache.path()).unwrap();
        let length = u32::from_be_bytes(one[HEAD_BYTES..HEAD_BYTES + 4].try_into().unwrap()) as usize + 4;
        let (first, second) = (&one[HEAD_BYTES..HEAD_BYTES + length], &one[HEAD_BYTES + length..HEAD_BYTES + 2 * length]);
        let swapped = [&one[..HEAD_BYTES], second, first, &one[HEAD_BYTES + 2 * length..]].concat();
        std::fs::write(cache.path(), swapped).unwrap();
        assert!(matches!(cache.read(), Err(CacheError::Damaged(_))));
        // Nor into another file of the same key.
        cache.write(&content(50_000), [8; FILE_ID_BYTES]).unwrap();
        let other = std::fs::read(cache.path()).unwrap();
        std::fs::write(cache.path(), [&other[..HEAD_BYTES], first, &other[HEAD_BYTES + length..]].concat()).unwrap();
        assert!(matches!(cache.read(), Err(CacheError::Damaged(_))));
    }
}
