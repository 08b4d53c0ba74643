//! Helpers that several tests share.

use std::io::Write;

pub mod corpus;
pub mod judged;
pub mod program;
pub mod scope;

/// Says that a test does nothing, past the capture of output that hides what `eprintln!` of a passing test writes.
pub fn skipped(reason: &str) {
    let test = std::thread::current();
    let _ = writeln!(std::io::stderr(), "SKIPPED: {}: {reason}", test.name().unwrap_or("a test"));
}
