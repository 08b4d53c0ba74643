//! GitHub's `primaryLocationLineHash`. `trustpubId/v1` is in `lint::findings::fingerprint`.

use std::collections::HashMap;

/// Number of UTF-16 code units in a hash.
const WINDOW: usize = 100;

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
    let mut seen: HashMap<u64, u32> = HashMap::new();
    let hash = |start: usize| {
        units
            .iter()
            .skip(start)
            .take(WINDOW)
            .fold(0_u64, |hash, unit| hash.wrapping_mul(37).wrapping_add(u64::from(*unit)))
    };
    starts
        .into_iter()
        .map(|start| {
            let hash = hash(start);
            let count = seen.entry(hash).or_default();
            *count += 1;
            format!("{hash:x}:{count}")
        })
        .collect()
}
