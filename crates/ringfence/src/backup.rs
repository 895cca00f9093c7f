//! `backup` and `restore`: two files, the data and the keys that open it, to be kept apart.

use std::path::{Path, PathBuf};

use portal::edge::{SystemChance, now};
use serde::Serialize;
use store::{KeyRing, Options};

use crate::bundle::{Manifest, NamedFile, pack, unpack};
use crate::config::{Config, FILE_NAME};
use crate::context::Context;
use crate::data::{DataDir, environment, write_new};
use crate::failure::Failure;
use crate::init::Workshop;
use crate::output::Output;
use crate::overrides;

const DATABASE: &str = "database";
const KEYS: &str = "master.key";

/// What was written or read.
#[derive(Serialize)]
struct Told {
    file: String,
    key_file: String,
    holds: Vec<String>,
    key_file_holds: Vec<String>,
}

/// Writes two new files while the server may run: FILE with database, configuration and own brands, FILE.key with master keys and certificates.
pub async fn backup(data: &DataDir, file: &Path, output: Output) -> Result<(), Failure> {
    let context = Context::open(data.clone()).await?;
    let written = write(&context, file).await;
    context.close().await;
    let told = written?;
    output.print(&told, || {
        format!(
            "{}: database, configuration and brands of your own\n{}: master keys and certificates; keep it apart from the other, together they open everything",
            told.file, told.key_file
        )
    })
}

/// Makes a data directory out of both files. Refused where something is already.
pub async fn restore(data: &DataDir, file: &Path, key: Option<&Path>, output: Output) -> Result<(), Failure> {
    let workshop = Workshop::beside(data.path())?;
    let key_file = key.map_or_else(|| beside(file), Path::to_owned);
    let (manifest, files) = unpack(file)?;
    let (keys_manifest, key_files) =
        unpack(&key_file).map_err(|failure| Failure::refused(format!("{failure}; --key names the key file of this backup")))?;
    let inside = DataDir::at(&workshop.path);
    let copy = workshop.path.join("restoring.db");
    for (name, bytes) in files.iter().chain(&key_files) {
        let path = if name == DATABASE { copy.clone() } else { workshop.path.join(name) };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| Failure::io(folder, &error))?;
        }
        write_new(&path, bytes)?;
    }
    let config = Config::load(inside.config_file(), environment())?;
    let ring = KeyRing::load(&inside.key_file())?;
    let (url, options) = (config.store_url, Options::new(inside.path()));
    let put = move || store::backup::restore(&copy, url.expose(), &ring, Box::new(SystemChance), &options).map(|()| copy);
    let copy = tokio::task::spawn_blocking(put).await.map_err(|error| Failure::refused(error.to_string()))??;
    std::fs::remove_file(&copy).map_err(|error| Failure::io(&copy, &error))?;
    workshop.finish(data.path())?;
    let names = |manifest: &Manifest| manifest.files.iter().map(|entry| entry.name.clone()).collect();
    let told = Told {
        file: file.display().to_string(),
        key_file: key_file.display().to_string(),
        holds: names(&manifest),
        key_file_holds: names(&keys_manifest),
    };
    output.print(&told, || format!("restored {} as it was at {}; ringfence doctor checks it", data.path().display(), manifest.created))
}

async fn write(context: &Context, file: &Path) -> Result<Told, Failure> {
    let key_file = beside(file);
    for path in [file, &key_file] {
        if path.exists() {
            return Err(Failure::refused(format!("{}: exists already; choose another name", path.display())));
        }
    }
    let copy = PathBuf::from(format!("{}.partial", file.display()));
    // A leftover of a run that was killed.
    let _ = std::fs::remove_file(&copy);
    let copied = context.admin.store.backup(&copy).await;
    let database = copied.map_err(Failure::from).and_then(|()| read(&copy));
    // It may not exist if the copy failed.
    let _ = std::fs::remove_file(&copy);
    let mut data = vec![(FILE_NAME.to_owned(), read(context.data.config_file())?), (DATABASE.to_owned(), database?)];
    data.extend(overrides::for_backup(&context.data)?);
    let mut keys = vec![(KEYS.to_owned(), read(&context.data.key_file())?)];
    keys.extend(own_certificates(&context.data.tls())?);
    let created = now().rfc3339();
    write_new(file, &pack(created.clone(), &data)?)?;
    write_new(&key_file, &pack(created, &keys)?)?;
    let names = |files: &[NamedFile]| files.iter().map(|(name, _)| name.clone()).collect();
    Ok(Told {
        file: file.display().to_string(),
        key_file: key_file.display().to_string(),
        holds: names(&data),
        key_file_holds: names(&keys),
    })
}

/// The authority and certificates of our own making: phones trust them, so a restored server must have the same.
fn own_certificates(tls: &Path) -> Result<Vec<NamedFile>, Failure> {
    if !tls.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(tls).map_err(|error| Failure::io(tls, &error))? {
        let entry = entry.map_err(|error| Failure::io(tls, &error))?;
        let plain = entry.file_type().is_ok_and(|kind| kind.is_file());
        if let (true, Some(name)) = (plain, entry.file_name().to_str()) {
            files.push((format!("tls/{name}"), read(&entry.path())?));
        }
    }
    files.sort();
    Ok(files)
}

fn beside(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}.key", file.display()))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::io(path, &error))
}
