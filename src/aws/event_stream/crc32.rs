//! CRC-32 as in zlib, which protects the frames.
//!
//! The component has a table of 64 bytes, with an entry for each value of half a byte. For long payloads,
//! it computes larger tables while it runs. With the crate `crc32fast`, the component would have 18 KB
//! more, and with `crc` 1.3 KB and two more dependencies.

use alloc::vec::Vec;

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

/// The fewest bytes for which it pays to compute the tables.
const LONG: usize = 4096;
/// Bytes that are divided at a time.
const WIDTH: usize = 8;

/// Divides long payloads a few times faster, eight bytes at a time ("slicing by 8"). The tables take 8 KiB
/// from the first long payload on.
#[derive(Default)]
pub struct Tables {
    /// For each distance from the last of the eight bytes: the remainder of each byte there.
    remainders: Vec<[u32; 256]>,
}

impl Tables {
    /// Returns the checksum of the bytes so far and `bytes`.
    pub fn update(&mut self, crc: Crc32, bytes: &[u8]) -> Crc32 {
        if self.remainders.is_empty() && bytes.len() >= LONG {
            self.compute();
        }
        let Some((tables, _)) = self.remainders.split_first_chunk::<WIDTH>() else {
            return crc.update(bytes);
        };
        let [t0, t1, t2, t3, t4, t5, t6, t7] = tables;
        let (words, rest) = bytes.as_chunks::<WIDTH>();
        let divided = words.iter().fold(!crc.0, |crc, word| {
            let word = u64::from_le_bytes(*word) ^ u64::from(crc);
            at(t7, word)
                ^ at(t6, word >> 8)
                ^ at(t5, word >> 16)
                ^ at(t4, word >> 24)
                ^ at(t3, word >> 32)
                ^ at(t2, word >> 40)
                ^ at(t1, word >> 48)
                ^ at(t0, word >> 56)
        });
        Crc32(!divided).update(rest)
    }

    fn compute(&mut self) {
        let mut table: [u32; 256] = core::array::from_fn(|byte| divide(divide(byte as u32)));
        let first = table;
        for _ in 0..WIDTH {
            self.remainders.push(table);
            for crc in &mut table {
                *crc = (*crc >> 8) ^ at(&first, u64::from(*crc));
            }
        }
    }
}

/// The entry for the lowest byte of `word`.
#[inline(always)]
fn at(table: &[u32; 256], word: u64) -> u32 {
    let entry = table.get((word & 255) as usize).copied();
    entry.unwrap_or_default()
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

    #[test]
    fn checksum_of_a_long_payload_is_the_same_by_tables() {
        let bytes: Vec<u8> = (0..2 * LONG).map(|n| ((n * n) >> 5) as u8).collect();
        for length in [0, LONG - 1, LONG, LONG + 1, LONG + 7, 2 * LONG] {
            let bytes = &bytes[..length];
            let mut tables = Tables::default();
            let expected = Crc32::default().update(bytes).to_be_bytes();
            let checksum = tables.update(Crc32::default(), bytes).to_be_bytes();
            assert_eq!(checksum, expected, "{length} bytes");
            assert_eq!(tables.remainders.is_empty(), length < LONG);
            // The tables serve short payloads as well once they exist.
            let (start, end) = bytes.split_at(length / 3);
            let start = tables.update(Crc32::default(), start);
            assert_eq!(tables.update(start, end).to_be_bytes(), expected);
        }
    }
}
