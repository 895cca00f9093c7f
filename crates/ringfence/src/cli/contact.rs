//! The words of `contact`.

use std::path::PathBuf;

use clap::Subcommand;

/// `contact …`
#[derive(Debug, Subcommand)]
pub enum ContactCommand {
    /// Add somebody to a customer's phone book
    Add {
        /// The customer
        customer: String,
        /// Who it is
        name: String,
        /// What to dial
        number: String,
    },
    /// List a customer's contacts
    List {
        /// The customer
        customer: String,
    },
    /// Remove somebody
    Remove {
        /// The customer
        customer: String,
        /// Who it is
        name: String,
        /// Which number; all of them if absent
        number: Option<String>,
    },
    /// Add everybody in a CSV file with the columns name and number; all or nothing
    Import {
        /// The customer
        customer: String,
        /// The file
        file: PathBuf,
    },
}
