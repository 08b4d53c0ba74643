//! Any text as a user rule file: it loads, or every problem has a place in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustpub::lint::rules::load;
use trustpub::read::source::{FileId, SourceFile};

fuzz_target!(|data: &[u8]| {
    let source = SourceFile::new("rules/any.yaml", data.to_vec());
    if let Err(problems) = load::load(FileId(0), &source, true, false) {
        assert!(!problems.is_empty());
        for problem in problems {
            assert!(source.text().get(problem.place.span.range()).is_some(), "{problem:?}");
        }
    }
});
