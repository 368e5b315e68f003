//! Sealing small secrets under a key: AES-256-GCM, a fresh random nonce in front, the tag behind.

use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};
use zeroize::Zeroizing;

use crate::keys::{KeysError, Secret, random};

const NONCE: usize = 12;
const TAG: usize = 16;

/// Why something could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// No randomness for the nonce.
    #[error(transparent)]
    Random(#[from] KeysError),
    /// OpenSSL refused.
    #[error("OpenSSL refused")]
    OpenSsl(#[from] openssl::error::ErrorStack),
}

/// Seals `secret` under `key`. `context` says what it is and whose, and must be given again to open it.
///
/// # Errors
///
/// When there is no randomness.
pub fn seal(key: &Secret, context: &[u8], secret: &[u8]) -> Result<Vec<u8>, SealError> {
    let nonce: [u8; NONCE] = random()?;
    let mut tag = [0; TAG];
    let sealed = encrypt_aead(Cipher::aes_256_gcm(), key.bytes(), Some(&nonce), context, secret, &mut tag)?;
    Ok([nonce.as_slice(), &sealed, &tag].concat())
}

/// Opens what [`seal`] sealed, or nothing if key, context or bytes are not the same.
#[must_use]
pub fn open(key: &Secret, context: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, rest) = sealed.split_at_checked(NONCE)?;
    let (sealed, tag) = rest.split_at_checked(rest.len().checked_sub(TAG)?)?;
    decrypt_aead(Cipher::aes_256_gcm(), key.bytes(), Some(nonce), context, sealed, tag)
        .ok()
        .map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_context_open_a_seal() {
        let key = Secret::from_bytes([7; 32]);
        let sealed = seal(&key, b"whose", b"secret").unwrap();
        assert_eq!(open(&key, b"whose", &sealed).unwrap().as_slice(), b"secret");
        assert!(open(&key, b"else", &sealed).is_none());
        assert!(open(&Secret::from_bytes([8; 32]), b"whose", &sealed).is_none());
        assert!(open(&key, b"whose", b"short").is_none());
    }
}
