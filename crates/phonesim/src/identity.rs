//! Who a phone says it is: brand, model, MAC, firmware, and the form of its User-Agent.

use std::fmt;

use brands::Catalogue;
use domain::Mac;

/// The forms in which firmware writes its User-Agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AgentForm {
    /// `Yealink SIP-T46S 66.86.0.15 00:15:65:aa:bb:cc`.
    #[default]
    Colons,
    /// `Yealink SIP-T56A  58.80.0.25 001565aabbcc`.
    Plain,
    /// `Yealink SIP-T46S 66.86.0.15`: `user_agent_mac.enable = 0`.
    NoMac,
    /// `Yealink W60B 77.81.0.35 80:5e:c0:aa:bb:cc`: DECT bases and some conference phones.
    NoSip,
    /// `Yealink-T46G 28.71.0.81 28.1.0.128.0.0.0`: the hardware's version instead of a MAC.
    Hardware,
}

/// One phone as its maker built it.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Brand's short name, such as `yealink`.
    pub brand: String,
    /// Model as in the catalogue, such as `T46S`.
    pub model: String,
    /// Hardware address.
    pub mac: Mac,
    /// Firmware version, such as `66.86.0.15`.
    pub firmware: String,
    /// The number in the common file's name, such as `066`; without it no common file is asked for.
    pub common: Option<String>,
    /// Account slots.
    pub accounts: u16,
    /// How the User-Agent is written.
    pub agent: AgentForm,
    /// Whether file names have the MAC in capitals.
    pub capitals: bool,
}

impl Identity {
    /// A phone with what its model needs to be known.
    pub fn new(brand: &str, model: &str, mac: Mac, firmware: &str, common: Option<&str>, accounts: u16) -> Self {
        Self {
            brand: brand.to_owned(),
            model: model.to_owned(),
            mac,
            firmware: firmware.to_owned(),
            common: common.map(str::to_owned),
            accounts,
            agent: AgentForm::default(),
            capitals: false,
        }
    }

    /// A phone of a model in the catalogue, such as `yealink/T46S`; none if it has no such model.
    pub fn of(catalogue: &Catalogue, model: &str, mac: Mac, firmware: &str) -> Option<Self> {
        let (brand, model) = catalogue.model(model)?;
        let agent = if model.kind == "dect" { AgentForm::NoSip } else { AgentForm::default() };
        Some(Self { agent, ..Self::new(brand.name(), &model.name, mac, firmware, model.common.as_deref(), model.accounts) })
    }

    /// A Yealink T46S with firmware V86, the phone of most tests.
    pub fn yealink_t46s(mac: Mac) -> Self {
        Self::new("yealink", "T46S", mac, "66.86.0.15", Some("066"), 16)
    }

    /// The `User-Agent` header.
    pub fn user_agent(&self) -> String {
        let (model, firmware, mac) = (&self.model, &self.firmware, self.mac);
        match self.agent {
            AgentForm::Colons => format!("Yealink SIP-{model} {firmware} {}", mac.with_colons()),
            AgentForm::Plain => format!("Yealink SIP-{model}  {firmware} {mac}"),
            AgentForm::NoMac => format!("Yealink SIP-{model} {firmware}"),
            AgentForm::NoSip => format!("Yealink {model} {firmware} {}", mac.with_colons()),
            AgentForm::Hardware => format!("Yealink-{model} {firmware} 28.1.0.128.0.0.0"),
        }
    }

    /// The MAC as it stands in file names.
    pub fn mac_in_names(&self) -> String {
        if self.capitals { self.mac.to_string().to_ascii_uppercase() } else { self.mac.to_string() }
    }

    /// The generation of the firmware: the second number of its version (`66.86.0.15` is V86).
    pub fn generation(&self) -> Option<u32> {
        self.firmware.split('.').nth(1)?.parse().ok()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} {} ({})", self.brand, self.model, self.firmware, self.mac)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_agents_are_written_in_every_form() {
        let phone = Identity::yealink_t46s("001565aabbcc".parse().unwrap());
        let check = |agent, expected: &str| assert_eq!(Identity { agent, ..phone.clone() }.user_agent(), expected);
        check(AgentForm::Colons, "Yealink SIP-T46S 66.86.0.15 00:15:65:aa:bb:cc");
        check(AgentForm::Plain, "Yealink SIP-T46S  66.86.0.15 001565aabbcc");
        check(AgentForm::NoMac, "Yealink SIP-T46S 66.86.0.15");
        check(AgentForm::NoSip, "Yealink T46S 66.86.0.15 00:15:65:aa:bb:cc");
        check(AgentForm::Hardware, "Yealink-T46S 66.86.0.15 28.1.0.128.0.0.0");
        assert_eq!(phone.generation(), Some(86));
    }

    #[test]
    fn models_of_the_catalogue_are_known() {
        let catalogue = Catalogue::embedded();
        let mac = "001565aabbcc".parse().unwrap();
        assert_eq!(Identity::of(&catalogue, "yealink/t46s", mac, "66.86.0.15"), Some(Identity::yealink_t46s(mac)));
        let base = Identity::of(&catalogue, "yealink/W60B", mac, "77.81.0.35").unwrap();
        assert_eq!((base.agent, base.accounts), (AgentForm::NoSip, 8));
        assert_eq!(Identity::of(&catalogue, "yealink/none", mac, "1.1"), None);
    }
}
