//! GitHub's `primaryLocationLineHash`. `trustpubId/v1` is in `lint::findings::fingerprint`.

use std::collections::HashMap;

/// Number of UTF-16 code units in a hash.
const WINDOW: usize = 100;

/// The factor of the polynomial hash.
const FACTOR: u64 = 37;

/// The factor of the unit that leaves the window.
const LEAVING: u64 = {
    let (mut power, mut count) = (1u64, 0);
    while count < WINDOW {
        power = power.wrapping_mul(FACTOR);
        count += 1;
    }
    power
};

/// The hash of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineHash {
    hash: u64,
    /// How many lines up to this one have the hash.
    count: u32,
}

impl std::fmt::Display for LineHash {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:x}:{}", self.hash, self.count)
    }
}

/// GitHub's `primaryLocationLineHash` of every line (`codeql-action`, `fingerprints.ts`).
///
/// The hash covers the next hundred code units without spaces, so it extends into the following lines; equal hashes are numbered.
#[must_use]
pub fn line_hashes(text: &str) -> Vec<LineHash> {
    if text.is_ascii() { of_units(text.bytes().map(u16::from)) } else { of_units(text.encode_utf16()) }
}

fn of_units(units: impl Iterator<Item = u16>) -> Vec<LineHash> {
    let mut starts = Vec::new();
    // The hash of all units before each position. That of a window is the difference of two of them.
    let mut hashes: Vec<u64> = Vec::with_capacity(units.size_hint().0 + WINDOW + 2);
    let mut whole = 0u64;
    hashes.push(whole);
    let mut add = |unit: u16| {
        whole = whole.wrapping_mul(FACTOR).wrapping_add(u64::from(unit));
        hashes.push(whole);
        hashes.len() - 1
    };
    let (mut at_start, mut after_cr, mut length) = (true, false, 0);
    for unit in units.chain([u16::MAX]) {
        let blank = unit == 0x20 || unit == 0x09;
        if blank || (after_cr && unit == 0x0A) {
            after_cr = false;
            continue;
        }
        after_cr = unit == 0x0D;
        let unit = if after_cr { 0x0A } else { unit };
        if at_start {
            starts.push(length);
        }
        at_start = unit == 0x0A;
        length = add(unit);
    }
    for _ in 0..WINDOW {
        add(0);
    }
    let mut seen: HashMap<u64, u32> = HashMap::with_capacity(starts.len());
    let windows = starts.into_iter().filter_map(|start| Some((hashes.get(start)?, hashes.get(start + WINDOW)?)));
    let numbered = windows.map(|(before, whole)| {
        let hash = whole.wrapping_sub(before.wrapping_mul(LEAVING));
        let count = seen.entry(hash).or_default();
        *count += 1;
        LineHash { hash, count: *count }
    });
    numbered.collect()
}
