//! GitHub's `primaryLocationLineHash`. `trustpubId/v1` is in `lint::findings::fingerprint`.

use std::collections::{HashMap, VecDeque};

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

/// Computes the hash of the hundred units from the start of each line on.
struct Windows {
    hashes: Vec<u64>,
    /// The lines whose windows are not complete: the number of units before each, and the hash of these units.
    waiting: VecDeque<(usize, u64)>,
    /// The number of units with which the first of these windows is complete; `usize::MAX` if there is none.
    complete: usize,
    /// The number of units so far.
    length: usize,
    /// Their hash.
    whole: u64,
}

impl Windows {
    fn new() -> Self {
        Self { hashes: Vec::new(), waiting: VecDeque::new(), complete: usize::MAX, length: 0, whole: 0 }
    }

    /// The next unit begins a line.
    fn begin(&mut self) {
        self.waiting.push_back((self.length, self.whole));
        self.complete = self.complete.min(self.length + WINDOW);
    }

    fn add(&mut self, unit: u16) {
        self.whole = self.whole.wrapping_mul(FACTOR).wrapping_add(u64::from(unit));
        self.length += 1;
        if self.length == self.complete {
            // The hash of a window is the difference of two hashes.
            let hash = |(_, before): (usize, u64)| self.whole.wrapping_sub(before.wrapping_mul(LEAVING));
            self.hashes.extend(self.waiting.pop_front().map(hash));
            self.complete = self.waiting.front().map_or(usize::MAX, |(start, _)| start + WINDOW);
        }
    }
}

fn of_units(units: impl Iterator<Item = u16>) -> Vec<LineHash> {
    let mut windows = Windows::new();
    let (mut at_start, mut after_cr) = (true, false);
    for unit in units.chain([u16::MAX]) {
        let blank = unit == 0x20 || unit == 0x09;
        if blank || (after_cr && unit == 0x0A) {
            after_cr = false;
            continue;
        }
        after_cr = unit == 0x0D;
        let unit = if after_cr { 0x0A } else { unit };
        if at_start {
            windows.begin();
        }
        at_start = unit == 0x0A;
        windows.add(unit);
    }
    (0..WINDOW).for_each(|_| windows.add(0));
    let mut seen: HashMap<u64, u32> = HashMap::with_capacity(windows.hashes.len());
    let numbered = windows.hashes.into_iter().map(|hash| {
        let count = seen.entry(hash).or_default();
        *count += 1;
        LineHash { hash, count: *count }
    });
    numbered.collect()
}
