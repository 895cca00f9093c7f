//! The words of `webhook`.

use clap::{Args, Subcommand};

/// `webhook …`
#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// Send events to an address; its secret is printed once
    Add(WebhookAddArgs),
    /// List webhooks and whether they work
    List,
    /// Remove a webhook
    Remove {
        /// Its id
        id: String,
    },
    /// Send an event of type webhook.test and say what came of it
    Test {
        /// Its id
        id: String,
    },
}

/// `webhook add …`
#[derive(Debug, Args)]
pub struct WebhookAddArgs {
    /// Where events are sent, such as https://hooks.example.com/ringfence
    pub url: String,
    /// Only these types, such as device.failed,device.blocked
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    pub types: Vec<String>,
    /// What people call it
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub label: String,
    /// Only this reseller's events; or the customer's reseller, where two have a customer of this name
    #[arg(long, value_name = "NAME")]
    pub reseller: Option<String>,
    /// Only this customer's events
    #[arg(long, value_name = "NAME")]
    pub customer: Option<String>,
    /// Only this site's events
    #[arg(long, value_name = "NAME", requires = "customer")]
    pub site: Option<String>,
}
