//! The words of `user`.

use clap::{Args, Subcommand};

use super::NodeArgs;

/// `user …`
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add somebody who signs in at the portal; the password is printed once
    Add(UserAddArgs),
    /// List people
    List,
    /// Make somebody a new password, which is printed once; all their sessions end
    Password {
        /// The name to sign in with
        name: String,
    },
    /// Shut somebody out; all their sessions end
    Disable {
        /// The name to sign in with
        name: String,
    },
    /// Let somebody in again
    Enable {
        /// The name to sign in with
        name: String,
    },
    /// Remove somebody
    Remove {
        /// The name to sign in with
        name: String,
    },
}

/// `user add …`
#[derive(Debug, Args)]
pub struct UserAddArgs {
    /// The name to sign in with
    pub name: String,
    /// operator, reseller, customer-admin, installer or auditor
    #[arg(long, value_name = "ROLE")]
    pub role: String,
    /// Whose branch they act in
    #[command(flatten)]
    pub node: NodeArgs,
    /// For a forgotten password, an invitation, and alerts
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// The language of letters: en or de
    #[arg(long, value_name = "CODE")]
    pub language: Option<String>,
    /// Write to them when a phone or trunk needs somebody
    #[arg(long, requires = "email")]
    pub alerts: bool,
}
