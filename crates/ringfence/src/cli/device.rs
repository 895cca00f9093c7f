//! The words of `device`.

use std::net::IpAddr;

use clap::{Args, Subcommand};
use domain::Span;

use super::{StateArg, YesNoArg};

/// `device …`
#[derive(Debug, Subcommand)]
pub enum DeviceCommand {
    /// Add a phone
    Add(DeviceAddArgs),
    /// List phones
    List {
        /// Only this customer's
        #[arg(long, value_name = "NAME")]
        customer: Option<String>,
        /// Only these states, with commas
        #[arg(long, value_delimiter = ',', value_name = "STATES")]
        state: Vec<StateArg>,
        /// Only what this is part of: a MAC, an extension, a label, as the search of the pages
        #[arg(long, value_name = "TEXT", default_value = "")]
        q: String,
        /// Only this brand and model, such as yealink/T46S
        #[arg(long)]
        model: Option<String>,
        /// Only those that a person should look at
        #[arg(long)]
        attention: bool,
    },
    /// Show one phone, its PIN included (audited)
    Show {
        /// Its MAC, in any spelling
        mac: String,
        /// Show instead the password of its encrypted files, to type into the phone's rule (audited)
        #[arg(long)]
        profile_key: bool,
    },
    /// No login of this phone earns anything any more; new PIN; the global password may be used once more
    Reset {
        /// Its MAC
        mac: String,
    },
    /// Serve one phone of this MAC without proof
    Suspend {
        /// Its MAC
        mac: String,
        /// For how long, such as 30m; the policy's time if absent
        #[arg(long = "for", value_name = "DURATION", conflicts_with = "end")]
        lasts: Option<Span>,
        /// Which of several phones, by its address
        #[arg(long, value_name = "ADDRESS", conflicts_with = "end")]
        address: Option<IpAddr>,
        /// End it now
        #[arg(long)]
        end: bool,
    },
    /// May the global one-time password be used (once more)?
    AllowGlobal {
        /// Its MAC
        mac: String,
        /// yes or no
        allow: YesNoArg,
    },
    /// Let the second claimant have the hand-over; what the first was given ends
    AllowSecond {
        /// Its MAC
        mac: String,
    },
    /// Switch a phone off: it is served like one that nobody knows, and keeps login and lines for later
    Disable {
        /// Its MAC
        mac: String,
    },
    /// Switch a phone on again
    Enable {
        /// Its MAC
        mac: String,
    },
    /// Tell the phone to fetch
    Resync {
        /// Its MAC
        mac: String,
    },
    /// Remove a phone
    Delete {
        /// Its MAC
        mac: String,
    },
    /// Set user and password by hand, or clear the login
    SetLogin {
        /// Its MAC
        mac: String,
        /// User name
        #[arg(long, value_name = "U", required_unless_present = "clear", requires = "password_stdin")]
        user: Option<String>,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
        /// Forget the login instead
        #[arg(long, conflicts_with_all = ["user", "password_stdin"])]
        clear: bool,
    },
    /// Give a live phone a new login at its next fetch
    RotateLogin {
        /// Its MAC
        mac: String,
    },
    /// Move a phone to another customer (which resets it) or site
    Move {
        /// Its MAC
        mac: String,
        /// The customer
        #[arg(long, value_name = "NAME")]
        customer: String,
        /// Its site
        #[arg(long, value_name = "NAME")]
        site: Option<String>,
        /// It may come to live by trusted network or suspension alone, if no PIN can be keyed in on it
        #[arg(long)]
        lives_by_trust: bool,
    },
    /// Put another phone in this one's place
    Replace {
        /// The old phone's MAC
        mac: String,
        /// The new phone's MAC
        new_mac: String,
    },
    /// What the phone asked and what it was told, newest first
    Requests {
        /// Its MAC
        mac: String,
    },
    /// How the phone stands at its brand's redirect service
    Redirect {
        /// Its MAC
        mac: String,
    },
    /// Keep what stands on the phone's label besides its MAC; an empty text takes it away
    Label {
        /// Its MAC
        mac: String,
        /// The serial number
        #[arg(long, value_name = "S", required_unless_present = "mac_id")]
        serial: Option<String>,
        /// The four characters behind the MAC on a Gigaset label
        #[arg(long, value_name = "XXXX")]
        mac_id: Option<String>,
    },
    /// Somebody registered the phone at its redirect service by hand: leave that alone
    ByHand {
        /// Its MAC
        mac: String,
        /// yes or no
        is_by_hand: YesNoArg,
    },
    /// Show the PIN that the redirect service hands out for the phone (audited)
    RedirectPin {
        /// Its MAC
        mac: String,
    },
    /// Show the address to enter at a redirect service by hand; it holds the global login for this phone (audited)
    RedirectAddress {
        /// Its MAC
        mac: String,
    },
    /// The phone's calls to the service that asks for the PIN, newest first; never a digit that was keyed in
    Calls {
        /// Its MAC
        mac: String,
    },
}

/// `device add …`
#[derive(Debug, Args)]
pub struct DeviceAddArgs {
    /// Its MAC, in any spelling
    pub mac: String,
    /// Its customer
    #[arg(long, value_name = "NAME")]
    pub customer: String,
    /// Brand and model, such as yealink/T46S; `ringfence brands list` names them
    #[arg(long, value_name = "BRAND/MODEL")]
    pub model: String,
    /// The customer's site
    #[arg(long, value_name = "NAME")]
    pub site: Option<String>,
    /// What people call it
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub label: String,
    /// A line: user=…,password=…,server=…,extension=…,name=… (a comma inside a value is written \,); once per line
    #[arg(long = "line", value_name = "FIELDS")]
    pub lines: Vec<String>,
    /// A handset of a DECT base: ipei=…,name=…,line=N; once per handset
    #[arg(long = "handset", value_name = "FIELDS")]
    pub handsets: Vec<String>,
    /// It may live by trusted network or suspension alone, if no PIN can be keyed in on it
    #[arg(long)]
    pub lives_by_trust: bool,
    /// Its serial number, where its maker's redirect service asks for it
    #[arg(long, value_name = "S")]
    pub serial: Option<String>,
    /// The four characters behind the MAC on a Gigaset label
    #[arg(long, value_name = "XXXX")]
    pub mac_id: Option<String>,
}
