//! What people type into phones: the addresses of the viewer's own branch.

use domain::channel::at_host;
use domain::policy::Policy;
use domain::role::Action;

use super::{Admin, By, Error, global_login, look};

/// What stands in the guides' places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// How phones reach us, without a path.
    pub phones_url: String,
    /// The global user name, for those who may ask for the login.
    pub global_user: Option<&'static str>,
    /// What is dialled for the PIN.
    pub service_number: String,
}

/// The viewer's.
pub async fn addresses(admin: &Admin, by: &By) -> Result<Addresses, Error> {
    by.may(Action::ViewDevices, &by.branch(), &Policy::default())?;
    let own_host = look::of_actor(admin, by).await?.and_then(|shown| shown.look.phone_host);
    let knows_login = by.may(Action::RequestGlobalLogin, &by.branch(), &Policy::default()).is_ok();
    Ok(Addresses {
        phones_url: at_host(&admin.platform.phones_url, own_host.as_deref()),
        global_user: knows_login.then_some(global_login::USER),
        service_number: admin.platform.service_number.clone(),
    })
}

impl Addresses {
    /// A guide of a brand, which names the phones' host by a word, with the viewer's in its place.
    pub fn fill_guide(&self, text: &str) -> String {
        let authority = self.phones_url.split_once("://").map_or(self.phones_url.as_str(), |(_, rest)| rest);
        let name = match authority.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => authority,
        };
        text.replace("<phones' host>:8443", authority).replace("<phones' host>", name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guide_names_the_viewers_host() {
        let of = |url: &str| Addresses { phones_url: url.into(), global_user: None, service_number: "*89".into() };
        let text = "`https://<phones' host>:8443/cfg/` or `http://<phones' host>:8080/cfg/`";
        assert_eq!(
            of("https://phones.example.com:18443").fill_guide(text),
            "`https://phones.example.com:18443/cfg/` or `http://phones.example.com:8080/cfg/`"
        );
        assert_eq!(of("https://phones.example.com").fill_guide("https://<phones' host>:8443/cfg"), "https://phones.example.com/cfg");
    }
}
