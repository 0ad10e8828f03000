//! CRC-32 as in zlib, which protects the frames.
//!
//! The table has one entry for each value of half a byte and takes 64 bytes. With the crate
//! `crc32fast`, the component would have 18 KB more, and with `crc` 1.3 KB and two more
//! dependencies.

/// The checksum of the bytes so far.
#[derive(Clone, Copy, Default)]
pub struct Crc32(u32);

impl Crc32 {
    /// Returns the checksum of the bytes so far and `bytes`.
    pub fn update(self, bytes: &[u8]) -> Crc32 {
        let step = |crc: u32, byte: &u8| divide(divide(crc ^ u32::from(*byte)));
        Crc32(!bytes.iter().fold(!self.0, step))
    }

    /// Returns the checksum as it is sent.
    pub fn to_be_bytes(self) -> [u8; 4] {
        self.0.to_be_bytes()
    }
}

/// Divides the lowest four bits by the polynomial.
fn divide(crc: u32) -> u32 {
    let remainder = REMAINDERS.get((crc & 15) as usize).copied();
    (crc >> 4) ^ remainder.unwrap_or_default()
}

/// The remainder of every four bits. The polynomial is that of IEEE 802.3 with its bits reversed,
/// `0xedb88320`.
const REMAINDERS: [u32; 16] = [
    0x0000_0000,
    0x1db7_1064,
    0x3b6e_20c8,
    0x26d9_30ac,
    0x76dc_4190,
    0x6b6b_51f4,
    0x4db2_6158,
    0x5005_713c,
    0xedb8_8320,
    0xf00f_9344,
    0xd6d6_a3e8,
    0xcb61_b38c,
    0x9b64_c2b0,
    0x86d3_d2d4,
    0xa00a_e278,
    0xbdbd_f21c,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_is_the_published_check_value() {
        let checksum = Crc32::default().update(b"123456789").to_be_bytes();
        assert_eq!(checksum, [0xcb, 0xf4, 0x39, 0x26]);
        assert_eq!(Crc32::default().to_be_bytes(), [0; 4]);
    }

    #[test]
    fn checksum_does_not_depend_on_where_the_bytes_are_split() {
        let bytes: Vec<u8> = (0..=255).collect();
        let expected = Crc32::default().update(&bytes).to_be_bytes();
        for at in 0..=bytes.len() {
            let (start, end) = bytes.split_at(at);
            let checksum = Crc32::default().update(start).update(end).to_be_bytes();
            assert_eq!(checksum, expected, "split at {at}");
        }
    }
}
