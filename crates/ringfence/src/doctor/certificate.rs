//! Are the certificates in date, and good for the names that phones and people use?

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use portal::edge::now;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;

use super::Finding;
use crate::config::Config;
use crate::data::DataDir;

/// A certificate that ends sooner is worth a warning.
const SOON_DAYS: i64 = 14;

/// Looks at the certificates of both doors.
pub fn examine(data: &DataDir, config: &Config) -> Vec<Finding> {
    let phones = config.tls.phones.as_ref().map_or_else(|| self_made(data), |files| vec![files.cert.clone()]);
    let portal = config.tls.portal.as_ref().map_or_else(|| self_made(data), |files| vec![files.cert.clone()]);
    let mut findings: Vec<Finding> = phones.iter().map(|file| one(file, &config.phones.public_url.host, "tls.phones_cert")).collect();
    if config.portal.tls {
        findings.extend(portal.iter().map(|file| one(file, &config.portal.public_url.host, "tls.portal_cert")));
    }
    findings.extend(config.tls.manufacturers.iter().map(|(maker, file)| authorities(maker, file)));
    findings.dedup();
    if findings.is_empty() {
        let what = format!("no certificate in {}", data.tls().display());
        findings.push(Finding::warning("certificate", what, "the server makes one when it starts"));
    }
    findings
}

/// The server certificates of our own making, without their authority.
fn self_made(data: &DataDir) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(data.tls()).into_iter().flatten().flatten();
    let ours =
        |path: &PathBuf| path.extension().is_some_and(|extension| extension == "pem") && path.file_stem().is_some_and(|stem| stem != "ca");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(ours).collect();
    files.sort();
    files
}

fn one(file: &Path, host: &str, key: &str) -> Finding {
    let name = file.display();
    let replace = format!("put a current certificate into {key}, then send SIGHUP");
    let broken = |what: String| Finding::error("certificate", format!("{name}: {what}"), replace.clone());
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => return broken(error.to_string()),
    };
    let Some(Ok(pem)) = Pem::iter_from_buffer(&bytes).find(|pem| pem.as_ref().is_ok_and(|pem| pem.label == "CERTIFICATE")) else {
        return broken("there is no certificate in it".to_owned());
    };
    let Ok(certificate) = pem.parse_x509() else { return broken("its first certificate does not read".to_owned()) };
    let today = now().millis().div_euclid(1000);
    let (from, until) = (certificate.validity().not_before.timestamp(), certificate.validity().not_after.timestamp());
    let days = (until - today).div_euclid(86_400);
    match () {
        () if today < from => broken("it is not valid yet; is this machine's clock right?".to_owned()),
        () if until <= today => broken(format!("it ended {} days ago", -days)),
        () if !names(&certificate, host) => {
            let advice = format!("get one for {host}, or let public_url name what it is good for");
            Finding::error("certificate", format!("{name} is not good for {host}"), advice)
        }
        () if days < SOON_DAYS => Finding::warning("certificate", format!("{name} ends in {days} days"), replace),
        () => Finding::ok("certificate", format!("{name} is good for {host} for {days} days")),
    }
}

/// A maker's authorities, of which at least one must read; the server refuses to start without.
fn authorities(maker: &str, file: &Path) -> Finding {
    let name = file.display();
    let advice = format!("put the authorities of {maker} there as PEM, or take it out of tls.manufacturers");
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => return Finding::error("certificate", format!("{name}: {error}"), advice),
    };
    let reads = |pem: &Pem| pem.label == "CERTIFICATE" && pem.parse_x509().is_ok();
    match Pem::iter_from_buffer(&bytes).filter(|pem| pem.as_ref().is_ok_and(reads)).count() {
        0 => Finding::error("certificate", format!("{name}: there is no certificate in it"), advice),
        count => Finding::ok("certificate", format!("{name} holds {count} authorities of {maker}")),
    }
}

fn names(certificate: &X509Certificate<'_>, host: &str) -> bool {
    let Ok(Some(alternative)) = certificate.subject_alternative_name() else { return false };
    let address: Option<IpAddr> = host.parse().ok();
    alternative.value.general_names.iter().any(|name| match (name, address) {
        (GeneralName::DNSName(pattern), None) => dns_matches(pattern, host),
        (GeneralName::IPAddress(bytes), Some(IpAddr::V4(v4))) => *bytes == v4.octets(),
        (GeneralName::IPAddress(bytes), Some(IpAddr::V6(v6))) => *bytes == v6.octets(),
        _ => false,
    })
}

/// A star stands for one label at the front.
fn dns_matches(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(rest) => host.split_once('.').is_some_and(|(_, parent)| parent.eq_ignore_ascii_case(rest)),
        None => pattern.eq_ignore_ascii_case(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_one_label() {
        assert!(dns_matches("*.example.com", "phones.example.com"));
        assert!(dns_matches("Phones.example.com", "phones.example.com"));
        assert!(!dns_matches("*.example.com", "a.phones.example.com"));
        assert!(!dns_matches("*.example.com", "example.com"));
    }

    #[test]
    fn what_is_no_certificate_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("cert.pem");
        std::fs::write(&file, "nonsense").unwrap();
        assert!(one(&file, "phones.example.com", "tls.phones_cert").message.contains("no certificate"));
        assert_eq!(one(&directory.path().join("absent"), "x", "tls.phones_cert").status, super::super::Status::Error);
    }
}
