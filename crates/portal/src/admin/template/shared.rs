//! What all nodes share, in force on this one.

use ::brands::Folders;
use store::{Db, template};

use crate::admin::{Admin, Error};

/// Lays the operator's own files over the catalogue as they are in the store now. A brand that does not read with them stays without, which
/// is logged; those who look after the platform see it in `doctor` and in the list of files.
pub async fn take_up(admin: &Admin) -> Result<(), Error> {
    let catalogue = admin.catalogue.clone();
    // Compiled where the store reads: on a thread that may take its time.
    if !admin.store.report(move |db| catalogue.renew(|| folders(db))).await? {
        return Ok(());
    }
    let left_out = admin.catalogue.left_out();
    for (brand, error) in left_out.iter() {
        tracing::error!(brand, %error, "your own files of {brand} cannot be used, phones get the program's: {error}");
    }
    tracing::info!(left_out = left_out.len(), "the files of brands have changed");
    Ok(())
}

fn folders(db: &Db) -> store::Result<Folders> {
    let mut folders = Folders::new();
    for own in template::all(db)? {
        folders.entry(own.brand).or_default().insert(own.file, own.text);
    }
    Ok(folders)
}
