//! Any text: if the fast path accepts it, its tree equals granit's.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustpub::read::yaml::{self, Dialect};

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    if let Some(fast) = yaml::parse_fast(&text) {
        for dialect in [Dialect::Workflow, Dialect::Data] {
            let granit = yaml::parse_with_granit(&text, dialect);
            assert!(fast == granit, "{text}\nfast path: {fast:#?}\ngranit: {granit:#?}");
        }
    }
});
