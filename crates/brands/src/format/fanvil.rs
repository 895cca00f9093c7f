//! The three syntaxes of Fanvil's phones.
//!
//! Their parameters belong to modules, so a line does not name its parameter: templates say it with `is(name)`. Text and old XML have the
//! same words, joined by blanks in the one and by `_` in the other, and share the names `MODULE/Name`; an entry of a list begins with its
//! ID, as in `SIP/SIP1_Phone_Number`. New XML has paths, such as `sip/line!1/PhoneNumber`.

use std::borrow::Cow;
use std::fmt::Write as _;

use roxmltree::Node;

use super::xml;
use super::{Syntax, Taken};
use crate::error::ParseError;
use crate::limits::PARSE_LINES_MAX;

/// What every text file begins with; its version follows.
const TEXT_HEADER: &str = "<<VOIP CONFIG FILE>>Version:";
/// What ends a text file.
const TEXT_END: &str = "<<END OF FILE>>";
/// In text files, names are filled up with blanks to this width.
const NAME_WIDTH: usize = 19;
/// Lists of old XML: module, how the IDs of entries begin, the list's element.
const LISTS: [(&str, &str, &str); 4] =
    [("SIP", "SIP", "SIP_Line_List"), ("MMI", "Account", "MMI_Account"), ("PHONE", "Fkey", "Function_Key"), ("TELE", "P", "Port_Config")];

/// `Name :value` lines in modules.
pub(super) struct Text;

impl Syntax for Text {
    fn check(&self, _value: &str) -> Result<(), &'static str> {
        Ok(())
    }

    fn parameter<'l>(&self, _line: &'l str) -> Option<Cow<'l, str>> {
        None
    }

    fn is_parameter(&self, name: &str) -> bool {
        is_module_name(name)
    }

    fn around(&self, parameter: &str) -> (String, String) {
        let (module, name) = parameter.split_once('/').unwrap_or(("SIP", parameter));
        let (module, name) = (module.replace('_', " "), name.replace('_', " "));
        (format!("<{module} CONFIG MODULE>\n{name:<NAME_WIDTH$}:"), String::new())
    }

    fn fits(&self, text: &str) -> bool {
        text.starts_with(TEXT_HEADER)
    }

    fn read(&self, text: &str, _include: Option<&str>) -> Result<Taken, ParseError> {
        let mut taken = Taken::default();
        let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).zip(1..);
        if !lines.next().is_some_and(|(first, _)| first.starts_with(TEXT_HEADER)) {
            return Err(ParseError { line: 1, what: "the first line is not <<VOIP CONFIG FILE>> with a version" });
        }
        let mut module = String::new();
        for (line, number) in lines {
            if number > PARSE_LINES_MAX {
                return Err(ParseError { line: number, what: "the file has more than 16384 lines" });
            }
            let line = line.trim();
            if line == TEXT_END {
                return Ok(taken);
            }
            if let Some(title) = line.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).filter(|title| title.ends_with(" MODULE")) {
                let name = title.trim_end_matches(" MODULE").trim_end_matches(" CONFIG").trim_end_matches(" CFG");
                module = name.trim().replace(' ', "_");
                continue;
            }
            // `--SIP Line List--  :` opens a list; its entries have their ID in their names.
            if line.is_empty() || line.starts_with("--") {
                continue;
            }
            let (name, value) = line.split_once(':').ok_or(ParseError { line: number, what: "neither Name :value nor a module" })?;
            if module.is_empty() {
                return Err(ParseError { line: number, what: "a parameter before the first module" });
            }
            taken.parameters.push((format!("{module}/{}", name.trim().replace(' ', "_")), value.trim().to_owned()));
        }
        Err(ParseError { line: text.lines().count(), what: "the last line is not <<END OF FILE>>" })
    }
}

/// The two generations of XML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Xml {
    /// Modules as in text, under `VOIP_CONFIG_FILE`.
    Old,
    /// Nested sections under `sysConf`.
    New,
}

impl Syntax for Xml {
    fn check(&self, value: &str) -> Result<(), &'static str> {
        xml::check(value)
    }

    fn write(&self, value: &str, out: &mut Vec<u8>) {
        xml::write(value, out);
    }

    fn parameter<'l>(&self, _line: &'l str) -> Option<Cow<'l, str>> {
        None
    }

    fn is_parameter(&self, name: &str) -> bool {
        match self {
            Self::Old => is_module_name(name),
            Self::New => name.contains('/') && name.split('/').all(is_step),
        }
    }

    fn around(&self, parameter: &str) -> (String, String) {
        match self {
            Self::Old => around_old(parameter),
            Self::New => around_new(parameter),
        }
    }

    fn fits(&self, text: &str) -> bool {
        text.contains(match self {
            Self::Old => "<VOIP_CONFIG_FILE>",
            Self::New => "<sysConf>",
        })
    }

    fn read(&self, text: &str, _include: Option<&str>) -> Result<Taken, ParseError> {
        // Some servers end the file as a text file ends; the phones do not mind.
        let document = xml::document(text.trim_end().strip_suffix(TEXT_END).unwrap_or(text))?;
        let mut taken = Taken::default();
        let leaves = document.descendants().filter(|node| node.is_element() && !node.children().any(|child| child.is_element()));
        for node in leaves {
            let name = match self {
                Self::Old => old_name(node),
                Self::New => new_name(node),
            };
            taken.parameters.extend(name.map(|name| (name, node.text().unwrap_or_default().trim().to_owned())));
        }
        Ok(taken)
    }
}

/// `MODULE/Name`, or `MODULE/ID_Name` in a list; none for an ID, and for what stands outside modules.
fn old_name(node: Node<'_, '_>) -> Option<String> {
    let module = node.ancestors().find_map(|above| above.tag_name().name().strip_suffix("_MODULE"))?;
    let module = module.trim_end_matches("_CONFIG").trim_end_matches("_CFG");
    let name = node.tag_name().name();
    let id = node.parent()?.children().find(|child| child.tag_name().name() == "ID");
    match id.and_then(|id| id.text()) {
        Some(_) if name == "ID" => None,
        Some(id) => Some(format!("{module}/{}_{name}", id.trim())),
        None => Some(format!("{module}/{name}")),
    }
}

/// The path below the root, with the index of what has one.
fn new_name(node: Node<'_, '_>) -> Option<String> {
    let mut path: Vec<_> = node.ancestors().filter(Node::is_element).collect();
    path.pop();
    let mut name = String::new();
    for step in path.iter().rev() {
        let separator = if name.is_empty() { "" } else { "/" };
        write!(name, "{separator}{}", step.tag_name().name()).expect("a string takes everything");
        if let Some(index) = step.attribute("index") {
            write!(name, "!{index}").expect("a string takes everything");
        }
    }
    (path.len() > 1).then_some(name)
}

fn around_old(parameter: &str) -> (String, String) {
    let (module, name) = parameter.split_once('/').unwrap_or(("SIP", parameter));
    let (mut open, mut close) = (format!("<{module}_CONFIG_MODULE>"), format!("</{module}_CONFIG_MODULE>"));
    let entry = name.split_once('_').and_then(|(id, rest)| {
        let number = id.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let begins = id.strip_suffix(number).filter(|_| !number.is_empty())?;
        let list = LISTS.iter().find(|(of, prefix, _)| *of == module && *prefix == begins)?.2;
        Some((id, list, rest))
    });
    let name = match entry {
        None => name,
        Some((id, list, rest)) => {
            open = format!("{open}<{list}><{list}_Entry><ID>{id}</ID>");
            close = format!("</{list}_Entry></{list}>{close}");
            rest
        }
    };
    (format!("{open}<{name}>"), format!("</{name}>{close}"))
}

fn around_new(parameter: &str) -> (String, String) {
    let (mut open, mut close) = (String::new(), String::new());
    for step in parameter.split('/') {
        let (name, index) = step.split_once('!').map_or((step, None), |(name, index)| (name, Some(index)));
        let index = index.map_or_else(String::new, |index| format!(" index=\"{index}\""));
        write!(open, "<{name}{index}>").expect("a string takes everything");
        close.insert_str(0, &format!("</{name}>"));
    }
    (open, close)
}

/// `MODULE/Name`.
fn is_module_name(name: &str) -> bool {
    name.split_once('/').is_some_and(|(module, name)| xml::is_name(module) && xml::is_name(name))
}

/// One step of a path.
fn is_step(step: &str) -> bool {
    let (name, index) = step.split_once('!').unwrap_or((step, "1"));
    xml::is_name(name) && (1..=3).contains(&index.len()) && index.bytes().all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::format::Format;

    const NAMES: [(Format, &str); 3] = [
        (Format::FanvilText, "SIP/SIP12_Phone_Number"),
        (Format::FanvilOldXml, "SIP/SIP12_Phone_Number"),
        (Format::FanvilXml, "sip/line!12/PhoneNumber"),
    ];

    /// A file that holds one raw parameter.
    fn file(format: Format, parameter: &str, value: &str) -> String {
        let (open, close) = format.syntax().around(parameter);
        let mut written = Vec::new();
        format.syntax().write(value, &mut written);
        let line = format!("{open}{}{close}", String::from_utf8(written).unwrap());
        match format {
            Format::FanvilText => format!("{TEXT_HEADER}2.0002\n{line}\n{TEXT_END}\n"),
            Format::FanvilOldXml => format!("<VOIP_CONFIG_FILE>\n<version>2.0002</version>\n{line}\n</VOIP_CONFIG_FILE>\n"),
            _ => format!("<sysConf>\n<Version>2.0000000000</Version>\n{line}\n</sysConf>\n"),
        }
    }

    proptest! {
        #[test]
        fn a_value_reads_back_and_adds_nothing(value in "[ -~\\u{a0}-\\u{2027}]{0,40}|[<>&\"'/=!:\\[\\]-]{0,20}|<<END OF FILE>>|<SIP CONFIG MODULE>|--") {
            let value = value.trim();
            prop_assume!(Format::FanvilXml.check(value).is_ok());
            for (format, name) in NAMES {
                let taken = format.syntax().read(&file(format, name, value), None).unwrap();
                prop_assert_eq!(taken.parameters, [(name.to_owned(), value.to_owned())], "{:?}", format);
            }
        }

        #[test]
        fn no_file_is_too_odd_to_be_read(text in "(\\PC{0,10}|<[a-z]{1,3}( index=\"[^\"<]{0,3}\")?/?>|</[a-z]{1,3}>|<ID>|:|\n|<<VOIP CONFIG FILE>>Version:){0,20}") {
            for (format, _) in NAMES {
                for (name, _) in format.syntax().read(&text, None).map(|taken| taken.parameters).unwrap_or_default() {
                    prop_assert!(!name.is_empty() && !name.contains('\n'), "{format:?} {name:?}");
                }
            }
        }
    }

    #[test]
    fn text_is_taken_apart_by_modules() {
        let text = "<<VOIP CONFIG FILE>>Version:2.0002       \r\n\n<SIP CONFIG MODULE>\r\nSIP  Port          :5060\r\n--SIP Line List--  :\r\n\
                    SIP1 Phone Number  : 200 \r\nSIP1 Proxy Addr    :\r\n\r\n<MCAST CFG MODULE>\r\nPriority :0\r\n<SIP Hotspot MODULE>\nEnable :a:b\n\
                    <<END OF FILE>>\r\nnot read\r\n";
        let taken = Text.read(text, None).unwrap();
        let pairs: Vec<_> = taken.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected = [
            ("SIP/SIP__Port", "5060"),
            ("SIP/SIP1_Phone_Number", "200"),
            ("SIP/SIP1_Proxy_Addr", ""),
            ("MCAST/Priority", "0"),
            ("SIP_Hotspot/Enable", "a:b"),
        ];
        assert_eq!(pairs, expected);
        assert_eq!(Text.around("SIP/Reg_Fail_Interval").0, "<SIP CONFIG MODULE>\nReg Fail Interval  :");
    }

    #[test]
    fn errors_name_the_line() {
        let refused = |text: &str| Text.read(text, None).err().unwrap().to_string();
        assert_eq!(refused("a :1"), "line 1: the first line is not <<VOIP CONFIG FILE>> with a version");
        assert_eq!(refused("<<VOIP CONFIG FILE>>Version:2\na :1\n"), "line 2: a parameter before the first module");
        assert_eq!(refused("<<VOIP CONFIG FILE>>Version:2\n<SIP CONFIG MODULE>\na\n"), "line 3: neither Name :value nor a module");
        assert_eq!(refused("<<VOIP CONFIG FILE>>Version:2\n"), "line 1: the last line is not <<END OF FILE>>");
        let refused = |text: &str| Xml::New.read(text, None).err().unwrap().to_string();
        assert_eq!(refused("<sysConf>\n<a></b>\n</sysConf>"), "line 2: the file is no well-formed XML");
    }

    #[test]
    fn old_xml_has_the_names_of_text_and_new_xml_has_paths() {
        let old = "<VOIP_CONFIG_FILE><version>2.0002</version><SIP_CONFIG_MODULE><SIP__Port>5060</SIP__Port><SIP_Line_List><SIP_Line_List_Entry>\
                   <ID>SIP1</ID><Phone_Number>200</Phone_Number></SIP_Line_List_Entry></SIP_Line_List></SIP_CONFIG_MODULE>\
                   <MCAST_CFG_MODULE><Priority>0</Priority></MCAST_CFG_MODULE></VOIP_CONFIG_FILE>\n<<END OF FILE>>\n";
        let names = |xml: Xml, text: &str| xml.read(text, None).unwrap().parameters.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(Xml::Old, old), ["SIP/SIP__Port", "SIP/SIP1_Phone_Number", "MCAST/Priority"]);
        let new = "<sysConf><Version>2</Version><sip><SIPPort>5060</SIPPort><line index=\"1\"><PhoneNumber>200</PhoneNumber></line></sip></sysConf>";
        assert_eq!(names(Xml::New, new), ["sip/SIPPort", "sip/line!1/PhoneNumber"]);
    }

    #[test]
    fn names_are_names_and_each_syntax_knows_its_files() {
        for name in ["", "SIP", "SIP/", "/a", "SIP/a b", "SIP/a>b", "SIP/a/b", "SIP/1a"] {
            assert!(!Format::FanvilText.syntax().is_parameter(name) && !Format::FanvilOldXml.syntax().is_parameter(name), "{name:?}");
        }
        for name in ["", "sip", "sip/", "sip/line!/a", "sip/line!x/a", "sip/line!1234/a", "sip/a b", "sip/a\""] {
            assert!(!Format::FanvilXml.syntax().is_parameter(name), "{name:?}");
        }
        for (format, name) in NAMES {
            let text = file(format, name, "x");
            assert_eq!(NAMES.map(|(other, _)| other.fits(text.as_bytes())), NAMES.map(|(other, _)| other == format));
        }
    }
}
