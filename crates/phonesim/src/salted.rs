//! Files as `openssl enc -aes-256-cbc -md md5 -k PASSPHRASE` writes them: Cisco's and Linksys' `--key`, Grandstream's XML.

use aes::Aes256;
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockDecryptMut, KeyIvInit};
use md5::{Digest as _, Md5};

/// What such a file begins with; eight bytes of salt follow.
const MAGIC: &[u8] = b"Salted__";

/// Whether a file says that it is one.
pub(crate) fn is_sealed(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// What is in it; none if it is none, or the passphrase is another.
pub(crate) fn open(bytes: &[u8], passphrase: &str) -> Option<Vec<u8>> {
    let (salt, sealed) = bytes.strip_prefix(MAGIC)?.split_at_checked(8)?;
    let material = stretched(passphrase.as_bytes(), salt);
    let cipher = Decryptor::<Aes256>::new_from_slices(&material[..32], &material[32..]).ok()?;
    cipher.decrypt_padded_vec_mut::<Pkcs7>(sealed).ok()
}

/// `EVP_BytesToKey` with MD5 and one round: a key of 32 bytes and an IV of 16. The guides are older than OpenSSL 1.1, which took
/// SHA-256 for its default.
fn stretched(passphrase: &[u8], salt: &[u8]) -> [u8; 48] {
    let mut material = [0; 48];
    let mut last: &[u8] = &[];
    let mut block;
    for piece in material.chunks_mut(16) {
        block = Md5::new().chain_update(last).chain_update(passphrase).chain_update(salt).finalize();
        piece.copy_from_slice(&block);
        last = &block;
    }
    material
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
