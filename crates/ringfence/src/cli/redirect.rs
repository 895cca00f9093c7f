//! The words of `redirect`.

use clap::{Args, Subcommand};
use uuid::Uuid;

/// `redirect …`
#[derive(Debug, Subcommand)]
pub enum RedirectCommand {
    /// List the services, with what an account at each consists of
    Services,
    /// Add an account; from then on the phones of its brands are registered there
    Add(RedirectAddArgs),
    /// List accounts
    List,
    /// Show one account
    Show {
        /// Its id
        id: Uuid,
    },
    /// Ask the service whether it accepts the account
    Test {
        /// Its id
        id: Uuid,
    },
    /// Have every phone looked at, and the service's own list compared, now
    Sync {
        /// Its id
        id: Uuid,
    },
    /// Change region or fields; what is left out stays
    Update {
        /// Its id
        id: Uuid,
        /// What it consists of
        #[command(flatten)]
        fields: RedirectFieldArgs,
    },
    /// End an account; what is written at the service stays there
    Remove {
        /// Its id
        id: Uuid,
        /// Remove there first what this server wrote
        #[arg(long)]
        unregister: bool,
    },
    /// Print each phone's address for entering by hand, as CSV; each holds the global login for that phone (audited)
    Addresses {
        /// The brand, such as cisco
        #[arg(long, value_name = "B")]
        brand: String,
    },
}

/// `redirect add …`
#[derive(Debug, Args)]
pub struct RedirectAddArgs {
    /// The service; `ringfence redirect services` lists them
    pub service: String,
    /// Whose account it is; the operator's if absent
    #[arg(long, value_name = "NAME")]
    pub reseller: Option<String>,
    /// What it consists of
    #[command(flatten)]
    pub fields: RedirectFieldArgs,
}

/// What an account consists of.
#[derive(Debug, Args)]
pub struct RedirectFieldArgs {
    /// Which of the service's regions
    #[arg(long, value_name = "R")]
    pub region: Option<String>,
    /// A field that is no secret: FIELD=VALUE; once per field
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    pub set: Vec<String>,
    /// Read secret fields from standard input: one JSON object, or FIELD=VALUE lines
    #[arg(long)]
    pub secret_stdin: bool,
}
