//! Who a phone says it is: brand, model, MAC, firmware, and the form of its User-Agent.

use std::fmt;

use brands::Catalogue;
use domain::Mac;

use crate::firmware::Brand;

/// The form in which firmware writes its User-Agent. `{model} {firmware} {serial}` stand for themselves, `{mac} {MAC} {mac:}`
/// for the MAC plain, in capitals, with colons. Each brand's forms are constants beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentForm(pub &'static str);

/// One phone as its maker built it. Each brand has its constructors, `Identity::yealink` and so on, beside its firmware.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Whose firmware runs in it.
    pub brand: Brand,
    /// Model as in the catalogue, such as `T46S`.
    pub model: String,
    /// Hardware address.
    pub mac: Mac,
    /// Serial number, or the secret part of one that its label bears (Gigaset's MAC-ID).
    pub serial: String,
    /// Firmware version, such as `66.86.0.15`.
    pub firmware: String,
    /// What the name of the file for all phones of the hardware holds, such as `066` (Yealink); without it no such file is asked
    /// for, where the brand has one.
    pub common: Option<String>,
    /// Account slots.
    pub accounts: u16,
    /// How the User-Agent is written.
    pub agent: AgentForm,
    /// Whether file names have the MAC in capitals.
    pub capitals: bool,
}

impl Identity {
    /// A phone of a model in the catalogue, such as `yealink/T46S`; none if it has no such model, or nobody plays the brand.
    pub fn of(catalogue: &Catalogue, model: &str, mac: Mac, firmware: &str) -> Option<Self> {
        let (brand, model) = catalogue.model(model)?;
        Some(Brand::named(brand.name())?.firmware().built(model, mac, firmware))
    }

    /// The `User-Agent` header, as long as no config changes it.
    pub fn user_agent(&self) -> String {
        self.agent.fill(self)
    }

    /// The MAC as it stands in file names.
    pub fn mac_in_names(&self) -> String {
        if self.capitals { self.mac.to_string().to_ascii_uppercase() } else { self.mac.to_string() }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} {} ({})", self.brand.name(), self.model, self.firmware, self.mac)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_of_the_catalogue_are_known() {
        let catalogue = Catalogue::embedded();
        let mac = "001565aabbcc".parse().unwrap();
        assert_eq!(Identity::of(&catalogue, "yealink/t46s", mac, "66.86.0.15"), Some(Identity::yealink_t46s(mac)));
        let base = Identity::of(&catalogue, "yealink/W60B", mac, "77.81.0.35").unwrap();
        assert_eq!((base.agent, base.accounts), (AgentForm::YEALINK_NO_SIP, 8));
        assert_eq!(Identity::of(&catalogue, "yealink/none", mac, "1.1"), None);
    }
}
