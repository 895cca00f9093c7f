//! The XML dialects: what they share is escaping; what tells them apart is where a parameter's name and value stand.
//!
//! Templates write one parameter a line, so that a line's beginning names it.

use std::borrow::Cow;
use std::fmt::Write as _;

use roxmltree::{Document, Node, ParsingOptions};

use super::{Syntax, Taken};
use crate::error::ParseError;
use crate::limits::{PARSE_LINES_MAX, PARSE_NODES_MAX};

/// Where names and values stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `<P271>1</P271>` or `<item name="alias">1</item>`, below `gs_provision`.
    Grandstream,
    /// `<user_name idx="1" perm="">200</user_name>`, read as `user_name!1`; a function key is `fkey!0`, its label `fkey!0@label`.
    Snom,
    /// `<any name="value" …/>`: every attribute of every element is a parameter.
    Attributes,
    /// `<Proxy_1_ ua="na">sip.example.com</Proxy_1_>`, at any depth below `flat-profile`.
    FlatProfile,
    /// `<SIP_PASS perm="!RW">…</SIP_PASS>` at any depth; inside `<Line idx="2">` it is `SIP_PASS_2`, as in Panasonic's text files.
    Panasonic,
    /// `<sip><proxy>…</proxy></sip>` below any root, read as `sip.proxy`; the second `<user>` of `<users>` is `users.user.2`. The template
    /// names a line's parameter.
    Path,
    /// `<param name="…" value="…"/>`; inside of an `<oper>` it is an order's, and no parameter.
    Gigaset,
    /// `<SYMB_ITEM ID="BS_…" value="…"/>` and `<S_… value="…"/>` below `ProviderFrame`; a text's value is `'"text"'`.
    GigasetProfile,
}

/// What every place in the memory of an older Gigaset base begins with.
const MEMORY: &str = "BS_";

/// Whether a place in its memory holds a text: the names say so (wazo-provd-plugins, wazo_gigaset/N510 and N720).
fn is_text(parameter: &str) -> bool {
    let last = parameter.rsplit('.').next().unwrap_or_default();
    last.starts_with("aucS_") || ["Name", "URL", "NetCode"].iter().any(|part| last.contains(part))
}

/// Writes text so that no reader takes it for markup, neither between tags nor in quotes of either kind.
pub(super) fn write(value: &str, out: &mut Vec<u8>) {
    let mut rest = value;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        out.extend_from_slice(match rest.as_bytes()[at] {
            b'&' => b"&amp;".as_slice(),
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            b'"' => b"&quot;",
            // By number: HTML, which some firmware was made for, has no `&apos;`.
            _ => b"&#39;",
        });
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest.as_bytes());
}

/// What XML cannot carry, escaped or not. Control characters are refused before.
pub(super) fn check(value: &str) -> Result<(), &'static str> {
    if value.contains(['\u{fffe}', '\u{ffff}']) { Err("has a character that XML cannot carry") } else { Ok(()) }
}

/// Writes text in letters that every encoding has: a file that says it is ISO-8859-1 is then one.
fn write_ascii(value: &str, out: &mut Vec<u8>) {
    let mut rest = value;
    while let Some(at) = rest.find(|c: char| !c.is_ascii()) {
        write(&rest[..at], out);
        let letter = rest[at..].chars().next().unwrap_or_default();
        out.extend_from_slice(format!("&#{};", u32::from(letter)).as_bytes());
        rest = &rest[at + letter.len_utf8()..];
    }
    write(rest, out);
}

impl Syntax for Dialect {
    fn check(&self, value: &str) -> Result<(), &'static str> {
        // Nothing says how a quotation mark inside of the inner ones is told from their end.
        if *self == Self::GigasetProfile && value.contains('"') {
            return Err("has a quotation mark, which the file cannot carry");
        }
        check(value)
    }

    fn write(&self, value: &str, out: &mut Vec<u8>) {
        if *self == Self::GigasetProfile { write_ascii(value, out) } else { write(value, out) }
    }

    fn parameter<'l>(&self, line: &'l str) -> Option<Cow<'l, str>> {
        let line = line.trim_start();
        match self {
            Self::Attributes => {
                // The element may open on the same line, before its first attribute. The declaration's are no parameters.
                let line = if line.starts_with("<?") { "" } else { line };
                let attribute =
                    line.strip_prefix('<').map_or(line, |open| open.split_once([' ', '\t']).map_or("", |(_, rest)| rest.trim_start()));
                let (name, _) = attribute.split_once("=\"")?;
                is_name(name).then_some(Cow::Borrowed(name))
            }
            Self::Grandstream | Self::FlatProfile | Self::Panasonic => {
                let (name, attributes) = open_tag(line)?;
                let alias = attribute(attributes, "name").filter(|_| name == "item");
                alias.or(Some(name)).filter(|name| *name != "mac").map(Cow::Borrowed)
            }
            Self::Snom => {
                let (name, attributes) = open_tag(line)?;
                Some(attribute(attributes, "idx").map_or(Cow::Borrowed(name), |index| Cow::Owned(format!("{name}!{index}"))))
            }
            Self::Path => None,
            Self::Gigaset => {
                let (name, attributes) = open_tag(line)?;
                attribute(attributes, "name").filter(|_| name == "param").map(Cow::Borrowed)
            }
            Self::GigasetProfile => {
                let (name, attributes) = open_tag(line)?;
                attribute(attributes, "ID")
                    .filter(|_| name == "SYMB_ITEM")
                    .or(Some(name).filter(|name| name.starts_with("S_")))
                    .map(Cow::Borrowed)
            }
        }
    }

    fn is_parameter(&self, name: &str) -> bool {
        match self {
            Self::Snom => {
                let (name, index) = name.split_once('!').unwrap_or((name, "0"));
                is_name(name) && (1..=3).contains(&index.len()) && index.bytes().all(|digit| digit.is_ascii_digit())
            }
            // Each family passes over what is the other's.
            Self::Gigaset => is_name(name) && !name.starts_with(MEMORY),
            Self::GigasetProfile => {
                let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'[' | b']' | b'%'));
                plain && name.len() <= 128 && name.starts_with(MEMORY)
            }
            Self::Grandstream | Self::Attributes | Self::FlatProfile | Self::Panasonic => is_name(name),
            Self::Path => name.split('.').all(|part| is_name(part) && part.len() <= 64) && name.split('.').count() <= 8,
        }
    }

    fn around(&self, parameter: &str) -> (String, String) {
        match self {
            Self::Grandstream if !parameter.starts_with('P') || parameter[1..].contains(|c: char| !c.is_ascii_digit()) => {
                (format!("<item name=\"{parameter}\">"), "</item>".to_owned())
            }
            Self::Grandstream | Self::FlatProfile => (format!("<{parameter}>"), format!("</{parameter}>")),
            Self::Snom => {
                let (name, index) = parameter.split_once('!').map_or((parameter, None), |(name, index)| (name, Some(index)));
                let index = index.map_or_else(String::new, |index| format!(" idx=\"{index}\""));
                (format!("<{name}{index} perm=\"\">"), format!("</{name}>"))
            }
            Self::Panasonic => match parameter.rsplit_once('_').filter(|(_, line)| line.bytes().all(|digit| digit.is_ascii_digit())) {
                Some((name, line)) => (format!("<Lines><Line idx=\"{line}\"><{name} perm=\"!RW\">"), format!("</{name}></Line></Lines>")),
                None => (format!("<{parameter} perm=\"!RW\">"), format!("</{parameter}>")),
            },
            Self::Path => {
                let open = parameter.split('.').map(|part| format!("<{part}>"));
                let close = parameter.rsplit('.').map(|part| format!("</{part}>"));
                (open.collect(), close.collect())
            }
            Self::Attributes => (format!("<raw {parameter}=\""), "\"/>".to_owned()),
            Self::Gigaset => (format!("<param name=\"{parameter}\" value=\""), "\"/>".to_owned()),
            Self::GigasetProfile => {
                let quote = if is_text(parameter) { "\"" } else { "" };
                (format!("<SYMB_ITEM ID=\"{parameter}\" class=\"symb_item\" value='{quote}"), format!("{quote}'/>"))
            }
        }
    }

    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Gigaset => text.contains("<provisioning"),
            Self::GigasetProfile => text.contains("<ProviderFrame"),
            Self::Panasonic => text.trim_start().starts_with('<'),
            _ => true,
        }
    }

    fn first_counts(&self) -> bool {
        *self == Self::Attributes
    }

    fn read(&self, text: &str, include: Option<&str>) -> Result<Taken, ParseError> {
        let document = document(text)?;
        let mut taken = Taken::default();
        for node in document.descendants().filter(Node::is_element) {
            self.take(node, &mut taken.parameters);
        }
        let named = taken.parameters.iter().filter(|(name, _)| include == Some(name.as_str()));
        let named = named.flat_map(|(_, files)| files.split(',').map(str::trim));
        taken.includes = named.filter(|file| !file.is_empty()).map(str::to_owned).collect();
        Ok(taken)
    }
}

/// Parses within the limits; entities of the file's own are refused.
pub(super) fn document(text: &str) -> Result<Document<'_>, ParseError> {
    if text.bytes().filter(|byte| *byte == b'\n').count() >= PARSE_LINES_MAX {
        return Err(ParseError { line: PARSE_LINES_MAX, what: "the file has more than 16384 lines" });
    }
    let options = ParsingOptions { nodes_limit: PARSE_NODES_MAX, ..ParsingOptions::default() };
    Document::parse_with_options(text, options)
        .map_err(|error| ParseError { line: error.pos().row as usize, what: "the file is no well-formed XML" })
}

impl Dialect {
    fn take(self, node: Node<'_, '_>, parameters: &mut Vec<(String, String)>) {
        let (name, text) = (node.tag_name().name(), || node.text().unwrap_or_default());
        let is_leaf = !node.children().any(|child| child.is_element());
        let has_parent = node.parent().is_some_and(|parent| parent.is_element());
        match self {
            Self::Attributes => parameters.extend(node.attributes().map(|one| (one.name().to_owned(), one.value().to_owned()))),
            Self::Grandstream if is_leaf && has_parent && !matches!(name, "mac" | "config") => {
                let key = node.attribute("name").filter(|_| name == "item").unwrap_or(name);
                parameters.push((key.to_owned(), text().to_owned()));
            }
            Self::Panasonic if is_leaf && has_parent && is_upper(name) => {
                let line = node.ancestors().find(|above| above.has_tag_name("Line")).and_then(|line| line.attribute("idx"));
                let key = line.map_or_else(|| name.to_owned(), |line| format!("{name}_{line}"));
                parameters.push((key, text().to_owned()));
            }
            Self::Path if is_leaf && has_parent => parameters.push((path(node), text().to_owned())),
            Self::FlatProfile if is_leaf && has_parent => parameters.push((name.to_owned(), text().trim().to_owned())),
            Self::Snom if is_leaf && has_parent && !matches!(name, "phone-settings" | "functionKeys") => {
                let mut key = name.to_owned();
                if let Some(index) = node.attribute("idx") {
                    write!(key, "!{index}").expect("a string takes everything");
                }
                let labels = node.attributes().filter(|one| name == "fkey" && one.name() == "label");
                parameters.extend(labels.map(|one| (format!("{key}@label"), one.value().to_owned())));
                parameters.push((key, text().to_owned()));
            }
            Self::Gigaset => {
                let is_of_order = node.parent().is_some_and(|parent| parent.has_tag_name("oper"));
                let pair = node.attribute("name").zip(node.attribute("value")).filter(|_| name == "param" && !is_of_order);
                parameters.extend(pair.map(|(key, value)| (key.to_owned(), value.to_owned())));
            }
            Self::GigasetProfile => {
                let key = if name == "SYMB_ITEM" { node.attribute("ID") } else { Some(name).filter(|name| name.starts_with("S_")) };
                let text = |value: &str| value.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(value).to_owned();
                parameters.extend(key.zip(node.attribute("value")).map(|(key, value)| (key.to_owned(), text(value))));
            }
            Self::Grandstream | Self::FlatProfile | Self::Panasonic | Self::Path | Self::Snom => {}
        }
    }
}

/// Name and attributes of the tag that a line opens with; none if it only opens what further lines fill.
fn open_tag(line: &str) -> Option<(&str, &str)> {
    let is_whole = line.ends_with('\n');
    if is_whole && !line.contains("</") && !line.contains("/>") {
        return None;
    }
    let rest = line.strip_prefix('<')?;
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/'))?;
    let (name, attributes) = rest.split_at(end);
    is_name(name).then_some((name, attributes))
}

/// An attribute's value as it stands in the tag, up to the tag's end.
fn attribute<'t>(attributes: &'t str, name: &str) -> Option<&'t str> {
    let tag = attributes.split('>').next()?;
    let (_, after) = tag.split_once(&format!(" {name}=\""))?;
    after.split_once('"').map(|(value, _)| value)
}

/// The names of an element and of those around it, without the root's. One of a list has its number.
fn path(node: Node<'_, '_>) -> String {
    let mut names: Vec<_> = node.ancestors().filter(Node::is_element).collect();
    names.pop();
    let mut path = String::new();
    for element in names.into_iter().rev() {
        let name = element.tag_name().name();
        let of_list = element.parent().is_some_and(|above| above.tag_name().name() == format!("{name}s"));
        let before = element.prev_siblings().skip(1).filter(|other| other.has_tag_name(name)).count();
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(name);
        if of_list {
            write!(path, ".{}", before + 1).expect("a string takes everything");
        }
    }
    path
}

/// Parameters are written in capitals, what holds them is not.
fn is_upper(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

pub(super) fn is_name(name: &str) -> bool {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    plain && name.len() <= 128 && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DIALECTS: [Dialect; 8] = [
        Dialect::Grandstream,
        Dialect::Snom,
        Dialect::Attributes,
        Dialect::FlatProfile,
        Dialect::Panasonic,
        Dialect::Path,
        Dialect::Gigaset,
        Dialect::GigasetProfile,
    ];

    /// A file with two parameters, as a template would write it; the name that each is read under.
    fn file(dialect: Dialect, value: &str) -> (String, [&'static str; 2]) {
        let mut written = Vec::new();
        dialect.write(value, &mut written);
        let value = String::from_utf8(written).unwrap();
        match dialect {
            Dialect::Grandstream => (
                format!(
                    "<gs_provision version=\"1\">\n<config version=\"1\">\n<P35>{value}</P35>\n<item name=\"a.b\">{value}</item>\n</config>\n</gs_provision>\n"
                ),
                ["P35", "a.b"],
            ),
            Dialect::Snom => (
                format!(
                    "<settings>\n<phone-settings e=\"2\">\n<user_name idx=\"1\" perm=\"\">{value}</user_name>\n</phone-settings>\n<functionKeys e=\"2\">\n<fkey idx=\"0\" label=\"{value}\">line</fkey>\n</functionKeys>\n</settings>\n"
                ),
                ["user_name!1", "fkey!0@label"],
            ),
            Dialect::Attributes => {
                (format!("<a>\n<reg\n  reg.1.address=\"{value}\"\n  reg.1.label=\"{value}\"\n/>\n</a>\n"), ["reg.1.address", "reg.1.label"])
            }
            Dialect::FlatProfile => (
                format!(
                    "<flat-profile>\n<User_ID_1_ ua=\"na\">{value}</User_ID_1_>\n<router-configuration>\n<Web_Login>{value}</Web_Login>\n</router-configuration>\n</flat-profile>\n"
                ),
                ["User_ID_1_", "Web_Login"],
            ),
            Dialect::Panasonic => (
                format!(
                    "<PANASIPPhoneConfig>\n<Device>\n<NTP_ADDR perm=\"!RW\">{value}</NTP_ADDR>\n<SIP_PASS perm=\"!RW\">{value}</SIP_PASS>\n</Device>\n</PANASIPPhoneConfig>\n"
                ),
                ["NTP_ADDR", "SIP_PASS"],
            ),
            Dialect::Path => (
                format!(
                    "<config>\n<sip>\n<proxy>{value}</proxy>\n</sip>\n<users>\n<user>\n<name>{value}</name>\n</user>\n</users>\n</config>\n"
                ),
                ["sip.proxy", "users.user.1.name"],
            ),
            Dialect::Gigaset => (
                format!(
                    "<provisioning version=\"1.1\">\n<nvm>\n<param name=\"a.b\" value=\"{value}\"/>\n<oper name=\"add_hs\"><param name=\"d\" value=\"{value}\"/></oper>\n<param name=\"c\" value='{value}'/>\n</nvm>\n</provisioning>\n"
                ),
                ["a.b", "c"],
            ),
            Dialect::GigasetProfile => (
                format!(
                    "<ProviderFrame>\n<Provider>\n<S_CONFIGFILE_URL class=\"string\" value='\"{value}\"'/>\n<SYMB_ITEM ID=\"BS_A.aucS_B[0]\" class=\"symb_item\" value='\"{value}\"'/>\n</Provider>\n</ProviderFrame>\n"
                ),
                ["S_CONFIGFILE_URL", "BS_A.aucS_B[0]"],
            ),
        }
    }

    proptest! {
        #[test]
        fn a_value_reads_back_and_adds_nothing(value in "[ -~\\u{a0}-\\u{2027}]{0,40}|[<>&\"'/=!\\[\\]-]{0,20}|</P35>.{0,10}|]]>|&#10;|<!--") {
            let value = value.trim();
            prop_assume!(crate::format::Format::SnomXml.check(value).is_ok());
            for dialect in DIALECTS.into_iter().filter(|dialect| dialect.check(value).is_ok()) {
                let (plain, names) = file(dialect, "plain");
                let (text, _) = file(dialect, value);
                let taken = dialect.read(&text, None).unwrap();
                let keys = |taken: &Taken| taken.parameters.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
                prop_assert_eq!(keys(&taken), keys(&dialect.read(&plain, None).unwrap()), "{:?}", dialect);
                for name in names {
                    let found = taken.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
                    prop_assert_eq!(found, Some(value), "{:?} {}", dialect, name);
                }
            }
        }

        #[test]
        fn no_file_is_too_odd_to_be_read(text in "(\\PC{0,10}|<[a-z]{1,3}( [a-z]=\"[^\"<]{0,3}\")?/?>|</[a-z]{1,3}>|&[a-z]{1,3};|<!DOCTYPE a [<!ENTITY b \"c\">]>){0,20}") {
            for dialect in DIALECTS {
                for (name, _) in dialect.read(&text, None).map(|taken| taken.parameters).unwrap_or_default() {
                    prop_assert!(!name.is_empty() && !name.contains(['<', '>', '\n']), "{dialect:?} {name:?}");
                }
                let begun = dialect.parameter(&text);
                prop_assert!(begun.as_ref().is_none_or(|name| !name.is_empty() && !name.contains(['<', '>', '\n'])), "{dialect:?} {begun:?}");
            }
        }
    }

    #[test]
    fn a_lines_beginning_names_its_parameter() {
        for dialect in DIALECTS.into_iter().filter(|dialect| *dialect != Dialect::Path) {
            let (text, names) = file(dialect, "GAP");
            // As a stencil sees it: the line up to its first gap.
            let found: Vec<_> = text.split_inclusive('\n').filter_map(|line| dialect.parameter(line.split("GAP").next()?)).collect();
            assert_eq!(found, names.map(|name| name.split('@').next().unwrap()), "{dialect:?}");
        }
        let is = |dialect: Dialect, line: &str, name: Option<&str>| assert_eq!(dialect.parameter(line).as_deref(), name, "{line}");
        is(Dialect::Snom, "<fkey idx=\"12\" context=\"1\" label=\"", Some("fkey!12"));
        is(Dialect::Snom, "<language perm=\"\">English</language>", Some("language"));
        is(Dialect::Snom, "<phone-settings e=\"2\">\n", None);
        is(Dialect::Attributes, "  <reg reg.1.address=\"", Some("reg.1.address"));
        is(Dialect::Attributes, "<reg>\n", None);
        is(Dialect::Attributes, "/>", None);
        is(Dialect::Attributes, "<?xml version=\"1.0\"?>\n", None);
        is(Dialect::FlatProfile, "</flat-profile>\n", None);
        is(Dialect::Grandstream, "<item name=\"account.1.sip\">", Some("account.1.sip"));
        is(Dialect::Gigaset, "<oper name=\"add_hs\" value=\"1\"/>", None);
        is(Dialect::GigasetProfile, "<MAC_ADDRESS value=\"", None);
    }

    #[test]
    fn a_lines_parameters_have_its_number() {
        let (open, close) = Dialect::Panasonic.around("SIP_PASS_2");
        let file =
            format!("<PANASIPPhoneConfig><Device>{open}x{close}<DIAL_TONE1_FRQ>y</DIAL_TONE1_FRQ><Lines/></Device></PANASIPPhoneConfig>");
        let taken = Dialect::Panasonic.read(&file, None).unwrap();
        let pairs: Vec<_> = taken.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("SIP_PASS_2", "x"), ("DIAL_TONE1_FRQ", "y")]);
        assert!(Dialect::Panasonic.fits(&file) && !Dialect::Panasonic.fits("# Panasonic"));
    }

    #[test]
    fn a_path_has_the_number_of_its_place_in_a_list() {
        let (open, close) = Dialect::Path.around("sip.proxy.domain1");
        let file = format!("<c><users><user><a>1</a></user><user><a>2</a><b/></user></users>{open}x{close}</c>");
        let taken = Dialect::Path.read(&file, None).unwrap();
        let pairs: Vec<_> = taken.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("users.user.1.a", "1"), ("users.user.2.a", "2"), ("users.user.2.b", ""), ("sip.proxy.domain1", "x")]);
        assert!(
            Dialect::Path.is_parameter("sip.proxy") && !Dialect::Path.is_parameter("sip..proxy") && !Dialect::Path.is_parameter("users.1")
        );
    }

    #[test]
    fn a_boot_file_names_further_files() {
        let taken = Dialect::Attributes.read("<A FILES=\"a.cfg, b.cfg,\" OTHER=\"c.cfg\"/>", Some("FILES")).unwrap();
        assert_eq!(taken.includes, ["a.cfg", "b.cfg"]);
    }

    #[test]
    fn names_are_names() {
        for name in ["", "1a", "a b", "a>b", "a\"", "a=", "user!", "user!x", "user!1!2", "ä"] {
            assert!(!DIALECTS.iter().any(|dialect| dialect.is_parameter(name)), "{name:?}");
        }
        assert!(Dialect::Snom.is_parameter("user_name!12") && !Dialect::FlatProfile.is_parameter("user_name!12"));
        assert!(
            Dialect::GigasetProfile.is_parameter("BS_Accounts.astAccounts[0].uiSendMask")
                && !Dialect::Gigaset.is_parameter("BS_IP_Data1.x")
        );
        assert!(
            !Dialect::GigasetProfile.is_parameter("SipAccount.00001.UserName")
                && Dialect::Gigaset.is_parameter("SipAccount.00001.UserName")
        );
    }

    #[test]
    fn an_older_base_gets_plain_letters_and_quotes_of_its_own() {
        let mut out = Vec::new();
        Dialect::GigasetProfile.write("Büro <\u{141}>", &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "B&#252;ro &lt;&#321;&gt;");
        assert!(Dialect::GigasetProfile.check("say \"x\"").is_err());
        let around = |name| Dialect::GigasetProfile.around(name).0;
        assert!(around("BS_IP_Data1.aucS_SIP_SERVER").ends_with("value='\"") && around("BS_IP_Data1.uiI_VLAN_ID").ends_with("value='"));
    }

    #[test]
    fn errors_name_the_line_and_entities_are_refused() {
        let refused = |text: &str| Dialect::FlatProfile.read(text, None).err().unwrap().to_string();
        assert_eq!(refused("<flat-profile>\n<a></b>\n</flat-profile>"), "line 2: the file is no well-formed XML");
        assert_eq!(refused("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"), "line 1: the file is no well-formed XML");
        assert_eq!(refused(&"\n".repeat(20_000)), "line 16384: the file has more than 16384 lines");
    }
}
