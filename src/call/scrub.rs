//! Removes secrets from text that leaves the connector.
//!
//! AWS explains a rejected signature by quoting the request, and a proxy may repeat any header. A
//! quote can be percent-encoded, XML-escaped, wrapped over lines, or shortened. Therefore a text is
//! compared in its decoded form, and a piece of a secret counts as much as the whole.

use alloc::string::String;
use alloc::vec::Vec;

/// The shortest secret, and the shortest piece of one, that is searched for. Shorter ones, such as an
/// emulator's `test`, are part of ordinary words, and the gap would reveal them.
pub const MIN_SECRET: usize = 16;
/// The longest text that is searched. The rest is cut off.
const MAX_TEXT: usize = 65_536;

/// The secrets of one call.
pub struct Secrets<'a> {
    secrets: Vec<&'a [u8]>,
    /// A bit for the hash of the first bytes of each piece, so that most positions of a text need no
    /// comparison.
    filter: [u64; 16],
}

impl<'a> Secrets<'a> {
    /// Collects the secrets that are long enough to be searched for.
    pub fn new(secrets: impl Iterator<Item = &'a str>) -> Secrets<'a> {
        let secrets: Vec<&[u8]> = secrets
            .filter(|secret| secret.len() >= MIN_SECRET)
            .map(str::as_bytes)
            .collect();
        let mut filter = [0; 16];
        for (_, piece) in secrets.iter().flat_map(|secret| pieces(secret)) {
            if let Some((word, bit)) = hash(piece)
                && let Some(word) = filter.get_mut(word)
            {
                *word |= bit;
            }
        }
        Secrets { secrets, filter }
    }

    /// Replaces every secret in `text`, and every piece of one, with `…`.
    pub fn scrub(&self, text: &mut String) {
        if text.len() > MAX_TEXT {
            text.truncate(text.floor_char_boundary(MAX_TEXT));
            text.push('…');
        }
        if self.secrets.is_empty() || text.len() < MIN_SECRET {
            return;
        }
        let is_encoded = text
            .bytes()
            .any(|byte| matches!(byte, b'%' | b'&' | b'\\') || byte.is_ascii_whitespace());
        let found = if is_encoded {
            // A secret can contain what looks like an escape, so every form is searched.
            let written = original(text);
            let once = decode(&written);
            let twice = decode(&once);
            let mut found: Vec<(usize, usize)> = [written, once, twice]
                .iter()
                .flat_map(|form| self.places(form))
                .collect();
            found.sort_unstable();
            found
        } else {
            self.find(text.as_bytes())
        };
        if found.is_empty() {
            return;
        }
        let mut clean = String::with_capacity(text.len());
        let mut end = 0;
        for (from, to) in found {
            clean.push_str(text.get(end..from).unwrap_or_default());
            if from >= end {
                clean.push('…');
            }
            end = end.max(to);
        }
        clean.push_str(text.get(end..).unwrap_or_default());
        *text = clean;
    }

    /// Returns the places in the original of the secrets in one of its forms.
    fn places(&self, form: &[Unit]) -> Vec<(usize, usize)> {
        let bytes: Vec<u8> = form.iter().map(|unit| unit.byte).collect();
        let found = self.find(&bytes).into_iter();
        found
            .filter_map(|(from, to)| {
                let units = form.get(from..to)?;
                Some((units.first()?.start, units.last()?.end))
            })
            .collect()
    }

    /// Returns the ranges of the secrets in `text`, in order.
    fn find(&self, text: &[u8]) -> Vec<(usize, usize)> {
        let mut found: Vec<(usize, usize)> = Vec::new();
        let mut end = 0;
        for (at, window) in text.windows(MIN_SECRET).enumerate() {
            if at < end || !self.may_begin(window) {
                continue;
            }
            if let Some((before, after)) = self.matched(text, at) {
                end = at.saturating_add(after);
                found.push((at.saturating_sub(before), end));
            }
        }
        found
    }

    fn may_begin(&self, window: &[u8]) -> bool {
        hash(window)
            .is_some_and(|(word, bit)| self.filter.get(word).is_some_and(|word| word & bit != 0))
    }

    /// Returns how many bytes before and after `at` belong to a secret, if one of its pieces is there.
    fn matched(&self, text: &[u8], at: usize) -> Option<(usize, usize)> {
        let (before, after) = text.split_at_checked(at)?;
        self.secrets.iter().find_map(|secret| {
            let (offset, _) = pieces(secret).find(|(_, piece)| after.starts_with(piece))?;
            let (head, tail) = secret.split_at_checked(offset)?;
            let common = |(a, b): &(&u8, &u8)| a == b;
            Some((
                before
                    .iter()
                    .rev()
                    .zip(head.iter().rev())
                    .take_while(common)
                    .count(),
                after.iter().zip(tail).take_while(common).count(),
            ))
        })
    }
}

/// The pieces of a secret, with their offsets. Any part of the secret that is twice as long as a
/// piece contains a whole one.
fn pieces(secret: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let last = secret.len().saturating_sub(MIN_SECRET);
    (0..last)
        .step_by(MIN_SECRET)
        .chain([last])
        .filter_map(|at| {
            Some((
                at,
                secret.get(at..)?.first_chunk::<MIN_SECRET>()?.as_slice(),
            ))
        })
}

/// Returns the word and the bit of the filter for a text that begins with `bytes`.
fn hash(bytes: &[u8]) -> Option<(usize, u64)> {
    let hash = u32::from_le_bytes(*bytes.first_chunk()?).wrapping_mul(0x9E37_79B1) >> 22;
    Some((usize::try_from(hash >> 6).ok()?, 1 << (hash & 63)))
}

/// A byte of the decoded text, and where it is in the original.
#[derive(Clone, Copy)]
struct Unit {
    byte: u8,
    start: usize,
    end: usize,
}

fn original(text: &str) -> Vec<Unit> {
    let unit = |(start, byte): (usize, u8)| Unit {
        byte,
        start,
        end: start.saturating_add(1),
    };
    text.bytes().enumerate().map(unit).collect()
}

/// Undoes percent-encoding, the escapes of XML and JSON, and line breaks.
fn decode(text: &[Unit]) -> Vec<Unit> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        if first.byte.is_ascii_whitespace() {
            rest = after;
            continue;
        }
        let (byte, length) = escape(rest).unwrap_or((first.byte, 1));
        let (whole, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        decoded.push(Unit {
            byte,
            start: first.start,
            end: whole.last().map_or(first.end, |last| last.end),
        });
        rest = after;
    }
    decoded
}

/// Returns the byte that the escape at the beginning of `text` is for, and the escape's length.
fn escape(text: &[Unit]) -> Option<(u8, usize)> {
    /// The longest escapes are `&quot;`, `&#x02F;` and `\u002F`.
    const LONGEST: usize = 8;
    let mut bytes = [0; LONGEST];
    for (byte, unit) in bytes.iter_mut().zip(text) {
        *byte = unit.byte;
    }
    let text = core::str::from_utf8(&bytes).ok()?;
    if let Some(hex) = text.strip_prefix('%') {
        return Some((u8::from_str_radix(hex.get(..2)?, 16).ok()?, 3));
    }
    if let Some(escaped) = text.strip_prefix('\\') {
        return match escaped.strip_prefix('u') {
            Some(hex) => Some((u8::from_str_radix(hex.get(..4)?, 16).ok()?, 6)),
            None if escaped.starts_with('/') => Some((b'/', 2)),
            None => None,
        };
    }
    let (name, _) = text.strip_prefix('&')?.split_once(';')?;
    let byte = match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hex) => u8::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        },
        None => match name {
            "amp" => b'&',
            "lt" => b'<',
            "gt" => b'>',
            "quot" => b'"',
            "apos" => b'\'',
            _ => return None,
        },
    };
    Some((byte, name.len().saturating_add(2)))
}

#[cfg(test)]
mod tests;
