//! Files as `openssl enc -aes-256-cbc -md md5` makes them: `Salted__`, eight bytes of salt, AES-256-CBC with PKCS#7 padding.
//!
//! Old phones open such files with a password that stands in their provisioning rule (Cisco and Linksys: `--key`; Grandstream: P1359).
//! Key and initial vector are OpenSSL's `EVP_BytesToKey` with one round of MD5, so nothing but the password's own length makes guessing
//! hard; and nothing tells whether a file was changed on the way. It hides a file from whoever listens, and does no more than that.

use aes::Aes256;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha2::Sha256;

const MAGIC: &[u8; 8] = b"Salted__";
const SALT_BYTES: usize = 8;
const BLOCK_BYTES: usize = 16;

/// Why a file does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It does not begin with `Salted__` and a salt, or has no whole blocks.
    #[error("not a salted file of OpenSSL")]
    Form,
    /// The password is another, or the file was changed.
    #[error("wrong password, or a changed file")]
    Password,
}

/// Encrypts a file. The same file under the same password is the same bytes, as a phone takes any change for news: the salt is a keyed
/// digest of the content, which tells nothing but whether two files are equal.
pub fn seal(password: &str, content: &[u8]) -> Vec<u8> {
    let salt = salt(password, content);
    let mut sealed = Vec::with_capacity(MAGIC.len() + SALT_BYTES + content.len() + BLOCK_BYTES);
    sealed.extend_from_slice(MAGIC);
    sealed.extend_from_slice(&salt);
    let (key, vector) = key_and_vector(password, salt);
    let cipher = cbc::Encryptor::<Aes256>::new(&key.into(), &vector.into());
    sealed.extend(cipher.encrypt_padded_vec::<Pkcs7>(content));
    sealed
}

/// Decrypts a file.
pub fn open(password: &str, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    let rest = sealed.strip_prefix(MAGIC).ok_or(OpenError::Form)?;
    let (salt, blocks) = rest.split_first_chunk::<SALT_BYTES>().ok_or(OpenError::Form)?;
    if blocks.is_empty() || blocks.len() % BLOCK_BYTES != 0 {
        return Err(OpenError::Form);
    }
    let (key, vector) = key_and_vector(password, *salt);
    let cipher = cbc::Decryptor::<Aes256>::new(&key.into(), &vector.into());
    cipher.decrypt_padded_vec::<Pkcs7>(blocks).map_err(|_| OpenError::Password)
}

fn salt(password: &str, content: &[u8]) -> [u8; SALT_BYTES] {
    let mut mac = Hmac::<Sha256>::new_from_slice(password.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(content);
    let digest: [u8; 32] = mac.finalize().into_bytes().into();
    let mut salt = [0; SALT_BYTES];
    salt.copy_from_slice(&digest[..SALT_BYTES]);
    salt
}

/// `EVP_BytesToKey` with one round of MD5: each digest covers the one before it, the password and the salt.
fn key_and_vector(password: &str, salt: [u8; SALT_BYTES]) -> ([u8; 32], [u8; BLOCK_BYTES]) {
    let mut made = [0; 48];
    let mut last: Option<[u8; 16]> = None;
    for part in made.chunks_exact_mut(16) {
        let mut hash = Md5::new();
        if let Some(last) = last {
            hash.update(last);
        }
        hash.update(password.as_bytes());
        hash.update(salt);
        let digest: [u8; 16] = hash.finalize().into();
        part.copy_from_slice(&digest);
        last = Some(digest);
    }
    let (mut key, mut vector) = ([0; 32], [0; BLOCK_BYTES]);
    key.copy_from_slice(&made[..32]);
    vector.copy_from_slice(&made[32..]);
    (key, vector)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
    }

    /// Computed with `openssl enc -aes-256-cbc -md md5 -k ringfence -S 0102030405060708 -P` (OpenSSL 3.0).
    #[test]
    fn key_and_vector_are_openssls() {
        let (key, vector) = key_and_vector("ringfence", [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(key[..], bytes("b33fa8b746cbc1ff6ad8146eb03a843001178918f37a581edfe3d8ac54845ab4"));
        assert_eq!(vector[..], bytes("b65d732c4e146519e3b8673cf04c2da7"));
    }

    /// Made with the same command from the text `profile` and a line feed.
    #[test]
    fn a_file_of_openssl_opens() {
        let file = bytes("53616c7465645f5f0102030405060708b935955bf2cc180b52315dd8e613c43e");
        assert_eq!(open("ringfence", &file).unwrap(), b"profile\n");
        assert_eq!(open("Ringfence", &file), Err(OpenError::Password));
    }

    #[test]
    fn what_is_no_such_file_is_told() {
        let whole = seal("x", b"content");
        for cut in [0, 7, 8, 15, 16, 17, whole.len() - 1] {
            assert_eq!(open("x", &whole[..cut]), Err(OpenError::Form), "{cut}");
        }
        assert_eq!(open("x", b"<flat-profile></flat-profile>"), Err(OpenError::Form));
    }

    #[test]
    fn the_same_file_is_the_same_bytes_and_nothing_else_is() {
        assert_eq!(seal("x", b"content"), seal("x", b"content"));
        assert_ne!(seal("x", b"content")[8..16], seal("x", b"content2")[8..16]);
        assert_ne!(seal("x", b"content")[8..16], seal("y", b"content")[8..16]);
    }

    proptest::proptest! {
        #[test]
        fn what_was_sealed_opens(password in "[!-~]{1,40}", content in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let sealed = seal(&password, &content);
            proptest::prop_assert_eq!(open(&password, &sealed), Ok(content));
        }
    }
}
