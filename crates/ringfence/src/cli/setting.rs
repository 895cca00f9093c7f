//! The words of `setting`.

use clap::{Args, Subcommand};

use super::NodeArgs;

/// `setting …`
#[derive(Debug, Subcommand)]
pub enum SettingCommand {
    /// Show what one layer sets; secrets masked
    Show {
        /// Which layer; the platform's without any
        #[command(flatten)]
        of: SettingOf,
    },
    /// Set keys of one layer, such as time_zone=+1 or raw.yealink.ringtone.url=…; KEY= takes a key out
    Set {
        /// Which layer; the platform's without any
        #[command(flatten)]
        of: SettingOf,
        /// What
        #[arg(required = true, value_name = "KEY=VALUE")]
        entries: Vec<String>,
    },
}

/// A layer of settings.
#[derive(Clone, Debug, Default, Args)]
pub struct SettingOf {
    /// A place
    #[command(flatten)]
    pub node: NodeArgs,
    /// All phones of a brand, such as yealink, or of a model, such as yealink/T46S
    #[arg(long, value_name = "BRAND[/MODEL]", conflicts_with_all = ["reseller", "customer", "site"])]
    pub model: Option<String>,
    /// One phone
    #[arg(long, value_name = "MAC", conflicts_with_all = ["reseller", "customer", "site", "model"])]
    pub device: Option<String>,
}
