//! All keys of the configuration, with defaults and meaning. The file that `init` writes is made from this table.

/// One key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    /// `section.key`.
    pub path: &'static str,
    /// The default, as TOML.
    pub default: &'static str,
    /// What it means, in few words.
    pub about: &'static str,
}

const fn key(path: &'static str, default: &'static str, about: &'static str) -> Key {
    Key { path, default, about }
}

/// In the order of the file.
pub(super) const KEYS: &[Key] = &[
    key("store.url", r#""sqlite:ringfence.db""#, "or postgres://user:password@host/database"),
    key("phones.https", r#""0.0.0.0:8443""#, "where phones fetch; port 0 takes a free one"),
    key("phones.http", r#""""#, "the same without TLS; empty is off"),
    key("phones.public_url", r#""https://phones.example.com:8443""#, "how phones reach this server from outside; it stands in their files"),
    key("phones.http_public_url", r#""""#, "the same without TLS"),
    key("phones.trusted_proxies", "[]", "proxies in front of this server whose X-Forwarded-For counts, such as [\"192.0.2.10\"]"),
    key("tls.phones_cert", r#""""#, "PEM, chain included; empty: a certificate of our own making under tls/, its authority in tls/ca.pem"),
    key("tls.phones_key", r#""""#, "PEM"),
    key("tls.portal_cert", r#""""#, "the same for the portal"),
    key("tls.portal_key", r#""""#, "PEM"),
    key(
        "tls.manufacturers",
        "{}",
        "makers whose certificates in phones count, and a PEM file of each one's authorities: { yealink=\"yealink-ca.pem\" }",
    ),
    key("tls.trunks", r#""""#, "PEM of the authorities that vouch for trunks over TLS; empty: the system's"),
    key("tls.mail", r#""""#, "the same for the mail server"),
    key("sip.udp", r#""0.0.0.0:5060""#, "one address or several with commas between them; empty is off"),
    key("sip.tcp", r#""0.0.0.0:5060""#, "the same"),
    key("sip.tls", r#""0.0.0.0:5061""#, "the same, with the phones' certificate"),
    key("sip.public_host", r#""phones.example.com""#, "the host that restricted phones register with"),
    key("sip.media_address", r#""""#, "where phones send their voice, behind a NAT the outer address; empty: the one that is listened on"),
    key("sip.rtp", r#""16384-32767""#, "media ports"),
    key("sip.service_number", r#""*89""#, "what people dial to key in their PIN"),
    key("sip.restricted_transport", r#""udp""#, "udp, tcp or tls"),
    key("sip.resync_proxy", r#""""#, "host:port through which live phones are told to fetch"),
    key("portal.listen", r#""0.0.0.0:8444""#, "health, metrics, API; empty is off"),
    key("portal.tls", "true", "false only behind a proxy that speaks TLS"),
    key("portal.public_url", r#""https://phones.example.com:8444""#, "how people reach it"),
    key("emergency.countries", r#"{ DE = ["112", "110"], US = ["911"] }"#, "emergency numbers by country"),
    key("emergency.default_country", r#""DE""#, "for sites that name none"),
    key("emergency.caller_number", r#""""#, "E.164; what emergency calls show that no site's number fits; empty: none"),
    key(
        "webhooks.allow_private",
        "false",
        "true: webhooks may lead to private addresses, and without TLS; for receivers beside this server",
    ),
    key("redirect.ca", r#""""#, "PEM of authorities that vouch for redirect services, besides the system's"),
    key(
        "redirect.services",
        "{}",
        "addresses that stand in for redirect services' own, such as { yealink-ymcs=\"https://proxy.example.com/ymcs\" }",
    ),
    key("mail.smtp", r#""""#, "smtps://user:password@host:port; empty is off"),
    key("mail.from", r#""""#, "the sender's address"),
];

/// The environment variable of a key.
pub(super) fn variable(path: &str) -> String {
    format!("RINGFENCE_{}", path.replace('.', "_").to_uppercase())
}

/// The sections, in the order of the file.
pub(super) fn sections() -> Vec<&'static str> {
    let mut sections: Vec<&str> = KEYS.iter().filter_map(|key| key.path.split('.').next()).collect();
    sections.dedup();
    sections
}
