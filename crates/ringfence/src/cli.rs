//! The command line: its words and nothing else.

mod brands;
mod contact;
mod device;
mod prompt;
mod redirect;
mod setting;
mod template;
mod trunk;
mod user;
mod webhook;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use domain::Span;

pub use self::brands::{BrandsCommand, OverrideArgs};
pub use self::contact::ContactCommand;
pub use self::device::{DeviceAddArgs, DeviceCommand};
pub use self::prompt::PromptCommand;
pub use self::redirect::{RedirectAddArgs, RedirectCommand, RedirectFieldArgs};
pub use self::setting::{SettingCommand, SettingOf};
pub use self::template::TemplateCommand;
pub use self::trunk::{TrunkAddArgs, TrunkCommand};
pub use self::user::UserCommand;
pub use self::webhook::{WebhookAddArgs, WebhookCommand};

/// Secure zero-touch provisioning for desk phones.
#[derive(Debug, Parser)]
#[command(name = "ringfence", version, about, arg_required_else_help = true, infer_long_args = false)]
pub struct Cli {
    /// Where the data is, and how to print.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// The data directory, made by `ringfence init`
    #[arg(long, global = true, env = "RINGFENCE_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The configuration file; its directory is the data directory
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "data")]
    pub config: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// All commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the main job on this machine: a server and simulated phones, told step by step
    #[cfg(feature = "demo")]
    Demo {
        /// End after the story instead of staying up
        #[arg(long)]
        once: bool,
    },
    /// Make a data directory: configuration, keys, certificate, first operator (password printed once)
    Init,
    /// Run the server
    Serve,
    /// Check configuration, keys, ports, certificate, database and policies, and say what to do
    Doctor,
    /// Write database and configuration to FILE, master keys and certificates to FILE.key
    Backup {
        /// The new file
        file: PathBuf,
    },
    /// Make a data directory out of a backup
    Restore {
        /// The backup
        file: PathBuf,
        /// The key file that belongs to it; FILE.key if absent
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Resellers
    #[command(subcommand)]
    Reseller(ResellerCommand),
    /// Customers
    #[command(subcommand)]
    Customer(CustomerCommand),
    /// Sites of customers
    #[command(subcommand)]
    Site(SiteCommand),
    /// What is asked of phones
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// What phones are set to, layer by layer
    #[command(subcommand)]
    Setting(SettingCommand),
    /// Phones
    #[command(subcommand)]
    Device(DeviceCommand),
    /// Whom a customer's phones find in their phone book besides each other
    #[command(subcommand)]
    Contact(ContactCommand),
    /// Trusted networks
    #[command(subcommand)]
    Trust(TrustCommand),
    /// Where emergency calls go out
    #[command(subcommand)]
    Trunk(TrunkCommand),
    /// Accounts at brands' redirect services, which send phones here from the carton
    #[command(subcommand)]
    Redirect(RedirectCommand),
    /// Who is sent events
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// The shared user name and global one-time password
    #[command(subcommand, name = "global-login")]
    GlobalLogin(GlobalLoginCommand),
    /// What the voice says, and in which language
    #[command(subcommand)]
    Prompt(PromptCommand),
    /// Brands and models, and the files they get
    #[command(subcommand)]
    Brands(BrandsCommand),
    /// Files of brands of your own, in the place of the built-in ones on every node
    #[command(subcommand)]
    Template(TemplateCommand),
    /// Add or change devices from a CSV file
    Import {
        /// The file; its first line names the columns
        file: PathBuf,
        /// Show every row's outcome and change nothing
        #[arg(long)]
        dry_run: bool,
        /// Keep the good rows when others fail
        #[arg(long)]
        partial: bool,
    },
    /// Print devices as CSV
    Export {
        /// Only this customer's
        #[arg(long, value_name = "NAME")]
        customer: Option<String>,
        /// Only these states, with commas: needed, failed, blocked, successful
        #[arg(long, value_delimiter = ',', value_name = "STATES")]
        state: Vec<StateArg>,
    },
    /// People who sign in at the portal
    #[command(subcommand)]
    User(UserCommand),
    /// Bearer tokens for the API
    #[command(subcommand)]
    Token(TokenCommand),
    /// Who did what
    #[command(subcommand)]
    Audit(AuditCommand),
}

/// `reseller …`
#[derive(Debug, Subcommand)]
pub enum ResellerCommand {
    /// Add a reseller
    Add {
        /// Its name
        name: String,
        /// white-label: under its own name; channel: under the operator's
        #[arg(long, default_value = "channel")]
        kind: KindArg,
    },
    /// List resellers
    List,
}

/// `customer …`
#[derive(Debug, Subcommand)]
pub enum CustomerCommand {
    /// Add a customer
    Add {
        /// Its name
        name: String,
        /// Must the first contact show the global login? required or none
        #[arg(long, value_name = "required|none")]
        login: Option<String>,
        /// Does the first full configuration need the PIN? off or required
        #[arg(long, value_name = "off|required")]
        pin: Option<String>,
        /// Its reseller
        #[arg(long, value_name = "NAME")]
        reseller: Option<String>,
    },
    /// List customers
    List,
}

/// `site …`
#[derive(Debug, Subcommand)]
pub enum SiteCommand {
    /// Add a site to a customer
    Add {
        /// The customer
        customer: String,
        /// The site's name
        name: String,
        /// Two capital letters: which emergency numbers hold
        #[arg(long, value_name = "CC")]
        country: Option<String>,
        /// The number that emergency calls show, such as +4930123456
        #[arg(long, value_name = "E164")]
        caller_number: Option<String>,
        /// Where it is, in words, for an emergency call
        #[arg(long, value_name = "TEXT")]
        location: Option<String>,
    },
    /// List sites
    List {
        /// Only this customer's
        customer: Option<String>,
    },
    /// Show the passwords that phones' own menus have where no setting names one (audited)
    Passwords(SiteArgs),
    /// Make them anew; each phone has them from its next fetch on
    RotatePasswords(SiteArgs),
}

/// A customer's site, or its phones without one.
#[derive(Debug, Args)]
pub struct SiteArgs {
    /// The customer
    pub customer: String,
    /// The site; without it, the customer's phones that have none
    pub name: Option<String>,
    /// The customer's reseller, where two have a customer of this name
    #[arg(long, value_name = "NAME")]
    pub reseller: Option<String>,
}

/// A node of the tenancy tree by its names; the operator without any.
#[derive(Clone, Debug, Default, Args)]
pub struct NodeArgs {
    /// The reseller
    #[arg(long, value_name = "NAME")]
    pub reseller: Option<String>,
    /// The customer
    #[arg(long, value_name = "NAME")]
    pub customer: Option<String>,
    /// The customer's site
    #[arg(long, value_name = "NAME", requires = "customer")]
    pub site: Option<String>,
}

/// `policy …`
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Show the policy in force, and where each value comes from
    Show {
        /// Where
        #[command(flatten)]
        node: NodeArgs,
    },
    /// Set keys; KEY= takes a key back to what is inherited
    Set {
        /// Where
        #[command(flatten)]
        node: NodeArgs,
        /// What
        #[arg(required = true, value_name = "KEY=VALUE")]
        entries: Vec<String>,
        /// Phones on which no PIN can be keyed in may come to live by trusted network or suspension alone
        #[arg(long)]
        lives_by_trust: bool,
    },
}

/// `trust …`
#[derive(Debug, Subcommand)]
pub enum TrustCommand {
    /// Trust a network: its phones are served by their MAC alone
    Add {
        /// The customer
        customer: String,
        /// Address, prefix, or address/netmask
        cidr: String,
        /// Although it is wide, or private
        #[arg(long)]
        force: bool,
        /// What people call it
        #[arg(long, value_name = "T", default_value = "")]
        label: String,
    },
    /// List trusted networks, permanent and temporary
    List {
        /// The customer
        customer: String,
    },
    /// Trust a permanent network no longer
    Remove {
        /// The customer
        customer: String,
        /// The network
        cidr: String,
    },
    /// Close a temporary window
    Close {
        /// The customer
        customer: String,
        /// The address that it serves
        address: String,
    },
}

/// `global-login …`
#[derive(Debug, Subcommand)]
pub enum GlobalLoginCommand {
    /// Show the global logins in force (audited)
    Show {
        /// Those of a reseller
        #[arg(long, value_name = "NAME")]
        reseller: Option<String>,
    },
    /// Make a new one; the old one ends after the overlap
    Rotate {
        /// How long both count; 0 ends the old one at once and revokes what it earned
        #[arg(long, value_name = "DURATION", default_value = "7d")]
        overlap: Span,
        /// That of a reseller
        #[arg(long, value_name = "NAME")]
        reseller: Option<String>,
    },
    /// Ask to see the global login
    Request {
        /// For a reseller
        #[arg(long, value_name = "NAME")]
        reseller: Option<String>,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
    /// List who asked, newest first
    Requests,
    /// Let a requester see the login, once
    Grant {
        /// The request's number
        id: i64,
    },
    /// Do not
    Decline {
        /// The request's number
        id: i64,
    },
    /// Show the login of a granted request (audited)
    Reveal {
        /// The request's number
        id: i64,
    },
}

/// `token …`
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token; it is printed once
    Create {
        /// operator, reseller, customer-admin, installer or auditor
        #[arg(long)]
        role: String,
        /// Where it counts
        #[command(flatten)]
        node: NodeArgs,
        /// What people call it
        #[arg(long, value_name = "TEXT", default_value = "command line")]
        label: String,
        /// When it ends, such as 90d; never if absent
        #[arg(long, value_name = "DURATION")]
        expires: Option<Span>,
    },
    /// List tokens (not the tokens themselves)
    List,
    /// End a token
    Revoke {
        /// Its id, from the list
        id: String,
    },
}

/// `audit …`
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// List entries, newest first
    List {
        /// How many
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Check that no entry was changed or removed
    Verify,
}

/// yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum YesNoArg {
    /// yes
    Yes,
    /// no
    No,
}

/// A reseller's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KindArg {
    /// Under its own name.
    WhiteLabel,
    /// Under the operator's.
    Channel,
}

/// A device's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StateArg {
    /// Authentication needed.
    Needed,
    /// Authentication failed.
    Failed,
    /// Authentication blocked.
    Blocked,
    /// Authentication successful.
    Successful,
}

impl From<StateArg> for domain::device::State {
    fn from(state: StateArg) -> Self {
        match state {
            StateArg::Needed => Self::Needed,
            StateArg::Failed => Self::Failed,
            StateArg::Blocked => Self::Blocked,
            StateArg::Successful => Self::Successful,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_tree_is_sound() {
        Cli::command().debug_assert();
    }
}
