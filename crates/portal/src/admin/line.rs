//! One telephone line as it is written on the command line: `user=2001,password=…,server=sip.example.com,name=Front\, desk`.

use domain::Secret;
use domain::settings::{Line, Transport};

use super::Error;

/// Reads a line. A backslash takes the next character as it is, so that a value can hold a comma.
pub fn parse(text: &str) -> Result<Line, Error> {
    let mut line = empty();
    let mut seen: Vec<String> = Vec::new();
    for field in split(text)? {
        let (key, value) = field.split_once('=').ok_or_else(|| wrong("write FIELD=VALUE, separated by commas"))?;
        let key = key.trim();
        if seen.iter().any(|before| before == key) {
            return Err(wrong(&format!("{key} stands twice")));
        }
        seen.push(key.to_owned());
        set(&mut line, key, value)?;
    }
    check(&line)?;
    Ok(line)
}

/// A line of which nothing is known yet.
pub fn empty() -> Line {
    Line {
        user: String::new(),
        auth_user: None,
        password: Secret::from(""),
        server: String::new(),
        port: None,
        transport: Transport::Udp,
        outbound_proxy: None,
        extension: None,
        name: None,
        settings: std::collections::BTreeMap::new(),
    }
}

/// Sets one field. Field names are those of the command line and of the import file's columns.
pub fn set(line: &mut Line, key: &str, value: &str) -> Result<(), Error> {
    let optional = || (!value.is_empty()).then(|| value.to_owned());
    match key {
        "user" => value.clone_into(&mut line.user),
        "password" => line.password = Secret::from(value),
        "server" => match value.rsplit_once(':').filter(|(host, _)| !host.contains(':')) {
            Some((host, port)) => {
                host.clone_into(&mut line.server);
                line.port = Some(read_port(port)?);
            }
            None => value.clone_into(&mut line.server),
        },
        "auth_user" => line.auth_user = optional(),
        "extension" => line.extension = optional(),
        "name" => line.name = optional(),
        "outbound_proxy" => line.outbound_proxy = optional(),
        "port" => line.port = Some(read_port(value)?),
        "transport" => {
            line.transport = match value {
                "udp" => Transport::Udp,
                "tcp" => Transport::Tcp,
                "tls" => Transport::Tls,
                _ => return Err(wrong("transport is udp, tcp or tls")),
            };
        }
        _ => {
            let known = "user, password, server, extension, name, auth_user, port, transport, outbound_proxy";
            return Err(wrong(&format!("no field {key:?}; there are {known}")));
        }
    }
    Ok(())
}

/// Refuses what no phone's file can carry.
pub fn check(line: &Line) -> Result<(), Error> {
    line.check().map_err(|error| Error::invalid("line", error))
}

fn read_port(text: &str) -> Result<u16, Error> {
    text.parse().ok().filter(|port| *port != 0).ok_or_else(|| wrong("port is a number from 1 to 65535"))
}

pub(super) fn split(text: &str) -> Result<Vec<String>, Error> {
    let (mut fields, mut field, mut characters) = (Vec::new(), String::new(), text.chars());
    while let Some(c) = characters.next() {
        match c {
            '\\' => field.push(characters.next().ok_or_else(|| wrong("a backslash at the end escapes nothing"))?),
            ',' => fields.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    fields.push(field);
    Ok(fields)
}

fn wrong(problem: &str) -> Error {
    Error::invalid("line", format!("line: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_with_escapes() {
        let line = parse(r"user=2001,password=a\,b\\c=d,server=sip.example.com:5070,extension=2001,name=Front\, desk").unwrap();
        assert_eq!((line.user.as_str(), line.password.expose().as_str()), ("2001", r"a,b\c=d"));
        assert_eq!((line.server.as_str(), line.port), ("sip.example.com", Some(5070)));
        assert_eq!(line.name.as_deref(), Some("Front, desk"));
        assert_eq!(line.extension.as_deref(), Some("2001"));
    }

    #[test]
    fn an_address_is_no_port() {
        assert_eq!(parse("user=1,password=x,server=2001:db8::1").unwrap().port, None);
    }

    #[test]
    fn a_wrong_line_says_what_is_wrong_without_the_password() {
        let cases = [
            ("", "FIELD=VALUE"),
            ("user=2001", "password"),
            ("user=2001,password=hunter2", "server"),
            ("user=1,user=2,password=hunter2,server=x", "twice"),
            ("user=1,pasword=hunter2,server=x", "no field"),
            ("user=1,password=hunter2,server=x:0", "port"),
            ("user=1,password=hunter2,server=sip example com", "field server: has a blank"),
            ("user=1,password=hunter2,server=x,outbound_proxy= proxy.example.com", "field outbound_proxy: has a blank"),
            ("user=1,password=hunter2,server=x,transport=smoke", "transport"),
            ("user=1,password=hunter2,server=x\\", "backslash"),
            ("user=1,password=hunter2,server=x,name=a\nb", "line break"),
        ];
        for (text, part) in cases {
            let message = parse(text).unwrap_err().to_string();
            assert!(message.contains(part), "{text:?}: {message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}
