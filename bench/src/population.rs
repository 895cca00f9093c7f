//! Databases with many phones, made through the store in large batches and kept between runs.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use domain::chance::{Chance, Seeded};
use domain::claim::{Claim, Grounds, PlatformKeys};
use domain::device::{Auth, Device, Live};
use domain::login::{self, Owner};
use domain::policy::Patch;
use domain::settings::{Line, Settings, Transport};
use domain::tenancy::{CustomerId, DeviceId, Node, Place};
use domain::{Secret, Time};
use store::device::Setup;
use store::{KeyRing, Options, Scope, Store};
use tokio::process::Command;
use uuid::Uuid;

use crate::limits::PHONES_PER_WRITE;
use crate::phones::{Login, MODEL, mac};

/// Changes when what is written below does, so that older databases are made anew.
const RECIPE: u32 = 2;
/// When all of it happened.
const MADE: Time = Time::from_millis(1_795_305_600_000);
const CUSTOMER: CustomerId = CustomerId(Uuid::from_u128(1));
const GLOBAL_USER: &str = "phones";
const GLOBAL_PASSWORD: &str = "a-shared-one-time-password";

/// The operating system's randomness.
#[derive(Clone, Copy, Debug)]
pub struct System;

impl Chance for System {
    #[expect(clippy::disallowed_methods, reason = "the bench's servers are edges")]
    fn fill(&mut self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the system gives randomness");
    }
}

/// How far the phones have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Added, and still in the box.
    Boxed,
    /// Each has its own login.
    Live,
}

/// A data folder with so many phones of one customer, each with two lines.
pub struct Population {
    /// The data folder.
    pub folder: PathBuf,
    /// How many phones: the indexes below this.
    pub phones: u32,
    keys: PlatformKeys,
}

impl Population {
    /// The population of that size and stage below `cache`; made if it is not there, or does not open.
    pub async fn of(cache: &Path, phones: u32, stage: Stage) -> Result<Self> {
        let folder = cache.join(format!("{phones}-{stage:?}-{RECIPE}").to_lowercase());
        // One that another build made may have another schema.
        let kept = if folder.is_dir() { open(&folder).await.ok() } else { None };
        let store = if let Some(store) = kept {
            store
        } else {
            let making = folder.with_extension("making");
            for old in [&making, &folder] {
                drop(std::fs::remove_dir_all(old));
            }
            Self::make(&making, phones, stage).await?;
            std::fs::rename(&making, &folder)?;
            open(&folder).await?
        };
        let keys = platform_keys(&store).await?;
        store.close().await;
        Ok(Self { folder, phones, keys })
    }

    /// A new population in a folder that is not there yet.
    pub async fn make(folder: &Path, phones: u32, stage: Stage) -> Result<Self> {
        eprintln!("making a database with {phones} phones");
        begin(folder).await?;
        let store = open(folder).await?;
        let keys = platform_keys(&store).await?;
        store
            .write(|db| {
                let customer =
                    store::tenancy::Customer { id: CUSTOMER, reseller: None, name: "Example Ltd".into(), created: MADE, version: 1 };
                store::tenancy::add_customer(db, &Scope::Operator, &customer)?;
                let plain_http = Patch([("plain_http".to_owned(), "allow".to_owned())].into());
                store::policy::save_patch(db, &Scope::Operator, Node::Operator, &plain_http)?;
                store::login::add(db, &Scope::Operator, Owner::Operator, GLOBAL_USER, &Secret::from(GLOBAL_PASSWORD), MADE).map(drop)
            })
            .await?;
        for from in (0..phones).step_by(PHONES_PER_WRITE as usize) {
            let (keys, to) = (keys.clone(), phones.min(from + PHONES_PER_WRITE));
            let add = move |db: &store::Db| {
                (from..to).try_for_each(|index| store::device::add(db, &Scope::Operator, &device(&keys, index, stage), &setup(index), MADE))
            };
            store.write(add).await?;
        }
        store.close().await;
        Ok(Self { folder: folder.to_owned(), phones, keys })
    }

    /// A live phone's own login.
    pub fn login(&self, index: u32) -> Login {
        let login = login::Login::of(claim(&self.keys, index));
        let user = login.user(&self.keys);
        Login { folder: format!("/cfg/d/{user}/"), password: login.password(&self.keys), user }
    }

    /// What a phone shows that comes from the box.
    pub fn global_login() -> Login {
        Login::global(GLOBAL_USER, GLOBAL_PASSWORD)
    }
}

/// Where `ringfence` lies, if it was built with this program.
pub fn binary() -> Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("ringfence"))
}

/// `ringfence init`; without the binary, only what the store needs.
async fn begin(folder: &Path) -> Result<()> {
    let binary = binary()?;
    if binary.is_file() {
        let made = Command::new(binary).args(["init", "--json", "--data"]).arg(folder).stdout(Stdio::null()).status().await?;
        ensure!(made.success(), "ringfence init failed: {made}");
    } else {
        std::fs::create_dir_all(folder)?;
        KeyRing::generate(&mut System).save(&folder.join("master.key"))?;
    }
    Ok(())
}

/// Opens the store of a data folder.
pub async fn open(folder: &Path) -> Result<Store> {
    let ring = KeyRing::load(&folder.join("master.key"))?;
    Ok(Store::open("sqlite:ringfence.db", &ring, Box::new(System), Options::new(folder)).await?)
}

/// The keys of a store's claims, as the server reads them.
pub async fn platform_keys(store: &Store) -> Result<PlatformKeys> {
    let key = store::meta::platform_key(store, "claims").await?;
    PlatformKeys::new(vec![Secret::new(key.to_vec())]).context("the platform's key")
}

/// The claim that a live phone took up: the same at every call, so that nobody has to remember a million passwords.
fn claim(keys: &PlatformKeys, index: u32) -> Claim {
    keys.issue(mac(index), 1, Grounds { handed_over: true, ..Grounds::default() }, MADE, &mut Seeded::new(index.into()))
}

fn device(keys: &PlatformKeys, index: u32, stage: Stage) -> Device {
    let mut auth = Auth::new(&mut Seeded::new(index.into()));
    if stage == Stage::Live {
        auth.live = Some(Live { login: login::Login::of(claim(keys, index)), since: MADE, window_due: None });
        auth.pin = None;
        auth.allow_global = false;
        auth.epoch = 2;
    }
    Device {
        id: DeviceId(Uuid::from_u128(u128::from(index) + 1)),
        mac: mac(index),
        place: Place { reseller: None, customer: CUSTOMER, site: None },
        model: format!("{}/{}", MODEL.0, MODEL.1),
        label: format!("Desk {index}"),
        disabled: false,
        created: MADE,
        auth,
    }
}

fn setup(index: u32) -> Setup {
    let line = |number: u32| Line {
        user: format!("u{index}-{number}"),
        auth_user: None,
        password: Secret::new(format!("password-{index:08}-{number}")),
        server: "sip.example.com".into(),
        port: None,
        transport: Transport::Udp,
        outbound_proxy: None,
        extension: Some((1000 + index).to_string()),
        name: Some(format!("Desk {index}")),
        settings: Settings::new(),
    };
    Setup { lines: vec![line(1), line(2)], settings: Settings::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_population_is_made_once_and_knows_its_logins() {
        let cache = tempfile::tempdir().unwrap();
        let made = Population::of(cache.path(), 3, Stage::Live).await.unwrap();
        let kept = Population::of(cache.path(), 3, Stage::Live).await.unwrap();
        assert_eq!((&kept.folder, kept.login(2)), (&made.folder, made.login(2)));
        let store = open(&kept.folder).await.unwrap();
        let device = store.read(|db| store::device::by_mac(db, &Scope::Operator, mac(2))).await.unwrap().device;
        let live = device.auth.live.unwrap().login;
        assert_eq!((live.user(&kept.keys), live.password(&kept.keys)), (kept.login(2).user, kept.login(2).password));
        assert!(store.read(|db| store::device::by_mac(db, &Scope::Operator, mac(3))).await.is_err());
    }
}
