//! Hexadecimal encoding of digests and signatures, and decoding of keys in forms.

use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

/// Encodes `bytes` in lower case, as in digests and signatures.
pub fn encode(bytes: &[u8]) -> String {
    let mut digits = Vec::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        digits.push(digit(byte >> 4, b'a'));
        digits.push(digit(byte & 0x0f, b'a'));
    }
    String::from_utf8(digits).unwrap_or_default()
}

/// Decodes a key of 64 digits to its 32 bytes. Returns `None` if `text` is anything else.
pub fn decode_32(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    if text.len() != 64 {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    // Allocated once: a vector that grows leaves copies of the key behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(32));
    for pair in text.as_bytes().chunks(2) {
        let &[high, low] = pair else {
            return None;
        };
        bytes.push(u8::try_from(digit(high)? << 4 | digit(low)?).ok()?);
    }
    Some(bytes)
}

/// The digit of `nibble`. `ten` is the digit for 10, `a` or `A`.
pub(super) fn digit(nibble: u8, ten: u8) -> u8 {
    match nibble {
        0..=9 => b'0'.wrapping_add(nibble),
        _ => ten.wrapping_add(nibble.wrapping_sub(10)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_lower_case_and_keeps_leading_zeros() {
        assert_eq!(encode(&[0x00, 0x0a, 0xf9, 0xff]), "000af9ff");
    }
}
