//! Who plays: two customers and their phones.

use std::net::{IpAddr, Ipv4Addr};

use brands::Catalogue;
use domain::Mac;
use domain::login::new_password;
use domain::settings::{Line, Settings, Transport};
use phonesim::{Behaviour, Client, Identity, Phone, Tls};
use portal::admin::device::NewDevice;
use portal::admin::tree::NodeNames;
use portal::edge::SystemChance;

/// The customer that asks for the global login and no PIN.
pub const LTD: &str = "Example Ltd";
/// The customer that asks for a PIN and no login.
pub const TRUST: &str = "Example Trust";
/// The SIP server of all lines.
pub const SIP_SERVER: &str = "pbx.example.com";

/// The network of Example Ltd's office.
const OFFICE: [u8; 3] = [127, 0, 10];
/// The network of Example Trust's office, which it trusts.
const TRUSTED: [u8; 3] = [127, 0, 20];
/// Somebody's home.
const HOME: [u8; 3] = [127, 0, 30];
/// A stranger's network.
const ELSEWHERE: [u8; 3] = [127, 0, 66];

/// The network that Example Trust trusts.
pub const TRUSTED_NETWORK: &str = "127.0.20.0/24";

/// An address in a stranger's network.
pub fn elsewhere() -> IpAddr {
    address(ELSEWHERE, 6)
}

/// One phone of the story, as its customer's admin entered it.
#[derive(Clone, Debug)]
pub struct Member {
    /// What people call it.
    pub label: &'static str,
    /// Model of the catalogue, without the brand.
    pub model: &'static str,
    /// The firmware that it runs.
    pub firmware: &'static str,
    /// Its hardware address.
    pub mac: Mac,
    /// Whose it is.
    pub customer: &'static str,
    /// Where it calls from.
    pub address: IpAddr,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// All phones of the story.
#[derive(Clone, Debug)]
pub struct Cast {
    /// Example Ltd: the first phone of the story.
    pub reception: Member,
    /// Example Ltd: delivered, and not back yet when a stranger asks.
    pub workshop: Member,
    /// Example Ltd: an old phone with old firmware.
    pub archive: Member,
    /// Example Ltd: a large phone with several lines.
    pub meeting: Member,
    /// Example Trust: phones in the trusted network.
    pub trusted: [Member; 3],
    /// Example Trust: a phone on its way to somebody's home.
    pub home: Member,
    /// Example Trust: a phone at which somebody tries PINs.
    pub spare: Member,
    /// Example Trust: a phone from which help is called.
    pub hallway: Member,
}

impl Cast {
    /// Everybody, with fresh passwords.
    pub fn new() -> Self {
        let office = |label, phone, mac, host, extensions: &[u16]| member(label, phone, mac, (LTD, address(OFFICE, host)), extensions);
        let trusted = |label, phone, mac, host, extensions: &[u16]| member(label, phone, mac, (TRUST, address(TRUSTED, host)), extensions);
        let at_home = |label, phone, mac, host, extensions: &[u16]| member(label, phone, mac, (TRUST, address(HOME, host)), extensions);
        Self {
            reception: office("Reception", ("T46S", "66.86.0.15"), "00:15:65:00:00:01", 11, &[101]), // firmware
            workshop: office("Workshop", ("T54W", "96.86.0.100"), "00:15:65:00:00:02", 12, &[102]),  // firmware
            archive: office("Archive", ("T46G", "28.72.0.25"), "00:15:65:00:00:03", 13, &[103]),     // firmware
            meeting: office("Meeting room", ("T58W", "150.86.0.6"), "00:15:65:00:00:04", 14, &[104, 105, 106]), // firmware
            trusted: [
                trusted("Lobby", ("T48S", "65.86.0.15"), "80:5e:c0:00:00:11", 11, &[201]), // firmware
                trusted("Library", ("T31G", "123.86.0.75"), "80:5e:c0:00:00:12", 12, &[202]), // firmware
                trusted("Cordless base", ("W60B", "77.85.0.20"), "80:5e:c0:00:00:13", 13, &[203, 204]), // firmware
            ],
            home: at_home("Home office", ("T42S", "67.86.0.15"), "80:5e:c0:00:00:14", 11, &[205]), // firmware
            spare: at_home("Spare", ("T53W", "95.86.0.100"), "80:5e:c0:00:00:15", 15, &[206]),     // firmware
            hallway: at_home("Hallway", ("T41S", "68.86.0.15"), "80:5e:c0:00:00:16", 16, &[207]),  // firmware
        }
    }

    /// Everybody.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        [&self.reception, &self.workshop, &self.archive, &self.meeting].into_iter().chain(&self.trusted).chain([
            &self.home,
            &self.spare,
            &self.hallway,
        ])
    }

    /// The same with their PBX at this port of loopback.
    #[must_use]
    pub fn at_pbx(mut self, port: u16) -> Self {
        let Self { reception, workshop, archive, meeting, trusted, home, spare, hallway } = &mut self;
        let all = [reception, workshop, archive, meeting, home, spare, hallway].into_iter().chain(trusted);
        all.flat_map(|member| &mut member.lines).for_each(|line| line.port = Some(port));
        self
    }
}

impl Member {
    /// This phone for the admin's list.
    pub fn order(&self) -> NewDevice {
        NewDevice {
            mac: self.mac.to_string(),
            place: NodeNames::customer(self.customer),
            model: format!("yealink/{}", self.model),
            label: self.label.to_owned(),
            lines: self.lines.clone(),
            settings: Settings::new(),
            ..NewDevice::default()
        }
    }

    /// The phone itself, fresh from its box.
    pub fn unpacked(&self, catalogue: &Catalogue, tls: &Tls) -> Phone {
        self.body(catalogue, tls, self.address)
    }

    /// Any body that says it is this phone, at any address.
    pub fn body(&self, catalogue: &Catalogue, tls: &Tls, address: IpAddr) -> Phone {
        let identity = Identity::of(catalogue, &format!("yealink/{}", self.model), self.mac, self.firmware);
        let mut behaviour = Behaviour::unhurried(tls.clone());
        // Every name leads to this machine, whatever there is in the world.
        behaviour.client = Client { resolve: Some(Ipv4Addr::LOCALHOST.into()), ..behaviour.client.from(address) };
        Phone::new(identity.expect("the cast plays models of the catalogue"), behaviour)
    }

    /// Whether this phone can telephone with exactly the lines that were entered for it.
    pub fn has_its_lines(&self, phone: &Phone) -> bool {
        let accounts = phone.accounts();
        accounts.len() == self.lines.len()
            && accounts.iter().zip(&self.lines).all(|(account, line)| {
                account.user == line.user
                    && account.password.expose() == line.password.expose()
                    && account.server == line.server
                    && account.hotline.is_none()
            })
    }

    /// What of this phone nobody may learn who has not proved to be it; names as well as passwords.
    pub fn private(&self) -> Vec<String> {
        let of_line = |line: &Line| [line.password.expose().clone(), line.user.clone(), line.server.clone()];
        let names = [self.label.to_owned(), self.customer.to_owned()];
        self.lines.iter().flat_map(of_line).chain(names).collect()
    }
}

/// A phone as it stands there, and whose it is; its lines bear its label.
fn member(
    label: &'static str,
    (model, firmware): (&'static str, &'static str),
    hardware: &str,
    (customer, address): (&'static str, IpAddr),
    extensions: &[u16],
) -> Member {
    Member { label, model, firmware, mac: mac(hardware), customer, address, lines: lines(label, extensions) }
}

fn address([a, b, c]: [u8; 3], host: u8) -> IpAddr {
    Ipv4Addr::new(a, b, c, host).into()
}

fn mac(text: &str) -> Mac {
    text.parse().expect("a phone's MAC")
}

fn lines(label: &str, numbers: &[u16]) -> Vec<Line> {
    numbers.iter().map(|number| line(*number, label)).collect()
}

fn line(number: u16, label: &str) -> Line {
    Line {
        user: format!("example-{number}"),
        auth_user: None,
        password: new_password(&mut SystemChance),
        server: SIP_SERVER.to_owned(),
        port: None,
        transport: Transport::Udp,
        outbound_proxy: None,
        extension: Some(number.to_string()),
        name: Some(format!("{label} {number}")),
        settings: Settings::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_can_play() {
        let (cast, catalogue) = (Cast::new(), Catalogue::embedded());
        let macs: std::collections::BTreeSet<Mac> = cast.members().map(|member| member.mac).collect();
        assert_eq!(macs.len(), cast.members().count());
        for member in cast.members() {
            let phone = member.unpacked(&catalogue, &Tls::any());
            assert!(usize::from(phone.identity.accounts) >= member.lines.len(), "{}", member.label);
            assert!(!member.has_its_lines(&phone), "a phone from its box has no lines");
        }
    }
}
