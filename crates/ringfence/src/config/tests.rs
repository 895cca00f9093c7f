//! Each key, each mistake.

use super::*;

fn read(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::read(Path::new("/data/ringfence.toml"), text, environment)
}

/// What is wrong with a text, one line each.
fn complaints(text: &str, environment: &[(&str, &str)]) -> String {
    read(text, environment).unwrap_err().to_string()
}

#[test]
fn an_empty_file_means_the_defaults() {
    let config = read("", &[]).unwrap();
    assert_eq!(config.store_url.expose(), "sqlite:ringfence.db");
    assert_eq!(config.phones.https, Some("0.0.0.0:8443".parse().unwrap()));
    assert_eq!(config.phones.http, None);
    assert_eq!(config.phones.public_url.to_string(), "https://phones.example.com:8443");
    assert_eq!(config.sip.rtp, RtpPorts { from: 16384, to: 32767 });
    assert_eq!((config.sip.udp.len(), config.sip.media_address.len()), (1, 0));
    assert_eq!(config.emergency.countries["DE"], ["112", "110"]);
    assert_eq!(config.data, Path::new("/data"));
    assert!(config.tls.phones.is_none());
}

#[test]
fn a_new_file_reads_as_the_defaults_do() {
    let text = Config::new_text(Path::new("/data/ringfence.toml"), Vec::new()).unwrap();
    assert_eq!(format!("{:?}", read(&text, &[]).unwrap()), format!("{:?}", read("", &[]).unwrap()));
    assert_eq!(text.matches(" = ").count(), keys::KEYS.len() + 2, "each key once, and the two countries");
}

#[test]
fn a_new_file_keeps_what_the_environment_said() {
    let environment = [("RINGFENCE_PHONES_HTTPS", "127.0.0.1:0"), ("RINGFENCE_PORTAL_TLS", "false")];
    let pairs = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let text = Config::new_text(Path::new("/data/ringfence.toml"), pairs).unwrap();
    let config = read(&text, &[]).unwrap();
    assert_eq!(config.phones.https, Some("127.0.0.1:0".parse().unwrap()));
    assert!(!config.portal.tls);
}

#[test]
fn the_environment_wins() {
    let text = "[phones]\nhttps = \"0.0.0.0:1\"\n";
    let environment = [
        ("RINGFENCE_PHONES_HTTPS", "[::1]:18443"),
        ("RINGFENCE_PHONES_TRUSTED_PROXIES", "[\"192.0.2.10\", \"2001:db8::/64\"]"),
        ("RINGFENCE_EMERGENCY_COUNTRIES", "{ FR = [\"15\"] }"),
        ("RINGFENCE_EMERGENCY_DEFAULT_COUNTRY", "FR"),
        ("RINGFENCE_LOG", "debug"),
        ("PATH", "x"),
    ];
    let config = read(text, &environment).unwrap();
    assert_eq!(config.phones.https, Some("[::1]:18443".parse().unwrap()));
    assert_eq!(config.phones.trusted_proxies.len(), 2);
    assert_eq!(config.emergency.countries["FR"], ["15"]);
}

#[test]
fn makers_are_named_with_their_authorities() {
    let text = "[tls]\nmanufacturers = { yealink = \"yealink-ca.pem\", snom = \"/etc/snom.pem\" }\n";
    let by_environment = [("RINGFENCE_TLS_MANUFACTURERS", "{ yealink = \"yealink-ca.pem\", snom = \"/etc/snom.pem\" }")];
    for config in [read(text, &[]).unwrap(), read("", &by_environment).unwrap()] {
        let makers: Vec<_> = config.tls.manufacturers.iter().map(|(name, file)| (name.as_str(), file.as_path())).collect();
        assert_eq!(makers, [("snom", Path::new("/etc/snom.pem")), ("yealink", Path::new("/data/yealink-ca.pem"))]);
    }
    assert!(read("", &[]).unwrap().tls.manufacturers.is_empty());
    assert!(complaints("", &[("RINGFENCE_TLS_MANUFACTURERS", "yealink-ca.pem")]).contains("makers' names"));
    let many: Vec<String> = (0..65).map(|number| format!("m{number} = \"ca.pem\"")).collect();
    assert!(complaints(&format!("[tls]\nmanufacturers = {{ {} }}\n", many.join(", ")), &[]).contains("at most 64"));
}

#[test]
fn a_list_in_the_environment_is_written_either_way() {
    for text in ["192.0.2.10, 2001:db8::/64", "[\"192.0.2.10\", \"2001:db8::/64\"]"] {
        let config = read("", &[("RINGFENCE_PHONES_TRUSTED_PROXIES", text)]).unwrap();
        assert_eq!(config.phones.trusted_proxies.len(), 2, "{text}");
    }
    assert!(read("", &[("RINGFENCE_PHONES_TRUSTED_PROXIES", "")]).unwrap().phones.trusted_proxies.is_empty());
    assert!(complaints("", &[("RINGFENCE_PHONES_TRUSTED_PROXIES", "proxy")]).contains("a list of addresses"));
}

#[test]
fn all_errors_come_at_once() {
    let text = r#"
        [phones]
        https = "8443"
        htps = "0.0.0.0:1"
        public_url = "phones.example.com"
        [tls]
        phones_cert = "cert.pem"
        [sip]
        rtp = "9-8"
        [colour]
        wall = "red"
        [mail]
        from = 7
    "#;
    let environment = [("RINGFENCE_PORTAL_TLS", "maybe"), ("RINGFENCE_PORTAL_LISTN", "x")];
    insta::assert_snapshot!(complaints(text, &environment));
}

/// Each line: a key and a value that it must refuse.
#[test]
fn each_kind_refuses_what_it_cannot_be() {
    let cases = [
        ("store.url", "\"mysql://x\""),
        ("store.url", "\"sqlite:\""),
        ("phones.https", "8443"),
        ("phones.https", "\"localhost\""),
        ("phones.http", "\"0.0.0.0\""),
        ("phones.public_url", "\"https://\""),
        ("phones.public_url", "\"https://a b\""),
        ("phones.public_url", "\"https://phones.example.com/path\""),
        ("phones.public_url", "\"http://phones.example.com\""),
        ("phones.public_url", "\"https://phones.example.com:0\""),
        ("phones.http_public_url", "\"https://phones.example.com\""),
        ("phones.trusted_proxies", "\"192.0.2.1\""),
        ("phones.trusted_proxies", "[\"proxy\"]"),
        ("tls.portal_key", "\"key.pem\""),
        ("tls.manufacturers", "\"yealink-ca.pem\""),
        ("tls.manufacturers", "{ yealink = 7 }"),
        ("tls.manufacturers", "{ yealink = \"\" }"),
        ("tls.manufacturers", "{ \"Y l\" = \"ca.pem\" }"),
        ("sip.udp", "true"),
        ("sip.udp", "\"192.0.2.1\""),
        ("sip.tls", "\"192.0.2.1:5061,\""),
        ("sip.media_address", "\"0.0.0.0\""),
        ("sip.media_address", "\"192.0.2.1, 192.0.2.2\""),
        ("sip.public_host", "\"\""),
        ("sip.rtp", "\"80-90\""),
        ("sip.rtp", "\"16384-16385\""),
        ("sip.service_number", "\"help\""),
        ("sip.restricted_transport", "\"sctp\""),
        ("sip.resync_proxy", "\"a:b\""),
        ("portal.tls", "\"yes\""),
        ("portal.public_url", "\"ftp://x\""),
        ("emergency.countries", "{ de = [\"112\"] }"),
        ("emergency.countries", "{ DE = [\"one\"] }"),
        ("emergency.default_country", "\"FR\""),
        ("mail.smtp", "\"mail.example.com\""),
        ("mail.from", "\"nobody\""),
    ];
    for (path, value) in cases {
        let (section, key) = path.split_once('.').unwrap();
        let complaint = complaints(&format!("[{section}]\n{key} = {value}\n"), &[]);
        assert!(complaint.starts_with("/data/ringfence.toml: "), "{path} {value}: {complaint}");
        assert!(complaint.contains(section), "{path} {value}: {complaint}");
    }
}

#[test]
fn no_door_for_phones_is_an_error() {
    assert!(complaints("[phones]\nhttps = \"\"\n", &[]).contains("phones need a door"));
}

#[test]
fn a_file_that_is_no_toml_names_the_line() {
    assert!(
        complaints("[phones]\nhttps = \"\"\nhttp 8080\n", &[]).contains("ringfence.toml: line 3 is not TOML"),
        "{}",
        complaints("[phones]\nhttps = \"\"\nhttp 8080\n", &[])
    );
}

#[test]
fn a_missing_file_says_what_to_do() {
    let error = Config::load(Path::new("/nonexistent/ringfence.toml"), Vec::new()).unwrap_err();
    assert!(error.to_string().contains("ringfence init"), "{error}");
}

#[test]
fn passwords_do_not_show() {
    let config = read("[store]\nurl = \"postgres://ringfence:hunter2@db.example.com/ringfence\"\n", &[]).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}
