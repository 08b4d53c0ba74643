//! Helpers that several tests share.

use std::io::Write;

use trustpub::report::ReportView;
use trustpub::report::format::{ReportOptions, find};

pub mod corpus;
pub mod judged;
pub mod program;
pub mod scope;
pub mod scripts;

/// A report of one project in a format.
pub fn report(format: &str, view: &ReportView<'_>, options: &ReportOptions, failures: &[String]) -> String {
    let format = find(format).unwrap_or_else(|| panic!("there is no format {format}"));
    let mut out = Vec::new();
    format.write(&mut out, &[*view], options, failures).unwrap();
    String::from_utf8(out).unwrap()
}

/// Prints that a test is skipped, directly to stderr, because the test harness hides the `eprintln!` output of passing tests.
pub fn skipped(reason: &str) {
    let test = std::thread::current();
    let _ = writeln!(std::io::stderr(), "SKIPPED: {}: {reason}", test.name().unwrap_or("a test"));
}
