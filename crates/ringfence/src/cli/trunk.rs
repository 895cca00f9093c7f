//! The words of `trunk`.

use clap::{Args, Subcommand};

/// `trunk …`
#[derive(Debug, Subcommand)]
pub enum TrunkCommand {
    /// Add a trunk; without a customer it carries everybody's emergency calls
    Add(TrunkAddArgs),
    /// List trunks and whether they answer
    List,
    /// Remove a trunk; calls that it carries go on
    Remove {
        /// Its name
        name: String,
    },
    /// Ask a trunk whether it answers, and dial its test number if it has one; never an emergency number
    Test {
        /// Its name
        name: String,
    },
}

/// `trunk add …`
#[derive(Debug, Args)]
pub struct TrunkAddArgs {
    /// Its name
    pub name: String,
    /// Where it is, such as sip:trunk.example.com or 'sip:192.0.2.5:5080;transport=tcp'
    pub uri: String,
    /// The user, if it asks for one
    #[arg(long, value_name = "U", requires = "password_stdin")]
    pub user: Option<String>,
    /// Read the password from standard input
    #[arg(long, requires = "user")]
    pub password_stdin: bool,
    /// Only this customer's calls
    #[arg(long, value_name = "NAME")]
    pub customer: Option<String>,
    /// Only this site's calls
    #[arg(long, value_name = "NAME", requires = "customer")]
    pub site: Option<String>,
    /// The customer's reseller, where two have a customer of this name
    #[arg(long, value_name = "NAME", requires = "customer")]
    pub reseller: Option<String>,
    /// The lower one is tried first
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub priority: u16,
    /// How many calls it carries at once; unbounded if absent
    #[arg(long, value_name = "N")]
    pub channels: Option<u32>,
    /// How many of them are kept for callers with proof
    #[arg(long, value_name = "N", default_value_t = 0, requires = "channels")]
    pub reserve: u32,
    /// What `trunk test` may dial, such as an echo service
    #[arg(long, value_name = "NUMBER")]
    pub test_number: Option<String>,
}
