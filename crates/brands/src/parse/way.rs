//! Addresses and names as files write them.

use crate::manifest::UrlForm;

/// Where a phone comes back, taken out of one text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Way {
    pub url: Option<String>,
    pub user: Option<String>,
    pub password: Option<String>,
}

/// Reads the address of the provisioning server; none if it is of another form.
pub(super) fn read(text: &str, form: UrlForm, scheme: Option<&str>) -> Option<Way> {
    match form {
        UrlForm::Folder => Some(with_login(text)),
        UrlForm::File => Some(folder(with_login(text))),
        UrlForm::HostPath => {
            let text = if text.contains("://") { text.to_owned() } else { format!("{}://{text}", scheme?) };
            let way = with_login(&text);
            Some(Way { url: way.url.map(|url| if url.ends_with('/') { url } else { format!("{url}/") }), ..way })
        }
        UrlForm::Rule => rule(text),
    }
}

/// Takes `user:password@` out of an address.
fn with_login(text: &str) -> Way {
    let login = text.split_once("://").and_then(|(scheme, rest)| {
        let authority = rest.find('/').map_or(rest, |end| &rest[..end]);
        let (login, _) = authority.rsplit_once('@')?;
        let (user, password) = login.split_once(':')?;
        Some((format!("{scheme}://{}", &rest[login.len() + 1..]), decoded(user), decoded(password)))
    });
    match login {
        Some((url, user, password)) => Way { url: Some(url), user: Some(user), password: Some(password) },
        None => Way { url: Some(text.to_owned()), ..Way::default() },
    }
}

/// Takes `%40` and the like back; what is none of these stays.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail.get(..2).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        if let Some(code) = code.filter(|_| *first == b'%') {
            bytes.push(code);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// The folder of the file that an address names.
fn folder(way: Way) -> Way {
    let url = way.url.map(|url| {
        let path = url.split('?').next().unwrap_or_default();
        let authority = path.find("://").map_or(0, |at| at + 3);
        match path[authority..].rfind('/') {
            Some(end) => path[..=authority + end].to_owned(),
            None => format!("{path}/"),
        }
    });
    Way { url, ..way }
}

/// `[--uid USER --pwd PASSWORD --key KEY] ADDRESS`, options in any order, arguments quoted at will.
fn rule(text: &str) -> Option<Way> {
    let text = text.trim();
    let (options, address) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", text),
    };
    let mut way = folder(with_login(address.trim()));
    let mut words = options.split_whitespace();
    while let Some(option) = words.next() {
        let argument = words.next()?.trim_matches('"').to_owned();
        match option {
            "--uid" => way.user = Some(argument),
            "--pwd" => way.password = Some(argument),
            _ => {}
        }
    }
    Some(way)
}

/// `host:port`, `[v6]:port`, or a host alone.
pub(super) fn split_port(server: &str) -> (Option<String>, Option<u16>) {
    let parted = server.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']'));
    match parted.and_then(|(host, port)| Some((host, port.parse().ok()?))) {
        Some((host, port)) => (Some(host.to_owned()), Some(port)),
        None => (Some(server.to_owned()), None),
    }
}

/// A slot's name for a parameter: see `ReadRules`. None where the words are fewer than the slots, or what the name leads over is not there.
pub(super) fn of_slot<'p>(name: &str, slot: u16, value_of: impl Fn(&str) -> Option<&'p str>) -> Option<String> {
    let mut named = name.replace("{n}", &slot.to_string()).replace("{n0}", &(slot - 1).to_string());
    named = named.replace("{n05}", &format!("{slot:05}"));
    while let Some((before, rest)) = named.split_once("{n|") {
        let (words, after) = rest.split_once('}')?;
        let word = words.split(',').nth(usize::from(slot) - 1)?;
        named = format!("{before}{word}{after}");
    }
    if let Some((before, rest)) = named.split_once("{=") {
        let (parameter, after) = rest.split_once('}')?;
        named = format!("{before}{}{after}", value_of(parameter)?);
    }
    Some(named)
}

/// A number as files write it: decimal, or `0x` and hexadecimal digits.
pub(super) fn number(text: &str) -> Option<u32> {
    text.strip_prefix("0x").map_or_else(|| text.parse().ok(), |digits| u32::from_str_radix(digits, 16).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_every_form() {
        let check = |text: &str, form, expected: (Option<&str>, Option<&str>, Option<&str>)| {
            let way = read(text, form, Some("https")).unwrap_or_default();
            assert_eq!((way.url.as_deref(), way.user.as_deref(), way.password.as_deref()), expected, "{text}");
        };
        check("https://h/cfg/", UrlForm::Folder, (Some("https://h/cfg/"), None, None));
        check("https://u:p@h:8443/cfg/", UrlForm::Folder, (Some("https://h:8443/cfg/"), Some("u"), Some("p")));
        check("https://u:p@h/cfg/d/x/Config{MAC}.cfg", UrlForm::File, (Some("https://h/cfg/d/x/"), Some("u"), Some("p")));
        check("https://u%40x:p%2f%3A%zz@h/", UrlForm::Folder, (Some("https://h/"), Some("u@x"), Some("p/:%zz")));
        check("https://h", UrlForm::File, (Some("https://h/"), None, None));
        check("h:8443/cfg/d/x", UrlForm::HostPath, (Some("https://h:8443/cfg/d/x/"), None, None));
        check("[--uid u --pwd p --key k]https://h/cfg/$MA.xml", UrlForm::Rule, (Some("https://h/cfg/"), Some("u"), Some("p")));
        check("[--key \"k\"] https://h/cfg/$MA.xml", UrlForm::Rule, (Some("https://h/cfg/"), None, None));
        check("https://h/cfg/$MA.xml", UrlForm::Rule, (Some("https://h/cfg/"), None, None));
        check("[--uid u", UrlForm::Rule, (None, None, None));
        assert_eq!(read("h/cfg", UrlForm::HostPath, None), None);
    }

    #[test]
    fn a_port_stands_behind_its_server() {
        let host = |text: &str| Some(text.to_owned());
        assert_eq!(split_port("pbx.example.com:5061"), (host("pbx.example.com"), Some(5061)));
        assert_eq!(split_port("[2001:db8::1]:5061"), (host("[2001:db8::1]"), Some(5061)));
        assert_eq!(split_port("2001:db8::1"), (host("2001:db8::1"), None));
        assert_eq!(split_port("pbx.example.com"), (host("pbx.example.com"), None));
    }

    #[test]
    fn slots_have_names_of_their_own() {
        let named = |name, slot| of_slot(name, slot, |parameter| (parameter == "SipAccount.00012.ProviderId").then_some("3"));
        assert_eq!(named("reg.{n}.address", 3).as_deref(), Some("reg.3.address"));
        assert_eq!(named("SIP.Account.{n0}.Username", 1).as_deref(), Some("SIP.Account.0.Username"));
        assert_eq!(named("SipAccount.{n05}.UserName", 12).as_deref(), Some("SipAccount.00012.UserName"));
        assert_eq!(named("P{n|35,404,504}", 2).as_deref(), Some("P404"));
        assert_eq!(named("P{n|35,404,504}", 4), None);
        assert_eq!(named("SipProvider.{=SipAccount.{n05}.ProviderId}.Domain", 12).as_deref(), Some("SipProvider.3.Domain"));
        assert_eq!(named("SipProvider.{=SipAccount.{n05}.ProviderId}.Domain", 13), None);
    }

    #[test]
    fn numbers_are_read_in_both_systems() {
        assert_eq!([number("5060"), number("0x13c4"), number("0x"), number("x")], [Some(5060), Some(5060), None, None]);
    }
}
