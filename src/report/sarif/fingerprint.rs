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

/// What was before a unit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Another unit of its line.
    Unit,
    /// The end of the line before.
    LineEnd,
    /// A carriage return, which ends a line alone or with a line feed.
    CarriageReturn,
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
    };
    let (mut before, mut length) = (Before::LineEnd, 0);
    // `for_each` is faster than a loop over chained iterators.
    units.chain([u16::MAX]).for_each(|unit| {
        let mut ends = Before::Unit;
        let mut unit = unit;
        if unit <= 0x20 {
            match unit {
                0x20 | 0x09 => {
                    if before == Before::CarriageReturn {
                        before = Before::LineEnd;
                    }
                    return;
                }
                0x0A if before == Before::CarriageReturn => {
                    before = Before::LineEnd;
                    return;
                }
                0x0A => ends = Before::LineEnd,
                0x0D => (unit, ends) = (0x0A, Before::CarriageReturn),
                _ => {}
            }
        }
        if before != Before::Unit {
            starts.push(length);
        }
        before = ends;
        add(unit);
        length += 1;
    });
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
