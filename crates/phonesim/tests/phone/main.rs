//! Simulated phones against a scripted server: what they ask, how they log in, what they keep.

#![expect(clippy::unwrap_used, reason = "what fails to be set up fails the test")]

mod carton;
mod catalogue;
mod cisco;
mod client;
mod logins;
mod memory;
mod order;
mod server;
mod trouble;

use phonesim::{Behaviour, Identity, Phone, Tls};

use self::server::Server;

/// A Yealink T46S whose menu names a folder of the server.
fn phone(server: &Server, folder: &str) -> Phone {
    let mut phone = fresh();
    phone.menu().set_server(&server.url(folder), "", "");
    phone
}

/// The same phone out of its box.
fn fresh() -> Phone {
    Phone::new(Identity::yealink_t46s("001565aabbcc".parse().unwrap()), Behaviour::unhurried(Tls::any()))
}

/// A config file with these lines.
fn config(lines: &str) -> String {
    format!("#!version:1.0.0.1\n{lines}\n")
}

/// One account that can telephone.
const ACCOUNT: &str = "account.1.enable = 1\naccount.1.label = Desk 12\naccount.1.user_name = 100\naccount.1.password = line-secret\n\
                       account.1.sip_server.1.address = sip.example.com\naccount.1.sip_server.1.transport_type = 2";

/// The lines that send a phone to another folder with a login of its own.
fn door(server: &Server, folder: &str, user: &str, password: &str) -> String {
    let name = "static.auto_provision.server";
    format!("{name}.url = {}\n{name}.username = {user}\n{name}.password = {password}\n", server.url(folder))
}
