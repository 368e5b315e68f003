//! Strict text encodings: one value, one text.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Writes bytes as standard base64 with padding (RFC 4648 §4).
#[must_use]
pub fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads standard base64. Padding is required and unused trailing bits must be zero, so no two texts mean the same.
#[must_use]
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok().filter(|bytes| to_base64(bytes) == text)
}

/// Reads lower-case hex of exactly `N` bytes.
#[must_use]
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    (hex::encode(bytes) == text).then_some(bytes)
}

/// Reads a decimal number without sign or leading zeroes.
pub(crate) fn from_decimal(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}
