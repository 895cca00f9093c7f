//! The words of `brands`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `brands …`
#[derive(Debug, Subcommand)]
pub enum BrandsCommand {
    /// List brands and models, and how many facts of each brand nobody has verified
    List {
        /// Print what docs/supported.md holds
        #[arg(long, conflicts_with = "json")]
        markdown: bool,
    },
    /// Show a file as the phone would get it (passwords included: audited)
    Render {
        /// The phone
        mac: String,
        /// Which of its files; its device file if absent
        #[arg(long, value_name = "NAME")]
        file: Option<String>,
        /// As a phone gets it that is not cleared
        #[arg(long)]
        restricted: bool,
        /// Where each line comes from; secrets masked
        #[arg(long)]
        why: bool,
    },
    /// Read a phone's file back
    Parse {
        /// The file
        file: PathBuf,
        /// Its brand
        #[arg(long, value_name = "B")]
        brand: String,
    },
    /// Copy a built-in file into the data directory, to be changed there; without a file, list what there is
    Override(OverrideArgs),
}

/// `brands override …`
#[derive(Debug, Args)]
pub struct OverrideArgs {
    /// The brand
    pub brand: String,
    /// Which of its files, such as templates/full.cfg.j2
    pub file: Option<String>,
    /// Print the built-in file and copy nothing, to compare yours with it
    #[arg(long, requires = "file")]
    pub print: bool,
    /// Your file holds all that the built-in one says today: note that, and change nothing
    #[arg(long, requires = "file", conflicts_with = "print")]
    pub merged: bool,
}
