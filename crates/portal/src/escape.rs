//! Texts that go where some characters mean something.

/// As a part of an address (RFC 3986: all but the unreserved characters).
pub(crate) fn in_address(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// As text or a value in HTML and SVG that no template makes.
pub(crate) fn in_markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_is_escaped() {
        assert_eq!(in_address("Example & Söhne/1"), "Example%20%26%20S%C3%B6hne%2F1");
        assert_eq!(in_address("198.51.100.0/24"), "198.51.100.0%2F24");
        assert_eq!(in_address("Büro ?#"), "B%C3%BCro%20%3F%23");
        assert_eq!(in_markup("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
