//! Files as `openssl enc -aes-256-cbc -md md5 -k PASSPHRASE` writes them: Cisco's and Linksys' `--key`, Grandstream's XML.

/// Whether a file says that it is one.
pub(crate) fn is_sealed(bytes: &[u8]) -> bool {
    bytes.starts_with(b"Salted__")
}

/// What is in it; none if it is none, or the passphrase is another.
pub(crate) fn open(bytes: &[u8], passphrase: &str) -> Option<Vec<u8>> {
    wire::openssl::open(passphrase, bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf 'hello phone' | openssl enc -aes-256-cbc -md md5 -S 0102030405060708 -k secret`; OpenSSL 3 leaves the head off where
    /// it is told the salt, so that is written before it.
    const SEALED: &str = "53616c7465645f5f0102030405060708a127e4b9497fc86e59745b8ed8fab017";

    #[test]
    fn a_file_that_openssl_wrote_is_read() {
        let bytes: Vec<u8> = (0..SEALED.len()).step_by(2).map(|at| u8::from_str_radix(&SEALED[at..at + 2], 16).unwrap()).collect();
        assert!(is_sealed(&bytes));
        assert_eq!(open(&bytes, "secret").as_deref(), Some(&b"hello phone"[..]));
        assert_eq!(open(&bytes, "another"), None);
        assert_eq!(open(&bytes[..20], "secret"), None);
        assert_eq!(open(b"<flat-profile/>", "secret"), None);
    }
}
