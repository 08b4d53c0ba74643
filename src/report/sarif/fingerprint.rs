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

/// GitHub's `primaryLocationLineHash` of every line (`codeql-action`, `fingerprints.ts`).
///
/// The hash covers the next hundred code units without spaces, so it extends into the following lines; equal hashes are numbered.
#[must_use]
pub fn line_hashes(text: &str) -> Vec<String> {
    let mut units: Vec<u16> = Vec::with_capacity(text.len() + WINDOW);
    let mut starts = Vec::new();
    let (mut at_start, mut after_cr) = (true, false);
    for unit in text.encode_utf16().chain([u16::MAX]) {
        let blank = unit == 0x20 || unit == 0x09;
        if blank || (after_cr && unit == 0x0A) {
            after_cr = false;
            continue;
        }
        after_cr = unit == 0x0D;
        let unit = if after_cr { 0x0A } else { unit };
        if at_start {
            starts.push(units.len());
        }
        at_start = unit == 0x0A;
        units.push(unit);
    }
    units.resize(units.len() + WINDOW, 0);
    let add = |hash: u64, unit: &u16| hash.wrapping_mul(FACTOR).wrapping_add(u64::from(*unit));
    // The hash of the units from `at` on; from one to the next, a unit leaves and another one comes.
    let mut hash = units.iter().take(WINDOW).fold(0, add);
    let mut at = 0;
    let mut seen: HashMap<u64, u32> = HashMap::new();
    let mut lines = Vec::with_capacity(starts.len());
    for start in starts {
        while at < start {
            let leaving = u64::from(units[at]).wrapping_mul(LEAVING);
            hash = add(hash, &units[at + WINDOW]).wrapping_sub(leaving);
            at += 1;
        }
        let count = seen.entry(hash).or_default();
        *count += 1;
        lines.push(format!("{hash:x}:{count}"));
    }
    lines
}
