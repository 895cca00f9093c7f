//! `template …`

use clap::Subcommand;

/// `template …`
#[derive(Debug, Subcommand)]
pub enum TemplateCommand {
    /// List the files of brands in force, and which are your own
    List {
        /// Only this brand's
        #[arg(long, value_name = "B")]
        brand: Option<String>,
        /// Only your own
        #[arg(long)]
        own: bool,
    },
    /// Print the file in force
    Show {
        /// The brand, such as yealink
        brand: String,
        /// Which of its files, such as full.cfg.j2 or brand.toml
        file: String,
        /// Print the built-in one, to compare yours with it
        #[arg(long)]
        base: bool,
    },
    /// Put the text on standard input in the place of the built-in file, on every node; refused if the brand would not read or run with it
    Set {
        /// The brand
        brand: String,
        /// Which of its files
        file: String,
        /// Yours holds all that the built-in one says today
        #[arg(long)]
        merged: bool,
    },
    /// Remove a file of your own; the built-in one is in force again
    Remove {
        /// The brand
        brand: String,
        /// Which of its files
        file: String,
    },
}
